package did

import (
	"iter"
	"strings"
)

// Purpose is a set of verification relationships (DID 1.1, section 5.3): what a verification method may be used for.
type Purpose uint8

// The relationships.
const (
	Authentication Purpose = 1 << iota
	AssertionMethod
	KeyAgreement
	CapabilityInvocation
	CapabilityDelegation

	AllPurposes Purpose = 1<<iota - 1
)

var purposeTerms = [...]string{"authentication", "assertionMethod", "keyAgreement", "capabilityInvocation", "capabilityDelegation"}

// Has tells whether p holds every relationship of q, and q at least one.
func (p Purpose) Has(q Purpose) bool { return q != 0 && p&q == q }

// Each yields the relationships of p one by one, each with its term.
func (p Purpose) Each() iter.Seq2[Purpose, string] {
	return func(yield func(Purpose, string) bool) {
		for i, term := range purposeTerms {
			if q := Purpose(1) << i; p&q != 0 && !yield(q, term) {
				return
			}
		}
	}
}

// String returns the terms of p, such as "assertionMethod", joined by commas if they are several; "none" if there is none.
func (p Purpose) String() string {
	var terms []string
	for _, term := range p.Each() {
		terms = append(terms, term)
	}
	if terms == nil {
		return "none"
	}
	return strings.Join(terms, ",")
}

// ParsePurpose returns the relationship of a term, compared exactly.
func ParsePurpose(term string) (Purpose, bool) {
	for i, t := range purposeTerms {
		if t == term {
			return 1 << i, true
		}
	}
	return 0, false
}
