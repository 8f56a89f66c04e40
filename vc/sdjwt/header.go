package sdjwt

import (
	"encoding/base64"
	"strings"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
)

// header is a protected header (RFC 7515, section 4). Parameters that choose a key by themselves (jwk, jku, x5u) are ignored:
// the key comes from the policy.
type header struct {
	value     strictjson.Value
	algorithm keys.Algorithm
	typ       string // "" if absent
	kid       string // "" if absent, or not a string
	chain     [][]byte
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
	if v.Kind() != strictjson.Object {
		return h, vc.Invalid(codes.object, "the header is not an object")
	}
	h.value = v
	for _, m := range v.Members() {
		switch m.Name {
		case "alg":
			name, _ := m.Value.Str()
			h.algorithm, _ = keys.AlgorithmByJOSE(name)
		case "typ":
			s, ok := m.Value.Str()
			if !ok {
				return h, vc.Invalid(codes.typ, "typ is not a string")
			}
			h.typ = s
		case "kid":
			h.kid, _ = m.Value.Str()
		case "crit", "b64": // b64 changes what is signed, and without crit nobody has to notice (RFC 7797, section 6)
			return h, vc.Invalid(codes.crit, "crit or b64 names an extension that must be understood, and none is")
		case "x5c":
			if codes.x5c == "" {
				break
			}
			if h.chain, err = parseChain(m.Value); err != nil {
				return h, err
			}
		}
	}
	if h.algorithm == 0 {
		return h, vc.Invalid(codes.alg, "alg is absent or not one of ES256, ES384, ES256K, EdDSA")
	}
	return h, nil
}

// parseChain reads x5c (RFC 7515, section 4.1.6): certificates in base64 with padding.
func parseChain(v strictjson.Value) ([][]byte, error) {
	var chain [][]byte
	for _, e := range v.Elems() {
		s, ok := e.Str()
		der, err := base64.StdEncoding.Strict().DecodeString(s)
		if !ok || err != nil || strings.ContainsAny(s, "\r\n") {
			return nil, vc.Invalid("sdjwt.header.x5c", "x5c holds something that is not base64")
		}
		chain = append(chain, der)
	}
	if len(chain) == 0 {
		return nil, vc.Invalid("sdjwt.header.x5c", "x5c is not a list of certificates")
	}
	return chain, nil
}
