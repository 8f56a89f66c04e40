package realdid_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
)

// bulky is a document of as many large methods as there can be, which are others for every n.
func bulky(t *testing.T, n int) realdid.Content {
	t.Helper()
	var c realdid.Content
	for i := range realdid.MaxMethods {
		k := blsKey(byte(i + 1))
		k[90], k[91] = byte(n), byte(n>>8)
		c.VerificationMethods = append(c.VerificationMethods,
			method(fmt.Sprintf("%s-%04d-%02d", strings.Repeat("x", 24), n, i), must(keys.ParseMulticodec(k))(t), did.AssertionMethod))
	}
	return c
}

// stuffed is the identifier of fixed after its holder had three more methods for a year each, one of them compromised, and a thief of the
// device has updated it so often, each time with other methods.
func stuffed(t *testing.T, updates int) *hist {
	t.Helper()
	h := fixed(t)
	for i, fragment := range []string{"one", "two", "three"} {
		ok(t, "honest update", h.update(authKey(fragment, 70+i), ed(0)))
		h.wait(365 * day)
	}
	ok(t, "honest rotation", h.rotate(&realdid.RotateRequest{
		Reveal: pub(ed(1)), Next: commit(ed(2)), Document: &realdid.Content{}, Compromised: map[string]uint64{"two": 2},
	}, ed(1)))
	for n := range updates {
		ok(t, "thief's update", h.update(bulky(t, n), ed(1)))
		h.wait(time.Minute)
	}
	return h
}

// TestThiefWhoStuffs: what a thief of the device makes an identifier leave behind does not keep it from moving, and does not push out
// what its holder left behind.
func TestThiefWhoStuffs(t *testing.T) {
	for what, leave := range map[string]func(h *hist) *realdid.Final{
		"departure": func(h *hist) *realdid.Final {
			ok(t, "announce", h.migrate("second", 2))
			h.wait(7 * day)
			ok(t, "depart", h.depart("second", 1))
			return nil
		},
		"end": func(*hist) *realdid.Final { return &realdid.Final{Size: 7, Successor: "second"} },
		"end while a recovery waits": func(h *hist) *realdid.Final {
			ok(t, "file", h.recover(10, 20, bulky(t, 999)))
			return &realdid.Final{Size: 7, Successor: "second"}
		},
	} {
		h := stuffed(t, 60)
		f := leave(h)
		full := stateBytes(t, h.state)
		small := must(h.state.Portable())(t)
		if len(full) < 64<<10 || len(small) > realdid.MaxOperation+8192+700 || f == nil && len(small) > 8192 || f == nil && len(small) < 8000 {
			t.Errorf("%s: got %d bytes of %d", what, len(small), len(full))
		}
		carried := must(realdid.ParseState(small))(t)
		if again := must(carried.Portable())(t); !bytes.Equal(again, small) || !bytes.Equal(headBytes(t, carried), headBytes(t, h.state)) {
			t.Errorf("%s: the portable state has another portable state, or another head record", what)
		}
		head := must(realdid.Reducer().Head(h.state.Identifier().Key(), full))(t)
		if !bytes.Equal(head, headBytes(t, h.state)) {
			t.Errorf("%s: the reducer makes another head record", what)
		}
		op := must(realdid.NewImport("second", full, append([]byte{7}, head...)))(t)
		s, err := realdid.Predecessors{{Home: "main", Heads: word{h.now}, Final: f}}.Apply(nil, op, ledger.Anchor{Time: h.now})
		if err != nil {
			t.Errorf("%s: import: %v", what, err)
			continue
		}
		there := &hist{t: t, now: h.now, state: s}
		for i, fragment := range []string{"one", "two", "three"} {
			refused(t, what+": an honest method returns", there.update(authKey(fragment, 70+i), ed(1)))
		}
		if s.Seq() != h.state.Seq() {
			t.Errorf("%s: another state arrived", what)
		}
	}
}

// TestPortable: what goes, and in which order.
func TestPortable(t *testing.T) {
	h := fixed(t)
	if got := must(h.state.Portable())(t); !bytes.Equal(got, stateBytes(t, h.state)) {
		t.Error("of a small state, something goes")
	}
	for n := 1; n < 400; n++ { // rotations alone: 37 bytes a turn, and 34 a key
		ok(t, "rotate", h.rotateTo(n))
	}
	c := must(realdid.ParseState(must(h.state.Portable())(t)))(t)
	there := &hist{t: t, now: h.now, state: c}
	refused(t, "the present key once more", there.rotate(&realdid.RotateRequest{Reveal: pub(ed(400)), Next: commit(ed(399))}, ed(400)))
	d, err := h.at().DraftRotate(&realdid.RotateRequest{Reveal: pub(ed(400)), Next: commit(ed(401)), Overtake: true})
	ok(t, "a rotation may still overtake", there.try(d, err, ed(400)))
}

type portableVector struct {
	Name     string   `json:"name"`
	State    hexBytes `json:"state"`
	Portable hexBytes `json:"portable"`
	Head     hexBytes `json:"head"`
}

func portableVectors(t *testing.T) []portableVector {
	var out []portableVector
	add := func(name string, h *hist) {
		out = append(out, portableVector{name, stateBytes(t, h.state), must(h.state.Portable())(t), headBytes(t, h.state)})
	}
	add("small", fixed(t))
	h := stuffed(t, 6)
	add("many removed methods, one of them compromised", h)
	ok(t, "file", h.recover(10, 20, authKey("new", 90)))
	add("the same while a recovery waits", h)
	h.wait(threeDays)
	ok(t, "update", h.update(authKey("other", 91), ed(20)))
	add("the same after it", h)
	h = fixed(t)
	for n := 1; n < 140; n++ {
		ok(t, "rotate", h.rotateTo(n))
		h.wait(day)
	}
	add("many turns and used keys", h)
	for n := range 3 {
		ok(t, "update", h.update(bulky(t, n), ed(139)))
		h.wait(time.Minute)
	}
	add("those and removed methods", h)
	return out
}

func TestPortableVectors(t *testing.T) {
	compareVectors(t, "portable", portableVectors(t))
	for _, v := range readVectors[portableVector](t, "portable") {
		s := must(realdid.ParseState(v.State))(t)
		if got := must(s.Portable())(t); !bytes.Equal(got, v.Portable) || !bytes.Equal(headBytes(t, s), v.Head) {
			t.Errorf("%s: got another portable state or head record", v.Name)
		}
		if small := len(v.State) <= 8192; small != bytes.Equal(v.State, v.Portable) {
			t.Errorf("%s: %d bytes became %d", v.Name, len(v.State), len(v.Portable))
		}
	}
}
