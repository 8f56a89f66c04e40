package authmap

import (
	"slices"

	"github.com/realdid/realdid/did/ledger/proof"
)

// A ref names a node of the trie: nothing (0), an inner node, or, with its top bit set, a page.
type ref uint32

const pageBit ref = 1 << 31

func (r ref) isPage() bool { return r&pageBit != 0 }

// An inner node has two leaves or more below it, because it comes from a page that overflowed and heads are never
// removed; so its hash is always that of its children.
type inner struct {
	hash  proof.Hash
	child [2]ref
}

// A pageNode is a subtree whose leaves, one or more, are in the page at slot.
type pageNode struct {
	hash proof.Hash
	slot uint32
}

// A trie holds nodes. A node is never changed: a changed tree has new ones from the root down, and the old ones are freed
// once nobody reads them any more. Only the writer allocates; readers hold Map.mu, which the writer takes for growing.
type trie struct {
	inner arena[inner]
	page  arena[pageNode]
}

func (t *trie) hash(r ref) proof.Hash {
	switch {
	case r == 0:
		return proof.Hash{}
	case r.isPage():
		return t.page.at(uint32(r &^ pageBit)).hash
	}
	return t.inner.at(uint32(r)).hash
}

func (t *trie) innerAt(r ref) *inner   { return t.inner.at(uint32(r)) }
func (t *trie) pageAt(r ref) *pageNode { return t.page.at(uint32(r &^ pageBit)) }

func (t *trie) newInner(left, right ref) ref {
	i := t.inner.alloc()
	*t.inner.at(i) = inner{proof.MapNodeHash(t.hash(left), t.hash(right)), [2]ref{left, right}}
	return ref(i)
}

func (t *trie) newPage(hash proof.Hash, slot uint32) ref {
	i := t.page.alloc()
	*t.page.at(i) = pageNode{hash, slot}
	return ref(i) | pageBit
}

func (t *trie) free(r ref) {
	if r.isPage() {
		t.page.release(uint32(r &^ pageBit))
	} else {
		t.inner.release(uint32(r))
	}
}

// arenaChunk is how many elements an arena grows by.
const arenaChunk = 1 << 13

// An arena holds elements by number, from 1, in chunks that never move.
type arena[T any] struct {
	chunks [][]T
	next   uint32   // the first number that was never given out
	unused []uint32 // given out and released
}

func (a *arena[T]) at(i uint32) *T { return &a.chunks[i/arenaChunk][i%arenaChunk] }

// room reports whether n elements can be allocated without growing.
func (a *arena[T]) room(n int) bool {
	return len(a.unused)+len(a.chunks)*arenaChunk-int(max(a.next, 1)) >= n
}

func (a *arena[T]) grow() { a.chunks = append(a.chunks, make([]T, arenaChunk)) }

func (a *arena[T]) alloc() uint32 {
	if n := len(a.unused); n > 0 {
		i := a.unused[n-1]
		a.unused = a.unused[:n-1]
		return i
	}
	a.next = max(a.next, 1)
	if int(a.next) >= len(a.chunks)*arenaChunk {
		a.grow()
	}
	a.next++
	return a.next - 1
}

func (a *arena[T]) release(i uint32) { a.unused = append(a.unused, i) }

// used returns how many elements are given out.
func (a *arena[T]) used() int { return int(max(a.next, 1)) - 1 - len(a.unused) }

// trim gives back what a list of released elements does not need any more after a large change.
func (a *arena[T]) trim() {
	if cap(a.unused) > 4*len(a.unused)+arenaChunk {
		a.unused = slices.Clone(a.unused)
	}
}
