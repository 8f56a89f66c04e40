package sdjwt

import (
	"bytes"
	"encoding/base64"
	"errors"

	"github.com/realdid/realdid/internal/strictjson"
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
	t.signed = b[:len(b)-len(t.signature)-1]
	return nil
}

// splitJWT returns the three parts of a compact JWS, none of them empty.
func splitJWT(b []byte, code string) (parts [3][]byte, err error) {
	first := bytes.IndexByte(b, '.')
	last := bytes.LastIndexByte(b, '.')
	if first <= 0 || last <= first+1 || last == len(b)-1 || bytes.IndexByte(b[first+1:last], '.') >= 0 {
		return parts, vc.Invalid(code, "not three parts between two dots")
	}
	return [3][]byte{b[:first], b[first+1 : last], b[last+1:]}, nil
}

// base64url accepts each value in exactly one form: no padding, no spare bits.
var base64url = base64.RawURLEncoding.Strict()

var errBase64 = errors.New("a part is not base64url without padding")

// decoder decodes all parts of a token into one buffer.
type decoder struct{ buf []byte }

func newDecoder(t *token) *decoder {
	n := len(t.hashed) + len(t.kb) // each part keeps three quarters
	return &decoder{make([]byte, 0, n*3/4+8)}
}

func (d *decoder) decode(text []byte) ([]byte, error) {
	// The decoder of the standard library skips line ends.
	if bytes.IndexByte(text, '\n') >= 0 || bytes.IndexByte(text, '\r') >= 0 {
		return nil, vc.InvalidBecause("sdjwt.base64", errBase64)
	}
	start := len(d.buf)
	buf, err := base64url.AppendDecode(d.buf, text)
	if err != nil {
		return nil, vc.InvalidBecause("sdjwt.base64", errBase64)
	}
	d.buf = buf
	return buf[start:len(buf):len(buf)], nil
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
