package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base32"
	"strings"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/realdid"
)

// fillers stand for identities that nobody asks for: entries, states and head records as large as real ones and as random, without
// signatures, which take longer to make and to check than all the rest. It is the reducer of a ledger that has both.
type fillers struct {
	ledger.HeadReducer // of what is real
	key                int
	op, state, head    []byte
}

const fillerMark = "filler"

func isFiller(key string) bool { return strings.HasPrefix(key, fillerMark) }

// newFillers takes the sizes from a create of h.
func newFillers(h *holder) (*fillers, error) {
	op, err := h.create(context.Background())
	if err != nil {
		return nil, err
	}
	f := &fillers{HeadReducer: realdid.Reducer(), op: op.Bytes()}
	key := op.Identifier().Key()
	f.key = len(key)
	r, err := f.HeadReducer.Reduce(key, nil, f.op, ledger.Anchor{Time: time.Now().UTC().Truncate(time.Second)})
	if err != nil {
		return nil, err
	}
	f.state = r.State
	f.head, err = f.HeadReducer.Head(key, r.State)
	return f, err
}

// entry makes one, without an anchor.
func (f *fillers) entry() ledger.Entry {
	var b [64]byte
	_, _ = rand.Read(b[:])
	key := fillerMark + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:]))
	op := bytes.Clone(f.op)
	copy(op, b[:])
	return ledger.Entry{Key: key[:f.key], Op: op}
}

// Reduce implements [ledger.Reducer].
func (f *fillers) Reduce(key string, state, op []byte, at ledger.Anchor) (ledger.Reduced, error) {
	if !isFiller(key) {
		return f.HeadReducer.Reduce(key, state, op, at)
	}
	return ledger.Reduced{State: append(bytes.Clone(op[:32]), f.state[32:]...)}, nil
}

// Head implements [ledger.HeadReducer].
func (f *fillers) Head(key string, state []byte) ([]byte, error) {
	if !isFiller(key) {
		return f.HeadReducer.Head(key, state)
	}
	return append(bytes.Clone(state[:32]), f.head[32:]...), nil
}
