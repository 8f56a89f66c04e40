package ariesvdr_test

import (
	"fmt"
	"testing"

	"github.com/hyperledger/aries-framework-go/pkg/didcomm/packager"
	"github.com/hyperledger/aries-framework-go/pkg/didcomm/transport"
	diddoc "github.com/hyperledger/aries-framework-go/pkg/doc/did"
	"github.com/hyperledger/aries-framework-go/pkg/doc/jose/jwk/jwksupport"
	"github.com/hyperledger/aries-framework-go/pkg/doc/verifiable"
	vdrapi "github.com/hyperledger/aries-framework-go/pkg/framework/aries/api/vdr"
	ariescontext "github.com/hyperledger/aries-framework-go/pkg/framework/context"
	"github.com/hyperledger/aries-framework-go/pkg/kms"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/resolver/ariesvdr"
)

// The tests of this file hold what README.md says of Aries v0.3.2 itself, so that the page does not outlive the defects. None of
// them is a demand on this package.

// registry resolves one document, as it is.
type registry struct {
	vdrapi.Registry
	doc *diddoc.Doc
}

func (r registry) Resolve(string, ...vdrapi.DIDMethodOption) (*diddoc.DocResolution, error) {
	return &diddoc.DocResolution{DIDDocument: r.doc}, nil
}

func panics(f func()) (did bool) {
	defer func() { did = recover() != nil }()
	f()
	return false
}

func TestDefectContextOfDID11(t *testing.T) {
	for context, ok := range map[string]bool{"https://www.w3.org/ns/did/v1": true, "https://www.w3.org/ns/did/v1.1": false} {
		_, err := diddoc.ParseDocument(fmt.Appendf(nil, `{"@context":%q,"id":"did:realdid:x"}`, context))
		if (err == nil) != ok {
			t.Errorf("%s: got %v", context, err)
		}
	}
}

func TestDefectEndpoints(t *testing.T) {
	doc := must(diddoc.ParseDocument([]byte(`{"@context":"https://www.w3.org/ns/did/v1","id":"did:realdid:x","service":[
		{"id":"#v2","type":"DIDCommMessaging","serviceEndpoint":{"uri":"https://x.example/"}},
		{"id":"#web","type":"LinkedDomains","serviceEndpoint":{"origins":[]}}]}`)))(t)
	if uri, err := doc.Service[0].ServiceEndpoint.URI(); err == nil {
		t.Errorf("an endpoint object: got %q, want an error", uri)
	}
	if !panics(func() { _, _ = doc.JSONBytes() }) {
		t.Error("an endpoint without origins: no panic")
	}
}

// agentWith registers an identifier with these agreement keys of the agent's own.
func agentWith(t *testing.T, agent *ariescontext.Provider, agree ...diddoc.VerificationMethod) *diddoc.Doc {
	t.Helper()
	doc := &diddoc.Doc{Service: []diddoc.Service{messagesV2("http://127.0.0.1:7/")}}
	for i := range agree {
		doc.KeyAgreement = append(doc.KeyAgreement, *diddoc.NewReferencedVerification(&agree[i], diddoc.KeyAgreement))
	}
	return must(agent.VDRegistry().Create("realdid", doc))(t).DIDDocument
}

// toItself packs a message of an agent to a key of its own.
func toItself(t *testing.T, agent *ariescontext.Provider, key string) []byte {
	t.Helper()
	return must(agent.Packager().PackMessage(&transport.Envelope{
		MediaTypeProfile: transport.MediaTypeDIDCommV2Profile, Message: []byte(`{"@id":"1"}`), FromKey: []byte(key), ToKeys: []string{key},
	}))(t)
}

func p256Agreement(t *testing.T, agent *ariescontext.Provider, id string) diddoc.VerificationMethod {
	t.Helper()
	_, raw, err := agent.KMS().CreateAndExportPubKeyBytes(kms.NISTP256ECDHKWType)
	if err != nil {
		t.Fatal(err)
	}
	j := must(jwksupport.PubKeyBytesToJWK(raw, kms.NISTP256ECDHKWType))(t)
	return *must(diddoc.NewVerificationMethodFromJWK(id, "JsonWebKey2020", "", j))(t)
}

// A recipient that the document does not have makes Unpack panic, and so does the first of two agreement keys.
func TestDefectRecipientKeys(t *testing.T) {
	agent := newWorld(t).agent(t)
	doc := agentWith(t, agent, agreement(t, agent, "#a"))
	late := toItself(t, agent, doc.ID+"#a")
	if _, err := agent.Packager().UnpackMessage(late); err != nil {
		t.Fatalf("one agreement key: %v", err)
	}
	b := agreement(t, agent, doc.ID+"#b")
	doc.KeyAgreement = append(doc.KeyAgreement, *diddoc.NewReferencedVerification(&b, diddoc.KeyAgreement))
	doc.Service = nil
	if err := agent.VDRegistry().Update(doc); err != nil {
		t.Fatal(err)
	}
	if !panics(func() { _, _ = agent.Packager().UnpackMessage(late) }) {
		t.Error("the first of two agreement keys: no panic")
	}
	if _, err := agent.Packager().UnpackMessage(toItself(t, agent, doc.ID+"#b")); err != nil {
		t.Errorf("the last of two agreement keys: %v", err)
	}
	doc.KeyAgreement = doc.KeyAgreement[1:]
	doc.VerificationMethod = nil
	if err := agent.VDRegistry().Update(doc); err != nil {
		t.Fatal(err)
	}
	if !panics(func() { _, _ = agent.Packager().UnpackMessage(late) }) {
		t.Error("a retired agreement key: no panic")
	}
}

// Fragments that differ in case are one key to Aries when it packs.
func TestDefectFragmentCase(t *testing.T) {
	agent := newWorld(t).agent(t)
	doc := agentWith(t, agent, agreement(t, agent, "#Agree"))
	if b := toItself(t, agent, doc.ID+"#aGREE"); len(b) == 0 {
		t.Error("packed nothing")
	}
}

// With X25519 keys Aries wraps content keys with XC20PKW, which DIDComm v2 does not know; with P-256 as DIDComm v2 says.
func TestDefectKeyWrap(t *testing.T) {
	agent := newWorld(t).agent(t)
	for algorithm, m := range map[string]diddoc.VerificationMethod{"ECDH-1PU+XC20PKW": agreement(t, agent, "#k"), "ECDH-1PU+A256KW": p256Agreement(t, agent, "#k")} {
		doc := agentWith(t, agent, m)
		if h := protected(t, toItself(t, agent, doc.ID+"#k")); h["alg"] != algorithm || h["skid"] != doc.ID+"#k" || h["enc"] != "A256CBC-HS512" {
			t.Errorf("got %v, want %s", h, algorithm)
		}
	}
}

// Aries packs to P-256 keys as JsonWebKey2020 and to X25519 keys as X25519KeyAgreementKey2019, and to nothing else.
func TestDefectTypesOfAgreementKeys(t *testing.T) {
	agent := newWorld(t).agent(t)
	x := agreement(t, agent, "did:realdid:x#k")
	x25519JWK := must(jwksupport.JWKFromX25519Key(x.Value))(t)
	for kind, c := range map[string]struct {
		m  diddoc.VerificationMethod
		ok bool
	}{
		"X25519KeyAgreementKey2019": {x, true},
		"X25519 as JsonWebKey2020":  {*must(diddoc.NewVerificationMethodFromJWK(x.ID, "JsonWebKey2020", "", x25519JWK))(t), false},
		"X25519KeyAgreementKey2020": {diddoc.VerificationMethod{ID: x.ID, Type: "X25519KeyAgreementKey2020", Value: x.Value}, false},
		"Multikey":                  {diddoc.VerificationMethod{ID: x.ID, Type: "Multikey", Value: x.Value}, false},
		"P-256 as JsonWebKey2020":   {p256Agreement(t, agent, x.ID), true},
	} {
		doc := &diddoc.Doc{ID: "did:realdid:x", KeyAgreement: []diddoc.Verification{{VerificationMethod: c.m}}}
		p := must(packager.New(packing{agent, registry{doc: doc}}))(t)
		_, err := p.PackMessage(&transport.Envelope{MediaTypeProfile: transport.MediaTypeDIDCommV2Profile, Message: []byte(`{}`), FromKey: []byte(x.ID), ToKeys: []string{x.ID}})
		if (err == nil) != c.ok {
			t.Errorf("%s: got %v, want packed %v", kind, err, c.ok)
		}
	}
}

// packing is an agent with another registry.
type packing struct {
	*ariescontext.Provider
	other registry
}

func (p packing) VDRegistry() vdrapi.Registry { return p.other }

// Keys of credentials are found by a part of their id, whatever they are for: an agreement key, and "#key-1" in "#key-10".
func TestDefectKeyLookup(t *testing.T) {
	w := newWorld(t)
	p256 := key(t, keys.P256, 1)
	d := parse(t, `{"@context":"https://www.w3.org/ns/did/v1","id":"did:realdid:x","verificationMethod":[{"id":"#key-10","type":"Multikey","controller":"did:realdid:x","publicKeyMultibase":"%s"}],"keyAgreement":["#key-10"]}`, p256.Multikey())
	v := must(ariesvdr.New(fixed{&did.Resolution{Document: d, Evidence: did.Evidence{Replayed: true, AsOf: w.now}}, nil}, nil, nil, w.options()))(t)
	fetch := verifiable.NewVDRKeyResolver(reading{v}).PublicKeyFetcher()
	for _, id := range []string{"#key-10", "#key-1", "did:", ""} {
		if k, err := fetch("did:realdid:x", id); err != nil || k.JWK == nil {
			t.Errorf("%q: got %v, want the key of keyAgreement", id, err)
		}
	}
}

// reading is a VDR as a registry.
type reading struct{ *ariesvdr.VDR }

func (r reading) Resolve(id string, opts ...vdrapi.DIDMethodOption) (*diddoc.DocResolution, error) {
	return r.Read(id, opts...)
}
