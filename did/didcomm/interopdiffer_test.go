package didcomm_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/didcomm"
	"github.com/realdid/realdid/keys"
)

// difference is a packed message for bob, who reads it and who does not, and where it is said who is right. Sections are of DIDComm
// Messaging v2.1 unless another text is named.
type difference struct {
	name         string
	packed       func(w *differing) string
	ours, theirs bool // whether it is read
	right        string
}

// differing is what the messages are made of.
type differing struct {
	t                 *testing.T
	alice, bob, carol *person
	ephemeral         *keys.PrivateKey
	text              string // a message from alice to bob
	authcrypt         func(change func(f *forge)) string
	anoncrypt         func(change func(f *forge)) string
	signed            func(change func(f *forgedJWS)) string
}

func newDiffering(t *testing.T) (*foreign, *differing) {
	town := newTown()
	alice := town.person(t, "alice", "x-1", "p-1", "q-1", "ed-1", "es-1", "k-1", "es384-1")
	bob := town.person(t, "bob", "x-1", "p-1", "q-1", "ed-1")
	w := &differing{t: t, alice: alice, bob: bob, ephemeral: newKey(t, keys.X25519, "ephemeral")}
	w.carol = town.person(t, "carol", "x-1", "ed-1")
	f := newForeign(t, []*person{alice, bob, w.carol}, alice, bob)
	w.text = string(must[[]byte](t)(note(alice, bob).JSON()))
	make1 := func(from *person, change func(f *forge)) string {
		e := &forge{
			enc: "A256CBC-HS512", ephemeral: w.ephemeral, content: w.text,
			recipients: []forgedRecipient{{bob.url("x-1").String(), bob.keys["x-1"].Public()}},
		}
		if from != nil {
			e.sender, e.skid = from.keys["x-1"], from.url("x-1").String()
		}
		if change != nil {
			change(e)
		}
		return e.make(t)
	}
	w.authcrypt = func(change func(f *forge)) string { return make1(alice, change) }
	w.anoncrypt = func(change func(f *forge)) string { return make1(nil, change) }
	w.signed = func(change func(f *forgedJWS)) string {
		s := &forgedJWS{by: alice.keys["ed-1"], kid: alice.url("ed-1").String(), payload: w.text}
		if change != nil {
			change(s)
		}
		return s.make(t)
	}
	return f, w
}

func header(set string, value any) func(f *forge) {
	return func(f *forge) { f.header = func(h map[string]any) { h[set] = value } }
}

func without(name string) func(f *forge) {
	return func(f *forge) { f.header = func(h map[string]any) { delete(h, name) } }
}

func envelope(change func(e map[string]any)) func(f *forge) {
	return func(f *forge) { f.envelope = change }
}

// content changes the plaintext message: nil takes a member away.
func (w *differing) content(member string, value any) string {
	var m map[string]any
	if err := json.Unmarshal([]byte(w.text), &m); err != nil {
		w.t.Fatal(err)
	}
	if m[member] = value; value == nil {
		delete(m, member)
	}
	return string(toJSON(w.t, m))
}

func (w *differing) put(text string) func(f *forge) { return func(f *forge) { f.content = text } }

var differences = []difference{
	{"control authcrypt", func(w *differing) string { return w.authcrypt(nil) }, true, true, ""},
	{"control anoncrypt", func(w *differing) string { return w.anoncrypt(nil) }, true, true, ""},
	{"control signed", func(w *differing) string { return w.signed(nil) }, true, true, ""},
	{"flattened", func(w *differing) string {
		return w.authcrypt(envelope(func(e map[string]any) {
			r := e["recipients"].([]any)[0].(map[string]any)
			e["header"], e["encrypted_key"] = r["header"], r["encrypted_key"]
			delete(e, "recipients")
		}))
	}, true, false, `We: RFC 7516, section 7.2.2, and "Message Encryption", which asks for JSON serialization of either kind for signatures and names none here.`},
	{"apu alone names the sender", func(w *differing) string { return w.authcrypt(without("skid")) }, true, true, ""},
	{"no typ", func(w *differing) string { return w.authcrypt(without("typ")) }, false, true, `We: "Media Types" has the type of the envelope set in typ.`},
	{"typ of signed", func(w *differing) string { return w.authcrypt(header("typ", didcomm.MediaTypeSigned)) }, false, true, `We: "Media Types".`},
	{"zip", func(w *differing) string { return w.authcrypt(header("zip", "DEF")) }, false, true, `We: RFC 7516, section 4.1.3, has a reader inflate what it does not; and here nobody may compress, because what is inside is then larger than any limit.`},
	{"crit", func(w *differing) string { return w.authcrypt(header("crit", []string{"exp"})) }, false, true, `We: RFC 7516, section 4.1.13, refuses extensions that are not understood.`},
	{"apv of others", func(w *differing) string { return w.authcrypt(header("apv", b64([]byte(partyV("did:example:x#1"))))) }, false, false, ""},
	{"no apv", func(w *differing) string { return w.authcrypt(without("apv")) }, false, false, ""},
	{"apu is not skid", func(w *differing) string { return w.authcrypt(header("apu", b64([]byte("did:example:carol#x-1")))) }, false, false, ""},
	{"no apu", func(w *differing) string { return w.authcrypt(without("apu")) }, false, false, ""},
	{"skid of a key for signing", func(w *differing) string {
		return w.authcrypt(func(f *forge) { f.skid = w.alice.url("ed-1").String() })
	}, false, false, ""},
	{"skid the beginning of a key", func(w *differing) string {
		return w.authcrypt(func(f *forge) { f.skid = w.alice.url("x-").String() })
	}, false, false, ""},
	{"tag not in the key derivation", func(w *differing) string {
		return w.authcrypt(func(f *forge) { f.kdf = func(in *kdfInput) { in.commitment = nil } })
	}, false, false, ""},
	{"tag in the key derivation without its length", func(w *differing) string {
		return w.authcrypt(func(f *forge) { f.kdf = func(in *kdfInput) { in.commitment = in.commitment[4:] } })
	}, false, false, ""},
	{"shared secrets in the other order", func(w *differing) string {
		return w.authcrypt(func(f *forge) { f.secrets = func(ze, zs []byte) []byte { return slices.Concat(zs, ze) } })
	}, false, false, ""},
	{"authcrypt with A256GCM", func(w *differing) string { return w.authcrypt(func(f *forge) { f.enc = "A256GCM" }) }, false, false, ""},
	{"authcrypt with XC20P", func(w *differing) string { return w.authcrypt(func(f *forge) { f.enc = "XC20P" }) }, false, false, ""},
	{"epk of the recipient too", func(w *differing) string {
		return w.authcrypt(envelope(func(e map[string]any) {
			r := e["recipients"].([]any)[0].(map[string]any)
			r["header"].(map[string]any)["epk"] = json.RawMessage(w.ephemeral.Public().JWK())
		}))
	}, false, true, `We: RFC 7516, section 7.2.1: names must not repeat in the headers.`},
	{"epk with both forms", func(w *differing) string {
		epk := strings.Replace(string(w.ephemeral.Public().JWK()), "}", `,"y":"AA"}`, 1)
		return w.authcrypt(header("epk", json.RawMessage(epk)))
	}, false, true, `We: RFC 8037, section 2, gives keys of kty OKP no y.`},
	{"aad", func(w *differing) string { return w.authcrypt(envelope(func(e map[string]any) { e["aad"] = "eA" })) }, false, true, `We: RFC 7516, section 5.2, step 15: aad is authenticated. They read something that the sender did not authenticate.`},
	{"unprotected", func(w *differing) string {
		return w.authcrypt(envelope(func(e map[string]any) { e["unprotected"] = map[string]any{"zip": "DEF"} }))
	}, false, true, `We: RFC 7516, section 5.2, step 4: its parameters are part of the header; no section of DIDComm has it.`},
	{"member of the envelope that is not known", func(w *differing) string {
		return w.authcrypt(envelope(func(e map[string]any) { e["x"] = 1 }))
	}, true, true, ""},
	{"recipients of two DIDs", func(w *differing) string {
		return w.authcrypt(func(f *forge) {
			f.content = w.content("to", []string{w.bob.id.String(), w.carol.id.String()})
			f.recipients = append(f.recipients, forgedRecipient{w.carol.url("x-1").String(), w.carol.keys["x-1"].Public()})
		})
	}, true, false, `Both may: nothing forbids it, and "Sender Process to Enable Forwarding" makes one envelope for each recipient. Use EncryptOptions.For.`},
	{"65 recipients", func(w *differing) string {
		return w.authcrypt(func(f *forge) {
			for i := range 64 {
				f.recipients = append(f.recipients, forgedRecipient{fmt.Sprintf("%s#n-%d", w.bob.id, i), w.bob.keys["x-1"].Public()})
			}
		})
	}, false, true, `Both may: no section has a limit; 64 is ours.`},
	{"from is not the DID of skid", func(w *differing) string { return w.authcrypt(w.put(w.content("from", w.carol.id.String()))) }, false, true, `We: "Message Layer Addressing Consistency": from must match skid, or the result is an error. They present a stranger as the sender.`},
	{"authcrypt without from", func(w *differing) string { return w.authcrypt(w.put(w.content("from", nil))) }, false, true, `We: "Message Headers": from is required in authcrypt.`},
	{"to does not name the recipient", func(w *differing) string {
		return w.authcrypt(w.put(w.content("to", []string{w.carol.id.String()})))
	}, false, true, `Disputed: "Message Layer Addressing Consistency" wants an error, and "Message Headers" a warning. We refuse what was meant for somebody else.`},
	{"no to", func(w *differing) string { return w.authcrypt(w.put(w.content("to", nil))) }, true, true, ""},
	{"signed by another than from", func(w *differing) string {
		return w.signed(func(f *forgedJWS) { f.by, f.kid = w.carol.keys["ed-1"], w.carol.url("ed-1").String() })
	}, false, true, `We: "Message Layer Addressing Consistency": from must match the kid of the signature.`},
	{"signed and encrypted without to", func(w *differing) string {
		return w.anoncrypt(w.put(w.signed(func(f *forgedJWS) { f.payload = w.content("to", nil) })))
	}, false, true, `We: "DIDComm Signed Message" requires to in a message that is signed and encrypted, against forwarding to others.`},
	{"signed for another, encrypted on by him", func(w *differing) string {
		return w.anoncrypt(w.put(w.signed(func(f *forgedJWS) { f.payload = w.content("to", []string{w.carol.id.String()}) })))
	}, false, true, `We: the same section: this is the attack that it is about.`},
	{"signed by a key of key agreement's purpose", func(w *differing) string {
		return w.signed(func(f *forgedJWS) { f.kid = w.alice.url("x-1").String() })
	}, false, false, ""},
	{"kid of the signature protected", func(w *differing) string {
		return w.signed(func(f *forgedJWS) {
			f.header = map[string]any{"typ": didcomm.MediaTypeSigned, "alg": "EdDSA", "kid": f.kid}
			f.own = map[string]any{}
		})
	}, true, false, `We: "Message Signing", Construction, has kid in the protected header; the examples in C.2 have it in the other.`},
	{"alg none", func(w *differing) string {
		return w.signed(func(f *forgedJWS) { f.header = map[string]any{"typ": didcomm.MediaTypeSigned, "alg": "none"} })
	}, false, false, ""},
	{"typ JWM of a signature", func(w *differing) string {
		return w.signed(func(f *forgedJWS) { f.header = map[string]any{"typ": "JWM", "alg": "EdDSA"} })
	}, true, true, ""},
	{"signature flattened", func(w *differing) string {
		return w.signed(func(f *forgedJWS) {
			f.finish = func(s map[string]any) {
				for k, v := range s["signatures"].([]any)[0].(map[string]any) {
					s[k] = v
				}
				delete(s, "signatures")
			}
		})
	}, true, false, `We: "Message Signing", Construction: recipients must be able to process both forms.`},
	{"two signatures", func(w *differing) string {
		return w.signed(func(f *forgedJWS) {
			f.finish = func(s map[string]any) { s["signatures"] = append(s["signatures"].([]any), s["signatures"].([]any)[0]) }
		})
	}, false, false, ""},
	{"encrypted, then signed", func(w *differing) string {
		return w.signed(func(f *forgedJWS) { f.payload = w.authcrypt(nil) })
	}, false, false, ""},
	{"anoncrypt in authcrypt", func(w *differing) string { return w.authcrypt(w.put(w.anoncrypt(nil))) }, false, false, ""},
	{"authcrypt in anoncrypt", func(w *differing) string { return w.anoncrypt(w.put(w.authcrypt(nil))) }, true, true, ""},
	{"anoncrypt in anoncrypt", func(w *differing) string { return w.anoncrypt(w.put(w.anoncrypt(nil))) }, false, false, ""},
	{"expired", func(w *differing) string { return w.authcrypt(w.put(w.content("expires_time", 1516385931))) }, false, true, `Both may: "Message Headers" leaves to the protocol what expiry means; here whoever wants it says InsecureExpired.`},
	{"no body", func(w *differing) string { return w.authcrypt(w.put(w.content("body", nil))) }, true, false, `Both may: it is required of who writes, and examples of the specification itself leave it out (Trust Ping 2.0).`},
	{"body a string", func(w *differing) string { return w.authcrypt(w.put(w.content("body", "x"))) }, false, true, `We: "Message Headers": a JSON object.`},
	{"no typ of the message", func(w *differing) string { return w.authcrypt(w.put(w.content("typ", nil))) }, true, true, ""},
	{"typ of another message", func(w *differing) string { return w.authcrypt(w.put(w.content("typ", "application/json"))) }, false, false, ""},
	{"id with a blank", func(w *differing) string { return w.authcrypt(w.put(w.content("id", "a b"))) }, false, true, `We: "Message IDs": unreserved characters alone.`},
	{"type a word", func(w *differing) string { return w.authcrypt(w.put(w.content("type", "x"))) }, false, true, `We: "Message Type URI".`},
	{"member twice", func(w *differing) string {
		return w.authcrypt(w.put(strings.Replace(w.text, "{", `{"x":1,"x":2,`, 1)))
	}, false, true, `We: RFC 8259, section 4, leaves it open, and two readers may see two messages.`},
	{"from twice", func(w *differing) string {
		return w.authcrypt(w.put(strings.Replace(w.text, "{", `{"from":"did:example:carol",`, 1)))
	}, false, false, ""},
	{"P-384", func(w *differing) string {
		return w.authcrypt(func(f *forge) {
			f.ephemeral, f.sender, f.skid = newKey(w.t, keys.P384, "ephemeral"), w.alice.keys["q-1"], w.alice.url("q-1").String()
			f.recipients = []forgedRecipient{{w.bob.url("q-1").String(), w.bob.keys["q-1"].Public()}}
		})
	}, true, false, `We: "Curves and Content Encryption Algorithms": P-384 must be supported.`},
	{"ES384", func(w *differing) string {
		return w.signed(func(f *forgedJWS) { f.by, f.kid = w.alice.keys["es384-1"], w.alice.url("es384-1").String() })
	}, true, false, `Both may: "Message Signing" requires EdDSA, ES256 and ES256K; we read one more.`},
}

func TestInteropDifferences(t *testing.T) {
	f, w := newDiffering(t)
	for _, d := range differences {
		t.Run(d.name, func(t *testing.T) {
			compare(t, f, w, d.packed(w), d.ours, d.theirs, d.right)
		})
	}
}

// compare has both sides read a message.
func compare(t *testing.T, f *foreign, w *differing, packed string, ours, theirs bool, right string) {
	t.Helper()
	if (ours != theirs) != (right != "") {
		t.Error("who is right is to be said if the two differ, and only then")
	}
	_, err := w.bob.Unpack(t.Context(), []byte(packed), all)
	if (err == nil) != ours {
		t.Errorf("we read it: got %v (%v), want %v", err == nil, err, ours)
	}
	a := f.ask(t, map[string]any{"op": "unpack", "packed": packed})
	if (a.Error == "") != theirs {
		t.Errorf("they read it: got %v (%s), want %v", a.Error == "", a.Error, theirs)
	}
}

// priorDifferences are claims and headers of from_prior in a message from alice to bob.
var priorDifferences = []struct {
	name, header, claims string
	ours, theirs         bool
	right                string
}{
	{"control", ``, ``, true, true, ``},
	{"exp has come", ``, `"exp":1516239022`, false, true, `We: RFC 7519, section 4.1.4: it must not be accepted.`},
	{"nbf has not come", ``, `"nbf":4000000000`, false, true, `We: RFC 7519, section 4.1.5.`},
	{"no iat", ``, `-"iat"`, false, true, `We: "DID Rotation", JWT Details: iat must be the time of the rotation.`},
	{"iat in the future", ``, `"iat":4000000000`, false, true, `We: the same; the rotation has not taken place.`},
	{"sub is not from", ``, `"sub":"did:example:bob"`, false, true, `We: "DID Rotation": sub is the new DID, which the message uses.`},
	{"sub is iss", ``, `"sub":"did:example:carol"`, false, true, `We: the same.`},
	{"kid is not of iss", ``, `"iss":"did:example:bob"`, false, true, `We: "DID Rotation": the key must be authorized in the document of iss.`},
	{"a credential", ``, `"vc":{"type":["VerifiableCredential"]}`, false, true, `We: RFC 8725, section 3.12: tokens of one kind must not pass for those of another.`},
	{"crit", `"crit":["x"],"x":1`, ``, false, true, `We: RFC 7515, section 4.1.11.`},
	{"typ of another token", `"typ":"kb+jwt"`, ``, false, false, ``},
	{"kid relative", `"kid":"#ed-1"`, ``, false, false, ``},
}

func TestInteropFromPriorDifferences(t *testing.T) {
	f, w := newDiffering(t)
	changed := func(text, change string) string {
		var m, c map[string]any
		if err := json.Unmarshal([]byte(text), &m); err != nil {
			t.Fatal(err)
		}
		if name, ok := strings.CutPrefix(change, "-"); ok {
			delete(m, strings.Trim(name, `"`))
		} else if err := json.Unmarshal([]byte("{"+change+"}"), &c); err != nil {
			t.Fatal(err)
		}
		for k, v := range c {
			m[k] = v
		}
		return string(toJSON(t, m))
	}
	for _, d := range priorDifferences {
		t.Run(d.name, func(t *testing.T) {
			token := forgeToken(t, w.carol, "ed-1",
				changed(`{"typ":"JWT","alg":"EdDSA","kid":"did:example:carol#ed-1"}`, d.header),
				changed(`{"iss":"did:example:carol","sub":"did:example:alice","iat":1790000000}`, d.claims))
			compare(t, f, w, w.authcrypt(w.put(w.content("from_prior", token))), d.ours, d.theirs, d.right)
		})
	}
	t.Run("not encrypted", func(t *testing.T) {
		token := must[string](t)(w.carol.FromPrior(t.Context(), w.carol.url("ed-1"), w.alice.id, w.alice.town.now))
		packed := w.signed(func(f *forgedJWS) { f.payload = w.content("from_prior", token) })
		compare(t, f, w, packed, false, true, `We: "DID Rotation": the message must be encrypted.`)
	})
	t.Run("end of the relationship", func(t *testing.T) {
		token := must[string](t)(w.carol.FromPrior(t.Context(), w.carol.url("ed-1"), did.DID{}, w.alice.town.now))
		w := *w
		w.text = w.content("from", nil)
		packed := w.anoncrypt(w.put(w.content("from_prior", token)))
		compare(t, f, &w, packed, true, false, `We: "Ending a Relationship": sub is left out.`)
	})
}
