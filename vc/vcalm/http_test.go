package vcalm_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/vc/vcalm"
)

// TestIssuers is what GET /issuers says.
func TestIssuers(t *testing.T) {
	s := newServer(t, nil)
	a := s.get("/issuers")
	if a.status != http.StatusOK || len(a.body) != 8 || a.header.Get("Content-Type") != "application/json" || a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("got %d %v %s", a.status, a.header, a.raw)
	}
	for _, path := range s.paths() {
		if _, key := split(path); a.body[path] != didOf(key) {
			t.Errorf("%s: %v", path, a.body[path])
		}
	}
	if a := s.do(newRequest(t, http.MethodHead, "/issuers")); a.status != http.StatusOK {
		t.Errorf("got %d", a.status)
	}
}

// TestPaths are paths and methods.
func TestPaths(t *testing.T) {
	s := newServer(t, nil)
	for path, allow := range map[string]string{
		"/issuers": "GET, HEAD", "/issuers/" + edPath + "/credentials/issue": "POST", "/issuers/" + edPath + "/credentials/status": "POST",
		"/credentials/derive": "POST", "/credentials/verify": "POST", "/credentials/status": "POST", "/presentations/verify": "POST",
		"/status-lists/x": "GET, HEAD", "/status-lists/x/publish": "POST",
	} {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "X"} {
			a := s.do(newRequest(t, method, path))
			if allowed := strings.Contains(allow, method); allowed != (a.status != http.StatusMethodNotAllowed) || !allowed && a.header.Get("Allow") != allow {
				t.Errorf("%s %s: %d, Allow: %s", method, path, a.status, a.header.Get("Allow"))
			}
		}
	}
	for _, path := range []string{"/", "/issuers/", "/credentials", "/credentials/verify/x", "/credentials/issue", "/issuers/" + edPath, "/presentations/prove"} {
		if a := s.get(path); a.status != http.StatusNotFound || a.header.Get("Content-Type") != "application/problem+json" || a.body["status"] != 404.0 {
			t.Errorf("%s: %d %s", path, a.status, a.raw)
		}
	}
	for _, path := range []string{"eddsa-rdfc-2022/P-256", "eddsa-rdfc-2022/ed25519", "x/y", edPath + "%2F.."} {
		if a := s.post("/issuers/"+path+"/credentials/issue", object{}); a.status != http.StatusNotFound {
			t.Errorf("%s: %d %s", path, a.status, a.raw)
		}
	}
}

// TestBodies are bodies and their headers, at every path that takes one.
func TestBodies(t *testing.T) {
	s := newServer(t, nil)
	valid := map[string]object{
		"/issuers/" + edPath + "/credentials/issue": {"credential": with(t, modelVersions["2.0"], object{"issuer": didOf("Ed25519")})},
		"/credentials/verify":                       {"verifiableCredential": s.issue(edPath, modelVersions["2.0"], nil)},
		"/credentials/derive":                       {"verifiableCredential": s.issue(sdPath, modelVersions["2.0"], nil), "options": object{"selectivePointers": []string{"/credentialSubject"}}},
		"/presentations/verify":                     {"verifiablePresentation": object{"@context": []string{contextV2}, "type": "VerifiablePresentation"}, "options": object{"checks": []string{}}},
		"/credentials/status":                       {"credentialId": "urn:uuid:1", "credentialStatus": object{"type": "BitstringStatusListEntry"}},
	}
	s.issue(edPath, bare("urn:uuid:1"), nil)
	for path, v := range valid {
		good := string(marshal(t, v))
		member := good[1:strings.Index(good, ":")]
		for name, f := range map[string]struct {
			body, mediaType, encoding string
			want                      int
		}{
			"ok":                 {good, "application/json", "", 0},
			"ld":                 {good, "application/ld+json; charset=utf-8", "", 0},
			"identity":           {good, "Application/JSON", "identity", 0},
			"space":              {" \n" + good + "\n", "application/json", "", 0},
			"no type":            {good, "", "", 415},
			"another type":       {good, "text/plain", "", 415},
			"form":               {good, "application/x-www-form-urlencoded", "", 415},
			"malformed type":     {good, "application/json; =", "", 415},
			"gzip":               {good, "application/json", "gzip", 415},
			"empty":              {"", "application/json", "", 400},
			"cut off":            {good[:len(good)-1], "application/json", "", 400},
			"more after it":      {good + "{}", "application/json", "", 400},
			"twice":              {"{" + member + ":1," + good[1:], "application/json", "", 400},
			"list":               {"[" + good + "]", "application/json", "", 400},
			"null":               {"null", "application/json", "", 400},
			"empty object":       {"{}", "application/json", "", 400},
			"options are a list": {good[:len(good)-1] + `,"optionsX":1,"options":[]}`, "application/json", "", 400},
			"not UTF-8":          {"{\"a\":\"\xff\"," + good[1:], "application/json", "", 400},
			"byte order mark":    {"\ufeff" + good, "application/json", "", 400},
			"large":              {good + strings.Repeat(" ", 1<<20), "application/json", "", 413},
			"deep":               {`{"a":` + strings.Repeat("[", 500000), "application/json", "", 400},
		} {
			if name == "options are a list" && strings.Contains(good, `"options":`) {
				continue
			}
			r := newRequest(t, http.MethodPost, path)
			r.Body = io.NopCloser(strings.NewReader(f.body))
			if f.mediaType != "" {
				r.Header.Set("Content-Type", f.mediaType)
			}
			if f.encoding != "" {
				r.Header.Set("Content-Encoding", f.encoding)
			}
			a := s.do(r)
			if f.want == 0 && a.status/100 != 2 || f.want != 0 && (a.status != f.want || a.header.Get("Content-Type") != "application/problem+json" || a.body["type"] == "" || a.body["status"] != float64(f.want)) {
				t.Errorf("%s, %s: %d %s", path, name, a.status, a.raw)
			}
		}
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("gone") }
func (broken) Close() error             { return nil }

func TestBodyBreaksOff(t *testing.T) {
	r := newRequest(t, http.MethodPost, "/credentials/verify")
	r.Body = broken{}
	r.Header.Set("Content-Type", "application/json")
	if a := newServer(t, nil).do(r); a.status != http.StatusBadRequest {
		t.Errorf("got %d %s", a.status, a.raw)
	}
}

// TestOptions are options of the requests.
func TestOptions(t *testing.T) {
	s := newServer(t, nil)
	c := s.issue(edPath, modelVersions["2.0"], nil)
	p := object{"@context": []string{contextV2}, "type": "VerifiablePresentation"}
	for _, f := range []struct {
		options object
		want    bool
	}{
		{object{"checks": "proof"}, true},
		{object{"checks": nil}, true},
		{object{"checks": []string{"proof", "proof", "issuer", "validity", "credentialStatus", "credentialSchema"}}, true},
		{object{"domain": []string{}, "challenge": nil, "expectedProofPurpose": nil}, true},
		{object{"expectedProofPurpose": "assertionMethod", "returnProblemDetails": true}, true},
		{object{"checks": []string{"everything"}}, false},
		{object{"checks": []any{1}}, false},
		{object{"checks": 1}, false},
		{object{"domain": 1}, false},
		{object{"domain": []any{1}}, false},
		{object{"challenge": 1}, false},
		{object{"challenge": []string{"a"}}, false},
		{object{"expectedProofPurpose": "x"}, false},
		{object{"expectedProofPurpose": 1}, false},
		{object{"expectedProofPurpose": "assertionMethod authentication"}, false},
		{object{"returnCredential": "yes"}, false},
		{object{"checks": make([]string, 257)}, false},
	} {
		if a := s.post("/credentials/verify", object{"verifiableCredential": c, "options": f.options}); f.want != (a.status == http.StatusOK) || !f.want && a.status != http.StatusBadRequest {
			t.Errorf("%v: %d %s", f.options, a.status, a.raw)
		}
	}
	for _, request := range []object{{"verifiablePresentation": p, "options": object{"checks": []any{1}}}, {"verifiablePresentation": p, "options": object{"checks": []any{}, "returnPresentation": 1}}, {"options": object{"checks": []any{}}}} {
		if a := s.post("/presentations/verify", request); a.status != http.StatusBadRequest {
			t.Errorf("%v: %d %s", request, a.status, a.raw)
		}
	}
	if a := s.verify(c, object{"unknown": 1}); !a.verified() || a.titles("warnings") != "UNKNOWN_OPTION_PROVIDED" {
		t.Errorf("got %s", a.raw)
	}
	if a := s.verify(c, nil); a.body["credential"] != nil {
		t.Errorf("got %s", a.raw)
	}
	if a := s.verify(c, object{"returnCredential": true}); a.body["credential"].(object)["issuer"] != c["issuer"] {
		t.Errorf("got %s", a.raw)
	}
	bad := with(t, c, object{"issuer": didOf("other")})
	if a := s.verify(bad, object{"returnCredential": true}); a.verified() || a.body["credential"] != nil {
		t.Errorf("got %s", a.raw)
	}
	expired := s.issue(edPath, with(t, modelVersions["2.0"], object{"validUntil": "2026-11-21T12:00:00Z"}), nil)
	if a := s.verify(expired, object{"returnCredential": true}); a.verified() || a.body["credential"] != nil {
		t.Errorf("got %s", a.raw)
	}
	if a := s.verify(c, object{"checks": "proof"}); fmt.Sprint(a.body["checks"]) != "[proof issuer]" {
		t.Errorf("got %s", a.raw)
	}
	if a := s.present(signedPresentation(t, object{"verifiableCredential": expired}), object{"returnPresentation": true}); a.verified() || a.body["verifiablePresentation"] != nil {
		t.Errorf("got %s", a.raw)
	}
	if a := s.present(p, object{"checks": []string{}, "returnPresentation": true}); a.body["verifiablePresentation"].(object)["type"] != "VerifiablePresentation" {
		t.Errorf("got %s", a.raw)
	}
	method := proofOf(c)["verificationMethod"]
	for _, f := range []struct {
		options object
		want    int
	}{
		{object{}, 201},
		{object{"type": "DataIntegrityProof", "cryptosuite": "eddsa-rdfc-2022", "proofPurpose": "assertionMethod", "verificationMethod": method}, 201},
		{object{"created": "2026-01-01T00:00:00Z", "mandatoryPointers": []string{"/nothing"}, "credentialId": nil}, 201},
		{object{"type": "Ed25519Signature2020"}, 400},
		{object{"cryptosuite": "ecdsa-rdfc-2019"}, 400},
		{object{"proofPurpose": "authentication"}, 400},
		{object{"verificationMethod": "did:example:x#y"}, 400},
		{object{"created": "yesterday"}, 400},
		{object{"created": "2026-01-01T00:00:00"}, 400},
		{object{"created": 1}, 400},
		{object{"type": 1}, 400},
		{object{"credentialId": 1}, 400},
		{object{"mandatoryPointers": "/issuer"}, 400},
		{object{"previousProof": "x"}, 400},
		{object{"aVeryLongOptionNameThatIsNotKnownAndWhoseNameIsTooLongToBeSaidInFullHere" + strings.Repeat("é", 40): 1}, 400},
	} {
		a := s.tryIssue(edPath, modelVersions["2.0"], f.options)
		if a.status != f.want {
			t.Errorf("%v: %d %s", f.options, a.status, a.raw)
		}
		if created := f.options["created"]; a.status == 201 && created != nil && proofOf(a.body["verifiableCredential"].(object))["created"] != created {
			t.Errorf("%v: %s", f.options, a.raw)
		}
	}
	if a := s.tryIssue(edPath, with(t, c, object{"issuer": didOf("other")}), nil); a.status != http.StatusBadRequest {
		t.Errorf("another issuer: %d %s", a.status, a.raw)
	}
	if a := s.post("/issuers/"+edPath+"/credentials/issue", object{"credential": "x"}); a.status != http.StatusBadRequest {
		t.Errorf("got %d %s", a.status, a.raw)
	}
	// A second proof by the issuer joins the first.
	if again := s.issue(edPath, c, nil); len(again["proof"].([]any)) != 2 {
		t.Errorf("got %v", again)
	} else {
		s.good(again)
	}
}

type blocked struct{ entered chan struct{} }

func (b blocked) Key(ctx context.Context, _ did.URL, _ did.Purpose, _ time.Time) (*did.ResolvedKey, error) {
	b.entered <- struct{}{}
	<-ctx.Done()
	return nil, ctx.Err()
}

// TestBusy: work ends with its time, and what waits for a place gives up after a second.
func TestBusy(t *testing.T) {
	c := newServer(t, nil).issue(edPath, modelVersions["2.0"], nil)
	synctest.Test(t, func(t *testing.T) {
		b := blocked{make(chan struct{}, 2)}
		s := newServer(t, func(o *optionsOf) { o.Keys, o.MaxConcurrent, o.Timeout = b, 1, 5*time.Second })
		done := make(chan *answer)
		start := time.Now()
		go func() { done <- s.verify(c, nil) }()
		<-b.entered
		if a := s.get("/issuers"); a.status != http.StatusServiceUnavailable || time.Since(start) != time.Second {
			t.Errorf("got %d %s after %v", a.status, a.raw, time.Since(start))
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if a := s.do(newRequest(t, http.MethodGet, "/issuers").WithContext(ctx)); a.status != http.StatusServiceUnavailable || time.Since(start) != time.Second {
			t.Errorf("got %d %s after %v", a.status, a.raw, time.Since(start))
		}
		if a := <-done; a.verified() || time.Since(start) != 5*time.Second {
			t.Errorf("got %s after %v", a.raw, time.Since(start))
		}
		if a := s.get("/issuers"); a.status != http.StatusOK {
			t.Errorf("got %d %s", a.status, a.raw)
		}
	})
}

// TestNew is what a handler cannot be made of.
func TestNew(t *testing.T) {
	base := newServer(t, nil).opt
	for name, change := range map[string]func(*optionsOf){
		"no keys":       func(o *optionsOf) { o.Keys = nil },
		"an issuer":     func(o *optionsOf) { o.Issuers = []vcalm.Issuer{{}} },
		"no key":        func(o *optionsOf) { o.Issuers = []vcalm.Issuer{base.Issuers[0]}; o.Issuers[0].Method = did.URL{} },
		"twice":         func(o *optionsOf) { o.Issuers = []vcalm.Issuer{base.Issuers[0], base.Issuers[0]} },
		"no URL":        func(o *optionsOf) { o.Status = &vcalm.StatusOptions{} },
		"not http":      func(o *optionsOf) { o.Status = &vcalm.StatusOptions{BaseURL: "ftp://a.example"} },
		"with a query":  func(o *optionsOf) { o.Status = &vcalm.StatusOptions{BaseURL: "https://a.example/?a"} },
		"malformed URL": func(o *optionsOf) { o.Status = &vcalm.StatusOptions{BaseURL: "https://a.example/%"} },
	} {
		o := base
		change(&o)
		if _, err := vcalm.New(&o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := vcalm.New(nil); err == nil {
		t.Error("nil: no error")
	}
	o := vcalm.Options{Keys: base.Keys, MaxBody: 100}
	h, err := vcalm.New(&o)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, Handler: h}
	if a := s.get("/issuers"); a.status != http.StatusOK || len(a.body) != 0 {
		t.Errorf("got %d %s", a.status, a.raw)
	}
	if a := s.post("/credentials/verify", strings.Repeat(" ", 101)); a.status != http.StatusRequestEntityTooLarge {
		t.Errorf("got %d %s", a.status, a.raw)
	}
}
