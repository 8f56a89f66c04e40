package realperson

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bls12-381/fr"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc/dataintegrity/sd"
)

// statementScalar is what a bbs-2023 proof signs about a claim: one line of N-Quads, as a scalar.
func statementScalar(tb testing.TB, name, value string) fr.Element {
	tb.Helper()
	s, err := fr.Hash([]byte(statementLine(name, value)), []byte(pseudonymTag+"MAP_MSG_TO_SCALAR_AS_HASH_"), 1)
	fatal(tb, err)
	return s[0]
}

// TestStatement: the lines that are searched for are those that are signed.
func TestStatement(t *testing.T) {
	w := newWorld(t)
	d := w.person(t, map[string]any{"ageOver18": true, "residentOf": "FR"})
	m := decodeJSON(t, d.wallet.credentials[0].base)
	delete(m, "proof")
	v, err := strictjson.Parse(encodeJSON(t, m), strictjson.Limits{})
	fatal(t, err)
	doc, err := sd.Canonicalize(Contexts(), v, sd.ShuffledLabels(make([]byte, 32)))
	fatal(t, err)
	want := []byte(statementLine("residentOf", `"FR"`))
	if !slices.ContainsFunc(doc.Lines, func(line []byte) bool { return bytes.Equal(line, want) }) {
		t.Errorf("no statement is %s", want)
	}
}

func statementLine(name, value string) string {
	return fmt.Sprintf("<%s> <%s#%s> %s .\n", HolderID, ContextURL, name, value)
}

// proofScalars are the scalars of a proof: the responses, and last the challenge.
func (v *view) proofScalars() (all []fr.Element) {
	for b := v.proof.parts[0].([]byte)[3*48:]; len(b) >= fr.Bytes; b = b[fr.Bytes:] {
		var s fr.Element
		s.SetBytes(b[:fr.Bytes])
		all = append(all, s)
	}
	return all
}

// blindings returns what each response m^ = m~ + m·c of a proof would hide, if the message were this one: m^ - m·c.
func (v *view) blindings(message *fr.Element) map[fr.Element]bool {
	all := v.proofScalars()
	challenge := all[len(all)-1]
	out := map[fr.Element]bool{}
	for _, s := range all[:len(all)-1] {
		var part fr.Element
		part.Mul(message, &challenge)
		s.Sub(&s, &part)
		out[s] = true
	}
	return out
}

// standsOut tells whether a guess of a hidden value is confirmed by two proofs: what it makes of a response is nothing, small, or the same in
// both.
func standsOut(a, b *view, message *fr.Element) bool {
	first := a.blindings(message)
	for _, blindings := range []map[fr.Element]bool{first, b.blindings(message)} {
		for s := range blindings {
			if octets := s.Bytes(); bytes.Equal(octets[:16], make([]byte, 16)) {
				return true
			}
		}
	}
	for s := range b.blindings(message) {
		if first[s] {
			return true
		}
	}
	return false
}

// TestMinimalDisclosure (P5): who has two proofs of a person, and tries all values that a hidden claim can have, finds none confirmed: neither
// the true one nor another. The values of a country are 676; that more would not help either does not follow from trying, but from every
// response being blinded by a random scalar of its own. What is shown of an age is one bit.
func TestMinimalDisclosure(t *testing.T) {
	w := newWorld(t)
	d := w.person(t, map[string]any{"ageOver18": true, "residentOf": "FR"})
	a, b := w.answer(t, d, w.platform(t), nil), w.answer(t, d, w.platform(t), nil)
	confirmed := func(a, b *view) (all []string) {
		for i := range 26 * 26 {
			value := fmt.Sprintf("%q", string([]byte{'A' + byte(i/26), 'A' + byte(i%26)}))
			if s := statementScalar(t, "residentOf", value); standsOut(a, b, &s) {
				all = append(all, value)
			}
		}
		return all
	}
	if found := confirmed(a, b); found != nil {
		t.Errorf("a search of all countries finds %v", found)
	}
	for _, v := range []*view{a, b} {
		for _, o := range octets(v.response) {
			if bytes.Contains(o, []byte("residentOf")) || bytes.Contains(o, []byte("ageOver18")) {
				t.Error("a claim stands in a response that should not show it")
			}
		}
	}
	// The control: a wallet that blinds a hidden claim with nothing, or twice with the same, is found out, and the guess is right.
	s := statementScalar(t, "residentOf", `"FR"`)
	unblinded := func(v *view, blinding uint64) *view {
		return v.change(t, func(_ map[string]any, p *proofParts) {
			proof := p.parts[0].([]byte)
			var c, m fr.Element
			c.SetBytes(proof[len(proof)-fr.Bytes:])
			if m.SetUint64(blinding); blinding != 0 {
				m.Inverse(&m) // no small number
			}
			c.Mul(&c, &s).Add(&c, &m)
			octets := c.Bytes()
			copy(proof[3*48+3*fr.Bytes:], octets[:])
		})
	}
	for blinding, what := range []string{"not blinded", "blinded twice with the same"} {
		if found := confirmed(unblinded(a, uint64(blinding)*7), unblinded(b, uint64(blinding)*7)); len(found) != 1 || found[0] != `"FR"` {
			t.Errorf("%s: the search finds %v, want FR", what, found)
		}
	}
}

// TestAgeIsOneBit (P5): two people of whom one is of age: what a platform sees of the two differs in the one bit that it asked for, and in nothing
// else that does not differ between two responses of one person.
func TestAgeIsOneBit(t *testing.T) {
	city := newTown(t)
	ask := func(c *PlatformConfig) { c.Policy.Claims = []Requirement{{Claim: "ageOver18"}} }
	policy := Policy{RevealToAll: []string{subjectPointer + "ageOver18"}}
	show := func(age bool) (shown map[string]any, form []byte) {
		c := city.wallet(t)
		c.claims["ageOver18"] = age
		city.renew(t, c)
		p := city.platform(t, ask)
		r := city.ask(t, c.wallet, p, ActionSignUp, nil)
		b, err := c.wallet.SignUp(t.Context(), r, policy)
		fatal(t, err)
		a, _, err := p.SignUp(t.Context(), b, nil)
		fatal(t, err)
		if len(a.Claims) != 1 || a.Claims["ageOver18"] != age {
			t.Errorf("the platform learns %d claims", len(a.Claims))
		}
		m := payload(t, b)
		proof := openProof(t, proofOf(credentialOf(m))["proofValue"].(string))
		for i, part := range proof.parts {
			if b, ok := part.([]byte); ok {
				proof.parts[i] = len(b)
			}
		}
		form, err = cborBytes(proof.parts)
		fatal(t, err)
		delete(proofOf(credentialOf(m)), "proofValue")
		return credentialOf(m), form
	}
	adult, adultProof := show(true)
	child, childProof := show(false)
	if !bytes.Equal(adultProof, childProof) {
		t.Error("the proofs differ in their form")
	}
	if subject(adult)["ageOver18"] != true || subject(child)["ageOver18"] != false {
		t.Error("the bit is not shown")
	}
	delete(subject(adult), "ageOver18")
	delete(subject(child), "ageOver18")
	if !bytes.Equal(encodeJSON(t, adult), encodeJSON(t, child)) {
		t.Error("more than the bit differs")
	}
}
