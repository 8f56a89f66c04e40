// Package dcql lets the npm package dcql select claims of our credentials, and check our answers.
package dcql

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/interop/claims"
	"github.com/realdid/realdid/internal/matrix"
	"github.com/realdid/realdid/internal/nodepeer"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/resolver/didkey"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/sdjwt"
)

func TestMain(m *testing.M) { matrix.Main(m) }

func row(t *testing.T, what string, direction matrix.Direction) matrix.Row {
	t.Helper()
	return matrix.Row{Peer: "dcql (npm)", Version: matrix.PackageVersion(t, ".", "dcql"), What: what, Direction: direction}
}

func differs(t *testing.T, what string, direction matrix.Direction, differ, right string) matrix.Row {
	t.Helper()
	r := row(t, what, direction)
	r.Differ, r.Right = differ, right
	return r
}

type answer struct {
	Satisfied bool
	Outputs   []any
	Set       int
	Error     string
}

func ask(t *testing.T, p *nodepeer.Peer, op string, vct any, c any, paths ...[]any) (a answer) {
	t.Helper()
	p.Ask(t, map[string]any{"op": op, "claims": c, "vct": vct, "paths": paths}, &a)
	return a
}

// lenient selects as the peer does: an element of an array that does not fit is passed over if another fits, no element at all is enough,
// names also choose elements of arrays, and null is nothing.
func lenient(v any, path []any) (values []any, ok bool) {
	if len(path) == 0 {
		return []any{v}, v != nil
	}
	switch step := path[0].(type) {
	case string:
		switch v := v.(type) {
		case map[string]any:
			return lenient(v[step], path[1:])
		case []any:
			if i, err := strconv.Atoi(step); err == nil && strconv.Itoa(i) == step && i < len(v) {
				return lenient(v[i], path[1:])
			}
		}
	case int:
		if v, array := v.([]any); array && step < len(v) {
			return lenient(v[step], path[1:])
		}
	case nil:
		list, array := v.([]any)
		if !array {
			return nil, false
		}
		ok = len(list) == 0
		for _, e := range list {
			if found, fits := lenient(e, path[1:]); fits {
				values, ok = append(values, found...), true
			}
		}
		return values, ok
	}
	return nil, false
}

// intoArray tells whether a name of the path meets an array, and nothing that is no array of that many elements.
func intoArray(v any, path []any) bool {
	for i, step := range path {
		switch at := v.(type) {
		case map[string]any:
			name, _ := step.(string)
			v = at[name]
		case []any:
			switch step := step.(type) {
			case string:
				return true
			case int:
				if step >= len(at) {
					return false
				}
				v = at[step]
			case nil:
				return slices.ContainsFunc(at, func(e any) bool { return intoArray(e, path[i+1:]) })
			}
		default:
			return false
		}
	}
	return false
}

// TestSelect: a path selects the same of the same claims, or nothing.
func TestSelect(t *testing.T) {
	const null, empty, kinds, names = "claims that are null", "null, for all elements of an empty array", "values of several kinds in one array", "a name that is the index of an array"
	agreed := matrix.Record(t, row(t, "claims path of a query: what it selects of a credential of ours", matrix.OursAndTheirs))
	known := map[string]*matrix.Recording{
		null: matrix.Record(t, differs(t, "claims path of a query that selects "+null, matrix.RefusedByTheirs,
			"dcql treats a claim whose value is null as one that is not there.", "realdid: OpenID4VP 1.0, section 7.1.1 (elements are selected, whatever their value).")),
		empty: matrix.Record(t, differs(t, "claims path of a query that selects "+empty, matrix.RefusedByUs,
			"dcql finds a query for the elements of an array satisfied by an array without any.", "realdid: OpenID4VP 1.0, section 7.1.1, step 3 (an empty selection is an error).")),
		kinds: matrix.Record(t, differs(t, "claims path of a query that goes through "+kinds, matrix.RefusedByUs,
			"dcql passes over elements that a path does not fit, if it fits another.",
			"realdid: OpenID4VP 1.0, section 7.1.1, steps 2.1 to 2.3 (processing is aborted with an error if any selected element is no object, or no array).")),
		names: matrix.Record(t, differs(t, "claims path of a query that has "+names, matrix.RefusedByUs,
			"dcql takes an array for an object whose names are the indices.", "realdid: OpenID4VP 1.0, section 7.1.1, step 2.1 (a name in what is no object is an error).")),
	}
	p := nodepeer.Start(t, ".", "dcql")
	for i := range 4000 {
		g := claims.New(uint64(i))
		c := g.Next()
		path := g.Query(&c)
		if g.IntN(30) == 0 && len(path) > 1 {
			path[1+g.IntN(len(path)-1)] = "0"
		}
		want, ok := claims.Selected(c.Claims, path)
		modelled, fits := lenient(c.Claims, path)
		a := ask(t, p, "select", claims.Type, c.Claims, path)
		if a.Error != "" || a.Satisfied != fits {
			t.Fatalf("%s of %v: here %v, %t; there %+v", claims.Text(path), c.Claims, want, ok, a)
		}
		if a.Satisfied {
			if got, _ := lenient(a.Outputs[0], path); !claims.Same(got, modelled) {
				t.Fatalf("%s of %v: here %v; there %v", claims.Text(path), c.Claims, want, got)
			}
		}
		switch {
		case ok && slices.Contains(want, nil):
			known[null].Case()
		case ok == fits && (!ok || claims.Same(want, modelled)):
			agreed.Case()
		case ok:
			t.Fatalf("%s of %v: here %v; there %v", claims.Text(path), c.Claims, want, modelled)
		case intoArray(c.Claims, path):
			known[names].Case()
		case len(modelled) == 0:
			known[empty].Case()
		default:
			known[kinds].Case()
		}
	}
}

// TestNoPaths: what is no path is refused on both sides.
func TestNoPaths(t *testing.T) {
	rec := matrix.Record(t, row(t, "what is no claims path, refused", matrix.OursAndTheirs))
	p := nodepeer.Start(t, ".", "dcql")
	for _, path := range [][]any{
		{}, {-1}, {1.5}, {"a", -3}, {true}, {false, "a"}, {map[string]any{}}, {"a", []any{"b"}}, {[]any{}}, {"a", map[string]any{"b": 1}}, {"a", nil, 0.25}, {"a", true},
	} {
		if _, err := vc.ParsePath(claims.Text(path)); err == nil {
			t.Errorf("here %s is a path", claims.Text(path))
		}
		if a := ask(t, p, "select", claims.Type, map[string]any{"vct": claims.Type, "a": []any{1, 2}}, path); a.Error == "" {
			t.Errorf("there %s is a path: %+v", claims.Text(path), a)
		}
		rec.Case()
	}
}

// party is an issuer or holder with a did:key.
type party struct {
	*keys.PrivateKey
	id did.DID
}

func newParty(t *testing.T) party {
	t.Helper()
	k, err := keys.Generate(keys.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	return party{k, didkey.Of(k.Public())}
}

// TestAnswers: what a holder presents here for the paths of a query answers it there, and what lacks a claim does not.
func TestAnswers(t *testing.T) {
	rec := matrix.Record(t, row(t, "SD-JWT VC presented for the paths of a query: accepted as the answer", matrix.OursToTheirs))
	broken := matrix.Record(t, differs(t, "SD-JWT VC presented for an index of an array that stands beside an empty one", matrix.RefusedByTheirs,
		"dcql looks at every array in the presentation, because withheld elements leave no place, and fails with a TypeError at one without elements.",
		"realdid: OpenID4VP 1.0, section 7.1.1, step 2.3 (an array without that index is removed from the selection, and is no error)."))
	p := nodepeer.Start(t, ".", "dcql")
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	issuer, holder := newParty(t), newParty(t)
	verifier := vc.NewVerifier(resolver.Keys{Resolver: didkey.Resolver{Now: func() time.Time { return now }}}, func() time.Time { return now })
	expect := &vc.Expect{
		Issuers: []did.DID{issuer.id}, Types: []string{claims.Type}, Audience: "https://verifier.example", Nonce: "n-1", InsecureUnrotatableHolderKey: true,
	}
	for i := range 600 {
		g := claims.New(uint64(20_000 + i))
		c := g.Next()
		var paths [][]any
		var reveal []string
		for range 1 + g.IntN(3) {
			path := g.Query(&c)
			if values, ok := claims.Selected(c.Claims, path); ok && !slices.Contains(values, nil) {
				paths, reveal = append(paths, path), append(reveal, claims.Text(path))
			}
		}
		if len(paths) == 0 {
			continue
		}
		cred, err := sdjwt.Issue(t.Context(), sdjwt.Issuer{Signer: issuer, Method: didkey.URL(issuer.Public())}, c.Claims, &sdjwt.IssueOptions{
			Disclosable: c.Disclosable, Holder: didkey.URL(holder.Public()), IssuedAt: now,
		})
		if err != nil {
			t.Fatal(err)
		}
		present := func(reveal []string) map[string]any {
			pres, err := cred.Present(t.Context(), holder, &sdjwt.PresentOptions{
				Reveal: reveal, Audience: expect.Audience, Nonce: expect.Nonce, Method: didkey.URL(holder.Public()), IssuedAt: now,
			})
			if err != nil {
				t.Fatal(err)
			}
			got, _, err := verifier.Verify(t.Context(), sdjwt.Received(pres.Bytes()), expect)
			if err != nil {
				t.Fatal(err)
			}
			return got.Claims()
		}
		presented := present(reveal)
		a := ask(t, p, "check", claims.Type, presented, paths...)
		if a.Error != "" && slices.ContainsFunc(paths, func(path []any) bool { return meetsEmpty(presented, path) }) {
			broken.Case()
			continue
		}
		if !a.Satisfied {
			t.Fatalf("%d: %s of %v: %+v", i, reveal, c.Claims, a)
		}
		rec.Case()
		without := present(nil)
		if !slices.ContainsFunc(paths, func(path []any) bool { return !anywhere(without, path) }) {
			continue // all of it is in the clear
		}
		if a := ask(t, p, "check", claims.Type, without, paths...); a.Satisfied {
			t.Fatalf("%d: %s is answered by %v", i, reveal, without)
		} else if a.Error == "" {
			rec.Tampered()
		}
		if a := ask(t, p, "check", "https://credentials.example/other", present(reveal), paths...); a.Satisfied {
			t.Fatalf("%d: a query for another type is answered", i)
		}
		rec.Tampered()
	}
}

// meetsEmpty tells whether an index of the path meets an array without elements.
func meetsEmpty(v any, path []any) bool {
	if len(path) == 0 {
		return false
	}
	switch v := v.(type) {
	case map[string]any:
		name, ok := path[0].(string)
		return ok && meetsEmpty(v[name], path[1:])
	case []any:
		_, index := path[0].(int)
		return index && len(v) == 0 || slices.ContainsFunc(v, func(e any) bool { return meetsEmpty(e, path[1:]) })
	}
	return false
}

// anywhere tells whether a path leads somewhere if an index may be that of any element: elements that are withheld leave no place.
func anywhere(v any, path []any) bool {
	open := slices.Clone(path)
	for i, step := range open {
		if _, ok := step.(int); ok {
			open[i] = nil
		}
	}
	_, ok := lenient(v, open)
	return ok
}
