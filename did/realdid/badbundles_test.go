package realdid_test

import (
	"bytes"
	"maps"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/realdid"
)

// badBundles changes good bundles in one way each, the dishonest operator's ways included.
func badBundles(t *testing.T) []badBundleVector {
	w := newProvingWorld(t)
	all := everyBundle(t, w)
	var out []badBundleVector
	ask := func(fault string, id did.DID, trust string, b []byte, code did.ErrorCode, text string) {
		out = append(out, badBundleVector{fault, id.String(), trust, b, string(code), text})
	}
	of := func(base string) func(fault, text string, change func(o object)) {
		b := all[base]
		return func(fault, text string, change func(o object)) {
			ask(fault, b.id, trusted, changeBundle(t, b.bundle, change), did.InvalidDIDDocument, text)
		}
	}
	good := all["operations"]
	id := good.id
	bad, badState, badAbsent, badPlain := of("operations"), of("state"), of("absent"), of("no proof")
	// op returns operation i of a bundle, to be changed.
	op := func(o object, i int) []any { return o[3].([]any)[i].([]any) }

	ask("empty", id, trusted, nil, did.InvalidDIDDocument, "not deterministic")
	ask("trailing byte", id, trusted, append(bytes.Clone(good.bundle), 0), did.InvalidDIDDocument, "not deterministic")
	bad("version 2", "version 2", func(o object) { o[0] = 2 })
	bad("unknown member", "not deterministic", func(o object) { o[7] = 1 })
	bad("key missing", "not deterministic", func(o object) { delete(o, 1) })
	bad("key of no identifier", "key", func(o object) { o[1] = "x" })
	bad("key of a long form", "key", func(o object) { o[1] = id.ID() + ":AAAA" })
	bad("key with a fragment", "key", func(o object) { o[1] = id.ID() + "#a" })
	bad("home written as main", "home", func(o object) { o[2] = "main" })
	bad("home is no name", "home", func(o object) { o[2] = "A" })
	bad("operations and state", "both", func(o object) { o[4] = []byte{1} })
	bad("head beside a proof", "beside", func(o object) { o[5] = []byte{1} })
	badPlain("operations without proof or head", "beside", func(o object) { delete(o, 5) })
	badState("state without proof", "nothing vouches", func(o object) { delete(o, 6) })
	bad("head in the proof and no operations", "without what it describes", func(o object) { delete(o, 3) })
	badAbsent("no head in the proof and a state", "without what it describes", func(o object) { o[4] = []byte{1} })
	bad("proof is none", "proof: invalid", func(o object) { o[6] = []byte{1} })

	bad("an index twice", "is not after", func(o object) { op(o, 1)[1] = op(o, 0)[1] })
	bad("a time that goes back", "is not after", func(o object) { op(o, 1)[2] = uint64(0) })
	bad("a time after 9000", "is not after", func(o object) { op(o, 3)[2] = uint64(221876928000) })
	bad("another time of the last operation", "head record", func(o object) { op(o, 3)[2] = op(o, 3)[2].(uint64) + 1 })
	bad("an operation that the epoch does not cover", "does not cover", func(o object) { op(o, 3)[1] = uint64(9) })
	bad("an operation left out", "operation 1", func(o object) { o[3] = append(o[3].([]any)[:1], o[3].([]any)[2:]...) })
	bad("the last operation left out", "head record", func(o object) { o[3] = o[3].([]any)[:3] })
	bad("the create left out", "operation 0", func(o object) { o[3] = o[3].([]any)[1:] })
	bad("an operation that is none", "operation 3", func(o object) { op(o, 3)[0] = []byte{1} })
	bad("an operation signed by nobody who may", "operation 3", func(o object) {
		raw := decodeOp(t, op(o, 3)[0].([]byte))
		op(o, 3)[0] = seal(t, raw.payload, ed(0))
	})
	other := rawCreate('q')
	other[memberSalt] = []byte("another identity")
	stranger := seal(t, other, ed(0))
	bad("operations of another identifier", "operation 0", func(o object) { o[3] = []any{[]any{stranger, 0, 1767225600}} })
	ask("asked about another identifier", mustParse(t, stranger).Identifier().Short(), trusted, good.bundle, did.InvalidDIDDocument, "another identifier")
	_, long := unregistered(t)
	ask("long form of another identifier", long, trusted, good.bundle, did.InvalidDIDDocument, "another identifier")
	badAbsent("long form of another home ledger", "another home", func(o object) { o[2] = "second" })
	badPlain("head of another history", "head record", func(o object) { op(o, 3)[1] = uint64(17) })
	badPlain("head that is none", "realdid: head", func(o object) { o[5] = []byte{1} })
	badState("state that is none", "state", func(o object) { o[4] = []byte{1} })
	badState("another state", "head record", func(o object) {
		s := decodeObject(t, o[4].([]byte))
		s[10] = true
		o[4] = cborBytes(t, s)
	})
	badState("state of another identifier", "another identifier", func(o object) {
		s := decodeObject(t, o[4].([]byte))
		s[3] = append([]byte{'q'}, make([]byte, 32)...)
		o[4] = cborBytes(t, s)
	})
	badState("state of another home ledger", "another identifier or ledger", func(o object) {
		s := decodeObject(t, o[4].([]byte))
		s[2] = "second"
		o[4] = cborBytes(t, s)
	})
	ask("state under witnesses alone", id, "witnesses alone", all["state"].bundle, did.InvalidDIDDocument, "no quorum of witnesses and auditors")
	ask("absence under witnesses alone", must(realdid.ParseIdentifier(long))(t).Short(), "witnesses alone", all["absent"].bundle, did.InvalidDIDDocument, "nobody vouches")
	ask("no trust in the ledger", id, "", good.bundle, did.InternalError, "no trust")
	ask("proven absent", must(realdid.ParseIdentifier(long))(t).Short(), trusted, all["absent"].bundle, did.NotFound, "proven absent as of 2026-01-01T02:01:00Z")
	return append(out, badProofs(t, w, id, good.bundle)...)
}

// badProofs are what a dishonest operator, or a holder with an old proof, can present.
func badProofs(t *testing.T, w *proving, id did.DID, good []byte) []badBundleVector {
	var out []badBundleVector
	bad := func(fault, text string, b []byte) {
		out = append(out, badBundleVector{fault, id.String(), trusted, b, string(did.InvalidDIDDocument), text})
	}
	latest := func(fault, text string, change func(l *proof.Latest)) {
		bad(fault, text, changeLatest(t, good, change))
	}
	note := func(l *proof.Latest) *proof.Note { return must(proof.ParseNote(l.Checkpoint))(t) }

	latest("a cosignature left out", "quorum", func(l *proof.Latest) {
		n := note(l)
		n.Signatures = n.Signatures[:3]
		l.Checkpoint = n.Append(nil)
	})
	latest("a stranger's signature", "unknown signature", func(l *proof.Latest) {
		n := note(l)
		n.Signatures = append(n.Signatures, must(noteSigner(t, "stranger.example", proof.CosignatureEd25519).Cosign(n.Text, w.now))(t))
		l.Checkpoint = n.Append(nil)
	})
	latest("a signature twice", "two signatures", func(l *proof.Latest) {
		n := note(l)
		n.Signatures = append(n.Signatures, n.Signatures[1])
		l.Checkpoint = n.Append(nil)
	})
	latest("not signed by the log", "not signed by the log", func(l *proof.Latest) {
		n := note(l)
		n.Signatures = n.Signatures[1:]
		l.Checkpoint = n.Append(nil)
	})
	latest("a cosignature from the future", "future", func(l *proof.Latest) {
		n := note(l)
		n.Signatures[3] = must(w.lg.cosigners[2].Cosign(n.Text, w.now.Add(time.Hour)))(t)
		l.Checkpoint = n.Append(nil)
	})
	latest("head of another seq", "another root", func(l *proof.Latest) {
		h := must(realdid.ParseHead(l.Head))(t)
		h.Seq++
		l.Head = must(h.Bytes())(t)
	})
	latest("another epoch", "another root", func(l *proof.Latest) { l.Epoch.MapRoot[0]++ })
	latest("an epoch of another time", "proof: invalid", func(l *proof.Latest) { l.Epoch.Time-- })
	latest("a path of another leaf", "proof: invalid", func(l *proof.Latest) { l.EpochPath = append(l.EpochPath, proof.Hash{}) })
	latest("another log", "another log", func(l *proof.Latest) {
		n := note(l)
		n.Text = bytes.Replace(n.Text, []byte(testOrigin), []byte("other.example"), 1)
		l.Checkpoint = n.Append(nil)
	})
	forged := func(fault, text string, forge func(heads map[string][]byte)) {
		honest := maps.Clone(w.lg.heads)
		w.lg.forge = forge
		w.lg.seal()
		w.lg.forge = nil
		b := must(w.lg.Prove(t.Context(), id.ID(), 0))(t)
		w.lg.heads = honest
		bad(fault, text, changeBundle(t, good, func(o object) { o[6] = b }))
	}
	forged("planted head of an earlier operation", "head record", func(heads map[string][]byte) {
		h := must(realdid.ParseHead(heads[id.ID()]))(t)
		h.Seq--
		heads[id.ID()] = must(h.Bytes())(t)
	})
	forged("planted head that is none", "realdid: head", func(heads map[string][]byte) { heads[id.ID()] = []byte{1} })
	forged("absence beside operations", "without what it describes", func(heads map[string][]byte) { delete(heads, id.ID()) })

	w.lg.seal()
	old, size := w.lg.epoch, w.lg.size()
	path := must(proof.InclusionPath(w.lg, size-1, size))(t)
	w.lg.seal()
	fresh := must(proof.ParseLatest(must(w.lg.Prove(t.Context(), id.ID(), 0))(t)))(t)
	fresh.Epoch, fresh.EpochPath = old, path
	bad("an old epoch under a fresh checkpoint", "proof: invalid", changeBundle(t, good, func(o object) { o[6] = must(fresh.Bytes())(t) }))
	return out
}
