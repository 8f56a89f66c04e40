package boltledger

// account checks that every page below the limit is what exactly one thing says it is: a meta page, the free list or on
// it, part of a tree, or the continuation of such a page. It reads the branches and the key index, not the leaves with
// the entries, and fills in the sums of h. A damaged free list would otherwise make bbolt write over live pages.
func (s *snapshot) account(h *heads) error {
	a := &accounts{snapshot: s, seen: make([]use, s.limit)}
	if s.limit < 4 {
		return corrupt("meta page: %d pages", s.limit)
	}
	a.seen[0], a.seen[1] = whole, whole
	if err := a.mark(s.root, 0); err != nil {
		return err
	}
	if err := a.freelist(); err != nil {
		return err
	}
	if err := a.entries(); err != nil {
		return err
	}
	if err := a.heads(h); err != nil {
		return err
	}
	return a.tails()
}

// use is what is known about a page.
type use uint8

const (
	unknown use = iota
	whole       // in use, with its continuation pages marked as well
	first       // in use, its continuation not yet known
)

type accounts struct {
	*snapshot
	seen     []use
	lastLeaf uint64 // with entries, which bbolt will write anew
}

// mark records that page id, with overflow more, is in use.
func (a *accounts) mark(id, overflow uint64) error {
	if id >= uint64(len(a.seen)) || overflow >= uint64(len(a.seen))-id {
		return corrupt("page %d is referred to, of %d", id+overflow, len(a.seen))
	}
	for i := id; i <= id+overflow; i++ {
		if a.seen[i] != unknown {
			return corrupt("page %d is in use twice", i)
		}
		a.seen[i] = whole
	}
	return nil
}

func (a *accounts) freelist() error {
	buf := new(buffer)
	data, err := a.raw(a.meta.freelist, a.limit, buf)
	if err != nil {
		return err
	}
	id := a.meta.freelist
	if err := a.mark(id, uint64(len(data)/a.size-1)); err != nil {
		return err
	}
	count, ids := uint64(order.Uint16(data[10:])), data[pageHeader:]
	if count == 0xFFFF { // then the first element is the count
		count, ids = order.Uint64(ids), ids[8:]
	}
	if order.Uint16(data[8:]) != freelistFlag || count > uint64(len(ids)/8) {
		return corrupt("page %d is no free list", id)
	}
	for ; count > 0; count, ids = count-1, ids[8:] {
		if err := a.mark(order.Uint64(ids), 0); err != nil {
			return err
		}
	}
	return nil
}

// entries marks the tree of the entries. All leaves of a tree are equally deep, because nothing is ever deleted.
func (a *accounts) entries() error {
	b := a.snapshot.entries
	if b.root == 0 {
		return nil
	}
	depth := 0
	buf := new(buffer)
	for id := b.root; ; depth++ {
		pg, err := a.page(id, a.limit, buf)
		if err != nil {
			return err
		}
		if pg.leaf {
			break
		}
		if depth == maxDepth {
			return corrupt("page %d: the tree is deeper than %d pages", id, maxDepth)
		}
		id = pg.child(0)
	}
	return a.branch(b.root, depth)
}

// branch marks the page id, which is depth above the leaves, and what is below.
func (a *accounts) branch(id uint64, depth int) error {
	if depth == 0 {
		if err := a.mark(id, 0); err != nil {
			return err
		}
		a.seen[id], a.lastLeaf = first, id
		return nil
	}
	pg, err := a.page(id, a.limit, new(buffer))
	if err != nil {
		return err
	}
	if pg.leaf {
		return corrupt("page %d is a leaf among branches", id)
	}
	if err := pg.ascending(); err != nil {
		return err
	}
	if err := a.mark(id, pg.overflow); err != nil {
		return err
	}
	for i := range pg.count {
		if err := a.branch(pg.child(i), depth-1); err != nil {
			return err
		}
	}
	return nil
}

// heads marks and reads the tree of the key index.
func (a *accounts) heads(h *heads) error {
	t := a.snapshot.tip
	h.sums = make([]uint32, 0, t.blocks)
	var keys, total uint64
	err := a.leaves(a.snapshot.heads, func(pg *page, i int) error {
		number := uint32(len(h.sums))
		v, flags := pg.value(i)
		if string(pg.key(i)) != string(blockKey(number)) || flags != 0 {
			return corrupt("page %d: block %d of the key index is missing", pg.id, number)
		}
		body, sum, err := checkBlock(number, v)
		if err != nil {
			return err
		}
		h.sums = append(h.sums, sum)
		keys += uint64(len(body) / headSize)
		total += uint64(sum)
		return nil
	})
	if err != nil {
		return err
	}
	if uint64(len(h.sums)) != t.blocks || keys != t.keys || total != t.total {
		return corrupt("the key index has %d blocks, %d keys, total %x; the tip says %d, %d, %x",
			len(h.sums), keys, total, t.blocks, t.keys, t.total)
	}
	return nil
}

// leaves marks the pages of a tree and calls f for each element of its leaves.
func (a *accounts) leaves(b bucket, f func(pg *page, i int) error) error {
	if b.root != 0 {
		return a.subtree(b.root, 0, f)
	}
	for i := range b.top.count {
		if err := f(&b.top, i); err != nil {
			return err
		}
	}
	return nil
}

func (a *accounts) subtree(id uint64, depth int, f func(pg *page, i int) error) error {
	buf := buffers.Get().(*buffer)
	defer buffers.Put(buf)
	pg, err := a.page(id, a.limit, buf)
	if err != nil {
		return err
	}
	if err := a.mark(id, pg.overflow); err != nil {
		return err
	}
	if depth == maxDepth {
		return corrupt("page %d: the tree is deeper than %d pages", id, maxDepth)
	}
	if err := pg.ascending(); err != nil {
		return err
	}
	for i := range pg.count {
		if pg.leaf {
			err = f(&pg, i)
		} else {
			err = a.subtree(pg.child(i), depth+1, f)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// tails attributes each run of pages not accounted for to the leaf in front of it, which must say that it goes on for
// so long.
func (a *accounts) tails() error {
	var head [pageHeader]byte
	for i := 0; i < len(a.seen); {
		owner, begin := i, i+1
		for i++; i < len(a.seen) && a.seen[i] == unknown; i++ {
		}
		if run := uint32(i - begin); run > 0 || owner > 0 && uint64(owner) == a.lastLeaf {
			if a.seen[owner] == whole {
				return corrupt("page %d is not accounted for", begin)
			}
			if err := a.readAt(head[:], uint64(owner)); err != nil {
				return err
			}
			if got := order.Uint32(head[12:]); got != run {
				return corrupt("page %d goes on for %d pages instead of %d", owner, got, run)
			}
		}
	}
	return nil
}
