package sdjwt_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/sdjwt"
)

const vct = "https://credentials.example/generated"

// expect is the policy that fits what parties issue and present.
func (p *parties) expect() *vc.Expect {
	return &vc.Expect{Issuers: []did.DID{p.issuerMethod.DID()}, Types: []string{vct}, Audience: benchAudience, Nonce: benchNonce}
}

func (p *parties) verify(t testing.TB, presentation []byte, e *vc.Expect) (*vc.Verified, error) {
	t.Helper()
	got, _, err := vc.NewVerifier(p.keys, p.clock).Verify(t.Context(), sdjwt.Received(presentation), e)
	return got, err
}

func mustIssue(t testing.TB, p *parties, claims map[string]any, opt *sdjwt.IssueOptions) *sdjwt.Credential {
	t.Helper()
	if opt.IssuedAt.IsZero() {
		opt.IssuedAt = p.now
	}
	c, err := sdjwt.Issue(t.Context(), p.issuer, claims, opt)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func mustPresent(t testing.TB, p *parties, c *sdjwt.Credential, opt *sdjwt.PresentOptions) []byte {
	t.Helper()
	opt.Audience, opt.Nonce, opt.IssuedAt = benchAudience, benchNonce, p.now
	pres, err := c.Present(t.Context(), p.holder, opt)
	if err != nil {
		t.Fatal(err)
	}
	return pres.Bytes()
}

// TestGenerated issues, parses, presents and verifies random credentials in every form and compares what is seen with a model.
func TestGenerated(t *testing.T) {
	p := newParties(t, keys.P256, keys.Ed25519)
	forms := []sdjwt.Serialization{sdjwt.Compact, sdjwt.FlattenedJSON, sdjwt.GeneralJSON}
	hashes := []string{"", "sha-256", "sha-384", "sha-512"}
	n := 400
	if testing.Short() {
		n = 50
	}
	for i := range n {
		g := newGenerator(uint64(i))
		g.wild = true
		c := g.credential()
		opt := &sdjwt.IssueOptions{
			Disclosable: c.disclosable, Decoys: c.decoys, Holder: p.holderMethod, Serialization: forms[g.IntN(3)], Hash: hashes[g.IntN(4)],
		}
		issued := mustIssue(t, p, c.claims, opt)
		cred, err := sdjwt.ParseCredential(issued.Bytes())
		if err != nil {
			t.Fatalf("seed %d: %v", i, err)
		}
		if cred.Serialization() != opt.Serialization {
			t.Errorf("seed %d: got form %v, want %v", i, cred.Serialization(), opt.Serialization)
		}
		list, err := cred.Disclosable()
		if err != nil {
			t.Fatalf("seed %d: %v", i, err)
		}
		slices.Sort(list)
		slices.Sort(c.disclosable)
		if !slices.Equal(list, c.disclosable) {
			t.Errorf("seed %d: got disclosable %q, want %q", i, list, c.disclosable)
		}
		pres := mustPresent(t, p, cred, &sdjwt.PresentOptions{Reveal: c.reveal, Serialization: forms[g.IntN(3)]})
		got, err := p.verify(t, pres, p.expect())
		if err != nil {
			t.Fatalf("seed %d: %v", i, err)
		}
		if claims := withoutRegistered(got.Claims()); !reflect.DeepEqual(claims, c.want) {
			t.Errorf("seed %d: revealed %q: got %v, want %v", i, c.reveal, claims, c.want)
		}
		if all, err := cred.UnverifiedClaims(); err != nil || !reflect.DeepEqual(withoutRegistered(all), c.claims) {
			t.Errorf("seed %d: got %v, %v, want %v", i, all, err, c.claims)
		}
	}
}

// TestAlgorithms accepts and refuses every algorithm of the table on purpose.
func TestAlgorithms(t *testing.T) {
	accepted := map[keys.Algorithm]string{keys.P256: "ES256", keys.P384: "ES384", keys.Ed25519: "EdDSA", keys.Secp256k1: "ES256K"}
	for _, a := range keys.Algorithms() {
		t.Run(a.String(), func(t *testing.T) {
			alg, ok := accepted[a]
			claims := map[string]any{"vct": vct, "name": "Ada"}
			if !ok {
				p := newParties(t, keys.P256, keys.P256)
				k, err := keys.Generate(a)
				if err != nil {
					t.Fatal(err)
				}
				_, err = sdjwt.Issue(t.Context(), sdjwt.Issuer{Signer: k, Method: p.issuerMethod}, claims, nil)
				if !errors.Is(err, keys.ErrUnsupported) {
					t.Errorf("issue: got %v, want ErrUnsupported", err)
				}
				if _, err = sdjwt.Issue(t.Context(), p.issuer, claims, &sdjwt.IssueOptions{HolderKey: k.Public()}); !errors.Is(err, keys.ErrUnsupported) {
					t.Errorf("bind: got %v, want ErrUnsupported", err)
				}
				cred := mustIssue(t, p, claims, &sdjwt.IssueOptions{Holder: p.holderMethod})
				if _, err = cred.Present(t.Context(), k, &sdjwt.PresentOptions{Audience: "a", Nonce: "n"}); !errors.Is(err, keys.ErrUnsupported) {
					t.Errorf("present: got %v, want ErrUnsupported", err)
				}
				return
			}
			for _, byKey := range []bool{false, true} {
				p := newParties(t, a, a)
				opt := &sdjwt.IssueOptions{Disclosable: []string{"/name"}, Holder: p.holderMethod}
				e := p.expect()
				if byKey {
					opt.Holder, opt.HolderKey, e.InsecureUnrotatableHolderKey = did.URL{}, p.holder.Public(), true
				}
				pres := mustPresent(t, p, mustIssue(t, p, claims, opt), &sdjwt.PresentOptions{Reveal: []string{"/name"}})
				if h := header(t, pres); h["alg"] != alg || h["typ"] != "dc+sd-jwt" {
					t.Errorf("got header %v, want alg %s", h, alg)
				}
				if _, err := p.verify(t, pres, e); err != nil {
					t.Errorf("got %v, want valid", err)
				}
			}
		})
	}
}

func header(t testing.TB, token []byte) map[string]any {
	t.Helper()
	return part(t, token, 0)
}

// part decodes one part of the issuer-signed JWT of a compact serialization.
func part(t testing.TB, token []byte, n int) map[string]any {
	t.Helper()
	jwt, _, _ := strings.Cut(string(token), "~")
	b, err := base64.RawURLEncoding.DecodeString(strings.Split(jwt, ".")[n])
	if err != nil {
		t.Fatal(err)
	}
	v, err := strictjson.Parse(b, strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return v.Interface().(map[string]any)
}

func disclosuresOf(t testing.TB, token []byte) [][]any {
	t.Helper()
	var out [][]any
	parts := strings.Split(string(token), "~")
	for _, d := range parts[1 : len(parts)-1] {
		b, err := base64.RawURLEncoding.DecodeString(d)
		if err != nil {
			t.Fatal(err)
		}
		var a []any
		if err := json.Unmarshal(b, &a); err != nil {
			t.Fatal(err)
		}
		out = append(out, a)
	}
	return out
}

// TestSalts: every salt has 128 bits and none comes twice, over many credentials.
func TestSalts(t *testing.T) {
	p := newParties(t, keys.Ed25519, keys.Ed25519)
	claims := map[string]any{"vct": vct}
	opt := &sdjwt.IssueOptions{}
	for i := range 50 {
		name := fmt.Sprint("c", i)
		claims[name] = i
		opt.Disclosable = append(opt.Disclosable, "/"+name)
	}
	seen := map[string]bool{}
	var ones [128]int
	for range 100 {
		for _, d := range disclosuresOf(t, mustIssue(t, p, claims, opt).Bytes()) {
			salt, err := base64.RawURLEncoding.DecodeString(d[0].(string))
			if err != nil || len(salt) != 16 {
				t.Fatalf("got a salt of %d bytes (%v), want 16", len(salt), err)
			}
			if seen[string(salt)] {
				t.Fatal("a salt comes twice")
			}
			seen[string(salt)] = true
			for i := range ones {
				ones[i] += int(salt[i/8]>>(i%8)) & 1
			}
		}
	}
	// 5,000 salts: each bit is set 2,500 times, give or take 6 standard deviations.
	for i, n := range ones {
		if n < 2500-213 || n > 2500+213 {
			t.Errorf("bit %d is set in %d of 5000 salts", i, n)
		}
	}
}

// TestDigestsTellNothing: digests are sorted, decoys look like digests, and claims leave no trace in what is signed.
func TestDigestsTellNothing(t *testing.T) {
	p := newParties(t, keys.Ed25519, keys.Ed25519)
	claims := map[string]any{"vct": vct, "secret": "hush", "list": []any{"hush", "hush"}}
	cred := mustIssue(t, p, claims, &sdjwt.IssueOptions{
		Disclosable: []string{"/secret", `["list",null]`}, Decoys: []sdjwt.Decoys{{Count: 5}, {In: "/list", Count: 3}},
	})
	payload := part(t, cred.Bytes(), 1)
	digests := payload["_sd"].([]any)
	if len(digests) != 6 {
		t.Errorf("got %d digests, want 1 and 5 decoys", len(digests))
	}
	var last string
	for _, d := range digests {
		if s := d.(string); len(s) != 43 || s <= last {
			t.Errorf("digest %s is not of 43 characters or not after %s", s, last)
		}
		last = d.(string)
	}
	if n := len(payload["list"].([]any)); n != 5 {
		t.Errorf("got %d elements, want 2 and 3 decoys", n)
	}
	b, _ := json.Marshal(payload)
	if bytes.Contains(b, []byte("hush")) || bytes.Contains(b, []byte("secret")) {
		t.Error("a disclosable claim stands in the payload")
	}
	plain := mustIssue(t, p, map[string]any{"vct": vct, "a": 1}, &sdjwt.IssueOptions{})
	if payload := part(t, plain.Bytes(), 1); payload["_sd"] != nil || payload["_sd_alg"] != nil {
		t.Errorf("got %v, want no _sd without disclosable claims", payload)
	}
}

// TestDecoyPositions: decoys of an array stand anywhere between its elements, whose order is kept.
func TestDecoyPositions(t *testing.T) {
	p := newParties(t, keys.Ed25519, keys.Ed25519)
	positions := map[int]int{}
	for range 200 {
		cred := mustIssue(t, p, map[string]any{"vct": vct, "list": []any{"a", "b", "c"}}, &sdjwt.IssueOptions{Decoys: []sdjwt.Decoys{{In: "/list", Count: 1}}})
		plain := ""
		for i, e := range part(t, cred.Bytes(), 1)["list"].([]any) {
			if s, ok := e.(string); ok {
				plain += s
			} else {
				positions[i]++
			}
		}
		if plain != "abc" {
			t.Fatalf("got order %s, want abc", plain)
		}
	}
	for i := range 4 {
		if positions[i] < 20 {
			t.Errorf("position %d: %d of 200 decoys, want about 50", i, positions[i])
		}
	}
}

func TestIssueRefuses(t *testing.T) {
	p := newParties(t, keys.P256, keys.P256)
	deep := any("x")
	for range sdjwt.MaxDepth {
		deep = []any{deep}
	}
	many := make([]any, sdjwt.MaxDisclosures+1)
	withClaim := func(name string, v any) map[string]any {
		return map[string]any{"vct": vct, name: v}
	}
	options := func(change func(*sdjwt.IssueOptions)) *sdjwt.IssueOptions {
		o := &sdjwt.IssueOptions{}
		change(o)
		return o
	}
	for _, c := range []struct {
		name   string
		issuer sdjwt.Issuer
		claims map[string]any
		opt    *sdjwt.IssueOptions
	}{
		{"no vct", p.issuer, map[string]any{"a": 1}, nil},
		{"empty vct", p.issuer, map[string]any{"vct": ""}, nil},
		{"vct of another kind", p.issuer, map[string]any{"vct": 1}, nil},
		{"no signer", sdjwt.Issuer{Method: p.issuerMethod}, withClaim("a", 1), nil},
		{"no method", sdjwt.Issuer{Signer: p.issuerKey}, withClaim("a", 1), nil},
		{"method without fragment", sdjwt.Issuer{Signer: p.issuerKey, Method: p.issuerMethod.DID().URL()}, withClaim("a", 1), nil},
		{"ID of another issuer", sdjwt.Issuer{Signer: p.issuerKey, Method: p.issuerMethod, ID: "https://x"}, withClaim("a", 1), nil},
		{"iss as claim", p.issuer, withClaim("iss", "x"), nil},
		{"iat as claim", p.issuer, withClaim("iat", 1), nil},
		{"exp as claim", p.issuer, withClaim("exp", 1), nil},
		{"nbf as claim", p.issuer, withClaim("nbf", 1), nil},
		{"cnf as claim", p.issuer, withClaim("cnf", map[string]any{}), nil},
		{"_sd", p.issuer, withClaim("_sd", []any{}), nil},
		{"_sd_alg", p.issuer, withClaim("_sd_alg", "sha-256"), nil},
		{"...", p.issuer, withClaim("...", "x"), nil},
		{"nested _sd", p.issuer, withClaim("a", map[string]any{"_sd": 1}), nil},
		{"nested ... in an array", p.issuer, withClaim("a", []any{map[string]any{"...": "x"}}), nil},
		{"nested _sd_alg in a string map", p.issuer, withClaim("a", map[string]string{"_sd_alg": "x"}), nil},
		{"disclosable vct", p.issuer, withClaim("a", 1), options(func(o *sdjwt.IssueOptions) { o.Disclosable = []string{"/vct"} })},
		{"disclosable iss", p.issuer, withClaim("a", 1), options(func(o *sdjwt.IssueOptions) { o.Disclosable = []string{"/iss"} })},
		{"disclosable iat", p.issuer, withClaim("a", 1), options(func(o *sdjwt.IssueOptions) { o.Disclosable = []string{"/iat"} })},
		{"disclosable exp", p.issuer, withClaim("a", 1), options(func(o *sdjwt.IssueOptions) { o.Disclosable = []string{"/exp"} })},
		{"disclosable status", p.issuer, withClaim("status", map[string]any{"x": 1}), options(func(o *sdjwt.IssueOptions) { o.Disclosable = []string{"/status"} })},
		{"disclosable in status", p.issuer, withClaim("status", map[string]any{"x": 1}), options(func(o *sdjwt.IssueOptions) { o.Disclosable = []string{"/status/x"} })},
		{"disclosable vct#integrity", p.issuer, withClaim("vct#integrity", "x"), options(func(o *sdjwt.IssueOptions) { o.Disclosable = []string{"/vct#integrity"} })},
		{"decoys in status", p.issuer, withClaim("status", map[string]any{}), options(func(o *sdjwt.IssueOptions) { o.Decoys = []sdjwt.Decoys{{In: "/status", Count: 1}} })},
		{"unknown path", p.issuer, withClaim("a", 1), options(func(o *sdjwt.IssueOptions) { o.Disclosable = []string{"/b"} })},
		{"path through a string", p.issuer, withClaim("a", "s"), options(func(o *sdjwt.IssueOptions) { o.Disclosable = []string{"/a/b"} })},
		{"path that is none", p.issuer, withClaim("a", "s"), options(func(o *sdjwt.IssueOptions) { o.Disclosable = []string{"a"} })},
		{"the whole", p.issuer, withClaim("a", "s"), options(func(o *sdjwt.IssueOptions) { o.Disclosable = []string{""} })},
		{"decoys in a string", p.issuer, withClaim("a", "s"), options(func(o *sdjwt.IssueOptions) { o.Decoys = []sdjwt.Decoys{{In: "/a", Count: 1}} })},
		{"decoys nowhere", p.issuer, withClaim("a", "s"), options(func(o *sdjwt.IssueOptions) { o.Decoys = []sdjwt.Decoys{{In: "/b", Count: 1}} })},
		{"negative decoys", p.issuer, withClaim("a", "s"), options(func(o *sdjwt.IssueOptions) { o.Decoys = []sdjwt.Decoys{{Count: -1}} })},
		{"two holders", p.issuer, withClaim("a", 1), options(func(o *sdjwt.IssueOptions) { o.Holder, o.HolderKey = p.holderMethod, p.holder.Public() })},
		{"holder with query", p.issuer, withClaim("a", 1), options(func(o *sdjwt.IssueOptions) { o.Holder, _ = did.ParseURL("did:example:a?x=1#k") })},
		{"date before 1970", p.issuer, withClaim("a", 1), options(func(o *sdjwt.IssueOptions) { o.Expires = time.Unix(-1, 0) })},
		{"date after 9999", p.issuer, withClaim("a", 1), options(func(o *sdjwt.IssueOptions) { o.Expires = time.Unix(253402300800, 0) })},
		{"weak hash", p.issuer, withClaim("a", 1), options(func(o *sdjwt.IssueOptions) { o.Hash = "sha-256-128" })},
		{"media type", p.issuer, withClaim("a", 1), options(func(o *sdjwt.IssueOptions) { o.MediaType = "JWT" })},
		{"channel", p.issuer, withClaim("a", make(chan int)), nil},
		{"infinite number", p.issuer, withClaim("a", json.Number("1e400")), nil},
		{"number that is none", p.issuer, withClaim("a", json.Number(`1,"b":2`)), nil},
		{"number with white space", p.issuer, withClaim("a", json.Number(" 1")), nil},
		{"integer beyond doubles", p.issuer, withClaim("a", int64(1)<<60), nil},
		{"invalid UTF-8", p.issuer, withClaim("a", "\xff"), nil},
		{"invalid UTF-8 in a name", p.issuer, withClaim("\xff", 1), nil},
		{"too deep", p.issuer, withClaim("a", deep), nil},
		{"too many disclosures", p.issuer, withClaim("a", many), options(func(o *sdjwt.IssueOptions) { o.Disclosable = []string{`["a",null]`} })},
		{"too large", p.issuer, withClaim("a", strings.Repeat("x", sdjwt.MaxSize)), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, err := sdjwt.Issue(t.Context(), c.issuer, c.claims, c.opt); err == nil {
				t.Errorf("got %s, want an error", got.Bytes())
			}
		})
	}
	for _, name := range []string{
		"alg", "typ", "kid", "x5c", "jwk", "jku", "x5u", "x5t", "x5t#S256", "crit", "b64", "zip", "enc", "cty", "disclosures", "kb_jwt",
	} {
		if _, err := sdjwt.Issue(t.Context(), p.issuer, withClaim("a", 1), &sdjwt.IssueOptions{Header: map[string]any{name: "x"}}); err == nil {
			t.Errorf("header parameter %s: got no error", name)
		}
	}
	cred := mustIssue(t, p, withClaim("a", 1), &sdjwt.IssueOptions{Header: map[string]any{"vctm": []any{"x"}}})
	if h := header(t, cred.Bytes()); fmt.Sprint(h["vctm"]) != "[x]" || h["alg"] != "ES256" {
		t.Errorf("got header %v, want vctm beside alg", h)
	}
}

// TestIssueLimits issues at the limits, and what comes out parses.
func TestIssueLimits(t *testing.T) {
	p := newParties(t, keys.Ed25519, keys.Ed25519)
	deep := any("x")
	for range sdjwt.MaxDepth - 1 { // the payload itself is one more
		deep = []any{deep}
	}
	path := "/a" + strings.Repeat("/0", sdjwt.MaxDepth-2)
	cred := mustIssue(t, p, map[string]any{"vct": vct, "a": deep}, &sdjwt.IssueOptions{Disclosable: []string{path, "/a", "/a/0"}})
	if _, err := sdjwt.ParseCredential(cred.Bytes()); err != nil {
		t.Errorf("deepest: %v", err)
	}
	many := make([]any, sdjwt.MaxDisclosures)
	cred = mustIssue(t, p, map[string]any{"vct": vct, "a": many}, &sdjwt.IssueOptions{Disclosable: []string{`["a",null]`}})
	if _, err := sdjwt.ParseCredential(cred.Bytes()); err != nil {
		t.Errorf("most disclosures: %v", err)
	}
}

func TestNumbersKeepTheirDigits(t *testing.T) {
	p := newParties(t, keys.Ed25519, keys.Ed25519)
	claims := map[string]any{"vct": vct, "a": json.Number("123456789012345678901234567890"), "b": json.Number("1.10"), "c": 7, "d": 0.5}
	cred := mustIssue(t, p, claims, &sdjwt.IssueOptions{Disclosable: []string{"/a"}})
	got, err := cred.UnverifiedClaims()
	if err != nil || fmt.Sprintf("%v %v %v %v", got["a"], got["b"], got["c"], got["d"]) != "123456789012345678901234567890 1.10 7 0.5" {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestReveal(t *testing.T) {
	p := newParties(t, keys.Ed25519, keys.Ed25519)
	claims := map[string]any{
		"vct":     vct,
		"address": map[string]any{"locality": "Zug", "country": "CH", "geo": map[string]any{"lat": 47}},
		"degrees": []any{map[string]any{"type": "BSc", "year": 1999}, map[string]any{"type": "MSc"}, "none"},
		"plain":   "p",
	}
	cred := mustIssue(t, p, claims, &sdjwt.IssueOptions{Holder: p.holderMethod, Disclosable: []string{
		"/address", "/address/locality", "/address/geo/lat", `["degrees",null]`, "/degrees/0/type", "/degrees/1/type", "/degrees/0/year",
	}})
	for _, c := range []struct{ reveal, want string }{
		{"", "map[degrees:[] plain:p]"},
		{"/plain", "map[degrees:[] plain:p]"},
		{"/address", "map[address:map[country:CH geo:map[lat:47] locality:Zug] degrees:[] plain:p]"},
		{"/address/country", "map[address:map[country:CH geo:map[]] degrees:[] plain:p]"},
		{`["address","locality"]`, "map[address:map[country:CH geo:map[] locality:Zug] degrees:[] plain:p]"},
		{"/address/geo", "map[address:map[country:CH geo:map[lat:47]] degrees:[] plain:p]"},
		{"/degrees/2", "map[degrees:[none] plain:p]"},
		{"/degrees/0/type", "map[degrees:[map[type:BSc]] plain:p]"},
		{`["degrees",1]`, "map[degrees:[map[type:MSc]] plain:p]"},
		{`["degrees",null]`, "map[degrees:[map[type:BSc year:1999] map[type:MSc] none] plain:p]"},
	} {
		var reveal []string
		if c.reveal != "" {
			reveal = []string{c.reveal}
		}
		got, err := p.verify(t, mustPresent(t, p, cred, &sdjwt.PresentOptions{Reveal: reveal}), p.expect())
		if err != nil {
			t.Errorf("%s: %v", c.reveal, err)
			continue
		}
		seen := withoutRegistered(got.Claims())
		delete(seen, "vct")
		if fmt.Sprint(seen) != c.want {
			t.Errorf("%s: got %v, want %v", c.reveal, seen, c.want)
		}
	}
	// An undisclosed element is an object to no path: what the holder cannot see it cannot reveal.
	partial, err := sdjwt.ParseCredential(mustUnbound(t, cred, "/degrees/1"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := partial.Disclosable(); err != nil || fmt.Sprint(got) != "[/degrees/0 /degrees/0/type]" {
		t.Errorf("got %v, %v, want the one element that is left", got, err)
	}
}

// mustUnbound presents without the holder.
func mustUnbound(t *testing.T, c *sdjwt.Credential, reveal ...string) []byte {
	t.Helper()
	pres, err := c.Present(t.Context(), nil, &sdjwt.PresentOptions{Reveal: reveal})
	if err != nil {
		t.Fatal(err)
	}
	return pres.Bytes()
}

func TestPresentRefuses(t *testing.T) {
	p := newParties(t, keys.P256, keys.P256)
	other, err := keys.Generate(keys.P256)
	if err != nil {
		t.Fatal(err)
	}
	claims := map[string]any{"vct": vct, "a": "x", "list": []any{"y"}}
	toMethod := mustIssue(t, p, claims, &sdjwt.IssueOptions{Holder: p.holderMethod, Disclosable: []string{"/a"}})
	toDID := mustIssue(t, p, claims, &sdjwt.IssueOptions{Holder: p.holderMethod.DID().URL()})
	toKey := mustIssue(t, p, claims, &sdjwt.IssueOptions{HolderKey: p.holder.Public()})
	toNobody := mustIssue(t, p, claims, &sdjwt.IssueOptions{})
	ok := sdjwt.PresentOptions{Audience: "a", Nonce: "n"}
	with := func(change func(*sdjwt.PresentOptions)) *sdjwt.PresentOptions {
		o := ok
		change(&o)
		return &o
	}
	for _, c := range []struct {
		name   string
		cred   *sdjwt.Credential
		holder keys.Signer
		opt    *sdjwt.PresentOptions
		want   error // nil: any
	}{
		{"no audience", toMethod, p.holder, &sdjwt.PresentOptions{Nonce: "n"}, nil},
		{"no nonce", toMethod, p.holder, &sdjwt.PresentOptions{Audience: "a"}, nil},
		{"no options", toMethod, p.holder, nil, nil},
		{"audience without holder", toMethod, nil, &sdjwt.PresentOptions{Audience: "a"}, nil},
		{"nonce without holder", toMethod, nil, &sdjwt.PresentOptions{Nonce: "n"}, nil},
		{"unknown claim", toMethod, p.holder, with(func(o *sdjwt.PresentOptions) { o.Reveal = []string{"/b"} }), sdjwt.ErrNoSuchClaim},
		{"unknown element", toMethod, p.holder, with(func(o *sdjwt.PresentOptions) { o.Reveal = []string{"/list/1"} }), sdjwt.ErrNoSuchClaim},
		{"digests", toMethod, p.holder, with(func(o *sdjwt.PresentOptions) { o.Reveal = []string{"/_sd"} }), sdjwt.ErrNoSuchClaim},
		{"hash", toMethod, p.holder, with(func(o *sdjwt.PresentOptions) { o.Reveal = []string{"/_sd_alg"} }), sdjwt.ErrNoSuchClaim},
		{"through a string", toMethod, p.holder, with(func(o *sdjwt.PresentOptions) { o.Reveal = []string{"/a/b"} }), vc.ErrPathMismatch},
		{"name in an array", toMethod, p.holder, with(func(o *sdjwt.PresentOptions) { o.Reveal = []string{"/list/x"} }), vc.ErrPathMismatch},
		{"index in an object", toMethod, p.holder, with(func(o *sdjwt.PresentOptions) { o.Reveal = []string{"[0]"} }), vc.ErrPathMismatch},
		{"path that is none", toMethod, p.holder, with(func(o *sdjwt.PresentOptions) { o.Reveal = []string{"a"} }), nil},
		{"bound to nobody", toNobody, p.holder, &ok, sdjwt.ErrHolder},
		{"bound to another key", toKey, other, &ok, sdjwt.ErrHolder},
		{"bound to another method", toMethod, p.holder, with(func(o *sdjwt.PresentOptions) { o.Method = p.issuerMethod }), sdjwt.ErrHolder},
		{"bound to a DID, no method", toDID, p.holder, &ok, sdjwt.ErrHolder},
		{"bound to a DID, method of another", toDID, p.holder, with(func(o *sdjwt.PresentOptions) { o.Method = p.issuerMethod }), sdjwt.ErrHolder},
		{"bound to a DID, no key", toDID, p.holder, with(func(o *sdjwt.PresentOptions) { o.Method = p.holderMethod.DID().URL() }), sdjwt.ErrHolder},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.cred.Present(t.Context(), c.holder, c.opt)
			if err == nil || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("got %v, %v, want %v", got, err, c.want)
			}
		})
	}
}

// TestRotation: a credential that is bound to a DID outlives the device, one that is bound to a method does not, and in neither
// case does the old key present.
func TestRotation(t *testing.T) {
	p := newParties(t, keys.P256, keys.P256)
	claims := map[string]any{"vct": vct}
	toMethod := mustIssue(t, p, claims, &sdjwt.IssueOptions{Holder: p.holderMethod})
	toDID := mustIssue(t, p, claims, &sdjwt.IssueOptions{Holder: p.holderMethod.DID().URL()})
	oldPhone, old := p.holder, p.holderMethod
	show := func(c *sdjwt.Credential, method did.URL) string {
		_, err := p.verify(t, mustPresent(t, p, c, &sdjwt.PresentOptions{Method: method}), p.expect())
		return code(err)
	}
	if got := show(toMethod, did.URL{}) + " " + show(toDID, old); got != "valid valid" {
		t.Fatalf("before: got %s", got)
	}
	// The phone is replaced; the old method is retired and a new one stands in its place.
	var err error
	if p.holder, err = keys.Generate(keys.P256); err != nil {
		t.Fatal(err)
	}
	fresh := old.DID().WithFragment("phone-2")
	p.keys[old].Status = did.KeyRetired
	p.keys[fresh] = entry(fresh, p.holder.Public(), did.Authentication, p.now)
	if got := show(toDID, fresh); got != "valid" {
		t.Errorf("new phone: got %s", got)
	}
	if got := show(toMethod, did.URL{}); got != "vc.holder.key.notfound" {
		t.Errorf("bound to the old method: got %s", got)
	}
	p.holder = oldPhone
	if got := show(toDID, old); got != "vc.holder.key.notfound" {
		t.Errorf("thief with the old key: got %s", got)
	}
	if got := show(toDID, fresh); got != "sdjwt.kb.signature" {
		t.Errorf("thief who names the new key: got %s", got)
	}
}

// TestIssuerRotation: what a retired key signed before still counts, and nothing that a compromised one signed.
func TestIssuerRotation(t *testing.T) {
	p := newParties(t, keys.P256, keys.P256)
	old := p.keys[p.issuerMethod]
	cred := mustIssue(t, p, map[string]any{"vct": vct}, &sdjwt.IssueOptions{Holder: p.holderMethod, IssuedAt: p.now.Add(-48 * time.Hour)})
	late := mustIssue(t, p, map[string]any{"vct": vct}, &sdjwt.IssueOptions{Holder: p.holderMethod})
	show := func(c *sdjwt.Credential) string {
		_, err := p.verify(t, mustPresent(t, p, c, &sdjwt.PresentOptions{}), p.expect())
		return code(err)
	}
	old.Status, old.Removed = did.KeyRetired, p.now.Add(-24*time.Hour)
	if got := show(cred) + " " + show(late); got != "valid vc.issuer.key.time" {
		t.Errorf("retired: got %s", got)
	}
	old.Status = did.KeyCompromised
	if got := show(cred) + " " + show(late); got != "vc.issuer.key.compromised vc.issuer.key.compromised" {
		t.Errorf("compromised: got %s", got)
	}
}

// TestBytesKept: what is received is what is given out, and changing the caller's slice changes nothing.
func TestBytesKept(t *testing.T) {
	p := newParties(t, keys.P256, keys.P256)
	for _, form := range []sdjwt.Serialization{sdjwt.Compact, sdjwt.FlattenedJSON, sdjwt.GeneralJSON} {
		cred := mustIssue(t, p, map[string]any{"vct": vct, "a": 1}, &sdjwt.IssueOptions{Holder: p.holderMethod, Disclosable: []string{"/a"}, Serialization: form})
		raw := mustPresent(t, p, cred, &sdjwt.PresentOptions{Reveal: []string{"/a"}, Serialization: form})
		if form != sdjwt.Compact {
			raw = append(append([]byte("{ "), raw[1:]...), "\n "...)
		}
		mine := bytes.Clone(raw)
		pres, err := sdjwt.Parse(mine)
		if err != nil {
			t.Fatal(err)
		}
		clear(mine)
		if !bytes.Equal(pres.Bytes(), raw) {
			t.Errorf("form %v: got %s, want %s", form, pres.Bytes(), raw)
		}
		v := vc.NewVerifier(p.keys, p.clock)
		for range 2 { // verifying changes nothing
			if _, _, err := v.Verify(t.Context(), pres, p.expect()); err != nil {
				t.Errorf("form %v: %v", form, err)
			}
		}
		if !bytes.Equal(pres.Bytes(), raw) {
			t.Errorf("form %v: the verifier changed the bytes", form)
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	p := newParties(t, keys.Ed25519, keys.Ed25519)
	cred := mustIssue(t, p, map[string]any{"vct": vct, "a": 1}, &sdjwt.IssueOptions{Holder: p.holderMethod, Disclosable: []string{"/a"}})
	pres := sdjwt.Received(mustPresent(t, p, cred, &sdjwt.PresentOptions{Reveal: []string{"/a"}}))
	v := vc.NewVerifier(p.keys, p.clock)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			got, _, err := v.Verify(t.Context(), pres, p.expect())
			if err != nil {
				t.Error(err)
				return
			}
			got.Claims()["a"] = "changed"
			if a, _ := got.Claim("/a"); fmt.Sprint(a) != "1" {
				t.Errorf("got %v: claims are shared", a)
			}
			if _, err := cred.Disclosable(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// TestNothingLeaks: neither printing a value nor an error shows what is secret in a presentation.
func TestNothingLeaks(t *testing.T) {
	p := newParties(t, keys.Ed25519, keys.Ed25519)
	cred := mustIssue(t, p, map[string]any{"vct": vct, "hush": "hushhush"}, &sdjwt.IssueOptions{Holder: p.holderMethod, Disclosable: []string{"/hush"}})
	raw := mustPresent(t, p, cred, &sdjwt.PresentOptions{Reveal: []string{"/hush"}})
	disclosure := strings.Split(string(raw), "~")[1]
	pres := sdjwt.Received(raw)
	got, _, err := vc.NewVerifier(p.keys, p.clock).Verify(t.Context(), pres, p.expect())
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		fmt.Fprintf(&out, verb+verb+verb, cred, pres, got)
	}
	_, err = cred.Present(t.Context(), p.holder, &sdjwt.PresentOptions{Reveal: []string{"/hush/hush"}, Audience: "a", Nonce: "n"})
	fmt.Fprint(&out, err)
	for i := range raw { // every single-byte fault
		broken := bytes.Clone(raw)
		broken[i] ^= 1
		_, report, err := vc.NewVerifier(p.keys, p.clock).Verify(t.Context(), sdjwt.Received(broken), p.expect())
		if err == nil {
			t.Fatalf("byte %d: a changed presentation is valid", i)
		}
		b, _ := json.Marshal(report)
		fmt.Fprint(&out, err, string(b))
	}
	for _, secret := range []string{"hush", disclosure, disclosuresOf(t, cred.Bytes())[0][0].(string)} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("%q is shown", secret)
		}
	}
}
