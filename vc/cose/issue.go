package cose

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/keys/jws"
	"github.com/realdid/realdid/vc/internal/envelope"
	"github.com/veraison/go-cose"
)

// Issuer is who signs: a DID, by Method; the subject of a certificate, by Chain; or somebody whose key verifiers hold, by KeyID.
type Issuer struct {
	Signer keys.Signer
	// Method is the DID URL of the signer's verification method; it becomes kid, and its DID must be the credential's issuer.
	Method did.URL
	// KeyID becomes kid of an issuer that is not a DID; iss then repeats the issuer.
	KeyID string
	// Chain becomes x5chain: the signer's certificate first, without the root.
	Chain []*x509.Certificate
}

// IssueOptions say what beside the credential goes into the message.
type IssueOptions struct {
	// Holder binds the credential to a DID, or with a fragment to that one verification method (cnf). HolderKey binds it to a key that
	// cannot be rotated. At most one may be set. With none, the credential's subject is its holder, if there is one and its id is a
	// DID.
	Holder    did.URL
	HolderKey keys.PublicKey

	// IssuedAt is iat; zero means now. Expires is exp, the end of the signature's validity; zero leaves it out. Both in whole seconds,
	// and beside validFrom and validUntil, which stand in the credential.
	IssuedAt time.Time
	Expires  time.Time
}

// Issue signs a credential of the data model 2.0, which is built of map[string]any, []any, strings, bools, nil, numbers
// (json.Number keeps its digits), []string and map[string]string. Faults of the data model are a *vc.Fault with a code of vcdm.
func Issue(ctx context.Context, issuer Issuer, credential map[string]any, opt *IssueOptions) (*Credential, error) {
	b, err := strictjson.Canonical(credential)
	if err != nil {
		return nil, fmt.Errorf("cose: issue: %w", err)
	}
	return IssueJSON(ctx, issuer, b, opt)
}

// IssueJSON is [Issue] for a credential as JSON, which becomes the payload as it is.
func IssueJSON(ctx context.Context, issuer Issuer, credential []byte, opt *IssueOptions) (*Credential, error) {
	if opt == nil {
		opt = &IssueOptions{}
	}
	raw, err := issue(ctx, issuer, credential, opt)
	if err != nil {
		return nil, fmt.Errorf("cose: issue: %w", err)
	}
	return newCredential(raw), nil
}

func issue(ctx context.Context, issuer Issuer, credential []byte, opt *IssueOptions) ([]byte, error) {
	_, cred, err := format.UnsignedCredential(credential)
	if err != nil {
		return nil, err
	}
	kid, iss, err := (*envelope.Issuer)(&issuer).Names(cred.Issuer)
	if err != nil {
		return nil, err
	}
	headers := newHeaders(MediaType, "application/vc")
	if kid != "" {
		headers.Protected[cose.HeaderLabelKeyID] = []byte(kid)
	}
	if len(issuer.Chain) > 0 {
		headers.Protected[cose.HeaderLabelX5Chain] = chain(issuer.Chain)
	}
	claims := map[any]any{}
	if iss != "" {
		claims[cose.CWTClaimIssuer] = iss
	}
	if err := addDates(claims, opt.IssuedAt, opt.Expires); err != nil {
		return nil, err
	}
	cnf, err := holderClaim(opt.Holder, opt.HolderKey)
	if err != nil {
		return nil, err
	}
	if cnf != nil {
		claims[cose.CWTClaimConfirmation] = cnf
	}
	headers.Protected[cose.HeaderLabelCWTClaims] = claims
	return sign(ctx, issuer.Signer, headers, credential)
}

func newHeaders(mediaType, contentType string) cose.Headers {
	return cose.Headers{
		Protected: cose.ProtectedHeader{
			cose.HeaderLabelContentType: contentType, cose.HeaderLabelType: "application/" + mediaType,
		},
		Unprotected: cose.UnprotectedHeader{},
	}
}

// chain writes x5chain: one certificate stands without a list (RFC 9360, section 2).
func chain(certificates []*x509.Certificate) any {
	if len(certificates) == 1 {
		return certificates[0].Raw
	}
	list := make([]any, len(certificates))
	for i, c := range certificates {
		list[i] = c.Raw
	}
	return list
}

// addDates writes iat, for which zero means now, and exp, if it is not zero.
func addDates(claims map[any]any, issued, expires time.Time) error {
	if issued.IsZero() {
		issued = time.Now()
	}
	claims[cose.CWTClaimIssuedAt] = issued.Unix()
	if !expires.IsZero() {
		claims[cose.CWTClaimExpirationTime] = expires.Unix()
	}
	for _, at := range [...]time.Time{issued, expires} {
		if n := at.Unix(); !at.IsZero() && (n < 0 || n > jws.Latest) {
			return errors.New("a date is not between 1970 and 9999")
		}
	}
	return nil
}
