package evmledger

import (
	"encoding/binary"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/realdid/realdid/did/ledger/proof"
)

// anchorSlot is where a RealdidAnchor keeps its chain of digests.
var anchorSlot = common.Hash{}

// anchorHead is the slot of a RealdidAnchor after digest was added to before in a block of that time, in the chain's unit.
func anchorHead(before common.Hash, at uint64, digest proof.Hash) common.Hash {
	head := crypto.Keccak256Hash(before[:], binary.BigEndian.AppendUint64(nil, at), digest[:])
	binary.BigEndian.PutUint32(head[28:], headSteps(before)+1)
	return head
}

// verifyAnchored verifies a proof of an anchored log: the log's own proof, and that its checkpoint is the newest in the contract.
func (t *ChainTrust) verifyAnchored(key string, b []byte, now time.Time) (*proof.VerifiedHead, error) {
	p, err := parseAnchorProof(b)
	if err != nil {
		return nil, err
	}
	l, err := proof.ParseLatest(p.Latest)
	if err != nil {
		return nil, err
	}
	s, err := t.verifySlot(&p.Chain, Anchor, anchorSlot, now)
	if err != nil {
		return nil, err
	}
	vh, err := l.Verify(t.Log, key, now)
	if err != nil {
		return nil, err
	}
	if s.word != anchorHead(p.Before, p.Time, vh.Checkpoint.Digest()) {
		return nil, invalid("anchor: the checkpoint is not the newest in the contract")
	}
	skew := t.horizon(now).Sub(now)
	if epoch := time.Unix(vh.Epoch.Time, 0); blockTime(p.Time).Add(skew).Before(epoch) {
		return nil, invalid("anchor: the epoch is later than its anchor")
	}
	vh.AsOf, vh.Validators = earlier(vh.AsOf, s.asOf), s.who
	audited := t.Log.Quorum.Auditors > 0
	vh.Latest, vh.Absent = audited && vh.Head != nil, audited && vh.Head == nil
	return vh, nil
}
