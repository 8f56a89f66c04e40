package authmap

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/realdid/realdid/did/ledger/proof"
)

// A page is PageSize bytes:
//
//	u16        number of leaves, 1 or more
//	each leaf  32 bytes path, u16 length of the head, the head; in the order of the paths
//	           zeros
//
// All numbers are big endian. A page has no checksum of its own: the hash of the subtree that its leaves make up is in
// the trie, and up to the root.
const (
	pageHeader = 2
	leafHeader = proof.HashSize + 2
)

// A leaf is a path and its head, with their hash once it is known.
type leaf struct {
	path   proof.Hash
	head   []byte
	hash   proof.Hash
	hashed bool
}

func (l *leaf) size() int { return leafHeader + len(l.head) }

func (l *leaf) sum() proof.Hash {
	if !l.hashed {
		l.hash, l.hashed = proof.MapLeafHash(l.path, l.head), true
	}
	return l.hash
}

func byPath(a, b leaf) int { return bytes.Compare(a.path[:], b.path[:]) }

// leavesSize returns how many bytes of a page the leaves take.
func leavesSize(leaves []leaf) int {
	n := pageHeader
	for i := range leaves {
		n += leaves[i].size()
	}
	return n
}

// encodePage writes the leaves, which must fit, to the PageSize bytes of b.
func encodePage(b []byte, leaves []leaf) {
	binary.BigEndian.PutUint16(b, uint16(len(leaves)))
	at := b[:pageHeader]
	for i := range leaves {
		at = appendChange(at, leaves[i].path, leaves[i].head)
	}
	clear(b[len(at):PageSize])
}

// decodePage appends the leaves of the page b, whose paths share depth bits, to dst, which is empty. Their heads alias b.
// It returns a fault, not an error, because it does not know where the page stands.
func decodePage(dst []leaf, b []byte, depth int) (leaves []leaf, fault string) {
	n := int(binary.BigEndian.Uint16(b))
	if n == 0 {
		return dst, "no leaf in the page"
	}
	at := b[pageHeader:PageSize]
	for range n {
		path, head, rest, ok := cutChange(at)
		if !ok {
			return dst, "a leaf that is not one"
		}
		dst, at = append(dst, leaf{path: path, head: head}), rest
		if k := len(dst); k > 1 && byPath(dst[k-2], dst[k-1]) >= 0 {
			return dst, "leaves out of order"
		}
	}
	if commonBits(dst[0].path, dst[n-1].path) < depth {
		return dst, "leaves of different subtrees"
	}
	for _, c := range at {
		if c != 0 {
			return dst, "bytes after the last leaf"
		}
	}
	return dst, ""
}

// commonBits returns how many leading bits a and b share.
func commonBits(a, b proof.Hash) int {
	for i := range a {
		if x := a[i] ^ b[i]; x != 0 {
			return 8*i + bits.LeadingZeros8(x)
		}
	}
	return proof.MapDepth
}

// split returns how many of the leaves, which are in order and share the bits before depth, have 0 at depth.
func split(leaves []leaf, depth int) int {
	n, _ := slices.BinarySearchFunc(leaves, 1, func(l leaf, one int) int { return int(proof.MapBit(l.path, depth)) - one })
	return n
}

// hashLeaves returns the hash of the subtree at depth that the leaves, which are in order, make up.
func hashLeaves(leaves []leaf, depth int) proof.Hash {
	switch len(leaves) {
	case 0:
		return proof.Hash{}
	case 1:
		return leaves[0].sum()
	}
	n := split(leaves, depth)
	return proof.MapNodeHash(hashLeaves(leaves[:n], depth+1), hashLeaves(leaves[n:], depth+1))
}

// proveLeaves is hashLeaves, and appends the siblings of path, deepest first, and gives the leaf in whose place path is,
// nil if that is empty.
func proveLeaves(leaves []leaf, depth int, path proof.Hash, siblings []proof.Hash) (proof.Hash, []proof.Hash, *leaf) {
	switch len(leaves) {
	case 0:
		return proof.Hash{}, siblings, nil
	case 1:
		return leaves[0].sum(), siblings, &leaves[0]
	}
	n := split(leaves, depth)
	if proof.MapBit(path, depth) == 0 {
		right := hashLeaves(leaves[n:], depth+1)
		left, siblings, at := proveLeaves(leaves[:n], depth+1, path, siblings)
		return proof.MapNodeHash(left, right), append(siblings, right), at
	}
	left := hashLeaves(leaves[:n], depth+1)
	right, siblings, at := proveLeaves(leaves[n:], depth+1, path, siblings)
	return proof.MapNodeHash(left, right), append(siblings, left), at
}
