package status_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/keys/jws"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/status"
)

// signToken signs claims under a header with typ statuslist+jwt and more.
func signToken(tb testing.TB, k *keys.PrivateKey, header, claims string) []byte {
	tb.Helper()
	if header != "" {
		header = "," + header
	}
	return signHeader(tb, k, `{"alg":"`+algOf(k)+`","typ":"statuslist+jwt"`+header+`}`, claims)
}

func algOf(k *keys.PrivateKey) string {
	alg, _ := k.Public().Algorithm().JOSE()
	return alg
}

func signHeader(tb testing.TB, k *keys.PrivateKey, header, claims string) []byte {
	tb.Helper()
	b, err := jws.Append(tb.Context(), nil, k, []byte(header), []byte(claims))
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

// TestTokenRoundTrip signs with every algorithm and reads everything back.
func TestTokenRoundTrip(t *testing.T) {
	method := authority.WithFragment("lists")
	for _, a := range []keys.Algorithm{keys.Ed25519, keys.P256, keys.P384, keys.Secp256k1} {
		for _, size := range []int{1, 2, 4, 8} {
			k := generate(t, a)
			in := &status.TokenList{
				URI: listURI, IssuedAt: now, NotBefore: now.Add(time.Second), Expires: now.Add(time.Hour), TTL: 12 * time.Hour,
				AggregationURI: "https://lists.example/all", Bits: bits(t, lsb, size, 0xb9, 0xa3),
			}
			b, err := status.IssueToken(t.Context(), status.Issuer{Signer: k, Method: method}, in)
			if err != nil {
				t.Fatal(a, err)
			}
			p := status.ReceivedToken(b, nil)
			out, err := p.UnverifiedList()
			if err != nil {
				t.Fatal(a, err)
			}
			if out.URI != in.URI || out.Issuer != authority.String() || !out.IssuedAt.Equal(now) || !out.NotBefore.Equal(in.NotBefore) ||
				!out.Expires.Equal(in.Expires) || out.TTL != in.TTL || out.AggregationURI != in.AggregationURI || out.Bits.Size() != size ||
				string(out.Bits.Bytes()) != string(in.Bits.Bytes()) {
				t.Errorf("%v, %d bits: got %+v", a, size, out)
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
			d, err := parsed.Disclose()
			if err != nil || d.Claims()["sub"] != listURI || !d.Expires.Equal(in.Expires) {
				t.Errorf("got %+v, %v", d, err)
			}
			if parsed.Binding().Present || parsed.CheckBinding(k.Public()) == nil {
				t.Error("a list has a holder")
			}
		}
	}
}

// TestTokenForm compares with the example of draft-20, section 5.1.
func TestTokenForm(t *testing.T) {
	b, err := status.IssueToken(t.Context(), status.Issuer{Signer: generate(t, keys.P256), Method: authority.WithFragment("12")}, &status.TokenList{
		URI: "https://example.com/statuslists/1", IssuedAt: time.Unix(1686920170, 0), Expires: time.Unix(2291720170, 0), TTL: 43200 * time.Second,
		Bits: bits(t, lsb, 1, 0xb9, 0xa3),
	})
	if err != nil {
		t.Fatal(err)
	}
	var got [2]map[string]any
	for i, part := range strings.Split(string(b), ".")[:2] {
		text, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &got[i]); err != nil {
			t.Fatal(err)
		}
	}
	list, _ := got[1]["status_list"].(map[string]any)
	if got[0]["alg"] != "ES256" || got[0]["kid"] != "did:example:authority#12" || got[0]["typ"] != "statuslist+jwt" || len(got[0]) != 3 {
		t.Errorf("got header %v", got[0])
	}
	if got[1]["exp"] != 2291720170.0 || got[1]["iat"] != 1686920170.0 || got[1]["ttl"] != 43200.0 || got[1]["sub"] != "https://example.com/statuslists/1" ||
		list["bits"] != 1.0 || len(list) != 2 || len(got[1]) != 6 {
		t.Errorf("got claims %v", got[1])
	}
	if back, err := decodeText(list["lst"].(string), 1); err != nil || string(back.Bytes()) != "\xb9\xa3" {
		t.Errorf("got lst %v, %v", list["lst"], err)
	}
}

func TestIssueTokenRefuses(t *testing.T) {
	k := generate(t, keys.Ed25519)
	for name, change := range map[string]func(*status.Issuer, *status.TokenList){
		"no method":             func(i *status.Issuer, _ *status.TokenList) { i.Method = authority.URL() },
		"another issuer":        func(_ *status.Issuer, l *status.TokenList) { l.Issuer = other.String() },
		"no signer":             func(i *status.Issuer, _ *status.TokenList) { i.Signer = nil },
		"no URI":                func(_ *status.Issuer, l *status.TokenList) { l.URI = "" },
		"relative URI":          func(_ *status.Issuer, l *status.TokenList) { l.URI = "lists/1" },
		"relative aggregation":  func(_ *status.Issuer, l *status.TokenList) { l.AggregationURI = "lists" },
		"no entries":            func(_ *status.Issuer, l *status.TokenList) { l.Bits = nil },
		"no bytes":              func(_ *status.Issuer, l *status.TokenList) { l.Bits = bits(t, lsb, 1) },
		"the other order":       func(_ *status.Issuer, l *status.TokenList) { l.Bits = bits(t, msb, 1, 0) },
		"ends before it begins": func(_ *status.Issuer, l *status.TokenList) { l.Expires = now },
		"ends before nbf": func(_ *status.Issuer, l *status.TokenList) {
			l.Expires, l.NotBefore = now.Add(time.Hour), now.Add(time.Hour)
		},
		"before 1970":             func(_ *status.Issuer, l *status.TokenList) { l.IssuedAt = time.Unix(-1, 0) },
		"after 9999":              func(_ *status.Issuer, l *status.TokenList) { l.Expires = time.Unix(jws.Latest+1, 0) },
		"ttl of half a second":    func(_ *status.Issuer, l *status.TokenList) { l.TTL = 1500 * time.Millisecond },
		"ttl below zero":          func(_ *status.Issuer, l *status.TokenList) { l.TTL = -time.Second },
		"an algorithm of no name": func(i *status.Issuer, _ *status.TokenList) { i.Signer = generate(t, keys.SM2) },
	} {
		i, l := status.Issuer{Signer: k, Method: authority.WithFragment("k")}, &status.TokenList{URI: listURI, IssuedAt: now, Bits: bits(t, lsb, 1, 0)}
		change(&i, l)
		if _, err := status.IssueToken(t.Context(), i, l); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := status.IssueToken(t.Context(), status.Issuer{Signer: k, Method: authority.WithFragment("k")}, nil); err == nil {
		t.Error("no list: no error")
	}
	if _, err := status.IssueToken(t.Context(), status.Issuer{Signer: k}, &status.TokenList{URI: listURI, Bits: bits(t, lsb, 1, 0)}); err == nil {
		t.Error("no issuer: no error")
	}
}

const goodClaims = `{"sub":"https://lists.example/1","iat":1793534400,"exp":1793538000,"ttl":600,"status_list":{"bits":1,"lst":"eNrbuRgAAhcBXQ"}}`

// TestTokenRefuses: what a token must not be.
func TestTokenRefuses(t *testing.T) {
	k := generate(t, keys.Ed25519)
	claims := func(old, new string) []byte {
		if !strings.Contains(goodClaims, old) {
			t.Fatalf("no %q in the claims", old)
		}
		return signToken(t, k, "", strings.Replace(goodClaims, old, new, 1))
	}
	for _, c := range []struct {
		name, code string
		in         []byte
	}{
		{"good", "", signToken(t, k, "", goodClaims)},
		{"more claims", "", claims(`"ttl"`, `"jti":"x","custom":[],"ttl"`)},
		{"more in the list", "", claims(`"bits":1`, `"bits":1,"custom":{}`)},
		{"no exp", "", claims(`"exp":1793538000,`, ``)},
		{"no ttl", "", claims(`"ttl":600,`, ``)},
		{"a long ttl", "", claims(`600`, `9223372036854775807`)},
		{"empty", "status.token.syntax", nil},
		{"two parts", "status.token.syntax", []byte("a.b")},
		{"padding", "status.token.syntax", append(signToken(t, k, "", goodClaims), '=')},
		{"alg none", "status.token.alg", signHeader(t, k, `{"alg":"none","typ":"statuslist+jwt"}`, goodClaims)},
		{"a MAC", "status.token.alg", signHeader(t, k, `{"alg":"HS256","typ":"statuslist+jwt"}`, goodClaims)},
		{"no typ", "status.token.typ", signHeader(t, k, `{"alg":"EdDSA"}`, goodClaims)},
		{"typ JWT", "status.token.typ", signHeader(t, k, `{"alg":"EdDSA","typ":"JWT"}`, goodClaims)},
		{"typ by case", "status.token.typ", signHeader(t, k, `{"alg":"EdDSA","typ":"StatusList+jwt"}`, goodClaims)},
		{"typ of a credential", "status.token.typ", signHeader(t, k, `{"alg":"EdDSA","typ":"dc+sd-jwt"}`, goodClaims)},
		{"typ is a number", "status.token.typ", signHeader(t, k, `{"alg":"EdDSA","typ":1}`, goodClaims)},
		{"crit", "status.token.header", signToken(t, k, `"crit":["x"],"x":1`, goodClaims)},
		{"typ twice", "status.token.header", signToken(t, k, `"typ":"statuslist+jwt"`, goodClaims)},
		{"x5c is a text", "status.token.header", signToken(t, k, `"x5c":"AA=="`, goodClaims)},
		{"no JSON", "status.token.json", signToken(t, k, "", "x")},
		{"an array", "status.token.json", signToken(t, k, "", "[]")},
		{"sub twice", "status.token.json", claims(`"iat"`, `"sub":"https://lists.example/2","iat"`)},
		{"lst twice", "status.token.json", claims(`"lst"`, `"lst":"","lst"`)},
		{"bytes after it", "status.token.json", signToken(t, k, "", goodClaims+"{}")},
		{"no sub", "status.token.claims", claims(`"sub"`, `"Sub"`)},
		{"sub is a number", "status.token.claims", claims(`"https://lists.example/1"`, `1`)},
		{"sub is empty", "status.token.claims", claims(`"https://lists.example/1"`, `""`)},
		{"iss is empty", "status.token.claims", claims(`"iat"`, `"iss":"","iat"`)},
		{"iss is a list", "status.token.claims", claims(`"iat"`, `"iss":["did:example:a"],"iat"`)},
		{"no iat", "status.token.claims", claims(`"iat":1793534400,`, ``)},
		{"iat is a text", "status.token.claims", claims(`1793534400`, `"1793534400"`)},
		{"exp is null", "status.token.claims", claims(`1793538000`, `null`)},
		{"exp is a fraction", "status.token.claims", claims(`1793538000`, `1793538000.5`)},
		{"nbf is a text", "status.token.claims", claims(`"iat"`, `"nbf":"0","iat"`)},
		{"ttl is 0", "status.token.claims", claims(`600`, `0`)},
		{"ttl below 0", "status.token.claims", claims(`600`, `-600`)},
		{"ttl is a fraction", "status.token.claims", claims(`600`, `600.5`)},
		{"ttl is a text", "status.token.claims", claims(`600`, `"600"`)},
		{"ttl above 64 bits", "status.token.claims", claims(`600`, `9223372036854775808`)},
		{"no status_list", "status.token.claims", claims(`"status_list"`, `"status-list"`)},
		{"status_list is a text", "status.token.claims", claims(`{"bits":1,"lst":"eNrbuRgAAhcBXQ"}`, `"eNrbuRgAAhcBXQ"`)},
		{"no bits", "status.token.claims", claims(`"bits":1,`, ``)},
		{"bits is 0", "status.token.claims", claims(`"bits":1`, `"bits":0`)},
		{"bits is 3", "status.token.claims", claims(`"bits":1`, `"bits":3`)},
		{"bits is 16", "status.token.claims", claims(`"bits":1`, `"bits":16`)},
		{"bits is a text", "status.token.claims", claims(`"bits":1`, `"bits":"1"`)},
		{"bits is 1.0", "status.token.claims", claims(`"bits":1`, `"bits":1.0`)},
		{"no lst", "status.token.claims", claims(`"lst"`, `"LST"`)},
		{"lst is an array", "status.token.claims", claims(`"eNrbuRgAAhcBXQ"`, `[185,163]`)},
		{"aggregation_uri is relative", "status.token.claims", claims(`"bits":1`, `"aggregation_uri":"/all","bits":1`)},
		{"lst with padding", "status.token.compressed", claims(`eNrbuRgAAhcBXQ`, `eNrbuRgAAhcBXQ==`)},
		{"lst with a line end", "status.token.compressed", claims(`eNrbuRgAAhcBXQ`, `eNrbuRgA\nAhcBXQ`)},
		{"lst is cut off", "status.token.compressed", claims(`eNrbuRgAAhcBXQ`, `eNrbuRgAAhcB`)},
		{"lst is empty", "status.token.compressed", claims(`eNrbuRgAAhcBXQ`, ``)},
		{"lst is gzip", "status.token.compressed", claims(`eNrbuRgAAhcBXQ`, base64.RawURLEncoding.EncodeToString(gzipped([]byte{1})))},
		{"lst has a byte more", "status.token.compressed", claims(`eNrbuRgAAhcBXQ`, base64.RawURLEncoding.EncodeToString(append(zlibbed([]byte{1}), 0)))},
		{"a bomb", "status.token.limit", claims(`eNrbuRgAAhcBXQ`, base64.RawURLEncoding.EncodeToString(bomb(zlibHeader, 64)))},
	} {
		_, err := status.ReceivedToken(c.in, nil).UnverifiedList()
		if vc.Code(err) != c.code {
			t.Errorf("%s: got %v, want %q", c.name, err, c.code)
		}
	}
	if _, err := status.ReceivedToken(signToken(t, k, "", goodClaims), &status.Limits{Document: 100}).Open(); vc.Code(err) != "status.token.size" {
		t.Errorf("got %v, want status.token.size", err)
	}
	if _, err := status.ReceivedToken(signToken(t, k, "", goodClaims), &status.Limits{Bytes: 1}).UnverifiedList(); vc.Code(err) != "status.token.limit" {
		t.Errorf("got %v, want status.token.limit", err)
	}
}

// TestInflatesAfterSignature: nobody but the issuer can make a verifier inflate anything.
func TestInflatesAfterSignature(t *testing.T) {
	k := generate(t, keys.Ed25519)
	lst := base64.RawURLEncoding.EncodeToString(bomb(zlibHeader, 64))
	b := signToken(t, k, `"kid":"did:example:authority#lists"`, strings.Replace(goodClaims, "eNrbuRgAAhcBXQ", lst, 1))
	s := newScene(t)
	_, _, err := s.verifier().Verify(t.Context(), status.ReceivedToken(b, nil), &vc.Expect{
		InsecureAnyIssuer: true, InsecureAnyType: true, InsecureNoHolderBinding: true, MediaTypes: []string{status.TokenMediaType},
	})
	if vc.Code(err) != "vc.signature.invalid" {
		t.Errorf("got %v, want vc.signature.invalid before anything about the list", err)
	}
}

func FuzzToken(f *testing.F) {
	k := generate(f, keys.Ed25519)
	f.Add([]byte(`{"alg":"EdDSA","typ":"statuslist+jwt"}`), []byte(goodClaims))
	f.Add([]byte(`{"alg":"EdDSA","typ":"statuslist+jwt","kid":"did:example:a#b","x5c":["AA=="]}`), []byte(`{"sub":"a:b","iat":0,"status_list":{"bits":8,"lst":"eNoDAAAAAAE"}}`))
	f.Fuzz(func(t *testing.T, header, claims []byte) {
		b, err := jws.Append(t.Context(), nil, k, header, claims)
		if err != nil {
			return
		}
		p := status.ReceivedToken(b, &status.Limits{Bytes: 1 << 16})
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
		if err := parsed.CheckSignature(k.Public()); err != nil {
			t.Errorf("got %v", err)
		}
	})
}
