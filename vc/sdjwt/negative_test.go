package sdjwt_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/vectors"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/sdjwt"
)

var update = flag.Bool("update", false, "write the vectors of testdata/sdjwt anew")

// vectorFile is one file of testdata/sdjwt; its README explains the members.
type vectorFile = vectors.File[vectorSetting, vector]

type vectorSetting struct {
	Now    time.Time    `json:"now"`
	Keys   []vectorKey  `json:"keys"`
	Expect vectorExpect `json:"expect"`
}

type vector struct {
	Name   string        `json:"name"`
	Rule   string        `json:"rule"`
	Keys   []vectorKey   `json:"keys,omitempty"`
	Expect *vectorExpect `json:"expect,omitempty"`
	Result string        `json:"result"`
	Code   string        `json:"code,omitempty"`
	Claims any           `json:"claims,omitempty"`
	Input  string        `json:"input"`
}

type vectorKey struct {
	ID          string    `json:"id"`
	PublicKey   string    `json:"publicKeyMultibase,omitempty"`
	Purpose     string    `json:"purpose,omitempty"`
	Status      string    `json:"status,omitempty"`
	Added       time.Time `json:"added,omitzero"`
	Removed     time.Time `json:"removed,omitzero"`
	AsOf        time.Time `json:"asOf,omitzero"`
	Evidence    string    `json:"evidence,omitempty"`
	Unavailable bool      `json:"unavailable,omitempty"`
}

type vectorExpect struct {
	Issuers       []string    `json:"issuers,omitempty"`
	PinnedKeys    []vectorPin `json:"pinnedKeys,omitempty"`
	Types         []string    `json:"types,omitempty"`
	MediaTypes    []string    `json:"mediaTypes,omitempty"`
	Audience      string      `json:"audience,omitempty"`
	Nonce         string      `json:"nonce,omitempty"`
	RefuseRetired bool        `json:"refuseRetiredKeys,omitempty"`
	AnyType       bool        `json:"insecureAnyType,omitempty"`
	NoBinding     bool        `json:"insecureNoHolderBinding,omitempty"`
	Unrotatable   bool        `json:"insecureUnrotatableHolderKey,omitempty"`
	GenesisOnly   bool        `json:"insecureGenesisOnly,omitempty"`
	IgnoreStatus  bool        `json:"insecureIgnoreStatus,omitempty"`
}

type vectorPin struct {
	Issuer    string `json:"issuer"`
	KeyID     string `json:"keyId,omitempty"`
	PublicKey string `json:"publicKeyMultibase"`
}

func (e *vectorExpect) policy(t *testing.T) *vc.Expect {
	t.Helper()
	out := &vc.Expect{
		Types: e.Types, MediaTypes: e.MediaTypes, Audience: e.Audience, Nonce: e.Nonce, InsecureAnyType: e.AnyType,
		InsecureNoHolderBinding: e.NoBinding, InsecureUnrotatableHolderKey: e.Unrotatable, InsecureGenesisOnly: e.GenesisOnly,
		InsecureIgnoreStatus: e.IgnoreStatus,
	}
	if e.RefuseRetired {
		out.RetiredKeys = vc.RefuseRetiredKeys
	}
	for _, s := range e.Issuers {
		out.Issuers = append(out.Issuers, did.MustParse(s))
	}
	for _, p := range e.PinnedKeys {
		k, err := keys.ParseMultikey(p.PublicKey)
		if err != nil {
			t.Fatal(err)
		}
		out.PinnedKeys = append(out.PinnedKeys, vc.PinnedKey{Issuer: p.Issuer, KeyID: p.KeyID, Key: k})
	}
	return out
}

// table makes a resolver that knows the keys; a later key replaces an earlier one of the same id, one without anything removes it.
func table(t *testing.T, now time.Time, lists ...[]vectorKey) keyTable {
	t.Helper()
	out := keyTable{}
	for _, list := range lists {
		for _, k := range list {
			u, err := did.ParseURL(k.ID)
			if err != nil {
				t.Fatal(err)
			}
			if k.PublicKey == "" && !k.Unavailable {
				delete(out, u)
				continue
			}
			out[u] = k.resolved(t, u, now)
		}
	}
	return out
}

func (k *vectorKey) resolved(t *testing.T, u did.URL, now time.Time) *did.ResolvedKey {
	t.Helper()
	if k.Unavailable {
		return nil
	}
	key, err := keys.ParseMultikey(k.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	purpose, _ := did.ParsePurpose(k.Purpose)
	r := entry(u, key, purpose, now)
	if !k.AsOf.IsZero() {
		r.Evidence.AsOf = k.AsOf
	}
	r.Added, r.Removed = k.Added, k.Removed
	switch k.Status {
	case "retired":
		r.Status = did.KeyRetired
	case "compromised":
		r.Status = did.KeyCompromised
	}
	switch k.Evidence {
	case "none":
		r.Evidence.Replayed = false
	case "genesisOnly":
		r.Evidence.GenesisOnly = true
	}
	return r
}

// TestOwnVectors runs every vector of testdata/sdjwt.
func TestOwnVectors(t *testing.T) {
	total := 0
	for _, name := range vectors.Names(t, "sdjwt") {
		f := vectors.Read[vectorSetting, vector](t, name)
		t.Run(name, func(t *testing.T) {
			for i := range f.Vectors {
				t.Run(f.Vectors[i].Name, func(t *testing.T) { f.Vectors[i].run(t, &f.Setting) })
			}
		})
		total += len(f.Vectors)
	}
	if total < 150 {
		t.Errorf("ran %d vectors, want all of them", total)
	}
}

func (v *vector) run(t *testing.T, s *vectorSetting) {
	e := &s.Expect
	if v.Expect != nil {
		e = v.Expect
	}
	verifier := vc.NewVerifier(table(t, s.Now, s.Keys, v.Keys), func() time.Time { return s.Now })
	got, report, err := verifier.Verify(t.Context(), sdjwt.Received([]byte(v.Input)), e.policy(t))
	if result := report.Result.String(); result != v.Result || vc.Code(err) != v.Code {
		t.Errorf("got %s %s, want %s %s", result, code(err), v.Result, v.Code)
	}
	if _, parseErr := sdjwt.Parse([]byte(v.Input)); parseErr != nil && code(parseErr) != code(err) {
		t.Errorf("Parse: got %s, Verify: %s", code(parseErr), code(err))
	}
	if v.Claims != nil && got != nil {
		want, _ := json.Marshal(v.Claims)
		if have, _ := json.Marshal(got.Claims()); string(have) != string(want) {
			t.Errorf("got claims %s, want %s", have, want)
		}
	}
	// A wallet refuses whatever a verifier refuses for the shape of the disclosures.
	if _, err := sdjwt.ParseCredential([]byte(v.Input)); err == nil && v.Result == "fail" &&
		(bytes.HasPrefix([]byte(v.Code), []byte("sdjwt.d")) || bytes.HasPrefix([]byte(v.Code), []byte("sdjwt.json"))) {
		t.Errorf("ParseCredential accepts what Verify refuses with %s", v.Code)
	}
}

// TestOwnVectorsAreCurrent makes the vectors again and compares; with -update it writes them.
func TestOwnVectorsAreCurrent(t *testing.T) {
	made := makeVectors(t)
	for name, f := range made {
		vectors.Compare(t, *update, "sdjwt/"+name, f)
	}
	if n := len(vectors.Names(t, "sdjwt")); n != len(made) {
		t.Errorf("got %d files, the generator makes %d", n, len(made))
	}
}

func forgedSetting(t *testing.T) vectorSetting {
	key := func(id, purpose string) vectorKey {
		return vectorKey{ID: id, PublicKey: fixedKey(t, keys.Ed25519, id).Public().Multikey(), Purpose: purpose}
	}
	return vectorSetting{
		Now: forgeTime,
		Keys: []vectorKey{
			key(forgeIssuer+"#key-1", "assertionMethod"), key(forgeIssuer+"#login", "authentication"),
			key(forgeHolder, "authentication"), key("did:example:citizen#papers", "assertionMethod"),
		},
		Expect: vectorExpect{
			Issuers: []string{forgeIssuer}, Types: []string{"https://credentials.example/person"},
			Audience: "https://verifier.example", Nonce: "nonce-1",
		},
	}
}

// makeVectors makes all files.
func makeVectors(t *testing.T) map[string]vectorFile {
	out := map[string]vectorFile{}
	for name, cases := range map[string][]forgedCase{
		"valid": append(validCases(), untypedValidCases()...), "syntax": syntaxCases(), "header": append(headerCases(), untypedCases()...), "disclosures": disclosureCases(),
		"claims": claimCases(), "issuer": issuerCases(), "keybinding": bindingCases(), "serialization": serializationCases(),
		"w3c": w3cCases(),
	} {
		f := vectorFile{Kind: "sdjwt.received", Setting: forgedSetting(t)}
		seen := map[string]bool{}
		for _, c := range cases {
			if seen[c.name] {
				t.Errorf("%s: two vectors are called %s", name, c.name)
			}
			seen[c.name] = true
			f.Vectors = append(f.Vectors, c.vector(t, &f.Setting))
		}
		out[name] = f
	}
	return out
}

// forgedCase is one vector before it is made. change may set fields of the vector too.
type forgedCase struct {
	name, rule, code string
	change           func(*forgery, *vector)
}

func (c *forgedCase) vector(t *testing.T, s *vectorSetting) vector {
	f := newForgery(t)
	v := vector{Name: c.name, Rule: c.rule, Code: c.code, Result: "fail"}
	switch {
	case c.code == "":
		v.Result = "pass"
	case c.code == "vc.status.unchecked", c.code == "vc.issuer.key.unavailable", c.code == "vc.issuer.evidence.stale", c.code == "vc.holder.evidence.stale":
		v.Result = "unknown"
	}
	if c.change != nil {
		c.change(f, &v)
	}
	if v.Input == "" {
		v.Input = f.compact()
	}
	if v.Input == "(empty)" {
		v.Input = ""
	}
	if c.code == "" && v.Claims == nil {
		v.Claims = acceptedClaims(t, &v, s)
	}
	return v
}

// acceptedClaims are what the verifier sees; a reader of the vectors compares them with its own.
func acceptedClaims(t *testing.T, v *vector, s *vectorSetting) any {
	e := &s.Expect
	if v.Expect != nil {
		e = v.Expect
	}
	verifier := vc.NewVerifier(table(t, s.Now, s.Keys, v.Keys), func() time.Time { return s.Now })
	got, _, err := verifier.Verify(t.Context(), sdjwt.Received([]byte(v.Input)), e.policy(t))
	if err != nil {
		t.Errorf("%s: %v", v.Name, err)
		return nil
	}
	return got.Claims()
}

func bare() *vectorExpect {
	return &vectorExpect{Issuers: []string{forgeIssuer}, Types: []string{"https://credentials.example/person"}, NoBinding: true}
}

func bound(change func(*vectorExpect)) *vectorExpect {
	e := &vectorExpect{
		Issuers: []string{forgeIssuer}, Types: []string{"https://credentials.example/person"},
		Audience: "https://verifier.example", Nonce: "nonce-1",
	}
	change(e)
	return e
}

// jwkOf is the JWK of a fixed key.
func jwkOf(f *forgery, name string) string {
	return string(fixedKey(f.tb, f.alg, name).Public().JWK())
}

func (f *forgery) keyFor(id, purpose string) vectorKey {
	return vectorKey{ID: id, PublicKey: fixedKey(f.tb, f.alg, id).Public().Multikey(), Purpose: purpose}
}

func note(format string, a ...any) string { return fmt.Sprintf(format, a...) }
