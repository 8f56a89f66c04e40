package keys

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/emmansun/gmsm/sm3"
	"github.com/multiformats/go-multibase"

	"github.com/realdid/realdid/internal/vectors"
)

// TestMulticodecTable compares our codes with the multicodec table, and our two-byte prefixes with the varint rule.
func TestMulticodecTable(t *testing.T) {
	rows := readCSV(t, "table.csv")
	codes := map[string]uint64{}
	for _, r := range rows[1:] {
		code, err := strconv.ParseUint(strings.TrimPrefix(r[2], "0x"), 16, 64)
		if err != nil {
			t.Fatalf("row %v: %v", r, err)
		}
		codes[r[0]] = code
	}
	names := map[Algorithm]string{
		Ed25519: "ed25519-pub", P256: "p256-pub", P384: "p384-pub", Secp256k1: "secp256k1-pub", SM2: "sm2-pub", X25519: "x25519-pub",
	}
	for _, a := range Algorithms() {
		want, ok := codes[names[a]]
		if !ok || a.Codec() != want {
			t.Errorf("%v: got code %#x, the table says %#x", a, a.Codec(), want)
		}
		if got, want := a.row().prefix[:], binary.AppendUvarint(nil, a.Codec()); !bytes.Equal(got, want) {
			t.Errorf("%v: got prefix %x, want %x", a, got, want)
		}
	}
}

func readCSV(t *testing.T, name string) [][]string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(vectors.Dir(t, "multiformats"), name))
	if err != nil {
		t.Fatal(err)
	}
	r := csv.NewReader(bytes.NewReader(b))
	r.TrimLeadingSpace = true
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	for _, row := range rows {
		for i := range row {
			row[i] = strings.TrimSpace(row[i])
		}
	}
	return rows
}

// TestMultibaseVectors checks the multibase library that Multikey stands on against the published strings; Multikey reads base58btc
// alone, and refuses the same bytes in every other base.
func TestMultibaseVectors(t *testing.T) {
	missing := map[string]bool{"base8": true, "base10": true, "base32z": true} // not in the library, and not used by us
	for _, name := range []string{"basic.csv", "leading_zero.csv"} {
		rows := readCSV(t, name)
		plain, err := strconv.Unquote(`"` + rows[0][1] + `"`)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows[1:] {
			base, text := r[0], r[1]
			_, got, err := multibase.Decode(text)
			if missing[base] {
				if err == nil {
					t.Errorf("%s: %s is read now: take it out of the list", name, base)
				}
				continue
			}
			if err != nil || string(got) != plain {
				t.Errorf("%s: %s: got %q, %v, want %q", name, base, got, err, plain)
			}
			if base == "base58btc" {
				if s, err := multibase.Encode(multibase.Base58BTC, []byte(plain)); err != nil || s != text {
					t.Errorf("%s: encode: got %s, %v, want %s", name, s, err, text)
				}
			}
		}
	}
}

func TestMultikeyOtherBases(t *testing.T) {
	k := generate(t, Ed25519).Public()
	for base, name := range multibase.EncodingToStr {
		if base == multibase.Base58BTC {
			continue
		}
		s, err := multibase.Encode(base, k.Multicodec())
		if err != nil {
			continue
		}
		if _, err := ParseMultikey(s); err == nil {
			t.Errorf("a key in %s was accepted", name)
		}
	}
}

// TestDIDKeyVectors reads the keys and identifiers of the did:key test suite. Their documents are older than Multikey and are not read.
func TestDIDKeyVectors(t *testing.T) {
	for _, file := range []string{"ed25519-x25519.json", "nist-curves.json", "secp256k1.json"} {
		var cases map[string]struct {
			Seed                string
			VerificationMethod  keyPair
			VerificationKeyPair keyPair
			KeyAgreementKeyPair keyPair
		}
		readJSON(t, &cases, "did-key", file)
		for id, c := range cases {
			pair := c.VerificationMethod
			if pair.ID == "" {
				pair = c.VerificationKeyPair
			}
			k, err := ParseDIDKey(id)
			if strings.HasPrefix(id, "did:key:z2J9") { // P-521 is not in our table
				if !errors.Is(err, ErrUnsupported) {
					t.Errorf("%s: got %v, want ErrUnsupported", id, err)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s: %v", id, err)
				continue
			}
			if k.DIDKey() != id || k.DIDKeyURL() != id+"#"+strings.TrimPrefix(id, "did:key:") {
				t.Errorf("%s: written as %s, %s", id, k.DIDKey(), k.DIDKeyURL())
			}
			pair.check(t, k)
			if c.Seed != "" {
				p, err := NewPrivateKey(k.Algorithm(), unhex(t, c.Seed))
				if err != nil || !p.Public().Equal(k) {
					t.Errorf("%s: seed gives %v, %v", id, p, err)
					continue
				}
				if c.KeyAgreementKeyPair.ID != "" {
					c.KeyAgreementKeyPair.checkAgreement(t, p)
				}
			}
		}
	}
	var x struct{ DIDDocument map[string]any }
	readJSON(t, &x, "did-key", "x25519.json")
	for id := range x.DIDDocument {
		if k, err := ParseDIDKey(id); err != nil || k.Algorithm() != X25519 || k.DIDKey() != id {
			t.Errorf("%s: got %v, %v, want an X25519 key", id, k, err)
		}
	}
	var rsa, bls map[string]any
	readJSON(t, &rsa, "did-key", "rsa.json")
	for id := range rsa {
		if _, err := ParseDIDKey(id); err == nil {
			t.Errorf("%s: a key outside the table was accepted", id)
		}
	}
	readJSON(t, &bls, "did-key", "bls12381.json")
	for id := range bls {
		if k, err := ParseDIDKey(id); err != nil || k.Algorithm() != BLS12381G2 || k.DIDKey() != id {
			t.Errorf("%s: got %v, %v, want a key of BLS12-381 G2", id, k, err)
		}
	}
}

// keyPair is a key of the did:key suite in one of its two forms.
type keyPair struct {
	ID               string
	PublicKeyBase58  string
	PrivateKeyBase58 string
	PublicKeyJwk     json.RawMessage
	PrivateKeyJwk    json.RawMessage
}

func (p keyPair) check(t *testing.T, k PublicKey) {
	t.Helper()
	if p.PublicKeyBase58 != "" {
		_, raw, err := multibase.Decode("z" + p.PublicKeyBase58)
		if err != nil || !bytes.Equal(raw, k.Bytes()) {
			t.Errorf("%s: got %x, want %x (%v)", p.ID, k.Bytes(), raw, err)
		}
	}
	if p.PublicKeyJwk != nil {
		if got, err := ParseJWK(p.PublicKeyJwk); err != nil || !got.Equal(k) {
			t.Errorf("%s: publicKeyJwk: got %v, %v", p.ID, got, err)
		}
	}
	if p.PrivateKeyJwk != nil {
		got, err := ParsePrivateJWK(p.PrivateKeyJwk)
		if err != nil || !got.Public().Equal(k) {
			t.Errorf("%s: privateKeyJwk: got %v, %v", p.ID, got, err)
		}
		if _, err := ParseJWK(p.PrivateKeyJwk); !errors.Is(err, ErrPrivateJWK) {
			t.Errorf("%s: privateKeyJwk as a public key: got %v, want ErrPrivateJWK", p.ID, err)
		}
	}
}

// checkAgreement compares the X25519 key derived from the Ed25519 key k with the published one.
func (p keyPair) checkAgreement(t *testing.T, k *PrivateKey) {
	t.Helper()
	got, err := k.ToX25519()
	if err != nil {
		t.Errorf("%s: %v", p.ID, err)
		return
	}
	pub, err := k.Public().ToX25519()
	if err != nil || !pub.Equal(got.Public()) {
		t.Errorf("%s: public and private conversions differ: %v, %v, %v", p.ID, pub, got.Public(), err)
	}
	if want := p.ID[strings.IndexByte(p.ID, '#')+1:]; pub.Multikey() != want {
		t.Errorf("%s: got %s, want %s", p.ID, pub.Multikey(), want)
	}
	secret := hex.EncodeToString(clamp(got.Secret()))
	if p.PrivateKeyBase58 != "" {
		if _, want, err := multibase.Decode("z" + p.PrivateKeyBase58); err != nil || secret != hex.EncodeToString(clamp(want)) {
			t.Errorf("%s: private key differs (%v)", p.ID, err)
		}
	}
	if p.PrivateKeyJwk != nil {
		var jwk struct{ D string }
		if err := json.Unmarshal(p.PrivateKeyJwk, &jwk); err != nil {
			t.Fatal(err)
		}
		if want, err := base64.RawURLEncoding.DecodeString(jwk.D); err != nil || secret != hex.EncodeToString(clamp(want)) {
			t.Errorf("%s: private key differs (%v)", p.ID, err)
		}
	}
}

// clamp sets the bits that RFC 7748 fixes: some vectors hold the scalar before, some after.
func clamp(b []byte) []byte {
	b[0] &= 248
	b[31] = b[31]&127 | 64
	return b
}

func TestSM3Vectors(t *testing.T) {
	var cases []struct {
		Msg string `json:"msg_hex"`
		SM3 string
	}
	readJSON(t, &cases, "sm2-sm3", "sm3.json")
	for _, c := range cases {
		if got := sm3.Sum(unhex(t, c.Msg)); hex.EncodeToString(got[:]) != c.SM3 {
			t.Errorf("SM3(%s): got %x, want %s", c.Msg, got, c.SM3)
		}
	}
}
