package envelopetest

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
	"github.com/realdid/realdid/vc/internal/vectortest"
)

// TestIssueByCertificate: the same verbs with an issuer that is the subject of a certificate, alone and with another behind it.
func (f *Format) TestIssueByCertificate(t *testing.T) {
	p := NewParties(t, keys.P256)
	const uri = "https://issuer.example/authority"
	priv, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), vectortest.Fixed(t, keys.P256, "issuer").Secret())
	if err != nil {
		t.Fatal(err)
	}
	rootKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	make := func(template, parent *x509.Certificate, public any) *x509.Certificate {
		template.SerialNumber = big.NewInt(1)
		template.NotBefore, template.NotAfter = vectortest.Now.Add(-time.Hour), vectortest.Now.Add(time.Hour)
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
	authority := func(name string) *x509.Certificate {
		return &x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	}
	top := authority("root")
	root := make(top, top, rootKey.Public())
	middle := make(authority("another"), root, rootKey.Public())
	name, _ := url.Parse(uri)
	leaf := make(&x509.Certificate{
		Subject: pkix.Name{CommonName: "authority"}, KeyUsage: x509.KeyUsageDigitalSignature, URIs: []*url.URL{name},
	}, root, priv.Public())
	roots := x509.NewCertPool()
	roots.AddCert(root)
	e := p.Setting.Expect.Policy(t)
	e.Issuers, e.Certificates = nil, &vc.CertificatePolicy{Roots: roots, Issuers: []string{uri}}
	p.Issuer.Method = did.URL{}
	for _, chain := range [][]*x509.Certificate{{leaf}, {leaf, middle}} {
		p.Issuer.Chain = chain
		c := Claims()
		c["issuer"] = uri
		cred, err := f.Issue(t.Context(), p.Issuer, c, &IssueOptions{IssuedAt: vectortest.Now})
		if err != nil {
			t.Fatal(err)
		}
		pres, err := f.Present(t.Context(), cred, p.Holder, p.Options())
		if err != nil {
			t.Fatal(err)
		}
		got, _, err := p.Verifier.Verify(t.Context(), f.Received(pres.Bytes()), e)
		if err != nil {
			t.Fatal(err)
		}
		if got.Issuer != uri || got.IssuerKey.Kind != vc.FromCertificate || got.IssuerKey.KeyID != "CN=authority" {
			t.Errorf("got issuer %s by %v %s", got.Issuer, got.IssuerKey.Kind, got.IssuerKey.KeyID)
		}
	}
}
