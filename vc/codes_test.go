package vc_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestCodes compares the codes in the sources of this package and of the formats with CODES.md: each is listed, and nothing is
// listed that no source has.
func TestCodes(t *testing.T) {
	literal := regexp.MustCompile(`"((?:vc|sdjwt|dataintegrity|bbs2023|vcdm|jose|jwtvc|cose|status)(?:\.[a-z0-9]+)+)"`)
	inCode := map[string]string{}
	for _, pattern := range []string{"*.go", "*/*.go", "*/*/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if strings.HasSuffix(f, "_test.go") {
				continue
			}
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range literal.FindAllStringSubmatch(string(b), -1) {
				inCode[m[1]] = f
			}
		}
	}
	doc, err := os.ReadFile("CODES.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	row := regexp.MustCompile("(?m)^\\| `([a-z0-9.]+)` \\| [^|]+ \\|")
	for _, m := range row.FindAllStringSubmatch(string(doc), -1) {
		if listed[m[1]] {
			t.Errorf("CODES.md lists %s twice", m[1])
		}
		listed[m[1]] = true
	}
	for c, file := range inCode {
		if !listed[c] {
			t.Errorf("%s uses %s, which CODES.md does not list", file, c)
		}
	}
	for c := range listed {
		if inCode[c] == "" {
			t.Errorf("CODES.md lists %s, which no source uses", c)
		}
	}
	profile, err := os.ReadFile("sdjwt/PROFILE.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("`((?:vc|sdjwt)(?:\\.[a-z0-9]+)+)`").FindAllStringSubmatch(string(profile), -1) {
		if !listed[m[1]] {
			t.Errorf("PROFILE.md names %s, which CODES.md does not list", m[1])
		}
	}
	if len(listed) < 50 {
		t.Errorf("got %d codes, want all of them", len(listed))
	}
}
