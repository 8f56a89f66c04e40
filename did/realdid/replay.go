package realdid

import (
	"context"
	"errors"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger"
)

// A version is what the document became by one operation when that took effect.
type version struct {
	versionRef
	op *Operation // nil if only a state was seen
}

func (v version) id() string { return versionID(v.versionRef.id) }

// A place is where a valid operation stands on the ledger, with the history root after it.
type place struct {
	index   uint64
	seq     uint64 // an import takes none: it has that of the state that it carries
	history Digest
}

// rules are what a history is judged by.
type rules struct {
	net   Network
	preds Predecessors
}

// A step is one entry of a history with what became of it.
type step struct {
	entry ledger.Entry
	op    *Operation // nil if the entry does not parse
	err   error      // why the entry does not count
}

// An absence is the time from a departure to a return, of which this ledger knows nothing.
type absence struct {
	left  int64 // when the identifier departed
	first int   // the version with which it came back
}

// An imported is a state that a former ledger vouched for, which shows that the identifier lives there no more.
type imported struct {
	from string
	seq  uint64
	at   time.Time // when it was imported
}

type replayed struct {
	rules
	key      string
	steps    []step
	places   []place // of the valid operations
	versions []version
	absences []absence
	imports  []imported
	anchored []did.Anchored // the roots of valid anchors, in their order
	grown    bool           // by the last replayFrom
	state    *State         // at the time of the replay; nil if no valid genesis stands there

	unchecked error  // why an import was not, if nothing lives here: the answer is not that nothing does
	imported  Digest // history root of the state that the last import carried
	from      string // former home of that
	ended     int64  // its last epoch, if it is because of its end that the identifier came
	opens     bool   // that import is the first valid entry
	whole     bool   // what came before it was replayed as well

	// States of the past are not kept, because each holds all keys that were ever used: only that of the last version
	// that want picks.
	want   func(version) bool
	picked int
	past   *State // nil if want picked none
}

// replay folds every entry of key through Apply. An entry that is refused is passed over: on a ledger that does not admit,
// anybody can write such entries, and they must not be able to end a history. The state is that after the last entry. An
// error is the ledger's.
func replay(ctx context.Context, lg ledger.Ledger, by rules, key string, want func(version) bool) (*replayed, error) {
	return replayFrom(ctx, nil, lg, by, key, want)
}

// replayFrom goes on from a replay that ended at an earlier entry, if r is not nil.
func replayFrom(ctx context.Context, r *replayed, lg ledger.Ledger, by rules, key string, want func(version) bool) (*replayed, error) {
	if r == nil {
		r = &replayed{rules: by, key: key, want: want}
	}
	r.grown = false
	for e, err := range lg.History(ctx, key, uint64(len(r.steps))) {
		if err != nil {
			return nil, err
		}
		r.add(e)
		r.grown = true
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
	switch {
	case st.err == nil: // a genesis that was made for this ledger shows that what claims to be an import is none
		r.unchecked = nil
	case r.homeless() && errors.Is(st.err, ErrPredecessor):
		r.unchecked = st.err
	}
	r.steps = append(r.steps, st)
}

// homeless tells whether an import is what comes next: the identifier is not here, or not any more.
func (r *replayed) homeless() bool { return r.state == nil || r.state.departed() }

func (r *replayed) apply(op *Operation, at ledger.Anchor) error {
	next, err := r.preds.Apply(r.state, op, at)
	if err != nil {
		return err
	}
	if r.state != nil {
		r.advance(at.Time)
	}
	if op.Type() == Import {
		was, err := op.carried()
		if err != nil {
			return err
		}
		if r.state != nil {
			r.absences = append(r.absences, absence{r.state.time, len(r.versions)})
		}
		r.imports = append(r.imports, imported{was.net.Home, was.seq, at.Time})
		r.imported, r.from, r.opens, r.ended = was.history, was.net.Home, len(r.places) == 0, next.arrived.ended
	}
	r.state, r.places = next, append(r.places, place{at.Index, next.seq, next.history})
	if root, ok := op.Root(); ok {
		r.anchored = append(r.anchored, did.Anchored{Root: root, Seq: next.seq, Time: unixTime(next.time)})
	}
	if op.Type() != Recover { // a recovery becomes a version when it takes effect
		r.become(op, next.version())
	}
	return nil
}

// advance lets a pending recovery take effect if its delay is over at t.
func (r *replayed) advance(t time.Time) {
	p := r.state.pending
	r.state = r.state.At(t)
	if p != nil && r.state.pending == nil {
		r.become(p.op, r.state.version())
	}
}

// partial tells whether part of the history is the word of those who vouch for a former ledger.
func (r *replayed) partial() bool {
	return r != nil && r.state != nil && r.state.arrived != nil && !r.whole
}

// become records that the state is a new version.
func (r *replayed) become(op *Operation, ref versionRef) {
	v := version{ref, op}
	if r.want != nil && r.want(v) {
		r.picked, r.past = len(r.versions), r.state
	}
	r.versions = append(r.versions, v)
}
