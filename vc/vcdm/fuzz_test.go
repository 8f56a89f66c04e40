package vcdm_test

import (
	"slices"
	"testing"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/vcdm"
)

func seeds(f *testing.F, files ...string) {
	for _, file := range files {
		for _, v := range ownVectors(f, file) {
			f.Add(v.bytes())
		}
	}
}

// FuzzParseCredential: what is read has what every credential has, also after it was written in canonical form, and what is not
// read has a code.
func FuzzParseCredential(f *testing.F) {
	seeds(f, "credentials", "bad-credentials")
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := vcdm.ParseCredentialJSON(b)
		if err != nil {
			if vc.Code(err) == "" {
				t.Fatalf("got %v, want a fault with a code", err)
			}
			return
		}
		if c.Issuer == "" || len(c.Subjects) == 0 || !slices.Contains(c.Types, "VerifiableCredential") || len(c.Contexts) == 0 {
			t.Fatalf("got %+v", c)
		}
		if !c.ValidFrom.IsZero() && !c.ValidUntil.IsZero() && c.ValidUntil.Before(c.ValidFrom) {
			t.Fatalf("got %v to %v", c.ValidFrom, c.ValidUntil)
		}
		for _, s := range c.Status {
			if s.Mechanism == vc.BitstringStatusList && (s.URI == "" || s.Purpose == "" || s.Size < 1) {
				t.Fatalf("got status %+v", s)
			}
		}
		_ = c.CheckRelated(func(string) ([]byte, bool) { return nil, true })
		c.Disclosed().Claims()
		again, err := vcdm.ParseCredentialJSON(strictjson.AppendCanonical(nil, c.Value))
		if err != nil || again.Issuer != c.Issuer || !again.ValidUntil.Equal(c.ValidUntil) || len(again.Status) != len(c.Status) {
			t.Fatalf("got %+v and %v in canonical form", again, err)
		}
	})
}

// FuzzParsePresentation is the same for presentations and envelopes.
func FuzzParsePresentation(f *testing.F) {
	seeds(f, "presentations", "bad-presentations")
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := vcdm.ParsePresentationJSON(b)
		if err != nil {
			if vc.Code(err) == "" {
				t.Fatalf("got %v, want a fault with a code", err)
			}
			return
		}
		for _, c := range p.Credentials {
			if c.Value.Kind() != strictjson.Object {
				t.Fatalf("got a credential that is a %s", c.Value.Kind())
			}
			if e := c.Envelope; e != nil && (e.MediaType == "" || len(e.Data) == 0) {
				t.Fatalf("got envelope %+v", e)
			}
		}
	})
}
