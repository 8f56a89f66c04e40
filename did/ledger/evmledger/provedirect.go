package evmledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
)

// A ProvenLedger is a [Ledger] that proves what stands at a key; [ChainTrust] with Reducer set verifies that. It is safe for
// concurrent use.
type ProvenLedger struct {
	*Ledger
	code common.Hash
	opt  ProofOptions

	turn chan struct{} // held by who looks for a newer block
	made *provenBlock  // the newest; of who holds turn
}

// provenBlock is a block that proofs speak of, with how many entries the index had after it.
type provenBlock struct {
	knownBlock
	entries uint64
}

var (
	_ ledger.Ledger   = (*ProvenLedger)(nil)
	_ ledger.Follower = (*ProvenLedger)(nil)
	_ ledger.Stater   = (*ProvenLedger)(nil)
	_ ledger.Prover   = (*ProvenLedger)(nil)
)

// NewProvenLedger returns l with proofs. It asks the node for one, so as to know that it can: [ErrNoProof] says that it cannot. What
// l itself answers is then all that there is: a history that everybody can replay, of which nobody can say that it is the newest.
func NewProvenLedger(ctx context.Context, l *Ledger, opt *ProofOptions) (*ProvenLedger, error) {
	o, err := opt.defaults()
	if err != nil {
		return nil, err
	}
	operator, err := l.chain.Operator(ctx, Direct, l.at.Address)
	if err != nil {
		return nil, err
	}
	p := &ProvenLedger{Ledger: l, opt: o, turn: make(chan struct{}, 1)}
	if p.code, err = Direct.codeHash(operator); err != nil {
		return nil, err
	}
	final, err := l.chain.Final(ctx)
	if err != nil {
		return nil, err
	}
	b, err := l.chain.know(ctx, final.Hash, &ProofOptions{})
	if err == nil {
		_, _, err = l.chain.proveSlot(ctx, l.at.Address, p.code, directSlot(common.Hash{}), b)
	}
	if err != nil {
		return nil, err
	}
	return p, nil
}

// Prove implements [ledger.Prover]. It waits for a final block after which the ledger has that many entries. Errors:
// [ledger.ErrInvalid] for a key that no ledger has; [ErrProofSize] if the operations of the key are more than [MaxProofSize]
// holds; [ErrNoProof]; [ledger.ErrUnavailable]; the context's.
func (p *ProvenLedger) Prove(ctx context.Context, key string, entries uint64) ([]byte, error) {
	if err := ledger.CheckKey(key); err != nil {
		return nil, err
	}
	b, err := p.block(ctx, entries)
	if err != nil {
		return nil, err
	}
	name := directKey(key)
	chain, word, err := p.chain.proveSlot(ctx, p.at.Address, p.code, directSlot(name), &b.knownBlock)
	if err != nil {
		return nil, err
	}
	steps, err := p.steps(ctx, key, headSteps(word), b.entries)
	if err != nil {
		return nil, err
	}
	if leadTo(name, steps) != word {
		return nil, unavailable(errors.New("the steps of the key that the node told do not lead to its slot"), "prove")
	}
	out, err := encode(&directProof{Format: directFormat, Entries: b.entries, Steps: steps, Chain: *chain})
	if errors.Is(err, proof.ErrInvalid) {
		return nil, fmt.Errorf("evmledger: prove: %w", ErrProofSize)
	}
	return out, err
}

// leadTo returns the slot of a key after steps.
func leadTo(name common.Hash, steps []directStep) (slot common.Hash) {
	for _, s := range steps {
		slot = directHead(name, slot, s.Time, s.Op)
	}
	return slot
}

// block returns a block after which the index has entries, and which is not older than it should be if the chain goes on.
func (p *ProvenLedger) block(ctx context.Context, entries uint64) (*provenBlock, error) {
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return nil, fmt.Errorf("evmledger: prove: %w", ctx.Err())
	}
	for {
		if b := p.made; b != nil && b.entries >= entries && time.Since(b.header.Time) < p.opt.Refresh {
			return b, nil
		}
		err := p.Sync(ctx)
		at := p.places.cursor()
		switch {
		case err != nil:
			return nil, err
		case at.entries >= entries && at.hash != (common.Hash{}):
			if b := p.made; b != nil && b.header.Hash == at.hash {
				return b, nil
			}
			known, err := p.chain.know(ctx, at.hash, &p.opt)
			if err != nil {
				return nil, err
			}
			p.made = &provenBlock{*known, at.entries}
			return p.made, nil
		}
		if err := p.chain.pause(ctx); err != nil {
			return nil, unavailable(err, "prove: %d entries, and the ledger has %d in final blocks", entries, at.entries)
		}
	}
}
