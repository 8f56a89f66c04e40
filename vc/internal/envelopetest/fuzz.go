package envelopetest

import (
	"bytes"
	"errors"
	"testing"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/internal/vectortest"
)

// Fuzz parses anything, from the seeds that tf has. What is refused has a code and is final; what verifies was signed by the parties of
// the vectors, which all say that the subject is Ada or Byron.
func (f *Format) Fuzz(tf *testing.F) {
	tf.Helper()
	setting := vectortest.NewSetting(tf)
	verifier := setting.Verifier(tf)
	policy, bare := setting.Expect.Policy(tf), vectortest.Bare().Policy(tf)
	tf.Fuzz(func(t *testing.T, b []byte) {
		given := bytes.Clone(b)
		p, err := f.Parse(b)
		if !bytes.Equal(b, given) {
			t.Fatal("the input was changed")
		}
		if err != nil && (vc.Code(err) == "" || !errors.Is(err, vc.ErrInvalid)) {
			t.Fatalf("error without a code: %v", err)
		}
		f.Split(b, nil)
		f.InsecureVerifySignature(b, keys.PublicKey{})
		if c, err := f.ParseCredential(b); err == nil {
			c.Holder()
			c.UnverifiedClaims()
		}
		if err != nil {
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
