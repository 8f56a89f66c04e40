package realdid

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/keys"
)

// ErrConflict says that somebody else's operation took the place; look at the new state and decide again.
var ErrConflict = errors.New("realdid: conflict")

// ErrNotFound says that the ledger holds no valid genesis for the identifier. It is final as of the moment asked.
var ErrNotFound = errors.New("realdid: no such identifier on this ledger")

// A Method writes and resolves identifiers on one ledger. It is safe for concurrent use and implements did.Resolver.
type Method struct {
	ledger ledger.Ledger
	net    Network
	clock  func() time.Time
	trust  *proof.Trust
	heads  HeadVerifier // in its place
	memory *Memory
	preds  Predecessors
	final  *Final
	recent proof.Recent // under trust
	kept   kept
}

// Options of New. The zero value is the main network and the system clock.
type Options struct {
	Network Network
	Clock   func() time.Time // what "now" is when pending recoveries are judged; give the ledger the same

	// Trust says who vouches for the ledger, if it can prove what it says (ledger.Prover): answers then have the evidence of
	// its proofs. nil: proofs are not looked at.
	Trust  *proof.Trust
	Memory *Memory // of the ledger's checkpoints; nil: none. It needs Trust

	// Heads stands in place of Trust for a ledger whose proofs have a format of their own, as those of a chain.
	Heads HeadVerifier

	// Predecessors are the ledgers from which identifiers may have come to this one, those of the past included. What came from
	// another one cannot be resolved (ErrPredecessor).
	Predecessors Predecessors

	// Final is set for a ledger that has ended: everything on it is *MovedError, to its successor.
	Final *Final

	// KeepBytes is how much memory, about, histories may take that were replayed and checked, so that when they are asked for
	// again only what is new is. For servers; 0 keeps none. A ledger that later shows another past is then not noticed for as
	// long as the one that was checked is kept: that one goes on to count.
	KeepBytes int
}

// New returns the method on lg. Without a ledger (nil) it resolves long forms and nothing else. Errors are ErrIdentifier,
// for a network or predecessor whose names are none, and proof.ErrTrust, for a Trust that is unusable or given beside Heads.
func New(lg ledger.Ledger, opt *Options) (*Method, error) {
	m := &Method{ledger: lg, clock: time.Now}
	if opt != nil {
		var err error
		if m.net, err = opt.Network.canonical(); err != nil {
			return nil, err
		}
		if opt.Clock != nil {
			m.clock = opt.Clock
		}
		if m.heads = opt.Heads; m.heads != nil {
			if err := checkHeads(opt.Trust, m.heads); err != nil {
				return nil, err
			}
		}
		if err := opt.Predecessors.Check(); err != nil {
			return nil, err
		}
		m.preds, m.final = opt.Predecessors, opt.Final
		m.kept.half = max(opt.KeepBytes, 0) / 2
		if m.trust, m.memory = opt.Trust, opt.Memory; m.trust != nil || m.memory != nil && m.heads == nil {
			if err := m.trust.Check(); err != nil {
				return nil, err
			}
		}
	}
	return m, nil
}

// A Result is an operation that the ledger holds, with the state after it.
type Result struct {
	DID       did.DID // short form
	Operation *Operation
	Anchor    ledger.Anchor
	State     *State
}

// State replays the identifier's history and returns its state now; of one that has moved away, the last (State.Migration). Errors:
// ErrIdentifier; ErrNotFound; ErrPredecessor, if it came from a ledger that is not trusted; *MovedError, if the ledger has ended; anything
// else is the ledger's and may be retried.
func (m *Method) State(ctx context.Context, d did.DID) (*State, error) {
	id, err := ParseIdentifier(d)
	if err != nil {
		return nil, err
	}
	r, err := m.replay(ctx, id, nil)
	if err == nil && m.final != nil {
		return nil, m.final.moved(id)
	}
	if err != nil {
		return nil, err
	}
	return r.state, nil
}

// replay goes on to the present, by the clock of m.
func (m *Method) replay(ctx context.Context, id Identifier, want func(version) bool) (*replayed, error) {
	r, err := m.history(ctx, id, want)
	if err == nil {
		r.advance(m.clock())
	}
	return r, err
}

// history goes on to the last operation. The result is nil if there is an error.
func (m *Method) history(ctx context.Context, id Identifier, want func(version) bool) (*replayed, error) {
	if m.ledger == nil || id.Domain != m.net.Domain {
		return nil, ErrNotFound
	}
	var before *replayed
	if want == nil {
		before = m.kept.get(id.Key())
	}
	r, err := replayFrom(ctx, before, m.ledger, m.rules(), id.Key(), want)
	if err != nil {
		return nil, fmt.Errorf("realdid: history: %w", err)
	}
	if r.homeless() && r.unchecked != nil {
		return nil, r.unchecked
	}
	if r.state == nil {
		return nil, ErrNotFound
	}
	if want == nil && (before == nil || r.grown) {
		m.kept.put(r)
	}
	return r, nil
}

func (m *Method) rules() rules { return rules{m.net, m.preds} }

// maxTries is how often Submit tries again while others keep taking the place on the ledger.
const maxTries = 16

// Submit appends an operation after checking it against the present state. Submitting an operation again, whoever signed
// it, succeeds. Errors: ErrOperation (final); ErrConflict; ErrPredecessor; *MovedError, if the identifier or all that was here has moved; anything else is the ledger's and may be retried.
func (m *Method) Submit(ctx context.Context, op *Operation) (*Result, error) {
	if m.ledger == nil {
		return nil, fmt.Errorf("%w: no ledger to submit to", ErrNotFound)
	}
	if err := m.net.check(op, op.Identifier().Key()); err != nil {
		return nil, err
	}
	if m.final != nil {
		return nil, m.final.moved(op.Identifier())
	}
	for try := 1; ; try++ {
		r, err := m.submit(ctx, op)
		if err == nil || try == maxTries || !errors.Is(err, ledger.ErrConflict) {
			return r, err
		}
	}
}

// submit is one try. It is ledger.ErrConflict besides ErrConflict if the operation may still follow what took its place.
func (m *Method) submit(ctx context.Context, op *Operation) (*Result, error) {
	key := op.Identifier().Key()
	r, err := replay(ctx, m.ledger, m.rules(), key, nil)
	if err != nil {
		return nil, fmt.Errorf("realdid: history: %w", err)
	}
	for _, st := range r.steps {
		if st.err == nil && st.op.same(op) {
			return m.result(op, st.entry, r.state.At(m.clock())), nil
		}
	}
	expected, last := m.clock().UTC().Truncate(time.Second), time.Unix(0, 0).UTC()
	var before Digest
	if r.homeless() && r.unchecked != nil && op.Type() != Create && op.Type() != Import {
		return nil, r.unchecked
	}
	if r.state != nil {
		if moved := r.state.moved(); moved != nil && op.Type() != Import {
			return nil, moved
		}
		before = r.state.history
		if op.Type() != Import && op.Type() != Create && op.Seq() <= r.state.seq && !r.state.follows(op) {
			return nil, fmt.Errorf("%w: sequence %d holds another operation", ErrConflict, op.Seq())
		}
		last = time.Unix(r.state.time, 0).UTC()
	}
	s, err := m.preds.Apply(r.state, op, ledger.Anchor{Time: expected})
	if err != nil && op.Type() == Import {
		return nil, err
	}
	if err != nil { // the clock here may be ahead of the ledger's or behind it: that is no fault of the operation
		expected = last
		if s, err = m.preds.Apply(r.state, op, ledger.Anchor{Time: expected}); err != nil {
			return nil, err
		}
	}
	e, err := m.ledger.Append(ctx, key, uint64(len(r.steps)), op.raw)
	if conflict, ok := errors.AsType[*ledger.ConflictError](err); ok {
		if other, perr := ParseOperation(conflict.Entry.Op); perr != nil || !other.same(op) {
			return nil, fmt.Errorf("%w: another operation took the place: %w", ErrConflict, err)
		}
		e, err = conflict.Entry, nil
	}
	if err != nil {
		return nil, fmt.Errorf("realdid: append: %w", err)
	}
	if op.Type() == Import { // what stands there may be another's import of the same
		stands, err := ParseOperation(e.Op)
		if err == nil {
			s, err = m.preds.Apply(r.state, stands, e.Anchor)
		}
		if err != nil {
			return nil, err
		}
		return m.result(op, e, s), nil
	}
	if !e.Anchor.Time.Equal(expected) { // only the time of the anchor can change what is valid
		if s, err = Apply(r.state, op, e.Anchor); err != nil {
			return nil, err
		}
	}
	s.history = op.scid.Suite.foldHistory(before, op.id, e.Anchor) // the index was not known; s is nobody else's yet
	return m.result(op, e, s), nil
}

func (m *Method) result(op *Operation, e ledger.Entry, s *State) *Result {
	if !bytes.Equal(e.Op, op.raw) { // the same payload with other signatures stands there
		if stands, err := ParseOperation(e.Op); err == nil {
			op = stands
		}
	}
	return &Result{DID: op.Identifier().Short(), Operation: op, Anchor: e.Anchor, State: s}
}

func (m *Method) finish(ctx context.Context, d *Draft, err error, signers []keys.Signer) (*Result, error) {
	if err != nil {
		return nil, err
	}
	if err := d.Sign(ctx, signers...); err != nil {
		return nil, err
	}
	op, err := d.Operation()
	if err != nil {
		return nil, err
	}
	return m.Submit(ctx, op)
}

// Create makes an identifier, signed by the control keys, and registers it.
func (m *Method) Create(ctx context.Context, req *CreateRequest, signers ...keys.Signer) (*Result, error) {
	r := *req
	if r.Network == (Network{}) {
		r.Network = m.net
	}
	d, err := DraftCreate(&r)
	return m.finish(ctx, d, err, signers)
}

// draft replays id and calls f with its state now.
func (m *Method) draft(ctx context.Context, id did.DID, signers []keys.Signer, f func(*State) (*Draft, error)) (*Result, error) {
	s, err := m.State(ctx, id)
	if err != nil {
		return nil, err
	}
	d, err := f(s)
	return m.finish(ctx, d, err, signers)
}

// Update puts doc in place of the document, signed by the control keys.
func (m *Method) Update(ctx context.Context, id did.DID, doc Content, signers ...keys.Signer) (*Result, error) {
	return m.draft(ctx, id, signers, func(s *State) (*Draft, error) { return s.DraftUpdate(doc) })
}

// Anchor commits the history to a 32-byte root, signed by the control keys.
func (m *Method) Anchor(ctx context.Context, id did.DID, root Digest, signers ...keys.Signer) (*Result, error) {
	return m.draft(ctx, id, signers, func(s *State) (*Draft, error) { return s.DraftAnchor(root) })
}

// Rotate changes keys, signed by the revealed next keys and the new control keys. If an update or anchor comes in between,
// it signs again so as to overtake: a thief of control keys cannot outpace it.
func (m *Method) Rotate(ctx context.Context, id did.DID, req *RotateRequest, signers ...keys.Signer) (*Result, error) {
	return m.overtaking(ctx, id, signers, func(s *State, overtake bool) (*Draft, error) {
		r := *req
		r.Overtake = r.Overtake || overtake
		return s.DraftRotate(&r)
	})
}

// Recover files a recovery, signed by a tier's keys and the new control keys. If an update, anchor or rotation comes in
// between, it signs again so as to overtake.
func (m *Method) Recover(ctx context.Context, id did.DID, req *RecoverRequest, signers ...keys.Signer) (*Result, error) {
	return m.overtaking(ctx, id, signers, func(s *State, overtake bool) (*Draft, error) {
		r := *req
		r.Overtake = r.Overtake || overtake
		return s.DraftRecover(&r)
	})
}

// overtaking submits what f drafts on the state now; if another operation takes the place, f drafts it on the same state
// again, to overtake that one if the rules let it.
func (m *Method) overtaking(ctx context.Context, id did.DID, signers []keys.Signer, f func(*State, bool) (*Draft, error)) (*Result, error) {
	s, err := m.State(ctx, id)
	if err != nil {
		return nil, err
	}
	d, err := f(s, false)
	r, err := m.finish(ctx, d, err, signers)
	if errors.Is(err, ErrConflict) {
		d, err = f(s, true)
		r, err = m.finish(ctx, d, err, signers)
	}
	return r, err
}

// CancelByNext cancels a vetoable recovery with the committed next keys.
func (m *Method) CancelByNext(ctx context.Context, id did.DID, reveal []keys.PublicKey, next Commitments, singleSecret bool, signers ...keys.Signer) (*Result, error) {
	return m.draft(ctx, id, signers, func(s *State) (*Draft, error) { return s.DraftCancelByNext(reveal, next, singleSecret) })
}

// CancelByTier cancels the pending recovery with a tier above it.
func (m *Method) CancelByTier(ctx context.Context, id did.DID, reveal []RecoveryKey, signers ...keys.Signer) (*Result, error) {
	return m.draft(ctx, id, signers, func(s *State) (*Draft, error) { return s.DraftCancelByTier(reveal) })
}

// Deactivate ends the identifier, signed by the committed next keys.
func (m *Method) Deactivate(ctx context.Context, id did.DID, reveal []keys.PublicKey, signers ...keys.Signer) (*Result, error) {
	return m.draft(ctx, id, signers, func(s *State) (*Draft, error) { return s.DraftDeactivate(reveal) })
}
