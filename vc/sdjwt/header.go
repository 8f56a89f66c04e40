package sdjwt

import (
	"errors"

	"github.com/realdid/realdid/keys/jws"
	"github.com/realdid/realdid/vc"
)

// header is a protected header (RFC 7515, section 4). Parameters that choose a key by themselves (jwk, jku, x5u) are ignored:
// the key comes from the policy.
type header struct {
	jws.Header
	chain [][]byte
}

// headerCodes are the codes for the two JWTs of a presentation.
type headerCodes struct{ object, alg, typ, crit, x5c string }

var (
	issuerHeader = headerCodes{"sdjwt.header.object", "sdjwt.header.alg", "sdjwt.header.typ", "sdjwt.header.crit", "sdjwt.header.x5c"}
	kbHeader     = headerCodes{"sdjwt.kb.header", "sdjwt.kb.alg", "sdjwt.kb.typ", "sdjwt.kb.crit", ""}
)

func parseHeader(b []byte, codes *headerCodes) (h header, err error) {
	v, err := parseJSON(b)
	if err != nil {
		return h, err
	}
	if h.Header, err = jws.ReadHeader(v); err != nil {
		return h, vc.InvalidBecause(codes.of(err), err)
	}
	if codes.x5c == "" {
		return h, nil
	}
	if h.chain, err = h.Chain(); err != nil {
		return h, vc.InvalidBecause(codes.x5c, err)
	}
	return h, nil
}

// of returns the code for an error of package jws about a header.
func (c *headerCodes) of(err error) string {
	switch {
	case errors.Is(err, jws.ErrAlgorithm):
		return c.alg
	case errors.Is(err, jws.ErrType):
		return c.typ
	case errors.Is(err, jws.ErrCritical):
		return c.crit
	}
	return c.object
}
