package tlog

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
)

// TestLog seals epochs of all sizes around the borders of tiles, and proves everything under each.
func TestLog(t *testing.T) {
	clock := newClock()
	lg := newMem(clock)
	dir := t.TempDir()
	l := openLog(t, lg, dir, manual(clock))
	_, trust := alone(t)
	seal(t, l)
	if v := wantHead(t, l, trust, clock.read(), "nobody"); v.Head != nil || v.Epoch.Entries != 0 {
		t.Errorf("empty log: %+v", v)
	}
	var checkpoints []proof.Checkpoint
	for _, n := range []int{1, 3, 0, 250, 1, 1, 255, 256, 300} {
		clock.add(1500 * time.Millisecond)
		fill(t, lg, n)
		seal(t, l)
		for _, key := range []string{"key-0", fmt.Sprintf("key-%d", n/4), "nobody"} {
			v := wantHead(t, l, trust, clock.read(), key)
			if v.Epoch.Time != clock.read().Unix() || v.Epoch.Entries != l.length() {
				t.Errorf("%d entries: epoch %+v", l.length(), v.Epoch)
			}
		}
		parsed, err := proof.ParseNote(l.store.Checkpoint())
		if err != nil {
			t.Fatal(err)
		}
		c, err := proof.ParseCheckpoint(parsed.Text)
		if err != nil {
			t.Fatal(err)
		}
		for e, err := range lg.Follow(t.Context(), 0) {
			if err != nil {
				t.Fatal(err)
			}
			if e.Anchor.Index%13 != 0 {
				continue
			}
			leaf, at, path, err := l.store.ProveEntry(e.Anchor.Index)
			if err != nil {
				t.Fatal(err)
			}
			if err := proof.VerifyInclusion(at, c.Size, proof.LeafHash(leaf), path, c.Root); err != nil {
				t.Fatal(err)
			}
			if p, err := proof.ParseEntryLeaf(leaf); err != nil || p.Index != e.Anchor.Index || p.Key != e.Key || string(p.Op) != string(e.Op) {
				t.Fatalf("leaf of entry %d: %+v, %v", e.Anchor.Index, p, err)
			}
		}
		for _, old := range checkpoints {
			path, err := l.store.Consistency(old.Size, c.Size)
			if err != nil {
				t.Fatal(err)
			}
			if err := proof.VerifyConsistency(old.Size, c.Size, old.Root, c.Root, path); err != nil {
				t.Fatal(err)
			}
		}
		checkpoints = append(checkpoints, c)
		noFaults(t, l)
	}
	if _, _, _, err := l.store.ProveEntry(l.length()); !errors.Is(err, ErrUnproven) {
		t.Errorf("entry beyond the end: %v, want ErrUnproven", err)
	}
	if _, err := l.store.Consistency(1, l.store.Size()+1); !errors.Is(err, ErrUnproven) {
		t.Errorf("size beyond the end: %v, want ErrUnproven", err)
	}
	if _, err := l.Prove(t.Context(), "Not a key", 0); !errors.Is(err, ledger.ErrInvalid) {
		t.Errorf("invalid key: %v, want ErrInvalid", err)
	}

	// Everything is there again.
	size, note := l.store.Size(), string(l.store.Checkpoint())
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Prove(t.Context(), "key-0", 0); !errors.Is(err, ledger.ErrClosed) {
		t.Errorf("Prove after Close: %v", err)
	}
	if err := l.Seal(t.Context()); !errors.Is(err, ledger.ErrClosed) {
		t.Errorf("Seal after Close: %v", err)
	}
	if err := Fsck(t.Context(), dir, &FsckOptions{Trust: trust, Clock: clock.read, Ledger: lg, Reducer: reducer}, func(f Fault) { t.Error(f) }); err != nil {
		t.Fatal(err)
	}
	l = openLog(t, lg, dir, manual(clock))
	if l.store.Size() != size || string(l.store.Checkpoint()) != note {
		t.Errorf("opened again: %d leaves, checkpoint %s; want %d, %s", l.store.Size(), l.store.Checkpoint(), size, note)
	}
	wantHead(t, l, trust, clock.read(), "key-0")
}
