package vcgo

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/realdid/realdid/internal/matrix"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/resolver/didkey"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
)

func TestOfOurs(t *testing.T) {
	p := newPeer(t)
	recordings := map[string]*matrix.Recording{}
	for _, s := range suites[:2] {
		recordings[s.name] = matrix.Record(t, row(t, s.name, matrix.OursToTheirs))
	}
	for i := range 2 * exchanged {
		s := suites[i%len(suites)]
		k, err := keys.Generate(s.ours)
		if err != nil {
			t.Fatal(err)
		}
		cred, err := dataintegrity.Issue(t.Context(), dataintegrity.Issuer{Signer: k, Method: didkey.URL(k.Public())},
			graduate(i, k.Public().DIDKey()), &dataintegrity.IssueOptions{Created: created})
		if err != nil {
			t.Fatal(err)
		}
		if err := p.check(cred.Bytes()); err != nil {
			t.Fatalf("%d: %v: %s", i, err, cred.Bytes())
		}
		recordings[s.name].Case()
		refuseBoth(t, p, recordings[s.name], cred.Bytes(), k.Public())
	}
}

// refuseBoth changes a claim.
func refuseBoth(t *testing.T, p *peer, r *matrix.Recording, signed []byte, issuer keys.PublicKey) {
	t.Helper()
	bad := []byte(strings.Replace(string(signed), "did:example:graduate", "did:example:stranger", 1))
	if p.check(bad) == nil {
		t.Fatal("a changed one was read there")
	}
	if _, err := verify(t, dataintegrity.Received(bad, nil), issuer, nil); vc.Code(err) != "vc.signature.invalid" {
		t.Fatalf("a changed one: got %v", err)
	}
	r.Tampered()
}

func TestOfTheirs(t *testing.T) {
	p := newPeer(t)
	recordings := map[string]*matrix.Recording{}
	for _, s := range suites[:2] {
		recordings[s.name] = matrix.Record(t, row(t, s.name, matrix.TheirsToOurs))
	}
	for i := range 2 * exchanged {
		j, k := p.newKey(t, i)
		document, err := json.Marshal(graduate(i, k.DIDKey()))
		if err != nil {
			t.Fatal(err)
		}
		signed := p.sign(t, i, document, j, k)
		got, err := verify(t, dataintegrity.Received(signed, nil), k, nil)
		if err != nil {
			t.Fatalf("%d: %v: %s", i, err, signed)
		}
		if b, err := json.Marshal(got.Claims()); err != nil || string(b) != string(document) {
			t.Fatalf("%d: got %s, want %s", i, b, document)
		}
		r := recordings[suites[i%len(suites)].name]
		r.Case()
		refuseBoth(t, p, r, signed, k)
	}
}
