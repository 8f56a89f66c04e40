package boltledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
)

// sample makes a ledger in dir with everything that a database can have: keys in the table and only in memory, trees of
// several levels, entries longer than a page, free pages. It returns the keys.
func sample(tb testing.TB, dir string) []string {
	tb.Helper()
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	l, err := Open(dir, ledgertest.Reducer{}, &Options{Clock: func() time.Time { return now }, noSync: true})
	if err != nil {
		tb.Fatal(err)
	}
	l.store.heads.min = 100
	random := rand.New(rand.NewPCG(3, 4))
	var keys []string
	for i := range 500 {
		key := fmt.Sprintf("key-%d", random.IntN(250))
		state, seq, err := l.State(tb.Context(), key)
		if err != nil {
			tb.Fatal(err)
		}
		if seq == 0 {
			keys = append(keys, key)
		}
		size := random.IntN(300)
		if i%60 == 0 {
			size = ledger.MaxOpSize - 100
		}
		now = now.Add(time.Second)
		if _, err := l.Append(tb.Context(), key, seq, ledgertest.Op(state, strings.Repeat("x", size))); err != nil {
			tb.Fatal(err)
		}
		if i%40 == 0 {
			if err := l.store.fold(); err != nil {
				tb.Fatal(err)
			}
		}
	}
	if n := len(l.store.heads.sums); n < 4 || l.store.heads.waiting() < 30 || len(l.store.view.pending) < 5 {
		tb.Fatalf("the sample has %d blocks, %d heads in memory, %d records in the journal: it shows too little",
			n, l.store.heads.waiting(), len(l.store.view.pending))
	}
	if err := l.Close(); err != nil {
		tb.Fatal(err)
	}
	return keys
}

// readAll returns all that can be read, as text.
func readAll(ctx context.Context, l *Ledger, keys []string) (string, error) {
	var b strings.Builder
	show := func(e ledger.Entry) {
		fmt.Fprintf(&b, "%s %d %x %d %d\n", e.Key, e.Seq, e.Op[:min(len(e.Op), 40)], e.Anchor.Index, e.Anchor.Time.Unix())
	}
	for _, key := range append([]string{"absent-1", "absent-2"}, keys...) {
		for e, err := range l.History(ctx, key, 0) {
			if err != nil {
				return "", err
			}
			show(e)
		}
		state, seq, err := l.State(ctx, key)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "%s %d\n", state, seq)
	}
	for e, err := range l.Follow(ctx, 0) {
		if err != nil {
			return "", err
		}
		show(e)
	}
	return b.String(), nil
}

// flips returns the offsets to damage: all of the meta pages' contents, of the pages' headers and first elements, and a
// sample of the rest, or everything if REALDID_DAMAGE is "all".
func flips(size int64) []int64 {
	var offsets []int64
	random := rand.New(rand.NewPCG(5, 6))
	for at := range size {
		in := at % pageSize
		if os.Getenv("REALDID_DAMAGE") == "all" || at < 2*pageSize && in < pageHeader+metaSize && in%2 == 0 ||
			in < 40 && random.IntN(8) == 0 || in < 400 && random.IntN(150) == 0 || random.IntN(2000) == 0 {
			offsets = append(offsets, at)
		}
	}
	return offsets
}

// TestDamage changes one byte of the database after the other. Each time everything must read as before, or fail with
// an error that is ErrCorrupt; nothing may crash or hang; and an append that succeeds must be there afterwards.
func TestDamage(t *testing.T) {
	dir := t.TempDir()
	keys := sample(t, dir)
	options := &Options{InsecureNoReducer: true, noSync: true}
	l, err := Open(dir, nil, options)
	if err != nil {
		t.Fatal(err)
	}
	want, err := readAll(t.Context(), l, keys)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	saved := t.TempDir()
	copyDir(t, saved, dir)
	path := filepath.Join(dir, databaseFile)
	original, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(7, 8))
	unnoticed, atOpen, atRead := 0, 0, 0
	offsets := flips(int64(len(original)))
	for n, at := range offsets {
		damaged := []byte{original[at] ^ byte(1+random.IntN(255))}
		file, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.WriteAt(damaged, at); err != nil {
			t.Fatal(err)
		}
		where := fmt.Sprintf("byte %d of page %d, %#02x instead of %#02x", at%pageSize, at/pageSize, damaged[0], original[at])
		l, err := Open(dir, nil, options)
		switch {
		case err != nil && !errors.Is(err, ledger.ErrCorrupt):
			t.Fatalf("%s: Open: %v, which is not ErrCorrupt", where, err)
		case err != nil:
			atOpen++
		default:
			got, err := readAll(t.Context(), l, keys)
			switch {
			case err != nil && !errors.Is(err, ledger.ErrCorrupt):
				t.Fatalf("%s: %v, which is not ErrCorrupt", where, err)
			case err != nil:
				atRead++
				if err := l.Check(t.Context()); !errors.Is(err, ledger.ErrCorrupt) {
					t.Fatalf("%s: reading fails, and Check returns %v", where, err)
				}
			case got != want:
				t.Fatalf("%s: reads otherwise than before", where)
			default:
				unnoticed++
				if err := l.Check(t.Context()); err != nil && !errors.Is(err, ledger.ErrCorrupt) {
					t.Fatalf("%s: Check: %v", where, err)
				}
			}
			wrote := n%4 == 0
			if wrote {
				appendToDamaged(t, l, where)
			}
			l.Close()
			if wrote {
				if err := os.RemoveAll(dir); err != nil {
					t.Fatal(err)
				}
				if err := os.Mkdir(dir, 0o700); err != nil {
					t.Fatal(err)
				}
				copyDir(t, dir, saved)
			}
		}
		if _, err := file.WriteAt(original[at:at+1], at); err != nil {
			t.Fatal(err)
		}
		file.Close()
	}
	t.Logf("%d bytes damaged: %d noticed when opened, %d when read, %d without consequence", len(offsets), atOpen, atRead, unnoticed)
	if atOpen == 0 || atRead == 0 || unnoticed == 0 {
		t.Error("the damage is not as varied as it should be")
	}
}

// appendToDamaged appends to a ledger with damage somewhere, in such a way that heads are written out too.
func appendToDamaged(t *testing.T, l *Ledger, where string) {
	t.Helper()
	l.store.heads.min = 1
	for i := range 6 {
		key := fmt.Sprintf("after-%d", i)
		e, err := l.Append(t.Context(), key, 0, []byte("op"))
		if err == nil {
			err = l.store.fold()
		}
		if err != nil {
			if !errors.Is(err, ledger.ErrCorrupt) {
				t.Fatalf("%s: Append: %v, which is not ErrCorrupt", where, err)
			}
			return
		}
		for got, err := range l.History(t.Context(), key, 0) {
			if err != nil && !errors.Is(err, ledger.ErrCorrupt) || err == nil && got.Anchor != e.Anchor {
				t.Fatalf("%s: after Append: %v, %v", where, got, err)
			}
		}
	}
}

// TestDamageWhileOpen is TestDamage with a ledger that was opened before the damage.
func TestDamageWhileOpen(t *testing.T) {
	dir := t.TempDir()
	keys := sample(t, dir)
	l, err := Open(dir, nil, &Options{InsecureNoReducer: true})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	want, err := readAll(t.Context(), l, keys)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(filepath.Join(dir, databaseFile), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	noticed := 0
	for _, at := range flips(info.Size()) {
		var b [1]byte
		if _, err := file.ReadAt(b[:], at); err != nil {
			t.Fatal(err)
		}
		if _, err := file.WriteAt([]byte{b[0] ^ 0x10}, at); err != nil {
			t.Fatal(err)
		}
		got, err := readAll(t.Context(), l, keys)
		if err != nil && !errors.Is(err, ledger.ErrCorrupt) || err == nil && got != want {
			t.Fatalf("byte %d of page %d: reads otherwise, error %v", at%pageSize, at/pageSize, err)
		}
		if err != nil {
			noticed++
		}
		if _, err := file.WriteAt(b[:], at); err != nil {
			t.Fatal(err)
		}
	}
	if noticed == 0 {
		t.Error("no damage was noticed")
	}
	if got, err := readAll(t.Context(), l, keys); err != nil || got != want {
		t.Errorf("after all is repaired: %v", err)
	}
}

// TestCutOff shortens the file.
func TestCutOff(t *testing.T) {
	dir := t.TempDir()
	keys := sample(t, dir)
	path := filepath.Join(dir, databaseFile)
	original, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	m, err := pager{file: bytes.NewReader(original), size: pageSize}.newest(false)
	if err != nil {
		t.Fatal(err)
	}
	used := int(m.limit) * pageSize // the rest is room for more
	var want string
	for _, size := range []int{used, 0, 1, 100, pageSize, 2 * pageSize, 3*pageSize + 5, used / 2, used - pageSize, used - 1} {
		if err := os.WriteFile(path, original[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		got := ""
		l, err := Open(dir, nil, &Options{InsecureNoReducer: true})
		if err == nil {
			got, err = readAll(t.Context(), l, keys)
			l.Close()
		}
		if size == used {
			want = got
		}
		// The last pages may be free.
		if got != want && !errors.Is(err, ledger.ErrCorrupt) || want == "" || size <= used/2 && err == nil {
			t.Errorf("cut off at %d of %d in use: error %v, or other contents", size, used, err)
		}
	}
}
