package ledgertest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"

	"github.com/realdid/realdid/did/ledger"
)

func testHistoryFrom(f *fixture) {
	var want []ledger.Entry
	for i := range 7 {
		want = append(want, f.next("key", fmt.Sprint(i)))
		f.next("another", fmt.Sprint(i))
	}
	for from := range uint64(10) {
		if diff := differ(f.history("key", from), want[min(from, 7):]); diff != "" {
			f.Errorf("from %d: %s", from, diff)
		}
	}
	if got := f.history("key", math.MaxUint64); len(got) != 0 {
		f.Errorf("from the largest seq: %d entries", len(got))
	}
	for stop := 1; stop < 7; stop++ {
		n := 0
		for _, err := range f.History(f.ctx, "key", 0) {
			if n++; err != nil || n == stop {
				break
			}
		}
		if n != stop {
			f.Errorf("left after %d entries instead of %d", n, stop)
		}
	}
	again := f.History(f.ctx, "key", 5)
	for range 2 {
		n := 0
		for range again {
			n++
		}
		if n != 2 {
			f.Errorf("ranging over one History twice: %d entries, want 2", n)
		}
	}
}

// testHistoryLong: more entries than any page.
func testHistoryLong(f *fixture) {
	long := f.of(700, 270)
	var want []ledger.Entry
	for i := range long {
		want = append(want, f.next("key", fmt.Sprint(i)))
	}
	for _, from := range []uint64{0, 1, 100, 127, 128, 129, 256, uint64(long) - 1, uint64(long)} {
		if diff := differ(f.history("key", from), want[from:]); diff != "" {
			f.Errorf("from %d: %s", from, diff)
		}
	}
	for _, from := range []uint64{0, 255, 256, 257, uint64(long) - 1, uint64(long)} {
		if diff := differ(f.follow(from), want[from:]); diff != "" {
			f.Errorf("follow from %d: %s", from, diff)
		}
	}
}

// testHistoryWhileAppending: an iteration does not hold up appends, not even by its own goroutine, and yields what was
// there when it began.
func testHistoryWhileAppending(f *fixture) {
	before := uint64(f.of(300, 150))
	for i := range before {
		f.next("key", fmt.Sprint(i))
	}
	n := uint64(0)
	for e, err := range f.History(f.ctx, "key", 0) {
		if err != nil || e.Seq != n {
			f.Fatalf("entry %d: %s, %v", n, show(e), err)
		}
		if n++; n <= before && n%50 == 0 {
			f.next("key", "during the iteration")
			f.next("other", "during the iteration")
		}
	}
	if n < before {
		f.Errorf("%d entries of %d that were there at the beginning", n, before)
	}
}

func testFollow(f *fixture) {
	var want []ledger.Entry
	for i := range 40 {
		want = append(want, f.next(fmt.Sprintf("key-%d", i%3), fmt.Sprint(i)))
	}
	for _, from := range []uint64{0, 1, 20, 39, 40, 41, math.MaxUint64} {
		if diff := differ(f.follow(from), want[min(from, 40):]); diff != "" {
			f.Errorf("from %d: %s", from, diff)
		}
	}
	n := 0
	for _, err := range f.Follow(f.ctx, 0) {
		if n++; err != nil || n == 5 {
			break
		}
	}
	if n != 5 {
		f.Errorf("left after %d entries instead of 5", n)
	}
}

// testFollowWhileAppending: a follower that takes up each time where it stopped sees every entry once.
func testFollowWhileAppending(f *fixture) {
	rounds := f.of(20, 5)
	done := make(chan struct{})
	var appending sync.WaitGroup
	appending.Go(func() {
		defer close(done)
		race(func(i int) {
			for round := range rounds {
				if _, err := f.Append(f.ctx, fmt.Sprintf("key-%d-%d", i, round), 0, Op(nil, "x")); err != nil {
					f.Error(err)
				}
			}
		})
	})
	seen := uint64(0)
	for finished := false; ; {
		select {
		case <-done:
			finished = true
		default:
		}
		for e, err := range f.Follow(f.ctx, seen) {
			if err != nil || e.Anchor.Index != seen {
				f.Fatalf("after %d entries: %s, %v", seen, show(e), err)
			}
			seen++
		}
		if finished {
			break
		}
	}
	appending.Wait()
	if want := uint64(rounds * racers); seen != want {
		f.Errorf("saw %d entries of %d", seen, want)
	}
}

// testIterationCanceled: an iteration whose context ends yields its error, once, and ends.
func testIterationCanceled(f *fixture) {
	for i := range 10 {
		f.next("key", fmt.Sprint(i))
	}
	for name, start := range map[string]func(context.Context) func(func(ledger.Entry, error) bool){
		"History": func(ctx context.Context) func(func(ledger.Entry, error) bool) { return f.History(ctx, "key", 0) },
		"Follow":  func(ctx context.Context) func(func(ledger.Entry, error) bool) { return f.Follow(ctx, 0) },
	} {
		for _, after := range []int{0, 1, 5} {
			ctx, cancel := context.WithCancel(f.ctx)
			if after == 0 {
				cancel()
			}
			entries, failures := 0, 0
			for _, err := range start(ctx) {
				switch {
				case err == nil:
					entries++
				case errors.Is(err, context.Canceled):
					failures++
				default:
					f.Errorf("%s: %v", name, err)
				}
				if entries == after {
					cancel()
				}
			}
			cancel()
			if entries != after || failures != 1 {
				f.Errorf("%s canceled after %d entries yielded %d and %d errors, want 1", name, after, entries, failures)
			}
		}
	}
}
