package httpdriver_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/resolver/httpdriver"
)

const exampleDocument = `{"@context":["https://www.w3.org/ns/did/v1","https://w3id.org/security/multikey/v1"],` +
	`"authentication":["did:example:123#key-1"],"id":"did:example:123",` +
	`"service":[{"id":"did:example:123#files","serviceEndpoint":"https://files.example/dir/","type":"Files"},` +
	`{"id":"did:example:123#agent","serviceEndpoint":{"uri":"https://agent.example"},"type":"Agent"}],` +
	`"verificationMethod":[{"controller":"did:example:123","id":"did:example:123#key-1",` +
	`"publicKeyMultibase":"z6MkmM42vxfqZQsv4ehtTjFFxQ4sQKS2w6WR7emozFAn5cxu","type":"Multikey"}]}`

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// fake is a method of which a test sets the answers.
type fake struct {
	id did.DID

	mu       sync.Mutex
	res      *did.Resolution
	err      error
	proof    []byte
	proofErr error
	asked    []did.ResolveOptions
	proofs   int
	wait     func(context.Context) // in Resolve, without the lock
}

func newFake(tb testing.TB) *fake {
	tb.Helper()
	doc, err := did.ParseDocument([]byte(exampleDocument))
	if err != nil {
		tb.Fatal(err)
	}
	return &fake{id: doc.ID, res: &did.Resolution{
		Document: doc,
		Metadata: did.DocumentMetadata{Created: epoch, Updated: epoch.Add(time.Hour), VersionID: "2"},
		Evidence: did.Evidence{Replayed: true, AsOf: epoch.Add(2 * time.Hour)},
	}}
}

func (f *fake) Resolve(ctx context.Context, id did.DID, opt *did.ResolveOptions) (*did.Resolution, error) {
	f.mu.Lock()
	if opt == nil {
		opt = &did.ResolveOptions{}
	}
	f.asked = append(f.asked, *opt)
	res, err, wait := f.res, f.err, f.wait
	f.mu.Unlock()
	if wait != nil {
		wait(ctx)
		if ctx.Err() != nil {
			return nil, &did.Error{Code: did.InternalError, Err: ctx.Err()}
		}
	}
	switch {
	case err != nil:
		return nil, err
	case id.Method() != "example":
		return nil, &did.Error{Code: did.MethodNotSupported, Detail: id.Method()}
	case id != f.id:
		return nil, &did.Error{Code: did.NotFound}
	}
	return res, nil
}

func (f *fake) Prove(context.Context, did.DID, *did.ResolveOptions) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.proofs++
	return f.proof, f.proofErr
}

// set changes what the fake answers.
func (f *fake) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// count returns how often the fake was asked.
func (f *fake) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.asked)
}

func handler(tb testing.TB, r did.Resolver, opt *httpdriver.Options) *httpdriver.Handler {
	tb.Helper()
	h, err := httpdriver.New(r, opt)
	if err != nil {
		tb.Fatal(err)
	}
	return h
}

// get asks with a GET; headers are name, value, name, value. The first is the Accept header.
func get(h http.Handler, path, accept string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	if accept != "" {
		r.Header.Set("Accept", accept)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func post(h http.Handler, path, accept, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	if accept != "" {
		r.Header.Set("Accept", accept)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func fetch(c *http.Client, url string) error {
	resp, err := c.Get(url)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("got status %d", resp.StatusCode)
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}
