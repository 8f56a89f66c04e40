package realdid_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/realdid"
)

// imports collects what must not be imported.
type imports struct {
	*two
	out  []badImportVector
	good []byte // an import of what departed, and its parts
	by   realdid.Predecessors
}

// bad records a fault; the zero time is now.
func (b *imports) bad(kind, fault, text string, before, op []byte, ps realdid.Predecessors, at time.Time) {
	b.Helper()
	mustParse(b, op)
	if at.IsZero() {
		at = b.now
	}
	b.out = append(b.out, badImportVector{fault, kind, before, op, at, predecessorsOf(ps), text})
}

func (b *imports) invalid(fault, text string, change func(p object)) {
	b.Helper()
	p := decodeOp(b, b.good).payload
	change(p)
	b.bad("invalid", fault, text, nil, unsignedOp(b, p), b.by, time.Time{})
}

// proven is a fault in the proof.
func (b *imports) proven(kind, fault, text string, change func(l *proof.Latest)) {
	b.Helper()
	p := decodeOp(b, b.good).payload
	l := must(proof.ParseLatest(p[memberProof].([]byte)))(b.T)
	change(l)
	p[memberProof] = must(l.Bytes())(b.T)
	b.bad(kind, fault, text, nil, unsignedOp(b, p), b.by, time.Time{})
}

func (b *imports) unchecked(fault, text string, ps realdid.Predecessors) {
	b.Helper()
	b.bad("unchecked", fault, text, nil, b.good, ps, time.Time{})
}

func unsignedOp(t testing.TB, p object) []byte {
	t.Helper()
	return cborBytes(t, []any{cborBytes(t, p), []any{}})
}

func badImports(t *testing.T) []badImportVector {
	w := newTwo(t)
	id := w.born()
	b := &imports{two: w, by: w.toThat}
	live := w.importOf(w.main, id, "second")
	b.bad("unchecked", "not-departed", "has not departed", nil, live, b.by, time.Time{})
	w.announce(w.atMain, id, "second", 1)
	announced := w.importOf(w.main, id, "second")
	b.bad("unchecked", "announced-and-not-departed", "has not departed", nil, announced, b.by, time.Time{})
	must(w.atMain.Depart(t.Context(), id, "second", ed(0)))(t)
	departed := w.now
	w.wait(time.Hour)
	b.good = w.importOf(w.main, id, "second")
	b.carries(announced)
	b.proofs()
	b.policies()
	b.places(departed)
	b.ends()
	slices.SortFunc(b.out, func(a, b badImportVector) int { return strings.Compare(a.Fault, b.Fault) })
	return b.out
}

// carries are faults of what is carried.
func (b *imports) carries(announced []byte) {
	old := decodeOp(b, announced).payload
	b.invalid("state-is-none", "state: encoding", func(p object) { p[memberState] = []byte{1} })
	b.invalid("state-of-another-identifier", "another identifier or ledger", func(p object) { p[memberSCID].([]byte)[5] ^= 1 })
	b.invalid("state-of-another-ledger", "another identifier or ledger", func(p object) { p[memberFrom] = "third" })
	b.invalid("state-of-another-domain", "another identifier or ledger", func(p object) { p[memberDomain] = "other" })
	b.invalid("to-another-ledger-than-it-departed-to", "has moved to another ledger", func(p object) { p[memberHome] = "third" })
	b.invalid("an-old-state-under-a-new-proof", "not of the state", func(p object) { p[memberState] = old[memberState] })
	b.invalid("a-new-state-under-an-old-proof", "not of the state", func(p object) { p[memberProof] = old[memberProof] })
	change := func(fault string, f func(o object)) {
		b.invalid(fault, "not of the state", func(p object) {
			o := decodeObject(b.T, p[memberState].([]byte))
			f(o)
			p[memberState] = cborBytes(b, o)
		})
	}
	change("state-with-other-keys", func(o object) { o[8] = keySet(1, multicodec(500)) })
	change("state-with-another-document", func(o object) { o[13], o[14] = object{}, nil; delete(o, 14) })
	change("state-with-another-history", func(o object) { o[22] = make([]byte, 32) })
	change("state-said-to-have-departed-elsewhere-before", func(o object) { o[24] = object{0: "third", 1: 1} })
	b.invalid("state-that-came-from-its-own-ledger", "arrival", func(p object) {
		o := decodeObject(b.T, p[memberState].([]byte))
		o[24] = object{1: 1}
		p[memberState] = cborBytes(b, o)
	})
	b.invalid("state-that-moves-within-its-ledger", "migration", func(p object) {
		o := decodeObject(b.T, p[memberState].([]byte))
		o[23] = object{1: 1}
		p[memberState] = cborBytes(b, o)
	})
}

func (b *imports) proofs() {
	b.invalid("proof-is-none", "latest", func(p object) { p[memberProof] = []byte{1} })
	absent := must(b.main.Prove(b.Context(), "q"+strings.Repeat("a", 52), 0))(b.T)
	b.invalid("proof-of-another-key", "nothing stands there", func(p object) { p[memberProof] = absent })
	b.proven("invalid", "proof-with-another-map", "", func(l *proof.Latest) { l.Epoch.MapRoot[0] ^= 1 })
	b.proven("invalid", "proof-with-another-head", "", func(l *proof.Latest) { l.Head[20] ^= 1 })
	b.proven("invalid", "proof-with-another-epoch", "", func(l *proof.Latest) { l.Epoch.Time++ })
	b.proven("invalid", "proof-with-an-epoch-of-another-size", "not of the checkpoint's size", func(l *proof.Latest) { l.Epoch.Size++ })
	b.proven("invalid", "proof-without-its-path", "", func(l *proof.Latest) { l.EpochPath = nil })
	b.proven("invalid", "proof-under-no-checkpoint", "", func(l *proof.Latest) { l.Checkpoint = []byte("x") })
	signers := func(keep func(name string) bool) func(l *proof.Latest) {
		return func(l *proof.Latest) {
			n := must(proof.ParseNote(l.Checkpoint))(b.T)
			n.Signatures = slices.DeleteFunc(n.Signatures, func(s proof.NoteSignature) bool { return !keep(s.Name) })
			l.Checkpoint = n.Append(nil)
		}
	}
	b.proven("unchecked", "proof-without-the-auditor", "auditor", signers(func(name string) bool { return name != "cosigner-2.example" }))
	b.proven("unchecked", "proof-with-one-witness", "witness", signers(func(name string) bool { return name != "cosigner-1.example" }))
	b.proven("unchecked", "proof-that-the-log-did-not-sign", "not signed by the log", signers(func(name string) bool { return name != testOrigin }))
	b.proven("unchecked", "proof-with-a-strangers-signature", "unknown", func(l *proof.Latest) {
		n := must(proof.ParseNote(l.Checkpoint))(b.T)
		n.Signatures = append(n.Signatures, must(noteSigner(b, "stranger.example", proof.CosignatureEd25519).Cosign(n.Text, b.now))(b.T))
		l.Checkpoint = n.Append(nil)
	})
	b.proven("unchecked", "proof-with-a-signature-that-does-not-verify", "", func(l *proof.Latest) {
		n := must(proof.ParseNote(l.Checkpoint))(b.T)
		other := must(b.main.cosigners[0].Cosign([]byte(testOrigin+"\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"), b.now))(b.T)
		n.Signatures[1] = other
		l.Checkpoint = n.Append(nil)
	})
}

func (b *imports) policies() {
	main := b.main.trust
	b.unchecked("no-predecessor", "nobody is trusted", nil)
	without := func(kind, fault, text string, member uint64, value []byte) {
		p := decodeOp(b, b.good).payload
		p[member] = value
		b.bad(kind, fault, text, nil, unsignedOp(b, p), nil, time.Time{})
	}
	without("unchecked", "proof-is-none-and-nobody-is-trusted", "nobody is trusted", memberProof, []byte{1})
	without("invalid", "state-is-none-and-nobody-is-trusted", "state: encoding", memberState, []byte{1})
	b.unchecked("two-policies-by-neither-of-which", "", realdid.Predecessors{{Home: "main", Trust: b.second.trust}, {Home: "main", Trust: withoutAuditors(main)}})
	b.unchecked("another-predecessor", "nobody is trusted", realdid.Predecessors{{Home: "third", Trust: main}})
	b.unchecked("another-log", "another log", realdid.Predecessors{{Home: "main", Trust: b.second.trust}})
	b.unchecked("a-policy-without-auditors", "", realdid.Predecessors{{Home: "main", Trust: withoutAuditors(main)}})
	b.unchecked("a-policy-that-has-passed", "nobody is trusted", realdid.Predecessors{{Home: "main", Trust: main, Until: b.now.Add(-time.Second)}})
	size := b.main.size()
	root := must(proof.Root(b.main, size))(b.T)
	b.unchecked("after-the-end", "had ended before", realdid.Predecessors{{Home: "main", Trust: main, Final: &realdid.Final{Size: size - 1, Root: root}}})
	b.unchecked("another-end", "or otherwise", realdid.Predecessors{{Home: "main", Trust: main, Final: &realdid.Final{Size: size}}})
}

// places are faults of where and when it is imported.
func (b *imports) places(departed time.Time) {
	b.bad("invalid", "before-it-departed", "anchored before the state", nil, b.good, b.by, departed.Add(-time.Second))
	b.bad("unchecked", "when-the-cosigners-had-not-signed-yet", "future", nil, b.good, b.by, b.now.Add(-6*time.Minute))
	there := must(b.by.Apply(nil, mustParse(b, b.good), ledger.Anchor{Index: 5, Time: b.now}))(b.T)
	b.bad("invalid", "it-is-here-already", "is on this ledger", stateBytes(b, there), b.good, b.by, time.Time{})
	h := &hist{t: b, now: b.now, state: there}
	ok(b, "announce", h.migrate("third", 2))
	h.wait(7 * day)
	ok(b, "depart", h.depart("third", 0))
	b.bad("invalid", "an-import-from-before-it-departed-from-here", "from before the identifier departed", stateBytes(b, h.state), b.good, b.by, h.now)
	b.bad("invalid", "back-before-it-departed-from-here", "anchored before its predecessor", stateBytes(b, h.state), b.good, b.by, h.now.Add(-time.Second))
	p := decodeOp(b, b.good).payload
	state, _, err := b.main.State(b.Context(), must(realdid.ParseState(p[memberState].([]byte)))(b.T).Identifier().Key())
	ok(b, "state", err)
	b.bad("invalid", "to-another-ledger-than-that-of-the-state", "to another ledger", state, b.good, b.by, time.Time{})
	other := newHist(b, &realdid.CreateRequest{Network: secondNet, Control: realdid.OneKey(ed(0).Public()), Next: commit(ed(1))}, ed(0))
	o := decodeObject(b.T, stateBytes(b, other.state))
	o[3] = append([]byte{'q'}, make([]byte, 32)...) // its salt is another each time
	o[5], o[22], o[19] = make([]byte, 32), make([]byte, 32), []any{[]any{0, make([]byte, 32)}}
	b.bad("invalid", "over-another-identifier", "of another identifier", cborBytes(b, o), b.good, b.by, time.Time{})

	b.main.skew = func(leaf *proof.EpochLeaf, _ uint64) { leaf.Time = departed.Unix() - 1 }
	b.main.seal()
	b.main.skew = nil
	id := must(realdid.ParseState(p[memberState].([]byte)))(b.T).Identifier().Short()
	b.bad("invalid", "an-epoch-before-the-state", "from before the state", nil, b.importOf(b.main, id, "second"), b.by, time.Time{})
}

// ends are faults of ledgers that ended without a departure.
func (b *imports) ends() {
	w := newTwo(b.T)
	id := w.born()
	before := w.importOf(w.main, id, "second")
	end := w.ended()
	op := w.importOf(w.main, id, "second")
	bad := func(kind, fault, text string, op []byte, f *realdid.Final, at time.Time) {
		b.bad(kind, fault, text, nil, op, realdid.Predecessors{{Home: "main", Trust: w.main.trust, Final: f}}, at)
	}
	with := func(change func(f *realdid.Final)) *realdid.Final {
		f := *end
		change(&f)
		return &f
	}
	bad("unchecked", "ended-with-another-successor", "not succeeded", op, with(func(f *realdid.Final) { f.Successor = "third" }), w.now)
	bad("unchecked", "ended-without-a-successor", "not succeeded", op, with(func(f *realdid.Final) { f.Successor = "" }), w.now)
	bad("unchecked", "ended-under-an-earlier-checkpoint", "has not ended there", before, end, w.now)
	bad("unchecked", "ended-and-went-on", "had ended before", op, with(func(f *realdid.Final) { f.Size-- }), w.now)
	bad("unchecked", "ended-with-another-root", "or otherwise", op, with(func(f *realdid.Final) { f.Root[0] ^= 1 }), w.now)
	w.wait(time.Minute)
	later := w.ended()
	bad("invalid", "ended-later-than-it-is-imported", "before the end", w.importOf(w.main, id, "second"), later, w.now.Add(-time.Second))
	w.moved(w.atMain, id, "third", 1)
	f := w.ended()
	bad("invalid", "ended-when-it-had-departed-elsewhere", "has moved to another ledger", w.importOf(w.main, id, "second"), f, w.now)
}
