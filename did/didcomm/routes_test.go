package didcomm_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/didcomm"
)

// publishEndpoints gives p services of 16 endpoints each.
func publishEndpoints(t *testing.T, p *person, services int, uri func(i int) string) {
	t.Helper()
	for i := range services {
		var es []didcomm.Endpoint
		for j := range 16 {
			es = append(es, didcomm.Endpoint{URI: uri(16*i + j)})
		}
		publishService(t, p, es...)
	}
}

// What a stranger's document costs is bounded: by endpoints, by mediators that are asked, and by ways.
func TestRoutesAreBounded(t *testing.T) {
	town := newTown()
	alice, bob := town.person(t, "alice", "x-1"), town.person(t, "bob", "x-1")
	mediator := town.person(t, "mediator", "x-1")
	address := func(i int) string { return fmt.Sprintf("https://mediator.example/%d", i) }
	publishEndpoints(t, mediator, 3, address)
	publishEndpoints(t, bob, 3, func(int) string { return mediator.id.String() })
	if got := must[[]didcomm.Endpoint](t)(didcomm.Endpoints(bob.resolution().Document)); len(got) != didcomm.MaxEndpoints {
		t.Errorf("endpoints of a document: got %d, want %d", len(got), didcomm.MaxEndpoints)
	}
	town.asked = nil
	routes := must[[]didcomm.Route](t)(alice.Routes(t.Context(), bob.id, nil))
	if len(routes) != didcomm.MaxRoutes || routes[0].URI != address(0) || routes[15].URI != address(15) {
		t.Errorf("got %d routes, want %d, the preferred first", len(routes), didcomm.MaxRoutes)
	}
	if want := []did.DID{bob.id, mediator.id}; !reflect.DeepEqual(town.asked, want) {
		t.Errorf("asked %v, want %v", town.asked, want)
	}

	// Mediators beyond the limit are not asked, also if those before them were of no use.
	bob.resolution().Document.Service = nil
	publishEndpoints(t, bob, 1, func(i int) string { return fmt.Sprintf("did:example:m%d", i) })
	town.asked = nil
	_, err := alice.Routes(t.Context(), bob.id, nil)
	refused(t, err, true, nil)
	if got := len(town.asked); got != 1+didcomm.MaxMediators {
		t.Errorf("asked for %d documents, want %d", got, 1+didcomm.MaxMediators)
	}
	last := town.person(t, fmt.Sprintf("m%d", didcomm.MaxMediators-1), "x-1")
	publishService(t, last, didcomm.Endpoint{URI: address(0)})
	if routes = must[[]didcomm.Route](t)(alice.Routes(t.Context(), bob.id, nil)); len(routes) != 1 || routes[0].Hops[0] != last.id.URL() {
		t.Errorf("the last mediator that is asked: got %+v", routes)
	}
}

// As long as one document could not be had, that there is no way is not final, whatever is wrong with the others.
func TestRoutesTemporary(t *testing.T) {
	town := newTown()
	alice, bob := town.person(t, "alice", "x-1"), town.person(t, "bob", "x-1")
	down := town.person(t, "down", "x-1")
	town.down[down.id] = true
	endpoints := []didcomm.Endpoint{{URI: "did:example:gone"}, {URI: down.id.String()}, {URI: "did:example:gone2"}}
	publishService(t, bob, endpoints...)
	_, err := alice.Routes(t.Context(), bob.id, nil)
	refused(t, err, false, nil)
}

func TestRoutesNoCache(t *testing.T) {
	town := newTown()
	alice, bob, mediator := town.person(t, "alice", "x-1"), town.person(t, "bob", "x-1"), town.person(t, "mediator", "x-1")
	publishService(t, bob, didcomm.Endpoint{URI: mediator.id.String()})
	for _, p := range []*person{bob, mediator} {
		stale := *p.resolution()
		stale.Evidence.AsOf = town.now.Add(-time.Second)
		document := *stale.Document
		document.Service = nil
		stale.Document = &document
		town.cached[p.id] = &stale
	}
	publishService(t, mediator, didcomm.Endpoint{URI: "https://mediator.example"})
	_, err := alice.Routes(t.Context(), bob.id, nil)
	refused(t, err, true, didcomm.ErrNoEndpoint)
	routes := must[[]didcomm.Route](t)(alice.Routes(t.Context(), bob.id, &didcomm.RouteOptions{NoCache: true}))
	if len(routes) != 1 || routes[0].URI != "https://mediator.example" {
		t.Errorf("got %+v", routes)
	}
}
