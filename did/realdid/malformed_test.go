package realdid_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/realdid/realdid/keys"
)

// TestMalformedVectorsAreMade makes malformed.json: one operation for each way in which an operation can be wrong by itself.
func TestMalformedVectorsAreMade(t *testing.T) {
	m := &malformed{t: t}
	m.encoding()
	m.envelope()
	m.header()
	m.membersOfTypes()
	m.sets()
	m.tiers()
	m.reveals()
	m.documents()
	m.services()
	m.moves()
	slices.SortFunc(m.out, func(a, b malformedVector) int { return strings.Compare(a.Fault, b.Fault) })
	compareVectors(t, "malformed", m.out)
}

type malformed struct {
	t   *testing.T
	out []malformedVector
}

func (m *malformed) raw(fault, err string, op []byte) {
	m.out = append(m.out, malformedVector{fault, op, err})
}

// change makes a well-formed payload of a type wrong.
func (m *malformed) change(fault, err string, typ uint64, wrong func(p object)) {
	p := wellFormed(typ)
	m.raw("unchanged", "", seal(m.t, p, ed(0)))
	if _, err := modelParse(m.out[len(m.out)-1].Operation); err != nil {
		m.t.Fatalf("%s: the payload is wrong before the change: %v", fault, err)
	}
	m.out = m.out[:len(m.out)-1]
	wrong(p)
	m.raw(fault, err, seal(m.t, p, ed(0)))
}

func multicodec(n int) []byte { return ed(n).Public().Multicodec() }

// cancelByTier is the other form of type 6.
const cancelByTier = 60

// wellFormed makes the smallest payload of a type.
func wellFormed(typ uint64) object {
	if typ == 1 {
		p := rawCreate('q')
		p[memberDocument] = object{}
		return p
	}
	p := object{memberVersion: uint64(1), memberType: min(typ, 6+typ%2), memberSCID: append([]byte{'q'}, make([]byte, 32)...), memberSeq: uint64(1), memberPrev: make([]byte, 32)}
	switch typ {
	case 2:
		p[memberDocument] = object{}
	case 3:
		p[memberRoot] = make([]byte, 32)
	case 4, 5:
		p[memberControl], p[memberNext] = keySet(1, multicodec(0)), keySet(1, commitNext('q', ed(1)))
	}
	switch typ {
	case 4, 6, 7:
		p[memberReveal] = []any{[]any{0, multicodec(0)}}
	case 5, cancelByTier:
		p[memberRevealRecovery], p[memberTier] = []any{[]any{0, make([]byte, 16), multicodec(10)}}, []any{0, 0}
	}
	switch typ {
	case 5:
		p[memberTiers], p[memberDocument] = []any{rawTier(3600)}, object{}
	case 6:
		p[memberNext] = keySet(1, commitNext('q', ed(1)))
	}
	return p
}

func rawTier(delay uint64) object {
	return object{0: delay, 2: keySet(1, commitRecovery('q', make([]byte, 16), ed(10)))}
}

// spliced is a signed create whose payload has from replaced by to.
func (m *malformed) spliced(p object, from, to string) []byte {
	b := cborBytes(m.t, p)
	if bytes.Count(b, []byte(from)) != 1 {
		m.t.Fatalf("splice: %x occurs %d times", from, bytes.Count(b, []byte(from)))
	}
	return sealBytes(m.t, bytes.Replace(b, []byte(from), []byte(to), 1), ed(0))
}

func (m *malformed) encoding() {
	good := seal(m.t, wellFormed(1), ed(0))
	const what = "not deterministic CBOR"
	m.raw("empty", what, nil)
	m.raw("trailing-byte", what, append(bytes.Clone(good), 0))
	m.raw("cut-short", what, good[:len(good)-1])
	m.raw("not-an-array", what, cborBytes(m.t, object{0: 1}))
	m.raw("null", what, []byte{0xf6})
	m.raw("indefinite-envelope", what, append(append([]byte{0x9f}, good[1:]...), 0xff))
	m.raw("tagged-envelope", what, append([]byte{0xd8, 0x18}, good...))
	p := wellFormed(1)
	salt := "\x08\x50" + strings.Repeat("\x00", 16)
	m.raw("member-number-not-shortest", what, m.spliced(p, salt, "\x18\x08\x50"+strings.Repeat("\x00", 16)))
	m.raw("length-not-shortest", what, m.spliced(p, salt, "\x08\x58\x10"+strings.Repeat("\x00", 16)))
	m.raw("indefinite-salt", what, m.spliced(p, salt, "\x08\x5f\x50"+strings.Repeat("\x00", 16)+"\xff"))
	m.raw("salt-is-text", what, m.spliced(p, salt, "\x08\x70"+strings.Repeat("a", 16)))
	m.raw("salt-is-null", what, m.spliced(p, salt, "\x08\xf6"))
	m.raw("salt-is-a-list", what, m.spliced(p, salt, "\x08\x90"+strings.Repeat("\x00", 16)))
	m.raw("tagged-salt", what, m.spliced(p, salt, "\x08\xc2\x50"+strings.Repeat("\x00", 16)))
	m.raw("members-not-sorted", what, m.spliced(p, "\x01\x01\x04\x61q", "\x04\x61q\x01\x01"))
	m.raw("suite-not-utf-8", what, m.spliced(p, "\x04\x61q", "\x04\x61\xff"))
	m.raw("suite-is-bytes", what, m.spliced(p, "\x04\x61q", "\x04\x41q"))
	b := cborBytes(m.t, p)
	m.raw("duplicate-member", what, sealBytes(m.t, append(append([]byte{b[0] + 1, 0, 1}, b[1:3]...), b[3:]...), ed(0)))
	m.raw("float-version", what, m.spliced(p, "\x00\x01\x01\x01", "\x00\xf9\x3c\x00\x01\x01"))
	m.raw("boolean-version", what, m.spliced(p, "\x00\x01\x01\x01", "\x00\xf5\x01\x01"))
	m.raw("negative-version", what, m.spliced(p, "\x00\x01\x01\x01", "\x00\x20\x01\x01"))
	m.raw("payload-is-text", what, cborBytes(m.t, []any{string(b), []any{[]any{0, make([]byte, 64)}}}))
	m.raw("payload-is-a-map", what, cborBytes(m.t, []any{p, []any{[]any{0, make([]byte, 64)}}}))
	m.raw("payload-trailing-byte", what, sealBytes(m.t, append(bytes.Clone(b), 0), ed(0)))
	m.raw("payload-empty", what, sealBytes(m.t, nil, ed(0)))
	for fault, member := range map[string]uint64{"domain-is-empty": memberDomain, "home-is-empty": memberHome} {
		m.change(fault, what, 1, func(p object) { p[member] = "" })
	}
	m.change("unknown-member-20", what, 1, func(p object) { p[20] = 1 })
	m.change("tiers-are-empty", what, 1, func(p object) { p[memberTiers] = []any{} })
	m.change("single-secret-is-false", what, 1, func(p object) { p[memberSingleSecret] = false })
	m.change("sequence-is-zero", what, 2, func(p object) { p[memberSeq] = 0 })
	m.change("compromised-is-empty", what, 4, func(p object) { p[memberCompromised] = object{} })
	m.change("cleared-is-empty", what, 5, func(p object) { p[memberCleared] = []any{} })
	m.change("compromised-is-no-fragment", "compromised: not a fragment", 4, func(p object) { p[memberCompromised] = map[string]any{"a b": 0} })
	m.change("cleared-is-no-fragment", "cleared: not a fragment", 5, func(p object) { p[memberCleared] = []any{"#a"} })
	m.change("document-with-an-unknown-member", what, 2, func(p object) { p[memberDocument] = object{3: "x"} })
	m.change("document-with-an-empty-list", what, 2, func(p object) { p[memberDocument] = object{0: []any{}} })
	m.change("set-with-an-unknown-member", what, 1, func(p object) { p[memberControl].(object)[3] = 1 })
	m.change("tier-not-vetoable-is-written", what, 1, func(p object) {
		x := rawTier(3600)
		x[1] = false
		p[memberTiers] = []any{x}
	})
	m.change("method-of-two-members", what, 2, func(p object) { p[memberDocument] = object{0: []any{[]any{"a", multicodec(3)}}} })
	m.raw("nesting-without-end", what, sealBytes(m.t, bytes.Repeat([]byte{0x81}, 3000), ed(0)))
	m.raw("over-4096-bytes", "limit 4096", seal(m.t, tooLong(4097, m.t), ed(0)))
}

// tooLong is a create with a document that makes the signed operation n bytes long.
func tooLong(n int, t *testing.T) object {
	p := wellFormed(1)
	var aliases []any
	for i := range 15 {
		aliases = append(aliases, "https://example.com/"+string(rune('a'+i))+strings.Repeat("x", 200))
	}
	p[memberDocument] = object{2: aliases}
	for {
		missing := n - len(seal(t, p, ed(0)))
		if missing == 0 {
			return p
		}
		for i := range aliases {
			a := aliases[i].(string)
			if add := min(missing, 512-len(a)); missing > 0 && add > 0 {
				aliases[i] = a + strings.Repeat("y", add)
				break
			} else if missing < 0 {
				aliases[i] = a[:len(a)+missing]
				break
			}
		}
	}
}

func (m *malformed) envelope() {
	b := cborBytes(m.t, wellFormed(1))
	sig := func(n int) []any { return []any{n, make([]byte, 64)} }
	env := func(sigs ...any) []byte { return cborBytes(m.t, []any{b, sigs}) }
	m.raw("no-signatures", "0 signatures, want 1 to 32", cborBytes(m.t, []any{b, []any{}}))
	m.raw("signatures-are-null", "0 signatures, want 1 to 32", cborBytes(m.t, []any{b, nil}))
	var many []any
	for i := range 33 {
		many = append(many, sig(i))
	}
	m.raw("33-signatures", "33 signatures", env(many...))
	m.raw("one-signer-twice", "do not ascend", env(sig(0), sig(0)))
	m.raw("signers-descend", "do not ascend", env(sig(1), sig(0)))
	m.raw("envelope-of-one", "not deterministic CBOR", cborBytes(m.t, []any{b}))
	m.raw("envelope-of-three", "not deterministic CBOR", cborBytes(m.t, []any{b, []any{sig(0)}, 1}))
	m.raw("signature-of-three", "not deterministic CBOR", env([]any{0, make([]byte, 64), 1}))
	m.raw("signer-is-negative", "not deterministic CBOR", env([]any{-1, make([]byte, 64)}))
}

func (m *malformed) header() {
	m.change("version-0", "version 0", 1, func(p object) { p[memberVersion] = 0 })
	m.change("version-2", "version 2", 1, func(p object) { p[memberVersion] = 2 })
	for fault, typ := range map[string]uint64{"type-0": 0, "type-8-migrate": 8, "type-9-import": 9, "type-10": 10, "type-257": 257, "type-265": 265} {
		m.change(fault, "not supported", 1, func(p object) { p[memberType] = typ })
	}
	for what, member := range map[string]uint64{"domain": memberDomain, "home": memberHome} {
		for fault, name := range map[string]string{"main": "main", "upper-case": "Example", "of-32": strings.Repeat("a", 32), "with-a-dot": "a.b", "not-ascii": "ä"} {
			m.change(what+"-"+fault, "domain or home", 1, func(p object) { p[member] = name })
		}
	}
	for fault, suite := range map[string]string{"unknown": "x", "upper-case": "Q", "of-two": "qs"} {
		m.change("suite-"+fault, "suite: not q or s", 1, func(p object) { p[memberSuite] = suite })
	}
	m.change("salt-of-15", "salt: want 16 bytes", 1, func(p object) { p[memberSalt] = make([]byte, 15) })
	m.change("salt-of-17", "salt: want 16 bytes", 1, func(p object) { p[memberSalt] = make([]byte, 17) })
	m.change("scid-of-32", "scid", 2, func(p object) { p[memberSCID] = append([]byte{'q'}, make([]byte, 31)...) })
	m.change("scid-of-34", "scid", 2, func(p object) { p[memberSCID] = append([]byte{'q'}, make([]byte, 33)...) })
	m.change("scid-of-another-suite", "scid", 2, func(p object) { p[memberSCID] = append([]byte{'x'}, make([]byte, 32)...) })
	m.change("predecessor-of-31", "predecessor: want 32 bytes", 2, func(p object) { p[memberPrev] = make([]byte, 31) })
	m.change("predecessor-of-33", "predecessor: want 32 bytes", 2, func(p object) { p[memberPrev] = make([]byte, 33) })
	m.change("root-of-31", "root: want 32 bytes", 3, func(p object) { p[memberRoot] = make([]byte, 31) })
	m.change("root-of-33", "root: want 32 bytes", 3, func(p object) { p[memberRoot] = make([]byte, 33) })
	m.change("rank-3", "tier: index over 2", 5, func(p object) { p[memberTier] = []any{0, 3} })
}

var memberNames = []string{
	"version", "type", "domain", "home", "suite", "scid", "sequence", "predecessor", "salt", "control", "next", "tiers", "document",
	"compromised", "reveal", "reveal-recovery", "tier", "single-secret", "root", "cleared",
}

// membersOfTypes leaves each required member out, and adds each that is not allowed.
func (m *malformed) membersOfTypes() {
	sample := object{
		memberSuite: "q", memberSCID: append([]byte{'q'}, make([]byte, 32)...), memberSeq: 1, memberPrev: make([]byte, 32), memberSalt: make([]byte, 16),
		memberControl: keySet(1, multicodec(0)), memberNext: keySet(1, commitNext('q', ed(1))), memberTiers: []any{rawTier(3600)},
		memberDocument: object{}, memberCompromised: map[string]any{"a": 0}, memberReveal: []any{[]any{0, multicodec(0)}},
		memberRevealRecovery: []any{[]any{0, make([]byte, 16), multicodec(10)}}, memberTier: []any{0, 0}, memberSingleSecret: true,
		memberRoot: make([]byte, 32), memberCleared: []any{"a"},
	}
	for _, typ := range []struct {
		n        uint64
		name     string
		optional []uint64
	}{
		{1, "create", []uint64{memberTiers, memberDocument, memberSingleSecret}},
		{2, "update", nil},
		{3, "anchor", nil},
		{4, "rotate", []uint64{memberTiers, memberDocument, memberCompromised, memberSingleSecret}},
		{5, "recover", []uint64{memberCompromised, memberCleared, memberSingleSecret}},
		{6, "cancel-by-next", []uint64{memberSingleSecret}},
		{cancelByTier, "cancel-by-tier", nil},
		{7, "deactivate", nil},
	} {
		has := wellFormed(typ.n)
		for member := memberSuite; member <= memberCleared; member++ {
			fault := typ.name + "-" + memberNames[member]
			switch {
			case slices.Contains(typ.optional, member):
			case has[member] != nil:
				m.change("without-"+fault, "a required member is missing", typ.n, func(p object) { delete(p, member) })
			default:
				m.change("with-"+fault, "member", typ.n, func(p object) { p[member] = sample[member] })
			}
		}
	}
}

func (m *malformed) sets() {
	control := func(fault, err string, set object) {
		m.change("control-"+fault, err, 1, func(p object) { p[memberControl] = set })
	}
	many := func(n int) (out [][]byte) {
		for i := range n {
			out = append(out, multicodec(i))
		}
		return out
	}
	weighed := func(threshold int, members [][]byte, ws ...uint64) object {
		return object{0: uint64(threshold), 1: members, 2: ws}
	}
	control("without-members", "want 1 to 16", object{0: uint64(1)})
	control("of-17", "17 members, want 1 to 16", keySet(1, many(17)...))
	control("one-key-twice", "member 0 twice", keySet(1, multicodec(0), multicodec(0)))
	control("threshold-0", "threshold outside 1 to 1", keySet(0, multicodec(0)))
	control("threshold-over-the-number", "threshold outside 1 to 2", keySet(3, many(2)...))
	control("threshold-over-the-sum", "threshold outside 1 to 5", weighed(6, many(2), 2, 3))
	control("too-few-weights", "1 weights for 2 members", weighed(1, many(2), 2))
	control("too-many-weights", "3 weights for 2 members", weighed(1, many(2), 2, 1, 1))
	control("weights-are-null", "not deterministic CBOR", weighed(1, many(1)))
	control("weight-0", "weight outside 1 to 255", weighed(1, many(2), 0, 2))
	control("weight-256", "weight outside 1 to 255", weighed(1, many(2), 256, 1))
	control("weights-of-1", "weights of 1 are not written", weighed(1, many(2), 1, 1))
	control("of-a-key-that-cannot-sign", "cannot sign", keySet(1, testKey(keys.X25519, 1).Public().Multicodec()))
	control("of-a-bls-key", "cannot sign", keySet(1, blsKey(1)))
	control("of-an-unknown-algorithm", "control", keySet(1, append([]byte{0x83, 0x24}, make([]byte, 67)...)))
	control("of-a-key-not-on-its-curve", "control", keySet(1, append([]byte{0x80, 0x24, 2}, bytes.Repeat([]byte{0xff}, 32)...)))
	control("of-a-key-of-small-order", "control", keySet(1, append([]byte{0xed, 0x01, 1}, make([]byte, 31)...)))
	control("of-a-short-key", "control", keySet(1, multicodec(0)[:33]))
	control("of-an-empty-key", "control", keySet(1, []byte{}))
	m.change("next-digest-of-31", "digest 0 is not 32 bytes", 1, func(p object) { p[memberNext] = keySet(1, make([]byte, 31)) })
	m.change("next-of-17", "17 members", 1, func(p object) {
		var ds [][]byte
		for i := range 17 {
			ds = append(ds, bytes.Repeat([]byte{byte(i)}, 32))
		}
		p[memberNext] = keySet(1, ds...)
	})
	m.change("next-one-digest-twice", "member 0 twice", 1, func(p object) { p[memberNext] = keySet(1, make([]byte, 32), make([]byte, 32)) })
}

func (m *malformed) tiers() {
	bad := func(fault, err string, tiers ...any) {
		m.change("tier-"+fault, err, 1, func(p object) { p[memberTiers] = tiers })
	}
	bad("count-of-4", "4 tiers, limit 3", rawTier(3600), rawTier(3600), rawTier(3600), rawTier(3600))
	bad("delay-of-3599", "delay outside", rawTier(3599))
	bad("delay-of-31536001", "delay outside", rawTier(31536001))
	bad("second-delay-of-0", "tier 1", rawTier(3600), rawTier(0))
	bad("without-keys", "not deterministic CBOR", object{0: uint64(3600)})
	bad("threshold-0", "threshold", object{0: uint64(3600), 2: keySet(0, make([]byte, 32))})
	bad("digest-of-33", "not 32 bytes", object{0: uint64(3600), 2: keySet(1, make([]byte, 33))})
}

func (m *malformed) reveals() {
	rotate := func(fault, err string, reveals ...any) {
		m.change("reveal-"+fault, err, 4, func(p object) { p[memberReveal] = reveals })
	}
	rotate("index-16", "do not ascend below 16", []any{16, multicodec(0)})
	rotate("indices-descend", "do not ascend", []any{1, multicodec(0)}, []any{0, multicodec(1)})
	rotate("one-index-twice", "do not ascend", []any{0, multicodec(0)}, []any{0, multicodec(1)})
	rotate("one-key-twice", "one key twice", []any{0, multicodec(0)}, []any{1, multicodec(0)})
	rotate("a-key-that-cannot-sign", "cannot sign", []any{0, testKey(keys.X25519, 1).Public().Multicodec()})
	rotate("not-a-key", "reveal: key 0", []any{0, []byte{1}})
	recovery := func(fault, err string, reveals ...any) {
		m.change("reveal-recovery-"+fault, err, 5, func(p object) { p[memberRevealRecovery] = reveals })
	}
	salt := make([]byte, 16)
	recovery("salt-of-15", "salt: want 16 bytes", []any{0, salt[:15], multicodec(10)})
	recovery("salt-of-17", "salt: want 16 bytes", []any{0, make([]byte, 17), multicodec(10)})
	recovery("index-16", "do not ascend below 16", []any{16, salt, multicodec(10)})
	recovery("one-index-twice", "do not ascend", []any{0, salt, multicodec(10)}, []any{0, salt, multicodec(11)})
	recovery("one-key-twice", "one key twice", []any{0, salt, multicodec(10)}, []any{1, salt, multicodec(10)})
	recovery("not-a-key", "reveal: key 0", []any{0, salt, []byte{1}})
}

func (m *malformed) documents() {
	doc := func(fault, err string, d object) {
		m.change("document-"+fault, err, 2, func(p object) { p[memberDocument] = d })
	}
	methods := func(fault, err string, ms ...any) { doc(fault, err, object{0: ms}) }
	var many []any
	for i := range 17 {
		many = append(many, []any{"m" + string(rune('a'+i)), multicodec(i), 1})
	}
	methods("of-17-methods", "over 16 methods", many...)
	for fault, f := range map[string]string{"empty": "", "of-33": strings.Repeat("a", 33), "with-a-slash": "a/b", "with-a-hash": "#a", "not-ascii": "ä", "percent": "a%20"} {
		methods("fragment-"+fault, "fragment: want 1 to 32", []any{f, multicodec(3), 1})
	}
	methods("fragment-twice", "fragment: twice", []any{"a", multicodec(3), 1}, []any{"a", multicodec(4), 1})
	methods("key-twice", "one key twice", []any{"a", multicodec(3), 1}, []any{"b", multicodec(3), 2})
	methods("not-a-key", "method 0", []any{"a", []byte{1, 2, 3}, 1})
	methods("not-a-key-for-agreement", "method 0", []any{"a", []byte{1, 2, 3}, 4})
	methods("purposes-0", "purposes outside 1 to 31", []any{"a", multicodec(3), 0})
	methods("purposes-32", "purposes outside 1 to 31", []any{"a", multicodec(3), 32})
	methods("purposes-257", "purposes outside 1 to 31", []any{"a", multicodec(3), 257})
	x := testKey(keys.X25519, 1).Public().Multicodec()
	methods("agreement-key-that-authenticates", "for keyAgreement alone", []any{"a", x, 1})
	methods("agreement-key-for-more", "for keyAgreement alone", []any{"a", x, 5})
	methods("bls-key-that-authenticates", "for assertionMethod alone", []any{"a", blsKey(1), 1})
	methods("bls-key-for-more", "for assertionMethod alone", []any{"a", blsKey(1), 3})
	methods("bls-key-of-the-identity", "method 0", []any{"a", append([]byte{0xeb, 0x01, 0xc0}, make([]byte, 95)...), 2})
	var aliases []any
	for i := range 17 {
		aliases = append(aliases, "https://example.com/"+string(rune('a'+i)))
	}
	doc("of-17-aliases", "or 16 aliases", object{2: aliases})
	doc("alias-twice", "alias 1: twice", object{2: []any{"https://a.example/", "https://a.example/"}})
	doc("alias-of-513", "alias 0: not a URI", object{2: []any{"https://a.example/" + strings.Repeat("x", 513-18)}})
	for fault, uri := range badURIs {
		doc("alias-"+fault, "alias 0: not a URI", object{2: []any{uri}})
	}
}

var badURIs = map[string]string{
	"without-scheme": "example.com", "empty": "", "scheme-only": "https:", "scheme-of-a-digit": "1https:x", "scheme-with-an-underscore": "ht_tp:x",
	"with-a-space": "https://a b", "not-ascii": "https://ä", "percent-at-the-end": "https://a%2", "percent-not-hex": "https://a%zz", "with-a-quote": "https://a\"b",
	"with-a-brace": "https://{a}", "empty-scheme": "://a",
}

func (m *malformed) services() {
	doc := func(fault, err string, services ...any) {
		m.change("service-"+fault, err, 2, func(p object) { p[memberDocument] = object{1: services} })
	}
	uri := "https://a.example/"
	one := func(fault, err string, types []string, endpoints ...any) {
		doc(fault, err, []any{"s", types, endpoints})
	}
	var many, uris []any
	var types []string
	for i := range 17 {
		many = append(many, []any{"s" + string(rune('a'+i)), []string{"T"}, []any{uri}})
	}
	for i := range 9 {
		uris, types = append(uris, uri+string(rune('a'+i))), append(types, "T"+string(rune('a'+i)))
	}
	doc("count-of-17", "16 services", many...)
	doc("fragment-twice", "fragment: twice", []any{"s", []string{"T"}, []any{uri}}, []any{"s", []string{"T"}, []any{uri}})
	doc("fragment-empty", "fragment: want", []any{"", []string{"T"}, []any{uri}})
	m.change("service-with-the-fragment-of-a-method", "fragment: twice", 2, func(p object) {
		p[memberDocument] = object{0: []any{[]any{"a", multicodec(3), 1}}, 1: []any{[]any{"a", []string{"T"}, []any{uri}}}}
	})
	one("without-types", "want 1 to 8 types", []string{}, uri)
	one("of-9-types", "want 1 to 8 types", types, uri)
	one("type-empty", "type 0", []string{""}, uri)
	one("type-of-65", "type 0", []string{strings.Repeat("T", 65)}, uri)
	one("type-twice", "type 1", []string{"T", "T"}, uri)
	doc("without-endpoints", "want 1 to 8 types", []any{"s", []string{"T"}, []any{}})
	one("of-9-endpoints", "want 1 to 8 types", []string{"T"}, uris...)
	one("endpoint-of-513", "endpoint 0: not a URI", []string{"T"}, uri+strings.Repeat("x", 513-len(uri)))
	one("endpoint-not-a-uri", "endpoint 0: not a URI", []string{"T"}, "a b")
	one("second-endpoint-not-a-uri", "endpoint 1: not a URI", []string{"T"}, uri, "a b")
	one("endpoint-number", "neither a URI nor properties", []string{"T"}, 7)
	one("endpoint-null", "neither a URI nor properties", []string{"T"}, nil)
	one("endpoint-bytes", "neither a URI nor properties", []string{"T"}, []byte("x"))
	one("endpoint-list", "neither a URI nor properties", []string{"T"}, []any{uri})
	one("properties-empty", "properties are empty", []string{"T"}, map[string]any{})
	one("properties-of-513", "over 512 bytes", []string{"T"}, map[string]any{"uri": strings.Repeat("x", 513-10)})
	one("property-number", "neither a string nor a list of strings", []string{"T"}, map[string]any{"a": 1})
	one("property-true", "neither a string nor a list of strings", []string{"T"}, map[string]any{"a": true})
	one("property-null", "neither a string nor a list of strings", []string{"T"}, map[string]any{"a": nil})
	one("property-map", "neither a string nor a list of strings", []string{"T"}, map[string]any{"a": map[string]any{"b": "c"}})
	one("property-list-of-numbers", "neither a string nor a list of strings", []string{"T"}, map[string]any{"a": []any{"x", 1}})
	one("property-list-of-lists", "neither a string nor a list of strings", []string{"T"}, map[string]any{"a": []any{[]any{"x"}}})
	one("property-name-not-text", "not deterministic CBOR", []string{"T"}, map[any]any{1: "x"})
}

// blsKey returns the multicodec form of a key of BLS12-381 G2 that is one in form.
func blsKey(n byte) []byte {
	b := make([]byte, 98)
	b[0], b[1], b[2], b[97] = 0xeb, 0x01, 0x80, n
	return b
}
