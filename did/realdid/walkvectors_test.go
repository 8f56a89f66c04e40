package realdid_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/internal/vectors"
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

// aWalk takes steps with the model beside it until nothing can follow, or the identifier has departed.
func aWalk(t *testing.T, seed uint64, most int) (v walkVector, valid int) {
	d := &driver{fails: t, now: start.Unix()}
	v.Name = fmt.Sprintf("walk %d", seed)
	for i := range most {
		d.rand = rand.New(rand.NewPCG(seed, uint64(i)))
		d.pass()
		typ, ok := d.nextType()
		if !ok {
			break
		}
		d.index = uint64(i)
		raw, before := d.signed(d.payload(typ)), d.state
		d.compare(raw)
		s := walkStep{Operation: raw, Time: time.Unix(d.now, 0).UTC().Format(time.RFC3339)}
		if d.state != before {
			h := must(d.state.HeadRecord())(t)
			s.Head = must(h.Bytes())(t)
			valid++
		}
		v.Steps = append(v.Steps, s)
	}
	v.State = d.bytes
	return v, valid
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
		for seed := uint64(1); len(f.Vectors) < 16; seed++ {
			if v, valid := aWalk(t, seed, 50); valid >= 18 {
				f.Vectors = append(f.Vectors, v)
			}
		}
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
