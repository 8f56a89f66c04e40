package realdid_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/realdid"
)

func headBytes(t testing.TB, s *realdid.State) []byte {
	t.Helper()
	h, err := s.HeadRecord()
	ok(t, "head", err)
	b, err := h.Bytes()
	ok(t, "head bytes", err)
	again, err := realdid.ParseHead(b)
	if err != nil || *again != *h {
		t.Fatalf("a head reads back as %+v (%v), want %+v", again, err, h)
	}
	return b
}

func TestHeadFollowsTheState(t *testing.T) {
	h := fixed(t)
	want := func(what string, status realdid.Status, effective time.Time) {
		t.Helper()
		head, err := h.state.HeadRecord()
		ok(t, what, err)
		if head.Seq != h.state.Seq() || head.Operation != h.state.Head() || head.History != h.state.History() || !head.Time.Equal(h.now) {
			t.Errorf("%s: got %+v", what, head)
		}
		if head.Status != status || !head.Effective.Equal(effective) {
			t.Errorf("%s: got %v %v, want %v %v", what, head.Status, head.Effective, status, effective)
		}
		headBytes(t, h.state)
	}
	want("create", realdid.StatusActive, time.Time{})
	h.wait(time.Hour)
	ok(t, "file", h.guardiansFile(20))
	want("file", realdid.StatusPending, h.now.Add(threeDays))
	ok(t, "cancel", h.cancelByTier(10))
	want("cancel", realdid.StatusActive, time.Time{})
	ok(t, "deactivate", h.deactivate(1))
	want("deactivate", realdid.StatusDeactivated, time.Time{})
	h.wait(threeDays)
	ok(t, "revive", h.guardiansFile(30))
	want("revive", realdid.StatusDeactivated, h.now.Add(threeDays))
	for s, name := range map[realdid.Status]string{
		realdid.StatusActive: "active", realdid.StatusPending: "pending", realdid.StatusDeactivated: "deactivated", 9: "status 9",
	} {
		if s.String() != name {
			t.Errorf("got %v, want %s", s, name)
		}
	}
}

// TestHistoryRootCommits: another index or time of any operation, or another operation, gives another root.
func TestHistoryRootCommits(t *testing.T) {
	h, lg := kept(t)
	ok(t, "rotate", h.rotateTo(1))
	ok(t, "anchor", func() error { d, err := h.at().DraftAnchor(realdid.Digest{1}); return h.try(d, err, ed(1)) }())
	roots := map[realdid.Digest]string{}
	add := func(name string, change func(i int, at ledger.Anchor) ledger.Anchor) {
		var s *realdid.State
		var err error
		for i, e := range lg.entries {
			if s, err = realdid.Apply(s, mustParse(t, e.Op), change(i, e.Anchor)); err != nil {
				t.Fatal(err)
			}
		}
		if other, twice := roots[s.History()]; twice {
			t.Errorf("%s and %s have one root", name, other)
		}
		roots[s.History()] = name
	}
	add("as it is", func(_ int, at ledger.Anchor) ledger.Anchor { return at })
	for i := range lg.entries {
		add("index", func(j int, at ledger.Anchor) ledger.Anchor {
			if i == j {
				at.Index += 7
			}
			return at
		})
		add("time", func(j int, at ledger.Anchor) ledger.Anchor {
			if j >= i {
				at.Time = at.Time.Add(time.Second)
			}
			return at
		})
	}
}

// TestSubmitKnowsTheIndex: the state that Submit returns has the history root of the entry as the ledger placed it.
func TestSubmitKnowsTheIndex(t *testing.T) {
	w := newWorld(t)
	newPerson(t, w)
	p := newPerson(t, w)
	r, err := w.m.Anchor(t.Context(), p.id, realdid.Digest{7}, p.control)
	ok(t, "anchor", err)
	if r.Anchor.Index == 0 {
		t.Fatal("the entry is the first")
	}
	if got, want := stateBytes(t, r.State), stateBytes(t, must(w.m.State(t.Context(), p.id))(t)); !bytes.Equal(got, want) {
		t.Errorf("got %x, want %x", got, want)
	}
}

func TestReducerHead(t *testing.T) {
	h := fixed(t)
	b := stateBytes(t, h.state)
	key := h.state.Identifier().Key()
	if got := must(realdid.Reducer().Head(key, b))(t); !bytes.Equal(got, headBytes(t, h.state)) {
		t.Errorf("got %x", got)
	}
	if _, err := realdid.Reducer().Head("other", b); !errors.Is(err, realdid.ErrHead) {
		t.Errorf("of another key: got %v", err)
	}
	if _, err := realdid.Reducer().Head(key, b[1:]); err == nil {
		t.Error("of bytes that are no state")
	}
}

// badHeads changes a good record in one place each.
func badHeads(t *testing.T) []badHeadVector {
	h := fixed(t)
	ok(t, "file", h.guardiansFile(20))
	good := headBytes(t, h.state)
	var out []badHeadVector
	bad := func(fault, text string, change func(o object)) {
		var o object
		ok(t, "read", cbor.Unmarshal(good, &o))
		change(o)
		out = append(out, badHeadVector{fault, cborBytes(t, o), text})
	}
	raw := func(fault, text string, b []byte) { out = append(out, badHeadVector{fault, b, text}) }
	raw("empty", "not deterministic", nil)
	raw("trailing byte", "not deterministic", append(good[:len(good):len(good)], 0))
	raw("cut short", "not deterministic", good[:len(good)-1])
	raw("too large", "limit 512", make([]byte, 513))
	bad("version 0", "version 0", func(o object) { o[0] = 0 })
	bad("version 2", "version 2", func(o object) { o[0] = 2 })
	bad("unknown member", "not deterministic", func(o object) { o[8] = 1 })
	bad("operation missing", "not deterministic", func(o object) { delete(o, 2) })
	bad("operation of 31 bytes", "32 bytes", func(o object) { o[2] = make([]byte, 31) })
	bad("state of 33 bytes", "32 bytes", func(o object) { o[3] = make([]byte, 33) })
	bad("history empty", "32 bytes", func(o object) { o[4] = []byte{} })
	bad("status 0", "status 0", func(o object) { o[5] = 0 })
	bad("status 4", "status 4", func(o object) { o[5] = 4 })
	bad("status of 64 bits", "status", func(o object) { o[5] = uint64(1) << 40 })
	bad("active with a recovery", "status 1", func(o object) { o[5] = 1 })
	bad("pending without a recovery", "status 2", func(o object) { delete(o, 7) })
	bad("time negative", "time out of range", func(o object) { o[6] = -1 })
	bad("time after 9000", "time out of range", func(o object) { o[6] = int64(221876928000) })
	bad("effective is written as zero", "not deterministic", func(o object) { o[5], o[7] = 1, 0 })
	bad("effective not after the filing", "time out of range", func(o object) { o[7] = o[6] })
	bad("effective later than the longest delay", "time out of range", func(o object) { o[7] = o[6].(uint64) + 31536001 })
	moving := func(fault, text string, change func(o object)) {
		bad(fault, text, func(o object) {
			o[5] = 5
			change(o)
		})
	}
	moving("moving without an end of the notice", "status 5", func(o object) { delete(o, 7) })
	moving("notice longer than twice the longest delay", "time out of range", func(o object) { o[7] = o[6].(uint64) + 2*31536000 + 1 })
	bad("moved with a time", "status 6", func(o object) { o[5] = 6 })
	bad("status 7", "status 7", func(o object) { o[5] = 7; delete(o, 7) })
	return out
}

func TestBadHeadVectors(t *testing.T) {
	compareVectors(t, "bad-heads", badHeads(t))
	for _, v := range readVectors[badHeadVector](t, "bad-heads") {
		_, err := realdid.ParseHead(v.Head)
		if !errors.Is(err, realdid.ErrHead) || !strings.Contains(err.Error(), v.Error) {
			t.Errorf("%s: got %v, want %q", v.Fault, err, v.Error)
		}
	}
}

func FuzzParseHead(f *testing.F) {
	h := fixed(f)
	f.Add(headBytes(f, h.state))
	ok(f, "file", h.guardiansFile(20))
	f.Add(headBytes(f, h.state))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := realdid.ParseHead(b)
		if err != nil {
			return
		}
		if again, err := h.Bytes(); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("got %x (%v), want %x", again, err, b)
		}
	})
}
