package dataintegrity

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"flag"
	"slices"
	"strings"
	"testing"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/internal/vectors"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity/sd"
)

var updateSD = flag.Bool("update-sd", false, "write the vectors of testdata/ecdsa-sd-2023 anew")

// sdVector is one entry of a file in testdata/ecdsa-sd-2023; its README explains the members.
type sdVector struct {
	Name      string          `json:"name"`
	PublicKey string          `json:"publicKeyMultibase,omitempty"`
	Mandatory []string        `json:"mandatoryPointers,omitempty"`
	Reveal    []string        `json:"selectivePointers,omitempty"`
	Code      string          `json:"code,omitempty"`
	Document  json.RawMessage `json:"document"`
}

// sdKey makes a key of a name, always the same.
func sdKey(t testing.TB, name string) fixedSigner {
	t.Helper()
	for secret := sha256.Sum256([]byte("realdid ecdsa-sd-2023 test key " + name)); ; secret = sha256.Sum256(secret[:]) {
		key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), secret[:])
		if err != nil {
			continue
		}
		full, err := key.PublicKey.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		pub, err := keys.NewPublicKey(keys.P256, append([]byte{2 | full[64]&1}, full[1:33]...))
		if err != nil {
			t.Fatal(err)
		}
		return fixedSigner{key, pub}
	}
}

const sdDegree = `{
  "@context": ["https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/examples/v2"],
  "id": "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33",
  "type": ["VerifiableCredential", "AlumniCredential"],
  "issuer": {"id": "ISSUER", "name": "Example University"},
  "validFrom": "2024-01-01T00:00:00Z",
  "validUntil": "2044-01-01T00:00:00Z",
  "credentialSubject": {
    "type": ["Student", "Person"],
    "givenName": "Ada", "familyName": "Lovelace", "email": "ada@example.org",
    "degree": {
      "type": "BachelorDegree", "title": "B.Sc.", "year": 1835,
      "courses": [
        {"type": "Course", "code": "A1", "grade": 1},
        {"type": "Course", "code": "B2", "grade": 2},
        {"type": "Course", "code": "C3", "grade": 3}
      ]
    }
  }
}`

var (
	sdMandatory = []string{"/issuer", "/validFrom", "/validUntil", "/credentialSubject/type", "/credentialSubject/degree/year"}
	sdReveal    = []string{"/credentialSubject/givenName", "/credentialSubject/familyName", "/credentialSubject/degree/courses/1", "/credentialSubject/degree/courses/2/grade"}
)

// sdFixture is a base proof and a derived one, made of fixed secrets.
type sdFixture struct {
	t             *testing.T
	issuer, proof fixedSigner
	base, derived []byte
	value         *ecdsaSDDerived
	in            *Input
}

func newSDFixture(t *testing.T, document string, mandatory, reveal []string) *sdFixture {
	f := &sdFixture{t: t, issuer: sdKey(t, "issuer"), proof: sdKey(t, "proof of "+document)}
	f.base = f.sign(document, mandatory, f.proof)
	in := inputOf(t, f.base)
	derived, err := ECDSASD2023{}.Derive(t.Context(), in, reveal)
	if err != nil {
		t.Fatalf("derive %q: %v", reveal, err)
	}
	f.derived = in.Proof.appendWith(derived)
	f.in = inputOf(t, f.derived)
	if f.value, _, err = parseECDSASDDerived(f.in.Proof.Value); err != nil {
		t.Fatal(err)
	}
	return f
}

// sign makes a base proof with fixed secrets.
func (f *sdFixture) sign(document string, mandatory []string, proofKey keys.Signer) []byte {
	f.t.Helper()
	id := f.issuer.pub.Multikey()
	document = strings.ReplaceAll(document, "ISSUER", "did:key:"+id)
	options := `{"type":"DataIntegrityProof","cryptosuite":"ecdsa-sd-2023","created":"2024-01-01T00:00:00Z","verificationMethod":"did:key:` +
		id + "#" + id + `","proofPurpose":"assertionMethod"}`
	v, err := parseJSON([]byte(document))
	if err != nil {
		f.t.Fatal(err)
	}
	draft, end, err := insertProof([]byte(document), v, []byte(options))
	if err != nil {
		f.t.Fatal(err)
	}
	hmacKey := sha256.Sum256([]byte(document))
	value, err := ECDSASD2023{Mandatory: mandatory}.create(f.t.Context(), inputOf(f.t, draft), f.issuer, hmacKey[:], proofKey)
	if err != nil {
		f.t.Fatalf("sign with mandatory %q: %v", mandatory, err)
	}
	return slices.Concat(draft[:end], []byte(`,"proofValue":"`+value+`"`), draft[end:])
}

// with returns the derived document with another text and another proof value.
func (f *sdFixture) with(value string, replace ...string) []byte {
	f.t.Helper()
	out := bytes.Replace(f.derived, []byte(f.in.Proof.Value), []byte(value), 1)
	for i := 0; i < len(replace); i += 2 {
		if bytes.Count(out, []byte(replace[i])) != 1 {
			f.t.Fatalf("%s is not once in %s", replace[i], out)
		}
		out = bytes.Replace(out, []byte(replace[i]), []byte(replace[i+1]), 1)
	}
	return out
}

// changed returns a copy of the derived proof value that edit changed.
func (f *sdFixture) changed(edit func(d *ecdsaSDDerived)) string {
	f.t.Helper()
	d := *f.value
	d.baseSignature, d.publicKey = bytes.Clone(d.baseSignature), bytes.Clone(d.publicKey)
	d.signatures, d.labels, d.mandatory = slices.Clone(d.signatures), slices.Clone(d.labels), slices.Clone(d.mandatory)
	edit(&d)
	s, err := d.encode()
	if err != nil {
		f.t.Fatal(err)
	}
	return s
}

// statement returns the number of the statement of the derived document that contains text.
func (f *sdFixture) statement(text string) int {
	f.t.Helper()
	doc, err := sd.Canonicalize(f.in.Contexts, f.in.Document, f.value.labels.Labels())
	if err != nil {
		f.t.Fatal(err)
	}
	at := -1
	for i, line := range doc.Lines {
		if bytes.Contains(line, []byte(text)) {
			if at >= 0 {
				f.t.Fatalf("%s is in two statements", text)
			}
			at = i
		}
	}
	if at < 0 {
		f.t.Fatalf("%s is in no statement", text)
	}
	return at
}

// bytesOf returns the bytes of a proof value in multibase.
func bytesOf(t *testing.T, value string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(value[1:])
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func valueOf(b []byte) string { return "u" + base64.RawURLEncoding.EncodeToString(b) }

func (f *sdFixture) verifyFaults() []sdVector {
	t, good := f.t, f.in.Proof.Value
	replaceSignature := func(i int, b []byte) string {
		return f.changed(func(d *ecdsaSDDerived) { d.signatures[i] = b })
	}
	flip := func(b []byte) []byte { b = bytes.Clone(b); b[len(b)-1] ^= 1; return b }
	sign := func(key fixedSigner, msg []byte) []byte {
		sig, err := key.Sign(t.Context(), msg)
		if err != nil {
			t.Fatal(err)
		}
		return sig
	}
	other := newSDFixture(t, strings.Replace(sdDegree, "Lovelace", "Byron", 1), sdMandatory, sdReveal)
	thief := sdKey(t, "thief")
	stolen := func(d *ecdsaSDDerived) { // a key of the thief's, which signs every statement
		doc, err := sd.Canonicalize(f.in.Contexts, f.in.Document, d.labels.Labels())
		if err != nil {
			t.Fatal(err)
		}
		d.publicKey = thief.pub.Multicodec()
		for i, at := range sd.Without(d.mandatory, len(doc.Lines)) {
			d.signatures[i] = sign(thief, doc.Lines[at])
		}
	}
	raw := bytesOf(t, good)
	last := f.value.mandatory[len(f.value.mandatory)-1]
	free := sd.Without(f.value.mandatory, last)
	label := sha256.Sum256([]byte("a label"))

	const invalid, statement, count, value, labels = "vc.signature.invalid", "dataintegrity.sd.statement", "dataintegrity.sd.count", "dataintegrity.proof.value", "dataintegrity.sd.labels"
	return []sdVector{
		{Name: "base proof where a derived one is expected", Code: "dataintegrity.proof.base", Document: f.base},
		{Name: "base proof value over the derived document", Code: "dataintegrity.proof.base", Document: f.with(inputOf(t, f.base).Proof.Value)},

		{Name: "mandatory index changed", Code: invalid, Document: f.with(f.changed(func(d *ecdsaSDDerived) {
			d.mandatory[0] = free[0]
			slices.Sort(d.mandatory)
		}))},
		{Name: "mandatory index removed", Code: count, Document: f.with(f.changed(func(d *ecdsaSDDerived) { d.mandatory = d.mandatory[1:] }))},
		{Name: "mandatory index removed and a signature added", Code: invalid, Document: f.with(f.changed(func(d *ecdsaSDDerived) {
			d.mandatory, d.signatures = d.mandatory[1:], append(d.signatures, d.signatures[0])
		}))},
		{Name: "mandatory index added", Code: count, Document: f.with(f.changed(func(d *ecdsaSDDerived) {
			d.mandatory = slices.Sorted(slices.Values(append(d.mandatory, free[0])))
		}))},
		{Name: "mandatory index added and its signature removed", Code: invalid, Document: f.with(f.changed(func(d *ecdsaSDDerived) {
			d.mandatory, d.signatures = slices.Sorted(slices.Values(append(d.mandatory, free[0]))), d.signatures[1:]
		}))},
		{Name: "mandatory index past the end", Code: "dataintegrity.sd.index", Document: f.with(f.changed(func(d *ecdsaSDDerived) { d.mandatory[len(d.mandatory)-1] = 99 }))},
		{Name: "mandatory index twice", Code: value, Document: f.with(f.changed(func(d *ecdsaSDDerived) { d.mandatory = append(d.mandatory, last) }))},
		{Name: "mandatory indexes out of order", Code: value, Document: f.with(f.changed(func(d *ecdsaSDDerived) { slices.Reverse(d.mandatory) }))},
		{Name: "no mandatory indexes", Code: count, Document: f.with(f.changed(func(d *ecdsaSDDerived) { d.mandatory = nil }))},

		{Name: "mandatory statement changed", Code: invalid, Document: f.with(good, `"2044-01-01T00:00:00Z"`, `"2045-01-01T00:00:00Z"`)},
		{Name: "mandatory statement removed", Code: count, Document: f.with(good, `"validUntil":"2044-01-01T00:00:00Z",`, ``)},
		{Name: "mandatory statement removed with its index", Code: invalid, Document: f.with(f.changed(func(d *ecdsaSDDerived) {
			d.mandatory = d.mandatory[:len(d.mandatory)-1]
		}), `"validUntil":"2044-01-01T00:00:00Z",`, ``)},
		{Name: "mandatory type of the subject removed", Code: count, Document: f.with(good, `"type":["Student","Person"]`, `"type":["Student"]`)},
		{Name: "mandatory type of the subject changed", Code: invalid, Document: f.with(good, `"type":["Student","Person"]`, `"type":["Student","Parson"]`)},
		{Name: "mandatory type of the credential changed", Code: invalid, Document: f.with(good, `"AlumniCredential"`, `"AlumnaCredential"`)},
		{Name: "issuer's name changed", Code: invalid, Document: f.with(good, `"Example University"`, `"Example College"`)},

		{Name: "disclosed statement changed", Code: invalid, Document: f.with(good, `"Lovelace"`, `"Byron"`)},
		{Name: "disclosed values exchanged", Code: invalid, Document: f.with(good, `"givenName":"Ada","familyName":"Lovelace"`, `"givenName":"Lovelace","familyName":"Ada"`)},
		{Name: "disclosed number as text", Code: statement, Document: f.with(good, `"grade":3`, `"grade":"3"`)},
		{Name: "disclosed statement removed", Code: count, Document: f.with(good, `"familyName":"Lovelace",`, ``)},
		{Name: "grades of two courses exchanged", Code: statement, Document: f.with(good, `"grade":2`, `"grade":x`, `"grade":3`, `"grade":2`, `"grade":x`, `"grade":3`)},

		{Name: "statement added without a signature", Code: count, Document: f.with(good, `"givenName":"Ada"`, `"givenName":"Ada","email":"ada@example.org"`)},
		{Name: "statement added with another one's signature", Code: invalid, Document: f.with(f.changed(func(d *ecdsaSDDerived) {
			at := f.signatureOf("Lovelace")
			d.signatures = slices.Insert(d.signatures, at, d.signatures[at])
			shift(d, f.statement("Lovelace"))
		}), `"familyName":"Lovelace"`, `"familyName":["Lovelace","Lovelacd"]`)},
		{Name: "statement added as mandatory", Code: invalid, Document: f.with(f.changed(func(d *ecdsaSDDerived) {
			at := f.statement("Lovelace")
			shift(d, at)
			d.mandatory = slices.Sorted(slices.Values(append(d.mandatory, at)))
		}), `"familyName":"Lovelace"`, `"familyName":["Lovelace","Lovelacd"]`)},
		{Name: "statement with a second value", Code: count, Document: f.with(good, `"grade":3`, `"grade":[3,4]`)},
		{Name: "object added", Code: labels, Document: f.with(good, `"givenName":"Ada"`, `"givenName":"Ada","knows":{"name":"Babbage"}`)},

		{Name: "signature changed", Code: statement, Document: f.with(replaceSignature(0, flip(f.value.signatures[0])))},
		{Name: "last signature changed", Code: statement, Document: f.with(replaceSignature(len(f.value.signatures)-1, flip(f.value.signatures[len(f.value.signatures)-1])))},
		{Name: "signature of zeros", Code: statement, Document: f.with(replaceSignature(1, make([]byte, 64)))},
		{Name: "signature of the issuer's key", Code: statement, Document: f.with(replaceSignature(0, sign(f.issuer, []byte("x"))))},
		{Name: "signatures exchanged", Code: statement, Document: f.with(f.changed(func(d *ecdsaSDDerived) {
			d.signatures[0], d.signatures[1] = d.signatures[1], d.signatures[0]
		}))},
		{Name: "signature removed", Code: count, Document: f.with(f.changed(func(d *ecdsaSDDerived) { d.signatures = d.signatures[1:] }))},
		{Name: "signature added", Code: count, Document: f.with(f.changed(func(d *ecdsaSDDerived) { d.signatures = append(d.signatures, d.signatures[0]) }))},
		{Name: "no signatures", Code: count, Document: f.with(f.changed(func(d *ecdsaSDDerived) { d.signatures = nil }))},
		{Name: "base signature changed", Code: invalid, Document: f.with(f.changed(func(d *ecdsaSDDerived) { d.baseSignature = flip(d.baseSignature) }))},
		{Name: "signature of 63 bytes", Code: value, Document: f.with(replaceSignature(0, f.value.signatures[0][:63]))},

		{Name: "label changed", Code: invalid, Document: f.with(f.changed(func(d *ecdsaSDDerived) { d.labels[f.courseLabel()] = sd.EncodeLabel(label[:]) }))},
		{Name: "labels exchanged", Code: statement, Document: f.with(f.changed(func(d *ecdsaSDDerived) { d.labels[0], d.labels[1] = d.labels[1], d.labels[0] }))},
		{Name: "label twice", Code: value, Document: f.with(f.changed(func(d *ecdsaSDDerived) { d.labels[0] = d.labels[1] }))},
		{Name: "label missing", Code: labels, Document: f.with(f.changed(func(d *ecdsaSDDerived) { d.labels = d.labels[:len(d.labels)-1] }))},
		{Name: "label too many", Code: labels, Document: f.with(f.changed(func(d *ecdsaSDDerived) { d.labels = append(d.labels, sd.EncodeLabel(label[:])) }))},
		{Name: "no labels", Code: labels, Document: f.with(f.changed(func(d *ecdsaSDDerived) { d.labels = nil }))},
		{Name: "label of 31 bytes", Code: value, Document: f.with(f.changed(func(d *ecdsaSDDerived) { d.labels[0] = sd.EncodeLabel(label[:31]) }))},

		{Name: "key of the proof exchanged, and all statements signed with it", Code: invalid, Document: f.with(f.changed(stolen))},
		{Name: "key of the proof on secp256k1", Code: "dataintegrity.sd.key", Document: f.with(f.changed(func(d *ecdsaSDDerived) {
			d.publicKey = append([]byte{0xe7, 0x01, 0x02}, secp256k1X...)
		}))},
		{Name: "key of the proof off the curve", Code: "dataintegrity.sd.key", Document: f.with(f.changed(func(d *ecdsaSDDerived) {
			copy(d.publicKey[3:], bytes.Repeat([]byte{0xff}, 32))
		}))},
		{Name: "key of the proof not compressed", Code: "dataintegrity.sd.key", Document: f.with(f.changed(func(d *ecdsaSDDerived) { d.publicKey[2] = 4 }))},
		{Name: "key of the proof on P-384", Code: value, Document: f.with(f.changed(func(d *ecdsaSDDerived) {
			d.publicKey = append([]byte{0x81, 0x24, 0x02}, make([]byte, 48)...)
		}))},
		{Name: "key of the proof without its multicodec", Code: value, Document: f.with(f.changed(func(d *ecdsaSDDerived) { d.publicKey = d.publicKey[2:] }))},

		{Name: "proof created at another time", Code: invalid, Document: f.with(good, `"created":"2024-01-01T00:00:00Z"`, `"created":"2024-01-01T00:00:01Z"`)},
		{Name: "proof for another purpose", Code: invalid, Document: f.with(good, `"assertionMethod"`, `"authentication"`)},
		{Name: "proof with a challenge that was not signed", Code: invalid, Document: f.with(good, `"proofPurpose"`, `"challenge":"c","proofPurpose"`)},
		{Name: "proof with another context of its own", Code: "dataintegrity.proof.context", Document: f.with(good, `"proofPurpose"`, `"@context":"https://www.w3.org/ns/credentials/v2","proofPurpose"`)},
		{Name: "proof of another credential", Code: invalid, Document: f.with(other.in.Proof.Value)},
		{Name: "issuer's signature of another credential", Code: invalid, Document: f.with(f.changed(func(d *ecdsaSDDerived) { d.baseSignature = other.value.baseSignature }))},
		{Name: "term of another context", Code: invalid, Document: f.with(good, `"https://www.w3.org/ns/credentials/examples/v2"]`, `"https://www.w3.org/ns/credentials/examples/v2",{"familyName":"https://example.org/nickname"}]`)},

		{Name: "CBOR with a trailing byte", Code: value, Document: f.with(valueOf(append(bytes.Clone(raw), 0)))},
		{Name: "CBOR cut", Code: value, Document: f.with(valueOf(raw[:len(raw)-1]))},
		{Name: "CBOR with a length that is not in its shortest form", Code: value, Document: f.with(valueOf(slices.Concat(raw[:3], []byte{0x98, 5}, raw[4:])))},
		{Name: "CBOR of indefinite length", Code: value, Document: f.with(valueOf(slices.Concat(raw[:3], []byte{0x9f}, raw[4:], []byte{0xff})))},
		{Name: "CBOR with a tag on a component", Code: value, Document: f.with(valueOf(slices.Concat(raw[:4], []byte{0xd8, 0x40}, raw[4:])))},
		{Name: "CBOR with a sixth component", Code: value, Document: f.with(valueOf(slices.Concat(raw[:3], []byte{0x86}, raw[4:], []byte{0x80})))},
		{Name: "header of another suite", Code: value, Document: f.with(valueOf(slices.Concat([]byte{0xd9, 0x5d, 0x03}, raw[3:])))},
		{Name: "header alone", Code: value, Document: f.with(valueOf(raw[:3]))},
		{Name: "multibase z", Code: value, Document: f.with("z" + good[1:])},
		{Name: "base64url with padding", Code: value, Document: f.with(good + "=")},
		{Name: "empty proof value", Code: value, Document: f.with("u")},
	}
}

// secp256k1X is the x coordinate of a point on secp256k1, the generator.
var secp256k1X = []byte{
	0x79, 0xbe, 0x66, 0x7e, 0xf9, 0xdc, 0xbb, 0xac, 0x55, 0xa0, 0x62, 0x95, 0xce, 0x87, 0x0b, 0x07,
	0x02, 0x9b, 0xfc, 0xdb, 0x2d, 0xce, 0x28, 0xd9, 0x59, 0xf2, 0x81, 0x5b, 0x16, 0xf8, 0x17, 0x98,
}

// signatureOf returns which signature is that of the statement with text.
func (f *sdFixture) signatureOf(text string) int {
	at := f.statement(text)
	return slices.Index(sd.Without(f.value.mandatory, at+1), at)
}

// shift makes room for a statement at place at.
func shift(d *ecdsaSDDerived, at int) {
	for i, n := range d.mandatory {
		if n >= at {
			d.mandatory[i]++
		}
	}
}

// courseLabel returns the canonical number of a node that has no mandatory statement.
func (f *sdFixture) courseLabel() int {
	doc, err := sd.Canonicalize(f.in.Contexts, f.in.Document, f.value.labels.Labels())
	if err != nil {
		f.t.Fatal(err)
	}
	subject, _, _ := strings.Cut(string(doc.Lines[f.statement(`"B2"`)]), " ")
	return slices.Index(f.value.labels, strings.TrimPrefix(subject, "_:"))
}

func TestECDSASDFaults(t *testing.T) {
	f := newSDFixture(t, sdDegree, sdMandatory, sdReveal)
	key := f.issuer.pub
	if err := (ECDSASD2023{}).VerifyProof(f.in, key); err != nil {
		t.Fatalf("the derived proof without a fault: %v", err)
	}
	made := f.verifyFaults()
	for i := range made {
		made[i].PublicKey = key.Multikey()
	}
	for _, v := range sdVectors(t, "bad-derived", made) {
		pub, err := keys.ParseMultikey(v.PublicKey)
		if err != nil {
			t.Fatal(err)
		}
		in := inputOf(t, v.Document)
		err = ECDSASD2023{}.VerifyProof(in, pub)
		if got := vc.Code(err); got != v.Code {
			t.Errorf("%s: got %v, want code %s", v.Name, err, v.Code)
		}
	}
}

// sdVectors writes made to a file of vectors if told to, and returns what the file says.
func sdVectors(t *testing.T, name string, made []sdVector) []sdVector {
	t.Helper()
	for i := range made {
		v, err := strictjson.Parse(made[i].Document, strictjson.Limits{})
		if err != nil {
			t.Fatalf("%s: %v", made[i].Name, err)
		}
		made[i].Document = strictjson.AppendJSON(nil, v)
	}
	file := "ecdsa-sd-2023/" + name
	if *updateSD {
		vectors.Write(t, file, vectors.File[vectors.None, sdVector]{Kind: "ecdsa-sd-2023." + name, Vectors: made})
	}
	out := vectors.Read[vectors.None, sdVector](t, file).Vectors
	if len(out) != len(made) {
		t.Errorf("%s has %d vectors, the test %d", name, len(out), len(made))
	}
	return out
}
