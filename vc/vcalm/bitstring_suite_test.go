package vcalm_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// bare is the credential of W3C's suite, with an id.
func bare(id string) object {
	return object{
		"@context": []string{contextV2}, "id": id, "type": []string{"VerifiableCredential"},
		"credentialSubject": object{"id": "did:key:z6MkhTNL7i2etLerDK8Acz5t528giE5KA4p75T6ka1E1D74r"},
	}
}

// list gets a status list by its URL.
func (s *server) list(entry object) object {
	s.t.Helper()
	uri := entry["statusListCredential"].(string)
	path, ours := strings.CutPrefix(uri, baseURL)
	a := s.get(path)
	if !ours || a.status != http.StatusOK || a.header.Get("Content-Type") != "application/json" {
		s.t.Fatalf("%s: %d %s", uri, a.status, a.raw)
	}
	return a.body
}

// bits inflates a list.
func bits(t *testing.T, list object) []byte {
	t.Helper()
	text, ok := strings.CutPrefix(list["credentialSubject"].(object)["encodedList"].(string), "u")
	packed, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || !ok {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func bitOf(t *testing.T, list, entry object) int {
	t.Helper()
	i, err := strconv.Atoi(entry["statusListIndex"].(string))
	if err != nil {
		t.Fatal(err)
	}
	return int(bits(t, list)[i/8] >> (7 - i%8) & 1)
}

func entryOf(c object) object {
	e, _ := c["credentialStatus"].(object)
	return e
}

func names(o object) string { return strings.Join(slices.Sorted(maps.Keys(o)), " ") }

// TestBitstringSuite restates w3c/vc-bitstring-status-list-test-suite: what is issued without any option has an entry in a list that
// can be fetched and verified.
func TestBitstringSuite(t *testing.T) {
	checks := object{"checks": []string{"proof", "credentialStatus"}}
	for i := range newServer(t, nil).paths() {
		s := newServer(t, nil)
		path := s.paths()[i]
		t.Run(path, func(t *testing.T) {
			s.t = t
			c := s.issue(path, bare("urn:uuid:1"), nil)
			e := entryOf(c)
			if path == bbsPath { // an entry would tell showings apart
				if a := s.tryIssue(path, bare("urn:uuid:2"), object{"credentialStatus": object{"type": "BitstringStatusListEntry", "statusPurpose": "revocation"}}); e != nil || a.status != http.StatusUnprocessableEntity {
					t.Errorf("got %v, %d %s", e, a.status, a.raw)
				}
				return
			}
			if names(e) != "id statusListCredential statusListIndex statusPurpose type" || e["type"] != "BitstringStatusListEntry" || e["statusPurpose"] != "revocation" || e["id"] == e["statusListCredential"] {
				t.Fatalf("got %v", e)
			}
			l := s.list(e)
			subject := l["credentialSubject"].(object)
			if types, _ := l["type"].([]any); !slices.Contains(types, any("VerifiableCredential")) || !slices.Contains(types, any("BitstringStatusListCredential")) ||
				l["id"] != e["statusListCredential"] || l["issuer"] != c["issuer"] || l["@context"].([]any)[0] != contextV2 || l["validFrom"] == nil ||
				names(subject) != "encodedList id statusPurpose type" || subject["type"] != "BitstringStatusList" || subject["statusPurpose"] != "revocation" {
				t.Errorf("got %v", l)
			}
			if n := len(bits(t, l)); n != 16384 {
				t.Errorf("got %d bytes", n)
			}
			s.good(l, nil, checks)
			if path == sdPath {
				c = s.derive(c, "/credentialSubject/id").body["verifiableCredential"].(object)
			}
			s.good(c, nil, checks)

			revoke := object{"credentialId": "urn:uuid:1", "credentialStatus": object{"type": "BitstringStatusListEntry", "statusPurpose": "revocation"}}
			if a := s.post("/credentials/status", revoke); a.status != http.StatusOK || entryOf(a.body)["statusListIndex"] != e["statusListIndex"] || a.body["status"] != true {
				t.Errorf("got %d %s", a.status, a.raw)
			}
			if bitOf(t, l, e) != 0 || bitOf(t, s.list(e), e) != 1 {
				t.Error("the bit was not set")
			}
			s.good(s.list(e))
			s.bad(c, nil, checks)
			s.good(c, object{"checks": []string{"proof"}})
		})
	}
}

// TestStatusEntries is which credentials get one.
func TestStatusEntries(t *testing.T) {
	const path = "eddsa-rdfc-2022/Ed25519"
	request := func(purposes ...string) object {
		var list []object
		for _, p := range purposes {
			list = append(list, object{"type": "BitstringStatusListEntry", "statusPurpose": p})
		}
		return object{"credentialStatus": list}
	}
	own := object{"id": "https://a.example/1#7", "type": "BitstringStatusListEntry", "statusListIndex": "7", "statusListCredential": "https://a.example/1", "statusPurpose": "revocation"}
	for _, f := range []struct {
		name       string
		entries    statusEntries
		credential object
		options    object
		want       string // the purposes
	}{
		{"bare", forBare, bare("urn:uuid:1"), nil, "revocation"},
		{"bare, never", onRequest, bare("urn:uuid:1"), nil, ""},
		{"bare, no id", forBare, with(t, bare(""), object{"id": nil}), nil, ""},
		{"no subject id", forBare, with(t, bare("urn:uuid:1"), object{"credentialSubject": object{"name": "Alice"}}), nil, ""},
		{"a claim", forBare, with(t, bare("urn:uuid:1"), object{"credentialSubject": object{"id": "urn:a", "name": "Alice"}}), nil, ""},
		{"a claim, always", always, with(t, modelVersions["2.0"], object{"validFrom": "2026-01-01T00:00:00Z"}), nil, "revocation"},
		{"1.1, always", always, modelVersions["1.1"], nil, ""},
		{"1.1, asked", onRequest, modelVersions["1.1"], request("revocation"), ""},
		{"asked", onRequest, modelVersions["2.0"], request("suspension"), "suspension"},
		{"asked for two", onRequest, modelVersions["2.0"], request("suspension", "revocation"), "suspension revocation"},
		{"asked without a purpose", onRequest, modelVersions["2.0"], object{"credentialStatus": object{"type": "BitstringStatusListEntry"}}, "revocation"},
		{"its own", always, with(t, bare("urn:uuid:1"), object{"credentialStatus": own}), nil, "revocation"},
	} {
		s := newServer(t, func(o *optionsOf) { o.Status.Entries = f.entries })
		a := s.tryIssue(path, f.credential, f.options)
		if f.name == "1.1, asked" {
			if a.status != http.StatusUnprocessableEntity {
				t.Errorf("%s: %d %s", f.name, a.status, a.raw)
			}
			continue
		}
		c, _ := a.body["verifiableCredential"].(object)
		var got []string
		list, ok := c["credentialStatus"].([]any)
		if e := entryOf(c); !ok && e != nil {
			list = []any{e}
		}
		for _, e := range list {
			got = append(got, e.(object)["statusPurpose"].(string))
		}
		if strings.Join(got, " ") != f.want {
			t.Errorf("%s: %d %s", f.name, a.status, a.raw)
		}
	}
	s := newServer(t, nil)
	for name, options := range map[string]any{
		"text": "revocation", "empty list": []any{}, "not an object": []any{1}, "three": []any{1, 2, 3},
		"type": object{"type": "StatusList2021Entry"}, "no type": object{"statusPurpose": "revocation"},
		"purpose":       object{"type": "BitstringStatusListEntry", "statusPurpose": 1},
		"twice":         []any{object{"type": "BitstringStatusListEntry"}, object{"type": "BitstringStatusListEntry", "statusPurpose": "revocation"}},
		"purpose, text": object{"type": "BitstringStatusListEntry", "statusPurpose": "message"},
	} {
		want := http.StatusBadRequest
		if name == "purpose, text" {
			want = http.StatusUnprocessableEntity
		}
		if a := s.tryIssue(path, bare("urn:uuid:2"), object{"credentialStatus": options}); a.status != want {
			t.Errorf("%s: %d %s", name, a.status, a.raw)
		}
	}
	for _, malformed := range []object{with(t, own, object{"statusListIndex": true}), with(t, own, object{"statusPurpose": nil}), with(t, own, object{"statusListIndex": "-1"})} {
		if a := s.tryIssue(path, with(t, bare("urn:uuid:2"), object{"credentialStatus": malformed}), nil); a.status != http.StatusBadRequest {
			t.Errorf("%v: %d %s", malformed, a.status, a.raw)
		}
	}
	if a := s.tryIssue(path, with(t, bare("urn:uuid:2"), object{"credentialStatus": own}), request("revocation")); a.status != http.StatusBadRequest {
		t.Errorf("two statuses: %d %s", a.status, a.raw)
	}
}
