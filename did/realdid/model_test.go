package realdid_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/realdid/realdid/keys"
)

// This file is section 6 of SPEC.md, and section 8 at its end.

type mRemoved struct {
	mMethod
	removed     int64
	compromised bool
	since       uint64
}

type mPending struct {
	op               *mOp
	by               mTier
	filed, effective int64
	revival          bool
	meanwhile        mVersion
}

type mVersion struct {
	place int
	at    int64
}

type mState struct {
	ops               []*mOp // the valid ones, by place; the first is the create
	history           []byte
	created, last     int64
	control, next     mSet
	single            bool
	present, replaced []mTier
	document          mDocument
	removed           []mRemoved
	used              [][]byte
	pending           *mPending
	deactivated       bool
	since, final      int64
	home              string
	migration         *mMigration
	arrival           *mArrival

	removedBefore, usedBefore int
}

type mMigration struct {
	to       string
	ready    int64
	departed bool
}

type mArrival struct {
	from string
	at   int64
}

func above(a, b mTier) bool { return a.place < b.place || a.place == b.place && a.rank < b.rank }

func (m *mState) clone() *mState {
	c := *m
	c.ops, c.present, c.replaced = slices.Clone(m.ops), slices.Clone(m.present), slices.Clone(m.replaced)
	c.removed, c.used = slices.Clone(m.removed), slices.Clone(m.used)
	c.document.methods = slices.Clone(m.document.methods)
	return &c
}

// modelApply returns the state after op, or why it is not valid; m is nil before the create.
func modelApply(m *mState, op *mOp, index uint64, t int64) (out *mState, err error) {
	defer func() {
		if f := recover(); f != nil {
			fault, ok := f.(mFault)
			if !ok {
				panic(f)
			}
			out, err = nil, errors.New(string(fault))
		}
	}()
	need(t >= 0 && t <= 221876927999, "time") // 6.1
	if m == nil {
		need(op.typ == 1, "no identifier")
		m = &mState{home: op.home, ops: []*mOp{op}, created: t, last: t, history: make([]byte, 32)}
		m.fold(op, index, t)
		m.create(op, t)
		return m, nil
	}
	need(t >= m.last, "time goes back")
	m = m.at(t)
	first := m.ops[0]
	need(op.typ != 1, "a second create")
	need(op.typ != 9, "an import")
	need(op.domain == first.domain && op.home == m.home && bytes.Equal(op.scid, first.scid), "another identifier")
	need(m.mayFollow(op), "predecessor")
	need(m.migration == nil || !m.migration.departed, "moved")
	need(op.typ == 5 || op.typ == 6 || !m.deactivated && m.pending == nil, "frozen")
	meanwhile := mVersion{len(m.ops) - 1, m.last}
	if m.pending != nil {
		meanwhile = m.pending.meanwhile
	}
	m.ops, m.last = append(m.ops, op), t
	m.fold(op, index, t)
	switch op.typ {
	case 2:
		m.turnLimit()
		m.checkDocument(op)
		m.check(op, m.stateControl())
		before := len(m.removed)
		m.replaceDocument(*op.document, t)
		need(len(m.removed) == before || len(m.removed)-m.removedBefore <= 1024, "removed by updates")
	case 3:
		m.turnLimit()
		m.check(op, m.stateControl())
	case 4:
		m.rotate(op, t)
	case 5:
		m.file(op, t)
		m.pending.meanwhile = meanwhile
		m.migration = nil
	case 6:
		m.cancel(op, t)
	case 7:
		m.check(op, m.revealedNext(op))
		grace := int64(2592000)
		for _, x := range append(slices.Clone(m.present), m.replaced...) {
			grace = max(grace, 2*x.delay)
		}
		m.deactivated, m.since, m.final = true, t, t+grace
		m.migration = nil
		m.use(op)
		m.replaceDocument(mDocument{raw: object{}}, t)
	case 8:
		m.migrate(op, t)
	}
	return m, nil
}

// fold is 8.2.
func (m *mState) fold(op *mOp, index uint64, t int64) {
	place := binary.BigEndian.AppendUint64(nil, index)
	place = binary.BigEndian.AppendUint64(place, uint64(t))
	m.history = hash(m.suite(), "realdid/history/v1", m.history, op.id, place)
}

func (m *mState) suite() byte { return m.ops[0].scid[0] }

// mayFollow is 6.2.
func (m *mState) mayFollow(op *mOp) bool {
	names := func(place int) bool { return op.seq == uint64(place)+1 && bytes.Equal(op.prev, m.ops[place].id) }
	lastOp := len(m.ops) - 1
	if names(lastOp) {
		return true
	}
	lastTurn := lastOp
	for !m.ops[lastTurn].turn() {
		lastTurn--
	}
	if op.typ == 4 {
		return names(lastTurn)
	}
	if op.typ == 5 {
		for place := lastOp; place >= 0; place-- {
			if m.ops[place].turn() && names(place) {
				return true
			}
			if typ := m.ops[place].typ; typ == 1 || typ == 5 || typ == 6 && !m.ops[place].withdrew {
				return false
			}
		}
	}
	return false
}

func (m *mState) turnLimit() {
	n := 0
	for i := len(m.ops) - 1; !m.ops[i].turn(); i-- {
		n++
	}
	need(n <= 16384, "updates and anchors")
}

// A mRole says who must sign with what weight, section 6.3.
type mRole struct {
	set  mSet
	keys [][]byte // by member; nil where the key is not known
}

func (m *mState) stateControl() mRole { return mRole{m.control, m.control.members} }

func ownControl(op *mOp) mRole { return mRole{*op.control, op.control.members} }

func (m *mState) revealedNext(op *mOp) mRole {
	return revealedOf(m.next, op.reveal, func(r mReveal) []byte { return hash(m.suite(), "realdid/next/v1", r.key) })
}

func (m *mState) revealedTier(t mTier, op *mOp) mRole {
	return revealedOf(t.set, op.revealRecovery, func(r mReveal) []byte { return hash(m.suite(), "realdid/recovery/v1", r.salt, r.key) })
}

func revealedOf(set mSet, reveals []mReveal, digest func(mReveal) []byte) mRole {
	r := mRole{set, make([][]byte, len(set.members))}
	for _, x := range reveals {
		need(int(x.index) < len(set.members) && bytes.Equal(digest(x), set.members[x.index]), "commitment")
		r.keys[x.index] = x.key
	}
	return r
}

func (m *mState) check(op *mOp, roles ...mRole) {
	signers := op.signers(m.control)
	for signer, sig := range op.signatures {
		need(signer < uint64(len(signers)), "no such signer")
		k, err := keys.ParseMulticodec(signers[signer])
		need(err == nil && k.VerifyLowS(append([]byte("realdid/op/v1\x00"), op.payload...), sig) == nil, "signature")
	}
	for _, r := range roles {
		sum := uint64(0)
		for i, k := range r.keys {
			if k == nil {
				continue
			}
			if _, signed := op.signatures[uint64(indexOf(signers, k))]; signed {
				sum += r.set.weight(i)
			}
		}
		need(sum >= r.set.threshold, "threshold")
	}
}

func (m *mState) commitment(key []byte) []byte { return hash(m.suite(), "realdid/next/v1", key) }

func (m *mState) fresh(op *mOp) {
	if op.control != nil {
		for _, k := range op.control.members {
			need(indexOf(m.used, m.commitment(k)) < 0, "used control key")
		}
	}
	for _, c := range op.next.members {
		need(indexOf(m.used, c) < 0, "next commits to a used key")
		for _, k := range op.signers(m.control) {
			need(!bytes.Equal(c, m.commitment(k)), "next commits to a signer")
		}
	}
}

func (m *mState) use(op *mOp) {
	for _, k := range op.signers(m.control) {
		if c := m.commitment(k); indexOf(m.used, c) < 0 {
			m.used = append(m.used, c)
		}
	}
}

func (m *mState) create(op *mOp, t int64) {
	m.fresh(op)
	m.check(op, ownControl(op))
	m.control, m.next, m.single = *op.control, *op.next, op.single
	m.use(op)
	m.present = slices.Clone(op.tiers)
	if op.document != nil {
		m.replaceDocument(*op.document, t)
	}
}

func (m *mState) rotate(op *mOp, t int64) {
	role := m.revealedNext(op)
	m.fresh(op)
	if op.document != nil {
		m.checkDocument(op)
	}
	m.checkDeclared(op)
	m.check(op, role, ownControl(op))
	m.control, m.next, m.single = *op.control, *op.next, op.single
	m.use(op)
	if op.tiers != nil {
		for i := len(m.present) - 1; i >= 0; i-- {
			m.retire(m.present[i], t)
		}
		m.present = nil
		m.set(op.tiers, uint64(len(m.ops)-1), 0)
	}
	if op.document != nil {
		m.replaceDocument(*op.document, t)
	}
	m.declare(op)
	need(len(m.replaced) <= 12, "replaced tiers")
	need(len(m.removed)-m.removedBefore <= 2048, "removed methods")
	need(len(m.used)-m.usedBefore <= 4096, "used keys")
}

func (m *mState) set(tiers []mTier, place, rank uint64) {
	for i, x := range tiers {
		x.place, x.rank = place, rank+uint64(i)
		m.present = append(m.present, x)
	}
}

// retire puts a tier among the replaced ones; those below it must be there already.
func (m *mState) retire(x mTier, t int64) {
	x.until = t + max(604800, x.delay)
	for _, y := range m.replaced {
		if above(x, y) {
			x.until = max(x.until, y.until+y.delay)
		}
	}
	m.replaced = append(m.replaced, x)
	slices.SortFunc(m.replaced, func(a, b mTier) int {
		if above(a, b) {
			return -1
		}
		return 1
	})
}

func (m *mState) usable(id []uint64) (mTier, bool) {
	for _, x := range append(slices.Clone(m.present), m.replaced...) {
		if x.place == id[0] && x.rank == id[1] {
			return x, true
		}
	}
	return mTier{}, false
}

func (m *mState) file(op *mOp, t int64) {
	x, ok := m.usable(op.tier)
	need(ok, "tier")
	need(!m.deactivated || m.pending != nil || t < m.final, "final")
	need(t >= x.notBefore, "the tier waits")
	need(m.pending == nil || above(x, m.pending.by), "a recovery is pending")
	need(x.rank+uint64(len(op.tiers)) <= 3, "tiers")
	role := m.revealedTier(x, op)
	m.fresh(op)
	m.checkDocument(op)
	m.checkDeclared(op)
	m.check(op, role, ownControl(op))
	m.pending = &mPending{op: op, by: x, filed: t, effective: t + x.delay, revival: m.deactivated}
}

func (m *mState) cancel(op *mOp, t int64) {
	if m.pending == nil && m.migration != nil && op.tier == nil {
		again := *op
		again.withdrew, m.migration = true, nil
		m.ops[len(m.ops)-1] = &again
		m.spend(op)
		return
	}
	need(m.pending != nil, "nothing is pending")
	by := m.pending.by
	if op.tier == nil {
		need(by.vetoable && !m.deactivated, "no veto")
		m.spend(op)
	} else {
		x, ok := m.usable(op.tier)
		need(ok && above(x, by), "tier")
		m.check(op, m.revealedTier(x, op))
	}
	m.pending = nil
	for _, list := range [][]mTier{m.present, m.replaced} {
		for i := range list {
			if list[i].place == by.place && list[i].rank == by.rank {
				list[i].notBefore = t + list[i].delay
			}
		}
	}
}

func (m *mState) spend(op *mOp) {
	role := m.revealedNext(op)
	m.fresh(op)
	m.check(op, role)
	m.next, m.single = *op.next, op.single
	m.use(op)
	need(len(m.used)-m.usedBefore <= 4096, "used keys")
}

// migrate and arrive are 6.10.
func (m *mState) migrate(op *mOp, t int64) {
	if op.departs() {
		need(m.migration != nil && m.migration.to == op.to && t >= m.migration.ready, "departure")
		m.check(op, m.stateControl())
		again := *m.migration
		again.departed = true
		m.migration = &again
		return
	}
	need(m.migration == nil, "announced already")
	notice := int64(0)
	for _, x := range append(slices.Clone(m.present), m.replaced...) {
		notice = max(notice, 604800, 2*x.delay)
	}
	m.spend(op)
	m.migration = &mMigration{to: op.to, ready: max(1, t+notice)}
}

// modelArrive is an import of m, which stands on its former home at the end; final is when that one ended without a departure, or -1.
func modelArrive(m *mState, op *mOp, index uint64, t, final int64) *mState {
	shift := t - m.last
	if final >= 0 {
		m = m.at(final)
		shift = 604800
		for _, x := range append(slices.Clone(m.present), m.replaced...) {
			shift = max(shift, x.delay)
		}
		shift += t - final
	}
	m = m.clone()
	m.fold(op, index, t)
	m.home, m.migration, m.arrival, m.last = op.home, nil, &mArrival{op.from, t}, t
	for i := range m.replaced {
		m.replaced[i].until += shift
	}
	if m.pending != nil {
		again := *m.pending
		again.filed, again.effective = t, t+again.by.delay
		m.pending = &again
	}
	if m.deactivated && m.final > final {
		m.final += shift
	}
	return m
}

// at is 6.6.
func (m *mState) at(t int64) *mState {
	m = m.clone()
	if p := m.pending; p != nil && t >= p.effective {
		m.takeEffect(p)
	}
	m.expire(t)
	return m
}

func (m *mState) expire(t int64) {
	m.replaced = slices.DeleteFunc(m.replaced, func(x mTier) bool { return t >= x.until })
}

func (m *mState) takeEffect(p *mPending) {
	e, place := p.effective, uint64(len(m.ops)-1)
	m.expire(e)
	m.pending, m.deactivated, m.since, m.final, m.last = nil, false, 0, 0, e
	m.control, m.next, m.single = *p.op.control, *p.op.next, p.op.single
	m.use(p.op)
	old := m.present
	m.present = nil
	m.replaced = slices.DeleteFunc(m.replaced, func(x mTier) bool { return x.place > p.by.place })
	for _, x := range old {
		if above(x, p.by) {
			m.present = append(m.present, x)
		}
	}
	for i := len(old) - 1; i >= 0; i-- {
		if x := old[i]; !above(x, p.by) && x.place <= p.by.place {
			m.retire(x, e)
		}
	}
	if len(m.replaced) > 12 {
		m.replaced = m.replaced[:12]
	}
	m.set(p.op.tiers, place, p.by.rank)
	m.replaceDocument(*p.op.document, e)
	m.declare(p.op)
	m.removedBefore, m.usedBefore = len(m.removed), len(m.used)
}

// checkDocument is 6.7.
func (m *mState) checkDocument(op *mOp) {
	for _, x := range op.document.methods {
		stands := false
		for _, y := range m.document.methods {
			if x.fragment == y.fragment {
				stands = true
				need(bytes.Equal(x.key, y.key) && x.purposes == y.purposes, "another key under a fragment")
			} else {
				need(!bytes.Equal(x.key, y.key), "a key under another fragment")
			}
		}
		for _, y := range m.removed {
			need(stands || x.fragment != y.fragment && !bytes.Equal(x.key, y.key), "removed")
		}
	}
	for _, f := range op.document.services {
		for _, y := range m.document.methods {
			need(f != y.fragment, "a service with the fragment of a method")
		}
		for _, y := range m.removed {
			need(f != y.fragment, "a service with the fragment of a removed method")
		}
	}
}

func (m *mState) replaceDocument(d mDocument, t int64) {
	added := map[string]int64{}
	for _, old := range m.document.methods {
		stays := slices.ContainsFunc(d.methods, func(x mMethod) bool { return x.fragment == old.fragment })
		if stays {
			added[old.fragment] = old.added
		} else {
			m.removed = append(m.removed, mRemoved{mMethod: old, removed: t})
		}
	}
	d.methods = slices.Clone(d.methods)
	for i := range d.methods {
		at, stood := added[d.methods[i].fragment]
		if !stood {
			at = t
		}
		d.methods[i].added = at
	}
	m.document = d
}

// checkDeclared is 6.8.
func (m *mState) checkDeclared(op *mOp) {
	for f, since := range op.compromised {
		known := false
		for _, x := range m.removed {
			if x.fragment == f {
				known = true
				need(!x.compromised || op.typ == 5, "declared already")
			}
		}
		for _, x := range m.document.methods {
			if x.fragment == f && op.document != nil {
				known = known || !slices.ContainsFunc(op.document.methods, func(y mMethod) bool { return y.fragment == f })
			}
		}
		need(known, "declares what is not removed")
		need(since <= uint64(len(m.ops)-1), "declares the future")
		need(!slices.Contains(op.cleared, f), "declared and cleared")
	}
	for i, f := range op.cleared {
		need(!slices.Contains(op.cleared[:i], f), "cleared twice")
		need(slices.ContainsFunc(m.removed, func(x mRemoved) bool { return x.fragment == f && x.compromised }), "cleared without need")
	}
}

func (m *mState) declare(op *mOp) {
	for i := range m.removed {
		x := &m.removed[i]
		if since, ok := op.compromised[x.fragment]; ok {
			x.compromised, x.since = true, since
		}
		if slices.Contains(op.cleared, x.fragment) {
			x.compromised, x.since = false, 0
		}
	}
}
