package evmledger

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/ledger/tlog"
)

// An AnchoredLog is a log whose proofs contain the proof that its checkpoint is the newest one in a contract; [ChainTrust] with Log
// set verifies them. All else is the log's own doing. It is safe for concurrent use.
//
// For that, the log must publish no checkpoint that is not anchored: one of its cosigners, whose cosignature its policy
// requires, is a witness.Server with [Anchors.Hold]. Its epochs are then as far apart as the chain takes to make a block
// final, however short tlog.Options.Interval is; tlog.Options.Timeout must be longer than that, and MaxEntries cover what is appended
// meanwhile. Appends do not wait for the chain.
type AnchoredLog struct {
	*tlog.Log
	anchors *Anchors
	opt     ProofOptions

	turn chan struct{} // held by who asks the node
	mu   sync.Mutex
	made *anchoredProof // the newest
}

// anchoredProof is the proof that an anchor was the newest one in a block.
type anchoredProof struct {
	anchor anchor
	at     time.Time // of the block
	chain  chainProof
}

var (
	_ ledger.Ledger   = (*AnchoredLog)(nil)
	_ ledger.Follower = (*AnchoredLog)(nil)
	_ ledger.Stater   = (*AnchoredLog)(nil)
	_ ledger.Prover   = (*AnchoredLog)(nil)
)

// NewAnchoredLog returns log with proofs from the contract of anchors. It asks the node for one, so as to know that it can:
// [ErrNoProof] says that it cannot, and that the log alone has to do, with proof.Trust for its verifiers.
func NewAnchoredLog(ctx context.Context, log *tlog.Log, anchors *Anchors, opt *ProofOptions) (*AnchoredLog, error) {
	o, err := opt.defaults()
	if err != nil {
		return nil, err
	}
	l := &AnchoredLog{Log: log, anchors: anchors, opt: o, turn: make(chan struct{}, 1)}
	final, err := anchors.chain.Final(ctx)
	if err != nil {
		return nil, err
	}
	b, err := anchors.chain.know(ctx, final.Hash, &ProofOptions{})
	if err == nil {
		_, _, err = anchors.chain.proveSlot(ctx, anchors.at.Address, anchors.code, anchorSlot, b)
	}
	return l, err
}

// Prove implements [ledger.Prover]. It waits for an epoch that covers entries, which takes as long as blocks take to be final, and
// asks the node for a proof if the last one is old. Errors: tlog.ErrUnproven; [ledger.ErrUnavailable].
func (l *AnchoredLog) Prove(ctx context.Context, key string, entries uint64) ([]byte, error) {
	for {
		b, err := l.Log.Prove(ctx, key, entries)
		if err != nil {
			return nil, err
		}
		latest, err := proof.ParseLatest(b)
		if err != nil {
			return nil, err
		}
		note, err := proof.ParseNote(latest.Checkpoint)
		if err != nil {
			return nil, err
		}
		p, err := l.proofOf(ctx, sha256.Sum256(note.Text))
		if err != nil {
			return nil, err
		}
		if p != nil {
			return encode(&anchorProof{Format: anchorFormat, Latest: b, Before: p.anchor.before, Time: p.anchor.time, Chain: p.chain})
		}
		// A newer checkpoint stands in the contract and is about to be published.
		if err := l.anchors.chain.pause(ctx); err != nil {
			return nil, fmt.Errorf("%w: %w", tlog.ErrUnproven, err)
		}
	}
}

// proofOf returns the proof that digest is the newest one in the contract; nil if a newer one is.
func (l *AnchoredLog) proofOf(ctx context.Context, digest proof.Hash) (*anchoredProof, error) {
	if p := l.cached(digest); p != nil {
		return p, nil
	}
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return nil, fmt.Errorf("evmledger: prove: %w", ctx.Err())
	}
	if p := l.cached(digest); p != nil {
		return p, nil
	}
	p, err := l.renew(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	have := l.made
	if err == nil && (have == nil || p.anchor.digest == digest || have.anchor.digest != digest) {
		l.made, have = p, p
	}
	if have != nil && have.anchor.digest == digest {
		return have, nil // an older block proves as much; how old it may be, verifiers say
	}
	return nil, err
}

func (l *AnchoredLog) cached(digest proof.Hash) *anchoredProof {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p := l.made; p != nil && p.anchor.digest == digest && time.Since(p.at) < l.opt.Refresh {
		return p
	}
	return nil
}

// renew proves what is the newest anchor in the newest final block.
func (l *AnchoredLog) renew(ctx context.Context) (*anchoredProof, error) {
	a := l.anchors
	final, err := a.chain.Final(ctx)
	if err != nil {
		return nil, err
	}
	x, err := a.newest(ctx, final)
	if err != nil {
		return nil, err
	}
	if x == nil {
		return nil, unavailable(errors.New("nothing is anchored in a final block"), "prove")
	}
	b, err := a.chain.know(ctx, final.Hash, &l.opt)
	if err != nil {
		return nil, err
	}
	p, word, err := a.chain.proveSlot(ctx, a.at.Address, a.code, anchorSlot, b)
	if err != nil {
		return nil, err
	}
	if word != x.head() {
		return nil, unavailable(errors.New("the node says one thing and proves another"), "prove")
	}
	return &anchoredProof{*x, b.header.Time, *p}, nil
}
