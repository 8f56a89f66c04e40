package tlogledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/ledger/tlog"
)

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
		"an epoch altered": {spoil: func(b *bench) { // an earlier one, whose map nothing else tells
			epoch, err := proof.ParseEpochLeaf(b.leaves[10])
			if err != nil {
				b.Fatal(err)
			}
			epoch.MapRoot[0] ^= 1
			b.leaves[10] = epoch.Append(nil)
		}, lost: []string{mapFolder, indexFolder}},
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
	t.Run("epoch before the last", func(t *testing.T) {
		b := newBench(t)
		l := b.open()
		b.fill(l, 4)
		b.clock.add(time.Minute)
		b.seal(l)
		b.close(l)
		last, err := proof.ParseEpochLeaf(b.leaves[4])
		if err != nil {
			t.Fatal(err)
		}
		last.Size, last.Time = 5, last.Time-1
		b.leaves = append(b.leaves, last.Append(nil))
		_, err = b.try()
		b.only("Open", err, ledger.ErrCorrupt)
	})
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

// TestOtherMap: a map that is not that of the last epoch proves nothing.
func TestOtherMap(t *testing.T) {
	b, other := newBench(t), newBench(t)
	l := b.open()
	b.fill(l, 6)
	b.seal(l)
	b.close(l)
	l = other.open()
	other.clock.add(time.Hour)
	other.fill(l, 6)
	other.seal(l)
	other.close(l)
	theirs := b.dir
	b.dir = other.dir
	back := b.keep()
	b.dir = theirs
	back(mapFolder)
	_, err := b.try()
	b.only("Open", err, ledger.ErrCorrupt)
}

// TestTornTiles: nothing is signed that the tiles do not show, and the log is not gone on with.
func TestTornTiles(t *testing.T) {
	b := newBench(t)
	l := b.open()
	b.fill(l, 6)
	b.seal(l)
	note := l.Checkpoint()
	b.put(l, "key-1", "x")
	b.set(func(f *fake) { f.torn = true })
	b.only("Seal", l.Seal(t.Context()), ledger.ErrCorrupt)
	if !slices.Equal(l.Checkpoint(), note) {
		t.Error("it was published")
	}
	b.close(l)
	_, err := b.try()
	b.only("Open", err, ledger.ErrCorrupt)
	b.set(func(f *fake) { f.torn = false })
	l = b.open()
	b.same(l, b.entries(l))
}

// TestMapAhead: while the map is ahead of what is published, nothing is proven.
func TestMapAhead(t *testing.T) {
	b := newBench(t)
	l := b.open()
	b.fill(l, 6)
	b.seal(l)
	b.put(l, "key-1", "x")
	p, err := l.store.seal(b.clock.read())
	if err != nil {
		t.Fatal(err)
	}
	if err := p.staged.Commit(p.checkpoint.Size); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := l.Prove(ctx, "key-1", 0); !errors.Is(err, tlog.ErrUnproven) {
		t.Errorf("Prove: %v, want ErrUnproven", err)
	}
	b.close(l)
	l = b.open()
	b.same(l, b.entries(l))
}

// TestClockBehind: epochs do not go back in time.
func TestClockBehind(t *testing.T) {
	b := newBench(t)
	l := b.open()
	b.fill(l, 2)
	b.clock.add(time.Minute)
	b.seal(l)
	at := b.clock.read().Unix()
	b.clock.add(-30 * time.Second)
	b.put(l, "key-1", "x")
	b.seal(l)
	if v := b.wantProof(l, "key-1", 3); v.Epoch.Time != at {
		t.Errorf("an epoch of %d behind one of %d", v.Epoch.Time, at)
	}
	b.same(l, b.entries(l))
}
