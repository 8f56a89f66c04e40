package didcomm_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/realdid/realdid/did/didcomm"
)

// checkUnpacked holds whatever Unpack says to what its documentation promises.
func checkUnpacked(t *testing.T, s *stage, text string) *didcomm.Received {
	t.Helper()
	b := []byte(text)
	r, err := s.bob.Unpack(context.Background(), b, all)
	if string(b) != text {
		t.Fatal("the input was changed")
	}
	if err != nil {
		if r != nil || errors.Is(err, didcomm.ErrInvalid) == errors.Is(err, didcomm.ErrUnknown) {
			t.Fatalf("got %v, %v", r, err)
		}
		return nil
	}
	m := r.Message
	if _, err := m.JSON(); err != nil {
		t.Fatalf("the message cannot be written: %v", err)
	}
	if r.Authenticated && m.From.IsZero() || r.Encrypted && len(m.To) > 0 && !slices.Contains(m.To, r.RecipientKey.DID()) {
		t.Fatalf("got %+v", r)
	}
	if !r.SenderKey.IsZero() && r.SenderKey.DID() != m.From || r.Signed && r.SignedBy.DID() != m.From {
		t.Fatalf("got %+v", r)
	}
	return r
}

// FuzzUnpack reads whatever there is.
func FuzzUnpack(f *testing.F) {
	s := newStage(f)
	for _, v := range s.good() {
		f.Add(v.Packed)
	}
	for _, c := range slices.Concat(s.badForm(), s.badHeader(), s.badParties(), s.badCrypto(), s.badLayers(), s.badSignatures()) {
		if len(c.text) < 8<<10 {
			f.Add(c.text)
		}
	}
	f.Fuzz(func(t *testing.T, text string) { checkUnpacked(t, s, text) })
}

// FuzzHeader reads envelopes of authcrypt whose sender wrote any protected header, and encrypted under it.
func FuzzHeader(f *testing.F) {
	s := newStage(f)
	good := s.auth("x")
	good.encode = func(h map[string]any) string { text := string(toJSON(f, h)); f.Add(text); return text }
	good.make(f)
	f.Fuzz(func(t *testing.T, header string) {
		e := *good
		e.encode = func(map[string]any) string { return header }
		if r := checkUnpacked(t, s, e.make(t)); r != nil {
			if r.SenderKey != s.alice.url("x-1") || !strings.Contains(header, "ECDH-1PU+A256KW") && !strings.Contains(header, `\u`) {
				t.Errorf("header %q: got %+v", header, r)
			}
		}
	})
}

// FuzzContent reads envelopes of authcrypt by Alice with any content.
func FuzzContent(f *testing.F) {
	s := newStage(f)
	f.Add(s.text(nil))
	f.Add(s.text(set("from", "did:example:mallory")))
	f.Add(s.text(set("to", []any{"did:example:carol"})))
	f.Add(s.signed().make(f))
	f.Add(s.auth("x").make(f))
	good := s.auth("x")
	f.Fuzz(func(t *testing.T, content string) {
		e := *good
		e.content = content
		if r := checkUnpacked(t, s, e.make(t)); r != nil && (r.Message.From != s.alice.id || r.Protection != didcomm.Authcrypt) {
			t.Errorf("got %+v", r)
		}
	})
}
