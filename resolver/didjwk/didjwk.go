// Package didjwk resolves did:jwk (github.com/quartzjer/did-jwk, spec.md): a public JSON Web Key as an identifier. No ledger
// and no network are involved; the document follows from the identifier.
package didjwk

import (
	"context"
	"encoding/base64"
	"errors"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
)

// Resolver resolves did:jwk identifiers of P-256, P-384, secp256k1, Ed25519 and X25519 keys. The zero Resolver is ready for
// use.
type Resolver struct {
	Now func() time.Time // for Evidence.AsOf; nil: time.Now
}

const contextJWS2020 = "https://w3id.org/security/suites/jws-2020/v1"

// Resolve builds the document of id: one method "#0" of type JsonWebKey2020 with the JWK as it is. By the method's rules
// a JWK with use "sig" stands in every relationship but keyAgreement, one with "enc" in keyAgreement alone, and one without in
// all five, whatever the curve can do; VerificationMethod.Allows, and so resolver.Keys, also heed curve, alg and key_ops. The
// document never changes, so it is the answer for every VersionTime; there are no version ids.
//
// Errors are final: INVALID_DID for what is no did:jwk, a JWK with private members (wrapping keys.ErrPrivateJWK) or one that
// contradicts itself; FEATURE_NOT_SUPPORTED (wrapping keys.ErrUnsupported) for a key of another algorithm and for VersionID.
func (r Resolver) Resolve(_ context.Context, id did.DID, opt *did.ResolveOptions) (*did.Resolution, error) {
	if err := opt.Check(); err != nil {
		return nil, err
	}
	if id.Method() != "jwk" {
		return nil, &did.Error{Code: did.InvalidDID, Detail: "not a did:jwk"}
	}
	if opt != nil && opt.VersionID != "" {
		return nil, &did.Error{Code: did.FeatureNotSupported, Detail: "did:jwk has no versions"}
	}
	jwk, err := base64.RawURLEncoding.Strict().DecodeString(id.ID())
	if err != nil {
		return nil, &did.Error{Code: did.InvalidDID, Detail: "not base64url without padding"}
	}
	m := did.VerificationMethod{ID: id.WithFragment("0"), Controller: id, Type: did.TypeJWK2020}
	if err := m.SetJWK(jwk); err != nil {
		code := did.InvalidDID
		if errors.Is(err, keys.ErrUnsupported) {
			code = did.FeatureNotSupported
		}
		return nil, &did.Error{Code: code, Err: err}
	}
	m.Purposes = purposes(jwk)
	now := time.Now
	if r.Now != nil {
		now = r.Now
	}
	return &did.Resolution{
		Document: &did.Document{
			Context: []string{did.ContextV1, contextJWS2020}, ID: id, VerificationMethod: []did.VerificationMethod{m},
		},
		// The identifier is the whole history: nothing can come after it.
		Evidence: did.Evidence{Replayed: true, AsOf: now().UTC()},
	}, nil
}

// purposes reads use, the only member that the method's rules look at.
func purposes(jwk []byte) did.Purpose {
	v, err := strictjson.Parse(jwk, strictjson.Limits{})
	if err != nil {
		return 0
	}
	use, _ := v.Get("use")
	switch s, _ := use.Str(); s {
	case "sig":
		return did.AllPurposes &^ did.KeyAgreement
	case "enc":
		return did.KeyAgreement
	}
	return did.AllPurposes
}

// Of returns the did:jwk identifier of a key, made from the JWK with its required members in the order of RFC 7638; the zero
// DID for the zero key and for one without a JWK (SM2).
func Of(k keys.PublicKey) did.DID {
	d, err := did.Parse("did:jwk:" + base64.RawURLEncoding.EncodeToString(k.JWK()))
	if err != nil {
		return did.DID{}
	}
	return d
}
