package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestServeVCALM issues and verifies over HTTP, and reads the status list of what was issued over TLS.
func TestServeVCALM(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	if runtime.GOOS == "windows" {
		t.Skip("there are no signals to end a server by")
	}
	t.Parallel()
	n := newStation(t)
	trusted := writeCertificate(t, n)
	p := n.start("serve", "vcalm", "--addr", "127.0.0.1:0", "--tls-addr", "127.0.0.1:0", "--tls-cert", "cert.pem", "--tls-key", "key.pem")
	if !strings.HasPrefix(p.ready.URL, "http://127.0.0.1:") || !strings.HasPrefix(p.ready.TLSURL, "https://127.0.0.1:") {
		t.Fatalf("got %+v", p.ready)
	}
	status, body := get(t, p.ready.URL+"/issuers")
	var issuers map[string]string
	if err := json.Unmarshal([]byte(body), &issuers); status != http.StatusOK || err != nil || len(issuers) != 8 {
		t.Fatalf("got %d %s", status, body)
	}
	for path, issuer := range issuers {
		issued := map[string]map[string]any{}
		status := post(t, http.DefaultClient, p.ready.URL+"/issuers/"+path+"/credentials/issue", map[string]any{"credential": map[string]any{
			"@context": []string{"https://www.w3.org/ns/credentials/v2"}, "id": "urn:example:" + path, "type": []string{"VerifiableCredential"},
			"issuer": issuer, "credentialSubject": map[string]any{"id": "urn:example:somebody"},
		}}, &issued)
		c := issued["verifiableCredential"]
		entry, _ := c["credentialStatus"].(map[string]any)
		list, _ := entry["statusListCredential"].(string)
		if strings.HasPrefix(path, "bbs-2023") { // an entry in a list would tell its showings apart
			if status != http.StatusCreated || entry != nil {
				t.Errorf("%s: %d %v", path, status, issued)
			}
			testDerived(t, p.ready.URL, c)
			continue
		}
		if status != http.StatusCreated || !strings.HasPrefix(list, p.ready.TLSURL+"/status-lists/") {
			t.Fatalf("%s: %d %v", path, status, issued)
		}
		if strings.HasPrefix(path, "ecdsa-sd-2023") {
			continue // which does not verify as it is
		}
		var l, result map[string]any
		if status := getJSON(t, trusted, list, &l); status != http.StatusOK || l["id"] != list {
			t.Errorf("%s: %d %v", list, status, l)
		}
		for _, signed := range []any{c, l} {
			if status := post(t, trusted, p.ready.TLSURL+"/credentials/verify", map[string]any{"verifiableCredential": signed}, &result); status != http.StatusOK || result["verified"] != true {
				t.Errorf("%s: %d %v", path, status, result)
			}
		}
		c["id"] = "urn:example:other"
		if status := post(t, trusted, p.ready.TLSURL+"/credentials/verify", map[string]any{"verifiableCredential": c}, &result); status != http.StatusBadRequest || result["verified"] != false {
			t.Errorf("%s: %d %v", path, status, result)
		}
	}
	if status, _ := get(t, p.ready.URL+"/healthz"); status != http.StatusOK {
		t.Errorf("got %d", status)
	}
	p.stop()
}

// testDerived derives from a credential, and verifies both.
func testDerived(t *testing.T, url string, base map[string]any) {
	t.Helper()
	var derived map[string]map[string]any
	var result map[string]any
	request := map[string]any{"verifiableCredential": base, "options": map[string]any{"selectivePointers": []string{"/credentialSubject/id"}}}
	if status := post(t, http.DefaultClient, url+"/credentials/derive", request, &derived); status != http.StatusCreated {
		t.Errorf("got %d %v", status, derived)
	}
	for _, c := range []struct {
		credential map[string]any
		status     int
	}{{derived["verifiableCredential"], http.StatusOK}, {base, http.StatusBadRequest}} {
		if status := post(t, http.DefaultClient, url+"/credentials/verify", map[string]any{"verifiableCredential": c.credential}, &result); status != c.status {
			t.Errorf("got %d %v", status, result)
		}
	}
}

// writeCertificate makes files for a server, and a client that trusts them.
func writeCertificate(t *testing.T, n *station) *http.Client {
	t.Helper()
	c, err := selfMade("127.0.0.1:0", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: c.Certificate[0]}, "key.pem": {Type: "PRIVATE KEY", Bytes: key}} {
		if err := os.WriteFile(n.path(name), pem.EncodeToMemory(b), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	leaf, err := x509.ParseCertificate(c.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS13}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// post sends JSON and reads JSON.
func post(t *testing.T, client *http.Client, url string, in, out any) int {
	t.Helper()
	b, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	return exchange(t, client, http.MethodPost, url, b, out)
}

// getJSON reads JSON with a client of one's own.
func getJSON(t *testing.T, client *http.Client, url string, out any) int {
	t.Helper()
	return exchange(t, client, http.MethodGet, url, nil, out)
}

func exchange(t *testing.T, client *http.Client, method, url string, in []byte, out any) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(in))
	if err != nil {
		t.Fatal(err)
	}
	if in != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(out); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode
}
