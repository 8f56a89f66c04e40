package dataintegrity

import (
	"slices"
	"strconv"

	"github.com/realdid/realdid/internal/strictjson"
)

// CredentialSuite is a [Selective] suite that [Issue] and [IssueJSON] adapt to the credential before they sign.
type CredentialSuite interface {
	Selective
	// ForCredential returns the suite with parameters that let no holder leave out what [AlwaysMandatory] says.
	ForCredential(credential strictjson.Value) Cryptosuite
}

// MandatorySuite is a [Selective] suite whose issuer says what no holder can leave out.
type MandatorySuite interface {
	Selective
	// WithMandatory returns the suite with these JSON Pointers beside those that it has.
	WithMandatory(pointers []string) Cryptosuite
	// MandatoryPointers returns the JSON Pointers that a base proof of the suite makes mandatory. Errors are a *vc.Fault.
	MandatoryPointers(proofValue string) ([]string, error)
}

// always are the members of a credential that say who issued it, when it is valid and under which conditions.
var always = []string{
	"issuer", "validFrom", "validUntil", "issuanceDate", "expirationDate", "credentialStatus", "credentialSchema", "termsOfUse",
}

// AlwaysMandatory returns pointers, the JSON Pointers that the issuer chose, and those of the members that no holder must be able to
// leave out: without them an expired or revoked credential could be shown as a valid one. Of several subjects it adds the id of each, or its
// type, or if it has neither the whole: what was said about two could else be shown as being about one, who would be its holder. With any
// pointer at all, the types and the id of the credential are mandatory too.
func AlwaysMandatory(credential strictjson.Value, pointers []string) []string {
	out := slices.Clone(pointers)
	add := func(p string) {
		if !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	for _, name := range always {
		if _, ok := credential.Get(name); ok {
			add("/" + name)
		}
	}
	subjects, _ := credential.Get("credentialSubject")
	if len(subjects.Elems()) < 2 {
		return out
	}
	for i, s := range subjects.Elems() {
		p := "/credentialSubject/" + strconv.Itoa(i)
		for _, name := range [...]string{"id", "type"} {
			if _, ok := s.Get(name); ok {
				p += "/" + name
				break
			}
		}
		add(p)
	}
	return out
}
