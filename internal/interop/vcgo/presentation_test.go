package vcgo

import (
	"encoding/json"
	"strings"
	"testing"

	theirs "github.com/trustbloc/vc-go/dataintegrity"
	"github.com/trustbloc/vc-go/dataintegrity/models"

	"github.com/realdid/realdid/internal/matrix"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/resolver/didkey"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
)

const (
	audience = "https://verifier.example"
	nonce    = "n-0S6_WzA2Mj"
)

// checkHolder checks there that a presentation was made for this verifier and this request.
func (p *peer) checkHolder(document []byte) error {
	return p.verifier.VerifyProof(document, &models.ProofOptions{
		Purpose: theirs.Authentication, ProofType: models.DataIntegrityProof, Domain: audience, Challenge: nonce,
	})
}

func verifyHolder(t *testing.T, p vc.Presentation, issuer keys.PublicKey) error {
	t.Helper()
	_, err := verify(t, p, issuer, func(e *vc.Expect) {
		e.InsecureNoHolderBinding, e.Audience, e.Nonce, e.InsecureUnrotatableHolderKey = false, audience, nonce, true
	})
	return err
}

// refusePresentation changes the challenge, and what is presented.
func refusePresentation(t *testing.T, p *peer, r *matrix.Recording, document []byte, issuer keys.PublicKey) {
	t.Helper()
	for old, replacement := range map[string]string{nonce: "n-0000000000", "ExampleDegreeCredential": "ExampleAlumniCredential"} {
		bad := []byte(strings.Replace(string(document), old, replacement, 1))
		if p.checkHolder(bad) == nil {
			t.Fatalf("%s changed: read there", old)
		}
		if verifyHolder(t, dataintegrity.Received(bad, nil), issuer) == nil {
			t.Fatalf("%s changed: read here", old)
		}
		r.Tampered()
	}
}

// about makes the holder the subject.
func about(m map[string]any, holder keys.PublicKey) map[string]any {
	m["credentialSubject"].(map[string]any)["id"] = holder.DIDKey()
	return m
}

func TestPresentationOfOurs(t *testing.T) {
	r := matrix.Record(t, row(t, "presentation with domain and challenge (eddsa-rdfc-2022, ecdsa-rdfc-2019)", matrix.OursToTheirs))
	p := newPeer(t)
	for i := range exchanged {
		phone, err := keys.Generate(suites[(i+1)%len(suites)].ours)
		if err != nil {
			t.Fatal(err)
		}
		cred, k := issue(t, i, func(issuer string) map[string]any { return about(graduate(i, issuer), phone.Public()) }, dataintegrity.IssueOptions{})
		pres, err := cred.Present(t.Context(), phone, &dataintegrity.PresentOptions{
			Method: didkey.URL(phone.Public()), Audience: audience, Nonce: nonce, Created: now,
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := verifyHolder(t, pres, k.Public()); err != nil {
			t.Fatal(err)
		}
		if err := p.checkHolder(pres.Bytes()); err != nil {
			t.Fatalf("%d: %v: %s", i, err, pres.Bytes())
		}
		r.Case()
		refusePresentation(t, p, r, pres.Bytes(), k.Public())
	}
}

func TestPresentationOfTheirs(t *testing.T) {
	r := matrix.Record(t, row(t, "presentation with domain and challenge (eddsa-rdfc-2022, ecdsa-rdfc-2019)", matrix.TheirsToOurs))
	p := newPeer(t)
	for i := range exchanged {
		j, k := p.newKey(t, i)
		phone, holder := p.newKey(t, i+1)
		cred := p.sign(t, i, marshal(t, about(graduate(i, k.DIDKey()), holder)), j, k)
		pres := p.signWith(t, marshal(t, map[string]any{
			"@context": []any{"https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/examples/v2"}, "type": []any{"VerifiablePresentation"},
			"holder": holder.DIDKey(), "verifiableCredential": []any{json.RawMessage(cred)},
		}), phone, holder, models.ProofOptions{
			SuiteType: suites[(i+1)%len(suites)].name, Purpose: theirs.Authentication, Created: now, Domain: audience, Challenge: nonce,
		})
		if err := verifyHolder(t, dataintegrity.Received(pres, nil), k); err != nil {
			t.Fatalf("%d: %v: %s", i, err, pres)
		}
		r.Case()
		refusePresentation(t, p, r, pres, k)
	}
}
