package ledgertest

import (
	"errors"
	"fmt"
	"time"

	"github.com/realdid/realdid/did/ledger"
)

// testClock: anchors have the clock's time, in UTC and whole seconds.
func testClock(f *fixture) {
	if f.ownClock {
		testOtherClock(f)
		return
	}
	zone := time.FixedZone("somewhere", 8*60*60)
	for i, at := range []time.Time{
		epoch.Add(time.Nanosecond), epoch.Add(999 * time.Millisecond), epoch.Add(time.Second).In(zone),
		epoch.Add(time.Second + time.Millisecond), epoch.Add(1000 * time.Hour),
	} {
		f.clock.set(at)
		e := f.next("key", fmt.Sprint(i))
		if want := at.Truncate(time.Second).UTC(); e.Anchor.Time != want {
			f.Errorf("clock %v: anchor %v, want %v", at, e.Anchor.Time, want)
		}
	}
	race(func(i int) {
		for round := range 20 {
			f.clock.add(200 * time.Millisecond)
			if _, err := f.Append(f.ctx, fmt.Sprintf("key-%d-%d", i, round), 0, Op(nil, "x")); err != nil {
				f.Error(err)
			}
		}
	})
}

// testClockBehind: while the clock is earlier than the last anchor nothing new is accepted, the error says so and names
// both times, and nothing is final about it.
func testClockBehind(f *fixture) {
	if f.ownClock {
		testOtherClock(f)
		f.Ledger = f.harness.Restart(f)
		testOtherClock(f)
		return
	}
	first := f.next("key", "first")
	check := func(when string) {
		f.Helper()
		f.clock.set(epoch.Add(-time.Second))
		_, err := f.Append(f.ctx, "other", 0, Op(nil, "too early"))
		f.is(when, err, ledger.ErrClock)
		var clock *ledger.ClockError
		if !errors.As(err, &clock) || !clock.Now.Equal(epoch.Add(-time.Second)) || !clock.Last.Equal(epoch) {
			f.Fatalf("%s: the error %v does not name both times", when, err)
		}
		e, err := f.Append(f.ctx, "key", 0, first.Op)
		if err != nil || !equal(e, first) {
			f.Fatalf("%s: the first entry again: %s, %v", when, show(e), err)
		}
	}
	check("clock behind")
	f.Ledger = f.harness.Restart(f)
	check("clock behind after a restart")
	f.clock.set(epoch)
	f.next("other", "in time")
}

// testOtherClock: the times of a chain do not come from the clock that the kit gives, which is of no age that a chain has. They
// never go back, not even if that clock does; checkAll looks at the rest.
func testOtherClock(f *fixture) {
	var last time.Time
	for i, at := range []time.Time{epoch.Add(-1000 * time.Hour), epoch.Add(-2000 * time.Hour), time.Unix(1, 0)} {
		f.clock.set(at)
		state, _, err := f.State(f.ctx, "key")
		if err != nil {
			f.Fatal(err)
		}
		e := f.next("key", fmt.Sprint(i, len(state)))
		if e.Anchor.Time.Before(last) || e.Anchor.Time.Equal(at.Truncate(time.Second)) || e.Anchor.Time.Unix() <= 0 {
			f.Errorf("clock %v: anchor %v after %v; want a time of the chain", at, e.Anchor.Time, last)
		}
		last = e.Anchor.Time
	}
}
