package ledgertest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/realdid/realdid/did/ledger"
)

// foreign makes the entries that another ledger could have accepted, after those that f has: entry i is of the key that
// key names, and made at the time that at names.
func (f *fixture) foreign(n int, key func(i int) string, at func(i int) time.Time) []ledger.Entry {
	f.Helper()
	type end struct {
		state []byte
		seq   uint64
	}
	ends := make(map[string]end)
	first := len(f.follow(0))
	entries := make([]ledger.Entry, n)
	for i := range entries {
		e := ledger.Entry{Key: key(i), Anchor: ledger.Anchor{Index: uint64(first + i), Time: at(i)}}
		last, ok := ends[e.Key]
		if !ok {
			var err error
			if last.state, last.seq, err = f.State(f.ctx, e.Key); err != nil {
				f.Fatal(err)
			}
		}
		e.Seq, e.Op = last.seq, Op(last.state, fmt.Sprint("foreign ", i))
		r, err := Reducer{}.Reduce(e.Key, last.state, e.Op, e.Anchor)
		if err != nil {
			f.Fatal(err)
		}
		ends[e.Key] = end{state: r.State, seq: e.Seq + 1}
		entries[i] = e
	}
	return entries
}

func keyOf(i int) string { return fmt.Sprintf("key-%d", i*i%7) }

// after makes times that go on from the last of entries, or from the epoch, three to a second.
func after(entries []ledger.Entry) func(i int) time.Time {
	begin := epoch
	if n := len(entries); n > 0 && entries[n-1].Anchor.Time.After(begin) {
		begin = entries[n-1].Anchor.Time
	}
	return func(i int) time.Time { return begin.Add(time.Duration(i/3) * time.Second) }
}

// testImport: entries come with their anchors, whatever the clock says, in runs of any length, and appends go on after
// them.
func testImport(f *fixture) {
	im, ok := f.Ledger.(ledger.Importer)
	if !ok {
		return
	}
	if err := im.Import(f.ctx, nil); err != nil {
		f.Errorf("Import of nothing: %v", err)
	}
	f.clock.set(epoch.Add(-1000 * time.Hour))
	f.next("before", "x")
	all := f.follow(0)
	for _, n := range []int{1, 2, 80} {
		many := func(i int) string { return fmt.Sprintf("many-%d", i) }
		one := func(int) string { return "one" }
		for i, key := range []func(int) string{keyOf, many, one, many} {
			n := n
			if i == 3 {
				n *= 15 // more than any group
			}
			entries := f.foreign(n, key, after(all))
			all = append(all, entries...)
			given := slices.Clone(entries)
			for i := range given {
				given[i].Op = slices.Clone(given[i].Op)
			}
			if err := im.Import(f.ctx, given); err != nil {
				f.Fatalf("Import of %d entries: %v", n, err)
			}
			for i := range given { // they are the caller's again
				clear(given[i].Op)
			}
		}
		if diff := differ(f.follow(0), all); diff != "" {
			f.Fatal(diff)
		}
		f.Ledger = f.harness.Restart(f)
		im = f.Ledger.(ledger.Importer)
	}
	_, err := f.Append(f.ctx, "after", 0, Op(nil, "x"))
	f.is("Append while the clock is behind what was imported", err, ledger.ErrClock)
	f.clock.set(all[len(all)-1].Anchor.Time)
	if e := f.next("after", "x"); e.Anchor.Index != uint64(len(all)) {
		f.Errorf("the entry after the import has index %d, want %d", e.Anchor.Index, len(all))
	}
	f.next("one", "x")
}

// testImportRefusal: what does not follow, or what the reducer refuses, ends an import, and only what stands before it
// is stored.
func testImportRefusal(f *fixture) {
	im, ok := f.Ledger.(ledger.Importer)
	if !ok {
		return
	}
	f.next("key-1", "here")
	f.clock.set(epoch.Add(-time.Hour))
	for _, test := range []struct {
		name  string
		spoil func(e *ledger.Entry)
		want  error
	}{
		{"index too high", func(e *ledger.Entry) { e.Anchor.Index++ }, ledger.ErrInvalid},
		{"index too low", func(e *ledger.Entry) { e.Anchor.Index-- }, ledger.ErrInvalid},
		{"index 0", func(e *ledger.Entry) { e.Anchor.Index = 0 }, ledger.ErrInvalid},
		{"time that goes back", func(e *ledger.Entry) { e.Anchor.Time = e.Anchor.Time.Add(-time.Minute) }, ledger.ErrInvalid},
		{"part of a second", func(e *ledger.Entry) { e.Anchor.Time = e.Anchor.Time.Add(time.Millisecond) }, ledger.ErrInvalid},
		{"seq too high", func(e *ledger.Entry) { e.Seq++ }, ledger.ErrConflict},
		{"seq too low", func(e *ledger.Entry) { e.Key, e.Seq = "key-1", 0 }, ledger.ErrConflict},
		{"bad key", func(e *ledger.Entry) { e.Key = "KEY" }, ledger.ErrInvalid},
		{"empty key", func(e *ledger.Entry) { e.Key = "" }, ledger.ErrInvalid},
		{"no operation", func(e *ledger.Entry) { e.Op = nil }, ledger.ErrTooLarge},
		{"large operation", func(e *ledger.Entry) { e.Op = make([]byte, ledger.MaxOpSize+1) }, ledger.ErrTooLarge},
		{"refused operation", func(e *ledger.Entry) { e.Op = []byte("garbage") }, ErrRefused},
		{"operation for another state", func(e *ledger.Entry) { e.Op = Op([]byte("other"), "x") }, ErrRefused},
	} {
		for _, bad := range []int{0, 1, 7, 19} {
			before := f.follow(0)
			entries := f.foreign(20, keyOf, after(before))
			good := slices.Clone(entries[:bad])
			test.spoil(&entries[bad])
			err := im.Import(f.ctx, entries)
			if what := fmt.Sprintf("%s at %d", test.name, bad); test.want == ErrRefused {
				f.is(what, err, ledger.ErrInvalid)
				if !errors.Is(err, ErrRefused) {
					f.Errorf("%s: %v does not wrap the reducer's error", what, err)
				}
			} else {
				f.is(what, err, test.want)
			}
			if diff := differ(f.follow(0), append(before, good...)); diff != "" {
				f.Fatalf("%s at %d: %s", test.name, bad, diff)
			}
		}
	}
}

// testImportWhileAppending: imports and appends share one order, and each import is stored without anything between.
func testImportWhileAppending(f *fixture) {
	im, ok := f.Ledger.(ledger.Importer)
	if !ok {
		return
	}
	race(func(racer int) {
		for round := range 12 {
			key := fmt.Sprintf("key-%d", round%5)
			if racer%4 != 0 {
				state, seq, err := f.State(f.ctx, key)
				if err != nil {
					f.Error(err)
					return
				}
				_, err = f.Append(f.ctx, key, seq, Op(state, fmt.Sprint(racer)))
				if err != nil && !errors.Is(err, ledger.ErrConflict) {
					f.Errorf("Append: %v", err)
				}
				continue
			}
			// Whoever looked at an end that has moved since is refused.
			index := uint64(0)
			for e, err := range f.Follow(f.ctx, 0) {
				if err != nil {
					f.Error(err)
					return
				}
				index = e.Anchor.Index + 1
			}
			var entries []ledger.Entry
			for i := range uint64(5) {
				e := ledger.Entry{Key: fmt.Sprintf("imported-%d-%d-%d", racer, round, i), Op: Op(nil, "x")}
				e.Anchor = ledger.Anchor{Index: index + i, Time: epoch}
				entries = append(entries, e)
			}
			err := im.Import(f.ctx, entries)
			switch {
			case err == nil:
				if got := f.history(entries[4].Key, 0); len(got) != 1 || !equal(got[0], entries[4]) {
					f.Errorf("an imported entry is not there")
				}
			case !errors.Is(err, ledger.ErrInvalid):
				f.Errorf("Import: %v", err)
			default:
				if got := f.history(entries[0].Key, 0); len(got) != 0 {
					f.Errorf("a refused import left an entry")
				}
			}
		}
	})
	// With nobody else there, one succeeds.
	entries := f.foreign(10, func(i int) string { return fmt.Sprint("alone-", i) }, after(f.follow(0)))
	if err := im.Import(f.ctx, entries); err != nil {
		f.Errorf("Import: %v", err)
	}
}

// testImportFaults: a canceled, failed or late import stores nothing, and can be tried again.
func testImportFaults(f *fixture) {
	im, ok := f.Ledger.(ledger.Importer)
	if !ok {
		return
	}
	f.next("key-1", "x")
	before := f.follow(0)
	entries := f.foreign(30, func(i int) string { return fmt.Sprint("key-", i) }, after(before))
	ctx, cancel := context.WithCancel(f.ctx)
	cancel()
	f.is("Import with an ended context", im.Import(ctx, entries), context.Canceled)
	if faulter, ok := f.harness.(Faulter); ok {
		broken := errors.New("ledgertest: broken storage")
		faulter.Fail(broken)
		err := im.Import(f.ctx, entries)
		if !errors.Is(err, broken) || errors.Is(err, ledger.ErrInvalid) || errors.Is(err, ledger.ErrConflict) {
			f.Errorf("Import: got error %v, want %v", err, broken)
		}
		faulter.Fail(nil)
	}
	if diff := differ(f.follow(0), before); diff != "" {
		f.Fatal(diff)
	}
	if err := im.Import(f.ctx, entries); err != nil {
		f.Fatalf("Import again: %v", err)
	}
	f.clock.set(entries[29].Anchor.Time)
	f.next("key-2", "x")
	if closer, ok := f.Ledger.(io.Closer); ok {
		if err := closer.Close(); err != nil {
			f.Fatal(err)
		}
		f.closed = true
		f.is("Import after Close", im.Import(f.ctx, entries), ledger.ErrClosed)
	}
}
