package realperson

import (
	"slices"
	"strings"
	"testing"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc/dataintegrity/jsonld"
)

// TestContexts: the profile's context is known, and defines just the names of this package.
func TestContexts(t *testing.T) {
	b, ok := Contexts().Bytes(ContextURL)
	if !ok {
		t.Fatal("the context is not known")
	}
	for _, url := range acceptedContexts[0] {
		if _, ok := Contexts().Bytes(url); !ok {
			t.Errorf("%s is not known", url)
		}
	}
	if _, ok := jsonld.Embedded().Bytes(ContextURL); ok {
		t.Error("the context is one of package jsonld")
	}
	v, err := strictjson.Parse(b, strictjson.Limits{})
	fatal(t, err)
	c, _ := v.Get("@context")
	want := append(Claims(), CredentialType, memberOpeningMode, memberGeneration, memberIssuedEpoch, "@version", "@protected")
	var got []string
	for _, m := range c.Members() {
		got = append(got, m.Name)
		if id, ok := m.Value.Str(); ok && id != ContextURL+"#"+m.Name {
			t.Errorf("%s is called %s", m.Name, id)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got terms %v, want %v", got, want)
	}
	if !slices.IsSorted(Claims()) {
		t.Error("the claims are not in alphabetical order")
	}
	for _, name := range Claims() {
		if got, ok := claimOf(subjectPointer + name); !ok || got != name {
			t.Errorf("%s is no claim", name)
		}
	}
	for _, p := range []string{"", "/", subjectPointer, "/credentialSubject", PointerOpeningMode, "/issuer", subjectPointer + "a/b", subjectPointer + "ä", "x" + subjectPointer + "a"} {
		if _, ok := claimOf(p); ok {
			t.Errorf("%q is a claim", p)
		}
	}
	if !strings.HasPrefix(CredentialID, ContextURL) || !strings.HasPrefix(HolderID, ContextURL) {
		t.Error("the constant names are not the profile's")
	}
}

// TestHashParts: parts that are cut in other places give another hash.
func TestHashParts(t *testing.T) {
	seen := map[[32]byte]bool{}
	for _, parts := range [][][]byte{nil, {nil}, {nil, nil}, {[]byte("a")}, {[]byte("a"), nil}, {nil, []byte("a")}, {[]byte("ab")}, {[]byte("a"), []byte("b")}} {
		seen[hashOf("label", parts...)] = true
	}
	seen[hashOf("labela")] = true
	seen[hashOf("")] = true
	if len(seen) != 10 {
		t.Errorf("got %d hashes of 10 lists", len(seen))
	}
}

// TestAccountID: a name is of one authority's pseudonym, and could be the key of a ledger.
func TestAccountID(t *testing.T) {
	id := accountID(keyNamed("a"), []byte("pseudonym"))
	if id == accountID(keyNamed("b"), []byte("pseudonym")) || id == accountID(keyNamed("a"), []byte("pseudonyn")) {
		t.Error("two pseudonyms have one name")
	}
	if len(id) != accountIDSize || !isAccountID(id) {
		t.Errorf("%q is no name", id)
	}
	for _, s := range []string{"", id[1:], id + "a", strings.ToUpper(id), "/" + id[1:], id[:accountIDSize-1] + "b"} {
		if isAccountID(s) {
			t.Errorf("%q is a name", s)
		}
	}
}
