package jwtvc_test

import (
	"testing"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc/internal/envelopetest"
	"github.com/realdid/realdid/vc/internal/vectortest"
	"github.com/realdid/realdid/vc/jwtvc"
)

func BenchmarkVerify(b *testing.B) {
	text := []byte(newForgery(b).text())
	setting := vectortest.NewSetting(b)
	verifier, policy := setting.Verifier(b), setting.Expect.Policy(b)
	policy.MediaTypes = []string{jwtvc.MediaType}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := verifier.Verify(b.Context(), jwtvc.Received(text), policy); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkIssue(b *testing.B) {
	issuer := jwtvc.Issuer(envelopetest.NewParties(b, keys.Ed25519).Issuer)
	c := credential()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := jwtvc.Issue(b.Context(), issuer, c, nil); err != nil {
			b.Fatal(err)
		}
	}
}
