package realdid

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
)

// ErrPredecessor says that an import could not be checked, because nobody who is trusted as the former home ledger vouches for it. It is
// neither valid nor invalid: with other Predecessors it can be either.
var ErrPredecessor = errors.New("realdid: predecessor")

func unchecked(format string, a ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrPredecessor}, a...)...)
}

// Predecessors are the ledgers of a trust domain from which identifiers may come. There may be several of one home, as policies change:
// an import counts if one of them vouches for it. The empty list admits no import.
type Predecessors []Predecessor

// A Predecessor says who vouches for what stood on a former home ledger: Trust, with witnesses and auditors, or Heads.
type Predecessor struct {
	Home  string // its name in the trust domain
	Trust *proof.Trust
	Heads HeadVerifier

	// Until is the last anchor time of imports that this counts for; zero: no end. Set it once cosigners were replaced, and keep the entry,
	// so that what was imported is understood for ever, and keys that are lost later import nothing.
	Until time.Time

	// Final is set once the ledger has ended.
	Final *Final
}

// Final says how a ledger ended: what came after its final checkpoint does not count, and identifiers that had not departed go on at
// Successor.
type Final struct {
	Size      uint64     // of the final checkpoint
	Root      proof.Hash // of it
	Successor string     // home ledger; empty: none, main is written
}

// Check returns ErrIdentifier for a name that is none, and proof.ErrTrust for a Trust that is unusable or given beside Heads.
func (ps Predecessors) Check() error {
	for i := range ps {
		p := &ps[i]
		err := p.check()
		if err == nil && p.Final != nil {
			_, err = Network{Home: p.Final.Successor}.canonical()
		}
		if err != nil {
			return fmt.Errorf("realdid: predecessor %q: %w", p.Home, err)
		}
	}
	return nil
}

func (p *Predecessor) check() error {
	if _, err := (Network{Home: p.Home}).canonical(); err != nil {
		return err
	}
	if p.Heads != nil {
		return checkHeads(p.Trust, p.Heads)
	}
	return p.Trust.Check()
}

func (p *Predecessor) of(home string, at time.Time) bool {
	return homeName(p.Home) == homeName(home) && (p.Until.IsZero() || !at.After(p.Until))
}

// applyImport is Apply for an import (SPEC.md section 6.10).
func (ps Predecessors) applyImport(s *State, op *Operation, at ledger.Anchor) (*State, error) {
	w := &op.wire
	was, err := op.carried()
	if err != nil {
		return nil, err
	}
	switch now := at.Time.Unix(); {
	case s != nil && s.scid != op.scid:
		return nil, refuse("import: of another identifier")
	case s != nil && (s.net != Network{w.Domain, w.Home} || now < s.time):
		return nil, refuse("import: to another ledger, or anchored before its predecessor")
	case s != nil && !s.departed():
		return nil, refuse("import: the identifier is on this ledger")
	case s != nil && was.seq < s.seq:
		return nil, refuse("import: of a state from before the identifier departed from here")
	case now < was.time:
		return nil, refuse("import: anchored before the state that it carries")
	case was.departed() && was.migration.to != w.Home:
		return nil, refuse("import: the identifier has moved to another ledger")
	}
	var refused, unsure error
	for i := range ps {
		if !ps[i].of(w.From, at.Time) {
			continue
		}
		final, err := ps[i].vouches(was, op, at.Time)
		switch {
		case err == nil:
			return was.arrive(op, at, final), nil
		case errors.Is(err, ErrPredecessor):
			unsure = err
		default:
			refused = err
		}
	}
	if unsure == nil && refused == nil {
		unsure = unchecked("nobody is trusted as the ledger %q", homeName(w.From))
	}
	return nil, cmp.Or(unsure, refused) // what one cannot read may be of another's kind
}

// carried returns the state that an import carries, which is that of its identifier on its former home ledger.
func (op *Operation) carried() (*State, error) {
	s, err := ParseState(op.wire.State)
	if err != nil {
		return nil, refuse("import: %w", err)
	}
	if s.scid != op.scid || s.net != (Network{op.wire.Domain, op.wire.From}) {
		return nil, refuse("import: the state is of another identifier or ledger")
	}
	return s, nil
}

// vouches returns nil if p proves that was is the newest state, from which the identifier may go on at the ledger of op. If that is because
// p has ended, final is the time of its last epoch, and else -1. Errors are ErrOperation for what is wrong whomever one trusts, and ErrPredecessor.
func (p *Predecessor) vouches(was *State, op *Operation, now time.Time) (final int64, err error) {
	key := op.Identifier().Key()
	vh, err := p.verify(key, op.wire.Proof, now)
	if err != nil {
		return 0, err
	}
	h, err := ParseHead(vh.Head)
	if err != nil || *was.headOf(op.wire.State) != *h {
		return 0, refuse("import: the proof is not of the state (%v)", err)
	}
	if vh.Epoch.Time < was.time {
		return 0, refuse("import: the proof is from before the state")
	}
	if !vh.Latest {
		return 0, unchecked("no witness or no auditor vouches for the ledger %q", homeName(p.Home))
	}
	if p.Final != nil && p.Final.cutsOff(vh) {
		return 0, unchecked("the ledger %q had ended before, or otherwise", homeName(p.Home))
	}
	if was.departed() {
		return -1, nil
	}
	if p.Final == nil || vh.Checkpoint.Size != p.Final.Size || p.Final.Successor == "" || homeName(p.Final.Successor) != homeName(op.wire.Home) {
		return 0, unchecked("the identifier has not departed, and the ledger %q has not ended there, or is not succeeded by this one", homeName(p.Home))
	}
	if now.Unix() < vh.Epoch.Time {
		return 0, refuse("import: anchored before the end of the former ledger")
	}
	return vh.Epoch.Time, nil
}

// verify checks a proof. What does not hold together is ErrOperation; what the wrong people signed, ErrPredecessor.
func (p *Predecessor) verify(key string, b []byte, now time.Time) (*proof.VerifiedHead, error) {
	if p.Heads != nil {
		vh, err := verifyHead(p.Heads, key, b, now)
		if err != nil {
			return nil, unchecked("%w", err)
		}
		return vh, nil
	}
	l, err := proof.ParseLatest(b)
	if err == nil {
		err = holdsTogether(l, key)
	}
	if err != nil {
		return nil, refuse("import: %w", err)
	}
	vh, err := l.Verify(p.Trust, key, now)
	if err != nil {
		return nil, unchecked("%w", err)
	}
	return vh, nil
}

// holdsTogether checks all hashes of a proof, whoever signed it.
func holdsTogether(l *proof.Latest, key string) error {
	if l.Head == nil {
		return errors.New("the proof is that nothing stands there")
	}
	if err := l.Map.VerifyPresent(l.Epoch.MapRoot, proof.MapPath(key), l.Head); err != nil {
		return err
	}
	n, err := proof.ParseNote(l.Checkpoint)
	if err != nil {
		return err
	}
	cp, err := proof.ParseCheckpoint(n.Text)
	if err != nil {
		return err
	}
	if cp.Size == 0 || l.Epoch.Size != cp.Size-1 {
		return errors.New("the epoch is not of the checkpoint's size")
	}
	return proof.VerifyInclusion(cp.Size-1, cp.Size, proof.LeafHash(l.Epoch.Append(nil)), l.EpochPath, cp.Root)
}

// arrive returns the state on the new ledger. final is -1, or when the former one ended without a departure: operations after that are
// cut off, a cancel perhaps among them, so that what waits gets its time again.
func (s *State) arrive(op *Operation, at ledger.Anchor, final int64) *State {
	now := at.Time.Unix()
	more := now - s.time
	if final >= 0 {
		s = s.At(time.Unix(final, 0))
		again := minRetirement
		for _, t := range slices.Concat(s.tiers, s.retiring) {
			again = max(again, t.Delay)
		}
		more = now - final + int64(again/time.Second)
	}
	c := *s
	c.net.Home, c.migration, c.arrived = op.wire.Home, nil, &arrival{op.wire.From, now, max(final, 0)}
	c.time, c.history = now, s.scid.Suite.foldHistory(s.history, op.id, at)
	c.retiring = slices.Clone(s.retiring)
	for i := range c.retiring {
		c.retiring[i].until += more
	}
	if p := s.pending; p != nil {
		again := *p
		again.filed, again.effective = now, now+int64(p.by.Delay/time.Second)
		c.pending = &again
	}
	if d := s.deactivate; d != nil && d.final > final {
		c.deactivate = &deactivation{d.at, d.final + more}
	}
	return &c
}

// Carried returns the state that an import carries, on the identifier's former home ledger; nothing of it is verified. ok is false for other
// operations, and if it does not parse.
func (op *Operation) Carried() (s *State, ok bool) {
	if op.Type() != Import {
		return nil, false
	}
	s, err := op.carried()
	return s, err == nil
}

// NewImport makes the operation by which an identifier goes on at the ledger home of its trust domain. state is the encoded state (it is made portable) on its former home
// ledger, proof what that ledger proves (ledger.Prover), with the signatures that its successors want and no more. Errors are
// ErrOperation: for a state that is none, and for an import over MaxImport bytes.
func NewImport(home string, state, proof []byte) (*Operation, error) {
	s, err := ParseState(state)
	if err != nil {
		return nil, refuse("import: %w", err)
	}
	net, err := Network{s.net.Domain, home}.canonical()
	if err != nil {
		return nil, err
	}
	if state, err = s.Portable(); err != nil {
		return nil, refuse("import: %w", err)
	}
	payload, err := encode(&wirePayload{
		Version: wireVersion, Type: uint64(Import), Domain: net.Domain, Home: net.Home, SCID: s.scid.bytes(), From: s.net.Home, State: state, Proof: proof,
	})
	if err != nil {
		return nil, refuse("payload: %w", err)
	}
	b, err := encode(wireOperation{Payload: payload, Signatures: []wireSignature{}})
	if err != nil {
		return nil, refuse("envelope: %w", err)
	}
	return ParseOperation(b)
}

// same tells whether two operations do the same: they are one, whoever signed it, or import one state.
func (op *Operation) same(o *Operation) bool {
	return op.id == o.id || op.Type() == Import && o.Type() == Import && bytes.Equal(op.wire.State, o.wire.State)
}

// cutsOff tells whether what a proof shows came after the end, or belongs to another history than the one that ended.
func (f *Final) cutsOff(vh *proof.VerifiedHead) bool {
	c := vh.Checkpoint
	return c.Size > f.Size || c.Size == f.Size && c.Root != f.Root
}

// moved is what becomes of everything on a ledger that has ended.
func (f *Final) moved(id Identifier) *MovedError { return &MovedError{id.Short(), f.Successor} }

// draftImport makes an import of d, for which nobody has to sign.
func draftImport(d did.DID, net Network, opt *changeOptions) (*Draft, error) {
	op, err := NewImport(net.Home, opt.state, opt.proof)
	if err != nil {
		return nil, err
	}
	if op.Identifier().Short() != d || homeName(op.wire.From) != opt.from || op.wire.Domain != net.Domain {
		return nil, refuse("import: the state is of another identifier or ledger")
	}
	return op.Resume(nil)
}

// isImport tells whether a payload begins as that of an import does.
func isImport(payload []byte) bool {
	return len(payload) > 5 && bytes.Equal(payload[1:5], []byte{0, wireVersion, 1, byte(Import)})
}
