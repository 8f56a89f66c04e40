package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
	"github.com/realdid/realdid/did/ledger/memledger"
)

func filled(t *testing.T, entries int) *memledger.Ledger {
	t.Helper()
	now := noonOf(2026)
	l := memledger.New(ledgertest.Reducer{}, &memledger.Options{Clock: func() time.Time { return now }})
	for i := range entries {
		now = now.Add(time.Second)
		key := fmt.Sprint("key-", i%7)
		state, seq, err := l.State(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Append(t.Context(), key, seq, ledgertest.Op(state, fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

func noonOf(year int) time.Time { return time.Date(year, 5, 1, 12, 0, 0, 0, time.UTC) }

func TestCopy(t *testing.T) {
	src, dst := filled(t, 100), memledger.New(ledgertest.Reducer{}, nil)
	var told []uint64
	opt := &ledger.CopyOptions{Chunk: 30, Progress: func(done uint64) { told = append(told, done) }}
	if n, err := ledger.Copy(t.Context(), dst, src, opt); n != 100 || err != nil {
		t.Fatalf("Copy: %d entries, %v; want 100", n, err)
	}
	if fmt.Sprint(told) != "[30 60 90 100]" {
		t.Errorf("progress %v", told)
	}
	c, err := ledger.Compare(t.Context(), src, dst, opt)
	if err != nil || c.Entries != 100 || c.Keys != 7 || c.Later != 0 {
		t.Errorf("Compare: %+v, %v", c, err)
	}
	if other, err := ledger.Compare(t.Context(), dst, src, nil); err != nil || other != c {
		t.Errorf("Compare the other way round: %+v, %v; want %+v", other, err, c)
	}
	if n, err := ledger.Copy(t.Context(), dst, src, nil); n != 100 || err != nil {
		t.Errorf("Copy of what is there: %d entries, %v", n, err)
	}
}

// A copy that was interrupted goes on where it ended.
func TestCopyResumed(t *testing.T) {
	src, dst := filled(t, 50), memledger.New(ledgertest.Reducer{}, nil)
	ctx, cancel := context.WithCancel(t.Context())
	n, err := ledger.Copy(ctx, dst, src, &ledger.CopyOptions{Chunk: 10, Progress: func(done uint64) {
		if done == 20 {
			cancel()
		}
	}})
	if n != 20 || !errors.Is(err, context.Canceled) {
		t.Fatalf("Copy that is interrupted: %d entries, %v; want 20", n, err)
	}
	c, err := ledger.Compare(t.Context(), src, dst, nil)
	if err != nil || c.Entries != 20 || c.Keys != 0 || c.Later != 7 {
		t.Errorf("Compare with a part: %+v, %v", c, err)
	}
	if n, err := ledger.Copy(t.Context(), dst, src, nil); n != 50 || err != nil {
		t.Errorf("Copy again: %d entries, %v; want 50", n, err)
	}
}

// changed shows a ledger with one entry or state other than it is.
type changed struct {
	ledger.Readable
	entry func(*ledger.Entry)
	state func(key string, state []byte) []byte
}

func (c changed) Follow(ctx context.Context, from uint64) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		for e, err := range c.Readable.Follow(ctx, from) {
			if c.entry != nil && e.Anchor.Index == 5 {
				c.entry(&e)
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

func (c changed) State(ctx context.Context, key string) ([]byte, uint64, error) {
	state, seq, err := c.Readable.State(ctx, key)
	if c.state != nil {
		state = c.state(key, state)
	}
	return state, seq, err
}

func TestCompareDifferences(t *testing.T) {
	src := filled(t, 20)
	for name, c := range map[string]changed{
		"operation": {src, func(e *ledger.Entry) { e.Op = append([]byte("x"), e.Op...) }, nil},
		"key":       {src, func(e *ledger.Entry) { e.Key += "x" }, nil},
		"seq":       {src, func(e *ledger.Entry) { e.Seq++ }, nil},
		"time":      {src, func(e *ledger.Entry) { e.Anchor.Time = e.Anchor.Time.Add(time.Second) }, nil},
		"index":     {src, func(e *ledger.Entry) { e.Anchor.Index++ }, nil},
		"state": {src, nil, func(key string, state []byte) []byte {
			if key == "key-5" {
				return append(state, 'x')
			}
			return state
		}},
	} {
		for _, swapped := range []bool{false, true} {
			a, b := ledger.Readable(src), ledger.Readable(c)
			if swapped {
				a, b = b, a
			}
			_, err := ledger.Compare(t.Context(), a, b, nil)
			var d *ledger.DifferenceError
			if !errors.As(err, &d) || d.Index != 5 || (d.What == "state") != (name == "state") {
				t.Errorf("%s: got %v, want a difference at 5", name, err)
			}
		}
	}
	// Two copies that differ have other digests.
	other := filled(t, 21)
	a, err := ledger.Compare(t.Context(), src, src, nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := ledger.Compare(t.Context(), other, other, nil)
	if err != nil || a.Digest == b.Digest {
		t.Errorf("one digest for two ledgers: %x, %v", a.Digest, err)
	}
}

// What the reducer of the copy refuses does not come into it.
func TestCopyRefused(t *testing.T) {
	src := memledger.New(nil, nil)
	for _, key := range []string{"a", "b"} {
		if _, err := src.Append(t.Context(), key, 0, []byte("not of this reducer")); err != nil {
			t.Fatal(err)
		}
	}
	dst := memledger.New(ledgertest.Reducer{}, nil)
	if n, err := ledger.Copy(t.Context(), dst, src, nil); n != 0 || !errors.Is(err, ledger.ErrInvalid) {
		t.Errorf("Copy: %d entries, %v; want %v", n, err, ledger.ErrInvalid)
	}
}
