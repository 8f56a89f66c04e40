package ledgertest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/realdid/realdid/did/ledger"
)

const racers = 16

// race runs f in as many goroutines and waits for them.
func race(f func(racer int)) {
	var wg sync.WaitGroup
	for i := range racers {
		wg.Go(func() { f(i) })
	}
	wg.Wait()
}

// testRaceOneKey: of several different operations for one place one wins, and the others are told which.
func testRaceOneKey(f *fixture) {
	for round := range f.of(20, 5) {
		state, seq, err := f.State(f.ctx, "key")
		if err != nil || seq != uint64(round) {
			f.Fatalf("round %d: State: seq %d, %v", round, seq, err)
		}
		var won [racers]ledger.Entry
		var stands [racers]ledger.Entry
		var winners atomic.Int64
		race(func(i int) {
			e, err := f.Append(f.ctx, "key", seq, Op(state, fmt.Sprint("racer ", i)))
			var conflict *ledger.ConflictError
			switch {
			case err == nil:
				winners.Add(1)
				won[i], stands[i] = e, e
			case errors.As(err, &conflict):
				stands[i] = conflict.Entry
			default:
				f.Errorf("round %d, racer %d: %v", round, i, err)
			}
		})
		if n := winners.Load(); n != 1 {
			f.Fatalf("round %d: %d operations won", round, n)
		}
		want := f.history("key", seq)[0]
		for i := range stands {
			if !equal(stands[i], want) {
				f.Fatalf("round %d: racer %d was told of %s, and there stands %s", round, i, show(stands[i]), show(want))
			}
		}
	}
}

// testRaceSameOperation: of several equal operations for one place all succeed, with one entry.
func testRaceSameOperation(f *fixture) {
	for round := range f.of(10, 4) {
		state, seq, err := f.State(f.ctx, "key")
		if err != nil {
			f.Fatal(err)
		}
		var got [racers]ledger.Entry
		race(func(i int) {
			var err error
			if got[i], err = f.Append(f.ctx, "key", seq, Op(state, "the same")); err != nil {
				f.Errorf("round %d, racer %d: %v", round, i, err)
			}
		})
		for i := range got {
			if !equal(got[i], got[0]) {
				f.Fatalf("round %d: %s and %s", round, show(got[i]), show(got[0]))
			}
		}
	}
}

// testRaceManyKeys: every acknowledged entry is in its history, also where keys are shared.
func testRaceManyKeys(f *fixture) {
	rounds := f.of(25, 8)
	acknowledged := make([][]ledger.Entry, racers)
	race(func(i int) {
		for round := range rounds {
			for _, key := range []string{fmt.Sprint("own-", i), fmt.Sprint("shared-", round%3), fmt.Sprintf("once-%d-%d", i, round)} {
				state, seq, err := f.State(f.ctx, key)
				if err != nil {
					f.Error(err)
					return
				}
				e, err := f.Append(f.ctx, key, seq, Op(state, fmt.Sprint(i, " ", round)))
				switch {
				case err == nil:
					acknowledged[i] = append(acknowledged[i], e)
				case !errors.Is(err, ledger.ErrConflict):
					f.Errorf("Append(%s, %d): %v", key, seq, err)
				}
			}
		}
	})
	all := f.follow(0)
	total := 0
	for _, entries := range acknowledged {
		total += len(entries)
		for _, e := range entries {
			if i := e.Anchor.Index; i >= uint64(len(all)) || !equal(all[i], e) {
				f.Fatalf("acknowledged entry %s is not in the feed", show(e))
			}
		}
	}
	if total != len(all) {
		f.Errorf("%d entries acknowledged, %d in the feed", total, len(all))
	}
}

// testRaceRefusals: refused operations among accepted ones leave neither gaps nor states that were reduced with another
// anchor (checkAll looks for both).
func testRaceRefusals(f *fixture) {
	var accepted atomic.Int64
	race(func(i int) {
		for round := range f.of(30, 8) {
			key := fmt.Sprintf("key-%d-%d", i, round)
			payload := "accept"
			if (i+round)%3 == 0 {
				payload = "refuse"
			}
			_, err := f.Append(f.ctx, key, 0, Op(nil, payload))
			switch {
			case payload == "accept" && err == nil:
				accepted.Add(1)
			case payload == "accept" || !f.refused(err):
				f.Errorf("%s: %v", payload, err)
			}
		}
	})
	if n := len(f.follow(0)); int64(n) != accepted.Load() {
		f.Errorf("%d entries, %d accepted", n, accepted.Load())
	}
}
