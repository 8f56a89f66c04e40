package witness

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"github.com/realdid/realdid/did/ledger/proof"
)

// epochsLog is a log of entries with an epoch after every so many of them.
func epochsLog(t *testing.T, epochs ...int) (*toyLog, proof.Checkpoint) {
	l := newToyLog(t)
	entries := uint64(0)
	for _, n := range epochs {
		for range n {
			l.add(proof.EntryLeaf{Index: entries, Key: fmt.Sprint("key-", entries), Op: []byte("op")}.Append(nil))
			entries++
		}
		l.add(proof.EpochLeaf{Size: uint64(len(l.leaves)), Entries: entries, Time: noon.Unix()}.Append(nil))
	}
	return l, proof.Checkpoint{Origin: origin, Size: l.size(), Root: l.frontier.Root()}
}

func TestFindEntry(t *testing.T) {
	for _, epochs := range [][]int{{1}, {0, 1, 0, 0, 3}, {1, 1, 1, 1, 1, 1, 1}, {300, 0, 5, 700, 1, 256}} {
		l, c := epochsLog(t, epochs...)
		total := uint64(0)
		for _, n := range epochs {
			total += uint64(n)
		}
		for i := range total {
			e, err := FindEntry(t.Context(), l, c, i)
			if err != nil {
				t.Fatalf("%v: entry %d: %v", epochs, i, err)
			}
			if e.Index != i || e.Key != fmt.Sprint("key-", i) || string(l.leaves[e.Place]) != string(e.Leaf) {
				t.Fatalf("%v: entry %d: got %d, %s at %d", epochs, i, e.Index, e.Key, e.Place)
			}
			if err := proof.VerifyInclusion(e.Place, c.Size, proof.LeafHash(e.Leaf), e.Path, c.Root); err != nil {
				t.Fatalf("%v: entry %d: %v", epochs, i, err)
			}
		}
		for _, i := range []uint64{total, total + 1, c.Size, c.Size + 1, 1 << 63} {
			if _, err := FindEntry(t.Context(), l, c, i); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%v: entry %d: got %v, want fs.ErrNotExist", epochs, i, err)
			}
		}
	}
}

// counted counts what is read.
type counted struct {
	Source
	n int
}

func (c *counted) ReadFile(ctx context.Context, path string) ([]byte, error) {
	c.n++
	return c.Source.ReadFile(ctx, path)
}

func TestFindEntryReadsLittle(t *testing.T) {
	l, c := epochsLog(t, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000)
	src := &counted{Source: l}
	if _, err := FindEntry(t.Context(), src, c, 9000); err != nil {
		t.Fatal(err)
	}
	if src.n > 10 {
		t.Errorf("got %d files read, want 10 at most", src.n)
	}
}

func TestFindEntryFaults(t *testing.T) {
	l, c := epochsLog(t, 5, 0, 300)
	other := c
	other.Root[0] ^= 1
	if _, err := FindEntry(t.Context(), l, other, 3); !errors.Is(err, ErrUnavailable) {
		t.Errorf("another root: got %v, want ErrUnavailable", err)
	}
	for _, missing := range []string{"tile/entries", "tile/0"} {
		l.missing = missing
		if _, err := FindEntry(t.Context(), l, c, 3); !errors.Is(err, ErrUnavailable) {
			t.Errorf("without %s: got %v, want ErrUnavailable", missing, err)
		}
	}
	l.missing = ""
	l.leaves[4] = []byte{7}
	if _, err := FindEntry(t.Context(), l, c, 4); !errors.Is(err, ErrUnavailable) {
		t.Errorf("a leaf that is none: got %v, want ErrUnavailable", err)
	}
	l.leaves[4] = proof.EntryLeaf{Index: 9, Key: "k", Op: []byte("op")}.Append(nil)
	if _, err := FindEntry(t.Context(), l, c, 4); !errors.Is(err, ErrUnavailable) {
		t.Errorf("another entry in its place: got %v, want ErrUnavailable", err)
	}
}
