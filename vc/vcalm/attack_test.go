package vcalm_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys/jws"
	"github.com/realdid/realdid/resolver/didkey"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
	"github.com/realdid/realdid/vc/jose"
	"github.com/realdid/realdid/vc/status"
	"github.com/realdid/realdid/vc/vcalm"
)

// TestForeignProofOverJSON: what the issuer signed as RDF can be rewritten, and a proof over the rewritten JSON that somebody else adds does
// not make it the issuer's text.
func TestForeignProofOverJSON(t *testing.T) {
	strict, lenient := newStrict(t), newServer(t, nil)
	original := with(t, modelVersions["2.0"], object{"issuer": didOf("other"), "credentialSubject": object{"https://example.org/motto": "x"}})
	rewritten := with(t, signed(t, "other", original, dataintegrity.ProofOptions{}), object{
		"@context": []any{contextV2, object{"friendly": "https://example.org/motto"}}, "credentialSubject": object{"friendly": "x"},
	})
	jcs := dataintegrity.ProofOptions{Cryptosuite: dataintegrity.EdDSAJCS2022{}}
	for name, f := range map[string]struct {
		key  string
		want bool
	}{"a stranger": {"Ed25519", false}, "the issuer": {"other", true}} {
		both := signed(t, f.key, rewritten, jcs)
		if a := strict.verify(both, nil); a.verified() != f.want {
			t.Errorf("%s signs the text as well: %s", name, a.raw)
		}
		if a := lenient.verify(both, nil); !a.verified() || (len(a.list("warnings")) == 0) != f.want {
			t.Errorf("%s signs the text as well: %s", name, a.raw)
		}
	}
}

type revoking struct{}

func (revoking) Status(_ context.Context, q vc.StatusQuery) (vc.StatusEntry, error) {
	if q.Reference.Mechanism != vc.TokenStatusList || q.Reference.URI != "https://lists.example/1" || q.Reference.Index != 7 {
		return vc.StatusEntry{}, vc.Invalid("status.reference", "another entry")
	}
	return vc.StatusEntry{Reference: q.Reference, Value: 1, Meaning: vc.StatusRevoked}, nil
}

// TestStatusOfTokens: a credential that is a token can have its status in a claim beside the credential.
func TestStatusOfTokens(t *testing.T) {
	k := ring()["P-256"]
	payload := marshal(t, object{
		"@context": []string{contextV2}, "type": []string{"VerifiableCredential"}, "issuer": didkey.Of(k.Public()).String(), "credentialSubject": object{"name": "Alice"},
		"status": status.TokenStatus("https://lists.example/1", 7),
	})
	token, err := jws.Sign(t.Context(), k, &jws.Parameters{Type: jose.MediaType, KeyID: didkey.URL(k.Public()).String()}, payload)
	if err != nil {
		t.Fatal(err)
	}
	p := enveloped(t, "application/vc+jwt", string(token))
	if a := newServer(t, nil).present(p, nil); !a.verified() || !strings.Contains(a.titles("warnings"), "STATUS_RETRIEVAL_ERROR") {
		t.Errorf("without lists: %s", a.raw)
	}
	if a := newServer(t, nil).present(p, object{"checks": []string{"credentialStatus"}}); a.verified() {
		t.Errorf("without lists, asked for: %s", a.raw)
	}
	s := newServer(t, func(o *vcalm.Options) { o.StatusLists = revoking{} })
	if a := s.present(p, nil); a.titles("errors") != "STATUS_VERIFICATION_ERROR" {
		t.Errorf("revoked: %s", a.raw)
	}
}

// TestRequestsAreNotKept issues from large requests: what is remembered of each is the credential's id.
func TestRequestsAreNotKept(t *testing.T) {
	const requests = 24
	s := newServer(t, nil)
	heap := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	ballast := strings.Repeat(" ", 900<<10)
	before := int64(0)
	for i := range requests + 1 {
		if i == 1 { // contexts and lists are there by now
			before = heap()
		}
		b := marshal(t, object{"credential": with(t, bare(fmt.Sprintf("urn:uuid:%d", i)), object{"issuer": didOf("Ed25519")}), "options": object{}})
		r := newRequest(t, http.MethodPost, "/issuers/"+edPath+"/credentials/issue")
		r.Header.Set("Content-Type", "application/json")
		r.Body = body(ballast + string(b))
		if a := s.do(r); a.status != http.StatusCreated {
			t.Fatalf("got %s", a.raw)
		}
	}
	if grown := heap() - before; grown > requests*int64(len(ballast))/3 {
		t.Errorf("got %d bytes kept of %d credentials", grown, requests)
	}
	runtime.KeepAlive(s)
}

// TestPagesElsewhere: what a browser sends for the page of another site without asking first is refused, and nothing may be read by it.
func TestPagesElsewhere(t *testing.T) {
	s := newServer(t, nil)
	request := string(marshal(t, object{"credential": with(t, bare("urn:uuid:1"), object{"issuer": didOf("Ed25519")})}))
	for _, media := range []string{"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain; x=application/json", "application/json, text/plain"} {
		for _, path := range []string{"/issuers/" + edPath + "/credentials/issue", "/credentials/status", "/credentials/verify", "/credentials/derive", "/presentations/verify"} {
			r := newRequest(t, http.MethodPost, path)
			r.Body = body(request)
			r.Header.Set("Content-Type", media)
			r.Header.Set("Origin", "https://evil.example")
			a := s.do(r)
			if a.status != http.StatusUnsupportedMediaType {
				t.Errorf("%s as %q: got %d", path, media, a.status)
			}
			for name := range a.header {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("%s: got %s", path, name)
				}
			}
		}
	}
	r := newRequest(t, http.MethodOptions, "/credentials/status")
	r.Header.Set("Origin", "https://evil.example")
	r.Header.Set("Access-Control-Request-Method", "POST")
	if a := s.do(r); a.status != http.StatusMethodNotAllowed || a.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("got %d %v", a.status, a.header)
	}
}

func body(s string) io.ReadCloser { return io.NopCloser(strings.NewReader(s)) }

// TestUnknownKindOfStatus: a status of a kind that nobody here knows could not be checked, which says nothing against the credential.
func TestUnknownKindOfStatus(t *testing.T) {
	s := newServer(t, func(o *vcalm.Options) { o.StatusLists = revoking{} })
	c := signed(t, "other", with(t, modelVersions["2.0"], object{
		"issuer": didOf("other"), "credentialStatus": object{"id": "https://lists.example/1#7", "type": "StatusList2017"},
		"@context": []any{contextV2, "https://www.w3.org/ns/credentials/undefined-terms/v2"},
	}), dataintegrity.ProofOptions{Cryptosuite: dataintegrity.EdDSAJCS2022{}})
	if a := s.verify(c, nil); !a.verified() || !strings.Contains(a.titles("warnings"), "STATUS_RETRIEVAL_ERROR") {
		t.Errorf("got %s", a.raw)
	}
	if a := s.verify(c, object{"checks": "credentialStatus"}); a.verified() {
		t.Errorf("got %s", a.raw)
	}
}

// TestManyProofs sends one presentation with as many proofs as fit, each over a graph that is slow to canonicalize.
func TestManyProofs(t *testing.T) {
	s := newServer(t, nil)
	var nodes []object
	for i := range 5 {
		var others []object
		for j := range 5 {
			if i != j {
				others = append(others, object{"id": fmt.Sprintf("_:n%d", j)})
			}
		}
		nodes = append(nodes, object{"id": fmt.Sprintf("_:n%d", i), "knows": others})
	}
	c := signed(t, "other", with(t, modelVersions["2.0"], object{
		"issuer": didOf("other"), "@context": []any{contextV2, "https://www.w3.org/ns/credentials/undefined-terms/v2"}, "credentialSubject": object{"graph": nodes},
	}), dataintegrity.ProofOptions{})
	proofs := make([]object, dataintegrity.MaxProofs)
	for i := range proofs {
		proofs[i] = proofOf(c)
	}
	many := make([]object, 100)
	for i := range many {
		many[i] = with(t, c, object{"proof": proofs})
	}
	p := object{"@context": []string{contextV2}, "type": []string{"VerifiablePresentation"}, "verifiableCredential": many}
	a := s.present(p, object{"checks": []string{}})
	results := a.list("credentialResults")
	verified := 0
	for _, r := range results {
		if r.(object)["verified"] == true {
			verified++
		}
	}
	if a.verified() || verified > 256/dataintegrity.MaxProofs || len(results) != len(many) {
		t.Errorf("got %d of %d credentials verified, %.300s", verified, len(results), a.raw)
	}
	if a := s.present(with(t, p, object{"verifiableCredential": many[:2]}), object{"checks": []string{}}); !a.verified() {
		t.Errorf("two: got %.300s", a.raw)
	}
}

// slowKeys lets the time of a request pass at the first key.
type slowKeys struct {
	vc.Keys
	asked *atomic.Int64
}

func (k slowKeys) Key(ctx context.Context, u did.URL, p did.Purpose, at time.Time) (*did.ResolvedKey, error) {
	if k.asked.Add(1) == 2 {
		<-ctx.Done()
	}
	return k.Keys.Key(context.WithoutCancel(ctx), u, p, at)
}

// TestTimeIsOver: a request whose time is over is not worked on to its end, and what was not looked at has not failed.
func TestTimeIsOver(t *testing.T) {
	var asked atomic.Int64
	s := newServer(t, func(o *vcalm.Options) { o.Keys, o.Timeout = slowKeys{o.Keys, &asked}, 50*time.Millisecond })
	c := signed(t, "other", with(t, modelVersions["2.0"], object{"issuer": didOf("other")}), dataintegrity.ProofOptions{})
	many := slices.Repeat([]object{c}, 20)
	p := object{"@context": []string{contextV2}, "type": []string{"VerifiablePresentation"}, "verifiableCredential": many}
	a := s.post("/presentations/verify", object{"verifiablePresentation": p, "options": object{"checks": []string{}}})
	if a.status != http.StatusServiceUnavailable || a.body["verified"] != nil || asked.Load() > 3 {
		t.Errorf("got %d after %d keys: %s", a.status, asked.Load(), a.raw)
	}
}
