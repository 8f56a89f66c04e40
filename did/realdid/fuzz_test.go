package realdid_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/realdid"
)

// FuzzParseOperation compares the parser with the model's on any bytes: both refuse, or both take it and the bytes stay.
func FuzzParseOperation(f *testing.F) {
	for _, typ := range []uint64{1, 2, 3, 4, 5, 6, cancelByTier, 7} {
		f.Add(seal(f, wellFormed(typ), ed(0)))
	}
	for _, p := range wellFormedMoves() {
		f.Add(seal(f, p, ed(0)))
		f.Add(unsignedOp(f, p))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		op, err := realdid.ParseOperation(b)
		mop, merr := modelParse(b)
		if (err == nil) != (merr == nil) {
			t.Fatalf("package %v, model %v", err, merr)
		}
		if err != nil {
			return
		}
		id := op.ID()
		if !bytes.Equal(op.Bytes(), b) || !bytes.Equal(id[:], mop.id) || uint64(op.Type()) != mop.typ || op.Seq() != mop.seq {
			t.Fatalf("read as %v %d %x, by the model as %d %d %x", op.Type(), op.Seq(), id, mop.typ, mop.seq, mop.id)
		}
		if _, err := realdid.Apply(nil, op, ledger.Anchor{Time: start}); err == nil && op.Type() != realdid.Create {
			t.Fatalf("%v stands at the beginning", op.Type())
		}
	})
}

// FuzzParsePayload is the same with a good envelope around any payload, which the fuzzer would seldom find.
func FuzzParsePayload(f *testing.F) {
	for _, typ := range []uint64{1, 2, 3, 4, 5, 6, cancelByTier, 7} {
		f.Add(cborBytes(f, wellFormed(typ)))
	}
	for _, p := range wellFormedMoves() {
		f.Add(cborBytes(f, p))
	}
	p := wellFormed(2)
	p[memberDocument] = object{
		0: []any{[]any{"a", multicodec(3), 31}},
		1: []any{[]any{"s", []string{"T"}, []any{"https://a.example/", map[string]any{"uri": "x", "accept": []string{"y", "z"}}}}},
		2: []any{"https://b.example/?%20#"},
	}
	f.Add(cborBytes(f, p))
	p = wellFormed(1)
	p[memberControl] = object{0: 3, 1: [][]byte{multicodec(0), multicodec(5)}, 2: []uint64{1, 2}}
	p[memberTiers] = []any{rawTier(3600), object{0: 7200, 1: true, 2: keySet(1, make([]byte, 32))}}
	p[memberDomain], p[memberHome], p[memberSingleSecret] = "a-1", "b", true
	f.Add(cborBytes(f, p))
	f.Fuzz(func(t *testing.T, payload []byte) {
		b := cborBytes(t, []any{payload, []any{[]any{0, make([]byte, 64)}}})
		_, err := realdid.ParseOperation(b)
		if _, merr := modelParse(b); (err == nil) != (merr == nil) {
			t.Fatalf("package %v, model %v", err, merr)
		}
	})
}

// TestEveryCharacter compares parser and model on every byte at every place that has its own alphabet.
func TestEveryCharacter(t *testing.T) {
	taken := 0
	for c := range 256 {
		x := string([]byte{byte(c)})
		for place, change := range map[string]func(p object){
			"fragment":     func(p object) { p[memberDocument] = object{0: []any{[]any{"a" + x, multicodec(3), 1}}} },
			"scheme":       func(p object) { p[memberDocument] = object{2: []any{"s" + x + ":y"}} },
			"scheme first": func(p object) { p[memberDocument] = object{2: []any{x + "s:y"}} },
			"uri":          func(p object) { p[memberDocument] = object{2: []any{"s:" + x}} },
			"percent":      func(p object) { p[memberDocument] = object{2: []any{"s:%" + x + "0"}} },
			"percent last": func(p object) { p[memberDocument] = object{2: []any{"s:%0" + x}} },
			"domain":       func(p object) { p[memberDomain] = x },
			"type":         func(p object) { p[memberDocument] = object{1: []any{[]any{"s", []string{x}, []any{"s:y"}}}} },
			"property": func(p object) {
				p[memberDocument] = object{1: []any{[]any{"s", []string{"T"}, []any{map[string]any{x: x + string(bytes.Repeat([]byte(x), 490))}}}}}
			},
		} {
			p := wellFormed(1)
			change(p)
			b := seal(t, p, ed(0))
			_, err := realdid.ParseOperation(b)
			if _, merr := modelParse(b); (err == nil) != (merr == nil) {
				t.Errorf("%s %q: package %v, model %v", place, x, err, merr)
			}
			if err == nil {
				taken++
			}
		}
	}
	if want := 500; taken < want {
		t.Errorf("taken: %d, want at least %d", taken, want)
	}
}

// FuzzParseState: what is read encodes to the same bytes, and no state makes time or an operation panic.
func FuzzParseState(f *testing.F) {
	h := fixed(f)
	states := []*realdid.State{h.state}
	ok(f, "file", h.guardiansFile(20))
	states = append(states, h.state)
	h = fixed(f)
	ok(f, "rotate", h.rotate(&realdid.RotateRequest{Reveal: pub(ed(1)), Next: commit(ed(2)), Recovery: []realdid.Tier{tier(time.Hour, true, 1, 14)}, Document: &realdid.Content{}}, ed(1)))
	ok(f, "deactivate", h.deactivate(2))
	for _, s := range append(states, h.state) {
		f.Add(stateBytes(f, s))
	}
	op, err := realdid.ParseOperation(seal(f, wellFormed(5), ed(0)))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := realdid.ParseState(b)
		if err != nil {
			return
		}
		if got := stateBytes(t, s); !bytes.Equal(got, b) {
			t.Fatalf("got %x, want %x", got, b)
		}
		s.At(start.Add(1000 * time.Hour)).Facts()
		_, _ = realdid.Apply(s, op, ledger.Anchor{Time: start.Add(time.Hour)})
	})
}
