package authmap

import (
	"fmt"

	"github.com/realdid/realdid/did/ledger/proof"
)

// Head returns the committed head at path; false if there is none. Errors: [ErrCorrupt]; [ErrClosed]; those of the file
// system.
func (m *Map) Head(path proof.Hash) ([]byte, bool, error) {
	head, _, err := m.Prove(path)
	return head, head != nil, err
}

// Prove returns the committed head at path, nil if there is none, and the proof of it under [Map.Root]. It reads one page.
// Errors are those of Head.
func (m *Map) Prove(path proof.Hash) (head []byte, p proof.MapProof, err error) {
	head, p, _, err = m.prove(path)
	return head, p, err
}

// prove is Prove and returns the root to which the proof leads, which a Commit may replace right afterwards.
func (m *Map) prove(path proof.Hash) (head []byte, p proof.MapProof, root proof.Hash, err error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.closed {
		return nil, p, root, ErrClosed
	}
	p.Siblings = make([]proof.Hash, 0, 40)
	r, depth := m.top, 0
	for ; r != 0 && !r.isPage(); depth++ {
		n, bit := m.trie.innerAt(r), proof.MapBit(path, depth)
		p.Siblings = append(p.Siblings, m.trie.hash(n.child[1-bit]))
		r = n.child[bit]
	}
	if r != 0 {
		if head, err = m.store.prove(m.trie.pageAt(r), depth, path, &p); err != nil {
			return nil, proof.MapProof{}, root, fmt.Errorf("authmap: prove: %w", err)
		}
	}
	if len(p.Siblings) == 0 {
		p.Siblings = nil
	}
	return head, p, m.root, nil
}
