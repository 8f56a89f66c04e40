package realdid

import "github.com/realdid/realdid/keys"

// A role is a part that signatures must fill: signers' weights against a threshold.
type role struct {
	threshold int
	weights   []int // by signer index; 0 plays no part
}

// role gives the set's members the places that they have among signers; nil means that the set is the signers.
func (k KeySet) role(signers []keys.PublicKey) role {
	r := role{k.Threshold, make([]int, max(len(signers), len(k.Keys)))}
	for i, key := range k.Keys {
		place := i
		if signers != nil {
			place, _ = signerOf(signers, key) // ownSigners holds every control key
		}
		r.weights[place] = weightAt(k.Weights, i)
	}
	return r
}

func weightAt(ws []int, i int) int {
	if ws == nil {
		return 1
	}
	return ws[i]
}

// nextRole matches the revealed keys with the commitments of the previous operation.
func (s *State) nextRole(op *Operation) (role, error) {
	return revealRole(s.next, op, func(i int) Digest { return op.shown[i] })
}

func (s *State) recoveryRole(t standingTier, op *Operation) (role, error) {
	return revealRole(t.Keys, op, func(i int) Digest { return s.scid.Suite.CommitRecovery(op.reveal[i].salt, op.reveal[i].key) })
}

func revealRole(c Commitments, op *Operation, digest func(i int) Digest) (role, error) {
	r := role{c.Threshold, make([]int, len(op.newSigners))}
	for i, shown := range op.reveal {
		if shown.index >= len(c.Digests) || digest(i) != c.Digests[shown.index] {
			return role{}, refuse("reveal: key %d is not the one committed to", shown.index)
		}
		r.weights[i] = weightAt(c.Weights, shown.index)
	}
	return r, nil
}

// verify checks every signature, whatever the roles need, and then that each role reaches its threshold.
func (op *Operation) verify(signers []keys.PublicKey, roles ...role) error {
	input := signingInput(op.payload)
	sums := make([]int, len(roles))
	for _, sig := range op.signatures {
		if sig.Signer >= uint64(len(signers)) {
			return refuse("signature: no signer %d", sig.Signer)
		}
		if err := op.seen.verify(signers[sig.Signer], input, sig.Signature); err != nil {
			return refuse("signature: signer %d: %v", sig.Signer, err)
		}
		for i, r := range roles {
			sums[i] += r.weights[sig.Signer]
		}
	}
	for i, r := range roles {
		if r.threshold < 1 || sums[i] < r.threshold {
			return refuse("signature: weight %d, threshold %d", sums[i], r.threshold)
		}
	}
	return nil
}
