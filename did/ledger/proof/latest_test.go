package proof

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"
)

func TestLatest(t *testing.T) {
	w := newWorld(true)
	for _, entries := range []int{0, 1, 2, 3, 50} {
		for _, key := range []string{"k0", "k2", "absent 1", "absent 2"} {
			l := w.latest(entries, key, "w1", "w3", "a1")
			b, err := l.Bytes()
			if err != nil {
				t.Fatal(err)
			}
			back, err := ParseLatest(b)
			if err != nil {
				t.Fatal(err)
			}
			v, err := back.Verify(w.trust, key, now)
			if err != nil {
				t.Fatalf("Verify of %s among %d: %v", key, w.count, err)
			}
			present := l.Head != nil
			if v.Latest != present || v.Absent == present || !bytes.Equal(v.Head, l.Head) || v.Epoch != l.Epoch || len(v.Checkpoint.Cosigned) != 3 {
				t.Errorf("Verify of %s among %d: got %+v", key, w.count, v)
			}
			if want := now.Add(-30 * time.Second); !v.AsOf.Equal(want) || v.AsOf.Location() != time.UTC {
				t.Errorf("AsOf: got %v, want the epoch's %v", v.AsOf, want)
			}
			for _, other := range []string{"k1", "k3", "absent 1", "absent 3", ""} {
				if _, err := back.Verify(w.trust, other, now); other != key && present && !errors.Is(err, ErrInvalid) {
					t.Errorf("Verify of %s for %s: got %v, want ErrInvalid", key, other, err)
				}
			}
		}
	}
}

func TestLatestAsOf(t *testing.T) {
	w := newWorld(false)
	w.append(3)
	e, cp := w.seal(now)
	l := w.prove(e, w.sign(cp, now.Add(-time.Minute), "w1", "w2", "a1"), "k1")
	v, err := l.Verify(w.trust, "k1", now)
	if want := now.Add(-time.Minute); err != nil || !v.AsOf.Equal(want) {
		t.Errorf("AsOf under cosignatures older than the epoch: got %v, %v, want %v", v, err, want)
	}
	// What happened since, the old proof does not know; fresh cosignatures on it must not hide that.
	w.append(1)
	l.Checkpoint = w.sign(cp, now.Add(time.Hour), "w1", "w2", "a1")
	v, err = l.Verify(w.trust, "k1", now.Add(time.Hour))
	if err != nil || !v.AsOf.Equal(now) {
		t.Errorf("AsOf under cosignatures newer than the epoch: got %v, %v, want %v", v, err, now)
	}
}

// TestLatestNeedsWitnessAndAuditor: only with both quorums is an answer proven to be the newest.
func TestLatestNeedsWitnessAndAuditor(t *testing.T) {
	for _, c := range []struct {
		q    Quorum
		want bool
	}{
		{Quorum{}, false},
		{Quorum{Witnesses: 2}, false},
		{Quorum{Auditors: 2}, false},
		{Quorum{Witnesses: 2, Mirrors: 1}, false},
		{Quorum{Witnesses: 1, Auditors: 1}, true},
	} {
		w := newWorld(false)
		w.trust.Quorum, w.trust.InsecureNoQuorum = c.q, true
		for _, key := range []string{"k0", "absent"} {
			l := w.latest(4, key, "w1", "w2", "w3", "m1", "a1", "a2")
			v, err := l.Verify(w.trust, key, now)
			if err != nil || v.Latest != (c.want && key == "k0") || v.Absent != (c.want && key == "absent") {
				t.Errorf("quorum %+v, %s: got %+v, %v", c.q, key, v, err)
			}
		}
	}
}

// A lie is a proof that does not hold, and the error that must be given.
type lie struct {
	name, kind string
	latest     *Latest
}

// latestLies returns proofs for k1 that a dishonest ledger makes out of true parts, and a true one.
func latestLies() (w *world, good *Latest, lies []lie) {
	w = newWorld(false)
	quorum := []string{"w1", "w2", "a1"}
	w.append(10)
	e1, cp1 := w.seal(now.Add(-time.Hour))
	old := w.prove(e1, w.sign(cp1, now.Add(-time.Hour), quorum...), "k1")
	w.append(1)
	w.heads[MapPath("k1")] = []byte("k1, rotated")
	e2, cp2 := w.seal(now)
	fresh := w.sign(cp2, now, quorum...)
	good = w.prove(e2, fresh, "k1")
	add := func(name, kind string, from *Latest, change func(*Latest)) {
		c := *from
		change(&c)
		lies = append(lies, lie{name, kind, &c})
	}
	add("old-epoch-under-fresh-checkpoint", "invalid", old, func(l *Latest) { l.Checkpoint = fresh })
	add("old-epoch-proven-in-the-fresh-log", "invalid", old, func(l *Latest) {
		l.Checkpoint, l.EpochPath = fresh, must(InclusionPath(w.tree, e1.Size, cp2.Size))
	})
	add("old-epoch-said-to-be-of-the-fresh-size", "invalid", old, func(l *Latest) {
		l.Checkpoint, l.Epoch.Size, l.EpochPath = fresh, e2.Size, good.EpochPath
	})
	add("old-head-in-the-new-map", "invalid", good, func(l *Latest) { l.Head = old.Head })
	add("old-map-in-the-new-epoch", "invalid", good, func(l *Latest) { l.Map, l.Head = old.Map, old.Head })
	add("head-withheld", "invalid", good, func(l *Latest) { l.Head = nil })
	planted := EpochLeaf{MapRoot: plainMap{MapPath("k1"): []byte("planted")}.root(), Size: e2.Size, Entries: e2.Entries, Time: e2.Time}
	add("planted-map-root", "invalid", good, func(l *Latest) { l.Epoch, l.Map, l.Head = planted, MapProof{}, []byte("planted") })
	add("other-number-of-entries", "invalid", good, func(l *Latest) { l.Epoch.Entries-- })
	add("other-epoch-time", "invalid", good, func(l *Latest) { l.Epoch.Time++ })
	add("path-missing", "invalid", good, func(l *Latest) { l.EpochPath = nil })
	add("checkpoint-of-no-leaves", "invalid", good, func(l *Latest) {
		l.Checkpoint = w.sign(Checkpoint{Origin: origin, Root: EmptyRoot()}, now, quorum...)
	})
	add("checkpoint-of-another-log", "invalid", good, func(l *Latest) {
		other := cp2
		other.Origin = "example.com/other"
		l.Checkpoint = w.sign(other, now, quorum...)
	})
	add("checkpoint-with-extension-line", "invalid", good, func(l *Latest) {
		other := cp2
		other.Extensions = []string{"extension"}
		l.Checkpoint = w.sign(other, now, quorum...)
	})
	add("no-auditor", "quorum", good, func(l *Latest) { l.Checkpoint = w.sign(cp2, now, "w1", "w2", "w3", "m1") })
	add("one-witness", "quorum", good, func(l *Latest) { l.Checkpoint = w.sign(cp2, now, "w1", "a1", "a2", "m1") })
	add("witness-twice", "invalid", good, func(l *Latest) { l.Checkpoint = w.sign(cp2, now, "w1", "w1", "a1") })
	add("cosignature-from-the-future", "invalid", good, func(l *Latest) { l.Checkpoint = w.sign(cp2, now.Add(301*time.Second), quorum...) })
	add("cosignature-by-a-stranger", "unknown signature", good, func(l *Latest) {
		s := must(NewNoteSigner("example.org/stranger", CosignatureEd25519, seed(99)))
		l.Checkpoint = fixedCosign(s, cp2.Append(nil), now).Append(slices.Clone(fresh))
	})
	add("no-checkpoint", "invalid", good, func(l *Latest) { l.Checkpoint = nil })
	add("head-empty", "invalid", good, func(l *Latest) { l.Head = []byte{} })
	add("head-of-513-bytes", "invalid", good, func(l *Latest) { l.Head = make([]byte, MaxHeadSize+1) })
	add("more-entries-than-leaves", "invalid", good, func(l *Latest) { l.Epoch.Entries = l.Epoch.Size + 1 })
	add("epoch-before-1970", "invalid", good, func(l *Latest) { l.Epoch.Time = -1 })

	// A checkpoint that ends in an entry, cosigned by those who should not have.
	w.append(1)
	cp3 := Checkpoint{Origin: origin, Size: w.tree.frontier.Size(), Root: w.tree.frontier.Root()}
	add("checkpoint-ends-in-an-entry", "invalid", good, func(l *Latest) {
		l.Checkpoint, l.EpochPath = w.sign(cp3, now, quorum...), must(InclusionPath(w.tree, e2.Size, cp3.Size))
	})
	// The old epoch's leaf once more as the last leaf of the log, so that it is included there.
	w.tree.add(e1.Append(nil))
	cp5 := Checkpoint{Origin: origin, Size: w.tree.frontier.Size(), Root: w.tree.frontier.Root()}
	add("old-epoch-leaf-appended-again", "invalid", old, func(l *Latest) {
		l.Checkpoint, l.EpochPath = w.sign(cp5, now, quorum...), must(InclusionPath(w.tree, cp5.Size-1, cp5.Size))
	})
	// An epoch ahead of the clock, under cosignatures that are not.
	e4, cp4 := w.seal(now.Add(72 * time.Hour))
	ahead := w.prove(e4, w.sign(cp4, now, quorum...), "k1")
	add("epoch-72-hours-ahead", "invalid", ahead, func(*Latest) {})
	// One key for all: the log cosigns itself under a cosigner's name, whose ID is another then.
	self := must(NewNoteSigner("example.org/w1", CosignatureEd25519, w.log.Seed()))
	add("cosigned-by-the-log-itself", "unknown signature", good, func(l *Latest) {
		l.Checkpoint = fixedCosign(self, cp2.Append(nil), now).Append(w.sign(cp2, now, "w2", "a1"))
	})
	return w, good, lies
}

func TestLatestLies(t *testing.T) {
	w, good, lies := latestLies()
	if _, err := good.Verify(w.trust, "k1", now); err != nil {
		t.Fatal(err)
	}
	for _, x := range lies {
		_, err := x.latest.Verify(w.trust, "k1", now)
		refusedAs(t, x.name, err, x.kind)
	}
	if _, err := good.Verify(w.trust, "k1", now.Add(-301*time.Second)); !errors.Is(err, ErrInvalid) {
		t.Errorf("from the future: got %v, want ErrInvalid", err)
	}
}

// TestLatestEveryByte changes every byte of proofs, one at a time, to several other values: nothing that was changed verifies.
func TestLatestEveryByte(t *testing.T) {
	for _, lattice := range []bool{false, true} {
		w := newWorld(lattice)
		w.latest(7, "k1", "w1", "w2", "a1")
		for _, key := range []string{"k1", "absent", "absent too"} {
			if lattice && key != "k1" {
				continue // its long signature is the same there
			}
			witness := "w2"
			if lattice {
				witness = "w3"
			}
			b := must(w.latest(6, key, "w1", witness, "a1").Bytes())
			if _, err := must(ParseLatest(b)).Verify(w.trust, key, now); err != nil {
				t.Fatal(err)
			}
			parsed := 0
			for i := range b {
				masks := []byte{1 << (i % 8), 0xff}
				if key != "k1" || lattice {
					masks = masks[:1]
				}
				for _, mask := range masks {
					b[i] ^= mask
					l, err := ParseLatest(b)
					if err == nil {
						parsed++
						_, err = l.Verify(w.trust, key, now)
					}
					if !errors.Is(err, ErrInvalid) {
						t.Fatalf("%s, byte %d of %d changed by %#02x: got %v, want ErrInvalid", key, i, len(b), mask, err)
					}
					b[i] ^= mask
				}
			}
			if parsed < len(b)*3/4 {
				t.Errorf("only %d mutants of %d bytes were well-formed: the test does not reach the verifier", parsed, len(b))
			}
			for i := range b {
				if _, err := ParseLatest(b[:i]); !errors.Is(err, ErrInvalid) {
					t.Fatalf("%s, cut off at %d: got %v, want ErrInvalid", key, i, err)
				}
			}
			if _, err := ParseLatest(append(slices.Clone(b), 0)); !errors.Is(err, ErrInvalid) {
				t.Errorf("%s, a byte more: got %v, want ErrInvalid", key, err)
			}
		}
	}
}

func TestParseLatestRefused(t *testing.T) {
	w := newWorld(false)
	l := w.latest(0, "k1", "w1", "w2", "a1") // a log of one leaf: the path is empty
	wire := func(change func(*wireLatest)) []byte {
		x := &wireLatest{
			Version: 1, Checkpoint: l.Checkpoint, Epoch: l.Epoch.Append(nil), EpochPath: []byte{}, Map: must(l.Map.Append(nil)),
		}
		change(x)
		return must(codec().enc.Marshal(x))
	}
	if _, err := must(ParseLatest(wire(func(*wireLatest) {}))).Verify(w.trust, "k1", now); err != nil {
		t.Fatal(err)
	}
	long := slices.Concat([]byte{0x86, 0x18, 0x01}, wire(func(*wireLatest) {})[2:])
	for name, b := range map[string][]byte{
		"empty":                nil,
		"another type":         {0x80},
		"version 2":            wire(func(x *wireLatest) { x.Version = 2 }),
		"version in two bytes": long,
		"no checkpoint":        wire(func(x *wireLatest) { x.Checkpoint = nil }),
		"path null":            wire(func(x *wireLatest) { x.EpochPath = nil }),
		"half a hash":          wire(func(x *wireLatest) { x.EpochPath = make([]byte, 16) }),
		"65 hashes":            wire(func(x *wireLatest) { x.EpochPath = make([]byte, 65*32) }),
		"entry for an epoch":   wire(func(x *wireLatest) { x.Epoch = EntryLeaf{Key: "k", Op: make([]byte, 30)}.Append(nil) }),
		"no map":               wire(func(x *wireLatest) { x.Map = nil }),
		"empty head":           wire(func(x *wireLatest) { x.Head = []byte{} }),
		"long head":            wire(func(x *wireLatest) { x.Head = make([]byte, 513) }),
		"head and other": wire(func(x *wireLatest) {
			x.Head = []byte("h")
			x.Map = must((&MapProof{Other: &MapOther{}}).Append(nil))
		}),
		"too long":           wire(func(x *wireLatest) { x.Checkpoint = make([]byte, MaxLatestSize) }),
		"text for bytes":     bytes.Replace(wire(func(x *wireLatest) { x.Head = []byte("hhhh") }), []byte("\x44hhhh"), []byte("\x64hhhh"), 1),
		"undefined for null": append(wire(func(*wireLatest) {})[:len(wire(func(*wireLatest) {}))-1], 0xf7),
	} {
		if got, err := ParseLatest(b); !errors.Is(err, ErrInvalid) {
			t.Errorf("ParseLatest, %s: got %+v, %v, want ErrInvalid", name, got, err)
		}
	}
	for name, l := range map[string]*Latest{
		"nothing":        {},
		"too large":      {Checkpoint: make([]byte, MaxLatestSize)},
		"malformed map":  {Checkpoint: []byte("x"), Map: MapProof{Siblings: []Hash{{}}}},
		"long path":      {Checkpoint: []byte("x"), EpochPath: make([]Hash, 65)},
		"head and other": {Checkpoint: []byte("x"), Head: []byte("h"), Map: MapProof{Other: &MapOther{}}},
	} {
		if _, err := l.Bytes(); !errors.Is(err, ErrInvalid) {
			t.Errorf("Bytes, %s: got %v, want ErrInvalid", name, err)
		}
	}
}

// TestLatestSize states what a proof takes at 10 million keys: 24 siblings in the map, as many in the log.
func TestLatestSize(t *testing.T) {
	w := newWorld(false)
	l := w.latest(3, "k1", "w1", "w2", "a1")
	l.EpochPath = slices.Repeat([]Hash{{1}}, 24)
	l.Map.Siblings = slices.Repeat([]Hash{{1}}, 26)
	l.Head = make([]byte, 250)
	if n := len(must(l.Bytes())); n > 3000 {
		t.Errorf("size: got %d bytes, want at most 3000", n)
	}
}
