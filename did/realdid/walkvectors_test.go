package realdid_test

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/internal/vectors"
	"github.com/realdid/realdid/keys"
)

// A walk is what a ledger without admission has at one key: operations as a random hand writes them, valid and not. Histories that were
// thought up leave room for misreadings that such a heap does not.
type walkVector struct {
	Name  string     `json:"name"`
	Steps []walkStep `json:"steps"`
	State hexBytes   `json:"state"` // after the last valid operation
}

type walkStep struct {
	Operation hexBytes `json:"operation"`
	Time      string   `json:"time"`
	Head      hexBytes `json:"head,omitempty"` // after it; absent: it is not valid
}

// walker records what a driver does.
type walker struct {
	*driver
	walkVector
}

func newWalker(t *testing.T, name string, at int64) *walker {
	return &walker{&driver{fails: t, now: at}, walkVector{Name: name}}
}

// entry puts an entry at the present time.
func (w *walker) entry(t *testing.T, raw []byte) (valid bool) {
	w.index = uint64(len(w.Steps))
	before := w.state
	w.compare(raw)
	s := walkStep{Operation: raw, Time: time.Unix(w.now, 0).UTC().Format(time.RFC3339)}
	if valid = w.state != before; valid {
		s.Head = must(must(w.state.HeadRecord())(t).Bytes())(t)
	}
	w.Steps = append(w.Steps, s)
	w.State = w.bytes
	return valid
}

// aWalk takes steps with the model beside it until nothing can follow, or the identifier has departed.
func aWalk(t *testing.T, seed uint64, most int) walkVector {
	w := newWalker(t, fmt.Sprintf("walk %d", seed), start.Unix())
	for i := range most {
		w.rand = rand.New(rand.NewPCG(seed, uint64(i)))
		w.pass()
		typ, ok := w.nextType()
		if !ok {
			break
		}
		w.entry(t, w.signed(w.payload(typ)))
	}
	return w.walkVector
}

// told makes a walk of operations that others make for it, all of which must be valid or not as said.
func told(t *testing.T, name string, at int64, tiers []any, tell func(put func(typ uint64, valid bool, after int64, members object, ks ...*keys.PrivateKey))) walkVector {
	w := newWalker(t, name, at)
	w.rand = rand.New(rand.NewPCG(0, 0))
	put := func(typ uint64, valid bool, after int64, members object, ks ...*keys.PrivateKey) {
		t.Helper()
		w.now += after
		p := object{memberVersion: uint64(1), memberType: typ}
		if w.model != nil {
			last := len(w.model.ops) - 1
			p[memberSCID], p[memberSeq], p[memberPrev] = w.model.ops[0].scid, uint64(last+1), w.model.ops[last].id
		}
		maps.Copy(p, members)
		if got := w.entry(t, sealBytes(t, cborBytes(t, p), ks...)); got != valid {
			t.Fatalf("%s, step %d: valid %v, want %v", name, len(w.Steps)-1, got, valid)
		}
	}
	create := object{memberSuite: "q", memberSalt: make([]byte, 16), memberControl: oneKey(0), memberNext: oneCommitment(1)}
	if tiers != nil {
		create[memberTiers] = tiers
	}
	put(1, true, 0, create, ed(0))
	tell(put)
	return w.walkVector
}

func oneKey(n int) object { return object{0: 1, 1: [][]byte{ed(n).Public().Multicodec()}} }

func oneCommitment(n int) object { return object{0: 1, 1: [][]byte{commitNext('q', ed(n))}} }

func revealed(n int) []any { return []any{[]any{0, ed(n).Public().Multicodec()}} }

func tierOf(n int, delay uint64) object {
	return object{0: delay, 2: object{0: 1, 1: [][]byte{commitRecovery('q', salt16(n), ed(n))}}}
}

// toldWalks are about moments that hardly any random walk meets.
func toldWalks(t *testing.T) []walkVector {
	const day, hour = 86400, 3600
	recovery := func(by, rank, to int) object {
		return object{
			memberTier: []uint64{0, uint64(rank)}, memberRevealRecovery: []any{[]any{0, salt16(by), ed(by).Public().Multicodec()}},
			memberControl: oneKey(to), memberNext: oneCommitment(to + 1), memberTiers: []any{tierOf(by, hour)}, memberDocument: object{},
		}
	}
	return []walkVector{
		told(t, "a revival is replaced by another after the grace", start.Unix(), []any{tierOf(50, 60*day), tierOf(51, 60*day)},
			func(put func(uint64, bool, int64, object, ...*keys.PrivateKey)) {
				put(7, true, day, object{memberReveal: revealed(1)}, ed(1))
				put(5, true, 120*day-1, recovery(51, 1, 10), ed(51), ed(10))
				put(6, false, day, object{memberReveal: revealed(1), memberNext: oneCommitment(2)}, ed(1))
				put(5, true, 0, recovery(50, 0, 20), ed(50), ed(20))
				put(2, false, 60*day-1, object{memberDocument: object{}}, ed(20))
				put(2, true, 1, object{memberDocument: object{}}, ed(20))
			}),
		told(t, "nobody revives after the grace", start.Unix(), []any{tierOf(50, 60*day)},
			func(put func(uint64, bool, int64, object, ...*keys.PrivateKey)) {
				put(7, true, day, object{memberReveal: revealed(1)}, ed(1))
				put(5, false, 120*day, recovery(50, 0, 10), ed(50), ed(10))
			}),
		told(t, "departs at once without tiers, in 1970", 0, nil,
			func(put func(uint64, bool, int64, object, ...*keys.PrivateKey)) {
				put(8, true, 0, object{memberReveal: revealed(1), memberNext: oneCommitment(2), memberTo: "second"}, ed(1))
				put(8, false, 0, object{memberTo: "second"}, ed(0))
				put(8, true, 1, object{memberTo: "second"}, ed(0))
				put(3, false, 1, object{memberRoot: make([]byte, 32)}, ed(0))
			}),
		told(t, "a key for agreement on the twist", start.Unix(), nil,
			func(put func(uint64, bool, int64, object, ...*keys.PrivateKey)) {
				twist := append([]byte{0xec, 1, 2}, make([]byte, 31)...)
				put(2, true, day, object{memberDocument: object{0: []any{[]any{"agree", twist, 4}}}}, ed(0))
			}),
	}
}

// nextType draws the type of an operation that may follow, more often than not. It is false if none can.
func (d *driver) nextType() (typ uint64, ok bool) {
	if d.model == nil {
		return 1, true
	}
	switch m := d.model.at(d.now); {
	case m.migration != nil && m.migration.departed, m.deactivated && m.pending == nil && d.now >= m.final:
		return 0, false
	case m.pending != nil:
		return pick(d, []uint64{5, 5, 6, 6, 4}), true
	case m.deactivated:
		return pick(d, []uint64{5, 5, 5, 6, 2}), true
	case d.chance(5):
		return pick(d, []uint64{6, 7, 1}), true
	case m.migration != nil:
		return pick(d, []uint64{2, 3, 4, 5, 6, 8, 8}), true
	}
	return pick(d, []uint64{2, 2, 3, 4, 4, 4, 5, 5, 8}), true
}

// TestWalkVectors replays the walks of testdata. With -update it takes them anew.
func TestWalkVectors(t *testing.T) {
	const name = "realdid/walks"
	if *update {
		f := vectors.File[vectors.None, walkVector]{Kind: "realdid.walks"}
		for _, seed := range []uint64{2, 3, 8, 9, 10, 13, 14, 17, 20, 22, 24, 27, 29, 42, 50, 94} { // each shows what no other vector does
			f.Vectors = append(f.Vectors, aWalk(t, seed, 50))
		}
		f.Vectors = append(f.Vectors, toldWalks(t)...)
		vectors.Write(t, name, f)
	}
	for _, v := range vectors.Read[vectors.None, walkVector](t, name).Vectors {
		t.Run(v.Name, func(t *testing.T) {
			var s *realdid.State
			for i, step := range v.Steps {
				at := ledger.Anchor{Index: uint64(i), Time: must(time.Parse(time.RFC3339, step.Time))(t)}
				var next *realdid.State
				op, err := realdid.ParseOperation(step.Operation)
				if err == nil {
					next, err = realdid.Apply(s, op, at)
				}
				if (err == nil) != (step.Head != nil) {
					t.Fatalf("step %d: got %v, want a valid one: %v", i, err, step.Head != nil)
				}
				if err != nil {
					continue
				}
				s = next
				if h := must(must(s.HeadRecord())(t).Bytes())(t); !bytes.Equal(h, step.Head) {
					t.Fatalf("step %d: got the head record %x, want %x", i, h, step.Head)
				}
			}
			if b := stateBytes(t, s); !bytes.Equal(b, v.State) {
				t.Errorf("got the state %x, want %x", b, v.State)
			}
		})
	}
}
