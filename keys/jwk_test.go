package keys

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
)

// TestWycheproofJWK takes the key sets of json_web_key_test whose key has a type of our table; the JWS beside each is
// checked with it. A set counts as refused if its key is not read or does not verify the JWS.
func TestWycheproofJWK(t *testing.T) {
	type keySet struct{ Keys []json.RawMessage }
	var file struct {
		NumberOfTests int
		TestGroups    []struct {
			Comment         string
			Public, Private *keySet
			Tests           []struct {
				TcID            int
				Comment, Result string
				JWS             string
			}
		}
	}
	readJSON(t, &file, "wycheproof", "json_web_key_test.json")
	ran, skipped := 0, 0
	for _, g := range file.TestGroups {
		set := g.Public
		if set == nil {
			set = g.Private
		}
		for _, tt := range g.Tests {
			reason := jwkSkip(t, set.Keys)
			if reason != "" {
				skipped++
				t.Logf("test %d (%s, %s) not for this package: %s", tt.TcID, g.Comment, tt.Comment, reason)
				continue
			}
			ran++
			err := verifyJWS(set.Keys[0], tt.JWS)
			if got := err == nil; got != (tt.Result == "valid") {
				t.Errorf("test %d (%s, %s): got %v, want %s", tt.TcID, g.Comment, tt.Comment, err, tt.Result)
			}
		}
	}
	if ran+skipped != file.NumberOfTests || ran < 6 {
		t.Errorf("ran %d and left out %d of %d tests", ran, skipped, file.NumberOfTests)
	}
}

// jwkSkip returns why a key set says nothing about this package, "" if it does.
func jwkSkip(t *testing.T, set []json.RawMessage) string {
	if len(set) != 1 {
		return "the choice among the keys of a set belongs to the caller"
	}
	var k struct{ Kty, N, K string }
	if err := json.Unmarshal(set[0], &k); err != nil {
		t.Fatal(err)
	}
	_, err := ParseJWK(set[0])
	switch {
	case k.Kty == "oct":
		if err == nil {
			t.Error("a symmetric key was accepted")
		}
		return "symmetric keys are refused, whatever their length"
	case k.N != "":
		if err == nil {
			t.Error("an RSA key was accepted")
		}
		return "RSA is refused, valid or not"
	}
	return ""
}

// verifyJWS checks a compact JWS as far as the key is concerned: its algorithm is that of the header.
func verifyJWS(jwk []byte, jws string) error {
	k, err := ParseJWK(jwk)
	if err != nil {
		return err
	}
	parts := strings.Split(jws, ".")
	sig, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return err
	}
	return k.Verify([]byte(parts[0]+"."+parts[1]), sig)
}

// TestWycheproofJWS shows that the JWS of the group which refuses a modified key do verify with the key as it was: without that, a test
// above could pass for another reason.
func TestWycheproofJWS(t *testing.T) {
	const key = `{"x":"04N0xi21hshyvBp7I167sbE_bXqyqkAPfefdklMO7wY","y":"UI8exy-C06a7DUnjIdENkxeFtHM4-l_41LqEw9nVgmw","crv":"P-256","kty":"EC"}`
	const jws = "eyJhbGciOiJFUzI1NiIsImtpZCI6ImtpZC1lYy1zaWduIn0.Zm9v.5cA0OHyMP7ezamUd5c9kV-FrGxdx4hbGXOdplQkutrqWrte5P-pAvsE3Ve6xSyU3YDQwUHjVVOtvcrEbbnZ8yA"
	if err := verifyJWS([]byte(key), jws); err != nil {
		t.Errorf("got %v, want nil", err)
	}
}

func TestJWKRoundTrip(t *testing.T) {
	for _, a := range Algorithms() {
		k := generate(t, a)
		if a == SM2 {
			if k.Public().JWK() != nil || k.Public().Thumbprint() != "" {
				t.Error("SM2 has a JWK or a thumbprint, want none")
			}
			if _, err := k.PrivateJWK(); err == nil {
				t.Error("SM2 has a private JWK, want an error")
			}
			continue
		}
		got, err := ParseJWK(k.Public().JWK())
		if err != nil || !got.Equal(k.Public()) {
			t.Errorf("%v: public: got %v, %v, want the same key", a, got, err)
		}
		private, err := k.PrivateJWK()
		if err != nil {
			t.Fatalf("%v: %v", a, err)
		}
		got2, err := ParsePrivateJWK(private)
		if err != nil || !bytes.Equal(got2.Secret(), k.Secret()) {
			t.Errorf("%v: private: got %v, %v, want the same key", a, got2, err)
		}
		var v map[string]string
		if err := json.Unmarshal(private, &v); err != nil {
			t.Errorf("%v: private JWK is not JSON: %v", a, err)
		}
		sorted, err := json.Marshal(v)
		if err != nil || !bytes.Equal(sorted, private) {
			t.Errorf("%v: members are not in order", a)
		}
		if _, err := ParsePrivateJWK(k.Public().JWK()); err == nil {
			t.Errorf("%v: a public JWK was read as a private one", a)
		}
	}
}

// TestThumbprint compares with the hash over what encoding/json writes in sorted order, and with the published value of RFC 8037, A.3.
func TestThumbprint(t *testing.T) {
	const rfc8037 = `{"crv":"Ed25519","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`
	k, err := ParseJWK([]byte(rfc8037))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(k.JWK()), rfc8037; got != want {
		t.Errorf("JWK: got %s, want %s", got, want)
	}
	if got, want := k.Thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"; got != want {
		t.Errorf("Thumbprint: got %s, want %s", got, want)
	}
	ec := generate(t, P256).Public()
	var v map[string]string
	if err := json.Unmarshal(ec.JWK(), &v); err != nil {
		t.Fatal(err)
	}
	sorted, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(sorted)
	if got, want := ec.Thumbprint(), base64.RawURLEncoding.EncodeToString(sum[:]); got != want {
		t.Errorf("Thumbprint: got %s, want %s", got, want)
	}
}

func TestJWKUse(t *testing.T) {
	p256 := generate(t, P256).Public()
	x := generate(t, X25519).Public()
	ed := generate(t, Ed25519).Public()
	with := func(k PublicKey, members string) []byte {
		return []byte(strings.TrimSuffix(string(k.JWK()), "}") + members + "}")
	}
	for _, tt := range []struct {
		key     PublicKey
		members string
		want    Use // 0 is refused
	}{
		{p256, ``, UseSignature | UseAgreement},
		{p256, `,"use":"sig"`, UseSignature},
		{p256, `,"use":"enc"`, UseAgreement},
		{p256, `,"alg":"ES256"`, UseSignature},
		{p256, `,"alg":"ECDH-ES"`, UseAgreement},
		{p256, `,"alg":"ES256","use":"enc"`, 0},
		{p256, `,"alg":"ES384"`, 0},
		{p256, `,"key_ops":["verify"]`, UseSignature},
		{p256, `,"key_ops":["sign"]`, 0},
		{p256, `,"key_ops":[]`, UseAgreement},
		{p256, `,"key_ops":["deriveBits","verify"]`, UseSignature | UseAgreement},
		{p256, `,"key_ops":["verify","verify"]`, 0},
		{p256, `,"key_ops":"verify"`, 0},
		{p256, `,"key_ops":[1]`, 0},
		{p256, `,"use":"other"`, 0},
		{p256, `,"use":1`, 0},
		{p256, `,"alg":null`, 0},
		{ed, `,"alg":"EdDSA"`, UseSignature},
		{ed, `,"alg":"Ed25519","use":"sig","key_ops":["verify"]`, UseSignature},
		{ed, `,"use":"enc"`, 0},
		{ed, `,"alg":"none"`, 0},
		{x, ``, UseAgreement},
		{x, `,"use":"enc","alg":"ECDH-ES+A256KW","key_ops":[]`, UseAgreement},
		{x, `,"use":"sig"`, 0},
		{x, `,"alg":"EdDSA"`, 0},
	} {
		jwk := with(tt.key, tt.members)
		_, got, err := ParseJWKUse(jwk)
		if got != tt.want || (err == nil) != (tt.want != 0) {
			t.Errorf("ParseJWKUse with %s on %v: got %v, %v, want %v", tt.members, tt.key.Algorithm(), got, err, tt.want)
		}
		_, err = ParseJWK(jwk)
		if want := tt.want.allows(tt.key.Algorithm()); (err == nil) != want {
			t.Errorf("ParseJWK with %s on %v: got %v, want accepted %v", tt.members, tt.key.Algorithm(), err, want)
		}
	}
}

func TestPrivateJWKFaults(t *testing.T) {
	k, other := generate(t, P256), generate(t, P256)
	jwk := func(k *PrivateKey) string {
		b, err := k.PrivateJWK()
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	d := func(secret []byte) string { return `"d":"` + b64.EncodeToString(secret) + `"` }
	good := jwk(k)
	own := d(k.Secret())
	for fault, s := range map[string]string{
		"empty":                  "",
		"public":                 string(k.Public().JWK()),
		"d of another key":       strings.Replace(good, own, d(other.Secret()), 1),
		"d is zero":              strings.Replace(good, own, d(make([]byte, 32)), 1),
		"d is the order":         strings.Replace(good, own, d(orderP256.n), 1),
		"d one byte short":       strings.Replace(good, own, d(k.Secret()[1:]), 1),
		"d is a number":          strings.Replace(good, own, `"d":1`, 1),
		"d twice":                strings.TrimSuffix(good, "}") + "," + own + "}",
		"x missing":              strings.Replace(good, `"x"`, `"X"`, 1),
		"use enc":                strings.TrimSuffix(good, "}") + `,"use":"enc"}`,
		"alg of another curve":   strings.TrimSuffix(good, "}") + `,"alg":"ES384"}`,
		"key_ops without sign":   strings.TrimSuffix(good, "}") + `,"key_ops":["verify"]}`,
		"Ed25519 with wrong d":   strings.Replace(jwk(generate(t, Ed25519)), `"d":"`, `"d":"AAAA`, 1),
		"data after the object":  good + good,
		"crv outside the table":  strings.Replace(good, "P-256", "P-521", 1),
		"symmetric, not a table": `{"kty":"oct","k":"AAAA"}`,
	} {
		got, err := ParsePrivateJWK([]byte(s))
		if err == nil {
			t.Errorf("%s: got %v, want an error", fault, got)
		} else if strings.Contains(err.Error(), b64.EncodeToString(k.Secret())) {
			t.Errorf("%s: the error holds the secret", fault)
		}
	}
	for name, members := range map[string]string{"sign": `,"key_ops":["sign"],"alg":"ES256","use":"sig"}`, "kid": `,"kid":"1"}`} {
		if _, err := ParsePrivateJWK([]byte(strings.TrimSuffix(good, "}") + members)); err != nil {
			t.Errorf("%s: got %v, want nil", name, err)
		}
	}
}
