package vc

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/x509"
	"errors"
	"net/url"
	"slices"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
)

// maxChain is the number of certificates that a presentation may carry.
const maxChain = 8

// certificateRoute is for an issuer with X.509 certificates (SD-JWT VC draft-18, section 2.5; RFC 5280).
type certificateRoute struct{ chain []*x509.Certificate }

func (c *certificateRoute) accept(r *run) (string, error) {
	policy := r.expect.Certificates
	if policy == nil {
		return "", Invalid("vc.issuer.notaccepted", "the policy accepts no issuer by certificate")
	}
	if len(r.origin.Chain) > maxChain {
		return "", Invalid("vc.issuer.x5c.malformed", "too many certificates")
	}
	for _, der := range r.origin.Chain {
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return "", Invalid("vc.issuer.x5c.malformed", "a certificate is malformed")
		}
		c.chain = append(c.chain, cert)
	}
	leaf := c.chain[0]
	// Without iss, the certificate alone says who the issuer is.
	for _, name := range policy.Issuers {
		if (r.origin.Issuer == "" || r.origin.Issuer == name) && certifies(leaf, name) {
			return name, nil
		}
	}
	if r.origin.Issuer != "" && slices.Contains(policy.Issuers, r.origin.Issuer) {
		return "", Invalid("vc.issuer.x5c.name", "the certificate does not name the issuer")
	}
	return "", Invalid("vc.issuer.notaccepted", "the policy does not accept this issuer")
}

// certifies tells whether the certificate names the URI: itself, or the host of an https URI.
func certifies(c *x509.Certificate, uri string) bool {
	for _, u := range c.URIs {
		if u.String() == uri {
			return true
		}
	}
	u, err := url.Parse(uri)
	return err == nil && u.Scheme == "https" && u.Hostname() != "" && slices.Contains(c.DNSNames, u.Hostname())
}

func (c *certificateRoute) key(r *run) (Basis, string, error) {
	leaf := c.chain[0]
	switch {
	case bytes.Equal(leaf.RawIssuer, leaf.RawSubject) && leaf.CheckSignature(leaf.SignatureAlgorithm, leaf.RawTBSCertificate, leaf.Signature) == nil:
		return Basis{}, "", Invalid("vc.issuer.x5c.selfsigned", "the issuer's certificate is signed by itself")
	case leaf.IsCA || leaf.KeyUsage&x509.KeyUsageDigitalSignature == 0:
		return Basis{}, "", Invalid("vc.issuer.x5c.usage", "the issuer's certificate is not for signatures on data")
	}
	between := x509.NewCertPool()
	for _, cert := range c.chain[1:] {
		between.AddCert(cert)
	}
	_, err := leaf.Verify(x509.VerifyOptions{
		Roots: r.expect.Certificates.Roots, Intermediates: between, CurrentTime: r.now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil {
		return Basis{}, "", Invalid("vc.issuer.x5c.chain", "no valid chain leads from the issuer's certificate to a root of the policy")
	}
	key, err := publicKeyOf(leaf)
	if err != nil {
		return Basis{}, "", InvalidBecause("vc.issuer.x5c.key", err)
	}
	return Basis{Kind: FromCertificate, KeyID: leaf.Subject.String(), Key: key, Status: did.KeyActive, Rotatable: true}, "", nil
}

var errCertificateKey = errors.New("the certificate's key is of an algorithm that is not supported")

func publicKeyOf(c *x509.Certificate) (keys.PublicKey, error) {
	switch k := c.PublicKey.(type) {
	case ed25519.PublicKey:
		return keys.NewPublicKey(keys.Ed25519, k)
	case *ecdsa.PublicKey:
		a := keys.P256
		switch k.Curve {
		case elliptic.P256():
		case elliptic.P384():
			a = keys.P384
		default:
			return keys.PublicKey{}, errCertificateKey
		}
		full, err := k.Bytes() // 4 ‖ x ‖ y
		if err != nil {
			return keys.PublicKey{}, errCertificateKey
		}
		size := (len(full) - 1) / 2
		return keys.NewPublicKey(a, append([]byte{2 | full[len(full)-1]&1}, full[1:1+size]...))
	}
	return keys.PublicKey{}, errCertificateKey
}
