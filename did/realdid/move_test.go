package realdid_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/memledger"
	"github.com/realdid/realdid/did/realdid"
)

// TestMove takes an identifier from one ledger to the other, and back.
func TestMove(t *testing.T) {
	w := newTwo(t)
	id := w.born()
	_, err := w.atMain.Anchor(t.Context(), id, realdid.Digest{1}, ed(0))
	ok(t, "anchor", err)
	w.wait(time.Hour)
	r := must(w.atMain.Migrate(t.Context(), id, &realdid.MigrateRequest{To: "second", Reveal: pub(ed(1)), Next: commit(ed(2))}, ed(1)))(t)
	to, ready, departed, announced := r.State.Migration()
	if to != "second" || departed || !announced || !ready.Equal(w.now.Add(7*24*time.Hour)) {
		t.Fatalf("announced: got %s %v %v %v", to, ready, departed, announced)
	}
	if h := must(r.State.HeadRecord())(t); h.Status != realdid.StatusMoving || !h.Effective.Equal(ready) || h.Status.String() != "moving" {
		t.Errorf("head: got %+v", h)
	}
	// Everything goes on meanwhile, and nobody departs early.
	_, err = w.atMain.Depart(t.Context(), id, "second", ed(0))
	refused(t, "departs before the notice is over", err)
	_, err = w.atMain.Update(t.Context(), id, authKey("b", 5), ed(0))
	ok(t, "update", err)
	_, err = w.atMain.Rotate(t.Context(), id, &realdid.RotateRequest{Reveal: pub(ed(2)), Next: commit(ed(4))}, ed(2))
	ok(t, "rotate", err)
	w.now = ready.Add(-time.Second)
	_, err = w.atMain.Depart(t.Context(), id, "second", ed(2))
	refused(t, "departs a second too early", err)
	if _, err := w.there.Import(t.Context(), w.carried(w.atMain, id)); err == nil {
		t.Error("imported before it departed")
	}
	w.now = ready
	_, err = w.atMain.Depart(t.Context(), id, "third", ed(2))
	refused(t, "departs to another ledger than was announced", err)
	_, err = w.atMain.Depart(t.Context(), id, "second", ed(0))
	refused(t, "departs by a key of the past", err)
	homes := must(realdid.NewHomes(w.atMain, w.there))(t)
	if m := must(homes.Home(t.Context(), id))(t); m != w.atMain {
		t.Error("it does not live on main")
	}
	r = must(w.atMain.Depart(t.Context(), id, "second", ed(2)))(t)
	if h := must(r.State.HeadRecord())(t); h.Status != realdid.StatusMoved || h.Status.String() != "moved" {
		t.Errorf("head: got %+v", h)
	}
	w.gone(w.atMain, id, "second")
	_, err = w.atMain.Update(t.Context(), id, authKey("c", 6), ed(2))
	if moved, is := errors.AsType[*realdid.MovedError](err); !is || moved.To != "second" || moved.DID != id {
		t.Errorf("update after departure: got %v", err)
	}
	w.wait(time.Hour)
	w.main.seal()
	w.second.seal()
	w.gap(homes, id)

	// Anybody brings it over; twice is once.
	carried := w.carried(w.atMain, id)
	w.wait(time.Hour)
	r = must(w.there.Import(t.Context(), carried))(t)
	w.wait(time.Hour)
	w.main.seal()
	for range 2 { // with another proof
		again := must(w.there.Import(t.Context(), w.carried(w.atMain, id)))(t)
		if !bytes.Equal(stateBytes(t, again.State), stateBytes(t, r.State)) || again.Anchor != r.Anchor {
			t.Error("importing again is not the same")
		}
	}
	if got, want := stateBytes(t, must(w.there.State(t.Context(), id))(t)), stateBytes(t, r.State); !bytes.Equal(got, want) {
		t.Errorf("state: got %x, want %x", got, want)
	}
	if from, at, came := r.State.Arrived(); from != "main" || !came || !at.Equal(r.Anchor.Time) || r.State.Network() != secondNet {
		t.Errorf("arrived: got %s %v %v", from, at, came)
	}
	w.settled(homes, id)
	_, err = w.there.Update(t.Context(), id, authKey("c", 6), ed(2))
	ok(t, "update", err)
	w.history(homes, id)

	// And back: the ledger that it left has it again, and an old import is nothing any more.
	w.announce(w.there, id, "main", 4)
	_, err = w.there.Depart(t.Context(), id, "main", ed(2))
	ok(t, "depart", err)
	for _, h := range []*realdid.Homes{homes, must(realdid.NewHomes(w.there, w.atMain))(t)} {
		if r := must(h.Resolve(t.Context(), id, nil))(t); !bytes.Contains(r.Document.Canonical(), []byte("#c")) {
			t.Errorf("between departure and return: got %s", r.Document.Canonical())
		}
	}
	_, err = w.atMain.Import(t.Context(), w.carried(w.there, id))
	ok(t, "import", err)
	w.gone(w.there, id, "main")
	must(w.there.Import(t.Context(), carried))(t) // it stands there
	entries := must(w.there.History(t.Context(), id))(t)
	if _, err := w.second.Append(t.Context(), id.ID(), uint64(len(entries)), entries[0].Entry.Op); !errors.Is(err, ledger.ErrInvalid) {
		t.Errorf("the old import once more: got %v", err)
	}
	_, err = w.atMain.Update(t.Context(), id, authKey("d", 7), ed(2))
	ok(t, "update", err)
	early := &did.ResolveOptions{VersionID: mustParse(t, fixed(t).first).VersionID()}
	if a, b := must(homes.Resolve(t.Context(), id, early))(t), must(w.atMain.Resolve(t.Context(), id, early))(t); a.Metadata.VersionID != b.Metadata.VersionID || a.Metadata.NextVersionID != b.Metadata.NextVersionID {
		t.Errorf("the first version: got %+v, want %+v", a.Metadata, b.Metadata)
	}
	got := must(homes.Resolve(t.Context(), id, nil))(t)
	if !bytes.Contains(got.Document.Canonical(), []byte("#d")) || got.Evidence.Replayed {
		t.Errorf("after the return: got %s %+v", got.Document.Canonical(), got.Evidence)
	}
}

// TestPredecessorsOfTwoKinds: a ledger that became a chain is known by both of its kinds of proof.
func TestPredecessorsOfTwoKinds(t *testing.T) {
	w := newTwo(t)
	id := w.born()
	w.moved(w.atMain, id, "second", 1)
	plain := mustParse(t, w.importOf(w.main, id, "second"))
	s := must(w.atMain.State(t.Context(), id))(t)
	chain := must(realdid.NewImport("second", stateBytes(t, s), append([]byte{1}, headBytes(t, s)...)))(t)
	garbage := must(realdid.NewImport("second", stateBytes(t, s), []byte{1}))(t)
	kinds := realdid.Predecessors{{Home: "main", Trust: w.main.trust}, {Home: "main", Heads: word{w.now}}}
	for range 2 {
		kinds[0], kinds[1] = kinds[1], kinds[0]
		for name, op := range map[string]*realdid.Operation{"of the log": plain, "of the chain": chain} {
			if _, err := kinds.Apply(nil, op, ledger.Anchor{Time: w.now}); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := kinds.Apply(nil, garbage, ledger.Anchor{Time: w.now}); err == nil {
			t.Error("garbage is imported")
		}
	}
	unsure := realdid.Predecessors{{Home: "main", Trust: w.second.trust}, {Home: "main", Heads: word{w.now}}}
	for range 2 {
		unsure[0], unsure[1] = unsure[1], unsure[0]
		if _, err := unsure.Apply(nil, plain, ledger.Anchor{Time: w.now}); !errors.Is(err, realdid.ErrPredecessor) || errors.Is(err, realdid.ErrOperation) {
			t.Errorf("that one cannot read and the other cannot check: got %v, want ErrPredecessor", err)
		}
	}
	if _, err := kinds[1:].Apply(nil, garbage, ledger.Anchor{Time: w.now}); !errors.Is(err, realdid.ErrOperation) {
		t.Errorf("garbage: got %v", err)
	}
}

// gone: the ledger answers that the identifier has moved, and nothing else.
func (w *two) gone(m *realdid.Method, id did.DID, to string) {
	w.Helper()
	v := must(m.History(w.Context(), id))(w.T)
	for _, opt := range []*did.ResolveOptions{nil, {VersionTime: start}, {VersionID: v[0].Operation.VersionID()}, {NoCache: true}} {
		_, err := m.Resolve(w.Context(), id, opt)
		moved, is := errors.AsType[*realdid.MovedError](err)
		if !is || moved.To != to || did.AsError(err).Code != did.InternalError {
			w.Errorf("resolve %+v: got %v, want MovedError", opt, err)
		}
	}
}

// gap: between departure and import the departed state stands, and is the newest only if the other ledger proves that it has nothing.
func (w *two) gap(homes *realdid.Homes, id did.DID) {
	w.Helper()
	r := must(homes.Resolve(w.Context(), id, nil))(w.T)
	if !r.Evidence.Latest || !r.Evidence.Replayed || !bytes.Contains(r.Document.Canonical(), []byte("#b")) {
		w.Errorf("in between: got %s %+v", r.Document.Canonical(), r.Evidence)
	}
	if _, err := homes.Home(w.Context(), id); err == nil {
		w.Error("it lives nowhere, and has a home")
	}
	_, err := homes.Bundle(w.Context(), id, nil)
	if !errors.As(err, new(*realdid.MovedError)) {
		w.Errorf("bundle in between: got %v", err)
	}
	before := w.now
	w.wait(time.Minute)
	w.main.seal()
	if r = must(homes.Resolve(w.Context(), id, nil))(w.T); !r.Evidence.Latest || !r.Evidence.AsOf.Equal(before) {
		w.Errorf("as of: got %+v, want the earlier of both proofs", r.Evidence)
	}
	w.second.err = errors.New("no proof now")
	r = must(homes.Resolve(w.Context(), id, nil))(w.T)
	if r.Evidence.Latest || !r.Evidence.Included {
		w.Errorf("without proof of absence: got %+v", r.Evidence)
	}
	w.second.err = nil
	alone := must(realdid.NewHomes(w.atMain))(w.T)
	if _, err := alone.Resolve(w.Context(), id, nil); !errors.As(err, new(*realdid.MovedError)) {
		w.Errorf("to a ledger that is not there: got %v", err)
	}
}

// settled: both ledgers know it, one has it.
func (w *two) settled(homes *realdid.Homes, id did.DID) {
	w.Helper()
	one := must(w.there.Resolve(w.Context(), id, &did.ResolveOptions{NoCache: true}))(w.T)
	if one.Evidence.Replayed || !one.Evidence.Latest || len(one.Anchored) != 0 {
		w.Errorf("second: got %+v", one.Evidence)
	}
	f := one.Metadata.Extra["realdid"].(realdid.Facts)
	if f.Migration != nil || f.Imported == nil || f.Imported.From != "main" {
		w.Errorf("facts: got %+v", f)
	}
	_, err := w.there.Resolve(w.Context(), id, &did.ResolveOptions{VersionTime: start})
	wantCode(w.T, "a version from before", err, did.FeatureNotSupported)
	_, err = w.there.Resolve(w.Context(), id, &did.ResolveOptions{VersionID: "x"})
	wantCode(w.T, "a version that may be from before", err, did.FeatureNotSupported)
	both := must(homes.Resolve(w.Context(), id, nil))(w.T)
	if !both.Evidence.Replayed || !both.Evidence.Latest || len(both.Anchored) != 1 || !bytes.Equal(both.Document.Canonical(), one.Document.Canonical()) {
		w.Errorf("homes: got %+v, %d anchored", both.Evidence, len(both.Anchored))
	}
	if m := must(homes.Home(w.Context(), id))(w.T); m != w.there {
		w.Error("it does not live on second")
	}
	w.second.err = errors.New("no proof now")
	if _, err := homes.Bundle(w.Context(), id, nil); err == nil {
		w.Error("a bundle without the proof that it was to have")
	}
	w.second.err = nil
	w.main.err = errors.New("down")
	if r := must(homes.Resolve(w.Context(), id, nil))(w.T); !r.Evidence.Latest {
		w.Errorf("with main away: got %+v", r.Evidence)
	}
	w.main.err = nil
}

// history: every version of both ledgers, in one.
func (w *two) history(homes *realdid.Homes, id did.DID) {
	w.Helper()
	first := must(homes.Resolve(w.Context(), id, &did.ResolveOptions{VersionTime: start}))(w.T)
	if !bytes.Contains(first.Document.Canonical(), []byte("#a")) || first.Evidence.Latest {
		w.Errorf("the first version: got %s %+v", first.Document.Canonical(), first.Evidence)
	}
	seen := map[string]bool{}
	for r := first; ; {
		if seen[r.Metadata.VersionID] {
			w.Fatalf("version %s twice", r.Metadata.VersionID)
		}
		seen[r.Metadata.VersionID] = true
		if r.Metadata.NextVersionID == "" {
			break
		}
		r = must(homes.Resolve(w.Context(), id, &did.ResolveOptions{VersionID: r.Metadata.NextVersionID}))(w.T)
	}
	if len(seen) != 6 { // anchor, announcement, update, rotation, departure, update
		w.Errorf("got %d versions", len(seen))
	}
}

// TestImportNeedsThePredecessor: who does not trust the former ledger could not check, and never says that nothing is there.
func TestImportNeedsThePredecessor(t *testing.T) {
	w := newTwo(t)
	id := w.born()
	w.moved(w.atMain, id, "second", 1)
	carried := w.carried(w.atMain, id)
	strange := must(realdid.New(memledger.New(secondNet.Reducer(), &memledger.Options{Clock: w.clock}), &realdid.Options{Network: secondNet, Clock: w.clock}))(t)
	if _, err := strange.Import(t.Context(), carried); !errors.Is(err, realdid.ErrPredecessor) || errors.Is(err, realdid.ErrOperation) {
		t.Errorf("import: got %v", err)
	}
	must(w.there.Import(t.Context(), carried))(t)
	_, err := w.there.Update(t.Context(), id, authKey("b", 5), ed(0))
	ok(t, "update", err)
	for name, preds := range map[string]realdid.Predecessors{
		"none":               nil,
		"another":            {{Home: "third", Trust: w.main.trust}},
		"another's trust":    {{Home: "main", Trust: w.second.trust}},
		"without auditors":   {{Home: "main", Trust: withoutAuditors(w.main.trust)}},
		"no imports so late": {{Home: "main", Trust: w.main.trust, Until: w.now.Add(-time.Second)}},
		"another end":        {{Home: "main", Trust: w.main.trust, Final: &realdid.Final{Size: w.main.size()}}},
		"an end before":      {{Home: "main", Trust: w.main.trust, Final: &realdid.Final{Size: w.main.size() - 1}}},
	} {
		m := must(realdid.New(w.second, &realdid.Options{Network: secondNet, Clock: w.clock, Trust: w.second.trust, Predecessors: preds}))(t)
		want := func(what string, err error) {
			t.Helper()
			if !errors.Is(err, realdid.ErrPredecessor) || errors.Is(err, realdid.ErrOperation) || errors.Is(err, realdid.ErrNotFound) {
				t.Errorf("%s: %s: got %v, want ErrPredecessor", name, what, err)
			}
		}
		_, err := m.Resolve(t.Context(), id, nil)
		want("resolve", err)
		wantCode(t, name, err, did.InternalError)
		_, err = m.State(t.Context(), id)
		want("state", err)
		_, err = m.Update(t.Context(), id, authKey("c", 6), ed(0))
		want("update", err)
		_, err = m.Bundle(t.Context(), id, nil)
		want("bundle", err)
		_, err = realdid.NewVerifier(nil, &realdid.VerifierOptions{Former: map[string]realdid.Predecessors{"main": preds}})
		ok(t, "verifier", err)
		report := must(realdid.AuditFrom(t.Context(), w.second, secondNet, preds, w.now))(t)
		if len(report.Faults) != 0 || len(report.Unchecked) != 2 || report.Identifiers != 0 {
			t.Errorf("%s: audit: got %+v", name, report)
		}
	}
	report := must(realdid.AuditFrom(t.Context(), w.second, secondNet, w.toThat, w.now))(t)
	if len(report.Faults)+len(report.Unchecked) != 0 || report.Identifiers != 1 {
		t.Errorf("audit: got %+v", report)
	}
	if err := (realdid.Predecessors{{Home: "main", Trust: w.main.trust, Final: &realdid.Final{Size: 1, Successor: "A"}}}).Check(); !errors.Is(err, realdid.ErrIdentifier) {
		t.Errorf("a successor that is no name: got %v", err)
	}
	if _, ok := mustParse(t, fixed(t).first).Carried(); ok {
		t.Error("a create carries a state")
	}
	// The policies of the past stay beside that of today.
	old := realdid.Predecessors{{Home: "main", Trust: w.second.trust}, {Home: "main", Trust: w.main.trust, Until: w.now}}
	m := must(realdid.New(w.second, &realdid.Options{Network: secondNet, Clock: w.clock, Predecessors: old}))(t)
	must(m.Resolve(t.Context(), id, nil))(t)
}
