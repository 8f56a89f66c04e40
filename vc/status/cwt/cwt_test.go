package cwt_test

import (
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/veraison/go-cose"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/vectors"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/status"
	"github.com/realdid/realdid/vc/status/cwt"
)

const listURI = "https://lists.example/1"

var (
	now    = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	method = did.MustParse("did:example:authority").WithFragment("lists")
)

func bits(tb testing.TB, size int, data ...byte) *status.Bits {
	tb.Helper()
	b, err := status.FromBytes(status.LeastSignificantFirst, size, data)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func generate(tb testing.TB, a keys.Algorithm) *keys.PrivateKey {
	tb.Helper()
	k, err := keys.Generate(a)
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

// hexOf returns the bytes that stand in hexadecimal in one of the draft's example files.
func hexOf(tb testing.TB, file string) []byte {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join(vectors.Dir(tb, "token-status-list"), file))
	if err != nil {
		tb.Fatal(err)
	}
	_, after, ok := strings.Cut(string(text), "encoded:")
	if !ok {
		after = string(text)
	}
	b, err := hex.DecodeString(regexp.MustCompile(`\s`).ReplaceAllString(after, ""))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// TestVectors puts the CBOR encodings of the draft into signed CWTs.
func TestVectors(t *testing.T) {
	k := generate(t, keys.Ed25519)
	for file, want := range map[string][]byte{
		"status_list_encoding_cbor.md": {0xb9, 0xa3}, "status_list_encoding2_cbor.md": {0xc9, 0x44, 0xf9},
		"status_list_encoding1_long_cbor.md": nil, "status_list_encoding2_long_cbor.md": nil,
	} {
		b := sign(t, k, nil, nil, map[any]any{2: listURI, 6: 1, 65533: cbor.RawMessage(hexOf(t, file))})
		l, err := cwt.Received(b, nil).UnverifiedList()
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if want != nil && !bytes.Equal(l.Bits.Bytes(), want) {
			t.Errorf("%s: got %x, want %x", file, l.Bits.Bytes(), want)
		}
		if want == nil {
			if v, ok := l.Bits.Get(1993); l.Bits.Len() != 1<<20 || !ok || v != uint64(l.Bits.Size()) {
				t.Errorf("%s: got %d entries, and %d at 1993", file, l.Bits.Len(), v)
			}
		}
	}
}

// example is the Status List Token of draft-18 and later, section 5.2: its signature is by a key that the draft does not have.
const example = "d2845820a2012610781a6170706c69636174696f6e2f7374617475736c6973742b637774a1044231325850a502782168747470733a2f2f6578616d706c652e636f6d2f" +
	"7374617475736c697374732f31061a648c5bea041a8898dfea19fffe19a8c019fffda2646269747301636c73744a78dadbb918000217015d584093fa4d01032b18c35e2fe1" +
	"101b77fd6cc9440022caa4694450c4e4e9feab4e99d1fa6d9772ce2bf3a12e0323ded7c982c5e101a5e67f0cbc1e2b6f57ce99c279"

func TestExample(t *testing.T) {
	b, err := hex.DecodeString(example)
	if err != nil {
		t.Fatal(err)
	}
	p := cwt.Received(b, nil)
	l, err := p.UnverifiedList()
	if err != nil {
		t.Fatal(err)
	}
	if l.URI != "https://example.com/statuslists/1" || l.IssuedAt.Unix() != 1686920170 || l.Expires.Unix() != 2291720170 || l.TTL != 43200*time.Second ||
		l.Bits.Size() != 1 || !bytes.Equal(l.Bits.Bytes(), []byte{0xb9, 0xa3}) {
		t.Errorf("got %+v", l)
	}
	parsed, err := p.Open()
	if err != nil {
		t.Fatal(err)
	}
	if o := parsed.Origin(); o.KeyID != "12" || o.Algorithm != keys.P256 || o.Issuer != "" {
		t.Errorf("got %+v", o)
	}
}

// TestRoundTrip signs with every algorithm, reads everything back, and has another implementation of COSE check the signature.
func TestRoundTrip(t *testing.T) {
	for _, a := range []keys.Algorithm{keys.Ed25519, keys.P256, keys.P384, keys.Secp256k1} {
		k := generate(t, a)
		in := &status.TokenList{
			URI: listURI, IssuedAt: now, NotBefore: now.Add(time.Second), Expires: now.Add(time.Hour), TTL: 12 * time.Hour,
			AggregationURI: "https://lists.example/all", Bits: bits(t, 2, 0xc9, 0x44, 0xf9),
		}
		b, err := cwt.Issue(t.Context(), status.Issuer{Signer: k, Method: method}, in)
		if err != nil {
			t.Fatal(a, err)
		}
		p := cwt.Received(b, nil)
		out, err := p.UnverifiedList()
		if err != nil {
			t.Fatal(a, err)
		}
		if out.URI != in.URI || out.Issuer != method.DID().String() || !out.IssuedAt.Equal(now) || !out.NotBefore.Equal(in.NotBefore) || !out.Expires.Equal(in.Expires) ||
			out.TTL != in.TTL || out.AggregationURI != in.AggregationURI || !bytes.Equal(out.Bits.Bytes(), in.Bits.Bytes()) || out.Bits.Size() != 2 {
			t.Errorf("%v: got %+v", a, out)
		}
		parsed, err := p.Open()
		if err != nil {
			t.Fatal(err)
		}
		if err := parsed.CheckSignature(k.Public()); err != nil {
			t.Errorf("%v: got %v", a, err)
		}
		if err := parsed.CheckSignature(generate(t, a).Public()); vc.Code(err) != "vc.signature.invalid" {
			t.Errorf("%v: got %v for another key", a, err)
		}
		if err := parsed.CheckSignature(generate(t, keys.SM2).Public()); vc.Code(err) != "vc.signature.invalid" {
			t.Errorf("%v: got %v for another algorithm", a, err)
		}
		if o := parsed.Origin(); o.Issuer != method.DID().String() || o.KeyID != method.String() || !o.IssuedAt.Equal(now) {
			t.Errorf("%v: got %+v", a, o)
		}
		if d, err := parsed.Disclose(); err != nil || !d.Expires.Equal(in.Expires) || parsed.MediaType() != "statuslist+cwt" {
			t.Errorf("%v: got %+v, %v", a, d, err)
		}
		if parsed.Binding().Present || parsed.CheckBinding(k.Public()) == nil {
			t.Error("a list has a holder")
		}
		var m cose.Sign1Message
		if err := m.UnmarshalCBOR(b); err != nil {
			t.Fatal(err)
		}
		alg, err := m.Headers.Protected.Algorithm()
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Verify(nil, verifier{alg, k.Public()}); err != nil {
			t.Errorf("%v: go-cose says %v", a, err)
		}
	}
}

type verifier struct {
	alg cose.Algorithm
	key keys.PublicKey
}

func (v verifier) Algorithm() cose.Algorithm { return v.alg }

func (v verifier) Verify(content, sig []byte) error { return v.key.Verify(content, sig) }

// TestAlgorithm: a header may not choose another algorithm than the key's, even if both have signatures of one size.
func TestAlgorithm(t *testing.T) {
	k := generate(t, keys.Secp256k1)
	p, err := cwt.Received(sign(t, k, map[any]any{1: -7}, nil, goodClaims()), nil).Open()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.CheckSignature(k.Public()); vc.Code(err) != "vc.signature.invalid" {
		t.Errorf("got %v, want vc.signature.invalid", err)
	}
}

// TestIssuerByKey: a list that does not say who issued it is by the DID whose key is named.
func TestIssuerByKey(t *testing.T) {
	k := generate(t, keys.Ed25519)
	for kid, want := range map[string]string{method.String(): "did:example:authority", "did:example:authority": "", "12": "", "\xff": ""} {
		p, err := cwt.Received(sign(t, k, map[any]any{4: []byte(kid)}, nil, goodClaims()), nil).Open()
		if err != nil {
			t.Fatal(err)
		}
		if o := p.Origin(); o.Issuer != want {
			t.Errorf("%q: got issuer %q, want %q", kid, o.Issuer, want)
		}
	}
	p, err := cwt.Received(sign(t, k, map[any]any{4: []byte(method.String()), 33: []byte{1}}, nil, goodClaims()), nil).Open()
	if err != nil {
		t.Fatal(err)
	}
	if o := p.Origin(); o.Issuer != "" || len(o.Chain) != 1 {
		t.Errorf("with a certificate: got %+v", o)
	}
}

func TestIssueRefuses(t *testing.T) {
	k := generate(t, keys.Ed25519)
	good := &status.TokenList{URI: listURI, IssuedAt: now, Bits: bits(t, 1, 0)}
	for name, c := range map[string]struct {
		issuer status.Issuer
		list   *status.TokenList
	}{
		"no list":              {status.Issuer{Signer: k, Method: method}, nil},
		"no URI":               {status.Issuer{Signer: k, Method: method}, &status.TokenList{Bits: bits(t, 1, 0)}},
		"no signer":            {status.Issuer{Method: method}, good},
		"no method":            {status.Issuer{Signer: k}, good},
		"a DID as method":      {status.Issuer{Signer: k, Method: method.DID().URL()}, good},
		"algorithm of no name": {status.Issuer{Signer: generate(t, keys.SM2), Method: method}, good},
		"a key that agrees":    {status.Issuer{Signer: generate(t, keys.X25519), Method: method}, good},
	} {
		if _, err := cwt.Issue(t.Context(), c.issuer, c.list); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// sign makes a COSE_Sign1. protected and loose are added to the headers, where nil takes a parameter out.
func sign(tb testing.TB, k *keys.PrivateKey, protected, loose map[any]any, claims any) []byte {
	tb.Helper()
	h := map[any]any{1: -8, 16: "application/statuslist+cwt"}
	for label, v := range protected {
		if v == nil {
			delete(h, label)
		} else {
			h[label] = v
		}
	}
	if loose == nil {
		loose = map[any]any{}
	}
	payload, ok := claims.([]byte)
	if !ok {
		payload = encode(tb, claims)
	}
	head := encode(tb, h)
	sig, err := k.Sign(tb.Context(), encode(tb, []any{"Signature1", head, []byte{}, payload}))
	if err != nil {
		tb.Fatal(err)
	}
	return append([]byte{0xd2}, encode(tb, []any{head, loose, payload, sig})...)
}

func encode(tb testing.TB, v any) []byte {
	tb.Helper()
	b, err := cbor.Marshal(v)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func goodClaims() map[any]any {
	lst, _ := hex.DecodeString("78dadbb918000217015d")
	return map[any]any{2: listURI, 6: 1793534400, 4: 1793538000, 65534: 600, 65533: map[any]any{"bits": 1, "lst": lst}}
}

func TestRefuses(t *testing.T) {
	k := generate(t, keys.Ed25519)
	good := sign(t, k, nil, nil, goodClaims())
	header := func(protected, loose map[any]any) []byte { return sign(t, k, protected, loose, goodClaims()) }
	claims := func(change func(m, list map[any]any)) []byte {
		m := goodClaims()
		change(m, m[65533].(map[any]any))
		return sign(t, k, nil, nil, m)
	}
	arrayOf := func(change func([]cbor.RawMessage) []cbor.RawMessage) []byte {
		var a []cbor.RawMessage
		if err := cbor.Unmarshal(good[1:], &a); err != nil {
			t.Fatal(err)
		}
		return append([]byte{0xd2}, encode(t, change(a))...)
	}
	for _, c := range []struct {
		name, code string
		in         []byte
	}{
		{"good", "", good},
		{"more claims", "", claims(func(m, list map[any]any) { m["x"], m[-1], list["x"] = 1, "y", []any{} })},
		{"a tag in a claim", "status.token.claims", claims(func(m, _ map[any]any) { m["x"] = cbor.Tag{Number: 99, Content: 1} })},
		{"a tag in the unprotected header", "status.token.syntax", header(nil, map[any]any{99: cbor.Tag{Number: 99, Content: 1}})},
		{"kid in the unprotected header", "", header(nil, map[any]any{4: []byte("12")})},
		{"certificates", "", header(map[any]any{33: [][]byte{{1}, {2}}}, nil)},
		{"a fully specified algorithm", "", header(map[any]any{1: -19}, nil)},
		{"empty", "status.token.syntax", nil},
		{"no tag", "status.token.syntax", good[1:]},
		{"tag of a CWT", "status.token.syntax", append([]byte{0xd8, 61}, good...)},
		{"COSE_Mac0", "status.token.syntax", append([]byte{0xd1}, good[1:]...)},
		{"a byte after it", "status.token.syntax", append(bytes.Clone(good), 0)},
		{"cut off", "status.token.syntax", good[:len(good)-1]},
		{"three elements", "status.token.syntax", arrayOf(func(a []cbor.RawMessage) []cbor.RawMessage { return a[:3] })},
		{"five elements", "status.token.syntax", arrayOf(func(a []cbor.RawMessage) []cbor.RawMessage { return append(a, a[3]) })},
		{"detached payload", "status.token.syntax", arrayOf(func(a []cbor.RawMessage) []cbor.RawMessage { return []cbor.RawMessage{a[0], a[1], {0xf6}, a[3]} })},
		{"no unprotected header", "status.token.syntax", arrayOf(func(a []cbor.RawMessage) []cbor.RawMessage { return []cbor.RawMessage{a[0], {0xf6}, a[2], a[3]} })},
		{"indefinite length", "status.token.syntax", append([]byte{0xd2, 0x9f}, append(bytes.Clone(good[2:]), 0xff)...)},
		{"label twice in the unprotected header", "status.token.syntax", arrayOf(func(a []cbor.RawMessage) []cbor.RawMessage {
			return []cbor.RawMessage{a[0], {0xa2, 4, 0x41, 1, 4, 0x41, 2}, a[2], a[3]}
		})},
		{"label twice in the protected header", "status.token.header", arrayOf(func(a []cbor.RawMessage) []cbor.RawMessage {
			return []cbor.RawMessage{encode(t, []byte{0xa2, 1, 0x27, 1, 0x27}), a[1], a[2], a[3]}
		})},
		{"empty protected header", "status.token.header", arrayOf(func(a []cbor.RawMessage) []cbor.RawMessage { return []cbor.RawMessage{{0x40}, a[1], a[2], a[3]} })},
		{"parameter in both headers", "status.token.header", header(map[any]any{4: []byte("a")}, map[any]any{4: []byte("b")})},
		{"alg unprotected", "status.token.header", header(map[any]any{1: nil}, map[any]any{1: -8})},
		{"typ unprotected", "status.token.header", header(map[any]any{16: nil}, map[any]any{16: "application/statuslist+cwt"})},
		{"crit", "status.token.header", header(map[any]any{2: []any{99}, 99: 1}, nil)},
		{"kid is a text", "status.token.header", header(map[any]any{4: "12"}, nil)},
		{"x5chain is a text", "status.token.header", header(map[any]any{33: "x"}, nil)},
		{"x5chain is empty", "status.token.header", header(map[any]any{33: []any{}}, nil)},
		{"x5chain of texts", "status.token.header", header(map[any]any{33: []any{"x"}}, nil)},
		{"no alg", "status.token.alg", header(map[any]any{1: nil}, nil)},
		{"alg HMAC", "status.token.alg", header(map[any]any{1: 5}, nil)},
		{"alg is a text", "status.token.alg", header(map[any]any{1: "EdDSA"}, nil)},
		{"no typ", "status.token.typ", header(map[any]any{16: nil}, nil)},
		{"typ without application/", "status.token.typ", header(map[any]any{16: "statuslist+cwt"}, nil)},
		{"typ is a number", "status.token.typ", header(map[any]any{16: 61}, nil)},
		{"payload is no map", "status.token.claims", sign(t, k, nil, nil, []any{1})},
		{"payload is null", "status.token.claims", sign(t, k, nil, nil, []byte{0xf6})},
		{"claim twice", "status.token.claims", sign(t, k, nil, nil, []byte{0xa2, 6, 1, 6, 2})},
		{"no sub", "status.token.claims", claims(func(m, _ map[any]any) { delete(m, 2) })},
		{"sub is bytes", "status.token.claims", claims(func(m, _ map[any]any) { m[2] = []byte(listURI) })},
		{"sub is empty", "status.token.claims", claims(func(m, _ map[any]any) { m[2] = "" })},
		{"iss is a number", "status.token.claims", claims(func(m, _ map[any]any) { m[1] = 1 })},
		{"no iat", "status.token.claims", claims(func(m, _ map[any]any) { delete(m, 6) })},
		{"iat is a float", "status.token.claims", claims(func(m, _ map[any]any) { m[6] = 1.5 })},
		{"iat below 0", "status.token.claims", claims(func(m, _ map[any]any) { m[6] = -1 })},
		{"exp with a tag", "status.token.claims", claims(func(m, _ map[any]any) { m[4] = cbor.Tag{Number: 1, Content: 1793538000} })},
		{"exp is a text", "status.token.claims", claims(func(m, _ map[any]any) { m[4] = "1793538000" })},
		{"nbf above 9999", "status.token.claims", claims(func(m, _ map[any]any) { m[5] = uint64(1) << 62 })},
		{"ttl is 0", "status.token.claims", claims(func(m, _ map[any]any) { m[65534] = 0 })},
		{"ttl is below 0", "status.token.claims", claims(func(m, _ map[any]any) { m[65534] = -1 })},
		{"ttl above 63 bits", "status.token.claims", claims(func(m, _ map[any]any) { m[65534] = uint64(1) << 63 })},
		{"status list under the old key", "status.token.claims", claims(func(m, l map[any]any) { delete(m, 65533); m[65535] = l })},
		{"status list is a list", "status.token.claims", claims(func(m, _ map[any]any) { m[65533] = []any{} })},
		{"no bits", "status.token.claims", claims(func(_, l map[any]any) { delete(l, "bits") })},
		{"bits is 3", "status.token.claims", claims(func(_, l map[any]any) { l["bits"] = 3 })},
		{"bits is a text", "status.token.claims", claims(func(_, l map[any]any) { l["bits"] = "1" })},
		{"lst is a text", "status.token.claims", claims(func(_, l map[any]any) { l["lst"] = "eNrbuRgAAhcBXQ" })},
		{"aggregation_uri is empty", "status.token.claims", claims(func(_, l map[any]any) { l["aggregation_uri"] = "" })},
		{"lst is cut off", "status.token.compressed", claims(func(_, l map[any]any) { l["lst"] = l["lst"].([]byte)[:9] })},
		{"lst is nonsense", "status.token.compressed", claims(func(_, l map[any]any) { l["lst"] = []byte("nonsense") })},
	} {
		_, err := cwt.Received(c.in, nil).UnverifiedList()
		if vc.Code(err) != c.code {
			t.Errorf("%s: got %v, want %q", c.name, err, c.code)
		}
	}
	if _, err := cwt.Received(good, &status.Limits{Document: len(good) - 1}).Open(); vc.Code(err) != "status.token.size" {
		t.Errorf("got %v, want status.token.size", err)
	}
	if _, err := cwt.Received(good, &status.Limits{Bytes: 1}).UnverifiedList(); vc.Code(err) != "status.token.limit" {
		t.Errorf("got %v, want status.token.limit", err)
	}
}

func FuzzReceived(f *testing.F) {
	k := generate(f, keys.Ed25519)
	b, err := hex.DecodeString(example)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add(sign(f, k, map[any]any{4: []byte(method.String()), 33: []byte{1}}, nil, goodClaims()))
	f.Fuzz(func(t *testing.T, b []byte) {
		p := cwt.Received(b, &status.Limits{Bytes: 1 << 16})
		l, err := p.UnverifiedList()
		if err != nil {
			if vc.Code(err) == "" {
				t.Errorf("an error without a code: %v", err)
			}
			return
		}
		if l.URI == "" || l.TTL < 0 || len(l.Bits.Bytes()) > 1<<16 {
			t.Errorf("got %+v", l)
		}
		parsed, err := p.Open()
		if err != nil {
			t.Fatal(err)
		}
		parsed.Origin()
		if parsed.CheckSignature(k.Public()) == nil && l.URI != listURI {
			t.Error("a signature that nobody made")
		}
	})
}
