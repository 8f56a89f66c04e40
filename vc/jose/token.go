package jose

import (
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/keys/jws"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/internal/envelope"
	"github.com/realdid/realdid/vc/vcdm"
)

// token is a parsed vc+jwt or vp+jwt.
type token struct {
	*jws.Token
	chain  [][]byte
	claims envelope.Claims
	body   strictjson.Value
}

// parseToken reads a compact JWS with this typ and, if it says so, this cty.
func parseToken(b []byte, typ, cty string) (*token, error) {
	signed, err := jws.Parse(b, &jws.Options{MaxSize: MaxSize})
	if err != nil {
		return nil, jwsFault(err)
	}
	t := &token{Token: signed}
	h := &t.Header
	if h.Type != typ {
		return nil, vc.Invalid("jose.header.typ", "typ is not "+typ)
	}
	if h.Has("cty") && h.ContentType != cty {
		return nil, vc.Invalid("jose.header.cty", "cty is not "+cty)
	}
	if t.chain, err = h.Chain(); err != nil {
		return nil, jwsFault(err)
	}
	if t.body, err = strictjson.Parse(t.Payload, limits); err != nil {
		return nil, jsonFault(err)
	}
	if t.body.Kind() != strictjson.Object {
		return nil, vc.Invalid("jose.payload", "the payload is not an object")
	}
	t.claims, err = envelope.ReadClaims(t.body, &credentialCodes)
	return t, err
}

// checkReplicated compares iss in the header, where it may stand again (RFC 7519, section 5.3; VC-JOSE-COSE, section 4.1.2), with who
// the payload says it is.
func (t *token) checkReplicated(who string) error {
	iss, ok := t.Header.Value.Get("iss")
	if !ok {
		return nil
	}
	if s, _ := iss.Str(); s != who {
		return vc.Invalid(credentialCodes.Conflict, "iss in the header is another than in the payload")
	}
	return nil
}

// parseCredential reads a vc+jwt.
func parseCredential(b []byte) (*parsedCredential, error) {
	t, err := parseToken(b, MediaType, "vc")
	if err != nil {
		return nil, err
	}
	cred, err := vcdm.ParseCredential(t.body)
	if err != nil {
		return nil, err
	}
	if err := t.claims.CheckCredential(cred, &credentialCodes); err != nil {
		return nil, err
	}
	if err := t.checkReplicated(cred.Issuer); err != nil {
		return nil, err
	}
	return &parsedCredential{t, cred}, nil
}

// parsePresentation reads a vp+jwt.
func parsePresentation(b []byte) (*parsedPresentation, error) {
	t, err := parseToken(b, PresentationMediaType, "vp")
	if err != nil {
		return nil, err
	}
	p, err := vcdm.ParsePresentation(t.body)
	if err != nil {
		return nil, err
	}
	if err := t.claims.CheckPresentation(p, t.Header.KeyID, &presentationCodes); err != nil {
		return nil, err
	}
	holder := p.Holder
	if holder == "" {
		holder = t.claims.Issuer
	}
	if err := t.checkReplicated(holder); err != nil {
		return nil, err
	}
	return &parsedPresentation{t, p}, nil
}

// parsedPresentation is a vp+jwt that nobody has verified.
type parsedPresentation struct {
	*token
	presentation *vcdm.Presentation
}

// checkBinding checks the holder's signature over the whole presentation.
func (p *parsedPresentation) checkBinding(key keys.PublicKey) error {
	if err := p.Verify(key); err != nil {
		return vc.InvalidBecause("jose.vp.signature", err)
	}
	return nil
}

// open opens the i-th credential.
func (p *parsedPresentation) open(i int, f envelope.Formats) (vc.Parsed, error) {
	b := p.claims.Binding(p.Header.KeyID, p.Header.Algorithm)
	return envelope.Open(p.presentation, i, f, b, p.checkBinding, &presentationCodes)
}
