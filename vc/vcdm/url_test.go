package vcdm_test

import (
	"testing"

	"github.com/realdid/realdid/vc"
)

func TestURLs(t *testing.T) {
	base, _, _, _ := smallest()
	for id, ok := range map[string]bool{
		"a:b": true, "A0+-.9z:b": true, "urn:uuid:5b8ab6a1": true, "mailto:a@example.org": true, "data:,a": true, "x:%7e%7E%0a": true, "x:'()*,;=!$&": true,
		"http://a": true, "https://a/b?c#d": true, "https://user@a:1/": true, "x:é漢": true, "did:example:a/b?c#d": true, "http+x://": true, "x:/\U0001F600": true,

		"": false, ":": false, ":a": false, "a:": false, "1a:b": false, "+a:b": false, "-a:b": false, ".a:b": false, "a_b:c": false, "a~b:c": false, "a{b:c": false, "a@b:c": false,
		"é:a": false, "//a/b": false, "/a": false, "#a": false, "a b:c": false, "x:\x7f": false, "x:\x00": false, "x:\t": false, "x:a b": false,
		"x:%": false, "x:%1": false, "x:%1g": false, "x:%g1": false, "x:%é0": false, "x:#a#": false, "x:`": false, "x:|": false, "x:^": false, "x:{": false, "x:}": false,
		"x:<": false, "x:>": false, "x:\\": false, "x:\"": false, "x:\u0085": false, "x:\u2028": false, "x:\ufeff": false, "x:\ue000": false, "x:\ufffd": false,
		"x:\u200e": false, "x:\u3000": false, "http:": false, "http://": false, "https:/a": false, "http:///a": false, "https://?a": false, "https://#a": false,
		"https://:1": false, "https://@a": false, "did:example": false, "did:example:": false, "did:": false,
	} {
		err := credential(variant{"id": id}.of(base))
		if (err == nil) != ok || err != nil && vc.Code(err) != "vcdm.id" {
			t.Errorf("%q: got %v", id, err)
		}
	}
}
