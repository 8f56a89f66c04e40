package realdid_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger/memledger"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/realdid"
)

// settledTwo has an identifier that moved to second and was updated there.
func settledTwo(t *testing.T) (*two, did.DID, did.DID) {
	t.Helper()
	w := newTwo(t)
	id := w.born()
	long := must(mustParse(t, fixed(t).first).LongForm())(t)
	w.moved(w.atMain, id, "second", 1)
	must(w.there.Import(t.Context(), w.carried(w.atMain, id)))(t)
	_, err := w.there.Update(t.Context(), id, authKey("b", 5), ed(0))
	ok(t, "update", err)
	return w, id, long
}

// TestBundlesOfWhatMoved: with operations they need the trust of the former ledger, with a state that of the present one alone; the
// former ledger's bundles say where the identifier went.
func TestBundlesOfWhatMoved(t *testing.T) {
	w, id, long := settledTwo(t)
	both := w.verifier(w.trusted()...)
	alone := w.verifier(w.trusted()[1])
	want := must(w.there.Resolve(t.Context(), id, &did.ResolveOptions{NoCache: true}))(t)
	for _, without := range []bool{false, true} {
		b := must(w.there.Bundle(t.Context(), id, &realdid.BundleOptions{WithoutOperations: without}))(t)
		for _, d := range []did.DID{id, long} {
			r := must(both.Verify(t.Context(), d, b.Bytes(), nil))(t)
			if r.Evidence.Replayed || !r.Evidence.Latest || d == id && !bytes.Equal(r.Document.Canonical(), want.Document.Canonical()) {
				t.Errorf("got %s %+v", r.Document.Canonical(), r.Evidence)
			}
		}
		_, err := both.Verify(t.Context(), id, b.Bytes(), &did.ResolveOptions{VersionTime: start})
		wantCode(t, "a version from before", err, did.FeatureNotSupported)
		r, err := alone.Verify(t.Context(), id, b.Bytes(), nil)
		if without {
			ok(t, "a state", err)
		} else if wantCode(t, "operations", err, did.InternalError); !errors.Is(err, realdid.ErrPredecessor) || r != nil {
			t.Errorf("operations without the trust of the former ledger: got %v", err)
		}
		if !without {
			must(b.JSON())(t)
			ops := must(b.Operations())(t)
			if ops[0].Operation.Type() != realdid.Import || len(ops) != 2 {
				t.Errorf("got %d operations", len(ops))
			}
		}
		for i := 0; i < len(b.Bytes()); i += 3 {
			mutant := bytes.Clone(b.Bytes())
			mutant[i] ^= 1
			if _, err := both.Verify(t.Context(), id, mutant, nil); err == nil {
				t.Errorf("byte %d flipped: accepted", i)
			}
		}
	}
	for _, without := range []bool{false, true} {
		b := must(w.atMain.Bundle(t.Context(), id, &realdid.BundleOptions{WithoutOperations: without}))(t)
		_, err := both.Verify(t.Context(), id, b.Bytes(), nil)
		if moved, is := errors.AsType[*realdid.MovedError](err); !is || moved.To != "second" {
			t.Errorf("of the former ledger: got %v", err)
		}
	}
	// A policy of the past serves as well.
	former := must(realdid.NewVerifier(w.trusted()[1:], &realdid.VerifierOptions{Clock: w.clock, Former: map[string]realdid.Predecessors{"main": w.toThat}}))(t)
	must(former.Verify(t.Context(), id, must(w.there.Bundle(t.Context(), id, nil))(t).Bytes(), nil))(t)
	plain := must(realdid.New(w.second.Ledger, &realdid.Options{Network: secondNet, Clock: w.clock, Predecessors: w.toThat}))(t)
	r := must(both.Verify(t.Context(), id, must(plain.Bundle(t.Context(), id, nil))(t).Bytes(), nil))(t)
	if r.Evidence.Replayed || r.Evidence.Latest || !r.Evidence.AsOf.IsZero() {
		t.Errorf("without proof: got %+v", r.Evidence)
	}
	if _, err := w.there.Import(t.Context(), must(plain.Bundle(t.Context(), id, nil))(t)); !errors.Is(err, realdid.ErrBundle) {
		t.Errorf("import without proof: got %v", err)
	}
}

// TestImportOfOperations: a bundle with operations serves as well as one with a state.
func TestImportOfOperations(t *testing.T) {
	w := newTwo(t)
	id := w.born()
	w.moved(w.atMain, id, "second", 1)
	b := must(w.atMain.Bundle(t.Context(), id, nil))(t)
	r := must(w.there.Import(t.Context(), b))(t)
	again := must(w.there.Import(t.Context(), w.carried(w.atMain, id)))(t)
	if !bytes.Equal(stateBytes(t, r.State), stateBytes(t, again.State)) {
		t.Error("another state")
	}
	_, long := unregistered(t)
	if _, err := w.there.Import(t.Context(), must(w.atMain.Bundle(t.Context(), long, nil))(t)); !errors.Is(err, realdid.ErrBundle) {
		t.Errorf("nothing: got %v", err)
	}
}

// TestLongFormFromElsewhere: a state or history of another ledger than the genesis names counts only if the identifier moved there.
func TestLongFormFromElsewhere(t *testing.T) {
	w, id, long := settledTwo(t)
	state := decodeObject(t, stateBytes(t, must(w.there.State(t.Context(), id))(t)))
	delete(state, 24) // auditors who vouch for an identifier that was born there
	forged := cborBytes(t, state)
	head := must(must(realdid.ParseState(forged))(t).HeadRecord())(t)
	w.second.forge = func(heads map[string][]byte) { heads[id.ID()] = must(head.Bytes())(t) }
	w.second.seal()
	l := must(proof.ParseLatest(must(w.second.Prove(t.Context(), id.ID(), 0))(t)))(t)
	b := cborBytes(t, object{0: 1, 1: id.ID(), 2: "second", 4: forged, 6: must(l.Bytes())(t)})
	v := w.verifier(w.trusted()...)
	must(v.Verify(t.Context(), id, b, nil))(t)
	_, err := v.Verify(t.Context(), long, b, nil)
	wantCode(t, "long form", err, did.InvalidDIDDocument)
}

// TestEnded: a ledger that has ended answers nothing, its identifiers go on at its successor.
func TestEnded(t *testing.T) {
	w := newTwo(t)
	id := w.born()
	old := w.carried(w.atMain, id)
	final := w.ended()
	ended := must(realdid.New(w.main, &realdid.Options{Clock: w.clock, Trust: w.main.trust, Final: final}))(t)
	gone := func(what string, err error) {
		t.Helper()
		if moved, is := errors.AsType[*realdid.MovedError](err); !is || moved.To != "second" {
			t.Errorf("%s: got %v, want MovedError", what, err)
		}
	}
	_, err := ended.Resolve(t.Context(), id, nil)
	gone("resolve", err)
	wantCode(t, "resolve", err, did.InternalError)
	_, err = ended.State(t.Context(), id)
	gone("state", err)
	_, err = ended.Submit(t.Context(), mustParse(t, fixed(t).first))
	gone("submit", err)
	_, pairwise := unregistered(t)
	if r := must(ended.Resolve(t.Context(), pairwise, nil))(t); !r.Evidence.GenesisOnly {
		t.Errorf("a long form that it does not have: got %+v", r.Evidence)
	}

	preds := realdid.Predecessors{{Home: "main", Trust: w.main.trust, Final: final}}
	lg := newProvingAt(t, secondOrigin, secondNet.ReducerFrom(preds), w.clock)
	there := must(realdid.New(lg, &realdid.Options{Network: secondNet, Clock: w.clock, Trust: lg.trust, Predecessors: preds}))(t)
	homes := must(realdid.NewHomes(ended, there))(t)
	_, err = homes.Resolve(t.Context(), id, nil)
	gone("before the import", err)
	carried := must(ended.Bundle(t.Context(), id, &realdid.BundleOptions{WithoutOperations: true}))(t)
	must(there.Import(t.Context(), carried))(t)
	r := must(homes.Resolve(t.Context(), id, &did.ResolveOptions{NoCache: true}))(t)
	if !r.Evidence.Latest || r.Evidence.Replayed {
		t.Errorf("after the import: got %+v", r.Evidence)
	}
	if m := must(homes.Home(t.Context(), id))(t); m != there {
		t.Error("it does not live at the successor")
	}

	// Bundles from before the end count as of their time, those from after it do not.
	v := w.verifier(realdid.TrustedLedger{Trust: w.main.trust, Final: final}, w.trusted()[1])
	must(v.Verify(t.Context(), id, old.Bytes(), nil))(t)
	must(v.Verify(t.Context(), id, carried.Bytes(), nil))(t)
	w.main.seal()
	late := w.carried(w.atMain, id)
	_, err = v.Verify(t.Context(), id, late.Bytes(), nil)
	wantCode(t, "after the end", err, did.InternalError)
	if _, err := there.Import(t.Context(), late); err != nil {
		t.Errorf("what stands there already: got %v", err)
	}
	empty := newProvingAt(t, secondOrigin, secondNet.ReducerFrom(preds), w.clock)
	fresh := must(realdid.New(empty, &realdid.Options{Network: secondNet, Clock: w.clock, Predecessors: preds}))(t)
	if _, err := fresh.Import(t.Context(), late); !errors.Is(err, realdid.ErrPredecessor) {
		t.Errorf("import of what was said after the end: got %v", err)
	}
	stopped := must(realdid.New(w.main, &realdid.Options{Clock: w.clock, Final: &realdid.Final{Size: final.Size, Root: final.Root}}))(t)
	if _, err := stopped.Resolve(t.Context(), id, nil); !errors.As(err, new(*realdid.MovedError)) {
		t.Errorf("an end without successor: got %v", err)
	}
}

// TestDescriptorNamesPredecessors: who is trusted follows from the domain's file, the end of a ledger included.
func TestDescriptorNamesPredecessors(t *testing.T) {
	d := signDescriptor(t, endedDomain(t), 0, 1)
	ps := d.Predecessors("")
	if len(ps) != 1 || ps[0].Home != "second" || ps[0].Final == nil || ps[0].Final.Size != 7 || ps[0].Final.Successor != "main" || ps[0].Trust.Origin != secondOrigin {
		t.Errorf("predecessors of main: got %+v", ps)
	}
	if ps := d.Predecessors("second"); len(ps) != 1 || ps[0].Home != "main" || ps[0].Final != nil {
		t.Errorf("predecessors of second: got %+v", ps)
	}
	if d.Final("main") != nil || d.Final("third") != nil || d.Final("second").Root != (proof.Hash{1}) {
		t.Error("another end")
	}
	if l := d.Trusted(); l[0].Final != nil || l[1].Final == nil {
		t.Errorf("trusted: got %+v", l)
	}
	b := d.Successor()
	b.Ledgers[1].Final.Size = 9
	if d.Ledgers[1].Final.Size != 7 {
		t.Error("the body of a successor shares the end with its predecessor")
	}
}

// TestPredecessorsAlong: what an earlier descriptor vouched for counts until some time after the next one was logged, whichever proof of that
// somebody has.
func TestPredecessorsAlong(t *testing.T) {
	now := start
	body := domain(t)
	body.Ledgers = append(body.Ledgers, endedDomain(t).Ledgers[1])
	body.Ledgers[1].Final, body.Ledgers[1].Successor = nil, ""
	first := signDescriptor(t, body, 0, 1)
	lg := domainLedger(t, first, func() time.Time { return now })
	publish(t, first, lg)
	now = now.Add(time.Hour)
	change := rotated(t, first)
	change.Ledgers[1].Final, change.Ledgers[1].Successor = &realdid.FinalCheckpoint{Size: 7}, "main"
	second := signDescriptor(t, change, 0, 1, 3)
	steps := []realdid.DescriptorStep{{File: second.Bytes(), Logged: publish(t, second, lg)}}
	now = now.Add(time.Hour)
	ps := must(first.PredecessorsAlong("main", steps, now))(t)
	if len(ps) != 2 || !ps[0].Until.IsZero() || ps[0].Final == nil || !ps[1].Until.Equal(start.Add(time.Hour+24*time.Hour)) || ps[1].Final != nil {
		t.Errorf("got %+v", ps)
	}
	if len(ps[0].Trust.Cosigners) == len(ps[1].Trust.Cosigners) {
		t.Error("one policy for both")
	}
	ok(t, "check", ps.Check())
	lg.seal()
	later := []realdid.DescriptorStep{{File: second.Bytes(), Logged: must(lg.Prove(t.Context(), first.Key(), 0))(t)}}
	if again := must(first.PredecessorsAlong("main", later, now))(t); bytes.Equal(later[0].Logged, steps[0].Logged) || !again[1].Until.Equal(ps[1].Until) {
		t.Errorf("by a later proof: got until %v, want %v", again[1].Until, ps[1].Until)
	}
	if ps := must(first.PredecessorsAlong("main", nil, now))(t); len(ps) != 1 {
		t.Errorf("without steps: got %+v", ps)
	}
	if _, err := first.PredecessorsAlong("main", []realdid.DescriptorStep{{File: second.Bytes()}}, now); !errors.Is(err, realdid.ErrDescriptor) {
		t.Errorf("a step that was not logged: got %v", err)
	}
}

// TestTwoLives: ledgers that both have an identifier, or send it round, give no answer.
func TestTwoLives(t *testing.T) {
	w := newTwo(t)
	id := w.born()
	gone := newTwo(t) // main, as it told others
	must(gone.atMain.Submit(t.Context(), mustParse(t, fixed(t).first)))(t)
	gone.moved(gone.atMain, id, "second", 1)
	w.now = gone.now
	must(w.there.Import(t.Context(), gone.carried(gone.atMain, id)))(t)
	homes := must(realdid.NewHomes(w.atMain, w.there))(t)
	// What main proved before does not hold back who has left, nor does what it says without proof.
	without := must(realdid.New(w.main.Ledger, &realdid.Options{Clock: w.clock, Predecessors: w.toMain}))(t)
	for _, m := range []*realdid.Method{w.atMain, without} {
		for _, h := range []*realdid.Homes{must(realdid.NewHomes(m, w.there))(t), must(realdid.NewHomes(w.there, m))(t)} {
			if living := must(h.Home(t.Context(), id))(t); living != w.there {
				t.Error("it does not live on second")
			}
			must(h.Resolve(t.Context(), id, nil))(t)
		}
	}
	// What it proves since does, and so does what goes beyond what was imported.
	for n := range 3 {
		_, err := without.Update(t.Context(), id, authKey(string(rune('p'+n)), 30+n), ed(0))
		ok(t, "update", err)
	}
	if _, err := must(realdid.NewHomes(without, w.there))(t).Resolve(t.Context(), id, nil); !errors.Is(err, realdid.ErrTwoLives) {
		t.Errorf("beyond what was imported: got %v, want ErrTwoLives", err)
	}
	_, err := homes.Resolve(t.Context(), id, nil)
	if wantCode(t, "two lives", err, did.InternalError); !errors.Is(err, realdid.ErrTwoLives) {
		t.Errorf("got %v, want ErrTwoLives", err)
	}
	proves := newTwo(t)
	must(proves.atMain.Submit(t.Context(), mustParse(t, fixed(t).first)))(t)
	proves.now = w.now.Add(time.Hour)
	proves.main.seal()
	if _, err := must(realdid.NewHomes(proves.atMain, w.there))(t).Resolve(t.Context(), id, nil); !errors.Is(err, realdid.ErrTwoLives) {
		t.Errorf("proven since: got %v, want ErrTwoLives", err)
	}
	if _, err := homes.Home(t.Context(), id); !errors.Is(err, realdid.ErrTwoLives) {
		t.Errorf("home: got %v, want ErrTwoLives", err)
	}
	// A circle: by the word of a third ledger, second departed to main at the same place at which main departed to second.
	h := fixed(t)
	o := decodeObject(t, stateBytes(t, h.state))
	o[2], o[23] = "third", object{0: "second", 1: 1, 2: true}
	forged := cborBytes(t, o)
	believing := realdid.Predecessors{{Home: "third", Heads: word{w.now}}}
	lg := memledger.New(secondNet.ReducerFrom(believing), &memledger.Options{Clock: w.clock})
	second := must(realdid.New(lg, &realdid.Options{Network: secondNet, Clock: w.clock, Predecessors: believing}))(t)
	head := must(must(must(realdid.ParseState(forged))(t).HeadRecord())(t).Bytes())(t)
	must(second.Submit(t.Context(), must(realdid.NewImport("second", forged, append([]byte{1}, head...)))(t)))(t)
	w.moved(second, id, "main", 1)
	round := must(realdid.NewHomes(gone.atMain, second))(t)
	if _, err := round.Resolve(t.Context(), id, nil); !errors.Is(err, realdid.ErrTwoLives) || !strings.Contains(err.Error(), "circle") {
		t.Errorf("a circle: got %v, want ErrTwoLives", err)
	}
	for name, ms := range map[string][]*realdid.Method{
		"none": nil, "one ledger twice": {w.atMain, gone.atMain},
		"two domains": {w.atMain, must(realdid.New(nil, &realdid.Options{Network: realdid.Network{Domain: "other", Home: "second"}}))(t)},
	} {
		if _, err := realdid.NewHomes(ms...); !errors.Is(err, realdid.ErrIdentifier) {
			t.Errorf("%s: got %v, want ErrIdentifier", name, err)
		}
	}
}

// TestHomesWithoutHistory: a ledger that has lost what it knew does not stand against the one where the identifier lives.
func TestHomesWithoutHistory(t *testing.T) {
	w, _, long := settledTwo(t)
	empty := must(realdid.New(memledger.New(realdid.Reducer(), nil), &realdid.Options{Clock: w.clock}))(t)
	r := must(must(realdid.NewHomes(empty, w.there))(t).Resolve(t.Context(), long, nil))(t)
	if r.Evidence.GenesisOnly || r.Evidence.Replayed || !bytes.Contains(r.Document.Canonical(), []byte("#b")) {
		t.Errorf("got %s %+v", r.Document.Canonical(), r.Evidence)
	}
}

// TestHomesOfLongForms: those that no ledger has are answered from themselves.
func TestHomesOfLongForms(t *testing.T) {
	w := newTwo(t)
	_, long := unregistered(t)
	homes := must(realdid.NewHomes(w.there, w.atMain))(t)
	if r := must(w.there.Resolve(t.Context(), long, nil))(t); !r.Evidence.GenesisOnly || r.Evidence.Absent {
		t.Errorf("a ledger that is not its home proves nothing of it: got %+v", r.Evidence)
	}
	for _, h := range []*realdid.Homes{homes, must(realdid.NewHomes(w.atMain, w.there))(t)} {
		if r := must(h.Resolve(t.Context(), long, nil))(t); !r.Evidence.GenesisOnly || !r.Evidence.Absent {
			t.Errorf("got %+v", r.Evidence)
		}
	}
	if _, err := homes.Resolve(t.Context(), did.MustParse("did:realdid:q"+string(bytes.Repeat([]byte("a"), 52))), nil); did.AsError(err).Code != did.NotFound {
		t.Errorf("a short form that nobody has: got %v", err)
	}
	_, err := homes.Resolve(t.Context(), did.MustParse("did:realdid:x"), nil)
	wantCode(t, "no identifier", err, did.InvalidDID)
	_, err = homes.Resolve(t.Context(), long, &did.ResolveOptions{VersionID: "x", VersionTime: start})
	wantCode(t, "options", err, did.InvalidOptions)
	_, err = homes.Home(t.Context(), did.MustParse("did:realdid:x"))
	wantCode(t, "home of no identifier", err, did.InvalidDID)
	_, err = homes.Home(t.Context(), long)
	wantCode(t, "home of what is not registered", err, did.NotFound)
	w.wait(time.Hour)
}

// TestGarbageIsNoImport: on a ledger that does not admit, what strangers write hides nothing that was born there, and makes nothing of what was not.
func TestGarbageIsNoImport(t *testing.T) {
	w := newTwo(t)
	h := fixed(t)
	key := h.state.Identifier().Key()
	open := memledger.New(nil, &memledger.Options{Clock: w.clock})
	fake := must(realdid.NewImport("main", stateOn(t, "zzz", h.state), []byte{1}))(t).Bytes()
	_, err := open.Append(t.Context(), key, 0, fake)
	ok(t, "garbage", err)
	m := must(realdid.New(open, &realdid.Options{Clock: w.clock}))(t)
	id := h.state.Identifier().Short()
	if _, err := m.Resolve(t.Context(), id, nil); !errors.Is(err, realdid.ErrPredecessor) {
		t.Errorf("garbage alone: got %v, want ErrPredecessor", err)
	}
	must(m.Submit(t.Context(), mustParse(t, h.first)))(t)
	must(m.Resolve(t.Context(), id, nil))(t)
	_, err = open.Append(t.Context(), key, 2, fake)
	ok(t, "garbage", err)
	must(m.Resolve(t.Context(), id, nil))(t)
	report := must(realdid.Audit(t.Context(), open, realdid.Network{}, w.now))(t)
	if len(report.Unchecked) != 1 || len(report.Faults) != 1 || report.Identifiers != 1 {
		t.Errorf("audit: got %+v", report)
	}
}

// stateOn is a state as another ledger would have it.
func stateOn(t *testing.T, home string, s *realdid.State) []byte {
	t.Helper()
	o := decodeObject(t, stateBytes(t, s))
	o[2] = home
	return cborBytes(t, o)
}

// TestBundlesOfBothHomes carry what was before the import, so that everything since the genesis is checked.
func TestBundlesOfBothHomes(t *testing.T) {
	w, id, long := settledTwo(t)
	homes := must(realdid.NewHomes(w.atMain, w.there))(t)
	v := w.verifier(w.trusted()...)
	b := must(homes.Prove(t.Context(), id, nil))(t)
	for _, d := range []did.DID{id, long} {
		r := must(v.Verify(t.Context(), d, b, nil))(t)
		if !r.Evidence.Replayed || !r.Evidence.Latest || r.Evidence.OperatorTime {
			t.Errorf("got %+v", r.Evidence)
		}
	}
	want := must(homes.Resolve(t.Context(), id, nil))(t)
	sameAnswer(t, "newest", must(v.Verify(t.Context(), id, b, nil))(t), want, true)
	first := must(v.Verify(t.Context(), id, b, &did.ResolveOptions{VersionTime: start}))(t)
	sameAnswer(t, "first", first, must(homes.Resolve(t.Context(), id, &did.ResolveOptions{VersionTime: start}))(t), true)
	if !bytes.Contains(first.Document.Canonical(), []byte("#a")) {
		t.Errorf("first: got %s", first.Document.Canonical())
	}
	for i := range b {
		mutant := bytes.Clone(b)
		mutant[i] ^= 1
		if _, err := v.Verify(t.Context(), id, mutant, nil); err == nil {
			t.Errorf("byte %d of %d flipped: accepted", i, len(b))
		}
	}
	bad := func(what, text string, change func(o object)) {
		t.Helper()
		_, err := v.Verify(t.Context(), id, changeBundle(t, b, change), nil)
		if wantCode(t, what, err, did.InvalidDIDDocument); !strings.Contains(err.Error(), text) {
			t.Errorf("%s: got %v, want %q", what, err, text)
		}
	}
	bad("the departure left out", "do not end in what was imported", func(o object) { o[8] = o[8].([]any)[:2] })
	bad("the create left out", "operation 0", func(o object) { o[8] = o[8].([]any)[1:] })
	bad("another time", "do not end in what was imported", func(o object) {
		last := o[8].([]any)[2].([]any)
		last[2] = last[2].(uint64) + 1
	})
	bad("a time that goes back", "is not after", func(o object) { o[8].([]any)[1].([]any)[2] = uint64(0) })
	bad("none that follow", "none that follow", func(o object) {
		o[4] = stateBytes(t, must(w.there.State(t.Context(), id))(t))
		delete(o, 3)
	})
	bad("of this ledger", "another trust domain or home", func(o object) { o[8] = o[3] })
	fresh := must(w.atMain.Create(t.Context(), &realdid.CreateRequest{Control: realdid.OneKey(ed(600).Public()), Next: commit(ed(601))}, ed(600)))(t).DID
	stays := must(w.atMain.Bundle(t.Context(), fresh, nil))(t).Bytes()
	_, err := v.Verify(t.Context(), fresh, changeBundle(t, stays, func(o object) { o[8] = o[3] }), nil)
	if wantCode(t, "before a create", err, did.InvalidDIDDocument); !strings.Contains(err.Error(), "no import that follows") {
		t.Errorf("before a create: got %v", err)
	}
	if got := must(homes.Prove(t.Context(), fresh, nil))(t); !bytes.Equal(got, stays) {
		t.Error("one that did not move has another bundle")
	}
	_, pairwise := unregistered(t)
	if r := must(v.Verify(t.Context(), pairwise, must(homes.Prove(t.Context(), pairwise, nil))(t), nil))(t); !r.Evidence.Absent {
		t.Errorf("absent: got %+v", r.Evidence)
	}
	if _, err := homes.Prove(t.Context(), did.MustParse("did:realdid:x"), nil); did.AsError(err).Code != did.InvalidDID {
		t.Errorf("no identifier: got %v", err)
	}
}
