package tlogledger

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
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

// TestOtherLog: a log that is not the one that the folder was made of is not gone on with, whatever is left of the folder.
func TestOtherLog(t *testing.T) {
	flip := func(at int) func(b *bench) {
		return func(b *bench) {
			leaf := slices.Clone(b.leaves[at])
			leaf[len(leaf)-1] ^= 1
			b.leaves[at] = leaf
		}
	}
	for name, c := range map[string]struct {
		spoil func(b *bench)
		lost  []string // what is lost and does not hide it
	}{
		"nothing left":    {spoil: func(b *bench) { b.leaves = nil }, lost: []string{indexFolder, mapFolder, checkpointFile}},
		"cut off":         {spoil: func(b *bench) { b.leaves = b.leaves[:12] }, lost: []string{indexFolder, mapFolder, checkpointFile}},
		"the end cut off": {spoil: func(b *bench) { b.leaves = b.leaves[:len(b.leaves)-1] }, lost: []string{mapFolder, checkpointFile}},
		"altered":         {spoil: flip(3), lost: []string{mapFolder, checkpointFile, indexFolder}},
		"the end altered": {spoil: flip(14), lost: []string{mapFolder, checkpointFile}},
		"an epoch altered": {spoil: func(b *bench) {
			leaf := slices.Clone(b.leaves[10])
			leaf[len(leaf)-20] ^= 1
			b.leaves[10] = leaf
		}, lost: []string{mapFolder, checkpointFile, indexFolder}},
		"another": {spoil: func(b *bench) {
			other := newBench(b.T)
			other.signer, other.trust = b.signer, b.trust
			l := other.open()
			other.put(l, "other", "x")
			other.fill(l, 40)
			other.seal(l)
			other.close(l)
			b.leaves = other.leaves
		}, lost: []string{checkpointFile, mapFolder}},
	} {
		for i := range len(c.lost) + 1 {
			lost := c.lost[:i]
			t.Run(fmt.Sprint(name, lost), func(t *testing.T) {
				b := newBench(t)
				l := b.open()
				b.fill(l, 10)
				b.seal(l)
				b.fill(l, 4)
				b.seal(l)
				b.put(l, "key-1", "end")
				b.close(l)
				if len(lost) == 3 && (name == "nothing left" || name == "cut off") {
					return // nobody can know
				}
				c.spoil(b)
				b.lose(lost...)
				_, err := b.try()
				b.only("Open", err, ledger.ErrCorrupt)
			})
		}
	}
}

// TestDamagedBundle: a leaf that is damaged where nothing but its bundle shows it is never returned.
func TestDamagedBundle(t *testing.T) {
	b := newBench(t)
	l := b.open()
	b.fill(l, 10)
	b.seal(l)
	leaf := slices.Clone(b.leaves[3])
	parsed, err := proof.ParseEntryLeaf(leaf)
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string][]byte{
		"operation": proof.EntryLeaf{Index: parsed.Index, Time: parsed.Time, Seq: parsed.Seq, Key: parsed.Key, Op: []byte("mine")}.Append(nil),
		"time":      proof.EntryLeaf{Index: parsed.Index, Time: parsed.Time + 1, Seq: parsed.Seq, Key: parsed.Key, Op: parsed.Op}.Append(nil),
		"key":       proof.EntryLeaf{Index: parsed.Index, Time: parsed.Time, Seq: parsed.Seq, Key: "other", Op: parsed.Op}.Append(nil),
		"garbage":   []byte("x"),
		"epoch":     b.leaves[10],
		"another":   b.leaves[4],
	} {
		b.set(func(f *fake) { f.leaves[3] = bad })
		var got error
		for e, err := range l.History(t.Context(), parsed.Key, parsed.Seq) {
			if got = err; err == nil && e.Seq == parsed.Seq {
				t.Errorf("%s: History returns %v", name, e)
			}
			break
		}
		b.only(name+", History", got, ledger.ErrCorrupt)
		n := 0
		for _, err := range l.Follow(t.Context(), 0) {
			if got = err; err == nil {
				n++
			}
		}
		if b.only(name+", Follow", got, ledger.ErrCorrupt); n != 3 {
			t.Errorf("%s: Follow returns %d entries, want 3", name, n)
		}
		_, err := l.Append(t.Context(), parsed.Key, parsed.Seq, []byte("x"))
		b.only(name+", Append in its place", err, ledger.ErrCorrupt)
	}
}

// refusing refuses what others accept.
type refusing struct{ heads }

func (r refusing) Reduce(key string, state, op []byte, at ledger.Anchor) (ledger.Reduced, error) {
	if strings.Contains(string(op), "payload 3") {
		return ledger.Reduced{}, ledgertest.ErrRefused
	}
	return r.heads.Reduce(key, state, op, at)
}

// differing makes other heads.
type differing struct{ heads }

func (differing) Head(key string, state []byte) ([]byte, error) {
	return append([]byte("x"), state...), nil
}

// TestOtherRules: a log that other rules made is refused when it is read with these.
func TestOtherRules(t *testing.T) {
	for _, red := range []ledger.HeadReducer{refusing{}, differing{}} {
		b := newBench(t)
		l := b.open()
		b.fill(l, 10)
		b.seal(l)
		b.close(l)
		b.lose(indexFolder, mapFolder)
		b.red = red
		_, err := b.try()
		b.only(fmt.Sprintf("%T", red), err, ledger.ErrCorrupt)
	}
}

// TestBadLeaf: a leaf that no ledger would have added there is refused, whoever added it.
func TestBadLeaf(t *testing.T) {
	at := newClock().read().Unix()
	op := ledgertest.Op(nil, "x")
	entry := func(change func(*proof.EntryLeaf)) []byte {
		l := proof.EntryLeaf{Index: 4, Time: at, Key: "key", Op: op}
		change(&l)
		return l.Append(nil)
	}
	epoch := func(change func(*proof.EpochLeaf)) []byte {
		l := proof.EpochLeaf{MapRoot: proof.EmptyRoot(), Size: 5, Entries: 4, Time: at}
		change(&l)
		return l.Append(nil)
	}
	for name, leaf := range map[string][]byte{
		"garbage":           []byte("hello"),
		"empty":             {},
		"index before":      entry(func(l *proof.EntryLeaf) { l.Index = 3 }),
		"index beyond":      entry(func(l *proof.EntryLeaf) { l.Index = 5 }),
		"time before":       entry(func(l *proof.EntryLeaf) { l.Time = at - 1 }),
		"seq beyond":        entry(func(l *proof.EntryLeaf) { l.Seq = 1 }),
		"seq taken":         entry(func(l *proof.EntryLeaf) { l.Key = "key-1" }),
		"key":               entry(func(l *proof.EntryLeaf) { l.Key = "KEY" }),
		"no operation":      entry(func(l *proof.EntryLeaf) { l.Op = nil }),
		"refused":           entry(func(l *proof.EntryLeaf) { l.Op = ledgertest.Op(nil, "refuse") }),
		"epoch size":        epoch(func(l *proof.EpochLeaf) { l.Size = 6 }),
		"epoch entries":     epoch(func(l *proof.EpochLeaf) { l.Entries = 5 }),
		"epoch map":         epoch(func(*proof.EpochLeaf) {}),
		"epoch time before": epoch(func(l *proof.EpochLeaf) { l.Time = at - 1 }),
	} {
		for _, running := range []bool{false, true} {
			t.Run(fmt.Sprint(name, running), func(t *testing.T) {
				b := newBench(t)
				l := b.open()
				b.fill(l, 4)
				b.seal(l)
				if running {
					b.set(func(f *fake) { f.leaves = append(f.leaves, leaf) })
					err := l.Seal(t.Context())
					b.only("Seal", err, ledger.ErrCorrupt)
					return
				}
				b.close(l)
				b.leaves = append(b.leaves, leaf)
				_, err := b.try()
				b.only("Open", err, ledger.ErrCorrupt)
			})
		}
	}
	t.Run("none of these", func(t *testing.T) {
		b := newBench(t)
		l := b.open()
		b.fill(l, 4)
		b.seal(l)
		b.close(l)
		b.leaves = append(b.leaves, entry(func(*proof.EntryLeaf) {}))
		l = b.open()
		b.same(l, b.entries(l))
	})
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
