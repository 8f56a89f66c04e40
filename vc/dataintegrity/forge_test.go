package dataintegrity_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc/dataintegrity"
)

// forge makes documents, right and wrong, with keys that anybody can make again.
type forge struct {
	t       *testing.T
	setting setting
	signers map[string]*keys.PrivateKey // by fragment of did:example:authority, and "phone", "stranger", …
}

const (
	authority = "did:example:authority"
	citizen   = "did:example:citizen"
	stranger  = "did:example:stranger"
)

func newForge(t *testing.T) *forge {
	f := &forge{t: t, signers: map[string]*keys.PrivateKey{}}
	f.setting = setting{
		Now: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC), Issuers: []string{authority}, Types: []string{"ExampleAlumniCredential", "AlumniCredential"},
	}
	assertion, authentication := did.AssertionMethod, did.Authentication
	for _, k := range []struct {
		id         string
		purpose    did.Purpose
		controller string
	}{
		{authority + "#key-1", assertion, ""},
		{authority + "#key-10", assertion, ""},
		{authority + "#login", authentication, ""},
		{authority + "#lent", assertion, stranger},
		{citizen + "#phone", authentication, ""},
		{citizen + "#assertions", assertion, ""},
		{stranger + "#key-1", assertion, ""},
		{stranger + "#phone", authentication, ""},
	} {
		seed := sha256.Sum256([]byte("testdata/dataintegrity " + k.id))
		private, err := keys.NewPrivateKey(keys.Ed25519, seed[:])
		if err != nil {
			t.Fatal(err)
		}
		f.signers[k.id] = private
		f.setting.Keys = append(f.setting.Keys, entry{
			ID: k.id, Controller: k.controller, PublicKey: private.Public().Multikey(), Purpose: k.purpose.String(),
		})
	}
	return f
}

// document is a credential without a proof; change is made to it first.
func (f *forge) document(change func(map[string]any)) []byte {
	c := (&parties{issuer: dataintegrity.Issuer{Method: did.MustParse(authority).WithFragment("key-1")}, method: did.MustParse(citizen).WithFragment("phone")}).credential()
	if change != nil {
		change(c)
	}
	return []byte(mustJSON(f.t, c))
}

var (
	jcs  dataintegrity.Cryptosuite = dataintegrity.EdDSAJCS2022{}
	rdfc dataintegrity.Cryptosuite = dataintegrity.EdDSARDFC2022{}
)

// sign adds a proof by the key of this id; opt has what differs from a plain proof of a credential.
func (f *forge) sign(document []byte, key string, suite dataintegrity.Cryptosuite, opt dataintegrity.ProofOptions) []byte {
	f.t.Helper()
	opt.Cryptosuite = suite
	if opt.Method.IsZero() {
		u, err := did.ParseURL(key)
		if err != nil {
			f.t.Fatal(err)
		}
		opt.Method = u
	}
	if opt.Purpose == 0 {
		opt.Purpose = did.AssertionMethod
	}
	if opt.Created.IsZero() && !opt.Undated {
		opt.Created = f.setting.Now.Add(-time.Hour)
	}
	b, err := dataintegrity.AddProof(f.t.Context(), f.signers[key], document, &opt)
	if err != nil {
		f.t.Fatal(err)
	}
	return b
}

// plain is the simplest credential.
func (f *forge) plain(suite dataintegrity.Cryptosuite) []byte {
	return f.sign(f.document(nil), authority+"#key-1", suite, dataintegrity.ProofOptions{})
}

// replaced exchanges a text that must be there.
func (f *forge) replaced(b []byte, old, new string) []byte { return replaced(f.t, b, old, new) }

// proofOf cuts the proof, a single object, out of a document.
func (f *forge) proofOf(b []byte) string {
	i := bytes.Index(b, []byte(`"proof":{`))
	if i < 0 {
		f.t.Fatalf("no single proof in %s", b)
	}
	rest := string(b[i+len(`"proof":`):])
	return rest[:strings.LastIndexByte(rest, '}')]
}

// member returns the text of a string member of the proof.
func (f *forge) member(b []byte, name string) string {
	_, rest, ok := strings.Cut(f.proofOf(b), `"`+name+`":"`)
	if !ok {
		f.t.Fatalf("no %s in %s", name, b)
	}
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

// presentation wraps credentials and signs as the citizen, unless opt says otherwise.
func (f *forge) presentation(opt dataintegrity.ProofOptions, change func(string) string, credentials ...[]byte) []byte {
	f.t.Helper()
	list := make([]string, len(credentials))
	for i, c := range credentials {
		list[i] = string(c)
	}
	text := fmt.Sprintf(`{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiablePresentation"],"holder":"%s","verifiableCredential":[%s]}`,
		citizen, strings.Join(list, ","))
	if change != nil {
		text = change(text)
	}
	key := citizen + "#phone"
	if !opt.Method.IsZero() {
		key = opt.Method.String()
	}
	if opt.Purpose == 0 {
		opt.Purpose = did.Authentication
	}
	if opt.Domain == nil {
		opt.Domain = []string{audience}
	}
	if opt.Challenge == "" {
		opt.Challenge = nonce
	}
	if opt.Created.IsZero() && !opt.Undated {
		opt.Created = f.setting.Now
	}
	return f.sign([]byte(text), key, jcs, opt)
}

// held returns vectors in which a holder's signature is asked for.
func held(list ...vector) []vector {
	for i := range list {
		list[i].Audience, list[i].Challenge = audience, nonce
	}
	return list
}

func ok(name string, input []byte) vector { return vector{Name: name, Input: string(input)} }

func bad(name, code string, input []byte) vector {
	return vector{Name: name, Code: code, Input: string(input)}
}

func (f *forge) valid() []vector {
	return slices.Concat(f.validCredentials(), f.validChains(), held(f.validPresentations()...))
}

func (f *forge) invalid() []vector {
	return slices.Concat(f.badJSON(), f.badProofs(), f.badValues(), f.badChains(), f.badKeys(), f.badContexts(), f.rewritten(), f.moved(), held(f.badPresentations()...))
}
