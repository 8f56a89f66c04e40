package sdjwt_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/internal/vectors"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/sdjwt"
)

const w3cContext = "https://www.w3.org/ns/credentials/v2"

// w3cCredential is a credential of the parties' issuer about the parties' holder.
func w3cCredential() map[string]any {
	return map[string]any{
		"@context": []any{w3cContext}, "type": []any{"VerifiableCredential", "PersonCredential"},
		"issuer": "did:example:authority", "validFrom": "2026-01-01T00:00:00Z",
		"credentialSubject": map[string]any{"id": "did:example:citizen", "name": "Ada", "address": map[string]any{"city": "London", "street": "Square"}},
	}
}

func w3cExpect(p *parties) *vc.Expect {
	e := p.expect()
	e.Types, e.MediaTypes = []string{"PersonCredential"}, []string{sdjwt.W3CMediaType}
	return e
}

// TestW3C issues, presents and verifies a credential of the W3C data model, whose subject's id is disclosable and revealed to show who
// its holder is.
func TestW3C(t *testing.T) {
	p := newParties(t, keys.P256, keys.Ed25519)
	c := mustIssue(t, p, w3cCredential(), &sdjwt.IssueOptions{
		MediaType:   sdjwt.W3CMediaType,
		Disclosable: []string{"/credentialSubject/id", "/credentialSubject/name", "/credentialSubject/address/street", "/credentialSubject/address/city"},
	})
	pres := mustPresent(t, p, c, &sdjwt.PresentOptions{Reveal: []string{"/credentialSubject/address/city"}, Method: p.holderMethod})
	got, err := p.verify(t, pres, w3cExpect(p))
	if err != nil {
		t.Fatal(err)
	}
	if city, _ := got.Claim("/credentialSubject/address/city"); city != "London" {
		t.Errorf("got city %v", city)
	}
	for _, hidden := range []string{"/credentialSubject/name", "/credentialSubject/address/street", "/_sd", "/_sd_alg", "/credentialSubject/_sd"} {
		if v, ok := got.Claim(hidden); ok {
			t.Errorf("%s is there: %v", hidden, v)
		}
	}
	if got.Issuer != "did:example:authority" || !got.NotBefore.Equal(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("got issuer %s, not before %v", got.Issuer, got.NotBefore)
	}
	if e := c.Envelope(); e.MediaType != "vc+sd-jwt" || string(e.Data) != string(c.Bytes()) {
		t.Errorf("got an envelope of %s", e.MediaType)
	}
	if keyID, _, err := c.Holder(); keyID != "did:example:citizen" || err != nil {
		t.Errorf("got holder %q, %v", keyID, err)
	}
}

// TestW3CHolders: who may present.
func TestW3CHolders(t *testing.T) {
	p := newParties(t, keys.P256, keys.Ed25519)
	opt := &sdjwt.PresentOptions{Audience: benchAudience, Nonce: benchNonce, IssuedAt: p.now, Method: p.holderMethod}
	nobody := w3cCredential()
	nobody["credentialSubject"] = map[string]any{"name": "Ada"}
	c := mustIssue(t, p, nobody, &sdjwt.IssueOptions{MediaType: sdjwt.W3CMediaType})
	if _, err := c.Present(t.Context(), p.holder, opt); !errors.Is(err, sdjwt.ErrHolder) {
		t.Errorf("got %v for a credential about nobody, want ErrHolder", err)
	}
	c = mustIssue(t, p, nobody, &sdjwt.IssueOptions{MediaType: sdjwt.W3CMediaType, Holder: p.holderMethod})
	if _, err := p.verify(t, mustPresent(t, p, c, &sdjwt.PresentOptions{}), w3cExpect(p)); err != nil {
		t.Errorf("bound by cnf: %v", err)
	}
	c = mustIssue(t, p, w3cCredential(), &sdjwt.IssueOptions{MediaType: sdjwt.W3CMediaType})
	if _, err := c.Present(t.Context(), p.holder, &sdjwt.PresentOptions{Audience: "a", Nonce: "n"}); !errors.Is(err, sdjwt.ErrHolder) {
		t.Errorf("got %v without a method of the subject, want ErrHolder", err)
	}
}

func TestW3CIssueRefuses(t *testing.T) {
	p := newParties(t, keys.P256, keys.P256)
	for name, change := range map[string]func(c map[string]any, o *sdjwt.IssueOptions, i *sdjwt.Issuer){
		"another issuer": func(c map[string]any, _ *sdjwt.IssueOptions, _ *sdjwt.Issuer) { c["issuer"] = "did:example:other" },
		"no context":     func(c map[string]any, _ *sdjwt.IssueOptions, _ *sdjwt.Issuer) { delete(c, "@context") },
		"version 1.1": func(c map[string]any, _ *sdjwt.IssueOptions, _ *sdjwt.Issuer) {
			c["@context"], c["issuanceDate"] = []any{"https://www.w3.org/2018/credentials/v1"}, c["validFrom"]
			delete(c, "validFrom")
		},
		"claim vc":  func(c map[string]any, _ *sdjwt.IssueOptions, _ *sdjwt.Issuer) { c["vc"] = map[string]any{} },
		"claim sub": func(c map[string]any, _ *sdjwt.IssueOptions, _ *sdjwt.Issuer) { c["sub"] = "x" },
		"withheld subject": func(_ map[string]any, o *sdjwt.IssueOptions, _ *sdjwt.Issuer) {
			o.Disclosable = []string{"/credentialSubject"}
		},
		"withheld type":    func(_ map[string]any, o *sdjwt.IssueOptions, _ *sdjwt.Issuer) { o.Disclosable = []string{"/type"} },
		"withheld in type": func(_ map[string]any, o *sdjwt.IssueOptions, _ *sdjwt.Issuer) { o.Disclosable = []string{"/type/1"} },
		"decoys in type": func(_ map[string]any, o *sdjwt.IssueOptions, _ *sdjwt.Issuer) {
			o.Decoys = []sdjwt.Decoys{{In: "/type", Count: 1}}
		},
		"two names": func(_ map[string]any, _ *sdjwt.IssueOptions, i *sdjwt.Issuer) { i.KeyID = "x" },
	} {
		c, o, i := w3cCredential(), &sdjwt.IssueOptions{MediaType: sdjwt.W3CMediaType}, p.issuer
		change(c, o, &i)
		if _, err := sdjwt.Issue(t.Context(), i, c, o); err == nil {
			t.Errorf("%s: issued", name)
		}
	}
	if _, err := sdjwt.Issue(t.Context(), p.issuer, w3cCredential(), &sdjwt.IssueOptions{
		MediaType: sdjwt.W3CMediaType, Decoys: []sdjwt.Decoys{{In: "/credentialSubject", Count: 3}},
	}); err != nil {
		t.Errorf("decoys in the subject: %v", err)
	}
}

// TestW3CSuite runs the tests of W3C's suite for VC-JOSE-COSE that are about SD-JWT.
func TestW3CSuite(t *testing.T) {
	dir := vectors.Dir(t, "vc-jose-cose")
	read := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	var all map[string]struct {
		Input       string   `json:"input_file"`
		Key         string   `json:"key_file"`
		Function    string   `json:"fn"`
		Feature     string   `json:"feature"`
		Disclosable []string `json:"disclosure_paths"`
		Want        string   `json:"expected_result"`
	}
	if err := json.Unmarshal(read("expected.json"), &all); err != nil {
		t.Fatal(err)
	}
	pointer := strings.NewReplacer(".", "/", "[", "/", "]", "")
	const issuer = "https://example.issuer/vc-jose-cose"
	ran := 0
	for name, c := range all {
		mediaType, ok := map[string]string{"credential_sdjwt": sdjwt.W3CMediaType, "presentation_sdjwt": "vp+sd-jwt"}[c.Feature]
		if !ok {
			continue
		}
		ran++
		t.Run(name, func(t *testing.T) {
			var vm struct {
				ID     string          `json:"id"`
				Secret json.RawMessage `json:"secretKeyJwk"`
			}
			if err := json.Unmarshal(read(c.Key), &vm); err != nil {
				t.Fatal(err)
			}
			key, err := keys.ParsePrivateJWK(vm.Secret)
			if c.Key == "vm-p521.json" { // ES512 is no algorithm of this library
				if !errors.Is(err, keys.ErrUnsupported) {
					t.Errorf("got %v, want ErrUnsupported", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			token := []byte(strings.TrimSpace(string(read(c.Input))))
			if c.Function == "issue" {
				var claims map[string]any
				if err := json.Unmarshal(token, &claims); err != nil {
					t.Fatal(err)
				}
				opt := &sdjwt.IssueOptions{MediaType: mediaType}
				for _, path := range c.Disclosable {
					opt.Disclosable = append(opt.Disclosable, "/"+pointer.Replace(path))
				}
				cred, err := sdjwt.Issue(t.Context(), sdjwt.Issuer{Signer: key, ID: issuer, KeyID: vm.ID}, claims, opt)
				if err != nil {
					t.Fatal(err)
				}
				token = cred.Bytes()
			}
			v := vc.NewVerifier(nil, func() time.Time { return time.Now().Add(time.Second) })
			_, _, err = v.Verify(t.Context(), sdjwt.Received(token), &vc.Expect{
				PinnedKeys: []vc.PinnedKey{{Issuer: issuer, Key: key.Public()}}, MediaTypes: []string{mediaType},
				InsecureAnyType: true, InsecureNoHolderBinding: true,
			})
			if (err == nil) != (c.Want == "success") {
				t.Errorf("got %v, want %s", err, c.Want)
			}
		})
	}
	if ran < 5 {
		t.Errorf("ran %d tests, want all", ran)
	}
}

// TestTokenStatus: the status of an SD-JWT VC is looked up where its list is.
func TestTokenStatus(t *testing.T) {
	p := newParties(t, keys.P256, keys.P256)
	for _, c := range []struct {
		name   string
		status any
		want   []vc.StatusReference
	}{
		{
			"list",
			map[string]any{"status_list": map[string]any{"idx": 7, "uri": "https://a.example/1"}},
			[]vc.StatusReference{{Mechanism: vc.TokenStatusList, URI: "https://a.example/1", Index: 7}},
		},
		{"unknown", map[string]any{"other": 1}, []vc.StatusReference{{}}},
		{"no index", map[string]any{"status_list": map[string]any{"uri": "https://a.example/1"}}, []vc.StatusReference{{}}},
		{"negative index", map[string]any{"status_list": map[string]any{"idx": -1, "uri": "https://a.example/1"}}, []vc.StatusReference{{}}},
		{"fraction", map[string]any{"status_list": map[string]any{"idx": 1.5, "uri": "https://a.example/1"}}, []vc.StatusReference{{}}},
		{"empty", map[string]any{}, nil},
	} {
		cred := mustIssue(t, p, map[string]any{"vct": vct, "status": c.status}, &sdjwt.IssueOptions{Holder: p.holderMethod})
		parsed, err := cred.Open()
		if err != nil {
			t.Fatal(c.name, err)
		}
		d, err := parsed.Disclose()
		if err != nil || !d.HasStatus {
			t.Fatalf("%s: got %v, %v", c.name, d.HasStatus, err)
		}
		if len(d.Status) != len(c.want) {
			t.Errorf("%s: got %v, want %v", c.name, d.Status, c.want)
			continue
		}
		for i := range c.want {
			if got := d.Status[i]; got.Mechanism != c.want[i].Mechanism || got.URI != c.want[i].URI || got.Index != c.want[i].Index {
				t.Errorf("%s: got %v, want %v", c.name, got, c.want[i])
			}
		}
	}
}

// TestW3CGenerated issues random claims about a subject and compares what is seen with a model, as TestGenerated does.
func TestW3CGenerated(t *testing.T) {
	p := newParties(t, keys.Ed25519, keys.Ed25519)
	below := func(paths []string) (out []string) {
		for _, path := range paths {
			out = append(out, "/credentialSubject/about"+path)
		}
		return out
	}
	n := 200
	if testing.Short() {
		n = 30
	}
	for i := range n {
		g := newGenerator(uint64(i) + 1<<20)
		g.wild = true
		c := g.credential()
		claims := w3cCredential()
		claims["credentialSubject"] = map[string]any{"id": "did:example:citizen", "about": c.claims}
		opt := &sdjwt.IssueOptions{MediaType: sdjwt.W3CMediaType, Disclosable: below(c.disclosable)}
		for _, d := range c.decoys {
			opt.Decoys = append(opt.Decoys, sdjwt.Decoys{In: "/credentialSubject/about" + d.In, Count: d.Count})
		}
		pres := mustPresent(t, p, mustIssue(t, p, claims, opt), &sdjwt.PresentOptions{Reveal: below(c.reveal), Method: p.holderMethod})
		got, err := p.verify(t, pres, w3cExpect(p))
		if err != nil {
			t.Fatalf("seed %d: %v", i, err)
		}
		if about, _ := got.Claim("/credentialSubject/about"); !reflect.DeepEqual(about, c.want) {
			t.Errorf("seed %d: revealed %q: got %v, want %v", i, c.reveal, about, c.want)
		}
		if got.Claims()["_sd_alg"] != nil {
			t.Errorf("seed %d: _sd_alg is a claim", i)
		}
	}
}

// TestW3CClosed: nothing that a verifier needs may be withheld, or shown as a disclosure.
func TestW3CClosed(t *testing.T) {
	for _, name := range []string{
		"@context", "type", "issuer", "validFrom", "validUntil", "credentialStatus", "credentialSchema", "relatedResource", "termsOfUse", "proof",
		"iss", "sub", "jti", "aud", "iat", "nbf", "exp", "nonce", "cnf", "status", "vc", "vp", "credentialSubject",
	} {
		f, v := newForgery(t), &vector{}
		newW3C(f, v)
		f.disclose(name, `"x"`)
		f.set(name, "")
		f.set("iss", `"did:example:authority"`) // where issuer is gone
		if name == "iss" {
			f.set("iss", "")
		}
		if name == "credentialSubject" {
			f.disclosures = f.disclosures[1:] // what was in it
		}
		parsed, err := sdjwt.Parse([]byte(f.compact()))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		o, err := parsed.Open()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := o.Disclose(); vc.Code(err) != "sdjwt.disclosure.registered" {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
