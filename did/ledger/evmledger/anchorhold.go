package evmledger

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
)

// anchorTries bounds how often a digest is sent that does not come to stand.
const anchorTries = 8

// Hold returns when the digest of c is the newest in the contract, in a block that is final. With a sender it sees to that: it
// adds the digest, if that is not there yet, behind the one that it added last. It is the Hold of a witness.Log; signed is not looked at.
//
// Errors: [ledger.ErrConflict] if another's digest stands in the contract, which is final until somebody looks into it; the context's;
// all others are [ledger.ErrUnavailable].
func (a *Anchors) Hold(ctx context.Context, c proof.Checkpoint, signed []byte) error {
	_, err := a.hold(ctx, c)
	return err
}

func (a *Anchors) hold(ctx context.Context, c proof.Checkpoint) (*anchor, error) {
	if c.Origin != a.Origin() {
		return nil, fmt.Errorf("%w: evmledger: anchor: the checkpoint is of another log than %q", ledger.ErrInvalid, a.Origin())
	}
	digest := c.Digest()
	if a.sender == nil {
		return a.await(ctx, digest)
	}
	select {
	case a.turn <- struct{}{}:
		defer func() { <-a.turn }()
	case <-ctx.Done():
		return nil, fmt.Errorf("evmledger: anchor: %w", ctx.Err())
	}
	var last error
	for range anchorTries {
		x, err := a.add(ctx, digest)
		if err == nil && x != nil {
			a.remember(x)
			return x, nil
		}
		var reverted *RevertError
		if err != nil && !errors.As(err, &reverted) {
			return nil, err
		}
		last = err // the contract has moved on, or the block was reorganised away: look again
	}
	return nil, unavailable(last, "anchor: the digest was sent %d times and does not stand", anchorTries)
}

// add sends the digest unless it stands, waits until its block is final, and returns it as it stands then; nil if it does not.
func (a *Anchors) add(ctx context.Context, digest proof.Hash) (*anchor, error) {
	latest, err := a.chain.tagged(ctx, "latest")
	if err != nil {
		return nil, err
	}
	x, err := a.newest(ctx, latest)
	if err != nil {
		return nil, err
	}
	epoch := uint32(0)
	if x != nil {
		if !a.book.has(x.epoch, x.digest) {
			return nil, conflict(x)
		}
		epoch = x.epoch + 1
	}
	var block uint64
	if x == nil || x.digest != digest {
		if err := a.book.write(epoch, digest); err != nil { // before anybody can see it
			return nil, err
		}
		receipt, err := a.sender.Send(ctx, &a.at.Address, anchorCall(epoch, digest))
		if err != nil {
			return nil, err
		}
		block = receipt.Block
	} else {
		block = x.block
	}
	final, err := a.chain.WaitFinal(ctx, block)
	if err != nil {
		return nil, err
	}
	if x, err = a.newest(ctx, final); err != nil || x == nil || x.digest != digest {
		return nil, err
	}
	return x, nil
}

// await waits until the digest is the newest in a final block.
func (a *Anchors) await(ctx context.Context, digest proof.Hash) (*anchor, error) {
	for {
		x, err := a.final(ctx)
		if err == nil && x != nil && x.digest == digest {
			a.remember(x)
			return x, nil
		}
		if stop := a.chain.pause(ctx); stop != nil {
			return nil, unavailable(errors.Join(stop, err), "anchor: not waited for the digest to stand")
		}
	}
}

// final returns the newest anchor in a final block.
func (a *Anchors) final(ctx context.Context) (*anchor, error) {
	final, err := a.chain.Final(ctx)
	if err != nil {
		return nil, err
	}
	return a.newest(ctx, final)
}

// anchorCall returns the data of the transaction that adds a digest: a call of anchor(uint32,bytes32).
func anchorCall(epoch uint32, digest proof.Hash) []byte {
	data := append([]byte{}, crypto.Keccak256([]byte("anchor(uint32,bytes32)"))[:4]...)
	data = append(data, make([]byte, 28)...)
	data = binary.BigEndian.AppendUint32(data, epoch)
	return append(data, digest[:]...)
}
