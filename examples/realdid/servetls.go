package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"net"
	"slices"
	"time"
)

// selfMadeLife is how long a certificate lasts that a server makes for itself.
const selfMadeLife = 397 * 24 * time.Hour

// certificate is that of the files, or one that is made now and signs itself; nil without --tls-addr.
func (f *serveVCALMFlags) certificate(now time.Time) (*tls.Certificate, error) {
	switch {
	case f.tlsAddr == "" && f.tlsCert == "" && f.tlsKey == "":
		return nil, nil
	case f.tlsAddr == "":
		return nil, usage("--tls-addr 127.0.0.1:8491 says where", "--tls-cert or --tls-key without --tls-addr")
	case (f.tlsCert == "") != (f.tlsKey == ""):
		return nil, usage("give both, or none for a certificate that signs itself", "one of --tls-cert and --tls-key without the other")
	case f.tlsCert != "":
		c, err := tls.LoadX509KeyPair(f.tlsCert, f.tlsKey)
		if err != nil {
			return nil, unknown("two files in PEM: the chain with the server's certificate first, and its key", "--tls-cert: %v", err)
		}
		return &c, nil
	}
	return selfMade(f.tlsAddr, now)
}

// selfMade makes a certificate for a server at addr and for this machine. Nobody can know whose it is: it is for tests.
func selfMade(addr string, now time.Time) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		Subject:   pkix.Name{CommonName: "realdid"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(selfMadeLife),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		DNSNames:              []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	if host, _, err := net.SplitHostPort(addr); err == nil && host != "" {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else if !slices.Contains(template.DNSNames, host) {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}
