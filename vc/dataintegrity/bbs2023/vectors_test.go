package bbs2023

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/internal/vectors"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/keys/bbs"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/resolver/didkey"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
)

// The published vectors (w3c/vc-di-bbs, TestVectors). In scope, byte for byte: the baseline, which is the folder itself, and HolderBinding. Of
// Pseudonym all that does not depend on a signature; package keys/bbs tells how far its signature and proof are from the draft of 2026,
// and makes the proofs of the others from their seed of random scalars.
type example struct {
	t    *testing.T
	root string
	dir  string
}

func newExample(t *testing.T, folder string) example {
	root := vectors.Dir(t, "bbs-2023")
	return example{t, root, filepath.Join(root, folder)}
}

func (e example) read(name string) []byte {
	e.t.Helper()
	b, err := os.ReadFile(filepath.Join(e.dir, name))
	if err != nil {
		e.t.Fatal(err)
	}
	return b
}

func (e example) decode(name string, into any) {
	e.t.Helper()
	if err := json.Unmarshal(e.read(name), into); err != nil {
		e.t.Fatalf("%s: %v", name, err)
	}
}

type keyMaterial struct{ PublicKeyHex, PrivateKeyHex, HmacKeyString string }

func (e example) keys() (key *bbs.PrivateKey, hmacKey []byte) {
	e.t.Helper()
	var m keyMaterial
	e.decode(filepath.Join(strings.Repeat("../", e.depth()), "BBSKeyMaterial.json"), &m)
	key, err := bbs.NewPrivateKey(unhex(e.t, m.PrivateKeyHex))
	if err != nil {
		e.t.Fatal(err)
	}
	if got := hex.EncodeToString(key.Public().Bytes()); got != m.PublicKeyHex {
		e.t.Fatalf("public key: got %s, want %s", got, m.PublicKeyHex)
	}
	return key, unhex(e.t, m.HmacKeyString)
}

func (e example) depth() int {
	if e.dir == e.root {
		return 0
	}
	return 1
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// rawBase is addRawBaseSignatureInfo.json and derivedRecoveredBaseData.json.
type rawBase struct {
	BbsSignature, BbsHeader, PublicKey, HmacKey string
	MandatoryPointers                           []string
	SignerNymEntropyHex                         string
}

// withHMACKey is a Suite whose base proof has a given HMAC key, and that remembers what it signs.
type withHMACKey struct {
	Suite
	hmacKey []byte
	got     *base
}

func (s withHMACKey) CreateProof(ctx context.Context, in *dataintegrity.Input, signer keys.Signer) (string, error) {
	s.got.hmacKey = s.hmacKey
	return s.create(ctx, in, signer, s.got)
}

func proofOf(t *testing.T, document []byte) (proof struct {
	Created            time.Time
	VerificationMethod string
	ProofValue         string
},
) {
	t.Helper()
	var d struct{ Proof json.RawMessage }
	if err := json.Unmarshal(document, &d); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(d.Proof, &proof); err != nil {
		t.Fatal(err)
	}
	return proof
}

func sameJSON(t *testing.T, what string, got, want []byte) {
	t.Helper()
	canonical := func(b []byte) []byte {
		v, err := strictjson.Parse(b, strictjson.Limits{Bytes: 1 << 20, Depth: 32})
		if err != nil {
			t.Fatal(err)
		}
		return strictjson.AppendCanonical(nil, v)
	}
	if g, w := canonical(got), canonical(want); !bytes.Equal(g, w) {
		t.Errorf("%s: got\n%s\nwant\n%s", what, g, w)
	}
}

// TestAddBaseProof makes the signed document of the baseline.
func TestAddBaseProof(t *testing.T) {
	e := newExample(t, ".")
	key, hmacKey := e.keys()
	var pointers []string
	e.decode("windMandatory.json", &pointers)
	want := e.read("addSignedSDBase.json")
	stated := proofOf(t, want)
	made := &base{}
	got, err := dataintegrity.AddProof(t.Context(), key, e.read("windDoc.json"), &dataintegrity.ProofOptions{
		Method: didkey.URL(key.Public()), Purpose: did.AssertionMethod, Created: stated.Created,
		Cryptosuite: withHMACKey{Suite{Mandatory: pointers}, hmacKey, made},
	})
	if err != nil {
		t.Fatal(err)
	}
	sameJSON(t, "signed document", got, want)
	var hashes struct{ ProofHash, MandatoryHash string }
	e.decode("addHashData.json", &hashes)
	if got := hex.EncodeToString(made.header); got != hashes.ProofHash+hashes.MandatoryHash {
		t.Errorf("header: got %s", got)
	}
	for _, name := range []string{"addRawBaseSignatureInfo.json", "derivedRecoveredBaseData.json"} {
		var raw rawBase
		e.decode(name, &raw)
		if got := hex.EncodeToString(made.signature); got != raw.BbsSignature || !reflect.DeepEqual(made.mandatoryPointers, raw.MandatoryPointers) {
			t.Errorf("%s: got %s, %q", name, got, made.mandatoryPointers)
		}
	}
}

// TestCreateDisclosureData derives what the published derived document has, but for the proof, which is of random numbers: that these give the
// published proof is tested in package keys/bbs.
func TestCreateDisclosureData(t *testing.T) {
	e := newExample(t, ".")
	var reveal []string
	e.decode("windSelective.json", &reveal)
	c, err := dataintegrity.ParseCredential(e.read("addSignedSDBase.json"), understood)
	if err != nil {
		t.Fatal(err)
	}
	in, err := c.BaseInput(Suite{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := parseBase(in.Proof.Value)
	if err != nil {
		t.Fatal(err)
	}
	d, err := b.disclose(in, reveal)
	if err != nil {
		t.Fatal(err)
	}
	sameJSON(t, "document", strictjson.AppendJSON(nil, d.document), e.read("derivedUnsignedReveal.json"))
	var transform struct {
		NonMandatory struct{ Value [][2]any }
	}
	e.decode("addBaseTransform.json", &transform)
	if len(d.all) != len(transform.NonMandatory.Value) {
		t.Errorf("got %d messages, want %d", len(d.all), len(transform.NonMandatory.Value))
	}
	for i, w := range transform.NonMandatory.Value {
		if string(d.all[i]) != w[1] {
			t.Errorf("message %d: got %q, want %q", i, d.all[i], w[1])
		}
	}
	var indexes struct{ AdjMandatoryIndexes, AdjSelectiveIndexes []int }
	e.decode("derivedAdjIndexes.json", &indexes)
	if !reflect.DeepEqual(d.mandatory, indexes.AdjMandatoryIndexes) || !reflect.DeepEqual(d.selective, indexes.AdjSelectiveIndexes) {
		t.Errorf("got %v, %v", d.mandatory, d.selective)
	}
	var data struct {
		BbsProof string
		LabelMap struct{ Value [][2]string }
	}
	e.decode("derivedDisclosureData.json", &data)
	for i, entry := range data.LabelMap.Value {
		if d.labels[i] != entry[1] {
			t.Errorf("label of %s: got %s", entry[0], d.labels[i])
		}
	}
	var material struct{ PresentationHeaderHex string }
	e.decode("BBSDeriveMaterial.json", &material)
	d.proof, d.presentationHeader = unhex(t, data.BbsProof), unhex(t, material.PresentationHeaderHex)
	value, err := d.encode()
	if err != nil {
		t.Fatal(err)
	}
	want := e.read("derivedRevealDocument.json")
	if stated := proofOf(t, want).ProofValue; value != stated {
		t.Errorf("got %s, want %s", value, stated)
	}
	again, err := parseDerived(value)
	if err != nil || !reflect.DeepEqual(*again, d.derived) {
		t.Errorf("got %+v, %v", again, err)
	}

	// What Derive makes is the same with another proof of the same length.
	ours, err := c.Derive(t.Context(), reveal, &dataintegrity.DeriveOptions{Cryptosuite: Suite{PresentationHeader: d.presentationHeader}})
	if err != nil {
		t.Fatal(err)
	}
	own, err := parseDerived(proofOf(t, ours.Bytes()).ProofValue)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(own.proof, d.proof) || len(own.proof) != len(d.proof) {
		t.Error("the proof is the published one, or has another length")
	}
	own.proof = d.proof
	if !reflect.DeepEqual(*own, d.derived) {
		t.Errorf("got %+v, want %+v", own, d.derived)
	}
	if err := checkProofs(t, ours.Bytes(), Suite{PresentationHeader: d.presentationHeader}); err != nil {
		t.Error(err)
	}
}

// TestVerifyDerivedDocument verifies the published derived document.
func TestVerifyDerivedDocument(t *testing.T) {
	e := newExample(t, ".")
	document := e.read("derivedRevealDocument.json")
	for _, s := range []Suite{{}, {PresentationHeader: unhex(t, "113377aa")}} {
		if err := checkProofs(t, document, s); err != nil {
			t.Error(err)
		}
	}
	for name, c := range map[string]struct {
		old, new string
		suite    Suite
		code     string
	}{
		"another value":               {`"Earth101"`, `"Earth102"`, Suite{}, "vc.signature.invalid"},
		"another value not mandatory": {`"CompFoil170"`, `"CompFoil171"`, Suite{}, "vc.signature.invalid"},
		"another time":                {`"2023-08-15T23:36:38Z"`, `"2023-08-15T23:36:39Z"`, Suite{}, "vc.signature.invalid"},
		"a statement more":            {`"brand"`, `"x":1,"brand"`, Suite{}, "dataintegrity.sd.count"},
		"another header":              {`"brand"`, `"brand"`, Suite{PresentationHeader: []byte{0x11}}, "bbs2023.presentation"},
		"an empty header":             {`"brand"`, `"brand"`, Suite{PresentationHeader: []byte{}}, "bbs2023.presentation"},
		"a pseudonym is expected":     {`"brand"`, `"brand"`, Suite{Verifier: &Verifier{ContextID: []byte("x"), N: 1}}, "bbs2023.pseudonym.missing"},
	} {
		changed := strings.Replace(string(document), c.old, c.new, 1)
		if err := checkProofs(t, []byte(changed), c.suite); vc.Code(err) != c.code {
			t.Errorf("%s: got %v, want %s", name, err, c.code)
		}
	}
	if err := checkProofs(t, e.read("addSignedSDBase.json"), Suite{}); vc.Code(err) != "dataintegrity.proof.base" {
		t.Errorf("a base proof: got %v", err)
	}
}

// understood reads documents that bring their own context, as the published ones do.
var understood = &dataintegrity.Options{Cryptosuites: []dataintegrity.Cryptosuite{Suite{}}, InsecureRewritable: true}

func checkProofs(t testing.TB, document []byte, s Suite) error {
	t.Helper()
	_, err := dataintegrity.InsecureVerifyProofsOnly(t.Context(), document, resolver.Keys{Resolver: didkey.Resolver{}}, &dataintegrity.ProofPolicy{
		Purpose: did.AssertionMethod, Options: dataintegrity.Options{Cryptosuites: []dataintegrity.Cryptosuite{s}, InsecureRewritable: true},
	})
	return err
}

// TestHolderBinding makes and verifies the published documents with holder binding.
func TestHolderBinding(t *testing.T) {
	e := newExample(t, "HolderBinding")
	key, hmacKey := e.keys()
	var raw rawBase
	e.decode("addRawBaseSignatureInfo.json", &raw)
	var committed struct{ SecretProverBlind, CommitmentWithProof string }
	e.decode("commitmentInfo.json", &committed)
	var holder struct{ HolderSecretHex string }
	e.decode("../FeatureInputs/holderSecret.json", &holder)
	blind, err := bbs.BlindFromSecret(unhex(t, committed.SecretProverBlind))
	if err != nil {
		t.Fatal(err)
	}
	binding := &HolderBinding{Commitment: unhex(t, committed.CommitmentWithProof), Secret: unhex(t, holder.HolderSecretHex), Blind: blind}
	want := e.read("addSignedSDBase.json")
	made := &base{}
	got, err := dataintegrity.AddProof(t.Context(), key, withoutProof(t, want), &dataintegrity.ProofOptions{
		Method: didkey.URL(key.Public()), Purpose: did.AssertionMethod, Created: proofOf(t, want).Created,
		Cryptosuite: withHMACKey{Suite{Mandatory: raw.MandatoryPointers, HolderBinding: binding}, hmacKey, made},
	})
	if err != nil {
		t.Fatal(err)
	}
	sameJSON(t, "signed document", got, want)
	if got := hex.EncodeToString(made.signature); got != raw.BbsSignature {
		t.Errorf("signature: got %s", got)
	}

	var reveal []string
	e.decode("../FeatureInputs/licenseSelective.json", &reveal)
	c, err := dataintegrity.ParseCredential(want, understood)
	if err != nil {
		t.Fatal(err)
	}
	in, err := c.BaseInput(Suite{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := parseBase(in.Proof.Value)
	if err != nil {
		t.Fatal(err)
	}
	d, err := b.disclose(in, reveal)
	if err != nil {
		t.Fatal(err)
	}
	var data struct {
		BbsProof          string
		LengthBBSMessages int
	}
	e.decode("derivedDisclosureData.json", &data)
	d.proof, d.presentationHeader = unhex(t, data.BbsProof), unhex(t, "113377aa")
	value, err := d.encode()
	if err != nil {
		t.Fatal(err)
	}
	published := e.read("derivedRevealDocument.json")
	if value != proofOf(t, published).ProofValue || d.messages != data.LengthBBSMessages {
		t.Errorf("got %s, %d messages", value, d.messages)
	}
	sameJSON(t, "document", strictjson.AppendJSON(nil, d.document), withoutProof(t, published))
	for name, s := range map[string]struct {
		suite Suite
		code  string
	}{
		"any":                 {Suite{}, ""},
		"bound":               {Suite{HolderBinding: &HolderBinding{}}, ""},
		"this header":         {Suite{PresentationHeader: d.presentationHeader}, ""},
		"another header":      {Suite{PresentationHeader: []byte{1}}, "bbs2023.presentation"},
		"with a pseudonym":    {Suite{Verifier: &Verifier{ContextID: []byte("x"), N: 1}}, "bbs2023.pseudonym.missing"},
		"pseudonym and bound": {Suite{Verifier: &Verifier{ContextID: []byte("x"), N: 1}, HolderBinding: &HolderBinding{}}, "bbs2023.pseudonym.missing"},
	} {
		if err := checkProofs(t, published, s.suite); vc.Code(err) != s.code {
			t.Errorf("%s: got %v, want %q", name, err, s.code)
		}
	}
}

// TestPseudonymOfOlderDraft follows the published example with a pseudonym as far as it leads.
func TestPseudonymOfOlderDraft(t *testing.T) {
	const code = "bbs2023.feature"
	e := newExample(t, "Pseudonym")
	for _, name := range []string{"addSignedSDBase.json", "derivedRevealDocument.json"} {
		value := proofOf(t, e.read(name)).ProofValue
		_, errKind := (Suite{}).IsBase(value)
		_, errBase := parseBase(value)
		_, errDerived := parseDerived(value)
		_, errNym := PseudonymOf(value)
		errVerify := checkProofs(t, e.read(name), Suite{})
		errVerifyNym := checkProofs(t, e.read(name), Suite{Verifier: &Verifier{ContextID: []byte("x"), N: 1}})
		for _, err := range []error{errKind, errBase, errDerived, errNym, errVerify, errVerifyNym} {
			if vc.Code(err) != code {
				t.Errorf("%s: got %v, want %s", name, err, code)
			}
		}
	}
	if c, err := dataintegrity.ParseCredential(e.read("addSignedSDBase.json"), understood); vc.Code(err) != code {
		t.Errorf("parse: got %v, %v", c, err)
	}
	key, hmacKey := e.keys()
	var raw rawBase
	e.decode("addRawBaseSignatureInfo.json", &raw)
	made := &base{}
	signed := e.read("addSignedSDBase.json")
	if _, err := dataintegrity.AddProof(t.Context(), key, withoutProof(t, signed), &dataintegrity.ProofOptions{
		Method: didkey.URL(key.Public()), Purpose: did.AssertionMethod, Created: proofOf(t, signed).Created,
		Cryptosuite: withHMACKey{Suite{Mandatory: raw.MandatoryPointers}, hmacKey, made},
	}); err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(made.header); got != raw.BbsHeader {
		t.Errorf("header: got %s, want %s", got, raw.BbsHeader)
	}
	if hex.EncodeToString(made.hmacKey) != raw.HmacKey || hex.EncodeToString(made.publicKey) != raw.PublicKey {
		t.Error("another key")
	}
}

func withoutProof(t *testing.T, document []byte) []byte {
	t.Helper()
	v, err := strictjson.Parse(document, strictjson.Limits{Bytes: 1 << 20, Depth: 32})
	if err != nil {
		t.Fatal(err)
	}
	var members []strictjson.Member
	for _, m := range v.Members() {
		if m.Name != "proof" {
			members = append(members, m)
		}
	}
	return strictjson.AppendJSON(nil, v.WithMembers(members))
}
