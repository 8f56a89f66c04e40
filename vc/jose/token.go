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

// parseToken reads a compact JWS.
func parseToken(b []byte) (*token, error) {
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

// isPresentation tells which of the two media types it is, or would be.
func (t *token) isPresentation() bool { return t.Header.Type == PresentationMediaType }

// read reads the payload of a token with this typ and, if it says so, this cty.
func (t *token) read(typ, cty string) (err error) {
	if t.Header.Type != typ {
		return vc.Invalid("jose.header.typ", "typ is not "+typ)
	}
	if t.Header.Has("cty") && t.Header.ContentType != cty {
		return vc.Invalid("jose.header.cty", "cty is not "+cty)
	}
	if t.body, err = strictjson.Parse(t.Payload, limits); err != nil {
		return jsonFault(err)
	}
	if t.body.Kind() != strictjson.Object {
		return vc.Invalid("jose.payload", "the payload is not an object")
	}
	t.claims, err = envelope.ReadClaims(t.body, &credentialCodes)
	return err
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

// credential reads a vc+jwt.
func (t *token) credential() (*parsedCredential, error) {
	if err := t.read(MediaType, "vc"); err != nil {
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

// presentation reads a vp+jwt.
func (t *token) presentation() (*parsedPresentation, error) {
	if err := t.read(PresentationMediaType, "vp"); err != nil {
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
	document *vcdm.Presentation
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
	return envelope.Open(p.document, i, f, b, p.checkBinding, &presentationCodes)
}
