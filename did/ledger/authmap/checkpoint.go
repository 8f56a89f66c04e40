package authmap

import (
	"errors"
	"fmt"
)

// startGeneration makes the index and the empty journal of a generation; once it has returned, that generation counts.
// What the index names in the pages file must be durable.
func startGeneration(d directory, generation uint64, at *snapshot, t *trie, top ref) (*journal, error) {
	if err := writeIndex(d, generation, at, t, top); err != nil {
		return nil, err
	}
	j, err := createJournal(d, generation, at)
	if err != nil {
		return nil, err
	}
	name := generationName(indexFile, generation)
	err = d.Sync()
	if err == nil {
		err = d.Rename(name+newSuffix, name)
	}
	if err == nil {
		err = d.Sync()
	}
	if err != nil {
		return nil, errors.Join(err, j.file.Close())
	}
	return j, nil
}

// checkpoint makes the committed map independent of the journal and begins a new one. The caller holds write. After an
// error nothing can be written any more: whether a sync that failed has lost pages, no second one tells.
func (m *Map) checkpoint() error {
	err := m.store.file.Sync()
	var next *journal
	if err == nil {
		next, err = startGeneration(m.dir, m.generation+1, m.snapshot(), &m.trie, m.top)
	}
	if err != nil {
		m.failed = fmt.Errorf("authmap: checkpoint: %w", err)
		return m.failed
	}
	last, index := m.log, generationName(indexFile, m.generation)
	m.log, m.generation = next, m.generation+1
	m.store.rebase()
	_, _, _ = last.file.Close(), m.dir.Remove(index), m.dir.Remove(last.name) // what stays, the next Open removes
	return nil
}

func (m *Map) snapshot() *snapshot { return &snapshot{m.version, m.count, m.root} }

// load opens the files, reads the index, and does again what the journal says came after it.
func (m *Map) load() error {
	if err := m.dir.Sync(); err != nil { // what is seen now must also be there after the next failure
		return fmt.Errorf("authmap: open: %w", err)
	}
	generation, found, old, err := generations(m.dir)
	switch {
	case err != nil:
		return fmt.Errorf("authmap: open: %w", err)
	case !found:
		return corrupt("there is no index")
	}
	m.generation = generation
	if m.store, err = openPages(m.dir); err != nil {
		return fmt.Errorf("authmap: open: %w", err)
	}
	at, top, err := readIndex(m.dir, generation, &m.trie, m.store)
	if err != nil {
		return fmt.Errorf("authmap: open: %w", err)
	}
	m.store.rebase()
	m.top, m.root, m.count, m.version = top, at.root, at.count, at.version
	if m.log, err = openJournal(m.dir, generation, &at); err != nil {
		return fmt.Errorf("authmap: open: %w", err)
	}
	if err := m.log.replay(m.redo); err != nil {
		return fmt.Errorf("authmap: open: %w", err)
	}
	for _, name := range old {
		if err := m.dir.Remove(name); err != nil {
			return fmt.Errorf("authmap: open: %w", err)
		}
	}
	size, err := m.log.file.Size()
	if err != nil {
		return fmt.Errorf("authmap: open: %w", err)
	}
	// Records that were read may never have been synced, and what follows the last one is not to be written over.
	if m.log.records > 0 || size != m.log.size {
		return m.checkpoint()
	}
	return nil
}

// redo commits one record of the journal.
func (m *Map) redo(changes []Change, before, after *snapshot) error {
	name, at := m.log.name, m.log.size
	if before.root != m.root || before.count != m.count || after.version <= m.version {
		return corrupt("%s: the record at %d does not follow the one before", name, at)
	}
	s, err := m.stage(changes)
	if errors.Is(err, ErrInvalid) {
		return corrupt("%s: the record at %d: %v", name, at, err)
	}
	if err != nil {
		return err
	}
	if s.after.root != after.root || s.after.count != after.count {
		return corrupt("%s: the record at %d leads to another root than it states", name, at)
	}
	s.after.version = after.version
	m.adopt(s)
	return nil
}
