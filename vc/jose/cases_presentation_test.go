package jose_test

import (
	"encoding/base64"
	"strings"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc/internal/vectortest"
)

func unb64(s string) (string, error) {
	b, err := base64.RawURLEncoding.DecodeString(s)
	return string(b), err
}

func presentationCases() []vectorCase {
	shown := func(change func(f *forged)) func(*forgery, *vectortest.Vector) {
		return func(f *forgery, _ *vectortest.Vector) { change(f.presentation) }
	}
	set := func(name, value string) func(*forgery, *vectortest.Vector) {
		return shown(func(f *forged) { f.set(name, value) })
	}
	header := func(h string) func(*forgery, *vectortest.Vector) {
		return shown(func(f *forged) { f.header = h })
	}
	held := func(name, value string) func(*forgery, *vectortest.Vector) {
		return func(f *forgery, _ *vectortest.Vector) { f.credential.set(name, value) }
	}
	only := func(make func(f *forgery) []string) func(*forgery, *vectortest.Vector) {
		return func(f *forgery, _ *vectortest.Vector) { f.only = make(f) }
	}
	const (
		kid     = `"kid":"did:example:citizen#phone"`
		who     = "VC-JOSE-COSE, section 4.3: the holder's key signs"
		inside  = "VC-JOSE-COSE, section 3.1.2: credentials in a presentation are secured and in envelopes"
		binding = "the holder signs for one audience and one request"
		model   = "VCDM 2.0, section 4.13"
	)
	jwk := func(f *forgery, name string) string {
		return string(vectortest.Fixed(f.credential.tb, keys.Ed25519, name).Public().JWK())
	}
	return []vectorCase{
		{"valid", "VC-JOSE-COSE, section 3.1.2", "", nil},
		{"valid-without-holder", "the key says who holds", "", set("holder", "")},
		{"valid-without-cty", "cty may be absent", "", header(`{"alg":"EdDSA","typ":"vp+jwt",` + kid + `}`)},
		{"valid-cnf-key", "VC-JOSE-COSE, section 4.1.3", "", func(f *forgery, _ *vectortest.Vector) {
			f.credential.set("cnf", `{"kid":"did:example:citizen#phone"}`)
			f.credential.set("credentialSubject", `{"id":"did:example:child","name":"Byron"}`)
		}},
		{"valid-cnf-did", "bound to whatever keys the DID has", "", func(f *forgery, _ *vectortest.Vector) {
			f.credential.set("cnf", `{"kid":"did:example:citizen"}`)
			f.credential.set("credentialSubject", `{"name":"Byron"}`)
		}},
		{"valid-cnf-jwk", "RFC 7800, for a policy that accepts keys which cannot be rotated", "", func(f *forgery, v *vectortest.Vector) {
			f.credential.set("cnf", `{"jwk":`+jwk(f, vectortest.HolderKey)+`}`)
			f.presentation.header = `{"alg":"EdDSA","typ":"vp+jwt"}`
			f.presentation.set("holder", "")
			e := vectortest.NewSetting(f.credential.tb).Expect
			e.Unrotatable = true
			v.Expect = &e
		}},
		{"valid-aud-list-of-one", "RFC 7519, section 4.1.3", "", set("aud", `["https://verifier.example"]`)},
		{"valid-in-an-envelope", model + ".3", "", shown(func(f *forged) {
			f.final = func(s string) string {
				return `{"@context":"https://www.w3.org/ns/credentials/v2","type":"EnvelopedVerifiablePresentation","id":"data:application/vp+jwt,` + s + `"}`
			}
		})},
		{"credential-alone", binding, "vc.holder.missing", func(f *forgery, _ *vectortest.Vector) { f.presentation = nil }},
		{"not-asked-for", "a signature that the policy would not check", "vc.holder.unexpected", func(_ *forgery, v *vectortest.Vector) { v.Expect = vectortest.Bare() }},
		{"alg-none", "RFC 8725, section 3.2", "jose.header.alg", header(`{"alg":"none","typ":"vp+jwt",` + kid + `}`)},
		{"alg-of-another-key", "RFC 8725, section 3.1", "vc.holder.key.algorithm", header(`{"alg":"ES256","typ":"vp+jwt",` + kid + `}`)},
		{"typ-jwt-with-vp-claim", "the data model 1.1 as JWT is another format", "jose.header.typ", shown(func(f *forged) {
			f.header = `{"alg":"EdDSA","typ":"JWT",` + kid + `}`
			f.payload = `{"iss":"did:example:citizen","vp":{}}`
		})},
		{"typ-vc", "RFC 8725, section 3.11: a presentation is no credential", "vcdm.type.missing", header(`{"alg":"EdDSA","typ":"vc+jwt",` + kid + `}`)},
		{"cty-vc", "VC-JOSE-COSE, section 3.1.2", "jose.header.cty", header(`{"alg":"EdDSA","typ":"vp+jwt","cty":"vc",` + kid + `}`)},
		{"crit", "RFC 7515, section 4.1.11", "jose.header.crit", header(`{"alg":"EdDSA","typ":"vp+jwt","crit":["x"],"x":1,` + kid + `}`)},
		{"vp-claim", "VC-JOSE-COSE, section 1.1.2.1", "jose.claim.forbidden", set("vp", "{}")},
		{"vc-claim", "VC-JOSE-COSE, section 1.1.2.1", "jose.claim.forbidden", set("vc", "{}")},
		{"signature-of-another-key", who, "jose.vp.signature", shown(func(f *forged) { f.key = "thief" })},
		{"credential-swapped", "the holder signs for the credential in the presentation", "jose.vp.signature", shown(func(f *forged) {
			f.final = part(1, func(s string) string {
				b, _ := unb64(s)
				return b64(strings.Replace(b, `"type":["VerifiablePresentation"]`, `"type":["VerifiablePresentation","Other"]`, 1))
			})
		})},
		{"credential-of-a-thief", "the issuer's signature inside", "vc.signature.invalid", func(f *forgery, _ *vectortest.Vector) { f.credential.key = "thief" }},
		{"kid-absent", "bound to a DID, and nothing says which key", "vc.holder.kid.missing", shown(func(f *forged) {
			f.set("holder", "")
			f.header = `{"alg":"EdDSA","typ":"vp+jwt"}`
		})},
		{"kid-absent-with-holder", who, "jose.vp.holder", header(`{"alg":"EdDSA","typ":"vp+jwt"}`)},
		{"kid-relative", "a DID with a fragment", "jose.vp.holder", header(`{"alg":"EdDSA","typ":"vp+jwt","kid":"#phone"}`)},
		{"kid-of-another-did", who, "jose.vp.holder", header(`{"alg":"EdDSA","typ":"vp+jwt","kid":"did:example:authority#login"}`)},
		{"holder-other", who, "jose.vp.holder", set("holder", `"did:example:other"`)},
		{"iss-other", who, "jose.claim.conflict", set("iss", `"did:example:other"`)},
		{"iss-other-without-holder", who, "jose.vp.holder", shown(func(f *forged) {
			f.set("holder", "")
			f.set("iss", `"did:example:other"`)
		})},
		{"header-iss-other", who, "jose.claim.conflict", header(`{"alg":"EdDSA","typ":"vp+jwt","iss":"did:example:other",` + kid + `}`)},
		{"jti-other", "claims do not contradict members", "jose.claim.conflict", shown(func(f *forged) {
			f.set("id", `"urn:example:1"`)
			f.set("jti", `"urn:example:2"`)
		})},
		{"presented-by-another-did", "the credential's holder presents", "vc.holder.kid.foreign", func(f *forgery, _ *vectortest.Vector) {
			f.presentation.set("holder", `"did:example:authority"`)
			f.presentation.header = `{"alg":"EdDSA","typ":"vp+jwt","kid":"did:example:authority#login"}`
			f.presentation.key = "did:example:authority#login"
		}},
		{"key-for-assertions", "authentication", "vc.holder.key.purpose", shown(func(f *forged) {
			f.header, f.key = `{"alg":"EdDSA","typ":"vp+jwt","kid":"did:example:citizen#papers"}`, "did:example:citizen#papers"
		})},
		{"unbound", "no cnf, and a subject that is no DID", "vc.holder.unbound", held("credentialSubject", `{"id":"urn:example:ada","name":"Ada"}`)},
		{"unbound-two-subjects", "which of the two would hold it?", "vc.holder.unbound", held("credentialSubject", `[{"id":"did:example:citizen","name":"Ada"},{"id":"did:example:other","name":"Eve"}]`)},
		{"cnf-of-another", "cnf stands above the subject", "vc.holder.kid.foreign", held("cnf", `{"kid":"did:example:other"}`)},
		{"cnf-jwk-not-accepted", "a key that cannot be rotated", "vc.holder.unrotatable", func(f *forgery, _ *vectortest.Vector) {
			f.credential.set("cnf", `{"jwk":`+jwk(f, vectortest.HolderKey)+`}`)
		}},
		{"aud-other", binding, "vc.holder.audience", set("aud", `"https://other.example"`)},
		{"aud-absent", binding, "vc.holder.audience", set("aud", "")},
		{"aud-two", "one presentation for two would let one of them show it to the other", "jose.claim.aud", set("aud", `["https://verifier.example","https://other.example"]`)},
		{"nonce-other", binding, "vc.holder.nonce", set("nonce", `"nonce-2"`)},
		{"nonce-absent", binding, "vc.holder.nonce", set("nonce", "")},
		{"nonce-number", binding, "jose.claim.text", set("nonce", "1")},
		{"iat-absent", binding, "vc.holder.time.missing", set("iat", "")},
		{"iat-old", binding, "vc.holder.time.old", set("iat", "1793534000")},
		{"iat-future", binding, "vc.holder.time.future", set("iat", "1793534500")},
		{"exp-past", "RFC 7519, section 4.1.4", "vc.holder.time.expired", set("exp", "1793534400")},
		{"nbf-future", "RFC 7519, section 4.1.5", "vc.holder.time.notyet", set("nbf", "1793534500")},
		{"no-credential", "one credential is verified at a time", "jose.vp.count", only(func(*forgery) []string { return []string{} })},
		{"two-credentials", "one credential is verified at a time", "jose.vp.count", func(f *forgery, _ *vectortest.Vector) {
			f.more = []string{enveloped("vc+jwt", f.credential.token())}
		}},
		{"credential-not-enveloped", inside, "jose.vp.envelope", only(func(f *forgery) []string { return []string{vectortest.Object(f.credential.claims)} })},
		{"envelope-of-another-type", model + ".2", "jose.vp.format", func(f *forgery, _ *vectortest.Vector) { f.mediaType = "vc+sd-jwt" }},
		{"envelope-of-a-presentation", model + ".2", "jose.vp.format", only(func(f *forgery) []string {
			inner := newForgery(f.credential.tb)
			return []string{enveloped("vp+jwt", inner.text())}
		})},
		{"presentation-as-credential", inside, "jose.header.typ", only(func(f *forgery) []string {
			inner := newForgery(f.credential.tb)
			return []string{enveloped("vc+jwt", inner.text())}
		})},
		{"envelope-broken", inside, "jose.header.alg", func(f *forgery, _ *vectortest.Vector) {
			f.credential.header = `{"alg":"none","typ":"vc+jwt","kid":"did:example:authority#key-1"}`
		}},
		{"data-model-1-1", "VC-JOSE-COSE secures the data model 2.0", "jose.version", set("@context", `["https://www.w3.org/2018/credentials/v1"]`)},
		{"no-type", model, "vcdm.type", set("type", "")},
	}
}
