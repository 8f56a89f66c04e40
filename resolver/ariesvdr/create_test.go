package ariesvdr_test

import (
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/hyperledger/aries-framework-go/pkg/common/model"
	diddoc "github.com/hyperledger/aries-framework-go/pkg/doc/did"
	"github.com/hyperledger/aries-framework-go/pkg/doc/jose/jwk"
	"github.com/hyperledger/aries-framework-go/pkg/doc/jose/jwk/jwksupport"
	vdrapi "github.com/hyperledger/aries-framework-go/pkg/framework/aries/api/vdr"
	"github.com/hyperledger/aries-framework-go/pkg/kms"
	"github.com/hyperledger/aries-framework-go/pkg/vdr/peer"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/resolver/ariesvdr"
)

func edMethod(t testing.TB, id string, n byte) diddoc.VerificationMethod {
	t.Helper()
	return *diddoc.NewVerificationMethodFromBytes(id, "Ed25519VerificationKey2018", "", key(t, keys.Ed25519, n).Bytes())
}

// parsed has Aries read a document with one method and one relationship.
func parsed(t testing.TB, method string) *diddoc.Doc {
	t.Helper()
	doc := must(diddoc.ParseDocument([]byte(`{"@context":"https://www.w3.org/ns/did/v1","id":"did:x:y","verificationMethod":[{"id":"#k","controller":"#id",` + method + `}],"authentication":["#k"]}`)))(t)
	doc.ID = ""
	for _, m := range []*diddoc.VerificationMethod{&doc.VerificationMethod[0], &doc.Authentication[0].VerificationMethod} {
		m.ID, m.Controller = "#k", ""
	}
	return doc
}

// Every way in which Aries holds a public key comes out as the same key.
func TestCreateKeys(t *testing.T) {
	w := newWorld(t)
	agent := w.agent(t)
	ed, p256, secp := key(t, keys.Ed25519, 1), key(t, keys.P256, 1), key(t, keys.Secp256k1, 1)
	docs := map[string]struct {
		doc *diddoc.Doc
		key keys.PublicKey
	}{
		"2018 bytes":            {&diddoc.Doc{VerificationMethod: []diddoc.VerificationMethod{edMethod(t, "#k", 1)}}, ed},
		"2020 bytes":            {&diddoc.Doc{VerificationMethod: []diddoc.VerificationMethod{*diddoc.NewVerificationMethodFromBytes("#k", "Ed25519VerificationKey2020", "", ed.Bytes())}}, ed},
		"2020 parsed":           {parsed(t, `"type":"Ed25519VerificationKey2020","publicKeyMultibase":"`+ed.Multikey()+`"`), ed},
		"Multikey parsed":       {parsed(t, `"type":"Multikey","publicKeyMultibase":"`+p256.Multikey()+`"`), p256},
		"JWK parsed":            {parsed(t, `"type":"JsonWebKey2020","publicKeyJwk":`+string(p256.JWK())), p256},
		"JWK with kid":          {parsed(t, `"type":"JsonWebKey2020","publicKeyJwk":`+strings.Replace(string(ed.JWK()), "{", `{"kid":"1","alg":"EdDSA",`, 1)), ed},
		"secp256k1 JWK parsed":  {parsed(t, `"type":"EcdsaSecp256k1VerificationKey2019","publicKeyJwk":`+string(secp.JWK())), secp},
		"secp256k1 compressed":  {&diddoc.Doc{VerificationMethod: []diddoc.VerificationMethod{{ID: "#k", Type: "EcdsaSecp256k1VerificationKey2019", Value: secp.Bytes()}}}, secp},
		"without #":             {&diddoc.Doc{VerificationMethod: []diddoc.VerificationMethod{edMethod(t, "k", 1)}}, ed},
		"embedded, no list":     {&diddoc.Doc{AssertionMethod: []diddoc.Verification{{VerificationMethod: edMethod(t, "#k", 1), Embedded: true}}}, ed},
		"in several lists":      {documentOf(edMethod(t, "#k", 1), agreement(t, agent, "#a")), ed},
		"X25519 parsed as 2020": {nil, keys.PublicKey{}},
	}
	x := key(t, keys.X25519, 1)
	doc := parsed(t, `"type":"X25519KeyAgreementKey2020","publicKeyMultibase":"`+x.Multikey()+`"`)
	doc.KeyAgreement, doc.Authentication = doc.Authentication, nil
	docs["X25519 parsed as 2020"] = struct {
		doc *diddoc.Doc
		key keys.PublicKey
	}{doc, x}
	for name, kind := range map[string]kms.KeyType{"P-256 of the key manager": kms.ECDSAP256TypeIEEEP1363, "P-384 of the key manager": kms.ECDSAP384TypeDER, "P-256 for agreement": kms.NISTP256ECDHKWType} {
		_, raw, err := agent.KMS().CreateAndExportPubKeyBytes(kind)
		if err != nil {
			t.Fatal(err)
		}
		j := must(jwksupport.PubKeyBytesToJWK(raw, kind))(t)
		m := must(diddoc.NewVerificationMethodFromJWK("#k", "JsonWebKey2020", "", j))(t)
		k := must(keys.ParseJWK(must(j.MarshalJSON())(t)))(t)
		docs[name] = struct {
			doc *diddoc.Doc
			key keys.PublicKey
		}{&diddoc.Doc{VerificationMethod: []diddoc.VerificationMethod{*m}}, k}
	}
	for name, c := range docs {
		made, err := agent.VDRegistry().Create("realdid", c.doc)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		res := must(w.m.Resolve(t.Context(), did.MustParse(made.DIDDocument.ID), nil))(t)
		m, ok := res.Document.Method(res.Document.ID.WithFragment("k"))
		if !ok || !m.Key.Equal(c.key) || m.Type != "Multikey" {
			t.Errorf("%s: got %s", name, res.Document.Canonical())
			continue
		}
		want := did.Authentication | did.AssertionMethod
		switch {
		case c.key.Algorithm() == keys.X25519:
			want = did.KeyAgreement
		case strings.HasPrefix(name, "embedded"):
			want = did.AssertionMethod
		case strings.Contains(name, "parsed") || name == "JWK with kid":
			want = did.Authentication
		}
		if m.Purposes != want {
			t.Errorf("%s: got %v, want %v", name, m.Purposes, want)
		}
	}
}

func TestCreateDefaults(t *testing.T) {
	w := newWorld(t)
	agreement := must(diddoc.NewVerificationMethodFromJWK("", "JsonWebKey2020", "", must(jwksupport.JWKFromX25519Key(key(t, keys.X25519, 1).Bytes()))(t)))(t)
	doc := &diddoc.Doc{
		VerificationMethod: []diddoc.VerificationMethod{edMethod(t, "", 1), edMethod(t, "", 2), *agreement},
		KeyAgreement:       []diddoc.Verification{*diddoc.NewReferencedVerification(agreement, diddoc.KeyAgreement)},
		Service:            []diddoc.Service{{}, {Type: "DIDCommMessaging"}, {Type: "X", ServiceEndpoint: model.NewDIDCommV1Endpoint("https://x.example/")}},
		AlsoKnownAs:        []string{"https://me.example/"},
	}
	made, err := w.v.Create(doc, vdrapi.WithOption(peer.DefaultServiceType, "did-communication"), vdrapi.WithOption(peer.DefaultServiceEndpoint, "http://127.0.0.1:7/"))
	if err != nil {
		t.Fatal(err)
	}
	id := made.DIDDocument.ID
	var ids []string
	for _, m := range made.DIDDocument.VerificationMethod {
		ids = append(ids, strings.TrimPrefix(m.ID, id))
	}
	for _, s := range made.DIDDocument.Service {
		ids = append(ids, strings.TrimPrefix(s.ID, id))
	}
	if got := strings.Join(ids, " "); got != "#key-1 #key-2 #key-3 #didcomm #didcomm-2 #service" {
		t.Errorf("ids: got %s", got)
	}
	v1, v2 := made.DIDDocument.Service[0], made.DIDDocument.Service[1]
	if uri, _ := v1.ServiceEndpoint.URI(); uri != "http://127.0.0.1:7/" || len(v1.RecipientKeys) != 1 || !strings.HasPrefix(v1.RecipientKeys[0], "did:key:z6Mk") {
		t.Errorf("did-communication: got %+v", v1)
	}
	if uri, _ := v2.ServiceEndpoint.URI(); uri != "http://127.0.0.1:7/" || !slices.Equal(v2.RecipientKeys, []string{id + "#key-3"}) {
		t.Errorf("DIDCommMessaging: got %+v", v2)
	}
	if !slices.Equal(made.DIDDocument.AlsoKnownAs, doc.AlsoKnownAs) {
		t.Errorf("aliases: got %v", made.DIDDocument.AlsoKnownAs)
	}
}

// What the method cannot keep, and what is not a document, is refused with a reason, whatever its Go types are.
func TestCreateRefuses(t *testing.T) {
	w := newWorld(t)
	ed := edMethod(t, "#k", 1)
	with := func(change func(*diddoc.Doc)) *diddoc.Doc {
		d := &diddoc.Doc{VerificationMethod: []diddoc.VerificationMethod{ed}}
		change(d)
		return d
	}
	withService := func(s diddoc.Service) *diddoc.Doc {
		if s.Type == nil {
			s.Type = "X"
		}
		if b, err := s.ServiceEndpoint.MarshalJSON(); err == nil && string(b) == "null" {
			s.ServiceEndpoint = model.NewDIDCommV1Endpoint("https://x.example/")
		}
		return with(func(d *diddoc.Doc) { d.Service = []diddoc.Service{s} })
	}
	for name, c := range map[string]struct {
		doc *diddoc.Doc
		why string
	}{
		"nil":          {nil, "no document"},
		"id":           {with(func(d *diddoc.Doc) { d.ID = "did:realdid:x" }), "id"},
		"proof":        {with(func(d *diddoc.Doc) { d.Proof = []diddoc.Proof{{}} }), "proof"},
		"unknown type": {with(func(d *diddoc.Doc) { d.VerificationMethod[0].Type = "Quantum2040" }), "Quantum2040"},
		"no type":      {with(func(d *diddoc.Doc) { d.VerificationMethod[0].Type = "" }), "type"},
		"short key":    {with(func(d *diddoc.Doc) { d.VerificationMethod[0].Value = []byte{1} }), "public key"},
		"no key":       {with(func(d *diddoc.Doc) { d.VerificationMethod[0].Value = nil }), "public key"},
		"key of another algorithm": {with(func(d *diddoc.Doc) {
			d.VerificationMethod[0].Type = "X25519KeyAgreementKey2020"
			d.VerificationMethod[0].Value = key(t, keys.Ed25519, 1).Multicodec()
		}), "another algorithm"},
		"controller":       {with(func(d *diddoc.Doc) { d.VerificationMethod[0].Controller = "did:realdid:x" }), "controller"},
		"id of another":    {with(func(d *diddoc.Doc) { d.VerificationMethod[0].ID = "did:realdid:x#k" }), "id"},
		"id with a path":   {with(func(d *diddoc.Doc) { d.VerificationMethod[0].ID = "a/b" }), "id"},
		"id too long":      {with(func(d *diddoc.Doc) { d.VerificationMethod[0].ID = "#" + strings.Repeat("k", 33) }), "fragment"},
		"one id, two keys": {with(func(d *diddoc.Doc) { d.VerificationMethod = append(d.VerificationMethod, edMethod(t, "#k", 2)) }), "two keys"},
		"one key, two ids": {with(func(d *diddoc.Doc) { d.VerificationMethod = append(d.VerificationMethod, edMethod(t, "#l", 1)) }), "one key twice"},
		"malformed JWK": {with(func(d *diddoc.Doc) {
			d.VerificationMethod = []diddoc.VerificationMethod{*jwkMethod(t, "JsonWebKey2020")}
			d.VerificationMethod[0].JSONWebKey().Key = "no"
		}), "JWK"},
		"JWK without a point": {with(func(d *diddoc.Doc) {
			d.VerificationMethod = []diddoc.VerificationMethod{*jwkMethod(t, "JsonWebKey2020")}
			j := d.VerificationMethod[0].JSONWebKey()
			j.Key, j.Crv = &ecdsa.PublicKey{}, "secp256k1" // Aries panics when it writes this
		}), "JWK"},
		"JWK of another type": {with(func(d *diddoc.Doc) {
			d.VerificationMethod = []diddoc.VerificationMethod{*jwkMethod(t, "Ed25519VerificationKey2018")}
		}), "a JWK in a method"},
		"X25519 that signs":      {&diddoc.Doc{Authentication: []diddoc.Verification{{VerificationMethod: diddoc.VerificationMethod{ID: "#a", Type: "X25519KeyAgreementKey2019", Value: key(t, keys.X25519, 1).Bytes()}}}}, "keyAgreement alone"},
		"too many":               {with(func(d *diddoc.Doc) { d.Service = make([]diddoc.Service, 300) }), "too many"},
		"type of a service":      {withService(diddoc.Service{Type: 7}), "type"},
		"types of a service":     {withService(diddoc.Service{Type: []any{"X", 7}}), "type"},
		"no type of a service":   {withService(diddoc.Service{Type: ""}), "no type"},
		"no endpoint":            {with(func(d *diddoc.Doc) { d.Service = []diddoc.Service{{Type: "X"}} }), "no endpoint"},
		"properties":             {withService(diddoc.Service{Properties: map[string]any{"a": 1}}), "other members"},
		"priority":               {withService(diddoc.Service{Priority: 1}), "priority"},
		"priority no number":     {withService(diddoc.Service{Priority: "high"}), "priority"},
		"keys beside":            {withService(diddoc.Service{RecipientKeys: []string{"did:key:z"}}), "not for messages"},
		"recipient of nobody":    {withService(diddoc.Service{Type: "DIDCommMessaging", RecipientKeys: []string{"#nobody"}}), "recipient"},
		"recipient that signs":   {withService(diddoc.Service{Type: "DIDCommMessaging", RecipientKeys: []string{"#k"}}), "keyAgreement"},
		"routing keys beside":    {withService(diddoc.Service{Type: "DIDCommMessaging", RoutingKeys: []string{"#k"}}), "routing keys"},
		"endpoint no URI":        {withService(diddoc.Service{Type: "did-communication", ServiceEndpoint: model.NewDIDCoreEndpoint(map[string]any{"a": "b"})}), "no URI"},
		"endpoint with numbers":  {withService(diddoc.Service{ServiceEndpoint: model.NewDIDCoreEndpoint(map[string]any{"a": 1})}), "neither a string"},
		"endpoint no JSON":       {withService(diddoc.Service{ServiceEndpoint: model.NewDIDCoreEndpoint(func() {})}), "JSON"},
		"endpoint empty list":    {withService(diddoc.Service{ServiceEndpoint: model.NewDIDCoreEndpoint([]string{})}), "endpoint"},
		"endpoint a quote":       {withService(diddoc.Service{ServiceEndpoint: model.NewDIDCommV1Endpoint(`"`)}), "URI"},
		"service under a method": {withService(diddoc.Service{ID: "#k"}), "one id twice"},
		"alias":                  {with(func(d *diddoc.Doc) { d.AlsoKnownAs = []string{"no URI"} }), "alias"},
	} {
		_, err := w.v.Create(c.doc)
		e, ok := errors.AsType[*did.Error](err)
		if !ok || e.Temporary() || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: got %v, want a final error about %q", name, err, c.why)
		}
	}
	for name, opt := range map[string]vdrapi.DIDMethodOption{
		"unknown":             vdrapi.WithOption("signingKey", "x"),
		"of another type":     vdrapi.WithOption(ariesvdr.OptionRegistrar, "{}"),
		"not an object":       vdrapi.WithOption(ariesvdr.OptionRegistrar, json.RawMessage(`[]`)),
		"null":                vdrapi.WithOption(ariesvdr.OptionRegistrar, json.RawMessage(`null`)),
		"too large":           vdrapi.WithOption(ariesvdr.OptionRegistrar, json.RawMessage(strings.Repeat(" ", 65<<10))),
		"for the keyring":     vdrapi.WithOption(ariesvdr.OptionRegistrar, json.RawMessage(`{"control":{}}`)),
		"not of the method":   vdrapi.WithOption(ariesvdr.OptionRegistrar, json.RawMessage(`{"reveal":[]}`)),
		"default no text":     vdrapi.WithOption(peer.DefaultServiceType, 7),
		"store neither":       vdrapi.WithOption("store", "yes"),
		"store a stranger's":  vdrapi.WithOption("store", true),
		"rotate on a create":  vdrapi.WithOption(ariesvdr.OptionRotate, true),
		"version on a create": vdrapi.WithOption(ariesvdr.OptionVersionID, "x"),
	} {
		if _, err := w.v.Create(with(func(*diddoc.Doc) {}), opt); err == nil {
			t.Errorf("option %s: got no error", name)
		}
	}
}

func jwkMethod(t testing.TB, kind string) *diddoc.VerificationMethod {
	t.Helper()
	j := &jwk.JWK{}
	if err := j.UnmarshalJSON(key(t, keys.P256, 1).JWK()); err != nil {
		t.Fatal(err)
	}
	return must(diddoc.NewVerificationMethodFromJWK("#k", kind, "", j))(t)
}

// Aries tells a registry of the documents of others. Nothing is registered for that.
func TestCreateStore(t *testing.T) {
	w := newWorld(t)
	made := must(w.v.Create(&diddoc.Doc{VerificationMethod: []diddoc.VerificationMethod{edMethod(t, "#k", 1)}}))(t)
	false1 := *made.DIDDocument
	false1.VerificationMethod = nil
	got := must(w.v.Create(&false1, vdrapi.WithOption("store", true)))(t)
	if text(t, got.DIDDocument) != text(t, made.DIDDocument) {
		t.Errorf("got %s, want the document that is registered", text(t, got.DIDDocument))
	}
	if w.state(t, made.DIDDocument.ID).Seq() != 0 {
		t.Error("an operation was registered")
	}
}

func TestCreateWithRecovery(t *testing.T) {
	w := newWorld(t)
	options := json.RawMessage(`{"recovery":[{"delaySeconds":3600,"keys":{"threshold":1,"digests":["` + strings.Repeat("a", 52) + `"]}}]}`)
	made := must(w.v.Create(&diddoc.Doc{}, vdrapi.WithOption(ariesvdr.OptionRegistrar, options)))(t)
	facts := w.state(t, made.DIDDocument.ID).Facts()
	if len(facts.Recovery) != 1 || !facts.SingleSecret {
		t.Errorf("got %+v, want one tier, and a single secret because the keyring holds everything", facts)
	}
}
