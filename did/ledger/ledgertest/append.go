package ledgertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/realdid/realdid/did/ledger"
)

func testEmpty(f *fixture) {
	if got := f.history("nobody", 0); len(got) != 0 {
		f.Errorf("the history of a new key has %d entries", len(got))
	}
	if got := f.follow(0); len(got) != 0 {
		f.Errorf("the feed of an empty ledger has %d entries", len(got))
	}
	if state, seq, err := f.State(f.ctx, "nobody"); state != nil || seq != 0 || err != nil {
		f.Errorf("State of a new key = %q, %d, %v; want nil, 0, nil", state, seq, err)
	}
}

func testOrder(f *fixture) {
	var want []ledger.Entry
	for i := range 60 {
		want = append(want, f.next(fmt.Sprintf("key-%d", i*i%7), fmt.Sprint("payload ", i)))
	}
	if diff := differ(f.follow(0), want); diff != "" {
		f.Error(diff)
	}
}

// testRepeat: the same bytes at the same seq succeed again, at any seq, and change nothing.
func testRepeat(f *fixture) {
	var want []ledger.Entry
	for i := range 5 {
		f.clock.add(1e9)
		want = append(want, f.next("key", fmt.Sprint(i)))
	}
	for range 2 {
		for _, e := range want {
			f.clock.add(1e9)
			got, err := f.Append(f.ctx, "key", e.Seq, e.Op)
			if err != nil || !equal(got, e) {
				f.Fatalf("Append of entry %d again = %s, %v; want %s", e.Seq, show(got), err, show(e))
			}
		}
	}
	if diff := differ(f.follow(0), want); diff != "" {
		f.Error(diff)
	}
}

// testConflict: other bytes at a place that is taken or beyond the end are told what stands there.
func testConflict(f *fixture) {
	var want []ledger.Entry
	for i := range 3 {
		want = append(want, f.next("key", fmt.Sprint(i)))
	}
	for _, seq := range []uint64{0, 1, 2, 4, 5, math.MaxUint64} {
		_, err := f.Append(f.ctx, "key", seq, []byte("other"))
		f.is(fmt.Sprint("Append at ", seq), err, ledger.ErrConflict)
		var conflict *ledger.ConflictError
		if !errors.As(err, &conflict) {
			f.Fatalf("Append at %d: %T is no *ConflictError", seq, err)
		}
		var stands ledger.Entry
		if seq < 3 {
			stands = want[seq]
		}
		if !equal(conflict.Entry, stands) || conflict.Length != 3 || conflict.Seq != seq {
			f.Errorf("Append at %d: conflict with %s of %d at %d; want %s of 3", seq, show(conflict.Entry), conflict.Length, conflict.Seq, show(stands))
		}
	}
	_, err := f.Append(f.ctx, "fresh", 1, []byte("other"))
	var conflict *ledger.ConflictError
	if !errors.As(err, &conflict) || conflict.Length != 0 || !equal(conflict.Entry, ledger.Entry{}) {
		f.Errorf("Append at 1 of a new key: got error %v, want a conflict with length 0", err)
	}
	if diff := differ(f.follow(0), want); diff != "" {
		f.Error(diff)
	}
}

func testLimits(f *fixture) {
	const allowed = "abcdefghijklmnopqrstuvwxyz0123456789:-"
	f.next(allowed, "all allowed characters")
	f.next("k", "shortest key")
	f.next(strings.Repeat("k", ledger.MaxKeyLen), "longest key")
	stored := len(f.follow(0))

	bad := map[string]string{"empty": "", "long": strings.Repeat("k", ledger.MaxKeyLen+1)}
	for c := range 256 {
		if !strings.ContainsRune(allowed, rune(c)) {
			bad[fmt.Sprintf("%#02x", c)] = "a" + string([]byte{byte(c)}) + "b"
		}
	}
	for name, key := range bad {
		_, err := f.Append(f.ctx, key, 0, []byte("new|x"))
		f.is("Append to key "+name, err, ledger.ErrInvalid)
		_, _, err = f.State(f.ctx, key)
		f.is("State of key "+name, err, ledger.ErrInvalid)
		n := 0
		for _, err := range f.History(f.ctx, key, 0) {
			f.is("History of key "+name, err, ledger.ErrInvalid)
			n++
		}
		if n != 1 {
			f.Errorf("History of key %s yielded %d times, want one error", name, n)
		}
	}
	for name, op := range map[string][]byte{"nil": nil, "empty": {}, "large": make([]byte, ledger.MaxOpSize+1)} {
		_, err := f.Append(f.ctx, "key", 0, op)
		f.is("Append of operation "+name, err, ledger.ErrTooLarge)
		if !errors.Is(err, ledger.ErrInvalid) {
			f.Errorf("Append of operation %s: %v is not ErrInvalid", name, err)
		}
	}
	if n := len(f.follow(0)); n != stored {
		f.Errorf("%d entries after %d and refusals", n, stored)
	}
	pad := strings.Repeat("x", ledger.MaxOpSize-len("new|"))
	if e := f.next("key", pad); len(e.Op) != ledger.MaxOpSize {
		f.Errorf("largest operation: %d bytes", len(e.Op))
	}
	f.next("key", "one byte more or less")
}

// testRefusal: what the reducer refuses leaves no trace, and its error arrives.
func testRefusal(f *fixture) {
	f.next("key", "first")
	for name, op := range map[string][]byte{"wrong state": []byte("new|again"), "malformed": []byte("garbage")} {
		_, err := f.Append(f.ctx, "key", 1, op)
		f.is(name, err, ledger.ErrInvalid)
		if !f.refused(err) {
			f.Errorf("%s: %v does not say what the reducer said", name, err)
		}
	}
	_, err := f.Append(f.ctx, "fresh", 0, []byte("new|refuse"))
	f.is("refused genesis", err, ledger.ErrInvalid)
	_, err = f.Append(f.ctx, "fresh", 0, []byte("new|huge"))
	f.is("state over MaxStateSize", err, ledger.ErrInvalid)
	if got := f.history("fresh", 0); len(got) != 0 {
		f.Errorf("a refused genesis left %d entries", len(got))
	}
	f.next("fresh", "accepted")
	f.next("key", "second")

	// An empty state is not the nil of a new key.
	f.next("empty", "empty")
	if e := f.next("empty", "after it"); bytes.HasPrefix(e.Op, []byte("new")) {
		f.Error("the state of a key with an empty state is nil")
	}
}

// testCopies: neither side can change the other's bytes.
func testCopies(f *fixture) {
	op := []byte("new|original")
	e, err := f.Append(f.ctx, "key", 0, op)
	if err != nil {
		f.Fatal(err)
	}
	clear(op)
	clear(e.Op)
	for range 2 {
		for _, got := range [][]ledger.Entry{f.history("key", 0), f.follow(0)} {
			if string(got[0].Op) != "new|original" {
				f.Fatalf("stored operation is %q", got[0].Op)
			}
			clear(got[0].Op)
		}
		state, _, _ := f.State(f.ctx, "key")
		clear(state)
		e, err := f.Append(f.ctx, "key", 0, []byte("new|original"))
		if err != nil {
			f.Fatal(err)
		}
		clear(e.Op)
	}
}

// testCanceled: a context that has ended is not an answer about the operation.
func testCanceled(f *fixture) {
	ctx, cancel := context.WithCancel(f.ctx)
	cancel()
	_, err := f.Append(ctx, "key", 0, []byte("new|x"))
	f.is("Append with an ended context", err, context.Canceled)
	f.next("key", "x")
}
