package authmap

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"slices"

	"github.com/realdid/realdid/did/ledger/proof"
)

// A model is the map as its definition says, held in memory and computed anew each time.
type model map[proof.Hash][]byte

func (m model) put(changes []Change) {
	for _, c := range changes {
		m[c.Path] = c.Head
	}
}

func (m model) paths() []proof.Hash {
	return slices.SortedFunc(maps.Keys(m), func(a, b proof.Hash) int { return bytes.Compare(a[:], b[:]) })
}

func (m model) root() proof.Hash { return m.subtree(m.paths(), 0) }

// subtree is the definition, bit by bit.
func (m model) subtree(paths []proof.Hash, depth int) proof.Hash {
	switch len(paths) {
	case 0:
		return proof.Hash{}
	case 1:
		return proof.MapLeafHash(paths[0], m[paths[0]])
	}
	var sides [2][]proof.Hash
	for _, p := range paths {
		bit := p[depth/8] >> (7 - depth%8) & 1
		sides[bit] = append(sides[bit], p)
	}
	return proof.MapNodeHash(m.subtree(sides[0], depth+1), m.subtree(sides[1], depth+1))
}

// numbered returns the path and head of identity i in its nth state; heads have about size bytes.
func numbered(i, n uint64, size int) Change {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], i)
	path := sha256.Sum256(b[:8])
	binary.BigEndian.PutUint64(b[8:], n)
	head := make([]byte, 0, size+sha256.Size)
	for len(head) < size {
		b[0]++
		sum := sha256.Sum256(b[:])
		head = append(head, sum[:]...)
	}
	return Change{path, head[:size]}
}
