package cwt

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/fxamacker/cbor/v2"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/keys/jws"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/status"
)

// Token is a received Token Status List in a CWT. It is not verified; status.Lists or a vc.Verifier does that.
type Token struct {
	raw    []byte
	limits status.Limits
	once   sync.Once
	parsed *parsed
	err    error
}

// Received returns a Token of received bytes, which it copies. They are parsed when a Verifier opens it. lim may be nil.
func Received(b []byte, lim *status.Limits) *Token {
	t := &Token{raw: bytes.Clone(b), limits: status.Limits{Document: status.DefaultMaxDocument, Bytes: status.DefaultMaxBytes}}
	if lim != nil && lim.Document > 0 {
		t.limits.Document = lim.Document
	}
	if lim != nil && lim.Bytes > 0 {
		t.limits.Bytes = lim.Bytes
	}
	return t
}

// Bytes returns the token as received: do not change it.
func (t *Token) Bytes() []byte { return t.raw }

// Open implements vc.Presentation. Its result is a status.TokenCarrier.
func (t *Token) Open() (vc.Parsed, error) {
	t.once.Do(func() { t.parsed, t.err = parse(t.raw, t.limits) })
	if t.err != nil {
		return nil, t.err
	}
	return t.parsed, nil
}

// UnverifiedList returns the list, whoever signed it: for tools that show it, and nothing may rest on it. Errors are a *vc.Fault.
func (t *Token) UnverifiedList() (*status.TokenList, error) {
	if _, err := t.Open(); err != nil {
		return nil, err
	}
	return t.parsed.TokenList()
}

// String tells the size and no content.
func (t *Token) String() string { return fmt.Sprintf("cwt.Token(%d bytes)", len(t.raw)) }

var strict = func() cbor.DecMode {
	m, err := cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden, TagsMd: cbor.TagsForbidden, UTF8: cbor.UTF8RejectInvalid,
		IntDec: cbor.IntDecConvertSignedOrFail, MaxNestedLevels: 8, MaxArrayElements: 1024, MaxMapPairs: 1024,
	}.DecMode()
	if err != nil {
		panic("cwt: cbor options: " + err.Error())
	}
	return m
}()

// parsed is a Token taken apart; the array is inflated only when the signature was found valid.
type parsed struct {
	message   sign1
	algorithm keys.Algorithm
	keyID     string
	chain     [][]byte
	claims    map[any]any
	issuer    string
	issuedAt  time.Time
	limits    status.Limits
	once      sync.Once
	list      *status.TokenList
	err       error
}

func syntaxFault(what string) error { return vc.Invalid("status.token.syntax", what) }

func claimFault(what string) error { return vc.Invalid("status.token.claims", what) }

func parse(b []byte, lim status.Limits) (*parsed, error) {
	if len(b) > lim.Document {
		return nil, vc.Invalid("status.token.size", "larger than the limit")
	}
	if len(b) == 0 || b[0] != tagSign1 {
		return nil, syntaxFault("not a tagged COSE_Sign1")
	}
	p := &parsed{limits: lim}
	if err := strict.Unmarshal(b[1:], &p.message); err != nil {
		return nil, syntaxFault("not one COSE_Sign1 of four elements and nothing else")
	}
	if p.message.Unprotected == nil || len(p.message.Payload) == 0 {
		return nil, syntaxFault("no unprotected header, or a payload that is detached")
	}
	if err := p.readHeaders(); err != nil {
		return nil, err
	}
	err := strict.Unmarshal(p.message.Payload, &p.claims)
	if err != nil || p.claims == nil {
		return nil, claimFault("the payload is not a map without duplicate keys")
	}
	if p.issuer, err = p.text(claimIss, false); err != nil {
		return nil, err
	}
	if p.issuedAt, err = p.date(claimIat, true); err != nil {
		return nil, err
	}
	return p, nil
}

func headerFault(what string) error { return vc.Invalid("status.token.header", what) }

func (p *parsed) readHeaders() error {
	var protected map[any]any
	if err := strict.Unmarshal(p.message.Protected, &protected); err != nil || protected == nil {
		return headerFault("the protected header is not a map without duplicate keys")
	}
	loose := p.message.Unprotected
	for label := range loose {
		if _, both := protected[label]; both {
			return headerFault("a parameter stands in both headers")
		}
	}
	for _, label := range [...]int64{labelAlg, labelCrit, labelTyp} {
		if _, ok := loose[label]; ok {
			return headerFault("a parameter that must be signed stands in the unprotected header")
		}
	}
	if _, ok := protected[int64(labelCrit)]; ok {
		return headerFault("crit names parameters that must be understood, and none is")
	}
	alg, _ := protected[int64(labelAlg)].(int64)
	if p.algorithm = algorithm(alg); p.algorithm == 0 {
		return vc.Invalid("status.token.alg", "alg is absent or not one of ES256, ES384, ES256K, EdDSA")
	}
	if t, _ := protected[int64(labelTyp)].(string); t != typ {
		return vc.Invalid("status.token.typ", "the type is not "+typ)
	}
	either := func(label int64) any {
		if v, ok := protected[label]; ok {
			return v
		}
		return loose[label]
	}
	switch kid := either(labelKid).(type) {
	case nil:
	case []byte:
		if utf8.Valid(kid) {
			p.keyID = string(kid)
		}
	default:
		return headerFault("kid is not a byte string")
	}
	return p.readChain(either(labelX5Chain))
}

// readChain reads x5chain (RFC 9360, section 2): one certificate, or a list of them.
func (p *parsed) readChain(v any) error {
	switch v := v.(type) {
	case nil:
		return nil
	case []byte:
		p.chain = [][]byte{v}
		return nil
	case []any:
		for _, e := range v {
			der, ok := e.([]byte)
			if !ok {
				return headerFault("x5chain is not made of certificates")
			}
			p.chain = append(p.chain, der)
		}
	}
	if len(p.chain) == 0 {
		return headerFault("x5chain is not made of certificates")
	}
	return nil
}

// algorithm returns what an identifier in "COSE Algorithms" stands for; those of RFC 9864 say the curve as well. 0 is refused.
func algorithm(id int64) keys.Algorithm {
	switch id {
	case -7, -9:
		return keys.P256
	case -35, -51:
		return keys.P384
	case -47:
		return keys.Secp256k1
	case -8, -19:
		return keys.Ed25519
	}
	return 0
}

func (p *parsed) text(claim int64, required bool) (string, error) {
	v, ok := p.claims[claim]
	if !ok && !required {
		return "", nil
	}
	s, ok := v.(string)
	if !ok || s == "" {
		return "", claimFault(fmt.Sprintf("claim %d is not a text, or is empty", claim))
	}
	return s, nil
}

func (p *parsed) date(claim int64, required bool) (time.Time, error) {
	v, ok := p.claims[claim]
	if !ok && !required {
		return time.Time{}, nil
	}
	n, ok := v.(int64)
	if !ok || n < 0 || n > jws.Latest {
		return time.Time{}, claimFault(fmt.Sprintf("claim %d is not an integer number of seconds since 1970", claim))
	}
	return time.Unix(n, 0).UTC(), nil
}

// MediaType implements vc.Parsed.
func (p *parsed) MediaType() string { return status.CWTMediaType }

// Origin implements vc.Parsed. A token need not have an issuer: the DID whose key is named is the issuer then.
func (p *parsed) Origin() vc.Origin {
	o := vc.Origin{Issuer: p.issuer, KeyID: p.keyID, Chain: p.chain, Algorithm: p.algorithm, IssuedAt: p.issuedAt}
	if o.Issuer == "" && len(o.Chain) == 0 {
		if u, err := did.ParseURL(o.KeyID); err == nil && u.IsKeyReference() {
			o.Issuer = u.DID().String()
		}
	}
	return o
}

// CheckSignature implements vc.Parsed.
func (p *parsed) CheckSignature(key keys.PublicKey) error {
	tbs, err := toBeSigned(p.message.Protected, p.message.Payload)
	if err == nil && key.Algorithm() != p.algorithm {
		err = errors.New("alg is not that of the key")
	}
	if err == nil {
		err = key.Verify(tbs, p.message.Signature)
	}
	if err != nil {
		return vc.InvalidBecause("vc.signature.invalid", err)
	}
	return nil
}

// Disclose implements vc.Parsed. It has no claims: they have no names in JSON.
func (p *parsed) Disclose() (vc.Disclosed, error) {
	l, err := p.TokenList()
	if err != nil {
		return vc.Disclosed{}, err
	}
	return vc.Disclosed{
		IssuedAt: l.IssuedAt, NotBefore: l.NotBefore, Expires: l.Expires, Claims: func() map[string]any { return map[string]any{} },
	}, nil
}

// Binding implements vc.Parsed: a list has no holder.
func (p *parsed) Binding() vc.Binding { return vc.Binding{} }

// CheckBinding implements vc.Parsed.
func (p *parsed) CheckBinding(keys.PublicKey) error {
	return vc.Invalid("vc.holder.missing", "a status list has no holder")
}

// TokenList returns the list that the token holds.
func (p *parsed) TokenList() (*status.TokenList, error) {
	p.once.Do(func() { p.list, p.err = p.readList() })
	return p.list, p.err
}

func (p *parsed) readList() (l *status.TokenList, err error) {
	l = &status.TokenList{Issuer: p.issuer, IssuedAt: p.issuedAt}
	if l.URI, err = p.text(claimSub, true); err != nil {
		return nil, err
	}
	if l.Expires, err = p.date(claimExp, false); err != nil {
		return nil, err
	}
	if l.NotBefore, err = p.date(claimNbf, false); err != nil {
		return nil, err
	}
	if v, ok := p.claims[int64(claimTTL)]; ok {
		n, ok := v.(int64)
		if !ok || n <= 0 {
			return nil, claimFault("ttl is not a positive integer")
		}
		const century = 100 * 366 * 24 * 60 * 60
		l.TTL = time.Duration(min(n, century)) * time.Second
	}
	list, ok := p.claims[int64(claimStatusList)].(map[any]any)
	if !ok {
		return nil, claimFault("status_list is not a map")
	}
	if v, has := list["aggregation_uri"]; has {
		if l.AggregationURI, ok = v.(string); !ok || l.AggregationURI == "" {
			return nil, claimFault("aggregation_uri is not a text")
		}
	}
	size, _ := list["bits"].(int64)
	if size != 1 && size != 2 && size != 4 && size != 8 {
		return nil, claimFault("bits is not 1, 2, 4 or 8")
	}
	lst, ok := list["lst"].([]byte)
	if !ok {
		return nil, claimFault("lst is not a byte string")
	}
	l.Bits, err = status.InflateTokenList(lst, int(size), p.limits.Bytes)
	switch {
	case errors.Is(err, status.ErrTooLarge):
		return nil, vc.InvalidBecause("status.token.limit", err)
	case err != nil:
		return nil, vc.InvalidBecause("status.token.compressed", err)
	}
	return l, nil
}
