package evmledger

import (
	"context"
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/realdid/realdid/did/ledger"
)

// ErrProofSize means that what the contract took for a key is more than a proof holds ([MaxProofSize]). It stays so, because
// nothing is ever taken back. The key's history stands as before, and counts as far as the reader's own node is believed; there is no
// evidence of it for others. In a contract without an operator strangers can bring that about for any key, at their cost.
var ErrProofSize = errors.New("evmledger: the operations that the contract took for the key are more than a proof holds")

// A keptStep is a step of a key that the index does not have, or not with the time that the contract hashed: what a proof
// needs beyond the index.
type keptStep struct {
	key     common.Hash
	number  uint32 // among the key's steps, from 1
	counted bool   // the index has the operation
	directStep
}

// stepSize is the least that a step takes in a proof, in bytes.
func stepSize(op []byte) uint64 { return uint64(len(op)) + 8 }

// toKeep returns those of steps that have to be kept.
func toKeep(steps []step) (keep []keptStep) {
	for i := range steps {
		s := &steps[i]
		k := keptStep{s.key, s.number, s.counted, directStep{Time: s.time, Index: s.index}}
		switch {
		case ledger.CheckKey(s.name) != nil: // nobody asks for its proof
			continue
		case !s.counted:
			k.Op = s.op
		case s.exact:
			continue
		}
		keep = append(keep, k)
	}
	return keep
}

// steps returns the first n steps of a key in the contract, with the indexes of those among the first entries of the ledger that
// count. They are fewer if not so many have been read.
func (l *Ledger) steps(ctx context.Context, key string, n uint32, entries uint64) ([]directStep, error) {
	name := directKey(key)
	h, err := l.places.head(name)
	if err != nil {
		return nil, err
	}
	if h.size > MaxProofSize {
		return nil, fmt.Errorf("evmledger: prove: %w", ErrProofSize)
	}
	kept, err := l.places.kept(name)
	if err != nil {
		return nil, err
	}
	steps := []directStep{}
	refused := func() { // those that come next
		for len(kept) > 0 && !kept[0].counted && kept[0].number == uint32(len(steps))+1 && kept[0].number <= n {
			steps, kept = append(steps, kept[0].directStep), kept[1:]
		}
	}
	refused()
	for e, err := range l.History(ctx, key, 0) {
		if err != nil {
			return nil, err
		}
		if e.Anchor.Index >= entries || uint32(len(steps)) >= n {
			break
		}
		s := directStep{Time: uint64(e.Anchor.Time.Unix()), Index: e.Anchor.Index, Op: e.Op}
		if len(kept) > 0 && kept[0].counted && kept[0].number == uint32(len(steps))+1 {
			s.Time, kept = kept[0].Time, kept[1:]
		}
		steps = append(steps, s)
		refused()
	}
	return steps, nil
}
