package realdid_test

import (
	"errors"
	"testing"

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
