package jws_test

import (
	"testing"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/keys/jws"
)

// BenchmarkParse parses a token of 1 KiB; a signature's verification costs a multiple.
func BenchmarkParse(b *testing.B) {
	token, err := jws.Sign(b.Context(), generate(b, keys.P256), &jws.Parameters{Type: "x+jwt", KeyID: "did:example:a#b"}, make([]byte, 750))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.SetBytes(int64(len(token)))
	for b.Loop() {
		if _, err := jws.Parse(token, nil); err != nil {
			b.Fatal(err)
		}
	}
}
