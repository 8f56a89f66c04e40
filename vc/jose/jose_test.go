package jose_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/internal/envelope"
	"github.com/realdid/realdid/vc/internal/envelopetest"
	"github.com/realdid/realdid/vc/internal/vectortest"
	"github.com/realdid/realdid/vc/jose"
)

// tested is this package, for the tests that it shares.
var tested = &envelopetest.Format{
	Name: "jose", MediaType: jose.MediaType, MaxSize: jose.MaxSize, ErrHolder: jose.ErrHolder,
	Issue: func(ctx context.Context, i envelope.Issuer, c map[string]any, opt *envelopetest.IssueOptions) (envelopetest.Credential, error) {
		if opt == nil {
			return jose.Issue(ctx, jose.Issuer(i), c, nil)
		}
		return jose.Issue(ctx, jose.Issuer(i), c, &jose.IssueOptions{
			Holder: opt.Holder, HolderKey: opt.HolderKey, IssuedAt: opt.IssuedAt, Expires: opt.Expires,
		})
	},
	IssueJSON: func(ctx context.Context, i envelope.Issuer, c []byte) (envelopetest.Credential, error) {
		return jose.IssueJSON(ctx, jose.Issuer(i), c, nil)
	},
	ParseCredential: func(b []byte) (envelopetest.Credential, error) { return jose.ParseCredential(b) },
	Present: func(ctx context.Context, c envelopetest.Credential, holder keys.Signer, opt *envelopetest.PresentOptions) (envelopetest.Presentation, error) {
		return c.(*jose.Credential).Present(ctx, holder, (*jose.PresentOptions)(opt))
	},
	PresentAll: func(ctx context.Context, holder keys.Signer, list []envelopetest.Enveloped, opt *envelopetest.PresentOptions) (envelopetest.Presentation, error) {
		return jose.PresentAll(ctx, holder, envelopetest.Each[jose.Enveloped](list), (*jose.PresentOptions)(opt))
	},
	SignPresentation: func(ctx context.Context, holder keys.Signer, b []byte, opt *envelopetest.SignOptions) (envelopetest.Presentation, error) {
		return jose.SignPresentation(ctx, holder, b, (*jose.SignOptions)(opt))
	},
	Received: func(b []byte) envelopetest.Presentation { return jose.Received(b, nil) },
	Parse:    func(b []byte) (envelopetest.Presentation, error) { return jose.Parse(b, nil) },
	Split: func(b []byte, formats map[string]func([]byte) vc.Presentation) ([]envelopetest.Presentation, error) {
		return envelopetest.Several(jose.Split(b, &jose.Options{Formats: formats}))
	},
	ReadAll:                 jose.ReadAll,
	InsecureVerifySignature: jose.InsecureVerifySignature,
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

func TestSuite(t *testing.T) {
	tested.TestSuite(t, 9, func(_ *testing.T, b []byte) []byte { return bytes.TrimSpace(b) })
}

// TestIssueHeader: parameters that change nothing may stand in the header, and what claims and the signer say may not be contradicted.
func TestIssueHeader(t *testing.T) {
	p := envelopetest.NewParties(t, keys.P256)
	opt := &jose.IssueOptions{IssuedAt: vectortest.Now, Header: map[string]any{"example": 1}}
	cred, err := jose.Issue(t.Context(), jose.Issuer(p.Issuer), envelopetest.Claims(), opt)
	if err != nil {
		t.Fatal(err)
	}
	pres, err := cred.Present(t.Context(), p.Holder, (*jose.PresentOptions)(p.Options()))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Verify(t, pres); err != nil {
		t.Error(err)
	}
	opt.Header = map[string]any{"alg": "none"}
	if _, err := jose.Issue(t.Context(), jose.Issuer(p.Issuer), envelopetest.Claims(), opt); err == nil {
		t.Error("issued with an alg of the caller's")
	}
	for name, value := range map[string]any{"vc": map[string]any{}, "iss": vectortest.Issuer, "cnf": map[string]any{}} {
		c := envelopetest.Claims()
		c[name] = value
		if _, err := jose.Issue(t.Context(), jose.Issuer(p.Issuer), c, nil); err == nil {
			t.Errorf("issued a credential with %s among its members", name)
		}
	}
}
