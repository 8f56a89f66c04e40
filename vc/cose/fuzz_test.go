package cose_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/cose"
	"github.com/realdid/realdid/vc/internal/vectortest"
)

// FuzzCOSE parses anything. What is refused has a code and is final; what verifies was signed by the parties of the vectors, which
// all say that the subject is Ada or Byron.
func FuzzCOSE(f *testing.F) {
	for _, s := range vectortest.Inputs(f, vectorDir) {
		b, err := hex.DecodeString(s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	setting := vectortest.NewSetting(f)
	verifier := setting.Verifier(f)
	policy, bare := setting.Expect.Policy(f), vectortest.Bare().Policy(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		given := bytes.Clone(b)
		p, err := cose.Parse(b, nil)
		if !bytes.Equal(b, given) {
			t.Fatal("the input was changed")
		}
		if err != nil && (vc.Code(err) == "" || !errors.Is(err, vc.ErrInvalid)) {
			t.Fatalf("error without a code: %v", err)
		}
		cose.Split(b, nil)
		cose.InsecureVerifySignature(b, keys.PublicKey{})
		if c, err := cose.ParseCredential(b); err == nil {
			c.Holder()
			c.UnverifiedClaims()
		}
		if p == nil {
			return
		}
		for _, e := range []*vc.Expect{policy, bare} {
			got, _, err := verifier.Verify(t.Context(), p, e)
			if err != nil {
				continue
			}
			switch name, _ := got.Claim("/credentialSubject/name"); name {
			case "Ada", "Byron":
			default:
				t.Fatalf("nobody signed this: %v", got.Claims())
			}
		}
	})
}
