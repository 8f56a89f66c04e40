package ledgertest

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"

	"github.com/realdid/realdid/did/ledger"
)

// testRestart: what was acknowledged is there after a crash, and the ledger goes on from it.
func testRestart(f *fixture) {
	var want []ledger.Entry
	for i := range 50 {
		f.clock.add(1e9)
		want = append(want, f.next(fmt.Sprintf("key-%d", i%9), fmt.Sprint(i)))
	}
	f.Ledger = f.harness.Restart(f)
	if diff := differ(f.follow(0), want); diff != "" {
		f.Fatal(diff)
	}
	for _, e := range want[40:] {
		if got, err := f.Append(f.ctx, e.Key, e.Seq, e.Op); err != nil || !equal(got, e) {
			f.Fatalf("Append again after the restart: %s, %v; want %s", show(got), err, show(e))
		}
	}
	if e := f.next("key-0", "after"); e.Anchor.Index != 50 {
		f.Errorf("the first entry after the restart has index %d", e.Anchor.Index)
	}
}

func testRestartOften(f *fixture) {
	f.Ledger = f.harness.Restart(f)
	n := uint64(0)
	for round := range f.of(8, 4) {
		for i := range round {
			if e := f.next(fmt.Sprintf("key-%d", i), fmt.Sprint(round)); e.Anchor.Index != n {
				f.Fatalf("index %d, want %d", e.Anchor.Index, n)
			}
			n++
		}
		f.Ledger = f.harness.Restart(f)
	}
}

// testClosed: a closed ledger says so.
func testClosed(f *fixture) {
	closer, ok := f.Ledger.(io.Closer)
	if !ok {
		return
	}
	e := f.next("key", "x")
	for range 2 {
		if err := closer.Close(); err != nil {
			f.Fatalf("Close: %v", err)
		}
	}
	f.closed = true
	_, err := f.Append(f.ctx, "key", 1, e.Op)
	f.is("Append", err, ledger.ErrClosed)
	_, _, err = f.State(f.ctx, "key")
	f.is("State", err, ledger.ErrClosed)
	for _, err := range f.History(f.ctx, "key", 0) {
		f.is("History", err, ledger.ErrClosed)
	}
	for _, err := range f.Follow(f.ctx, 0) {
		f.is("Follow", err, ledger.ErrClosed)
	}
}

// testFaults: a commit that fails fails everyone who waited for it, with an error that is not final, and leaves every
// key as it was.
func testFaults(f *fixture) {
	faulter, ok := f.harness.(Faulter)
	if !ok {
		return
	}
	broken := errors.New("ledgertest: broken storage")
	for round := range 3 {
		f.next("key", fmt.Sprint("before ", round))
		faulter.Fail(broken)
		race(func(i int) {
			key, seq, state := fmt.Sprintf("key-%d-%d", round, i), uint64(0), []byte(nil)
			if i%4 == 0 {
				key = "key"
				state, seq, _ = f.State(f.ctx, key)
			}
			_, err := f.Append(f.ctx, key, seq, Op(state, fmt.Sprint("racer ", i)))
			if !errors.Is(err, broken) || errors.Is(err, ledger.ErrInvalid) || errors.Is(err, ledger.ErrConflict) {
				f.Errorf("racer %d: got error %v, want %v", i, err, broken)
			}
		})
		f.checkAll()
		faulter.Fail(nil)
		race(func(i int) {
			if _, err := f.Append(f.ctx, fmt.Sprintf("key-%d-%d", round, i), 0, Op(nil, "again")); err != nil {
				f.Errorf("racer %d again: %v", i, err)
			}
		})
		if round == 1 {
			f.Ledger = f.harness.Restart(f)
		}
	}
}

// testModel compares random operations, one after the other, with a model that is plain enough to be believed.
func testModel(f *fixture) {
	random := rand.New(rand.NewPCG(1, 2))
	model := make(map[string][]ledger.Entry)
	states := make(map[string][]byte)
	total := uint64(0)
	for range f.of(600, 150) {
		key := fmt.Sprintf("key-%d", random.IntN(12))
		have := model[key]
		switch choice := random.IntN(100); {
		case choice < 55:
			f.clock.add(3e8)
			op := Op(states[key], fmt.Sprint(random.Uint64()))
			e, err := f.Append(f.ctx, key, uint64(len(have)), op)
			if err != nil || e.Anchor.Index != total || !f.ownClock && e.Anchor.Time.Unix() != f.clock.read().Unix() {
				f.Fatalf("Append(%s, %d): %s, %v", key, len(have), show(e), err)
			}
			r, _ := Reducer{}.Reduce(key, states[key], op, e.Anchor)
			states[key], model[key] = r.State, append(have, e)
			total++
		case choice < 70:
			seq := random.Uint64N(uint64(len(have)) + 2)
			op := []byte("garbage")
			if seq < uint64(len(have)) && choice%2 == 0 {
				op = have[seq].Op
			}
			e, err := f.Append(f.ctx, key, seq, op)
			switch {
			case seq == uint64(len(have)):
				f.is("garbage", err, ledger.ErrInvalid)
			case seq < uint64(len(have)) && choice%2 == 0:
				if err != nil || !equal(e, have[seq]) {
					f.Fatalf("repeated Append(%s, %d): %s, %v", key, seq, show(e), err)
				}
			default:
				f.is("other bytes", err, ledger.ErrConflict)
			}
		case choice < 98:
			from := random.Uint64N(uint64(len(have)) + 2)
			if diff := differ(f.history(key, from), have[min(from, uint64(len(have))):]); diff != "" {
				f.Fatalf("History(%s, %d): %s", key, from, diff)
			}
		default:
			f.Ledger = f.harness.Restart(f)
		}
	}
	if n := uint64(len(f.follow(0))); n != total {
		f.Errorf("%d entries, want %d", n, total)
	}
}
