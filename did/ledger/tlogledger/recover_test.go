package tlogledger

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
)

// lose removes files and folders of what is derived.
func (b *bench) lose(names ...string) {
	b.Helper()
	for _, name := range names {
		if err := os.RemoveAll(filepath.Join(b.dir, name)); err != nil {
			b.Fatal(err)
		}
	}
}

// keep copies the folder as it is, and returns what puts names of it back.
func (b *bench) keep() (back func(names ...string)) {
	b.Helper()
	kept := filepath.Join(tempDir(b), "kept")
	if err := os.CopyFS(kept, os.DirFS(b.dir)); err != nil {
		b.Fatal(err)
	}
	return func(names ...string) {
		b.Helper()
		b.lose(names...)
		for _, name := range names {
			from, to := filepath.Join(kept, name), filepath.Join(b.dir, name)
			info, err := os.Stat(from)
			switch {
			case errors.Is(err, os.ErrNotExist):
				continue
			case err == nil && info.IsDir():
				err = os.CopyFS(to, os.DirFS(from))
			case err == nil:
				var raw []byte
				if raw, err = os.ReadFile(from); err == nil {
					err = os.WriteFile(to, raw, 0o600)
				}
			}
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}

// TestLost: everything beside the log can be lost, in part or whole, with entries behind the last epoch and without, whether the map is
// built in bulk or not.
func TestLost(t *testing.T) {
	for _, bulk := range []uint64{1 << 20, 20, 1} {
		for _, lost := range [][]string{
			{indexFolder}, {mapFolder}, {checkpointFile}, {formatFile}, {indexFolder, mapFolder}, {mapFolder, checkpointFile}, {indexFolder, mapFolder, checkpointFile, formatFile}, {},
		} {
			t.Run(fmt.Sprint(bulk, lost), func(t *testing.T) {
				b := newBench(t)
				b.opt.bulk = bulk
				l := b.open()
				for round := range 3 {
					b.fill(l, 30+round)
					b.seal(l)
				}
				b.put(l, "key-3", "behind the epoch")
				b.put(l, "key-3", "behind the epoch, too")
				b.put(l, "new", "behind the epoch")
				want := b.entries(l)
				for range 2 {
					b.close(l)
					b.lose(lost...)
					l = b.open()
					published := !slices.Contains(lost, checkpointFile) && !slices.Contains(lost, mapFolder) && !slices.Contains(lost, indexFolder)
					if got := l.Checkpoint() != nil; got != published && !(got && slices.Equal(lost, []string{indexFolder})) && !(got && bulk < 30) {
						t.Errorf("a checkpoint is published: %v, want %v", got, published)
					}
				}
				b.same(l, want)
			})
		}
	}
}

// TestMoments: index, map and checkpoint may each be of another moment.
func TestMoments(t *testing.T) {
	b := newBench(t)
	down := &badCosigner{err: errDisk}
	l := b.open()
	var backs []func(...string)
	keep := func() {
		b.close(l)
		backs = append(backs, b.keep())
		l = b.open()
	}
	keep()
	b.fill(l, 9)
	keep()
	b.seal(l)
	keep()
	b.fill(l, 8)
	b.seal(l)
	b.put(l, "key-1", "more")
	keep()
	trust := b.trust // an epoch that is not published
	b.close(l)
	b.trust = &proof.Trust{
		Origin: origin, Log: b.signer.Verifier(), Quorum: proof.Quorum{Witnesses: 1},
		Cosigners: []proof.Cosigner{{Key: newSigner(t, down.Name(), proof.CosignatureEd25519).Verifier(), Role: proof.Witness}},
	}
	l = b.open()
	for range 2 {
		b.put(l, "key-2", "more")
		if err := l.Seal(t.Context()); !errors.Is(err, proof.ErrQuorum) {
			t.Fatal(err)
		}
		b.clock.add(DefaultHeartbeat)
	}
	keep()
	want := b.entries(l)
	b.close(l)
	b.trust = trust
	whole := slices.Clone(b.leaves)
	for index, backIndex := range backs {
		for mapped, backMap := range backs {
			for noted, backNote := range backs {
				b.leaves = slices.Clone(whole)
				backIndex(indexFolder)
				backMap(mapFolder)
				backNote(checkpointFile)
				l, err := b.try()
				if err != nil {
					t.Fatalf("index %d, map %d, checkpoint %d: %v", index, mapped, noted, err)
				}
				if note := l.Checkpoint(); note != nil {
					b.wantProof(l, "key-2", 0)
				}
				b.seal(l)
				for _, key := range []string{"key-1", "key-2", "key-4"} {
					state, _, err := l.State(t.Context(), key)
					if err != nil {
						t.Fatal(err)
					}
					if v := b.wantProof(l, key, uint64(len(want))); string(v.Head) != string(state) {
						t.Fatalf("index %d, map %d, checkpoint %d: %s is proven to be %q, want %q", index, mapped, noted, key, v.Head, state)
					}
				}
				b.close(l)
			}
		}
	}
	b.same(b.open(), want)
}

// TestDirectory: whose folder is whose.
func TestDirectory(t *testing.T) {
	b := newBench(t)
	l := b.open()
	if _, err := b.try(); !errors.Is(err, ledger.ErrLocked) {
		t.Errorf("opened twice: %v, want ErrLocked", err)
	}
	b.fill(l, 3)
	b.close(l)
	want := func(what string, is error) {
		t.Helper()
		l, err := b.try()
		if !errors.Is(err, is) {
			t.Errorf("%s: %v, want %v", what, err, is)
		}
		if err == nil {
			l.Close()
		}
	}
	format := filepath.Join(b.dir, formatFile)
	for _, text := range []string{"", "realdid tlogledger 2\n" + origin + "\n", formatLine + "\nother.example/log\n"} {
		if err := os.WriteFile(format, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		want(fmt.Sprintf("%q", text), ErrFormat)
	}
	b.lose(formatFile)
	red, trust, signer := b.red, b.trust, b.signer
	b.trust = nil
	want("no policy", proof.ErrTrust)
	b.trust = &proof.Trust{Origin: origin, Log: signer.Verifier()}
	want("an empty quorum", proof.ErrTrust)
	b.trust, b.signer = trust, newSigner(t, origin, proof.LogEd25519)
	want("another key", proof.ErrTrust)
	b.signer = newSigner(t, "other.example/log", proof.LogEd25519)
	b.trust = &proof.Trust{Origin: origin, Log: b.signer.Verifier(), InsecureNoQuorum: true}
	want("a key of another name", proof.ErrTrust)
	b.signer, b.trust, b.red = signer, trust, nil
	if _, err := b.try(); err == nil {
		t.Error("opened without a reducer")
	}
	b.red = red
	l = b.open()
	b.same(l, b.entries(l))
}

// TestDamagedIndex: an index that is damaged is made anew.
func TestDamagedIndex(t *testing.T) {
	b := newBench(t)
	l := b.open()
	b.fill(l, 20)
	b.seal(l)
	want := b.entries(l)
	for name, spoil := range map[string]func(u update) error{
		"end":      func(u update) error { return u.Set([]byte(endRecord), []byte("x"), nil) },
		"frontier": func(u update) error { return u.Set([]byte(endRecord), make([]byte, 24+3), nil) },
		"no epoch": func(u update) error { return u.Set(epochKey(20), []byte("x"), nil) },
	} {
		u := l.store.index.update()
		if err := spoil(u); err != nil {
			t.Fatal(err)
		}
		if err := u.Batch.Commit(pebble.NoSync); err != nil {
			t.Fatal(err)
		}
		b.close(l)
		var err error
		if l, err = b.try(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := b.entries(l); !slices.EqualFunc(got, want, equal) {
			t.Errorf("%s: %d entries, want %d", name, len(got), len(want))
		}
		b.seal(l)
	}
	for name, spoil := range map[string]func(path string) error{
		"cut off": func(path string) error { return os.Truncate(path, 3) },
		"gone":    os.Remove,
	} {
		for _, pattern := range []string{"MANIFEST*", "*.sst"} {
			b.close(l)
			files, err := filepath.Glob(filepath.Join(b.dir, indexFolder, pattern))
			if err != nil || len(files) == 0 {
				t.Fatal(files, err)
			}
			for _, f := range files {
				if err := spoil(f); err != nil {
					t.Fatal(err)
				}
			}
			if l, err = b.try(); err != nil {
				t.Fatalf("%s %s: %v", pattern, name, err)
			}
			b.seal(l)
		}
	}
	b.same(l, want)
}
