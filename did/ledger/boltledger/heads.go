package boltledger

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"hash/crc32"
	"math/bits"
	"slices"
)

// The key index leads from a key to the record of its last entry. It is a linear hash table: blocks numbered from 0
// without gaps, kept in the bucket "heads" under their number (4 bytes, big endian), that grows block by block.
//
//	sum    uint32  CRC-32C of the block's number (4 bytes, big endian) and of everything below
//	heads  any number of: fingerprint [16]byte, index uint64, sum uint32, seq uint32; in ascending order of fingerprint
//
// Every block exists, so a block without a key proves that the key is absent; a tree keyed by the keys themselves
// could lose one to a flipped bit and nobody would know. Because a flipped page number may lead to an older version of
// a block, which is valid in itself, the sum of each block is also kept in memory, and the total of all sums in the tip.
//
// Keys come in random order, so that updating the table with each entry would rewrite a page or more. Instead
// the newest heads stay in memory (recent); when there are many they are put in the order of their blocks (older) and
// written out bit by bit along with the entries that later come to the database, several to a page. The tip tells from
// which index on the entries are to be read again when the ledger is opened.
const (
	fingerprintSize = 16
	headSize        = fingerprintSize + 8 + 4 + 4
	blockFill       = 24        // heads per block, on average, above which the table grows
	minRecent       = 1 << 14   // recent heads before they are written out,
	maxRecent       = 1 << 17   // at least and at most,
	recentShare     = 8         // and otherwise this part of all keys
	maxBlock        = 1 << 20   // bytes
	maxBlocks       = 1<<32 - 1 // block numbers are 4 bytes
)

// A fingerprint is 16 bytes of SHA-256 of the ledger's random salt and the key: nobody outside can choose keys that
// share one.
type fingerprint [fingerprintSize]byte

type salt [16]byte

func (s salt) fingerprint(key []byte) (fp fingerprint) {
	var buf [len(s) + 128]byte
	sum := sha256.Sum256(append(append(buf[:0], s[:]...), key...))
	copy(fp[:], sum[:])
	return fp
}

// block returns the number of the block for fp in a table of n blocks.
func (fp fingerprint) block(n uint64) uint32 {
	size := uint64(1) << bits.Len64(n-1) // the least power of two not below n
	b := binary.LittleEndian.Uint64(fp[:]) & (size - 1)
	if b >= n {
		b -= size / 2
	}
	return uint32(b)
}

// splitFrom returns which block gives up heads when block n is added to blocks 0 to n-1.
func splitFrom(n uint64) uint32 {
	return uint32(n - uint64(1)<<(bits.Len64(n)-1))
}

type keyHead struct {
	fp fingerprint
	head
}

// A block is a block of the table, in ascending order of fingerprint.
type block []keyHead

func (b block) find(fp fingerprint) (int, bool) {
	return slices.BinarySearchFunc(b, fp, func(k keyHead, fp fingerprint) int { return bytes.Compare(k.fp[:], fp[:]) })
}

func blockKey(number uint32) []byte { return binary.BigEndian.AppendUint32(nil, number) }

func blockSum(number uint32, body []byte) uint32 {
	return crc32.Update(crc32.Checksum(blockKey(number), castagnoli), castagnoli, body)
}

func (b block) encode(number uint32) (stored []byte, sum uint32) {
	stored = make([]byte, 4, 4+len(b)*headSize)
	for _, k := range b {
		stored = append(stored, k.fp[:]...)
		stored = binary.LittleEndian.AppendUint64(stored, k.index)
		stored = binary.LittleEndian.AppendUint32(stored, k.sum)
		stored = binary.LittleEndian.AppendUint32(stored, k.seq)
	}
	sum = blockSum(number, stored[4:])
	binary.LittleEndian.PutUint32(stored, sum)
	return stored, sum
}

// checkBlock returns the body of a stored block and its sum.
func checkBlock(number uint32, stored []byte) (body []byte, sum uint32, err error) {
	if len(stored) < 4 || len(stored) > maxBlock || (len(stored)-4)%headSize != 0 {
		return nil, 0, corrupt("block %d of the key index is %d bytes long", number, len(stored))
	}
	sum = binary.LittleEndian.Uint32(stored)
	if sum != blockSum(number, stored[4:]) {
		return nil, 0, corrupt("block %d of the key index does not match its checksum", number)
	}
	return stored[4:], sum, nil
}

func decodeHead(b []byte) (k keyHead) {
	copy(k.fp[:], b)
	k.index = binary.LittleEndian.Uint64(b[fingerprintSize:])
	k.sum = binary.LittleEndian.Uint32(b[fingerprintSize+8:])
	k.seq = binary.LittleEndian.Uint32(b[fingerprintSize+12:])
	return k
}

func decodeBlock(body []byte) block {
	b := make(block, 0, len(body)/headSize+4)
	for ; len(body) > 0; body = body[headSize:] {
		b = append(b, decodeHead(body))
	}
	return b
}

// findHead looks fp up in the body of a block.
func findHead(body []byte, fp fingerprint) (head, bool) {
	lo, hi := 0, len(body)/headSize
	for lo < hi {
		mid := (lo + hi) / 2
		switch k := body[mid*headSize:]; bytes.Compare(k[:fingerprintSize], fp[:]) {
		case 0:
			return decodeHead(k).head, true
		case -1:
			lo = mid + 1
		default:
			hi = mid
		}
	}
	return head{}, false
}

// heads is the part of the key index that is in memory. The store's mu guards it, except queue, which only folds use.
type heads struct {
	recent map[fingerprint]head
	older  map[fingerprint]head // on their way to the table, and still valid
	queue  []fingerprint        // what of older is not yet in the table, in the order of blocks
	sums   []uint32             // of every block

	mark uint64 // entries from here on are in recent; those below in older or in the table

	min int // stands for minRecent in tests, if not 0
}

// lookup returns the head of fp if it is in memory, otherwise the number and sum of the block where it must be.
func (h *heads) lookup(fp fingerprint) (found head, ok bool, number, sum uint32) {
	if found, ok = h.recent[fp]; !ok {
		found, ok = h.older[fp]
	}
	number = fp.block(uint64(len(h.sums)))
	return found, ok, number, h.sums[number]
}

// waiting returns how many heads are only in memory.
func (h *heads) waiting() int { return len(h.recent) + len(h.older) }

// rotate turns the recent heads into older ones if none of these are left and there are enough, or force is set.
// next is the ledger's length.
func (h *heads) rotate(keys, next uint64, force bool) {
	enough := max(minRecent, min(maxRecent, keys/recentShare))
	if h.min > 0 {
		enough = uint64(h.min)
	}
	if len(h.older) == 0 && (uint64(len(h.recent)) >= enough || force) {
		h.older, h.recent, h.mark = h.recent, make(map[fingerprint]head), next
	}
}

// line returns the older heads in the order of their blocks.
func (h *heads) line() []fingerprint {
	type placed struct {
		number uint32
		fp     fingerprint
	}
	n := uint64(len(h.sums))
	line := make([]placed, 0, len(h.older))
	for fp := range h.older {
		line = append(line, placed{fp.block(n), fp})
	}
	slices.SortFunc(line, func(a, b placed) int { return cmp.Compare(a.number, b.number) })
	queue := make([]fingerprint, len(line))
	for i := range line {
		queue[i] = line[i].fp
	}
	return queue
}

// written takes in what a transaction has done to the table.
func (h *heads) written(c *change) {
	for i, number := range c.numbers {
		if int(number) == len(h.sums) {
			h.sums = append(h.sums, 0)
		}
		h.sums[number] = c.sums[i]
	}
	if h.queue = h.queue[c.taken:]; len(h.queue) == 0 {
		h.older, h.queue = nil, nil
	}
}
