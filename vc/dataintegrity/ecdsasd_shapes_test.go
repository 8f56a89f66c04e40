package dataintegrity

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity/sd"
)

const sdContexts = `"@context": ["https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/examples/v2", {
  "steps": {"@id": "urn:x:steps", "@container": "@list"}, "raw": {"@id": "urn:x:raw", "@type": "@json"},
  "lang": {"@id": "urn:x:lang", "@container": "@language"}, "graph": {"@id": "urn:x:graph", "@container": "@graph"},
  "of": {"@reverse": "urn:x:of"}, "ref": {"@id": "urn:x:ref", "@type": "@id"}, "self": "@id", "kind": "@type",
  "Scoped": {"@id": "urn:x:Scoped", "@context": {"inside": "urn:x:scoped-inside"}}, "inside": "urn:x:inside"}]`

// sdShape is a credential around one subject.
func sdShape(subject string) string {
	return `{` + sdContexts + `, "type": ["VerifiableCredential"], "issuer": "did:example:issuer", "credentialSubject": ` + subject + `}`
}

// Shapes that real credentials have, beside those of the published examples: what is disclosed is exactly what was asked for, and
// verifies.
func TestECDSASDShapes(t *testing.T) {
	key := sdKey(t, "issuer")
	for name, c := range map[string]struct {
		subject           string
		mandatory, reveal []string
		want              string // the disclosed subject; "" if there is none
	}{
		"types on the way are mandatory": {
			`{"type": ["A", "B"], "x": {"type": "C", "y": 1, "z": 2}, "w": 3}`,
			[]string{"/credentialSubject/x/y"},
			[]string{"/credentialSubject/w"},
			`{"type": ["A", "B"], "x": {"type": "C", "y": 1}, "w": 3}`,
		},
		"a mandatory type of an optional object": {
			`{"x": {"type": "C", "y": 1, "z": 2}}`, []string{"/credentialSubject/x/type"}, []string{"/credentialSubject/x/z"}, `{"x": {"type": "C", "z": 2}}`,
		},
		"types of both": {
			`{"type": "A", "x": {"type": "C", "y": 1}, "z": {"type": "D", "y": 1}}`,
			[]string{"/type"},
			[]string{"/credentialSubject/x/y", "/credentialSubject/z"},
			`{"type": "A", "x": {"type": "C", "y": 1}, "z": {"type": "D", "y": 1}}`,
		},
		"nothing mandatory":     {`{"x": 1, "y": 2}`, nil, []string{"/credentialSubject/y"}, `{"y": 2}`},
		"nothing chosen":        {`{"x": 1, "y": 2}`, []string{"/credentialSubject/x"}, nil, `{"x": 1}`},
		"all mandatory":         {`{"x": 1, "y": {"z": 2}}`, []string{""}, []string{"/credentialSubject"}, `{"x": 1, "y": {"z": 2}}`},
		"all chosen":            {`{"x": 1, "y": {"z": 2}}`, nil, []string{""}, `{"x": 1, "y": {"z": 2}}`},
		"all chosen beside one": {`{"x": 1, "y": {"z": 2}}`, []string{"/credentialSubject/y/z"}, []string{""}, `{"x": 1, "y": {"z": 2}}`},
		"chosen what is mandatory": {
			`{"x": 1, "y": {"z": 2}}`, []string{"/credentialSubject/y", "/credentialSubject/y"}, []string{"/credentialSubject/y/z"}, `{"y": {"z": 2}}`,
		},
		"one of an array, mandatory": {
			`{"x": [{"type": "A", "n": 1, "m": 1}, {"type": "A", "n": 2, "m": 2}, {"type": "A", "n": 3, "m": 3}]}`,
			[]string{"/credentialSubject/x/1/n"},
			[]string{"/credentialSubject/x/2/m"},
			`{"x": [{"type": "A", "n": 2}, {"type": "A", "m": 3}]}`,
		},
		"array of one": {`{"x": [{"n": 1, "m": 2}], "y": [5]}`, []string{"/credentialSubject/x/0/n"}, []string{"/credentialSubject/y/0"}, `{"x": [{"n": 1}], "y": [5]}`},
		"like objects": {
			`{"x": [{"n": 1}, {"n": 1}, {"n": 1}]}`, []string{"/issuer"}, []string{"/credentialSubject/x/0", "/credentialSubject/x/2"}, `{"x": [{"n": 1}, {"n": 1}]}`,
		},
		"like objects that differ in what is hidden": {
			`{"x": [{"n": 1, "m": 1}, {"n": 1, "m": 2}]}`, []string{"/credentialSubject/x/0/n"}, []string{"/credentialSubject/x/1/n"}, `{"x": [{"n": 1}, {"n": 1}]}`,
		},
		"like values":    {`{"x": [7, 7, 8]}`, []string{"/issuer"}, []string{"/credentialSubject/x/0", "/credentialSubject/x/1"}, `{"x": [7, 7]}`},
		"several":        {`[{"id": "did:example:1", "x": 1}, {"id": "did:example:2", "x": 2}]`, nil, []string{"/credentialSubject/1/x"}, `[{"id": "did:example:2", "x": 2}]`},
		"subject's id":   {`{"id": "did:example:1", "x": 1}`, []string{"/issuer"}, []string{"/credentialSubject/id"}, `{"id": "did:example:1"}`},
		"list, whole":    {`{"steps": ["a", {"n": 1, "m": 2}, "b"], "x": 1}`, []string{"/issuer"}, []string{"/credentialSubject/steps"}, `{"steps": ["a", {"n": 1, "m": 2}, "b"]}`},
		"list, by parts": {`{"steps": ["a", {"n": 1, "m": 2}]}`, nil, []string{"/credentialSubject/steps/1/m", "/credentialSubject/steps/0"}, `{"steps": ["a", {"m": 2}]}`},
		"list, empty":    {`{"steps": [], "x": 1}`, nil, []string{"/credentialSubject/steps"}, `{"steps": []}`},
		"JSON literal":   {`{"raw": {"b": 1.50, "a": [null]}, "x": 1}`, nil, []string{"/credentialSubject/raw"}, `{"raw": {"b": 1.50, "a": [null]}}`},
		"languages":      {`{"lang": {"en": "x", "de": "y"}}`, nil, []string{"/credentialSubject/lang/de"}, `{"lang": {"de": "y"}}`},
		"text with a language": {
			`{"name": {"@value": "N", "@language": "ar", "@direction": "rtl"}, "x": 1}`, nil,
			[]string{"/credentialSubject/name"},
			`{"name": {"@value": "N", "@language": "ar", "@direction": "rtl"}}`,
		},
		"one of texts with languages": {
			`{"name": [{"@value": "N", "@language": "en"}, {"@value": "N", "@language": "de"}, "N"]}`, nil,
			[]string{"/credentialSubject/name/1"},
			`{"name": [{"@value": "N", "@language": "de"}]}`,
		},
		"graph":   {`{"graph": {"n": 1, "m": 2}, "x": 1}`, []string{"/issuer"}, []string{"/credentialSubject/graph/n"}, `{"graph": {"n": 1}}`},
		"reverse": {`{"of": {"n": 1, "m": 2}, "x": 1}`, []string{"/issuer"}, []string{"/credentialSubject/of/m"}, `{"of": {"m": 2}}`},
		"one node in two places": {
			`{"x": {"id": "urn:x:1", "n": 1}, "y": {"id": "urn:x:1", "n": 1, "m": 2}}`,
			[]string{"/credentialSubject/x"},
			[]string{"/credentialSubject/y/m"},
			`{"x": {"id": "urn:x:1", "n": 1}, "y": {"id": "urn:x:1", "m": 2}}`,
		},
		"labels of blank nodes": {
			`{"x": {"id": "_:p", "n": 1, "m": 2}, "y": [{"id": "_:p", "o": 3}, {"ref": "_:p"}]}`,
			[]string{"/credentialSubject/x/n"},
			[]string{"/credentialSubject/y/0/o", "/credentialSubject/y/1"},
			`{"x": {"id": "_:p", "n": 1}, "y": [{"id": "_:p", "o": 3}, {"ref": "_:p"}]}`,
		},
		"keywords for members":   {`{"@id": "did:example:1", "@type": "T", "x": 1, "y": 2}`, nil, []string{"/credentialSubject/x"}, `{"@id": "did:example:1", "@type": "T", "x": 1}`},
		"terms of a type":        {`{"x": {"type": "Scoped", "inside": 1, "n": 2}}`, nil, []string{"/credentialSubject/x/inside"}, `{"x": {"type": "Scoped", "inside": 1}}`},
		"a context inside":       {`{"x": {"@context": {"inside": "urn:x:other"}, "inside": 1, "n": 2}}`, nil, []string{"/credentialSubject/x/inside"}, `{"x": {"@context": {"inside": "urn:x:other"}, "inside": 1}}`},
		"names with ~ and /":     {`{"a/b": 1, "m~n": 2, "~1": 3}`, []string{"/credentialSubject/a~1b"}, []string{"/credentialSubject/m~0n", "/credentialSubject/~01"}, `{"a/b": 1, "m~n": 2, "~1": 3}`},
		"numbers and names":      {`{"0": {"1": ["x", "y"]}}`, nil, []string{"/credentialSubject/0/1/1"}, `{"0": {"1": ["y"]}}`},
		"texts like blank nodes": {`{"x": "_:c14n0", "y": "<_:c14n1> .", "z": "_:u"}`, []string{"/credentialSubject/x"}, []string{"/credentialSubject/y"}, `{"x": "_:c14n0", "y": "<_:c14n1> ."}`},
		"false, zero and empty":  {`{"x": false, "y": 0, "z": "", "w": -0.0}`, []string{"/credentialSubject/y"}, []string{"/credentialSubject/x", "/credentialSubject/z"}, `{"x": false, "y": 0, "z": ""}`},
	} {
		t.Run(name, func(t *testing.T) {
			out := sdRoundTrip(t, key, []byte(sdShape(c.subject)), c.mandatory, c.reveal)
			var got struct{ CredentialSubject json.RawMessage }
			if err := json.Unmarshal(out, &got); err != nil {
				t.Fatal(err)
			}
			sameJSON(t, "disclosed", got.CredentialSubject, []byte(c.want))
		})
	}
}

// What would disclose something else than statements of the document is refused, by issuer and holder alike.
func TestECDSASDRefusedSelections(t *testing.T) {
	key := sdKey(t, "issuer")
	document := []byte(sdShape(`{"id": "did:example:1", "steps": ["a", "b", "c"], "raw": {"b": 1, "a": 2}, "name": {"@value": "N", "@language": "en"},
		"typed": {"@value": "2020-01-01", "@type": "http://www.w3.org/2001/XMLSchema#date"}, "x": {"self": "urn:x:1", "n": 1}, "y": {"kind": "T", "n": 1, "m": 2}}`))
	signed := inputOf(t, sdSign(t, key, document, []string{"/issuer"}))
	const selection, pointer = "dataintegrity.sd.selection", "dataintegrity.sd.pointer"
	for p, want := range map[string]string{
		"/credentialSubject/steps/0":         selection,
		"/credentialSubject/steps/2":         selection,
		"/credentialSubject/raw/a":           selection,
		"/credentialSubject/name/@value":     selection,
		"/credentialSubject/x/n":             selection, // would leave out the id, which has another name here
		"/credentialSubject/nothing":         pointer,
		"/credentialSubject/steps/3":         pointer,
		"/credentialSubject/steps/-":         pointer,
		"/credentialSubject/id/x":            pointer,
		"/proof":                             pointer,
		"/proof/created":                     pointer,
		"credentialSubject":                  pointer,
		"/credentialSubject/name~2":          pointer,
		"/credentialSubject/name/@language/": pointer,
	} {
		if _, err := (ECDSASD2023{}).Derive(t.Context(), signed, []string{p}); vc.Code(err) != want {
			t.Errorf("derive %s: got %v, want code %s", p, err, want)
		}
		sentinel := map[string]error{selection: sd.ErrStatement, pointer: sd.ErrPointer}[want]
		in := inputOf(t, sdSign(t, key, document, nil))
		if _, err := (ECDSASD2023{Mandatory: []string{p}}).CreateProof(t.Context(), in, key); !errors.Is(err, sentinel) {
			t.Errorf("sign with mandatory %s: got %v, want %v", p, err, sentinel)
		}
	}
	// A type under another name is left out, and what remains is still signed; the type of a value is kept.
	for _, p := range []string{"/credentialSubject/y/n", "/credentialSubject/typed/@value"} {
		if _, err := (ECDSASD2023{}).Derive(t.Context(), signed, []string{p}); err != nil {
			t.Errorf("derive %s: got %v, want none", p, err)
		}
	}
}

func TestECDSASDDeriveFaults(t *testing.T) {
	f := newSDFixture(t, sdDegree, sdMandatory, sdReveal)
	in := inputOf(t, f.base)
	change := func(edit func(b *ecdsaSDBase)) []byte {
		b, err := parseECDSASDBase(in.Proof.Value)
		if err != nil {
			t.Fatal(err)
		}
		edit(b)
		return bytes.Replace(f.base, []byte(in.Proof.Value), []byte(b.encode()), 1)
	}
	raw := bytesOf(t, in.Proof.Value)
	value := func(b []byte) []byte {
		return bytes.Replace(f.base, []byte(in.Proof.Value), []byte(valueOf(b)), 1)
	}
	empty := newSDFixture(t, strings.Replace(sdDegree, "Ada", "Eve", 1), nil, sdReveal)
	const malformed = "dataintegrity.proof.value"
	made := []sdVector{
		{Name: "derived proof", Code: "dataintegrity.sd.derived", Document: f.derived, Reveal: []string{"/credentialSubject/givenName"}},
		{Name: "nothing mandatory and nothing chosen", Code: "dataintegrity.sd.nothing", Document: empty.base},
		{Name: "pointer to nothing", Code: "dataintegrity.sd.pointer", Document: f.base, Reveal: []string{"/credentialSubject/givenname"}},
		{Name: "mandatory pointer to nothing", Code: "dataintegrity.sd.pointer", Document: change(func(b *ecdsaSDBase) { b.mandatoryPointers[0] = "/issuers" })},
		{Name: "signature missing", Code: "dataintegrity.sd.count", Document: change(func(b *ecdsaSDBase) { b.signatures = b.signatures[1:] })},
		{Name: "signature too many", Code: "dataintegrity.sd.count", Document: change(func(b *ecdsaSDBase) { b.signatures = append(b.signatures, b.signatures[0]) })},
		{Name: "mandatory pointer added", Code: "dataintegrity.sd.count", Document: change(func(b *ecdsaSDBase) {
			b.mandatoryPointers = append(b.mandatoryPointers, "/credentialSubject/email")
		})},
		{Name: "statement added", Code: "dataintegrity.sd.count", Document: bytes.Replace(f.base, []byte(`"givenName"`), []byte(`"age":36,"givenName"`), 1)},
		{Name: "HMAC key of 31 bytes", Code: malformed, Document: change(func(b *ecdsaSDBase) { b.hmacKey = b.hmacKey[:31] })},
		{Name: "signature of 65 bytes", Code: malformed, Document: change(func(b *ecdsaSDBase) { b.signatures[0] = append(b.signatures[0], 0) })},
		{Name: "key off the curve", Code: "dataintegrity.sd.key", Document: change(func(b *ecdsaSDBase) { copy(b.publicKey[3:], bytes.Repeat([]byte{0xff}, 32)) })},
		{Name: "trailing byte", Code: malformed, Document: value(append(bytes.Clone(raw), 0))},
		{Name: "header of a derived proof", Code: "dataintegrity.sd.derived", Document: value(slices.Concat([]byte{0xd9, 0x5d, 0x01}, raw[3:]))},
		{Name: "mandatory pointer that is not UTF-8", Code: malformed, Document: change(func(b *ecdsaSDBase) { b.mandatoryPointers[0] = "/\xff" })},
	}
	for i := range made {
		made[i].PublicKey = f.issuer.pub.Multikey()
	}
	for _, v := range sdVectors(t, "bad-base", made) {
		in := inputOf(t, v.Document)
		if _, err := (ECDSASD2023{}).Derive(t.Context(), in, v.Reveal); vc.Code(err) != v.Code {
			t.Errorf("%s: got %v, want code %s", v.Name, err, v.Code)
		}
	}
}

// TestECDSASDValid checks the valid vectors: what is derived from each base proof must be the document that stands behind it.
func TestECDSASDValid(t *testing.T) {
	var made []sdVector
	for i, c := range []struct {
		subject           string
		mandatory, reveal []string
	}{
		{`{"type": ["A", "B"], "x": {"type": "C", "y": 1, "z": 2}, "w": 3}`, []string{"/credentialSubject/x/y"}, []string{"/credentialSubject/w"}},
		{`{"x": 1, "y": 2}`, nil, []string{"/issuer", "/credentialSubject/y"}},
		{`{"x": [{"n": 1, "m": 1}, {"n": 2, "m": 2}, {"n": 3, "m": 3}]}`, []string{"/issuer", "/credentialSubject/x/1/n"}, []string{"/credentialSubject/x/0", "/credentialSubject/x/2/m"}},
		{`{"a/b": 1, "m~n": 2, "x": [[1, 2], [3]]}`, []string{"/credentialSubject/a~1b"}, []string{"/credentialSubject/m~0n"}},
		{`{"x": {"type": "C", "y": 1}}`, []string{""}, nil},
		{`{"x": "_:c14n0", "y": "é \"quoted\"\n"}`, []string{"/issuer"}, []string{""}},
	} {
		document := strings.Replace(sdShape(c.subject), sdContexts, `"@context": ["https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/examples/v2"]`, 1)
		f := newSDFixture(t, strings.Replace(document, "did:example:issuer", "ISSUER", 1), c.mandatory, c.reveal)
		for name, b := range map[bool][]byte{false: f.base, true: f.derived} {
			made = append(made, sdVector{
				Name: fmt.Sprintf("%d, %s", i, map[bool]string{false: "base", true: "derived"}[name]), PublicKey: f.issuer.pub.Multikey(),
				Mandatory: c.mandatory, Reveal: c.reveal, Document: b,
			})
		}
	}
	slices.SortFunc(made, func(a, b sdVector) int { return strings.Compare(a.Name, b.Name) })
	all := sdVectors(t, "valid", made)
	for i := 0; i+1 < len(all); i += 2 {
		base, want := all[i], all[i+1]
		in := inputOf(t, base.Document)
		derived, err := ECDSASD2023{}.Derive(t.Context(), in, base.Reveal)
		if err != nil {
			t.Fatalf("%s: %v", base.Name, err)
		}
		sameJSON(t, base.Name, in.Proof.appendWith(derived), want.Document)
		pub, err := keys.ParseMultikey(want.PublicKey)
		if err != nil {
			t.Fatal(err)
		}
		if err := (ECDSASD2023{}).VerifyProof(inputOf(t, want.Document), pub); err != nil {
			t.Errorf("%s: %v", want.Name, err)
		}
	}
}
