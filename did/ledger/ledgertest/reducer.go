package ledgertest

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/realdid/realdid/did/ledger"
)

// ErrRefused is what [Reducer] refuses with.
var ErrRefused = errors.New("ledgertest: refused")

// Reducer is a toy that accepts an operation only if it names the state that it is given, so that a ledger that hands
// it another state, or another key's, is found out. Its state names key, number and anchor of the last entry and a
// digest of all before, so that a ledger that reduces with another anchor than it stores is found out as well.
//
// Operations are made by [Op]. One whose payload begins with "refuse" is refused.
type Reducer struct{}

// Op returns the operation that adds payload to a key in the given state, nil for a new key.
func Op(state []byte, payload string) []byte {
	return fmt.Appendf(nil, "%s|%s", name(state), payload)
}

func name(state []byte) string {
	if state == nil {
		return "new"
	}
	return fmt.Sprintf("%x", sha256.Sum256(state))[:16]
}

// Reduce implements [ledger.Reducer].
func (Reducer) Reduce(key string, state, op []byte, at ledger.Anchor) (ledger.Reduced, error) {
	named, payload, ok := bytes.Cut(op, []byte("|"))
	if !ok || string(named) != name(state) {
		return ledger.Reduced{}, fmt.Errorf("%w: the operation is for state %s, and this is %s", ErrRefused, named, name(state))
	}
	if bytes.HasPrefix(payload, []byte("refuse")) {
		return ledger.Reduced{}, fmt.Errorf("%w: as it asks for", ErrRefused)
	}
	if bytes.HasPrefix(payload, []byte("huge")) {
		return ledger.Reduced{State: make([]byte, ledger.MaxStateSize+1)}, nil
	}
	if bytes.HasPrefix(payload, []byte("empty")) {
		return ledger.Reduced{}, nil
	}
	digest := sha256.Sum256(append(bytes.Clone(state), op...))
	return ledger.Reduced{State: fmt.Appendf(nil, "%s %d %d %x", key, at.Index, at.Time.Unix(), digest)}, nil
}
