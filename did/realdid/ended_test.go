package realdid_test

import (
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/realdid"
)

// TestAbsentAfterTheEnd: a ledger that has ended proves no more that it has nothing, except by the checkpoint with which it did.
func TestAbsentAfterTheEnd(t *testing.T) {
	w := newTwo(t)
	w.born()
	_, long := unregistered(t)
	final := w.ended()
	for _, goesOn := range []bool{false, true} {
		if goesOn {
			w.wait(time.Hour)
			w.main.seal()
		}
		ended := must(realdid.New(w.main, &realdid.Options{Clock: w.clock, Trust: w.main.trust, Final: final}))(t)
		if r := must(ended.Resolve(t.Context(), long, nil))(t); !r.Evidence.GenesisOnly || r.Evidence.Absent == goesOn {
			t.Errorf("after the final checkpoint: %v: got %+v", goesOn, r.Evidence)
		}
	}
}

// TestRecoveredBeforeTheEnd: a recovery that took effect on a ledger before it ended is a version, for a bundle of both ledgers as well.
func TestRecoveredBeforeTheEnd(t *testing.T) {
	w := newTwo(t)
	id := w.born()
	d, err := must(w.atMain.State(t.Context(), id))(t).DraftRecover(&realdid.RecoverRequest{
		Reveal: []realdid.RecoveryKey{backup(10)}, Control: realdid.OneKey(ed(20).Public()), Next: commit(ed(21)),
		Document: authKey("new", 22),
	})
	ok(t, "draft", err)
	ok(t, "sign", d.Sign(t.Context(), ed(10), ed(20)))
	op := must(d.Operation())(t)
	must(w.atMain.Submit(t.Context(), op))(t)
	effect := w.now.Add(threeDays)
	w.wait(10 * day)
	final := w.ended()
	preds := realdid.Predecessors{{Home: "main", Trust: w.main.trust, Final: final}}
	lg := newProvingAt(t, secondOrigin, secondNet.ReducerFrom(preds), w.clock)
	there := must(realdid.New(lg, &realdid.Options{Network: secondNet, Clock: w.clock, Trust: lg.trust, Predecessors: preds}))(t)
	former := must(w.atMain.Bundle(t.Context(), id, nil))(t)
	must(there.Import(t.Context(), w.carried(w.atMain, id)))(t)
	w.wait(day)
	lg.seal()
	b := changeBundle(t, must(there.Bundle(t.Context(), id, nil))(t).Bytes(), func(o object) { o[8] = decodeObject(t, former.Bytes())[3] })
	v := w.verifier(realdid.TrustedLedger{Trust: w.main.trust, Final: final}, realdid.TrustedLedger{Network: secondNet, Trust: lg.trust})
	for at, want := range map[time.Time]string{effect.Add(-time.Second): "the one before", effect: op.VersionID()} {
		r, err := v.Verify(t.Context(), id, b, &did.ResolveOptions{VersionTime: at})
		if err != nil {
			t.Fatal(err)
		}
		if recovered := r.Metadata.VersionID == want; recovered != at.Equal(effect) || recovered && !r.Metadata.Updated.Equal(effect) {
			t.Errorf("at %v: got version %s of %v", at, r.Metadata.VersionID, r.Metadata.Updated)
		}
	}
}

// TestImportRacesWithProof: one that came in between reading and proving takes no place, and is no contradiction.
func TestImportRacesWithProof(t *testing.T) {
	w := newTwo(t)
	id := w.born()
	w.moved(w.atMain, id, "second", 1)
	must(w.there.Import(t.Context(), w.carried(w.atMain, id)))(t)
	w.wait(time.Hour)
	w.second.seal()
	carried := w.carried(w.there, id)
	w.toMain[0].Final = &realdid.Final{Size: w.second.size(), Root: must(proof.Root(w.second, w.second.size()))(t), Successor: "main"}
	raced := false
	w.main.before = func() {
		w.main.before = nil
		raced = true
		must(w.atMain.Import(t.Context(), carried))(t)
		w.main.seal()
	}
	r, err := w.atMain.Resolve(t.Context(), id, nil)
	if err != nil || !raced || !r.Evidence.Latest {
		t.Errorf("got %+v %v, raced %v", r, err, raced)
	}
}
