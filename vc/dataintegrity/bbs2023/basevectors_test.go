package bbs2023

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/internal/vectors"
	"github.com/realdid/realdid/keys/bbs"
	"github.com/realdid/realdid/resolver/didkey"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
)

// baseVector is what a holder receives, and what shows when the holder derives from it.
type baseVector struct {
	Name     string          `json:"name"`
	Reveal   []string        `json:"selectivePointers,omitempty"`
	Code     string          `json:"code,omitempty"`
	Document json.RawMessage `json:"document"`
	Revealed json.RawMessage `json:"revealed,omitempty"` // the derived document without its proof
}

// issuedBase is a credential with a base proof of the baseline, by the fixture's issuer: the same bytes each time.
func issuedBase(t *testing.T, document string, mandatory []string) *dataintegrity.Credential {
	t.Helper()
	key, err := bbs.NewPrivateKey(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	method := didkey.URL(key.Public())
	signed, err := dataintegrity.AddProof(t.Context(), key, []byte(strings.ReplaceAll(document, "ISSUER", method.DID().String())), &dataintegrity.ProofOptions{
		Method: method, Purpose: did.AssertionMethod, Undated: true,
		Cryptosuite: withHMACKey{Suite{Mandatory: mandatory}, bytes.Repeat([]byte{8}, hmacKeySize), &base{}},
	})
	if err != nil {
		t.Fatal(err)
	}
	c, err := dataintegrity.ParseCredential(signed, understood)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// derivedFrom derives and returns the document that shows, and what it is without its proof.
func derivedFrom(t *testing.T, document []byte, reveal []string) (derived, revealed []byte) {
	t.Helper()
	c, err := dataintegrity.ParseCredential(document, understood)
	if err != nil {
		t.Fatal(err)
	}
	d, err := c.Derive(t.Context(), reveal, &dataintegrity.DeriveOptions{Cryptosuite: Suite{}})
	if err != nil {
		t.Fatal(err)
	}
	var members map[string]any
	if err := json.Unmarshal(d.Bytes(), &members); err != nil {
		t.Fatal(err)
	}
	delete(members, "proof")
	if revealed, err = json.Marshal(members); err != nil {
		t.Fatal(err)
	}
	return d.Bytes(), revealed
}

func goodBases(t *testing.T) (out []baseVector) {
	t.Helper()
	subject := func(s string) string {
		return `{"@context":["https://www.w3.org/ns/credentials/v2","https://www.w3.org/ns/credentials/examples/v2"],"type":["VerifiableCredential"],` +
			`"issuer":"ISSUER","credentialSubject":` + s + `}`
	}
	for _, c := range []struct {
		name, document    string
		mandatory, reveal []string
	}{
		{"members of a tree", degree, degreeMandatory, degreeReveal},
		{"nothing but what is mandatory", degree, degreeMandatory, nil},
		{"nothing mandatory", degree, nil, []string{"/credentialSubject/email"}},
		{"all of it", degree, degreeMandatory, []string{""}},
		{"a whole object", degree, degreeMandatory, []string{"/credentialSubject/degree"}},
		{"items of a list, whose order shows no gaps", degree, degreeMandatory, []string{"/credentialSubject/degree/courses/0/code", "/credentialSubject/degree/courses/2"}},
		{"lists in a list", subject(`{"x":[[1,2],[3]],"y":1}`), []string{"/issuer"}, []string{"/credentialSubject/x"}},
		{"escaped pointers", subject(`{"a/b":1,"m~n":2,"c":3}`), []string{"/credentialSubject/a~1b"}, []string{"/credentialSubject/m~0n"}},
		{"mandatory within what is chosen", subject(`{"x":{"type":"C","y":1,"z":2}}`), []string{"/credentialSubject/x/y"}, []string{"/credentialSubject/x"}},
		{"texts that look like labels", subject(`{"x":"_:c14n0","y":"é \"quoted\"\n"}`), []string{"/issuer"}, []string{"/credentialSubject"}},
	} {
		b := issuedBase(t, c.document, c.mandatory)
		_, revealed := derivedFrom(t, b.Bytes(), c.reveal)
		out = append(out, baseVector{Name: c.name, Reveal: c.reveal, Document: b.Bytes(), Revealed: revealed})
	}
	return out
}

func badBases(t *testing.T) (out []baseVector) {
	t.Helper()
	c := issuedBase(t, degree, degreeMandatory)
	value := proofOf(t, c.Bytes()).ProofValue
	add := func(name, code string, document []byte) {
		out = append(out, baseVector{Name: name, Code: code, Document: document})
	}
	with := func(v string) []byte { return bytes.Replace(c.Bytes(), []byte(value), []byte(v), 1) }
	change := func(edit func(b *base)) []byte {
		b, err := parseBase(value)
		if err != nil {
			t.Fatal(err)
		}
		edit(b)
		changed, err := b.encode()
		if err != nil {
			t.Fatal(err)
		}
		return with(changed)
	}
	text := func(old, replacement string) []byte {
		if bytes.Count(c.Bytes(), []byte(old)) != 1 {
			t.Fatalf("%s is not once in %s", old, c.Bytes())
		}
		return bytes.Replace(c.Bytes(), []byte(old), []byte(replacement), 1)
	}
	const signature, contradicts, malformed = "vc.signature.invalid", "bbs2023.base", "dataintegrity.proof.value"
	add("another claim", signature, text("Lovelace", "Babbage"))
	add("a claim more", contradicts, text(`"givenName": "Ada"`, `"givenName": "Ada", "knows": "x"`))
	add("a claim less", signature, text(`, "email": "ada@example.org"`, ""))
	add("another claim, mandatory", contradicts, text("2044-01-01", "2054-01-01"))
	add("a bit of the signature's scalar", signature, change(func(b *base) { b.signature[79] ^= 1 }))
	add("a signature of zeros", signature, change(func(b *base) { clear(b.signature) }))
	add("a bit of the header", contradicts, change(func(b *base) { b.header[0] ^= 1 }))
	add("another HMAC key", contradicts, change(func(b *base) { b.hmacKey[0] ^= 1 }))
	add("another public key", contradicts, change(func(b *base) { b.publicKey = fixedKey(t) }))
	add("a mandatory pointer less", contradicts, change(func(b *base) { b.mandatoryPointers = b.mandatoryPointers[1:] }))
	add("a mandatory pointer more", contradicts, change(func(b *base) { b.mandatoryPointers = append(b.mandatoryPointers, "/credentialSubject/email") }))
	add("a mandatory pointer to nothing", "dataintegrity.sd.pointer", change(func(b *base) { b.mandatoryPointers[0] = "/issuers" }))
	raw := raw(t, value)
	add("a trailing byte", malformed, with(encoded(raw, []byte{0})))
	add("cut off", malformed, with(encoded(raw[:len(raw)-1])))
	add("multibase z", malformed, with("z"+value[1:]))
	add("signature of 79 bytes", malformed, change(func(b *base) { b.signature = b.signature[:79] }))
	add("HMAC key of 31 bytes", malformed, change(func(b *base) { b.hmacKey = b.hmacKey[:31] }))
	return out
}

func fixedKey(t *testing.T) []byte {
	t.Helper()
	key, err := bbs.NewPrivateKey(bytes.Repeat([]byte{9}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return key.Public().Bytes()
}

// receive is what a holder does with a credential: to check its base proof with the key that its issuer's did:key is.
func (v *baseVector) receive(t *testing.T) error {
	t.Helper()
	c, err := dataintegrity.ParseCredential(v.Document, understood)
	if err != nil {
		return err
	}
	in, err := c.BaseInput(Suite{})
	if err != nil {
		return err
	}
	key, err := bbs.NewPrivateKey(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return Suite{}.VerifyBase(in, key.Public())
}

func TestBaseVectors(t *testing.T) {
	good, bad := goodBases(t), badBases(t)
	for name, made := range map[string][]baseVector{"bases": good, "bad-bases": bad} {
		for i := range made {
			v, err := strictjson.Parse(made[i].Document, strictjson.Limits{})
			if err != nil {
				t.Fatalf("%s: %v", made[i].Name, err)
			}
			made[i].Document = strictjson.AppendJSON(nil, v)
			if err := made[i].receive(t); vc.Code(err) != made[i].Code {
				t.Errorf("made anew, %s: got %v, want code %q", made[i].Name, err, made[i].Code)
			}
		}
		file := "bbs-2023/" + name
		if *update {
			vectors.Write(t, file, vectors.File[vectors.None, baseVector]{Kind: "bbs-2023." + name, Vectors: made})
		}
		read := vectors.Read[vectors.None, baseVector](t, file).Vectors
		if len(read) != len(made) {
			t.Errorf("%s has %d vectors, the test makes %d", file, len(read), len(made))
		}
		for _, v := range read {
			if err := v.check(t); err != nil {
				t.Errorf("%s: %v", v.Name, err)
			}
		}
	}
}

func (v *baseVector) check(t *testing.T) error {
	t.Helper()
	err := v.receive(t)
	if v.Code != "" {
		if vc.Code(err) != v.Code || !errors.Is(err, vc.ErrInvalid) {
			return fmt.Errorf("got %w, want code %s", err, v.Code)
		}
		return nil
	}
	if err != nil {
		return err
	}
	derived, revealed := derivedFrom(t, v.Document, v.Reveal)
	var want bytes.Buffer
	if err := json.Compact(&want, v.Revealed); err != nil {
		return err
	}
	if !bytes.Equal(revealed, want.Bytes()) {
		return fmt.Errorf("revealed: got %s, want %s", revealed, want.Bytes())
	}
	return checkProofs(t, derived, Suite{})
}
