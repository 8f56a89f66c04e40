// Package nuts exchanges DID documents with go-did, the library of the Nuts Foundation.
package nuts

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	theirs "github.com/nuts-foundation/go-did/did"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger/memledger"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/internal/matrix"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/resolver/didjwk"
	"github.com/realdid/realdid/resolver/didkey"
)

func TestMain(m *testing.M) { matrix.Main(m) }

func row(t *testing.T, what string, direction matrix.Direction) matrix.Row {
	t.Helper()
	return matrix.Row{Peer: "nuts go-did", Version: matrix.ModuleVersion(t, "github.com/nuts-foundation/go-did"), What: what, Direction: direction}
}

func differs(t *testing.T, what string, direction matrix.Direction, differ, right string) matrix.Row {
	t.Helper()
	r := row(t, what, direction)
	r.Differ, r.Right = differ, right
	return r
}

func generate(t *testing.T, a keys.Algorithm) *keys.PrivateKey {
	t.Helper()
	k, err := keys.Generate(a)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// holders makes did:realdid identifiers on one ledger.
type holders struct {
	t *testing.T
	m *realdid.Method
	*rand.Rand
}

func newHolders(t *testing.T) *holders {
	t.Helper()
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	m, err := realdid.New(memledger.New(realdid.Reducer(), &memledger.Options{Clock: clock}), &realdid.Options{Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	return &holders{t, m, rand.New(rand.NewPCG(1, 2))}
}

// relationships are what a key that signs is for, in the documents made here.
var relationships = []did.Purpose{did.Authentication, did.AssertionMethod, did.CapabilityInvocation, did.CapabilityDelegation}

// next makes a document: one to six keys of any algorithm, services with one type or several and with endpoints of every form.
func (h *holders) next() *did.Document {
	h.t.Helper()
	var c realdid.Content
	algorithms := keys.Algorithms()
	for i := range 1 + h.IntN(6) {
		a := algorithms[h.IntN(len(algorithms))]
		if a == keys.BLS12381G2 {
			a = keys.P256
		}
		m := realdid.VerificationMethod{Fragment: fmt.Sprint("key-", i), Key: generate(h.t, a).Public(), Purposes: did.KeyAgreement}
		if a.CanSign() {
			m.Purposes = relationships[h.IntN(4)]
			m.Purposes |= relationships[h.IntN(4)]
		}
		c.VerificationMethods = append(c.VerificationMethods, m)
	}
	for i := range h.IntN(4) {
		s := realdid.Service{Fragment: fmt.Sprint("service-", i), Types: []string{"LinkedDomains"}}
		for j := range 1 + h.IntN(2) {
			e := realdid.Endpoint{URI: fmt.Sprintf("https://%d.example/%d?q=1#x", i, j)}
			if h.IntN(3) == 0 {
				e = realdid.Endpoint{Properties: map[string]any{"uri": e.URI, "accept": []string{"didcomm/v2"}}}
			}
			s.Endpoints = append(s.Endpoints, e)
		}
		c.Services = append(c.Services, s)
	}
	if h.IntN(2) == 0 {
		c.AlsoKnownAs = []string{"https://person.example/ada", "urn:example:ada"}
	}
	control, next := generate(h.t, keys.Ed25519), generate(h.t, keys.Ed25519)
	created, err := h.m.Create(h.t.Context(), &realdid.CreateRequest{
		Control: realdid.OneKey(control.Public()), Next: realdid.SHA256.Commit(next.Public()), Document: c,
	}, control)
	if err != nil {
		h.t.Fatal(err)
	}
	r, err := h.m.Resolve(h.t.Context(), created.DID, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	return r.Document
}

// ofKeys are the documents of did:key and did:jwk for a key.
func ofKeys(t *testing.T, k keys.PublicKey) []*did.Document {
	t.Helper()
	var out []*did.Document
	r, err := didkey.Resolver{}.Resolve(t.Context(), didkey.Of(k), nil)
	if err != nil {
		t.Fatal(err)
	}
	out = append(out, r.Document)
	if k.JWK() == nil {
		return out
	}
	r, err = didjwk.Resolver{}.Resolve(t.Context(), didjwk.Of(k), nil)
	if err != nil {
		t.Fatal(err)
	}
	return append(out, r.Document)
}

// compare tells in what their reading of a document differs from ours; "" if in nothing.
func compare(our *did.Document, their *theirs.Document) string {
	if their.ID.String() != our.ID.String() {
		return "id"
	}
	if len(their.VerificationMethod) != len(our.VerificationMethod) {
		return "number of methods"
	}
	for i, m := range our.VerificationMethod {
		if n := their.VerificationMethod[i]; n.ID.String() != m.ID.String() || string(n.Type) != m.Type || n.Controller.String() != m.Controller.String() {
			return "method " + m.ID.String()
		}
	}
	for purpose, list := range map[did.Purpose]theirs.VerificationRelationships{
		did.Authentication: their.Authentication, did.AssertionMethod: their.AssertionMethod, did.KeyAgreement: their.KeyAgreement,
		did.CapabilityInvocation: their.CapabilityInvocation, did.CapabilityDelegation: their.CapabilityDelegation,
	} {
		n := 0
		for _, m := range our.VerificationMethod {
			if !m.Purposes.Has(purpose) {
				continue
			}
			if n++; list.FindByID(theirs.MustParseDIDURL(m.ID.String())) == nil {
				return purpose.String() + " of " + m.ID.String()
			}
		}
		if n != len(list) {
			return purpose.String()
		}
	}
	if len(their.Service) != len(our.Service) || len(their.AlsoKnownAs) != len(our.AlsoKnownAs) {
		return "number of services or aliases"
	}
	for i, s := range our.Service {
		if their.Service[i].ID.String() != s.ID.String() || their.Service[i].Type != s.Type[0] {
			return "service " + s.ID.String()
		}
	}
	return ""
}

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
