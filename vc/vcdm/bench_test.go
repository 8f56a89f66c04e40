package vcdm_test

import (
	"fmt"
	"testing"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc/vcdm"
)

func BenchmarkParseCredential(b *testing.B) {
	subject := object{"id": "did:example:subject"}
	for i := range 10 {
		subject[fmt.Sprintf("claim%d", i)] = "a value of usual length"
	}
	base, _, _, _ := smallest()
	text := variant{
		"id": "urn:uuid:5b8ab6a1-4c9c-4f0b-9d0a-0d8d6f1c3a10", "credentialSubject": subject,
		"validFrom": "2026-01-01T00:00:00Z", "validUntil": "2027-01-01T00:00:00Z",
		"credentialStatus": object{
			"type": "BitstringStatusListEntry", "statusPurpose": "revocation", "statusListIndex": "94567", "statusListCredential": "https://status.example/3",
		},
	}.of(base)
	v, err := strictjson.Parse(text, strictjson.Limits{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := vcdm.ParseCredential(v); err != nil {
			b.Fatal(err)
		}
	}
}
