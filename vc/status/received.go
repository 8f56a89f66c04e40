package status

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/keys/jws"
	"github.com/realdid/realdid/vc"
)

// Limits bound what is read of a list. Zero values mean the defaults.
type Limits struct {
	Document int // bytes of the whole, signed and encoded; DefaultMaxDocument
	Bytes    int // bytes of the array that it inflates to; DefaultMaxBytes
}

// DefaultMaxDocument is how large a list may be as it is sent: room for an array of DefaultMaxBytes that does not compress at all.
const DefaultMaxDocument = 8 << 20

func (l *Limits) withDefaults() Limits {
	out := Limits{Document: DefaultMaxDocument, Bytes: DefaultMaxBytes}
	if l != nil && l.Document > 0 {
		out.Document = l.Document
	}
	if l != nil && l.Bytes > 0 {
		out.Bytes = l.Bytes
	}
	return out
}

// Token is a received Token Status List in a JWT. It is not verified; a vc.Verifier does that, with a policy that has TokenMediaType
// among its media types, InsecureAnyType and InsecureNoHolderBinding. [Lists] does all of it.
type Token struct {
	raw    []byte
	limits Limits
	once   sync.Once
	parsed *parsedToken
	err    error
}

// ReceivedToken returns a Token of received bytes, which it copies. They are parsed when a Verifier opens it. lim may be nil.
func ReceivedToken(b []byte, lim *Limits) *Token {
	return &Token{raw: bytes.Clone(b), limits: lim.withDefaults()}
}

// Bytes returns the token as received: do not change it.
func (t *Token) Bytes() []byte { return t.raw }

// Open implements vc.Presentation. Its result has a method TokenList.
func (t *Token) Open() (vc.Parsed, error) {
	t.once.Do(func() { t.parsed, t.err = parseToken(t.raw, t.limits) })
	if t.err != nil {
		return nil, t.err
	}
	return t.parsed, nil
}

// UnverifiedList returns the list, whoever signed it: for tools that show it, and nothing may rest on it. Errors are a *vc.Fault.
func (t *Token) UnverifiedList() (*TokenList, error) {
	if _, err := t.Open(); err != nil {
		return nil, err
	}
	return t.parsed.TokenList()
}

// String tells the size and no content.
func (t *Token) String() string { return fmt.Sprintf("status.Token(%d bytes)", len(t.raw)) }

// parsedToken is a Token taken apart; the array is inflated only when the signature was found valid.
type parsedToken struct {
	token    *jws.Token
	body     strictjson.Value
	chain    [][]byte
	issuer   string
	issuedAt time.Time
	limits   Limits
	once     sync.Once
	list     *TokenList
	err      error
}

func parseToken(b []byte, lim Limits) (*parsedToken, error) {
	t, err := jws.Parse(b, &jws.Options{MaxSize: lim.Document})
	if err != nil {
		return nil, headerFault(err)
	}
	p := &parsedToken{token: t, limits: lim}
	if t.Header.Type != TokenMediaType {
		return nil, vc.Invalid("status.token.typ", "typ is not statuslist+jwt")
	}
	if p.chain, err = t.Header.Chain(); err != nil {
		return nil, headerFault(err)
	}
	if p.body, err = strictjson.Parse(t.Payload, strictjson.Limits{Bytes: lim.Document}); err != nil {
		return nil, vc.InvalidBecause("status.token.json", err)
	}
	if p.body.Kind() != strictjson.Object {
		return nil, vc.Invalid("status.token.json", "the payload is not an object")
	}
	if p.issuer, err = p.text("iss", false); err != nil {
		return nil, err
	}
	if p.issuedAt, err = p.date("iat", true); err != nil {
		return nil, err
	}
	return p, nil
}

func headerFault(err error) error {
	switch {
	case errors.Is(err, jws.ErrSize):
		return vc.InvalidBecause("status.token.size", err)
	case errors.Is(err, jws.ErrSyntax), errors.Is(err, jws.ErrBase64):
		return vc.InvalidBecause("status.token.syntax", err)
	case errors.Is(err, jws.ErrAlgorithm):
		return vc.InvalidBecause("status.token.alg", err)
	case errors.Is(err, jws.ErrType):
		return vc.InvalidBecause("status.token.typ", err)
	}
	return vc.InvalidBecause("status.token.header", err)
}

func claimFault(what string) error { return vc.Invalid("status.token.claims", what) }

func (p *parsedToken) text(name string, required bool) (string, error) {
	m, ok := p.body.Get(name)
	if !ok && !required {
		return "", nil
	}
	s, ok := m.Str()
	if !ok || s == "" {
		return "", claimFault(name + " is not a string, or is empty")
	}
	return s, nil
}

func (p *parsedToken) date(name string, required bool) (time.Time, error) {
	m, found := p.body.Get(name)
	t, ok := jws.NumericDate(m)
	if !ok || required && !found {
		return t, claimFault(name + " is not an integer number of seconds since 1970")
	}
	return t, nil
}

// MediaType implements vc.Parsed.
func (p *parsedToken) MediaType() string { return TokenMediaType }

// Origin implements vc.Parsed. A token need not have iss: the DID whose key is named is the issuer then.
func (p *parsedToken) Origin() vc.Origin {
	o := vc.Origin{Issuer: p.issuer, KeyID: p.token.Header.KeyID, Chain: p.chain, Algorithm: p.token.Header.Algorithm, IssuedAt: p.issuedAt}
	if o.Issuer == "" && len(o.Chain) == 0 {
		if u, err := did.ParseURL(o.KeyID); err == nil && u.IsKeyReference() {
			o.Issuer = u.DID().String()
		}
	}
	return o
}

// CheckSignature implements vc.Parsed.
func (p *parsedToken) CheckSignature(key keys.PublicKey) error {
	if err := p.token.Verify(key); err != nil {
		return vc.InvalidBecause("vc.signature.invalid", err)
	}
	return nil
}

// Disclose implements vc.Parsed.
func (p *parsedToken) Disclose() (vc.Disclosed, error) {
	l, err := p.TokenList()
	if err != nil {
		return vc.Disclosed{}, err
	}
	return vc.Disclosed{
		IssuedAt: l.IssuedAt, NotBefore: l.NotBefore, Expires: l.Expires,
		Claims: func() map[string]any { m, _ := p.body.Interface().(map[string]any); return m },
	}, nil
}

// Binding implements vc.Parsed: a list has no holder.
func (p *parsedToken) Binding() vc.Binding { return vc.Binding{} }

// CheckBinding implements vc.Parsed.
func (p *parsedToken) CheckBinding(keys.PublicKey) error {
	return vc.Invalid("vc.holder.missing", "a status list has no holder")
}

// TokenList returns the list that the token holds.
func (p *parsedToken) TokenList() (*TokenList, error) {
	p.once.Do(func() { p.list, p.err = p.readList() })
	return p.list, p.err
}

func (p *parsedToken) readList() (l *TokenList, err error) {
	l = &TokenList{Issuer: p.issuer, IssuedAt: p.issuedAt}
	if l.URI, err = p.text("sub", true); err != nil {
		return nil, err
	}
	if l.Expires, err = p.date("exp", false); err != nil {
		return nil, err
	}
	if l.NotBefore, err = p.date("nbf", false); err != nil {
		return nil, err
	}
	if m, ok := p.body.Get("ttl"); ok {
		if l.TTL, ok = seconds(m); !ok {
			return nil, claimFault("ttl is not a positive integer")
		}
	}
	list, _ := p.body.Get("status_list")
	if list.Kind() != strictjson.Object {
		return nil, claimFault("status_list is not an object")
	}
	if m, ok := list.Get("aggregation_uri"); ok {
		if l.AggregationURI, ok = m.Str(); !ok || !isURI(l.AggregationURI) {
			return nil, claimFault("aggregation_uri is not a URI")
		}
	}
	bits, _ := list.Get("bits")
	size, ok := bits.Int64()
	if !ok || !tokenSize(size) {
		return nil, claimFault("bits is not 1, 2, 4 or 8")
	}
	lst, _ := list.Get("lst")
	s, ok := lst.Str()
	if !ok {
		return nil, claimFault("lst is not a string")
	}
	if l.Bits, err = inflateText(s, int(size), p.limits.Bytes); err != nil {
		return nil, err
	}
	return l, nil
}

func tokenSize(n int64) bool { return n == 1 || n == 2 || n == 4 || n == 8 }

// seconds reads ttl. One that is longer than a century means a century.
func seconds(v strictjson.Value) (time.Duration, bool) {
	n, ok := v.Int64()
	const century = 100 * 366 * 24 * 60 * 60
	return time.Duration(min(n, century)) * time.Second, ok && n > 0
}

func inflateText(s string, size, limit int) (*Bits, error) {
	b, err := decodeBase64(s)
	if err != nil {
		return nil, vc.InvalidBecause("status.token.compressed", err)
	}
	bits, err := InflateTokenList(b, size, limit)
	return bits, compressionFault(err)
}

func compressionFault(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrTooLarge):
		return vc.InvalidBecause("status.token.limit", err)
	}
	return vc.InvalidBecause("status.token.compressed", err)
}

// tokenType returns the typ of a JWT without "application/"; "" if it cannot be read.
func tokenType(b []byte) string {
	dot := bytes.IndexByte(b, '.')
	if dot < 0 || dot > jws.MaxHeaderSize {
		return ""
	}
	d := jws.NewDecoder(dot)
	header, err := d.Decode(b[:dot])
	if err != nil {
		return ""
	}
	h, err := jws.ParseHeader(header)
	if err != nil {
		return ""
	}
	return strings.TrimPrefix(h.Type, "application/")
}
