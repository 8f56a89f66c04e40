// Package vectortest reads, runs and writes vectors for verifiers: what was received, under which policy, with which keys, and
// what must come out. It is for tests of formats, whose vectors then all look alike; testdata/jose has a description.
package vectortest

import (
	"bytes"
	"context"
	"crypto/sha512"
	"encoding/json"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/vectors"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
)

// File is one file of vectors.
type File = vectors.File[Setting, Vector]

// Setting is what holds for all vectors of a file.
type Setting struct {
	Now    time.Time `json:"now"`
	Keys   []Key     `json:"keys"`
	Expect Expect    `json:"expect"`
}

// Vector is one input and what must come out.
type Vector struct {
	Name   string  `json:"name"`
	Rule   string  `json:"rule"`
	Expect *Expect `json:"expect,omitempty"`
	Result string  `json:"result"`
	Code   string  `json:"code,omitempty"`
	Claims any     `json:"claims,omitempty"`
	Input  string  `json:"input"`
}

// Key is a verification method that resolves.
type Key struct {
	ID        string    `json:"id"`
	PublicKey string    `json:"publicKeyMultibase"`
	Purpose   string    `json:"purpose"`
	Removed   time.Time `json:"removed,omitzero"`
}

// Expect is a policy.
type Expect struct {
	Issuers     []string `json:"issuers,omitempty"`
	PinnedKeys  []Pin    `json:"pinnedKeys,omitempty"`
	Types       []string `json:"types,omitempty"`
	MediaTypes  []string `json:"mediaTypes,omitempty"`
	Audience    string   `json:"audience,omitempty"`
	Nonce       string   `json:"nonce,omitempty"`
	NoBinding   bool     `json:"insecureNoHolderBinding,omitempty"`
	Unrotatable bool     `json:"insecureUnrotatableHolderKey,omitempty"`
}

// Pin is a key that the policy holds.
type Pin struct {
	Issuer    string `json:"issuer"`
	KeyID     string `json:"keyId,omitempty"`
	PublicKey string `json:"publicKeyMultibase"`
}

// The parties of the vectors.
const (
	Issuer    = "did:example:authority"
	IssuerKey = Issuer + "#key-1"
	Holder    = "did:example:citizen"
	HolderKey = Holder + "#phone"
	Audience  = "https://verifier.example"
	Nonce     = "nonce-1"
	Type      = "PersonCredential"
)

// Now is the verifier's time.
var Now = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// Fixed derives a key from a name.
func Fixed(tb testing.TB, a keys.Algorithm, name string) *keys.PrivateKey {
	tb.Helper()
	secret := sha512.Sum512([]byte("realdid test key " + a.String() + " " + name))
	secret[0] &= 0x7f // below every order
	k, err := keys.NewPrivateKey(a, secret[:a.SecretSize()])
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

// NewSetting is the setting of every file: an issuer with a key for assertions, one for logging in and a former one; a holder with one
// for logging in and one for assertions.
func NewSetting(tb testing.TB) Setting {
	key := func(id, purpose string) Key {
		return Key{ID: id, PublicKey: Fixed(tb, keys.Ed25519, id).Public().Multikey(), Purpose: purpose}
	}
	former := key(Issuer+"#former", "assertionMethod")
	former.Removed = Now.AddDate(0, -1, 0)
	return Setting{
		Now: Now,
		Keys: []Key{
			key(IssuerKey, "assertionMethod"), key(Issuer+"#login", "authentication"), former,
			key(HolderKey, "authentication"), key(Holder+"#papers", "assertionMethod"),
		},
		Expect: Expect{Issuers: []string{Issuer}, Types: []string{Type}, Audience: Audience, Nonce: Nonce},
	}
}

// Bare is the policy of somebody who looks at a credential without a holder.
func Bare() *Expect {
	return &Expect{Issuers: []string{Issuer}, Types: []string{Type}, NoBinding: true}
}

// Policy returns e for a Verifier.
func (e *Expect) Policy(tb testing.TB) *vc.Expect {
	tb.Helper()
	out := &vc.Expect{
		Types: e.Types, MediaTypes: e.MediaTypes, Audience: e.Audience, Nonce: e.Nonce, InsecureNoHolderBinding: e.NoBinding,
		InsecureUnrotatableHolderKey: e.Unrotatable,
	}
	for _, s := range e.Issuers {
		out.Issuers = append(out.Issuers, did.MustParse(s))
	}
	for _, p := range e.PinnedKeys {
		k, err := keys.ParseMultikey(p.PublicKey)
		if err != nil {
			tb.Fatal(err)
		}
		out.PinnedKeys = append(out.PinnedKeys, vc.PinnedKey{Issuer: p.Issuer, KeyID: p.KeyID, Key: k})
	}
	return out
}

// Verifier returns one that resolves the keys of s, at its time.
func (s *Setting) Verifier(tb testing.TB) *vc.Verifier {
	tb.Helper()
	t := table{}
	for _, k := range s.Keys {
		u, err := did.ParseURL(k.ID)
		if err != nil {
			tb.Fatal(err)
		}
		key, err := keys.ParseMultikey(k.PublicKey)
		if err != nil {
			tb.Fatal(err)
		}
		purpose, _ := did.ParsePurpose(k.Purpose)
		r := &did.ResolvedKey{
			Method:   did.VerificationMethod{ID: u, Controller: u.DID(), Type: "Multikey", Key: key, Purposes: purpose},
			Status:   did.KeyActive,
			Evidence: did.Evidence{Replayed: true, AsOf: s.Now},
		}
		if !k.Removed.IsZero() {
			r.Status, r.Removed = did.KeyRetired, k.Removed
		}
		t[u] = r
	}
	return vc.NewVerifier(t, func() time.Time { return s.Now })
}

// table is a vc.Keys of fixed answers.
type table map[did.URL]*did.ResolvedKey

func (t table) Key(_ context.Context, u did.URL, p did.Purpose, at time.Time) (*did.ResolvedKey, error) {
	k, ok := t[u]
	switch {
	case !ok:
		return nil, &did.Error{Code: did.InvalidVerificationMethod, Err: did.ErrKeyNotFound}
	case !k.Method.Purposes.Has(p):
		return nil, &did.Error{Code: did.InvalidRelationship, Err: did.ErrKeyPurpose}
	case k.Status == did.KeyRetired && (at.IsZero() || !at.Before(k.Removed)):
		return nil, &did.Error{Code: did.InvalidVerificationMethod, Err: did.ErrKeyTime}
	}
	return k, nil
}

// Run runs every vector in testdata/DIR, at least min of them.
func Run(t *testing.T, dir string, receive func(*testing.T, string) vc.Presentation, least int) {
	total := 0
	for name, f := range read(t, dir) {
		verifier := f.Setting.Verifier(t)
		for i := range f.Vectors {
			v := &f.Vectors[i]
			t.Run(name+"/"+v.Name, func(t *testing.T) {
				e := &f.Setting.Expect
				if v.Expect != nil {
					e = v.Expect
				}
				got, report, err := verifier.Verify(t.Context(), receive(t, v.Input), e.Policy(t))
				if result := report.Result.String(); result != v.Result || vc.Code(err) != v.Code {
					t.Errorf("got %s %v, want %s %s", result, err, v.Result, v.Code)
				}
				if got == nil {
					return
				}
				have, _ := json.Marshal(got.Claims())
				if want, _ := json.Marshal(v.Claims); string(have) != string(want) {
					t.Errorf("got claims %s, want %s", have, want)
				}
			})
		}
		total += len(f.Vectors)
	}
	if total < least {
		t.Errorf("ran %d vectors, want all of them", total)
	}
}

func read(tb testing.TB, dir string) map[string]File {
	tb.Helper()
	out := map[string]File{}
	for _, name := range vectors.Names(tb, dir) {
		out[name] = vectors.Read[Setting, Vector](tb, name)
	}
	return out
}

// Inputs returns the inputs of every vector in testdata/DIR, as seeds for fuzzing.
func Inputs(tb testing.TB, dir string) []string {
	tb.Helper()
	var out []string
	for _, f := range read(tb, dir) {
		for _, v := range f.Vectors {
			out = append(out, v.Input)
		}
	}
	return out
}

// Case is a vector before it is made. A code of "" is one that must be accepted.
type Case[F any] struct {
	Name, Rule, Code string
	Change           func(F, *Vector)
}

// Make makes vectors: for each case a new F is changed and then written.
func Make[F any](t *testing.T, cases []Case[F], fresh func() F, write func(F) string, receive func(*testing.T, string) vc.Presentation) File {
	t.Helper()
	f := File{Setting: NewSetting(t)}
	verifier := f.Setting.Verifier(t)
	seen := map[string]bool{}
	for _, c := range cases {
		if seen[c.Name] {
			t.Errorf("two vectors are called %s", c.Name)
		}
		seen[c.Name] = true
		v := Vector{Name: c.Name, Rule: c.Rule, Code: c.Code, Result: "fail"}
		one := fresh()
		if c.Change != nil {
			c.Change(one, &v)
		}
		v.Input = write(one)
		if c.Code == "" {
			v.Result = "pass"
			e := &f.Setting.Expect
			if v.Expect != nil {
				e = v.Expect
			}
			got, _, err := verifier.Verify(t.Context(), receive(t, v.Input), e.Policy(t))
			if err != nil {
				t.Errorf("%s: %v", c.Name, err)
				continue
			}
			v.Claims = got.Claims()
		}
		if c.Code == "vc.status.unchecked" {
			v.Result = "unknown"
		}
		f.Vectors = append(f.Vectors, v)
	}
	return f
}

// Current compares the files of testdata/DIR with what was made, or writes them.
func Current(t *testing.T, dir string, update bool, made map[string]File) {
	t.Helper()
	for name, f := range made {
		f.Kind = dir + ".received"
		vectors.Compare(t, update, dir+"/"+name, f)
	}
	if n := len(vectors.Names(t, dir)); n != len(made) {
		t.Errorf("got %d files, the generator makes %d", n, len(made))
	}
}

// Member is one member of a JSON object, its value as JSON. A list of them may hold a name twice.
type Member struct{ Name, Value string }

// Object writes a JSON object.
func Object(list []Member) string {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range list {
		if i > 0 {
			b.WriteByte(',')
		}
		name, _ := json.Marshal(m.Name)
		b.Write(name)
		b.WriteString(":" + m.Value)
	}
	b.WriteByte('}')
	return b.String()
}

// Set changes a member, or adds it; an empty value removes it.
func Set(list *[]Member, name, value string) {
	for i := range *list {
		if (*list)[i].Name != name {
			continue
		}
		if value == "" {
			*list = append((*list)[:i:i], (*list)[i+1:]...)
			return
		}
		(*list)[i].Value = value
		return
	}
	if value != "" {
		*list = append(*list, Member{name, value})
	}
}

// Credential is a credential of the data model 2.0 by Issuer about Holder.
func Credential() []Member {
	return []Member{
		{"@context", `["https://www.w3.org/ns/credentials/v2","https://www.w3.org/ns/credentials/examples/v2"]`},
		{"type", `["VerifiableCredential","PersonCredential"]`},
		{"issuer", `"did:example:authority"`},
		{"validFrom", `"2026-01-01T00:00:00Z"`},
		{"credentialSubject", `{"id":"did:example:citizen","name":"Ada","age":36}`},
	}
}

// Presentation is a presentation of the data model 2.0 by Holder, without its credentials.
func Presentation() []Member {
	return []Member{
		{"@context", `["https://www.w3.org/ns/credentials/v2"]`},
		{"type", `["VerifiablePresentation"]`},
		{"holder", `"did:example:citizen"`},
	}
}
