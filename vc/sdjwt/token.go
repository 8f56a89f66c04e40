package sdjwt

import (
	"bytes"
	"errors"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys/jws"
	"github.com/realdid/realdid/vc"
)

// Serialization is one of the forms of RFC 9901.
type Serialization uint8

// The serializations. The zero value is the compact one.
const (
	Compact       Serialization = iota // section 4
	FlattenedJSON                      // section 8
	GeneralJSON                        // section 8
)

// token is an SD-JWT taken apart. All slices are the text as received.
type token struct {
	form        Serialization
	signed      []byte // protected header "." payload: what the issuer signed
	protected   []byte
	payload     []byte
	signature   []byte
	disclosures [][]byte
	hashed      []byte // the issuer-signed JWT and every disclosure, each followed by "~": what the holder's sd_hash covers
	kb          []byte // the key binding JWT; nil if there is none
	others      []strictjson.Value
	loose       strictjson.Value // the unprotected header of the first signature; zero if there is none
}

// split takes raw apart without decoding anything.
func split(raw []byte) (*token, error) {
	if len(raw) > MaxSize {
		return nil, vc.InvalidBecause("sdjwt.size", errSize)
	}
	if len(raw) > 0 && raw[0] == '{' {
		return splitJSON(raw)
	}
	t := &token{form: Compact}
	end := bytes.IndexByte(raw, '~')
	if end < 0 {
		return nil, vc.Invalid("sdjwt.bare", "no ~: a bare JWT is not an SD-JWT")
	}
	if err := t.jwt(raw[:end]); err != nil {
		return nil, err
	}
	if n := bytes.Count(raw, []byte{'~'}) - 1; n > MaxDisclosures {
		return nil, errTooMany()
	} else if n > 0 {
		t.disclosures = make([][]byte, 0, n)
	}
	rest := raw[end+1:]
	for {
		i := bytes.IndexByte(rest, '~')
		if i < 0 {
			break
		}
		if i == 0 {
			return nil, vc.Invalid("sdjwt.syntax", "an empty disclosure")
		}
		t.disclosures = append(t.disclosures, rest[:i])
		rest = rest[i+1:]
	}
	t.hashed = raw[:len(raw)-len(rest)]
	if len(rest) > 0 {
		t.kb = rest
	}
	return t, nil
}

func errTooMany() error {
	return vc.Invalid("sdjwt.disclosure.limit", "more than 1024 disclosures")
}

// jwt takes the issuer-signed JWT apart.
func (t *token) jwt(b []byte) error {
	parts, err := splitJWT(b, "sdjwt.syntax")
	if err != nil {
		return err
	}
	t.protected, t.payload, t.signature = parts[0], parts[1], parts[2]
	t.signed = jws.Signed(b, parts)
	return nil
}

// splitJWT returns the three parts of a compact JWS, none of them empty.
func splitJWT(b []byte, code string) ([3][]byte, error) {
	parts, err := jws.Split(b)
	if err != nil {
		return parts, vc.InvalidBecause(code, err)
	}
	return parts, nil
}

// decoder decodes all parts of a token into one buffer.
type decoder struct{ jws.Decoder }

func newDecoder(t *token) *decoder { return &decoder{jws.NewDecoder(len(t.hashed) + len(t.kb))} }

func (d *decoder) decode(text []byte) ([]byte, error) {
	b, err := d.Decode(text)
	if err != nil {
		return nil, vc.InvalidBecause("sdjwt.base64", err)
	}
	return b, nil
}

// parseJSON is strictjson.Parse with the codes of this package.
func parseJSON(b []byte) (strictjson.Value, error) {
	v, err := strictjson.Parse(b, jsonSize)
	if err == nil {
		return v, nil
	}
	switch {
	case errors.Is(err, strictjson.ErrDuplicate):
		return v, vc.InvalidBecause("sdjwt.json.duplicate", err)
	case errors.Is(err, strictjson.ErrLimit):
		return v, vc.InvalidBecause("sdjwt.json.limit", err)
	}
	return v, vc.InvalidBecause("sdjwt.json.syntax", err)
}
