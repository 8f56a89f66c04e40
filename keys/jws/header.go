package jws

import (
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
)

// Header is a protected header (RFC 7515, section 4).
type Header struct {
	Algorithm   keys.Algorithm
	Type        string // typ; "" if absent
	ContentType string // cty; "" if absent, or not a string
	KeyID       string // kid; "" if absent, or not a string

	// Value holds every parameter. It is for packages of this module; others use Has.
	Value strictjson.Value
}

// ParseHeader reads a decoded header.
func ParseHeader(b []byte) (Header, error) {
	v, err := strictjson.Parse(b, headerLimits)
	if err != nil {
		return Header{}, fmt.Errorf("%w: %w", ErrJSON, err)
	}
	return ReadHeader(v)
}

// ReadHeader is ParseHeader for JSON that is parsed already.
func ReadHeader(v strictjson.Value) (h Header, err error) {
	if v.Kind() != strictjson.Object {
		return h, ErrHeader
	}
	h.Value = v
	for _, m := range v.Members() {
		switch m.Name {
		case "alg":
			name, _ := m.Value.Str()
			h.Algorithm, _ = keys.AlgorithmByJOSE(name)
		case "typ":
			s, ok := m.Value.Str()
			if !ok {
				return h, ErrType
			}
			h.Type = s
		case "cty":
			h.ContentType, _ = m.Value.Str()
		case "kid":
			h.KeyID, _ = m.Value.Str()
		case "crit", "b64": // b64 changes what is signed, and without crit nobody has to notice (RFC 7797, section 6)
			return h, ErrCritical
		}
	}
	if h.Algorithm == 0 {
		return h, ErrAlgorithm
	}
	return h, nil
}

// Has reports whether the header has a parameter of this name.
func (h Header) Has(name string) bool {
	_, ok := h.Value.Get(name)
	return ok
}

// Chain returns the certificates of x5c in DER (RFC 7515, section 4.1.6), the signer's own first; nil if there is no x5c. They are
// not parsed. The only errors are ErrChain.
func (h Header) Chain() ([][]byte, error) {
	v, ok := h.Value.Get("x5c")
	if !ok {
		return nil, nil
	}
	var chain [][]byte
	for _, e := range v.Elems() {
		s, ok := e.Str()
		der, err := base64.StdEncoding.Strict().DecodeString(s)
		if !ok || err != nil || strings.ContainsAny(s, "\r\n") {
			return nil, ErrChain
		}
		chain = append(chain, der)
	}
	if len(chain) == 0 {
		return nil, ErrChain
	}
	return chain, nil
}
