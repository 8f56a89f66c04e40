package realdid

import (
	"errors"
	"fmt"
	"time"

	"github.com/realdid/realdid/did/ledger/proof"
)

// MaxChainProof is the size limit in bytes of a proof that a HeadVerifier reads.
const MaxChainProof = 256 << 10

// A HeadVerifier checks the proofs of a ledger that are not package proof's alone: those of a chain, whose blocks commit to what the
// ledger says and whose validators vouch for the blocks. It is a policy, as proof.Trust is, and asks nobody.
type HeadVerifier interface {
	// VerifyHead returns what a proof, which a ledger.Prover made, shows about key. now is the verifier's clock. Errors are
	// proof.ErrInvalid, which is final, proof.ErrTrust for a policy that cannot be used, and others if it could not check. It
	// keeps nothing of the proof that the caller may change, and is safe for concurrent use.
	VerifyHead(key string, proof []byte, now time.Time) (*proof.VerifiedHead, error)
}

// checkHeads returns proof.ErrTrust unless at most one policy is given.
func checkHeads(t *proof.Trust, h HeadVerifier) error {
	if t != nil && h != nil {
		return fmt.Errorf("%w: both a Trust and a HeadVerifier", proof.ErrTrust)
	}
	return nil
}

// verifyHead asks h, and takes nothing from it that cannot be.
func verifyHead(h HeadVerifier, key string, raw []byte, now time.Time) (*proof.VerifiedHead, error) {
	if len(raw) > MaxChainProof {
		return nil, fmt.Errorf("%w: %d bytes, limit %d", proof.ErrInvalid, len(raw), MaxChainProof)
	}
	vh, err := h.VerifyHead(key, raw, now)
	switch {
	case err != nil:
		return nil, err
	case vh == nil || vh.Checkpoint == nil || vh.Latest && vh.Head == nil || vh.Absent && vh.Head != nil:
		return nil, errors.New("realdid: the HeadVerifier contradicts itself")
	}
	return vh, nil
}
