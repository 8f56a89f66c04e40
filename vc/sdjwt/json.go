package sdjwt

import (
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc"
)

// splitJSON takes a JWS JSON serialization apart (RFC 9901, section 8; RFC 7515, section 7.2). The unprotected header of the
// first signature, and no other place, holds disclosures and kb_jwt.
func splitJSON(raw []byte) (*token, error) {
	v, err := parseJSON(raw)
	if err != nil {
		return nil, err
	}
	t := &token{form: FlattenedJSON}
	first := v
	if hasUnprotectedName(v) {
		return nil, errMisplaced()
	}
	if list, ok := v.Get("signatures"); ok {
		t.form = GeneralJSON
		for _, name := range [...]string{"protected", "signature", "header"} {
			if _, both := v.Get(name); both {
				return nil, serializationFault("both flattened and general")
			}
		}
		all := list.Elems()
		if len(all) == 0 || len(all) > maxSignatures {
			return nil, serializationFault("no signature, or too many")
		}
		first, t.others = all[0], all[1:]
		if hasUnprotectedName(first) {
			return nil, errMisplaced()
		}
	}
	if t.payload, err = textMember(v, "payload"); err != nil {
		return nil, err
	}
	if t.protected, err = textMember(first, "protected"); err != nil {
		return nil, err
	}
	if t.signature, err = textMember(first, "signature"); err != nil {
		return nil, err
	}
	if err := t.unprotected(first); err != nil {
		return nil, err
	}
	for _, other := range t.others {
		if err := checkOther(other); err != nil {
			return nil, err
		}
	}
	t.join()
	return t, nil
}

func serializationFault(detail string) error { return vc.Invalid("sdjwt.serialization", detail) }

// textMember returns a member that must be a string and not empty.
func textMember(v strictjson.Value, name string) ([]byte, error) {
	m, _ := v.Get(name)
	s, ok := m.Str()
	if !ok || s == "" {
		return nil, serializationFault("payload, protected and signature must be strings")
	}
	return []byte(s), nil
}

// unprotected reads the unprotected header of the first signature.
func (t *token) unprotected(signature strictjson.Value) error {
	h, ok := signature.Get("header")
	if !ok {
		return nil
	}
	if h.Kind() != strictjson.Object {
		return serializationFault("an unprotected header is not an object")
	}
	t.loose = h
	if list, ok := h.Get("disclosures"); ok {
		if list.Kind() != strictjson.Array {
			return serializationFault("disclosures is not an array")
		}
		if len(list.Elems()) > MaxDisclosures {
			return errTooMany()
		}
		for _, e := range list.Elems() {
			s, ok := e.Str()
			if !ok || s == "" {
				return serializationFault("a disclosure is not a string")
			}
			t.disclosures = append(t.disclosures, []byte(s))
		}
	}
	if kb, ok := h.Get("kb_jwt"); ok {
		s, ok := kb.Str()
		if !ok || s == "" {
			return serializationFault("kb_jwt is not a string")
		}
		t.kb = []byte(s)
	}
	return nil
}

func checkOther(signature strictjson.Value) error {
	if _, err := textMember(signature, "protected"); err != nil {
		return err
	}
	if _, err := textMember(signature, "signature"); err != nil {
		return err
	}
	h, _ := signature.Get("header")
	if hasUnprotectedName(signature) || hasUnprotectedName(h) {
		return errMisplaced()
	}
	return nil
}

// hasUnprotectedName tells whether v has what may stand in the first unprotected header only. Elsewhere other readers might see
// it, or some of early drafts look for it there.
func hasUnprotectedName(v strictjson.Value) bool {
	_, disclosures := v.Get("disclosures")
	_, kb := v.Get("kb_jwt")
	return disclosures || kb
}

func errMisplaced() error {
	return serializationFault("disclosures or kb_jwt outside the first unprotected header")
}

// checkHeaders compares both headers: no parameter may stand in both, and crit only in the protected one (RFC 7515, sections
// 4.1.11 and 7.2.1).
func checkHeaders(protected, loose strictjson.Value) error {
	if hasUnprotectedName(protected) {
		return errMisplaced()
	}
	for _, m := range loose.Members() {
		if m.Name == "crit" || m.Name == "b64" {
			return vc.Invalid("sdjwt.header.crit", "crit or b64 in an unprotected header")
		}
		if _, both := protected.Get(m.Name); both {
			return serializationFault("a parameter stands in both headers")
		}
	}
	return nil
}

// join writes the compact texts that signatures and sd_hash are made over.
func (t *token) join() {
	n := len(t.protected) + len(t.payload) + len(t.signature) + 3
	for _, d := range t.disclosures {
		n += len(d) + 1
	}
	b := make([]byte, 0, n)
	b = append(append(append(b, t.protected...), '.'), t.payload...)
	t.signed = b
	b = append(append(b, '.'), t.signature...)
	b = append(b, '~')
	for _, d := range t.disclosures {
		b = append(append(b, d...), '~')
	}
	t.hashed = b
}

// appendForm appends t in its form.
func (t *token) appendForm(dst []byte) []byte {
	if t.form == Compact {
		return append(append(dst, t.hashed...), t.kb...)
	}
	text := func(name string, value []byte) {
		dst = append(append(append(append(dst, '"'), name...), `":"`...), value...)
		dst = append(dst, '"')
	}
	dst = append(dst, '{')
	if t.form == GeneralJSON {
		text("payload", t.payload)
		dst = append(dst, `,"signatures":[{`...)
	}
	dst = append(dst, `"header":{"disclosures":[`...)
	for i, d := range t.disclosures {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, '"'), d...), '"')
	}
	dst = append(dst, ']')
	if t.kb != nil {
		dst = append(dst, ',')
		text("kb_jwt", t.kb)
	}
	dst = append(dst, `},`...)
	if t.form == FlattenedJSON {
		text("payload", t.payload)
		dst = append(dst, ',')
	}
	text("protected", t.protected)
	dst = append(dst, ',')
	text("signature", t.signature)
	dst = append(dst, '}')
	if t.form == GeneralJSON {
		for _, other := range t.others {
			dst = append(append(dst, ','), other.Raw()...)
		}
		dst = append(dst, "]}"...)
	}
	return dst
}
