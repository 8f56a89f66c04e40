package pebbleledger

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
)

// deadline is generous: nothing here takes long unless it hangs.
const deadline = time.Minute

// within fails the test if f takes so long that it must hang.
func within(t *testing.T, what string, f func() error) error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		return err
	case <-time.After(deadline):
		t.Fatalf("%s hangs", what)
		return nil
	}
}

// TestDiskFull lets the file system refuse one kind of writing from some moment on, for good. The process goes on; appends and
// imports fail with an error that may pass, reading goes on, Close ends, and what is left has everything that was acknowledged.
func TestDiskFull(t *testing.T) {
	for name, hits := range map[string]func(op errorfs.Op) bool{
		"log": func(op errorfs.Op) bool { return strings.HasSuffix(op.Path, ".log") },
		"log sync": func(op errorfs.Op) bool {
			return strings.HasSuffix(op.Path, ".log") && (op.Kind == errorfs.OpFileSync || op.Kind == errorfs.OpFileSyncData || op.Kind == errorfs.OpFileSyncTo ||
				op.Kind == errorfs.OpReuseForWrite) // a log that is used again comes without faults
		},
		"tables": func(op errorfs.Op) bool {
			return strings.Contains(op.Path, "pebble/") && strings.HasSuffix(op.Path, ".sst")
		},
		"imports":   func(op errorfs.Op) bool { return strings.Contains(op.Path, "import") },
		"manifest":  func(op errorfs.Op) bool { return strings.Contains(op.Path, "MANIFEST") },
		"all":       func(errorfs.Op) bool { return true },
		"links":     func(op errorfs.Op) bool { return op.Kind == errorfs.OpLink },
		"renamings": func(op errorfs.Op) bool { return op.Kind == errorfs.OpRename },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			disk := vfs.NewCrashableMem()
			var full atomic.Bool
			fs := errorfs.Wrap(disk, errorfs.InjectorFunc(func(op errorfs.Op) error {
				if full.Load() && op.Kind.ReadOrWrite() == errorfs.OpIsWrite && hits(op) {
					return syscall.ENOSPC
				}
				return nil
			}))
			l, err := Open("ledger", ledgertest.Reducer{}, &Options{fs: fs, memTable: 64 << 10, tableAt: 20})
			if err != nil {
				t.Fatal(err)
			}
			var acknowledged []ledger.Entry
			add := func(n int) error {
				return within(t, "Append", func() error {
					e, err := l.Append(t.Context(), fmt.Sprintf("key-%d", n), 0, ledgertest.Op(nil, strings.Repeat("x", 2000)))
					if err == nil {
						acknowledged = append(acknowledged, e)
					}
					return err
				})
			}
			load := func(n int) error {
				return within(t, "Import", func() error {
					last, _ := l.Last()
					entries := make([]ledger.Entry, 25)
					for i := range entries {
						at := ledger.Anchor{Index: last.Index + 1 + uint64(i), Time: last.Time}
						entries[i] = ledger.Entry{Key: fmt.Sprintf("import-%d-%d", n, i), Op: ledgertest.Op(nil, "x"), Anchor: at}
					}
					err := l.Import(t.Context(), entries)
					if err == nil {
						acknowledged = append(acknowledged, entries...)
					}
					return err
				})
			}
			for n := range 50 {
				if err := errors.Join(add(n), load(n)); err != nil {
					t.Fatal(err)
				}
			}
			full.Store(true)
			failed := 0
			for n := 50; n < 250; n++ {
				for _, err := range []error{add(n), load(n)} {
					if err == nil {
						continue
					}
					failed++
					if !errors.Is(err, ledger.ErrUnavailable) || errors.Is(err, ledger.ErrInvalid) ||
						errors.Is(err, ledger.ErrConflict) || errors.Is(err, ledger.ErrCorrupt) || !errors.Is(err, syscall.ENOSPC) {
						t.Fatalf("got error %v, want one that is ErrUnavailable and says why", err)
					}
				}
			}
			if failed == 0 && name != "renamings" && name != "links" { // END is not written so soon, and what cannot be linked is copied
				t.Error("nothing failed")
			}
			check := func(l *Ledger, when string) {
				t.Helper()
				all := make(map[string]bool)
				for e, err := range l.Follow(t.Context(), 0) {
					if err != nil {
						t.Fatalf("%s: %v", when, err)
					}
					all[line(e)] = true
				}
				for _, e := range acknowledged {
					if !all[line(e)] {
						t.Fatalf("%s: %s is lost", when, line(e))
					}
				}
				if when == "after the failure" && len(all) != len(acknowledged) {
					t.Errorf("%s: %d entries, and %d were acknowledged", when, len(all), len(acknowledged))
				}
			}
			check(l, "after the failure")
			_ = within(t, "Close", l.Close)
			full.Store(false)
			// The old one may still have goroutines; what it has synced is in the copy.
			again, err := Open("ledger", ledgertest.Reducer{}, &Options{fs: clone(disk), memTable: 64 << 10})
			if err != nil {
				t.Fatal(err)
			}
			defer again.Close()
			check(again, "opened anew")
			if err := again.Check(t.Context()); err != nil {
				t.Error(err)
			}
			if _, err := again.Append(t.Context(), "after", 0, ledgertest.Op(nil, "x")); err != nil && !errors.Is(err, ledger.ErrConflict) {
				t.Error(err)
			}
		})
	}
}

// TestFailedOnce: after a write of which nobody knows whether it is on the disk, nothing is appended, and what it was is not shown.
func TestFailedOnce(t *testing.T) {
	l, err := Open("ledger", ledgertest.Reducer{}, &Options{fs: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	first, err := l.Append(t.Context(), "key", 0, ledgertest.Op(nil, "x"))
	if err != nil {
		t.Fatal(err)
	}
	state, _, err := l.State(t.Context(), "key")
	if err != nil {
		t.Fatal(err)
	}
	lost := errors.New("lost")
	l.store.fault = func(stage string) error {
		if stage == "synced" {
			return lost
		}
		return nil
	}
	_, err = l.Append(t.Context(), "key", 1, ledgertest.Op(state, "y"))
	if !errors.Is(err, lost) || !errors.Is(err, ledger.ErrUnavailable) {
		t.Errorf("got error %v, want %v", err, lost)
	}
	l.store.fault = nil
	_, err = l.Append(t.Context(), "other", 0, ledgertest.Op(nil, "x"))
	if !errors.Is(err, ledger.ErrUnavailable) {
		t.Errorf("after it: got error %v, want ErrUnavailable", err)
	}
	if err := l.Backup(t.Context(), "backup"); !errors.Is(err, ledger.ErrUnavailable) {
		t.Errorf("Backup: got error %v, want ErrUnavailable", err)
	}
	n := 0
	for e, err := range l.History(t.Context(), "key", 0) {
		if n++; err != nil || line(e) != line(first) {
			t.Errorf("History: %s, %v", line(e), err)
		}
	}
	if _, seq, err := l.State(t.Context(), "key"); n != 1 || seq != 1 || err != nil {
		t.Errorf("%d entries in the history, State says %d, %v; want 1", n, seq, err)
	}
}

// TestUnsyncedIsHidden: while the log is being synced, Pebble shows what is in it, and the ledger does not.
func TestUnsyncedIsHidden(t *testing.T) {
	var hold atomic.Bool
	reached, goOn := make(chan struct{}, 1), make(chan struct{})
	fs := errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		if strings.HasSuffix(op.Path, ".log") && (op.Kind == errorfs.OpFileSync || op.Kind == errorfs.OpFileSyncData) && hold.CompareAndSwap(true, false) {
			reached <- struct{}{}
			<-goOn
		}
		return nil
	}))
	l, err := Open("ledger", ledgertest.Reducer{}, &Options{fs: fs})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := l.Append(t.Context(), "key", 0, ledgertest.Op(nil, "x")); err != nil {
		t.Fatal(err)
	}
	state, _, err := l.State(t.Context(), "key")
	if err != nil {
		t.Fatal(err)
	}
	hold.Store(true)
	appended := make(chan error, 1)
	go func() {
		_, err := l.Append(t.Context(), "key", 1, ledgertest.Op(state, "y"))
		appended <- err
	}()
	count := func() (history, feed int, length uint64) {
		t.Helper()
		for _, err := range l.History(t.Context(), "key", 0) {
			if history++; err != nil {
				t.Fatal(err)
			}
		}
		for _, err := range l.Follow(t.Context(), 0) {
			if feed++; err != nil {
				t.Fatal(err)
			}
		}
		_, length, err := l.State(t.Context(), "key")
		if err != nil {
			t.Fatal(err)
		}
		return history, feed, length
	}
	<-reached
	// Pebble applies a batch while its log is being synced: wait until it has.
	for until := time.Now().Add(deadline); ; time.Sleep(time.Millisecond) {
		h, ok, err := l.store.head("key", new(buffer))
		if err == nil && ok && h.seq == 1 {
			break
		}
		if time.Now().After(until) {
			t.Fatal("Pebble does not show the entry")
		}
	}
	if history, feed, length := count(); history != 1 || feed != 1 || length != 1 {
		t.Errorf("before the sync has ended: %d entries in the history, %d in the feed, length %d; want 1", history, feed, length)
	}
	close(goOn)
	if err := <-appended; err != nil {
		t.Fatal(err)
	}
	if history, feed, length := count(); history != 2 || feed != 2 || length != 2 {
		t.Errorf("afterwards: %d entries in the history, %d in the feed, length %d; want 2", history, feed, length)
	}
}
