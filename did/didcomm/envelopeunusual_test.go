package didcomm_test

import (
	"fmt"
	"strings"
)

// unusual are envelopes that other software may make and that must be read.
func (s *stage) unusual() []envelopeVector {
	var vs []envelopeVector
	auth := func(name string, change func(f *forge), fix func(v *envelopeVector)) {
		f := s.auth("x")
		change(f)
		v := envelopeVector{
			Name: name, Packed: f.make(s.tb), Protection: "authcrypt", Sender: f.skid, Recipient: f.recipients[0].kid, Recipients: f.kids(),
			ContentEncryption: f.enc, Message: s.text(nil),
		}
		if fix != nil {
			fix(&v)
		}
		vs = append(vs, v)
	}
	header := func(change func(h map[string]any)) func(f *forge) { return func(f *forge) { f.header = change } }
	auth("no skid, the sender is named by apu", header(set("skid", nil)), nil)
	auth("typ without application", header(set("typ", "didcomm-encrypted+json")), nil)
	auth("a parameter that is not known", header(set("x", map[string]any{"y": 1})), nil)
	auth("cty in the protected header", header(set("cty", "application/didcomm-plain+json")), nil)
	auth("a member that is not known", func(f *forge) { f.envelope = set("x", "y") }, nil)
	auth("a parameter that is not known in a recipient's header", func(f *forge) {
		f.envelope = func(e map[string]any) { recipientOf(e, 1)["header"].(map[string]any)["x"] = "y" }
	}, nil)
	auth("recipients in another order", func(f *forge) {
		f.recipients = s.to(s.bob, "x-2", "x-1")
	}, nil)
	auth("recipients of others first", func(f *forge) {
		f.recipients = append(s.to(s.carol, "x-1"), s.to(s.bob, "x-2")...)
		f.content = s.text(set("to", []any{"did:example:carol", "did:example:bob"}))
	}, func(v *envelopeVector) {
		v.Recipient, v.Message = s.bob.url("x-2").String(), s.text(set("to", []any{"did:example:carol", "did:example:bob"}))
	})
	auth("a recipient's key that no software here has", func(f *forge) {
		f.recipients = append(f.recipients, forgedRecipient{"did:example:bob#p521-1", s.carol.keys["x-1"].Public()})
	}, nil)
	auth("a recipient that nobody knows", func(f *forge) {
		f.recipients = append([]forgedRecipient{{"did:unknown:dave#1", s.carol.keys["x-1"].Public()}}, f.recipients...)
	}, func(v *envelopeVector) { v.Recipient = s.bob.url("x-1").String() })
	auth("one recipient's encrypted key does not decrypt", func(f *forge) {
		f.envelope = func(e map[string]any) { flip("encrypted_key")(recipientOf(e, 0)) }
	}, func(v *envelopeVector) { v.Recipient = s.bob.url("x-2").String() })
	auth("flattened", func(f *forge) {
		f.recipients = s.to(s.bob, "x-1")
		f.envelope = func(e map[string]any) {
			r := recipientOf(e, 0)
			e["header"], e["encrypted_key"] = r["header"], r["encrypted_key"]
			delete(e, "recipients")
		}
	}, nil)
	auth("to nobody by name", func(f *forge) { f.content = s.text(set("to", nil)) }, func(v *envelopeVector) { v.Message = s.text(set("to", nil)) })
	auth("strings written with escapes", func(f *forge) {}, func(v *envelopeVector) {
		for _, name := range []string{"iv", "tag", "ciphertext", "protected", "kid"} {
			before, after, _ := strings.Cut(v.Packed, `"`+name+`":"`)
			v.Packed = before + fmt.Sprintf(`"%s":"\u%04x`, name, after[0]) + after[1:]
		}
	})
	auth("authcrypt for two DIDs of the reader in anoncrypt for the second", func(f *forge) {
		inner := s.auth("x")
		inner.recipients = append(s.to(s.bob, "x-1"), s.to(s.bella, "x-1")...)
		inner.content = s.text(set("to", []any{"did:example:bob", "did:example:bella"}))
		*f = *s.anon("XC20P")
		f.recipients, f.content = s.to(s.bella, "x-1"), inner.make(s.tb)
	}, func(v *envelopeVector) {
		v.Hidden, v.Sender, v.ContentEncryption = true, s.alice.url("x-1").String(), "A256CBC-HS512"
		v.Recipients, v.Message = []string{"did:example:bob#x-1", "did:example:bella#x-1"}, s.text(set("to", []any{"did:example:bob", "did:example:bella"}))
	})
	jws := func(name string, change func(f *forgedJWS)) {
		f := s.signed()
		change(f)
		vs = append(vs, envelopeVector{Name: name, Packed: f.make(s.tb), Protection: "signed", Signer: s.alice.url("ed-1").String(), Message: s.text(nil)})
	}
	jws("signed, kid in the protected header", func(f *forgedJWS) {
		f.header, f.own = map[string]any{"typ": "JWM", "alg": "EdDSA", "kid": f.kid}, map[string]any{}
	})
	jws("signed, a parameter that is not known", func(f *forgedJWS) { f.own = map[string]any{"kid": f.kid, "x": "y"} })
	jws("signed, flattened", func(f *forgedJWS) {
		f.finish = func(s map[string]any) {
			for name, v := range s["signatures"].([]any)[0].(map[string]any) {
				s[name] = v
			}
			delete(s, "signatures")
		}
	})
	jws("signed, alg by its new name", func(f *forgedJWS) {
		f.header = map[string]any{"typ": "didcomm-signed+json", "alg": "Ed25519"}
	})
	return vs
}
