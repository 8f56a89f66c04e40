package dataintegrity

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"slices"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
)

// EdDSAJCS2022 is eddsa-jcs-2022 (Data Integrity EdDSA Cryptosuites 1.0, section 3.3): Ed25519 over JSON in canonical form.
type EdDSAJCS2022 struct{}

// EdDSARDFC2022 is eddsa-rdfc-2022 (Data Integrity EdDSA Cryptosuites 1.0, section 3.2): Ed25519 over JSON-LD as a canonical RDF dataset.
type EdDSARDFC2022 struct{}

// ECDSAJCS2019 is ecdsa-jcs-2019 (Data Integrity ECDSA Cryptosuites 1.0, section 3.3): P-256 with SHA-256, or P-384 with SHA-384, over
// JSON in canonical form.
type ECDSAJCS2019 struct{}

// ECDSARDFC2019 is ecdsa-rdfc-2019 (Data Integrity ECDSA Cryptosuites 1.0, section 3.2): P-256 with SHA-256, or P-384 with SHA-384,
// over JSON-LD as a canonical RDF dataset.
type ECDSARDFC2019 struct{}

var (
	edwards = []keys.Algorithm{keys.Ed25519}
	nist    = []keys.Algorithm{keys.P256, keys.P384}
)

// Name returns "eddsa-jcs-2022".
func (EdDSAJCS2022) Name() string { return "eddsa-jcs-2022" }

// Name returns "eddsa-rdfc-2022".
func (EdDSARDFC2022) Name() string { return "eddsa-rdfc-2022" }

// Name returns "ecdsa-jcs-2019".
func (ECDSAJCS2019) Name() string { return "ecdsa-jcs-2019" }

// Name returns "ecdsa-rdfc-2019".
func (ECDSARDFC2019) Name() string { return "ecdsa-rdfc-2019" }

// CreateProof implements [Cryptosuite].
func (EdDSAJCS2022) CreateProof(ctx context.Context, in *Input, s keys.Signer) (string, error) {
	return createSignature(ctx, in, s, jcsHashData, edwards)
}

// CreateProof implements [Cryptosuite].
func (EdDSARDFC2022) CreateProof(ctx context.Context, in *Input, s keys.Signer) (string, error) {
	return createSignature(ctx, in, s, rdfcHashData, edwards)
}

// CreateProof implements [Cryptosuite].
func (ECDSAJCS2019) CreateProof(ctx context.Context, in *Input, s keys.Signer) (string, error) {
	return createSignature(ctx, in, s, jcsHashData, nist)
}

// CreateProof implements [Cryptosuite].
func (ECDSARDFC2019) CreateProof(ctx context.Context, in *Input, s keys.Signer) (string, error) {
	return createSignature(ctx, in, s, rdfcHashData, nist)
}

// Algorithm implements [Cryptosuite].
func (EdDSAJCS2022) Algorithm(value string) (keys.Algorithm, error) {
	return algorithmOf(value, edwards)
}

// Algorithm implements [Cryptosuite].
func (EdDSARDFC2022) Algorithm(value string) (keys.Algorithm, error) {
	return algorithmOf(value, edwards)
}

// Algorithm implements [Cryptosuite].
func (ECDSAJCS2019) Algorithm(value string) (keys.Algorithm, error) { return algorithmOf(value, nist) }

// Algorithm implements [Cryptosuite].
func (ECDSARDFC2019) Algorithm(value string) (keys.Algorithm, error) { return algorithmOf(value, nist) }

// VerifyProof implements [Cryptosuite].
func (EdDSAJCS2022) VerifyProof(in *Input, key keys.PublicKey) error {
	return verifySignature(in, key, jcsHashData, edwards)
}

// VerifyProof implements [Cryptosuite].
func (EdDSARDFC2022) VerifyProof(in *Input, key keys.PublicKey) error {
	return verifySignature(in, key, rdfcHashData, edwards)
}

// VerifyProof implements [Cryptosuite].
func (ECDSAJCS2019) VerifyProof(in *Input, key keys.PublicKey) error {
	return verifySignature(in, key, jcsHashData, nist)
}

// VerifyProof implements [Cryptosuite].
func (ECDSARDFC2019) VerifyProof(in *Input, key keys.PublicKey) error {
	return verifySignature(in, key, rdfcHashData, nist)
}

// contextInProof tells the suites that copy the document's @context into the proof (EdDSA Cryptosuites 1.0, section 3.3.1, step 2).
func (EdDSAJCS2022) contextInProof() {}
func (ECDSAJCS2019) contextInProof() {}

// overJSON tells a suite that protects the JSON itself.
func overJSON(s Cryptosuite) bool {
	_, ok := s.(interface{ contextInProof() })
	return ok
}

// A hashData function returns what is signed: the hash of the proof configuration, then that of the document.
type hashData func(in *Input, a keys.Algorithm) ([]byte, error)

func createSignature(ctx context.Context, in *Input, s keys.Signer, hash hashData, algs []keys.Algorithm) (string, error) {
	a := s.Public().Algorithm()
	if !slices.Contains(algs, a) {
		return "", fmt.Errorf("%s is not for keys of %v: %w", in.Proof.Cryptosuite, a, keys.ErrUnsupported)
	}
	msg, err := hash(in, a)
	if err != nil {
		return "", err
	}
	sig, err := s.Sign(ctx, msg)
	if err != nil {
		return "", err
	}
	if len(sig) != a.SignatureSize() {
		return "", fmt.Errorf("the signer returned %d bytes, want %d", len(sig), a.SignatureSize())
	}
	return encodeSignature(sig)
}

func verifySignature(in *Input, key keys.PublicKey, hash hashData, algs []keys.Algorithm) error {
	sig, err := decodeSignature(in.Proof.Value)
	if err != nil {
		return err
	}
	a := key.Algorithm()
	if !slices.Contains(algs, a) {
		return vc.Invalid("dataintegrity.proof.key", "the cryptosuite is not for keys of this algorithm")
	}
	msg, err := hash(in, a)
	if err != nil {
		return err
	}
	if err := key.Verify(msg, sig); err != nil {
		return vc.InvalidBecause("vc.signature.invalid", err)
	}
	return nil
}

// digest appends the hash that goes with keys of a: SHA-384 for P-384, else SHA-256.
func digest(dst []byte, a keys.Algorithm, b []byte) []byte {
	if a == keys.P384 {
		sum := sha512.Sum384(b)
		return append(dst, sum[:]...)
	}
	sum := sha256.Sum256(b)
	return append(dst, sum[:]...)
}

// jcsHashData canonicalizes JSON (RFC 8785). A proof may have a @context of its own, which must be how the document's begins, and
// takes its place: what stands in the document behind it is not protected (EdDSA Cryptosuites 1.0, section 3.3.2, step 4).
func jcsHashData(in *Input, a keys.Algorithm) ([]byte, error) {
	document, err := in.jcsDocument()
	if err != nil {
		return nil, err
	}
	buf := make([]byte, 0, 2048)
	out := make([]byte, 0, 2*sha512.Size384)
	buf = strictjson.AppendCanonical(buf, in.Proof.Options())
	out = digest(out, a, buf)
	buf = strictjson.AppendCanonical(buf[:0], document)
	return digest(out, a, buf), nil
}

// jcsDocument returns what a JCS proof protects.
func (in *Input) jcsDocument() (strictjson.Value, error) {
	own, ok := in.Proof.object.Get(memberContext)
	if !ok {
		return in.Document, nil
	}
	whole, _ := in.Document.Get(memberContext)
	if !startsWith(whole, own) {
		return strictjson.Value{}, vc.Invalid("dataintegrity.proof.context", "the @context of the document does not begin with that of the proof")
	}
	members := slices.Clone(in.Document.Members())
	for i := range members {
		if members[i].Name == memberContext {
			members[i].Value = own
		}
	}
	return in.Document.WithMembers(members), nil
}

// startsWith compares contexts, where a single one stands for a list of one.
func startsWith(whole, start strictjson.Value) bool {
	if whole.Kind() == strictjson.Invalid {
		return false
	}
	w, s := listOf(whole), listOf(start)
	if len(s) > len(w) {
		return false
	}
	for i := range s {
		if !equalJSON(w[i], s[i]) {
			return false
		}
	}
	return true
}

func listOf(v strictjson.Value) []strictjson.Value {
	if v.Kind() == strictjson.Array {
		return v.Elems()
	}
	return []strictjson.Value{v}
}

// equalJSON tells whether two values have the same canonical form.
func equalJSON(a, b strictjson.Value) bool {
	if s, ok := a.Str(); ok {
		t, ok := b.Str()
		return ok && s == t
	}
	return string(strictjson.AppendCanonical(nil, a)) == string(strictjson.AppendCanonical(nil, b))
}
