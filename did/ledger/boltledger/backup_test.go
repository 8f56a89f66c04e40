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
	"sync"
	"testing"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
)

// TestBackup: what is restored is what was there, and the ledger goes on from it.
func TestBackup(t *testing.T) {
	dir := t.TempDir()
	keys := sample(t, dir)
	l, err := Open(dir, ledgertest.Reducer{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	want, err := readAll(t.Context(), l, keys)
	if err != nil {
		t.Fatal(err)
	}
	var backup bytes.Buffer
	if err := l.Backup(t.Context(), &backup); err != nil {
		t.Fatal(err)
	}
	target := filepath.Join(t.TempDir(), "a", "b")
	if err := Restore(t.Context(), target, bytes.NewReader(backup.Bytes())); err != nil {
		t.Fatal(err)
	}
	restored, err := Open(target, ledgertest.Reducer{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer restored.Close()
	if got, err := readAll(t.Context(), restored, keys); err != nil || got != want {
		t.Fatalf("restored: error %v, or other contents", err)
	}
	for _, lg := range []*Ledger{l, restored} {
		state, seq, err := lg.State(t.Context(), keys[0])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := lg.Append(t.Context(), keys[0], seq, ledgertest.Op(state, "after")); err != nil {
			t.Error(err)
		}
	}
	if err := Restore(t.Context(), target, bytes.NewReader(backup.Bytes())); err == nil {
		t.Error("Restore into a ledger succeeds")
	}
	empty := t.TempDir()
	if err := Restore(t.Context(), empty, bytes.NewReader(backup.Bytes())); err != nil {
		t.Errorf("Restore into an empty directory: %v", err)
	}
}

// TestBackupEmpty: an empty ledger has a backup too.
func TestBackupEmpty(t *testing.T) {
	l, err := Open(t.TempDir(), ledgertest.Reducer{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var backup bytes.Buffer
	if err := l.Backup(t.Context(), &backup); err != nil {
		t.Fatal(err)
	}
	if err := Restore(t.Context(), filepath.Join(t.TempDir(), "x"), &backup); err != nil {
		t.Error(err)
	}
}

// TestBackupWhileAppending: a backup holds the entries up to some instant after it was asked for, without gaps.
func TestBackupWhileAppending(t *testing.T) {
	l, err := Open(t.TempDir(), ledgertest.Reducer{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	l.store.heads.min = 100
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				if _, err := l.Append(t.Context(), fmt.Sprintf("key-%d-%d", i, n), 0, ledgertest.Op(nil, "x")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for n := range 5 {
		last, _ := l.Last()
		var backup bytes.Buffer
		if err := l.Backup(t.Context(), &backup); err != nil {
			t.Fatal(err)
		}
		dir := filepath.Join(t.TempDir(), fmt.Sprint(n))
		if err := Restore(t.Context(), dir, &backup); err != nil {
			t.Fatal(err)
		}
		restored, err := Open(dir, ledgertest.Reducer{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := restored.Last(); got.Index < last.Index {
			t.Errorf("the backup ends at entry %d, and %d was there before it began", got.Index, last.Index)
		}
		restored.Close()
	}
	cancel()
	wg.Wait()
}

// TestRestoreDamaged: a backup that is not whole is refused, and leaves nothing behind.
func TestRestoreDamaged(t *testing.T) {
	l, err := Open(t.TempDir(), nil, &Options{InsecureNoReducer: true})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var records [][]byte
	for i := range 30 {
		if _, err := l.Append(t.Context(), fmt.Sprintf("key-%d", i%7), uint64(i/7), []byte("op")); err != nil {
			t.Fatal(err)
		}
	}
	var buf bytes.Buffer
	if err := l.Backup(t.Context(), &buf); err != nil {
		t.Fatal(err)
	}
	whole := buf.Bytes()
	for b := whole[len(backupText):]; b[0] != 0; b = b[1+int(b[0]):] {
		records = append(records, b[:1+int(b[0])])
	}
	without := func(i int) []byte {
		return bytes.Replace(whole, records[i], nil, 1)
	}
	swapped := bytes.Replace(whole, append(bytes.Clone(records[3]), records[4]...), append(bytes.Clone(records[4]), records[3]...), 1)
	cases := map[string][]byte{
		"first record missing": without(0), "record missing": without(12), "last record missing": without(29),
		"records swapped": swapped, "trailing byte": append(bytes.Clone(whole), 0), "empty": nil,
		"other count": append(append(bytes.Clone(whole[:len(whole)-12]), whole[len(whole)-12]+1), whole[len(whole)-11:]...),
		"huge record": append([]byte(backupText), 0xff, 0xff, 0xff, 0xff, 0x7f),
	}
	for i := 0; i < len(whole); i += 1 + i/10 {
		cases[fmt.Sprint("cut off at ", i)] = whole[:i]
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 30 {
		i := len(backupText) + random.IntN(len(whole)-len(backupText))
		flipped := bytes.Clone(whole)
		flipped[i] ^= byte(1 + random.IntN(255))
		cases[fmt.Sprint("other byte at ", i)] = flipped
	}
	parent := t.TempDir()
	for name, backup := range cases {
		err := Restore(t.Context(), filepath.Join(parent, "ledger"), bytes.NewReader(backup))
		if !errors.Is(err, ledger.ErrCorrupt) {
			t.Errorf("%s: got error %v, want ErrCorrupt", name, err)
		}
	}
	other := strings.Replace(string(whole), "backup 1", "backup 2", 1)
	if err := Restore(t.Context(), filepath.Join(parent, "ledger"), strings.NewReader(other)); !errors.Is(err, ErrFormat) {
		t.Errorf("other version: got error %v, want ErrFormat", err)
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Restore(canceled, filepath.Join(parent, "ledger"), bytes.NewReader(whole)); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: got error %v", err)
	}
	if err := l.Backup(canceled, &buf); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled Backup: got error %v", err)
	}
	if names, err := os.ReadDir(parent); err != nil || len(names) > 0 {
		t.Errorf("%d files are left behind, %v", len(names), err)
	}
}

// TestRestoreForged: records that are valid one by one and do not fit together are refused.
func TestRestoreForged(t *testing.T) {
	forge := func(change func(r *record)) []byte {
		out := []byte(backupText)
		var last, prev head
		var count uint64
		for i := range uint64(4) {
			r := record{index: i, before: last.sum, seq: i, time: 1000, prev: prev, key: []byte("key"), op: []byte("op")}
			if i == 2 {
				change(&r)
			}
			b := r.encode()
			out = append(append(out, byte(len(b))), b...)
			last, prev = r.head(), r.head()
			count++
		}
		out = append(out, 0)
		out = append(out, byte(count), 0, 0, 0, 0, 0, 0, 0)
		return append(out, byte(last.sum), byte(last.sum>>8), byte(last.sum>>16), byte(last.sum>>24))
	}
	dir := t.TempDir()
	if err := Restore(t.Context(), filepath.Join(dir, "good"), bytes.NewReader(forge(func(*record) {}))); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*record){
		"seq too high":             func(r *record) { r.seq = 3 },
		"seq too low":              func(r *record) { r.seq = 1 },
		"second genesis":           func(r *record) { r.seq = 0 },
		"new key not from 0":       func(r *record) { r.key = []byte("other") },
		"previous entry skipped":   func(r *record) { r.prev.index = 0 },
		"previous entry's sum":     func(r *record) { r.prev.sum++ },
		"time going back":          func(r *record) { r.time = 999 },
		"not after the one before": func(r *record) { r.before++ },
	} {
		if err := Restore(t.Context(), filepath.Join(dir, "bad"), bytes.NewReader(forge(change))); !errors.Is(err, ledger.ErrCorrupt) {
			t.Errorf("%s: got error %v, want ErrCorrupt", name, err)
		}
	}
}
