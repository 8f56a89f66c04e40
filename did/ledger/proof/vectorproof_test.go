package proof

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/big"
	"slices"
	"time"
)

func sha256Sum(s string) [32]byte { return sha256.Sum256([]byte(s)) }

// fixedCosign is Cosign without the randomness that ML-DSA signatures may have, so that vectors can be made again.
func fixedCosign(s *NoteSigner, text []byte, at time.Time) NoteSignature {
	return signAt(s, text, uint64(at.Unix()))
}

// signAt cosigns at any time, those included that Cosign refuses.
func signAt(s *NoteSigner, text []byte, at uint64) NoteSignature {
	st, cp := s.state(), must(ParseCheckpoint(text))
	if st.lattice == nil {
		return must(st.cosign(&cp, text, at))
	}
	k := st.verifier
	sig := must(st.lattice.SignDeterministic(cosigned(k.typ, k.name, &cp, text, at), nil))
	return NoteSignature{k.name, k.id, append(binary.BigEndian.AppendUint64(nil, at), sig...)}
}

// fixedSign is SignNote in the same way.
func fixedSign(s *NoteSigner, text []byte) NoteSignature {
	if s.state().lattice == nil {
		return must(s.SignNote(text))
	}
	return signAt(s, text, 0)
}

// unreduced adds the order of the group to the scalar of an Ed25519 cosignature, which careless verifiers do not notice.
func unreduced(sig NoteSignature) NoteSignature {
	l, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	sig.Bytes = slices.Clone(sig.Bytes)
	s := sig.Bytes[len(sig.Bytes)-32:]
	slices.Reverse(s)
	new(big.Int).Add(new(big.Int).SetBytes(s), l).FillBytes(s)
	slices.Reverse(s)
	return sig
}

type mapLeafJSON struct {
	Key  string   `json:"key,omitempty"` // of which path is the MapPath; without it, path was chosen
	Path hexHash  `json:"path"`
	Head hexBytes `json:"head"`
	Hash hexHash  `json:"hash"`
}

type mapProofJSON struct {
	Key   string   `json:"key,omitempty"`
	Path  hexHash  `json:"path"`
	Head  hexBytes `json:"head,omitempty"` // without it, the path is absent
	Proof hexBytes `json:"proof"`
}

type mapVector struct {
	Name   string         `json:"name"`
	Leaves []mapLeafJSON  `json:"leaves"`
	Root   hexHash        `json:"root"`
	Proofs []mapProofJSON `json:"proofs"`
}

func mapVectors() (out []mapVector) {
	byKey := func(name string, n int, absent ...string) {
		m, v := plainMap{}, mapVector{Name: name}
		var keys []string
		for i := range n {
			key := fmt.Sprintf("key-%d", i)
			m[MapPath(key)] = fmt.Appendf(nil, "head %d", i)
			keys = append(keys, key)
		}
		v.fill(m, keys)
		for i, key := range append(keys, absent...) {
			if n > 16 && i%5 != 0 && i < n {
				continue
			}
			head, p := m.prove(MapPath(key))
			v.Proofs = append(v.Proofs, mapProofJSON{key, hexHash(MapPath(key)), head, must(p.Append(nil))})
		}
		out = append(out, v)
	}
	byPath := func(name string, present, absent []Hash) {
		m, v := plainMap{}, mapVector{Name: name}
		for i, p := range present {
			m[p] = fmt.Appendf(nil, "head %d", i)
		}
		v.fill(m, nil)
		for _, path := range append(present, absent...) {
			head, p := m.prove(path)
			v.Proofs = append(v.Proofs, mapProofJSON{"", hexHash(path), head, must(p.Append(nil))})
		}
		out = append(out, v)
	}
	byKey("empty map", 0, "key-0")
	byKey("one key", 1, "other", "another")
	byKey("two keys", 2, "other", "another")
	byKey("seven keys", 7, "other", "another", "third")
	byKey("a hundred keys", 100, "other", "another", "third")
	byPath("paths that share 9 bits", []Hash{pathOf("0000000001", 1), pathOf("0000000000", 2)},
		[]Hash{pathOf("0000000001", 3), pathOf("000000001", 4), pathOf("1", 5), pathOf("00001", 6)})
	byPath("paths that differ in the last bit", []Hash{{}, {31: 1}}, []Hash{{31: 2}, {0: 0x80}, {15: 1}})
	byPath("paths that differ in the first bit", []Hash{{0: 0x80}, {}}, []Hash{{31: 1}, {0: 0x80, 31: 1}, {0: 0xff}})
	all := Hash(bytes.Repeat([]byte{0xff}, 32))
	byPath("first and last path, and a deep pair", []Hash{{}, all, pathOf("0101010101010101", 0), pathOf("0101010101010100", 0)},
		[]Hash{pathOf("01010101", 1), pathOf("0101010101010101", 1), pathOf("11", 0), pathOf("00", 1)})
	byPath("a comb", []Hash{pathOf("1", 0), pathOf("01", 0), pathOf("001", 0), pathOf("0001", 0), pathOf("00001", 0)},
		[]Hash{{}, pathOf("00001", 9), pathOf("11", 0)})
	return out
}

func (v *mapVector) fill(m plainMap, keys []string) {
	v.Root, v.Leaves = hexHash(m.root()), []mapLeafJSON{}
	for _, p := range m.paths() {
		l := mapLeafJSON{Path: hexHash(p), Head: m[p], Hash: hexHash(MapLeafHash(p, m[p]))}
		if i := slices.IndexFunc(keys, func(k string) bool { return MapPath(k) == p }); i >= 0 {
			l.Key = keys[i]
		}
		v.Leaves = append(v.Leaves, l)
	}
}

type badMapVector struct {
	Fault     string   `json:"name"`
	Malformed bool     `json:"malformed,omitempty"` // the encoding is refused; else what it proves
	Root      hexHash  `json:"root"`
	Path      hexHash  `json:"path"`
	Head      hexBytes `json:"head,omitempty"`
	Proof     hexBytes `json:"proof"`
}

func badMapVectors() (out []badMapVector) {
	head := []byte("head")
	a, b, c := pathOf("000", 1), pathOf("001", 2), pathOf("1", 3)
	empty, free := pathOf("01", 4), pathOf("0001", 5) // an empty place; the place of a
	m := plainMap{a: head, b: head, c: head}
	proof := func(p Hash) *MapProof { _, q := m.prove(p); return q }
	lie := func(fault string, path Hash, head []byte, p *MapProof) {
		out = append(out, badMapVector{fault, false, hexHash(m.root()), hexHash(path), head, must(p.Append(nil))})
	}
	lie("present-with-another-head", a, []byte("other"), proof(a))
	lie("present-in-the-place-of-another", b, head, proof(a))
	lie("present-and-another-leaf", a, head, &MapProof{proof(a).Siblings, &MapOther{b, MapHeadHash(head)}})
	lie("present-head-of-513-bytes", a, make([]byte, 513), proof(a))
	lie("absent-but-present", a, nil, &MapProof{Siblings: proof(a).Siblings})
	lie("absent-by-its-own-leaf", a, nil, &MapProof{proof(a).Siblings, &MapOther{a, MapHeadHash(head)}})
	lie("absent-by-a-leaf-elsewhere", a, nil, &MapProof{proof(c).Siblings, &MapOther{c, MapHeadHash(head)}})
	lie("absent-by-its-neighbour", a, nil, &MapProof{proof(a).Siblings, &MapOther{b, MapHeadHash(head)}})
	lie("absent-by-an-inner-node-as-empty", a, nil, &MapProof{Siblings: proof(a).Siblings[:1]})
	lie("absent-by-another-with-other-head", free, nil, &MapProof{proof(free).Siblings, &MapOther{a, MapHeadHash([]byte("x"))}})
	lie("absent-empty-place-said-full", empty, nil, &MapProof{proof(empty).Siblings, &MapOther{empty, Hash{}}})
	lie("absent-sibling-missing", empty, nil, &MapProof{Siblings: proof(empty).Siblings[1:]})
	bytesOf := must(proof(a).Append(nil))
	bad := func(fault string, b []byte) {
		out = append(out, badMapVector{fault, true, hexHash(m.root()), hexHash(a), head, b})
	}
	bad("malformed-empty", []byte{})
	bad("malformed-depth-257", append([]byte{1, 1}, make([]byte, 33)...))
	bad("malformed-bit-after-the-last-sibling", slices.Concat(bytesOf[:2], []byte{bytesOf[2] | 1}, bytesOf[3:]))
	bad("malformed-hash-missing", bytesOf[:len(bytesOf)-32])
	bad("malformed-trailing-byte", append(slices.Clone(bytesOf), 0))
	bad("malformed-half-another-leaf", append(slices.Clone(bytesOf), make([]byte, 32)...))
	bad("malformed-empty-sibling-as-hash", append([]byte{0, 1, 0x80}, make([]byte, 32)...))
	bad("malformed-last-sibling-empty", []byte{0, 1, 0})
	return out
}

func (w *world) json() trustJSON {
	j := trustJSON{
		Origin: w.trust.Origin, Log: w.trust.Log, Insecure: w.trust.InsecureNoQuorum, Skew: int(w.trust.skew() / time.Second),
		Quorum: map[string]int{"witness": w.trust.Quorum.Witnesses, "mirror": w.trust.Quorum.Mirrors, "auditor": w.trust.Quorum.Auditors},
	}
	for _, c := range w.trust.Cosigners {
		j.Cosigners = append(j.Cosigners, cosignerJSON{c.Key, c.Role.String()})
	}
	return j
}

type latestVector struct {
	Name   string    `json:"name"`
	Trust  trustJSON `json:"trust"`
	Now    time.Time `json:"now"`
	Key    string    `json:"key"`
	Proof  hexBytes  `json:"proof"`
	Head   hexBytes  `json:"head,omitempty"`
	Latest bool      `json:"latest"`
	Absent bool      `json:"absent"`
	AsOf   time.Time `json:"asOf"`
}

func latestVectors() (out []latestVector) {
	add := func(name string, w *world, l *Latest, key string, asOf time.Time) {
		v := latestVector{Name: name, Trust: w.json(), Now: now, Key: key, Proof: must(l.Bytes()), Head: l.Head, AsOf: asOf}
		if w.trust.Quorum.Witnesses > 0 && w.trust.Quorum.Auditors > 0 {
			v.Latest, v.Absent = l.Head != nil, l.Head == nil
		}
		out = append(out, v)
	}
	epoch, quorum := now.Add(-30*time.Second), []string{"w1", "w2", "a1"}
	w := newWorld(false)
	add("empty ledger", w, w.latest(0, "k0", quorum...), "k0", epoch)
	add("newest head, map of one", w, w.latest(1, "k0", quorum...), "k0", epoch)
	add("newest head", w, w.latest(10, "k3", quorum...), "k3", epoch)
	add("absent, another leaf in its place", w, w.latest(1, "absent", quorum...), "absent", epoch)
	for i := 0; ; i++ {
		key := fmt.Sprintf("nobody-%d", i)
		if l := w.latest(0, key, quorum...); l.Map.Other == nil {
			add("absent, empty place", w, l, key, epoch)
			break
		}
	}
	add("more cosignatures than needed", w, w.latest(1, "k0", "a2", "w3", "m1", "w1", "a1", "w2"), "k0", epoch)
	w.append(1)
	e, cp := w.seal(now.Add(4 * time.Minute))
	add("clocks a little ahead", w, w.prove(e, w.sign(cp, now.Add(5*time.Minute), quorum...), "k2"), "k2", now.Add(4*time.Minute))
	add("cosigned before the epoch's time", w, w.prove(e, w.sign(cp, now.Add(-time.Hour), quorum...), "k2"), "k2", now.Add(-time.Hour))

	w = newWorld(true)
	add("one ML-DSA-44 witness", w, w.latest(5, "k1", "w1", "w3", "a1"), "k1", epoch)
	w.log = must(NewNoteSigner(origin, CosignatureMLDSA44, seed(1)))
	w.trust.Log = w.log.Verifier()
	add("ML-DSA-44 log", w, w.latest(5, "k1", quorum...), "k1", epoch)
	w = newWorld(false)
	w.trust.Quorum = Quorum{Witnesses: 3}
	add("witnesses alone prove no map", w, w.latest(5, "k1", "w1", "w2", "w3"), "k1", epoch)
	w.trust.Quorum = Quorum{Auditors: 2}
	add("auditors alone prove no single history", w, w.latest(5, "k1", "a1", "a2"), "k1", epoch)
	w.trust.Quorum, w.trust.InsecureNoQuorum = Quorum{}, true
	add("nobody but the ledger", w, w.latest(5, "k1"), "k1", epoch)
	return out
}

type badLatestVector struct {
	Fault     string    `json:"name"`
	Malformed bool      `json:"malformed,omitempty"` // the encoding is refused; else what it proves
	Error     string    `json:"error"`               // invalid, quorum, unknown signature, trust
	Trust     trustJSON `json:"trust"`
	Now       time.Time `json:"now"`
	Key       string    `json:"key"`
	Proof     hexBytes  `json:"proof"`
}

func badLatestVectors() (out []badLatestVector) {
	w, _, lies := latestLies()
	add := func(fault, kind string, w *world, l *Latest) {
		out = append(out, badLatestVector{fault, false, kind, w.json(), now, "k1", must(l.Bytes())})
	}
	for _, lie := range lies {
		if _, err := lie.latest.Bytes(); err == nil {
			add(lie.name, lie.kind, w, lie.latest)
		}
	}
	w = newWorld(false)
	good := w.latest(5, "k1", "w1", "w2", "a1")
	spoil := func(fault string, change func(*Trust)) {
		v := *w
		tr := *w.trust
		tr.Cosigners = slices.Clone(tr.Cosigners)
		v.trust = &tr
		change(&tr)
		add(fault, "trust", &v, good)
	}
	spoil("policy-without-quorum", func(t *Trust) { t.Quorum = Quorum{} })
	spoil("policy-quorum-too-large", func(t *Trust) { t.Quorum.Auditors = 3 })
	spoil("policy-one-key-in-two-roles", func(t *Trust) { t.Cosigners = append(t.Cosigners, Cosigner{t.Cosigners[0].Key, Auditor}) })
	spoil("policy-cosigner-with-the-logs-key", func(t *Trust) {
		t.Cosigners[0].Key = must(NewNoteSigner("example.org/x", CosignatureEd25519, seed(1))).Verifier()
	})
	malformed := func(fault string, change func(*wireLatest)) {
		x := &wireLatest{
			Version: 1, Checkpoint: good.Checkpoint, Epoch: good.Epoch.Append(nil), EpochPath: appendHashes(nil, good.EpochPath),
			Map: must(good.Map.Append(nil)), Head: good.Head,
		}
		change(x)
		out = append(out, badLatestVector{fault, true, "invalid", w.json(), now, "k1", must(codec().enc.Marshal(x))})
	}
	malformed("version-2", func(x *wireLatest) { x.Version = 2 })
	malformed("path-null", func(x *wireLatest) { x.EpochPath = nil })
	malformed("path-of-half-a-hash", func(x *wireLatest) { x.EpochPath = x.EpochPath[:16] })
	malformed("epoch-cut-off", func(x *wireLatest) { x.Epoch = x.Epoch[:56] })
	malformed("map-proof-trailing-byte", func(x *wireLatest) { x.Map = append(x.Map, 0) })
	malformed("head-empty", func(x *wireLatest) { x.Head = []byte{} })
	malformed("head-of-513-bytes", func(x *wireLatest) { x.Head = make([]byte, 513) })
	b := must(good.Bytes())
	for _, x := range []struct {
		fault string
		b     []byte
	}{
		{"trailing-byte", append(slices.Clone(b), 0)},
		{"cut-off", b[:len(b)-1]},
		{"number-not-shortest", slices.Concat([]byte{b[0], 0x18, b[1]}, b[2:])},
		{"indefinite-array", slices.Concat([]byte{0x9f}, b[1:], []byte{0xff})},
		{"tagged", slices.Concat([]byte{0xd9, 0xd9, 0xf7}, b)},
	} {
		out = append(out, badLatestVector{x.fault, true, "invalid", w.json(), now, "k1", x.b})
	}
	return out
}

type accusationVector struct {
	Name       string        `json:"name"`
	Accusation hexBytes      `json:"accusation"`
	Guilty     []VerifierKey `json:"guilty"`
	Innocent   []VerifierKey `json:"innocent"`
}

func accusationVectors() (out []accusationVector) {
	w := newWorld(true)
	a, b := fork(3)
	log, w1, w2, w3 := w.log.Verifier(), w.who["w1"].Verifier(), w.who["w2"].Verifier(), w.who["w3"].Verifier()
	add := func(name string, acc *Accusation, guilty, innocent []VerifierKey) {
		out = append(out, accusationVector{name, must(acc.Bytes()), guilty, innocent})
	}
	add("two roots at one size", &Accusation{A: w.sign(cpOf(a, 8), now, "w1", "w2"), B: w.sign(cpOf(b, 8), now, "w1")},
		[]VerifierKey{log, w1}, []VerifierKey{w2, w3})
	for _, old := range []uint64{7, 8} { // 8 leaves are a complete tree, whose root is not in the path
		add(fmt.Sprintf("a log that does not contain its first %d leaves", old), &Accusation{
			A: w.sign(cpOf(a, old), now, "w1", "w3"), B: w.sign(cpOf(b, 12), now, "w3", "w2"), OldRoot: must(Root(b, old)), Path: must(ConsistencyPath(b, old, 12)),
		}, []VerifierKey{log, w3}, []VerifierKey{w1, w2})
	}
	nobody := []VerifierKey{}
	all := []VerifierKey{log, w1, w2, w3}
	add("stale is not guilty", &Accusation{
		A: w.sign(cpOf(a, 8), now, "w1"), B: w.sign(cpOf(a, 12), now, "w1"), OldRoot: must(Root(a, 8)), Path: must(ConsistencyPath(a, 8, 12)),
	}, nobody, all)
	add("a path of the accuser's own making", &Accusation{
		A: w.sign(cpOf(a, 8), now, "w1"), B: w.sign(cpOf(a, 12), now, "w1"), OldRoot: must(Root(b, 8)), Path: must(ConsistencyPath(b, 8, 12)),
	}, nobody, all)
	add("one checkpoint signed twice", &Accusation{A: w.sign(cpOf(a, 8), now, "w1"), B: w.sign(cpOf(a, 8), now.Add(time.Hour), "w1")}, nobody, all)
	other := cpOf(b, 8)
	other.Origin = "example.com/other"
	add("two logs", &Accusation{A: w.sign(cpOf(a, 8), now, "w1"), B: w.sign(other, now, "w1")}, nobody, all)
	liar := newWorld(true)
	liar.log = must(NewNoteSigner(origin, LogEd25519, seed(77)))
	add("signed by somebody else", &Accusation{A: w.sign(cpOf(a, 8), now), B: liar.sign(cpOf(b, 8), now)}, nobody, all)
	return out
}
