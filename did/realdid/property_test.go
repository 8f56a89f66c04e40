package realdid_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
)

// driver runs random operations against the package and the model at once. Most are valid, so that histories get deep.
type driver struct {
	fails
	state *realdid.State
	bytes []byte // of the state, for the Reducer
	model *mState
	now   int64
	index uint64
	fresh int // keys that nobody has seen
	moves moves
	rand  *rand.Rand
}

const (
	poolNext     = 3000 // control and next keys
	poolRecovery = 3800
	poolMethods  = 3900
)

// Choices within a step come from a seed that rapid draws for it, because rapid prefers small numbers and most choices here
// must be likely ones for histories to get deep.
func (d *driver) chance(percent int) bool { return d.rand.IntN(100) < percent }

func (d *driver) between(least, most int) int { return least + d.rand.IntN(most-least+1) }

func pick[T any](d *driver, from []T) T { return from[d.rand.IntN(len(from))] }

// key takes a key that nobody has seen, or now and then one of the past.
func (d *driver) key() *keys.PrivateKey {
	if d.chance(5) && d.fresh > 0 {
		return ed(poolNext + d.between(0, d.fresh-1))
	}
	d.fresh++
	return ed(poolNext + d.fresh - 1)
}

// secretOf finds the private key of a public key or of a commitment.
func secretOf(matches func(k *keys.PrivateKey) bool, fresh int) *keys.PrivateKey {
	for i := range fresh {
		if k := ed(poolNext + i); matches(k) {
			return k
		}
	}
	for i := range 6 {
		if k := ed(poolRecovery + i); matches(k) {
			return k
		}
	}
	return nil
}

func (d *driver) weigh(o object, n int) object {
	if n == 2 && d.chance(30) {
		o[2] = []uint64{2, 1}
		o[0] = uint64(d.between(1, 3))
	} else {
		o[0] = uint64(d.between(1, n))
	}
	return o
}

func (d *driver) controlSet(also []byte) object {
	n := d.between(1, 2)
	var members [][]byte
	for range n {
		members = append(members, d.key().Public().Multicodec())
	}
	if also != nil && d.chance(60) {
		members[0] = also
	}
	if n == 2 && bytes.Equal(members[0], members[1]) {
		members = members[:1]
	}
	return d.weigh(object{1: members}, len(members))
}

func (d *driver) nextSet() object {
	var members [][]byte
	for range d.between(1, 2) {
		if c := commitNext('q', d.key()); indexOf(members, c) < 0 {
			members = append(members, c)
		}
	}
	return d.weigh(object{1: members}, len(members))
}

var delays = []uint64{3600, 7200, 86400, 604800, 691200, 5184000}

func (d *driver) tierList(least, most int) []any {
	var out []any
	for range d.between(least, most) {
		first := d.between(0, 4)
		var members [][]byte
		for i := range d.between(1, 2) {
			members = append(members, commitRecovery('q', salt16(first+i), ed(poolRecovery+first+i)))
		}
		x := object{0: pick(d, delays), 2: d.weigh(object{1: members}, len(members))}
		if d.chance(50) {
			x[1] = true
		}
		out = append(out, x)
	}
	return out
}

func salt16(n int) []byte { return append(make([]byte, 15), byte(n+1)) }

var fragments = strings.Split("abcdefghijklmnopqrstuvwxyz", "")

func (d *driver) document() object {
	var methods []any
	taken := map[string]bool{}
	if d.model != nil {
		for _, x := range d.model.document.methods {
			if d.chance(60) {
				methods, taken[x.fragment] = append(methods, x.list()), true
			}
		}
	}
	for range d.between(0, 2) {
		f := pick(d, fragments)
		n := d.between(0, 40)
		if !taken[f] {
			taken[f] = true
			methods = append(methods, []any{f, ed(poolMethods + n).Public().Multicodec(), uint64(d.between(1, 2))})
		}
	}
	doc := object{}
	if len(methods) > 0 {
		doc[0] = methods
	}
	if f := pick(d, fragments); !taken[f] && d.chance(30) {
		doc[1] = []any{[]any{f, []string{"Example"}, []any{"https://service.example/"}}}
	}
	return doc
}

// reveals shows the members of a set that can be shown; now and then not all.
func (d *driver) reveals(set mSet, recovery bool) []any {
	var out []any
	for i, c := range set.members {
		if d.chance(15) {
			continue
		}
		if !recovery {
			if k := secretOf(func(k *keys.PrivateKey) bool { return bytes.Equal(commitNext('q', k), c) }, d.fresh); k != nil {
				out = append(out, []any{uint64(i), k.Public().Multicodec()})
			}
			continue
		}
		for n := range 6 {
			if k := ed(poolRecovery + n); bytes.Equal(commitRecovery('q', salt16(n), k), c) {
				out = append(out, []any{uint64(i), salt16(n), k.Public().Multicodec()})
			}
		}
	}
	return out
}

// declared draws from what was removed and, now and then, from what stands.
func (d *driver) declared(m *mState) map[string]uint64 {
	out := map[string]uint64{}
	for _, x := range m.removed {
		if d.chance(30) {
			out[x.fragment] = uint64(d.between(0, len(m.ops)))
		}
	}
	for _, x := range m.document.methods {
		if d.chance(5) {
			out[x.fragment] = uint64(d.between(0, len(m.ops)+1))
		}
	}
	return out
}

// payload makes an operation that follows the model at this time, with a fault now and then.
func (d *driver) payload(typ uint64) object {
	p := object{memberVersion: uint64(1), memberType: typ}
	if d.model == nil || typ == 1 {
		p[memberSuite], p[memberSalt] = "q", make([]byte, 16)
		p[memberControl], p[memberNext] = d.controlSet(nil), d.nextSet()
		if d.chance(90) {
			p[memberTiers] = d.tierList(1, 3)
		}
		p[memberDocument] = d.document()
		return p
	}
	m := d.model.at(d.now)
	d.link(p, m, typ)
	switch typ {
	case 2:
		p[memberDocument] = d.document()
	case 3:
		p[memberRoot] = make([]byte, 32)
	case 4:
		d.rotation(p, m)
	case 5:
		d.recovery(p, m)
	case 6:
		if m.pending != nil && d.chance(50) || m.migration != nil || len(m.present)+len(m.replaced) == 0 {
			p[memberReveal], p[memberNext] = d.reveals(m.next, false), d.nextSet()
		} else {
			d.acting(p, m)
		}
	case 7:
		p[memberReveal] = d.reveals(m.next, false)
	case 8:
		d.migration(p, m)
	}
	return p
}

func (d *driver) link(p object, m *mState, typ uint64) {
	place := len(m.ops) - 1
	if (typ == 4 || typ == 5) && d.chance(25) || d.chance(3) {
		place = d.between(0, place)
	}
	p[memberSCID], p[memberSeq], p[memberPrev] = m.ops[0].scid, uint64(place+1), m.ops[place].id
	if d.chance(2) {
		p[memberSeq] = uint64(place + 2)
	}
	setName(p, memberHome, m.home)
	if d.chance(2) {
		p[memberHome] = "elsewhere"
	}
}

func (d *driver) rotation(p object, m *mState) {
	r := d.reveals(m.next, false)
	p[memberReveal] = r
	var first []byte
	if len(r) > 0 {
		first = r[0].([]any)[1].([]byte)
	}
	p[memberControl], p[memberNext] = d.controlSet(first), d.nextSet()
	if d.chance(40) {
		p[memberTiers] = d.tierList(1, 3)
	}
	if d.chance(60) {
		p[memberDocument] = d.document()
	}
	if c := d.declared(m); len(c) > 0 && d.chance(30) {
		p[memberCompromised] = c
	}
}

// acting draws the tier that acts, mostly one above a pending one.
func (d *driver) acting(p object, m *mState) mTier {
	x := mTier{set: m.next}
	all := append(slices.Clone(m.present), m.replaced...)
	if m.pending != nil && d.chance(80) {
		if higher := slices.DeleteFunc(slices.Clone(all), func(x mTier) bool { return !above(x, m.pending.by) }); len(higher) > 0 {
			all = higher
		}
	}
	if len(all) > 0 {
		x = pick(d, all)
	}
	p[memberTier], p[memberRevealRecovery] = []uint64{x.place, x.rank}, d.reveals(x.set, true)
	return x
}

func (d *driver) recovery(p object, m *mState) {
	x := d.acting(p, m)
	p[memberControl], p[memberNext], p[memberDocument] = d.controlSet(nil), d.nextSet(), d.document()
	p[memberTiers] = d.tierList(1, max(1, 3-int(x.rank)))
	if c := d.declared(m); len(c) > 0 && d.chance(30) {
		p[memberCompromised] = c
	}
	var cleared []string
	for _, r := range m.removed {
		if r.compromised && d.chance(50) {
			cleared = append(cleared, r.fragment)
		}
	}
	if len(cleared) > 0 {
		p[memberCleared] = cleared
	}
}

// signed lets everybody sign who can; now and then one does not.
func (d *driver) signed(p object) []byte {
	payload := cborBytes(d.fails, p)
	var who [][]byte
	op, err := tryPayload(payload)
	if err == nil {
		control := mSet{}
		if d.model != nil {
			control = d.model.at(d.now).control
		}
		who = op.signers(control)
	}
	var ks []*keys.PrivateKey
	for _, pub := range who {
		k := secretOf(func(k *keys.PrivateKey) bool { return bytes.Equal(k.Public().Multicodec(), pub) }, d.fresh)
		if d.chance(4) {
			k = nil
		}
		if d.chance(2) {
			k = ed(poolNext - 1)
		}
		ks = append(ks, k)
	}
	return sealBytes(d.fails, payload, ks...)
}

func tryPayload(payload []byte) (op *mOp, err error) {
	defer func() {
		if f := recover(); f != nil {
			err = errors.New("malformed")
		}
	}()
	return modelPayload(payload), nil
}

// pass lets time pass, often to a moment at which something ends, or the second before it.
func (d *driver) pass() {
	at := []int64{d.now, d.now + 1, d.now + 60, d.now + 3600, d.now + 86400}
	if m := d.model; m != nil {
		ends := []int64{m.final - 1, m.final}
		if m.migration != nil && d.chance(60) {
			at = []int64{max(d.now, m.migration.ready-1), max(d.now, m.migration.ready)}
		}
		for _, x := range append(slices.Clone(m.present), m.replaced...) {
			ends = append(ends, x.until-1, x.until, x.notBefore-1, x.notBefore)
		}
		if m.pending != nil && d.chance(35) {
			at, ends = nil, []int64{m.pending.effective - 1, m.pending.effective, m.pending.effective + 1}
		}
		for _, t := range ends {
			if t >= d.now && (d.chance(10) || m.pending != nil) {
				at = append(at, t)
			}
		}
	}
	if len(at) > 0 {
		d.now = pick(d, at)
	}
	if d.chance(1) {
		d.now -= int64(d.between(1, 100))
	}
}

// step applies one operation to both and compares. It is false when nothing can follow any more.
func (d *driver) step() bool {
	d.pass()
	typ := uint64(1)
	if d.model != nil {
		m := d.model.at(d.now)
		switch {
		case m.migration != nil && m.migration.departed && d.chance(90), d.chance(2):
			d.arrive(m.migration == nil || !m.migration.departed)
			return true
		case m.deactivated && m.pending == nil && d.now >= m.final:
			return d.chance(50)
		case m.pending != nil:
			typ = pick(d, []uint64{5, 5, 6, 6, 4})
		case m.deactivated:
			typ = pick(d, []uint64{5, 5, 5, 5, 6, 2})
		case d.chance(3):
			typ = pick(d, []uint64{6, 7, 7, 1})
		case m.migration != nil:
			typ = pick(d, []uint64{2, 3, 4, 5, 6, 7, 8, 8, 8, 8})
		default:
			typ = pick(d, []uint64{2, 2, 3, 4, 4, 4, 5, 8})
		}
	}
	d.compare(d.signed(d.payload(typ)))
	return true
}

func (d *driver) compare(raw []byte) {
	mop, merr := modelParse(raw)
	op, err := realdid.ParseOperation(raw)
	if (merr == nil) != (err == nil) {
		d.Fatalf("parse: model %v, package %v", merr, err)
	}
	if err != nil {
		return
	}
	if !bytes.Equal(op.Bytes(), raw) {
		d.Fatal("parse: other bytes")
	}
	next, merr := modelApply(d.model, mop, d.index, d.now)
	at := ledger.Anchor{Index: d.index, Time: time.Unix(d.now, 0).UTC()}
	got, err := realdid.Apply(d.state, op, at)
	if (merr == nil) != (err == nil) {
		d.Fatalf("apply %v: model %v, package %v", op.Type(), merr, err)
	}
	reduced, rerr := d.reducer().Reduce(op.Identifier().Key(), d.bytes, raw, at)
	if err != nil {
		d.refused(op, err, rerr)
		return
	}
	d.state, d.model, d.index = got, next, d.index+1
	b := stateBytes(d.fails, got)
	want := next.bytes(d.fails)
	if !bytes.Equal(b, want) {
		d.Fatalf("state after %v: got %x, want %x", op.Type(), b, want)
	}
	if rerr != nil || !bytes.Equal(reduced.State, b) {
		d.Fatalf("the Reducer gives another state than Apply (%v)", rerr)
	}
	head, err := realdid.Reducer().Head(op.Identifier().Key(), b)
	if want := next.head(d.fails, want); err != nil || !bytes.Equal(head, want) {
		d.Fatalf("head after %v: got %x, want %x (%v)", op.Type(), head, want, err)
	}
	d.bytes = b
	d.later()
}

func (d *driver) refused(op *realdid.Operation, err, rerr error) {
	if !errors.Is(err, realdid.ErrOperation) || rerr == nil {
		d.Fatalf("refused with %v, by the Reducer with %v", err, rerr)
	}
	if d.state != nil && !bytes.Equal(stateBytes(d.fails, d.state), d.bytes) {
		d.Fatalf("a refused %v changed the state", op.Type())
	}
}

// later compares what the state becomes by time alone, in one step and in two, from memory and from bytes.
func (d *driver) later() {
	t1 := d.now + int64(d.between(0, 8*86400))
	t2 := t1 + int64(d.between(0, 8*86400))
	want := d.model.at(t2).bytes(d.fails)
	again, err := realdid.ParseState(d.bytes)
	if err != nil {
		d.Fatal(err)
	}
	for what, s := range map[string]*realdid.State{
		"one step":  d.state.At(time.Unix(t2, 0)),
		"two steps": d.state.At(time.Unix(t1, 0)).At(time.Unix(t2, 0)),
		"decoded":   again.At(time.Unix(t2, 0)),
	} {
		if got := stateBytes(d.fails, s); !bytes.Equal(got, want) {
			d.Fatalf("At, %s: got %x, want %x", what, got, want)
		}
	}
	if !bytes.Equal(stateBytes(d.fails, d.state), d.bytes) {
		d.Fatal("At changed the state that it was asked of")
	}
}

func stateBytes(t fails, s *realdid.State) []byte {
	b, err := s.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

type fails interface {
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// run takes steps from seeds until nothing can follow any more.
func (d *driver) run(steps int, seed func() uint64) {
	d.now = start.Unix()
	for i := range steps {
		d.rand = rand.New(rand.NewPCG(seed(), uint64(i)))
		if !d.step() {
			return
		}
	}
}

// TestApplyAgreesWithTheModel runs random histories, clock jumps included, against the model of SPEC.md.
func TestApplyAgreesWithTheModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := &driver{fails: t}
		most := 60
		if raceEnabled {
			most = 20
		}
		d.run(rapid.IntRange(10, most).Draw(t, "steps"), func() uint64 { return rapid.Uint64().Draw(t, "seed") })
	})
}

// FuzzApply is the same with a step for each two bytes.
func FuzzApply(f *testing.F) {
	f.Add([]byte("0123456789abcdefghijklmnopqrstuv"))
	f.Fuzz(func(t *testing.T, b []byte) {
		d := &driver{fails: t}
		d.run(min(len(b)/2, 32), func() uint64 {
			seed := uint64(b[0])<<8 | uint64(b[1])
			b = b[2:]
			return seed
		})
	})
}
