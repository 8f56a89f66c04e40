package dataintegrity

import (
	"bytes"
	"context"
	"crypto"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/multiformats/go-multibase"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/internal/vectors"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc/dataintegrity/jsonld"
)

// vector is one folder of the W3C test vectors for EdDSA and ECDSA cryptosuites.
type vector struct {
	topic, folder, suffix, keyPair string
	suite                          Cryptosuite
	hash                           crypto.Hash // 0: JCS
}

var w3cVectors = []vector{
	{"eddsa", "eddsa-jcs-2022", "JCS", "keyPair.json", EdDSAJCS2022{}, 0},
	{"eddsa", "eddsa-rdfc-2022", "DataInt", "keyPair.json", EdDSARDFC2022{}, crypto.SHA256},
	{"ecdsa", "ecdsa-jcs-2019-p256", "JCSECDSAP256", "p256KeyPair.json", ECDSAJCS2019{}, 0},
	{"ecdsa", "ecdsa-rdfc-2019-p256", "ECDSAP256", "p256KeyPair.json", ECDSARDFC2019{}, crypto.SHA256},
	{"ecdsa", "ecdsa-rdfc-2019-p384", "ECDSAP384", "p384KeyPair.json", ECDSARDFC2019{}, crypto.SHA384},
}

func (v *vector) read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(vectors.Dir(t, v.topic), v.folder, name+v.suffix+".txt"))
	if os.IsNotExist(err) {
		b, err = os.ReadFile(filepath.Join(vectors.Dir(t, v.topic), v.folder, name+v.suffix+".json"))
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// keys returns the key pair of the vector.
func (v *vector) keys(t *testing.T) (*keys.PrivateKey, keys.PublicKey) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(vectors.Dir(t, v.topic), v.keyPair))
	if err != nil {
		t.Fatal(err)
	}
	pair, err := parseJSON(b)
	if err != nil {
		t.Fatal(err)
	}
	get := func(names ...string) string {
		for _, n := range names {
			if m, ok := pair.Get(n); ok {
				s, _ := m.Str()
				return s
			}
		}
		t.Fatalf("no member %v in %s", names, v.keyPair)
		return ""
	}
	pub, err := keys.ParseMultikey(get("publicKeyMultibase"))
	if err != nil {
		t.Fatal(err)
	}
	_, secret, err := multibase.Decode(get("privateKeyMultibase", "secretKeyMultibase"))
	if err != nil {
		t.Fatal(err)
	}
	private, err := keys.NewPrivateKey(pub.Algorithm(), secret[2:])
	if err != nil {
		t.Fatal(err)
	}
	if !private.Public().Equal(pub) {
		t.Fatal("the private key of the vector is not that of its public key")
	}
	return private, pub
}

func TestW3CVectors(t *testing.T) {
	for _, v := range w3cVectors {
		t.Run(v.folder, func(t *testing.T) { v.test(t) })
	}
}

func (v *vector) test(t *testing.T) {
	private, pub := v.keys(t)
	doc, err := parseJSON(v.read(t, "signed"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := readSecured(doc, false)
	if err != nil {
		t.Fatal(err)
	}
	in := s.input(0, jsonld.Embedded())

	canonical := func(x strictjson.Value) []byte {
		if v.hash == 0 {
			return strictjson.AppendCanonical(nil, x)
		}
		c, err := in.Canonicalize(x, v.hash)
		if err != nil {
			t.Fatal(err)
		}
		return c.NQuads()
	}
	config := in.ProofConfiguration()
	compare := func(what string, got, want []byte) {
		t.Helper()
		if !bytes.Equal(bytes.TrimSpace(got), bytes.TrimSpace(want)) {
			t.Errorf("%s: got %s, want %s", what, got, want)
		}
	}
	compare("canonical document", canonical(in.Document), v.read(t, "canonDoc"))
	compare("canonical proof configuration", canonical(config), v.read(t, "proofCanon"))
	configFile, err := parseJSON(v.read(t, "proofConfig"))
	if err != nil {
		t.Fatal(err)
	}
	compare("proof configuration", strictjson.AppendCanonical(nil, config), strictjson.AppendCanonical(nil, configFile))

	hash := rdfcHashData
	if v.hash == 0 {
		hash = jcsHashData
	}
	data, err := hash(in, pub.Algorithm())
	if err != nil {
		t.Fatal(err)
	}
	text := hex.EncodeToString(data)
	compare("hash of the proof", []byte(text[:len(text)/2]), v.read(t, "proofHash"))
	compare("hash of the document", []byte(text[len(text)/2:]), v.read(t, "docHash"))
	compare("hash data", []byte(text), v.read(t, "combinedHash"))

	sig, err := decodeSignature(in.Proof.Value)
	if err != nil {
		t.Fatal(err)
	}
	compare("signature", []byte(hex.EncodeToString(sig)), v.read(t, "sigHex"))
	compare("proofValue", []byte(in.Proof.Value), v.read(t, "sigBTC58"))
	if got, err := v.suite.Algorithm(in.Proof.Value); err != nil || got != pub.Algorithm() {
		t.Errorf("Algorithm: got %v, %v, want %v", got, err, pub.Algorithm())
	}
	if err := v.suite.VerifyProof(in, pub); err != nil {
		t.Errorf("VerifyProof: %v", err)
	}
	own, err := v.suite.CreateProof(context.Background(), in, private)
	if err != nil {
		t.Fatal(err)
	}
	if pub.Algorithm() == keys.Ed25519 && own != in.Proof.Value {
		t.Errorf("CreateProof: got %s, want %s", own, in.Proof.Value)
	}
	in.Proof.Value = own
	if err := v.suite.VerifyProof(in, pub); err != nil {
		t.Errorf("VerifyProof of our own: %v", err)
	}
	if strings.HasPrefix(own, "z") == false {
		t.Errorf("proofValue %s is not base58btc", own)
	}
}
