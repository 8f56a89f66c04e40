package ariesvdr_test

import (
	"errors"
	"testing"

	diddoc "github.com/hyperledger/aries-framework-go/pkg/doc/did"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
)

// FuzzCreate: whatever document Aries makes of bytes, it is registered or refused for good; and what is registered can be read and
// written back without a change of its keys.
func FuzzCreate(f *testing.F) {
	ed, x := key(f, keys.Ed25519, 1), key(f, keys.X25519, 1)
	for _, members := range []string{
		`"verificationMethod":[{"id":"#k","type":"JsonWebKey2020","controller":"","publicKeyJwk":` + string(ed.JWK()) + `}],"authentication":["#k"]`,
		`"keyAgreement":[{"id":"#a","type":"X25519KeyAgreementKey2020","controller":"#id","publicKeyMultibase":"` + x.Multikey() + `"}]`,
		`"service":[{"id":"#s","type":"DIDCommMessaging","recipientKeys":["#a"],"serviceEndpoint":[{"uri":"https://x.example/","accept":["didcomm/v2"],"routingKeys":["did:key:z"]}]}]`,
		`"service":[{"id":"#s","type":["A",7],"priority":0,"serviceEndpoint":{"origins":[]}}],"alsoKnownAs":["urn:x:y"]`,
		`"verificationMethod":[{"id":"#k","type":"Quantum2040","controller":"","publicKeyHex":"00"},{"id":"#k","type":"Ed25519VerificationKey2018","controller":"","publicKeyBase58":"x"}]`,
	} {
		f.Add([]byte(`{"@context":"https://www.w3.org/ns/did/v1","id":"did:x:y",` + members + `}`))
	}
	w := newWorld(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		doc := ariesDocument(b)
		if doc == nil {
			return
		}
		doc.ID = "" // and the ids and controllers that Aries made absolute are then relative again
		for i := range doc.VerificationMethod {
			relative(&doc.VerificationMethod[i])
		}
		for _, list := range [][]diddoc.Verification{doc.Authentication, doc.AssertionMethod, doc.KeyAgreement, doc.CapabilityInvocation, doc.CapabilityDelegation} {
			for i := range list {
				relative(&list[i].VerificationMethod)
			}
		}
		for i := range doc.Service {
			s := &doc.Service[i]
			s.ID = tail(s.ID)
			for j := range s.RecipientKeys {
				s.RecipientKeys[j] = tail(s.RecipientKeys[j])
			}
		}
		made, err := w.v.Create(doc)
		if err != nil {
			if e, ok := errors.AsType[*did.Error](err); !ok || e.Temporary() {
				t.Fatalf("got %v, want a final error", err)
			}
			return
		}
		id := made.DIDDocument.ID
		before := must(w.m.Resolve(t.Context(), did.MustParse(id), nil))(t)
		if err := w.v.Update(must(w.v.Read(id))(t).DIDDocument); err != nil {
			t.Fatalf("written back: %v", err)
		}
		after := must(w.m.Resolve(t.Context(), did.MustParse(id), nil))(t)
		if len(after.Removed) > 0 || len(after.Document.VerificationMethod) != len(before.Document.VerificationMethod) || len(after.Document.Service) != len(before.Document.Service) {
			t.Errorf("written back: got %s, want %s", after.Document.Canonical(), before.Document.Canonical())
		}
	})
}

// ariesDocument has Aries parse a document; nil if it refuses or panics.
func ariesDocument(b []byte) (doc *diddoc.Doc) {
	defer func() {
		if recover() != nil {
			doc = nil
		}
	}()
	doc, err := diddoc.ParseDocument(b)
	if err != nil {
		return nil
	}
	return doc
}

func relative(m *diddoc.VerificationMethod) {
	m.ID = tail(m.ID)
	if m.Controller == "did:x:y" {
		m.Controller = ""
	}
}

// tail makes "#k" of "did:x:y#k".
func tail(id string) string {
	if len(id) > 7 && id[:7] == "did:x:y" {
		return id[7:]
	}
	return id
}
