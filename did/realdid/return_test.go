package realdid_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/realdid"
)

// returned has an identifier that moved to second, was updated there to have the method b, and came back.
func returned(t *testing.T) (*two, did.DID) {
	t.Helper()
	w, id, _ := settledTwo(t)
	w.wait(day)
	w.moved(w.there, id, "main", 2)
	w.wait(day)
	must(w.atMain.Import(t.Context(), w.carried(w.there, id)))(t)
	return w, id
}

// TestReturnThatCannotBeChecked is not one that is not there: the identifier may live here again.
func TestReturnThatCannotBeChecked(t *testing.T) {
	w, id := returned(t)
	for _, keep := range []int{0, 1 << 20} {
		m := must(realdid.New(w.main, &realdid.Options{Clock: w.clock, Trust: w.main.trust, KeepBytes: keep}))(t)
		for range 2 {
			_, err := m.Resolve(t.Context(), id, nil)
			if wantCode(t, "resolve", err, did.InternalError); !errors.Is(err, realdid.ErrPredecessor) || errors.As(err, new(*realdid.MovedError)) {
				t.Errorf("resolve: got %v, want ErrPredecessor", err)
			}
		}
		if _, err := m.State(t.Context(), id); !errors.Is(err, realdid.ErrPredecessor) {
			t.Errorf("state: got %v, want ErrPredecessor", err)
		}
		s := must(w.atMain.State(t.Context(), id))(t)
		d := must(s.DraftUpdate(authKey("c", 6)))(t)
		ok(t, "sign", d.Sign(t.Context(), ed(0)))
		if _, err := m.Submit(t.Context(), must(d.Operation())(t)); !errors.Is(err, realdid.ErrPredecessor) {
			t.Errorf("submit: got %v, want ErrPredecessor", err)
		}
	}
	if _, err := w.atMain.Resolve(t.Context(), id, nil); err != nil {
		t.Errorf("with the policy for second: got %v", err)
	}
}

// TestVersionsOfATimeAbroad: what stood while the identifier was on another ledger, the one that it came back to does not know.
func TestVersionsOfATimeAbroad(t *testing.T) {
	w, id := returned(t)
	back := w.now
	var left time.Time
	for _, v := range must(w.atMain.History(t.Context(), id))(t) {
		if v.Operation.Type() == realdid.Migrate {
			left = v.Entry.Anchor.Time
		}
	}
	w.wait(day)
	for _, keep := range []int{0, 1 << 20} {
		m := must(realdid.New(w.main, &realdid.Options{Clock: w.clock, Predecessors: w.toMain, KeepBytes: keep}))(t)
		must(m.Resolve(t.Context(), id, nil))(t)
		for _, at := range []time.Time{left, left.Add(time.Second), back.Add(-time.Second)} {
			_, err := m.Resolve(t.Context(), id, &did.ResolveOptions{VersionTime: at})
			wantCode(t, "while it was away", err, did.FeatureNotSupported)
		}
		for at, fragment := range map[time.Time]string{start: "#a", left.Add(-time.Second): "#a", back: "#b", w.now: "#b"} {
			r := must(m.Resolve(t.Context(), id, &did.ResolveOptions{VersionTime: at}))(t)
			if !bytes.Contains(r.Document.Canonical(), []byte(fragment)) {
				t.Errorf("at %v: got %s", at, r.Document.Canonical())
			}
			if next := r.Metadata.NextUpdate; !next.IsZero() && !next.Before(back) {
				t.Errorf("at %v: got next update %v, of which nobody here knows that it is the next", at, next)
			}
		}
	}
}
