package didwebvh

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"github.com/multiformats/go-multibase"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
)

// The one kind of proof that did:webvh 1.0 permits, in entries and by witnesses (Data Integrity EdDSA Cryptosuites v1.0,
// section 3.3).
const (
	proofType    = "DataIntegrityProof"
	cryptosuite  = "eddsa-jcs-2022"
	proofPurpose = "assertionMethod"
)

// maxProofValue is longer than a signature of 64 bytes in base58btc, whose decoding takes time with the square of the length.
const maxProofValue = 96

// proofOptions are the members of a proof beside proofValue that are understood, in canonical order. Others, such as domain,
// challenge and previousProof, would ask for checks that have no meaning here, and are refused.
var proofOptions = [...]string{"created", "cryptosuite", "expires", "id", "nonce", "proofPurpose", "type", "verificationMethod"}

// proof is a proof that is well-formed and not verified.
type proof struct {
	options   [sha256.Size]byte // hash of the canonical options
	key       string            // Multikey of the signer
	signature []byte
}

// parseProof reads a proof. now is for one that expires.
func parseProof(v strictjson.Value, now time.Time) (*proof, error) {
	text := func(name string) string {
		m, _ := v.Get(name)
		s, _ := m.Str()
		return s
	}
	members := v.Members()
	options := make([]byte, 0, 512)
	options = append(options, '{')
	known := 0
	for _, name := range proofOptions {
		m, ok := v.Get(name)
		if !ok {
			continue
		}
		if m.Kind() != strictjson.String {
			return nil, fmt.Errorf("%s is not a string", name)
		}
		if known++; known > 1 {
			options = append(options, ',')
		}
		options = append(strictjson.AppendString(options, name), ':')
		options = strictjson.AppendCanonical(options, m)
	}
	options = append(options, '}')
	switch {
	case text("type") != proofType || text("cryptosuite") != cryptosuite:
		return nil, fmt.Errorf("not a %s proof", cryptosuite)
	case text("proofPurpose") != proofPurpose:
		return nil, fmt.Errorf("proofPurpose is not %s", proofPurpose)
	}
	p := &proof{options: sha256.Sum256(options)}
	value := text("proofValue")
	if len(value) > maxProofValue {
		return nil, fmt.Errorf("proofValue is too long")
	}
	_, raw, err := multibase.Decode(value)
	switch {
	case err != nil || value[0] != 'z':
		return nil, fmt.Errorf("proofValue is not base58btc")
	case len(members) != known+1:
		return nil, fmt.Errorf("a member that is not understood")
	}
	p.signature = raw
	var ok bool
	if p.key, ok = proofKey(text("verificationMethod")); !ok {
		return nil, fmt.Errorf("verificationMethod is not a did:key with its own key as fragment")
	}
	for _, name := range []string{"created", "expires"} {
		m, has := v.Get(name)
		if !has {
			continue
		}
		s, _ := m.Str()
		var t time.Time
		if t.UnmarshalText([]byte(s)) != nil {
			return nil, fmt.Errorf("%s is not a date and time with a zone", name)
		}
		if name == "expires" && !now.Before(t) {
			return nil, fmt.Errorf("expired")
		}
	}
	return p, nil
}

// proofKey returns the Multikey of "did:key:X#X". Body and fragment must be the same text: one that differs would be
// authorised by the one and verified by the other.
func proofKey(method string) (string, bool) {
	rest, ok := strings.CutPrefix(method, "did:key:")
	body, fragment, hash := strings.Cut(rest, "#")
	return body, ok && hash && body != "" && body == fragment
}

// verify checks the signature over a document of this canonical form. k must be the key that p.key names.
func (p *proof) verify(k keys.PublicKey, canonical []byte) error {
	return k.Verify(p.message(canonical), p.signature)
}

func (p *proof) message(canonical []byte) []byte {
	document := sha256.Sum256(canonical)
	return append(p.options[:], document[:]...)
}

// sign returns a proof of the document, as canonical JSON.
func sign(ctx context.Context, canonical []byte, at time.Time, signer keys.Signer) ([]byte, error) {
	k := signer.Public()
	if k.Algorithm() != keys.Ed25519 {
		return nil, fmt.Errorf("didwebvh: sign: %s needs an Ed25519 key", cryptosuite)
	}
	options := fmt.Appendf(nil, `{"created":%q,"cryptosuite":%q,"proofPurpose":%q,"type":%q,"verificationMethod":%q}`,
		formatTime(at), cryptosuite, proofPurpose, proofType, k.DIDKeyURL())
	p := proof{options: sha256.Sum256(options)}
	sig, err := signer.Sign(ctx, p.message(canonical))
	if err != nil {
		return nil, err
	}
	value := fmt.Appendf(nil, `"proofValue":%q,"type"`, base58(sig))
	return bytes.Replace(options, []byte(`"type"`), value, 1), nil
}

func formatTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// keyring remembers the keys of one log: most entries name the same few.
type keyring map[string]keys.PublicKey

// get returns the key of an Ed25519 Multikey. A key has one such text, so that texts are compared instead of keys.
func (r keyring) get(multikey string) (keys.PublicKey, error) {
	if k, ok := r[multikey]; ok {
		return k, nil
	}
	k, err := keys.ParseMultikey(multikey)
	if err != nil {
		return keys.PublicKey{}, err
	}
	if k.Algorithm() != keys.Ed25519 {
		return keys.PublicKey{}, fmt.Errorf("didwebvh: not the Multikey of an Ed25519 key")
	}
	r[multikey] = k
	return k, nil
}
