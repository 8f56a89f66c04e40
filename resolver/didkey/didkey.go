// Package didkey resolves did:key (W3C Credentials Community Group draft, v0.7): a public key as an identifier. No ledger and
// no network are involved; the document follows from the identifier.
package didkey

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
)

// Resolver resolves did:key identifiers of every algorithm of package keys: Ed25519, P-256, P-384, secp256k1, SM2 (by its
// Multikey code) and X25519. The zero Resolver is ready for use.
type Resolver struct {
	// EncryptionKeyDerivation adds a key for keyAgreement to documents of signature keys: to Ed25519 the X25519 key that
	// follows from it, to P-256, P-384 and secp256k1 the key itself. The draft's default, and the safer one, is not to use one
	// key for two purposes.
	EncryptionKeyDerivation bool
	Now                     func() time.Time // for Evidence.AsOf; nil: time.Now
}

const signing = did.Authentication | did.AssertionMethod | did.CapabilityInvocation | did.CapabilityDelegation

// Resolve builds the document of id: one Multikey for every relationship that a signature serves, or for keyAgreement if
// the key is X25519. The document never changes, so it is the answer for every VersionTime; there are no version ids.
//
// Errors are final: INVALID_DID for what is no did:key, FEATURE_NOT_SUPPORTED (wrapping keys.ErrUnsupported) for a
// key of another algorithm and for VersionID.
func (r Resolver) Resolve(_ context.Context, id did.DID, opt *did.ResolveOptions) (*did.Resolution, error) {
	if err := opt.Check(); err != nil {
		return nil, err
	}
	if id.Method() != "key" {
		return nil, &did.Error{Code: did.InvalidDID, Detail: "not a did:key"}
	}
	if opt != nil && opt.VersionID != "" {
		return nil, &did.Error{Code: did.FeatureNotSupported, Detail: "did:key has no versions"}
	}
	k, err := parse(id.ID())
	if err != nil {
		return nil, err
	}
	doc, err := r.document(id, k)
	if err != nil {
		return nil, err
	}
	now := time.Now
	if r.Now != nil {
		now = r.Now
	}
	// The identifier is the whole history: nothing can come after it.
	return &did.Resolution{Document: doc, Evidence: did.Evidence{Replayed: true, AsOf: now().UTC()}}, nil
}

func parse(multikey string) (keys.PublicKey, error) {
	k, err := keys.ParseMultikey(multikey)
	switch {
	case err == nil:
		return k, nil
	case errors.Is(err, keys.ErrUnsupported), isLong(multikey):
		return k, &did.Error{Code: did.FeatureNotSupported, Detail: "a key of this algorithm is not supported", Err: keys.ErrUnsupported}
	}
	return k, &did.Error{Code: did.InvalidDID, Err: err}
}

// isLong tells what may be the Multikey of an algorithm with longer keys than any of ours, such as RSA.
func isLong(s string) bool {
	const alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
	return len(s) > 144 && s[0] == 'z' && strings.Trim(s, alphabet) == ""
}

func (r Resolver) document(id did.DID, k keys.PublicKey) (*did.Document, error) {
	method := func(fragment string, k keys.PublicKey, p did.Purpose) did.VerificationMethod {
		return did.VerificationMethod{
			ID: id.WithFragment(fragment), Controller: id, Type: did.TypeMultikey, Key: k, Purposes: p,
		}
	}
	purposes := signing
	if k.Algorithm() == keys.X25519 {
		purposes = did.KeyAgreement
	}
	doc := &did.Document{
		Context:            []string{did.ContextV1, did.ContextMultikey},
		ID:                 id,
		VerificationMethod: []did.VerificationMethod{method(id.ID(), k, purposes)},
	}
	if !r.EncryptionKeyDerivation {
		return doc, nil
	}
	switch k.Algorithm() {
	case keys.Ed25519:
		x, err := k.ToX25519()
		if err != nil {
			return nil, &did.Error{Code: did.InvalidDID, Detail: "no X25519 key follows from the key", Err: err}
		}
		doc.VerificationMethod = append(doc.VerificationMethod, method(x.Multikey(), x, did.KeyAgreement))
	case keys.P256, keys.P384, keys.Secp256k1:
		doc.VerificationMethod[0].Purposes |= did.KeyAgreement
	}
	return doc, nil
}

// Of returns the did:key identifier of a key; the zero DID for the zero key.
func Of(k keys.PublicKey) did.DID {
	d, err := did.Parse(k.DIDKey())
	if err != nil {
		return did.DID{}
	}
	return d
}

// URL returns the DID URL of the verification method that stands for k in its did:key document.
func URL(k keys.PublicKey) did.URL { return Of(k).WithFragment(k.Multikey()) }
