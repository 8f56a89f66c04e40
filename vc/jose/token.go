package jose

import (
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/keys/jws"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/internal/envelope"
)

// token is a parsed vc+jwt or vp+jwt. It implements envelope.Token.
type token struct {
	*jws.Token
	chain [][]byte
}

// parseToken reads a compact JWS.
func parseToken(b []byte) (envelope.Token, error) {
	signed, err := jws.Parse(b, &jws.Options{MaxSize: MaxSize})
	if err != nil {
		return nil, jwsFault(err)
	}
	t := &token{Token: signed}
	if t.chain, err = t.Header.Chain(); err != nil {
		return nil, jwsFault(err)
	}
	return t, nil
}

// IsPresentation goes by typ.
func (t *token) IsPresentation() bool { return t.Header.Type == PresentationMediaType }

// Read wants a typ and, if it is there, a cty.
func (t *token) Read(presentation bool, c *envelope.Content) (err error) {
	typ, cty := MediaType, "vc"
	if presentation {
		typ, cty = PresentationMediaType, "vp"
	}
	if t.Header.Type != typ {
		return vc.Invalid("jose.header.typ", "typ is not "+typ)
	}
	if t.Header.Has("cty") && t.Header.ContentType != cty {
		return vc.Invalid("jose.header.cty", "cty is not "+cty)
	}
	if c.Payload, err = strictjson.Parse(t.Payload, limits); err != nil {
		return codes.JSONFault(err)
	}
	if c.Payload.Kind() != strictjson.Object {
		return vc.Invalid("jose.payload", "the payload is not an object")
	}
	c.Claims, err = envelope.ReadClaims(c.Payload, &codes.Codes)
	return err
}

// CheckReplicated compares iss in the header, where it may stand again (RFC 7519, section 5.3; VC-JOSE-COSE, section 4.1.2), with who
// the payload says it is.
func (t *token) CheckReplicated(who string) error {
	iss, ok := t.Header.Value.Get("iss")
	if !ok {
		return nil
	}
	if s, _ := iss.Str(); s != who {
		return vc.Invalid(codes.Conflict, "iss in the header is another than in the payload")
	}
	return nil
}

// Key returns kid, alg and x5c.
func (t *token) Key() envelope.Key {
	return envelope.Key{ID: t.Header.KeyID, Algorithm: t.Header.Algorithm, Chain: t.chain}
}

func (t *token) CheckSignature(key keys.PublicKey) error { return t.Verify(key) }

func (t *token) PayloadBytes() []byte { return t.Payload }

func (t *token) SignedBytes() []byte { return t.Signed }
