package main

import (
	"crypto/x509"
	"strings"

	"github.com/realdid/realdid/vc"
)

// acceptIssuers puts the accepted issuers into the policy: DIDs, whose keys are resolved, and URLs, whose keys the person gives or
// whose certificates lead to a root that the person gives.
func (a *app) acceptIssuers(e *vc.Expect, f *verifyFlags) error {
	var urls []string
	for _, s := range f.issuers {
		if strings.Contains(s, "://") {
			urls = append(urls, s)
			continue
		}
		id, err := a.reachableDID(s)
		if err != nil {
			return err
		}
		e.Issuers = append(e.Issuers, id)
	}
	switch {
	case urls == nil && (f.issuerKey != "" || f.roots != nil):
		return usage("name the issuer's URL with --issuer", "--issuer-key and --x5c-root are for issuers that are URLs")
	case urls != nil && f.issuerKey == "" && f.roots == nil:
		return usage("give its key with --issuer-key, or a root with --x5c-root; nothing is fetched", "the keys of %s are not known here", urls[0])
	}
	if f.issuerKey != "" {
		key, err := a.parseKeyArgument(f.issuerKey, "--issuer-key")
		if err != nil {
			return err
		}
		for _, u := range urls {
			e.PinnedKeys = append(e.PinnedKeys, vc.PinnedKey{Issuer: u, Key: key})
		}
	}
	if f.roots == nil {
		return nil
	}
	e.Certificates = &vc.CertificatePolicy{Roots: x509.NewCertPool(), Issuers: urls}
	for _, file := range f.roots {
		pem, err := a.readInput(file, "--x5c-root")
		if err != nil {
			return err
		}
		if !e.Certificates.Roots.AppendCertsFromPEM(pem) {
			return invalid("give a file in PEM", "--x5c-root: %s holds no certificate", file)
		}
	}
	return nil
}
