package boltledger

import (
	"bytes"
	"sync"
)

// A snapshot is the ledger as one transaction left it.
type snapshot struct {
	pager
	meta
	tip
	entries bucket
	heads   bucket

	mu       sync.RWMutex
	branches map[uint64]page // that have been read, at most maxBranches
}

// maxBranches bounds how many branch pages a snapshot keeps in memory: 16 MiB, which is enough for some millions of
// entries. What is beyond is read each time.
const maxBranches = 16 << 20 / pageSize

// snapshot reads what the newest transaction left.
func (p pager) snapshot(damagedMeta bool) (*snapshot, error) {
	m, err := p.newest(damagedMeta)
	if err != nil {
		return nil, err
	}
	s := &snapshot{pager: p, meta: m, branches: make(map[uint64]page)}
	root, err := p.page(m.root, m.limit, &buffer{})
	if err != nil {
		return nil, err
	}
	if !root.leaf {
		return nil, corrupt("page %d: the root is no leaf", m.root)
	}
	var top bucket
	for name, b := range map[string]*bucket{string(entriesBucket): &s.entries, string(headsBucket): &s.heads, string(tipBucket): &top} {
		i, ok := root.find([]byte(name))
		if !ok {
			return nil, corrupt("page %d: no bucket %s", m.root, name)
		}
		v, flags := root.value(i)
		if flags != 1 {
			return nil, corrupt("page %d: %s is no bucket", m.root, name)
		}
		if *b, err = p.bucket(v, m.limit); err != nil {
			return nil, err
		}
	}
	v, err := s.get(&top, tipKey, &buffer{})
	if err != nil {
		return nil, err
	}
	if s.tip, err = decodeTip(v); err != nil {
		return nil, err
	}
	if s.tip.txid != m.txid {
		return nil, corrupt("the tip is of transaction %d and the meta page of %d", s.tip.txid, m.txid)
	}
	return s, nil
}

// leaf returns the leaf of b in which key belongs, and the place of the first element not less than key.
// The page is valid until buf is used again.
func (s *snapshot) leaf(b *bucket, key []byte, buf *buffer) (pg page, i int, exact bool, err error) {
	pg = b.top
	for depth := 0; !pg.leaf; depth++ {
		if depth == maxDepth {
			return page{}, 0, false, corrupt("page %d: the tree is deeper than %d pages", pg.id, maxDepth)
		}
		i, exact := pg.find(key)
		if !exact && i > 0 {
			i--
		}
		if pg, err = s.below(pg.child(i), buf); err != nil {
			return page{}, 0, false, err
		}
	}
	i, exact = pg.find(key)
	return pg, i, exact, nil
}

// below returns page id of a tree. If it is a branch it stays in memory.
func (s *snapshot) below(id uint64, buf *buffer) (page, error) {
	s.mu.RLock()
	pg, ok := s.branches[id]
	s.mu.RUnlock()
	if ok {
		return pg, nil
	}
	pg, err := s.page(id, s.limit, buf)
	if err != nil || pg.leaf {
		return pg, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.branches) < maxBranches {
		pg.data = bytes.Clone(pg.data)
		s.branches[id] = pg
	}
	return pg, nil
}

// get returns the value of a key that must be there. It is valid until buf is used again.
func (s *snapshot) get(b *bucket, key []byte, buf *buffer) ([]byte, error) {
	pg, i, ok, err := s.leaf(b, key, buf)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, corrupt("page %d: %x is missing", pg.id, key)
	}
	v, flags := pg.value(i)
	if flags != 0 {
		return nil, corrupt("page %d: %x has flags %#x", pg.id, key, flags)
	}
	return v, nil
}

// record reads entry index. It is valid until buf is used again.
func (s *snapshot) record(index uint64, buf *buffer) (record, error) {
	v, err := s.get(&s.entries, indexKey(index), buf)
	if err != nil {
		return record{}, err
	}
	return decodeRecord(index, v)
}

// block reads block number of the key index and returns its body, which is valid until buf is used again, and its sum.
func (s *snapshot) block(number uint32, buf *buffer) (body []byte, sum uint32, err error) {
	v, err := s.get(&s.heads, blockKey(number), buf)
	if err != nil {
		return nil, 0, err
	}
	return checkBlock(number, v)
}

// records calls f for the entries from index from to below end, in order. Pages are read once for all their entries.
func (s *snapshot) records(from, end uint64, f func(*record) error) error {
	buf := buffers.Get().(*buffer)
	defer buffers.Put(buf)
	for from < end {
		pg, i, ok, err := s.leaf(&s.entries, indexKey(from), buf)
		if err != nil {
			return err
		}
		if !ok {
			return corrupt("page %d: entry %d is missing", pg.id, from)
		}
		for ; i < pg.count && from < end; i++ {
			v, flags := pg.value(i)
			if string(pg.key(i)) != string(indexKey(from)) || flags != 0 {
				return corrupt("page %d: entry %d is missing", pg.id, from)
			}
			r, err := decodeRecord(from, v)
			if err != nil {
				return err
			}
			if err := f(&r); err != nil {
				return err
			}
			from++
		}
	}
	return nil
}
