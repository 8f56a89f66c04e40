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

func TestParseCredentialRefuses(t *testing.T) {
	p := newParties(t, keys.P256, keys.P256)
	cred := mustIssue(t, p, map[string]any{"vct": vct}, &sdjwt.IssueOptions{Holder: p.holderMethod})
	if _, err := sdjwt.ParseCredential(mustPresent(t, p, cred, &sdjwt.PresentOptions{})); vc.Code(err) != "sdjwt.kb.unexpected" {
		t.Errorf("with key binding: got %v, want sdjwt.kb.unexpected", err)
	}
	f := newForgery(t)
	f.noBinding()
	f.send(f.claim("admin", "true"), false)
	if _, err := sdjwt.ParseCredential([]byte(f.compact())); vc.Code(err) != "sdjwt.disclosure.unreferenced" {
		t.Errorf("with a foreign disclosure: got %v, want sdjwt.disclosure.unreferenced", err)
	}
	broken := sdjwt.Received([]byte("x"))
	if _, err := broken.UnverifiedClaims(); vc.Code(err) != "sdjwt.bare" {
		t.Errorf("claims of nothing: got %v, want sdjwt.bare", err)
	}
	if broken.Serialization() != sdjwt.Compact {
		t.Errorf("serialization of nothing: got %v", broken.Serialization())
	}
}

// TestWalletVerifies: a wallet looks at what it received with the same verifier.
func TestWalletVerifies(t *testing.T) {
	p := newParties(t, keys.P256, keys.P256)
	cred := mustIssue(t, p, map[string]any{"vct": vct, "langs": []string{"de", "fr"}}, &sdjwt.IssueOptions{
		Holder: p.holderMethod, Disclosable: []string{"/langs/1"}, Expires: p.now.Add(time.Hour), NotBefore: p.now,
	})
	received, err := sdjwt.ParseCredential(cred.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	e := &vc.Expect{Issuers: []did.DID{p.issuerMethod.DID()}, Types: []string{vct}, InsecureNoHolderBinding: true}
	got, _, err := vc.NewVerifier(p.keys, p.clock).Verify(t.Context(), received, e)
	if err != nil {
		t.Fatal(err)
	}
	if langs, _ := got.Claim("/langs"); fmt.Sprint(langs) != "[de fr]" || !got.Expires.Equal(p.now.Add(time.Hour)) || !got.NotBefore.Equal(p.now) {
		t.Errorf("got %v, %v, %v", langs, got.Expires, got.NotBefore)
	}
	if id, key, err := received.Holder(); err != nil || id != p.holderMethod.String() || !key.IsZero() {
		t.Errorf("holder: got %s, %v, %v", id, key, err)
	}
}
