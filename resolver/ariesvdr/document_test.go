package ariesvdr_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	diddoc "github.com/hyperledger/aries-framework-go/pkg/doc/did"
	"github.com/mr-tron/base58"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/resolver/ariesvdr"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// key is a public key that is always the same.
func key(t testing.TB, a keys.Algorithm, n byte) keys.PublicKey {
	t.Helper()
	secret := make([]byte, a.SecretSize())
	for i := range secret {
		secret[i] = n + byte(i)
	}
	return must(keys.NewPrivateKey(a, secret))(t).Public()
}

func parse(t testing.TB, format string, a ...any) *did.Document {
	t.Helper()
	return must(did.ParseDocument(fmt.Appendf(nil, format, a...)))(t)
}

func why(left []ariesvdr.LeftOut) string {
	var b strings.Builder
	for _, l := range left {
		fmt.Fprintf(&b, "%s: %s\n", l.What, l.Why)
	}
	return b.String()
}

// Every kind of key in the type that Aries can use, under the same id and for the same purposes.
func TestDocumentKeys(t *testing.T) {
	for a, want := range map[keys.Algorithm]struct{ kind, purpose, value string }{
		keys.Ed25519:   {"JsonWebKey2020", "authentication", ""},
		keys.P256:      {"JsonWebKey2020", "assertionMethod", ""},
		keys.P384:      {"JsonWebKey2020", "keyAgreement", ""},
		keys.Secp256k1: {"JsonWebKey2020", "capabilityInvocation", ""},
		keys.X25519:    {"X25519KeyAgreementKey2019", "keyAgreement", ""},
	} {
		k := key(t, a, 1)
		for kind, member := range map[string]string{
			"Multikey":       `"publicKeyMultibase":"` + k.Multikey() + `"`,
			"JsonWebKey":     `"publicKeyJwk":` + string(k.JWK()),
			"JsonWebKey2020": `"publicKeyJwk":` + string(k.JWK()),
		} {
			d := parse(t, `{"@context":"https://www.w3.org/ns/did/v1.1","id":"did:realdid:x","verificationMethod":[{"id":"#k","type":"%s","controller":"did:realdid:x",%s}],"%s":["#k"]}`,
				kind, member, want.purpose)
			doc, left, err := ariesvdr.Document(d, noon)
			if err != nil || len(left) > 0 {
				t.Fatalf("%v in a %s: got %v, left out %s", a, kind, err, why(left))
			}
			m := doc.VerificationMethod[0]
			if m.Type != want.kind || m.ID != "did:realdid:x#k" || m.Controller != "did:realdid:x" {
				t.Errorf("%v in a %s: got %+v", a, kind, m)
			}
			if j := m.JSONWebKey(); j != nil {
				b := must(j.MarshalJSON())(t)
				if back := must(keys.ParseJWK(b))(t); !back.Equal(k) {
					t.Errorf("%v: another key", a)
				}
			} else if string(m.Value) != string(k.Bytes()) {
				t.Errorf("%v: another key", a)
			}
			relations := doc.VerificationMethods()
			delete(relations, diddoc.VerificationRelationshipGeneral)
			if len(relations) != 1 {
				t.Errorf("%v: got %d relationships, want %s alone", a, len(relations), want.purpose)
			}
			for r, list := range relations {
				if len(list) != 1 || list[0].Relationship != r || list[0].VerificationMethod.ID != m.ID {
					t.Errorf("%v: got %+v", a, list)
				}
			}
			readBack(t, doc)
		}
	}
}

// readBack has Aries write the document and read what it wrote.
func readBack(t testing.TB, doc *diddoc.Doc) *diddoc.Doc {
	t.Helper()
	b := must(doc.JSONBytes())(t)
	again, err := diddoc.ParseDocument(b)
	if err != nil {
		t.Fatalf("Aries does not read what it wrote: %v\n%s", err, b)
	}
	if got := text(t, again); got != string(b) {
		t.Errorf("got %s, want %s", got, b)
	}
	return again
}

func TestDocumentContext(t *testing.T) {
	d := parse(t, `{"@context":["https://www.w3.org/ns/did/v1.1",{"x":"urn:x"}],"id":"did:realdid:x","verificationMethod":[{"id":"#s","type":"Multikey","controller":"did:realdid:x","publicKeyMultibase":"%s"},{"id":"#a","type":"Multikey","controller":"did:realdid:x","publicKeyMultibase":"%s"}],"authentication":["#s"],"keyAgreement":["#a"]}`,
		key(t, keys.Ed25519, 1).Multikey(), key(t, keys.X25519, 1).Multikey())
	before := string(d.Canonical())
	doc, _, err := ariesvdr.Document(d, noon)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"https://www.w3.org/ns/did/v1", "https://w3id.org/security/suites/jws-2020/v1", "https://w3id.org/security/suites/x25519-2019/v1"}
	if got, _ := doc.Context.([]string); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", doc.Context, want)
	}
	readBack(t, doc)
	if string(d.Canonical()) != before {
		t.Error("the document that was read has changed")
	}
	doc.AlsoKnownAs = append(doc.AlsoKnownAs, "urn:x:y")
	doc.VerificationMethod[0].Value[0] ^= 1
	if string(d.Canonical()) != before {
		t.Error("the two documents share memory")
	}
	if _, _, err := ariesvdr.Document(nil, noon); err == nil {
		t.Error("a nil document: got no error")
	}
}

func TestDocumentLeavesOut(t *testing.T) {
	ed, bls := key(t, keys.Ed25519, 1).Multikey(), "zUC7EK3ZakmukHhuncwkbySmomv3FmrkmS36E4Ks5rsb6VQSRpoCrx6Hb8e2Nk6UvJFSdyw9NK1scFXJp21gNNYFjVWNgaqyGnkyhtagagCpQb5B7tagJu3HDbjQ8h5ypoHjwBb"
	method := func(more string) string {
		return `"verificationMethod":[{"id":"#k","controller":"did:realdid:x",` + more + `}],"authentication":["#k"]`
	}
	service := func(more string) string { return `"service":[{"id":"#s",` + more + `}]` }
	for name, c := range map[string]struct{ members, why string }{
		"SM2":                     {method(`"type":"Multikey","publicKeyMultibase":"` + key(t, keys.SM2, 1).Multikey() + `"`), "SM2"},
		"BLS":                     {method(`"type":"Multikey","publicKeyMultibase":"` + bls + `"`), "#k: "},
		"unknown type":            {method(`"type":"Quantum2040","publicKeyHex":"00"`), `type "Quantum2040"`},
		"unknown curve":           {method(`"type":"JsonWebKey","publicKeyJwk":{"kty":"EC","crv":"P-1","x":"AA","y":"AA"}`), "not supported"},
		"expired":                 {method(`"type":"Multikey","expires":"2026-03-01T12:00:00Z","publicKeyMultibase":"` + ed + `"`), "expired"},
		"revoked":                 {method(`"type":"Multikey","revoked":"2026-01-01T00:00:00Z","publicKeyMultibase":"` + ed + `"`), "revoked"},
		"JWK for encryption only": {method(`"type":"JsonWebKey","publicKeyJwk":{"kty":"EC","crv":"P-256","use":"enc","x":"axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY","y":"T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU"}`), "authentication"},
		"key of another DID":      {`"verificationMethod":[{"id":"did:realdid:y#k","type":"Multikey","controller":"did:realdid:y","publicKeyMultibase":"` + ed + `"}],"authentication":["did:realdid:y#k"]`, "another controller"},
		"controlled by another":   {`"verificationMethod":[{"id":"#k","type":"Multikey","controller":"did:realdid:y","publicKeyMultibase":"` + ed + `"}],"authentication":["#k"]`, "another controller"},
		"controller":              {`"controller":"did:realdid:y"`, "controller"},
		"unknown member":          {`"quantum":1`, "quantum"},
		"no URI":                  {service(`"type":"DIDCommMessaging","serviceEndpoint":{"accept":["didcomm/v2"]}`), "no endpoint"},
		"URI of another shape":    {service(`"type":"DIDCommMessaging","serviceEndpoint":{"uri":["https://x.example/"]}`), "no endpoint"},
		"URI that is none":        {service(`"type":"did-communication","serviceEndpoint":{"uri":"a \" b"}`), "no endpoint"},
		"no origins":              {service(`"type":"LinkedDomains","serviceEndpoint":{"origins":[]}`), "origins"},
		"empty endpoint":          {service(`"type":"X","serviceEndpoint":{}`), "without members"},
		"recipients no list":      {service(`"type":"did-communication","recipientKeys":"a","serviceEndpoint":"https://x.example/"`), "recipientKeys"},
		"second endpoint":         {service(`"type":"X","serviceEndpoint":["https://x.example/","https://y.example/"]`), "other endpoints"},
		"second type":             {service(`"type":["X","DIDCommMessaging"],"serviceEndpoint":{"uri":"https://x.example/"}`), "other types"},
	} {
		d := parse(t, `{"@context":"https://www.w3.org/ns/did/v1","id":"did:realdid:x",%s}`, c.members)
		doc, left, err := ariesvdr.Document(d, noon)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(left) == 0 || !strings.Contains(why(left), c.why) {
			t.Errorf("%s: left out %q, want %q", name, why(left), c.why)
		}
		if len(doc.Authentication)+len(doc.AssertionMethod) > 0 {
			t.Errorf("%s: Aries is shown the key: %s", name, text(t, doc))
		}
		readBack(t, doc)
	}
}

func TestDocumentServices(t *testing.T) {
	agree := key(t, keys.X25519, 1)
	raw := base58.Encode(agree.Bytes())
	d := parse(t, `{"@context":"https://www.w3.org/ns/did/v1","id":"did:realdid:x",
		"verificationMethod":[{"id":"#a","type":"Multikey","controller":"did:realdid:x","publicKeyMultibase":"%[1]s"}],"keyAgreement":["#a"],
		"service":[
			{"id":"#web","type":"LinkedDomains","serviceEndpoint":{"origins":["https://x.example"]}},
			{"id":"#site","type":["A","B"],"serviceEndpoint":"https://x.example/"},
			{"id":"#v1","type":"did-communication","serviceEndpoint":{"uri":"https://v1.example/","recipientKeys":["did:key:%[1]s#%[1]s","#a","#b","did:key:z6Mk"],"routingKeys":["did:key:z6Mr"],"accept":["didcomm/aip2;env=rfc19"]}},
			{"id":"#old","type":"did-communication","recipientKeys":["%[2]s"],"priority":1,"serviceEndpoint":"https://old.example/"},
			{"id":"#v2","type":"DIDCommMessaging","serviceEndpoint":{"uri":"https://v2.example/","routingKeys":["did:key:z6Mq#z6Mq"]}}
		]}`, agree.Multikey(), raw)
	doc, left, err := ariesvdr.Document(d, noon)
	if err != nil || len(left) != 2 || strings.Count(why(left), "recipient") != 2 {
		t.Fatalf("got %v, left out %s, want the two recipients that are no keys of the document", err, why(left))
	}
	var order []string
	for _, s := range doc.Service {
		order = append(order, strings.TrimPrefix(s.ID, "did:realdid:x"))
	}
	if got := strings.Join(order, " "); got != "#v1 #old #v2 #web #site" {
		t.Errorf("order: got %s, want those for messages first", got)
	}
	v1, old, v2 := &doc.Service[0], &doc.Service[1], &doc.Service[2]
	if uri, _ := v1.ServiceEndpoint.URI(); uri != "https://v1.example/" || !slices.Equal(v1.RecipientKeys, []string{"did:key:" + agree.Multikey() + "#" + agree.Multikey(), "did:realdid:x#a"}) || !slices.Equal(v1.RoutingKeys, []string{"did:key:z6Mr"}) || !slices.Equal(v1.Accept, []string{"didcomm/aip2;env=rfc19"}) {
		t.Errorf("did-communication: got %+v", v1)
	}
	if uri, _ := old.ServiceEndpoint.URI(); uri != "https://old.example/" || !slices.Equal(old.RecipientKeys, []string{raw}) || old.Priority != 1.0 {
		t.Errorf("did-communication with its own members: got %+v", old)
	}
	uri, _ := v2.ServiceEndpoint.URI()
	accept, _ := v2.ServiceEndpoint.Accept()
	routing, _ := v2.ServiceEndpoint.RoutingKeys()
	if uri != "https://v2.example/" || !slices.Equal(accept, []string{"didcomm/v2"}) || !slices.Equal(routing, []string{"did:key:z6Mq#z6Mq"}) || !slices.Equal(v2.RecipientKeys, []string{"did:realdid:x#a"}) {
		t.Errorf("DIDCommMessaging: got %+v", v2)
	}
	readBack(t, doc)
}

// FuzzDocument: whatever a document holds, Aries gets one that it can write and read, with no key that was not there.
func FuzzDocument(f *testing.F) {
	ed := key(f, keys.Ed25519, 1).Multikey()
	for _, s := range []string{
		`{"id":"did:realdid:x"}`,
		`{"@context":"https://www.w3.org/ns/did/v1.1","id":"did:realdid:x","verificationMethod":[{"id":"#k","type":"Multikey","controller":"did:realdid:x","publicKeyMultibase":"` + ed + `"}],"authentication":["#k",{"id":"#e","type":"Quantum","controller":"did:realdid:x","publicKeyHex":"00"}]}`,
		`{"id":"did:realdid:x","service":[{"id":"#s","type":["DIDCommMessaging","X"],"serviceEndpoint":[{"uri":"https://x.example/","accept":["a"]},"https://y.example/"]}]}`,
		`{"id":"did:realdid:x","service":[{"id":"urn:x:y","type":"LinkedDomains","serviceEndpoint":{"origins":[]},"recipientKeys":[1],"priority":{}}],"alsoKnownAs":["x:[","https://x.example/"]}`,
		`{"id":"did:realdid:x","service":[{"id":"#s","type":"did-communication","serviceEndpoint":{"uri":"a\u2028b\\","recipientKeys":["#k"],"routingKeys":null}}]}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := did.ParseDocument(b)
		if err != nil {
			return
		}
		doc, left, err := ariesvdr.Document(d, noon)
		if err != nil {
			t.Fatal(err)
		}
		again := readBack(t, doc)
		for _, list := range doc.VerificationMethods() {
			for _, v := range list {
				u := must(did.ParseURL(v.VerificationMethod.ID))(t)
				if m, ok := d.Method(u); !ok || m.Key.IsZero() || m.Controller != d.ID {
					t.Errorf("a key that was not there: %s", u)
				}
			}
		}
		if len(again.Service) != len(doc.Service) || len(doc.Service) > len(d.Service) || len(doc.AlsoKnownAs) > len(d.AlsoKnownAs) {
			t.Errorf("services: got %d, %d of %d", len(doc.Service), len(again.Service), len(d.Service))
		}
		if len(doc.Service) < len(d.Service) && len(left) == 0 {
			t.Error("a service was left out and not named")
		}
	})
}
