package dataintegrity

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/multiformats/go-multibase"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/internal/vectors"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc/dataintegrity/jsonld"
	"github.com/realdid/realdid/vc/dataintegrity/sd"
)

// fixedSigner signs with P-256 as RFC 6979 says and without the rule of the lower s, as the published vectors do.
type fixedSigner struct {
	key *ecdsa.PrivateKey
	pub keys.PublicKey
}

func newFixedSigner(t testing.TB, publicMultikey, secretMultibase string) fixedSigner {
	t.Helper()
	pub, err := keys.ParseMultikey(publicMultikey)
	if err != nil {
		t.Fatal(err)
	}
	_, secret, err := multibase.Decode(secretMultibase)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), secret[2:])
	if err != nil {
		t.Fatal(err)
	}
	return fixedSigner{key, pub}
}

func (s fixedSigner) Public() keys.PublicKey { return s.pub }

func (s fixedSigner) Sign(_ context.Context, msg []byte) ([]byte, error) {
	digest := sha256.Sum256(msg)
	der, err := s.key.Sign(nil, digest[:], crypto.SHA256)
	if err != nil {
		return nil, err
	}
	var sig struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &sig); err != nil {
		return nil, err
	}
	out := make([]byte, 64)
	sig.R.FillBytes(out[:32])
	sig.S.FillBytes(out[32:])
	return out, nil
}

// prc is the published example, with every intermediate value.
type prc struct {
	t   *testing.T
	dir string
}

func (p prc) read(name string) []byte {
	p.t.Helper()
	b, err := os.ReadFile(filepath.Join(p.dir, name))
	if err != nil {
		p.t.Fatal(err)
	}
	return b
}

func (p prc) decode(name string, into any) {
	p.t.Helper()
	if err := json.Unmarshal(p.read(name), into); err != nil {
		p.t.Fatalf("%s: %v", name, err)
	}
}

func (p prc) input(name string) *Input {
	p.t.Helper()
	return inputOf(p.t, p.read(name))
}

// inputOf returns what a suite gets of a document with one proof.
func inputOf(t testing.TB, document []byte) *Input {
	t.Helper()
	v, err := parseJSON(document)
	if err != nil {
		t.Fatal(err)
	}
	s, err := readSecured(v, !bytes.Contains(document, []byte(`"proofValue"`)))
	if err != nil {
		t.Fatal(err)
	}
	return s.input(0, jsonld.Embedded())
}

type keyPair struct{ PublicKeyMultibase, SecretKeyMultibase string }

func (p prc) keys() (base, proof fixedSigner, hmacKey []byte) {
	p.t.Helper()
	var m struct {
		BaseKeyPair, ProofKeyPair keyPair
		HmacKeyString             string
	}
	p.decode("../SDKeyMaterial.json", &m)
	hmacKey, err := hex.DecodeString(m.HmacKeyString)
	if err != nil {
		p.t.Fatal(err)
	}
	return newFixedSigner(p.t, m.BaseKeyPair.PublicKeyMultibase, m.BaseKeyPair.SecretKeyMultibase),
		newFixedSigner(p.t, m.ProofKeyPair.PublicKeyMultibase, m.ProofKeyPair.SecretKeyMultibase), hmacKey
}

func newPRC(t *testing.T) prc { return prc{t, filepath.Join(vectors.Dir(t, "ecdsa-sd-2023"), "prc")} }

func compareLines(t *testing.T, what string, got [][]byte, want []string) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || string(got[i]) != want[i] {
			t.Fatalf("%s: line %d: got %q, want %q", what, i, got[min(i, len(got)-1)], want[min(i, len(want)-1)])
		}
	}
}

// group is a map from indexes to statements as the vectors write it.
type group struct{ Value [][2]any }

func (g group) split() (indexes []int, lines []string) {
	for _, e := range g.Value {
		n, _ := e[0].(float64)
		s, _ := e[1].(string)
		indexes, lines = append(indexes, int(n)), append(lines, s)
	}
	return indexes, lines
}

func sameJSON(t *testing.T, what string, got, want []byte) {
	t.Helper()
	var g, w any
	if err := json.Unmarshal(got, &g); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if err := json.Unmarshal(want, &w); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if !reflect.DeepEqual(g, w) {
		t.Errorf("%s: got %s, want %s", what, got, want)
	}
}

func hexes(list [][]byte) (out []string) {
	for _, b := range list {
		out = append(out, hex.EncodeToString(b))
	}
	return out
}

func (p prc) equal(what string, got, want any) {
	p.t.Helper()
	if !reflect.DeepEqual(got, want) {
		p.t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestECDSASDBaseVectors(t *testing.T) {
	p := newPRC(t)
	base, proof, hmacKey := p.keys()
	in := p.input("addSignedSDBase.json")

	plain, err := in.Canonicalize(in.Document, crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	p.decode("addBaseDocCanon.json", &lines)
	compareLines(t, "canonical document", plain.Lines, lines)

	doc, err := sd.Canonicalize(in.Contexts, in.Document, sd.HMACLabels(hmacKey))
	if err != nil {
		t.Fatal(err)
	}
	p.decode("addBaseDocHMACCanon.json", &lines)
	compareLines(t, "document with labels", doc.Lines, lines)

	var transform struct {
		MandatoryPointers       []string
		Mandatory, NonMandatory group
	}
	p.decode("addBaseTransform.json", &transform)
	mandatory, err := doc.Select(transform.MandatoryPointers)
	if err != nil {
		t.Fatal(err)
	}
	indexes, _ := transform.Mandatory.split()
	p.equal("mandatory", mandatory.Indexes, indexes)
	indexes, lines = transform.NonMandatory.split()
	optional := sd.Without(mandatory.Indexes, len(doc.Lines))
	p.equal("not mandatory", optional, indexes)
	for i, at := range optional {
		p.equal("not mandatory", string(doc.Lines[at]), lines[i])
	}

	sameJSON(t, "proof options", strictjson.AppendJSON(nil, in.ProofConfiguration()), p.read("addProofConfig.json"))
	config, err := in.Canonicalize(in.ProofConfiguration(), crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	p.equal("canonical proof options", string(bytes.TrimSpace(config.NQuads())), string(bytes.TrimSpace(p.read("addProofConfigCanon.txt"))))

	var hashes struct{ ProofHash, MandatoryHash string }
	p.decode("addHashData.json", &hashes)
	mandatoryHash := doc.Hash(mandatory.Indexes)
	signed, err := signedByBase(in, proof.pub.Multicodec(), mandatoryHash)
	if err != nil {
		t.Fatal(err)
	}
	p.equal("hash of the proof options", hex.EncodeToString(signed[:32]), hashes.ProofHash)
	p.equal("hash of what is mandatory", hex.EncodeToString(mandatoryHash[:]), hashes.MandatoryHash)

	value, err := ECDSASD2023{Mandatory: transform.MandatoryPointers}.create(t.Context(), in, base, hmacKey, proof)
	if err != nil {
		t.Fatal(err)
	}
	got, err := parseECDSASDBase(value)
	if err != nil {
		t.Fatal(err)
	}
	var raw struct {
		BaseSignature, PublicKey      string
		Signatures, MandatoryPointers []string
	}
	p.decode("addRawBaseSignatureInfo.json", &raw)
	p.equal("base signature", hex.EncodeToString(got.baseSignature), raw.BaseSignature)
	p.equal("signatures", hexes(got.signatures), raw.Signatures)
	p.equal("mandatory pointers", got.mandatoryPointers, raw.MandatoryPointers)
	p.equal("key of the proof", proof.pub.Multikey(), raw.PublicKey)
	p.equal("proof value", value, in.Proof.Value)
}

func TestECDSASDDerivedVectors(t *testing.T) {
	p := newPRC(t)
	in := p.input("addSignedSDBase.json")
	var selective []string
	p.decode("../prCredSelective.json", &selective)

	base, err := parseECDSASDBase(in.Proof.Value)
	if err != nil {
		t.Fatal(err)
	}
	var recovered struct {
		BaseSignature, ProofPublicKey, HmacKey string
		Signatures, MandatoryPointers          []string
	}
	p.decode("derivedRecoveredBaseData.json", &recovered)
	p.equal("base signature", hex.EncodeToString(base.baseSignature), recovered.BaseSignature)
	p.equal("HMAC key", hex.EncodeToString(base.hmacKey), recovered.HmacKey)
	p.equal("signatures", hexes(base.signatures), recovered.Signatures)
	p.equal("mandatory pointers", base.mandatoryPointers, recovered.MandatoryPointers)

	doc, err := sd.Canonicalize(in.Contexts, in.Document, sd.HMACLabels(base.hmacKey))
	if err != nil {
		t.Fatal(err)
	}
	var all struct {
		Groups struct{ Selective, Mandatory, Combined struct{ Matching group } }
	}
	p.decode("derivedAllGroupData.json", &all)
	var groups struct{ CombinedIndexes, MandatoryIndexes, NonMandatoryIndexes, SelectiveIndexes []int }
	p.decode("derivedGroupIndexes.json", &groups)
	for name, c := range map[string]struct {
		pointers []string
		want     []int
		matching group
	}{
		"mandatory": {base.mandatoryPointers, groups.MandatoryIndexes, all.Groups.Mandatory.Matching},
		"selective": {selective, groups.SelectiveIndexes, all.Groups.Selective.Matching},
		"combined":  {append(base.mandatoryPointers, selective...), groups.CombinedIndexes, all.Groups.Combined.Matching},
	} {
		s, err := doc.Select(c.pointers)
		if err != nil {
			t.Fatal(err)
		}
		p.equal(name, s.Indexes, c.want)
		indexes, lines := c.matching.split()
		p.equal(name, s.Indexes, indexes)
		for i, at := range s.Indexes {
			p.equal(name, string(doc.Lines[at]), lines[i])
		}
	}

	data, derived, err := discloseECDSASD(in, selective)
	if err != nil {
		t.Fatal(err)
	}
	var disclosed struct {
		BaseSignature, PublicKey string
		Signatures               []string
		LabelMap                 struct{ Value [][2]string }
		MandatoryIndexes         []int
	}
	p.decode("derivedDisclosureData.json", &disclosed)
	p.equal("base signature", hex.EncodeToString(data.baseSignature), disclosed.BaseSignature)
	p.equal("signatures", hexes(data.signatures), disclosed.Signatures)
	p.equal("mandatory indexes", data.mandatory, disclosed.MandatoryIndexes)
	for i, e := range disclosed.LabelMap.Value {
		p.equal("label of "+e[0], data.labels[i], e[1])
	}
	p.equal("labels", len(data.labels), len(disclosed.LabelMap.Value))
	var adjusted struct {
		AdjMandatoryIndexes, AdjSignatureIndexes []int
		FilteredSignatures                       []string
	}
	p.decode("derivedAdjMandatoryIndexes.json", &adjusted)
	p.decode("derivedAdjSignatures.json", &adjusted)
	p.equal("mandatory indexes", data.mandatory, adjusted.AdjMandatoryIndexes)
	p.equal("signatures", hexes(data.signatures), adjusted.FilteredSignatures)
	p.equal("places of the signatures", sd.Relative(groups.CombinedIndexes, groups.NonMandatoryIndexes), adjusted.AdjSignatureIndexes)

	sameJSON(t, "what is disclosed", strictjson.AppendJSON(nil, derived.Document), p.read("derivedUnsignedReveal.json"))
	value, err := data.encode()
	if err != nil {
		t.Fatal(err)
	}
	reveal := p.input("derivedRevealDocument.json")
	p.equal("proof value", value, reveal.Proof.Value)
	derived.ProofValue = value
	sameJSON(t, "derived document", in.Proof.appendWith(derived), p.read("derivedRevealDocument.json"))
}

func TestECDSASDVerifyVectors(t *testing.T) {
	p := newPRC(t)
	base, proof, _ := p.keys()
	in := p.input("derivedRevealDocument.json")
	d, key, err := parseECDSASDDerived(in.Proof.Value)
	if err != nil {
		t.Fatal(err)
	}
	if !key.Equal(proof.pub) {
		t.Errorf("key of the proof: got %v, want %v", key, proof.pub)
	}
	var want struct {
		Signatures       []string
		LabelMap         [][2]string
		MandatoryIndexes []int
	}
	p.decode("verifyDerivedProofValue.json", &want)
	p.equal("signatures", hexes(d.signatures), want.Signatures)
	p.equal("mandatory indexes", d.mandatory, want.MandatoryIndexes)
	for i, e := range want.LabelMap {
		p.equal("label of "+e[0], d.labels[i], e[1])
	}
	doc, err := sd.Canonicalize(in.Contexts, in.Document, d.labels.Labels())
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	p.decode("verifyNQuads.json", &lines)
	compareLines(t, "statements", doc.Lines, lines)

	var data struct {
		ProofHash, MandatoryHash string
		NonMandatory             []string
	}
	p.decode("verifyCreateVerifyData.json", &data)
	hash := doc.Hash(d.mandatory)
	p.equal("hash of what is mandatory", hex.EncodeToString(hash[:]), data.MandatoryHash)
	signed, err := signedByBase(in, d.publicKey, hash)
	if err != nil {
		t.Fatal(err)
	}
	p.equal("hash of the proof options", hex.EncodeToString(signed[:32]), data.ProofHash)
	optional := sd.Without(d.mandatory, len(doc.Lines))
	var chosen [][]byte
	for _, i := range optional {
		chosen = append(chosen, doc.Lines[i])
	}
	compareLines(t, "not mandatory", chosen, data.NonMandatory)

	if err := (ECDSASD2023{}).VerifyProof(in, base.pub); err != nil {
		t.Errorf("got %v, want no error", err)
	}
}

// The two published credentials, signed anew, with the pointers beside them, and each with more.
func TestECDSASDPublishedCredentials(t *testing.T) {
	dir := vectors.Dir(t, "ecdsa")
	base, _, _ := newPRC(t).keys()
	read := func(name string, into any) []byte {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, into); err != nil {
			t.Fatal(err)
		}
		return b
	}
	for _, c := range [][3]string{
		{"prCredUnsigned.json", "prCredMandatory.json", "prCredSelective.json"}, {"employmentAuth.json", "employMandatory.json", "employSelective.json"},
	} {
		var mandatory, selective []string
		var object map[string]any
		read(c[1], &mandatory)
		read(c[2], &selective)
		text := read(c[0], &object)
		for _, more := range [][]string{nil, {"/credentialSubject/givenName"}, {"/credentialSubject"}, {""}} {
			sdRoundTrip(t, base, text, mandatory, append(more, selective...))
		}
	}
}

// sdRoundTrip signs, derives and verifies, and returns the derived document.
func sdRoundTrip(t *testing.T, key keys.Signer, document []byte, mandatory, reveal []string) []byte {
	t.Helper()
	signed := sdSign(t, key, document, mandatory)
	in := inputOf(t, signed)
	if base, err := (ECDSASD2023{}).IsBase(in.Proof.Value); err != nil || !base {
		t.Fatalf("IsBase: got %v, %v; want a base proof", base, err)
	}
	derived, err := ECDSASD2023{}.Derive(t.Context(), in, reveal)
	if err != nil {
		t.Fatalf("derive %q: %v", reveal, err)
	}
	out := in.Proof.appendWith(derived)
	again := inputOf(t, out)
	if base, err := (ECDSASD2023{}).IsBase(again.Proof.Value); err != nil || base {
		t.Fatalf("IsBase: got %v, %v; want a derived proof", base, err)
	}
	if err := (ECDSASD2023{}).VerifyProof(again, key.Public()); err != nil {
		t.Fatalf("verify %s: %v", out, err)
	}
	return out
}

func sdSign(t testing.TB, key keys.Signer, document []byte, mandatory []string) []byte {
	t.Helper()
	signed, err := AddProof(t.Context(), key, document, &ProofOptions{
		Method: sdMethod(t, key), Purpose: did.AssertionMethod, Cryptosuite: ECDSASD2023{Mandatory: mandatory},
	})
	if err != nil {
		t.Fatalf("sign with mandatory %q: %v", mandatory, err)
	}
	return signed
}

func sdMethod(t testing.TB, key keys.Signer) did.URL {
	t.Helper()
	m := key.Public().Multikey()
	u, err := did.ParseURL("did:key:" + m + "#" + m)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
