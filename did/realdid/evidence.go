package realdid

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
)

// ErrContradiction says that a ledger proves another history than it shows. One of the two is false, so there is no answer.
var ErrContradiction = errors.New("realdid: the ledger contradicts itself")

// errMoved says that the ledger proves operations that came in after its history was read.
var errMoved = fmt.Errorf("%w: it proves operations that its history lacks", ErrContradiction)

// looks is how often a history is read again because operations came in between it and its proof.
const looks = 4

// provePatience is how long a ledger may take to show what it proved last. One that has proven nothing yet waits for its first
// proof, and an answer must not.
const provePatience = 3 * time.Second

// look replays the history and, on a ledger that can prove what it says, checks its proof. covered asks for a proof of the
// newest operation and waits for that; else whatever the ledger proved last is taken. genesis stands in for a history that
// the ledger does not have. The state is as of the evidence.
func (m *Method) look(ctx context.Context, id Identifier, want func(version) bool, genesis *replayed, covered bool) (*replayed, did.Evidence, error) {
	var err error
	for range looks {
		var r *replayed
		if r, err = m.history(ctx, id, want); err != nil && !errors.Is(err, ErrNotFound) {
			return nil, did.Evidence{}, err
		}
		if err == nil && m.final != nil {
			return nil, did.Evidence{}, m.final.moved(id)
		}
		var vh *proof.VerifiedHead
		if err == nil || genesis != nil {
			entries := uint64(0)
			if covered {
				entries = r.covering()
			}
			net := m.net
			if r == nil {
				net = genesis.state.net
			}
			vh, err = m.proven(ctx, net, id.Key(), entries)
			if _, back := errors.AsType[*RollbackError](err); back { // somebody else saw a newer checkpoint meanwhile
				continue
			}
			if err != nil {
				return nil, did.Evidence{}, err
			}
		}
		if err = r.agrees(vh); errors.Is(err, errMoved) {
			continue
		} else if err != nil {
			return nil, did.Evidence{}, err
		}
		if r == nil && genesis == nil {
			return nil, did.Evidence{}, ErrNotFound
		}
		ev := m.evidence(r, vh)
		if r == nil {
			return genesis, ev, nil
		}
		if ev.Latest {
			r.advance(ev.AsOf)
		} else {
			r.advance(m.clock())
		}
		return r, ev, nil
	}
	return nil, did.Evidence{}, err
}

// evidence says what an answer from r rests on. r is nil for a long form that the ledger does not have.
func (m *Method) evidence(r *replayed, vh *proof.VerifiedHead) did.Evidence {
	ev := did.Evidence{
		Replayed: !r.partial(), GenesisOnly: r == nil, OperatorTime: r != nil, AsOf: m.clock().UTC().Truncate(time.Second),
	}
	if vh != nil {
		r.prove(&ev, vh)
	}
	return ev
}

// proven asks the ledger for a proof of what stands at a key and verifies it. It is nil if the ledger cannot
// prove, cannot prove now, lacks cosigners now, proves what came after its end, or is not the one of net, and if no trust was given. Errors: the context's; ErrContradiction for a
// proof that is none; those of Memory; those of a HeadVerifier that could not check.
func (m *Method) proven(ctx context.Context, net Network, key string, entries uint64) (*proof.VerifiedHead, error) {
	p, ok := m.ledger.(ledger.Prover)
	if !ok || m.trust == nil && m.heads == nil || net != m.net {
		return nil, nil
	}
	asking := ctx
	if entries == 0 {
		var cancel context.CancelFunc
		asking, cancel = context.WithTimeout(ctx, provePatience)
		defer cancel()
	}
	b, err := p.Prove(asking, key, entries)
	if err != nil {
		return nil, ctx.Err()
	}
	var vh *proof.VerifiedHead
	if m.heads != nil {
		vh, err = verifyHead(m.heads, key, b, m.clock())
		if err != nil && !errors.Is(err, proof.ErrInvalid) {
			return nil, err
		}
	} else {
		vh, err = verifyLatest(&m.recent, m.trust, b, key, m.clock())
	}
	if errors.Is(err, proof.ErrQuorum) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrContradiction, err)
	}
	if m.final != nil && m.final.cutsOff(vh) { // nothing counts that it says since
		return nil, nil
	}
	if m.memory != nil {
		if err := m.memory.See(vh.Checkpoint, vh.AsOf, 0); err != nil {
			return nil, err
		}
	}
	return vh, nil
}

func verifyLatest(r *proof.Recent, t *proof.Trust, b []byte, key string, now time.Time) (*proof.VerifiedHead, error) {
	l, err := proof.ParseLatest(b)
	if err != nil {
		return nil, err
	}
	return r.Verify(l, t, key, now)
}

// covering returns how many entries of the ledger a proof must cover to cover the newest operation.
func (r *replayed) covering() uint64 {
	if r == nil || len(r.places) == 0 {
		return 0
	}
	return r.places[len(r.places)-1].index + 1
}

// covered returns how many of the valid operations stand among the entries that the proof's epoch covers.
func (r *replayed) covered(vh *proof.VerifiedHead) int {
	n := 0
	for r != nil && n < len(r.places) && r.places[n].index < vh.Epoch.Entries {
		n++
	}
	return n
}

// agrees compares what a proof says with the history, as far as the proof covers it: a ledger that others watch commits to one
// history, and must not show another to somebody. Errors are ErrContradiction, one of which is errMoved. r must not have been
// advanced, and is nil if there is no history.
func (r *replayed) agrees(vh *proof.VerifiedHead) error {
	if vh == nil {
		return nil
	}
	n := r.covered(vh)
	var last place
	if n > 0 {
		last = r.places[n-1]
	}
	if vh.Head == nil {
		if n > 0 {
			return fmt.Errorf("%w: it proves that the identifier has no operation", ErrContradiction)
		}
		return nil
	}
	h, err := ParseHead(vh.Head)
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrContradiction, err)
	case n == 0 || h.Seq > last.seq:
		return errMoved
	case h.Seq < last.seq:
		return fmt.Errorf("%w: it proves fewer operations than its history has", ErrContradiction)
	case h.History != last.history && n == len(r.places) && r.state.departed() && h.Status != StatusMoved:
		return errMoved // it came back: an import takes no place
	case h.History != last.history:
		return fmt.Errorf("%w: it proves other operations, or others' places, than its history has", ErrContradiction)
	}
	if n == len(r.places) {
		own, err := r.state.HeadRecord()
		if err != nil {
			return err
		}
		if *own != *h {
			return fmt.Errorf("%w: its head record does not follow from the history", ErrContradiction)
		}
	}
	return nil
}

// prove adds what a proof shows about r, with which it agrees; r is nil if there is no history.
func (r *replayed) prove(ev *did.Evidence, vh *proof.VerifiedHead) {
	switch {
	case r == nil && vh.Absent:
		ev.Absent = true
	case r != nil && vh.Latest && r.covered(vh) == len(r.places):
		ev.Latest, ev.Included, ev.OperatorTime = true, true, false
	default:
		return
	}
	ev.AsOf, ev.Cosigners = vh.AsOf, cosigners(vh)
}

func cosigners(vh *proof.VerifiedHead) []did.Cosigner {
	out := make([]did.Cosigner, 0, len(vh.Checkpoint.Cosigned)+len(vh.Validators))
	for _, c := range vh.Checkpoint.Cosigned {
		out = append(out, did.Cosigner{Name: c.Key.Name(), Role: c.Role.String(), Time: c.Time})
	}
	for _, v := range vh.Validators {
		out = append(out, did.Cosigner{Name: v.Name, Role: "validator", Time: v.Time})
	}
	return out
}
