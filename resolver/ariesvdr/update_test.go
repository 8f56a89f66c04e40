package ariesvdr_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/hyperledger/aries-framework-go/pkg/common/model"
	diddoc "github.com/hyperledger/aries-framework-go/pkg/doc/did"
	vdrapi "github.com/hyperledger/aries-framework-go/pkg/framework/aries/api/vdr"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/resolver/ariesvdr"
)

// rich is a document with all that Aries is not shown, or shown otherwise.
func rich(t testing.TB) realdid.Content {
	t.Helper()
	method := func(fragment string, a keys.Algorithm, p did.Purpose) realdid.VerificationMethod {
		return realdid.VerificationMethod{Fragment: fragment, Key: key(t, a, 7), Purposes: p}
	}
	return realdid.Content{
		VerificationMethods: []realdid.VerificationMethod{
			method("national", keys.SM2, did.Authentication), method("sign", keys.Ed25519, did.Authentication|did.AssertionMethod), method("agree", keys.X25519, did.KeyAgreement),
		},
		Services: []realdid.Service{
			{Fragment: "web", Types: []string{"A", "B"}, Endpoints: []realdid.Endpoint{{URI: "https://a.example/"}, {URI: "https://b.example/"}}},
			{Fragment: "empty", Types: []string{"LinkedDomains"}, Endpoints: []realdid.Endpoint{{Properties: map[string]any{"origins": []string{}}}}},
			{Fragment: "v1", Types: []string{"did-communication"}, Endpoints: []realdid.Endpoint{{Properties: map[string]any{"uri": "https://v1.example/", "recipientKeys": []string{"did:key:z6Mk"}, "accept": []string{"didcomm/aip1"}, "note": "x"}}}},
			{Fragment: "v2", Types: []string{"DIDCommMessaging", "C"}, Endpoints: []realdid.Endpoint{{Properties: map[string]any{"uri": "https://v2.example/"}}, {URI: "https://w2.example/"}}},
		},
		AlsoKnownAs: []string{"https://me.example/", "https://me.example:port/"},
	}
}

func (w *world) canonical(t testing.TB, id string) string {
	t.Helper()
	return string(must(w.m.Resolve(context.Background(), did.MustParse(id), nil))(t).Document.Canonical())
}

// Reading and writing back changes nothing, not even what Aries never saw; also after Aries has stored the document.
func TestUpdateKeepsWhatAriesDoesNotSee(t *testing.T) {
	w := newWorld(t)
	id := w.create(t, rich(t))
	before := w.canonical(t, id)
	doc := must(w.v.Read(id))(t).DIDDocument
	if len(w.left) < 5 || !strings.Contains(why(w.left), "SM2") {
		t.Errorf("left out: got %s", why(w.left))
	}
	stored := must(diddoc.ParseDocument([]byte(text(t, doc))))(t)
	for name, d := range map[string]*diddoc.Doc{"as read": doc, "as stored": stored} {
		w.now = w.now.Add(time.Minute)
		if err := w.v.Update(d); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var was, is map[string]any
		if json.Unmarshal([]byte(before), &was) != nil || json.Unmarshal([]byte(w.canonical(t, id)), &is) != nil {
			t.Fatal("not JSON")
		}
		for member := range was {
			if !sameSet(was[member], is[member]) {
				t.Errorf("%s: %s: got %v, want %v", name, member, is[member], was[member])
			}
		}
	}
	if removed := must(w.m.Resolve(t.Context(), did.MustParse(id), nil))(t).Removed; len(removed) != 0 {
		t.Errorf("got %d retired keys, want none", len(removed))
	}
	// What Aries does change is changed, and nothing beside it.
	doc.Service = nil
	doc.AlsoKnownAs = []string{"https://you.example/"}
	w.now = w.now.Add(time.Minute)
	if err := w.v.Update(doc); err != nil {
		t.Fatal(err)
	}
	after := w.canonical(t, id)
	for _, want := range []string{"#national", "#empty", "https://you.example/", "https://me.example:port/"} {
		if !strings.Contains(after, want) {
			t.Errorf("lacks %q: %s", want, after)
		}
	}
	for _, gone := range []string{"v2.example", "v1.example", "https://me.example/", "a.example"} {
		if strings.Contains(after, gone) {
			t.Errorf("still has %q: %s", gone, after)
		}
	}
}

// sameSet compares JSON values, lists without their order.
func sameSet(a, b any) bool {
	x, isX := a.([]any)
	y, isY := b.([]any)
	if !isX || !isY {
		p, _ := json.Marshal(a)
		q, _ := json.Marshal(b)
		return string(p) == string(q)
	}
	count := map[string]int{}
	for _, e := range x {
		p, _ := json.Marshal(e)
		count[string(p)]++
	}
	for _, e := range y {
		p, _ := json.Marshal(e)
		count[string(p)]--
	}
	for _, n := range count {
		if n != 0 {
			return false
		}
	}
	return true
}

func TestUpdateServices(t *testing.T) {
	w := newWorld(t)
	id := w.create(t, rich(t))
	doc := must(w.v.Read(id))(t).DIDDocument
	for i := range doc.Service {
		if doc.Service[i].ID == id+"#v2" {
			doc.Service[i].ServiceEndpoint = model.NewDIDCommV2Endpoint([]model.DIDCommV2Endpoint{{URI: "https://moved.example/", Accept: []string{"didcomm/v2"}, RoutingKeys: []string{"did:key:z6Mr#z6Mr"}}})
		}
		if doc.Service[i].ID == id+"#v1" {
			doc.Service[i].Accept = []string{"didcomm/aip2;env=rfc19"}
		}
	}
	if err := w.v.Update(doc); err != nil {
		t.Fatal(err)
	}
	after := w.canonical(t, id)
	for _, want := range []string{
		`{"id":"` + id + `#v2","serviceEndpoint":[{"routingKeys":["did:key:z6Mr#z6Mr"],"uri":"https://moved.example/"},"https://w2.example/"],"type":["DIDCommMessaging","C"]}`,
		`"serviceEndpoint":{"accept":["didcomm/aip2;env=rfc19"],"note":"x","recipientKeys":["did:key:z6Mk"],"uri":"https://v1.example/"}`,
	} {
		if !strings.Contains(after, want) {
			t.Errorf("lacks %s: %s", want, after)
		}
	}
}

func TestUpdateRefuses(t *testing.T) {
	w := newWorld(t)
	id := w.create(t, rich(t))
	read := func() *diddoc.Doc { return must(w.v.Read(id))(t).DIDDocument }
	before := w.canonical(t, id)
	for name, c := range map[string]struct {
		change func(*diddoc.Doc)
		why    string
	}{
		"no id":              {func(d *diddoc.Doc) { d.ID = "" }, "did"},
		"of another method":  {func(d *diddoc.Doc) { d.ID = "did:example:1" }, "METHOD_NOT_SUPPORTED"},
		"not registered":     {func(d *diddoc.Doc) { *d = diddoc.Doc{ID: "did:realdid:q" + strings.Repeat("a", 52)} }, "exist"},
		"ids of another":     {func(d *diddoc.Doc) { d.Authentication[0].VerificationMethod.ID = "did:realdid:y#sign" }, "id"},
		"another controller": {func(d *diddoc.Doc) { d.VerificationMethod[0].Controller = "did:realdid:y" }, "controller"},
		"for nothing":        {func(d *diddoc.Doc) { d.VerificationMethod = append(d.VerificationMethod, edMethod(t, "#idle", 9)) }, "for nothing"},
		"without id":         {func(d *diddoc.Doc) { d.VerificationMethod[0].ID = "" }, "id"},
		"another key under the id": {func(d *diddoc.Doc) {
			d.VerificationMethod, d.AssertionMethod = nil, nil
			d.Authentication[0].VerificationMethod = edMethod(t, "#sign", 9)
		}, "fragment"},
		"under the id of one unseen": {func(d *diddoc.Doc) {
			d.Authentication = append(d.Authentication, diddoc.Verification{VerificationMethod: edMethod(t, "#national", 9)})
		}, "not shown"},
		"service of one unseen": {func(d *diddoc.Doc) {
			d.Service = append(d.Service, diddoc.Service{ID: "#empty", Type: "X", ServiceEndpoint: model.NewDIDCommV1Endpoint("https://x.example/")})
		}, "not shown"},
		"service without id": {func(d *diddoc.Doc) { d.Service[0].ID = "" }, "id"},
	} {
		d := read()
		c.change(d)
		err := w.v.Update(d)
		if err == nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: got %v, want an error about %q", name, err, c.why)
		}
		if w.canonical(t, id) != before {
			t.Fatalf("%s: the document has changed", name)
		}
	}
	if err := w.v.Update(nil); err == nil {
		t.Error("nil: got no error")
	}
	for name, opt := range map[string]vdrapi.DIDMethodOption{
		"unknown": vdrapi.WithOption("force", true), "rotate no bool": vdrapi.WithOption(ariesvdr.OptionRotate, "true"),
		"registrar no JSON": vdrapi.WithOption(ariesvdr.OptionRegistrar, "x"), "options of an update": vdrapi.WithOption(ariesvdr.OptionRegistrar, json.RawMessage(`{"suite":"s"}`)),
	} {
		if err := w.v.Update(read(), opt); err == nil {
			t.Errorf("option %s: got no error", name)
		}
	}
	for name, opt := range map[string]vdrapi.DIDMethodOption{"unknown": vdrapi.WithOption("force", true), "for the keyring": vdrapi.WithOption(ariesvdr.OptionRegistrar, json.RawMessage(`{"reveal":[]}`))} {
		if err := w.v.Deactivate(id, opt); err == nil {
			t.Errorf("deactivate, option %s: got no error", name)
		}
	}
	strange := w.create(t, realdid.Content{})
	other := must(ariesvdr.New(w.m, realdid.NewRegistrar(w.m), ariesvdr.NewKeyring(nil), w.options()))(t)
	if err := other.Update(must(other.Read(strange))(t).DIDDocument); !errors.Is(err, ariesvdr.ErrNoControl) {
		t.Errorf("an identifier of somebody else: got %v, want ErrNoControl", err)
	}
	if err := other.Deactivate(strange); !errors.Is(err, ariesvdr.ErrNoControl) {
		t.Errorf("an identifier of somebody else: got %v, want ErrNoControl", err)
	}
}

// A rotation can say that a key which it removes is compromised.
func TestUpdateCompromised(t *testing.T) {
	w := newWorld(t)
	id := w.create(t, rich(t))
	doc := must(w.v.Read(id))(t).DIDDocument
	doc.Authentication = []diddoc.Verification{{VerificationMethod: edMethod(t, id+"#sign-2", 9)}}
	doc.AssertionMethod = nil
	doc.VerificationMethod = nil
	w.now = w.now.Add(time.Minute)
	err := w.v.Update(doc, vdrapi.WithOption(ariesvdr.OptionRotate, true), vdrapi.WithOption(ariesvdr.OptionRegistrar, json.RawMessage(`{"compromised":{"sign":0}}`)))
	if err != nil {
		t.Fatal(err)
	}
	removed := must(w.m.Resolve(t.Context(), did.MustParse(id), nil))(t).Removed
	if len(removed) != 1 || !removed[0].Compromised || removed[0].ID.Fragment() != "sign" {
		t.Errorf("removed: got %+v", removed)
	}
}

// A cache in front of the method shows an agent its own change at once.
func TestUpdateThroughCache(t *testing.T) {
	w := newWorld(t)
	cache := resolver.NewCache(w.m, &resolver.CacheOptions{Now: w.clock})
	v := must(ariesvdr.New(cache, realdid.NewRegistrar(w.m), w.ring, w.options()))(t)
	made := must(v.Create(&diddoc.Doc{VerificationMethod: []diddoc.VerificationMethod{edMethod(t, "#k", 1)}}))(t)
	doc := must(v.Read(made.DIDDocument.ID))(t).DIDDocument
	doc.AlsoKnownAs = []string{"https://me.example/"}
	if err := v.Update(doc); err != nil {
		t.Fatal(err)
	}
	if got := must(v.Read(doc.ID))(t).DIDDocument.AlsoKnownAs; len(got) != 1 {
		t.Errorf("got %v, want the new alias", got)
	}
}
