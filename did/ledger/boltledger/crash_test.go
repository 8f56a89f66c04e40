package boltledger

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/realdid/realdid/did/ledger"
)

// versions makes a ledger of a few entries, brings each to the database by itself, and returns the database after each,
// and what was read from it.
func versions(t *testing.T, commits int) (files [][]byte, contents []string, keys []string) {
	t.Helper()
	dir := t.TempDir()
	l, err := Open(dir, nil, &Options{InsecureNoReducer: true, noSync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	l.store.heads.min = 10
	random := rand.New(rand.NewPCG(1, 2))
	seqs := make(map[string]uint64)
	for range 40 {
		keys = append(keys, fmt.Sprintf("key-%d", len(keys)))
	}
	for range commits {
		key := keys[random.IntN(len(keys))]
		op := bytes.Repeat([]byte{'x'}, 1+random.IntN(3000))
		if _, err := l.Append(t.Context(), key, seqs[key], op); err != nil {
			t.Fatal(err)
		}
		seqs[key]++
		if err := l.store.fold(); err != nil {
			t.Fatal(err)
		}
		file, err := os.ReadFile(filepath.Join(dir, databaseFile))
		if err != nil {
			t.Fatal(err)
		}
		content, err := readAll(t.Context(), l, keys)
		if err != nil {
			t.Fatal(err)
		}
		files, contents = append(files, file), append(contents, content)
	}
	return files, contents, keys
}

// read opens a database of the given contents and reads everything.
func read(t *testing.T, dir string, file []byte, keys []string) (string, error) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, databaseFile), file, 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := Open(dir, nil, &Options{InsecureNoReducer: true})
	if err != nil {
		return "", err
	}
	defer l.Close()
	content, err := readAll(t.Context(), l, keys)
	return content, errors.Join(err, l.Check(t.Context()))
}

func newDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, formatFile), []byte(formatText), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestPowerFailure puts together what a disk can hold when the power fails during a fold: before the first sync any
// of the sectors that it wrote, and after it all of them, with the meta page or without. The ledger must then be as
// before the fold or as after it.
func TestPowerFailure(t *testing.T) {
	const sector = 512
	files, contents, keys := versions(t, 60)
	dir := newDir(t)
	random := rand.New(rand.NewPCG(3, 4))
	for n := 1; n < len(files); n++ {
		before, after := files[n-1], files[n]
		torn := append(bytes.Clone(before), make([]byte, max(0, len(after)-len(before)))...)
		whole := bytes.Clone(after)
		copy(whole, before[:2*pageSize])
		for at := 2 * pageSize; at < len(after); at += sector {
			if random.IntN(2) == 0 {
				copy(torn[at:at+sector], after[at:])
			}
		}
		for name, file := range map[string][]byte{"some sectors": torn, "all but the meta page": whole} {
			if got, err := read(t, dir, file, keys); err != nil || got != contents[n-1] {
				t.Fatalf("commit %d, %s: error %v, or other contents than before", n, name, err)
			}
		}
		if got, err := read(t, dir, after, keys); err != nil || got != contents[n] {
			t.Fatalf("commit %d, everything: error %v, or other contents", n, err)
		}
	}
}

// TestLostWrite puts an older version in the place of each page that a commit wrote, as a disk does that acknowledges a
// write and loses it: such a page is valid in itself. The meta pages are left out: without the newest of them the
// database is as it was before, in every respect.
func TestLostWrite(t *testing.T) {
	files, contents, keys := versions(t, 80)
	last := len(files) - 1
	dir := newDir(t)
	lost, noticed := 0, 0
	for age := 1; age <= last; age += 1 + age/4 {
		for at := 2 * pageSize; at+pageSize <= len(files[last-age]); at += pageSize {
			old := files[last-age][at : at+pageSize]
			if bytes.Equal(old, files[last][at:at+pageSize]) {
				continue
			}
			file := bytes.Clone(files[last])
			copy(file[at:], old)
			got, err := read(t, dir, file, keys)
			lost++
			switch {
			case err == nil && got == contents[last]: // a free page
			case errors.Is(err, ledger.ErrCorrupt):
				noticed++
			default:
				t.Fatalf("page %d as it was %d commits ago: error %v, or other contents", at/pageSize, age, err)
			}
		}
	}
	if t.Logf("%d pages, %d noticed", lost, noticed); noticed == 0 {
		t.Error("no lost write was noticed")
	}
}

// TestDamagedMeta: a damaged meta page is accepted only when that is asked for, and costs at most the last commit.
func TestDamagedMeta(t *testing.T) {
	files, contents, keys := versions(t, 9)
	last := len(files) - 1
	var got []string
	for id := range 2 {
		dir := newDir(t)
		file := bytes.Clone(files[last])
		file[id*pageSize+pageHeader+20] ^= 1
		if _, err := read(t, dir, file, keys); !errors.Is(err, ledger.ErrCorrupt) {
			t.Errorf("meta page %d damaged: %v, want ErrCorrupt", id, err)
		}
		l, err := Open(dir, nil, &Options{InsecureNoReducer: true, InsecureDamagedMeta: true})
		if err != nil {
			t.Fatalf("meta page %d damaged and accepted: %v", id, err)
		}
		content, err := readAll(t.Context(), l, keys)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, content)
		for i := range 3 {
			if _, err := l.Append(t.Context(), "new", uint64(i), []byte("op")); err != nil {
				t.Fatalf("meta page %d: append: %v", id, err)
			}
		}
		if err := errors.Join(l.Check(t.Context()), l.Close()); err != nil {
			t.Errorf("meta page %d: %v", id, err)
		}
	}
	if !(got[0] == contents[last] && got[1] == contents[last-1] || got[1] == contents[last] && got[0] == contents[last-1]) {
		t.Error("the contents are not those of the last two commits")
	}
}

// TestFull: a ledger that has reached its size says so, and is otherwise well.
func TestFull(t *testing.T) {
	dir := t.TempDir()
	options := &Options{InsecureNoReducer: true, MaxSize: 1 << 20}
	l, err := Open(dir, nil, options)
	if err != nil {
		t.Fatal(err)
	}
	op := make([]byte, ledger.MaxOpSize)
	l.store.foldAt = 1
	stored := 0
	for ; err == nil; stored++ {
		_, err = l.Append(t.Context(), fmt.Sprintf("key-%d", stored), 0, op)
	}
	stored--
	if errors.Is(err, ledger.ErrInvalid) || errors.Is(err, ledger.ErrCorrupt) || stored < 10 || stored > 64 {
		t.Errorf("after %d entries: %v", stored, err)
	}
	count := func() (n int) {
		for _, err := range l.Follow(t.Context(), 0) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		return n
	}
	if n := count(); n != stored {
		t.Errorf("%d entries, want %d", n, stored)
	}
	if err := errors.Join(l.Check(t.Context()), l.Close()); err != nil {
		t.Fatal(err)
	}
	options.MaxSize = 0
	if l, err = Open(dir, nil, options); err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := l.Append(t.Context(), fmt.Sprintf("key-%d", stored), 0, op); err != nil {
		t.Errorf("with more room: %v", err)
	}
	if n := count(); n != stored+1 {
		t.Errorf("%d entries, want %d", n, stored+1)
	}
}

// TestUnknownOutcome: after a commit of which it is not known whether it is on the disk nothing more is written, and
// opening the ledger anew tells.
func TestUnknownOutcome(t *testing.T) {
	dir := t.TempDir()
	l, err := Open(dir, nil, &Options{InsecureNoReducer: true})
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	l.store.fault = func(stage string) error {
		if stage == "synced" {
			return broken
		}
		return nil
	}
	if _, err := l.Append(t.Context(), "key", 0, []byte("op")); !errors.Is(err, broken) {
		t.Errorf("got error %v, want %v", err, broken)
	}
	l.store.fault = nil
	if _, err := l.Append(t.Context(), "other", 0, []byte("op")); !errors.Is(err, broken) {
		t.Errorf("after the failure: got error %v, want %v", err, broken)
	}
	for e := range l.Follow(t.Context(), 0) {
		t.Errorf("an entry that is not acknowledged is visible: %v", e)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if l, err = Open(dir, nil, &Options{InsecureNoReducer: true}); err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for range 2 {
		if _, err := l.Append(t.Context(), "key", 0, []byte("op")); err != nil {
			t.Error(err)
		}
	}
}

// TestPanickingStore: a panic of bbolt ends writing and nothing else.
func TestPanickingStore(t *testing.T) {
	dir := t.TempDir()
	l, err := Open(dir, nil, &Options{InsecureNoReducer: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Append(t.Context(), "key", 0, []byte("op")); err != nil {
		t.Fatal(err)
	}
	l.store.fault = func(stage string) error {
		if stage == "put" {
			panic("assertion failed: page 7")
		}
		return nil
	}
	if err := l.store.fold(); !errors.Is(err, ledger.ErrCorrupt) {
		t.Errorf("fold: got error %v, want ErrCorrupt", err)
	}
	if _, err := l.Append(t.Context(), "key", 1, []byte("op")); !errors.Is(err, ledger.ErrCorrupt) {
		t.Errorf("append: got error %v, want ErrCorrupt", err)
	}
	for _, err := range l.History(t.Context(), "key", 0) {
		if err != nil {
			t.Errorf("reading afterwards: %v", err)
		}
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if l, err = Open(dir, nil, &Options{InsecureNoReducer: true}); err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := l.Append(t.Context(), "key", 1, []byte("op")); err != nil {
		t.Error(err)
	}
}
