package realdid_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/boltledger"
	"github.com/realdid/realdid/did/ledger/memledger"
	"github.com/realdid/realdid/did/realdid"
)

// onEveryLedger runs a test on each ledger of the repository, with a clock that stands still.
func onEveryLedger(t *testing.T, test func(t *testing.T, lg ledger.Ledger, m *realdid.Method)) {
	clock := func() time.Time { return start }
	run := func(name string, open func(t *testing.T) ledger.Ledger) {
		t.Run(name, func(t *testing.T) {
			lg := open(t)
			test(t, lg, must(realdid.New(lg, &realdid.Options{Clock: clock}))(t))
		})
	}
	run("memledger", func(*testing.T) ledger.Ledger {
		return memledger.New(realdid.Reducer(), &memledger.Options{Clock: clock})
	})
	run("memledger that does not admit", func(*testing.T) ledger.Ledger { return memledger.New(nil, &memledger.Options{Clock: clock}) })
	run("boltledger", func(t *testing.T) ledger.Ledger {
		lg, err := boltledger.Open(t.TempDir(), realdid.Reducer(), &boltledger.Options{Clock: clock})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := lg.Close(); err != nil {
				t.Error(err)
			}
		})
		return lg
	})
}

// together calls f from n goroutines at once and returns the errors.
func together(n int, f func(i int) error) []error {
	var wg sync.WaitGroup
	errs := make([]error, n)
	began := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-began
			errs[i] = f(i)
		})
	}
	close(began)
	wg.Wait()
	return errs
}

// TestOneOfManyWins: operations that name the same predecessor race; one becomes valid, the others are told so.
func TestOneOfManyWins(t *testing.T) {
	onEveryLedger(t, func(t *testing.T, lg ledger.Ledger, m *realdid.Method) {
		create := mustParse(t, seal(t, rawCreate('q'), ed(0)))
		r, err := m.Submit(t.Context(), create)
		ok(t, "create", err)
		const n = 16
		var ops []*realdid.Operation
		for i := range n {
			d, err := r.State.DraftUpdate(authKey(fmt.Sprint("a", i), 100+i))
			ops = append(ops, draftOf(t, d, err, ed(0)))
		}
		results := make([]*realdid.Result, n)
		errs := together(n, func(i int) (err error) {
			results[i], err = m.Submit(t.Context(), ops[i])
			return err
		})
		winner := -1
		for i, err := range errs {
			switch {
			case err == nil && winner < 0:
				winner = i
			case err == nil:
				t.Errorf("both %d and %d won", winner, i)
			case !errors.Is(err, realdid.ErrConflict):
				t.Errorf("loser %d: got %v, want ErrConflict", i, err)
			}
		}
		if winner < 0 {
			t.Fatal("nobody won")
		}
		s := must(m.State(t.Context(), r.DID))(t)
		if s.Head() != ops[winner].ID() || s.Seq() != 1 {
			t.Errorf("the state is not that of the winner")
		}
		if results[winner].State.Head() != s.Head() || results[winner].Operation.ID() != s.Head() {
			t.Error("the winner's result is of something else")
		}
		again, err := m.Submit(t.Context(), ops[winner])
		if err != nil || again.Anchor != results[winner].Anchor {
			t.Errorf("the winner again: got %v, want success at the same place", err)
		}
		if _, err := m.Submit(t.Context(), ops[(winner+1)%n]); !errors.Is(err, realdid.ErrConflict) {
			t.Errorf("a loser again: got %v, want ErrConflict", err)
		}
	})
}

// TestOneOperationManyTimes: the same operation from many places, with different signatures, is one operation.
func TestOneOperationManyTimes(t *testing.T) {
	onEveryLedger(t, func(t *testing.T, lg ledger.Ledger, m *realdid.Method) {
		p := rawCreate('q')
		p[memberControl] = keySet(1, multicodec(0), multicodec(5), multicodec(6))
		ops := []*realdid.Operation{
			mustParse(t, seal(t, p, ed(0))), mustParse(t, seal(t, p, nil, ed(5))), mustParse(t, seal(t, p, nil, nil, ed(6))), mustParse(t, seal(t, p, ed(0), ed(5), ed(6))),
		}
		results := make([]*realdid.Result, 16)
		for i, err := range together(16, func(i int) (err error) {
			results[i], err = m.Submit(t.Context(), ops[i%len(ops)])
			return err
		}) {
			if err != nil {
				t.Errorf("%d: %v", i, err)
			}
		}
		key := ops[0].Identifier().Key()
		if n := count(t, lg, key); n != 1 {
			t.Errorf("entries: got %d, want 1", n)
		}
		for i, r := range results {
			if r == nil || string(r.Operation.Bytes()) != string(results[0].Operation.Bytes()) || r.Anchor != results[0].Anchor {
				t.Errorf("result %d is not of the operation that stands there", i)
			}
		}
	})
}

// TestOwnerAgainstThief is P11 on every ledger: rotations, recoveries and updates by a thief of the device race; the owner's
// rotation and recovery are in the history at the end, and the thief's keys are not in force.
func TestOwnerAgainstThief(t *testing.T) {
	onEveryLedger(t, func(t *testing.T, lg ledger.Ledger, m *realdid.Method) {
		h := fixed(t)
		create := mustParse(t, firstOperation(t))
		r, err := m.Submit(t.Context(), create)
		ok(t, "create", err)
		if r.State.Head() != h.state.Head() {
			t.Fatal("not the identifier of fixed")
		}
		doc := authKey("mine", 21)
		errs := together(6, func(i int) error {
			if i == 0 {
				_, err := m.Rotate(t.Context(), r.DID, &realdid.RotateRequest{Reveal: pub(ed(1)), Next: commit(ed(2)), Document: &doc}, ed(1))
				return err
			}
			for range 4 {
				if _, err := m.Update(t.Context(), r.DID, authKey("thief", 500), ed(0)); err != nil && errors.Is(err, realdid.ErrOperation) {
					return nil // the owner was there
				}
			}
			return nil
		})
		ok(t, "owner rotates", errs[0])
		s := must(m.State(t.Context(), r.DID))(t)
		if got := s.Content().VerificationMethods; len(got) != 1 || got[0].Fragment != "mine" {
			t.Errorf("document: got %+v", got)
		}
		_, err = m.Update(t.Context(), r.DID, authKey("thief2", 501), ed(0))
		refused(t, "thief updates after the rotation", err)
	})
}

// firstOperation is the create of fixed.
func firstOperation(t *testing.T) []byte {
	t.Helper()
	return fixed(t).first
}

// TestRecoverRacesCancel: of a recovery that replaces and a cancel, both for the same pending one, one wins.
func TestRecoverRacesCancel(t *testing.T) {
	onEveryLedger(t, func(t *testing.T, lg ledger.Ledger, m *realdid.Method) {
		r, err := m.Submit(t.Context(), mustParse(t, firstOperation(t)))
		ok(t, "create", err)
		_, err = m.Recover(t.Context(), r.DID, guardianRequest(500, realdid.Content{}, 11, 12), ed(11), ed(12), ed(500))
		ok(t, "guardians file", err)
		errs := together(3, func(i int) error {
			switch i {
			case 0:
				_, err := m.CancelByNext(t.Context(), r.DID, pub(ed(1)), commit(ed(2)), false, ed(1))
				return err
			case 1:
				_, err := m.CancelByTier(t.Context(), r.DID, []realdid.RecoveryKey{backup(10)}, ed(10))
				return err
			}
			_, err := m.Recover(t.Context(), r.DID, guardianRequest(20, realdid.Content{}, 10), ed(10), ed(20))
			return err
		})
		s := must(m.State(t.Context(), r.DID))(t)
		p, pending := s.Pending()
		if pending && p.Tier != (realdid.TierID{}) {
			t.Errorf("the guardians' recovery is still pending: %v", errs)
		}
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			}
		}
		if won == 0 || s.Seq() != uint64(1+won) {
			t.Errorf("%d won, and the history has %d operations: %v", won, s.Seq()+1, errs)
		}
	})
}
