package sqlledger

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync/atomic"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
)

// counting counts confirmations.
type counting struct {
	engine
	calls atomic.Int64
}

func (c *counting) confirm(ctx context.Context) (tip, error) {
	c.calls.Add(1)
	return c.engine.confirm(ctx)
}

// testCovered: what another process has appended is made durable before it is told, and what this one has is not again.
func testCovered(p *place) {
	a, b := p.open(&Options{Poll: time.Hour}), p.open(&Options{Poll: time.Hour})
	own, others := &counting{engine: a.store.engine}, &counting{engine: b.store.engine}
	a.store.engine, b.store.engine = own, others
	e := p.next(a, "key", "x")
	p.all(a)
	for range a.History(p.Context(), "key", 0) {
	}
	p.next(a, "key", "y")
	if _, err := a.Append(p.Context(), "key", 0, e.Op); err != nil {
		p.Error(err)
	}
	if n := own.calls.Load(); n != 0 {
		p.Errorf("a process confirmed %d times what it had stored itself", n)
	}
	for name, read := range map[string]func(l *Ledger, key string) error{
		"State": func(l *Ledger, key string) error {
			_, _, err := l.State(p.Context(), key)
			return err
		},
		"History": func(l *Ledger, key string) error {
			for _, err := range l.History(p.Context(), key, 0) {
				return err
			}
			return errors.New("nothing")
		},
		"Follow": func(l *Ledger, key string) error {
			for range l.Follow(p.Context(), 0) {
			}
			return nil
		},
		"Append": func(l *Ledger, key string) error {
			_, err := l.Append(p.Context(), key, 0, ledgertest.Op(nil, "x"))
			return err
		},
		"conflict": func(l *Ledger, key string) error {
			_, err := l.Append(p.Context(), key, 0, ledgertest.Op(nil, "other"))
			if !errors.Is(err, ledger.ErrConflict) {
				return fmt.Errorf("got error %w, want a conflict", err)
			}
			return nil
		},
	} {
		key := "key-" + strings.ToLower(name)
		p.next(a, key, "x")
		others.calls.Store(0)
		for range 2 {
			if err := read(b, key); err != nil {
				p.Errorf("%s: %v", name, err)
			}
		}
		if n := others.calls.Load(); n != 1 {
			p.Errorf("%s of another's entry, twice: confirmed %d times, want once", name, n)
		}
		if last, _ := b.Last(); last.Index != uint64(p.number("select next from {tip}"))-1 {
			p.Errorf("%s: Last is %d", name, last.Index)
		}
	}
}

// testLostAnswer: a commit that stands and was not heard of is no answer; the repeated call finds it.
func testLostAnswer(p *place) {
	l := p.open(nil)
	broken := errors.New("broken")
	var lost atomic.Bool
	l.store.fault = func(stage string) error {
		if stage == "committed" && lost.CompareAndSwap(false, true) {
			return broken
		}
		return nil
	}
	op := ledgertest.Op(nil, "x")
	_, err := l.Append(p.Context(), "key", 0, op)
	p.only("a lost answer", err, ledger.ErrUnavailable)
	if !errors.Is(err, broken) {
		p.Errorf("got error %v, want %v", err, broken)
	}
	if e := p.next(l, "other", "x"); e.Anchor.Index != 1 {
		p.Errorf("the next entry has index %d, want 1", e.Anchor.Index)
	}
	if e, err := l.Append(p.Context(), "key", 0, op); err != nil || e.Anchor.Index != 0 {
		p.Errorf("again: index %d, %v; want 0", e.Anchor.Index, err)
	}
	if n := len(p.all(l)); n != 2 {
		p.Errorf("%d entries, want 2", n)
	}
}

// testLocked: a lock that somebody else does not give back makes the ledger unavailable, and not for longer than it is held.
func testLocked(p *place) {
	l := p.open(&Options{Timeout: 300 * time.Millisecond, Poll: time.Hour})
	p.next(l, "key", "x")
	in, _, err := l.store.engine.reserve(p.Context())
	if err != nil {
		p.Fatal(err)
	}
	if p.dialect == PostgreSQL {
		if _, err := in.ExecContext(p.Context(), "set local idle_in_transaction_session_timeout = 0"); err != nil {
			p.Fatal(err)
		}
	}
	op := ledgertest.Op(nil, "x")
	p.within("with a lock held", func() {
		_, err := l.Append(p.Context(), "other", 0, op)
		p.only("with a lock held", err, ledger.ErrUnavailable)
	})
	if err := in.Rollback(); err != nil {
		p.Fatal(err)
	}
	for range 100 { // what was given up may be on its way still
		if _, err = l.Append(p.Context(), "other", 0, op); err == nil {
			break
		}
		p.only("after the lock", err, ledger.ErrUnavailable)
	}
	if err != nil || len(p.all(l)) != 2 {
		p.Errorf("after the lock: %v, %d entries", err, len(p.all(l)))
	}
}

// testWait: a process that only waits hears of others' entries.
func testWait(p *place) {
	follower, l := p.open(&Options{Poll: 5 * time.Millisecond}), p.open(nil)
	if _, ok := follower.Last(); ok {
		p.Error("Last of an empty ledger")
	}
	if err := follower.Wait(p.Context(), 0); err != nil {
		p.Error(err)
	}
	for i := range uint64(5) {
		e := p.next(l, "key", "x")
		p.within("Wait", func() {
			if err := follower.Wait(p.Context(), i+1); err != nil {
				p.Error(err)
			}
		})
		if last, ok := follower.Last(); !ok || last != e.Anchor {
			p.Errorf("Last = %v, %v; want %v", last, ok, e.Anchor)
		}
	}
	// The follower knows before its next commit, which does not have to lose.
	p.within("the follower's sequencer", func() {
		for last, _ := follower.sequencer.Last(); last.Index != 4 && p.Context().Err() == nil; last, _ = follower.sequencer.Last() {
			time.Sleep(time.Millisecond)
		}
	})
	if e := p.next(follower, "other", "x"); e.Anchor.Index != 5 {
		p.Errorf("index %d, want 5", e.Anchor.Index)
	}
	ctx, cancel := context.WithTimeout(p.Context(), time.Millisecond)
	defer cancel()
	p.only("Wait", follower.Wait(ctx, 100), context.DeadlineExceeded)
	done := make(chan error, 1)
	go func() { done <- follower.Wait(p.Context(), 100) }()
	_, changed := follower.store.watch()
	follower.Close()
	select {
	case <-changed:
	default:
		p.Error("Close wakes nobody")
	}
	p.within("Wait while it is closed", func() { p.only("Wait", <-done, ledger.ErrClosed) })
	p.only("Wait after Close", follower.Wait(p.Context(), 1), ledger.ErrClosed)
}

// testClockSkew: a clock that is a little behind another's goes along, and one that is further behind does not.
func testClockSkew(p *place) {
	noon := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	at := func(clock time.Time, skew time.Duration) *Ledger {
		return p.open(&Options{Clock: func() time.Time { return clock }, ClockSkew: skew})
	}
	behind := at(noon.Add(-400*time.Millisecond), 0)
	p.next(at(noon, 0), "first", "x")
	if e := p.next(behind, "second", "x"); !e.Anchor.Time.Equal(noon) {
		p.Errorf("behind another's entry that came after Open: time %v, want %v", e.Anchor.Time, noon)
	}
	for _, test := range []struct {
		behind, skew time.Duration
		refused      bool
	}{
		{400 * time.Millisecond, 0, false},
		{600 * time.Millisecond, 0, true},
		{time.Second, 0, true},
		{600 * time.Millisecond, 700 * time.Millisecond, false},
		{time.Millisecond, -1, true},
		{0, -1, false},
	} {
		l := at(noon.Add(-test.behind), test.skew)
		e, err := l.Append(p.Context(), fmt.Sprint("key-", test.behind.Milliseconds(), "-", int64(test.skew)), 0, ledgertest.Op(nil, "x"))
		if test.refused != errors.Is(err, ledger.ErrClock) || !test.refused && (err != nil || !e.Anchor.Time.Equal(noon)) {
			p.Errorf("%v behind, with a skew of %v: time %v, %v", test.behind, test.skew, e.Anchor.Time, err)
		}
	}
}

// testContexts: a call ends with its context, and with no other error than the context's.
func testContexts(p *place) {
	l := p.open(nil)
	p.next(l, "key", "x")
	ctx, cancel := context.WithCancel(p.Context())
	cancel()
	_, err := l.Append(ctx, "key", 1, ledgertest.Op(nil, "x"))
	p.only("Append", err, context.Canceled)
	_, _, err = l.State(ctx, "key")
	p.only("State", err, context.Canceled)
	for _, err := range l.History(ctx, "key", 0) {
		p.only("History", err, context.Canceled)
	}
	for _, err := range l.Follow(ctx, 0) {
		p.only("Follow", err, context.Canceled)
	}
	_, err = Open(ctx, p.connect(), ledgertest.Reducer{}, &Options{Prefix: p.prefix})
	p.only("Open", err, context.Canceled)
	for range l.Follow(p.Context(), math.MaxUint64) {
		p.Error("an entry from the end of all numbers on")
	}
	db := p.connect()
	db.Close()
	_, err = p.tryOpen(db, &Options{Dialect: p.dialect})
	p.only("Open of a closed pool", err, ledger.ErrUnavailable)
}

// testLarge: the largest operations and states, many of them in a commit.
func testLarge(p *place) {
	l, err := Open(p.Context(), p.connect(), largeState{}, &Options{Prefix: p.prefix})
	if err != nil {
		p.Fatal(err)
	}
	defer l.Close()
	op := make([]byte, ledger.MaxOpSize)
	for i := range op {
		op[i] = byte(i * i >> 3)
	}
	var entries []ledger.Entry
	for i := range 40 {
		entries = append(entries, ledger.Entry{Key: fmt.Sprint("key-", i), Op: op, Anchor: ledger.Anchor{Index: uint64(i), Time: time.Unix(1e9, 0)}})
	}
	if err := l.Import(p.Context(), entries); err != nil {
		p.Fatal(err)
	}
	for _, e := range p.all(l) {
		state, seq, err := l.State(p.Context(), e.Key)
		if string(e.Op) != string(op) || len(state) != ledger.MaxStateSize || seq != 1 || err != nil {
			p.Fatalf("entry %d: %d bytes, a state of %d, %d, %v", e.Anchor.Index, len(e.Op), len(state), seq, err)
		}
	}
}

type largeState struct{}

func (largeState) Reduce(string, []byte, []byte, ledger.Anchor) (ledger.Reduced, error) {
	return ledger.Reduced{State: make([]byte, ledger.MaxStateSize)}, nil
}

// testReducers: nothing is opened without a reducer by mistake.
func testReducers(p *place) {
	if _, err := Open(p.Context(), p.raw, nil, &Options{Prefix: p.prefix}); err == nil {
		p.Error("opened without a reducer")
	}
	l, err := Open(p.Context(), p.raw, nil, &Options{Prefix: p.prefix, InsecureNoReducer: true})
	if err != nil {
		p.Fatal(err)
	}
	defer l.Close()
	if _, err := l.Append(p.Context(), "key", 0, []byte("anything")); err != nil {
		p.Error(err)
	}
	if state, seq, err := l.State(p.Context(), "key"); state == nil || len(state) > 0 || seq != 1 || err != nil {
		p.Errorf("State = %q, %d, %v; want empty and not nil, 1", state, seq, err)
	}
}
