package realdid

import (
	"github.com/realdid/realdid/did/ledger"
)

// Reducer admits operations of the main network to a ledger that others can write to: with it nothing occupies a place in
// a history but a valid next operation. Chains of descriptors (Descriptor.Key) are admitted as well.
func Reducer() ledger.HeadReducer { return Network{}.Reducer() }

// Reducer admits operations of n, and no imports.
func (n Network) Reducer() ledger.HeadReducer { return n.ReducerFrom(nil) }

// ReducerFrom admits operations of n, and imports from these ledgers. It is pure in them: whoever executes the operations again needs
// the same, for ever. So they are added to, and not taken away from; see Predecessor.Until.
func (n Network) ReducerFrom(preds Predecessors) ledger.HeadReducer {
	return reducer{net: n, preds: preds}
}

// Overrules tells whether an encoded operation is a rotate, recover, cancel, deactivate or announced migration, which control keys cannot make. A server that
// limits how often a history grows must not count these, or whoever steals control keys could hold them up with updates.
// Nothing is verified.
func Overrules(op []byte) bool {
	o, err := ParseOperation(op)
	return err == nil && o.Type() != Create && o.Type() != Import && !o.byControl()
}

type reducer struct {
	net   Network
	preds Predecessors
	seen  *goodSignatures
}

// Reduce implements ledger.Reducer over encoded states.
func (r reducer) Reduce(key string, state, op []byte, at ledger.Anchor) (ledger.Reduced, error) {
	net, err := r.net.canonical()
	if err != nil {
		return ledger.Reduced{}, err
	}
	if isDescriptorKey(key) {
		b, err := net.reduceDescriptor(key, state, op, at)
		return ledger.Reduced{State: b}, err
	}
	o, err := ParseOperation(op)
	if err != nil {
		return ledger.Reduced{}, err
	}
	o.seen = r.seen
	var s *State
	if state != nil {
		if s, err = ParseState(state); err != nil {
			return ledger.Reduced{}, err
		}
	}
	if err := net.check(o, key); err != nil {
		return ledger.Reduced{}, err
	}
	if s, err = r.preds.Apply(s, o, at); err != nil {
		return ledger.Reduced{}, err
	}
	b, err := s.Bytes()
	return ledger.Reduced{State: b}, err
}
