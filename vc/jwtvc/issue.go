package jwtvc

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
	"github.com/realdid/realdid/vc/vcdm"
)

// Issuer is who signs: a DID, by Method; the subject of a certificate, by Chain; or somebody whose key verifiers hold, by KeyID.
type Issuer struct {
	Signer keys.Signer
	// Method is the DID URL of the signer's verification method; it becomes kid, and its DID must be the credential's issuer.
	Method did.URL
	// KeyID becomes kid of an issuer that is not a DID.
	KeyID string
	// Chain becomes x5c: the signer's certificate first, without the root.
	Chain []*x509.Certificate
}

// IssueOptions say what beside the credential goes into the token.
type IssueOptions struct {
	// IssuedAt is iat, in whole seconds; zero means now. Some readers, Aries among them, take it for issuanceDate: issue for them at the time
	// that issuanceDate says.
	IssuedAt time.Time
}

// Issue signs a credential of the data model 1.1, which is built of map[string]any, []any, strings, bools, nil, numbers (json.Number keeps
// its digits), []string and map[string]string. What claims stand for is in both places: iss, nbf, jti, sub and exp, and the
// credential's members. Faults of the data model are a *vc.Fault with a code of vcdm. A member called _sd, _sd_alg or "...", at any depth, is
// refused: readers take it for that of an SD-JWT. So is what readers would refuse: a token over MaxSize, a payload that is nested more deeply
// than MaxDepth or has more than 65,536 values, and dates that are not between 1970 and 9999.
func Issue(ctx context.Context, issuer Issuer, credential map[string]any, opt *IssueOptions) (*Credential, error) {
	b, err := strictjson.Canonical(credential)
	if err != nil {
		return nil, fmt.Errorf("jwtvc: issue: %w", err)
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
		return nil, fmt.Errorf("jwtvc: issue: %w", err)
	}
	return newCredential(raw), nil
}

func issue(ctx context.Context, issuer Issuer, credential []byte, opt *IssueOptions) ([]byte, error) {
	v, err := strictjson.Parse(credential, limits)
	if err != nil {
		return nil, err
	}
	if hasDigests(v) {
		return nil, errDigests()
	}
	c, err := vcdm.ParseCredential(v)
	if err != nil {
		return nil, err
	}
	if c.Version != vcdm.V1 {
		return nil, errors.New("the credential is not one of the data model 1.1: package vc/jose is for the others")
	}
	kid, _, err := (*envelope.Issuer)(&issuer).Names(c.Issuer)
	if err != nil {
		return nil, err
	}
	claims := map[string]any{"iss": c.Issuer}
	issued := opt.IssuedAt
	if issued.IsZero() {
		issued = time.Now()
	}
	claims["iat"] = issued.Unix()
	for name, member := range map[string]string{"nbf": memberIssued, "exp": memberExpires} {
		if m, ok := v.Get(member); ok {
			s, _ := m.Str()
			t, err := time.Parse(time.RFC3339, s)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", member, err)
			}
			claims[name] = t.Unix()
		}
	}
	if c.ID != "" {
		claims["jti"] = c.ID
	}
	if len(c.Subjects) == 1 && c.Subjects[0].ID != "" {
		claims["sub"] = c.Subjects[0].ID
	}
	return sign(ctx, issuer.Signer, &jws.Parameters{KeyID: kid, Chain: issuer.Chain}, claims, "vc", strictjson.AppendJSON(nil, v))
}

// sign writes claims, with value behind them as held, and signs. It returns nothing that would be refused for its dates or by the limits.
func sign(ctx context.Context, s keys.Signer, p *jws.Parameters, claims map[string]any, held string, value []byte) ([]byte, error) {
	for _, name := range [...]string{"iat", "nbf", "exp"} {
		if n, ok := claims[name].(int64); ok && (n < 0 || n > jws.Latest) {
			return nil, fmt.Errorf("%s is not between 1970 and 9999", name)
		}
	}
	b, err := strictjson.Canonical(claims)
	if err != nil {
		return nil, err
	}
	b = append(b[:len(b)-1], `,"`+held+`":`...)
	b = append(append(b, value...), '}')
	if _, err := strictjson.Parse(b, limits); err != nil {
		return nil, err
	}
	p.Type = "JWT"
	raw, err := jws.Sign(ctx, s, p, b)
	if err != nil {
		return nil, err
	}
	if len(raw) > MaxSize {
		return nil, jws.ErrSize
	}
	return raw, nil
}

// ErrHolder says that the credential is not bound to the key that should sign, or to any.
var ErrHolder = errors.New("jwtvc: not the holder's key")

// PresentOptions say to whom a presentation is made.
type PresentOptions struct {
	// Audience and Nonce are the verifier's; both are required with a holder's key, and must be empty without.
	Audience string
	Nonce    string
	// Method is the DID URL of the holder's key; it becomes kid, and its DID iss and holder. It is required if the credential is bound
	// to a DID, and must be the bound key if it is bound to that.
	Method did.URL
	// IssuedAt is when the holder signs, between 1970 and 9999; zero means now.
	IssuedAt time.Time
}

// Present makes a presentation of c, signed by holder. Without a holder it is c as it stands.
func (c *Credential) Present(ctx context.Context, holder keys.Signer, opt *PresentOptions) (*Presentation, error) {
	if opt == nil {
		opt = &PresentOptions{}
	}
	raw, err := c.present(ctx, holder, opt)
	if err != nil {
		return nil, fmt.Errorf("jwtvc: present: %w", err)
	}
	return Received(raw), nil
}

func (c *Credential) present(ctx context.Context, holder keys.Signer, opt *PresentOptions) ([]byte, error) {
	if holder == nil {
		if opt.Audience != "" || opt.Nonce != "" {
			return nil, errors.New("an audience or a nonce without a holder's key to sign them")
		}
		return c.raw, nil
	}
	if opt.Audience == "" || opt.Nonce == "" {
		return nil, errors.New("a holder's key signs for one audience and one nonce")
	}
	detail, err := c.checkHolder(holder.Public(), opt)
	if err != nil {
		return nil, err
	}
	if detail != "" {
		return nil, fmt.Errorf("%w: %s", ErrHolder, detail)
	}
	at := opt.IssuedAt
	if at.IsZero() {
		at = time.Now()
	}
	claims := map[string]any{"aud": opt.Audience, "nonce": opt.Nonce, "iat": at.Unix()}
	vp := map[string]any{
		"@context": []string{vcdm.ContextV1}, "type": []string{"VerifiablePresentation"}, "verifiableCredential": []string{string(c.raw)},
	}
	p := &jws.Parameters{}
	if !opt.Method.IsZero() {
		p.KeyID = opt.Method.String()
		claims["iss"], vp["holder"] = opt.Method.DID().String(), opt.Method.DID().String()
	}
	value, err := strictjson.Canonical(vp)
	if err != nil {
		return nil, err
	}
	return sign(ctx, holder, p, claims, "vp", value)
}
