package authmap

import (
	"errors"
	"sync"
	"sync/atomic"

	"github.com/realdid/realdid/did/ledger/proof"
)

// A growth computes the trie that changed leaves make: collect finds the pages that they concern, run writes what is to
// take their place, with several goroutines, and assemble makes the nodes, in the order of collect.
type growth struct {
	trie         *trie
	store        *pages
	workers      int
	tasks        []task
	inner, pages int // nodes that assemble will allocate, at most
	made, gone   []ref
}

// A task is a page, or nothing, in whose place changes go.
type task struct {
	at      ref
	depth   int
	changes []leaf
	result  draft
}

// A draft is a subtree that has no nodes yet: a page, or if kids is set an inner node.
type draft struct {
	hash proof.Hash
	slot uint32
	kids *[2]draft
}

// groupSize is the number of tasks whose pages are written together.
const groupSize = 64

func (g *growth) collect(r ref, depth int, changes []leaf) {
	switch {
	case len(changes) == 0:
	case r == 0 || r.isPage():
		g.tasks = append(g.tasks, task{at: r, depth: depth, changes: changes})
	default:
		g.inner++
		n, at := split(changes, depth), g.trie.innerAt(r)
		g.collect(at.child[0], depth+1, changes[:n])
		g.collect(at.child[1], depth+1, changes[n:])
	}
}

// run returns how many leaves the tasks add. After an error no slot is left taken.
func (g *growth) run() (added uint64, err error) {
	groups := (len(g.tasks) + groupSize - 1) / groupSize
	var (
		next atomic.Int64
		mu   sync.Mutex
		wg   sync.WaitGroup
	)
	work := func() {
		w := worker{store: g.store, trie: g.trie}
		for {
			i := int(next.Add(1)) - 1
			if i >= groups {
				break
			}
			if w.err = w.group(g.tasks[i*groupSize : min((i+1)*groupSize, len(g.tasks))]); w.err != nil {
				next.Add(int64(groups))
				break
			}
		}
		mu.Lock()
		defer mu.Unlock()
		added += w.added
		g.inner += w.inner
		g.pages += w.pages
		err = errors.Join(err, w.err)
	}
	for range min(g.workers, groups) - 1 {
		wg.Go(work)
	}
	work()
	wg.Wait()
	if err != nil {
		for i := range g.tasks {
			g.release(&g.tasks[i].result)
		}
	}
	return added, err
}

func (g *growth) release(d *draft) {
	if d.slot != 0 && d.slot != unplaced {
		g.store.release(d.slot)
	}
	if d.kids != nil {
		g.release(&d.kids[0])
		g.release(&d.kids[1])
	}
}

// assemble returns the node that takes the place of r at depth, and must visit tasks as collect did: next is the first one
// that is not planted yet.
func (g *growth) assemble(r ref, depth int, changes []leaf, next *int) ref {
	if len(changes) == 0 {
		return r
	}
	if r == 0 || r.isPage() {
		t := &g.tasks[*next]
		*next++
		if r != 0 {
			g.gone = append(g.gone, r)
		}
		return g.plant(&t.result)
	}
	n, child := split(changes, depth), g.trie.innerAt(r).child
	left := g.assemble(child[0], depth+1, changes[:n], next)
	right := g.assemble(child[1], depth+1, changes[n:], next)
	made := g.trie.newInner(left, right)
	g.gone, g.made = append(g.gone, r), append(g.made, made)
	return made
}

// plant makes the nodes of a draft.
func (g *growth) plant(d *draft) ref {
	var made ref
	switch {
	case d.kids != nil:
		made = g.trie.newInner(g.plant(&d.kids[0]), g.plant(&d.kids[1]))
	case d.slot == 0:
		return 0
	default:
		made = g.trie.newPage(d.hash, d.slot)
	}
	g.made = append(g.made, made)
	return made
}
