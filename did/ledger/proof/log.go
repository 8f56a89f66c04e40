package proof

import (
	"crypto/sha256"
	"encoding/base64"
	"math/bits"
)

// HashSize is the size of a [Hash] in bytes.
const HashSize = 32

// A Hash is a SHA-256 hash.
type Hash [HashSize]byte

// String returns the hash in standard base64, as checkpoints write it.
func (h Hash) String() string { return base64.StdEncoding.EncodeToString(h[:]) }

// IsZero reports whether h is the zero Hash, which stands for an empty subtree in the map and for nothing in the log.
func (h Hash) IsZero() bool { return h == Hash{} }

// MarshalText returns what String does.
func (h Hash) MarshalText() ([]byte, error) { return base64.StdEncoding.AppendEncode(nil, h[:]), nil }

// UnmarshalText reads what [ParseHash] does.
func (h *Hash) UnmarshalText(b []byte) error {
	p, err := ParseHash(string(b))
	if err == nil {
		*h = p
	}
	return err
}

// ParseHash reads 44 characters of standard base64.
func ParseHash(s string) (Hash, error) {
	b, err := decodeBase64(s)
	if err != nil || len(b) != HashSize {
		return Hash{}, invalid("hash: not the base64 of %d bytes", HashSize)
	}
	return Hash(b), nil
}

// decodeBase64 decodes standard base64 that has exactly one spelling for each value.
func decodeBase64(s string) ([]byte, error) {
	for i := range len(s) {
		if s[i] == '\n' || s[i] == '\r' { // which the standard library passes over
			return nil, base64.CorruptInputError(i)
		}
	}
	return base64.StdEncoding.Strict().DecodeString(s)
}

// LeafHash returns the hash of a leaf: SHA-256(0x00 || leaf). RFC 6962, section 2.1.
func LeafHash(leaf []byte) Hash {
	var buf [1024]byte
	b := append(buf[:1], leaf...) // buf[0] is 0x00
	return sha256.Sum256(b)
}

// NodeHash returns the hash of an inner node: SHA-256(0x01 || left || right). RFC 6962, section 2.1.
func NodeHash(left, right Hash) Hash {
	var b [1 + 2*HashSize]byte
	b[0] = 1
	copy(b[1:], left[:])
	copy(b[1+HashSize:], right[:])
	return sha256.Sum256(b[:])
}

// EmptyRoot returns the root of the log with no leaves: the SHA-256 of nothing.
func EmptyRoot() Hash { return sha256.Sum256(nil) }

// VerifyInclusion returns nil if path proves that leaf, the hash of a leaf, stands at index in the log of the given size and
// root. RFC 6962, section 2.1.1. Anything else is [ErrInvalid].
func VerifyInclusion(index, size uint64, leaf Hash, path []Hash, root Hash) error {
	if index >= size {
		return invalid("inclusion: index %d in a log of %d", index, size)
	}
	fn, sn, h := index, size-1, leaf
	for _, p := range path {
		if sn == 0 {
			return invalid("inclusion: path of %d hashes is too long", len(path))
		}
		if fn&1 == 1 || fn == sn {
			h = NodeHash(p, h)
			// Levels at which the node has no sibling are passed over; fn is not 0 here, as sn is not.
			n := bits.TrailingZeros64(fn)
			fn, sn = fn>>n, sn>>n
		} else {
			h = NodeHash(h, p)
		}
		fn, sn = fn>>1, sn>>1
	}
	if sn != 0 {
		return invalid("inclusion: path of %d hashes is too short", len(path))
	}
	if h != root {
		return invalid("inclusion: path leads to another root")
	}
	return nil
}

// VerifyConsistency returns nil if path proves that the log of old leaves and root oldRoot is the beginning of the one
// of size leaves and root. RFC 6962, section 2.1.2. Every log grew out of the empty one: with old 0 the path must be empty, and the
// roots are not looked at. Anything else is [ErrInvalid].
func VerifyConsistency(old, size uint64, oldRoot, root Hash, path []Hash) error {
	switch {
	case old > size:
		return invalid("consistency: from %d to %d leaves", old, size)
	case old == 0 || old == size:
		if len(path) != 0 {
			return invalid("consistency: from %d to %d leaves: path of %d hashes, want none", old, size, len(path))
		}
		if old == size && oldRoot != root {
			return invalid("consistency: two roots at %d leaves", size)
		}
		return nil
	}
	fn, sn := old-1, size-1
	n := bits.TrailingZeros64(^fn)
	fn, sn = fn>>n, sn>>n
	was, is := oldRoot, oldRoot // fn is 0: the old tree is complete, and is a node of the new one
	if fn != 0 {
		if len(path) == 0 {
			return invalid("consistency: path is too short")
		}
		was, is, path = path[0], path[0], path[1:]
	}
	for _, p := range path {
		if sn == 0 {
			return invalid("consistency: path is too long")
		}
		if fn&1 == 1 || fn == sn {
			was, is = NodeHash(p, was), NodeHash(p, is)
			n := bits.TrailingZeros64(fn)
			fn, sn = fn>>n, sn>>n
		} else {
			is = NodeHash(is, p)
		}
		fn, sn = fn>>1, sn>>1
	}
	switch {
	case sn != 0:
		return invalid("consistency: path is too short")
	case was != oldRoot:
		return invalid("consistency: path leads to another old root")
	case is != root:
		return invalid("consistency: path leads to another root")
	}
	return nil
}
