package realperson

import (
	_ "embed"
	"strings"
	"sync"

	"github.com/realdid/realdid/vc/dataintegrity/jsonld"
)

// The names of a credential of this profile.
const (
	CredentialType = "RealPersonCredential"
	// ContextURL names the JSON-LD context of this profile. It is a name: nothing is ever fetched from it.
	ContextURL = "https://github.com/realdid/realdid/vc/realperson/v1"

	credentialsContext = "https://www.w3.org/ns/credentials/v2"
	subjectPointer     = "/credentialSubject/"

	memberOpeningMode = "openingMode"
	memberGeneration  = "generation"
	memberIssuedEpoch = "issuedEpoch"
)

// Pointers into a credential.
const (
	PointerOpeningMode = subjectPointer + memberOpeningMode // always shown: an OpeningMode
	PointerGeneration  = subjectPointer + memberGeneration  // how often this person has started anew, from 0
	PointerIssuedEpoch = subjectPointer + memberIssuedEpoch // start of the epoch in which the credential was really issued
)

//go:embed realperson-v1.jsonld
var contextDocument []byte

// Contexts returns the JSON-LD contexts that credentials of this profile use: those of package jsonld and that of the profile.
func Contexts() *jsonld.Contexts { return contexts() }

var contexts = sync.OnceValue(func() *jsonld.Contexts {
	c, err := jsonld.NewContexts(map[string][]byte{ContextURL: contextDocument})
	if err != nil {
		panic("realperson: " + err.Error()) // the file is part of the package, and a test reads it
	}
	return c
})

// Claims are the names of the claims about a person that the context knows, in alphabetical order: what an authority can state.
func Claims() []string {
	return []string{
		"ageOver12", "ageOver14", "ageOver16", "ageOver18", "ageOver21", "ageOver65", "citizenOf", "residentOf", "residentOfRegion",
	}
}

// claimOf returns the name of the one claim that a pointer names. Pointers to more than one claim, to parts of one and to what is
// always shown are none.
func claimOf(pointer string) (name string, ok bool) {
	name, ok = strings.CutPrefix(pointer, subjectPointer)
	if !ok || name == memberOpeningMode || len(name) == 0 || len(name) > 64 {
		return "", false
	}
	for _, c := range []byte(name) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return "", false
		}
	}
	return name, true
}
