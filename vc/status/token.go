package status

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/keys/jws"
)

// What this package follows.
const (
	TokenDraft       = "draft-ietf-oauth-status-list-20"
	BitstringVersion = "1.0" // W3C Recommendation of 2025-05-15

	// TokenMediaType is the typ of a Token Status List as a JWT, and its media type without "application/".
	TokenMediaType = "statuslist+jwt"
)

// TokenList is a Token Status List: what is signed, or what was read (draft-20, sections 4 and 5).
type TokenList struct {
	URI       string    // sub: what status_list.uri of every credential says
	Issuer    string    // iss; "" if it is not stated. IssueToken writes the DID of the signer's method, if there is one
	IssuedAt  time.Time // iat, in whole seconds like the other times; zero means now when it is signed
	NotBefore time.Time // nbf; zero leaves it out
	Expires   time.Time // exp: after that the list must not be relied on; zero leaves it out, which is not recommended
	// TTL is for how long a copy may be kept before a newer one should be asked for, in whole seconds; zero leaves it out.
	TTL time.Duration
	// AggregationURI is where the URIs of all lists of this issuer stand; "" leaves it out. See [ParseAggregation].
	AggregationURI string
	Bits           *Bits // LeastSignificantFirst
}

// Issuer is who signs a Token Status List: a DID, by Method, or the subject of a certificate, by Chain. The key may be another
// one than signs the credentials.
type Issuer struct {
	Signer keys.Signer
	Method did.URL             // the signer's verification method; it becomes kid, and its DID iss
	Chain  []*x509.Certificate // x5c: the signer's certificate first, without the root
}

var (
	errMethod = errors.New("the issuer has neither a verification method nor a certificate, or both")
	errList   = errors.New("no entries, or entries with the most significant bit first")
	errTTL    = errors.New("ttl is not a positive number of whole seconds")
	errTimes  = errors.New("the list ends before it begins, or a time is outside the years 1970 to 9999")
	errURI    = errors.New("the list has no absolute URI")
)

// IssueToken signs l as a JWT of type statuslist+jwt.
func IssueToken(ctx context.Context, issuer Issuer, l *TokenList) ([]byte, error) {
	b, err := issueToken(ctx, issuer, l)
	if err != nil {
		return nil, fmt.Errorf("status: issue token: %w", err)
	}
	return b, nil
}

func issueToken(ctx context.Context, issuer Issuer, l *TokenList) ([]byte, error) {
	if issuer.Method.IsZero() == (len(issuer.Chain) == 0) || !issuer.Method.IsZero() && !issuer.Method.IsKeyReference() {
		return nil, errMethod
	}
	claims, err := l.Prepare(issuer.Method)
	if err != nil {
		return nil, err
	}
	lst, err := DeflateTokenList(claims.Bits)
	if err != nil {
		return nil, err
	}
	p := &jws.Parameters{Type: TokenMediaType, KeyID: issuer.Method.String(), Chain: issuer.Chain}
	return jws.Sign(ctx, issuer.Signer, p, claims.appendJSON(make([]byte, 0, len(lst)*4/3+512), lst))
}

// Prepare checks what is to be signed by a verification method (zero for a certificate) and returns a copy with issuer and times filled
// in. It is for those that sign in another form.
func (l *TokenList) Prepare(method did.URL) (*TokenList, error) {
	if l == nil || l.Bits == nil || l.Bits.Order() != LeastSignificantFirst || l.Bits.Len() == 0 {
		return nil, errList
	}
	c := *l
	if c.IssuedAt.IsZero() {
		c.IssuedAt = time.Now()
	}
	if !method.IsZero() {
		if id := method.DID().String(); c.Issuer == "" {
			c.Issuer = id
		} else if c.Issuer != id {
			return nil, errMethod
		}
	}
	for _, t := range []*time.Time{&c.IssuedAt, &c.NotBefore, &c.Expires} {
		if t.IsZero() {
			continue
		}
		if *t = t.UTC().Truncate(time.Second); t.Unix() < 0 || t.Unix() > jws.Latest {
			return nil, errTimes
		}
	}
	switch {
	case !isURI(c.URI) || c.AggregationURI != "" && !isURI(c.AggregationURI):
		return nil, errURI
	case c.TTL < 0 || c.TTL%time.Second != 0:
		return nil, errTTL
	case !c.Expires.IsZero() && (!c.Expires.After(c.IssuedAt) || !c.Expires.After(c.NotBefore)):
		return nil, errTimes
	}
	return &c, nil
}

func (l *TokenList) appendJSON(dst, lst []byte) []byte {
	text := func(name, value string) {
		if value != "" {
			dst = strictjson.AppendString(append(dst, name...), value)
		}
	}
	number := func(name string, n int64) { dst = strconv.AppendInt(append(dst, name...), n, 10) }
	text(`{"sub":`, l.URI)
	text(`,"iss":`, l.Issuer)
	number(`,"iat":`, l.IssuedAt.Unix())
	if !l.NotBefore.IsZero() {
		number(`,"nbf":`, l.NotBefore.Unix())
	}
	if !l.Expires.IsZero() {
		number(`,"exp":`, l.Expires.Unix())
	}
	if l.TTL > 0 {
		number(`,"ttl":`, int64(l.TTL/time.Second))
	}
	number(`,"status_list":{"bits":`, int64(l.Bits.Size()))
	text(`,"aggregation_uri":`, l.AggregationURI)
	dst = append(dst, `,"lst":"`...)
	dst = base64.RawURLEncoding.AppendEncode(dst, lst)
	return append(dst, `"}}`...)
}

// isURI reports whether s is an absolute URI of at most MaxURI bytes.
func isURI(s string) bool {
	if len(s) == 0 || len(s) > MaxURI {
		return false
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return false
		}
	}
	u, err := url.Parse(s)
	return err == nil && u.IsAbs() && (u.Host != "" || u.Opaque != "" || u.Path != "")
}

// MaxURI is the length of the longest URI of a list that is read or written.
const MaxURI = 2048
