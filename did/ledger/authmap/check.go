package authmap

import (
	"context"
	"fmt"

	"github.com/realdid/realdid/did/ledger/proof"
)

// Check reads all pages and computes every hash again, and reads the index and the journal as Open would. Stage and Commit
// wait for it; Prove and Head do not. Errors: [ErrCorrupt], which names the first fault that was found; [ErrClosed]; that
// of ctx; those of the file system.
func (m *Map) Check(ctx context.Context) error {
	m.write.Lock()
	defer m.write.Unlock()
	if m.closed {
		return ErrClosed
	}
	c := &checker{ctx: ctx, m: m, seen: make([]uint64, len(m.store.used))}
	root, err := c.node(m.top, 0, proof.Hash{})
	if err == nil {
		err = c.whole(root)
	}
	if err == nil {
		err = m.checkFiles()
	}
	if err != nil {
		return fmt.Errorf("authmap: check: %w", err)
	}
	return nil
}

type checker struct {
	ctx   context.Context
	m     *Map
	seen  []uint64 // bits: slots
	in    scratch
	count uint64
}

// node returns the hash of the subtree at depth, whose paths begin with the first depth bits of prefix.
func (c *checker) node(r ref, depth int, prefix proof.Hash) (proof.Hash, error) {
	if r == 0 {
		return proof.Hash{}, nil
	}
	if r.isPage() {
		return c.page(c.m.trie.pageAt(r), depth, prefix)
	}
	n := c.m.trie.innerAt(r)
	left, err := c.node(n.child[0], depth+1, prefix)
	if err != nil {
		return left, err
	}
	prefix[depth/8] |= 0x80 >> (depth % 8)
	right, err := c.node(n.child[1], depth+1, prefix)
	if err != nil {
		return right, err
	}
	if proof.MapNodeHash(left, right) != n.hash {
		return n.hash, corrupt("memory: a node at depth %d does not have the hash of its children", depth)
	}
	return n.hash, nil
}

func (c *checker) page(n *pageNode, depth int, prefix proof.Hash) (proof.Hash, error) {
	if err := c.ctx.Err(); err != nil {
		return n.hash, err
	}
	if c.seen[n.slot/64]&(1<<(n.slot%64)) != 0 {
		return n.hash, corrupt("%s: page %d stands in two places", pagesFile, n.slot)
	}
	c.seen[n.slot/64] |= 1 << (n.slot % 64)
	leaves, err := c.m.store.read(n, depth, &c.in)
	if err != nil {
		return n.hash, err
	}
	if commonBits(leaves[0].path, prefix) < depth {
		return n.hash, corrupt("%s: page %d has leaves of another place", pagesFile, n.slot)
	}
	c.count += uint64(len(leaves))
	return n.hash, nil
}

func (c *checker) whole(root proof.Hash) error {
	if root != c.m.root {
		return corrupt("memory: the nodes have another root than the map")
	}
	if c.count != c.m.count {
		return corrupt("%s: %d leaves, not %d", pagesFile, c.count, c.m.count)
	}
	return nil
}

// checkFiles reads the index and the journal into nothing.
func (m *Map) checkFiles() error {
	store, err := openPages(m.dir)
	if store != nil {
		defer store.file.Close()
	}
	if err != nil {
		return err
	}
	at, _, err := readIndex(m.dir, m.generation, nil, store)
	if err != nil {
		return err
	}
	j, err := openJournal(m.dir, m.generation, &at)
	if j != nil {
		defer j.file.Close()
	}
	if err != nil {
		return err
	}
	err = j.replay(func(_ []Change, before, after *snapshot) error {
		if before.root != at.root || before.count != at.count || after.version <= at.version {
			return corrupt("%s: the record at %d does not follow the one before", j.name, j.size)
		}
		at = *after
		return nil
	})
	if err != nil {
		return err
	}
	if at != *m.snapshot() {
		return corrupt("%s: it ends at version %d, not %d", j.name, at.version, m.version)
	}
	return nil
}
