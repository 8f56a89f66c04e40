package proof

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"
)

type inclusionJSON struct {
	Index uint64    `json:"index"`
	Size  uint64    `json:"size"`
	Path  []hexHash `json:"path"`
}

type consistencyJSON struct {
	Old  uint64    `json:"old"`
	Size uint64    `json:"size"`
	Path []hexHash `json:"path"`
}

type logVector struct {
	Name        string            `json:"name"`
	Leaves      []hexBytes        `json:"leaves"`
	Roots       []hexHash         `json:"roots"` // by size, from 0
	Inclusion   []inclusionJSON   `json:"inclusion"`
	Consistency []consistencyJSON `json:"consistency"`
}

func logVectors() (out []logVector) {
	for _, n := range []int{1, 2, 3, 8, 21} {
		leaves := numbered(n)
		leaves[0] = nil // an empty leaf is a leaf
		tree := newMemTree(leaves...)
		v := logVector{Name: fmt.Sprintf("%d leaves", n), Roots: []hexHash{hexHash(EmptyRoot())}}
		for i := range leaves {
			v.Leaves = append(v.Leaves, leaves[i])
			v.Roots = append(v.Roots, hexHash(must(Root(tree, uint64(i+1)))))
		}
		size := uint64(n)
		for _, i := range []uint64{0, size / 2, size - 1} {
			v.Inclusion = append(v.Inclusion, inclusionJSON{i, size, hexHashes(must(InclusionPath(tree, i, size)))})
		}
		for old := range size + 1 {
			v.Consistency = append(v.Consistency, consistencyJSON{old, size, hexHashes(must(ConsistencyPath(tree, old, size)))})
		}
		out = append(out, v)
	}
	return out
}

type badLogVector struct {
	Fault   string    `json:"name"`
	Leaf    hexBytes  `json:"leaf,omitempty"` // inclusion; else consistency
	Index   uint64    `json:"index,omitempty"`
	Old     uint64    `json:"old,omitempty"`
	OldRoot hexHash   `json:"oldRoot"`
	Size    uint64    `json:"size"`
	Root    hexHash   `json:"root"`
	Path    []hexHash `json:"path"`
}

func badLogVectors() (out []badLogVector) {
	tree := newMemTree(numbered(13)...)
	root := hexHash(must(Root(tree, 13)))
	in := badLogVector{Leaf: numbered(13)[5], Index: 5, Size: 13, Root: root, Path: hexHashes(must(InclusionPath(tree, 5, 13)))}
	grow := badLogVector{Old: 6, OldRoot: hexHash(must(Root(tree, 6))), Size: 13, Root: root, Path: hexHashes(must(ConsistencyPath(tree, 6, 13)))}
	add := func(fault string, v badLogVector, change func(*badLogVector)) {
		v.Fault, v.Path = fault, slices.Clone(v.Path)
		change(&v)
		out = append(out, v)
	}
	add("inclusion-of-another-leaf", in, func(v *badLogVector) { v.Leaf = []byte("leaf 6") })
	add("inclusion-at-another-index", in, func(v *badLogVector) { v.Index = 4 })
	add("inclusion-in-another-size", in, func(v *badLogVector) { v.Size = 8 })
	add("inclusion-index-beyond-end", in, func(v *badLogVector) { v.Index = 13 })
	add("inclusion-in-empty-log", in, func(v *badLogVector) { v.Index, v.Size, v.Path, v.Root = 0, 0, nil, hexHash(EmptyRoot()) })
	add("inclusion-path-short", in, func(v *badLogVector) { v.Path = v.Path[:3] })
	add("inclusion-path-long", in, func(v *badLogVector) { v.Path = append(v.Path, hexHash{}) })
	add("inclusion-path-reversed", in, func(v *badLogVector) { slices.Reverse(v.Path) })
	add("inclusion-other-root", in, func(v *badLogVector) { v.Root[31] ^= 1 })
	add("inclusion-of-inner-node-as-leaf", in, func(v *badLogVector) {
		a, b := must(tree.ReadHash(0, 4)), must(tree.ReadHash(0, 5))
		v.Leaf = slices.Concat([]byte{1}, a[:], b[:])
		v.Index, v.Size, v.Path = 2, 7, v.Path[1:]
	})
	add("consistency-other-old-root", grow, func(v *badLogVector) { v.OldRoot[0] ^= 1 })
	add("consistency-other-root", grow, func(v *badLogVector) { v.Root[0] ^= 1 })
	add("consistency-path-short", grow, func(v *badLogVector) { v.Path = v.Path[1:] })
	add("consistency-path-long", grow, func(v *badLogVector) { v.Path = append(v.Path, hexHash{}) })
	add("consistency-backwards", grow, func(v *badLogVector) { v.Old, v.Size = v.Size, v.Old })
	add("consistency-of-one-size-with-path", grow, func(v *badLogVector) { v.Old, v.OldRoot = v.Size, v.Root })
	add("consistency-of-one-size-two-roots", grow, func(v *badLogVector) { v.Old, v.Path = v.Size, nil })
	add("consistency-from-empty-with-path", grow, func(v *badLogVector) { v.Old, v.OldRoot = 0, hexHash(EmptyRoot()) })
	return out
}

type leafVector struct {
	Name    string   `json:"name"`
	Kind    string   `json:"kind"` // entry or epoch
	Index   uint64   `json:"index,omitempty"`
	Seq     uint64   `json:"seq,omitempty"`
	Key     string   `json:"key,omitempty"`
	Op      hexBytes `json:"op,omitempty"`
	MapRoot hexHash  `json:"mapRoot,omitzero"`
	Size    uint64   `json:"size,omitempty"`
	Entries uint64   `json:"entries,omitempty"`
	Time    int64    `json:"time"`
	Leaf    hexBytes `json:"leaf"`
	Hash    hexHash  `json:"hash"`
}

func leafVectors() (out []leafVector) {
	entry := func(name string, l EntryLeaf) {
		b := l.Append(nil)
		out = append(out, leafVector{Name: name, Kind: "entry", Index: l.Index, Seq: l.Seq, Key: l.Key, Op: l.Op, Time: l.Time, Leaf: b, Hash: hexHash(LeafHash(b))})
	}
	epoch := func(name string, l EpochLeaf) {
		b := l.Append(nil)
		out = append(out, leafVector{
			Name: name, Kind: "epoch", MapRoot: hexHash(l.MapRoot), Size: l.Size, Entries: l.Entries, Time: l.Time, Leaf: b, Hash: hexHash(LeafHash(b)),
		})
	}
	entry("first entry", EntryLeaf{Time: now.Unix(), Key: "k", Op: []byte{0xa0}})
	entry("large numbers, longest key", EntryLeaf{Index: 1<<64 - 1, Time: MaxTime, Seq: 1 << 63, Key: strings.Repeat("k", 255), Op: []byte("op")})
	epoch("empty log", EpochLeaf{Time: now.Unix()})
	epoch("later", EpochLeaf{MapRoot: MapPath("x"), Size: 1000, Entries: 990, Time: now.Unix()})
	return out
}

type badLeafVector struct {
	Fault string   `json:"name"`
	Leaf  hexBytes `json:"leaf"`
}

func badLeafVectors() (out []badLeafVector) {
	entry := EntryLeaf{Index: 7, Time: now.Unix(), Seq: 1, Key: "key", Op: []byte("op")}.Append(nil)
	epoch := EpochLeaf{Size: 9, Entries: 8, Time: now.Unix()}.Append(nil)
	add := func(fault string, b []byte, change func([]byte) []byte) {
		out = append(out, badLeafVector{fault, change(slices.Clone(b))})
	}
	add("empty", nil, func(b []byte) []byte { return []byte{} })
	add("unknown-kind", entry, func(b []byte) []byte { b[0] = 2; return b })
	add("entry-cut-off", entry, func(b []byte) []byte { return b[:25] })
	add("entry-without-key", entry, func(b []byte) []byte { b[25] = 0; return b })
	add("entry-key-beyond-end", entry, func(b []byte) []byte { b[25] = 200; return b })
	add("entry-time-after-9999", entry, func(b []byte) []byte { binary.BigEndian.PutUint64(b[9:], MaxTime+1); return b })
	add("epoch-cut-off", epoch, func(b []byte) []byte { return b[:56] })
	add("epoch-trailing-byte", epoch, func(b []byte) []byte { return append(b, 0) })
	add("epoch-time-after-9999", epoch, func(b []byte) []byte { binary.BigEndian.PutUint64(b[49:], 1<<63); return b })
	add("epoch-more-entries-than-leaves", epoch, func(b []byte) []byte { binary.BigEndian.PutUint64(b[41:], 10); return b })
	return out
}

type checkpointVector struct {
	Name       string   `json:"name"`
	Text       string   `json:"text"`
	Origin     string   `json:"origin"`
	Size       uint64   `json:"size"`
	Root       hexHash  `json:"root"`
	Extensions []string `json:"extensions,omitempty"`
}

func checkpointVectors() (out []checkpointVector) {
	add := func(name string, c Checkpoint) {
		out = append(out, checkpointVector{name, string(c.Append(nil)), c.Origin, c.Size, hexHash(c.Root), c.Extensions})
	}
	add("empty log", Checkpoint{Origin: origin, Root: EmptyRoot()})
	add("one leaf", Checkpoint{Origin: origin, Size: 1, Root: LeafHash(nil)})
	add("largest", Checkpoint{Origin: strings.Repeat("o", 255), Size: 1<<63 - 1, Root: MapPath("x")})
	add("extensions", Checkpoint{Origin: "an origin with spaces", Size: 5, Root: MapPath("x"), Extensions: []string{"one", "two 2"}})
	return out
}

type badTextVector struct {
	Fault string   `json:"name"`
	Kind  string   `json:"kind"` // checkpoint, note, key, tile
	Text  hexBytes `json:"text"`
}

func badTextVectors() (out []badTextVector) {
	add := func(kind, fault, text string) {
		out = append(out, badTextVector{kind + ": " + fault, kind, hexBytes(text)})
	}
	root := MapPath("x").String()
	for _, c := range [][2]string{
		{"two-lines", "o\n1\n"},
		{"no-newline-at-end", "o\n1\n" + root},
		{"no-origin", "\n1\n" + root + "\n"},
		{"origin-of-256-bytes", strings.Repeat("o", 256) + "\n1\n" + root + "\n"},
		{"size-with-leading-zero", "o\n01\n" + root + "\n"},
		{"size-with-sign", "o\n+1\n" + root + "\n"},
		{"size-over-2^63-1", "o\n9223372036854775808\n" + root + "\n"},
		{"root-short", "o\n1\n" + root[:40] + "\n"},
		{"root-unpadded", "o\n1\n" + root[:43] + "\n"},
		{"root-with-spare-bits", "o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n"},
		{"root-of-no-leaves", "o\n0\n" + root + "\n"},
		{"extension-empty", "o\n1\n" + root + "\n\n"},
		{"carriage-return", "o\r\n1\n" + root + "\n"},
		{"not-utf-8", "o\xff\n1\n" + root + "\n"},
	} {
		add("checkpoint", c[0], c[1])
	}
	line := "— a AAAAAAA=\n"
	for _, c := range [][2]string{
		{"no-signature", "text\n\n"},
		{"no-blank-line", "text\n" + line},
		{"no-newline-at-end", "text\n\n" + line[:len(line)-1]},
		{"text-after-signatures", "text\n\n" + line + "text\n"},
		{"control-character", "te\x01xt\n\n" + line},
		{"not-utf-8", "te\xffxt\n\n" + line},
		{"hyphen-for-dash", "text\n\n- a AAAAAAA=\n"},
		{"no-name", "text\n\n—  AAAAAAA=\n"},
		{"plus-in-name", "text\n\n— a+b AAAAAAA=\n"},
		{"space-in-name", "text\n\n— a\u2003b AAAAAAA=\n"},
		{"key-id-alone", "text\n\n— a AAAAAA==\n"},
		{"base64-unpadded", "text\n\n— a AAAAAAA\n"},
		{"base64-with-spare-bits", "text\n\n— a AAAAAAB=\n"},
		{"65-signatures", "text\n\n" + strings.Repeat(line, 65)},
	} {
		add("note", c[0], c[1])
	}
	good := must(NewNoteSigner("example.com/log", LogEd25519, seed(1))).Verifier().String()
	for _, c := range [][2]string{
		{"two-parts", good[:strings.LastIndex(good, "+")]},
		{"four-parts", good + "+"},
		{"id-in-upper-case", "example.com/log+" + strings.ToUpper(good[16:24]) + good[24:]},
		{"id-of-another-key", "example.com/log+00000000" + good[24:]},
		{"space-in-name", "example.com /log" + good[15:]},
		{"trailing-newline", good + "\n"},
		{"unknown-type", keyText("n", 2, make([]byte, 32))},
		{"point-of-small-order", keyText("n", 1, append([]byte{1}, make([]byte, 31)...))},
		{"point-of-order-8", keyText("n", 4, must(decodeBase64("JuiVj8KyJ7BFw/SJ8u+Y8NXfrAXTxjM5sTgCiG1T/AU=")))},
		{"point-off-the-curve", keyText("n", 4, append([]byte{2}, make([]byte, 31)...))},
		{"point-not-canonical", keyText("n", 1, append(append([]byte{0xf0}, slices.Repeat([]byte{0xff}, 30)...), 0x7f))},
		{"key-of-31-bytes", keyText("n", 1, make([]byte, 31))},
		{"lattice-key-of-32-bytes", keyText("n", 6, make([]byte, 32))},
	} {
		add("key", c[0], c[1])
	}
	for _, c := range [][2]string{
		{"no-index", "tile/0/"},
		{"level-64", "tile/64/000"},
		{"level-with-leading-zero", "tile/00/000"},
		{"index-of-two-digits", "tile/0/00"},
		{"index-with-superfluous-group", "tile/0/x000/001"},
		{"index-without-x", "tile/0/001/002"},
		{"index-over-2^64-1", "tile/0/x018/x446/x744/x073/x709/x551/616"},
		{"width-0", "tile/0/000.p/0"},
		{"width-256", "tile/0/000.p/256"},
		{"width-with-leading-zero", "tile/0/000.p/01"},
		{"dots", "tile/0/../000"},
		{"slash-in-front", "/tile/0/000"},
	} {
		add("tile", c[0], c[1])
	}
	return out
}

// keyText writes a verifier key that may be one that NewVerifierKey refuses, with its right ID.
func keyText(name string, t KeyType, public []byte) string {
	k := VerifierKey{name: name, typ: t, public: public}
	h := sha256Sum(name + "\n" + string([]byte{byte(t)}) + string(public))
	k.id = binary.BigEndian.Uint32(h[:])
	return k.String()
}

type cosignatureVector struct {
	Name    string     `json:"name"`
	Key     string     `json:"key"`
	Seed    hexBytes   `json:"seed"`
	Note    string     `json:"note"`              // one signature, by the key
	Time    *time.Time `json:"time,omitempty"`    // of a cosignature; without it, the key signs as a log
	Message hexBytes   `json:"message,omitempty"` // what a cosigner signs
}

func cosignatureVectors() (out []cosignatureVector) {
	for i, typ := range []KeyType{LogEd25519, CosignatureEd25519, CosignatureMLDSA44} {
		s := must(NewNoteSigner("example.org/w", typ, seed(byte(40+i))))
		for _, cp := range []Checkpoint{{Origin: origin, Size: 20852163, Root: MapPath("x")}, {Origin: origin, Root: EmptyRoot()}} {
			text := cp.Append(nil)
			if typ != CosignatureEd25519 {
				sig := fixedSign(s, text)
				out = append(out, cosignatureVector{
					Name: fmt.Sprintf("log, %v, %d leaves", typ, cp.Size), Key: s.Verifier().String(), Seed: s.Seed(),
					Note: string((&Note{text, []NoteSignature{sig}}).Append(nil)),
				})
			}
			if typ != LogEd25519 {
				at := now.Add(time.Duration(i) * time.Second)
				sig := fixedCosign(s, text, at)
				out = append(out, cosignatureVector{
					Name: fmt.Sprintf("%v, %d leaves", typ, cp.Size), Key: s.Verifier().String(), Seed: s.Seed(),
					Note: string((&Note{text, []NoteSignature{sig}}).Append(nil)), Time: &at,
					Message: cosigned(typ, s.Verifier().Name(), &cp, text, uint64(at.Unix())),
				})
			}
		}
	}
	return out
}

type badCosignatureVector struct {
	Fault string `json:"name"`
	ByLog bool   `json:"byLog,omitempty"` // the signature should be a log's
	Key   string `json:"key"`
	Note  string `json:"note"`
}

func badCosignatureVectors() (out []badCosignatureVector) {
	log := must(NewNoteSigner("example.org/w", LogEd25519, seed(40)))
	ed := must(NewNoteSigner("example.org/w", CosignatureEd25519, seed(41)))
	pq := must(NewNoteSigner("example.org/w", CosignatureMLDSA44, seed(42)))
	cp := Checkpoint{Origin: origin, Size: 9, Root: MapPath("x")}
	other := Checkpoint{Origin: origin, Size: 10, Root: MapPath("x")}
	text := cp.Append(nil)
	add := func(fault string, byLog bool, k VerifierKey, text []byte, sig NoteSignature) {
		sig.Name, sig.KeyID = k.Name(), k.ID() // else it is passed over, not refused
		out = append(out, badCosignatureVector{fault, byLog, k.String(), string((&Note{text, []NoteSignature{sig}}).Append(nil))})
	}
	retimed := func(sig NoteSignature, at uint64) NoteSignature {
		sig.Bytes = slices.Clone(sig.Bytes)
		binary.BigEndian.PutUint64(sig.Bytes, at)
		return sig
	}
	for _, s := range []*NoteSigner{ed, pq} {
		kind := map[*NoteSigner]string{ed: "ed25519-", pq: "mldsa44-"}[s]
		k, sig := s.Verifier(), fixedCosign(s, text, now)
		add(kind+"time-changed", false, k, text, retimed(sig, uint64(now.Unix()+1)))
		add(kind+"other-checkpoint", false, k, other.Append(nil), sig)
		add(kind+"cut-off", false, k, text, NoteSignature{Bytes: sig.Bytes[:len(sig.Bytes)-1]})
		add(kind+"trailing-byte", false, k, text, NoteSignature{Bytes: append(slices.Clone(sig.Bytes), 0)})
		add(kind+"time-alone", false, k, text, NoteSignature{Bytes: sig.Bytes[:8]})
		add(kind+"time-zero", false, k, text, signAt(s, text, 0))
		add(kind+"time-after-9999", false, k, text, signAt(s, text, MaxTime+1))
		add(kind+"time-over-2^63-1", false, k, text, signAt(s, text, 1<<63))
	}
	add("ed25519-signature-of-a-log", false, ed.Verifier(), text, fixedSign(log, text))
	add("ed25519-s-not-reduced", false, ed.Verifier(), text, unreduced(fixedCosign(ed, text, now)))
	add("mldsa44-name-changed", false, must(renamed(pq)), text, fixedCosign(pq, text, now))
	add("log-signature-of-a-cosigner", true, log.Verifier(), text, fixedCosign(ed, text, now))
	add("log-other-text", true, log.Verifier(), other.Append(nil), fixedSign(log, text))
	add("log-mldsa44-extension-not-signed", true, pq.Verifier(), append(slices.Clone(text), "extension\n"...), fixedSign(pq, text))
	return out
}

func renamed(s *NoteSigner) (VerifierKey, error) {
	return NewVerifierKey("example.org/other", s.Verifier().Type(), s.Verifier().Public())
}
