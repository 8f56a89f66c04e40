package evmledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
)

// A HeaderCosigner vouches for block headers, as an [Observer] does.
type HeaderCosigner interface {
	// Name says who it is, in errors.
	Name() string
	// CosignHeader returns signature lines over the [HeaderText] of a header in RLP.
	CosignHeader(ctx context.Context, header []byte) ([]byte, error)
}

// An Observer cosigns the headers of blocks that a node of its own has as final. It remembers nothing: blocks that are final on one
// node are so on all, or the chain has failed. It is safe for concurrent use.
type Observer struct {
	chain  *Chain
	signer *proof.NoteSigner
	clock  ledger.Clock
}

// NewObserver returns an Observer whose key, of type CosignatureEd25519 or CosignatureMLDSA44, serves nothing else. clock may
// be nil for time.Now.
func NewObserver(chain *Chain, signer *proof.NoteSigner, clock ledger.Clock) *Observer {
	if clock == nil {
		clock = time.Now
	}
	return &Observer{chain, signer, clock}
}

// Name implements [HeaderCosigner].
func (o *Observer) Name() string { return o.signer.Verifier().Name() }

// CosignHeader implements [HeaderCosigner]. Errors: [proof.ErrInvalid] for a header that is none, or whose block the observer's
// node does not have in its chain; [ledger.ErrUnavailable], among other things while the block is not final there.
func (o *Observer) CosignHeader(ctx context.Context, header []byte) ([]byte, error) {
	h, err := ParseHeader(header)
	if err != nil {
		return nil, err
	}
	final, err := o.chain.Final(ctx)
	if err != nil {
		return nil, err
	}
	if final.Number < h.Number {
		return nil, unavailable(fmt.Errorf("block %d is not final yet", h.Number), "observer")
	}
	b, err := o.chain.Block(ctx, h.Number)
	if err != nil {
		return nil, err
	}
	if b.Hash != h.Hash {
		return nil, invalid("observer: block %d is another one", h.Number)
	}
	sig, err := o.signer.Cosign(HeaderText(o.chain.id, h), o.clock())
	if err != nil {
		return nil, err
	}
	return sig.Append(nil), nil
}

// cosign collects the signature lines of as many observers as the quorum is: those that answer first, in the order of observers.
// Errors are [ledger.ErrUnavailable] and wrap why others did not sign.
func cosign(ctx context.Context, observers []HeaderCosigner, quorum int, header []byte) ([]byte, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type answer struct {
		from  int
		lines []byte
		err   error
	}
	answers := make(chan answer, len(observers))
	for i, o := range observers {
		go func() {
			lines, err := o.CosignHeader(ctx, header)
			if err != nil {
				err = fmt.Errorf("%s: %w", o.Name(), err)
			}
			answers <- answer{i, lines, err}
		}()
	}
	lines := make([][]byte, len(observers))
	var failed error
	have := 0
	for range observers {
		if have == quorum {
			break
		}
		a := <-answers
		if a.err != nil {
			failed = errors.Join(failed, a.err)
			continue
		}
		lines[a.from], have = a.lines, have+1
	}
	if have < quorum {
		return nil, unavailable(failed, "%d of %d observers cosigned the header", have, quorum)
	}
	return bytes.Join(lines, nil), nil
}
