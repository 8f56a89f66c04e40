package jws_test

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/keys/jws"
)

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

func generate(tb testing.TB, a keys.Algorithm) *keys.PrivateKey {
	k, err := keys.Generate(a)
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

func TestRoundTrip(t *testing.T) {
	for _, a := range []keys.Algorithm{keys.Ed25519, keys.P256, keys.P384, keys.Secp256k1} {
		k := generate(t, a)
		b, err := jws.Sign(t.Context(), k, &jws.Parameters{Type: "x+jwt", ContentType: "y", KeyID: "did:example:a#b", More: map[string]any{"z": 1}}, []byte(`{"a":1}`))
		if err != nil {
			t.Fatal(a, err)
		}
		got, err := jws.Parse(b, nil)
		if err != nil {
			t.Fatal(a, err)
		}
		h := &got.Header
		if h.Algorithm != a || h.Type != "x+jwt" || h.ContentType != "y" || h.KeyID != "did:example:a#b" || !h.Has("z") || h.Has("x5c") {
			t.Errorf("%v: got header %s", a, h.Value.Raw())
		}
		if string(got.Payload) != `{"a":1}` {
			t.Errorf("%v: got payload %q", a, got.Payload)
		}
		if err := got.Verify(k.Public()); err != nil {
			t.Errorf("%v: got %v, want a valid signature", a, err)
		}
		if err := got.Verify(generate(t, a).Public()); !errors.Is(err, keys.ErrSignature) {
			t.Errorf("%v: got %v for another key, want ErrSignature", a, err)
		}
	}
}

// TestVerifyAlgorithm: a header may not choose another algorithm than the key's, even if both have signatures of one size.
func TestVerifyAlgorithm(t *testing.T) {
	k := generate(t, keys.P256)
	b, err := jws.Append(t.Context(), nil, k, []byte(`{"alg":"ES256K"}`), []byte("payload"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := jws.Parse(b, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := got.Verify(k.Public()); !errors.Is(err, jws.ErrKey) {
		t.Errorf("got %v, want ErrKey", err)
	}
	if err := got.Verify(keys.PublicKey{}); err == nil {
		t.Error("no key verified a signature")
	}
}

func TestParseRefuses(t *testing.T) {
	sig := strings.Repeat("A", 86)
	header := b64(`{"alg":"EdDSA"}`)
	token := func(header string) string { return b64(header) + "." + b64("x") + "." + sig }
	for _, c := range []struct {
		name, in string
		want     error
	}{
		{"empty", "", jws.ErrSyntax},
		{"two parts", header + "." + b64("x"), jws.ErrSyntax},
		{"four parts", header + "." + b64("x") + "." + sig + "." + sig, jws.ErrSyntax},
		{"no header", "." + b64("x") + "." + sig, jws.ErrSyntax},
		{"no payload", header + ".." + sig, jws.ErrSyntax},
		{"no signature", header + "." + b64("x") + ".", jws.ErrSyntax},
		{"padding", header + "." + b64("x") + "==." + sig, jws.ErrBase64},
		{"line end", header + "." + b64("x") + "." + sig + "\n", jws.ErrBase64},
		{"standard alphabet", header + ".+/+/." + sig, jws.ErrBase64},
		{"spare bits", header + ".eB." + sig, jws.ErrBase64},
		{"header is no JSON", token("{"), jws.ErrJSON},
		{"duplicate alg", token(`{"alg":"EdDSA","alg":"none"}`), jws.ErrJSON},
		{"duplicate alg, escaped", token(`{"alg":"EdDSA","\u0061lg":"none"}`), jws.ErrJSON},
		{"trailing header data", token(`{"alg":"EdDSA"}{}`), jws.ErrJSON},
		{"header is an array", token(`["alg"]`), jws.ErrHeader},
		{"no alg", token(`{}`), jws.ErrAlgorithm},
		{"alg none", token(`{"alg":"none"}`), jws.ErrAlgorithm},
		{"alg None", token(`{"alg":"None"}`), jws.ErrAlgorithm},
		{"alg in capitals", token(`{"alg":"EDDSA"}`), jws.ErrAlgorithm},
		{"alg HS256", token(`{"alg":"HS256"}`), jws.ErrAlgorithm},
		{"alg ES512", token(`{"alg":"ES512"}`), jws.ErrAlgorithm},
		{"alg is a number", token(`{"alg":1}`), jws.ErrAlgorithm},
		{"ALG for alg", token(`{"ALG":"EdDSA"}`), jws.ErrAlgorithm},
		{"typ is a number", token(`{"alg":"EdDSA","typ":1}`), jws.ErrType},
		{"crit", token(`{"alg":"EdDSA","crit":["x"],"x":1}`), jws.ErrCritical},
		{"empty crit", token(`{"alg":"EdDSA","crit":[]}`), jws.ErrCritical},
		{"b64", token(`{"alg":"EdDSA","b64":false}`), jws.ErrCritical},
	} {
		if _, err := jws.Parse([]byte(c.in), nil); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
}

func TestLimits(t *testing.T) {
	k := generate(t, keys.Ed25519)
	b, err := jws.Sign(t.Context(), k, nil, make([]byte, 1000))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := jws.Parse(b, &jws.Options{MaxSize: len(b) - 1}); !errors.Is(err, jws.ErrSize) {
		t.Errorf("got %v for a token over the limit, want ErrSize", err)
	}
	if _, err := jws.Parse(b, &jws.Options{MaxSize: len(b)}); err != nil {
		t.Errorf("got %v at the limit", err)
	}
	if b, err = jws.Sign(t.Context(), k, nil, make([]byte, jws.MaxSize)); err != nil {
		t.Fatal(err)
	}
	if _, err := jws.Parse(b, nil); !errors.Is(err, jws.ErrSize) {
		t.Errorf("got %v for a token over the default limit, want ErrSize", err)
	}
	long := map[string]any{"x": strings.Repeat("x", jws.MaxHeaderSize)}
	if _, err := jws.Sign(t.Context(), k, &jws.Parameters{More: long}, nil); err == nil {
		t.Error("a header over the limit was signed")
	}
	header := `{"alg":"EdDSA","x":"` + strings.Repeat("x", jws.MaxHeaderSize) + `"}`
	if b, err = jws.Append(t.Context(), nil, k, []byte(header), []byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := jws.Parse(b, nil); !errors.Is(err, jws.ErrSize) {
		t.Errorf("got %v for a header over the limit, want ErrSize", err)
	}
}

func TestChain(t *testing.T) {
	for _, c := range []struct {
		name, header string
		want         int
		err          error
	}{
		{"absent", `{"alg":"EdDSA"}`, 0, nil},
		{"two", `{"alg":"EdDSA","x5c":["AAEC","AA=="]}`, 2, nil},
		{"empty", `{"alg":"EdDSA","x5c":[]}`, 0, jws.ErrChain},
		{"no list", `{"alg":"EdDSA","x5c":"AAEC"}`, 0, jws.ErrChain},
		{"a number", `{"alg":"EdDSA","x5c":[1]}`, 0, jws.ErrChain},
		{"base64url", `{"alg":"EdDSA","x5c":["_-8="]}`, 0, jws.ErrChain},
		{"no padding", `{"alg":"EdDSA","x5c":["AA"]}`, 0, jws.ErrChain},
		{"line end", `{"alg":"EdDSA","x5c":["AA\n=="]}`, 0, jws.ErrChain},
	} {
		h, err := jws.ParseHeader([]byte(c.header))
		if err != nil {
			t.Fatal(c.name, err)
		}
		got, err := h.Chain()
		if len(got) != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: got %d and %v, want %d and %v", c.name, len(got), err, c.want, c.err)
		}
	}
}

// shortSigner returns less than its algorithm's signature.
type shortSigner struct{ *keys.PrivateKey }

func (s shortSigner) Sign(ctx context.Context, msg []byte) ([]byte, error) {
	sig, err := s.PrivateKey.Sign(ctx, msg)
	return sig[:len(sig)-1], err
}

func TestSignRefuses(t *testing.T) {
	ctx, k := t.Context(), generate(t, keys.P256)
	for _, name := range []string{"alg", "typ", "cty", "kid", "x5c", "jwk", "jku", "x5u", "x5t", "x5t#S256", "crit", "b64", "zip", "enc"} {
		if _, err := jws.Sign(ctx, k, &jws.Parameters{More: map[string]any{name: "x"}}, nil); err == nil {
			t.Errorf("parameter %s could be set", name)
		}
	}
	for _, a := range []keys.Algorithm{keys.SM2, keys.X25519} {
		if _, err := jws.Sign(ctx, generate(t, a), nil, nil); !errors.Is(err, keys.ErrUnsupported) {
			t.Errorf("%v: got %v, want ErrUnsupported", a, err)
		}
	}
	if _, err := jws.Sign(ctx, nil, nil, nil); err == nil {
		t.Error("signed without a signer")
	}
	if _, err := jws.Sign(ctx, shortSigner{k}, nil, []byte("x")); err == nil {
		t.Error("a signature of the wrong size was written")
	}
}

func TestClaims(t *testing.T) {
	v, err := strictjson.Parse([]byte(`{"n":1700000000,"a":"x","l":["x","y"],"max":253402300799,
		"same":[1700000000.0,1.7e9,17e8,1.7E+9],"bad":[1.5,1e-3,-1,-1.0,-1e300,1e300,253402300800,2.534023008e11,"1700000000","",null,true,{}],"badAud":[[],[1],1,null,{}]}`), strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	get := func(name string) strictjson.Value { m, _ := v.Get(name); return m }
	if at, ok := jws.NumericDate(get("n")); !ok || !at.Equal(time.Unix(1700000000, 0)) {
		t.Errorf("got %v, %v", at, ok)
	}
	for _, e := range get("same").Elems() {
		if at, ok := jws.NumericDate(e); !ok || !at.Equal(time.Unix(1700000000, 0)) {
			t.Errorf("%s: got %v, %v", e.Raw(), at, ok)
		}
	}
	if at, ok := jws.NumericDate(get("max")); !ok || at.Year() != 9999 {
		t.Errorf("got %v, %v", at, ok)
	}
	if at, ok := jws.NumericDate(get("absent")); !ok || !at.IsZero() {
		t.Errorf("absent: got %v, %v", at, ok)
	}
	for _, e := range get("bad").Elems() {
		if _, ok := jws.NumericDate(e); ok {
			t.Errorf("%s was read as a date", e.Raw())
		}
	}
	if got, ok := jws.Audience(get("a")); !ok || len(got) != 1 || got[0] != "x" {
		t.Errorf("got %v, %v", got, ok)
	}
	if got, ok := jws.Audience(get("l")); !ok || len(got) != 2 {
		t.Errorf("got %v, %v", got, ok)
	}
	if got, ok := jws.Audience(get("absent")); !ok || got != nil {
		t.Errorf("absent: got %v, %v", got, ok)
	}
	for _, e := range get("badAud").Elems() {
		if _, ok := jws.Audience(e); ok {
			t.Errorf("%s was read as an audience", e.Raw())
		}
	}
}

func FuzzParse(f *testing.F) {
	k := generate(f, keys.Ed25519)
	b, err := jws.Sign(f.Context(), k, &jws.Parameters{Type: "x", KeyID: "y"}, []byte(`{}`))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(b64(`{"alg":"ES256","x5c":["AA=="]}`) + ".eA.eA"))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := jws.Parse(b, nil)
		if err != nil {
			return
		}
		got.Header.Chain()
		// What was read is in its one form: it can be written again and is the same.
		again := base64.RawURLEncoding.AppendEncode(nil, got.Header.Value.Raw())
		if h, _, _ := strings.Cut(string(b), "."); len(got.Header.Value.Raw()) == base64.RawURLEncoding.DecodedLen(len(h)) && h != string(again) {
			t.Errorf("the header has another form: %s", h)
		}
		tail := "." + base64.RawURLEncoding.EncodeToString(got.Payload) + "." + base64.RawURLEncoding.EncodeToString(got.Signature)
		if !strings.HasSuffix(string(b), tail) {
			t.Errorf("payload or signature have another form: %s", b)
		}
		if got.Verify(k.Public()) == nil && string(got.Payload) != "{}" {
			t.Error("a signature that nobody made")
		}
	})
}
