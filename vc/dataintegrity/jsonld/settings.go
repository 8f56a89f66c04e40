package jsonld

import (
	"strconv"
	"strings"

	"github.com/realdid/realdid/internal/strictjson"
)

// isSetting tells the members of a context that are about the context, not definitions of terms.
var isSetting = [keywordCount]bool{
	kwBase: true, kwDirection: true, kwImport: true, kwLanguage: true, kwPropagate: true, kwProtected: true,
	kwVersion: true, kwVocab: true,
}

// settings reads these members (API, section 4.1.2, steps 5.5 to 5.12).
func (d *definer) settings(members []strictjson.Member) error {
	for _, m := range members {
		var err error
		switch v := m.Value; toKeyword(m.Name) {
		case kwVersion:
			err = version(v)
		case kwBase:
			if v.Kind() != strictjson.Null {
				err = refuse(ErrRelativeIRI, "@base is not supported: IRIs must be absolute")
			}
		case kwVocab:
			err = d.vocab(v)
		case kwLanguage:
			d.c.language, err = language(v)
		case kwDirection:
			d.c.direction, err = direction(v)
		case kwProtected:
			var ok bool
			if d.protected, ok = v.Bool(); !ok {
				err = refuse(ErrSyntax, "@protected must be true or false")
			}
		}
		if err != nil {
			return within(err, m.Name)
		}
	}
	return nil
}

func version(v strictjson.Value) error {
	if s, ok := v.Number(); ok {
		if f, err := strconv.ParseFloat(s, 64); err == nil && f == 1.1 {
			return nil
		}
	}
	return refuse(ErrSyntax, "@version must be the number 1.1")
}

// vocab reads @vocab. One that is relative to the vocabulary so far is refused: applied twice it means something else.
func (d *definer) vocab(v strictjson.Value) error {
	if v.Kind() == strictjson.Null {
		d.c.vocab = ""
		return nil
	}
	s, ok := v.Str()
	if !ok {
		return refuse(ErrSyntax, "@vocab must be a string or null")
	}
	if !strings.Contains(s, ":") {
		return refuse(ErrRelativeIRI, "@vocab must be an absolute IRI")
	}
	e, err := d.c.expand(s, true)
	if err != nil {
		return err
	}
	if !isIRI(e.iri) {
		return refuse(ErrRelativeIRI, "@vocab must be an absolute IRI")
	}
	d.c.vocab = e.iri
	return nil
}

// language reads a language tag; null means none. Tags are in lower case from here on.
func language(v strictjson.Value) (string, error) {
	if v.Kind() == strictjson.Null {
		return "", nil
	}
	s, ok := v.Str()
	if !ok || !isLanguageTag(s) {
		return "", refuse(ErrSyntax, "not a language tag (BCP 47)")
	}
	return strings.ToLower(s), nil
}

// direction reads a base direction; null means none.
func direction(v strictjson.Value) (string, error) {
	if v.Kind() == strictjson.Null {
		return "", nil
	}
	if s, _ := v.Str(); s == "ltr" || s == "rtl" {
		return s, nil
	}
	return "", refuse(ErrSyntax, `a direction must be "ltr" or "rtl"`)
}
