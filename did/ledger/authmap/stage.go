package authmap

import (
	"fmt"
	"slices"

	"github.com/realdid/realdid/did/ledger/proof"
)

// A Staged is a change of the map that is neither committed nor discarded yet.
type Staged struct {
	m             *Map
	record        []byte // of the journal, but for its head
	changes       int
	before, after snapshot
	top           ref
	made, gone    []ref // nodes that the changed trie has and the committed one has not, and the reverse
}

// Stage computes the map that the changes, in any order, make of the committed one, and writes their pages. It does not
// disturb Prove and Head, which see the committed map. Only one Staged can be open at a time; memory and work are those of
// its changes. No changes are a change too: their Commit makes the version durable. Errors: [ErrInvalid] if a path is there
// twice, or a head is not 1 to [proof.MaxHeadSize] bytes, or another Staged is open; [ErrCorrupt]; [ErrClosed]; those of
// the file system.
func (m *Map) Stage(changes []Change) (*Staged, error) {
	m.write.Lock()
	defer m.write.Unlock()
	switch {
	case m.closed:
		return nil, ErrClosed
	case m.failed != nil:
		return nil, m.failed
	case m.staged != nil:
		return nil, fmt.Errorf("%w: stage: another Staged is neither committed nor discarded", ErrInvalid)
	}
	s, err := m.stage(changes)
	if err != nil {
		return nil, fmt.Errorf("authmap: stage: %w", err)
	}
	m.staged = s
	return s, nil
}

func (m *Map) stage(changes []Change) (*Staged, error) {
	s := &Staged{m: m, changes: len(changes), before: *m.snapshot(), top: m.top}
	leaves, err := s.take(changes)
	if err != nil {
		return nil, err
	}
	g := &growth{trie: &m.trie, store: m.store, workers: m.workers}
	g.collect(m.top, 0, leaves)
	added, err := g.run()
	if err != nil {
		return nil, err
	}
	m.makeRoom(g.inner, g.pages)
	s.top = g.assemble(m.top, 0, leaves, new(int))
	s.made, s.gone = g.made, g.gone
	s.after = snapshot{count: m.count + added, root: m.trie.hash(s.top)}
	return s, nil
}

// take copies the changes into the record and returns them as leaves in the order of their paths.
func (s *Staged) take(changes []Change) ([]leaf, error) {
	leaves, size := make([]leaf, len(changes)), 0
	for i, c := range changes {
		if len(c.Head) == 0 || len(c.Head) > proof.MaxHeadSize {
			return nil, fmt.Errorf("%w: a head of %d bytes, not 1 to %d", ErrInvalid, len(c.Head), proof.MaxHeadSize)
		}
		leaves[i] = leaf{path: c.Path, head: c.Head}
		size += leaves[i].size()
	}
	slices.SortFunc(leaves, byPath)
	s.record = newRecord(size)
	for i := range leaves {
		l := &leaves[i]
		if i > 0 && leaves[i-1].path == l.path {
			return nil, fmt.Errorf("%w: a path twice", ErrInvalid)
		}
		s.record = appendChange(s.record, l.path, l.head)
		l.head = s.record[len(s.record)-len(l.head):]
	}
	return leaves, nil
}

// makeRoom sees to it that so many nodes can be allocated while others read.
func (m *Map) makeRoom(inner, pages int) {
	for !m.trie.inner.room(inner) || !m.trie.page.room(pages) {
		m.mu.Lock()
		if !m.trie.inner.room(inner) {
			m.trie.inner.grow()
		}
		if !m.trie.page.room(pages) {
			m.trie.page.grow()
		}
		m.mu.Unlock()
	}
}

// Root returns the root of the map as it will be.
func (s *Staged) Root() proof.Hash { return s.after.root }

// Len returns how many heads the map will have.
func (s *Staged) Len() uint64 { return s.after.count }

// Commit makes the staged map the committed one, under a version that must be higher than the one before. It is durable
// when Commit returns. After an error other than [ErrInvalid] the Staged is gone, and the map must be opened again for
// anything to be staged: that Open tells, by its Version, whether the change is there.
func (s *Staged) Commit(version uint64) error {
	m := s.m
	m.write.Lock()
	defer m.write.Unlock()
	switch {
	case m.closed:
		return ErrClosed
	case m.staged != s:
		return fmt.Errorf("%w: commit: it has been committed or discarded", ErrInvalid)
	case version <= m.version:
		return fmt.Errorf("%w: commit: version %d after %d", ErrInvalid, version, m.version)
	}
	m.staged = nil
	s.after.version = version
	if m.log.records > 0 && m.log.size >= max(m.journal, indexSize(&m.trie)/indexShare) {
		if err := m.checkpoint(); err != nil {
			return err
		}
	}
	if err := m.log.append(s.record, s.changes, &s.before, &s.after); err != nil {
		m.failed = fmt.Errorf("authmap: commit: %w", err)
		return m.failed
	}
	m.adopt(s)
	return nil
}

// adopt makes the staged map the committed one in memory.
func (m *Map) adopt(s *Staged) {
	m.mu.Lock()
	m.top, m.root, m.count, m.version = s.top, s.after.root, s.after.count, s.after.version
	m.mu.Unlock()
	m.drop(s.gone) // whoever read them has let go of mu
	*s = Staged{m: m, before: s.before, after: s.after}
}

// Discard gives up the change. After Commit it does nothing.
func (s *Staged) Discard() {
	m := s.m
	m.write.Lock()
	defer m.write.Unlock()
	if m.staged != s || m.closed {
		return
	}
	m.staged = nil
	m.drop(s.made)
	*s = Staged{m: m, before: s.before, after: s.after}
}

// drop frees nodes, and the slots of pages, that nothing leads to.
func (m *Map) drop(nodes []ref) {
	for _, r := range nodes {
		if r.isPage() {
			m.store.release(m.trie.pageAt(r).slot)
		}
		m.trie.free(r)
	}
	m.trie.inner.trim()
	m.trie.page.trim()
}
