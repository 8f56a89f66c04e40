package didcomm_test

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"strings"

	"github.com/realdid/realdid/keys"
)

func (s *stage) sum(text string) string {
	b := sha256.Sum256([]byte(text))
	return string(b[:])
}

// toNames wraps the content key, with apv as it has to be, for names that are not the recipients' own.
func (s *stage) toNames(name, fault string, kids ...string) envelopeCase {
	return s.forged(name, fault, func(f *forge) {
		f.recipients = nil
		for _, kid := range kids {
			f.recipients = append(f.recipients, forgedRecipient{kid, s.bob.keys["x-1"].Public()})
		}
	})
}

func (s *stage) badParties() []envelopeCase {
	sender := func(name string, key *keys.PrivateKey, skid string) envelopeCase {
		return s.forged(name, "invalid", func(f *forge) { f.sender, f.skid = key, skid })
	}
	alice := s.alice.keys["x-1"]
	curve := func(kind string, change func(f *forge)) string {
		f := s.auth(kind)
		change(f)
		return f.make(s.tb)
	}
	cases := []envelopeCase{
		s.toNames("kid of nobody", "not-recipient", "did:example:nobody#x-1"),
		s.toNames("kid of a key that nobody has", "not-recipient", "did:example:bob#x-9"),
		s.toNames("kid is the start of a key's", "not-recipient", "did:example:bob#x-"),
		s.toNames("kid is longer than a key's", "not-recipient", "did:example:bob#x-11"),
		s.toNames("kid in other case", "not-recipient", "did:example:bob#X-1"),
		s.toNames("kid with an escape", "not-recipient", "did:example:bob#%78-1"),
		s.toNames("kid of another party", "not-recipient", "did:example:carol#x-1"),
		s.toNames("kid of another DID that ends alike", "not-recipient", "did:example:notbob#x-1"),
		s.toNames("kid of a DID that starts alike", "not-recipient", "did:example:bob:b#x-1"),
		s.toNames("kid is a fragment", "invalid", "#x-1"),
		s.toNames("kid is a fragment without its sign", "invalid", "x-1"),
		s.toNames("kid is a UUID", "invalid", "7f4c0a0e-9c2b-4f4e-8f4d-3f0b8a3c1d2e"),
		s.toNames("kid is a DID", "invalid", "did:example:bob"),
		s.toNames("kid with an empty fragment", "invalid", "did:example:bob#"),
		s.toNames("kid with a query", "invalid", "did:example:bob?versionId=1#x-1"),
		s.toNames("kid with a path", "invalid", "did:example:bob/x#x-1"),
		s.toNames("kid is empty", "invalid", ""),
		s.toNames("kid twice", "invalid", "did:example:bob#x-1", "did:example:bob#x-1"),
		s.finished("kid is a number", "invalid", withKid(0, 1)),
		s.finished("kid is missing", "invalid", func(e map[string]any) { recipientOf(e, 0)["header"] = map[string]any{} }),
		s.finished("a recipient without header", "invalid", func(e map[string]any) { delete(recipientOf(e, 0), "header") }),
		s.finished("a recipient is a string", "invalid", func(e map[string]any) { e["recipients"] = []any{"x", "y"} }),
		s.finished("encrypted_key is missing", "invalid", func(e map[string]any) { delete(recipientOf(e, 0), "encrypted_key") }),
		s.finished("encrypted_key is too short", "invalid", func(e map[string]any) { recipientOf(e, 0)["encrypted_key"] = b64(make([]byte, 40)) }),
		s.finished("encrypted_key is too long", "invalid", func(e map[string]any) { recipientOf(e, 0)["encrypted_key"] = b64(make([]byte, 80)) }),
		s.finished("encrypted_key is empty", "invalid", func(e map[string]any) { recipientOf(e, 0)["encrypted_key"] = "" }),
		{name: "kid of a signing key on a curve of agreement", fault: "not-recipient", text: curve("p", func(f *forge) {
			f.recipients = s.to(s.bob, "es-1")
		})},
		{name: "kid of a key on another curve", fault: "invalid", text: curve("x", func(f *forge) {
			f.recipients = []forgedRecipient{{s.bob.url("p-1").String(), s.bob.keys["x-1"].Public()}}
		})},
		sender("skid of nobody", alice, "did:example:nobody#x-1"),
		sender("skid of a key that nobody has", alice, "did:example:alice#x-9"),
		sender("skid is the start of a key's", alice, "did:example:alice#x-"),
		sender("skid is a fragment", alice, "#x-1"),
		sender("skid is a UUID", alice, "7f4c0a0e-9c2b-4f4e-8f4d-3f0b8a3c1d2e"),
		sender("skid is a DID", alice, "did:example:alice"),
		sender("skid with a query", alice, "did:example:alice?versionId=1#x-1"),
		sender("skid of another party than the key", s.mallory.keys["x-1"], "did:example:alice#x-1"),
		sender("skid of another sender than from", s.mallory.keys["x-1"], "did:example:mallory#x-1"),
		{name: "skid of a signing key on a curve of agreement", fault: "invalid", text: curve("p", func(f *forge) {
			f.sender, f.skid = s.alice.keys["es-1"], s.alice.url("es-1").String()
		})},
		s.finished("kid exchanged", "invalid", func(e map[string]any) {
			withKid(0, "did:example:bob#x-2")(e)
			withKid(1, "did:example:bob#x-1")(e)
		}),
		{name: "two DIDs, the outer envelope for one and the inner one for the other", fault: "invalid", text: func() string {
			f := s.anon("XC20P")
			f.recipients, f.content = s.to(s.bella, "x-1"), s.auth("x").make(s.tb)
			return f.make(s.tb)
		}()},
	}
	return cases
}

func (s *stage) badCrypto() []envelopeCase {
	gcm, xc, es := s.anon("A256GCM"), s.anon("XC20P"), s.anon("A256CBC-HS512")
	gcm.envelope, xc.envelope, es.envelope = flip("ciphertext"), flip("tag"), flip("iv")
	kdf := func(name string, change func(in *kdfInput)) envelopeCase {
		return s.forged(name, "invalid", func(f *forge) { f.kdf = change })
	}
	esKDF := s.anon("A256CBC-HS512")
	esKDF.kdf = func(in *kdfInput) { in.commitment = prefixed(make([]byte, 32)) }
	return []envelopeCase{
		s.finished("ciphertext changed", "invalid", flip("ciphertext")),
		s.finished("iv changed", "invalid", flip("iv")),
		s.finished("tag changed", "invalid", flip("tag")),
		s.finished("encrypted keys changed", "invalid", func(e map[string]any) {
			flip("encrypted_key")(recipientOf(e, 0))
			flip("encrypted_key")(recipientOf(e, 1))
		}),
		s.finished("protected header written anew", "invalid", func(e map[string]any) {
			h, _ := base64.RawURLEncoding.DecodeString(e["protected"].(string))
			e["protected"] = b64([]byte(strings.Replace(string(h), ",", ", ", 1)))
		}),
		s.finished("ciphertext is empty", "invalid", func(e map[string]any) { e["ciphertext"] = "" }),
		s.finished("ciphertext is no whole number of blocks", "invalid", func(e map[string]any) { e["ciphertext"] = e["ciphertext"].(string)[:20] }),
		{name: "anoncrypt, ciphertext changed", fault: "invalid", text: gcm.make(s.tb)},
		{name: "anoncrypt, tag changed", fault: "invalid", text: xc.make(s.tb)},
		{name: "anoncrypt, iv changed", fault: "invalid", text: es.make(s.tb)},
		s.forged("padding of no bytes", "invalid", func(f *forge) { f.pad = func(b []byte) []byte { return append(b, make([]byte, 16-len(b)%16)...) } }),
		s.forged("padding of more than a block", "invalid", func(f *forge) {
			f.pad = func(b []byte) []byte {
				b = pkcs7(b)
				b[len(b)-1] = 17
				return b
			}
		}),
		s.forged("padding of unequal bytes", "invalid", func(f *forge) {
			f.pad = func(b []byte) []byte {
				b = pkcs7(append(b, strings.Repeat(" ", 16-(len(b)+8)%16)...))
				b[len(b)-2] ^= 1
				return b
			}
		}),
		s.forged("content of another envelope under the keys of this one", "invalid", func(f *forge) {
			f.envelope = func(e map[string]any) {
				contentKey := sha512.Sum512([]byte("content keyA256CBC-HS512"))
				other := *f
				other.content = s.text(set("body", map[string]any{"where": "elsewhere"}))
				iv := sha256.Sum256([]byte("iv"))
				_, _, ciphertext, tag := other.seal(s.tb, contentKey[:], iv[:], []byte(e["protected"].(string)))
				e["ciphertext"], e["tag"] = b64(ciphertext), b64(tag)
			}
		}),
		kdf("no key commitment", func(in *kdfInput) { in.commitment = nil }),
		kdf("key commitment without its length", func(in *kdfInput) { in.commitment = in.commitment[4:] }),
		kdf("length of the key commitment in bits", func(in *kdfInput) { in.commitment = append([]byte{0, 0, 1, 0}, in.commitment[4:]...) }),
		kdf("key commitment to another tag", func(in *kdfInput) { in.commitment = prefixed(make([]byte, 32)) }),
		kdf("keys derived without apu", func(in *kdfInput) { in.apu = "" }),
		kdf("keys derived without apv", func(in *kdfInput) { in.apv = "" }),
		kdf("keys derived with apu in base64url", func(in *kdfInput) { in.apu = b64([]byte(in.apu)) }),
		kdf("keys derived with apv in base64url", func(in *kdfInput) { in.apv = b64([]byte(in.apv)) }),
		kdf("keys derived for anoncrypt", func(in *kdfInput) { in.alg = "ECDH-ES+A256KW" }),
		kdf("keys derived for A256KW", func(in *kdfInput) { in.alg = "A256KW" }),
		{name: "anoncrypt with a key commitment", fault: "invalid", text: esKDF.make(s.tb)},
		s.forged("authcrypt without the sender's secret", "invalid", func(f *forge) { f.secrets = func(ze, _ []byte) []byte { return ze } }),
		s.forged("authcrypt with the ephemeral secret twice", "invalid", func(f *forge) { f.secrets = func(ze, _ []byte) []byte { return append(ze, ze...) } }),
		s.forged("authcrypt with the secrets in the other order", "invalid", func(f *forge) { f.secrets = func(ze, zs []byte) []byte { return append(zs, ze...) } }),
	}
}
