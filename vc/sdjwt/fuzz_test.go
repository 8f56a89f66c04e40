package sdjwt_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/sdjwt"
)

// fuzzSeeds are the inputs of our own vectors, with and without key binding.
func fuzzSeeds(f *testing.F) [][]byte {
	f.Helper()
	files, err := filepath.Glob(filepath.Join(vectorDir, "*.json"))
	if err != nil || len(files) == 0 {
		f.Fatalf("no vectors: %v", err)
	}
	var seeds [][]byte
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		var file vectorFile
		if err := json.Unmarshal(b, &file); err != nil {
			f.Fatal(err)
		}
		for _, v := range file.Vectors {
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
