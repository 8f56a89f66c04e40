package sdjwt_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/realdid/realdid/internal/vectors"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/sdjwt"
)

// fuzzSeeds are the inputs of our own vectors, with and without key binding.
func fuzzSeeds(f *testing.F, names ...string) [][]byte {
	f.Helper()
	var seeds [][]byte
	for _, name := range names {
		for _, v := range vectors.Read[vectorSetting, vector](f, name).Vectors {
			seeds = append(seeds, []byte(v.Input))
			for i := len(v.Input) - 1; i > 0; i-- {
				if v.Input[i] == '~' {
					seeds = append(seeds, []byte(v.Input[:i+1]))
					break
				}
			}
		}
	}
	return seeds
}

func equalJSON(t *testing.T, a, b any) bool {
	t.Helper()
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

// FuzzKeyID puts any text into the three places where a peer names a key: no panic, and never a valid result but for the one
// key that exists.
func FuzzKeyID(f *testing.F) {
	for _, s := range []string{"did:example:authority#key-1", "#key-1", "key-1", "", "did:", "#", "did:example:authority#", "did:example:citizen#phone", "did:example:citizen", "%", "did:example:a#%zz"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, id string) {
		p := newParties(t, 1, 1)
		quoted, err := json.Marshal(id)
		if err != nil {
			return
		}
		for _, place := range []string{"issuer", "cnf", "kb"} {
			g := newForgery(t)
			switch place {
			case "issuer":
				g.header = `{"alg":"EdDSA","typ":"dc+sd-jwt","kid":` + string(quoted) + `}`
			case "cnf":
				g.set("cnf", `{"kid":`+string(quoted)+`}`)
			case "kb":
				g.set("cnf", `{"kid":"did:example:citizen"}`)
				g.kbHeader = `{"alg":"EdDSA","typ":"kb+jwt","kid":` + string(quoted) + `}`
			}
			s := forgedSetting(t)
			p.keys = table(t, forgeTime, s.Keys)
			p.now = forgeTime
			_, err := p.verify(t, []byte(g.compact()), s.Expect.policy(t))
			switch {
			case err != nil && !errors.Is(err, vc.ErrInvalid):
				t.Fatalf("%s: got %v, want a final answer", place, err)
			case err == nil && id != "did:example:authority#key-1" && id != "did:example:citizen#phone":
				t.Fatalf("%s: %q names no key and was accepted", place, id)
			}
		}
		_, _ = sdjwt.Parse([]byte(id))
	})
}

// FuzzSDJWT parses anything. What parses is kept byte for byte; a credential that parses presents everything that it has as
// something that parses again with the same claims.
func FuzzSDJWT(f *testing.F) {
	for _, s := range fuzzSeeds(f, vectors.Names(f, "sdjwt")...) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		given := bytes.Clone(b)
		p, err := sdjwt.Parse(b)
		if !bytes.Equal(b, given) {
			t.Fatal("the input was changed")
		}
		if err != nil {
			if vc.Code(err) == "" || !errors.Is(err, vc.ErrInvalid) {
				t.Fatalf("error without a code: %v", err)
			}
			return
		}
		if !bytes.Equal(p.Bytes(), b) {
			t.Fatalf("got %q, want the bytes as received", p.Bytes())
		}
		c, err := sdjwt.ParseCredential(b)
		if err != nil {
			return
		}
		all, err := c.Disclosable()
		if err != nil {
			t.Fatal(err)
		}
		want, err := c.UnverifiedClaims()
		if err != nil {
			t.Fatal(err)
		}
		for _, form := range []sdjwt.Serialization{sdjwt.Compact, sdjwt.FlattenedJSON, sdjwt.GeneralJSON} {
			again, err := c.Present(t.Context(), nil, &sdjwt.PresentOptions{Reveal: all, Serialization: form})
			if err != nil {
				continue // a path may be too long for a path
			}
			if got, err := again.UnverifiedClaims(); err != nil || !equalJSON(t, got, want) {
				t.Fatalf("form %d: got %v, %v, want %v", form, got, err, want)
			}
		}
	})
}

// FuzzPresent presents any credential with any path: no panic, and never more disclosures than the credential has.
func FuzzPresent(f *testing.F) {
	for _, s := range fuzzSeeds(f, "sdjwt/valid") {
		f.Add(s, "/given_name")
		f.Add(s, `["nationalities",null]`)
		f.Add(s, "")
	}
	holder := fixedKey(f, keys.Ed25519, forgeHolder)
	f.Fuzz(func(t *testing.T, b []byte, path string) {
		c, err := sdjwt.ParseCredential(b)
		if err != nil {
			return
		}
		opt := &sdjwt.PresentOptions{Reveal: []string{path}}
		if plain, err := c.Present(t.Context(), nil, opt); err == nil {
			if bytes.Count(plain.Bytes(), []byte("~")) > bytes.Count(b, []byte("~")) && b[0] != '{' {
				t.Fatal("more disclosures than the credential has")
			}
			if _, err := plain.UnverifiedClaims(); err != nil {
				t.Fatalf("a presentation does not parse: %v", err)
			}
		}
		opt.Audience, opt.Nonce, opt.IssuedAt = "a", "n", forgeTime
		bound, err := c.Present(t.Context(), holder, opt)
		if err != nil {
			return
		}
		if _, err := bound.Open(); err != nil {
			t.Fatalf("a bound presentation does not parse: %v", err)
		}
	})
}
