package status_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/status"
)

func TestParseBitstringList(t *testing.T) {
	b, err := status.NewBits(msb, 2, status.MinEntries)
	if err != nil {
		t.Fatal(err)
	}
	b.Set(9, 3)
	in := &status.BitstringList{
		URL: listURI, Purposes: []string{status.Message}, ValidFrom: now, ValidUntil: now.Add(time.Hour), TTL: time.Minute, Bits: b,
		Messages: map[uint64]string{0: "a", 1: "b", 2: "c", 3: "d"},
	}
	claims := func() map[string]any {
		m, err := in.Credential(authority.String())
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	got, err := status.ParseBitstringList(claims(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if v, _ := got.Bits.Get(9); v != 3 || got.URL != in.URL || got.Purposes[0] != status.Message || !got.ValidFrom.Equal(now) || !got.ValidUntil.Equal(in.ValidUntil) ||
		got.TTL != in.TTL || got.Messages[3] != "d" || got.Bits.Size() != 2 {
		t.Errorf("got %+v, value %d", got, v)
	}
	for name, change := range map[string]func(m, subject map[string]any){
		"another type":   func(m, _ map[string]any) { m["type"] = []any{"VerifiableCredential"} },
		"no list":        func(_, s map[string]any) { delete(s, "encodedList") },
		"no purpose":     func(_, s map[string]any) { s["statusPurpose"] = []any{} },
		"wide entries":   func(_, s map[string]any) { s["statusSize"] = json.Number("9") },
		"a date":         func(m, _ map[string]any) { m["validUntil"] = "tomorrow" },
		"a date of null": func(m, _ map[string]any) { m["validFrom"] = nil },
	} {
		m := claims()
		change(m, m["credentialSubject"].(map[string]any))
		if _, err := status.ParseBitstringList(m, 0); vc.Code(err) != "status.bitstring.claims" {
			t.Errorf("%s: got %v, want status.bitstring.claims", name, err)
		}
	}
	if _, err := status.ParseBitstringList(claims(), 1000); err == nil {
		t.Error("over the limit: got no error")
	}
}
