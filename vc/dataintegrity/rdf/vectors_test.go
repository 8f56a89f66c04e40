package rdf

import (
	"crypto"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/realdid/realdid/internal/vectors"
)

// TestVectors runs the W3C's tests of RDFC-1.0 as their manifest lists them.
func TestVectors(t *testing.T) {
	dir := vectors.Dir(t, "rdfc-1.0")
	var manifest struct {
		Entries []struct{ ID, Type, Name, Action, Result, HashAlgorithm string }
	}
	unmarshal(t, filepath.Join(dir, "manifest.jsonld"), &manifest)
	count := map[string]int{}
	for _, e := range manifest.Entries {
		count[e.Type]++
		t.Run(strings.TrimPrefix(e.ID, "#"), func(t *testing.T) {
			d, err := ParseNQuads(readFile(t, filepath.Join(dir, e.Action)), Limits{})
			if err != nil {
				t.Fatal(err)
			}
			opt := &Options{}
			switch e.HashAlgorithm {
			case "", "SHA256":
			case "SHA384":
				opt.Hash = crypto.SHA384
			default:
				t.Fatalf("unknown hash %q", e.HashAlgorithm)
			}
			c, err := Canonicalize(d, opt)
			if e.Type == "rdfc:RDFC10NegativeEvalTest" {
				if !errors.Is(err, ErrWork) {
					t.Fatalf("got %v, want ErrWork", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			switch e.Type {
			case "rdfc:RDFC10EvalTest":
				if got, want := string(c.NQuads()), string(readFile(t, filepath.Join(dir, e.Result))); got != want {
					t.Errorf("got:\n%swant:\n%s", got, want)
				}
			case "rdfc:RDFC10MapTest":
				want := map[string]string{}
				unmarshal(t, filepath.Join(dir, e.Result), &want)
				if len(want) != len(c.Labels) {
					t.Fatalf("got %d labels, want %d", len(c.Labels), len(want))
				}
				for i, l := range d.Blanks {
					if c.Labels[i] != want[l] {
						t.Errorf("label of %s: got %s, want %s", l, c.Labels[i], want[l])
					}
				}
			default:
				t.Errorf("unknown type %s", e.Type)
			}
		})
	}
	if count["rdfc:RDFC10EvalTest"] == 0 || count["rdfc:RDFC10MapTest"] == 0 || count["rdfc:RDFC10NegativeEvalTest"] == 0 {
		t.Errorf("got %v, want tests of three types", count)
	}
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func unmarshal(t *testing.T, name string, v any) {
	t.Helper()
	if err := json.Unmarshal(readFile(t, name), v); err != nil {
		t.Fatal(err)
	}
}
