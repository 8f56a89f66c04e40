package envelopetest

import (
	"testing"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/internal/envelope"
	"github.com/realdid/realdid/vc/internal/vectortest"
	"github.com/realdid/realdid/vc/vcdm"
)

// Parties are an issuer and a holder, and the verifier who resolves both.
type Parties struct {
	Issuer   envelope.Issuer
	Holder   *keys.PrivateKey
	Method   did.URL // of the holder
	Setting  vectortest.Setting
	Verifier *vc.Verifier
}

// NewParties returns parties with keys for a.
func NewParties(tb testing.TB, a keys.Algorithm) *Parties {
	tb.Helper()
	url := func(s string) did.URL {
		u, err := did.ParseURL(s)
		if err != nil {
			tb.Fatal(err)
		}
		return u
	}
	p := &Parties{Setting: vectortest.NewSetting(tb), Method: url(vectortest.HolderKey)}
	p.Issuer = envelope.Issuer{Signer: vectortest.Fixed(tb, a, "issuer"), Method: url(vectortest.IssuerKey)}
	p.Holder = vectortest.Fixed(tb, a, "holder")
	for i := range p.Setting.Keys {
		k := &p.Setting.Keys[i]
		switch k.ID {
		case vectortest.IssuerKey:
			k.PublicKey = p.Issuer.Signer.Public().Multikey()
		case vectortest.HolderKey:
			k.PublicKey = p.Holder.Public().Multikey()
		}
	}
	p.Verifier = p.Setting.Verifier(tb)
	return p
}

// Claims are a credential of the data model 2.0 about the holder.
func Claims() map[string]any {
	return map[string]any{
		"@context": []any{vcdm.ContextV2}, "type": []any{"VerifiableCredential", vectortest.Type},
		"issuer": vectortest.Issuer, "validFrom": "2026-01-01T00:00:00Z", "validUntil": "2030-01-01T00:00:00Z",
		"credentialSubject": map[string]any{"id": vectortest.Holder, "name": "Ada", "age": 36},
	}
}

// Options let the holder answer the verifier.
func (p *Parties) Options() *PresentOptions {
	return &PresentOptions{Audience: vectortest.Audience, Nonce: vectortest.Nonce, Method: p.Method, IssuedAt: vectortest.Now}
}

// Verify verifies under the policy of the setting.
func (p *Parties) Verify(tb testing.TB, pres vc.Presentation) (*vc.Verified, error) {
	tb.Helper()
	got, _, err := p.Verifier.Verify(tb.Context(), pres, p.Setting.Expect.Policy(tb))
	return got, err
}

// issue issues [Claims], a day ago if opt does not say when.
func (f *Format) issue(tb testing.TB, p *Parties, opt IssueOptions) Credential {
	tb.Helper()
	if opt.IssuedAt.IsZero() {
		opt.IssuedAt = vectortest.Now.AddDate(0, 0, -1)
	}
	c, err := f.Issue(tb.Context(), p.Issuer, Claims(), &opt)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}
