package authmap

import (
	"context"
	"maps"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/realdid/realdid/did/ledger/proof"
)

// drawPath draws paths that often share many leading bits, as somebody might make them who searches for such keys.
func drawPath(t *rapid.T) proof.Hash {
	var p proof.Hash
	shared := rapid.SampledFrom([]int{0, 0, 1, 9, 60, 250, 255}).Draw(t, "shared")
	rnd := rand.New(rand.NewPCG(rapid.Uint64Range(0, 400).Draw(t, "path"), 1))
	for bit := shared; bit < proof.MapDepth; bit++ {
		if rnd.IntN(2) == 1 {
			p[bit/8] |= 0x80 >> (bit % 8)
		}
	}
	return p
}

func drawChanges(t *rapid.T) []Change {
	n := rapid.SampledFrom([]int{0, 1, 2, 40, 200}).Draw(t, "changes")
	seen := map[proof.Hash]bool{}
	var changes []Change
	for range n {
		c := Change{Path: drawPath(t)}
		if seen[c.Path] {
			continue
		}
		seen[c.Path] = true
		size := rapid.SampledFrom([]int{1, 2, 130, 511, 512}).Draw(t, "size")
		c.Head = make([]byte, size)
		c.Head[0] = rapid.Byte().Draw(t, "head")
		changes = append(changes, c)
	}
	return changes
}

// TestAgainstModel makes random histories of commits, discards, reopening with and without Close, and rebuilding, and
// compares with the definition of the map.
func TestAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := newDisk(1)
		opt := &Options{Journal: 20 << 10}
		m, err := open(d, opt)
		if err != nil {
			t.Fatal(err)
		}
		want, version := model{}, uint64(0)
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			switch rapid.SampledFrom([]string{"commit", "commit", "commit", "discard", "kill", "close", "rebuild"}).Draw(t, "step") {
			case "commit":
				changes := drawChanges(t)
				s, err := m.Stage(changes)
				if err != nil {
					t.Fatal(err)
				}
				if m.Root() != want.root() {
					t.Fatal("Stage has changed the root")
				}
				want.put(changes)
				if s.Root() != want.root() || s.Len() != uint64(len(want)) {
					t.Fatalf("staged: got root %s of %d heads, want %s of %d", s.Root(), s.Len(), want.root(), len(want))
				}
				version += rapid.Uint64Range(1, 3).Draw(t, "version")
				if err := s.Commit(version); err != nil {
					t.Fatal(err)
				}
			case "discard":
				s, err := m.Stage(drawChanges(t))
				if err != nil {
					t.Fatal(err)
				}
				s.Discard()
			case "close":
				if err := m.Close(); err != nil {
					t.Fatal(err)
				}
				if m, err = open(d, opt); err != nil {
					t.Fatal(err)
				}
			case "kill":
				d = d.after(rapid.SampledFrom([]loss{loseNothing, loseAll, loseSome}).Draw(t, "loss"))
				if m, err = open(d, opt); err != nil {
					t.Fatal(err)
				}
			case "rebuild":
				if version == 0 {
					continue
				}
				d = newDisk(1)
				err := build(context.Background(), d, want.changes(), &BuildOptions{Version: version})
				if err != nil {
					t.Fatal(err)
				}
				if m, err = open(d, opt); err != nil {
					t.Fatal(err)
				}
			}
			if m.Root() != want.root() || m.Len() != uint64(len(want)) || m.Version() != version {
				t.Fatalf("got root %s of %d heads, version %d, want %s of %d, version %d", m.Root(), m.Len(), m.Version(), want.root(), len(want), version)
			}
		}
		if err := m.Check(context.Background()); err != nil {
			t.Fatal(err)
		}
		asked := maps.Clone(want)
		for range 30 {
			asked[drawPath(t)] = nil
		}
		for path := range asked {
			head, p, err := m.Prove(path)
			if err != nil {
				t.Fatal(err)
			}
			if string(head) != string(want[path]) {
				t.Fatalf("got head of %d bytes, want %d", len(head), len(want[path]))
			}
			verify(t, m.Root(), path, head, p)
		}
	})
}

// verify checks a proof as others do who only have its bytes.
func verify(t *rapid.T, root, path proof.Hash, head []byte, p proof.MapProof) {
	b, err := p.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	read, err := proof.ParseMapProof(b)
	if err != nil {
		t.Fatal(err)
	}
	if head == nil {
		err = read.VerifyAbsent(root, path)
	} else {
		err = read.VerifyPresent(root, path, head)
	}
	if err != nil {
		t.Fatal(err)
	}
	if head != nil && read.VerifyAbsent(root, path) == nil {
		t.Fatal("the proof of presence shows absence")
	}
}
