package didcomm_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/realdid/realdid/keys"
)

// stage is where the envelopes of the vectors are made. Bob reads, with the secrets of his keys x-1, x-2, p-1, q-1 and the signing key
// es-1. Bella is another DID of his.
type stage struct {
	tb                                testing.TB
	alice, bob, bella, carol, mallory *person
}

func newStage(t testing.TB) *stage {
	town := newTown()
	s := &stage{
		tb: t, alice: town.person(t, "alice", "x-1", "p-1", "q-1", "ed-1", "es-1"),
		bob:   town.person(t, "bob", "x-1", "x-2", "p-1", "q-1", "es-1"),
		bella: town.person(t, "bella", "x-1"),
		carol: town.person(t, "carol", "x-1"), mallory: town.person(t, "mallory", "x-1", "ed-1"),
	}
	for _, p := range []*person{s.bob, s.bella} {
		for f, k := range p.keys {
			s.bob.secrets.Add(p.url(f), k)
		}
	}
	return s
}

// text is a message.
func (s *stage) text(change func(m map[string]any)) string {
	m := map[string]any{
		"id": "m-1", "typ": "application/didcomm-plain+json", "type": "https://example.com/protocols/lunch/1.0/proposal",
		"from": "did:example:alice", "to": []any{"did:example:bob"}, "body": map[string]any{"where": "here"},
	}
	if change != nil {
		change(m)
	}
	return string(toJSON(s.tb, m))
}

func (s *stage) ephemeral(kind string) *keys.PrivateKey {
	return newKey(s.tb, algorithms[kind], "ephemeral")
}

func (s *stage) to(p *person, fragments ...string) []forgedRecipient {
	var rs []forgedRecipient
	for _, f := range fragments {
		rs = append(rs, forgedRecipient{p.url(f).String(), p.keys[f].Public()})
	}
	return rs
}

// auth is a good authcrypt envelope from Alice to Bob, anon a good one of anoncrypt.
func (s *stage) auth(kind string) *forge {
	fragments := []string{kind + "-1"}
	if kind == "x" {
		fragments = append(fragments, "x-2")
	}
	return &forge{
		enc: "A256CBC-HS512", ephemeral: s.ephemeral(kind), sender: s.alice.keys[kind+"-1"], skid: s.alice.url(kind + "-1").String(),
		recipients: s.to(s.bob, fragments...), content: s.text(nil),
	}
}

func (s *stage) anon(enc string) *forge {
	f := s.auth("x")
	f.enc, f.sender, f.skid = enc, nil, ""
	return f
}

func (s *stage) signed() *forgedJWS {
	return &forgedJWS{by: s.alice.keys["ed-1"], kid: s.alice.url("ed-1").String(), payload: s.text(nil)}
}

// around puts anoncrypt around a text.
func (s *stage) around(text string) string {
	f := s.anon("XC20P")
	f.content = text
	return f.make(s.tb)
}

type envelopeCase struct {
	name, fault, text string
	expect            string // a name of expectations; "": all is accepted
}

// header returns a case of authcrypt whose protected header is changed before it is authenticated.
func (s *stage) header(name string, change func(h map[string]any)) envelopeCase {
	f := s.auth("x")
	f.header = change
	return envelopeCase{name: name, fault: "invalid", text: f.make(s.tb)}
}

// finished returns a case of authcrypt that is changed after it is made.
func (s *stage) finished(name, fault string, change func(e map[string]any)) envelopeCase {
	f := s.auth("x")
	f.envelope = change
	return envelopeCase{name: name, fault: fault, text: f.make(s.tb)}
}

// forged returns a case of authcrypt made by change.
func (s *stage) forged(name, fault string, change func(f *forge)) envelopeCase {
	f := s.auth("x")
	change(f)
	return envelopeCase{name: name, fault: fault, text: f.make(s.tb)}
}

func set(name string, value any) func(map[string]any) {
	return func(m map[string]any) {
		if value == nil {
			delete(m, name)
			return
		}
		m[name] = value
	}
}

// recipientOf returns the nth recipient of a finished envelope.
func recipientOf(e map[string]any, n int) map[string]any {
	return e["recipients"].([]any)[n].(map[string]any)
}

func withKid(n int, kid any) func(map[string]any) {
	return func(e map[string]any) { recipientOf(e, n)["header"] = map[string]any{"kid": kid} }
}

// flip changes one character in the middle of a member.
func flip(name string) func(map[string]any) {
	return func(e map[string]any) {
		b := []byte(e[name].(string))
		i := len(b) / 2
		if b[i] == 'A' {
			b[i] = 'B'
		} else {
			b[i] = 'A'
		}
		e[name] = string(b)
	}
}

// spare sets the last bit of a member, which no octet has.
func spare(name string) func(map[string]any) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return func(e map[string]any) {
		text := e[name].(string)
		last := len(text) - 1
		e[name] = text[:last] + string(alphabet[strings.IndexByte(alphabet, text[last])|1])
	}
}

func (s *stage) badForm() []envelopeCase {
	good := s.auth("x").make(s.tb)
	twice := strings.Replace(good, `"iv":`, `"iv":"AAAAAAAAAAAAAAAAAAAAAA","iv":`, 1)
	spaced := s.auth("x")
	spaced.encode = func(h map[string]any) string {
		return strings.Replace(string(toJSON(s.tb, h)), `"alg":`, `"alg":"ECDH-ES+A256KW","alg":`, 1)
	}
	many := []string{s.bob.url("x-1").String()}
	for i := range 64 {
		many = append(many, fmt.Sprintf("did:example:r%d#x-1", i))
	}
	flattened := func(e map[string]any) {
		r := recipientOf(e, 0)
		e["header"], e["encrypted_key"] = r["header"], r["encrypted_key"]
	}
	cases := []envelopeCase{
		{name: "empty", fault: "invalid"},
		{name: "an array", fault: "invalid", text: "[]"},
		{name: "an empty object", fault: "invalid", text: "{}"},
		{name: "cut off", fault: "invalid", text: good[:len(good)-1]},
		{name: "data after it", fault: "invalid", text: good + "{}"},
		{name: "a member twice", fault: "invalid", text: twice},
		{name: "a parameter of the protected header twice", fault: "invalid", text: spaced.make(s.tb)},
		s.finished("encrypted and signed in one layer", "invalid", func(e map[string]any) { e["payload"], e["signatures"] = "e30", []any{} }),
		s.finished("no ciphertext", "invalid", set("ciphertext", nil)),
		s.finished("no protected header", "invalid", set("protected", nil)),
		s.finished("no iv", "invalid", set("iv", nil)),
		s.finished("no tag", "invalid", set("tag", nil)),
		s.finished("protected header is an object", "invalid", set("protected", map[string]any{})),
		s.finished("protected header is not base64url", "invalid", set("protected", "{}")),
		s.finished("protected header is not JSON", "invalid", set("protected", "AAAA")),
		s.finished("protected header is an array", "invalid", set("protected", "W10")),
		s.header("protected header is too long", set("x", strings.Repeat("x", 12<<10))),
		s.finished("unprotected header", "invalid", set("unprotected", map[string]any{"x": "y"})),
		s.finished("additional authenticated data", "invalid", set("aad", "AAAA")),
		s.finished("no recipients", "invalid", set("recipients", nil)),
		s.finished("empty recipients", "invalid", set("recipients", []any{})),
		s.finished("recipients are an object", "invalid", set("recipients", map[string]any{})),
		s.toNames("65 recipients", "invalid", many...),
		s.toNames("no recipients, and apv of none", "invalid"),
		s.finished("general and flattened", "invalid", flattened),
		s.finished("flattened, of two", "invalid", func(e map[string]any) { flattened(e); delete(e, "recipients") }),
		s.finished("iv too short", "invalid", set("iv", b64(make([]byte, 15)))),
		s.finished("iv too long", "invalid", set("iv", b64(make([]byte, 17)))),
		s.finished("tag cut short", "invalid", func(e map[string]any) { e["tag"] = e["tag"].(string)[:22] }),
		s.finished("tag too long", "invalid", func(e map[string]any) { e["tag"] = b64(make([]byte, 64)) }),
		s.finished("iv with padding", "invalid", func(e map[string]any) { e["iv"] = e["iv"].(string) + "==" }),
		s.finished("iv in another alphabet", "invalid", set("iv", "//////////////////////")),
		s.finished("tag with spare bits", "invalid", spare("tag")),
		s.finished("iv with spare bits", "invalid", spare("iv")),
		s.finished("ciphertext with a line end", "invalid", func(e map[string]any) { e["ciphertext"] = "\n" + e["ciphertext"].(string) }),
		s.finished("ciphertext is a number", "invalid", set("ciphertext", 1)),
	}
	return cases
}

func (s *stage) badHeader() []envelopeCase {
	epk := func(change func(k map[string]any)) func(map[string]any) {
		return func(h map[string]any) {
			k := map[string]any{}
			if err := json.Unmarshal(h["epk"].(json.RawMessage), &k); err != nil {
				s.tb.Fatal(err)
			}
			change(k)
			h["epk"] = k
		}
	}
	p256 := s.auth("p")
	p256.header = epk(func(k map[string]any) { delete(k, "y") })
	forSignatures := s.auth("p")
	forSignatures.header = epk(func(k map[string]any) { k["use"] = "sig" })
	offCurve := s.auth("p")
	offCurve.header = epk(func(k map[string]any) { k["y"] = b64(make([]byte, 32)) })
	otherCurve := s.auth("x")
	otherCurve.ephemeral = s.ephemeral("p")
	otherSender := s.auth("x")
	otherSender.sender, otherSender.skid = s.alice.keys["p-1"], s.alice.url("p-1").String()
	anonSkid, anonApu := s.anon("A256GCM"), s.anon("A256GCM")
	anonSkid.header = set("skid", s.alice.url("x-1").String())
	anonApu.header = set("apu", b64([]byte(s.alice.url("x-1").String())))
	cases := []envelopeCase{
		s.header("no typ", set("typ", nil)),
		s.header("typ of signed messages", set("typ", "application/didcomm-signed+json")),
		s.header("typ JWT", set("typ", "JWT")),
		s.header("no alg", set("alg", nil)),
		s.header("alg without key wrapping", set("alg", "ECDH-1PU")),
		s.header("alg in lower case", set("alg", "ecdh-1pu+a256kw")),
		s.header("alg dir", set("alg", "dir")),
		s.header("alg with a smaller key", set("alg", "ECDH-1PU+A128KW")),
		s.header("alg is a number", set("alg", 1)),
		s.header("no enc", set("enc", nil)),
		s.header("enc with a smaller key", set("enc", "A128CBC-HS256")),
		s.header("compressed content", set("zip", "DEF")),
		s.header("critical extensions", set("crit", []any{"exp"})),
		s.header("an empty list of critical extensions", set("crit", []any{})),
		s.header("unencoded payload", set("b64", false)),
		s.header("no epk", set("epk", nil)),
		s.header("epk is a string", set("epk", "x")),
		s.header("epk with its private key", epk(func(k map[string]any) { k["d"] = b64(make([]byte, 32)) })),
		s.header("epk of both forms", epk(func(k map[string]any) { k["y"] = b64(make([]byte, 32)) })),
		s.header("epk of both types", epk(func(k map[string]any) { k["kty"] = "EC" })),
		s.header("epk of small order", epk(func(k map[string]any) { k["x"] = b64(make([]byte, 32)) })),
		s.header("epk too short", epk(func(k map[string]any) { k["x"] = b64(make([]byte, 31)) })),
		s.header("epk for signatures", epk(func(k map[string]any) { k["crv"] = "Ed25519" })),
		s.header("epk of P-521", epk(func(k map[string]any) { k["crv"], k["kty"], k["y"] = "P-521", "EC", b64(make([]byte, 66)) })),
		{name: "epk of secp256k1", fault: "invalid", text: func() string {
			f := s.auth("x")
			f.header = set("epk", json.RawMessage(newKey(s.tb, keys.Secp256k1, "ephemeral").Public().JWK()))
			return f.make(s.tb)
		}()},
		{name: "epk of P-256 without y", fault: "invalid", text: p256.make(s.tb)},
		{name: "epk with use sig", fault: "invalid", text: forSignatures.make(s.tb)},
		{name: "epk off its curve", fault: "invalid", text: offCurve.make(s.tb)},
		{name: "epk of another curve than the recipients", fault: "invalid", text: otherCurve.make(s.tb)},
		{name: "the sender's key of another curve than epk", fault: "invalid", text: otherSender.make(s.tb)},
		s.finished("epk in the protected header and a recipient's", "invalid", func(e map[string]any) {
			recipientOf(e, 1)["header"].(map[string]any)["epk"] = json.RawMessage(s.ephemeral("x").Public().JWK())
		}),
		s.finished("apv in a recipient's header", "invalid", func(e map[string]any) { recipientOf(e, 0)["header"].(map[string]any)["apv"] = "AAAA" }),
		s.finished("alg in a recipient's header", "invalid", func(e map[string]any) { recipientOf(e, 0)["header"].(map[string]any)["alg"] = "dir" }),
		s.finished("compression in a recipient's header", "invalid", func(e map[string]any) { recipientOf(e, 0)["header"].(map[string]any)["zip"] = "DEF" }),
		s.forged("a parameter that is not known in the protected header and a recipient's", "invalid", func(f *forge) {
			f.header = set("x", "y")
			f.envelope = func(e map[string]any) { recipientOf(e, 0)["header"].(map[string]any)["x"] = "y" }
		}),
		s.forged("epk in the recipients' headers alone", "invalid", func(f *forge) {
			f.header = set("epk", nil)
			f.envelope = func(e map[string]any) {
				for n := range f.recipients {
					recipientOf(e, n)["header"].(map[string]any)["epk"] = json.RawMessage(f.ephemeral.Public().JWK())
				}
			}
		}),
		s.header("no apu", set("apu", nil)),
		s.header("no skid and no apu", func(h map[string]any) { delete(h, "apu"); delete(h, "skid") }),
		s.header("apu of another sender", set("apu", b64([]byte(s.mallory.url("x-1").String())))),
		s.header("apu encoded twice", func(h map[string]any) { h["apu"] = b64([]byte(h["apu"].(string))) }),
		s.header("apu with padding", func(h map[string]any) { h["apu"] = h["apu"].(string) + "=" }),
		s.header("skid is not a string", set("skid", 1)),
		s.header("no apv", set("apv", nil)),
		s.header("apv of one recipient", set("apv", b64([]byte(partyV(s.bob.url("x-1").String()))))),
		s.header("apv of other recipients", set("apv", b64([]byte(partyV(s.bob.url("x-1").String(), s.carol.url("x-1").String()))))),
		s.header("apv is the list itself", set("apv", b64([]byte(s.bob.url("x-1").String()+"."+s.bob.url("x-2").String())))),
		s.header("apv cut short", func(h map[string]any) { h["apv"] = h["apv"].(string)[:22] }),
		{name: "anoncrypt with skid", fault: "invalid", text: anonSkid.make(s.tb)},
		{name: "anoncrypt with apu", fault: "invalid", text: anonApu.make(s.tb)},
	}
	for _, enc := range []string{"A256GCM", "XC20P"} {
		f := s.auth("x")
		f.enc = enc
		cases = append(cases, envelopeCase{name: "authcrypt with " + enc, fault: "invalid", text: f.make(s.tb)})
	}
	// apu and apv are wrong in the key derivation as well, as one implementation might have them.
	for name, change := range map[string]func(f *forge){
		"apv unsorted": func(f *forge) {
			slices.Reverse(f.recipients)
			v := s.sum(f.recipients[0].kid + "." + f.recipients[1].kid)
			f.header, f.kdf = set("apv", b64([]byte(v))), func(in *kdfInput) { in.apv = v }
		},
		"apv without dots": func(f *forge) {
			v := s.sum(f.recipients[0].kid + f.recipients[1].kid)
			f.header, f.kdf = set("apv", b64([]byte(v))), func(in *kdfInput) { in.apv = v }
		},
		"apu is the sender's DID": func(f *forge) {
			v := s.alice.id.String()
			f.header, f.kdf = set("apu", b64([]byte(v))), func(in *kdfInput) { in.apu = v }
		},
	} {
		cases = append(cases, s.forged(name, "invalid", change))
	}
	slices.SortStableFunc(cases[len(cases)-3:], func(a, b envelopeCase) int { return strings.Compare(a.name, b.name) })
	return cases
}
