package realdid

import (
	"errors"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger"
)

// An AnchoredOperation is an operation with the place and time that its ledger gave it.
type AnchoredOperation struct {
	Operation *Operation
	Anchor    ledger.Anchor
}

// Operations returns the valid operations that the bundle carries, the genesis first; none for a bundle that carries a state in
// their place or proves absence. What Verifier accepts is these and no others; by themselves they are not verified. Errors are
// ErrBundle, for operations that do not parse.
func (b *Bundle) Operations() ([]AnchoredOperation, error) {
	out := make([]AnchoredOperation, len(b.operations))
	for i, o := range b.operations {
		op, err := ParseOperation(o.raw)
		if err != nil {
			return nil, refuseBundle("operation %d: %w", i, err)
		}
		out[i] = AnchoredOperation{op, o.at}
	}
	return out, nil
}

// replayBundled replays operations that must all be valid. Errors are *did.Error.
func replayBundled(by rules, key string, ops []bundled, want func(version) bool) (*replayed, error) {
	r := &replayed{rules: by, key: key, want: want}
	for i, o := range ops {
		op, err := ParseOperation(o.raw)
		if err == nil {
			err = by.net.check(op, key)
		}
		if err == nil {
			err = r.apply(op, o.at)
		}
		if errors.Is(err, ErrPredecessor) {
			return nil, &did.Error{Code: did.InternalError, Err: err}
		}
		if err != nil {
			return nil, final(refuseBundle("operation %d: %w", i, err))
		}
	}
	return r, nil
}

// joinFormer puts the former operations of b before r. They need no proof: the one in the import, with which r begins, is of them.
func (r *replayed) joinFormer(b *Bundle) (*replayed, error) {
	if len(b.former) == 0 {
		return r, nil
	}
	if !r.opens {
		return nil, final(refuseBundle("former operations, and no import that follows them"))
	}
	before, err := replayBundled(rules{Network{r.net.Domain, r.from}, r.preds}, b.key, b.former, r.want)
	if err != nil {
		return nil, err
	}
	if before.state.history != r.imported {
		return nil, final(refuseBundle("the former operations do not end in what was imported"))
	}
	if r.ended > 0 { // what took effect by then is a version as well
		before.advance(time.Unix(r.ended, 0))
	}
	return joined(r, []*life{{r: before}}), nil
}
