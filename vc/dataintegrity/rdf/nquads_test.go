package rdf

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/realdid/realdid/internal/vectors"
)

// own reads one of our own files of vectors.
func own[V any](tb testing.TB, name string) []V {
	tb.Helper()
	return vectors.Read[vectors.None, V](tb, "rdf/"+name).Vectors
}

type goodVector struct{ Name, Text, Canonical string }

type badVector struct{ Name, Text string }

func goodNQuads(tb testing.TB) []goodVector { return own[goodVector](tb, "nquads") }

func badNQuads(tb testing.TB) []badVector { return own[badVector](tb, "bad-nquads") }

func TestParseNQuads(t *testing.T) {
	for _, v := range goodNQuads(t) {
		t.Run(v.Name, func(t *testing.T) {
			d, err := ParseNQuads([]byte(v.Text), Limits{})
			if err != nil {
				t.Fatal(err)
			}
			c, err := Canonicalize(d, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got := string(c.NQuads()); got != v.Canonical {
				t.Errorf("got:\n%swant:\n%s", got, v.Canonical)
			}
			checkCanonical(t, d, c)
		})
	}
}

func TestParseNQuadsRefuses(t *testing.T) {
	for _, v := range badNQuads(t) {
		t.Run(v.Name, func(t *testing.T) {
			if d, err := ParseNQuads([]byte(v.Text), Limits{}); !errors.Is(err, ErrSyntax) {
				t.Errorf("%q: got %v, %v, want ErrSyntax", v.Text, d, err)
			}
		})
	}
	for _, text := range []string{"<urn:s> <urn:p> \"\xff\" .\n", "<urn:s> <urn:p> <urn:\xc3> .\n", "# \xed\xa0\x80\n", "_:\xff <urn:p> \"\" .\n"} {
		if _, err := ParseNQuads([]byte(text), Limits{}); !errors.Is(err, ErrSyntax) {
			t.Errorf("%q: got %v, want ErrSyntax", text, err)
		}
	}
}

func TestParseNQuadsLimits(t *testing.T) {
	line := "<urn:s> <urn:p> <urn:o> .\n"
	for _, c := range []struct {
		name string
		text string
		lim  Limits
		want error
	}{
		{"bytes reached", line, Limits{Bytes: len(line)}, nil},
		{"bytes", line, Limits{Bytes: len(line) - 1}, ErrLimit},
		{"bytes by default", strings.Repeat(" ", 1<<20+1), Limits{}, ErrLimit},
		{"quads reached", line + line, Limits{Quads: 2}, nil},
		{"quads", line + line + "# a comment is none\n" + line, Limits{Quads: 2}, ErrLimit},
		{"quads by default", strings.Repeat("<a:><a:><a:>.\n", 1<<16+1), Limits{}, ErrLimit},
	} {
		if _, err := ParseNQuads([]byte(c.text), c.lim); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
}

func TestParseNQuadsTerms(t *testing.T) {
	d, err := ParseNQuads([]byte("_:b <urn:p> \"x\\n\"@en-GB _:a .\n_:a <urn:p> \"1\"^^<urn:d> _:b .\n<urn:s> <urn:p> \"s\" .\n"), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	want := []Quad{
		{NewBlank(0), NewIRI("urn:p"), NewLangLiteral("x\n", "en-GB"), NewBlank(1)},
		{NewBlank(1), NewIRI("urn:p"), NewLiteral("1", "urn:d"), NewBlank(0)},
		{NewIRI("urn:s"), NewIRI("urn:p"), NewLiteral("s", ""), Term{}},
	}
	if !slices.Equal(d.Quads, want) {
		t.Errorf("got %v, want %v", d.Quads, want)
	}
	if !slices.Equal(d.Blanks, []string{"b", "a"}) {
		t.Errorf("got labels %q, want b and a", d.Blanks)
	}
	if d.Quads[0].Object.Datatype != LangString || d.Quads[2].Object.Datatype != XSDString {
		t.Errorf("got datatypes %q and %q", d.Quads[0].Object.Datatype, d.Quads[2].Object.Datatype)
	}
}

// TestErrorsNameTheLine and hold nothing of the text, which may be a person's.
func TestErrorsNameTheLine(t *testing.T) {
	for _, end := range []string{"\n", "\r", "\r\n"} {
		_, err := ParseNQuads([]byte("<urn:s> <urn:p> <urn:o> ."+end+end+"<urn:s> <urn:p> \"secret\"@1 ."+end), Limits{})
		if err == nil || !strings.Contains(err.Error(), "line 3:") || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: got %v, want one that names line 3 and nothing else", end, err)
		}
	}
}

func TestAppendNQuads(t *testing.T) {
	d := &Dataset{}
	a, b := d.AddBlank("x"), d.AddBlank("")
	d.Quads = []Quad{
		{b, NewIRI("urn:p"), NewLiteral("\x00\x1f\x7f\"\\\u0080", ""), a},
		{a, NewIRI("urn:p"), NewLangLiteral("o", "en"), Term{}},
	}
	if got, want := string(d.AppendNQuads(nil, nil)), "_:b1 <urn:p> \"\\u0000\\u001F\\u007F\\\"\\\\\u0080\" _:b0 .\n_:b0 <urn:p> \"o\"@en .\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	label := func(n int) string { return "u" + strings.Repeat("x", n) }
	if got, want := string(AppendQuad([]byte(">"), &d.Quads[0], label)), ">_:ux <urn:p> \"\\u0000\\u001F\\u007F\\\"\\\\\u0080\" _:u .\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestValidIRI(t *testing.T) {
	for _, s := range []string{"a:", "urn:x", "HTTP://x/é?q#f", "a+b-c.d1:x", "did:example:1"} {
		if !ValidIRI(s) {
			t.Errorf("%q: got invalid, want valid", s)
		}
	}
	for _, s := range []string{"", ":", "x", "1a:x", "+a:x", "a_b:x", "é:x", "/x", "a:<", "a:>", "a: ", "a:\n", "a:\x00", "a:\"", "a:{", "a:}", "a:|", "a:^", "a:`", "a:\\"} {
		if ValidIRI(s) {
			t.Errorf("%q: got valid, want invalid", s)
		}
	}
}

func TestValidLanguage(t *testing.T) {
	for _, s := range []string{"en", "EN-us", "x-1", "de-CH-1996"} {
		if !ValidLanguage(s) {
			t.Errorf("%q: got invalid, want valid", s)
		}
	}
	for _, s := range []string{"", "-", "e1", "en-", "en--us", "-en", "en_us", "en> <urn:x", "é", "e n"} {
		if ValidLanguage(s) {
			t.Errorf("%q: got valid, want invalid", s)
		}
	}
}
