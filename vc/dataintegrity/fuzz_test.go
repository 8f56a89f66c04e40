package dataintegrity_test

import (
	"errors"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/vectors"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
)

// seeds are the inputs of the vectors.
func seeds(f *testing.F) {
	f.Helper()
	for _, name := range []string{"credentials", "bad-credentials"} {
		for _, v := range vectors.Read[setting, vector](f, "dataintegrity/"+name).Vectors {
			f.Add([]byte(v.Input))
		}
	}
}

// FuzzOpen parses anything, runs every step on it, and wants faults with codes and never a panic. What verifies says what the issuer
// signed.
func FuzzOpen(f *testing.F) {
	seeds(f)
	p := newParties(f, keys.Ed25519, keys.Ed25519)
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, opt := range []*dataintegrity.Options{nil, {InsecureRewritable: true, Ed25519Signature2020: true}} {
			parsed, err := dataintegrity.Received(b, opt).Open()
			if err != nil {
				if !errors.Is(err, vc.ErrInvalid) || vc.Code(err) == "" {
					t.Fatalf("an error without a code: %v", err)
				}
				continue
			}
			s := parsed.(vc.Signatures)
			for i, o := range s.Signatures() {
				if o.KeyID == "" || o.Issuer == "" {
					t.Fatalf("an origin without issuer or key: %+v", o)
				}
				if s.CheckSignatureOf(i, p.issuerKey.Public()) == nil {
					t.Fatal("a signature by a key that was made just now")
				}
			}
			if d, err := parsed.Disclose(); err == nil && d.Claims() == nil {
				t.Fatal("no claims")
			}
			if parsed.Binding().Present && parsed.CheckBinding(p.holder.Public()) == nil {
				t.Fatal("a holder's signature by a key that was made just now")
			}
		}
		if c, err := dataintegrity.ParseCredential(b, nil); err == nil {
			_, _ = c.IssuanceDigest()
		}
		_, _ = dataintegrity.Split(b, nil)
	})
}

// FuzzAddProof signs anything that is JSON and wants that the proof is valid, that the rest is as it was, and that another
// document is not covered.
func FuzzAddProof(f *testing.F) {
	seeds(f)
	f.Add([]byte(`{"a":[1,2.50,"\u00e9"]}`))
	p := newParties(f, keys.Ed25519, keys.Ed25519)
	policy := dataintegrity.ProofPolicy{Purpose: did.AssertionMethod, Now: p.now}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, suite := range []dataintegrity.Cryptosuite{jcs, rdfc} {
			signed, err := dataintegrity.AddProof(t.Context(), p.issuerKey, b, &dataintegrity.ProofOptions{
				Method: p.issuer.Method, Purpose: did.AssertionMethod, Cryptosuite: suite, Created: p.now.Add(-time.Hour),
			})
			if err != nil {
				continue
			}
			report, _ := dataintegrity.InsecureVerifyProofsOnly(t.Context(), signed, p.keys, &policy)
			if n := len(report.Proofs); n == 0 || report.Proofs[n-1].Err != nil {
				t.Fatalf("the new proof is not valid: %s", signed)
			}
			if report.Document == nil {
				continue // other proofs
			}
			again, err := dataintegrity.AddProof(t.Context(), p.issuerKey, report.Document, &dataintegrity.ProofOptions{
				Method: p.issuer.Method, Purpose: did.AssertionMethod, Cryptosuite: suite, Created: p.now.Add(-time.Hour),
			})
			if err != nil {
				t.Fatalf("what was verified cannot be signed: %s: %v", report.Document, err)
			}
			if second, err := dataintegrity.InsecureVerifyProofsOnly(t.Context(), again, p.keys, &policy); err != nil || string(second.Document) != string(report.Document) {
				t.Fatalf("got %s, %v, want %s", second.Document, err, report.Document)
			}
		}
	})
}
