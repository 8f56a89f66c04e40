package realdid

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger"
)

// A HistoryEntry is one entry of an identifier's history and what became of it.
type HistoryEntry struct {
	Entry     ledger.Entry
	Operation *Operation // nil if the entry does not parse
	Err       error      // why it does not count; nil if it does
	Effective time.Time  // when it takes or took effect; zero if it does not count, or was a recovery that was set aside
}

// History replays an identifier and returns every entry in order, refused ones included. Errors are those of State.
func (m *Method) History(ctx context.Context, d did.DID) ([]HistoryEntry, error) {
	id, err := ParseIdentifier(d)
	if err != nil {
		return nil, err
	}
	r, err := m.replay(ctx, id, func(version) bool { return false }) // in full, because the entries become the caller's
	if err != nil {
		return nil, err
	}
	var out []HistoryEntry
	for _, st := range r.steps {
		h := HistoryEntry{Entry: st.entry, Operation: st.op, Err: st.err}
		for _, v := range r.versions {
			if st.err == nil && v.op == st.op {
				h.Effective = unixTime(v.at)
			}
		}
		if p := r.state.pending; p != nil && p.op == st.op {
			h.Effective = unixTime(p.effective)
		}
		out = append(out, h)
	}
	return out, nil
}

// A Fault is an entry of a ledger that does not count, with the reason.
type Fault struct {
	Entry ledger.Entry
	Err   error
}

// AuditReport is what Audit saw.
type AuditReport struct {
	Entries     uint64
	Identifiers int // with a valid genesis
	Faults      []Fault
	Unchecked   []Fault // imports that nobody who is trusted vouches for: neither valid nor faulty
}

// Audit replays a whole ledger and names every faulty entry: those that Apply refuses, and those whose sequence, index or
// time break the ledger's own order. It keeps the state of every identifier in memory. Entries dated after now are
// faults; a ledger's clock may run ahead of the auditor's by five minutes. An error is the ledger's. For a ledger to which
// identifiers came from others, see AuditFrom.
func Audit(ctx context.Context, f ledger.Follower, net Network, now time.Time) (*AuditReport, error) {
	return AuditFrom(ctx, f, net, nil, now)
}

// AuditFrom is Audit with the ledgers from which identifiers may have come. What followed an import that could not be checked is not
// checked either, and stands beside it in Unchecked.
func AuditFrom(ctx context.Context, f ledger.Follower, net Network, preds Predecessors, now time.Time) (*AuditReport, error) {
	net, err := net.canonical()
	if err != nil {
		return nil, err
	}
	if err := preds.Check(); err != nil {
		return nil, err
	}
	a := &audit{rules: rules{net, preds}, unchecked: map[string]bool{}, horizon: now.Add(maxClockSkew), states: map[string]*State{}, chains: map[string]*descriptorState{}, lengths: map[string]uint64{}}
	return a.run(f.Follow(ctx, 0))
}

const maxClockSkew = 5 * time.Minute

type audit struct {
	rules
	unchecked map[string]bool // keys that begin with such an import
	horizon   time.Time
	states    map[string]*State
	chains    map[string]*descriptorState
	lengths   map[string]uint64 // the next entry of each key
	index     uint64            // the next of the ledger
	last      time.Time
	report    AuditReport
}

func (a *audit) run(entries iter.Seq2[ledger.Entry, error]) (*AuditReport, error) {
	for e, err := range entries {
		if err != nil {
			return nil, err
		}
		order, err := a.order(e), a.apply(e)
		if errors.Is(err, ErrPredecessor) {
			a.report.Unchecked = append(a.report.Unchecked, Fault{e, err})
			err = nil
		}
		if err := errors.Join(order, err); err != nil {
			a.report.Faults = append(a.report.Faults, Fault{e, err})
		}
		a.report.Entries++
	}
	a.report.Identifiers = len(a.states)
	return &a.report, nil
}

// order compares an entry with those before it. It then goes on from the entry, so that one fault is named once; but a
// time in the future does not make faults of the entries after it.
func (a *audit) order(e ledger.Entry) error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, refuse(format, args...)) }
	if want := a.index; e.Anchor.Index != want {
		fault("index: %d, want %d", e.Anchor.Index, want)
	}
	if want := a.lengths[e.Key]; e.Seq != want {
		fault("entry: number %d of its key, want %d", e.Seq, want)
	}
	a.index, a.lengths[e.Key] = e.Anchor.Index+1, e.Seq+1
	if e.Anchor.Time.Nanosecond() != 0 {
		fault("time: not whole seconds")
	}
	switch {
	case e.Anchor.Time.After(a.horizon):
		fault("time: in the future")
	case e.Anchor.Time.Before(a.last):
		fault("time: earlier than an entry before")
	default:
		a.last = e.Anchor.Time
	}
	return errors.Join(faults...)
}

// apply goes on exactly as a resolver does, who sees the entries of one key and not their place in the ledger.
func (a *audit) apply(e ledger.Entry) error {
	if isDescriptorKey(e.Key) {
		s, err := a.net.applyDescriptor(a.chains[e.Key], e.Key, e.Op, e.Anchor)
		if err == nil {
			a.chains[e.Key] = s
		}
		return err
	}
	op, err := ParseOperation(e.Op)
	if err != nil {
		return err
	}
	if err := a.net.check(op, e.Key); err != nil {
		return err
	}
	was := a.states[e.Key]
	s, err := a.preds.Apply(was, op, e.Anchor)
	switch {
	case err == nil:
		a.states[e.Key] = s
		delete(a.unchecked, e.Key)
	case errors.Is(err, ErrPredecessor):
		a.unchecked[e.Key] = a.unchecked[e.Key] || was == nil || was.departed()
	case a.unchecked[e.Key] && (was == nil || was.departed()):
		return unchecked("it follows an import that could not be checked")
	}
	return err
}
