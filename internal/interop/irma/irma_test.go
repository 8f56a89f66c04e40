// Package irma exchanges SD-JWT VCs with irmago, the library of the Yivi wallet, and lets it select claims by DCQL.
package irma

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"net/url"
	"slices"
	"strconv"
	"testing"
	"time"

	jwt "github.com/privacybydesign/irmago/eudi/jwt"
	"github.com/privacybydesign/irmago/eudi/sdjwt"

	"github.com/privacybydesign/irmago/eudi/credentials/sdjwtvc"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/interop/claims"
	"github.com/realdid/realdid/internal/matrix"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/resolver/didjwk"
	"github.com/realdid/realdid/vc"
	ours "github.com/realdid/realdid/vc/sdjwt"
)

func TestMain(m *testing.M) { matrix.Main(m) }

const (
	audience = "x509_san_dns:verifier.example"
	nonce    = "n-0S6_WzA2Mj"
)

// row is a row of the table, filled in as far as all rows here are the same.
func row(t *testing.T, what string, direction matrix.Direction) matrix.Row {
	t.Helper()
	const module = "github.com/privacybydesign/irmago"
	return matrix.Row{Peer: "irmago", Version: matrix.ModuleVersion(t, module), What: what, Direction: direction}
}

// differs is row for what the two do not agree in.
func differs(t *testing.T, what string, direction matrix.Direction, differ, right string) matrix.Row {
	t.Helper()
	r := row(t, what, direction)
	r.Differ, r.Right = differ, right
	return r
}

// now is the system's time, by which irmago dates key binding.
func now() time.Time { return time.Now().UTC().Truncate(time.Second) }

// algorithms are those of issuers and holders that both sides know.
var algorithms = []keys.Algorithm{keys.P256, keys.Ed25519, keys.P384}

func generate(t *testing.T, a keys.Algorithm) *keys.PrivateKey {
	t.Helper()
	k, err := keys.Generate(a)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// parties are an issuer with a did:jwk and a holder.
type parties struct {
	issuer, holder *keys.PrivateKey
	issuerDID      did.DID
}

func newParties(t *testing.T, issuer, holder keys.Algorithm) *parties {
	t.Helper()
	p := &parties{issuer: generate(t, issuer), holder: generate(t, holder)}
	p.issuerDID = didjwk.Of(p.issuer.Public())
	return p
}

func allParties(t *testing.T) []*parties {
	t.Helper()
	var all []*parties
	for i, a := range algorithms {
		all = append(all, newParties(t, a, algorithms[(i+1)%len(algorithms)]))
	}
	return all
}

// issue issues here, bound to the holder's key.
func (p *parties) issue(t *testing.T, c *claims.Credential, hash string) *ours.Credential {
	t.Helper()
	issuer := ours.Issuer{Signer: p.issuer, Method: p.issuerDID.WithFragment("0")}
	cred, err := ours.Issue(t.Context(), issuer, c.Claims, &ours.IssueOptions{
		Disclosable: c.Disclosable, HolderKey: p.holder.Public(), IssuedAt: now().Add(-time.Hour), Expires: now().Add(time.Hour), Hash: hash,
	})
	if err != nil {
		t.Fatal(err)
	}
	return cred
}

// present presents here.
func (p *parties) present(t *testing.T, cred *ours.Credential, reveal []string) *ours.Presentation {
	t.Helper()
	pres, err := cred.Present(t.Context(), p.holder, &ours.PresentOptions{Reveal: reveal, Audience: audience, Nonce: nonce, IssuedAt: now()})
	if err != nil {
		t.Fatal(err)
	}
	return pres
}

// verifyHere verifies a presentation here and returns what it says.
func (p *parties) verifyHere(t *testing.T, presentation string) (map[string]any, error) {
	t.Helper()
	v := vc.NewVerifier(resolver.Keys{Resolver: didjwk.Resolver{}}, now)
	got, _, err := v.Verify(t.Context(), ours.Received([]byte(presentation)), &vc.Expect{
		Issuers: []did.DID{p.issuerDID}, Types: []string{claims.Type}, Audience: audience, Nonce: nonce, InsecureUnrotatableHolderKey: true,
	})
	if err != nil {
		return nil, err
	}
	return claims.Without(got.Claims()), nil
}

// clock tells irmago the time.
type clock struct{}

func (clock) Now() time.Time { return now() }

// policy is a verifier's policy there: issuers by did:jwk, or by a certificate below roots.
func policy(roots *x509.CertPool) sdjwtvc.SdJwtVcVerificationContext {
	if roots == nil {
		roots = x509.NewCertPool()
	}
	return sdjwtvc.SdJwtVcVerificationContext{
		X509VerificationContext: &jwt.StaticVerificationContext{
			VerifyOpts: x509.VerifyOptions{Roots: roots, CurrentTime: now(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}},
		},
		Clock: clock{}, JwtVerifier: sdjwt.NewJwxJwtVerifier(), ExpectedAudience: audience, ExpectedNonce: nonce,
	}
}

// receiveThere is what a wallet there does with an issued credential.
func receiveThere(credential string) (map[string]any, error) {
	return result(sdjwtvc.NewHolderVerificationProcessor(policy(nil)).ParseAndVerifySdJwtVc(sdjwtvc.SdJwtVcKb(credential)))
}

// verifyThere is what a verifier there does with a presentation that must have key binding.
func verifyThere(presentation string, roots *x509.CertPool) (map[string]any, error) {
	return result(sdjwtvc.NewVerifierVerificationProcessor(true, policy(roots)).ParseAndVerifySdJwtVc(sdjwtvc.SdJwtVcKb(presentation)))
}

func result(v *sdjwtvc.VerifiedSdJwtVc, err error) (map[string]any, error) {
	if err != nil {
		return nil, err
	}
	return claims.Without(maps.Clone(v.ProcessedSdJwtPayload)), nil
}

// certified is an issuer with a certificate: irmago's builder knows no other.
type certified struct {
	key   *ecdsa.PrivateKey
	leaf  []*x509.Certificate
	chain []string // of the same, as x5c
	roots *x509.CertPool
}

const certifiedIssuer = "https://issuer.example"

func newCertified(t *testing.T) *certified {
	t.Helper()
	authority, root := certificate(t, &x509.Certificate{IsCA: true, KeyUsage: x509.KeyUsageCertSign}, nil, nil)
	issuer, err := url.Parse(certifiedIssuer)
	if err != nil {
		t.Fatal(err)
	}
	key, leaf := certificate(t, &x509.Certificate{URIs: []*url.URL{issuer}, KeyUsage: x509.KeyUsageDigitalSignature}, authority, root)
	c := &certified{key: key, leaf: []*x509.Certificate{leaf}, chain: []string{base64.StdEncoding.EncodeToString(leaf.Raw)}, roots: x509.NewCertPool()}
	c.roots.AddCert(root)
	return c
}

// certificate makes a certificate for a new key, signed by a parent or by itself.
func certificate(t *testing.T, c *x509.Certificate, by *ecdsa.PrivateKey, parent *x509.Certificate) (*ecdsa.PrivateKey, *x509.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c.SerialNumber, c.Subject, c.BasicConstraintsValid = big.NewInt(1), pkix.Name{CommonName: "issuer.example"}, true
	c.NotBefore, c.NotAfter = now().Add(-24*time.Hour), now().Add(24*time.Hour)
	if parent == nil {
		by, parent = key, c
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), by)
	if err != nil {
		t.Fatal(err)
	}
	out, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return key, out
}

// verifyHere verifies a presentation of a credential that was issued there.
func (c *certified) verifyHere(t *testing.T, presentation string) (map[string]any, error) {
	t.Helper()
	v := vc.NewVerifier(nil, now)
	got, _, err := v.Verify(t.Context(), ours.Received([]byte(presentation)), &vc.Expect{
		Certificates: &vc.CertificatePolicy{Roots: c.roots, Issuers: []string{certifiedIssuer}}, Types: []string{claims.Type},
		Audience: audience, Nonce: nonce, InsecureUnrotatableHolderKey: true,
	})
	if err != nil {
		return nil, err
	}
	return claims.Without(got.Claims()), nil
}

// secret is a key as package keys takes it.
func secret(t *testing.T, k *ecdsa.PrivateKey) []byte {
	t.Helper()
	b, err := k.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// tree writes claims as irmago's builder takes them.
func tree(c *claims.Credential) []*sdjwt.ClaimElement { return element(c, c.Claims, "", "").SubClaims }

func element(c *claims.Credential, v any, path, name string) *sdjwt.ClaimElement {
	e := &sdjwt.ClaimElement{Key: name, Value: v, SelectivelyDisclosable: slices.Contains(c.Disclosable, path)}
	switch v := v.(type) {
	case map[string]any:
		e.Type, e.Value = sdjwt.Claim_Object, nil
		for k, x := range v {
			e.SubClaims = append(e.SubClaims, element(c, x, path+"/"+claims.Escape(k), k))
		}
	case []any:
		e.Type, e.Value = sdjwt.Claim_Array, nil
		for i, x := range v {
			e.SubClaims = append(e.SubClaims, element(c, x, path+"/"+strconv.Itoa(i), ""))
		}
	case string:
		e.Type = sdjwt.Claim_String
	case json.Number:
		e.Type = sdjwt.Claim_Int
	case bool:
		e.Type = sdjwt.Claim_Bool
	case nil:
		e.Type = sdjwt.Claim_Null
	}
	return e
}
