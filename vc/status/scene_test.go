package status_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/jose"
	"github.com/realdid/realdid/vc/status"
	"github.com/realdid/realdid/vc/status/cwt"
)

var (
	now       = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	authority = did.MustParse("did:example:authority")
	other     = did.MustParse("did:example:other")
)

const listURI = "https://lists.example/1"

// directory is a vc.Keys.
type directory map[did.URL]*did.ResolvedKey

func (d directory) Key(_ context.Context, u did.URL, p did.Purpose, _ time.Time) (*did.ResolvedKey, error) {
	k, ok := d[u]
	if !ok {
		return nil, &did.Error{Code: did.InvalidVerificationMethod, Err: did.ErrKeyNotFound}
	}
	if !k.Method.Purposes.Has(p) {
		return nil, &did.Error{Code: did.InvalidVerificationMethod, Err: did.ErrKeyPurpose}
	}
	return k, nil
}

// scene is an issuer with lists and a verifier who looks them up.
type scene struct {
	t       *testing.T
	keys    directory
	signers map[did.URL]*keys.PrivateKey
	now     time.Time // of the verifier
	fetches atomic.Int64
	docs    map[string]status.Document
	fetch   func(ctx context.Context, r status.Request) (status.Document, error) // instead of docs, if it is set
	opt     status.Options
	lists   *status.Lists
}

var formats = map[string]func([]byte) vc.Presentation{
	"vc+jwt":         func(b []byte) vc.Presentation { return jose.Received(b, nil) },
	"statuslist+cwt": func(b []byte) vc.Presentation { return cwt.Received(b, nil) },
}

func newScene(t *testing.T) *scene {
	s := &scene{t: t, keys: directory{}, signers: map[did.URL]*keys.PrivateKey{}, now: now, docs: map[string]status.Document{}, opt: status.Options{Formats: formats}}
	for _, u := range []did.URL{
		authority.WithFragment("credentials"), authority.WithFragment("lists"), other.WithFragment("key"), authority.WithFragment("login"),
	} {
		k, err := keys.Generate(keys.Ed25519)
		if err != nil {
			t.Fatal(err)
		}
		s.signers[u] = k
		purposes := did.AssertionMethod
		if u.Fragment() == "login" {
			purposes = did.Authentication
		}
		s.keys[u] = &did.ResolvedKey{
			Method: did.VerificationMethod{ID: u, Controller: u.DID(), Key: k.Public(), Purposes: purposes},
			Status: did.KeyActive, Evidence: did.Evidence{Replayed: true, AsOf: now.AddDate(1, 0, 0)}, Added: now.AddDate(-10, 0, 0),
		}
	}
	return s
}

// Fetch implements status.Source.
func (s *scene) Fetch(ctx context.Context, r status.Request) (status.Document, error) {
	s.fetches.Add(1)
	if s.fetch != nil {
		return s.fetch(ctx, r)
	}
	d, ok := s.docs[r.URI]
	if !ok {
		return d, errors.New("404")
	}
	return d, nil
}

func (s *scene) verifier() *vc.Verifier {
	return vc.NewVerifier(s.keys, func() time.Time { return s.now })
}

func (s *scene) ask(q vc.StatusQuery) (vc.StatusEntry, error) {
	if s.lists == nil {
		s.lists = status.NewLists(s.verifier(), s, &s.opt)
	}
	if q.Issuer == "" {
		q.Issuer = authority.String()
	}
	if q.Reference.URI == "" {
		q.Reference.URI = listURI
	}
	if q.MaxAge == 0 {
		q.MaxAge = vc.DefaultMaxStatusAge
	}
	q.At = s.now
	return s.lists.Status(s.t.Context(), q)
}

func (s *scene) askToken(index uint64) (vc.StatusEntry, error) {
	return s.ask(vc.StatusQuery{Reference: vc.StatusReference{Mechanism: vc.TokenStatusList, Index: index}})
}

func (s *scene) askBitstring(index uint64, purpose string) (vc.StatusEntry, error) {
	return s.ask(vc.StatusQuery{Reference: vc.StatusReference{Mechanism: vc.BitstringStatusList, Index: index, Purpose: purpose, Size: 1}})
}

func (s *scene) issuer(method did.URL) status.Issuer {
	return status.Issuer{Signer: s.signers[method], Method: method}
}

// token is a list of 16 entries of 2 bits: valid, revoked, suspended, 3, and then valid ones.
func (s *scene) token(change func(*status.TokenList)) []byte {
	s.t.Helper()
	l := &status.TokenList{
		URI: listURI, IssuedAt: s.now.Add(-time.Hour), Expires: s.now.Add(24 * time.Hour), TTL: 10 * time.Minute, Bits: bits(s.t, lsb, 2, 0xe4, 0, 0, 0),
	}
	method := authority.WithFragment("lists")
	if change != nil {
		change(l)
	}
	b, err := status.IssueToken(s.t.Context(), s.issuer(method), l)
	if err != nil {
		s.t.Fatal(err)
	}
	return b
}

func (s *scene) serveToken(change func(*status.TokenList)) {
	s.t.Helper()
	s.docs[listURI] = status.Document{MediaType: "application/statuslist+jwt", Bytes: s.token(change)}
}

// bitstring is a list of 131,072 entries of which number 7 is set.
func (s *scene) bitstring(change func(*status.BitstringList), claims func(m map[string]any)) []byte {
	s.t.Helper()
	b, err := status.NewBits(msb, 1, status.MinEntries)
	if err != nil {
		s.t.Fatal(err)
	}
	b.Set(7, 1)
	l := &status.BitstringList{
		URL: listURI, Purposes: []string{status.Revocation}, ValidFrom: s.now.Add(-time.Hour), ValidUntil: s.now.Add(24 * time.Hour), TTL: 10 * time.Minute, Bits: b,
	}
	if change != nil {
		change(l)
	}
	m, err := l.Credential(authority.String())
	if err != nil {
		s.t.Fatal(err)
	}
	if claims != nil {
		claims(m)
	}
	return s.sign(m)
}

func (s *scene) sign(m map[string]any) []byte {
	s.t.Helper()
	id, _ := m["issuer"].(string)
	method := authority.WithFragment("lists")
	if id == other.String() {
		method = other.WithFragment("key")
	}
	c, err := jose.Issue(s.t.Context(), jose.Issuer{Signer: s.signers[method], Method: method}, m, &jose.IssueOptions{IssuedAt: s.now.Add(-time.Hour)})
	if err != nil {
		s.t.Fatal(err)
	}
	return c.Bytes()
}

func (s *scene) serveBitstring(change func(*status.BitstringList), claims func(m map[string]any)) {
	s.t.Helper()
	s.docs[listURI] = status.Document{MediaType: "application/vc+jwt", Bytes: s.bitstring(change, claims)}
}

// want checks a fault: its code, and whether it is final.
func want(t *testing.T, name string, err error, code string) {
	t.Helper()
	if vc.Code(err) != code {
		t.Errorf("%s: got %v, want %s", name, err, code)
		return
	}
	final := code == "status.reference" || code == "status.index" || code == "status.purpose" || code == "status.size"
	if errors.Is(err, vc.ErrInvalid) != final || errors.Is(err, vc.ErrUnknown) == final {
		t.Errorf("%s: %s is final: %v, unknown: %v", name, code, errors.Is(err, vc.ErrInvalid), errors.Is(err, vc.ErrUnknown))
	}
}
