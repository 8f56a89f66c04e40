package realdid_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/realdid"
)

type predecessorVector struct {
	Home  string       `json:"home"`
	Trust trustVector  `json:"trust"`
	Until *time.Time   `json:"until,omitempty"`
	Final *finalVector `json:"final,omitempty"`
}

type finalVector struct {
	Size      uint64     `json:"size"`
	Root      proof.Hash `json:"root"`
	Successor string     `json:"successor,omitempty"`
}

// An import that is valid for those who trust so, with the state after it.
type importVector struct {
	Name         string              `json:"name"`
	Before       hexBytes            `json:"before,omitempty"` // state on this ledger, of an identifier that comes back
	Operation    hexBytes            `json:"operation"`
	Index        uint64              `json:"index"`
	Time         time.Time           `json:"time"`
	Predecessors []predecessorVector `json:"predecessors"`
	State        hexBytes            `json:"state"`
	Head         hexBytes            `json:"head"`
}

// One that is invalid for everybody, or that those who trust so cannot check.
type badImportVector struct {
	Fault        string              `json:"name"`
	Kind         string              `json:"kind"` // invalid or unchecked
	Before       hexBytes            `json:"before,omitempty"`
	Operation    hexBytes            `json:"operation"`
	Time         time.Time           `json:"time"`
	Predecessors []predecessorVector `json:"predecessors"`
	Error        string              `json:"error"`
}

func predecessorsOf(ps realdid.Predecessors) []predecessorVector {
	out := []predecessorVector{}
	for _, p := range ps {
		v := predecessorVector{Home: p.Home, Trust: trustVectorOf(p.Trust)}
		if !p.Until.IsZero() {
			v.Until = &p.Until
		}
		if f := p.Final; f != nil {
			v.Final = &finalVector{f.Size, f.Root, f.Successor}
		}
		out = append(out, v)
	}
	return out
}

func predecessors(t *testing.T, vs []predecessorVector) realdid.Predecessors {
	t.Helper()
	var out realdid.Predecessors
	for _, v := range vs {
		p := realdid.Predecessor{Home: v.Home, Trust: v.Trust.trust(t)}
		if v.Until != nil {
			p.Until = *v.Until
		}
		if f := v.Final; f != nil {
			p.Final = &realdid.Final{Size: f.Size, Root: f.Root, Successor: f.Successor}
		}
		out = append(out, p)
	}
	ok(t, "predecessors", out.Check())
	return out
}

func parseBefore(t *testing.T, b []byte) *realdid.State {
	t.Helper()
	if b == nil {
		return nil
	}
	return must(realdid.ParseState(b))(t)
}

// importOf makes an import to a ledger from what another one says now.
func (w *two) importOf(lg *provingLedger, id did.DID, to string) []byte {
	w.Helper()
	state, _, err := lg.State(w.Context(), id.ID())
	ok(w, "state", err)
	covered := uint64(0)
	for e, err := range lg.Follow(w.Context(), 0) {
		ok(w, "follow", err)
		covered = e.Anchor.Index + 1
	}
	p := must(lg.Prove(w.Context(), id.ID(), covered))(w.T)
	return must(realdid.NewImport(to, state, p))(w.T).Bytes()
}

func TestImportVectorsAreMade(t *testing.T) {
	var out []importVector
	add := func(w *two, name string, before, op []byte, ps realdid.Predecessors) {
		t.Helper()
		v := importVector{Name: name, Before: before, Operation: op, Index: 5, Time: w.now, Predecessors: predecessorsOf(ps)}
		s, err := ps.Apply(parseBefore(t, before), mustParse(t, op), ledger.Anchor{Index: v.Index, Time: v.Time})
		ok(t, name, err)
		v.State, v.Head = stateBytes(t, s), headBytes(t, s)
		roundTrip(t, s)
		out = append(out, v)
	}
	w := newTwo(t)
	id := w.born()
	_, err := w.atMain.Rotate(t.Context(), id, &realdid.RotateRequest{Reveal: pub(ed(1)), Control: realdid.OneKey(ed(0).Public()), Next: commit(ed(2))}, ed(1))
	refused(t, "control key 0 again", err)
	w.moved(w.atMain, id, "second", 1)
	op := w.importOf(w.main, id, "second")
	end := w.ended()
	w.wait(100 * day)
	main := w.toThat[0]
	add(w, "departed", nil, op, w.toThat)
	add(w, "departed, by a policy of the past", nil, op, realdid.Predecessors{{Home: "main", Trust: w.second.trust}, {Home: "main", Trust: main.Trust, Until: w.now}})
	add(w, "departed before the end", nil, op, realdid.Predecessors{{Home: "main", Trust: main.Trust, Final: end}})
	add(w, "departed, under the final checkpoint", nil, w.importOf(w.main, id, "second"), realdid.Predecessors{{Home: "main", Trust: main.Trust, Final: &realdid.Final{Size: end.Size, Root: end.Root}}})
	must(w.there.Import(t.Context(), w.carried(w.atMain, id)))(t)
	w.moved(w.there, id, "main", 2)
	before, _, err := w.main.State(t.Context(), id.ID())
	ok(t, "state", err)
	add(w, "back again", before, w.importOf(w.second, id, "main"), w.toMain)

	for name, live := range map[string]func(w *two, id did.DID){
		"as it is": func(*two, did.DID) {},
		"while a recovery is pending": func(w *two, id did.DID) {
			must(w.atMain.Recover(t.Context(), id, guardianRequest(20, authKey("mine", 21), 10), ed(10), ed(20)))(t)
		},
		"after a recovery took effect that the ledger has no entry of": func(w *two, id did.DID) {
			must(w.atMain.Recover(t.Context(), id, guardianRequest(20, authKey("mine", 21), 10), ed(10), ed(20)))(t)
			w.wait(threeDays)
		},
		"while it is deactivated": func(w *two, id did.DID) { must(w.atMain.Deactivate(t.Context(), id, pub(ed(1)), ed(1)))(t) },
		"when its deactivation is final": func(w *two, id did.DID) {
			must(w.atMain.Deactivate(t.Context(), id, pub(ed(1)), ed(1)))(t)
			w.wait(31 * day)
		},
		"while replaced tiers are usable": func(w *two, id did.DID) {
			must(w.atMain.Rotate(t.Context(), id, &realdid.RotateRequest{Reveal: pub(ed(1)), Next: commit(ed(2)), Recovery: []realdid.Tier{tier(time.Hour, false, 1, 14)}}, ed(1)))(t)
			w.wait(6 * day)
		},
		"while a migration is announced": func(w *two, id did.DID) { w.announce(w.atMain, id, "third", 1) },
		"while a revival is pending": func(w *two, id did.DID) {
			must(w.atMain.Deactivate(t.Context(), id, pub(ed(1)), ed(1)))(t)
			must(w.atMain.Recover(t.Context(), id, guardianRequest(20, authKey("mine", 21), 11, 12), ed(11), ed(12), ed(20)))(t)
		},
	} {
		w := newTwo(t)
		id := w.born()
		w.wait(time.Hour)
		live(w, id)
		end := w.ended()
		w.wait(100 * day)
		add(w, "ended "+name, nil, w.importOf(w.main, id, "second"), realdid.Predecessors{{Home: "main", Trust: w.main.trust, Final: end}})
	}
	slices.SortFunc(out, func(a, b importVector) int { return strings.Compare(a.Name, b.Name) })
	compareVectors(t, "imports", out)
}

func TestImportVectors(t *testing.T) {
	for _, v := range readVectors[importVector](t, "imports") {
		op := mustParse(t, v.Operation)
		at := ledger.Anchor{Index: v.Index, Time: v.Time}
		ps := predecessors(t, v.Predecessors)
		s, err := ps.Apply(parseBefore(t, v.Before), op, at)
		if err != nil {
			t.Errorf("%s: %v", v.Name, err)
			continue
		}
		if got := stateBytes(t, s); !bytes.Equal(got, v.State) {
			t.Errorf("%s: state: got %x, want %x", v.Name, got, v.State)
		}
		if got := headBytes(t, s); !bytes.Equal(got, v.Head) {
			t.Errorf("%s: head: got %x, want %x", v.Name, got, v.Head)
		}
		if _, err := realdid.Apply(parseBefore(t, v.Before), op, at); !errors.Is(err, realdid.ErrPredecessor) {
			t.Errorf("%s: with no predecessor: got %v", v.Name, err)
		}
	}
}

func TestBadImportVectors(t *testing.T) {
	compareVectors(t, "bad-imports", badImports(t))
	names := map[string]bool{}
	for _, v := range readVectors[badImportVector](t, "bad-imports") {
		if names[v.Fault] {
			t.Errorf("%s: twice", v.Fault)
		}
		names[v.Fault] = true
		_, err := predecessors(t, v.Predecessors).Apply(parseBefore(t, v.Before), mustParse(t, v.Operation), ledger.Anchor{Index: 5, Time: v.Time})
		invalid, unchecked := errors.Is(err, realdid.ErrOperation), errors.Is(err, realdid.ErrPredecessor)
		if invalid != (v.Kind == "invalid") || unchecked == invalid || !strings.Contains(err.Error(), v.Error) {
			t.Errorf("%s: got %v, want %s %q", v.Fault, err, v.Kind, v.Error)
		}
	}
}
