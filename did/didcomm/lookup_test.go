package didcomm_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/didcomm"
)

// lend puts a method of another id, and of another controller, before those of the document, for all that it is for.
func (p *person) lend(t *testing.T, id string, from *person, controller did.DID) {
	t.Helper()
	text := string(p.resolution().Document.Canonical())
	method := fmt.Sprintf(`{"id":%q,"controller":%q,"type":"JsonWebKey2020","publicKeyJwk":%s},`, id, controller, from.keys["x-1"].Public().JWK())
	text = strings.Replace(text, `"verificationMethod":[`, `"verificationMethod":[`+method, 1)
	p.setDocument(t, strings.Replace(text, `"keyAgreement":[`, fmt.Sprintf(`"keyAgreement":[%q,`, id), 1))
}

// TestMethodsWithoutKeyReference: a recipient whose document names a method by something that no reader takes for a key does not
// make the message unreadable for the others, and nobody sends with such a method.
func TestMethodsWithoutKeyReference(t *testing.T) {
	for _, id := range []string{"did:example:carol?x=1#x-1", "did:example:carol/p#x-1", "did:example:carol?k=1", "did:example:carol"} {
		t.Run(id, func(t *testing.T) {
			town := newTown()
			alice, bob, carol := town.person(t, "alice", "x-1"), town.person(t, "bob", "x-1"), town.person(t, "carol", "x-1")
			carol.lend(t, id, carol, carol.id)
			u, err := did.ParseURL(id)
			if err != nil {
				t.Fatal(err)
			}
			carol.secrets.Add(u, carol.keys["x-1"])
			b := must[[]byte](t)(alice.Authcrypt(t.Context(), letter(alice, bob, carol), nil))
			for _, reader := range []*person{bob, carol} {
				r := must[*didcomm.Received](t)(reader.Unpack(t.Context(), b, all))
				if r.RecipientKey != reader.url("x-1") || len(r.RecipientKeys) != 2 {
					t.Errorf("got %v of %v", r.RecipientKey, r.RecipientKeys)
				}
			}
			b = must[[]byte](t)(carol.Authcrypt(t.Context(), letter(carol, bob), nil))
			if r := must[*didcomm.Received](t)(bob.Unpack(t.Context(), b, all)); r.SenderKey != carol.url("x-1") {
				t.Errorf("sent with %v", r.SenderKey)
			}
			_, err = carol.Authcrypt(t.Context(), letter(carol, bob), &didcomm.EncryptOptions{SenderKey: u})
			refused(t, err, true, nil)
			_, err = alice.Authcrypt(t.Context(), letter(alice, carol), &didcomm.EncryptOptions{RecipientKeys: []did.URL{u}})
			refused(t, err, true, nil)
		})
	}
}

// TestLentMethods: a document that lists another's method, under its own id and with its own or this controller, lends it to nobody.
func TestLentMethods(t *testing.T) {
	for _, own := range []bool{false, true} {
		town := newTown()
		alice, bob, mallory := town.person(t, "alice", "x-1"), town.person(t, "bob", "x-1"), town.person(t, "mallory", "x-1")
		controller := mallory.id
		if own {
			controller = bob.id
		}
		bob.lend(t, mallory.url("x-1").String(), mallory, controller)
		bob.secrets.Add(mallory.url("x-1"), mallory.keys["x-1"])
		b := must[[]byte](t)(alice.Authcrypt(t.Context(), letter(alice, bob), nil))
		if r := must[*didcomm.Received](t)(bob.Unpack(t.Context(), b, all)); len(r.RecipientKeys) != 1 || r.RecipientKey != bob.url("x-1") {
			t.Errorf("controller %s: encrypted to %v", controller, r.RecipientKeys)
		}
		b = must[[]byte](t)(bob.Authcrypt(t.Context(), letter(bob, alice), nil))
		if r := must[*didcomm.Received](t)(alice.Unpack(t.Context(), b, all)); r.SenderKey != bob.url("x-1") {
			t.Errorf("controller %s: sent with %v", controller, r.SenderKey)
		}
		_, err := bob.Authcrypt(t.Context(), letter(bob, alice), &didcomm.EncryptOptions{SenderKey: mallory.url("x-1")})
		wantInvalid(t, err, "not of the message's sender")
	}
}
