package proof

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
)

// Limits of the map.
const (
	MaxHeadSize = 512          // bytes of a head record
	MapDepth    = 8 * HashSize // bits of a path
)

const (
	mapKeyLabel  = "realdid/map/key/v1\x00"
	mapHeadLabel = "realdid/map/head/v1\x00"
)

// MapPath returns the place of a key in the map: SHA-256("realdid/map/key/v1" || 0x00 || key).
func MapPath(key string) Hash {
	var buf [128]byte
	return sha256.Sum256(append(append(buf[:0], mapKeyLabel...), key...))
}

// MapHeadHash returns the hash of a head record: SHA-256("realdid/map/head/v1" || 0x00 || head).
func MapHeadHash(head []byte) Hash {
	var buf [len(mapHeadLabel) + MaxHeadSize]byte
	return sha256.Sum256(append(append(buf[:0], mapHeadLabel...), head...))
}

// MapLeafHash returns the hash of the leaf of path: SHA-256(0x00 || path || MapHeadHash(head)).
func MapLeafHash(path Hash, head []byte) Hash { return mapHash(0, path, MapHeadHash(head)) }

// MapNodeHash returns the hash of an inner node: SHA-256(0x01 || left || right). The zero Hash is an empty subtree.
func MapNodeHash(left, right Hash) Hash { return mapHash(1, left, right) }

func mapHash(kind byte, a, b Hash) Hash {
	var buf [1 + 2*HashSize]byte
	buf[0] = kind
	copy(buf[1:], a[:])
	copy(buf[1+HashSize:], b[:])
	return sha256.Sum256(buf[:])
}

// MapBit returns the bit of path that decides at depth, 0 to [MapDepth]-1: 0 is left. Bit 0 is the most significant.
func MapBit(path Hash, depth int) byte { return path[depth/8] >> (7 - depth%8) & 1 }

// A MapProof leads from the place of a path up to the root of the map.
type MapProof struct {
	// Siblings of the nodes on the way, root side first. The zero Hash is an empty sibling; the last one is never empty,
	// because a subtree with one leaf is that leaf.
	Siblings []Hash
	// Other is the leaf that stands in the place of an absent path; nil if the place is empty, or holds the path itself.
	Other *MapOther
}

// A MapOther is a leaf of the map without its head record.
type MapOther struct {
	Path     Hash
	HeadHash Hash // MapHeadHash of its head record
}

// VerifyPresent returns nil if the proof shows that head stands at path in the map with that root.
func (p *MapProof) VerifyPresent(root, path Hash, head []byte) error {
	if len(head) < 1 || len(head) > MaxHeadSize {
		return invalid("map: head of %d bytes, not 1 to %d", len(head), MaxHeadSize)
	}
	if p.Other != nil {
		return invalid("map: proof of presence with another leaf")
	}
	return p.verify(root, path, MapLeafHash(path, head))
}

// VerifyAbsent returns nil if the proof shows that nothing stands at path in the map with that root.
func (p *MapProof) VerifyAbsent(root, path Hash) error {
	if p.Other == nil {
		return p.verify(root, path, Hash{})
	}
	if shared := commonBits(p.Other.Path, path); shared < len(p.Siblings) || shared == MapDepth {
		return invalid("map: the other leaf does not stand in the place of the path")
	}
	return p.verify(root, path, mapHash(0, p.Other.Path, p.Other.HeadHash))
}

// commonBits returns how many leading bits a and b share.
func commonBits(a, b Hash) int {
	for i := range a {
		if x := a[i] ^ b[i]; x != 0 {
			return 8*i + bits.LeadingZeros8(x)
		}
	}
	return MapDepth
}

func (p *MapProof) verify(root, path, h Hash) error {
	if err := p.check(); err != nil {
		return err
	}
	for i := len(p.Siblings) - 1; i >= 0; i-- {
		if MapBit(path, i) == 0 {
			h = MapNodeHash(h, p.Siblings[i])
		} else {
			h = MapNodeHash(p.Siblings[i], h)
		}
	}
	if h != root {
		return invalid("map: proof leads to another root")
	}
	return nil
}

func (p *MapProof) check() error {
	n := len(p.Siblings)
	if n > MapDepth {
		return invalid("map: proof: %d siblings, over %d", n, MapDepth)
	}
	if n > 0 && p.Siblings[n-1].IsZero() {
		return invalid("map: proof: the last sibling is empty")
	}
	return nil
}

// Append appends the proof: the number of siblings as 2 bytes, big endian; one bit for each, most significant first, 1 if it is
// not empty, filled up with 0 to whole bytes; those that are not empty, root side first; and Other, if there is one, as
// its Path and HeadHash. Errors: [ErrInvalid] if there are more than [MapDepth] siblings or the last one is empty.
func (p *MapProof) Append(dst []byte) ([]byte, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(p.Siblings)))
	bitmap := len(dst)
	dst = append(dst, make([]byte, (len(p.Siblings)+7)/8)...)
	for i, h := range p.Siblings {
		if !h.IsZero() {
			dst[bitmap+i/8] |= 0x80 >> (i % 8)
			dst = append(dst, h[:]...)
		}
	}
	if p.Other != nil {
		dst = append(dst, p.Other.Path[:]...)
		dst = append(dst, p.Other.HeadHash[:]...)
	}
	return dst, nil
}

// ParseMapProof reads what Append wrote; every proof has exactly one encoding.
func ParseMapProof(b []byte) (*MapProof, error) {
	if len(b) < 2 {
		return nil, invalid("map: proof of %d bytes", len(b))
	}
	n := int(binary.BigEndian.Uint16(b))
	b = b[2:]
	if n > MapDepth || len(b) < (n+7)/8 {
		return nil, invalid("map: proof: %d siblings in %d bytes", n, len(b))
	}
	bitmap, b := b[:(n+7)/8], b[(n+7)/8:]
	if n%8 != 0 && bitmap[n/8]<<(n%8) != 0 {
		return nil, invalid("map: proof: bits after the last sibling")
	}
	full := 0
	for _, x := range bitmap {
		full += bits.OnesCount8(x)
	}
	p := new(MapProof)
	switch rest := len(b) - full*HashSize; rest {
	case 0:
	case 2 * HashSize:
		p.Other = &MapOther{Hash(b[full*HashSize:]), Hash(b[(full+1)*HashSize:])}
	default:
		return nil, invalid("map: proof: %d bytes after the bits for %d hashes", len(b), full)
	}
	if n > 0 {
		p.Siblings = make([]Hash, n)
	}
	for i := range p.Siblings {
		if bitmap[i/8]&(0x80>>(i%8)) == 0 {
			continue
		}
		p.Siblings[i], b = Hash(b), b[HashSize:]
		if p.Siblings[i].IsZero() {
			return nil, invalid("map: proof: an empty sibling that is not marked as empty")
		}
	}
	return p, p.check()
}
