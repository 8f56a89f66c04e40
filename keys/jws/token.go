package jws

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
)

// The limits of what is read.
const (
	MaxSize       = 1 << 20  // bytes of the whole, unless Options say otherwise
	MaxHeaderSize = 64 << 10 // bytes of an encoded protected header, certificates included
)

// Why something is not a JWS. Every error of this package about what it was given is one of these (errors.Is), or says why the
// header is not JSON; none tells content.
var (
	ErrSize      = errors.New("larger than the limit")
	ErrSyntax    = errors.New("not three parts between two dots")
	ErrBase64    = errors.New("a part is not base64url without padding")
	ErrJSON      = errors.New("the header is not JSON, or has a member twice")
	ErrHeader    = errors.New("the header is not an object")
	ErrAlgorithm = errors.New("alg is absent or not one of ES256, ES384, ES256K, EdDSA")
	ErrType      = errors.New("typ is not a string")
	ErrCritical  = errors.New("crit or b64 names an extension that must be understood, and none is")
	ErrChain     = errors.New("x5c is not a list of certificates in base64")
	ErrKey       = errors.New("alg is not that of the key")
)

// Token is a compact JWS taken apart. It is not verified. Its slices must not be changed.
type Token struct {
	Header    Header
	Payload   []byte // decoded
	Signature []byte // decoded
	Signed    []byte // what is signed: both parts and the dot, as received
}

// Options are limits for a reader; nil and zero values mean the defaults.
type Options struct {
	MaxSize int // bytes of the whole; default MaxSize
}

// Parse takes a compact JWS apart. The Token refers to b, which must not change while it is in use.
func Parse(b []byte, opt *Options) (*Token, error) {
	limit := MaxSize
	if opt != nil && opt.MaxSize > 0 {
		limit = opt.MaxSize
	}
	t, err := parse(b, limit)
	if err != nil {
		return nil, fmt.Errorf("jws: parse: %w", err)
	}
	return t, nil
}

func parse(b []byte, limit int) (*Token, error) {
	if len(b) > limit {
		return nil, ErrSize
	}
	parts, err := Split(b)
	if err != nil {
		return nil, err
	}
	if len(parts[0]) > MaxHeaderSize {
		return nil, ErrSize
	}
	d := NewDecoder(len(b))
	header, err := d.Decode(parts[0])
	if err != nil {
		return nil, err
	}
	t := &Token{Signed: Signed(b, parts)}
	if t.Header, err = ParseHeader(header); err != nil {
		return nil, err
	}
	if t.Payload, err = d.Decode(parts[1]); err != nil {
		return nil, err
	}
	if t.Signature, err = d.Decode(parts[2]); err != nil {
		return nil, err
	}
	return t, nil
}

// Verify checks the signature with key, whose algorithm must be that of the header. Errors are final: ErrKey, or
// keys.ErrSignature.
func (t *Token) Verify(key keys.PublicKey) error {
	if t.Header.Algorithm != key.Algorithm() {
		return fmt.Errorf("jws: verify: %w", ErrKey)
	}
	return key.Verify(t.Signed, t.Signature)
}

// Split returns the three parts of a compact JWS, none of them empty, as they stand in b. The only errors are ErrSyntax.
func Split(b []byte) (parts [3][]byte, err error) {
	first := bytes.IndexByte(b, '.')
	last := bytes.LastIndexByte(b, '.')
	if first <= 0 || last <= first+1 || last == len(b)-1 || bytes.IndexByte(b[first+1:last], '.') >= 0 {
		return parts, ErrSyntax
	}
	return [3][]byte{b[:first], b[first+1 : last], b[last+1:]}, nil
}

// Signed returns what is signed of b, which Split took apart.
func Signed(b []byte, parts [3][]byte) []byte { return b[:len(b)-len(parts[2])-1] }

// base64url accepts each value in exactly one form: no padding, no spare bits.
var base64url = base64.RawURLEncoding.Strict()

// Decoder decodes the parts of one text into one buffer.
type Decoder struct{ buf []byte }

// NewDecoder returns a Decoder, not to be copied once it is used, for parts with n characters in all. More are decoded as well, at the cost of another buffer.
func NewDecoder(n int) Decoder { return Decoder{make([]byte, 0, n*3/4+8)} } // each part keeps three quarters

// Decode decodes one part. The result stays valid when the next part is decoded. The only errors are ErrBase64.
func (d *Decoder) Decode(text []byte) ([]byte, error) {
	// The decoder of the standard library skips line ends.
	if bytes.IndexByte(text, '\n') >= 0 || bytes.IndexByte(text, '\r') >= 0 {
		return nil, ErrBase64
	}
	start := len(d.buf)
	buf, err := base64url.AppendDecode(d.buf, text)
	if err != nil {
		return nil, ErrBase64
	}
	d.buf = buf
	return buf[start:len(buf):len(buf)], nil
}

// headerLimits bounds the JSON of a header.
var headerLimits = strictjson.Limits{Bytes: MaxHeaderSize, Depth: 32}
