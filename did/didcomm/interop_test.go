package didcomm_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/didcomm"
	"github.com/realdid/realdid/internal/nodepeer"
	"github.com/realdid/realdid/keys"
)

// foreign is the npm package didcomm-node (didcomm-rust of SICPA in WebAssembly), which knows the documents of the people in a town and holds the secrets of those
// who live with it.
type foreign struct {
	peer *nodepeer.Peer
}

type foreignAnswer struct {
	Packed  string          `json:"packed"`
	Message json.RawMessage `json:"message"`
	Next    string          `json:"next"`
	Token   string          `json:"token"`
	Claims  struct {
		Iss string `json:"iss"`
		Sub string `json:"sub"`
		Iat int64  `json:"iat"`
	} `json:"claims"`
	Kid  string `json:"kid"`
	Info struct {
		Encrypted     bool     `json:"encrypted"`
		Authenticated bool     `json:"authenticated"`
		Signed        bool     `json:"non_repudiation"`
		Anonymous     bool     `json:"anonymous_sender"`
		FromKid       string   `json:"encrypted_from_kid"`
		ToKids        []string `json:"encrypted_to_kids"`
		SignFrom      string   `json:"sign_from"`
		PriorKid      string   `json:"from_prior_issuer_kid"`
	} `json:"info"`
	Error string `json:"error"`
}

func newForeign(t *testing.T, everybody []*person, residents ...*person) *foreign {
	f := &foreign{nodepeer.Start(t, "interop", "didcomm-node")}
	docs, secrets := []any{}, []any{}
	for _, p := range everybody {
		docs = append(docs, foreignDocument(t, p))
	}
	for _, p := range residents {
		for name, k := range p.keys {
			secrets = append(secrets, map[string]any{
				"id": p.url(name).String(), "type": "JsonWebKey2020", "privateKeyJwk": json.RawMessage(must[[]byte](t)(k.PrivateJWK())),
			})
		}
	}
	f.ask(t, map[string]any{"op": "world", "docs": docs, "secrets": secrets})
	return f
}

// foreignDocument is a document in the form of the package, which has a model of its own.
func foreignDocument(t *testing.T, p *person) any {
	doc := p.resolution().Document
	out := map[string]any{"id": p.id.String()}
	methods, agreement, authentication, services := []any{}, []string{}, []string{}, []any{}
	for i := range doc.VerificationMethod {
		m := &doc.VerificationMethod[i]
		methods = append(methods, map[string]any{
			"id": m.ID.String(), "type": "JsonWebKey2020", "controller": p.id.String(), "publicKeyJwk": json.RawMessage(m.Key.JWK()),
		})
		if m.Purposes.Has(did.KeyAgreement) {
			agreement = append(agreement, m.ID.String())
		}
		if m.Purposes.Has(did.Authentication) {
			authentication = append(authentication, m.ID.String())
		}
	}
	if len(doc.Service) > 0 {
		for _, e := range must[[]didcomm.Endpoint](t)(didcomm.Endpoints(doc)) {
			keys := []string{}
			for _, k := range e.RoutingKeys {
				keys = append(keys, k.String())
			}
			services = append(services, map[string]any{"id": e.Service.String(), "type": didcomm.ServiceType, "serviceEndpoint": map[string]any{
				"uri": e.URI, "accept": e.Accept, "routingKeys": keys,
			}})
		}
	}
	out["verificationMethod"], out["keyAgreement"], out["authentication"], out["service"] = methods, agreement, authentication, services
	return out
}

// ask returns the answer, which may be an error.
func (f *foreign) ask(t *testing.T, request map[string]any) foreignAnswer {
	t.Helper()
	var a foreignAnswer
	f.peer.Ask(t, request, &a)
	return a
}

// do asks for something that must succeed.
func (f *foreign) do(t *testing.T, request map[string]any) foreignAnswer {
	t.Helper()
	a := f.ask(t, request)
	if a.Error != "" {
		t.Fatalf("%s: %s", request["op"], a.Error)
	}
	return a
}

// note is a message that uses what both sides know.
func note(from *person, to ...*person) *didcomm.Message {
	m := letter(from, to...)
	m.ID, m.Thread, m.ParentThread = didcomm.NewID(), "thread-1", "parent-1"
	m.Created = time.Unix(1790000000, 0).UTC()
	m.Expires = time.Unix(1890000000, 0).UTC()
	m.Body = json.RawMessage(`{"text":"grüße \u0000 \"x\"","n":[1,2.5,null,true]}`)
	m.Attachments = []didcomm.Attachment{
		{ID: "a", MediaType: "image/png", Filename: "x.png", Base64: []byte{0, 0xff, 0xfe, 0x3e}},
		{ID: "b", JSON: json.RawMessage(`{"a":[1]}`)},
		{Links: []string{"https://example.com/x"}, Hash: "zQm"},
	}
	m.Headers = map[string]json.RawMessage{"accept-lang": json.RawMessage(`["fr"]`)}
	return m
}

// sameMessage compares what was read with what was sent, whatever the order of members.
func sameMessage(t *testing.T, got, want *didcomm.Message) {
	t.Helper()
	g, w := canonical(t, must[[]byte](t)(got.JSON())), canonical(t, must[[]byte](t)(want.JSON()))
	if g != w {
		t.Errorf("got  %s\nwant %s", g, w)
	}
}

// foreignRequest asks the other side to encrypt a message; more are from, signBy and the package's options.
func foreignRequest(t *testing.T, m *didcomm.Message, to string, more map[string]any) map[string]any {
	t.Helper()
	q := map[string]any{"op": "encrypt", "message": json.RawMessage(must[[]byte](t)(m.JSON())), "to": to}
	options := map[string]any{"forward": false}
	for k, v := range more {
		if k == "from" || k == "signBy" {
			q[k] = v
		} else {
			options[k] = v
		}
	}
	q["options"] = options
	return q
}

// read has the other side unpack a message.
func (f *foreign) read(t *testing.T, packed []byte) (*didcomm.Message, foreignAnswer) {
	t.Helper()
	a := f.do(t, map[string]any{"op": "unpack", "packed": string(packed)})
	return must[*didcomm.Message](t)(didcomm.ParseMessage(a.Message)), a
}

// foreignPair are alice and bob, with keys of the kinds that the package supports (x, p; ed, es, k) and of those that it does
// not (q, es384), known to both sides.
func foreignPair(t *testing.T) (f *foreign, alice, bob *person) {
	town := newTown()
	alice = town.person(t, "alice", "x-1", "p-1", "q-1", "ed-1", "es-1", "k-1", "es384-1")
	bob = town.person(t, "bob", "x-1", "x-2", "x-3", "p-1", "p-2", "q-1", "ed-1")
	return newForeign(t, []*person{alice, bob}, alice, bob), alice, bob
}

// alterations returns the packed message with one character changed, in the middle of each of its strings in turn, by the place.
func alterations(t *testing.T, packed []byte) map[string][]byte {
	t.Helper()
	var root any
	if err := json.Unmarshal(packed, &root); err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	var walk func(path string, v any, set func(any))
	walk = func(path string, v any, set func(any)) {
		switch v := v.(type) {
		case map[string]any:
			for k, e := range v {
				walk(path+"/"+k, e, func(x any) { v[k] = x })
			}
		case []any:
			for i, e := range v {
				walk(fmt.Sprintf("%s/%d", path, i), e, func(x any) { v[i] = x })
			}
		case string:
			b := []byte(v)
			if c := &b[len(b)/2]; *c == 'A' {
				*c = 'B'
			} else {
				*c = 'A'
			}
			set(string(b))
			out[path] = toJSON(t, root)
			set(v)
		}
	}
	walk("", root, nil)
	return out
}

// bothRefuse checks that neither side reads any alteration of a packed message.
func bothRefuse(t *testing.T, f *foreign, reader *person, packed []byte) {
	t.Helper()
	changed := alterations(t, packed)
	for _, place := range slices.Sorted(maps.Keys(changed)) {
		if r, err := reader.Unpack(t.Context(), changed[place], all); err == nil {
			t.Errorf("%s altered: we read %+v", place, r.Message)
		}
		if a := f.ask(t, map[string]any{"op": "unpack", "packed": string(changed[place])}); a.Error == "" {
			t.Errorf("%s altered: they read %s", place, a.Message)
		}
	}
}

var foreignSigners = []string{"", "ed-1", "es-1", "k-1"}

func TestInteropAnoncrypt(t *testing.T) {
	f, alice, bob := foreignPair(t)
	for _, curve := range []string{"x", "p"} {
		for theirs, ours := range map[string]didcomm.ContentEncryption{
			"A256cbcHs512EcdhEsA256kw": didcomm.A256CBCHS512, "A256gcmEcdhEsA256kw": didcomm.A256GCM, "Xc20pEcdhEsA256kw": didcomm.XC20P,
		} {
			for _, signer := range foreignSigners {
				t.Run(fmt.Sprintf("%s/%s/%s", curve, ours, signer), func(t *testing.T) {
					more := map[string]any{"enc_alg_anon": theirs}
					opt := &didcomm.EncryptOptions{ContentEncryption: ours, RecipientKeys: []did.URL{bob.url(curve + "-1")}}
					want := didcomm.Anoncrypt
					if signer != "" {
						more["signBy"], opt.SignBy, want = alice.url(signer).String(), alice.url(signer), didcomm.SignedAnoncrypt
					}
					m := note(alice, bob)
					packed := f.do(t, foreignRequest(t, m, bob.url(curve+"-1").String(), more)).Packed
					r := must[*didcomm.Received](t)(bob.Unpack(t.Context(), []byte(packed), &didcomm.Expect{Accept: want}))
					sameMessage(t, r.Message, m)
					if r.ContentEncryption != ours || r.Signed != (signer != "") || r.SignedBy != opt.SignBy {
						t.Errorf("got %+v", r)
					}

					m = note(alice, bob)
					b := must[[]byte](t)(alice.Anoncrypt(t.Context(), m, opt))
					got, a := f.read(t, b)
					sameMessage(t, got, m)
					if !a.Info.Encrypted || !a.Info.Anonymous || a.Info.SignFrom != opt.SignBy.String() {
						t.Errorf("they say %+v", a.Info)
					}
					bothRefuse(t, f, bob, b)
					bothRefuse(t, f, bob, []byte(packed))
				})
			}
		}
	}
}

func TestInteropAuthcrypt(t *testing.T) {
	f, alice, bob := foreignPair(t)
	for _, curve := range []string{"x", "p"} {
		for _, hide := range []bool{false, true} {
			for _, signer := range foreignSigners {
				t.Run(fmt.Sprintf("%s/hidden=%v/%s", curve, hide, signer), func(t *testing.T) {
					from := alice.url(curve + "-1")
					more := map[string]any{"from": from.String(), "protect_sender": hide}
					opt := &didcomm.EncryptOptions{SenderKey: from, HideSender: hide}
					if signer != "" {
						more["signBy"], opt.SignBy = alice.url(signer).String(), alice.url(signer)
					}
					m := note(alice, bob)
					packed := f.do(t, foreignRequest(t, m, bob.url(curve+"-2").String(), more)).Packed
					r := must[*didcomm.Received](t)(bob.Unpack(t.Context(), []byte(packed), &didcomm.Expect{
						Accept: didcomm.Authcrypt, From: alice.id, To: bob.id, Signature: signer != "",
					}))
					sameMessage(t, r.Message, m)
					if r.SenderKey != from || r.SenderHidden != hide || r.RecipientKey != bob.url(curve+"-2") || r.SignedBy != opt.SignBy {
						t.Errorf("got %+v", r)
					}

					m = note(alice, bob)
					opt.RecipientKeys = []did.URL{bob.url(curve + "-2")}
					b := must[[]byte](t)(alice.Authcrypt(t.Context(), m, opt))
					got, a := f.read(t, b)
					sameMessage(t, got, m)
					if !a.Info.Authenticated || a.Info.FromKid != from.String() || a.Info.Anonymous != hide || a.Info.SignFrom != opt.SignBy.String() {
						t.Errorf("they say %+v", a.Info)
					}
					bothRefuse(t, f, bob, b)
					bothRefuse(t, f, bob, []byte(packed))
				})
			}
		}
	}
}

// TestInteropSeveralKeys: a message for all of bob's keys on one curve is read with each of them alone.
func TestInteropSeveralKeys(t *testing.T) {
	for curve, n := range map[string]int{"x": 3, "p": 2} {
		for i := 1; i <= n; i++ {
			t.Run(fmt.Sprintf("%s-%d", curve, i), func(t *testing.T) {
				town := newTown()
				alice := town.person(t, "alice", "x-1", "p-1")
				bob := town.person(t, "bob", "x-1", "x-2", "x-3", "p-1", "p-2")
				one := *bob
				held := fmt.Sprintf("%s-%d", curve, i)
				one.keys, one.secrets = map[string]*keys.PrivateKey{held: bob.keys[held]}, &didcomm.MemorySecrets{}
				one.secrets.Add(bob.url(held), bob.keys[held])
				one.Agent = didcomm.New(town, one.secrets, town.clock)
				f := newForeign(t, []*person{alice, bob}, alice, &one)

				m := note(alice, bob)
				packed := f.do(t, foreignRequest(t, m, bob.id.String(), map[string]any{"from": alice.url(curve + "-1").String()})).Packed
				r := must[*didcomm.Received](t)(one.Unpack(t.Context(), []byte(packed), &didcomm.Expect{Accept: didcomm.Authcrypt}))
				sameMessage(t, r.Message, m)
				if len(r.RecipientKeys) != n || r.RecipientKey != bob.url(held) {
					t.Errorf("got %v, opened with %v", r.RecipientKeys, r.RecipientKey)
				}
				b := must[[]byte](t)(alice.Authcrypt(t.Context(), m, &didcomm.EncryptOptions{SenderKey: alice.url(curve + "-1")}))
				got, a := f.read(t, b)
				sameMessage(t, got, m)
				if len(a.Info.ToKids) != n {
					t.Errorf("they say it is for %v", a.Info.ToKids)
				}
			})
		}
	}
}

func TestInteropSigned(t *testing.T) {
	f, alice, bob := foreignPair(t)
	for _, signer := range foreignSigners[1:] {
		t.Run(signer, func(t *testing.T) {
			m := note(alice, bob)
			packed := f.do(t, map[string]any{"op": "sign", "message": json.RawMessage(must[[]byte](t)(m.JSON())), "by": alice.url(signer).String()}).Packed
			r := must[*didcomm.Received](t)(bob.Unpack(t.Context(), []byte(packed), &didcomm.Expect{Accept: didcomm.Signed}))
			sameMessage(t, r.Message, m)
			b := must[[]byte](t)(alice.Sign(t.Context(), m, alice.url(signer)))
			got, a := f.read(t, b)
			sameMessage(t, got, m)
			if !a.Info.Signed || a.Info.Encrypted || a.Info.SignFrom != alice.url(signer).String() || r.SignedBy != alice.url(signer) {
				t.Errorf("they say %+v, we %+v", a.Info, r)
			}
			bothRefuse(t, f, bob, b)
			bothRefuse(t, f, bob, []byte(packed))
		})
	}
}

func TestInteropPlaintext(t *testing.T) {
	f, alice, bob := foreignPair(t)
	m := note(alice, bob)
	b := must[[]byte](t)(m.JSON())
	packed := f.do(t, map[string]any{"op": "plain", "message": json.RawMessage(b)}).Packed
	r := must[*didcomm.Received](t)(bob.Unpack(t.Context(), []byte(packed), &didcomm.Expect{Accept: didcomm.InsecurePlaintext}))
	sameMessage(t, r.Message, m)
	got, _ := f.read(t, b)
	sameMessage(t, got, m)
}

func TestInteropFromPrior(t *testing.T) {
	town := newTown()
	alice := town.person(t, "alice", "x-1", "ed-1", "es-1", "k-1")
	alice2 := town.person(t, "alice2", "x-1", "ed-1")
	bob := town.person(t, "bob", "x-1")
	f := newForeign(t, []*person{alice, alice2, bob}, alice, alice2, bob)
	at := town.now.Add(-time.Hour)
	for _, signer := range foreignSigners[1:] {
		t.Run(signer, func(t *testing.T) {
			by := alice.url(signer)
			token := f.do(t, map[string]any{"op": "prior", "kid": by.String(), "claims": map[string]any{
				"iss": alice.id.String(), "sub": alice2.id.String(), "iat": at.Unix(),
			}}).Token
			m := note(alice2, bob)
			m.FromPrior = token
			packed := f.do(t, foreignRequest(t, m, bob.id.String(), map[string]any{"from": alice2.id.String()})).Packed
			r := must[*didcomm.Received](t)(bob.Unpack(t.Context(), []byte(packed), &didcomm.Expect{Accept: didcomm.Authcrypt}))
			if want := (didcomm.Prior{From: alice.id, To: alice2.id, IssuedAt: at, SignedBy: by}); r.Prior == nil || *r.Prior != want {
				t.Errorf("got %+v, want %+v", r.Prior, want)
			}

			m.FromPrior = must[string](t)(alice.FromPrior(t.Context(), by, alice2.id, at))
			_, a := f.read(t, must[[]byte](t)(alice2.Authcrypt(t.Context(), m, nil)))
			if a.Info.PriorKid != by.String() {
				t.Errorf("they say %+v", a.Info)
			}
			a = f.do(t, map[string]any{"op": "checkPrior", "token": m.FromPrior})
			if a.Claims.Iss != alice.id.String() || a.Claims.Sub != alice2.id.String() || a.Claims.Iat != at.Unix() || a.Kid != by.String() {
				t.Errorf("they say %+v, %s", a.Claims, a.Kid)
			}

			b := []byte(token)
			b[len(b)-20] ^= 3
			m.FromPrior = string(b)
			packed = string(must[[]byte](t)(alice2.Authcrypt(t.Context(), m, nil)))
			_, err := bob.Unpack(t.Context(), []byte(packed), all)
			wantInvalid(t, err, "from_prior")
			if a := f.ask(t, map[string]any{"op": "unpack", "packed": packed}); a.Error == "" {
				t.Error("they read a message whose from_prior was altered")
			}
		})
	}
}

// TestInteropForward: over two mediators, each side wraps, and the other unwraps as mediator and recipient.
func TestInteropForward(t *testing.T) {
	town := newTown()
	alice := town.person(t, "alice", "x-1")
	bob := town.person(t, "bob", "x-1")
	near := town.person(t, "near", "x-1", "x-2")
	far := town.person(t, "far", "p-1")
	publishService(t, near, didcomm.Endpoint{URI: "https://near.example/didcomm"})
	publishService(t, bob, didcomm.Endpoint{URI: near.id.String(), RoutingKeys: []did.URL{far.url("p-1")}})
	f := newForeign(t, []*person{alice, bob, near, far}, alice, bob, near, far)

	m := note(alice, bob)
	packed := []byte(f.do(t, foreignRequest(t, m, bob.id.String(), map[string]any{"from": alice.id.String(), "forward": true})).Packed)
	for _, hop := range []struct {
		mediator *person
		next     string
	}{{near, far.url("p-1").String()}, {far, bob.id.String()}} {
		fw := must[*didcomm.Forward](t)(hop.mediator.UnwrapForward(t.Context(), packed))
		if fw.Next.String() != hop.next || len(fw.Payloads) != 1 {
			t.Fatalf("%s: got %+v, want next %s", hop.mediator.id, fw, hop.next)
		}
		packed = fw.Payloads[0]
	}
	r := must[*didcomm.Received](t)(bob.Unpack(t.Context(), packed, &didcomm.Expect{Accept: didcomm.Authcrypt}))
	sameMessage(t, r.Message, m)

	routes := must[[]didcomm.Route](t)(alice.Routes(t.Context(), bob.id, nil))
	if len(routes) != 1 || routes[0].URI != "https://near.example/didcomm" {
		t.Fatalf("got %+v", routes)
	}
	b := must[[]byte](t)(alice.Authcrypt(t.Context(), m, nil))
	b = must[[]byte](t)(alice.Wrap(t.Context(), b, bob.id.URL(), routes[0].Hops, nil))
	for _, next := range []string{far.url("p-1").String(), bob.id.String()} {
		a := f.do(t, map[string]any{"op": "forward", "packed": string(b)})
		if a.Next != next {
			t.Fatalf("they read next %s, want %s", a.Next, next)
		}
		b = []byte(a.Packed)
	}
	got, _ := f.read(t, b)
	sameMessage(t, got, m)

	wrapped := f.do(t, map[string]any{
		"op": "wrap", "packed": string(packed), "to": bob.id.String(), "hops": []string{far.url("p-1").String()}, "alg": "A256gcmEcdhEsA256kw",
	}).Packed
	fw := must[*didcomm.Forward](t)(far.UnwrapForward(t.Context(), []byte(wrapped)))
	if canonical(t, fw.Payloads[0]) != canonical(t, packed) {
		t.Error("the payload changed on its way")
	}
}

// publishService adds a service to a person's document.
func publishService(t testing.TB, p *person, es ...didcomm.Endpoint) {
	t.Helper()
	s, err := didcomm.NewService(p.url("didcomm"), es...)
	if err != nil {
		t.Fatal(err)
	}
	doc := p.resolution().Document
	doc.Service = append(doc.Service, s)
}
