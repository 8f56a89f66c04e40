package sdjwt

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
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
	// Method is the DID URL of the signer's verification method; it becomes kid, and its DID becomes iss.
	Method did.URL
	// ID becomes iss beside a KeyID, or beside a Chain, where it may be empty: the certificate says who the issuer is.
	ID string
	// KeyID becomes kid of an issuer that is not a DID.
	KeyID string
	// Chain becomes x5c: the signer's certificate first, without the root.
	Chain []*x509.Certificate
}

// IssueOptions say what beside the claims goes into a credential.
type IssueOptions struct {
	// Disclosable are the claims that the holder may reveal or not, each a JSON Pointer ("/address/locality") or a DCQL path
	// (["degrees",null,"type"]); see vc.ParsePath. A claim and something in it may both be listed: the holder then reveals the
	// inner one only together with the outer one. A path that selects nothing is an error.
	Disclosable []string
	// Decoys hide how many claims a credential has.
	Decoys []Decoys

	// Holder binds the credential to the holder's DID, that is to every key that it has for authentication when the credential is
	// presented, or with a fragment to that one verification method (cnf.kid). HolderKey binds it to a key that cannot be
	// rotated (cnf.jwk). At most one may be set; with none, everybody who has a copy can present it, and few verifiers take it.
	Holder    did.URL
	HolderKey keys.PublicKey

	// IssuedAt is iat; zero means now. NotBefore and Expires are nbf and exp; zero leaves them out. All in whole seconds.
	IssuedAt  time.Time
	NotBefore time.Time
	Expires   time.Time

	// Hash is _sd_alg: "sha-256" (also if empty), "sha-384" or "sha-512".
	Hash string
	// Header holds further parameters of the protected header. Those that this package sets, those that choose a key and those that
	// change what is signed are refused.
	Header map[string]any
	// MediaType is typ; empty means "dc+sd-jwt", an SD-JWT VC, which needs vct. "vc+sd-jwt" is a credential of the W3C data model 2.0,
	// whose issuer must be the issuer here. JWTMediaType is for readers that know no other typ than "JWT"; claims vc and vp are refused
	// there. Anything else must end in "+sd-jwt".
	MediaType string
	// Serialization of the credential.
	Serialization Serialization
}

// Decoys are digests of nothing (RFC 9901, section 4.2.5).
type Decoys struct {
	In    string // path of an object or array, as in IssueOptions.Disclosable; "" is the top level
	Count int
}

// Issue makes a credential of claims, which are built of map[string]any, []any, strings, bools, nil, numbers (json.Number keeps its
// digits), []string and map[string]string. iss, iat, nbf, exp and cnf come from issuer and opt and must not be among them; vct must. No
// claim at any depth may be called _sd, _sd_alg or "...". Every salt has 128 bits from crypto/rand.
func Issue(ctx context.Context, issuer Issuer, claims map[string]any, opt *IssueOptions) (*Credential, error) {
	if opt == nil {
		opt = &IssueOptions{}
	}
	c, err := issue(ctx, issuer, claims, opt)
	if err != nil {
		return nil, fmt.Errorf("sdjwt: issue: %w", err)
	}
	return c, nil
}

func issue(ctx context.Context, issuer Issuer, claims map[string]any, opt *IssueOptions) (*Credential, error) {
	header, err := issuer.header(opt)
	if err != nil {
		return nil, err
	}
	hash, ok := sha2_256, true
	if opt.Hash != "" {
		hash, ok = hashByName(opt.Hash)
	}
	if !ok {
		return nil, fmt.Errorf("hash %.20q is not sha-256, sha-384 or sha-512", opt.Hash)
	}
	iss, err := checkClaims(issuer, claims, opt)
	if err != nil {
		return nil, err
	}
	marks, err := markAll(claims, opt)
	if err != nil {
		return nil, err
	}
	n := len(opt.Disclosable)
	e := encoder{
		hash: hash, json: make([]byte, 0, 512+64*len(claims)), disclosures: make([]byte, 0, 96*n), digests: make([][]byte, 0, n), arena: make([]byte, 0, 43*n),
	}
	e.json = append(e.json, '{')
	if err := e.registered(iss, opt); err != nil {
		return nil, err
	}
	if err := e.members(claims, marks, MaxDepth-1); err != nil {
		return nil, err
	}
	if e.count > 0 || hash != sha2_256 || opt.MediaType == JWTMediaType {
		e.name("_sd_alg")
		e.json = strictjson.AppendString(e.json, hash.String())
	}
	e.json = append(e.json, '}')
	if e.count > MaxDisclosures {
		return nil, errors.New("more than 1024 disclosures")
	}
	return e.sign(ctx, issuer.Signer, header, opt.Serialization)
}

// sign makes the issuer-signed JWT of e and puts the disclosures behind it.
func (e *encoder) sign(ctx context.Context, s keys.Signer, header []byte, form Serialization) (*Credential, error) {
	size := base64.RawURLEncoding.EncodedLen(len(header)) + base64.RawURLEncoding.EncodedLen(len(e.json)) + len(e.disclosures) + 160
	raw, err := jws.Append(ctx, make([]byte, 0, size), s, header, e.json)
	if err != nil {
		return nil, err
	}
	raw = append(raw, '~')
	raw = append(raw, e.disclosures...)
	if form != Compact {
		t, err := split(raw)
		if err != nil {
			return nil, err
		}
		t.form = form
		raw = t.appendForm(make([]byte, 0, len(raw)+256))
	}
	if len(raw) > MaxSize {
		return nil, errSize
	}
	return &Credential{document{raw: raw}}, nil
}

// header writes the protected header.
func (i Issuer) header(opt *IssueOptions) ([]byte, error) {
	typ := opt.mediaType()
	if typ == JWTMediaType {
		typ = typJWT
	} else if typ != typPlain && (!strings.HasSuffix(typ, "+sd-jwt") || typ == "+sd-jwt") {
		return nil, errors.New(`the media type does not end in "+sd-jwt"`)
	}
	p := jws.Parameters{Type: typ, Chain: i.Chain, KeyID: i.KeyID, More: opt.Header}
	if typ == W3CMediaType {
		p.ContentType = "vc"
	}
	ways := 0
	for _, set := range [...]bool{!i.Method.IsZero(), i.KeyID != "", len(i.Chain) > 0} {
		if set {
			ways++
		}
	}
	switch {
	case ways != 1:
		return nil, errors.New("an issuer has either a verification method, or a key's name, or certificates")
	case i.Method.IsZero():
	case !i.Method.IsKeyReference() || i.ID != "" && i.ID != i.Method.DID().String():
		return nil, errors.New("the verification method is not a DID of the issuer with a fragment")
	default:
		p.KeyID = i.Method.String()
	}
	for _, name := range [...]string{"disclosures", "kb_jwt"} {
		if _, ok := opt.Header[name]; ok {
			return nil, fmt.Errorf("header parameter %s is not for callers to set", name)
		}
	}
	return jws.AppendHeader(make([]byte, 0, 256), i.Signer, &p)
}

// mediaType is typ.
func (o *IssueOptions) mediaType() string {
	if o.MediaType == "" {
		return MediaType
	}
	return o.MediaType
}

// checkClaims refuses claims that come from elsewhere, and a credential without a type. It returns iss.
func checkClaims(issuer Issuer, claims map[string]any, opt *IssueOptions) (iss string, err error) {
	for _, name := range [...]string{"iss", "iat", "nbf", "exp", "cnf"} {
		if _, ok := claims[name]; ok {
			return "", fmt.Errorf("claim %s is set by the issuer and the options", name)
		}
	}
	if opt.MediaType == JWTMediaType {
		for _, name := range [...]string{"vc", "vp"} {
			if _, ok := claims[name]; ok {
				return "", fmt.Errorf("claim %s: where typ is JWT, that is a credential or presentation of package vc/jwtvc", name)
			}
		}
	}
	if err := envelope.CheckBound(opt.Holder, opt.HolderKey); err != nil {
		return "", err
	}
	iss = issuer.ID
	if !issuer.Method.IsZero() {
		iss = issuer.Method.DID().String()
	}
	switch kindOf(opt.mediaType()) {
	case ietf:
		if vct, ok := claims["vct"].(string); !ok || vct == "" {
			return "", errors.New("vct is absent, empty or not a string")
		}
	case w3c:
		if iss, err = checkW3C(claims, issuer); err != nil {
			return "", err
		}
		if !issuer.Method.IsZero() {
			iss = "" // issuer says it
		}
	}
	return iss, nil
}

// registered writes the claims that do not come from the caller's map.
func (e *encoder) registered(iss string, opt *IssueOptions) error {
	if iss != "" {
		e.name("iss")
		e.json = strictjson.AppendString(e.json, iss)
	}
	at := opt.IssuedAt
	if at.IsZero() {
		at = time.Now()
	}
	for _, d := range [...]struct {
		name string
		at   time.Time
	}{{"iat", at}, {"nbf", opt.NotBefore}, {"exp", opt.Expires}} {
		if d.at.IsZero() {
			continue
		}
		n := d.at.Unix()
		if n < 0 || n > jws.Latest {
			return fmt.Errorf("%s is not between 1970 and 9999", d.name)
		}
		e.name(d.name)
		e.json = strconv.AppendInt(e.json, n, 10)
	}
	switch {
	case !opt.Holder.IsZero():
		e.name("cnf")
		e.json = strictjson.AppendString(append(e.json, `{"kid":`...), opt.Holder.String())
		e.json = append(e.json, '}')
	case !opt.HolderKey.IsZero():
		e.name("cnf")
		e.json = append(append(append(e.json, `{"jwk":`...), opt.HolderKey.JWK()...), '}')
	}
	return nil
}
