package keys

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// pemAlgorithms are those that PEM holds here.
var pemAlgorithms = []Algorithm{Ed25519, P256, P384, X25519}

func TestPEMRoundTrip(t *testing.T) {
	for _, a := range Algorithms() {
		k := generate(t, a)
		text, err := k.MarshalPEM()
		public, err2 := k.Public().MarshalPublicPEM()
		if a == Secp256k1 || a == SM2 {
			if !errors.Is(err, ErrUnsupported) || !errors.Is(err2, ErrUnsupported) {
				t.Errorf("%v: got %v and %v, want ErrUnsupported", a, err, err2)
			}
			continue
		}
		if err != nil || err2 != nil {
			t.Errorf("%v: %v, %v", a, err, err2)
			continue
		}
		got, err := ParsePEM(text)
		if err != nil || !bytes.Equal(got.Secret(), k.Secret()) {
			t.Errorf("%v: ParsePEM(MarshalPEM()): got %v, %v", a, got, err)
		}
		if got, err := ParsePublicPEM(public); err != nil || !got.Equal(k.Public()) {
			t.Errorf("%v: ParsePublicPEM(MarshalPublicPEM()): got %v, %v", a, got, err)
		}
		crlf := bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))
		if got, err := ParsePEM(crlf); err != nil || !got.Public().Equal(k.Public()) {
			t.Errorf("%v: with CRLF: got %v, %v", a, got, err)
		}
		if k, err := ParsePublicPEM(text); err == nil {
			t.Errorf("%v: a private key was read as a public one: %v", a, k)
		}
		if k, err := ParsePEM(public); err == nil {
			t.Errorf("%v: a public key was read as a private one: %v", a, k)
		}
	}
}

// TestOpenSSL exchanges keys and signatures with openssl, where the machine has it.
func TestOpenSSL(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed")
	}
	dir := t.TempDir()
	run := func(args ...string) []byte {
		t.Helper()
		cmd := exec.Command(openssl, args...)
		cmd.Dir = dir
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("openssl %s: %v", strings.Join(args, " "), err)
		}
		return out
	}
	ec := func(curve string) []string {
		return []string{"genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:" + curve}
	}
	for _, tt := range []struct {
		name string
		alg  Algorithm
		args []string
	}{
		{"Ed25519", Ed25519, []string{"genpkey", "-algorithm", "ed25519"}},
		{"X25519", X25519, []string{"genpkey", "-algorithm", "x25519"}},
		{"P-256", P256, ec("P-256")},
		{"P-384", P384, ec("P-384")},
		{"P-256 SEC 1 with parameters", P256, []string{"ecparam", "-name", "prime256v1", "-genkey"}},
		{"P-384 SEC 1", P384, []string{"ecparam", "-name", "secp384r1", "-genkey", "-noout"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := run(tt.args...)
			k, err := ParsePEM(text)
			if err != nil || k.Algorithm() != tt.alg {
				t.Fatalf("ParsePEM: got %v, %v, want a key of %v", k, err, tt.alg)
			}
			key := filepath.Join(dir, "key.pem")
			if err := os.WriteFile(key, text, 0o600); err != nil {
				t.Fatal(err)
			}
			public := run("pkey", "-in", key, "-pubout")
			if got, err := ParsePublicPEM(public); err != nil || !got.Equal(k.Public()) {
				t.Errorf("ParsePublicPEM: got %v, %v, want %v", got, err, k.Public())
			}
			if got, err := k.Public().MarshalPublicPEM(); err != nil || !bytes.Equal(got, public) {
				t.Errorf("MarshalPublicPEM: got %s, %v, want %s", got, err, public)
			}
			ours, err := k.MarshalPEM()
			if err != nil {
				t.Fatal(err)
			}
			if want := run("pkcs8", "-topk8", "-nocrypt", "-in", key); !bytes.Equal(ours, want) {
				t.Error("MarshalPEM: not the bytes that openssl writes")
			}
			if tt.alg == P256 || tt.alg == P384 {
				opensslSignatures(t, run, dir, key, k)
			}
		})
	}
	t.Run("refused", func(t *testing.T) {
		for name, args := range map[string][]string{
			"RSA":             {"genrsa", "1024"},
			"Ed448":           {"genpkey", "-algorithm", "ed448"},
			"P-521":           ec("P-521"),
			"secp256k1":       ec("secp256k1"),
			"parameters only": {"ecparam", "-name", "prime256v1"},
			"explicit curve":  {"ecparam", "-name", "prime256v1", "-genkey", "-param_enc", "explicit"},
			"encrypted":       {"pkcs8", "-topk8", "-in", "key.pem", "-passout", "pass:secret"},
			"encrypted SEC 1": {"ec", "-in", "key.pem", "-aes128", "-passout", "pass:secret"},
			"public":          {"pkey", "-in", "key.pem", "-pubout"},
		} {
			if k, err := ParsePEM(run(args...)); err == nil {
				t.Errorf("%s: got %v, want an error", name, k)
			} else if !strings.HasPrefix(err.Error(), "keys: ") {
				t.Errorf("%s: got %v, want an error of this package", name, err)
			}
		}
	})
}

// opensslSignatures verifies a signature each way.
func opensslSignatures(t *testing.T, run func(...string) []byte, dir, key string, k *PrivateKey) {
	t.Helper()
	hash := map[Algorithm]string{P256: "-sha256", P384: "-sha384"}[k.Algorithm()]
	msg, sig := filepath.Join(dir, "msg"), filepath.Join(dir, "sig")
	body := []byte("signed by the one, verified by the other")
	if err := os.WriteFile(msg, body, 0o600); err != nil {
		t.Fatal(err)
	}
	raw, err := rawFromDER(run("dgst", hash, "-sign", key, msg), k.Algorithm().SignatureSize())
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Public().Verify(body, raw); err != nil {
		t.Errorf("signature of openssl: %v", err)
	}
	if err := os.WriteFile(sig, appendDER(nil, sign(t, k, body)), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := run("dgst", hash, "-prverify", key, "-signature", sig, msg); !strings.Contains(string(out), "Verified OK") {
		t.Errorf("our signature: openssl says %s", out)
	}
}

func TestPEMFaults(t *testing.T) {
	k := generate(t, P256)
	good, err := k.MarshalPEM()
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(good)
	other := func(typ string, der []byte, headers map[string]string) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: typ, Bytes: der, Headers: headers})
	}
	lines := strings.Split(strings.TrimSpace(string(good)), "\n")
	body := strings.Join(lines[1:len(lines)-1], "")
	public, err := k.Public().MarshalPublicPEM()
	if err != nil {
		t.Fatal(err)
	}
	spki, _ := pem.Decode(public)
	params := other("EC PARAMETERS", []byte{6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7}, nil)
	for fault, text := range map[string][]byte{
		"empty":                      nil,
		"text before":                append([]byte("Key:\n"), good...),
		"text after":                 append(bytes.Clone(good), "done\n"...),
		"two keys":                   append(bytes.Clone(good), good...),
		"broken block, then a key":   append([]byte("-----BEGIN PRIVATE KEY-----\n????\n-----END PRIVATE KEY-----\n"), good...),
		"broken block after the key": append(bytes.Clone(good), "-----BEGIN PRIVATE KEY-----\n"...),
		"one long line":              []byte(lines[0] + "\n" + body + "\n" + lines[len(lines)-1] + "\n"),
		"no end":                     good[:len(good)-10],
		"header":                     other("PRIVATE KEY", block.Bytes, map[string]string{"Comment": "x"}),
		"encrypted, old form":        other("EC PRIVATE KEY", block.Bytes, map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "x"}),
		"encrypted":                  other("ENCRYPTED PRIVATE KEY", block.Bytes, nil),
		"type in lower case":         other("private key", block.Bytes, nil),
		"certificate":                other("CERTIFICATE", block.Bytes, nil),
		"PKCS#8 named SEC 1":         other("EC PRIVATE KEY", block.Bytes, nil),
		"trailing byte in DER":       other("PRIVATE KEY", append(bytes.Clone(block.Bytes), 0), nil),
		"DER cut short":              other("PRIVATE KEY", block.Bytes[:len(block.Bytes)-1], nil),
		"empty DER":                  other("PRIVATE KEY", nil, nil),
		"other public key inside":    other("PRIVATE KEY", flip(block.Bytes, 8*len(block.Bytes)-1), nil),
		"parameters, then PKCS#8":    append(bytes.Clone(params), good...),
		"parameters twice":           append(append(bytes.Clone(params), params...), good...),
		"public key":                 public,
	} {
		if k, err := ParsePEM(text); err == nil {
			t.Errorf("ParsePEM: %s: got %v, want an error", fault, k)
		}
	}
	for fault, text := range map[string][]byte{
		"empty":                nil,
		"text before":          append([]byte("Key:\n"), public...),
		"two keys":             append(bytes.Clone(public), public...),
		"trailing byte in DER": other("PUBLIC KEY", append(bytes.Clone(spki.Bytes), 0), nil),
		"point off the curve":  other("PUBLIC KEY", flip(spki.Bytes, 8*len(spki.Bytes)-1), nil),
		"private key":          good,
		"certificate":          other("CERTIFICATE", spki.Bytes, nil),
		"Ed25519, small order": other("PUBLIC KEY", append(unhex(t, "302a300506032b6570032100"), make([]byte, 32)...), nil),
	} {
		if k, err := ParsePublicPEM(text); err == nil {
			t.Errorf("ParsePublicPEM: %s: got %v, want an error", fault, k)
		}
	}
}

// TestPEMVersion2 reads the form of RFC 5958 that carries the public key beside an Ed25519 key, and refuses a wrong one.
func TestPEMVersion2(t *testing.T) {
	k := generate(t, Ed25519)
	inner, err := asn1.Marshal(k.Secret())
	if err != nil {
		t.Fatal(err)
	}
	build := func(public []byte) []byte {
		type algorithm struct{ OID asn1.ObjectIdentifier }
		der, err := asn1.Marshal(struct {
			Version int
			Alg     algorithm
			Key     []byte
			Public  asn1.BitString `asn1:"tag:1"`
		}{1, algorithm{asn1.ObjectIdentifier{1, 3, 101, 112}}, inner, asn1.BitString{Bytes: public, BitLength: 8 * len(public)}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := x509.ParsePKCS8PrivateKey(der); err != nil {
			t.Fatalf("the test's own encoding: %v", err)
		}
		return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	}
	if got, err := ParsePEM(build(k.Public().Bytes())); err != nil || !got.Public().Equal(k.Public()) {
		t.Errorf("got %v, %v, want the key", got, err)
	}
	if got, err := ParsePEM(build(generate(t, Ed25519).Public().Bytes())); err == nil {
		t.Errorf("another public key inside: got %v, want an error", got)
	}
}

func TestFromStandard(t *testing.T) {
	for _, bad := range []any{nil, "key", []byte{1}, 1} {
		if k, err := FromStandard(bad); !errors.Is(err, ErrUnsupported) || !k.IsZero() {
			t.Errorf("FromStandard(%T): got %v, %v, want ErrUnsupported", bad, k, err)
		}
	}
}

func TestECDH(t *testing.T) {
	for _, a := range Algorithms() {
		one, two := generate(t, a), generate(t, a)
		s1, err1 := one.ECDH(two.Public())
		s2, err2 := two.ECDH(one.Public())
		if a != X25519 && a != P256 && a != P384 {
			if !errors.Is(err1, ErrUnsupported) {
				t.Errorf("%v: got %v, want ErrUnsupported", a, err1)
			}
			continue
		}
		if err1 != nil || err2 != nil || !bytes.Equal(s1, s2) || len(s1) != a.SecretSize() {
			t.Errorf("%v: got %d bytes, %v and %d bytes, %v, want the same secret", a, len(s1), err1, len(s2), err2)
		}
		if _, err := one.ECDH(generate(t, Ed25519).Public()); err == nil {
			t.Errorf("%v: agreed with an Ed25519 key", a)
		}
	}
}
