package authmap

// A worker does the tasks of a growth, one goroutine's share of them.
type worker struct {
	store  *pages
	trie   *trie
	in     scratch
	merged []leaf
	out    []byte // pages that are to be written together
	slots  []uint32

	added        uint64
	inner, pages int
	err          error
}

// group does tasks, whose results are good when it returns. After an error none of them has a slot.
func (w *worker) group(tasks []task) error {
	w.out = w.out[:0]
	for i := range tasks {
		t := &tasks[i]
		var old []leaf
		if t.at != 0 {
			var err error
			if old, err = w.store.read(w.trie.pageAt(t.at), t.depth, &w.in); err != nil {
				return err
			}
		}
		w.merge(old, t.changes)
		w.draft(&t.result, w.merged, t.depth)
	}
	n := len(w.out) / PageSize
	if cap(w.slots) < n {
		w.slots = make([]uint32, n)
	}
	w.slots = w.slots[:n]
	if err := w.store.alloc(w.slots); err != nil {
		return err
	}
	next := 0
	for i := range tasks {
		w.place(&tasks[i].result, &next)
	}
	w.pages += n
	return w.store.write(w.slots, w.out)
}

// merge makes merged what the changes make of old; both are in order.
func (w *worker) merge(old, changes []leaf) {
	w.merged = w.merged[:0]
	for len(old) > 0 && len(changes) > 0 {
		switch c := byPath(old[0], changes[0]); {
		case c < 0:
			w.merged, old = append(w.merged, old[0]), old[1:]
		case c == 0:
			w.merged, old, changes = append(w.merged, changes[0]), old[1:], changes[1:]
		default:
			w.merged, changes = append(w.merged, changes[0]), changes[1:]
			w.added++
		}
	}
	w.merged = append(w.merged, old...)
	w.merged = append(w.merged, changes...)
	w.added += uint64(len(changes))
}

// draft makes d the subtree of the leaves at depth, whose pages it adds to out.
func (w *worker) draft(d *draft, leaves []leaf, depth int) {
	if len(leaves) == 0 {
		return
	}
	if leavesSize(leaves) <= PageSize {
		d.hash = hashLeaves(leaves, depth)
		d.slot = unplaced
		n := len(w.out)
		w.out = append(w.out, blank[:]...)
		encodePage(w.out[n:], leaves)
		return
	}
	d.kids = new([2]draft)
	w.inner++
	n := split(leaves, depth)
	w.draft(&d.kids[0], leaves[:n], depth+1)
	w.draft(&d.kids[1], leaves[n:], depth+1)
}

// unplaced stands for a slot that is not known yet.
const unplaced = 1<<32 - 1

var blank [PageSize]byte

// place gives the pages of d their slots, in the order in which draft made them.
func (w *worker) place(d *draft, next *int) {
	switch {
	case d.kids != nil:
		w.place(&d.kids[0], next)
		w.place(&d.kids[1], next)
	case d.slot == unplaced:
		d.slot = w.slots[*next]
		*next++
	}
}
