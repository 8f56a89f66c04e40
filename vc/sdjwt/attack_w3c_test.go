package sdjwt_test

import (
	"testing"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/sdjwt"
)

// TestWithheldSubject: a credential about two is bound to neither. Withholding one does not make the other its holder.
func TestWithheldSubject(t *testing.T) {
	p := newParties(t, keys.P256, keys.Ed25519)
	for name, disclosable := range map[string][]string{
		"both can be withheld":    {"/credentialSubject/0", "/credentialSubject/1"},
		"one can be withheld":     {"/credentialSubject/1"},
		"the first can be hidden": {"/credentialSubject/0"},
	} {
		claims := w3cCredential()
		other := map[string]any{"id": "did:example:child", "name": "Byron"}
		claims["credentialSubject"] = []any{claims["credentialSubject"], other}
		reveal := []string{"/credentialSubject/0"}
		if name == "the first can be hidden" {
			claims["credentialSubject"] = []any{other, w3cCredential()["credentialSubject"]}
			reveal = nil
		} else if name == "one can be withheld" {
			reveal = nil
		}
		c := mustIssue(t, p, claims, &sdjwt.IssueOptions{MediaType: sdjwt.W3CMediaType, Disclosable: disclosable})
		if id, key, err := c.Holder(); err != nil || id != "" || !key.IsZero() {
			t.Errorf("%s: got holder %q, %v", name, id, err)
		}
		bare, err := c.Present(t.Context(), nil, &sdjwt.PresentOptions{Reveal: reveal})
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := bare.Open()
		if err != nil {
			t.Fatal(err)
		}
		if d, err := parsed.Disclose(); err != nil || d.HolderKeyID != "" {
			t.Errorf("%s: got holder %q, %v, want none", name, d.HolderKeyID, err)
		}
		// The subject's own key signs, as a thief of the other's device would have it sign.
		half, err := sdjwt.ParseCredential(bare.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		pres, err := half.Present(t.Context(), p.holder, &sdjwt.PresentOptions{Audience: benchAudience, Nonce: benchNonce, IssuedAt: p.now, Method: p.holderMethod, Reveal: reveal})
		if err != nil {
			continue // refused already
		}
		if _, err := p.verify(t, pres.Bytes(), w3cExpect(p)); vc.Code(err) != "vc.holder.unbound" {
			t.Errorf("%s: got %v, want vc.holder.unbound", name, err)
		}
	}
	// One alone in a list is one.
	claims := w3cCredential()
	claims["credentialSubject"] = []any{claims["credentialSubject"]}
	c := mustIssue(t, p, claims, &sdjwt.IssueOptions{MediaType: sdjwt.W3CMediaType, Disclosable: []string{"/credentialSubject/0"}})
	if _, err := p.verify(t, mustPresent(t, p, c, &sdjwt.PresentOptions{Method: p.holderMethod, Reveal: []string{"/credentialSubject/0"}}), w3cExpect(p)); err != nil {
		t.Errorf("one in a list: %v", err)
	}
}
