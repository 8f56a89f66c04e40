package didwebvh_test

import (
	"context"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/resolver/didweb"
	"github.com/realdid/realdid/resolver/didwebvh"
	"github.com/realdid/realdid/resolver/webfetch"
)

// loopback says that every host is this one.
type loopback struct{}

func (loopback) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
}

// TestOverHTTPS publishes a witnessed log with its did:web document on a server, which is asked for nothing but the files
// that follow from the identifier, whatever the documents name.
func TestOverHTTPS(t *testing.T) {
	ctx := context.Background()
	files := map[string][]byte{}
	types := map[string]string{
		"did.jsonl": "text/jsonl", "did-witness.json": "application/json", "did.json": "application/did+ld+json",
	}
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, ok := files[r.URL.Path]
		if !ok {
			t.Errorf("asked for %s", r.URL.Path)
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", types[r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]])
		_, _ = w.Write(b)
	}))
	t.Cleanup(s.Close)
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	client := webfetch.NewClient(&webfetch.Options{
		Lookup: loopback{}, RootCAs: pool, Timeout: time.Minute, InsecureAllow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")},
	})

	me, witness := exampleKey(1), exampleKey(2)
	where := "example.com%3A" + u.Port() + ":people:ann"
	chain, err := didwebvh.Create(ctx, where, &didwebvh.Change{
		Document: []byte(`{"id":"did:webvh:{SCID}:` + where + `","service":[{"id":"#more","type":"LinkedDomains","serviceEndpoint":"` + s.URL + `/never"}]}`),
		Time:     time.Now().Add(-time.Minute).Truncate(time.Second), UpdateKeys: []keys.PublicKey{me.Public()},
		Witness:  &didwebvh.Witness{Threshold: 1, Keys: []string{witness.Public().Multikey()}},
		Watchers: []string{s.URL + "/watcher"},
	}, me)
	if err != nil {
		t.Fatal(err)
	}
	proof, err := didwebvh.SignWitness(ctx, chain.Newest(), time.Now(), witness)
	if err != nil {
		t.Fatal(err)
	}
	files["/people/ann/did.jsonl"] = chain.Bytes()
	if files["/people/ann/did-witness.json"], err = didwebvh.AddWitness(nil, chain.Newest().ID, proof); err != nil {
		t.Fatal(err)
	}
	res, err := didwebvh.New(&didwebvh.Options{Fetcher: client}).Resolve(ctx, chain.Newest().DID, nil)
	if err != nil {
		t.Fatal(err)
	}
	if files["/people/ann/did.json"], err = didwebvh.WebDocument(res.Document); err != nil {
		t.Fatal(err)
	}
	web := did.MustParse("did:web:" + where)
	parallel, err := didweb.New(&didweb.Options{Fetcher: client}).Resolve(ctx, web, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := parallel.Document.AlsoKnownAs; len(got) != 1 || got[0] != chain.Newest().DID.String() || len(parallel.Document.Service) != 3 {
		t.Errorf("the did:web document: got %s", parallel.Document.Canonical())
	}
	if parallel.Evidence.Replayed || !res.Evidence.Replayed {
		t.Error("did:web must not have, and did:webvh must have, the evidence of a replay")
	}

	// Without the exception for tests, a name that leads to this machine is not connected to.
	safe := webfetch.NewClient(&webfetch.Options{Lookup: loopback{}, RootCAs: pool})
	_, err = didwebvh.New(&didwebvh.Options{Fetcher: safe}).Resolve(ctx, chain.Newest().DID, nil)
	if e := did.AsError(err); e == nil || !e.Temporary() || !strings.Contains(e.Error(), webfetch.ErrAddress.Error()) {
		t.Errorf("a private address: got error %v, want %v", err, webfetch.ErrAddress)
	}
}
