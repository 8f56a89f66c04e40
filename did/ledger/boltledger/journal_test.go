package boltledger

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/realdid/realdid/did/ledger"
)

// journaled makes a ledger whose entries are all in one journal file. It returns its path and contents, where the frame
// of each entry ends, and the keys.
func journaled(t *testing.T, dir string) (path string, contents []byte, ends []int, keys []string) {
	t.Helper()
	l, err := Open(dir, nil, &Options{InsecureNoReducer: true})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 24 {
		key := fmt.Sprintf("key-%d", i%5)
		keys = append(keys, key)
		// Runs of zeros, which must not pass for sectors that were not written, and of what turns into zeros.
		op := bytes.Repeat([]byte{[]byte{0, frameMask, 'x'}[i%3]}, 1+i*70)
		if i%3 == 1 && len(op) > leastZeros-1 {
			op = op[:leastZeros-1]
		}
		if _, err := l.Append(t.Context(), key, uint64(i/5), op); err != nil {
			t.Fatal(err)
		}
		ends = append(ends, int(l.store.journal.size))
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(dir, journalName(0))
	if contents, err = os.ReadFile(path); err != nil {
		t.Fatal(err)
	}
	return path, contents, ends, keys[:5]
}

// length opens the ledger in dir, checks it, appends an entry, and returns how many there were before.
func length(t *testing.T, dir string) (int, error) {
	t.Helper()
	l, err := Open(dir, nil, &Options{InsecureNoReducer: true, noSync: true})
	if err != nil {
		return 0, err
	}
	defer l.Close()
	n := 0
	for _, err := range l.Follow(t.Context(), 0) {
		if err != nil {
			return n, err
		}
		n++
	}
	if err := l.Check(t.Context()); err != nil {
		return n, err
	}
	e, err := l.Append(t.Context(), "after", 0, []byte("op"))
	if err == nil && e.Anchor.Index != uint64(n) {
		t.Errorf("the entry after %d others has index %d", n, e.Anchor.Index)
	}
	return n, errors.Join(err, l.Check(t.Context()))
}

// TestJournalCutShort: a write that ended early, or of which sectors are missing, takes with it only what it wrote.
func TestJournalCutShort(t *testing.T) {
	dir := t.TempDir()
	path, contents, ends, _ := journaled(t, dir)
	before := func(at int) (n int) { // entries that are whole in front of byte at
		for n < len(ends) && ends[n] <= at {
			n++
		}
		return n
	}
	try := func(name string, journal []byte, want int) {
		t.Helper()
		if err := os.WriteFile(path, journal, 0o600); err != nil {
			t.Fatal(err)
		}
		if n, err := length(t, dir); err != nil || n != want {
			t.Fatalf("%s: %d entries, %v; want %d", name, n, err, want)
		}
		l, err := Open(dir, nil, &Options{InsecureNoReducer: true, noSync: true})
		if err != nil {
			t.Fatalf("%s, and an entry appended: %v", name, err)
		}
		if _, seq, err := l.State(t.Context(), "after"); err != nil || seq != 1 {
			t.Fatalf("%s: the entry appended afterwards: %d, %v", name, seq, err)
		}
		l.Close()
	}
	for at := 0; at <= len(contents); at += 1 + at/60 {
		try(fmt.Sprint("cut at ", at), contents[:at], before(at))
	}
	for start := ends[19] / sector * sector; start < len(contents); start += sector {
		torn := bytes.Clone(contents)
		end := min(start+sector, len(torn))
		clear(torn[start:end])
		try(fmt.Sprint("sector missing at ", start), torn, before(start))
	}
	first := ends[22] // the last entry's frame, of which nothing was written
	torn := bytes.Clone(contents)
	clear(torn[first:])
	try("nothing of the last", torn, 23)
}

// TestJournalDamage: any other byte in the journal is damage, also in its last record.
func TestJournalDamage(t *testing.T) {
	dir := t.TempDir()
	path, contents, ends, _ := journaled(t, dir)
	for at := 0; at < len(contents); at += 1 + at%29 {
		bit := []byte{0x01, 0x80, frameMask}[at%3]
		damaged := bytes.Clone(contents)
		damaged[at] ^= bit
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		if n, err := length(t, dir); !errors.Is(err, ledger.ErrCorrupt) || !strings.Contains(err.Error(), "journal-") {
			t.Fatalf("byte %d of %d, ^ %#x: %d entries, error %v, want ErrCorrupt with the name of the file", at, ends[23], bit, n, err)
		}
	}
}

// TestJournalFiles: files that are missing, superfluous or misnamed.
func TestJournalFiles(t *testing.T) {
	make := func(t *testing.T) (dir string, files []string) {
		dir = t.TempDir()
		l, err := Open(dir, nil, &Options{InsecureNoReducer: true})
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		for i := range 12 {
			if _, err := l.Append(t.Context(), "key", uint64(i), []byte("op")); err != nil {
				t.Fatal(err)
			}
			if i%4 == 3 {
				if _, err := l.store.journal.seal(); err != nil { // as a fold that then fails does
					t.Fatal(err)
				}
			}
		}
		return dir, l.store.journal.files
	}
	for name, test := range map[string]struct {
		change func(files []string) error
		want   int // entries, or -1 for damage
	}{
		"as they were":          {func([]string) error { return nil }, 12},
		"first missing":         {func(f []string) error { return os.Remove(f[0]) }, -1},
		"middle missing":        {func(f []string) error { return os.Remove(f[1]) }, -1},
		"renamed":               {func(f []string) error { return os.Rename(f[1], filepath.Join(filepath.Dir(f[1]), journalName(5))) }, -1},
		"cut off in the middle": {func(f []string) error { return os.Truncate(f[1], 30) }, -1},
		"strange name":          {func(f []string) error { return os.WriteFile(f[2]+"x", nil, 0o600) }, -1},
		"empty last file": {func(f []string) error {
			return os.WriteFile(filepath.Join(filepath.Dir(f[1]), journalName(12)), nil, 0o600)
		}, 12},
	} {
		t.Run(name, func(t *testing.T) {
			dir, files := make(t)
			if len(files) != 3 {
				t.Fatalf("%d files", len(files))
			}
			if err := test.change(files); err != nil {
				t.Fatal(err)
			}
			n, err := length(t, dir)
			if test.want >= 0 && (err != nil || n != test.want) || test.want < 0 && !errors.Is(err, ledger.ErrCorrupt) {
				t.Errorf("%d entries, error %v", n, err)
			}
		})
	}
}

// TestJournalIsRemoved: a fold leaves its own files for a damaged meta page, and removes those before.
func TestJournalIsRemoved(t *testing.T) {
	dir := t.TempDir()
	l, err := Open(dir, nil, &Options{InsecureNoReducer: true})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for i := range 10 {
		if _, err := l.Append(t.Context(), "key", uint64(i), []byte("op")); err != nil {
			t.Fatal(err)
		}
		if err := l.store.fold(); err != nil {
			t.Fatal(err)
		}
		files, err := filepath.Glob(filepath.Join(dir, journalPrefix+"*"))
		if err != nil || len(files) != 1 || filepath.Base(files[0]) != journalName(uint64(i)) {
			t.Fatalf("after fold %d: %v, %v", i, files, err)
		}
	}
	if n := len(l.store.current().pending); n != 0 {
		t.Errorf("%d records are pending", n)
	}
}

// TestDamagedMetaKeepsAll: with the journal of the last fold nothing is lost with the newer meta page.
func TestDamagedMetaKeepsAll(t *testing.T) {
	for id := range int64(2) {
		dir := t.TempDir()
		keys := sample(t, dir)
		l, err := Open(dir, nil, &Options{InsecureNoReducer: true})
		if err != nil {
			t.Fatal(err)
		}
		want, err := readAll(t.Context(), l, keys)
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
		f, err := os.OpenFile(filepath.Join(dir, databaseFile), os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteAt(make([]byte, 100), id*pageSize); err != nil {
			t.Fatal(err)
		}
		f.Close()
		if l, err = Open(dir, nil, &Options{InsecureNoReducer: true, InsecureDamagedMeta: true}); err != nil {
			t.Fatalf("meta page %d: %v", id, err)
		}
		if got, err := readAll(t.Context(), l, keys); err != nil || got != want {
			t.Errorf("meta page %d: error %v, or other contents", id, err)
		}
		if err := errors.Join(l.Check(t.Context()), l.Close()); err != nil {
			t.Errorf("meta page %d: %v", id, err)
		}
	}
}

// FuzzJournal: a journal of any contents is read up to where it does not match.
func FuzzJournal(f *testing.F) {
	r := record{time: 1777636800, key: []byte("key"), op: []byte("op")}
	first := appendFrame(nil, 0, r.encode())
	second := record{index: 1, before: r.sum, seq: 1, time: r.time, prev: r.head(), key: r.key, op: r.op}
	f.Add(first)
	f.Add(appendFrame(first, 1, second.encode()))
	f.Add(append(bytes.Clone(first), make([]byte, 600)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		var r journalReader
		whole, err := r.read(journalName(0), b)
		if err != nil {
			if !errors.Is(err, ledger.ErrCorrupt) {
				t.Fatalf("got error %v, want ErrCorrupt", err)
			}
			return
		}
		var again []byte
		for i, stored := range r.records {
			again = appendFrame(again, uint64(i), stored)
		}
		if !bytes.Equal(again, b[:whole]) {
			t.Fatal("the records written again are not what was read")
		}
		if whole < len(b) {
			torn(r.index, b, whole)
		}
	})
}

// TestJournalOfAnother: a journal that does not go on from this database.
func TestJournalOfAnother(t *testing.T) {
	var dirs []string
	for _, op := range []string{"this", "that"} {
		dir := t.TempDir()
		l, err := Open(dir, nil, &Options{InsecureNoReducer: true})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Append(t.Context(), "key", 0, []byte(op)); err != nil {
			t.Fatal(err)
		}
		if err := l.store.fold(); err != nil {
			t.Fatal(err)
		}
		if _, err := l.Append(t.Context(), "other", 0, []byte("the same")); err != nil {
			t.Fatal(err)
		}
		l.Close()
		dirs = append(dirs, dir)
	}
	b, err := os.ReadFile(filepath.Join(dirs[1], journalName(1)))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dirs[0], journalName(1)), b, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := length(t, dirs[0]); !errors.Is(err, ledger.ErrCorrupt) || !strings.Contains(err.Error(), "entry 1 does not follow") {
		t.Errorf("got error %v", err)
	}
}
