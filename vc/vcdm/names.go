package vcdm

import (
	"slices"
	"strings"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc"
)

// The member names that the data model gives a meaning in credentials and presentations of either version.
var properties = []string{
	"@context", "id", "type", "issuer", "holder", "name", "description", "credentialSubject", "validFrom", "validUntil",
	"issuanceDate", "expirationDate", "credentialStatus", "credentialSchema", "refreshService", "termsOfUse", "evidence",
	"relatedResource", "confidenceMethod", "renderMethod", "verifiableCredential", "proof",
}

// checkNames refuses, in a credential or presentation, names which another reader may take for a property that this one does not
// see: those of another case.
func checkNames(v *strictjson.Value) error {
	for _, m := range v.Members() {
		if slices.Contains(properties, m.Name) {
			continue
		}
		for _, p := range properties {
			if strings.EqualFold(p, m.Name) {
				return vc.Invalid("vcdm.case", "a member's name differs from "+p+" by case")
			}
		}
	}
	return checkKeywords(v)
}

// checkKeywords refuses JSON-LD keywords (JSON-LD 1.1, section 1.7) as names: both base contexts alias what a credential needs, and
// "@id" beside "id" would be two identifiers. Everything of that form is taken for one.
func checkKeywords(v *strictjson.Value) error {
	for _, m := range v.Members() {
		if strings.HasPrefix(m.Name, "@") && m.Name != "@context" {
			return vc.Invalid("vcdm.keyword", "a JSON-LD keyword is the name of a member")
		}
	}
	return nil
}
