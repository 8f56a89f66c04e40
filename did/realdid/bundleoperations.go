package realdid

import "github.com/realdid/realdid/did/ledger"

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
