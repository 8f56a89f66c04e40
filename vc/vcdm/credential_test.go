package vcdm_test

import (
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/vcdm"
)

func mustParse(t testing.TB, v variant) *vcdm.Credential {
	t.Helper()
	base, _, _, _ := smallest()
	c, err := vcdm.ParseCredentialJSON(v.of(base))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestParsedCredential(t *testing.T) {
	c := mustParse(t, variant{
		"@context": list{vcdm.ContextV2, examples, object{"a": "https://example.org/#a"}}, "id": "urn:x:1",
		"type": list{"T", "VerifiableCredential"}, "issuer": object{"id": "https://issuer.example/1", "name": "Office"},
		"validFrom": "2026-01-02T03:04:05.25+01:30", "validUntil": "2026-12-31T24:00:00Z",
		"credentialSubject": list{object{"id": "did:example:a", "n": 1}, object{"n": 2}},
		"credentialSchema":  object{"id": "https://example.org/s", "type": list{"X", "JsonSchema"}, "digestSRI": "sha256-YQ=="},
		"proof":             object{"type": "DataIntegrityProof"},
	})
	if c.Version != vcdm.V2 || c.ID != "urn:x:1" || c.Issuer != "https://issuer.example/1" || !c.Secured {
		t.Errorf("got %+v", c)
	}
	if want := []string{vcdm.ContextV2, examples}; !slices.Equal(c.Contexts, want) {
		t.Errorf("got contexts %v, want %v", c.Contexts, want)
	}
	if want := []string{"T", "VerifiableCredential"}; !slices.Equal(c.Types, want) {
		t.Errorf("got types %v, want %v", c.Types, want)
	}
	if want := time.Date(2026, 1, 2, 1, 34, 5, 250e6, time.UTC); !c.ValidFrom.Equal(want) {
		t.Errorf("got validFrom %v, want %v", c.ValidFrom, want)
	}
	if want := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC); !c.ValidUntil.Equal(want) {
		t.Errorf("got validUntil %v, want %v", c.ValidUntil, want)
	}
	if len(c.Subjects) != 2 || c.Subjects[0].ID != "did:example:a" || c.Subjects[1].ID != "" {
		t.Errorf("got subjects %v", c.Subjects)
	}
	if n, ok := c.Subjects[1].Value.Get("n"); !ok || string(n.Raw()) != "2" {
		t.Errorf("got %v for the second subject", c.Subjects[1].Value)
	}
	if want := []vc.SchemaReference{{ID: "https://example.org/s", Type: "JsonSchema", Digest: "sha256-YQ=="}}; !slices.Equal(c.Schemas, want) {
		t.Errorf("got schemas %v, want %v", c.Schemas, want)
	}
}

// TestVersion1Times: of two beginnings the later counts, of two ends the earlier.
func TestVersion1Times(t *testing.T) {
	a, b := "2021-01-01T00:00:00Z", "2022-01-01T00:00:00Z"
	for _, c := range []struct {
		name                                            string
		issued, from, until, expires, wantFrom, wantEnd any
	}{
		{"issuanceDate alone", a, nil, nil, nil, a, ""},
		{"later validFrom", a, b, nil, nil, b, ""},
		{"earlier validFrom", b, a, nil, nil, b, ""},
		{"expirationDate alone", a, nil, nil, b, a, b},
		{"earlier validUntil", a, nil, a, b, a, a},
		{"later validUntil", a, nil, b, a, a, a},
	} {
		v := variant{"@context": list{vcdm.ContextV1}}
		for name, value := range map[string]any{"issuanceDate": c.issued, "validFrom": c.from, "validUntil": c.until, "expirationDate": c.expires} {
			if value != nil {
				v[name] = value
			}
		}
		got := mustParse(t, v)
		end := ""
		if !got.ValidUntil.IsZero() {
			end = got.ValidUntil.Format(time.RFC3339)
		}
		if from := got.ValidFrom.Format(time.RFC3339); got.Version != vcdm.V1 || from != c.wantFrom || end != c.wantEnd {
			t.Errorf("%s: got %v to %v, want %v to %v", c.name, from, end, c.wantFrom, c.wantEnd)
		}
	}
}

// TestVersion1Leaves leaves alone what version 1.1 has no rule for.
func TestVersion1Leaves(t *testing.T) {
	c := mustParse(t, variant{
		"@context": list{vcdm.ContextV1}, "issuanceDate": "2021-01-01T00:00:00Z", "name": 1, "relatedResource": "x",
		"issuer": object{"id": "did:example:issuer", "description": list{"a", "b"}},
	})
	if c.Related != nil {
		t.Errorf("got related resources %v", c.Related)
	}
}

func TestStatus(t *testing.T) {
	entry := object{
		"type": list{"BitstringStatusListEntry"}, "statusPurpose": "message", "statusListIndex": "18446744073709551615",
		"statusListCredential": "https://status.example/3", "statusSize": 2,
		"statusMessage": list{
			object{"status": "0x0", "message": "a"},
			object{"status": "0x1", "message": "b"},
			object{"status": "0x3", "message": ""},
			object{"status": "0x02", "message": "c", "more": true},
		},
	}
	c := mustParse(t, variant{"credentialStatus": list{entry, object{"type": "Other", "id": "urn:x:9"}, object{
		"type": "BitstringStatusListEntry", "statusPurpose": "revocation", "statusListIndex": "0", "statusListCredential": "https://status.example/4",
	}}})
	want := []vc.StatusReference{
		{
			Mechanism: vc.BitstringStatusList, URI: "https://status.example/3", Index: 1<<64 - 1, Purpose: "message", Size: 2,
			Messages: map[uint64]string{0: "a", 1: "b", 2: "c", 3: ""},
		},
		{URI: "urn:x:9"},
		{Mechanism: vc.BitstringStatusList, URI: "https://status.example/4", Purpose: "revocation", Size: 1},
	}
	if !reflect.DeepEqual(c.Status, want) {
		t.Errorf("got  %+v\nwant %+v", c.Status, want)
	}
}

func TestDisclosed(t *testing.T) {
	c := mustParse(t, variant{
		"validFrom": "2026-01-01T00:00:00Z", "validUntil": "2027-01-01T00:00:00Z", "proof": object{"type": "P"},
		"credentialStatus": object{"type": "Other"}, "credentialSchema": object{"id": "urn:x:1", "type": "JsonSchema"},
	})
	d := c.Disclosed()
	if !d.NotBefore.Equal(c.ValidFrom) || !d.Expires.Equal(c.ValidUntil) || !d.IssuedAt.IsZero() || !d.HasStatus || len(d.Status) != 1 || len(d.Schemas) != 1 {
		t.Errorf("got %+v", d)
	}
	if d.HolderKeyID != "did:example:subject" {
		t.Errorf("got holder %q, want the subject", d.HolderKeyID)
	}
	want := []string{"@context", "credentialSchema", "credentialStatus", "credentialSubject", "issuer", "type", "validFrom", "validUntil"}
	if got := slices.Sorted(maps.Keys(d.Claims())); !slices.Equal(got, want) {
		t.Errorf("got claims %v, want %v", got, want)
	}
	d.Claims()["issuer"] = "changed"
	if d.Claims()["issuer"] != "did:example:issuer" {
		t.Error("the claims are shared")
	}
	for name, subject := range map[string]any{
		"two subjects": list{object{"id": "did:example:a"}, object{"id": "did:example:a"}}, "a URL": object{"id": "https://example.org/1"},
		"one key": object{"id": "did:example:a#key-1"}, "no id": object{"a": 1},
	} {
		if d := mustParse(t, variant{"credentialSubject": subject}).Disclosed(); d.HolderKeyID != "" || d.HasStatus {
			t.Errorf("%s: got holder %q", name, d.HolderKeyID)
		}
	}
}

// TestMaxItems bounds lists.
func TestMaxItems(t *testing.T) {
	base, _, _, _ := smallest()
	for n, want := range map[int]string{vcdm.MaxItems: "", vcdm.MaxItems + 1: "vcdm.limit"} {
		many := make(list, n)
		for i := range many {
			many[i] = object{"type": "E"}
		}
		for _, property := range []string{"evidence", "credentialSubject", "credentialStatus", "proof"} {
			if err := credential(variant{property: many}.of(base)); vc.Code(err) != want {
				t.Errorf("%d of %s: got %v, want %q", n, property, err, want)
			}
		}
	}
}
