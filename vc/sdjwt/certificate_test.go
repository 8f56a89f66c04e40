package sdjwt_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net/url"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/sdjwt"
)

// TestIssueByCertificate: the same three verbs with an issuer that is the subject of a certificate.
func TestIssueByCertificate(t *testing.T) {
	p := newParties(t, keys.P256, keys.Ed25519)
	const uri = "https://issuer.example/authority"
	priv, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), p.issuerKey.Secret())
	if err != nil {
		t.Fatal(err)
	}
	rootKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	make := func(template, parent *x509.Certificate, public any) *x509.Certificate {
		template.SerialNumber = big.NewInt(1)
		template.NotBefore, template.NotAfter = p.now.Add(-time.Hour), p.now.Add(time.Hour)
		der, err := x509.CreateCertificate(rand.Reader, template, parent, public, rootKey)
		if err != nil {
			t.Fatal(err)
		}
		c, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	top := &x509.Certificate{Subject: pkix.Name{CommonName: "root"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	root := make(top, top, rootKey.Public())
	middle := make(&x509.Certificate{
		Subject: pkix.Name{CommonName: "another"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, root, rootKey.Public())
	name, _ := url.Parse(uri)
	leaf := make(&x509.Certificate{
		Subject: pkix.Name{CommonName: "authority"}, KeyUsage: x509.KeyUsageDigitalSignature, URIs: []*url.URL{name},
	}, root, priv.Public())
	roots := x509.NewCertPool()
	roots.AddCert(root)
	e := p.expect()
	e.Issuers, e.Certificates = nil, &vc.CertificatePolicy{Roots: roots, Issuers: []string{uri}}
	for _, id := range []string{uri, ""} {
		p.issuer = sdjwt.Issuer{Signer: p.issuerKey, ID: id, Chain: []*x509.Certificate{leaf, middle}}
		cred := mustIssue(t, p, map[string]any{"vct": vct, "name": "Ada"}, &sdjwt.IssueOptions{Holder: p.holderMethod, Disclosable: []string{"/name"}})
		got, err := p.verify(t, mustPresent(t, p, cred, &sdjwt.PresentOptions{Reveal: []string{"/name"}}), e)
		if err != nil {
			t.Fatalf("iss %q: %v", id, err)
		}
		if got.Issuer != uri || got.IssuerKey.Kind != vc.FromCertificate || got.IssuerKey.KeyID != "CN=authority" {
			t.Errorf("iss %q: got issuer %s by %v %s", id, got.Issuer, got.IssuerKey.Kind, got.IssuerKey.KeyID)
		}
		e.Issuers = []did.DID{p.issuerMethod.DID()} // accepting DIDs as well changes nothing
	}
	p.issuer.Method = p.issuerMethod
	if _, err := sdjwt.Issue(t.Context(), p.issuer, map[string]any{"vct": vct}, nil); err == nil {
		t.Error("an issuer with a verification method and certificates was accepted")
	}
}
