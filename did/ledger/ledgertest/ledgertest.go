// Package ledgertest is the conformance kit for ledgers: what [Run] checks is what the contract in package ledger
// promises, and every backend passes all of it.
//
//	func TestConformance(t *testing.T) {
//		ledgertest.Run(t, func(tb testing.TB) ledgertest.Harness { return newHarness(tb.TempDir()) })
//	}
package ledgertest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
)

// A Ledger is what a backend must offer to be tested.
type Ledger interface {
	ledger.Ledger
	ledger.Follower
	ledger.Stater
}

// A Harness keeps the place of one ledger, which is empty at first. If it also has the method of a [Faulter], failing
// storage is tested too. If the ledger has a method Close() error, what follows it is tested; likewise a
// [ledger.Importer].
type Harness interface {
	// Open opens the ledger. It is called once.
	Open(tb testing.TB, reducer ledger.Reducer, clock ledger.Clock) Ledger
	// Restart ends the ledger as a crash would, without telling it, and opens what is left with the same reducer and
	// clock. The ledger before is not used any more.
	Restart(tb testing.TB) Ledger
}

// A Faulter can make storage fail.
type Faulter interface {
	// Fail makes every commit fail with err, before anything is durable, until it is called with nil.
	Fail(err error)
}

// A Chain is a Harness whose ledger takes the time of its anchors from elsewhere, as the validators of a chain agree on it. The
// kit then expects times that never decrease, and not those of the clock that it gave.
type Chain interface {
	// OwnClock returns true.
	OwnClock() bool
}

// A Wire is a Harness whose ledger runs the reducer somewhere else, so that what arrives of a refusal is its text.
type Wire interface {
	// RefusalText returns true.
	RefusalText() bool
}

// Paced is a Harness whose appends wait for a block each. Loops are shorter then; nothing is left out. Its pages must be of at
// most 128 entries.
type Paced interface {
	// Slow returns true.
	Slow() bool
}

// Run tests the ledgers that newHarness makes, each in a place of its own.
func Run(t *testing.T, newHarness func(tb testing.TB) Harness) {
	for _, test := range []struct {
		name string
		run  func(*fixture)
	}{
		{"Empty", testEmpty},
		{"Order", testOrder},
		{"Repeat", testRepeat},
		{"Conflict", testConflict},
		{"Limits", testLimits},
		{"Refusal", testRefusal},
		{"Copies", testCopies},
		{"Canceled", testCanceled},
		{"RaceOneKey", testRaceOneKey},
		{"RaceSameOperation", testRaceSameOperation},
		{"RaceManyKeys", testRaceManyKeys},
		{"RaceRefusals", testRaceRefusals},
		{"Clock", testClock},
		{"ClockBehind", testClockBehind},
		{"HistoryFrom", testHistoryFrom},
		{"HistoryLong", testHistoryLong},
		{"HistoryWhileAppending", testHistoryWhileAppending},
		{"Follow", testFollow},
		{"FollowWhileAppending", testFollowWhileAppending},
		{"IterationCanceled", testIterationCanceled},
		{"Restart", testRestart},
		{"RestartOften", testRestartOften},
		{"Closed", testClosed},
		{"Faults", testFaults},
		{"Import", testImport},
		{"ImportRefusal", testImportRefusal},
		{"ImportWhileAppending", testImportWhileAppending},
		{"ImportFaults", testImportFaults},
		{"Model", testModel},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newHarness(t)
			f := &fixture{T: t, ctx: t.Context(), harness: h, clock: &clock{now: epoch}}
			f.look(h)
			f.Ledger = h.Open(t, Reducer{}, f.clock.read)
			test.run(f)
			f.checkAll()
		})
	}
}

// fixture is a test with its ledger.
type fixture struct {
	*testing.T
	Ledger
	ctx     context.Context
	harness Harness
	clock   *clock
	closed  bool

	ownClock, refusalText, slow bool
}

// look finds out what kind of ledger h has.
func (f *fixture) look(h Harness) {
	if c, ok := h.(Chain); ok {
		f.ownClock = c.OwnClock()
	}
	if w, ok := h.(Wire); ok {
		f.refusalText = w.RefusalText()
	}
	if p, ok := h.(Paced); ok {
		f.slow = p.Slow()
	}
}

// of returns n, or few for a ledger whose appends take long.
func (f *fixture) of(n, few int) int {
	if f.slow {
		return few
	}
	return n
}

// refused tells whether err is a refusal by the Reducer of this package.
func (f *fixture) refused(err error) bool {
	if f.refusalText {
		return errors.Is(err, ledger.ErrInvalid) && strings.Contains(err.Error(), ErrRefused.Error())
	}
	return errors.Is(err, ErrRefused)
}

var epoch = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// clock is set by the test and only moves when told.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// next appends payload as the next entry of key, and fails the test if that does not succeed.
func (f *fixture) next(key, payload string) ledger.Entry {
	f.Helper()
	state, seq, err := f.State(f.ctx, key)
	if err != nil {
		f.Fatalf("State(%s): %v", key, err)
	}
	op := Op(state, payload)
	e, err := f.Append(f.ctx, key, seq, op)
	if err != nil {
		f.Fatalf("Append(%s, %d): %v", key, seq, err)
	}
	if e.Key != key || e.Seq != seq || string(e.Op) != string(op) {
		f.Fatalf("Append(%s, %d, %q) returned the entry %s", key, seq, op, show(e))
	}
	return e
}

// history reads the entries of key from from on.
func (f *fixture) history(key string, from uint64) []ledger.Entry {
	f.Helper()
	var got []ledger.Entry
	for e, err := range f.History(f.ctx, key, from) {
		if err != nil {
			f.Fatalf("History(%s, %d): %v", key, from, err)
		}
		got = append(got, e)
	}
	return got
}

// follow reads the whole ledger from index from on.
func (f *fixture) follow(from uint64) []ledger.Entry {
	f.Helper()
	var got []ledger.Entry
	for e, err := range f.Follow(f.ctx, from) {
		if err != nil {
			f.Fatalf("Follow(%d): %v", from, err)
		}
		got = append(got, e)
	}
	return got
}

// checkAll reads everything and checks what must always hold: no gaps, no time that goes back, each key's history the
// same as its part of the feed, and the state what the reducer makes of it.
func (f *fixture) checkAll() {
	f.Helper()
	if f.closed {
		return
	}
	perKey := make(map[string][]ledger.Entry)
	var last time.Time
	for i, e := range f.follow(0) {
		if e.Anchor.Index != uint64(i) {
			f.Fatalf("entry %d of the feed has index %d", i, e.Anchor.Index)
		}
		if at := e.Anchor.Time; at.Before(last) || at.Location() != time.UTC || at.Nanosecond() != 0 {
			f.Fatalf("entry %d has time %v after %v", i, at, last)
		}
		if want := uint64(len(perKey[e.Key])); e.Seq != want {
			f.Fatalf("entry %d has seq %d of %s, want %d", i, e.Seq, e.Key, want)
		}
		last = e.Anchor.Time
		perKey[e.Key] = append(perKey[e.Key], e)
	}
	for key, want := range perKey {
		if diff := differ(f.history(key, 0), want); diff != "" {
			f.Fatalf("history and feed of %s: %s", key, diff)
		}
		var state []byte
		for _, e := range want {
			r, err := Reducer{}.Reduce(key, state, e.Op, e.Anchor)
			if err != nil {
				f.Fatalf("entry %d should have been refused: %v", e.Anchor.Index, err)
			}
			state = append([]byte{}, r.State...) // never nil: that is a new key
		}
		got, seq, err := f.State(f.ctx, key)
		if err != nil || string(got) != string(state) || seq != uint64(len(want)) {
			f.Fatalf("State(%s) = %q, %d, %v; want %q, %d", key, got, seq, err, state, len(want))
		}
	}
}

// differ says how two lists of entries differ, or nothing.
func differ(got, want []ledger.Entry) string {
	for i := range min(len(got), len(want)) {
		if !equal(got[i], want[i]) {
			return fmt.Sprintf("number %d: got %s, want %s", i, show(got[i]), show(want[i]))
		}
	}
	if len(got) != len(want) {
		return fmt.Sprintf("got %d entries, want %d", len(got), len(want))
	}
	return ""
}

func equal(a, b ledger.Entry) bool {
	return a.Key == b.Key && a.Seq == b.Seq && string(a.Op) == string(b.Op) &&
		a.Anchor.Index == b.Anchor.Index && a.Anchor.Time.Equal(b.Anchor.Time)
}

func show(e ledger.Entry) string {
	return fmt.Sprintf("{%s %d %.60q %d %s}", e.Key, e.Seq, e.Op, e.Anchor.Index, e.Anchor.Time.Format(time.RFC3339Nano))
}

// is fails the test unless err is want and no other of the errors that callers tell apart.
func (f *fixture) is(what string, err, want error) {
	f.Helper()
	if err == nil || !errors.Is(err, want) {
		f.Fatalf("%s: got error %v, want %v", what, err, want)
	}
	for _, other := range []error{
		ledger.ErrConflict, ledger.ErrInvalid, ledger.ErrTooLarge, ledger.ErrCorrupt, ledger.ErrLocked, ledger.ErrClosed, ledger.ErrClock,
		context.Canceled, ledger.ErrUnavailable,
	} {
		if errors.Is(err, other) && !errors.Is(want, other) && other != want {
			f.Fatalf("%s: error %v is %v and also %v", what, err, want, other)
		}
	}
}
