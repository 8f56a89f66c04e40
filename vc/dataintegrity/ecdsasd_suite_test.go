package dataintegrity

import (
	"context"
	"errors"
	"testing"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity/jsonld"
)

func TestECDSASDWrongKeys(t *testing.T) {
	f := newSDFixture(t, sdDegree, sdMandatory, sdReveal)
	p384, err := keys.Generate(keys.P384)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		key  keys.PublicKey
		code string
	}{
		"another key":     {sdKey(t, "another").pub, "vc.signature.invalid"},
		"the proof's key": {f.proof.pub, "vc.signature.invalid"},
		"P-384":           {p384.Public(), "dataintegrity.proof.key"},
		"no key":          {keys.PublicKey{}, "dataintegrity.proof.key"},
	} {
		if err := (ECDSASD2023{}).VerifyProof(f.in, c.key); vc.Code(err) != c.code {
			t.Errorf("%s: got %v, want code %s", name, err, c.code)
		}
	}
	in := inputOf(t, f.sign(sdDegree, nil, f.proof))
	in.Proof.Value = ""
	if _, err := (ECDSASD2023{}).CreateProof(t.Context(), in, p384); err == nil {
		t.Error("signing with P-384: got no error")
	}
}

// Every proof has secrets of its own.
func TestECDSASDFreshSecrets(t *testing.T) {
	key := sdKey(t, "issuer")
	seen := map[string]bool{string(make([]byte, hmacKeySize)): true}
	for range 3 {
		b, err := parseECDSASDBase(inputOf(t, sdSign(t, key, []byte(sdShape(`{"x": 1}`)), nil)).Proof.Value)
		if err != nil {
			t.Fatal(err)
		}
		if seen[string(b.hmacKey)] || seen[string(b.publicKey)] {
			t.Error("an HMAC key or the proof's key is used again")
		}
		seen[string(b.hmacKey)], seen[string(b.publicKey)] = true, true
	}
}

func TestECDSASDHeaders(t *testing.T) {
	for _, s := range []string{"", "u", "z2V0B", "u2V0C", "u2V0CAAAA", "u2V4BAAAA"} {
		if base, err := (ECDSASD2023{}).IsBase(s); vc.Code(err) != "dataintegrity.proof.value" {
			t.Errorf("IsBase of %q: got %v, %v; want dataintegrity.proof.value", s, base, err)
		}
	}
}

func TestECDSASDDeriveEnds(t *testing.T) {
	f := newSDFixture(t, sdDegree, sdMandatory, sdReveal)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (ECDSASD2023{}).Derive(ctx, inputOf(t, f.base), sdReveal); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the error of the context", err)
	}
}

// A document that contains proofs, as in a chain, is refused everywhere.
func TestECDSASDChain(t *testing.T) {
	f := newSDFixture(t, sdDegree, sdMandatory, sdReveal)
	whole := func(b []byte) *Input {
		in := inputOf(t, b)
		v, err := parseJSON(b)
		if err != nil {
			t.Fatal(err)
		}
		return &Input{Document: v, Proof: in.Proof, Contexts: jsonld.Embedded()}
	}
	const want = "dataintegrity.sd.chain"
	if err := (ECDSASD2023{}).VerifyProof(whole(f.derived), f.issuer.pub); vc.Code(err) != want {
		t.Errorf("verify: got %v, want code %s", err, want)
	}
	if _, err := (ECDSASD2023{}).Derive(t.Context(), whole(f.base), sdReveal); vc.Code(err) != want {
		t.Errorf("derive: got %v, want code %s", err, want)
	}
	if _, err := (ECDSASD2023{}).CreateProof(t.Context(), whole(f.base), f.issuer); vc.Code(err) != want {
		t.Errorf("create: got %v, want code %s", err, want)
	}
}
