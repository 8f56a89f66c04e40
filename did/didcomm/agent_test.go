package didcomm_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/didcomm"
	"github.com/realdid/realdid/keys"
)

// town is a resolver of a few people, whose documents can be changed.
type town struct {
	mu     sync.Mutex
	docs   map[did.DID]*did.Resolution
	cached map[did.DID]*did.Resolution // what is answered unless NoCache is asked for
	down   map[did.DID]bool
	asked  []did.DID
	past   []did.DID // asked with NoCache
	deaf   bool      // NoCache is refused
	ill    bool      // NoCache fails
	now    time.Time
}

func newTown() *town {
	return &town{
		docs: map[did.DID]*did.Resolution{}, cached: map[did.DID]*did.Resolution{}, down: map[did.DID]bool{},
		now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC),
	}
}

func (t *town) Resolve(_ context.Context, id did.DID, opt *did.ResolveOptions) (*did.Resolution, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.asked = append(t.asked, id)
	if t.down[id] {
		return nil, errors.New("the source does not answer")
	}
	if r := t.cached[id]; r != nil && (opt == nil || !opt.NoCache) {
		return r, nil
	}
	if opt != nil && opt.NoCache {
		t.past = append(t.past, id)
		switch {
		case t.deaf:
			return nil, &did.Error{Code: did.FeatureNotSupported}
		case t.ill:
			return nil, errors.New("the source does not answer")
		}
	}
	if r := t.docs[id]; r != nil {
		return r, nil
	}
	return nil, &did.Error{Code: did.NotFound}
}

func (t *town) clock() time.Time { return t.now }

// person is one side, with an agent of its own.
type person struct {
	*didcomm.Agent
	id      did.DID
	secrets *didcomm.MemorySecrets
	keys    map[string]*keys.PrivateKey // by fragment
	town    *town
}

// newKey is deterministic, so that names of keys are all that a test has to know.
func newKey(tb testing.TB, a keys.Algorithm, name string) *keys.PrivateKey {
	tb.Helper()
	secret := make([]byte, a.SecretSize())
	for i := range secret {
		secret[i] = byte(i) ^ name[i%len(name)]
	}
	k, err := keys.NewPrivateKey(a, secret)
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

var algorithms = map[string]keys.Algorithm{
	"x": keys.X25519, "p": keys.P256, "q": keys.P384, "ed": keys.Ed25519, "es": keys.P256, "k": keys.Secp256k1, "es384": keys.P384,
}

func isSigning(kind string) bool {
	return kind == "ed" || kind == "es" || kind == "k" || kind == "es384"
}

// move in: adds a person with keys of these fragments, whose letters up to the dash say what they are.
func (t *town) person(tb testing.TB, name string, fragments ...string) *person {
	tb.Helper()
	p := &person{id: did.MustParse("did:example:" + name), secrets: &didcomm.MemorySecrets{}, keys: map[string]*keys.PrivateKey{}, town: t}
	p.Agent = didcomm.New(t, p.secrets, t.clock)
	for _, f := range fragments {
		kind, _, _ := strings.Cut(f, "-")
		p.keys[f] = newKey(tb, algorithms[kind], name+f)
		p.secrets.Add(p.url(f), p.keys[f])
	}
	p.publish(tb, fragments...)
	return p
}

func (p *person) url(fragment string) did.URL { return p.id.WithFragment(fragment) }

// publish makes the document hold these keys, in this order.
func (p *person) publish(tb testing.TB, fragments ...string) {
	tb.Helper()
	var methods []string
	agree, auth := []string{}, []string{}
	for _, f := range fragments {
		kind, _, _ := strings.Cut(f, "-")
		quoted := fmt.Sprintf("%q", p.url(f))
		if isSigning(kind) {
			auth = append(auth, quoted)
		} else {
			agree = append(agree, quoted)
		}
		pub := p.keys[f].Public()
		if kind == "k" || kind == "ed" {
			methods = append(methods, fmt.Sprintf(`{"id":%s,"controller":%q,"type":"Multikey","publicKeyMultibase":%q}`, quoted, p.id, pub.Multikey()))
		} else {
			methods = append(methods, fmt.Sprintf(`{"id":%s,"controller":%q,"type":"JsonWebKey2020","publicKeyJwk":%s}`, quoted, p.id, pub.JWK()))
		}
	}
	p.setDocument(tb, fmt.Sprintf(`{"@context":["https://www.w3.org/ns/did/v1"],"id":%q,"verificationMethod":[%s],"keyAgreement":[%s],"authentication":[%s]}`,
		p.id, strings.Join(methods, ","), strings.Join(agree, ","), strings.Join(auth, ",")))
}

func (p *person) setDocument(tb testing.TB, text string) {
	tb.Helper()
	doc, err := did.ParseDocument([]byte(text))
	if err != nil {
		tb.Fatal(err)
	}
	p.town.docs[p.id] = &did.Resolution{Document: doc}
}

func (p *person) resolution() *did.Resolution { return p.town.docs[p.id] }

// letter is a message from one to others.
func letter(from *person, to ...*person) *didcomm.Message {
	m := &didcomm.Message{ID: "m-1", Type: "https://example.com/protocols/lunch/1.0/proposal", Body: json.RawMessage(`{"where":"here"}`)}
	if from != nil {
		m.From = from.id
	}
	for _, p := range to {
		m.To = append(m.To, p.id)
	}
	return m
}

// all accepts every protection.
var all = &didcomm.Expect{
	Accept: didcomm.Authcrypt | didcomm.SignedAnoncrypt | didcomm.Anoncrypt | didcomm.Signed | didcomm.InsecurePlaintext,
}

// ok returns a function that passes on bytes which come without an error.
func ok(tb testing.TB) func([]byte, error) []byte {
	return func(b []byte, err error) []byte {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
		return b
	}
}

// refused fails unless err is final, or may go away, as wanted, and is the sentinel, if there is one.
func refused(tb testing.TB, err error, final bool, sentinel error) {
	tb.Helper()
	if err == nil {
		tb.Fatal("got no error")
	}
	if got := errors.Is(err, didcomm.ErrInvalid); got != final {
		tb.Errorf("ErrInvalid: got %v, want %v: %v", got, final, err)
	}
	if got := errors.Is(err, didcomm.ErrUnknown); got == final {
		tb.Errorf("ErrUnknown: got %v, want %v: %v", got, !final, err)
	}
	if sentinel != nil && !errors.Is(err, sentinel) {
		tb.Errorf("got %v, want %v", err, sentinel)
	}
}
