package tlogledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/transparency-dev/tessera"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
	"github.com/realdid/realdid/did/ledger/proof"
)

var errDisk = errors.New("no space left on device")

// between gives the leaves from first on, counted from 1, up to last that fate.
func between(first, last int, is fate) func([]byte) fate {
	n := 0
	return func([]byte) fate {
		if n++; n < first || n > last {
			return fate{}
		}
		return is
	}
}

// after lets n leaves through and gives the others that fate.
func after(n int, is fate) func([]byte) fate { return between(n+1, 1<<30, is) }

// TestPushback: what Tessera pushes back is offered again, in order, and nothing is stored twice; if it goes on for too long, the append is
// unavailable, and can be repeated.
func TestPushback(t *testing.T) {
	push := fate{lost: true, err: fmt.Errorf("busy: %w", tessera.ErrPushbackIntegration)}
	for name, decide := range map[string]func([]byte) fate{
		"all":     between(1, 10, push),
		"twice":   between(1, 20, push),
		"the end": between(5, 10, push),
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			l := b.open()
			b.set(func(f *fake) { f.fate = decide })
			want := b.many(l, 10)
			if err := l.Import(t.Context(), want); err != nil {
				t.Fatal(err)
			}
			b.set(func(f *fake) { f.fate = nil })
			b.same(l, want)
		})
	}
	t.Run("for ever", func(t *testing.T) {
		b := newBench(t)
		l := b.open()
		b.set(func(f *fake) { f.fate = after(0, push) })
		_, err := l.Append(t.Context(), "key", 0, ledgertest.Op(nil, "x"))
		b.only("Append", err, ledger.ErrUnavailable)
		if !errors.Is(err, tessera.ErrPushback) || b.offered != 1+pushTries {
			t.Errorf("offered %d times, %v", b.offered, err)
		}
		if err := l.Seal(t.Context()); !errors.Is(err, tessera.ErrPushback) {
			t.Errorf("Seal: %v", err)
		}
		b.set(func(f *fake) { f.fate = nil })
		b.same(l, []ledger.Entry{b.put(l, "key", "x")})
	})
}

// TestUnclear: an append that fails, and may stand all the same, is unavailable; repeating it settles it, and nothing is stored twice.
func TestUnclear(t *testing.T) {
	for name, is := range map[string]fate{
		"stored":     {err: errDisk},
		"not stored": {lost: true, err: errDisk},
		"late":       {late: true, err: errDisk},

		"pushed back and stored": {err: errors.Join(tessera.ErrPushback, errDisk)},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			l := b.open()
			want := []ledger.Entry{b.put(l, "before", "x")}
			b.set(func(f *fake) { f.fate = between(1, 1, is) })
			op := ledgertest.Op(nil, "y")
			_, err := l.Append(t.Context(), "key", 0, op)
			b.only("Append", err, ledger.ErrUnavailable)
			if !errors.Is(err, errDisk) {
				t.Errorf("Append: %v does not say why", err)
			}
			e, err := l.Append(t.Context(), "key", 0, op)
			if err != nil {
				t.Fatal(err)
			}
			if again, err := l.Append(t.Context(), "key", 0, op); err != nil || !equal(e, again) {
				t.Fatalf("once more: %v, %v, want %v", again, err, e)
			}
			want = append(want, e, b.put(l, "key", "z"))
			b.same(l, want)
		})
	}
	t.Run("another in its place", func(t *testing.T) {
		b := newBench(t)
		l := b.open()
		b.set(func(f *fake) { f.fate = between(1, 1, fate{err: errDisk}) })
		op := ledgertest.Op(nil, "y")
		_, err := l.Append(t.Context(), "key", 0, op)
		b.only("Append", err, ledger.ErrUnavailable)
		_, err = l.Append(t.Context(), "key", 0, ledgertest.Op(nil, "z"))
		b.only("another", err, ledger.ErrConflict)
		if c := (*ledger.ConflictError)(nil); !errors.As(err, &c) || string(c.Entry.Op) != string(op) {
			t.Errorf("another: %v does not have what stands", err)
		}
		b.same(l, b.entries(l))
	})
	t.Run("found by sealing", func(t *testing.T) {
		b := newBench(t)
		l := b.open()
		b.put(l, "key", "x")
		b.set(func(f *fake) { f.fate = between(1, 1, fate{err: errDisk}) })
		seq, op := b.next(l, "key", "y")
		_, err := l.Append(t.Context(), "key", seq, op)
		b.only("Append", err, ledger.ErrUnavailable)
		b.seal(l)
		if last, _ := l.Last(); last.Index != 1 {
			t.Errorf("Last is %d, want 1", last.Index)
		}
		b.same(l, b.entries(l))
	})
}

// TestPart: of a batch, the beginning may stand.
func TestPart(t *testing.T) {
	for name, is := range map[string]fate{"stored": {err: errDisk}, "not stored": {lost: true, err: errDisk}} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			l := b.open()
			b.set(func(f *fake) { f.fate = after(4, is) })
			want := b.many(l, 10)
			b.only("Import", l.Import(t.Context(), want), ledger.ErrUnavailable)
			if last, ok := l.Last(); !ok || last.Index != 3 {
				t.Errorf("Last is %d, %v, want 3", last.Index, ok)
			}
			b.set(func(f *fake) { f.fate = nil })
			b.seal(l) // so that what stands is known
			last, _ := l.Last()
			if err := l.Import(t.Context(), want[last.Index+1:]); err != nil {
				t.Fatal(err)
			}
			b.same(l, want)
		})
	}
}

// TestHole: a log in which leaves are not where they belong is not gone on with.
func TestHole(t *testing.T) {
	foreign := []byte("somebody else's")
	for name, spoil := range map[string]func(f *fake){
		"refused in the middle":     func(f *fake) { f.fate = between(3, 3, fate{lost: true, err: errDisk}) },
		"pushed back in the middle": func(f *fake) { f.fate = between(3, 3, fate{lost: true, err: tessera.ErrPushback}) },
		"another place":             func(f *fake) { f.fate = after(2, fate{off: 1}) },
		"a duplicate":               func(f *fake) { f.fate = after(2, fate{dup: true}) },
		"a foreign leaf":            func(f *fake) { f.leaves = append(f.leaves, foreign) },
		"a foreign leaf meanwhile": func(f *fake) {
			f.fate = func([]byte) fate {
				f.fate = nil
				f.leaves = append(f.leaves, foreign)
				return fate{off: 0}
			}
		},
		"leaves gone": func(f *fake) { f.leaves = f.leaves[:1] },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			l := b.open()
			b.fill(l, 3)
			b.seal(l)
			note := l.Checkpoint()
			b.set(spoil)
			offered := b.offered
			b.only("Import", l.Import(t.Context(), b.many(l, 10)), ledger.ErrCorrupt)
			if b.offered != offered && (name == "leaves gone" || name == "a foreign leaf") {
				t.Error("it added to such a log")
			}
			b.set(func(f *fake) { f.fate = nil })
			offered = b.offered
			_, err := l.Append(t.Context(), "key", 0, ledgertest.Op(nil, "x"))
			b.only("Append", err, ledger.ErrCorrupt)
			b.only("Seal", l.Seal(t.Context()), ledger.ErrCorrupt)
			if b.offered != offered {
				t.Error("it added more to such a log")
			}
			if b.wantProof(l, "key-0", 3); string(l.Checkpoint()) != string(note) {
				t.Error("another checkpoint is published")
			}
			b.close(l)
			if _, err := b.try(); name != "another place" && name != "a duplicate" {
				b.only("Open", err, ledger.ErrCorrupt)
			}
		})
	}
}

// TestOtherWriter: leaves of another program with the same rules are taken in, and found when the log is looked at next.
func TestOtherWriter(t *testing.T) {
	b := newBench(t)
	one := b.open()
	b.fill(one, 5)
	b.seal(one)
	dir := b.dir
	b.dir = tempDir(t)
	other := b.open()
	b.dir = dir
	b.put(other, "theirs", "x")
	mine := b.put(one, "mine", "x")
	if mine.Anchor.Index != 6 {
		t.Errorf("the entry has index %d, want 6", mine.Anchor.Index)
	}
	b.close(other)
	b.same(one, b.entries(one))
}

// TestInterrupted: what was taken in before the log could not be read is in the next map as well.
func TestInterrupted(t *testing.T) {
	b := newBench(t)
	b.opt.chunk = 2
	one := b.open()
	b.fill(one, 252)
	b.seal(one)
	dir := b.dir
	b.dir = tempDir(t)
	other := b.open()
	b.dir = dir
	for i := range 8 { // in two bundles
		b.put(other, fmt.Sprint("theirs-", i), "x")
	}
	b.close(other)
	reads := 0
	b.set(func(f *fake) {
		f.reading = func(bundle uint64) error {
			if bundle != 1 {
				return nil
			}
			if reads++; reads == 3 { // once all leaves were looked at, and their keys
				return errDisk
			}
			return nil
		}
	})
	if err := one.Seal(t.Context()); err == nil || errors.Is(err, ledger.ErrCorrupt) || reads != 3 {
		t.Fatalf("got %v after %d reads, want an interruption", err, reads)
	}
	if now := one.store.end(); now.size <= 253 || now.size >= 261 {
		t.Fatalf("%d leaves were taken in, want a part of 261", now.size)
	}
	b.seal(one)
	want := b.entries(one)
	b.close(one)
	b.dir = tempDir(t) // made of the log alone, which refuses an epoch with another map
	b.same(b.open(), want)
}

// TestSilent: a Tessera that answers nobody any more does not hold up Close.
func TestSilent(t *testing.T) {
	for _, sealing := range []bool{false, true} {
		b := newBench(t)
		b.opt.patience = 20 * time.Millisecond
		l := b.open()
		b.fill(l, 3)
		want := b.entries(l)
		silent := make(chan struct{})
		t.Cleanup(func() { close(silent) })
		b.set(func(f *fake) { f.silent = silent })
		failed := make(chan error)
		if sealing {
			go func() { failed <- l.Seal(t.Context()) }()
		} else {
			go func() {
				_, err := l.Append(t.Context(), "key", 0, ledgertest.Op(nil, "x"))
				failed <- err
			}()
		}
		for waiting := false; !waiting; time.Sleep(time.Millisecond) {
			b.set(func(f *fake) { waiting = f.offered == 4 })
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := l.Append(ctx, "key-2", 0, ledgertest.Op(nil, "x")); !sealing && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, ledger.ErrConflict) {
			t.Errorf("Append that waits no longer: %v", err)
		}
		b.close(l)
		if err := <-failed; !errors.Is(err, ledger.ErrUnavailable) {
			t.Errorf("what waited: %v, want ErrUnavailable", err)
		}
		b.set(func(f *fake) { f.silent = nil })
		b.same(b.open(), want)
	}
}

// TestUnreadable: a log that cannot be read now is unavailable, and nothing else.
func TestUnreadable(t *testing.T) {
	b := newBench(t)
	b.opt.patience = time.Millisecond
	l := b.open()
	b.fill(l, 4)
	b.seal(l)
	want := b.entries(l)
	b.set(func(f *fake) { f.unread = errDisk })
	_, err := l.Append(t.Context(), "key", 0, ledgertest.Op(nil, "x"))
	b.only("Append", err, ledger.ErrUnavailable)
	b.only("Seal", l.Seal(t.Context()), ledger.ErrUnavailable)
	for _, err := range l.History(t.Context(), "key-0", 0) {
		b.only("History", err, ledger.ErrUnavailable)
	}
	for _, err := range l.Follow(t.Context(), 0) {
		b.only("Follow", err, ledger.ErrUnavailable)
	}
	_, err = l.ReadFile(t.Context(), proof.TilePath(0, 0, 5))
	b.only("ReadFile", err, ledger.ErrUnavailable)
	b.wantProof(l, "key-0", 4) // needs no log
	b.close(l)
	_, err = b.try()
	b.only("Open", err, ledger.ErrUnavailable)
	b.set(func(f *fake) { f.unread = nil })
	b.same(b.open(), want)
}

// TestIntegration: an append waits until its leaf can be read, and is unavailable if that takes too long.
func TestIntegration(t *testing.T) {
	b := newBench(t)
	l := b.open()
	b.set(func(f *fake) { f.hidden = 1 })
	e := b.put(l, "key", "x")
	if got := b.entries(l); len(got) != 1 || !equal(got[0], e) {
		t.Errorf("got %v", got)
	}
	l.store.patience = 0
	b.set(func(f *fake) { f.hidden = 3 })
	seq, op := b.next(l, "key", "y")
	_, err := l.Append(t.Context(), "key", seq, op)
	b.only("Append", err, ledger.ErrUnavailable)
	l.store.patience = time.Minute
	if e2, err := l.Append(t.Context(), "key", seq, op); err != nil || e2.Anchor.Index != 1 {
		t.Errorf("repeated: %v, %v", e2, err)
	}
	l.store.patience = 0
	b.set(func(f *fake) { f.hidden = 1 })
	b.only("Seal", l.Seal(t.Context()), ledger.ErrUnavailable)
	b.close(l)
	b.set(func(f *fake) { f.hidden = 1 })
	b.opt.patience = time.Nanosecond
	_, err = b.try()
	b.only("Open", err, ledger.ErrUnavailable)
	b.opt.patience = time.Minute
	b.set(func(f *fake) { f.hidden = 1 })
	l = b.open()
	b.same(l, b.entries(l))
}

// TestUnclearEpoch: an epoch that fails and stands all the same is covered by the next.
func TestUnclearEpoch(t *testing.T) {
	for name, is := range map[string]fate{"stored": {err: errDisk}, "not stored": {lost: true, err: errDisk}, "late": {late: true, err: errDisk}} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			l := b.open()
			b.fill(l, 6)
			b.seal(l)
			b.put(l, "key-1", "changed")
			b.set(func(f *fake) { f.fate = between(1, 1, is) })
			b.only("Seal", l.Seal(t.Context()), ledger.ErrUnavailable)
			b.put(l, "key-2", "changed")
			b.same(l, b.entries(l))
		})
	}
}

// TestReadFile: a file is as wide as its name says, whatever Tessera has kept.
func TestReadFile(t *testing.T) {
	b := newBench(t)
	l := b.open()
	if err := l.Import(t.Context(), b.many(l, 300)); err != nil {
		t.Fatal(err)
	}
	b.seal(l)
	for _, width := range []int{1, 44, 255, 256} {
		raw, err := l.ReadFile(t.Context(), proof.TilePath(0, 0, width))
		if err != nil || len(raw) != width*proof.HashSize || [32]byte(raw) != proof.LeafHash(b.leaves[0]) {
			t.Errorf("tile of %d: %d bytes, %v", width, len(raw), err)
		}
		raw, err = l.ReadFile(t.Context(), proof.EntriesPath(0, width))
		if err != nil {
			t.Fatal(err)
		}
		if leaves, err := proof.ParseEntries(raw, width); err != nil || !slices.EqualFunc(leaves, b.leaves[:width], func(x, y []byte) bool { return string(x) == string(y) }) {
			t.Errorf("bundle of %d: %d leaves, %v", width, len(leaves), err)
		}
	}
	for path, want := range map[string]string{
		proof.TilePath(0, 9, 3): "not exist", proof.TilePath(0, 1, 200): "bytes", proof.EntriesPath(1, 200): "cut off", "tile/0/1": "invalid", "../FORMAT": "invalid",
	} {
		if raw, err := l.ReadFile(t.Context(), path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %d bytes, %v, want an error with %q", path, len(raw), err, want)
		}
	}
	b.close(l)
	if _, err := l.ReadFile(t.Context(), "checkpoint"); !errors.Is(err, ledger.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}
