package realdid

import (
	"github.com/realdid/realdid/did/ledger"
)

// Reducer admits operations of the main network to a ledger that others can write to: with it nothing occupies a place in
// a history but a valid next operation. Chains of descriptors (Descriptor.Key) are admitted as well.
func Reducer() ledger.HeadReducer { return Network{}.Reducer() }

// Reducer admits operations of n.
func (n Network) Reducer() ledger.HeadReducer { return reducer{n} }

// Overrules tells whether an encoded operation is a rotate, recover, cancel or deactivate, which control keys cannot make. A server that
// limits how often a history grows must not count these, or whoever steals control keys could hold them up with updates.
// Nothing is verified.
func Overrules(op []byte) bool {
	o, err := ParseOperation(op)
	return err == nil && (o.Type() == Rotate || o.Type() == Recover || o.Type() == Cancel || o.Type() == Deactivate)
}

type reducer struct{ net Network }

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
	var s *State
	if state != nil {
		if s, err = ParseState(state); err != nil {
			return ledger.Reduced{}, err
		}
	}
	if err := net.check(o, key); err != nil {
		return ledger.Reduced{}, err
	}
	if s, err = Apply(s, o, at); err != nil {
		return ledger.Reduced{}, err
	}
	b, err := s.Bytes()
	return ledger.Reduced{State: b}, err
}
