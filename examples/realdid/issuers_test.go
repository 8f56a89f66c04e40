package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc/sdjwt"
)

const urlIssuer = "https://issuer.example"

// runVerify runs vc verify on a file with raw in a home of its own, and returns status and standard output.
func runVerify(t *testing.T, dir string, raw []byte, args ...string) (int, string) {
	t.Helper()
	file := filepath.Join(dir, "shown.sdjwt")
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	a := newApp(strings.NewReader(""), &out, &out)
	return a.run(t.Context(), append([]string{
		"vc", "verify", file, "--home", filepath.Join(dir, "home"), "--type", "t", "--issuer", urlIssuer, "--insecure-no-holder-binding",
	}, args...)), out.String()
}

func TestVerifyByPinnedKey(t *testing.T) {
	dir := t.TempDir()
	issuer, err := keys.Generate(keys.P256)
	if err != nil {
		t.Fatal(err)
	}
	other, err := keys.Generate(keys.P256)
	if err != nil {
		t.Fatal(err)
	}
	enc := base64.RawURLEncoding.EncodeToString
	input := enc([]byte(`{"alg":"ES256","typ":"dc+sd-jwt"}`)) + "." + enc([]byte(`{"iss":"`+urlIssuer+`","iat":1700000000,"vct":"t"}`))
	sig, err := issuer.Sign(t.Context(), []byte(input))
	if err != nil {
		t.Fatal(err)
	}
	raw := []byte(input + "." + enc(sig) + "~")
	jwk := filepath.Join(dir, "issuer.jwk")
	if err := os.WriteFile(jwk, issuer.Public().JWK(), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		args   []string
		status int
		text   string
	}{
		{"JWK file", []string{"--issuer-key", jwk}, statusDone, "valid"},
		{"Multikey", []string{"--issuer-key", issuer.Public().Multikey()}, statusDone, "valid"},
		{"another key", []string{"--issuer-key", other.Public().Multikey()}, statusInvalid, "vc.signature"},
		{"no key", nil, statusUsage, "nothing is fetched"},
		{"another media type", []string{"--issuer-key", jwk, "--media-type", "other+sd-jwt"}, statusInvalid, "vc.format"},
	} {
		if status, out := runVerify(t, dir, raw, c.args...); status != c.status || !strings.Contains(out, c.text) {
			t.Errorf("%s: got status %d, want %d with %q:\n%s", c.name, status, c.status, c.text, out)
		}
	}
}

func TestVerifyByCertificate(t *testing.T) {
	dir := t.TempDir()
	root, rootKey := certificate(t, "root", nil, nil)
	leaf, leafKey := certificate(t, "leaf", root, rootKey)
	stranger, _ := certificate(t, "root", nil, nil)
	secret, err := leafKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	signer, err := keys.NewPrivateKey(keys.P256, secret)
	if err != nil {
		t.Fatal(err)
	}
	cred, err := sdjwt.Issue(t.Context(), sdjwt.Issuer{Signer: signer, ID: urlIssuer, Chain: []*x509.Certificate{leaf}}, map[string]any{"vct": "t"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		root   *x509.Certificate
		status int
	}{{"its root", root, statusDone}, {"a stranger's root", stranger, statusInvalid}} {
		file := filepath.Join(dir, "root.pem")
		if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.root.Raw}), 0o600); err != nil {
			t.Fatal(err)
		}
		if status, out := runVerify(t, dir, cred.Bytes(), "--x5c-root", file); status != c.status {
			t.Errorf("%s: got status %d, want %d:\n%s", c.name, status, c.status, out)
		}
	}
}

func certificate(t *testing.T, name string, parent *x509.Certificate, parentKey *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	uri, err := url.Parse(urlIssuer)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature, URIs: []*url.URL{uri}, BasicConstraintsValid: true,
	}
	if parent == nil {
		c.IsCA, c.KeyUsage, c.URIs = true, x509.KeyUsageCertSign, nil
		parent, parentKey = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, parentKey)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert, key
}
