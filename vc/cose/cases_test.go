package cose_test

import (
	"bytes"
	"flag"
	"strings"
	"testing"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc/internal/vectortest"
)

var update = flag.Bool("update", false, "write the vectors of testdata/cose anew")

const vectorDir = "cose"

func TestOwnVectors(t *testing.T) { vectortest.Run(t, vectorDir, receive, 90) }

// vectorCase is a vectortest.Case.
type vectorCase struct {
	name, rule, code string
	change           func(*forgery, *vectortest.Vector)
}

func TestVectorsAreCurrent(t *testing.T) {
	made := func(cases []vectorCase) vectortest.File {
		var list []vectortest.Case[*forgery]
		for _, c := range cases {
			list = append(list, vectortest.Case[*forgery]{Name: c.name, Rule: c.rule, Code: c.code, Change: c.change})
		}
		return vectortest.Make(t, list, func() *forgery { return newForgery(t) }, (*forgery).text, receive)
	}
	vectortest.Current(t, vectorDir, *update, map[string]vectortest.File{
		"credentials": made(credentialCases()), "presentations": made(presentationCases()),
	})
}

// bare changes a credential that is shown alone.
func bare(change func(f *forged, v *vectortest.Vector)) func(*forgery, *vectortest.Vector) {
	return func(f *forgery, v *vectortest.Vector) {
		f.presentation = nil
		v.Expect = vectortest.Bare()
		if change != nil {
			change(&f.credential, v)
		}
	}
}

func credentialCases() []vectorCase {
	set := func(name, value string) func(*forgery, *vectortest.Vector) {
		return bare(func(f *forged, _ *vectortest.Vector) { f.set(name, value) })
	}
	header := func(label, value any) func(*forgery, *vectortest.Vector) {
		return bare(func(f *forged, _ *vectortest.Vector) { put(f.protected, label, value) })
	}
	loose := func(label, value any) func(*forgery, *vectortest.Vector) {
		return bare(func(f *forged, _ *vectortest.Vector) {
			f.unprotected[label] = value
			delete(f.protected, label)
		})
	}
	claim := func(label, value any) func(*forgery, *vectortest.Vector) {
		return bare(func(f *forged, _ *vectortest.Vector) { put(f.cwt, label, value) })
	}
	final := func(change func([]byte) []byte) func(*forgery, *vectortest.Vector) {
		return bare(func(f *forged, _ *vectortest.Vector) { f.final = change })
	}
	bucket := func(change func([]byte) []byte) func(*forgery, *vectortest.Vector) {
		return bare(func(f *forged, _ *vectortest.Vector) {
			protected := labels{15: f.cwt}
			for k, v := range f.protected {
				protected[k] = v
			}
			f.bucket = change(encode(f.tb, protected))
		})
	}
	payload := func(b string) func(*forgery, *vectortest.Vector) {
		return bare(func(f *forged, _ *vectortest.Vector) { f.payload = []byte(b) })
	}
	const (
		sign1  = "RFC 9052, section 4.2: COSE_Sign1 with its tag, and nothing else"
		common = "RFC 9052, section 3.1"
		typ    = "VC-JOSE-COSE, section 3.3.1: typ is application/vc+cose"
		signed = "what an attacker could change must not decide"
		same   = "VC-JOSE-COSE, sections 3.3.3 and 4.1.2: claims do not contradict members"
		date   = "RFC 8392, section 2: NumericDate without its tag, here an integer"
		model  = "VCDM 2.0"
		pinned = "https://issuer.example"
	)
	return []vectorCase{
		{"valid", "VC-JOSE-COSE, section 3.3.1", "", bare(nil)},
		{"valid-without-content-type", "it may be absent", "", header(3, nil)},
		{"valid-without-claims", "undated: the key must be in service now", "", bare(func(f *forged, _ *vectortest.Vector) { f.cwt = nil })},
		{"valid-alg-ed25519", "RFC 9864: the fully specified name", "", header(1, -19)},
		{"valid-kid-unprotected", common + ": kid only says which key to try", "", loose(4, []byte(vectortest.IssuerKey))},
		{"valid-unknown-parameters", "VC-JOSE-COSE, section 3.3.3: what is not understood is ignored", "", bare(func(f *forged, _ *vectortest.Vector) {
			f.protected["example"], f.unprotected[-70001], f.cwt["example"] = 1, "x", []any{1}
			f.set("badExtension", `{"huh":"what?"}`)
		})},
		{"valid-other-order", "RFC 9052, section 9: only what is signed must be deterministic, and headers are signed as they are", "", bucket(func(b []byte) []byte {
			// The map's first entry is alg: 01 27. Behind the others it says the same.
			return append(append([]byte{b[0]}, b[3:]...), b[1:3]...)
		})},
		{"valid-iss", same, "", claim(1, vectortest.Issuer)},
		{"valid-in-an-envelope", model + ", section 4.13.2", "", bare(func(f *forged, _ *vectortest.Vector) {
			f.final = func(b []byte) []byte { return []byte(enveloped("vc+cose", b)) }
		})},
		{"valid-pinned-key", "an issuer that is no DID, whose key the policy holds", "", bare(func(f *forged, v *vectortest.Vector) {
			f.protected[4] = []byte("key 1")
			f.set("issuer", `"`+pinned+`"`)
			k := vectortest.Fixed(f.tb, keys.Ed25519, f.key).Public().Multikey()
			v.Expect.PinnedKeys = []vectortest.Pin{{Issuer: pinned, KeyID: "key 1", PublicKey: k}}
		})},

		{"trailing-byte", sign1, "cose.syntax", final(func(b []byte) []byte { return append(b, 0) })},
		{"untagged", sign1, "cose.syntax", final(func(b []byte) []byte { return b[1:] })},
		{"tagged-twice", sign1, "cose.syntax", final(func(b []byte) []byte { return append([]byte{0xd2}, b...) })},
		{"tag-in-a-longer-form", sign1, "cose.syntax", final(func(b []byte) []byte { return append([]byte{0xd8, 18}, b[1:]...) })},
		{"tag-of-cose-sign", sign1, "cose.syntax", final(func(b []byte) []byte { return append([]byte{0xd8, 98}, b[1:]...) })},
		{"three-items", sign1, "cose.syntax", final(func(b []byte) []byte { b[1] = 0x83; return b })},
		{"five-items", sign1, "cose.syntax", final(func(b []byte) []byte { b[1] = 0x85; return append(b, 0xf6) })},
		{"indefinite-length", sign1, "cose.syntax", final(func(b []byte) []byte { b[1] = 0x9f; return append(b, 0xff) })},
		{"truncated", sign1, "cose.syntax", final(func(b []byte) []byte { return b[:len(b)-1] })},
		{"unsecured", "VC-JOSE-COSE, section 1.1.2: a credential without a signature is no credential", "cose.syntax", bare(func(f *forged, _ *vectortest.Vector) {
			f.final = func([]byte) []byte { return []byte(vectortest.Object(f.claims)) }
		})},
		{"base64-text", "VC-JOSE-COSE: base64 is for envelopes, a message is bytes", "cose.syntax", final(func([]byte) []byte { return []byte("0oRYVqQBJgNuYXBwbGljYXRpb24vdmM=") })},
		{"protected-not-bytes", "RFC 9052, section 3", "cose.syntax", final(func(b []byte) []byte { return append(append([]byte{0xd2, 0x84, 0xa0}, 0xa0), b[len(b)-66:]...) })},
		{"protected-array", "RFC 9052, section 3: a map", "cose.syntax", bucket(func([]byte) []byte { return []byte{0x81, 0x01} })},
		{"protected-trailing-byte", "RFC 9052, section 3: a map", "cose.syntax", bucket(func(b []byte) []byte { return append(b, 0) })},
		{"protected-duplicate-alg", "RFC 9052, section 3: labels are unique", "cose.syntax", bucket(func(b []byte) []byte {
			return append(append([]byte{b[0] + 1}, 0x01, 0x26), b[1:]...)
		})},
		{"protected-empty", common + ": alg must be there", "cose.header.alg", bucket(func([]byte) []byte { return []byte{} })},
		{"envelope-of-another-type", model + ", section 4.13.2", "cose.syntax", final(func(b []byte) []byte { return []byte(enveloped("vp+cose", b)) })},

		{"alg-absent", common, "cose.header.alg", header(1, nil)},
		{"alg-es512", "an algorithm outside the table", "cose.header.alg", header(1, -36)},
		{"alg-hmac", "no symmetric keys", "cose.header.alg", header(1, 5)},
		{"alg-text", "names are numbers here", "cose.header.alg", header(1, "EdDSA")},
		{"alg-of-another-key", "RFC 9053, section 2", "vc.issuer.key.algorithm", header(1, -7)},
		{"alg-unprotected", signed, "cose.header.unprotected", loose(1, -8)},
		{"alg-in-both", common + ": a label stands in one header", "cose.header.unprotected", bare(func(f *forged, _ *vectortest.Vector) { f.unprotected[1] = -8 })},
		{"kid-in-both", common + ": a label stands in one header", "cose.header.unprotected", bare(func(f *forged, _ *vectortest.Vector) { f.unprotected[4] = []byte("x") })},
		{"typ-absent", typ, "cose.header.typ", header(16, nil)},
		{"typ-short", typ + ", in full", "cose.syntax", header(16, "vc+cose")},
		{"typ-cwt", typ, "cose.header.typ", header(16, "application/cwt")},
		{"typ-number", typ, "cose.header.typ", header(16, 61)},
		{"typ-unprotected", signed, "cose.header.unprotected", loose(16, "application/vc+cose")},
		{"content-type-vp", "VC-JOSE-COSE, section 3.3.1", "cose.header.contenttype", header(3, "application/vp")},
		{"content-type-number", "VC-JOSE-COSE, section 3.3.1", "cose.header.contenttype", header(3, 50)},
		{"content-type-unprotected", signed, "cose.header.unprotected", loose(3, "application/vc")},
		{"claims-unprotected", signed, "cose.header.unprotected", bare(func(f *forged, _ *vectortest.Vector) {
			f.unprotected[15], f.cwt = f.cwt, nil
		})},
		{"crit", common, "cose.header.crit", bare(func(f *forged, _ *vectortest.Vector) { f.protected[2], f.protected["x"] = []any{"x"}, 1 })},
		{"x5chain-text", "RFC 9360, section 2", "cose.header.x5chain", header(33, "MIIB")},
		{"x5chain-empty", "RFC 9360, section 2", "cose.header.x5chain", header(33, []any{})},
		{"x5chain-numbers", "RFC 9360, section 2", "cose.header.x5chain", header(33, []any{[]byte{1}, 2})},
		{"kid-absent", "VC-JOSE-COSE, section 4.1.1", "vc.issuer.kid.missing", header(4, nil)},
		{"kid-not-utf-8", "bytes that are no DID URL", "vc.issuer.kid.missing", header(4, []byte{0xff})},
		{"kid-text", common + ": a byte string", "cose.syntax", header(4, vectortest.IssuerKey)},
		{"kid-thumbprint", "an issuer that is a DID names its key as a DID URL", "vc.issuer.kid.invalid", header(4, []byte("73voMXFNmNlOEpuYCSJlh8eN0dscykoO6gBukgRS1uU"))},
		{"kid-of-another-did", "the key is the issuer's", "vc.issuer.kid.foreign", header(4, []byte("did:example:citizen#papers"))},
		{"key-for-logging-in", "assertionMethod", "vc.issuer.key.purpose", bare(func(f *forged, _ *vectortest.Vector) {
			f.protected[4], f.key = []byte("did:example:authority#login"), "did:example:authority#login"
		})},
		{"former-key-without-claims", "undated, so that the key must be in service now", "vc.issuer.key.time", bare(func(f *forged, _ *vectortest.Vector) {
			f.protected[4], f.key, f.cwt = []byte("did:example:authority#former"), "did:example:authority#former", nil
		})},
		{"signature-of-another-key", "the signature", "vc.signature.invalid", bare(func(f *forged, _ *vectortest.Vector) { f.key = "thief" })},
		{"signature-of-another-payload", "the signature", "vc.signature.invalid", final(func(b []byte) []byte { return bytes.Replace(b, []byte("Ada"), []byte("Eve"), 1) })},
		{"signature-of-another-header", "the signature covers the protected header", "vc.signature.invalid", final(func(b []byte) []byte {
			return bytes.Replace(b, []byte{0x1a, 0x6a, 0xe5, 0xd8, 0x40}, []byte{0x1a, 0x6a, 0xe5, 0xd8, 0x41}, 1) // iat
		})},
		{"signature-empty", "the signature", "cose.syntax", final(func(b []byte) []byte { return append(b[:len(b)-66], 0x40) })},

		{"payload-detached", "the payload stands in the message", "cose.payload", bare(func(f *forged, _ *vectortest.Vector) { f.detached = true })},
		{"payload-empty", "the payload is JSON", "cose.json.syntax", payload("")},
		{"payload-array", "the payload is an object", "cose.payload", payload("[]")},
		{"payload-trailing", "one JSON value", "cose.json.syntax", payload("{}{}")},
		{"payload-duplicate", "names are unique", "cose.json.duplicate", payload(`{"issuer":"a","issuer":"b"}`)},
		{"payload-nested-too-deeply", "limits", "cose.json.limit", payload(`{"x":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`)},
		{"payload-cbor", "the payload is JSON", "cose.json.syntax", payload("\xa0")},
		{"claims-not-a-map", "RFC 9597", "cose.claim.object", bare(func(f *forged, _ *vectortest.Vector) { f.protected[15], f.cwt = []byte{}, nil })},
		{"iss-other", same, "cose.claim.conflict", claim(1, "did:example:other")},
		{"iss-number", "RFC 8392, section 3.1.1", "cose.claim.text", claim(1, 1)},
		{"sub-other", same, "cose.claim.conflict", claim(2, "did:example:other")},
		{"exp-past", "the end of the signature counts beside that of the credential", "vc.time.expired", bare(func(f *forged, _ *vectortest.Vector) {
			f.cwt[4] = 1793534400
			f.set("validUntil", `"2030-01-01T00:00:00Z"`)
		})},
		{"nbf-future", "the beginning of the signature counts", "vc.time.notyet", claim(5, 1796083200)},
		{"iat-future", "iat", "vc.time.future", claim(6, 1793534461)},
		{"iat-fraction", date, "cose.claim.date", claim(6, 1793448000.5)},
		{"iat-text", date, "cose.claim.date", claim(6, "2026-10-31T12:00:00Z")},
		{"iat-negative", date, "cose.claim.date", claim(6, -1)},
		{"aud-empty", "RFC 8392, section 3.1.3", "cose.claim.aud", claim(3, []any{})},
		{"aud-number-in-list", "RFC 8392, section 3.1.3", "cose.claim.aud", claim(3, []any{"https://verifier.example", 1})},
		{"aud-bytes", "RFC 8392, section 3.1.3", "cose.claim.aud", claim(3, []byte("x"))},
		{"cnf-empty", "RFC 8747, section 3.1", "cose.claim.cnf", claim(8, labels{})},
		{"cnf-two", "RFC 8747, section 3.1: one key", "cose.claim.cnf", claim(8, labels{1: labels{1: 1, -1: 6, -2: make([]byte, 32)}, 3: []byte("x")})},
		{"cnf-kid-text", "RFC 8747, section 3.4: a byte string", "cose.claim.cnf", claim(8, labels{3: "did:example:citizen"})},
		{"cnf-off-curve", "RFC 9053, section 7.1.1", "cose.claim.cnf", claim(8, labels{1: labels{1: 2, -1: 1, -2: make([]byte, 32), -3: make([]byte, 32)}})},
		{"cnf-x25519", "a key that does not sign", "cose.claim.cnf", claim(8, labels{1: labels{1: 1, -1: 4, -2: bytes.Repeat([]byte{9}, 32)}})},
		{"data-model-1-1", "VC-JOSE-COSE secures the data model 2.0", "cose.version", bare(func(f *forged, _ *vectortest.Vector) {
			f.set("@context", `["https://www.w3.org/2018/credentials/v1"]`)
			f.set("validFrom", "")
			f.set("issuanceDate", `"2026-01-01T00:00:00Z"`)
		})},
		{"no-subject", model, "vcdm.subject", set("credentialSubject", "")},
		{"expired", model + ", section 4.9", "vc.time.expired", set("validUntil", `"2026-10-31T00:00:00Z"`)},
		{"issuer-not-accepted", "the policy's issuers", "vc.issuer.notaccepted", set("issuer", `"did:example:other"`)},
		{"of-another-type", "the policy's types", "vc.type.notaccepted", set("type", `["VerifiableCredential","OtherCredential"]`)},
	}
}

// put sets a label, or removes it for a value of nil.
func put(m labels, label, value any) {
	if value == nil {
		delete(m, label)
		return
	}
	m[label] = value
}
