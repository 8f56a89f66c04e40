package proof

import (
	"crypto/ed25519"
	"fmt"
	"slices"
	"testing"
	"time"

	"filippo.io/mldsa"
)

// realistic returns a proof as at 10 million keys: 24 siblings in the map.
func realistic(names ...string) (*world, []byte) {
	w := newWorld(true)
	w.append(9)
	path, head := MapPath("k1"), make([]byte, 250)
	l := &Latest{Head: head}
	h := MapLeafHash(path, head)
	for i := range 24 {
		l.Map.Siblings = append(l.Map.Siblings, Hash{1, byte(i)})
	}
	for i := 23; i >= 0; i-- {
		if MapBit(path, i) == 0 {
			h = MapNodeHash(h, l.Map.Siblings[i])
		} else {
			h = MapNodeHash(l.Map.Siblings[i], h)
		}
	}
	l.Epoch = EpochLeaf{MapRoot: h, Size: w.tree.frontier.Size(), Entries: w.count, Time: now.Unix()}
	w.tree.add(l.Epoch.Append(nil))
	cp := Checkpoint{Origin: origin, Size: w.tree.frontier.Size(), Root: w.tree.frontier.Root()}
	l.EpochPath = must(InclusionPath(w.tree, l.Epoch.Size, cp.Size))
	l.Checkpoint = w.sign(cp, now, names...)
	return w, must(l.Bytes())
}

// BenchmarkLatest reads and verifies a proof, and between any two rounds the bare signatures that it contains: the floor. It reports the
// medians, and how they stand to each other.
func BenchmarkLatest(b *testing.B) {
	for _, c := range []struct {
		name  string
		names []string
	}{{"ed25519", []string{"w1", "w2", "a1"}}, {"one-mldsa44", []string{"w1", "w3", "a1"}}} {
		b.Run(c.name, func(b *testing.B) {
			w, file := realistic(c.names...)
			bare := bareSignatures(w, must(ParseLatest(file)).Checkpoint)
			var whole, floor []time.Duration
			for b.Loop() {
				start := time.Now()
				l, err := ParseLatest(file)
				if err != nil {
					b.Fatal(err)
				}
				if v, err := l.Verify(w.trust, "k1", now); err != nil || !v.Latest {
					b.Fatal(err)
				}
				half := time.Now()
				for _, ok := range bare {
					if !ok() {
						b.Fatal("does not verify")
					}
				}
				whole, floor = append(whole, half.Sub(start)), append(floor, time.Since(half))
			}
			slices.Sort(whole)
			slices.Sort(floor)
			x, y := whole[len(whole)/2], floor[len(floor)/2]
			b.ReportMetric(float64(len(file)), "B/proof")
			b.ReportMetric(float64(x.Nanoseconds()), "ns/verify")
			b.ReportMetric(float64(y.Nanoseconds()), "ns/floor")
			b.ReportMetric(float64(x)/float64(y), "x-floor")
		})
	}
}

// bareSignatures returns, for each signature of a note, what verifies it and nothing else.
func bareSignatures(w *world, note []byte) (all []func() bool) {
	n := must(ParseNote(note))
	cp := must(ParseCheckpoint(n.Text))
	for _, s := range n.Signatures {
		if w.trust.Log.Made(s) {
			all = append(all, func() bool { return ed25519.Verify(w.trust.Log.public, n.Text, s.Bytes) })
			continue
		}
		k := w.trust.Cosigners[slices.IndexFunc(w.trust.Cosigners, func(c Cosigner) bool { return c.Key.Made(s) })].Key
		msg := cosigned(k.typ, k.name, &cp, n.Text, uint64(timeOf(s).Unix()))
		if k.typ == CosignatureMLDSA44 {
			all = append(all, func() bool { return mldsa.Verify(k.lattice, msg, s.Bytes[8:], nil) == nil })
		} else {
			all = append(all, func() bool { return ed25519.Verify(k.public, msg, s.Bytes[8:]) })
		}
	}
	return all
}

func BenchmarkParseLatest(b *testing.B) {
	_, file := realistic("w1", "w2", "a1")
	for b.Loop() {
		if _, err := ParseLatest(file); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMapVerify(b *testing.B) {
	_, file := realistic("w1", "w2", "a1")
	l := must(ParseLatest(file))
	for b.Loop() {
		if err := l.Map.VerifyPresent(l.Epoch.MapRoot, MapPath("k1"), l.Head); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerifyInclusion(b *testing.B) {
	tree := newHugeTree()
	for _, size := range []uint64{1e4, 1e7, 1e10} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			root, path := must(Root(tree, size)), must(InclusionPath(tree, size/3, size))
			for b.Loop() {
				if err := VerifyInclusion(size/3, size, tree.levels[0], path, root); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkFrontierAppend(b *testing.B) {
	var f Frontier
	leaf := LeafHash([]byte("leaf"))
	b.ReportAllocs()
	for b.Loop() {
		f.Append(leaf, nil)
	}
}

func BenchmarkLeafHash(b *testing.B) {
	leaf := make([]byte, 300)
	b.ReportAllocs()
	for b.Loop() {
		LeafHash(leaf)
	}
}

func BenchmarkParseVerifierKey(b *testing.B) {
	for _, typ := range []KeyType{LogEd25519, CosignatureMLDSA44} {
		s := must(NewNoteSigner("example.com/log", typ, seed(1))).Verifier().String()
		b.Run(typ.String(), func(b *testing.B) {
			for b.Loop() {
				if _, err := ParseVerifierKey(s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
