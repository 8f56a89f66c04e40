package proof

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// A Frontier is the right edge of a growing log: enough to append to it and to know its root, in memory that grows with
// the logarithm of its size. The zero Frontier is the empty log. It is not safe for concurrent use.
type Frontier struct {
	size  uint64
	nodes []Hash // of the complete subtrees that make up the log, the greatest first: one for each bit that is set in size
}

// Size returns the number of leaves.
func (f *Frontier) Size() uint64 { return f.size }

// Root returns the root of the log.
func (f *Frontier) Root() Hash {
	if f.size == 0 {
		return EmptyRoot()
	}
	h := f.nodes[len(f.nodes)-1]
	for i := len(f.nodes) - 2; i >= 0; i-- {
		h = NodeHash(f.nodes[i], h)
	}
	return h
}

// Append adds a leaf by its hash. It calls completed, unless that is nil, for each complete subtree that the leaf is the last leaf of,
// lowest level first, the leaf itself at level 0 included: with these a [HashReader] can answer for the new size.
func (f *Frontier) Append(leaf Hash, completed func(level uint8, index uint64, h Hash)) {
	h, index, last := leaf, f.size, len(f.nodes)
	for level := uint8(0); ; level++ {
		if completed != nil {
			completed(level, index, h)
		}
		if index&1 == 0 {
			break
		}
		last--
		h, index = NodeHash(f.nodes[last], h), index>>1
	}
	f.nodes = append(f.nodes[:last], h)
	f.size++
}

// Clone returns a copy that changes apart from f.
func (f *Frontier) Clone() *Frontier { return &Frontier{f.size, slices.Clone(f.nodes)} }

// Bytes encodes the frontier: size as 8 bytes, big endian, and the hashes of its subtrees, the greatest first.
func (f *Frontier) Bytes() []byte {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 8+len(f.nodes)*HashSize), f.size)
	return appendHashes(b, f.nodes)
}

// ParseFrontier reads what Bytes wrote. It can check the form alone, not the hashes.
func ParseFrontier(b []byte) (*Frontier, error) {
	if len(b) < 8 {
		return nil, invalid("frontier: %d bytes", len(b))
	}
	size := binary.BigEndian.Uint64(b)
	if want := 8 + bits.OnesCount64(size)*HashSize; len(b) != want {
		return nil, invalid("frontier: %d bytes for %d leaves, want %d", len(b), size, want)
	}
	nodes, err := splitHashes(b[8:], 64)
	if err != nil {
		return nil, err
	}
	return &Frontier{size, nodes}, nil
}

func appendHashes(dst []byte, hashes []Hash) []byte {
	for i := range hashes {
		dst = append(dst, hashes[i][:]...)
	}
	return dst
}

func splitHashes(b []byte, limit int) ([]Hash, error) {
	if len(b)%HashSize != 0 || len(b) > limit*HashSize {
		return nil, invalid("hashes: %d bytes, not up to %d hashes", len(b), limit)
	}
	if len(b) == 0 {
		return nil, nil
	}
	hashes := make([]Hash, len(b)/HashSize)
	for i := range hashes {
		hashes[i] = Hash(b[i*HashSize:])
	}
	return hashes, nil
}
