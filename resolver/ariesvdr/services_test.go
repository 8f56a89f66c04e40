package ariesvdr_test

import (
	"strings"
	"testing"

	"github.com/hyperledger/aries-framework-go/pkg/common/model"
	diddoc "github.com/hyperledger/aries-framework-go/pkg/doc/did"
	"github.com/hyperledger/aries-framework-go/pkg/vdr/fingerprint"

	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
)

// A new agreement key changes the recipients that Aries sees of DIDCommMessaging, and nothing of the service.
func TestUpdateAgreementKeepsService(t *testing.T) {
	for name, recipients := range map[string][]string{"none": nil, "new": {"#agree2"}} {
		w := newWorld(t)
		id := w.create(t, rich(t))
		doc := must(w.v.Read(id))(t).DIDDocument
		m := diddoc.NewVerificationMethodFromBytes(id+"#agree2", "X25519KeyAgreementKey2019", id, key(t, keys.X25519, 9).Bytes())
		doc.VerificationMethod = doc.VerificationMethod[:0]
		doc.KeyAgreement = []diddoc.Verification{*diddoc.NewReferencedVerification(m, diddoc.KeyAgreement)}
		for i := range doc.Service {
			if doc.Service[i].ID == id+"#v2" {
				doc.Service[i].RecipientKeys = recipients
			}
		}
		if err := w.v.Update(doc); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"https://w2.example/", `"DIDCommMessaging","C"`} {
			if after := w.canonical(t, id); !strings.Contains(after, want) {
				t.Errorf("recipients %s: lost %s: %s", name, want, after)
			}
		}
	}
}

// A key that is retired does not stay the one to which Aries packs messages.
func TestRetiredRecipient(t *testing.T) {
	w := newWorld(t)
	agent := w.agent(t)
	old, next := signing(t, agent, "#sign-1"), signing(t, agent, "#sign-2")
	didKey := func(m diddoc.VerificationMethod) string {
		k, _ := fingerprint.CreateDIDKey(m.Value)
		return k
	}
	made := must(w.v.Create(&diddoc.Doc{
		VerificationMethod: []diddoc.VerificationMethod{old},
		Service:            []diddoc.Service{{Type: "did-communication", ServiceEndpoint: model.NewDIDCommV1Endpoint("https://x.example/")}},
	}))(t)
	doc := made.DIDDocument
	if got := doc.Service[0].RecipientKeys; len(got) != 1 || got[0] != didKey(old) {
		t.Fatalf("created: got %v", got)
	}
	doc.VerificationMethod, doc.AssertionMethod = nil, nil
	doc.Authentication = []diddoc.Verification{*diddoc.NewReferencedVerification(&next, diddoc.Authentication)}
	for _, recipient := range []string{didKey(old), didKey(old) + "#x", doc.ID + "#sign-1", "8HH5gYEeNc3z7PYXmd54d4x6qAfCNrqQqEB3nS7Zfu7K"} {
		doc.Service[0].RecipientKeys = []string{recipient}
		if err := w.v.Update(doc, rotate); err == nil || !strings.Contains(err.Error(), "recipient") {
			t.Errorf("recipient %s: got %v, want an error about the recipient", recipient, err)
		}
	}
	doc.Service[0].RecipientKeys = nil
	if err := w.v.Update(doc, rotate); err != nil {
		t.Fatal(err)
	}
	if got := must(w.v.Read(doc.ID))(t).DIDDocument.Service[0].RecipientKeys; len(got) != 1 || got[0] != didKey(next) {
		t.Errorf("rotated: got %v, want the new key %s", got, didKey(next))
	}
}

// Recipients that are no key of the document are not shown, and stay.
func TestForeignRecipient(t *testing.T) {
	w := newWorld(t)
	id := w.create(t, rich(t))
	doc := must(w.v.Read(id))(t).DIDDocument
	for i := range doc.Service {
		if len(doc.Service[i].RecipientKeys) > 0 && doc.Service[i].ID == id+"#v1" {
			t.Errorf("got recipients %v", doc.Service[i].RecipientKeys)
		}
	}
	if !strings.Contains(why(w.left), "recipient") {
		t.Errorf("left out: got %s", why(w.left))
	}
}

// A document that nobody touched can be written back, whatever its endpoints are.
func TestUpdateUntouched(t *testing.T) {
	for _, p := range []map[string]any{{"uri": ""}, {"uri": []string{}}, {"origins": []string{"https://a.example/"}}, {"accept": "x"}, {"uri": "https://a.example/", "routingKeys": []string{}}} {
		for _, kind := range []string{"LinkedDomains", "DIDCommMessaging", "did-communication", "IndyAgent"} {
			w := newWorld(t)
			id := w.create(t, realdid.Content{Services: []realdid.Service{{Fragment: "s", Types: []string{kind}, Endpoints: []realdid.Endpoint{{Properties: p}}}}})
			before := w.canonical(t, id)
			if err := w.v.Update(must(w.v.Read(id))(t).DIDDocument); err != nil {
				t.Errorf("%v, %s: %v", p, kind, err)
			} else if after := w.canonical(t, id); after != before {
				t.Errorf("%v, %s: got %s, want %s", p, kind, after, before)
			}
		}
	}
}
