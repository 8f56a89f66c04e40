package keys

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/emmansun/gmsm/sm2"

	"github.com/realdid/realdid/internal/vectors"
)

// readJSON decodes a file of official vectors into v. A file that the folder does not hold skips the test.
func readJSON(tb testing.TB, v any, topic, name string) {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join(vectors.Dir(tb, topic), name))
	if errors.Is(err, os.ErrNotExist) && os.Getenv("REALDID_VECTORS_REQUIRED") != "1" {
		tb.Skipf("no vectors %s/%s", topic, name)
	}
	if err != nil {
		tb.Fatal(err)
	}
	if err := json.Unmarshal(b, v); err != nil {
		tb.Fatalf("%s: %v", name, err)
	}
}

func unhex(tb testing.TB, s string) []byte {
	tb.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		tb.Fatalf("hex %q: %v", s, err)
	}
	return b
}

// wycheproof is the part of the signature and agreement schemas that the tests read.
type wycheproof struct {
	NumberOfTests int
	TestGroups    []struct {
		PublicKey struct {
			PK           string // Ed25519
			Uncompressed string // ECDSA
		}
		PublicKeyPem string
		PublicKeyJwk json.RawMessage
		Tests        []struct {
			TcID    int
			Comment string
			Flags   []string
			Msg     string
			Sig     string
			Public  string
			Private string
			Shared  string
			Result  string
		}
	}
}

func TestWycheproofEd25519(t *testing.T) {
	var w wycheproof
	readJSON(t, &w, "wycheproof", "ed25519_test.json")
	ran := 0
	for _, g := range w.TestGroups {
		k, err := NewPublicKey(Ed25519, unhex(t, g.PublicKey.PK))
		if err != nil {
			t.Errorf("key %s: %v", g.PublicKey.PK, err)
			continue
		}
		sameKey(t, k, g.PublicKeyPem, g.PublicKeyJwk)
		for _, tt := range g.Tests {
			ran++
			err := k.Verify(unhex(t, tt.Msg), unhex(t, tt.Sig))
			if got := err == nil; got != (tt.Result == "valid") {
				t.Errorf("test %d (%s): got %v, want %s", tt.TcID, tt.Comment, err, tt.Result)
			}
		}
	}
	if ran != w.NumberOfTests {
		t.Errorf("ran %d tests, the file has %d", ran, w.NumberOfTests)
	}
}

func TestWycheproofECDSA(t *testing.T) {
	for _, tt := range []struct {
		file string
		alg  Algorithm
	}{
		{"ecdsa_secp256r1_sha256_p1363_test.json", P256},
		{"ecdsa_secp384r1_sha384_p1363_test.json", P384},
		{"ecdsa_secp256k1_sha256_p1363_test.json", Secp256k1},
	} {
		t.Run(tt.alg.String(), func(t *testing.T) { wycheproofECDSA(t, tt.file, tt.alg) })
	}
}

func wycheproofECDSA(t *testing.T, file string, a Algorithm) {
	var w wycheproof
	readJSON(t, &w, "wycheproof", file)
	ran, high := 0, 0
	for _, g := range w.TestGroups {
		full := unhex(t, g.PublicKey.Uncompressed)
		k, err := newAffine(a, full)
		if err != nil {
			t.Errorf("key %s: %v", g.PublicKey.Uncompressed, err)
			continue
		}
		if k2, err := NewPublicKey(a, k.Bytes()); err != nil || !k2.Equal(k) || !bytes.Equal(k2.p.y[:], k.p.y[:]) {
			t.Errorf("key %s: compressed form: got %v, %v, want the same point", g.PublicKey.Uncompressed, k2, err)
		}
		pem := g.PublicKeyPem
		if a == Secp256k1 {
			pem = "" // the standard library reads no certificates and SPKI of this curve
		}
		sameKey(t, k, pem, g.PublicKeyJwk)
		for _, tt := range g.Tests {
			ran++
			msg, sig := unhex(t, tt.Msg), unhex(t, tt.Sig)
			err := k.Verify(msg, sig)
			if got := err == nil; got != (tt.Result == "valid") {
				t.Errorf("test %d (%s): got %v, want %s", tt.TcID, tt.Comment, err, tt.Result)
			}
			if err != nil {
				continue
			}
			isLow := bytes.Compare(sig[len(sig)/2:], a.order().half) <= 0
			if err := k.VerifyLowS(msg, sig); (err == nil) != isLow {
				t.Errorf("test %d (%s): VerifyLowS: got %v with low s %v", tt.TcID, tt.Comment, err, isLow)
			}
			if !isLow {
				high++
			}
		}
	}
	if ran != w.NumberOfTests {
		t.Errorf("ran %d tests, the file has %d", ran, w.NumberOfTests)
	}
	if high == 0 {
		t.Error("no vector with a high s: the test shows less than it means to")
	}
}

// sameKey checks that the PEM and JWK forms which a vector states are read as k and written from k.
func sameKey(t *testing.T, k PublicKey, pem string, jwk []byte) {
	t.Helper()
	if pem != "" {
		if got, err := ParsePublicPEM([]byte(pem)); err != nil || !got.Equal(k) {
			t.Errorf("ParsePublicPEM: got %v, %v, want %v", got, err, k)
		}
		if got, err := k.MarshalPublicPEM(); err != nil || !bytes.Equal(bytes.TrimSpace(got), bytes.TrimSpace([]byte(pem))) {
			t.Errorf("MarshalPublicPEM: got %s, %v, want %s", got, err, pem)
		}
	}
	if jwk != nil {
		if got, err := ParseJWK(jwk); err != nil || !got.Equal(k) {
			t.Errorf("ParseJWK(%s): got %v, %v, want %v", jwk, got, err, k)
		}
	}
	if got, err := ParseJWK(k.JWK()); err != nil || !got.Equal(k) {
		t.Errorf("ParseJWK(JWK()): got %v, %v, want %v", got, err, k)
	}
}

// TestWycheproofX25519 wants the stated result, and refusal of the keys that we refuse on purpose: encodings that are not canonical,
// and points of small order.
func TestWycheproofX25519(t *testing.T) {
	var w wycheproof
	readJSON(t, &w, "wycheproof", "x25519_test.json")
	ran := 0
	for _, g := range w.TestGroups {
		for _, tt := range g.Tests {
			ran++
			peer, err := NewPublicKey(X25519, unhex(t, tt.Public))
			refuse := slices.Contains(tt.Flags, "NonCanonicalPublic") || slices.Contains(tt.Flags, "ZeroSharedSecret")
			if got := err != nil; got != refuse {
				t.Errorf("test %d (%s %v): key: got %v, want refusal %v", tt.TcID, tt.Comment, tt.Flags, err, refuse)
			}
			if err != nil {
				continue
			}
			k, err := NewPrivateKey(X25519, unhex(t, tt.Private))
			if err != nil {
				t.Errorf("test %d (%s): private key: %v", tt.TcID, tt.Comment, err)
				continue
			}
			got, err := k.ECDH(peer)
			if err != nil || !bytes.Equal(got, unhex(t, tt.Shared)) {
				t.Errorf("test %d (%s): got %x, %v, want %s", tt.TcID, tt.Comment, got, err, tt.Shared)
			}
		}
	}
	if ran != w.NumberOfTests {
		t.Errorf("ran %d tests, the file has %d", ran, w.NumberOfTests)
	}
}

// TestCCTVEd25519 reads the edge cases of keys and of R that C2SP publishes, where the folder holds them. The rule of this package
// refuses keys of small order and keys that are not canonical, R that is not canonical, and what only the equation with the
// cofactor accepts.
func TestCCTVEd25519(t *testing.T) {
	var cases []struct {
		Number        int
		Key, Sig, Msg string
		Flags         []string
	}
	dir := vectors.Dir(t, "wycheproof")
	if _, err := os.Stat(filepath.Join(dir, "ed25519vectors.json")); err != nil {
		t.Skip("no vectors wycheproof/ed25519vectors.json; TestEd25519Rule makes such cases itself")
	}
	readJSON(t, &cases, "wycheproof", "ed25519vectors.json")
	for _, c := range cases {
		want := true
		for _, f := range c.Flags {
			switch f {
			case "low_order_A", "non_canonical_A", "non_canonical_R", "low_order_residue":
				want = false
			}
		}
		k, err := NewPublicKey(Ed25519, unhex(t, c.Key))
		if err == nil {
			err = k.Verify([]byte(c.Msg), unhex(t, c.Sig))
		}
		if got := err == nil; got != want {
			t.Errorf("case %d %v: got %v, want accepted %v", c.Number, c.Flags, err, want)
		}
	}
}

func TestSM2Vectors(t *testing.T) {
	var file struct {
		Tests []struct {
			Name    string
			ID      string `json:"id_hex"`
			Msg     string `json:"msg_hex"`
			XY      string `json:"public_xy_hex"`
			Private string `json:"private_hex"`
			Sig     string `json:"sig_raw_hex"`
			Valid   bool
		}
	}
	readJSON(t, &file, "sm2-sm3", "sm2.json")
	for _, tt := range file.Tests {
		t.Run(tt.Name, func(t *testing.T) {
			k, err := newAffine(SM2, append([]byte{4}, unhex(t, tt.XY)...))
			if err != nil {
				t.Fatal(err)
			}
			za, err := sm2.CalculateZA(k.p.ec, unhex(t, tt.ID))
			if err != nil {
				t.Fatal(err)
			}
			if usual := string(unhex(t, tt.ID)) == "1234567812345678"; usual != bytes.Equal(za, k.p.za[:]) {
				t.Errorf("identifier %s: our keys use it: %v", tt.ID, !usual)
			}
			copy(k.p.za[:], za) // one vector has another identifier, which we never use
			err = k.Verify(unhex(t, tt.Msg), unhex(t, tt.Sig))
			if got := err == nil; got != tt.Valid {
				t.Errorf("Verify: got %v, want valid %v", err, tt.Valid)
			}
			if tt.Private == "" {
				return
			}
			p, err := NewPrivateKey(SM2, unhex(t, tt.Private))
			if err != nil || !p.Public().Equal(k) {
				t.Errorf("NewPrivateKey: got %v, %v, want the key %v", p, err, k)
			}
		})
	}
}
