package authmap

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/realdid/realdid/did/ledger/proof"
)

func TestDecodePage(t *testing.T) {
	newLeaf := func(first byte, head string) leaf { return leaf{path: proof.Hash{0: first}, head: []byte(head)} }
	page := func(leaves ...leaf) []byte {
		b := make([]byte, PageSize)
		encodePage(b, leaves)
		return b
	}
	a, b := newLeaf(0x10, "a"), newLeaf(0x20, "bb")
	if got, fault := decodePage(nil, page(a, b), 2); fault != "" || len(got) != 2 || string(got[1].head) != "bb" {
		t.Fatalf("got %d leaves, %q", len(got), fault)
	}
	edit := func(f func(b []byte)) []byte {
		p := page(a, b)
		f(p)
		return p
	}
	const secondHead = pageHeader + 2*leafHeader + 1
	for _, c := range []struct {
		want  string
		depth int
		page  []byte
	}{
		{"no leaf", 0, make([]byte, PageSize)},
		{"order", 0, page(b, a)},
		{"order", 0, page(a, a)},
		{"different subtrees", 3, page(a, b)},
		{"after the last", 0, edit(func(p []byte) { p[PageSize-1] = 1 })},
		{"after the last", 0, edit(func(p []byte) { p[1] = 1 })},
		{"not one", 0, edit(func(p []byte) { p[1] = 3 })},
		{"not one", 0, edit(func(p []byte) { p[0] = 1 })},
		{"not one", 0, edit(func(p []byte) { binary.BigEndian.PutUint16(p[secondHead-2:], proof.MaxHeadSize+1) })},
		{"not one", 0, edit(func(p []byte) { binary.BigEndian.PutUint16(p[secondHead-2:], 0) })},
	} {
		if _, fault := decodePage(nil, c.page, c.depth); !strings.Contains(fault, c.want) {
			t.Errorf("got fault %q, want %q", fault, c.want)
		}
	}
}

func FuzzDecodePage(f *testing.F) {
	b := make([]byte, PageSize)
	encodePage(b, []leaf{{path: proof.Hash{1}, head: []byte("a")}, {path: proof.Hash{2}, head: []byte("b")}})
	f.Add(b, uint8(3))
	f.Add(make([]byte, PageSize), uint8(0))
	f.Fuzz(func(t *testing.T, b []byte, depth uint8) {
		page := make([]byte, PageSize)
		copy(page, b)
		leaves, fault := decodePage(nil, page, int(depth))
		if fault != "" {
			return
		}
		again := make([]byte, PageSize)
		encodePage(again, leaves)
		if string(again) != string(page) {
			t.Error("a page was read that is not what its leaves make")
		}
		hashLeaves(leaves, int(depth))
	})
}

// TestFaultsInMemory plants what no file can show, so that Check is alone with it.
func TestFaultsInMemory(t *testing.T) {
	for what, plant := range map[string]func(m *Map){
		"inner hash": func(m *Map) { m.trie.innerAt(m.top).hash[3] ^= 1 },
		"root":       func(m *Map) { m.root[3] ^= 1 },
		"count":      func(m *Map) { m.count++ },
		"version":    func(m *Map) { m.version++ },
		"page twice": func(m *Map) {
			n := m.trie.innerAt(m.top)
			m.trie.pageAt(n.child[1]).slot = m.trie.pageAt(n.child[0]).slot
		},
		"sides": func(m *Map) {
			n := m.trie.innerAt(m.top)
			n.child[0], n.child[1] = n.child[1], n.child[0]
			n.hash = proof.MapNodeHash(m.trie.hash(n.child[0]), m.trie.hash(n.child[1]))
			m.root = n.hash
		},
	} {
		m, _ := inMemory(t)
		var changes []Change
		for i := range uint64(10) {
			changes = append(changes, numbered(i, 0, 512))
		}
		mustCommit(t, m, changes...)
		mustCheck(t, m)
		plant(m)
		want := map[string]string{"page twice": "two places", "sides": "another place", "count": "leaves, not", "root": "another root"}[what]
		if err := m.Check(context.Background()); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want ErrCorrupt, %q", what, err, want)
		}
	}
}

// TestForgedJournal writes records whose checksums are right and which do not follow.
func TestForgedJournal(t *testing.T) {
	a, b := numbered(1, 0, 100), numbered(2, 0, 100)
	for what, forge := range map[string]func(before, after *snapshot, changes *[]Change){
		"root before":    func(before, _ *snapshot, _ *[]Change) { before.root[0] ^= 1 },
		"heads before":   func(before, _ *snapshot, _ *[]Change) { before.count++ },
		"same version":   func(before, after *snapshot, _ *[]Change) { after.version = before.version },
		"root after":     func(_, after *snapshot, _ *[]Change) { after.root[0] ^= 1 },
		"heads after":    func(_, after *snapshot, _ *[]Change) { after.count++ },
		"a path twice":   func(_, _ *snapshot, changes *[]Change) { *changes = append(*changes, b) },
		"a long head":    func(_, _ *snapshot, changes *[]Change) { (*changes)[0].Head = make([]byte, 513) },
		"another change": func(_, _ *snapshot, changes *[]Change) { *changes = []Change{a} },
	} {
		m, d := inMemory(t)
		mustCommit(t, m, a)
		s := mustStage(t, m, b)
		changes := []Change{b}
		s.after.version = 2
		forge(&s.before, &s.after, &changes)
		record := newRecord(0)
		for _, c := range changes {
			record = appendChange(record, c.Path, c.Head)
		}
		if err := m.log.append(record, len(changes), &s.before, &s.after); err != nil {
			t.Fatal(err)
		}
		if _, err := open(d.copy(), nil); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: got %v, want ErrCorrupt", what, err)
		}
	}
}

// TestForgedIndex gives an index the checksum that it should not have.
func TestForgedIndex(t *testing.T) {
	m, d := inMemory(t)
	var changes []Change
	for i := range uint64(30) {
		changes = append(changes, numbered(i, 0, 512))
	}
	mustCommit(t, m, changes...)
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	name := generationName(indexFile, m.generation)
	const (
		start = len(indexMagic) + 8 + snapshotSize
		page  = 1 + proof.HashSize + 4
	)
	forge := func(what string, edit func(b []byte) []byte) {
		bad := d.copy()
		f := bad.names[name]
		f.live = edit(f.live[:len(f.live)-sha256.Size])
		sum := sha256.Sum256(f.live)
		f.live = append(f.live, sum[:]...)
		if _, err := open(bad, nil); (what == "") != (err == nil) || err != nil && !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: got %v, want ErrCorrupt", what, err)
		}
	}
	firstPage := func(b []byte) int {
		at := start
		for b[at] == tagInner {
			at++
		}
		return at
	}
	forge("", func(b []byte) []byte { return b })
	forge("another root", func(b []byte) []byte { b[start-1] ^= 1; return b })
	forge("an unknown node", func(b []byte) []byte { b[start] = 3; return b })
	forge("a node missing", func(b []byte) []byte { return b[:len(b)-page] })
	forge("a node more", func(b []byte) []byte { return append(b, tagNone) })
	forge("too deep", func(b []byte) []byte {
		return append(b[:start], strings.Repeat("\x01", 300)...)
	})
	forge("slot 0", func(b []byte) []byte { clear(b[firstPage(b)+page-4:][:4]); return b })
	forge("a slot beyond the file", func(b []byte) []byte { b[firstPage(b)+page-3] = 1; return b })
	forge("a slot twice", func(b []byte) []byte {
		at := firstPage(b)
		copy(b[at+page-4:at+page], b[len(b)-4:])
		return b
	})
	forge("another hash", func(b []byte) []byte { b[firstPage(b)+1] ^= 1; return b })
}
