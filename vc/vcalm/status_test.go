package vcalm_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
)

const edPath = "eddsa-rdfc-2022/Ed25519"

func (s *server) setStatus(request object) *answer {
	s.t.Helper()
	return s.post("/credentials/status", request)
}

// TestStatusChanges is what can be done to an entry, and to none that was not given out.
func TestStatusChanges(t *testing.T) {
	s := newServer(t, nil)
	suspension := object{"type": "BitstringStatusListEntry", "statusPurpose": "suspension"}
	c := s.issue(edPath, bare("urn:uuid:1"), object{"credentialStatus": []any{suspension, object{"type": "BitstringStatusListEntry", "statusPurpose": "revocation"}}})
	entries := c["credentialStatus"].([]any)
	suspended, revoked := entries[0].(object), entries[1].(object)
	other := s.issue("ecdsa-rdfc-2019/P-256", bare("urn:uuid:2"), nil)
	place := func(e object) object {
		return object{"type": e["type"], "statusListCredential": e["statusListCredential"], "statusListIndex": e["statusListIndex"]}
	}
	set := func(want int, request object) {
		t.Helper()
		if a := s.setStatus(request); a.status != want || (want == http.StatusOK) != (a.header.Get("Content-Type") == "application/json") {
			t.Errorf("%v: %d %s", request, a.status, a.raw)
		}
	}
	set(200, object{"credentialId": "urn:uuid:1", "credentialStatus": suspension})
	s.bad(c, nil)
	set(200, object{"credentialId": "urn:uuid:1", "credentialStatus": suspension, "status": false})
	s.good(c)
	set(200, object{"credentialStatus": place(suspended)}) // without the id
	s.bad(c, nil)
	set(200, object{"credentialId": "urn:uuid:1", "credentialStatus": place(suspended), "status": false})
	set(200, object{"credentialId": "urn:uuid:1", "credentialStatus": revoked, "status": false}) // it was not revoked
	s.good(c)
	set(200, object{"credentialId": "urn:uuid:1", "credentialStatus": revoked})
	set(200, object{"credentialId": "urn:uuid:1", "credentialStatus": revoked, "status": true})
	set(422, object{"credentialId": "urn:uuid:1", "credentialStatus": revoked, "status": false})
	s.bad(c, nil)
	s.good(other)

	free := "17"
	if free == revoked["statusListIndex"] {
		free = "18"
	}
	for name, f := range map[string]struct {
		status  int
		request object
	}{
		"nobody's id":        {404, object{"credentialId": "urn:uuid:3", "credentialStatus": suspension}},
		"another purpose":    {404, object{"credentialId": "urn:uuid:2", "credentialStatus": suspension}},
		"another's place":    {404, object{"credentialId": "urn:uuid:2", "credentialStatus": place(revoked)}},
		"a place, purpose":   {404, object{"credentialStatus": with(t, place(revoked), object{"statusPurpose": "suspension"})}},
		"a free place":       {404, object{"credentialStatus": with(t, place(revoked), object{"statusListIndex": free})}},
		"past the end":       {404, object{"credentialStatus": with(t, place(revoked), object{"statusListIndex": "131072"})}},
		"another list":       {404, object{"credentialStatus": with(t, place(revoked), object{"statusListCredential": "https://a.example/1"})}},
		"no such list":       {404, object{"credentialStatus": with(t, place(revoked), object{"statusListCredential": baseURL + "/status-lists/x"})}},
		"nothing named":      {404, object{"credentialStatus": suspension}},
		"index, no list":     {400, object{"credentialStatus": with(t, place(revoked), object{"statusListCredential": nil})}},
		"list, no index":     {400, object{"credentialStatus": with(t, place(revoked), object{"statusListIndex": nil})}},
		"index is a number":  {400, object{"credentialStatus": with(t, place(revoked), object{"statusListIndex": 17})}},
		"index is no number": {400, object{"credentialStatus": with(t, place(revoked), object{"statusListIndex": "-1"})}},
		"index is too large": {400, object{"credentialStatus": with(t, place(revoked), object{"statusListIndex": "99999999999999999999"})}},
		"list is a number":   {400, object{"credentialStatus": with(t, place(revoked), object{"statusListCredential": 1})}},
		"no status":          {400, object{"credentialId": "urn:uuid:1"}},
		"status is text":     {400, object{"credentialId": "urn:uuid:1", "credentialStatus": "x"}},
		"another type":       {400, object{"credentialId": "urn:uuid:1", "credentialStatus": object{"type": "x"}}},
		"type is a number":   {400, object{"credentialId": "urn:uuid:1", "credentialStatus": object{"type": 1}}},
		"id is a number":     {400, object{"credentialId": 1, "credentialStatus": suspension}},
		"value is text":      {400, object{"credentialId": "urn:uuid:1", "credentialStatus": suspension, "status": "true"}},
		"messages":           {422, object{"credentialId": "urn:uuid:1", "credentialStatus": with(t, suspension, object{"statusPurpose": "message"})}},
	} {
		if a := s.setStatus(f.request); a.status != f.status || a.header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %s", name, a.status, a.raw)
		}
	}
	if a := s.post("/issuers/"+edPath+"/credentials/status", object{"credentialId": "urn:uuid:1", "credentialStatus": suspension}); a.status != 200 {
		t.Errorf("got %d %s", a.status, a.raw)
	}
}

// TestStatusReferences is what a credential can say of lists, and what does not count.
func TestStatusReferences(t *testing.T) {
	s := newServer(t, func(o *optionsOf) { o.StatusLists = foreignLists{} }) // what is known here is not asked elsewhere
	e := entryOf(s.issue(edPath, bare("urn:uuid:1"), nil))
	named := object{"checks": []string{"credentialStatus"}}
	for name, f := range map[string]struct {
		entry object
		want  string // the errors without checks
	}{
		"past the end":    {with(t, e, object{"statusListIndex": "131072"}), "RANGE_ERROR"},
		"another purpose": {with(t, e, object{"statusPurpose": "suspension"}), "STATUS_VERIFICATION_ERROR"},
		"larger entries":  {with(t, e, object{"statusSize": 2, "statusMessage": []object{{"status": "0x0", "message": "a"}, {"status": "0x1", "message": "b"}, {"status": "0x2", "message": "c"}, {"status": "0x3", "message": "d"}}}), "STATUS_VERIFICATION_ERROR"},
		"unknown here":    {with(t, e, object{"statusListCredential": e["statusListCredential"].(string) + "x"}), ""},
		"of another site": {with(t, e, object{"statusListCredential": "https://a.example/1"}), ""},
	} {
		c := s.issue(edPath, with(t, bare("urn:uuid:2"), object{"credentialStatus": f.entry}), nil)
		a := s.verify(c, nil)
		if a.titles("errors") != f.want || f.want == "" && a.titles("warnings") != "STATUS_RETRIEVAL_ERROR" {
			t.Errorf("%s: %s", name, a.raw)
		}
		if a := s.verify(c, named); a.verified() {
			t.Errorf("%s: %s", name, a.raw)
		}
	}
	// A list says nothing of another issuer's credentials.
	c := s.issue("ecdsa-rdfc-2019/P-256", with(t, bare("urn:uuid:3"), object{"credentialStatus": e}), nil)
	if a := s.verify(c, nil); a.titles("errors") != "STATUS_VERIFICATION_ERROR" {
		t.Errorf("got %s", a.raw)
	}
}

type foreignLists map[string]uint64

var errDown = errors.New("down")

func (f foreignLists) Status(_ context.Context, q vc.StatusQuery) (vc.StatusEntry, error) {
	value, ok := f[q.Reference.URI]
	if !ok {
		return vc.StatusEntry{}, vc.UnknownBecause("status.list.unavailable", errDown)
	}
	meaning := vc.StatusValid
	switch value {
	case 1:
		meaning = vc.StatusRevoked
	case 2:
		meaning = vc.StatusMessage
	}
	return vc.StatusEntry{Reference: q.Reference, Value: value, Meaning: meaning}, nil
}

// TestForeignLists asks whoever knows the lists of others.
func TestForeignLists(t *testing.T) {
	for _, lists := range []bool{true, false} {
		s := newServer(t, func(o *optionsOf) {
			o.StatusLists = foreignLists{"https://a.example/0": 0, "https://a.example/1": 1, "https://a.example/2": 2}
			if !lists {
				o.Status = nil
			}
		})
		for uri, want := range map[string]string{"0": "200  ", "1": "400 STATUS_VERIFICATION_ERROR ", "2": "200  STATUS_MESSAGE", "3": "200  STATUS_RETRIEVAL_ERROR"} {
			c := s.issue(edPath, with(t, bare("urn:uuid:2"), object{"credentialStatus": object{
				"type": "BitstringStatusListEntry", "statusListIndex": "7", "statusListCredential": "https://a.example/" + uri, "statusPurpose": "revocation",
			}}), nil)
			a := s.verify(c, nil)
			if got := strings.Join([]string{map[bool]string{true: "200", false: "400"}[a.verified()], a.titles("errors"), a.titles("warnings")}, " "); got != want {
				t.Errorf("%s: %s", uri, a.raw)
			}
		}
	}
}

// TestStatusIDs is by which ids a credential can be named.
func TestStatusIDs(t *testing.T) {
	s := newServer(t, nil)
	s.issue(edPath, bare("urn:uuid:1"), nil)
	if a := s.tryIssue(edPath, bare("urn:uuid:1"), nil); a.status != http.StatusBadRequest {
		t.Errorf("an id twice: %d %s", a.status, a.raw)
	}
	s.issue(edPath, bare("urn:uuid:1"), object{"credentialId": "second"})
	if a := s.setStatus(object{"credentialId": "second", "credentialStatus": object{"type": "BitstringStatusListEntry"}}); a.status != http.StatusOK {
		t.Errorf("got %d %s", a.status, a.raw)
	}
	if a := s.tryIssue(edPath, bare("urn:"+strings.Repeat("a", 2100)), nil); a.status != http.StatusBadRequest {
		t.Errorf("a long id: %d %s", a.status, a.raw)
	}
	// What was not issued takes no entry and no id.
	broken := with(t, bare("urn:uuid:2"), object{"@context": []any{contextV2, "https://nobody.example/context"}})
	if a := s.tryIssue(edPath, broken, nil); a.status != http.StatusBadRequest {
		t.Errorf("got %d %s", a.status, a.raw)
	}
	if a := s.setStatus(object{"credentialId": "urn:uuid:2", "credentialStatus": object{"type": "BitstringStatusListEntry"}}); a.status != http.StatusNotFound {
		t.Errorf("got %d %s", a.status, a.raw)
	}
	s.issue(edPath, bare("urn:uuid:2"), nil)
	// The same id with another issuer is another's, and refused as well: a request names the id alone.
	if a := s.tryIssue("ecdsa-rdfc-2019/P-256", bare("urn:uuid:2"), nil); a.status != http.StatusBadRequest {
		t.Errorf("got %d %s", a.status, a.raw)
	}
}

// TestLists is how lists are published.
func TestLists(t *testing.T) {
	s := newServer(t, nil)
	e := entryOf(s.issue(edPath, bare("urn:uuid:1"), nil))
	same := entryOf(s.issue(edPath, bare("urn:uuid:2"), nil))
	if e["statusListCredential"] != same["statusListCredential"] || e["statusListIndex"] == same["statusListIndex"] {
		t.Errorf("got %v and %v", e, same)
	}
	path := strings.TrimPrefix(e["statusListCredential"].(string), baseURL)
	first := s.get(path)
	if first.header.Get("Cache-Control") != "no-cache" || first.header.Get("Vary") != "Accept" || first.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("got %v", first.header)
	}
	r := newRequest(t, http.MethodGet, path)
	r.Header.Set("Accept", "application/vc")
	if a := s.do(r); a.header.Get("Content-Type") != "application/vc" || string(a.raw) != string(first.raw) {
		t.Errorf("got %v", a.header)
	}
	if a := s.post(path+"/publish", ""); a.status != http.StatusNoContent || len(a.raw) != 0 {
		t.Errorf("got %d %s", a.status, a.raw)
	}
	for _, path := range []string{"/status-lists/nothing", "/status-lists/", "/status-lists"} {
		if a := s.get(path); a.status != http.StatusNotFound {
			t.Errorf("%s: %d %s", path, a.status, a.raw)
		}
	}
	if a := s.post("/status-lists/nothing/publish", ""); a.status != http.StatusNotFound {
		t.Errorf("got %d %s", a.status, a.raw)
	}
	s = newServer(t, func(o *optionsOf) { o.Status = nil })
	for _, a := range []*answer{
		s.get(path), s.post(path+"/publish", ""),
		s.setStatus(object{"credentialId": "urn:uuid:1", "credentialStatus": object{"type": "BitstringStatusListEntry"}}),
	} {
		if a.status != http.StatusNotFound {
			t.Errorf("got %d %s", a.status, a.raw)
		}
	}
	if c := s.issue(edPath, bare("urn:uuid:1"), nil); c["credentialStatus"] != nil {
		t.Errorf("got %v", c)
	}
}

// TestListIssuer: a list is signed for assertions by the key of the issuer whose credentials it is about.
func TestListIssuer(t *testing.T) {
	s := newServer(t, nil)
	l := s.list(entryOf(s.issue(sdPath, bare("urn:uuid:1"), nil)))
	if p := proofOf(l); p["cryptosuite"] != (dataintegrity.ECDSARDFC2019{}).Name() || !strings.HasPrefix(p["verificationMethod"].(string), didOf("P-256")) ||
		p["proofPurpose"] != did.AssertionMethod.String() {
		t.Errorf("got %v", p)
	}
	s.good(l)
}
