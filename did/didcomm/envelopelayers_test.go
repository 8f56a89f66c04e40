package didcomm_test

import (
	"context"
	"strings"
)

func (s *stage) badLayers() []envelopeCase {
	in := func(name, fault, content string) envelopeCase {
		return s.forged(name, fault, func(f *forge) { f.content = content })
	}
	auth, anon, signed := s.auth("x").make(s.tb), s.around(s.text(nil)), s.signed().make(s.tb)
	twice := s.signed()
	twice.payload = signed
	over := s.signed()
	over.payload = auth
	text := func(change func(m map[string]any)) string { return s.text(change) }
	signedTo := func(change func(m map[string]any)) string {
		f := s.signed()
		f.payload = s.text(change)
		return f.make(s.tb)
	}
	return []envelopeCase{
		in("content is not JSON", "invalid", "x"),
		in("content is empty", "invalid", ""),
		in("content is compressed", "invalid", "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"),
		in("content is no message", "invalid", `{"x":1}`),
		in("content is a message of two texts", "invalid", text(nil)+text(nil)),
		in("authcrypt in authcrypt", "invalid", auth),
		in("anoncrypt in authcrypt", "invalid", anon),
		in("a message that is an envelope too", "invalid", text(func(m map[string]any) { m["ciphertext"], m["protected"] = "AAAA", "AAAA" })),
		{name: "a message that is an envelope too, signed", fault: "invalid", text: signedTo(func(m map[string]any) { m["ciphertext"], m["protected"] = "AAAA", "AAAA" })},
		{name: "a message that is signed too, signed", fault: "invalid", text: signedTo(func(m map[string]any) { m["payload"], m["signature"] = "AAAA", "AAAA" })},
		{name: "anoncrypt in anoncrypt", fault: "invalid", text: s.around(anon)},
		{name: "authcrypt in anoncrypt in anoncrypt", fault: "invalid", text: s.around(s.around(auth))},
		{name: "signed in signed", fault: "invalid", text: twice.make(s.tb)},
		{name: "authcrypt in signed", fault: "invalid", text: over.make(s.tb)},
		{name: "authcrypt in signed in anoncrypt", fault: "invalid", text: s.around(over.make(s.tb))},

		in("no from", "invalid", text(set("from", nil))),
		in("from is another sender", "invalid", text(set("from", "did:example:mallory"))),
		in("from starts with the sender", "invalid", text(set("from", "did:example:alice2"))),
		in("to names others", "invalid", text(set("to", []any{"did:example:carol"}))),
		in("to names a DID that starts alike", "invalid", text(set("to", []any{"did:example:bob2"}))),
		{name: "anoncrypt, to names others", fault: "invalid", text: s.around(text(set("to", []any{"did:example:carol"})))},
		{name: "signed for another and passed on", fault: "invalid", text: s.around(signedTo(set("to", []any{"did:example:carol"})))},
		{name: "signed and encrypted, to nobody", fault: "invalid", text: s.around(signedTo(set("to", nil)))},
		{name: "signed and encrypted, to an empty list", fault: "invalid", text: s.around(signedTo(set("to", []any{})))},
		in("authcrypt, and signed to nobody", "invalid", signedTo(set("to", nil))),
		s.forged("signed by another than the sender of authcrypt", "invalid", func(f *forge) {
			j := s.signed()
			j.by, j.kid, j.payload = s.mallory.keys["ed-1"], s.mallory.url("ed-1").String(), s.text(set("from", "did:example:mallory"))
			f.content = j.make(s.tb)
		}),
		in("expired", "expired", text(set("expires_time", s.alice.town.now.Unix()))),
		{name: "expired, and anonymous", fault: "expired", text: s.around(text(set("expires_time", 1)))},
		in("rotation that is none", "invalid", text(set("from_prior", "x.y.z"))),
		{name: "rotation to a sender whom nothing proves", fault: "invalid", text: s.around(text(set("from_prior", must[string](s.tb)(
			s.mallory.FromPrior(context.Background(), s.mallory.url("ed-1"), s.alice.id, s.alice.town.now)))))},
	}
}

func (s *stage) badSignatures() []envelopeCase {
	made := func(name string, change func(f *forgedJWS)) envelopeCase {
		f := s.signed()
		change(f)
		return envelopeCase{name: name, fault: "invalid", text: f.make(s.tb)}
	}
	header := func(more ...any) map[string]any {
		h := map[string]any{"typ": "application/didcomm-signed+json", "alg": "EdDSA"}
		for i := 0; i < len(more); i += 2 {
			set(more[i].(string), more[i+1])(h)
		}
		return h
	}
	first := func(s map[string]any) map[string]any { return s["signatures"].([]any)[0].(map[string]any) }
	mallory := s.mallory.keys["ed-1"]
	kid := func(name, kid string) envelopeCase {
		return made("signed, "+name, func(f *forgedJWS) { f.kid = kid })
	}
	return []envelopeCase{
		made("signature changed", func(f *forgedJWS) { f.finish = func(s map[string]any) { flip("signature")(first(s)) } }),
		made("payload changed", func(f *forgedJWS) {
			f.finish = func(m map[string]any) {
				m["payload"] = b64([]byte(s.text(set("body", map[string]any{"where": "elsewhere"}))))
			}
		}),
		made("signature of other length", func(f *forgedJWS) {
			f.finish = func(s map[string]any) { first(s)["signature"] = first(s)["signature"].(string)[:84] }
		}),
		made("signature is empty", func(f *forgedJWS) { f.finish = func(s map[string]any) { first(s)["signature"] = "" } }),
		made("no signature", func(f *forgedJWS) { f.finish = func(s map[string]any) { s["signatures"] = []any{} } }),
		made("signatures are an object", func(f *forgedJWS) { f.finish = func(s map[string]any) { s["signatures"] = first(s) } }),
		made("two signatures", func(f *forgedJWS) { f.finish = func(s map[string]any) { s["signatures"] = []any{first(s), first(s)} } }),
		made("general and flattened signature", func(f *forgedJWS) {
			f.finish = func(s map[string]any) { s["signature"], s["protected"] = first(s)["signature"], first(s)["protected"] }
		}),
		made("payload is not base64url", func(f *forgedJWS) { f.finish = func(m map[string]any) { m["payload"] = s.text(nil) } }),
		made("payload is no message", func(f *forgedJWS) { f.payload = `{"x":1}` }),
		made("signed, no protected header", func(f *forgedJWS) { f.finish = func(s map[string]any) { delete(first(s), "protected") } }),
		made("signed, typ of encrypted messages", func(f *forgedJWS) { f.header = header("typ", "application/didcomm-encrypted+json") }),
		made("signed, no typ", func(f *forgedJWS) { f.header = header("typ", nil) }),
		made("signed, alg none", func(f *forgedJWS) {
			f.header = header("alg", "none")
			f.finish = func(s map[string]any) { first(s)["signature"] = "" }
		}),
		made("signed, alg HS256", func(f *forgedJWS) { f.header = header("alg", "HS256") }),
		made("signed, alg of another key", func(f *forgedJWS) { f.header = header("alg", "ES256K") }),
		made("signed, no alg", func(f *forgedJWS) { f.header = header("alg", nil) }),
		made("signed, alg is not protected", func(f *forgedJWS) {
			f.header, f.own = header("alg", nil), map[string]any{"kid": f.kid, "alg": "EdDSA"}
		}),
		made("signed, critical extensions that are not protected", func(f *forgedJWS) { f.own = map[string]any{"kid": f.kid, "crit": []any{"x"}, "x": 1} }),
		made("signed, a parameter protected and not", func(f *forgedJWS) {
			f.header, f.own = header("x", "y"), map[string]any{"kid": f.kid, "x": "y"}
		}),
		made("signed, critical extensions", func(f *forgedJWS) { f.header = header("crit", []any{"b64"}, "b64", false) }),
		made("signed, unencoded payload", func(f *forgedJWS) { f.header = header("b64", false) }),
		made("signed, kid in both headers", func(f *forgedJWS) { f.header = header("kid", f.kid) }),
		made("signed, a key of its own", func(f *forgedJWS) {
			f.by, f.header = mallory, header("jwk", map[string]any{"kty": "OKP", "crv": "Ed25519", "x": b64(mallory.Public().Bytes())})
		}),
		made("signed, no kid", func(f *forgedJWS) { f.own = map[string]any{} }),
		kid("kid is a fragment", "#ed-1"),
		kid("kid is a DID", "did:example:alice"),
		kid("kid is the start of a key's", "did:example:alice#ed-"),
		kid("kid of a key that nobody has", "did:example:alice#ed-9"),
		kid("kid of a key for agreement", "did:example:alice#x-1"),
		kid("kid with a query", "did:example:alice?versionId=1#ed-1"),
		made("signed by another than from, kid of the signer", func(f *forgedJWS) { f.by, f.kid = mallory, s.mallory.url("ed-1").String() }),
		made("signed by another than from, kid of from", func(f *forgedJWS) { f.by = mallory }),
		made("signed, no from", func(f *forgedJWS) { f.payload = s.text(set("from", nil)) }),
		{name: "signed, a member twice", fault: "invalid", text: strings.Replace(s.signed().make(s.tb), `"payload":`, `"payload":"e30","payload":`, 1)},
		{name: "signed and not encrypted, with a rotation", fault: "invalid", text: func() string {
			f := s.signed()
			f.payload = s.text(set("from_prior", "x.y.z"))
			return f.make(s.tb)
		}()},
	}
}

// notAsExpected are sound messages which the expectation of this name refuses.
func (s *stage) notAsExpected() []envelopeCase {
	auth, anon, signed := s.auth("x").make(s.tb), s.around(s.text(nil)), s.signed().make(s.tb)
	signedAnon, hidden := s.around(signed), s.around(auth)
	var cases []envelopeCase
	refuse := func(expect string, texts map[string]string) {
		for _, name := range []string{"authcrypt", "authcrypt in anoncrypt", "anoncrypt", "signed in anoncrypt", "signed", "plaintext"} {
			if text, ok := texts[name]; ok {
				cases = append(cases, envelopeCase{name: name + ", where expected: " + expect, fault: "refused", text: text, expect: expect})
			}
		}
	}
	plain := s.text(nil)
	refuse("nothing", map[string]string{"authcrypt": auth, "plaintext": plain})
	refuse("authcrypt", map[string]string{"anoncrypt": anon, "signed in anoncrypt": signedAnon, "signed": signed, "plaintext": plain})
	refuse("anoncrypt", map[string]string{"authcrypt": auth, "authcrypt in anoncrypt": hidden, "signed in anoncrypt": signedAnon, "signed": signed, "plaintext": plain})
	refuse("anoncrypt(signed)", map[string]string{"authcrypt": auth, "authcrypt in anoncrypt": hidden, "anoncrypt": anon, "signed": signed, "plaintext": plain})
	refuse("signed", map[string]string{"authcrypt": auth, "authcrypt in anoncrypt": hidden, "anoncrypt": anon, "signed in anoncrypt": signedAnon, "plaintext": plain})
	refuse("plaintext", map[string]string{"authcrypt": auth, "authcrypt in anoncrypt": hidden, "anoncrypt": anon, "signed in anoncrypt": signedAnon, "signed": signed})
	refuse("a signature", map[string]string{"authcrypt": auth, "authcrypt in anoncrypt": hidden, "anoncrypt": anon, "plaintext": plain})
	refuse("from Alice", map[string]string{"anoncrypt": anon, "plaintext": plain})
	refuse("from Mallory", map[string]string{"authcrypt": auth, "signed in anoncrypt": signedAnon, "signed": signed})
	refuse("thread t-2", map[string]string{"authcrypt": auth, "signed": signed})
	refuse("to Bella", map[string]string{"signed": signed})
	cases = append(cases, envelopeCase{name: "authcrypt, where expected: to Bella", fault: "not-recipient", text: auth, expect: "to Bella"})
	return cases
}
