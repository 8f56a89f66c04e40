package vc_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
)

// signedTwice is a document with several signatures.
type signedTwice struct {
	*document
	origins []vc.Origin
	faults  []error
	checked []keys.PublicKey
}

func (d *signedTwice) Open() (vc.Parsed, error)                { return d, nil }
func (d *signedTwice) Signatures() []vc.Origin                 { return d.origins }
func (d *signedTwice) CheckSignature(key keys.PublicKey) error { panic("the one for one signature") }

func (d *signedTwice) CheckSignatureOf(i int, key keys.PublicKey) error {
	d.checked = append(d.checked, key)
	return d.faults[i]
}

func TestSignatures(t *testing.T) {
	second := authority.WithFragment("key-2")
	for _, c := range []struct {
		name   string
		change func(*scene, *signedTwice)
		want   string
	}{
		{"both good", func(*scene, *signedTwice) {}, ""},
		{"none", func(_ *scene, d *signedTwice) { d.origins = nil }, "vc.signature.missing"},
		{"first bad", func(_ *scene, d *signedTwice) { d.faults[0] = vc.Invalid("vc.signature.invalid", "") }, "vc.signature.invalid"},
		{"second bad", func(_ *scene, d *signedTwice) { d.faults[1] = vc.Invalid("vc.signature.invalid", "") }, "vc.signature.invalid"},
		{"second by another key", func(_ *scene, d *signedTwice) { d.origins[1].KeyID = citizenKey.String() }, "vc.issuer.kid.foreign"},
		{"second unknown", func(_ *scene, d *signedTwice) { d.origins[1].KeyID = authority.String() + "#key-20" }, "vc.issuer.key.notfound"},
		{"second of another issuer", func(_ *scene, d *signedTwice) { d.origins[1].Issuer = citizenKey.DID().String() }, "vc.issuer.ambiguous"},
		{"second by certificate", func(_ *scene, d *signedTwice) { d.origins[1].Chain = [][]byte{{1}} }, "vc.issuer.ambiguous"},
		{"second of another algorithm", func(_ *scene, d *signedTwice) { d.origins[1].Algorithm = keys.P256 }, "vc.issuer.key.algorithm"},
		{"second by a retired key", func(s *scene, _ *signedTwice) { s.keys.answers[second].Status = did.KeyRetired }, "vc.issuer.key.retired"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(t)
			s.expect.RetiredKeys = vc.RefuseRetiredKeys
			more, err := keys.Generate(keys.Ed25519)
			if err != nil {
				t.Fatal(err)
			}
			k := *s.keys.answers[authorityKey]
			k.Method.ID, k.Method.Key = second, more.Public()
			s.keys.answers[second] = &k
			o := s.doc.origin
			o.KeyID, o.Algorithm = second.String(), keys.Ed25519
			d := &signedTwice{document: s.doc, origins: []vc.Origin{s.doc.origin, o}, faults: make([]error, 2)}
			c.change(s, d)
			_, report, err := vc.NewVerifier(s.keys, func() time.Time { return now }).Verify(t.Context(), d, s.expect)
			if vc.Code(err) != c.want {
				t.Fatalf("got %v, want %q", err, c.want)
			}
			if c.want != "" {
				return
			}
			if len(d.checked) != 2 || !d.checked[0].Equal(s.keys.answers[authorityKey].Method.Key) || !d.checked[1].Equal(more.Public()) {
				t.Errorf("checked with %d keys, want each with its own", len(d.checked))
			}
			b, err := json.Marshal(report)
			if err != nil || strings.Count(string(b), `"key":"did:example:authority#key-2"`) != 1 || len(report.IssuerKeys) != 2 {
				t.Errorf("got %s, want both keys", b)
			}
		})
	}
}

// TestUndated: without a time of issuance only a key that is in service counts.
func TestUndated(t *testing.T) {
	undated := func(s *scene) {
		s.doc.origin.Undated, s.doc.origin.IssuedAt, s.doc.disclosed.IssuedAt = true, time.Time{}, time.Time{}
	}
	for _, c := range []struct {
		name   string
		change func(*did.ResolvedKey)
		want   string
	}{
		{"in service", func(*did.ResolvedKey) {}, ""},
		{"retired", func(k *did.ResolvedKey) { k.Status = did.KeyRetired }, "vc.issuer.key.undated"},
		{"compromised", func(k *did.ResolvedKey) { k.Status = did.KeyCompromised }, "vc.issuer.key.undated"},
		{"removed", func(k *did.ResolvedKey) { k.Removed = now.Add(-time.Hour) }, "vc.issuer.key.time"},
		{"deactivated", func(k *did.ResolvedKey) { k.Deactivated = true }, "vc.issuer.key.time"},
		{"expired", func(k *did.ResolvedKey) { k.Method.Expires = now }, "vc.issuer.key.time"},
	} {
		s := newScene(t)
		undated(s)
		c.change(s.keys.answers[authorityKey])
		_, _, err := s.verify(t)
		if vc.Code(err) != c.want {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
		if q := s.keys.asked[0]; !q.at.IsZero() {
			t.Errorf("%s: asked for %v, want the newest", c.name, q.at)
		}
	}
}
