package cose_test

import (
	"bytes"
	"encoding/hex"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc/internal/vectortest"
)

func presentationCases() []vectorCase {
	shown := func(change func(f *forged)) func(*forgery, *vectortest.Vector) {
		return func(f *forgery, _ *vectortest.Vector) { change(f.presentation) }
	}
	set := func(name, value string) func(*forgery, *vectortest.Vector) {
		return shown(func(f *forged) { f.set(name, value) })
	}
	header := func(label, value any) func(*forgery, *vectortest.Vector) {
		return shown(func(f *forged) { put(f.protected, label, value) })
	}
	claim := func(label, value any) func(*forgery, *vectortest.Vector) {
		return shown(func(f *forged) { put(f.cwt, label, value) })
	}
	bound := func(cnf labels) func(*forgery, *vectortest.Vector) {
		return func(f *forgery, v *vectortest.Vector) {
			f.credential.cwt[8] = cnf
			f.credential.set("credentialSubject", `{"id":"did:example:child","name":"Byron"}`)
			if cnf[1] != nil {
				e := vectortest.NewSetting(f.credential.tb).Expect
				e.Unrotatable = true
				v.Expect = &e
			}
		}
	}
	okp := func(f *forgery) labels {
		return labels{1: 1, -1: 6, -2: vectortest.Fixed(f.credential.tb, keys.Ed25519, vectortest.HolderKey).Public().Bytes()}
	}
	const (
		who     = "VC-JOSE-COSE, section 4.3: the holder's key signs"
		inside  = "VC-JOSE-COSE, section 3.3.2: credentials in a presentation are secured and in envelopes"
		binding = "the holder signs for one audience and one request"
		model   = "VCDM 2.0, section 4.13"
	)
	return []vectorCase{
		{"valid", "VC-JOSE-COSE, section 3.3.2", "", nil},
		{"valid-without-holder", "the key says who holds", "", set("holder", "")},
		{"valid-nonce-text", "RFC 9711 has bytes, others have text", "", claim(10, vectortest.Nonce)},
		{"valid-cnf-kid", "VC-JOSE-COSE, section 4.1.3", "", bound(labels{3: []byte(vectortest.HolderKey)})},
		{"valid-cnf-key", "RFC 8747, for a policy that accepts keys which cannot be rotated", "", func(f *forgery, v *vectortest.Vector) {
			bound(labels{1: okp(f)})(f, v)
		}},
		{"cnf-key-with-its-private-part", "a key that has leaked", "cose.claim.cnf", func(f *forgery, v *vectortest.Vector) {
			k := okp(f)
			k[-4] = make([]byte, 32)
			bound(labels{1: k})(f, v)
		}},
		{"cnf-key-for-another-algorithm", "RFC 9052, section 7.1: alg restricts the key", "cose.claim.cnf", func(f *forgery, v *vectortest.Vector) {
			k := okp(f)
			k[3] = -7
			bound(labels{1: k})(f, v)
		}},
		{"cnf-of-another", "cnf stands above the subject", "vc.holder.kid.foreign", bound(labels{3: []byte("did:example:other")})},
		{"cnf-key-of-another", "the key in the credential signs", "cose.vp.signature", func(f *forgery, v *vectortest.Vector) {
			k := okp(f)
			k[-2] = vectortest.Fixed(f.credential.tb, keys.Ed25519, "other").Public().Bytes()
			bound(labels{1: k})(f, v)
		}},
		{"credential-alone", binding, "vc.holder.missing", func(f *forgery, _ *vectortest.Vector) { f.presentation = nil }},
		{"not-asked-for", "a signature that the policy would not check", "vc.holder.unexpected", func(_ *forgery, v *vectortest.Vector) { v.Expect = vectortest.Bare() }},
		{"typ-vc", "a presentation is no credential", "cose.header.contenttype", header(16, "application/vc+cose")},
		{"content-type-vc", "VC-JOSE-COSE, section 3.3.2", "cose.header.contenttype", header(3, "application/vc")},
		{"alg-of-another-key", "RFC 9053, section 2", "vc.holder.key.algorithm", header(1, -7)},
		{"signature-of-another-key", who, "cose.vp.signature", shown(func(f *forged) { f.key = "thief" })},
		{"signature-of-another-request", who, "cose.vp.signature", shown(func(f *forged) {
			f.cwt[10] = []byte("nonce-0")
			f.final = func(b []byte) []byte { return bytes.Replace(b, []byte("nonce-0"), []byte("nonce-1"), 1) }
		})},
		{"credential-of-a-thief", "the issuer's signature inside", "vc.signature.invalid", func(f *forgery, _ *vectortest.Vector) { f.credential.key = "thief" }},
		{"kid-absent", "bound to a DID, and nothing says which key", "vc.holder.kid.missing", shown(func(f *forged) {
			f.set("holder", "")
			delete(f.protected, 4)
		})},
		{"kid-absent-with-holder", who, "cose.vp.holder", header(4, nil)},
		{"kid-of-another-did", who, "cose.vp.holder", header(4, []byte("did:example:authority#login"))},
		{"holder-other", who, "cose.vp.holder", set("holder", `"did:example:other"`)},
		{"iss-other", who, "cose.claim.conflict", claim(1, "did:example:other")},
		{"key-for-assertions", "authentication", "vc.holder.key.purpose", shown(func(f *forged) {
			f.protected[4], f.key = []byte("did:example:citizen#papers"), "did:example:citizen#papers"
		})},
		{"aud-other", binding, "vc.holder.audience", claim(3, "https://other.example")},
		{"aud-absent", binding, "vc.holder.audience", claim(3, nil)},
		{"aud-two", "one presentation for two would let one of them show it to the other", "cose.claim.aud", claim(3, []any{"https://verifier.example", "https://other.example"})},
		{"aud-in-the-payload", "claims stand in the header", "vc.holder.audience", shown(func(f *forged) {
			delete(f.cwt, 3)
			f.set("aud", `"https://verifier.example"`)
		})},
		{"nonce-other", binding, "vc.holder.nonce", claim(10, []byte("nonce-2"))},
		{"nonce-absent", binding, "vc.holder.nonce", claim(10, nil)},
		{"nonce-list", binding, "cose.claim.text", claim(10, []any{[]byte("nonce-1"), []byte("nonce-2")})},
		{"iat-absent", binding, "vc.holder.time.missing", claim(6, nil)},
		{"iat-old", binding, "vc.holder.time.old", claim(6, 1793534000)},
		{"exp-past", "RFC 8392, section 3.1.4", "vc.holder.time.expired", claim(4, 1793534400)},
		{"no-credential", "one credential is verified at a time", "cose.vp.count", func(f *forgery, _ *vectortest.Vector) { f.only = []string{} }},
		{"two-credentials", "one credential is verified at a time", "cose.vp.count", func(f *forgery, _ *vectortest.Vector) {
			f.more = []string{enveloped("vc+cose", f.credential.message())}
		}},
		{"credential-not-enveloped", inside, "cose.vp.envelope", func(f *forgery, _ *vectortest.Vector) {
			f.only = []string{vectortest.Object(f.credential.claims)}
		}},
		{"envelope-not-base64", "VC-JOSE-COSE, section 3.3.2: a COSE credential is in base64", "cose.syntax", func(f *forgery, _ *vectortest.Vector) {
			f.only = []string{`{"@context":"https://www.w3.org/ns/credentials/v2","type":"EnvelopedVerifiableCredential","id":"data:application/vc+cose,` + hex.EncodeToString(f.credential.message()) + `"}`}
		}},
		{"envelope-of-another-type", model + ".2", "cose.vp.format", func(f *forgery, _ *vectortest.Vector) { f.mediaType = "vc+jwt" }},
		{"presentation-as-credential", inside, "cose.header.typ", func(f *forgery, _ *vectortest.Vector) {
			b, _ := hex.DecodeString(newForgery(f.credential.tb).text())
			f.only = []string{enveloped("vc+cose", b)}
		}},
		{"data-model-1-1", "VC-JOSE-COSE secures the data model 2.0", "cose.version", set("@context", `["https://www.w3.org/2018/credentials/v1"]`)},
	}
}
