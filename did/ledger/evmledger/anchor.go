package evmledger

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
)

// AnchorsOptions of [OpenAnchors]; nil means the defaults.
type AnchorsOptions struct {
	// Sender writes what is not anchored yet; its account must be the contract's operator. nil: somebody else anchors, and Hold
	// waits until that is done, which is for witnesses.
	Sender *Sender
	// Adopt takes what stands in the contract for one's own although the directory does not know it: when the directory was lost.
	Adopt bool
}

// Anchors is the chain of digests in a RealdidAnchor contract, and for the operator the way to add to it. It is safe for
// concurrent use.
//
// Its Hold belongs into a witness.Log: the witness then cosigns a checkpoint only if its digest is the newest in the contract, in a
// block that is final on the witness's own node.
type Anchors struct {
	chain    *Chain
	at       Deployment
	operator common.Address
	code     common.Hash
	sender   *Sender
	book     *anchorBook // of what was sent; nil without a sender

	turn chan struct{} // held by who writes

	mu   sync.Mutex
	seen []anchor // that were found final, by this process: the newest last, a few of them
}

// anchor is an event Anchored.
type anchor struct {
	epoch  uint32
	time   uint64 // in the chain's unit
	digest proof.Hash
	before common.Hash
	block  uint64
}

// head is the contract's slot after the anchor.
func (a *anchor) head() common.Hash { return anchorHead(a.before, a.time, a.digest) }

// seenAnchors is how many anchors are remembered: the newest, and those that proofs may still be of while it becomes known.
const seenAnchors = 4

// OpenAnchors opens the contract at a place on the chain, whose code it checks. dir keeps what was sent, so that what stands
// in the contract is known to be one's own; it is for the operator, and empty without a sender. Close lets go of it. Errors:
// [ledger.ErrUnavailable], which may pass; [ledger.ErrLocked]; [ledger.ErrCorrupt]; all others are final.
func OpenAnchors(ctx context.Context, chain *Chain, at Deployment, dir string, opt *AnchorsOptions) (*Anchors, error) {
	if opt == nil {
		opt = &AnchorsOptions{}
	}
	operator, err := chain.Operator(ctx, Anchor, at.Address)
	switch {
	case err != nil:
		return nil, err
	case opt.Sender == nil && dir != "" || opt.Sender != nil && dir == "":
		return nil, errors.New("evmledger: anchors: a directory is for the operator alone, who needs one")
	case opt.Sender != nil && (opt.Sender.chain.id != chain.id || opt.Sender.Address() != operator):
		return nil, fmt.Errorf("evmledger: anchors: the sender is not the contract's operator, %s", operator)
	}
	a := &Anchors{chain: chain, at: at, operator: operator, sender: opt.Sender, turn: make(chan struct{}, 1)}
	if a.code, err = Anchor.codeHash(operator); err != nil {
		return nil, err
	}
	if dir != "" {
		if a.book, err = openBook(dir, a.Origin(), opt.Adopt); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// Origin names the contract and its chain; see [Origin]. It is the origin of the log.
func (a *Anchors) Origin() string { return Origin(a.chain.id, a.at.Address) }

// Operator returns the account that alone writes to the contract.
func (a *Anchors) Operator() common.Address { return a.operator }

// Close lets go of the directory.
func (a *Anchors) Close() error {
	if a.book == nil {
		return nil
	}
	a.turn <- struct{}{}
	defer func() { <-a.turn }()
	return a.book.close()
}

// anchoredTopic names the event of RealdidAnchor.
func anchoredTopic() common.Hash {
	return crypto.Keccak256Hash([]byte("Anchored(uint32,uint64,bytes32,uint256)"))
}

// readAnchor reads an event. It accepts exactly what the contract writes.
func readAnchor(l *types.Log) (*anchor, error) {
	if len(l.Topics) != 2 || l.Topics[0] != anchoredTopic() {
		return nil, errors.New("evmledger: event of an unknown kind")
	}
	d := eventData{rest: l.Data}
	a := &anchor{epoch: headSteps(l.Topics[1]), time: d.number(), digest: proof.Hash(d.word()), before: d.word(), block: l.BlockNumber}
	if d.bad || len(d.rest) > 0 || l.Topics[1] != common.BytesToHash(l.Topics[1][28:]) || headSteps(a.before) != a.epoch {
		return nil, errors.New("evmledger: event is malformed")
	}
	return a, nil
}

// word reads a word.
func (d *eventData) word() (w common.Hash) {
	copy(w[:], d.take(common.HashLength))
	return w
}

// newest returns the anchor that stands in the contract as it is after a block, nil if none does. What it returns leads to
// the contract's slot, as the node tells it.
func (a *Anchors) newest(ctx context.Context, at Block) (*anchor, error) {
	words, err := a.chain.Storage(ctx, a.at.Address, []common.Hash{anchorSlot}, at.Number)
	if err != nil || words[0] == (common.Hash{}) {
		return nil, err
	}
	if found := a.known(func(x *anchor) bool { return x.head() == words[0] }); found != nil {
		return found, nil
	}
	// The event is most likely in one of the newest blocks.
	epoch := common.BytesToHash(binaryEpoch(headSteps(words[0]) - 1))
	for to := at; ; {
		from := to.Number - min(to.Number, anchorWindow-1)
		from = max(from, min(a.at.Block, to.Number))
		logs, err := a.chain.Logs(ctx, a.at.Address, [][]common.Hash{{anchoredTopic()}, {epoch}}, from, to)
		if err != nil {
			return nil, err
		}
		for i := range logs {
			if x, err := readAnchor(&logs[i]); err == nil && x.head() == words[0] {
				return x, nil
			}
		}
		if from <= a.at.Block || from == 0 {
			return nil, unavailable(errors.New("the node has no event that leads to the contract's slot"), "anchors")
		}
		if to, err = a.chain.Block(ctx, from-1); err != nil {
			return nil, err
		}
	}
}

// anchorWindow is how many blocks are searched for an event at once.
const anchorWindow = 2000

func binaryEpoch(epoch uint32) []byte {
	return []byte{byte(epoch >> 24), byte(epoch >> 16), byte(epoch >> 8), byte(epoch)}
}

// known returns one of the anchors that were found final, the newest for which ok.
func (a *Anchors) known(ok func(*anchor) bool) *anchor {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := len(a.seen) - 1; i >= 0; i-- {
		if x := a.seen[i]; ok(&x) {
			return &x
		}
	}
	return nil
}

// remember adds an anchor that is final.
func (a *Anchors) remember(x *anchor) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if n := len(a.seen); n > 0 && a.seen[n-1] == *x {
		return
	}
	if a.seen = append(a.seen, *x); len(a.seen) > seenAnchors {
		a.seen = a.seen[1:]
	}
}

// conflict is the error for digests that stand in the contract and are not ours.
func conflict(x *anchor) error {
	return fmt.Errorf("evmledger: anchor: %w: number %d in the contract is of a checkpoint that was not sent from here: somebody else uses the operator's key, "+
		"or the directory is not the newest", ledger.ErrConflict, x.epoch)
}
