package pebbleledger

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
)

// chainOf makes n entries of a few keys, in which each key has many.
func chainOf(tb testing.TB, n, keys int) []ledger.Entry {
	tb.Helper()
	states, seqs := make(map[string][]byte), make(map[string]uint64)
	entries := make([]ledger.Entry, n)
	for i := range entries {
		key := fmt.Sprintf("key-%d", i*7919%keys)
		e := ledger.Entry{Key: key, Seq: seqs[key], Op: ledgertest.Op(states[key], fmt.Sprint(i))}
		e.Anchor = ledger.Anchor{Index: uint64(i), Time: time.Unix(1_700_000_000+int64(i/10), 0).UTC()}
		r, err := ledgertest.Reducer{}.Reduce(key, states[key], e.Op, e.Anchor)
		if err != nil {
			tb.Fatal(err)
		}
		states[key], seqs[key], entries[i] = r.State, e.Seq+1, e
	}
	return entries
}

// TestImportChunks imports more than a chunk, in which keys come back within a piece, a chunk and the next chunk.
func TestImportChunks(t *testing.T) {
	fs := vfs.NewMem()
	l, err := Open("ledger", ledgertest.Reducer{}, &Options{fs: fs})
	if err != nil {
		t.Fatal(err)
	}
	entries := chainOf(t, importEntries+5000, 700)
	if err := l.Import(t.Context(), entries); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(l.Check(t.Context()), l.Close()); err != nil {
		t.Fatal(err)
	}
	if l, err = Open("ledger", ledgertest.Reducer{}, &Options{fs: fs}); err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	n := 0
	for e, err := range l.Follow(t.Context(), 0) {
		if err != nil || line(e) != line(entries[n]) || !e.Anchor.Time.Equal(entries[n].Anchor.Time) {
			t.Fatalf("entry %d: %s, %v", n, line(e), err)
		}
		n++
	}
	if last, ok := l.Last(); n != len(entries) || !ok || last != entries[n-1].Anchor {
		t.Errorf("%d entries, the last at %v; want %d", n, last, len(entries))
	}
	state, seq, err := l.State(t.Context(), "key-5")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Append(t.Context(), "key-5", seq, ledgertest.Op(state, "after")); err != nil {
		t.Error(err)
	}
}

// TestImportConflict: an import is told what stands in the place, also when that came with the same import.
func TestImportConflict(t *testing.T) {
	for _, at := range []int{1, 30, importPiece + 5, tableEntries + 100} {
		l, err := Open("ledger", ledgertest.Reducer{}, &Options{fs: vfs.NewMem()})
		if err != nil {
			t.Fatal(err)
		}
		entries := chainOf(t, at+1, 10)
		entries[at].Key, entries[at].Seq = entries[0].Key, 0
		err = l.Import(t.Context(), entries)
		var conflict *ledger.ConflictError
		if !errors.As(err, &conflict) || line(conflict.Entry) != line(entries[0]) || conflict.Length == 0 {
			t.Errorf("at %d: got error %v, want a conflict with the first entry", at, err)
		}
		if last, ok := l.Last(); !ok || last != entries[at-1].Anchor {
			t.Errorf("at %d: the last entry stands at %v", at, last)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
}

// panics is a reducer with a mistake.
type panics struct{}

func (panics) Reduce(string, []byte, []byte, ledger.Anchor) (ledger.Reduced, error) {
	panic("mistake")
}

// TestImportPanic: a mistake of the reducer is no word about the operation.
func TestImportPanic(t *testing.T) {
	l, err := Open("ledger", panics{}, &Options{fs: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := l.Import(t.Context(), chainOf(t, 10, 10)); err == nil || errors.Is(err, ledger.ErrInvalid) {
		t.Errorf("got error %v", err)
	}
	if _, ok := l.Last(); ok {
		t.Error("something is stored")
	}
}

// TestImportHuge: a state that is too large is refused.
func TestImportHuge(t *testing.T) {
	l, err := Open("ledger", ledgertest.Reducer{}, &Options{fs: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	entries := []ledger.Entry{{Key: "key", Op: ledgertest.Op(nil, "huge"), Anchor: ledger.Anchor{Time: time.Unix(1, 0)}}}
	if err := l.Import(t.Context(), entries); !errors.Is(err, ledger.ErrInvalid) {
		t.Errorf("got error %v, want ErrInvalid", err)
	}
}
