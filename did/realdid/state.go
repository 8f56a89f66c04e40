package realdid

import (
	"slices"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
)

// Limits of what a history may leave behind for good (SPEC.md section 5), counted since the last recovery took effect. What
// control keys can use up leaves room for the next keys, and recoveries are not limited, so that no thief can fill a limit
// against somebody with more authority. A recovery can be no more frequent than its delay.
const (
	maxRemovedByUpdate = 1024 // verification methods that no longer stand in the document
	maxRemoved         = 2048
	maxUsedKeys        = 4096 // control and revealed keys
)

// MaxTurn is how many updates and anchors can follow one another without a rotation or recovery.
const MaxTurn = 16384

// A State is what a history amounts to at one moment. It is immutable: Apply and At return another.
type State struct {
	net        Network
	scid       SCID
	seq        uint64 // of the last valid operation: its place among the valid ones
	head       Digest // its ID
	history    Digest // commits to every valid operation with its place and time on the ledger (head.go)
	time       int64  // of the last change, Unix seconds
	created    int64
	control    KeySet
	next       Commitments
	single     bool
	tiers      []standingTier
	retiring   []standingTier // the highest first
	content    Content        // Added is set on every method
	removed    []removedMethod
	used       []Digest // next-commitments of every key that was control or was revealed
	pending    *pendingRecovery
	deactivate *deactivation
	migration  *migration
	arrived    *arrival

	turns []link // the last create, recover or cancel of a recovery, and every other operation of more than control keys since

	removedBefore, usedBefore int // lengths of removed and used when the last recovery took effect
}

// A link names an operation that another one can follow.
type link struct {
	seq uint64
	id  Digest
}

type standingTier struct {
	Tier
	ID        TierID
	notBefore int64 // a cancelled tier waits its delay again
	until     int64 // of a replaced tier: usable before this moment
}

type removedMethod struct {
	VerificationMethod
	added, removed   int64
	compromised      bool
	compromisedSince uint64
}

type pendingRecovery struct {
	op        *Operation
	by        standingTier
	filed     int64
	effective int64
	revival   bool       // filed in the grace after a deactivation
	meanwhile versionRef // the version that stands while it waits
}

// A versionRef names a version of the document: the operation that made it, and when it took effect.
type versionRef struct {
	link
	at int64
}

type deactivation struct{ at, final int64 }

// Seq returns the place of the last valid operation among the valid ones, from 0.
func (s *State) Seq() uint64 { return s.seq }

// Head returns the ID of the last valid operation, which the next one names as its predecessor.
func (s *State) Head() Digest { return s.head }

// Identifier returns the DID of the state.
func (s *State) Identifier() Identifier { return Identifier{Domain: s.net.Domain, SCID: s.scid} }

// Network returns the trust domain and the home ledger that operations sign.
func (s *State) Network() Network { return s.net }

// Control returns the keys that sign updates and anchors.
func (s *State) Control() KeySet { return s.control }

// Next returns the commitments to the keys that may rotate and deactivate.
func (s *State) Next() Commitments { return s.next }

// SingleSecret says that the holder accepted next or recovery keys derived from what the daily device holds.
func (s *State) SingleSecret() bool { return s.single }

// Content returns what the document says at this moment; it is empty while the identifier is deactivated.
func (s *State) Content() Content { return s.content }

// A StandingTier is a tier that can recover now or, when Until is set, could until then because it has been replaced.
type StandingTier struct {
	Tier
	ID        TierID
	NotBefore time.Time // zero unless the tier was cancelled and waits
	Until     time.Time // zero unless the tier was replaced
}

// Tiers returns the present tiers by rank, then the replaced ones that are still usable.
func (s *State) Tiers() []StandingTier {
	var out []StandingTier
	for _, t := range slices.Concat(s.tiers, s.retiring) {
		out = append(out, StandingTier{t.Tier, t.ID, unixTime(t.notBefore), unixTime(t.until)})
	}
	return out
}

// Pending describes a recovery that has been filed and has not yet taken effect.
type Pending struct {
	Tier      TierID
	Operation Digest
	Vetoable  bool // by the committed next keys
	Filed     time.Time
	Effective time.Time
}

// Pending returns the recovery that waits, if one does.
func (s *State) Pending() (Pending, bool) {
	if s.pending == nil {
		return Pending{}, false
	}
	p := s.pending
	return Pending{p.by.ID, p.op.id, p.vetoable(), unixTime(p.filed), unixTime(p.effective)}, true
}

// version returns the version that stands.
func (s *State) version() versionRef {
	if s.pending != nil {
		return s.pending.meanwhile
	}
	return versionRef{link{s.seq, s.head}, s.time}
}

func (p *pendingRecovery) vetoable() bool { return p.by.Vetoable && !p.revival }

// Deactivated says since when the identifier is deactivated, and from when on that is final.
func (s *State) Deactivated() (since, final time.Time, ok bool) {
	if s.deactivate == nil {
		return time.Time{}, time.Time{}, false
	}
	return unixTime(s.deactivate.at), unixTime(s.deactivate.final), true
}

func unixTime(sec int64) time.Time {
	if sec == 0 {
		return time.Time{}
	}
	return time.Unix(sec, 0).UTC()
}

// At returns the state as it stands at t, which must not lie before the last change: a pending recovery whose delay is
// over has taken effect, at the end of its delay and not later. It is pure, and returns s itself if nothing changes.
func (s *State) At(t time.Time) *State {
	now := t.Unix()
	if p := s.pending; p != nil && now >= p.effective {
		s = s.expire(p.effective).takeEffect()
	}
	return s.expire(now)
}

// expire drops the replaced tiers that are not usable any more.
func (s *State) expire(now int64) *State {
	expired := func(r standingTier) bool { return now >= r.until }
	if slices.ContainsFunc(s.retiring, expired) {
		c := *s
		c.retiring = slices.DeleteFunc(slices.Clone(s.retiring), expired)
		s = &c
	}
	return s
}

// takeEffect carries out the pending recovery (SPEC.md section 6.5).
func (s *State) takeEffect() *State {
	p, c := s.pending, *s
	at := p.effective
	c.pending, c.deactivate, c.time = nil, nil, at
	c.setKeys(p.op)
	c.replaceTiers(p.by.ID, p.op, at)
	c.replaceContent(p.op.content, at)
	c.markCompromised(p.op)
	c.removedBefore, c.usedBefore = len(c.removed), len(c.used)
	return &c
}

func (s *State) setKeys(op *Operation) {
	s.control, s.next, s.single = op.control, op.next, op.wire.SingleSecret
	s.use(op)
}

// use remembers the keys that the operation showed, so that they never count as secret again.
func (s *State) use(op *Operation) {
	used := slices.Clip(s.used)
	for _, d := range op.shown {
		if !slices.Contains(used, d) {
			used = append(used, d)
		}
	}
	s.used = used
}

// replaceTiers puts the operation's tiers in place of all tiers (a rotation) or of those from the recovering rank on.
// What was set no later than the recovering tier stays usable for a while; what was set after it is void.
func (s *State) replaceTiers(by TierID, op *Operation, at int64) {
	rotation := op.Type() == Rotate
	var kept, retiring []standingTier
	for _, t := range s.retiring {
		if rotation || t.ID.Seq <= by.Seq {
			retiring = append(retiring, t)
		}
	}
	for _, t := range slices.Backward(s.tiers) { // the lowest first: each outlasts those below it
		switch {
		case !rotation && t.ID.before(by):
			kept = append(kept, t)
		case rotation || t.ID.Seq <= by.Seq:
			t.retire(at, retiring)
			retiring = append(retiring, t)
		}
	}
	slices.Reverse(kept)
	slices.SortFunc(retiring, func(a, b standingTier) int { return a.ID.compare(b.ID) })
	for i, t := range op.tiers {
		kept = append(kept, standingTier{Tier: t, ID: TierID{s.seq, by.Index + i}})
	}
	if !rotation && len(retiring) > MaxRetiring { // nothing may refuse a recovery now; what goes stands lowest
		retiring = retiring[:MaxRetiring]
	}
	s.tiers, s.retiring = kept, retiring
}

// retire sets how long a replaced tier stays usable: for its delay or the minimum, and until no recovery by a replaced tier
// below it can be pending any more, because until then nobody else could overrule that one.
func (t *standingTier) retire(at int64, retiring []standingTier) {
	t.until = at + int64(max(t.Delay, minRetirement)/time.Second)
	for _, low := range retiring {
		if t.ID.before(low.ID) {
			t.until = max(t.until, low.until+int64(low.Delay/time.Second))
		}
	}
}

// replaceContent puts c in place of the present document; methods that c lacks are removed at that moment, and methods
// that it keeps keep the moment at which they were added.
func (s *State) replaceContent(c Content, at int64) {
	old := s.content.VerificationMethods
	removed := slices.Clip(s.removed)
	for _, m := range old {
		if _, ok := c.method(m.Fragment); !ok {
			removed = append(removed, removedMethod{VerificationMethod: m, added: m.added, removed: at})
		}
	}
	methods := make([]VerificationMethod, len(c.VerificationMethods))
	for i, m := range c.VerificationMethods {
		m.added = at
		if was, ok := s.content.method(m.Fragment); ok {
			m.added = was.added
		}
		methods[i] = m
	}
	c.VerificationMethods = methods
	s.content, s.removed = c, removed
}

func (s *State) markCompromised(op *Operation) {
	if len(op.wire.Compromised) == 0 && len(op.wire.Cleared) == 0 {
		return
	}
	removed := slices.Clone(s.removed)
	for i := range removed {
		r := &removed[i]
		if since, ok := op.wire.Compromised[r.Fragment]; ok {
			r.compromised, r.compromisedSince = true, since
		}
		if slices.Contains(op.wire.Cleared, r.Fragment) {
			r.compromised, r.compromisedSince = false, 0
		}
	}
	s.removed = removed
}

// removedPublic shows the removed methods as package did does.
func (s *State) removedPublic(id did.DID) []did.RemovedMethod {
	var out []did.RemovedMethod
	for _, r := range s.removed {
		m := r.public(id)
		m.Added = unixTime(r.added)
		out = append(out, did.RemovedMethod{
			VerificationMethod: m, Removed: unixTime(r.removed),
			Compromised: r.compromised, CompromisedSince: r.compromisedSince,
		})
	}
	return out
}

func (s *State) methodRemoved(fragment string, k keys.PublicKey) bool {
	return slices.ContainsFunc(s.removed, func(r removedMethod) bool { return r.Fragment == fragment || r.Key.Equal(k) })
}

// standing returns the present tiers and the replaced ones that are still usable, the highest first.
func (s *State) standing() []standingTier {
	ts := slices.Concat(s.tiers, s.retiring)
	slices.SortFunc(ts, func(a, b standingTier) int { return a.ID.compare(b.ID) })
	return ts
}

func (s *State) findTier(id TierID) (standingTier, bool) {
	for _, t := range slices.Concat(s.tiers, s.retiring) {
		if t.ID == id {
			return t, true
		}
	}
	return standingTier{}, false
}
