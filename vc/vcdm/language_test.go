package vcdm_test

import (
	"strings"
	"testing"

	"github.com/realdid/realdid/vc"
)

// TestLanguages reads the examples of RFC 5646, appendix A, and tags that its grammar does not allow.
func TestLanguages(t *testing.T) {
	base, _, _, _ := smallest()
	for tag, ok := range map[string]bool{
		"de": true, "fr": true, "i-enochian": true, "zh-Hant": true, "sr-Cyrl": true, "zh-cmn-Hans-CN": true, "cmn-Hans-CN": true, "zh-yue-HK": true,
		"zh-Hans-CN": true, "sr-Latn-RS": true, "sl-rozaj": true, "sl-rozaj-biske": true, "sl-nedis": true, "de-CH-1901": true, "hy-Latn-IT-arevela": true,
		"es-419": true, "de-DE-u-co-phonebk": true, "x-whatever": true, "qaa-Qaaa-QM-x-southern": true, "de-Qaaa": true, "sr-Latn-QM": true,
		"en-US-u-islamcal": true, "zh-CN-a-myext-x-private": true, "en-a-myext-b-another": true, "SGN-BE-FR": true, "en-GB-oed": true, "zh-min-nan": true,
		"aaaa": true, "aaaaaaaa": true, "de-1a2b": true, "sl-abcdefgh": true, "zh-aaa-bbb-ccc": true, "en-x-1-22-333": true, "en-x-12345678": true, "x-a": true,
		"en-0-abc": true, "en-a-12345678": true, "abc": true,

		"de-419-DE": false, "a-DE": false, "ar-a-aaa-b-bbb-a-ccc": false, "": false, "a": false, "1a": false, "de-": false, "-de": false, "de--CH": false,
		"de_CH": false, "aaaaaaaaa": false, "de-abcdefghi": false, "de-1234-1234": false, "de-abcd-efgh": false, "aaaa-bbb": false, "zh-aaa-bbb-ccc-ddd": false,
		"en-a": false, "en-a-b": false, "en-a-123456789": false, "x": false, "x-": false, "x-123456789": false, "en-x": false, "en-x-": false, "en-x-a_b": false,
		"i-other": false, "en-u-": false, "en u": false, "d\u00e9": false, "en-US-GB": false, "en-001-002": false, "x-" + strings.Repeat("a-", 150) + "a": false,
		"de-rozaj-ROZAJ": false, "en-a-bbb-A-ccc": false, "en-12a": false, "en-a1": false,
	} {
		err := credential(variant{"name": object{"@value": "a", "@language": tag}}.of(base))
		if (err == nil) != ok || err != nil && vc.Code(err) != "vcdm.language" {
			t.Errorf("%q: got %v", tag, err)
		}
	}
}
