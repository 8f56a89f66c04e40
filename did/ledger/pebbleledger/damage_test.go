package pebbleledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
)

// sample makes a ledger with everything that one can have: tables of flushes and of imports, entries that are only in the log,
// entries longer than a block. It returns the keys.
func sample(tb testing.TB, fs vfs.FS) []string {
	tb.Helper()
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	l, err := Open("ledger", ledgertest.Reducer{}, &Options{Clock: func() time.Time { return now }, fs: fs, memTable: 64 << 10, tableAt: 20})
	if err != nil {
		tb.Fatal(err)
	}
	random := rand.New(rand.NewPCG(3, 4))
	keys := []string{"import-0", "import-24"}
	for i := range 200 {
		key := fmt.Sprintf("key-%d", random.IntN(90))
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
		e, err := l.Append(tb.Context(), key, seq, ledgertest.Op(state, strings.Repeat("x", size)))
		if err != nil {
			tb.Fatal(err)
		}
		if i != 100 {
			continue
		}
		entries := make([]ledger.Entry, 25)
		for i := range entries {
			entries[i] = ledger.Entry{
				Key: fmt.Sprintf("import-%d", i), Op: ledgertest.Op(nil, "x"),
				Anchor: ledger.Anchor{Index: e.Anchor.Index + 1 + uint64(i), Time: e.Anchor.Time},
			}
		}
		if err := l.Import(tb.Context(), entries); err != nil {
			tb.Fatal(err)
		}
	}
	if m := l.store.db.Metrics(); m.Total().TablesCount == 0 {
		tb.Fatalf("the sample shows too little: %v", m)
	}
	if err := l.Close(); err != nil {
		tb.Fatal(err)
	}
	return keys
}

// open opens what is in fs, without a reducer.
func open(fs vfs.FS) (*Ledger, error) {
	return Open("ledger", nil, &Options{InsecureNoReducer: true, fs: fs, memTable: 64 << 10})
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

func clone(fs *vfs.MemFS) *vfs.MemFS { return fs.CrashClone(vfs.CrashCloneCfg{}) }

// files returns the contents of all files below dir.
func files(tb testing.TB, fs vfs.FS, dir string) map[string][]byte {
	tb.Helper()
	all := make(map[string][]byte)
	names, err := fs.List(dir)
	if err != nil {
		tb.Fatal(err)
	}
	for _, name := range names {
		path := fs.PathJoin(dir, name)
		info, err := fs.Stat(path)
		if err != nil {
			tb.Fatal(err)
		}
		if info.IsDir() {
			for path, b := range files(tb, fs, path) {
				all[path] = b
			}
			continue
		}
		f, err := fs.Open(path)
		if err != nil {
			tb.Fatal(err)
		}
		b, err := io.ReadAll(f)
		if err = errors.Join(err, f.Close()); err != nil {
			tb.Fatal(err)
		}
		all[path] = b
	}
	return all
}

func put(tb testing.TB, fs vfs.FS, path string, b []byte) {
	tb.Helper()
	f, err := fs.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		tb.Fatal(err)
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		tb.Fatal(err)
	}
}

// examine opens a damaged ledger, which must read as want or say that it is damaged. It tells whether it said so.
func examine(t *testing.T, fs vfs.FS, keys []string, want, where string) (noticed bool) {
	t.Helper()
	l, err := open(fs)
	if err != nil {
		if !errors.Is(err, ledger.ErrCorrupt) && !errors.Is(err, ErrFormat) {
			t.Fatalf("%s: Open: %v, which is not ErrCorrupt", where, err)
		}
		return true
	}
	defer l.Close()
	got, err := readAll(t.Context(), l, keys)
	checked := l.Check(t.Context())
	switch {
	case checked != nil && !errors.Is(checked, ledger.ErrCorrupt):
		t.Fatalf("%s: Check: %v, which is not ErrCorrupt", where, checked)
	case err != nil && !errors.Is(err, ledger.ErrCorrupt):
		t.Fatalf("%s: %v, which is not ErrCorrupt", where, err)
	case err != nil && checked == nil:
		t.Fatalf("%s: reading fails (%v), and Check finds nothing", where, err)
	case err == nil && got != want:
		t.Fatalf("%s: reads otherwise than before", where)
	}
	if e, err := l.Append(t.Context(), "after", 0, []byte("op")); err == nil {
		for got, err := range l.History(t.Context(), "after", 0) {
			if err != nil && !errors.Is(err, ledger.ErrCorrupt) || err == nil && got.Anchor != e.Anchor {
				t.Fatalf("%s: after Append: %v, %v", where, got, err)
			}
		}
	} else if !errors.Is(err, ledger.ErrCorrupt) {
		t.Fatalf("%s: Append: %v, which is not ErrCorrupt", where, err)
	}
	return err != nil || checked != nil
}

// TestDamage changes one byte of one file after the other, and cuts files off. Each time everything must read as before, or fail with
// an error that is ErrCorrupt; nothing may crash or hang; and an append that succeeds must be there afterwards.
// REALDID_DAMAGE=all takes every byte.
func TestDamage(t *testing.T) {
	disk := vfs.NewCrashableMem()
	keys := sample(t, disk)
	fresh := clone(disk)
	l, err := open(fresh)
	if err != nil {
		t.Fatal(err)
	}
	want, err := readAll(t.Context(), l, keys)
	if err = errors.Join(err, l.Check(t.Context()), l.Close()); err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(5, 6))
	tried, noticed := 0, map[string]int{}
	for path, b := range files(t, disk, "ledger") {
		kind := path[strings.LastIndexAny(path, "./")+1:]
		for at := range b {
			if os.Getenv("REALDID_DAMAGE") != "all" && at >= 24 && at < len(b)-24 && random.IntN(1+len(b)/40) > 0 {
				continue
			}
			damaged := bytes.Clone(b)
			damaged[at] ^= byte(1 + random.IntN(255))
			fs := clone(disk)
			put(t, fs, path, damaged)
			tried++
			if examine(t, fs, keys, want, fmt.Sprintf("%s: byte %d of %d", path, at, len(b))) {
				noticed[kind]++
			}
		}
		for _, size := range []int{0, 1, len(b) / 3, len(b) / 2, len(b) - 11, len(b) - 1} {
			if size < 0 || size >= len(b) {
				continue
			}
			fs := clone(disk)
			put(t, fs, path, b[:size])
			if examine(t, fs, keys, want, fmt.Sprintf("%s: cut off at %d of %d", path, size, len(b))) {
				noticed[kind]++
			}
		}
		fs := clone(disk)
		if err := fs.Remove(path); err != nil {
			t.Fatal(err)
		}
		examine(t, fs, keys, want, path+" removed")
	}
	t.Logf("%d bytes damaged, noticed by kind of file: %v", tried, noticed)
	for _, kind := range []string{"sst", "log", "END", "FORMAT"} {
		if noticed[kind] == 0 {
			t.Errorf("no damage to a file of the kind %s was noticed", kind)
		}
	}
}
