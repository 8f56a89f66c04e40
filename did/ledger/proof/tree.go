package proof

import (
	"fmt"
	"math/bits"
	"slices"
)

// A HashReader gives hashes of a log's tree.
type HashReader interface {
	// ReadHash returns the hash of the complete subtree of 1<<level leaves that starts at leaf index<<level.
	ReadHash(level uint8, index uint64) (Hash, error)
}

// Root returns the root of the first size leaves. It reads one hash for each bit that is set in size. Errors are r's.
func Root(r HashReader, size uint64) (Hash, error) {
	if size == 0 {
		return EmptyRoot(), nil
	}
	return subtreeHash(r, 0, size)
}

// subtreeHash returns the hash of the n leaves from start on, n > 0; start is a multiple of a power of two that is at least n.
func subtreeHash(r HashReader, start, n uint64) (Hash, error) {
	level := bits.Len64(n) - 1
	left, err := r.ReadHash(uint8(level), start>>level)
	if err != nil {
		return Hash{}, fmt.Errorf("proof: tree: %w", err)
	}
	k := uint64(1) << level
	if n == k {
		return left, nil
	}
	right, err := subtreeHash(r, start+k, n-k)
	if err != nil {
		return Hash{}, err
	}
	return NodeHash(left, right), nil
}

// split returns the greatest power of two below n, n > 1.
func split(n uint64) uint64 { return 1 << (bits.Len64(n-1) - 1) }

// InclusionPath returns the path for [VerifyInclusion], leaf side first. Errors: [ErrInvalid] if index is not below size, and r's.
func InclusionPath(r HashReader, index, size uint64) ([]Hash, error) {
	if index >= size {
		return nil, invalid("inclusion: index %d in a log of %d", index, size)
	}
	var path []Hash
	for start, n := uint64(0), size; n > 1; {
		k := split(n)
		at, length := start, k // the sibling
		if index-start < k {
			at, length, n = start+k, n-k, k
		} else {
			start, n = start+k, n-k
		}
		h, err := subtreeHash(r, at, length)
		if err != nil {
			return nil, err
		}
		path = append(path, h)
	}
	slices.Reverse(path)
	return path, nil
}

// ConsistencyPath returns the path for [VerifyConsistency]. Errors: [ErrInvalid] if old is above size, and r's.
func ConsistencyPath(r HashReader, old, size uint64) ([]Hash, error) {
	if old > size {
		return nil, invalid("consistency: from %d to %d leaves", old, size)
	}
	if old == 0 || old == size {
		return nil, nil
	}
	var path []Hash
	read := func(start, n uint64) error {
		h, err := subtreeHash(r, start, n)
		path = append(path, h)
		return err
	}
	start, n := uint64(0), size
	for old-start != n {
		k := split(n)
		at, length := start, k // the sibling
		if old-start <= k {
			at, length, n = start+k, n-k, k
		} else {
			start, n = start+k, n-k
		}
		if err := read(at, length); err != nil {
			return nil, err
		}
	}
	if start != 0 { // else the old root is this node, which the verifier has
		if err := read(start, n); err != nil {
			return nil, err
		}
	}
	slices.Reverse(path)
	return path, nil
}
