package vcdm

import (
	"strings"
	"unicode"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc"
)

// readID reads an optional id: one URL (VCDM 2.0, section 4.4).
func readID(v *strictjson.Value, of string) (string, error) {
	m, _ := v.Get("id")
	return idOf(&m, of)
}

// idOf reads the value of an id, which may be absent.
func idOf(m *strictjson.Value, of string) (string, error) {
	if m.Kind() == strictjson.Invalid {
		return "", nil
	}
	s, ok := m.Str()
	if !ok || !isURL(s) {
		return "", vc.Invalid("vcdm.id", "the id of "+of+" is not one URL")
	}
	return s, nil
}

// readParty reads issuer or holder: a URL, or an object with an id that is one.
func readParty(m *strictjson.Value, code, property string) (string, error) {
	v := *m
	if v.Kind() == strictjson.Object {
		if err := checkKeywords(m); err != nil {
			return "", err
		}
		v, _ = m.Get("id")
	}
	s, ok := v.Str()
	if !ok || !isURL(s) {
		return "", vc.Invalid(code, property+" is neither a URL nor an object whose id is one")
	}
	return s, nil
}

// readTypes reads type: one or more terms or absolute URLs (VCDM 2.0, section 4.5). What a term means is not looked at.
func readTypes(v *strictjson.Value, of string) ([]string, error) {
	m, _ := v.Get("type")
	return typesOf(&m, of)
}

// typesOf reads the value of a type, which may be absent.
func typesOf(m *strictjson.Value, of string) ([]string, error) {
	if m.Kind() == strictjson.Invalid {
		return nil, vc.Invalid("vcdm.type", of+" has no type")
	}
	items, err := list(m, "vcdm.type", "type")
	if err != nil {
		return nil, err
	}
	types := make([]string, 0, len(items))
	for i := range items {
		s, ok := items[i].Str()
		if !ok || !isType(s) {
			return nil, vc.Invalid("vcdm.type", "a type of "+of+" is neither a term nor a URL")
		}
		types = append(types, s)
	}
	return types, nil
}

func isType(s string) bool {
	if strings.Contains(s, ":") {
		return isURL(s)
	}
	return s != "" && s[0] != '@' && strings.IndexFunc(s, func(r rune) bool { return !unicode.IsGraphic(r) || unicode.IsSpace(r) }) < 0
}
