package sdjwt_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc/sdjwt"
)

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
	deepObject := any("x")
	for range sdjwt.MaxDepth {
		deepObject = map[string]any{"a": deepObject}
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
		{"no vct by the media type's name", p.issuer, map[string]any{"a": 1}, options(func(o *sdjwt.IssueOptions) { o.MediaType = sdjwt.MediaType })},
		{"media type without a name", p.issuer, withClaim("a", 1), options(func(o *sdjwt.IssueOptions) { o.MediaType = "+sd-jwt" })},
		{"objects too deep", p.issuer, withClaim("a", deepObject), nil},
		{"header too large", p.issuer, withClaim("a", 1), options(func(o *sdjwt.IssueOptions) {
			o.Header = map[string]any{"x": strings.Repeat("x", sdjwt.MaxHeaderSize*3/4)}
		})},
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

// TestIssuedNow: without a time a credential is issued now, never without one.
func TestIssuedNow(t *testing.T) {
	p := newParties(t, keys.Ed25519, keys.Ed25519)
	before := time.Now().Unix()
	c, err := sdjwt.Issue(t.Context(), p.issuer, map[string]any{"vct": vct}, nil)
	if err != nil {
		t.Fatal(err)
	}
	iat, _ := part(t, c.Bytes(), 1)["iat"].(json.Number)
	if n, err := iat.Int64(); err != nil || n < before || n > time.Now().Unix() {
		t.Errorf("got iat %v, want now", iat)
	}
}
