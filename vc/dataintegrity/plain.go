package dataintegrity

import (
	"strings"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity/jsonld"
)

// A proof over RDF protects statements, not the JSON that says them: whoever passes a credential on can say the same with
// other words. A context that is written out can give the name of one claim to another, or call a library card a passport; with
// the full IRI of validUntil as a member name, a program that looks for "validUntil" finds none; @included can carry statements off.
// So what this library reads by member names must be written with the terms of known contexts, which mean one thing each, and in one
// place (checkWhole).

// CheckPlain refuses a document, without its proofs, that only proofs over RDF protect and that is not written so, as a Verifier does
// unless Options.InsecureRewritable is set. [InsecureVerifyProofsOnly] looks at proofs alone in this way. For packages of this module.
func CheckPlain(document strictjson.Value, contexts *jsonld.Contexts) error {
	if err := checkPlain(document, ""); err != nil {
		return err
	}
	return checkWhole(document, contexts)
}

// checkPlain refuses a document that is not written so. skip is a member that is looked at separately.
func checkPlain(document strictjson.Value, skip string) error {
	for _, m := range document.Members() {
		switch m.Name {
		case skip:
			continue
		case memberContext:
			for _, c := range listOf(m.Value) {
				if c.Kind() != strictjson.String {
					return rewritable("a JSON-LD context is written out in the document")
				}
			}
			continue
		}
		if err := checkPlainMember(m); err != nil {
			return err
		}
	}
	return nil
}

func checkPlainMember(m strictjson.Member) error {
	switch {
	case strings.HasPrefix(m.Name, "@") && m.Name != "@none": // "@context" among them
		return rewritable("a JSON-LD keyword in the place of a term")
	case strings.Contains(m.Name, ":"):
		return rewritable("an IRI in the place of a term")
	}
	return checkPlainValue(m.Value)
}

func checkPlainValue(v strictjson.Value) error {
	if isValueObject(v) {
		return nil
	}
	for _, m := range v.Members() {
		if err := checkPlainMember(m); err != nil {
			return err
		}
	}
	for _, e := range v.Elems() {
		if err := checkPlainValue(e); err != nil {
			return err
		}
	}
	return nil
}

// isValueObject tells a literal with its language, direction or type (JSON-LD 1.1, section 9.5), also one of JSON, in which names are
// no terms.
func isValueObject(v strictjson.Value) bool {
	if _, ok := v.Get("@value"); !ok {
		return false
	}
	for _, m := range v.Members() {
		switch m.Name {
		case "@value", "@language", "@direction", "@type":
		default:
			return false
		}
	}
	return true
}

func rewritable(detail string) error { return vc.Invalid("dataintegrity.jsonld.rewritable", detail) }
