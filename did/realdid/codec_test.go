package realdid_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/realdid/realdid/did/realdid"
)

// roundTrip encodes a state, reads it back and compares.
func roundTrip(t testing.TB, s *realdid.State) *realdid.State {
	t.Helper()
	b, err := s.Bytes()
	if err != nil {
		t.Fatalf("encode: %v", err)
	}
	again, err := realdid.ParseState(b)
	if err != nil {
		t.Fatalf("decode: %v", err)
	}
	b2, err := again.Bytes()
	if err != nil || !bytes.Equal(b, b2) {
		t.Fatalf("a state encodes differently after a round trip (%v)", err)
	}
	return again
}

// alter changes an encoded state, by the numbers of SPEC.md section 8, and reads it back.
func alter(t testing.TB, s *realdid.State, change func(object)) (*realdid.State, error) {
	t.Helper()
	b, err := s.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	var o object
	if err := cbor.Unmarshal(b, &o); err != nil {
		t.Fatal(err)
	}
	change(o)
	return realdid.ParseState(cborBytes(t, o))
}

func TestParseStateRefuses(t *testing.T) {
	h := fixed(t)
	ok(t, "rotate", h.rotate(&realdid.RotateRequest{Reveal: pub(ed(1)), Next: commit(ed(2)), Recovery: []realdid.Tier{tier(time.Hour, true, 1, 14)}, Document: &realdid.Content{}}, ed(1)))
	ok(t, "update", h.update(authKey("b", 4), ed(1)))
	ok(t, "file", h.recover(14, 20, realdid.Content{}))
	if _, err := alter(t, h.state, func(object) {}); err != nil {
		t.Fatalf("unchanged: %v", err)
	}
	standing := func(change func(o object)) func(o object) {
		return func(o object) {
			x := object{0: rawTier(3600), 1: []any{0, 0}}
			change(x)
			o[12] = []any{x}
		}
	}
	for fault, change := range map[string]func(o object){
		"version": func(o object) { o[0] = 1 }, "head": func(o object) { o[5] = make([]byte, 31) }, "scid": func(o object) { o[3] = make([]byte, 33) },
		"short scid": func(o object) { o[3] = []byte("q") }, "no control": func(o object) { o[8] = nil }, "no next": func(o object) { o[9] = nil },
		"no document": func(o object) { o[13] = nil }, "control": func(o object) { o[8] = keySet(2, multicodec(0)) }, "control key": func(o object) { o[8] = keySet(1, make([]byte, 34)) },
		"next": func(o object) { o[9] = keySet(1, make([]byte, 31)) }, "tiers": func(o object) { o[11] = []any{object{0: rawTier(1), 1: []any{0, 0}}} },
		"retiring": standing(func(x object) { x[0] = rawTier(1) }), "rank": standing(func(x object) { x[1] = []any{0, 3} }), "zero is written": standing(func(x object) { x[2] = 0 }),
		"document": func(o object) { o[13] = object{2: []any{"no URI"}}; delete(o, 14) }, "added too few": func(o object) { delete(o, 14) }, "added too many": func(o object) { o[14] = []any{1, 2} },
		"removed": func(o object) { o[15] = []any{object{0: []any{"#", multicodec(3), 1}, 1: 0, 2: 0}} }, "used": func(o object) { o[16] = []any{make([]byte, 31)} },
		"pending payload": func(o object) { o[17].(map[any]any)[uint64(0)] = []byte{1} }, "no turns": func(o object) { o[19] = []any{} },
		"pending tier": func(o object) { o[17].(map[any]any)[uint64(1)] = object{0: rawTier(1), 1: []any{0, 0}} },
		"turn":         func(o object) { o[19] = []any{[]any{0, make([]byte, 31)}} }, "turns missing": func(o object) { delete(o, 19) },
		"removed before": func(o object) { o[20] = 2 }, "used before": func(o object) { o[21] = 99 }, "unknown member": func(o object) { o[23] = 1 }, "no history": func(o object) { delete(o, 22) }, "history": func(o object) { o[22] = make([]byte, 31) },
		"no version meanwhile": func(o object) { delete(o[17].(map[any]any), uint64(5)) }, "version meanwhile": func(o object) { o[17].(map[any]any)[uint64(5)] = []any{0, make([]byte, 31), 0} },
		"document missing": func(o object) { delete(o, 13) },
	} {
		if _, err := alter(t, h.state, change); err == nil {
			t.Errorf("%s: taken", fault)
		}
	}
	if _, err := realdid.ParseState(nil); err == nil {
		t.Error("no bytes: taken")
	}
}

// TestStatesShareNothing: operations that are applied to one state side by side do not see each other.
func TestStatesShareNothing(t *testing.T) {
	h := fixed(t)
	ok(t, "rotate", h.rotateTo(1))
	ok(t, "update", h.update(authKey("b", 4), ed(1)))
	before := stateBytes(t, h.state)
	base := h.state
	var branches []*realdid.State
	var want [][]byte
	branch := func(err error) {
		t.Helper()
		ok(t, "branch", err)
		branches, want = append(branches, h.state), append(want, stateBytes(t, h.state))
		h.state = base
	}
	for i := range 3 {
		branch(h.rotate(&realdid.RotateRequest{
			Reveal: pub(ed(2)), Control: realdid.OneKey(ed(50 + i).Public()), Next: commit(ed(60 + i)), Document: &realdid.Content{}, Compromised: map[string]uint64{"a": uint64(i)},
			Recovery: []realdid.Tier{tier(time.Hour, true, 1, 14+i)},
		}, ed(2), ed(50+i)))
		branch(h.update(authKey("c", 70+i), ed(1)))
		branch(h.guardiansFile(80 + 2*i))
		branch(h.deactivate(2))
	}
	for i, s := range branches {
		s.At(h.now.Add(100 * day))
		if !bytes.Equal(stateBytes(t, s), want[i]) {
			t.Errorf("branch %d was changed by another", i)
		}
	}
	if !bytes.Equal(stateBytes(t, base), before) {
		t.Error("the common state was changed")
	}
}
