package nuts

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"testing"

	ssi "github.com/nuts-foundation/go-did"
	theirs "github.com/nuts-foundation/go-did/did"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/matrix"
	"github.com/realdid/realdid/keys"
)

// readThere reads a document there, with their validator, and compares it with ours; what they write of it must be the same document here.
func readThere(t *testing.T, our *did.Document) *theirs.Document {
	t.Helper()
	text := our.Canonical()
	their, err := theirs.ParseDocument(string(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if err := (theirs.W3CSpecValidator{}).Validate(*their); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if s := compare(our, their); s != "" {
		t.Fatalf("%s differs\n%s", s, text)
	}
	back, err := did.ParseDocument(marshal(t, their))
	if err != nil || !bytes.Equal(back.Canonical(), text) {
		t.Fatalf("written there: %v\ngot  %s\nwant %s", err, marshal(t, their), text)
	}
	return their
}

// TestDocumentsOfOurs: documents of did:realdid, did:key and did:jwk are read and written there without a change.
func TestDocumentsOfOurs(t *testing.T) {
	ledger := matrix.Record(t, row(t, "did:realdid documents (Multikey of every algorithm, relationships, services, aliases), read and written again", matrix.OursToTheirs))
	ofKey := matrix.Record(t, row(t, "did:key and did:jwk documents, read and written again", matrix.OursToTheirs))
	used := matrix.Record(t, row(t, "public keys of JsonWebKey2020 (Ed25519, P-256, P-384, X25519), used", matrix.OursToTheirs))
	multikey := matrix.Record(t, differs(t, "public keys of Multikey, used", matrix.RefusedByTheirs,
		"go-did reads a method of type Multikey and keeps its text, and has no key of it (`unsupported verification method type`).",
		"both: DID 1.0, section 5.2.1, leaves it open which types are supported; Multikey is that of Controlled Identifiers 1.0, section 2.2.2."))
	koblitz := matrix.Record(t, differs(t, "public keys of JsonWebKey2020 (secp256k1), used", matrix.RefusedByTheirs,
		"go-did has no secp256k1 unless it is built with the tag jwx_es256k.", "both: RFC 8812, section 3.1, defines the key, and nobody must have it."))
	h := newHolders(t)
	for range 120 {
		their := readThere(t, h.next())
		ledger.Case()
		for _, m := range their.VerificationMethod {
			if k, err := m.PublicKey(); err == nil {
				t.Errorf("a Multikey has the key %v", k)
			}
		}
		multikey.Case()
	}
	for range 12 {
		for _, a := range keys.Algorithms() {
			if a == keys.BLS12381G2 {
				continue
			}
			k := generate(t, a).Public()
			for _, our := range ofKeys(t, k) {
				their := readThere(t, our)
				ofKey.Case()
				if our.VerificationMethod[0].Type != did.TypeJWK2020 {
					continue
				}
				standard, err := their.VerificationMethod[0].PublicKey()
				if a == keys.Secp256k1 {
					if err == nil {
						t.Error("secp256k1 is supported")
					}
					koblitz.Case()
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				if got, err := keys.FromStandard(standard); err != nil || !got.Equal(k) {
					t.Fatalf("%s: %v", a, err)
				}
				used.Case()
			}
		}
	}
}

// TestDocumentsOfTheirs: documents that they build are read here: the same keys, for the same purposes.
func TestDocumentsOfTheirs(t *testing.T) {
	rec := matrix.Record(t, row(t, "documents that it builds: JsonWebKey2020 (Ed25519, P-256, P-384), relationships, services", matrix.TheirsToOurs))
	algorithms := []keys.Algorithm{keys.Ed25519, keys.P256, keys.P384}
	for i := range 90 {
		id := theirs.MustParseDID(fmt.Sprintf("did:web:example.com:%d", i))
		their := theirs.Document{Context: []any{theirs.DIDContextV1URI(), ssi.MustParseURI("https://w3id.org/security/suites/jws-2020/v1")}, ID: id}
		var want []keys.PublicKey
		var purposes []did.Purpose
		for j := range 1 + i%5 {
			k := generate(t, algorithms[(i+j)%3]).Public()
			m, err := theirs.NewVerificationMethod(theirs.MustParseDIDURL(fmt.Sprint(id, "#key-", j)), ssi.JsonWebKey2020, id, standard(t, k))
			if err != nil {
				t.Fatal(err)
			}
			their.AddAuthenticationMethod(m)
			p := did.Authentication
			if i%2 == 0 {
				their.AddAssertionMethod(m)
				p |= did.AssertionMethod
			}
			if j == 2 {
				their.AddCapabilityInvocation(m)
				p |= did.CapabilityInvocation
			}
			want, purposes = append(want, k), append(purposes, p)
		}
		their.Service = []theirs.Service{
			{ID: ssi.MustParseURI(id.String() + "#hub"), Type: "Hub", ServiceEndpoint: "https://hub.example"},
			{ID: ssi.MustParseURI(id.String() + "#list"), Type: "List", ServiceEndpoint: []any{"https://a.example", map[string]any{"uri": "https://b.example"}}},
		}
		if i%3 == 0 {
			their.Controller = []theirs.DID{theirs.MustParseDID("did:example:guardian")}
		}
		our, err := did.ParseDocument(marshal(t, their))
		if err != nil {
			t.Fatalf("%v\n%s", err, marshal(t, their))
		}
		if s := compare(our, &their); s != "" {
			t.Fatalf("%s differs\n%s", s, marshal(t, their))
		}
		for j, m := range our.VerificationMethod {
			if !m.Key.Equal(want[j]) || m.Purposes != purposes[j] {
				t.Fatalf("method %d is %s for %s", j, m.Key, m.Purposes)
			}
		}
		rec.Case()
	}
}

// standard is a key as the standard library has it, from its PEM form.
func standard(t *testing.T, k keys.PublicKey) any {
	t.Helper()
	var m theirs.VerificationMethod
	m.Type = ssi.JsonWebKey2020
	if err := json.Unmarshal(k.JWK(), &m.PublicKeyJwk); err != nil {
		t.Fatal(err)
	}
	out, err := m.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestEd25519VerificationKeys: what they take for the text of such a key.
func TestEd25519VerificationKeys(t *testing.T) {
	const differ, right = "go-did writes and reads publicKeyMultibase of these types as the 32 bytes of the key alone: of a key as the specification writes it, it makes one of 34 bytes, " +
		"with which crypto/ed25519 panics.",
		"realdid: Data Integrity EdDSA Cryptosuites 1.0, Ed25519VerificationKey2020 (two bytes, 0xed01, before the key; any other encoding must not be allowed); Ed25519VerificationKey2018 has publicKeyBase58 and no " +
			"publicKeyMultibase (its context, https://w3id.org/security/suites/ed25519-2018/v1)."
	written := matrix.Record(t, differs(t, "documents with Ed25519VerificationKey2020 or 2018 that it builds", matrix.RefusedByUs, differ, right))
	read := matrix.Record(t, differs(t, "public keys of Ed25519VerificationKey2020, used", matrix.RefusedByTheirs, differ, right))
	for range 24 {
		k := generate(t, keys.Ed25519).Public()
		for _, kind := range []ssi.KeyType{ssi.ED25519VerificationKey2020, ssi.ED25519VerificationKey2018} {
			id := theirs.MustParseDID("did:example:1")
			m, err := theirs.NewVerificationMethod(theirs.MustParseDIDURL("did:example:1#k"), kind, id, ed25519.PublicKey(k.Bytes()))
			if err != nil {
				t.Fatal(err)
			}
			their := theirs.Document{Context: []any{theirs.DIDContextV1URI()}, ID: id}
			their.AddAuthenticationMethod(m)
			if our, err := did.ParseDocument(marshal(t, their)); err == nil && !our.VerificationMethod[0].Key.IsZero() {
				t.Errorf("%s: the key is %s", kind, our.VerificationMethod[0].Key)
			}
			written.Case()
		}
		text := fmt.Sprintf(`{"@context":"https://www.w3.org/ns/did/v1","id":"did:example:1","verificationMethod":[{"id":"did:example:1#k",`+
			`"type":"Ed25519VerificationKey2020","controller":"did:example:1","publicKeyMultibase":%q}]}`, k.Multikey())
		our, err := did.ParseDocument([]byte(text))
		if err != nil || !our.VerificationMethod[0].Key.Equal(k) {
			t.Fatalf("here: %v", err)
		}
		their, err := theirs.ParseDocument(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := their.VerificationMethod[0].PublicKey(); err != nil || len(got.(ed25519.PublicKey)) != 34 {
			t.Errorf("there: %v, %v", got, err)
		}
		read.Case()
	}
}

// TestServiceTypes: a service of several types.
func TestServiceTypes(t *testing.T) {
	rec := matrix.Record(t, differs(t, "documents with a service of several types", matrix.RefusedByTheirs,
		"go-did reads one type of a service, and refuses a document with a set of them.",
		"realdid: DID 1.0, section 5.4 (type is a string or a set of strings)."))
	h := newHolders(t)
	for i := range 24 {
		our := h.next()
		id := our.ID.WithFragment("several")
		our.Service = append(our.Service, did.Service{
			ID: id, Type: []string{"LinkedDomains", fmt.Sprint("Type", i)}, Endpoint: []did.Endpoint{{URI: "https://person.example"}},
		})
		text := our.Canonical()
		back, err := did.ParseDocument(text)
		if err != nil {
			t.Fatal(err)
		}
		if s, ok := back.ServiceByID(id); !ok || len(s.Type) != 2 {
			t.Fatalf("here: %+v\n%s", s, text)
		}
		if _, err := theirs.ParseDocument(string(text)); err == nil {
			t.Fatalf("there it is read: %s", text)
		}
		rec.Case()
	}
}
