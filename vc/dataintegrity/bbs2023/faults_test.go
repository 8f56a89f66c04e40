package bbs2023

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"flag"
	"slices"
	"strings"
	"testing"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/internal/vectors"
	"github.com/realdid/realdid/keys/bbs"
	"github.com/realdid/realdid/resolver/didkey"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
	"github.com/realdid/realdid/vc/dataintegrity/sd"
)

var update = flag.Bool("update", false, "write the vectors of testdata/bbs-2023 anew")

// vector is one entry of a file in testdata/bbs-2023; its README explains the members.
type vector struct {
	Name               string          `json:"name"`
	Binding            bool            `json:"holderBinding,omitempty"` // is wanted
	ContextID          string          `json:"contextId,omitempty"`     // of the pseudonym
	NymCount           int             `json:"nymCount,omitempty"`
	PresentationHeader *string         `json:"presentationHeader,omitempty"`
	Pseudonym          string          `json:"pseudonym,omitempty"`
	Code               string          `json:"code,omitempty"`
	Document           json.RawMessage `json:"document"`
}

// suite is the verifier's.
func (v *vector) suite(t *testing.T) (s Suite) {
	t.Helper()
	if v.PresentationHeader != nil {
		s.PresentationHeader = append([]byte{}, unhex(t, *v.PresentationHeader)...)
	}
	if v.Binding {
		s.HolderBinding = &HolderBinding{}
	}
	if v.ContextID != "" {
		s.Verifier = &Verifier{ContextID: unhex(t, v.ContextID), N: v.NymCount}
	}
	return s
}

const degree = `{
  "@context": ["https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/examples/v2"],
  "type": ["VerifiableCredential", "AlumniCredential"],
  "issuer": {"id": "ISSUER", "name": "Example University"},
  "validUntil": "2044-01-01T00:00:00Z",
  "credentialSubject": {
    "type": ["Student", "Person"],
    "givenName": "Ada", "familyName": "Lovelace", "email": "ada@example.org",
    "degree": {"type": "BachelorDegree", "year": 1835, "courses": [
      {"type": "Course", "code": "A1", "grade": 1}, {"type": "Course", "code": "B2", "grade": 2}, {"type": "Course", "code": "C3", "grade": 3}
    ]}
  }
}`

var (
	degreeMandatory = []string{"/issuer", "/validUntil", "/credentialSubject/type"}
	degreeReveal    = []string{"/credentialSubject/givenName", "/credentialSubject/familyName", "/credentialSubject/degree/courses/1", "/credentialSubject/degree/courses/2/grade"}
)

// fixture is what an issuer with a key that is always the same signs, and what a holder derives from it.
type fixture struct {
	t             *testing.T
	base, derived []byte
	value         *derived
}

func newFixture(t *testing.T, document string, issue, derive Suite) *fixture {
	t.Helper()
	secret := bytes.Repeat([]byte{7}, 32)
	key, err := bbs.NewPrivateKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	method := didkey.URL(key.Public())
	issue.Mandatory = degreeMandatory
	hmacKey := bytes.Repeat([]byte{8}, hmacKeySize) // always the same, for statements in the same order
	signed, err := dataintegrity.AddProof(t.Context(), key, []byte(strings.ReplaceAll(document, "ISSUER", method.DID().String())), &dataintegrity.ProofOptions{
		Method: method, Purpose: did.AssertionMethod, Cryptosuite: withHMACKey{issue, hmacKey, &base{}},
	})
	if err != nil {
		t.Fatal(err)
	}
	c, err := dataintegrity.ParseCredential(signed, understood)
	if err != nil {
		t.Fatal(err)
	}
	d, err := c.Derive(t.Context(), degreeReveal, &dataintegrity.DeriveOptions{Cryptosuite: derive})
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{t: t, base: c.Bytes(), derived: d.Bytes()}
	if f.value, err = parseDerived(proofOf(t, f.derived).ProofValue); err != nil {
		t.Fatal(err)
	}
	return f
}

// with returns the derived document with another proof value and another text.
func (f *fixture) with(value string, replace ...string) []byte {
	f.t.Helper()
	out := bytes.Replace(f.derived, []byte(proofOf(f.t, f.derived).ProofValue), []byte(value), 1)
	for i := 0; i < len(replace); i += 2 {
		if bytes.Count(out, []byte(replace[i])) != 1 {
			f.t.Fatalf("%s is not once in %s", replace[i], out)
		}
		out = bytes.Replace(out, []byte(replace[i]), []byte(replace[i+1]), 1)
	}
	return out
}

// changed returns the derived document with a proof value that edit changed.
func (f *fixture) changed(edit func(d *derived), replace ...string) []byte {
	f.t.Helper()
	d := *f.value
	d.proof, d.labels, d.mandatory, d.selective = bytes.Clone(d.proof), slices.Clone(d.labels), slices.Clone(d.mandatory), slices.Clone(d.selective)
	edit(&d)
	s, err := d.encode()
	if err != nil {
		f.t.Fatal(err)
	}
	return f.with(s, replace...)
}

// free are the numbers of the disclosed statements that are not mandatory.
func (f *fixture) free() []int {
	return sd.Without(f.value.mandatory, len(f.value.mandatory)+len(f.value.selective))
}

func raw(t *testing.T, value string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(value[1:])
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func encoded(parts ...[]byte) string {
	return "u" + base64.RawURLEncoding.EncodeToString(bytes.Join(parts, nil))
}

func (f *fixture) faults() []vector {
	good := proofOf(f.t, f.derived).ProofValue
	b := raw(f.t, good)
	other := newFixture(f.t, strings.Replace(degree, "Lovelace", "Byron", 1), Suite{}, Suite{})
	empty, header := "", "01"
	free := f.free()
	insert := func(list []int, n int) []int { return slices.Sorted(slices.Values(append(list, n))) }
	const invalid, count, value, labels = "vc.signature.invalid", "dataintegrity.sd.count", "dataintegrity.proof.value", "dataintegrity.sd.labels"
	return []vector{
		{Name: "base proof where a derived one is expected", Code: "dataintegrity.proof.base", Document: f.base},
		{Name: "base proof value over the derived document", Code: "dataintegrity.proof.base", Document: f.with(proofOf(f.t, f.base).ProofValue)},
		{Name: "another presentation header is expected", PresentationHeader: &header, Code: "bbs2023.presentation", Document: f.derived},
		{Name: "no presentation header is expected", PresentationHeader: &empty, Code: "bbs2023.presentation", Document: f.derived},
		{Name: "presentation header changed", Code: invalid, Document: f.changed(func(d *derived) { d.presentationHeader = []byte{1} })},
		{Name: "presentation header left out", Code: invalid, Document: f.changed(func(d *derived) { d.presentationHeader = nil })},
		{Name: "holder binding is expected", Binding: true, Code: "bbs2023.binding.missing", Document: f.derived},
		{Name: "a pseudonym is expected", ContextID: "00", NymCount: 1, Code: "bbs2023.pseudonym.missing", Document: f.derived},

		{Name: "mandatory index changed", Code: invalid, Document: f.changed(func(d *derived) { d.mandatory = insert(d.mandatory[1:], free[0]) })},
		{Name: "mandatory index removed", Code: count, Document: f.changed(func(d *derived) { d.mandatory = d.mandatory[1:] })},
		{Name: "mandatory index removed and an index added", Code: invalid, Document: f.changed(func(d *derived) {
			d.mandatory, d.selective = d.mandatory[1:], append(d.selective, d.selective[len(d.selective)-1]+1)
		})},
		{Name: "mandatory index added and an index removed", Code: invalid, Document: f.changed(func(d *derived) {
			d.mandatory, d.selective = insert(d.mandatory, free[0]), d.selective[1:]
		})},
		{Name: "mandatory index past the end", Code: "dataintegrity.sd.index", Document: f.changed(func(d *derived) { d.mandatory[len(d.mandatory)-1] = 99 })},
		{Name: "mandatory index twice", Code: value, Document: f.changed(func(d *derived) { d.mandatory = append(d.mandatory, d.mandatory[len(d.mandatory)-1]) })},
		{Name: "no mandatory indexes", Code: count, Document: f.changed(func(d *derived) { d.mandatory = nil })},
		{Name: "index of a message changed", Code: invalid, Document: f.changed(func(d *derived) { d.selective[len(d.selective)-1]++ })},
		{Name: "index of a message past the end", Code: invalid, Document: f.changed(func(d *derived) { d.selective[len(d.selective)-1] = 9999 })},
		{Name: "indexes of messages out of order", Code: value, Document: f.changed(func(d *derived) { slices.Reverse(d.selective) })},
		{Name: "index of a message removed", Code: count, Document: f.changed(func(d *derived) { d.selective = d.selective[1:] })},
		{Name: "no indexes of messages", Code: count, Document: f.changed(func(d *derived) { d.selective = nil })},

		{Name: "mandatory statement changed", Code: invalid, Document: f.with(good, `"2044-01-01T00:00:00Z"`, `"2045-01-01T00:00:00Z"`)},
		{Name: "mandatory statement removed", Code: count, Document: f.with(good, `"validUntil":"2044-01-01T00:00:00Z",`, ``)},
		{Name: "mandatory statement removed with its index", Code: invalid, Document: f.changed(func(d *derived) {
			d.mandatory = d.mandatory[:len(d.mandatory)-1]
		}, `"validUntil":"2044-01-01T00:00:00Z",`, ``)},
		{Name: "mandatory type of the credential changed", Code: invalid, Document: f.with(good, `"AlumniCredential"`, `"AlumnaCredential"`)},
		{Name: "issuer's name changed", Code: invalid, Document: f.with(good, `"Example University"`, `"Example College"`)},
		{Name: "disclosed statement changed", Code: invalid, Document: f.with(good, `"Lovelace"`, `"Byron"`)},
		{Name: "disclosed values exchanged", Code: invalid, Document: f.with(good, `"givenName":"Ada","familyName":"Lovelace"`, `"givenName":"Lovelace","familyName":"Ada"`)},
		{Name: "disclosed number as text", Code: invalid, Document: f.with(good, `"grade":3`, `"grade":"3"`)},
		{Name: "disclosed statement removed", Code: count, Document: f.with(good, `"familyName":"Lovelace",`, ``)},
		{Name: "disclosed statement removed with its index", Code: invalid, Document: f.changed(func(d *derived) { d.selective = d.selective[1:] }, `"familyName":"Lovelace",`, ``)},
		{Name: "grades of two courses exchanged", Code: invalid, Document: f.with(good, `"grade":2`, `"grade":x`, `"grade":3`, `"grade":2`, `"grade":x`, `"grade":3`)},
		{Name: "statement added", Code: count, Document: f.with(good, `"givenName":"Ada"`, `"givenName":"Ada","email":"ada@example.org"`)},
		{Name: "object added", Code: labels, Document: f.with(good, `"givenName":"Ada"`, `"givenName":"Ada","knows":{"name":"Babbage"}`)},

		{Name: "label changed", Code: invalid, Document: f.changed(func(d *derived) { d.labels[0] = "b77" })},
		{Name: "labels exchanged", Code: invalid, Document: f.changed(func(d *derived) { d.labels[0], d.labels[1] = d.labels[1], d.labels[0] })},
		{Name: "label twice", Code: value, Document: f.changed(func(d *derived) { d.labels[0] = d.labels[1] })},
		{Name: "label missing", Code: labels, Document: f.changed(func(d *derived) { d.labels = d.labels[:len(d.labels)-1] })},
		{Name: "label too many", Code: labels, Document: f.changed(func(d *derived) { d.labels = append(d.labels, "b77") })},
		{Name: "no labels", Code: labels, Document: f.changed(func(d *derived) { d.labels = nil })},

		{Name: "proof changed", Code: invalid, Document: f.changed(func(d *derived) { d.proof[len(d.proof)-1] ^= 1 })},
		{Name: "proof of zeros", Code: invalid, Document: f.changed(func(d *derived) { clear(d.proof) })},
		{Name: "proof with the identity as its first point", Code: invalid, Document: f.changed(func(d *derived) {
			copy(d.proof, append([]byte{0xc0}, make([]byte, 47)...))
		})},
		{Name: "proof with a scalar less", Code: invalid, Document: f.changed(func(d *derived) { d.proof = d.proof[:len(d.proof)-32] })},
		{Name: "proof with a scalar more", Code: invalid, Document: f.changed(func(d *derived) { d.proof = append(d.proof, d.proof[len(d.proof)-32:]...) })},
		{Name: "proof cut", Code: invalid, Document: f.changed(func(d *derived) { d.proof = d.proof[:len(d.proof)-1] })},
		{Name: "no proof", Code: invalid, Document: f.changed(func(d *derived) { d.proof = nil })},
		{Name: "signature in the place of the proof", Code: invalid, Document: f.changed(func(d *derived) {
			b, err := parseBase(proofOf(f.t, f.base).ProofValue)
			if err != nil {
				f.t.Fatal(err)
			}
			d.proof = b.signature
		})},
		{Name: "proof of another credential", Code: invalid, Document: f.changed(func(d *derived) { d.proof = other.value.proof })},
		{Name: "proof value of another credential", Code: invalid, Document: f.with(proofOf(f.t, other.derived).ProofValue)},

		{Name: "proof with a time that was not signed", Code: invalid, Document: f.with(good, `"proofPurpose"`, `"created":"2024-01-01T00:00:00Z","proofPurpose"`)},
		{Name: "proof with a challenge that was not signed", Code: invalid, Document: f.with(good, `"proofPurpose"`, `"challenge":"c","proofPurpose"`)},
		{Name: "proof with another context of its own", Code: "dataintegrity.proof.context", Document: f.with(good, `"proofPurpose"`, `"@context":"https://www.w3.org/ns/credentials/v2","proofPurpose"`)},
		{Name: "term of another context", Code: invalid, Document: f.with(good, `"https://www.w3.org/ns/credentials/examples/v2"]`, `"https://www.w3.org/ns/credentials/examples/v2",{"familyName":"https://example.org/nickname"}]`)},

		{Name: "CBOR with a trailing byte", Code: value, Document: f.with(encoded(b, []byte{0}))},
		{Name: "CBOR cut", Code: value, Document: f.with(encoded(b[:len(b)-1]))},
		{Name: "CBOR with a length that is not in its shortest form", Code: value, Document: f.with(encoded(b[:3], []byte{0x98, 5}, b[4:]))},
		{Name: "CBOR of indefinite length", Code: value, Document: f.with(encoded(b[:3], []byte{0x9f}, b[4:], []byte{0xff}))},
		{Name: "CBOR with a tag on a component", Code: value, Document: f.with(encoded(b[:4], []byte{0xd8, 0x40}, b[4:]))},
		{Name: "CBOR with a sixth component", Code: value, Document: f.with(encoded(b[:3], []byte{0x86}, b[4:], []byte{0x80}))},
		{Name: "header of holder binding", Code: value, Document: f.with(encoded([]byte{0xd9, 0x5d, 0x05}, b[3:]))},
		{Name: "header of holder binding, with a number of messages", Code: invalid, Document: f.with(encoded([]byte{0xd9, 0x5d, 0x05, 0x86}, b[4:], []byte{14}))},
		{Name: "header of W3C's pseudonyms", Code: "bbs2023.feature", Document: f.with(encoded([]byte{0xd9, 0x5d, 0x07}, b[3:]))},
		{Name: "header of a pseudonym", Code: "bbs2023.pseudonym.unexpected", Document: f.with(encoded([]byte{0xd9, 0x5d, 0x41, 0x87}, b[4:], append([]byte{0x58, 48}, make([]byte, 48)...), []byte{14}))},
		{Name: "header of another suite", Code: value, Document: f.with(encoded([]byte{0xd9, 0x5d, 0x01}, b[3:]))},
		{Name: "header alone", Code: value, Document: f.with(encoded(b[:3]))},
		{Name: "multibase z", Code: value, Document: f.with("z" + good[1:])},
		{Name: "base64url with padding", Code: value, Document: f.with(good + "=")},
		{Name: "empty proof value", Code: value, Document: f.with("u")},
	}
}

// pseudonymFaults are those of a proof with a pseudonym.
func (f *fixture) pseudonymFaults(other *fixture) []vector {
	context, header := hex.EncodeToString(shop), hex.EncodeToString(asked)
	with := func(name, code string, document []byte) vector {
		return vector{Name: "pseudonym: " + name, ContextID: context, NymCount: nymCount, PresentationHeader: &header, Code: code, Document: document}
	}
	const invalid = "vc.signature.invalid"
	wrong := with("another context", invalid, f.derived)
	wrong.ContextID = "00"
	many := with("another number of nym secrets", invalid, f.derived)
	many.NymCount++
	none := with("no presentation header is expected", "bbs2023.presentation", f.derived)
	none.PresentationHeader = nil
	bare := vector{Name: "pseudonym: none is expected", Code: "bbs2023.pseudonym.unexpected", Document: f.derived}
	return []vector{
		wrong, many, none, bare,
		with("of another context", invalid, f.changed(func(d *derived) { d.pseudonym = other.value.pseudonym })),
		with("proof of another context", invalid, f.changed(func(d *derived) { d.proof = other.value.proof })),
		with("the identity", invalid, f.changed(func(d *derived) { d.pseudonym = append([]byte{0xc0}, make([]byte, 47)...) })),
		with("no point", invalid, f.changed(func(d *derived) { d.pseudonym = make([]byte, 48) })),
		with("cut", "dataintegrity.proof.value", f.changed(func(d *derived) { d.pseudonym = d.pseudonym[:47] })),
		with("a message less", invalid, f.changed(func(d *derived) { d.messages-- })),
		with("a message more", invalid, f.changed(func(d *derived) { d.messages++ })),
		with("disclosed statement changed", invalid, f.with(proofOf(f.t, f.derived).ProofValue, `"Lovelace"`, `"Byron"`)),
		with("base proof", "dataintegrity.proof.base", f.base),
		with("as a proof of the baseline", "bbs2023.pseudonym.missing", f.changed(func(d *derived) { d.option = baseline })),
	}
}

// all makes the vectors.
func all(t *testing.T) (valid, bad []vector) {
	t.Helper()
	header := hex.EncodeToString(asked)
	plain := newFixture(t, degree, Suite{}, Suite{PresentationHeader: asked})
	secret := []byte("thirty-two random bytes of a holder")
	commitment, blind, err := ciphersuite.Commit([][]byte{secret})
	if err != nil {
		t.Fatal(err)
	}
	binding := &HolderBinding{Commitment: commitment, Secret: secret, Blind: blind}
	bound := newFixture(t, degree, Suite{HolderBinding: binding}, Suite{HolderBinding: binding})
	e := enrol(t)
	holder := func(context []byte) Suite {
		return Suite{PresentationHeader: asked, Holder: &Holder{Nyms: e.nyms, Blind: e.blind, ContextID: context}}
	}
	nym := newFixture(t, degree, Suite{Commitment: &e.commitment}, holder(shop))
	elsewhere := newFixture(t, degree, Suite{Commitment: &e.commitment}, holder([]byte("https://forum.example")))
	valid = []vector{
		{Name: "baseline", PresentationHeader: &header, Document: plain.derived},
		{Name: "baseline, any presentation header", Document: plain.derived},
		{Name: "holder binding", Binding: true, Document: bound.derived},
		{Name: "holder binding where it is not asked for", Document: bound.derived},
		{
			Name: "pseudonym", ContextID: hex.EncodeToString(shop), NymCount: nymCount, PresentationHeader: &header,
			Pseudonym: hex.EncodeToString(nym.value.pseudonym), Document: nym.derived,
		},
	}
	return valid, append(plain.faults(), nym.pseudonymFaults(elsewhere)...)
}

// TestVectors reads testdata/bbs-2023.
func TestVectors(t *testing.T) {
	valid, bad := all(t)
	for name, made := range map[string][]vector{"valid": valid, "bad-derived": bad} {
		for _, v := range vectorFile(t, name, made) {
			err := checkProofs(t, v.Document, v.suite(t))
			if got := vc.Code(err); got != v.Code {
				t.Errorf("%s: got %v, want code %q", v.Name, err, v.Code)
			}
			if v.Pseudonym == "" {
				continue
			}
			if got, err := PseudonymOf(proofOf(t, v.Document).ProofValue); err != nil || hex.EncodeToString(got) != v.Pseudonym {
				t.Errorf("%s: got %x, %v", v.Name, got, err)
			}
		}
	}
}

// TestVectorsAnew makes them again: every fault is one with other random numbers, too.
func TestVectorsAnew(t *testing.T) {
	valid, bad := all(t)
	for _, v := range append(valid, bad...) {
		if err := checkProofs(t, v.Document, v.suite(t)); vc.Code(err) != v.Code {
			t.Errorf("%s: got %v, want code %q", v.Name, err, v.Code)
		}
	}
}

// vectorFile writes made to a file of vectors if told to, and returns what the file says.
func vectorFile(t *testing.T, name string, made []vector) []vector {
	t.Helper()
	file := "bbs-2023/" + name
	if *update {
		for i := range made {
			v, err := strictjson.Parse(made[i].Document, strictjson.Limits{})
			if err != nil {
				t.Fatalf("%s: %v", made[i].Name, err)
			}
			made[i].Document = strictjson.AppendJSON(nil, v)
		}
		vectors.Write(t, file, vectors.File[vectors.None, vector]{Kind: "bbs-2023." + name, Vectors: made})
	}
	out := vectors.Read[vectors.None, vector](t, file).Vectors
	if len(out) != len(made) {
		t.Errorf("%s has %d vectors, the test %d", name, len(out), len(made))
	}
	return out
}
