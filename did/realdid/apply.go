package realdid

import (
	"slices"
	"time"

	"github.com/realdid/realdid/did/ledger"
)

// maxTime is the end of the year 9000: any delay after it can be counted, and written as RFC 3339.
const maxTime = 221876927999

// Apply checks op against s and returns the state after it. It is the whole authority of the method: pure, without I/O
// or clock, the same on every replica. s is nil before the genesis. at is the place that the ledger gave the operation;
// a pending recovery whose delay is over by at.Time takes effect first. Every error is final and is ErrOperation, and
// leaves s as it was; but an import is ErrPredecessor, because nobody is trusted as its former home (see Predecessors.Apply).
// SPEC.md section 6.
func Apply(s *State, op *Operation, at ledger.Anchor) (*State, error) {
	return Predecessors(nil).Apply(s, op, at)
}

// Apply is the function Apply with ledgers from which identifiers may come: it is pure, too, and the same for everybody who
// trusts the same. An import that none of them vouches for is ErrPredecessor and not ErrOperation: others may know better.
func (ps Predecessors) Apply(s *State, op *Operation, at ledger.Anchor) (*State, error) {
	now := at.Time.Unix()
	if now < 0 || now > maxTime {
		return nil, refuse("time: before 1970 or after 9000")
	}
	if op.Type() == Import {
		return ps.applyImport(s, op, at)
	}
	if s == nil {
		return applyCreate(op, at)
	}
	if now < s.time {
		return nil, refuse("anchored before its predecessor")
	}
	s = s.At(at.Time)
	if err := s.checkLink(op); err != nil {
		return nil, err
	}
	c := *s // every change below is on the copy; slices are replaced, never written
	c.extend(op, at)
	var err error
	switch op.Type() {
	case Update:
		err = c.applyUpdate(op, now)
	case Anchor:
		if err = c.checkTurn(); err == nil {
			err = op.verify(s.control.Keys, s.control.role(nil))
		}
	case Rotate:
		err = c.applyRotate(op, now)
	case Recover:
		err = c.applyRecover(op, now, s.version())
	case Cancel:
		err = c.applyCancel(op, now)
	case Deactivate:
		err = c.applyDeactivate(op, now)
	case Migrate:
		err = c.applyMigrate(op, now)
	default:
		err = refuse("%v after the genesis", op.Type())
	}
	if err != nil {
		return nil, err
	}
	return &c, nil
}

// extend makes op the last operation of the history.
func (s *State) extend(op *Operation, at ledger.Anchor) {
	s.seq, s.head, s.time = s.seq+1, op.id, at.Time.Unix()
	s.history = s.scid.Suite.foldHistory(s.history, op.id, at)
	switch typ := op.Type(); {
	case typ == Update || typ == Anchor:
	case typ == Recover || typ == Cancel && s.pending != nil:
		s.turns = []link{{s.seq, s.head}}
	default: // also a cancel of no recovery: next keys must not void at will what guardians are still signing
		s.turns = append(slices.Clip(s.turns), link{s.seq, s.head})
	}
}

// follows says whether op names a predecessor that it may follow here. That is the last operation; but a rotation may
// overtake updates and anchors, and a recovery those and rotations, which its signers had not seen. Otherwise whoever holds
// lesser keys could outpace an owner, or guardians who need days to sign, for ever (SPEC.md section 6.2).
func (s *State) follows(op *Operation) bool {
	names := func(l link) bool { return op.wire.Seq == l.seq+1 && Digest(op.wire.Prev) == l.id }
	switch {
	case names(link{s.seq, s.head}):
		return true
	case op.Type() == Rotate:
		return names(s.turns[len(s.turns)-1])
	case op.Type() == Recover:
		return slices.ContainsFunc(s.turns, names)
	}
	return false
}

// checkLink ties op to this identifier, this network, this place in the history and this status.
func (s *State) checkLink(op *Operation) error {
	switch p := &op.wire; {
	case p.Domain != s.net.Domain || p.Home != s.net.Home:
		return refuse("network: signed for another trust domain or home ledger")
	case op.Type() == Create || op.scid != s.scid:
		return refuse("scid: signed for another identifier")
	case !s.follows(op):
		return refuse("predecessor: not one that this operation may follow here")
	}
	if s.departed() {
		return refuse("%v: the identifier has moved to another ledger", op.Type())
	}
	settles := op.Type() == Recover || op.Type() == Cancel
	if s.deactivate != nil && !settles {
		return refuse("%v: the identifier is deactivated", op.Type())
	}
	if s.pending != nil && !settles {
		return refuse("%v: a recovery is pending", op.Type())
	}
	return nil
}

func applyCreate(op *Operation, at ledger.Anchor) (*State, error) {
	if op.Type() != Create {
		return nil, refuse("%v: there is no identifier yet", op.Type())
	}
	now := at.Time.Unix()
	s := &State{net: Network{op.wire.Domain, op.wire.Home}, scid: op.scid, head: op.id, time: now, created: now}
	s.history = s.scid.Suite.foldHistory(Digest{}, op.id, at)
	s.turns = []link{{0, op.id}}
	if err := s.checkFreshKeys(op); err != nil {
		return nil, err
	}
	if err := op.verify(op.newSigners, op.control.role(op.newSigners)); err != nil {
		return nil, err
	}
	s.setKeys(op)
	for i, t := range op.tiers {
		s.tiers = append(s.tiers, standingTier{Tier: t, ID: TierID{0, i}})
	}
	s.replaceContent(op.content, now)
	return s, nil
}

// checkTurn bounds how long a thief of control keys can make a history that everybody must replay.
func (s *State) checkTurn() error {
	if s.seq-s.turns[len(s.turns)-1].seq > MaxTurn {
		return refuse("over %d updates and anchors since the last rotation or recovery", MaxTurn)
	}
	return nil
}

func (s *State) applyUpdate(op *Operation, now int64) error {
	if err := s.checkTurn(); err != nil {
		return err
	}
	if err := s.checkContent(op.content); err != nil {
		return err
	}
	if err := op.verify(s.control.Keys, s.control.role(nil)); err != nil {
		return err
	}
	before := len(s.removed)
	s.replaceContent(op.content, now)
	if n := len(s.removed); n > before && n-s.removedBefore > maxRemovedByUpdate {
		return refuse("update: over %d removed methods, which only a rotation or a recovery may exceed", maxRemovedByUpdate)
	}
	return nil
}

func (s *State) applyRotate(op *Operation, now int64) error {
	next, err := s.nextRole(op)
	if err != nil {
		return err
	}
	if err := s.checkFreshKeys(op); err != nil {
		return err
	}
	if op.wire.Document != nil {
		if err := s.checkContent(op.content); err != nil {
			return err
		}
	}
	if err := s.checkCompromised(op); err != nil {
		return err
	}
	if err := op.verify(op.newSigners, next, op.control.role(op.newSigners)); err != nil {
		return err
	}
	s.setKeys(op)
	if op.tiers != nil {
		s.replaceTiers(TierID{}, op, now)
	}
	if op.wire.Document != nil {
		s.replaceContent(op.content, now)
	}
	s.markCompromised(op)
	if len(s.removed)-s.removedBefore > maxRemoved || len(s.used)-s.usedBefore > maxUsedKeys || len(s.retiring) > MaxRetiring {
		return refuse("rotate: over %d removed methods, %d used keys or %d replaced tiers", maxRemoved, maxUsedKeys, MaxRetiring)
	}
	return nil
}

func (s *State) applyRecover(op *Operation, now int64, meanwhile versionRef) error {
	id := TierID{op.wire.Tier.Seq, int(op.wire.Tier.Index)}
	tier, ok := s.findTier(id)
	switch {
	case !ok:
		return refuse("recover: no such tier, or it was replaced too long ago")
	case s.deactivate != nil && s.pending == nil && now >= s.deactivate.final:
		return refuse("recover: the deactivation is final")
	case now < tier.notBefore:
		return refuse("recover: a cancelled tier waits its delay again")
	case s.pending != nil && !id.before(s.pending.by.ID):
		return refuse("recover: only a tier above the pending one replaces it")
	case id.Index+len(op.tiers) > MaxTiers:
		return refuse("recover: more than %d tiers", MaxTiers)
	}
	recovery, err := s.recoveryRole(tier, op)
	if err != nil {
		return err
	}
	if err := s.checkFreshKeys(op); err != nil {
		return err
	}
	if err := s.checkContent(op.content); err != nil {
		return err
	}
	if err := s.checkCompromised(op); err != nil {
		return err
	}
	if err := op.verify(op.newSigners, recovery, op.control.role(op.newSigners)); err != nil {
		return err
	}
	s.pending = &pendingRecovery{
		op: op, by: tier, filed: now, effective: now + int64(tier.Delay/time.Second),
		revival: s.deactivate != nil, meanwhile: meanwhile,
	}
	s.migration = nil
	return nil
}

func (s *State) applyCancel(op *Operation, now int64) error {
	p := s.pending
	if p == nil && s.migration != nil && op.wire.Tier == nil {
		s.migration = nil
		return s.spendNext(op)
	}
	if p == nil {
		return refuse("cancel: no recovery is pending")
	}
	if op.wire.Tier == nil {
		if !p.vetoable() {
			return refuse("cancel: the next keys cannot cancel this recovery")
		}
		if err := s.spendNext(op); err != nil {
			return err
		}
	} else if err := s.overruled(op); err != nil {
		return err
	}
	s.pending = nil
	wait := func(ts []standingTier) []standingTier {
		out := slices.Clone(ts)
		for i := range out {
			if out[i].ID == p.by.ID {
				out[i].notBefore = now + int64(out[i].Delay/time.Second)
			}
		}
		return out
	}
	s.tiers, s.retiring = wait(s.tiers), wait(s.retiring)
	return nil
}

// overruled checks a cancel by a tier above the pending one.
func (s *State) overruled(op *Operation) error {
	id := TierID{op.wire.Tier.Seq, int(op.wire.Tier.Index)}
	tier, ok := s.findTier(id)
	if !ok || !id.before(s.pending.by.ID) {
		return refuse("cancel: not a tier above the pending one")
	}
	authority, err := s.recoveryRole(tier, op)
	if err != nil {
		return err
	}
	return op.verify(op.newSigners, authority)
}

// spendNext checks an operation by the next keys that leaves the control keys as they are. The next keys are revealed by it, and so
// spent.
func (s *State) spendNext(op *Operation) error {
	authority, err := s.nextRole(op)
	if err != nil {
		return err
	}
	if err := s.checkFreshNext(op); err != nil {
		return err
	}
	if err := op.verify(op.newSigners, authority); err != nil {
		return err
	}
	s.next, s.single = op.next, op.wire.SingleSecret
	if s.use(op); len(s.used)-s.usedBefore > maxUsedKeys {
		return refuse("%v: over %d used keys", op.Type(), maxUsedKeys)
	}
	return nil
}

func (s *State) applyDeactivate(op *Operation, now int64) error {
	next, err := s.nextRole(op)
	if err != nil {
		return err
	}
	if err := op.verify(op.newSigners, next); err != nil {
		return err
	}
	grace := minGrace
	for _, t := range slices.Concat(s.tiers, s.retiring) {
		grace = max(grace, 2*t.Delay)
	}
	s.deactivate = &deactivation{at: now, final: now + int64(grace/time.Second)}
	s.migration = nil
	s.use(op)
	s.replaceContent(Content{}, now)
	return nil
}

// checkContent keeps a fragment to one key and purpose for good, a key to one fragment, and a removed method out.
func (s *State) checkContent(c Content) error {
	for _, m := range c.VerificationMethods {
		if was, ok := s.content.method(m.Fragment); ok {
			if !was.Key.Equal(m.Key) || was.Purposes != m.Purposes {
				return refuse("document: a fragment never names another key or purpose")
			}
		} else if s.methodRemoved(m.Fragment, m.Key) {
			return refuse("document: a removed fragment or key never returns")
		} else if s.content.holds(m.Key) {
			return refuse("document: a key never moves to another fragment")
		}
	}
	for _, svc := range c.Services {
		if _, stands := s.content.method(svc.Fragment); stands || s.removedMethod(svc.Fragment) != nil {
			return refuse("document: the fragment of a method never names a service")
		}
	}
	return nil
}

// checkCompromised allows a declaration about methods that are removed, by this operation or before it.
func (s *State) checkCompromised(op *Operation) error {
	gone := func(fragment string) bool {
		if _, ok := s.content.method(fragment); ok {
			_, stays := op.content.method(fragment)
			return op.wire.Document != nil && !stays
		}
		return slices.ContainsFunc(s.removed, func(r removedMethod) bool { return r.Fragment == fragment })
	}
	for fragment, since := range op.wire.Compromised {
		if !gone(fragment) {
			return refuse("compromised: only a removed method can be declared so")
		}
		if since > s.seq {
			return refuse("compromised: since a sequence to come")
		}
		if was := s.removedMethod(fragment); was != nil && was.compromised && op.Type() != Recover {
			return refuse("compromised: only a recovery corrects a declaration")
		}
		if slices.Contains(op.wire.Cleared, fragment) {
			return refuse("compromised: declared and cleared at once")
		}
	}
	for i, fragment := range op.wire.Cleared {
		was := s.removedMethod(fragment)
		if was == nil || !was.compromised || slices.Contains(op.wire.Cleared[:i], fragment) {
			return refuse("cleared: not a compromised method")
		}
	}
	return nil
}

func (s *State) removedMethod(fragment string) *removedMethod {
	if i := slices.IndexFunc(s.removed, func(r removedMethod) bool { return r.Fragment == fragment }); i >= 0 {
		return &s.removed[i]
	}
	return nil
}

// checkFreshKeys refuses control keys that were control or revealed before, and commitments to keys already shown.
func (s *State) checkFreshKeys(op *Operation) error {
	for i, k := range op.newSigners {
		if _, control := signerOf(op.control.Keys, k); control && slices.Contains(s.used, op.shown[i]) {
			return refuse("control: a key that was control or revealed never returns")
		}
	}
	return s.checkFreshNext(op)
}

func (s *State) checkFreshNext(op *Operation) error {
	for _, d := range op.next.Digests {
		if slices.Contains(s.used, d) || slices.Contains(op.shown, d) {
			return refuse("next: commits to a key that has been shown")
		}
	}
	return nil
}
