package main

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// varying are the values of one run: what is random, or derives from it.
var varying = regexp.MustCompile(`\S+…\S+`)

func TestOutput(t *testing.T) {
	var out bytes.Buffer
	tell(t.Context(), &out)
	names := map[string]string{} // one value has one name, wherever it stands
	got := varying.ReplaceAllStringFunc(out.String(), func(v string) string {
		if names[v] == "" {
			names[v] = fmt.Sprintf("(value %d)", len(names)+1)
		}
		return names[v]
	})
	got = regexp.MustCompile(`\b\d{4,} rows`).ReplaceAllString(got, "(…) rows")
	got = regexp.MustCompile(` +\n`).ReplaceAllString(got, "\n")
	want, err := os.ReadFile("testdata/output.txt")
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// TestLinksAreFound makes the forum see what the shop sees, and wants that to show.
func TestLinksAreFound(t *testing.T) {
	ctx := t.Context()
	city := newTown(ctx)
	shop, forum := city.open(ctx, "shop"), city.open(ctx, "forum")
	k := &knowledge{town: city, people: []string{"alice", "bob"}}
	for _, name := range k.people {
		p := city.person(ctx, name)
		if err := city.enrol(ctx, p); err != nil {
			t.Fatal(err)
		}
		for _, at := range []*platform{shop, forum} {
			ok(city.visit(ctx, p, at, "signup", nil))
		}
	}
	const none = "0 values, 0 rows of octets"
	if got := k.links("shop", "alice", "forum", "alice"); got != none {
		t.Errorf("got %s, want %s", got, none)
	}
	leaked := city.wire[len(city.wire)-1]
	leaked.person = "alice"
	for _, m := range city.wire {
		if m.party == "shop" && m.person == "alice" {
			leaked.bytes = m.bytes
		}
	}
	city.wire = append(city.wire, leaked)
	if got := k.links("shop", "alice", "forum", "alice"); strings.HasPrefix(got, "0 values") || strings.Contains(got, " 0 rows") {
		t.Errorf("a response that the forum has as well: got %s", got)
	}
	if got := k.links("shop", "bob", "forum", "bob"); got != none {
		t.Errorf("got %s, want %s", got, none)
	}
}

func TestMainIsShort(t *testing.T) {
	src, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	if got := bytes.Count(src, []byte("\n")); got >= 150 {
		t.Errorf("main.go: got %d lines, want under 150", got)
	}
}
