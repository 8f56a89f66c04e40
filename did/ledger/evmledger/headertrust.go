package evmledger

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/realdid/realdid/did/ledger/proof"
)

// HeaderTrust says which block headers count: those whose hash the verifier knows (from a node or a light client of its own,
// or from somebody it believes), and those that enough observers have cosigned. The zero value trusts none.
type HeaderTrust struct {
	Pinned []common.Hash // hashes of blocks

	// Observers are keys of type CosignatureEd25519 or CosignatureMLDSA44. By a cosignature over [HeaderText] its holder says that a
	// node of its own has that block as final.
	Observers []proof.VerifierKey
	// Quorum is how many observers are needed: more than may be false at once. 0 is none, so that only Pinned counts.
	Quorum int
}

// HeaderText is what observers cosign: a C2SP tlog-checkpoint whose origin is "evm:" chain identity ":blocks", whose size is
// the number of blocks up to this one, and whose root is its hash. Two of one size by one observer are a [proof.Accusation].
func HeaderText(chainID uint64, h *Header) []byte {
	return proof.Checkpoint{
		Origin: "evm:" + strconv.FormatUint(chainID, 10) + ":blocks", Size: h.Number + 1, Root: proof.Hash(h.Hash),
	}.Append(nil)
}

// Check returns [proof.ErrTrust] if the policy is unusable.
func (t *HeaderTrust) Check() error {
	if len(t.Observers) > proof.MaxSignatures {
		return untrusted("%d observers, over %d", len(t.Observers), proof.MaxSignatures)
	}
	for i, o := range t.Observers {
		if o.Type() != proof.CosignatureEd25519 && o.Type() != proof.CosignatureMLDSA44 {
			return untrusted("observer %q has a key of type %v", o.Name(), o.Type())
		}
		same := func(p proof.VerifierKey) bool { return p.Name() == o.Name() || bytes.Equal(p.Public(), o.Public()) }
		if slices.ContainsFunc(t.Observers[:i], same) {
			return untrusted("observer %q shares its name or its key with another", o.Name())
		}
	}
	switch {
	case t.Quorum < 0 || t.Quorum > len(t.Observers):
		return untrusted("quorum of %d, and %d observers", t.Quorum, len(t.Observers))
	case t.Quorum == 0 && len(t.Pinned) == 0:
		return untrusted("no block is pinned, and no observer is asked")
	}
	return nil
}

func untrusted(format string, args ...any) error {
	return fmt.Errorf("%w: evmledger: %s", proof.ErrTrust, fmt.Sprintf(format, args...))
}

// verify returns nil if h counts, with when it did by the clocks of a quorum of observers (the time of the block if it is
// pinned), and who they are. cosigs are signature lines. Errors: [proof.ErrQuorum] if nothing is wrong but that nobody whom
// the policy names vouches for it; else [proof.ErrInvalid].
func (t *HeaderTrust) verify(chainID uint64, h *Header, cosigs []byte, horizon time.Time) (time.Time, []proof.Validator, error) {
	if h.Time.After(horizon) {
		return time.Time{}, nil, invalid("header: from the future")
	}
	if slices.Contains(t.Pinned, h.Hash) {
		return h.Time, nil, nil // whoever else vouches for it does not matter
	}
	if t.Quorum == 0 || len(cosigs) == 0 {
		return time.Time{}, nil, fmt.Errorf("%w: evmledger: block %d is not pinned, and %d of %d observers vouch for it",
			proof.ErrQuorum, h.Number, 0, t.Quorum)
	}
	sigs, err := proof.ParseSignatures(cosigs)
	if err != nil {
		return time.Time{}, nil, err
	}
	text := HeaderText(chainID, h)
	var who []proof.Validator
	for i, sig := range sigs {
		o := slices.IndexFunc(t.Observers, func(k proof.VerifierKey) bool { return k.Made(sig) })
		if o < 0 {
			return time.Time{}, nil, fmt.Errorf("%w: evmledger: header: signature line %d", proof.ErrUnknownSignature, i+1)
		}
		at, err := t.Observers[o].VerifyCosignature(text, sig)
		if err != nil {
			return time.Time{}, nil, err
		}
		name := t.Observers[o].Name()
		if at.After(horizon) || slices.ContainsFunc(who, func(v proof.Validator) bool { return v.Name == name }) {
			return time.Time{}, nil, invalid("header: a cosignature is from the future, or there are two by one observer")
		}
		who = append(who, proof.Validator{Name: name, Time: at})
	}
	if len(who) < t.Quorum {
		return time.Time{}, nil, fmt.Errorf("%w: evmledger: %d of %d observers vouch for block %d", proof.ErrQuorum, len(who), t.Quorum, h.Number)
	}
	times := make([]time.Time, len(who))
	for i := range who {
		times[i] = who[i].Time
	}
	slices.SortFunc(times, func(a, b time.Time) int { return b.Compare(a) })
	return earlier(h.Time, times[t.Quorum-1]), who, nil
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func stale(number uint64, asOf time.Time, limit time.Duration) error {
	return fmt.Errorf("%w: evmledger: block %d speaks of %s, longer ago than %v",
		proof.ErrQuorum, number, asOf.UTC().Format(time.RFC3339), limit)
}
