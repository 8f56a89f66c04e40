package dataintegrity_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/resolver/didkey"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
)

// proofs returns the policy that fits a proof for authentication of parties' holder.
func (p *parties) proofs() dataintegrity.ProofPolicy {
	return dataintegrity.ProofPolicy{Purpose: did.Authentication, Domain: []string{"a", "b"}, Challenge: "c", Now: p.now}
}

func (p *parties) authenticated(tb testing.TB, change func(*dataintegrity.ProofOptions)) []byte {
	tb.Helper()
	opt := dataintegrity.ProofOptions{
		Method: p.method, Purpose: did.Authentication, Cryptosuite: jcs, Created: p.now, Expires: p.now.Add(time.Hour),
		Domain: []string{"b", "a"}, Challenge: "c",
	}
	if change != nil {
		change(&opt)
	}
	b, err := dataintegrity.AddProof(tb.Context(), p.holder, []byte(`{"hello":"world"}`), &opt)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func TestInsecureVerifyProofsOnly(t *testing.T) {
	p := newParties(t, keys.Ed25519, keys.Ed25519)
	good := p.authenticated(t, nil)
	lent := did.MustParse("did:example:citizen").WithFragment("lent")
	p.know(lent, p.holder.Public(), did.Authentication)
	p.keys[lent].Method.Controller = did.MustParse("did:example:stranger")
	retired := did.MustParse("did:example:citizen").WithFragment("retired")
	p.know(retired, p.holder.Public(), did.Authentication)
	p.keys[retired].Status = did.KeyRetired
	compromised := did.MustParse("did:example:citizen").WithFragment("compromised")
	p.know(compromised, p.holder.Public(), did.Authentication)
	p.keys[compromised].Status = did.KeyCompromised
	ended := did.MustParse("did:example:citizen").WithFragment("ended")
	p.know(ended, p.holder.Public(), did.Authentication)
	p.keys[ended].Method.Expires = p.now.Add(-time.Hour)
	silent := did.MustParse("did:example:citizen").WithFragment("silent")
	p.keys[silent] = nil
	p256 := did.MustParse("did:example:citizen").WithFragment("p256")
	p.know(p256, generate(t, keys.P256).Public(), did.Authentication)
	wrong := did.MustParse("did:example:citizen").WithFragment("wrong")
	p.keys[wrong] = p.keys[p.method]
	forAssertions := did.MustParse("did:example:citizen").WithFragment("assertions")
	p.know(forAssertions, p.holder.Public(), did.AssertionMethod)
	by := func(u did.URL) []byte {
		return p.authenticated(t, func(o *dataintegrity.ProofOptions) { o.Method = u })
	}
	undated := p.authenticated(t, func(o *dataintegrity.ProofOptions) { o.Undated, o.Created = true, time.Time{} })

	for _, c := range []struct {
		name     string
		document []byte
		change   func(*dataintegrity.ProofPolicy)
		code     string
	}{
		{"everything as expected", good, nil, ""},
		{"nothing of domain and challenge expected", good, func(p *dataintegrity.ProofPolicy) { p.Domain, p.Challenge = nil, "" }, ""},
		{"the right controller", good, func(p *dataintegrity.ProofPolicy) { p.Controller = did.MustParse("did:example:citizen") }, ""},
		{"undated", undated, nil, ""},
		{"retired key, dated before", by(retired), nil, ""},
		{"no purpose", good, func(p *dataintegrity.ProofPolicy) { p.Purpose = 0 }, "dataintegrity.policy"},
		{"another purpose", good, func(p *dataintegrity.ProofPolicy) { p.Purpose = did.AssertionMethod }, "dataintegrity.proof.purpose"},
		{"one domain fewer", good, func(p *dataintegrity.ProofPolicy) { p.Domain = []string{"a"} }, "dataintegrity.proof.domain"},
		{"one domain more", good, func(p *dataintegrity.ProofPolicy) { p.Domain = []string{"a", "b", "c"} }, "dataintegrity.proof.domain"},
		{"no domain", good, func(p *dataintegrity.ProofPolicy) { p.Domain = []string{} }, "dataintegrity.proof.domain"},
		{"another challenge", good, func(p *dataintegrity.ProofPolicy) { p.Challenge = "C" }, "dataintegrity.proof.challenge"},
		{"at its end", good, func(p *dataintegrity.ProofPolicy) { p.Now = p.Now.Add(time.Hour) }, "dataintegrity.proof.expired"},
		{"just before its end", good, func(p *dataintegrity.ProofPolicy) { p.Now = p.Now.Add(time.Hour - 1) }, ""},
		{"a little before it was created", good, func(p *dataintegrity.ProofPolicy) { p.Now = p.Now.Add(-time.Minute) }, ""},
		{"a little before it was created, without skew", good, func(p *dataintegrity.ProofPolicy) { p.Now, p.ClockSkew = p.Now.Add(-time.Second), -1 }, "dataintegrity.proof.future"},
		{"long before it was created", good, func(p *dataintegrity.ProofPolicy) { p.Now = p.Now.Add(-time.Hour) }, "dataintegrity.proof.future"},
		{"another controller", good, func(p *dataintegrity.ProofPolicy) { p.Controller = did.MustParse("did:example:citize") }, "dataintegrity.method.controller"},
		{"key under the control of another", by(lent), nil, "dataintegrity.method.controller"},
		{"compromised key", by(compromised), nil, "dataintegrity.method.status"},
		{"method that had ended", by(ended), nil, "dataintegrity.method.status"},
		{"no answer now", by(silent), nil, "dataintegrity.method.unavailable"},
		{"key that is not there", by(did.MustParse("did:example:citizen").WithFragment("gone")), nil, "dataintegrity.method.notfound"},
		{"answer about another key", by(wrong), nil, "dataintegrity.method.notfound"},
		{"key for another purpose", by(forAssertions), nil, "dataintegrity.method.purpose"},
		{"key of another algorithm", by(p256), nil, "dataintegrity.proof.key"},
		{"no DID URL", replaced(t, good, p.method.String(), "urn:example:key"), nil, "dataintegrity.method.url"},
		{"no fragment", replaced(t, good, p.method.String(), p.method.DID().String()), nil, "dataintegrity.method.url"},
		{"document changed", replaced(t, good, "world", "World"), nil, "vc.signature.invalid"},
		{"member added", replaced(t, good, `{"hello"`, `{"a":1,"hello"`), nil, "vc.signature.invalid"},
	} {
		t.Run(c.name, func(t *testing.T) {
			policy := p.proofs()
			if c.change != nil {
				c.change(&policy)
			}
			report, err := dataintegrity.InsecureVerifyProofsOnly(t.Context(), c.document, p.keys, &policy)
			if vc.Code(err) != c.code {
				t.Fatalf("got %v, want %q", err, c.code)
			}
			if c.code == "dataintegrity.method.unavailable" != errors.Is(err, vc.ErrUnknown) {
				t.Errorf("got %v, which mixes up invalid and unknown", err)
			}
			if (err == nil) != (report.Document != nil) {
				t.Errorf("got document %s with %v", report.Document, err)
			}
			if err == nil && string(report.Document) != `{"hello":"world"}` {
				t.Errorf("got document %s", report.Document)
			}
		})
	}
	t.Run("no policy", func(t *testing.T) {
		if _, err := dataintegrity.InsecureVerifyProofsOnly(t.Context(), good, p.keys, nil); vc.Code(err) != "dataintegrity.policy" {
			t.Errorf("got %v", err)
		}
		policy := p.proofs()
		if _, err := dataintegrity.InsecureVerifyProofsOnly(t.Context(), good, nil, &policy); vc.Code(err) != "dataintegrity.policy" {
			t.Errorf("got %v", err)
		}
	})
	t.Run("method that had ended, undated", func(t *testing.T) {
		b := p.authenticated(t, func(o *dataintegrity.ProofOptions) { o.Method, o.Undated, o.Created = ended, true, time.Time{} })
		policy := p.proofs()
		if _, err := dataintegrity.InsecureVerifyProofsOnly(t.Context(), b, p.keys, &policy); vc.Code(err) != "dataintegrity.method.status" {
			t.Errorf("got %v", err)
		}
	})
	t.Run("method that ended later, undated", func(t *testing.T) {
		p.keys[ended].Method.Expires = p.now.Add(time.Hour)
		b := p.authenticated(t, func(o *dataintegrity.ProofOptions) { o.Method, o.Undated, o.Created = ended, true, time.Time{} })
		policy := p.proofs()
		policy.Now = p.now.Add(30 * time.Minute)
		if _, err := dataintegrity.InsecureVerifyProofsOnly(t.Context(), b, p.keys, &policy); err != nil {
			t.Errorf("got %v", err)
		}
	})
	t.Run("look-up that does not look at the purpose", func(t *testing.T) {
		policy := p.proofs()
		if _, err := dataintegrity.InsecureVerifyProofsOnly(t.Context(), by(forAssertions), careless{p.keys}, &policy); vc.Code(err) != "dataintegrity.method.purpose" {
			t.Errorf("got %v", err)
		}
	})
	for cause, want := range map[error]string{did.ErrKeyController: "controller", did.ErrKeyUnsupported: "refused", did.ErrKeyTime: "status", did.ErrKeyPurpose: "purpose"} {
		t.Run(want, func(t *testing.T) {
			policy := p.proofs()
			if _, err := dataintegrity.InsecureVerifyProofsOnly(t.Context(), good, failing{cause}, &policy); vc.Code(err) != "dataintegrity.method."+want {
				t.Errorf("got %v", err)
			}
		})
	}
	t.Run("retired key, undated", func(t *testing.T) {
		b := p.authenticated(t, func(o *dataintegrity.ProofOptions) { o.Method, o.Undated, o.Created = retired, true, time.Time{} })
		policy := p.proofs()
		if _, err := dataintegrity.InsecureVerifyProofsOnly(t.Context(), b, p.keys, &policy); vc.Code(err) != "dataintegrity.method.status" {
			t.Errorf("got %v", err)
		}
	})
}

// careless is a vc.Keys that gives any key for any purpose.
type careless struct{ keyTable }

func (c careless) Key(_ context.Context, u did.URL, _ did.Purpose, _ time.Time) (*did.ResolvedKey, error) {
	return c.keyTable[u], nil
}

// failing is a vc.Keys that has no key, for one cause.
type failing struct{ cause error }

func (f failing) Key(context.Context, did.URL, did.Purpose, time.Time) (*did.ResolvedKey, error) {
	return nil, &did.Error{Code: did.InvalidVerificationMethod, Err: f.cause}
}

// TestEveryProofIsReported looks at a set of which one proof is good.
func TestEveryProofIsReported(t *testing.T) {
	p := newParties(t, keys.Ed25519, keys.Ed25519)
	one := p.authenticated(t, nil)
	two, err := dataintegrity.AddProof(t.Context(), p.issuerKey, one, &dataintegrity.ProofOptions{
		Method: p.method, Purpose: did.Authentication, Cryptosuite: jcs, Created: p.now, Domain: []string{"a", "b"}, Challenge: "c",
	})
	if err != nil {
		t.Fatal(err)
	}
	policy := p.proofs()
	report, err := dataintegrity.InsecureVerifyProofsOnly(t.Context(), two, p.keys, &policy)
	if vc.Code(err) != "vc.signature.invalid" || len(report.Proofs) != 2 {
		t.Fatalf("got %v and %d results", err, len(report.Proofs))
	}
	if report.Proofs[0].Err != nil || report.Proofs[0].Key == nil || vc.Code(report.Proofs[1].Err) != "vc.signature.invalid" {
		t.Errorf("got %v and %v", report.Proofs[0].Err, report.Proofs[1].Err)
	}
}

// TestContextsOfTheProof follows the EdDSA cryptosuites, section 3.3.2: what stands behind the contexts of the proof is not protected.
func TestContextsOfTheProof(t *testing.T) {
	p := newParties(t, keys.Ed25519, keys.Ed25519)
	doc := []byte(`{"@context":"https://www.w3.org/ns/credentials/v2","hello":"world"}`)
	signed, err := dataintegrity.AddProof(t.Context(), p.issuerKey, doc, &dataintegrity.ProofOptions{
		Method: p.issuer.Method, Purpose: did.AssertionMethod, Cryptosuite: jcs, Created: p.now,
	})
	if err != nil {
		t.Fatal(err)
	}
	policy := dataintegrity.ProofPolicy{Purpose: did.AssertionMethod, Now: p.now}
	longer := replaced(t, signed, `{"@context":"https://www.w3.org/ns/credentials/v2"`, `{"@context":["https://www.w3.org/ns/credentials/v2","https://more.example/"]`)
	report, err := dataintegrity.InsecureVerifyProofsOnly(t.Context(), longer, p.keys, &policy)
	if err != nil || string(report.Document) != string(doc) {
		t.Errorf("got %s, %v", report.Document, err)
	}
	for name, b := range map[string][]byte{
		"other": replaced(t, signed, `{"@context":"https://www.w3.org/ns/credentials/v2"`, `{"@context":["https://more.example/","https://www.w3.org/ns/credentials/v2"]`),
		"none":  replaced(t, signed, `{"@context":"https://www.w3.org/ns/credentials/v2",`, `{`),
	} {
		if _, err := dataintegrity.InsecureVerifyProofsOnly(t.Context(), b, p.keys, &policy); vc.Code(err) != "dataintegrity.proof.context" {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestContextOfAProofOverRDF refuses a context that would be neither used nor protected.
func TestContextOfAProofOverRDF(t *testing.T) {
	p := newParties(t, keys.Ed25519, keys.Ed25519)
	signed := p.issue(t, p.credential(), nil).Bytes()
	policy := dataintegrity.ProofPolicy{Purpose: did.AssertionMethod, Now: p.now}
	for c, want := range map[string]string{
		`"https://www.w3.org/ns/credentials/v2"`: "dataintegrity.proof.context", `null`: "dataintegrity.proof.context", mustJSON(t, p.credential()["@context"]): "",
	} {
		b := replaced(t, signed, `"proof":{`, `"proof":{"@context":`+c+`,`)
		if _, err := dataintegrity.InsecureVerifyProofsOnly(t.Context(), b, p.keys, &policy); vc.Code(err) != want {
			t.Errorf("%s: got %v, want %q", c, err, want)
		}
	}
}

// TestDIDKey resolves the keys themselves.
func TestDIDKey(t *testing.T) {
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	k := resolver.Keys{Resolver: didkey.Resolver{}, Now: func() time.Time { return now }}
	for _, s := range suites {
		issuer, holder := generate(t, s.algorithm), generate(t, keys.Ed25519)
		p := &parties{issuer: dataintegrity.Issuer{Signer: issuer, Method: didkey.URL(issuer.Public())}, method: didkey.URL(holder.Public())}
		cred, err := dataintegrity.Issue(t.Context(), p.issuer, p.credential(), &dataintegrity.IssueOptions{Cryptosuite: s.suite, Created: now})
		if err != nil {
			t.Fatal(err)
		}
		pres, err := cred.Present(t.Context(), holder, &dataintegrity.PresentOptions{Audience: audience, Nonce: nonce, Created: now})
		if err != nil {
			t.Fatal(err)
		}
		e := p.expect()
		e.InsecureUnrotatableHolderKey = true
		got, _, err := vc.NewVerifier(k, func() time.Time { return now }).Verify(t.Context(), dataintegrity.Received(pres.Bytes(), nil), e)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(got.Issuer, "did:key:z") || !strings.HasPrefix(got.Holder.KeyID, "did:key:z6Mk") {
			t.Errorf("got issuer %s and holder %s", got.Issuer, got.Holder.KeyID)
		}
		policy := dataintegrity.ProofPolicy{Purpose: did.AssertionMethod, Now: now, Controller: p.issuer.Method.DID()}
		if _, err := dataintegrity.InsecureVerifyProofsOnly(t.Context(), cred.Bytes(), k, &policy); err != nil {
			t.Error(err)
		}
	}
}
