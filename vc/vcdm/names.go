package vcdm

import (
	"strings"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc"
)

// property is a member name that the data model gives a meaning in credentials or presentations of either version.
type property uint8

const (
	propContext property = iota
	propID
	propType
	propIssuer
	propHolder
	propName
	propDescription
	propSubject
	propValidFrom
	propValidUntil
	propIssued
	propExpires
	propStatus
	propSchema
	propRefresh
	propTerms
	propEvidence
	propRelated
	propConfidence
	propRender
	propCredential
	propProof
	properties // how many
)

var propertyNames = [properties]string{
	"@context", "id", "type", "issuer", "holder", "name", "description", "credentialSubject", "validFrom", "validUntil",
	"issuanceDate", "expirationDate", "credentialStatus", "credentialSchema", "refreshService", "termsOfUse", "evidence",
	"relatedResource", "confidenceMethod", "renderMethod", "verifiableCredential", "proof",
}

var propertyByName = func() map[string]property {
	m := make(map[string]property, properties)
	for p, name := range propertyNames {
		m[name] = property(p)
	}
	return m
}()

// document is a credential, presentation or envelope, its members by property.
type document [properties]strictjson.Value

// has tells whether p is there.
func (d *document) has(p property) bool { return d[p].Kind() != strictjson.Invalid }

// readDocument finds the properties of v. It refuses names that another reader may take for a property which this one does not
// see: keywords, and those of another case.
func readDocument(v *strictjson.Value) (*document, error) {
	d := &document{}
	for _, m := range v.Members() {
		p, ok := propertyByName[m.Name]
		if ok {
			d[p] = m.Value
			continue
		}
		if strings.HasPrefix(m.Name, "@") {
			return nil, errKeyword()
		}
		for _, name := range propertyNames {
			if strings.EqualFold(name, m.Name) {
				return nil, vc.Invalid("vcdm.case", "a member's name differs from "+name+" by case")
			}
		}
	}
	return d, nil
}

// checkKeywords refuses JSON-LD keywords (JSON-LD 1.1, section 1.7) as names: both base contexts alias what a credential needs, and
// "@id" beside "id" would be two identifiers. Everything of that form is taken for one.
func checkKeywords(v *strictjson.Value) error {
	for _, m := range v.Members() {
		if strings.HasPrefix(m.Name, "@") && m.Name != "@context" {
			return errKeyword()
		}
	}
	return nil
}

func errKeyword() error {
	return vc.Invalid("vcdm.keyword", "a JSON-LD keyword is the name of a member")
}
