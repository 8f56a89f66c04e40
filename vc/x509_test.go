package vc_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net/url"
	"testing"
	"time"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
)

const issuerURI = "https://issuer.example/authority"

// authorityOf is a certificate authority with one intermediate.
type authorityOf struct {
	t            *testing.T
	root, middle *x509.Certificate
	middleKey    *ecdsa.PrivateKey
}

func newECKey(t *testing.T, c elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(c, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func certify(t *testing.T, c, parent *x509.Certificate, public crypto.PublicKey, signer crypto.Signer) *x509.Certificate {
	t.Helper()
	c.SerialNumber = big.NewInt(time.Now().UnixNano())
	if c.NotAfter.IsZero() {
		c.NotBefore, c.NotAfter = now.Add(-time.Hour), now.Add(time.Hour)
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, public, signer)
	if err != nil {
		t.Fatal(err)
	}
	out, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func newAuthority(t *testing.T) *authorityOf {
	ca := func(name string) *x509.Certificate {
		return &x509.Certificate{
			Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		}
	}
	rootKey := newECKey(t, elliptic.P256())
	a := &authorityOf{t: t, middleKey: newECKey(t, elliptic.P256())}
	root := ca("root")
	a.root = certify(t, root, root, rootKey.Public(), rootKey)
	a.middle = certify(t, ca("middle"), a.root, a.middleKey.Public(), rootKey)
	return a
}

func leafTemplate() *x509.Certificate {
	u, _ := url.Parse(issuerURI)
	return &x509.Certificate{
		Subject: pkix.Name{CommonName: "leaf"}, KeyUsage: x509.KeyUsageDigitalSignature, URIs: []*url.URL{u},
	}
}

func (a *authorityOf) leaf(template *x509.Certificate, public crypto.PublicKey) *x509.Certificate {
	return certify(a.t, template, a.middle, public, a.middleKey)
}

// padded repeats the last certificate until there are n.
func padded(chain [][]byte, n int) [][]byte {
	for len(chain) < n {
		chain = append(chain, chain[len(chain)-1])
	}
	return chain
}

func TestCertificates(t *testing.T) {
	a := newAuthority(t)
	other := newAuthority(t)
	key := newECKey(t, elliptic.P256())
	good := a.leaf(leafTemplate(), key.Public())
	roots := x509.NewCertPool()
	roots.AddCert(a.root)
	changed := func(change func(*x509.Certificate)) *x509.Certificate {
		c := leafTemplate()
		change(c)
		return a.leaf(c, key.Public())
	}
	self := leafTemplate()
	selfSigned := certify(t, self, self, key.Public(), key)
	p384 := newECKey(t, elliptic.P384())
	p521 := newECKey(t, elliptic.P521())
	edPublic, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	chain := func(leaf *x509.Certificate) [][]byte { return [][]byte{leaf.Raw, a.middle.Raw} }
	for _, c := range []struct {
		name   string
		change func(*scene)
		want   string
	}{
		{"valid", func(*scene) {}, ""},
		{"issuer by certificate alone", func(s *scene) { s.doc.origin.Issuer = "" }, ""},
		{"DNS name", func(s *scene) {
			s.doc.origin.Chain = chain(changed(func(c *x509.Certificate) { c.URIs, c.DNSNames = nil, []string{"issuer.example"} }))
		}, ""},
		{"without iat", func(s *scene) { s.doc.origin.IssuedAt = time.Time{} }, ""},
		{"P-384", func(s *scene) {
			s.doc.origin.Chain, s.doc.origin.Algorithm = chain(a.leaf(leafTemplate(), p384.Public())), keys.P384
		}, ""},
		{"Ed25519", func(s *scene) {
			s.doc.origin.Chain, s.doc.origin.Algorithm = chain(a.leaf(leafTemplate(), edPublic)), keys.Ed25519
		}, ""},
		{"algorithm", func(s *scene) { s.doc.origin.Algorithm = keys.Secp256k1 }, "vc.issuer.key.algorithm"},
		{"RSA", func(s *scene) { s.doc.origin.Chain = chain(a.leaf(leafTemplate(), rsaKey.Public())) }, "vc.issuer.x5c.key"},
		{"P-521", func(s *scene) { s.doc.origin.Chain = chain(a.leaf(leafTemplate(), p521.Public())) }, "vc.issuer.x5c.key"},
		{"not accepted", func(s *scene) { s.doc.origin.Issuer = "https://issuer.example/other" }, "vc.issuer.notaccepted"},
		{"DID", func(s *scene) {
			const id = "did:example:authority"
			s.expect.Certificates.Issuers, s.doc.origin.Issuer = []string{id}, id
			s.doc.origin.Chain = chain(changed(func(c *x509.Certificate) { c.URIs[0] = &url.URL{Scheme: "did", Opaque: "example:authority"} }))
		}, ""},
		{"DID that the certificate does not name", func(s *scene) {
			s.expect.Certificates.Issuers, s.doc.origin.Issuer = []string{"did:example:authority"}, "did:example:authority"
		}, "vc.issuer.x5c.name"},
		{"DNS name of an http URI", func(s *scene) {
			s.expect.Certificates.Issuers, s.doc.origin.Issuer = []string{"http://issuer.example"}, "http://issuer.example"
			s.doc.origin.Chain = chain(changed(func(c *x509.Certificate) { c.URIs, c.DNSNames = nil, []string{"issuer.example"} }))
		}, "vc.issuer.x5c.name"},
		{"eight certificates", func(s *scene) { s.doc.origin.Chain = padded(chain(good), 8) }, ""},
		{"nine certificates", func(s *scene) { s.doc.origin.Chain = padded(chain(good), 9) }, "vc.issuer.x5c.malformed"},
		{"other URI", func(s *scene) {
			s.doc.origin.Chain = chain(changed(func(c *x509.Certificate) { c.URIs[0].Path = "/authority/" }))
		}, "vc.issuer.x5c.name"},
		{"other URI alone", func(s *scene) {
			s.doc.origin.Issuer = ""
			s.doc.origin.Chain = chain(changed(func(c *x509.Certificate) { c.URIs[0].Path = "/authority/" }))
		}, "vc.issuer.notaccepted"},
		{"DNS suffix", func(s *scene) {
			s.doc.origin.Chain = chain(changed(func(c *x509.Certificate) { c.URIs, c.DNSNames = nil, []string{"example"} }))
		}, "vc.issuer.x5c.name"},
		{"wildcard", func(s *scene) {
			s.doc.origin.Chain = chain(changed(func(c *x509.Certificate) { c.URIs, c.DNSNames = nil, []string{"*.example"} }))
		}, "vc.issuer.x5c.name"},
		{"common name only", func(s *scene) {
			s.doc.origin.Chain = chain(changed(func(c *x509.Certificate) { c.URIs, c.Subject.CommonName = nil, "issuer.example" }))
		}, "vc.issuer.x5c.name"},
		{"key usage", func(s *scene) {
			s.doc.origin.Chain = chain(changed(func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyAgreement }))
		}, "vc.issuer.x5c.usage"},
		{"no key usage", func(s *scene) {
			s.doc.origin.Chain = chain(changed(func(c *x509.Certificate) { c.KeyUsage = 0 }))
		}, "vc.issuer.x5c.usage"},
		{"authority as leaf", func(s *scene) {
			s.doc.origin.Chain = chain(changed(func(c *x509.Certificate) { c.IsCA, c.BasicConstraintsValid = true, true }))
		}, "vc.issuer.x5c.usage"},
		{"self-signed", func(s *scene) { s.doc.origin.Chain = [][]byte{selfSigned.Raw} }, "vc.issuer.x5c.selfsigned"},
		{"self-signed and pinned", func(s *scene) {
			s.doc.origin.Chain = [][]byte{selfSigned.Raw}
			s.expect.Certificates.Roots = x509.NewCertPool()
			s.expect.Certificates.Roots.AddCert(selfSigned)
		}, "vc.issuer.x5c.selfsigned"},
		{"no intermediate", func(s *scene) { s.doc.origin.Chain = [][]byte{good.Raw} }, "vc.issuer.x5c.chain"},
		{"other root", func(s *scene) {
			s.doc.origin.Chain = [][]byte{other.leaf(leafTemplate(), key.Public()).Raw, other.middle.Raw, other.root.Raw}
		}, "vc.issuer.x5c.chain"},
		{"expired", func(s *scene) {
			s.doc.origin.Chain = chain(changed(func(c *x509.Certificate) { c.NotBefore, c.NotAfter = now.Add(-2*time.Hour), now.Add(-time.Second) }))
		}, "vc.issuer.x5c.chain"},
		{"not yet valid", func(s *scene) {
			s.doc.origin.Chain = chain(changed(func(c *x509.Certificate) { c.NotBefore, c.NotAfter = now.Add(time.Second), now.Add(time.Hour) }))
		}, "vc.issuer.x5c.chain"},
		{"malformed", func(s *scene) { s.doc.origin.Chain = [][]byte{good.Raw[:100]} }, "vc.issuer.x5c.malformed"},
		{"too many", func(s *scene) { s.doc.origin.Chain = make([][]byte, 9) }, "vc.issuer.x5c.malformed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(t)
			s.expect.Issuers = nil
			s.expect.Certificates = &vc.CertificatePolicy{Roots: roots, Issuers: []string{issuerURI}}
			s.doc.origin = vc.Origin{Issuer: issuerURI, Chain: chain(good), Algorithm: keys.P256, IssuedAt: now}
			c.change(s)
			got, _, err := s.verify(t)
			if vc.Code(err) != c.want {
				t.Fatalf("got %v, want %q", err, c.want)
			}
			if err == nil && (got.Issuer != s.expect.Certificates.Issuers[0] || got.IssuerKey.Kind != vc.FromCertificate) {
				t.Errorf("got issuer %s by %v", got.Issuer, got.IssuerKey.Kind)
			}
		})
	}
}
