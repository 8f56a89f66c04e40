package vc

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
)

// DefaultReceiptHeight is the height of a batch's tree unless its issuer chooses: room for 1,024 credentials, receipts of 456
// characters.
const DefaultReceiptHeight = 10

// ErrReceiptBatch says that a batch takes no more credentials: it is full, or its root has been made.
var ErrReceiptBatch = errors.New("vc: receipt batch: closed")

// A ReceiptBatch collects the credentials that an issuer anchors together. Choose one height for all batches and anchor them at
// regular times, so that neither tells how much was issued. It is not safe for concurrent use.
type ReceiptBatch struct {
	leaves [][32]byte
	salts  [][receiptSalt]byte
	free   []uint32 // places in random order
	tree   [][][32]byte
}

// NewReceiptBatch returns an empty batch for up to 1<<height credentials; 0 means DefaultReceiptHeight.
func NewReceiptBatch(height int) (*ReceiptBatch, error) {
	if height == 0 {
		height = DefaultReceiptHeight
	}
	if height < 0 || height > MaxReceiptHeight {
		return nil, fmt.Errorf("vc: receipt batch: height %d, at most %d", height, MaxReceiptHeight)
	}
	b := &ReceiptBatch{leaves: make([][32]byte, 1<<height), salts: make([][receiptSalt]byte, 1<<height), free: make([]uint32, 1<<height)}
	for i := range b.leaves {
		rand.Read(b.leaves[i][:])
		b.free[i] = uint32(i)
	}
	for i := range b.free {
		j := i + int(randomBelow(uint64(len(b.free)-i)))
		b.free[i], b.free[j] = b.free[j], b.free[i]
	}
	return b, nil
}

// randomBelow returns a number below n with a bias under 2^-40.
func randomBelow(n uint64) uint64 {
	var b [8]byte
	rand.Read(b[:])
	return binary.BigEndian.Uint64(b[:]) % n
}

// Add puts a credential's [Issuance] digest into the batch and returns the place that Receipt wants. The place says nothing
// about the order. Error: ErrReceiptBatch.
func (b *ReceiptBatch) Add(digest [32]byte) (place int, err error) {
	if b.tree != nil || len(b.free) == 0 {
		return 0, ErrReceiptBatch
	}
	place, b.free = int(b.free[0]), b.free[1:]
	rand.Read(b.salts[place][:])
	b.leaves[place] = receiptLeaf(b.salts[place], digest)
	return place, nil
}

// Root ends the batch and returns its root, for the issuer to anchor (realdid.Method.Anchor).
func (b *ReceiptBatch) Root() [32]byte {
	if b.tree == nil {
		for level := b.leaves; ; {
			b.tree = append(b.tree, level)
			if len(level) == 1 {
				break
			}
			up := make([][32]byte, len(level)/2)
			for i := range up {
				up[i] = receiptNode(level[2*i], level[2*i+1])
			}
			level = up
		}
	}
	return b.tree[len(b.tree)-1][0]
}

// Receipt returns the receipt of the credential at a place that Add returned, after Root has been called. It is worth
// something once the root is anchored.
func (b *ReceiptBatch) Receipt(place int) (*Receipt, error) {
	switch {
	case b.tree == nil:
		return nil, errors.New("vc: receipt batch: the root has not been made")
	case place < 0 || place >= len(b.leaves) || b.salts[place] == [receiptSalt]byte{}:
		return nil, fmt.Errorf("vc: receipt batch: nothing was added at %d", place)
	}
	r := &Receipt{salt: b.salts[place], place: uint32(place)}
	for level, i := 0, place; level < len(b.tree)-1; level, i = level+1, i/2 {
		r.path = append(r.path, b.tree[level][i^1])
	}
	return r, nil
}
