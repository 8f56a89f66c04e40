package vcalm_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/realdid/realdid/vc/dataintegrity"
)

const sdPath = "ecdsa-sd-2023/P-256"

// windsurfer is a credential with lists in lists, like that of W3C's suite.
func windsurfer() object {
	var achievements []object
	for i, number := range []string{"Earth101", "Mars101"} {
		a := object{"type": "WindsailingAchievement", "sailNumber": number}
		var sails []object
		for k, name := range []string{"Osprey", "Eagle-FR", "Eagle-FR", "Eagle-FR"} {
			sails = append(sails, object{"size": 5.5 + float64(i) + float64(k), "sailName": name, "year": 2020 + k})
		}
		a["sails"], a["boards"] = sails, []object{{"boardName": "CompFoil170", "brand": "Tillo"}, {"boardName": "Kanaha Custom", "brand": "Tillo"}}
		achievements = append(achievements, a)
	}
	term := func(names ...string) object {
		c := object{"@protected": true, "id": "@id", "type": "@type"}
		for _, n := range names {
			c[n] = "urn:example:" + n
		}
		return c
	}
	of := func(name string, terms ...string) object {
		return object{"@id": "urn:example:" + name, "@context": term(terms...)}
	}
	nested := term("sailNumber")
	nested["sails"], nested["boards"] = of("sails", "size", "sailName", "year"), of("boards", "boardName", "brand")
	return object{
		"@context": []any{contextV2, object{
			"@protected": true, "ExampleAchievementCredential": "urn:example:ExampleAchievementCredential", "achievements": "urn:example:achievements",
			"WindsailingAchievement": object{"@id": "urn:example:WindsailingAchievement", "@context": nested},
		}},
		"type": []string{"VerifiableCredential", "ExampleAchievementCredential"}, "validUntil": "2027-01-01T00:00:00Z",
		"credentialSubject": object{"name": "Jane Doe", "achievements": achievements},
	}
}

// TestEcdsaSdSuite restates w3c/vc-di-ecdsa-test-suite for ecdsa-sd-2023.
func TestEcdsaSdSuite(t *testing.T) { testSelective(t, sdPath) }

// testSelective restates what the suites of ecdsa-sd-2023 and bbs-2023 ask alike.
func testSelective(t *testing.T, path string) {
	testIssuer(t, path)
	testVerifier(t, path)
	s := newServer(t, nil)
	derived := func(t *testing.T, base object, pointers ...string) object {
		t.Helper()
		a := s.derive(base, pointers...)
		c, ok := a.body["verifiableCredential"].(object)
		if a.status != http.StatusCreated || !ok {
			t.Fatalf("%v: %d %s", pointers, a.status, a.raw)
		}
		return c
	}
	const first = "/credentialSubject/achievements/0/sails/0"
	t.Run("lists", func(t *testing.T) {
		s.t = t
		base := s.issue(path, windsurfer(), nil)
		var all []string
		for i := range 2 {
			for _, p := range []string{"sailNumber", "sails/0", "sails/1", "sails/2", "sails/3", "boards/0", "boards/1"} {
				all = append(all, fmt.Sprintf("/credentialSubject/achievements/%d/%s", i, p))
			}
		}
		for _, p := range [][]string{all, all[2:10], all[7:], slices.Concat(all[8:], all[:1])} { // all, parts of each, without the first
			s.good(derived(t, base, p...))
		}
	})
	t.Run("mandatory", func(t *testing.T) {
		s.t = t
		base := s.issue(path, windsurfer(), object{"mandatoryPointers": []string{"/issuer", first}})
		c := derived(t, base)
		s.good(c)
		if got := string(marshal(t, c["credentialSubject"])); got != `{"achievements":[{"sails":[{"sailName":"Osprey","size":5.5,"year":2020}],"type":"WindsailingAchievement"}]}` {
			t.Errorf("got %s", got)
		}
		for _, p := range []any{[]string{"/nothing"}, []string{"nothing"}, []any{1}, "/issuer", object{}} {
			if a := s.tryIssue(path, windsurfer(), object{"mandatoryPointers": p}); a.status != http.StatusBadRequest {
				t.Errorf("mandatory %v: %d %s", p, a.status, a.raw)
			}
		}
	})
	t.Run("conditions cannot be left out", func(t *testing.T) {
		s.t = t
		surfer := windsurfer()
		surfer["credentialStatus"] = object{
			"id": "https://a.example/1#7", "type": "BitstringStatusListEntry", "statusListIndex": "7", "statusListCredential": "https://a.example/1", "statusPurpose": "suspension",
		}
		base := s.issue(path, surfer, nil)
		c := derived(t, base, "/credentialSubject/name")
		if c["issuer"] == nil || c["validUntil"] != "2027-01-01T00:00:00Z" || c["credentialStatus"].(object)["statusPurpose"] != "suspension" {
			t.Errorf("got %s", marshal(t, c))
		}
		s.good(c)
		for _, name := range []string{"validUntil", "credentialStatus"} {
			s.bad(with(t, c, object{name: nil}))
		}
	})
	t.Run("no id", func(t *testing.T) {
		s.t = t
		s.good(derived(t, s.issue(path, modelVersions["2.0"], nil), "/credentialSubject/name"))
	})
	t.Run("derive", func(t *testing.T) {
		s.t = t
		base := s.issue(path, windsurfer(), nil)
		value := proofOf(base)["proofValue"].(string)
		whole := s.issue("ecdsa-rdfc-2019/P-256", modelVersions["2.0"], nil)
		other := func(v string) object { return changed(t, base, func(c object) { proofOf(c)["proofValue"] = v }) }
		for name, f := range map[string]struct {
			credential object
			pointers   []string
			status     int
		}{
			"no base":       {other(value[1:]), []string{first}, 400},
			"no header":     {other(value[:1] + value[4:]), []string{first}, 400},
			"cut off":       {other(value[:len(value)-8]), []string{first}, 400},
			"to nothing":    {base, []string{"/nothing"}, 400},
			"no pointer":    {base, []string{"nothing"}, 400},
			"derived":       {derived(t, base, first), []string{first}, 422},
			"not selective": {whole, []string{"/credentialSubject/name"}, 422},
			"no proof":      {with(t, base, object{"proof": nil}), []string{first}, 400},
		} {
			if a := s.derive(f.credential, f.pointers...); a.status != f.status || a.header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("%s: %d %s", name, a.status, a.raw)
			}
		}
		for name, body := range map[string]any{
			"no credential":    object{"options": object{"selectivePointers": []string{first}}},
			"pointers":         object{"verifiableCredential": base, "options": object{"selectivePointers": first}},
			"unknown option":   object{"verifiableCredential": base, "options": object{"selectivepointers": []string{first}}},
			"options are text": object{"verifiableCredential": base, "options": "x"},
		} {
			if a := s.post("/credentials/derive", body); a.status != http.StatusBadRequest {
				t.Errorf("%s: %d %s", name, a.status, a.raw)
			}
		}
	})
	t.Run("an issuer with pointers of its own", func(t *testing.T) {
		s := newServer(t, func(o *optionsOf) {
			for i := range o.Issuers {
				if o.Issuers[i].Path() == path {
					o.Issuers[i].Cryptosuite = suiteOf(path).(dataintegrity.MandatorySuite).WithMandatory([]string{"/credentialSubject/name"})
				}
			}
		})
		base := s.issue(path, windsurfer(), object{"mandatoryPointers": []string{first}})
		a := s.derive(base)
		subject := a.body["verifiableCredential"].(object)["credentialSubject"].(object)
		if subject["name"] != "Jane Doe" || subject["achievements"] == nil {
			t.Errorf("got %s", a.raw)
		}
	})
}
