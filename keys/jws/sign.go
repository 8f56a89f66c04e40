package jws

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
)

// Parameters are those of a protected header beside alg, which the signer's key decides. What is empty is left out.
type Parameters struct {
	Type        string              // typ
	ContentType string              // cty
	KeyID       string              // kid
	Chain       []*x509.Certificate // x5c: the signer's certificate first
	// More are further parameters. Those above, those that choose a key and those that change what is signed are refused.
	More map[string]any
}

// refused are the names that Parameters.More must not have (RFC 7515, section 4.1; RFC 7516; RFC 7797).
var refused = []string{
	"alg", "typ", "kid", "x5c", "jwk", "jku", "x5u", "x5t", "x5t#S256", "crit", "b64", "zip", "enc", "cty",
}

var errSigner = errors.New("no signer")

// Sign returns the compact JWS of payload. Errors: keys.ErrUnsupported for a key that JOSE has no name for, those of the
// signer, and others for parameters that cannot be written.
func Sign(ctx context.Context, s keys.Signer, p *Parameters, payload []byte) ([]byte, error) {
	header, err := AppendHeader(make([]byte, 0, 192), s, p)
	if err != nil {
		return nil, fmt.Errorf("jws: sign: %w", err)
	}
	size := base64.RawURLEncoding.EncodedLen(len(header)) + base64.RawURLEncoding.EncodedLen(len(payload)) + 160
	b, err := Append(ctx, make([]byte, 0, size), s, header, payload)
	if err != nil {
		return nil, fmt.Errorf("jws: sign: %w", err)
	}
	return b, nil
}

// AppendHeader appends the JSON of the protected header for a signature by s: alg, typ, cty, kid, x5c and then the others.
func AppendHeader(dst []byte, s keys.Signer, p *Parameters) ([]byte, error) {
	if s == nil {
		return nil, errSigner
	}
	alg := s.Public().Algorithm()
	name, ok := alg.JOSE()
	if !ok {
		return nil, fmt.Errorf("%w: JOSE has no name for signatures of %v", keys.ErrUnsupported, alg)
	}
	start := len(dst)
	dst = append(append(append(dst, `{"alg":"`...), name...), '"')
	if p == nil {
		return append(dst, '}'), nil
	}
	for _, m := range [...]struct{ name, value string }{{"typ", p.Type}, {"cty", p.ContentType}, {"kid", p.KeyID}} {
		if m.value != "" {
			dst = append(append(append(dst, `,"`...), m.name...), `":`...)
			dst = strictjson.AppendString(dst, m.value)
		}
	}
	if len(p.Chain) > 0 {
		dst = append(dst, `,"x5c":[`...)
		for n, c := range p.Chain {
			if n > 0 {
				dst = append(dst, ',')
			}
			dst = append(base64.StdEncoding.AppendEncode(append(dst, '"'), c.Raw), '"')
		}
		dst = append(dst, ']')
	}
	if len(p.More) > 0 {
		for name := range p.More {
			if slices.Contains(refused, name) {
				return nil, fmt.Errorf("header parameter %.20q is not for callers to set", name)
			}
		}
		more, err := strictjson.Canonical(p.More)
		if err != nil {
			return nil, err
		}
		dst = append(append(dst, ','), more[1:len(more)-1]...)
	}
	dst = append(dst, '}')
	if base64.RawURLEncoding.EncodedLen(len(dst)-start) > MaxHeaderSize {
		return nil, errors.New("the header is larger than 64 KiB")
	}
	return dst, nil
}

// Append appends the compact JWS of payload under a header as AppendHeader writes it.
func Append(ctx context.Context, dst []byte, s keys.Signer, header, payload []byte) ([]byte, error) {
	start := len(dst)
	dst = base64.RawURLEncoding.AppendEncode(dst, header)
	dst = base64.RawURLEncoding.AppendEncode(append(dst, '.'), payload)
	sig, err := s.Sign(ctx, dst[start:])
	if err != nil {
		return nil, err
	}
	if want := s.Public().Algorithm().SignatureSize(); len(sig) != want {
		return nil, fmt.Errorf("the signer returned %d bytes, want %d", len(sig), want)
	}
	return base64.RawURLEncoding.AppendEncode(append(dst, '.'), sig), nil
}
