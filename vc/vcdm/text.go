package vcdm

import (
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc"
)

// checkText checks the value of name or description, which may be absent (VCDM 2.0, section 4.6).
func checkText(m *strictjson.Value, property string) error {
	if m.Kind() == strictjson.Invalid || m.Kind() == strictjson.String {
		return nil
	}
	items, err := list(m, "vcdm.text", property)
	if err != nil {
		return err
	}
	for i := range items {
		if err := checkLanguageValue(&items[i], property); err != nil {
			return err
		}
	}
	return nil
}

// checkLanguageValue checks a language value object (VCDM 2.0, section 11.1): a text, its language, its direction, and nothing
// else.
func checkLanguageValue(v *strictjson.Value, property string) error {
	if v.Kind() != strictjson.Object {
		return vc.Invalid("vcdm.text", property+" is neither a string nor a language value object")
	}
	text := false
	for _, m := range v.Members() {
		s, ok := m.Value.Str()
		switch m.Name {
		case "@value":
			text = ok
		case "@language":
			if !ok || !isLanguageTag(s) {
				return vc.Invalid("vcdm.language", "the language of "+property+" is not a well-formed tag")
			}
		case "@direction":
			if s != "ltr" && s != "rtl" {
				return vc.Invalid("vcdm.direction", "the direction of "+property+" is neither ltr nor rtl")
			}
		default:
			return vc.Invalid("vcdm.text", property+" has a member that a language value object does not have")
		}
	}
	if !text {
		return vc.Invalid("vcdm.text", property+" has no text")
	}
	return nil
}
