package cose_test

import (
	"context"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/cose"
	"github.com/realdid/realdid/vc/internal/envelope"
	"github.com/realdid/realdid/vc/internal/envelopetest"
	"github.com/realdid/realdid/vc/internal/vectortest"
)

// tested is this package, for the tests that it shares.
var tested = &envelopetest.Format{
	Name: "cose", MediaType: cose.MediaType, MaxSize: cose.MaxSize, ErrHolder: cose.ErrHolder,
	Issue: func(ctx context.Context, i envelope.Issuer, c map[string]any, opt *envelopetest.IssueOptions) (envelopetest.Credential, error) {
		return cose.Issue(ctx, cose.Issuer(i), c, (*cose.IssueOptions)(opt))
	},
	IssueJSON: func(ctx context.Context, i envelope.Issuer, c []byte) (envelopetest.Credential, error) {
		return cose.IssueJSON(ctx, cose.Issuer(i), c, nil)
	},
	ParseCredential: func(b []byte) (envelopetest.Credential, error) { return cose.ParseCredential(b) },
	Present: func(ctx context.Context, c envelopetest.Credential, holder keys.Signer, opt *envelopetest.PresentOptions) (envelopetest.Presentation, error) {
		return c.(*cose.Credential).Present(ctx, holder, (*cose.PresentOptions)(opt))
	},
	PresentAll: func(ctx context.Context, holder keys.Signer, list []envelopetest.Enveloped, opt *envelopetest.PresentOptions) (envelopetest.Presentation, error) {
		return cose.PresentAll(ctx, holder, envelopetest.Each[cose.Enveloped](list), (*cose.PresentOptions)(opt))
	},
	SignPresentation: func(ctx context.Context, holder keys.Signer, b []byte, opt *envelopetest.SignOptions) (envelopetest.Presentation, error) {
		return cose.SignPresentation(ctx, holder, b, (*cose.SignOptions)(opt))
	},
	Received: func(b []byte) envelopetest.Presentation { return cose.Received(b, nil) },
	Parse:    func(b []byte) (envelopetest.Presentation, error) { return cose.Parse(b, nil) },
	Split: func(b []byte, formats map[string]func([]byte) vc.Presentation) ([]envelopetest.Presentation, error) {
		return envelopetest.Several(cose.Split(b, &cose.Options{Formats: formats}))
	},
	ReadAll:                 cose.ReadAll,
	InsecureVerifySignature: cose.InsecureVerifySignature,
}

func TestRoundTrip(t *testing.T)          { tested.TestRoundTrip(t) }
func TestBinding(t *testing.T)            { tested.TestBinding(t) }
func TestIssueByCertificate(t *testing.T) { tested.TestIssueByCertificate(t) }
func TestIssueRefuses(t *testing.T)       { tested.TestIssueRefuses(t) }
func TestPresentRefuses(t *testing.T)     { tested.TestPresentRefuses(t) }
func TestSplit(t *testing.T)              { tested.TestSplit(t) }
func TestIssuance(t *testing.T)           { tested.TestIssuance(t) }
func TestSignerError(t *testing.T)        { tested.TestSignerError(t) }
func TestNothingIsPrinted(t *testing.T)   { tested.TestNothingIsPrinted(t) }
func TestReadAll(t *testing.T)            { tested.TestReadAll(t) }
func TestSuiteMethod(t *testing.T)        { tested.TestSuiteMethod(t) }

func BenchmarkIssue(b *testing.B)              { tested.BenchmarkIssue(b) }
func BenchmarkVerifyCredential(b *testing.B)   { tested.BenchmarkVerifyCredential(b) }
func BenchmarkVerifyPresentation(b *testing.B) { tested.BenchmarkVerifyPresentation(b) }

// TestSuite: the suite has COSE as text.
func TestSuite(t *testing.T) {
	tested.TestSuite(t, 4, func(t *testing.T, b []byte) []byte {
		b, err := base64.RawStdEncoding.DecodeString(strings.TrimSpace(string(b)))
		if err != nil {
			t.Fatal(err)
		}
		return b
	})
}

// shortSigner returns less than its algorithm's signature.
type shortSigner struct{ *keys.PrivateKey }

func (s shortSigner) Sign(ctx context.Context, msg []byte) ([]byte, error) {
	sig, err := s.PrivateKey.Sign(ctx, msg)
	return sig[:len(sig)-1], err
}

func TestShortSignature(t *testing.T) {
	i := envelopetest.NewParties(t, keys.P256).Issuer
	i.Signer = shortSigner{vectortest.Fixed(t, keys.P256, "x")}
	if _, err := tested.Issue(t.Context(), i, envelopetest.Claims(), nil); err == nil {
		t.Error("a signature of the wrong size was written")
	}
}

// TestVerifyAlgorithm: a header may not name another algorithm than the key's.
func TestVerifyAlgorithm(t *testing.T) {
	f := newForgery(t)
	key := vectortest.Fixed(t, keys.Ed25519, vectortest.IssuerKey).Public()
	for _, b := range []struct {
		alg int
		ok  bool
	}{{-8, true}, {-19, true}, {-7, false}, {-47, false}} {
		f.credential.protected[1] = b.alg
		if _, _, err := cose.InsecureVerifySignature(f.credential.message(), key); (err == nil) != b.ok {
			t.Errorf("alg %d: got %v", b.alg, err)
		}
	}
}
