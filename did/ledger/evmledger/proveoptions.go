package evmledger

import (
	"fmt"
	"time"
)

// ProofOptions say how a ledger on a chain proves itself; nil means the defaults, which are for verifiers that pin blocks.
type ProofOptions struct {
	// Observers are asked to cosign the headers of the blocks that proofs speak of, and Quorum of them have to.
	Observers []HeaderCosigner
	Quorum    int
	// Refresh is how old the block of a proof may become before a newer one is taken; default 1 minute. It should be well below
	// the MaxAge of verifiers.
	Refresh time.Duration
}

func (o *ProofOptions) defaults() (ProofOptions, error) {
	var p ProofOptions
	if o != nil {
		p = *o
	}
	if p.Quorum < 0 || p.Quorum > len(p.Observers) {
		return p, fmt.Errorf("evmledger: proofs: quorum of %d, and %d observers", p.Quorum, len(p.Observers))
	}
	if p.Refresh <= 0 {
		p.Refresh = time.Minute
	}
	return p, nil
}
