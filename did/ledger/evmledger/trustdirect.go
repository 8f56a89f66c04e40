package evmledger

import (
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
)

// verifyDirect verifies a proof of a ledger whose operations stand on the chain: that they are all that the contract took for
// the key, and what they come to.
func (t *ChainTrust) verifyDirect(key string, b []byte, now time.Time) (*proof.VerifiedHead, error) {
	if err := ledger.CheckKey(key); err != nil {
		return nil, invalid("direct: %v", err)
	}
	p, err := parseDirectProof(b)
	if err != nil {
		return nil, err
	}
	name := directKey(key)
	s, err := t.verifySlot(&p.Chain, Direct, directSlot(name), now)
	if err != nil {
		return nil, err
	}
	var word common.Hash
	for _, st := range p.Steps {
		word = directHead(name, word, st.Time, st.Op) // the contract took the time from the block
	}
	if word != s.word {
		return nil, invalid("direct: the operations are not those that the contract took for the key")
	}
	head, err := p.replay(t.Reducer, key)
	if err != nil {
		return nil, err
	}
	checkpoint := proof.Checkpoint{Origin: Origin(t.ChainID, t.Contract), Size: s.header.Number + 1, Root: proof.Hash(s.header.Hash)}
	return &proof.VerifiedHead{
		Head:       head,
		Epoch:      proof.EpochLeaf{Size: s.header.Number, Entries: p.Entries, Time: s.header.Time.Unix()},
		Checkpoint: &proof.VerifiedCheckpoint{Checkpoint: checkpoint, Note: checkpoint.Append(nil)},
		AsOf:       s.asOf, Latest: head != nil, Absent: head == nil, Validators: s.who,
	}, nil
}

// replay executes the operations and returns the head record, nil if none was accepted.
func (p *directProof) replay(red ledger.HeadReducer, key string) ([]byte, error) {
	var state []byte
	next, any := uint64(0), false
	decider := &guard{inner: red}
	for _, st := range p.Steps {
		if ledger.CheckOp(st.Op) != nil {
			continue // as every reader does
		}
		r, err := decider.decide(key, state, st.Op, ledger.Anchor{Index: st.Index, Time: blockTime(st.Time)})
		if err != nil {
			continue
		}
		if st.Index < next || st.Index >= p.Entries {
			return nil, invalid("direct: index %d does not follow, or is not below %d", st.Index, p.Entries)
		}
		state, next, any = append([]byte{}, r.State...), st.Index+1, true // never nil: that is a new key
	}
	if !any {
		return nil, nil
	}
	head, err := red.Head(key, state)
	if err != nil || len(head) == 0 || len(head) > ledger.MaxHeadSize {
		return nil, invalid("direct: the state has no head record")
	}
	return head, nil
}
