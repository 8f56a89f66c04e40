package realdid

import (
	"context"
	"time"

	"github.com/realdid/realdid/did/ledger"
)

// A version is what the document became by one operation when that took effect.
type version struct {
	op    *Operation
	at    int64
	state *State
}

// A step is one entry of a history with what became of it.
type step struct {
	entry ledger.Entry
	op    *Operation // nil if the entry does not parse
	err   error      // why the entry does not count
}

type replayed struct {
	net      Network
	key      string
	steps    []step
	versions []version
	state    *State // at the time of the replay; nil if no valid genesis stands there
}

// replay folds every entry of key through Apply. An entry that is refused is passed over: on a ledger that does not admit,
// anybody can write such entries, and they must not be able to end a history. An error is the ledger's.
func replay(ctx context.Context, lg ledger.Ledger, net Network, key string, now time.Time) (*replayed, error) {
	r := &replayed{net: net, key: key}
	for e, err := range lg.History(ctx, key, 0) {
		if err != nil {
			return nil, err
		}
		r.add(e)
	}
	if r.state != nil {
		r.advance(now)
	}
	return r, nil
}

func (r *replayed) add(e ledger.Entry) {
	st := step{entry: e}
	st.op, st.err = ParseOperation(e.Op)
	if st.err == nil {
		st.err = r.net.check(st.op, r.key)
	}
	if st.err == nil {
		st.err = r.apply(st.op, e.Anchor)
	}
	r.steps = append(r.steps, st)
}

func (r *replayed) apply(op *Operation, at ledger.Anchor) error {
	next, err := Apply(r.state, op, at)
	if err != nil {
		return err
	}
	if r.state != nil {
		r.advance(at.Time)
	}
	r.state = next
	if op.Type() != Recover { // a recovery becomes a version when it takes effect
		r.versions = append(r.versions, version{op, at.Time.Unix(), next})
	}
	return nil
}

// advance lets a pending recovery take effect if its delay is over at t.
func (r *replayed) advance(t time.Time) {
	p := r.state.pending
	r.state = r.state.At(t)
	if p != nil && r.state.pending == nil {
		r.versions = append(r.versions, version{p.op, p.effective, r.state})
	}
}
