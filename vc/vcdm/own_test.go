package vcdm_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/realdid/realdid/internal/vectors"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/vcdm"
)

// ownVector is an item of the files of testdata/vcdm; its README explains the members.
type ownVector struct {
	Name  string          `json:"name"`
	Rule  string          `json:"rule"`
	Code  string          `json:"code"`
	Input json.RawMessage `json:"input"`
	Text  string          `json:"text"`
}

func (v *ownVector) bytes() []byte {
	if v.Text != "" {
		return []byte(v.Text)
	}
	return v.Input
}

func ownVectors(tb testing.TB, name string) []ownVector {
	tb.Helper()
	return vectors.Read[vectors.None, ownVector](tb, "vcdm/"+name).Vectors
}

func credential(b []byte) error {
	_, err := vcdm.ParseCredentialJSON(b)
	return err
}

func presentation(b []byte) error {
	_, err := vcdm.ParsePresentationJSON(b)
	return err
}

func TestOwnVectors(t *testing.T) {
	for _, c := range []struct {
		file string
		read func([]byte) error
	}{
		{"credentials", credential},
		{"bad-credentials", credential},
		{"presentations", presentation},
		{"bad-presentations", presentation},
	} {
		for _, v := range ownVectors(t, c.file) {
			t.Run(c.file+"/"+v.Name, func(t *testing.T) {
				err := c.read(v.bytes())
				if got := vc.Code(err); got != v.Code || (err == nil) != (v.Code == "") {
					t.Fatalf("got %v, want code %q", err, v.Code)
				}
				if err != nil && (!errors.Is(err, vc.ErrInvalid) || errors.Is(err, vc.ErrUnknown)) {
					t.Errorf("got %v, want a final fault", err)
				}
			})
		}
	}
}

// TestEveryCode wants a vector for every code of this package's table that a document alone can have.
func TestEveryCode(t *testing.T) {
	doc, err := os.ReadFile(filepath.Join("..", "CODES.md"))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{"vcdm.related.mismatch": true, "vcdm.selfasserted": true}
	for _, file := range []string{"bad-credentials", "bad-presentations"} {
		for _, v := range ownVectors(t, file) {
			seen[v.Code] = true
		}
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `(vcdm\\.[a-z.]+)`").FindAllStringSubmatch(string(doc), -1) {
		if code := m[1]; !seen[code] && !strings.HasPrefix(code, "vcdm.schema.") {
			t.Errorf("no vector has the code %s", code)
		}
	}
}
