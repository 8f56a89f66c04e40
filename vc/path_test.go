package vc_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/realdid/realdid/vc"
)

func pathRoot() map[string]any {
	return map[string]any{
		"name":    "Arthur",
		"address": map[string]any{"locality": "Milliways", "0": "zero"},
		"degrees": []any{
			map[string]any{"type": "BSc", "university": "Betelgeuse"},
			map[string]any{"type": "MSc"},
		},
		"nationalities": []any{"GB", "BG"},
		"many":          []any{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19},
		"a/b":           "slash", "a~b": "tilde", "": "empty", "a.b": "dot",
	}
}

func TestPath(t *testing.T) {
	for _, c := range []struct {
		path string
		want []any
	}{
		{"/name", []any{"Arthur"}},
		{`["name"]`, []any{"Arthur"}},
		{"/address/locality", []any{"Milliways"}},
		{`["address","locality"]`, []any{"Milliways"}},
		{"/address/0", []any{"zero"}}, // a token is a name in an object
		{"/nationalities/0", []any{"GB"}},
		{`["nationalities",1]`, []any{"BG"}},
		{`["nationalities",2]`, nil},
		{`["nationalities",null]`, []any{"GB", "BG"}},
		{`["degrees",null,"type"]`, []any{"BSc", "MSc"}},
		{`["degrees",null,"university"]`, []any{"Betelgeuse"}}, // the one without is dropped
		{"/degrees/1/type", []any{"MSc"}},
		{"/a~1b", []any{"slash"}},
		{"/a~0b", []any{"tilde"}},
		{"/", []any{"empty"}},
		{"/a.b", []any{"dot"}},
		{`["a/b"]`, []any{"slash"}},
		{"/missing", nil},
		{"/many/10", []any{10}},
		{`["many",19]`, []any{19}},
		{"/many/999999999", nil},
		{`["missing"]`, nil},
	} {
		p, err := vc.ParsePath(c.path)
		if err != nil {
			t.Errorf("%s: %v", c.path, err)
			continue
		}
		got, err := p.Select(pathRoot())
		if err != nil || fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s: got %v, %v, want %v", c.path, got, err, c.want)
		}
		if p.String() != c.path {
			t.Errorf("String: got %s, want %s", p, c.path)
		}
	}
	for _, s := range []string{strings.Repeat("/a", 32), "/" + strings.Repeat("a", 4095)} {
		if _, err := vc.ParsePath(s); err != nil {
			t.Errorf("at the limit: %v", err)
		}
	}
	if p, err := vc.ParsePath(""); err != nil || len(p.Steps()) != 0 {
		t.Errorf("empty path: got %v, %v, want the whole", p, err)
	}
}

func TestPathMismatch(t *testing.T) {
	for _, s := range []string{"/name/x", `["name",null]`, `["address",0]`, `["address",null]`, `["nationalities","0"]`, "/nationalities/x", "/nationalities/01", "/nationalities/-"} {
		p, err := vc.ParsePath(s)
		if err != nil {
			t.Errorf("%s: %v", s, err)
			continue
		}
		if got, err := p.Select(pathRoot()); !errors.Is(err, vc.ErrPathMismatch) {
			t.Errorf("%s: got %v, %v, want a mismatch", s, got, err)
		}
	}
}

func TestPathRefused(t *testing.T) {
	for _, s := range []string{
		"name", "#/name", "$.name", "/a~", "/a~2", `["a"`, `["a",-1]`, "[]", "[ ]", `["a",01]`, `["a",1:]`, `["a",1000000000]`, `["a",1.0]`, `["a",1e0]`, `["a",true]`, `["a",["b"]]`, `["a",{}]`, `["a"] x`,
		strings.Repeat("/a", 33), "/" + strings.Repeat("a", 4096), "/" + strings.Repeat("a", 5000), "[" + strings.Repeat("[", 100000),
	} {
		if p, err := vc.ParsePath(s); err == nil {
			t.Errorf("%.40s: got %v, want an error", s, p)
		}
	}
}

func FuzzPath(f *testing.F) {
	for _, s := range []string{"", "/a/0/b~1c~0", `["a",null,0,"b"]`, "[", "/~"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := vc.ParsePath(s)
		if err != nil {
			return
		}
		if p.String() != s {
			t.Errorf("got %q, want %q", p, s)
		}
		_, _ = p.Select(pathRoot())
	})
}
