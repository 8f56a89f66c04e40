package didcomm_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/didcomm"
)

func endpointsOf(t *testing.T, services string) ([]didcomm.Endpoint, error) {
	t.Helper()
	doc, err := did.ParseDocument([]byte(`{"id":"did:example:bob","service":[` + services + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	return didcomm.Endpoints(doc)
}

func TestEndpoints(t *testing.T) {
	bob := did.MustParse("did:example:bob")
	key := did.MustParse("did:example:mediator").WithFragment("k")
	first := didcomm.Endpoint{Service: bob.WithFragment("a"), URI: "https://example.com/a"}
	for _, v := range []struct {
		name, services string
		want           []didcomm.Endpoint
	}{
		{"object", `{"id":"#a","type":"DIDCommMessaging","serviceEndpoint":{"uri":"https://example.com/a"}}`, []didcomm.Endpoint{first}},
		{
			"everything", `{"id":"#a","type":["X","DIDCommMessaging"],"serviceEndpoint":{"uri":"wss://example.com/a","accept":["didcomm/aip2;env=rfc587","didcomm/v2"],"routingKeys":["did:example:mediator#k"],"x":1}}`,
			[]didcomm.Endpoint{{Service: bob.WithFragment("a"), URI: "wss://example.com/a", Accept: []string{"didcomm/aip2;env=rfc587", "didcomm/v2"}, RoutingKeys: []did.URL{key}}},
		},
		{
			"array, in order", `{"id":"#a","type":"DIDCommMessaging","serviceEndpoint":[{"uri":"https://example.com/a"},{"uri":"did:example:mediator","routing_keys":["did:example:mediator#k"]}]}`,
			[]didcomm.Endpoint{first, {Service: bob.WithFragment("a"), URI: "did:example:mediator", RoutingKeys: []did.URL{key}}},
		},
		{
			"what is not understood is left out", `{"id":"#x","type":"LinkedDomains","serviceEndpoint":"https://example.com"},
			{"id":"#y","type":"DIDCommMessaging","serviceEndpoint":{"uri":"https://example.com/y","accept":["didcomm/aip1"]}},
			{"id":"#a","type":"DIDCommMessaging","serviceEndpoint":{"uri":"https://example.com/a"}}`, []didcomm.Endpoint{first},
		},
	} {
		t.Run(v.name, func(t *testing.T) {
			got := must[[]didcomm.Endpoint](t)(endpointsOf(t, v.services))
			if !reflect.DeepEqual(got, v.want) {
				t.Errorf("got  %+v\nwant %+v", got, v.want)
			}
		})
	}
}

func TestBadEndpoints(t *testing.T) {
	object := func(s string) string {
		return `{"id":"#a","type":"DIDCommMessaging","serviceEndpoint":` + s + `}`
	}
	for _, v := range []struct{ name, services, want string }{
		{"none", ``, "no service"},
		{"of another type", `{"id":"#a","type":"DIDComm","serviceEndpoint":{"uri":"https://example.com/a"}}`, "no service"},
		{"type in other case", `{"id":"#a","type":"DIDCOMMMessaging","serviceEndpoint":{"uri":"https://example.com/a"}}`, "no service"},
		{"a URI", object(`"https://example.com/a"`), "not an object"},
		{"no uri", object(`{"accept":["didcomm/v2"]}`), "uri"},
		{"uri empty", object(`{"uri":""}`), "uri"},
		{"uri relative", object(`{"uri":"/a"}`), "uri"},
		{"uri a DID URL", object(`{"uri":"did:example:mediator#didcomm"}`), "uri"},
		{"uri a DID with a path", object(`{"uri":"did:example:mediator/inbox"}`), "uri"},
		{"uri a DID in other case", object(`{"uri":"DID:example:mediator"}`), "uri"},
		{"uri a number", object(`{"uri":1}`), "uri"},
		{"accept of others", object(`{"uri":"https://example.com/a","accept":["didcomm/aip1"]}`), "accept"},
		{"accept a string", object(`{"uri":"https://example.com/a","accept":"didcomm/v2"}`), "accept"},
		{"routing key relative", object(`{"uri":"https://example.com/a","routingKeys":["#k"]}`), "routingKeys"},
		{"routing key with a path", object(`{"uri":"https://example.com/a","routingKeys":["did:example:m/x#k"]}`), "routingKeys"},
		{"routing key no DID URL", object(`{"uri":"https://example.com/a","routingKeys":["z6Mk"]}`), "routingKeys"},
		{"9 routing keys", object(`{"uri":"https://example.com/a","routingKeys":["did:example:m#k"` + strings.Repeat(`,"did:example:m#k"`, 8) + `]}`), "routingKeys"},
		{"two names of routing keys", object(`{"uri":"https://example.com/a","routingKeys":[],"routing_keys":["did:example:m#k"]}`), "routing_keys"},
		{"17 endpoints", object(`[{"uri":"https://example.com/a"}` + strings.Repeat(`,{"uri":"https://example.com/a"}`, 16) + `]`), "too many"},
	} {
		t.Run(v.name, func(t *testing.T) {
			got, err := endpointsOf(t, v.services)
			if !errors.Is(err, didcomm.ErrNoEndpoint) {
				t.Fatalf("got %+v, %v, want ErrNoEndpoint", got, err)
			}
			wantInvalid(t, err, v.want)
		})
	}
}

func TestNewService(t *testing.T) {
	id := did.MustParse("did:example:bob").WithFragment("didcomm")
	key := did.MustParse("did:example:mediator").WithFragment("k")
	want := []didcomm.Endpoint{
		{Service: id, URI: "https://example.com/a", Accept: []string{didcomm.Profile}},
		{Service: id, URI: "did:example:mediator", Accept: []string{didcomm.Profile}, RoutingKeys: []did.URL{key}},
	}
	s := must[did.Service](t)(didcomm.NewService(id, didcomm.Endpoint{URI: want[0].URI}, didcomm.Endpoint{URI: want[1].URI, RoutingKeys: want[1].RoutingKeys}))
	doc := &did.Document{ID: id.DID(), Service: []did.Service{s}}
	doc = must[*did.Document](t)(did.ParseDocument(doc.Canonical()))
	if got := must[[]didcomm.Endpoint](t)(didcomm.Endpoints(doc)); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	for name, e := range map[string]didcomm.Endpoint{
		"no uri": {}, "uri relative": {URI: "a"}, "uri not UTF-8": {URI: "https://example.com/\xff"}, "others' profile": {URI: "https://example.com", Accept: []string{"didcomm/aip1"}},
		"routing key zero": {URI: "https://example.com", RoutingKeys: []did.URL{{}}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := didcomm.NewService(id, e)
			refused(t, err, true, nil)
		})
	}
	_, err := didcomm.NewService(id)
	refused(t, err, true, nil)
	_, err = didcomm.NewService(id, make([]didcomm.Endpoint, didcomm.MaxEndpoints+1)...)
	refused(t, err, true, nil)
}

func TestRoutes(t *testing.T) {
	town := newTown()
	alice := town.person(t, "alice", "x-1")
	bob := town.person(t, "bob", "x-1")
	mediator := town.person(t, "mediator", "x-1")
	inner := town.person(t, "inner", "x-1")
	publishService(t, mediator, didcomm.Endpoint{URI: "did:example:inner"},
		didcomm.Endpoint{URI: "https://mediator.example", RoutingKeys: []did.URL{inner.url("x-1")}})
	publishService(t, bob, didcomm.Endpoint{URI: "https://bob.example"},
		didcomm.Endpoint{URI: mediator.id.String(), RoutingKeys: []did.URL{inner.id.URL()}})
	want := []didcomm.Route{
		{To: bob.id, Service: bob.url("didcomm"), URI: "https://bob.example"},
		{
			To: bob.id, Service: bob.url("didcomm"), URI: "https://mediator.example",
			Hops: []did.URL{inner.url("x-1"), mediator.id.URL(), inner.id.URL()},
		},
	}
	if got := must[[]didcomm.Route](t)(alice.Routes(t.Context(), bob.id, nil)); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}

	// A mediator that cannot be asked takes away its own ways only.
	town.down[mediator.id] = true
	if got := must[[]didcomm.Route](t)(alice.Routes(t.Context(), bob.id, nil)); !reflect.DeepEqual(got, want[:1]) {
		t.Errorf("mediator unreachable: got %+v", got)
	}
	bob.resolution().Document.Service = nil
	publishService(t, bob, didcomm.Endpoint{URI: mediator.id.String()})
	_, err := alice.Routes(t.Context(), bob.id, nil)
	refused(t, err, false, nil)
	town.down[mediator.id] = false

	// A mediator behind another DID is not followed, and neither is one behind itself.
	mediator.resolution().Document.Service = nil
	publishService(t, mediator, didcomm.Endpoint{URI: mediator.id.String()})
	_, err = alice.Routes(t.Context(), bob.id, nil)
	refused(t, err, true, didcomm.ErrNoEndpoint)

	_, err = alice.Routes(t.Context(), alice.id, nil)
	refused(t, err, true, didcomm.ErrNoEndpoint)
	_, err = alice.Routes(t.Context(), did.MustParse("did:example:nobody"), nil)
	refused(t, err, true, nil)
	town.down[bob.id] = true
	_, err = alice.Routes(t.Context(), bob.id, nil)
	refused(t, err, false, nil)
}
