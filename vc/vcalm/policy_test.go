package vcalm_test

import (
	"context"
	"strings"
	"testing"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/resolver/didkey"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
	"github.com/realdid/realdid/vc/jose"
)

func newStrict(t *testing.T) *server {
	return newServer(t, func(o *optionsOf) { o.InsecureRewritable, o.InsecureUnresolvedIssuers = false, false })
}

// TestIssuerOwnsKey: a valid proof by another's key is none by the issuer, whatever the request asks to be checked.
func TestIssuerOwnsKey(t *testing.T) {
	lenient, strict := newServer(t, nil), newStrict(t)
	of := func(issuer any) object {
		return signed(t, "other", with(t, modelVersions["2.0"], object{"issuer": issuer}), dataintegrity.ProofOptions{})
	}
	for _, o := range []object{nil, {}, {"checks": []string{}}, {"checks": []string{"proof"}}, {"checks": []string{"validity"}}, {"checks": "issuer"}} {
		for _, s := range []*server{lenient, strict} {
			s.good(of(didOf("other")), o)
			s.good(of(object{"id": didOf("other"), "name": "A name"}), o)
			for _, forged := range []any{didOf("P-256"), "did:example:authority", object{"id": didOf("P-256")}, didOf("other") + "#key"} {
				if s == lenient && forged == didOf("other")+"#key" {
					continue // a URL and no DID
				}
				if a := s.verify(of(forged), o); a.titles("errors") != "INVALID_VERIFICATION_METHOD" {
					t.Errorf("%v, options %v: %s", forged, o, a.raw)
				}
			}
		}
		byURL := of("https://authority.example/issuers/14")
		if a := lenient.verify(byURL, o); !a.verified() || a.titles("warnings") != "INVALID_VERIFICATION_METHOD" {
			t.Errorf("options %v: %s", o, a.raw)
		}
		strict.bad(byURL, o)
	}
}

// TestTermsWithoutMeaning are refused under a valid proof that needs no JSON-LD.
func TestTermsWithoutMeaning(t *testing.T) {
	s := newServer(t, nil)
	for _, more := range []object{{"lost": "x"}, {"type": []string{"VerifiableCredential", "Lost"}}, {"@context": []string{contextV2, "https://nobody.example/context"}}} {
		document := with(t, modelVersions["2.0"], object{"issuer": didOf("other")})
		s.good(signed(t, "other", document, dataintegrity.ProofOptions{Cryptosuite: dataintegrity.EdDSAJCS2022{}}))
		s.bad(signed(t, "other", with(t, document, more), dataintegrity.ProofOptions{Cryptosuite: dataintegrity.EdDSAJCS2022{}}))
		if a := s.tryIssue("eddsa-jcs-2022/Ed25519", with(t, modelVersions["2.0"], more), nil); a.status != 400 {
			t.Errorf("%v: %d %s", more, a.status, a.raw)
		}
	}
}

// TestRewritable: what others can rewrite under a valid proof over RDF is refused, or warned of.
func TestRewritable(t *testing.T) {
	lenient, strict := newServer(t, nil), newStrict(t)
	inline := with(t, modelVersions["2.0"], object{
		"@context": []any{contextV2, object{"motto": "https://example.org/motto"}}, "issuer": didOf("other"),
		"credentialSubject": object{"motto": "x"},
	})
	byIRI := with(t, modelVersions["2.0"], object{"issuer": didOf("other"), "credentialSubject": object{"https://example.org/motto": "x"}})
	for name, document := range map[string]object{"inline": inline, "IRI": byIRI} {
		c := signed(t, "other", document, dataintegrity.ProofOptions{})
		if a := lenient.verify(c, nil); !a.verified() || a.titles("warnings") != "PROOF_VERIFICATION_ERROR" {
			t.Errorf("%s: %s", name, a.raw)
		}
		if a := strict.verify(c, nil); a.titles("errors") != "PROOF_VERIFICATION_ERROR" {
			t.Errorf("%s: %s", name, a.raw)
		}
		jcs := signed(t, "other", document, dataintegrity.ProofOptions{Cryptosuite: dataintegrity.EdDSAJCS2022{}})
		if a := strict.verify(jcs, nil); !a.verified() || len(a.list("warnings")) != 0 {
			t.Errorf("%s: %s", name, a.raw)
		}
		// One in a presentation, by itself and as the holder's own words.
		for _, inside := range []object{c, document} {
			p := signedPresentation(t, object{"holder": didOf("other"), "verifiableCredential": []object{inside}})
			if a := lenient.present(p, nil); !a.verified() || len(a.list("warnings")) == 0 {
				t.Errorf("%s: %s", name, a.raw)
			}
			if a := strict.present(p, nil); a.verified() {
				t.Errorf("%s: %s", name, a.raw)
			}
		}
	}
	p := signedPresentation(t, object{"@context": []any{contextV2, object{"motto": "https://example.org/motto"}}, "motto": "x"})
	if a := strict.present(p, nil); a.verified() {
		t.Errorf("got %s", a.raw)
	}
	if a := lenient.present(p, nil); !a.verified() || len(a.list("warnings")) != 1 {
		t.Errorf("got %s", a.raw)
	}
}

func signedPresentation(t *testing.T, more object) object {
	t.Helper()
	p := with(t, object{"@context": []string{contextV2}, "type": []string{"VerifiablePresentation"}}, more)
	return signed(t, "other", p, dataintegrity.ProofOptions{Purpose: did.Authentication, Challenge: nonce, Domain: []string{domain}})
}

// TestPresentations is who signs them, and what is in them.
func TestPresentations(t *testing.T) {
	s := newServer(t, nil)
	c := s.issue(edPath, with(t, modelVersions["2.0"], object{"validUntil": "2027-01-01T00:00:00Z"}), nil)
	revoked := s.issue(edPath, bare("urn:uuid:1"), nil)
	s.setStatus(object{"credentialId": "urn:uuid:1", "credentialStatus": object{"type": "BitstringStatusListEntry"}})
	own := with(t, modelVersions["2.0"], object{"issuer": didOf("other")})
	self := func(holder any, issuer string) object {
		return signedPresentation(t, object{"holder": holder, "verifiableCredential": []object{with(t, own, object{"issuer": issuer})}})
	}
	for name, f := range map[string]struct {
		presentation, options object
		want                  string // the errors
	}{
		"nothing in it":            {signedPresentation(t, nil), nil, ""},
		"a credential":             {signedPresentation(t, object{"verifiableCredential": c}), nil, ""},
		"two":                      {signedPresentation(t, object{"holder": didOf("other"), "verifiableCredential": []object{c, c}}), nil, ""},
		"asked for":                {signedPresentation(t, nil), object{"challenge": nonce, "domain": domain}, ""},
		"asked for, with one":      {signedPresentation(t, object{"verifiableCredential": c}), object{"challenge": nonce, "domain": domain}, ""},
		"changed, with a holder":   {with(t, signedPresentation(t, object{"holder": didOf("P-256")}), object{"id": "urn:uuid:9"}), nil, "PROOF_VERIFICATION_ERROR"},
		"another challenge":        {signedPresentation(t, nil), object{"challenge": "x"}, "INVALID_CHALLENGE_ERROR"},
		"another domain":           {signedPresentation(t, nil), object{"domain": "x"}, "INVALID_DOMAIN_ERROR"},
		"another holder":           {signedPresentation(t, object{"holder": didOf("P-256")}), nil, "INVALID_VERIFICATION_METHOD"},
		"a holder with a URL":      {signedPresentation(t, object{"holder": "https://a.example"}), nil, "INVALID_VERIFICATION_METHOD"},
		"two signers":              {signed(t, "P-256", signedPresentation(t, object{"holder": didOf("other")}), dataintegrity.ProofOptions{Purpose: did.Authentication, Challenge: nonce, Domain: []string{domain}}), nil, "INVALID_VERIFICATION_METHOD"},
		"signed for assertions":    {signed(t, "other", object{"@context": []string{contextV2}, "type": []string{"VerifiablePresentation"}}, dataintegrity.ProofOptions{}), nil, "PROOF_VERIFICATION_ERROR"},
		"changed":                  {with(t, signedPresentation(t, nil), object{"id": "urn:uuid:9"}), nil, "PROOF_VERIFICATION_ERROR"},
		"a changed credential":     {signedPresentation(t, object{"verifiableCredential": with(t, c, object{"validUntil": "2028-01-01T00:00:00Z"})}), nil, "PROOF_VERIFICATION_ERROR"},
		"one of two is changed":    {signedPresentation(t, object{"verifiableCredential": []object{c, with(t, c, object{"validUntil": "2028-01-01T00:00:00Z"})}}), nil, "PROOF_VERIFICATION_ERROR"},
		"a revoked credential":     {signedPresentation(t, object{"verifiableCredential": revoked}), nil, "STATUS_VERIFICATION_ERROR"},
		"a proof for presenting":   {signedPresentation(t, object{"verifiableCredential": signed(t, "other", own, dataintegrity.ProofOptions{Purpose: did.Authentication})}), nil, "PROOF_VERIFICATION_ERROR"},
		"own words":                {self(didOf("other"), didOf("other")), nil, ""},
		"own words, expired":       {signedPresentation(t, object{"holder": didOf("other"), "verifiableCredential": with(t, own, object{"validUntil": "2026-11-21T12:00:00Z"})}), nil, "CREDENTIAL_EXPIRED"},
		"own words, no holder":     {self(nil, didOf("other")), nil, "MALFORMED_VALUE_ERROR"},
		"words of another":         {self(didOf("other"), didOf("P-256")), nil, "MALFORMED_VALUE_ERROR"},
		"unsigned":                 {object{"@context": []string{contextV2}, "type": "VerifiablePresentation"}, nil, "PROOF_VERIFICATION_ERROR"},
		"unsigned, with proof":     {object{"@context": []string{contextV2}, "type": "VerifiablePresentation"}, object{"checks": "proof"}, "PROOF_VERIFICATION_ERROR"},
		"unsigned, allowed":        {object{"@context": []string{contextV2}, "type": "VerifiablePresentation", "verifiableCredential": c}, object{"checks": []string{}}, ""},
		"unsigned, asked for":      {object{"@context": []string{contextV2}, "type": "VerifiablePresentation"}, object{"checks": []string{}, "challenge": nonce}, "INVALID_CHALLENGE_ERROR"},
		"unsigned, a domain":       {object{"@context": []string{contextV2}, "type": "VerifiablePresentation"}, object{"checks": "validity", "domain": "x"}, "INVALID_CHALLENGE_ERROR"},
		"unsigned, changed inside": {object{"@context": []string{contextV2}, "type": "VerifiablePresentation", "verifiableCredential": with(t, c, object{"validUntil": "2028-01-01T00:00:00Z"})}, object{"checks": []string{}}, "PROOF_VERIFICATION_ERROR"},
		"unsigned own words":       {object{"@context": []string{contextV2}, "type": "VerifiablePresentation", "holder": didOf("other"), "verifiableCredential": own}, object{"checks": []string{}}, "PROOF_VERIFICATION_ERROR"},
		"unsigned, a lost term":    {object{"@context": []string{contextV2}, "type": "VerifiablePresentation", "lost": "x"}, object{"checks": []string{}}, "DATA_LOSS_DETECTION_ERROR"},
		"a signed one, as allowed": {with(t, signedPresentation(t, nil), object{"id": "urn:uuid:9"}), object{"checks": []string{}}, "PROOF_VERIFICATION_ERROR"},
		"no presentation":          {c, nil, "MALFORMED_VALUE_ERROR"},
	} {
		a := s.present(f.presentation, f.options)
		if got := a.titles("errors"); got != f.want {
			t.Errorf("%s: %s", name, a.raw)
		}
		if strings.HasPrefix(name, "unsigned, allowed") && !strings.Contains(a.titles("warnings"), "PROOF_VERIFICATION_ERROR") {
			t.Errorf("%s: %s", name, a.raw)
		}
		if results := a.list("credentialResults"); name == "one of two is changed" && (results[0].(object)["verified"] != true || results[1].(object)["verified"] != false) {
			t.Errorf("%s: %s", name, a.raw)
		}
	}
}

// enveloped puts a credential of the ring's key into a presentation.
func enveloped(t *testing.T, mediaType, data string) object {
	return signedPresentation(t, object{"verifiableCredential": object{
		"@context": contextV2, "type": "EnvelopedVerifiableCredential", "id": "data:" + mediaType + "," + data,
	}})
}

// TestEnvelopes are credentials that are tokens.
func TestEnvelopes(t *testing.T) {
	s := newServer(t, nil)
	k := ring()["P-256"]
	token := func(more object) string {
		t.Helper()
		c := with(t, object{
			"@context": []string{contextV2}, "type": []string{"VerifiableCredential"}, "issuer": didkey.Of(k.Public()).String(), "credentialSubject": object{"name": "Alice"},
		}, more)
		issued, err := jose.Issue(context.Background(), jose.Issuer{Signer: k, Method: didkey.URL(k.Public())}, c, &jose.IssueOptions{IssuedAt: now.AddDate(0, 0, -1)})
		if err != nil {
			t.Fatal(err)
		}
		return string(issued.Bytes())
	}
	good := token(nil)
	dots := strings.Split(good, ".")
	for name, f := range map[string]struct {
		presentation object
		want         bool
	}{
		"vc+jwt":          {enveloped(t, "application/vc+jwt", good), true},
		"changed":         {enveloped(t, "application/vc+jwt", dots[0]+"."+dots[1]+"."+strings.Repeat("A", len(dots[2]))), false},
		"no token":        {enveloped(t, "application/vc+jwt", "x"), false},
		"another type":    {enveloped(t, "application/vc+cose", good), false},
		"expired":         {enveloped(t, "application/vc+jwt", token(object{"validUntil": "2026-11-21T12:00:00Z"})), false},
		"related, wrong":  {enveloped(t, "application/vc+jwt", token(object{"relatedResource": object{"id": contextV2, "digestSRI": "sha384-NSOcNpmdIVUxIJGvGUoe22FjTWrXiaXlsZ8q6912LdnR3KraQO2n75Ica4wK4Qeg"}})), false},
		"status, unknown": {enveloped(t, "application/vc+jwt", token(object{"credentialStatus": object{"type": "BitstringStatusListEntry", "statusPurpose": "revocation", "statusListIndex": "1", "statusListCredential": "https://a.example/1"}})), true},
	} {
		if a := s.present(f.presentation, nil); a.verified() != f.want {
			t.Errorf("%s: %s", name, a.raw)
		}
	}
	e := entryOf(s.issue("ecdsa-rdfc-2019/P-256", bare("urn:uuid:1"), nil))
	p := enveloped(t, "application/vc+jwt", token(object{"credentialStatus": e}))
	if a := s.present(p, nil); !a.verified() {
		t.Errorf("got %s", a.raw)
	}
	s.setStatus(object{"credentialId": "urn:uuid:1", "credentialStatus": object{"type": "BitstringStatusListEntry"}})
	if a := s.present(p, nil); a.titles("errors") != "STATUS_VERIFICATION_ERROR" {
		t.Errorf("got %s", a.raw)
	}
}

type oneSchema struct{}

func (oneSchema) CheckSchema(_ context.Context, refs []vc.SchemaReference, claims object) error {
	switch {
	case refs[0].ID != "https://example.org/schema":
		return vc.UnknownBecause("vc.schema.unavailable", errDown)
	case claims["credentialSubject"].(object)["name"] != "Alice":
		return vc.Invalid("vc.schema.invalid", "not Alice")
	}
	return nil
}

// TestSchemas are checked by whoever has them.
func TestSchemas(t *testing.T) {
	s := newServer(t, func(o *optionsOf) { o.Schemas = oneSchema{} })
	for _, f := range []struct{ id, name, errors, warnings string }{
		{"https://example.org/schema", "Alice", "", ""},
		{"https://example.org/schema", "Bob", "MALFORMED_VALUE_ERROR", ""},
		{"https://example.org/other", "Alice", "", "SCHEMA_NOT_CHECKED"},
	} {
		c := s.issue(edPath, with(t, modelVersions["2.0"], object{
			"credentialSchema": object{"id": f.id, "type": "JsonSchema"}, "credentialSubject": object{"name": f.name},
		}), nil)
		a := s.verify(c, nil)
		if a.titles("errors") != f.errors || a.titles("warnings") != f.warnings {
			t.Errorf("%v: %s", f, a.raw)
		}
		if a := s.verify(c, object{"checks": []string{"credentialSchema"}}); a.verified() != (f.errors+f.warnings == "") {
			t.Errorf("%v: %s", f, a.raw)
		}
		s.good(c, object{"checks": []string{"proof"}})
	}
}
