package jose

import (
	"context"
	"crypto/x509"
	"fmt"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/keys/jws"
	"github.com/realdid/realdid/vc/internal/envelope"
)

// Issuer is who signs: a DID, by Method; the subject of a certificate, by Chain; or somebody whose key verifiers hold, by KeyID.
type Issuer struct {
	Signer keys.Signer
	// Method is the DID URL of the signer's verification method; it becomes kid, and its DID must be the credential's issuer.
	Method did.URL
	// KeyID becomes kid of an issuer that is not a DID; iss then repeats the issuer.
	KeyID string
	// Chain becomes x5c: the signer's certificate first, without the root.
	Chain []*x509.Certificate
}

// IssueOptions say what beside the credential goes into the token.
type IssueOptions struct {
	// Holder binds the credential to a DID, or with a fragment to that one verification method (cnf.kid). HolderKey binds it to a key
	// that cannot be rotated (cnf.jwk). At most one may be set. With none, the credential's subject is its holder, if there is one
	// and its id is a DID.
	Holder    did.URL
	HolderKey keys.PublicKey

	// IssuedAt is iat; zero means now. Expires is exp, the end of the signature's validity; zero leaves it out. Both in whole seconds,
	// and beside validFrom and validUntil, which stand in the credential.
	IssuedAt time.Time
	Expires  time.Time

	// Header holds further parameters of the protected header. Those that this package sets, those that choose a key and those
	// that change what is signed are refused.
	Header map[string]any
}

// Issue signs a credential of the data model 2.0, which is built of map[string]any, []any, strings, bools, nil, numbers
// (json.Number keeps its digits), []string and map[string]string. Registered claims (iss, sub, aud, exp, nbf, iat, jti, cnf, vc, vp)
// must not be among its members. Faults of the data model are a *vc.Fault with a code of vcdm.
func Issue(ctx context.Context, issuer Issuer, credential map[string]any, opt *IssueOptions) (*Credential, error) {
	b, err := strictjson.Canonical(credential)
	if err != nil {
		return nil, fmt.Errorf("jose: issue: %w", err)
	}
	return IssueJSON(ctx, issuer, b, opt)
}

// IssueJSON is [Issue] for a credential as JSON; its members keep their order.
func IssueJSON(ctx context.Context, issuer Issuer, credential []byte, opt *IssueOptions) (*Credential, error) {
	if opt == nil {
		opt = &IssueOptions{}
	}
	raw, err := issue(ctx, issuer, credential, opt)
	if err != nil {
		return nil, fmt.Errorf("jose: issue: %w", err)
	}
	return newCredential(raw), nil
}

func issue(ctx context.Context, issuer Issuer, credential []byte, opt *IssueOptions) ([]byte, error) {
	v, cred, err := format.UnsignedCredential(credential)
	if err != nil {
		return nil, err
	}
	kid, iss, err := (*envelope.Issuer)(&issuer).Names(cred.Issuer)
	if err != nil {
		return nil, err
	}
	w, err := envelope.NewWriter(v)
	if err != nil {
		return nil, err
	}
	w.Text("iss", iss)
	if err := w.Dates(opt.IssuedAt, opt.Expires); err != nil {
		return nil, err
	}
	if err := w.Confirmation(opt.Holder, opt.HolderKey); err != nil {
		return nil, err
	}
	return sign(ctx, issuer.Signer, &jws.Parameters{
		Type: MediaType, ContentType: "vc", KeyID: kid, Chain: issuer.Chain, More: opt.Header,
	}, w.Bytes())
}

func sign(ctx context.Context, s keys.Signer, p *jws.Parameters, payload []byte) ([]byte, error) {
	raw, err := jws.Sign(ctx, s, p, payload)
	if err != nil {
		return nil, err
	}
	if len(raw) > MaxSize {
		return nil, jws.ErrSize
	}
	return raw, nil
}
