package rdf

import (
	"bytes"
	"crypto"
	_ "crypto/md5"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
)

// canonicalVector is one of canonical.json: Hash is SHA-256 or SHA-384.
type canonicalVector struct {
	Name, Hash, Text, Canonical string
	Labels                      map[string]string
}

func (v *canonicalVector) options() *Options {
	if v.Hash == "SHA-384" {
		return &Options{Hash: crypto.SHA384}
	}
	return nil
}

func TestCanonicalize(t *testing.T) {
	for _, v := range own[canonicalVector](t, "canonical") {
		t.Run(v.Name, func(t *testing.T) {
			d, err := ParseNQuads([]byte(v.Text), Limits{})
			if err != nil {
				t.Fatal(err)
			}
			for n := range 20 {
				if n > 0 {
					d = shuffled(d, rand.New(rand.NewPCG(uint64(n), 3)))
				}
				c, err := Canonicalize(d, v.options())
				if err != nil {
					t.Fatal(err)
				}
				if got := string(c.NQuads()); got != v.Canonical {
					t.Fatalf("order %d: got:\n%swant:\n%s", n, got, v.Canonical)
				}
				checkCanonical(t, d, c)
				for i, l := range d.Blanks {
					if n == 0 && v.Labels != nil && v.Labels[l] != c.Labels[i] {
						t.Errorf("label of %s: got %s, want %s", l, c.Labels[i], v.Labels[l])
					}
				}
			}
		})
	}
}

func TestCanonicalizeHash(t *testing.T) {
	d := credentialDataset(3, true)
	a, err := Canonicalize(d, &Options{Hash: crypto.SHA256})
	if err != nil {
		t.Fatal(err)
	}
	b, err := Canonicalize(d, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(a.Labels, b.Labels) {
		t.Errorf("got labels %v by default, want those of SHA-256, %v", b.Labels, a.Labels)
	}
	for _, h := range []crypto.Hash{crypto.SHA512, crypto.SHA1, crypto.MD5, crypto.SHA512_256} {
		if _, err := Canonicalize(d, &Options{Hash: h}); err == nil {
			t.Errorf("%v: got no error", h)
		}
	}
}

func TestCanonicalizeRefuses(t *testing.T) {
	iri, lit := NewIRI("urn:x"), NewLiteral("x", "")
	for _, c := range []struct {
		fault string
		q     Quad
	}{
		{"no subject", Quad{Term{}, iri, iri, Term{}}},
		{"literal as subject", Quad{lit, iri, iri, Term{}}},
		{"no predicate", Quad{iri, Term{}, iri, Term{}}},
		{"blank node as predicate", Quad{iri, NewBlank(0), iri, Term{}}},
		{"literal as predicate", Quad{iri, lit, iri, Term{}}},
		{"no object", Quad{iri, iri, Term{}, Term{}}},
		{"literal as graph", Quad{iri, iri, iri, lit}},
		{"unknown kind", Quad{iri, iri, Term{Kind: 9}, Term{}}},
		{"blank node out of range", Quad{iri, iri, NewBlank(1), Term{}}},
		{"blank node below zero", Quad{NewBlank(-1), iri, iri, Term{}}},
		{"relative IRI as subject", Quad{NewIRI("x"), iri, iri, Term{}}},
		{"relative IRI as predicate", Quad{iri, NewIRI("x"), iri, Term{}}},
		{"relative IRI as object", Quad{iri, iri, NewIRI("x"), Term{}}},
		{"relative IRI as graph", Quad{iri, iri, iri, NewIRI("x")}},
		{"relative datatype", Quad{iri, iri, Term{Kind: Literal, Datatype: "x"}, Term{}}},
		{"no datatype", Quad{iri, iri, Term{Kind: Literal}, Term{}}},
		{"IRI that ends early", Quad{iri, iri, NewIRI("urn:a> <urn:g"), Term{}}},
		{"IRI with a line end", Quad{iri, iri, NewIRI("urn:a\nb"), Term{}}},
		{"datatype that ends early", Quad{iri, iri, NewLiteral("", "urn:a> <urn:g"), Term{}}},
		{"language that goes on", Quad{iri, iri, NewLangLiteral("", "en <urn:g>"), Term{}}},
	} {
		d := &Dataset{Quads: []Quad{{iri, iri, iri, Term{}}, c.q}, Blanks: []string{""}}
		_, err := Canonicalize(d, nil)
		if !errors.Is(err, ErrQuad) || !strings.Contains(fmt.Sprint(err), "quad 1") {
			t.Errorf("%s: got %v, want ErrQuad for quad 1", c.fault, err)
		}
		if _, err := d.Relabel([]string{"x"}); !errors.Is(err, ErrQuad) {
			t.Errorf("%s: Relabel: got %v, want ErrQuad", c.fault, err)
		}
	}
}

func TestCanonicalizeNothing(t *testing.T) {
	c, err := Canonicalize(&Dataset{Blanks: []string{"unused"}}, nil)
	if err != nil || len(c.NQuads()) != 0 || len(c.Lines) != 0 || !slices.Equal(c.Labels, []string{""}) {
		t.Errorf("got %+v, %v, want nothing, and no label", c, err)
	}
}

// TestPoison checks that datasets made to take ages end by the limit.
func TestPoison(t *testing.T) {
	for _, v := range own[badVector](t, "poison") {
		d, err := ParseNQuads([]byte(v.Text), Limits{})
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range []crypto.Hash{crypto.SHA256, crypto.SHA384} {
			if _, err := Canonicalize(d, &Options{Hash: h}); !errors.Is(err, ErrWork) {
				t.Errorf("%s: got %v, want ErrWork", v.Name, err)
			}
		}
	}
}

// spent returns the work that a dataset takes.
func spent(t *testing.T, d *Dataset) int {
	t.Helper()
	least, most := 0, 1<<24 // too little, enough
	if _, err := Canonicalize(d, &Options{MaxWork: most}); err != nil {
		t.Fatal(err)
	}
	for most-least > 1 {
		if mid := (least + most) / 2; errors.Is(second(Canonicalize(d, &Options{MaxWork: mid})), ErrWork) {
			least = mid
		} else {
			most = mid
		}
	}
	return most
}

func ring(nodes int) *Dataset {
	d := &Dataset{}
	for n := range nodes {
		d.AddBlank("")
		d.Quads = append(d.Quads, Quad{NewBlank(n), NewIRI("urn:next"), NewBlank((n + 1) % nodes), Term{}})
	}
	return d
}

// twice adds a copy of the dataset with nodes of its own. Each node gets one more, which all of the copies share by its hash.
func twice(d *Dataset) *Dataset {
	n := len(d.Blanks)
	for _, q := range d.Quads {
		d.Quads = append(d.Quads, Quad{NewBlank(q.Subject.Blank + n), q.Predicate, NewBlank(q.Object.Blank + n), Term{}})
	}
	for b := range 2 * n {
		d.Quads = append(d.Quads, Quad{NewBlank(b), NewIRI("urn:has"), NewBlank(2*n + b), Term{}})
	}
	d.Blanks = make([]string, 4*n)
	return d
}

func twoGraphs() *Dataset {
	d := &Dataset{Blanks: make([]string, 6)}
	for g := range 2 {
		for n := range 2 {
			d.Quads = append(d.Quads, Quad{NewBlank(2 + 2*g + n), NewIRI("urn:p"), NewLiteral("x", ""), NewBlank(g)})
		}
	}
	return d
}

func second[A, B any](_ A, b B) B { return b }

// TestWorkCounts checks that work is counted where an attacker could otherwise have it for nothing.
func TestWorkCounts(t *testing.T) {
	work := spent(t, clique(4))
	for _, c := range []struct { // exactly, since users set limits by it
		name string
		d    *Dataset
		want int
	}{
		{"4 interlinked nodes", clique(4), 2052},
		{"a ring of 10", ring(10), 1004},
		{"two rings of 3", twice(ring(3)), 368},
		{"two nodes in each of two graphs", twoGraphs(), 90},
		{"none alike", credentialDataset(10, true), 1},
	} {
		if got := spent(t, c.d); got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, got, c.want)
		}
	}

	long := clique(4)
	for i := range long.Quads {
		long.Quads[i].Predicate = NewIRI("urn:" + strings.Repeat("p", 64_000))
	}
	if got := spent(t, long); got < work+1000 {
		t.Errorf("with long predicates: got %d, want at least the %d blocks of one more than %d", got, 1000, work)
	}

	graphs := clique(4)
	for i := range graphs.Quads {
		graphs.Quads[i].Graph = NewIRI("urn:" + strings.Repeat("g", 1000))
	}
	graphs.Quads = append(graphs.Quads, Quad{NewIRI("urn:s"), NewIRI("urn:p"), NewIRI("urn:o"), Term{}})
	if got := spent(t, graphs); got < 2*work {
		t.Errorf("with ties to break: got %d, want more than twice %d", got, work)
	}

	// Quads of a node alone are gone over once, not at each visit.
	alone := clique(4)
	for n := range 4 {
		for i := range 100 {
			alone.Quads = append(alone.Quads, Quad{NewBlank(n), NewIRI("urn:p"), NewLiteral(fmt.Sprint(i), ""), Term{}})
		}
	}
	if got := spent(t, alone); got != work {
		t.Errorf("with quads of single nodes: got %d, want %d", got, work)
	}
	c := new(canonizer)
	if err := c.template.write(alone); err != nil {
		t.Fatal(err)
	}
	c.mentions.write(c.lines, 4)
	c.firstDegree()
	c.work = 1 << 20
	if !c.label() || len(c.mentions.of(0)) != 6 {
		t.Errorf("got %d mentions of a node, want the 6 that relate it", len(c.mentions.of(0)))
	}
}

// TestWorkEnough checks the limit from both sides, and that one dataset leaves nothing to the next.
func TestWorkEnough(t *testing.T) {
	want := map[int]string{}
	for _, n := range []int{5, 3, 8, 5, 3, 8, 2, 5} {
		c, err := Canonicalize(clique(n), nil)
		if n == 8 {
			if !errors.Is(err, ErrWork) {
				t.Errorf("8 interlinked nodes: got %v, want ErrWork", err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%d interlinked nodes: %v", n, err)
		}
		if before, ok := want[n]; ok && before != string(c.NQuads()) {
			t.Errorf("%d interlinked nodes: got another form than before", n)
		}
		want[n] = string(c.NQuads())
	}
	if testing.Short() {
		return
	}
	if _, err := Canonicalize(ring(100), nil); err != nil {
		t.Errorf("a ring of 100 nodes: %v", err)
	}
}

func TestCanonicalizeConcurrently(t *testing.T) {
	want, err := Canonicalize(credentialDataset(20, true), nil)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for range 20 {
				if g%2 == 0 {
					_, _ = Canonicalize(clique(4), nil)
				}
				c, err := Canonicalize(credentialDataset(20, true), nil)
				if err != nil || !bytes.Equal(c.NQuads(), want.NQuads()) {
					t.Errorf("got another form, or %v", err)
				}
			}
		})
	}
	wg.Wait()
}

// TestCanonicalOwnsItsMemory checks that a later call does not change what an earlier one gave.
func TestCanonicalOwnsItsMemory(t *testing.T) {
	a, err := Canonicalize(credentialDataset(10, true), nil)
	if err != nil {
		t.Fatal(err)
	}
	before := bytes.Clone(a.NQuads())
	for range 10 {
		if _, err := Canonicalize(credentialDataset(12, false), nil); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(before, a.NQuads()) || !bytes.Equal(before, bytes.Join(a.Lines, nil)) {
		t.Error("the canonical form has changed")
	}
	if c := (&Canonical{Lines: a.Lines}); !bytes.Equal(c.NQuads(), before) {
		t.Error("NQuads of lines alone: got something else")
	}
	_ = append(a.Lines[0], "overwritten"...)
	if !bytes.Equal(before, a.NQuads()) {
		t.Error("appending to a line has overwritten the next")
	}
}

func TestRelabel(t *testing.T) {
	d := &Dataset{}
	a, b := d.AddBlank(""), d.AddBlank("")
	d.AddBlank("") // occurs nowhere
	p := NewIRI("urn:p")
	d.Quads = []Quad{{a, p, b, Term{}}, {b, p, a, Term{}}, {a, p, b, Term{}}}
	c, err := d.Relabel([]string{"uZ_-9", "u0", ""})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(c.NQuads()), "_:u0 <urn:p> _:uZ_-9 .\n_:uZ_-9 <urn:p> _:u0 .\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if !slices.Equal(c.Order, []int{1, 0}) || !slices.Equal(c.LineOf, []int{1, 0, 1}) {
		t.Errorf("got order %v and lines %v, want [1 0] and [1 0 1]", c.Order, c.LineOf)
	}
	for _, labels := range [][]string{nil, {"a", "b"}, {"a", "b", "", ""}, {"a", "", ""}, {"a", "a", ""}, {"a", "b .\n", ""}, {"a", "-b", ""}, {"a", "é", ""}, {"a", "b.c", ""}} {
		if _, err := d.Relabel(labels); err == nil {
			t.Errorf("%q: got no error", labels)
		}
	}
}
