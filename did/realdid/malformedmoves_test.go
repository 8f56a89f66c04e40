package realdid_test

import (
	"bytes"
	"strings"

	"github.com/realdid/realdid/did/realdid"
)

// moves are the faults of migrate and import by themselves.
func (m *malformed) moves() {
	moving := func(announces bool) object {
		if announces {
			return wellFormedMoves()[0]
		}
		return wellFormedMoves()[1]
	}
	importing := func() object { return wellFormedMoves()[2] }
	unsigned := func(p object) []byte { return cborBytes(m.t, []any{cborBytes(m.t, p), []any{}}) }
	m.good("announcement", seal(m.t, moving(true), ed(0)))
	m.good("departure", seal(m.t, moving(false), ed(0)))
	m.good("import", unsigned(importing()))

	wrong := func(fault, err string, p object, change func(p object), ks ...int) {
		change(p)
		b := unsigned(p)
		if len(ks) > 0 {
			b = seal(m.t, p, ed(ks[0]))
		}
		m.raw(fault, err, b)
	}
	for fault, name := range map[string]string{"main": "main", "upper-case": "Second", "of-32": strings.Repeat("a", 32)} {
		wrong("to-"+fault, "domain or home", moving(true), func(p object) { p[memberTo] = name }, 0)
		wrong("from-"+fault, "domain or home", importing(), func(p object) { p[memberFrom] = name })
	}
	wrong("migrate-to-the-same-ledger", "within one ledger", moving(true), func(p object) { p[memberHome] = "second" }, 0)
	wrong("migrate-from-main-to-main", "within one ledger", moving(true), func(p object) { delete(p, memberTo) }, 0)
	wrong("departure-to-the-same-ledger", "within one ledger", moving(false), func(p object) { p[memberHome] = "second" }, 0)
	wrong("import-from-the-same-ledger", "within one ledger", importing(), func(p object) { p[memberFrom] = "second" })
	wrong("import-from-main-to-main", "within one ledger", importing(), func(p object) { delete(p, memberHome) })
	wrong("announcement-without-next", "a required member is missing", moving(true), func(p object) { delete(p, memberNext) }, 0)
	wrong("announcement-with-control", "a member of another type", moving(true), func(p object) { p[memberControl] = keySet(1, multicodec(0)) }, 0)
	wrong("departure-with-next", "a member of another type", moving(false), func(p object) { p[memberNext] = keySet(1, commitNext('q', ed(1))) }, 0)
	wrong("departure-with-single-secret", "a member of another type", moving(false), func(p object) { p[memberSingleSecret] = true }, 0)
	wrong("rotate-with-to", "a member of another type", wellFormed(4), func(p object) { p[memberTo] = "second" }, 0)
	wrong("migrate-with-from", "a member of another type", moving(true), func(p object) { p[memberFrom] = "third" }, 0)
	for what, member := range map[string]uint64{"scid": memberSCID, "state": memberState, "proof": memberProof} {
		wrong("import-without-"+what, "a required member is missing", importing(), func(p object) { delete(p, member) })
	}
	wrong("import-with-a-sequence", "a member of another type", importing(), func(p object) { p[memberSeq] = 1 })
	wrong("import-with-a-predecessor", "a member of another type", importing(), func(p object) { p[memberPrev] = make([]byte, 32) })
	wrong("import-state-empty", "not deterministic CBOR", importing(), func(p object) { p[memberState] = []byte{} })
	wrong("import-of-33-bytes-of-scid", "scid", importing(), func(p object) { p[memberSCID] = make([]byte, 33) })
	wrong("import-signed", "it is not signed", importing(), func(object) {}, 0)
	m.raw("import-signatures-null", "it is not signed", cborBytes(m.t, []any{cborBytes(m.t, importing()), nil}))
	m.raw("departure-without-signature", "0 signatures", unsigned(moving(false)))

	long := importing()
	long[memberProof] = bytes.Repeat([]byte{1}, realdid.MaxImport-100)
	n := realdid.MaxImport - len(unsigned(long))
	long[memberProof] = bytes.Repeat([]byte{1}, realdid.MaxImport-100+n)
	m.good("import of 16384 bytes", unsigned(long))
	wrong("import-of-16385-bytes", "limit 16384", long, func(p object) { p[memberProof] = bytes.Repeat([]byte{1}, realdid.MaxImport-99+n) })
	// A create that is too long stays so when it is taken for an import.
	p := wellFormed(1)
	p[memberType], p[memberState] = 9, bytes.Repeat([]byte{1}, 5000)
	m.raw("import-of-5000-bytes-with-the-members-of-a-create", "a required member is missing", seal(m.t, p, ed(0)))
	p = wellFormed(8 - 1)
	p[memberTo] = strings.Repeat("a", 5000)
	m.raw("deactivate-of-5000-bytes", "limit 4096", seal(m.t, p, ed(0)))
}

// wellFormedMoves are the smallest payloads of migrate and import.
func wellFormedMoves() []object {
	announces, departs := wellFormed(7), wellFormed(7)
	for _, p := range []object{announces, departs} {
		p[memberType], p[memberTo] = 8, "second"
	}
	announces[memberNext] = keySet(1, commitNext('q', ed(1)))
	delete(departs, memberReveal)
	return []object{announces, departs, {
		memberVersion: 1, memberType: 9, memberSCID: append([]byte{'q'}, make([]byte, 32)...), memberHome: "second",
		memberState: []byte{1}, memberProof: []byte{1},
	}}
}

// good holds what the faults are made of to being well-formed.
func (m *malformed) good(what string, b []byte) {
	m.t.Helper()
	if _, err := realdid.ParseOperation(b); err != nil {
		m.t.Fatalf("%s: %v", what, err)
	}
	if _, err := modelParse(b); err != nil {
		m.t.Fatalf("%s: the model refuses it: %v", what, err)
	}
}
