package jwtvc

import (
	"slices"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys/jws"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/internal/envelope"
)

// token is a parsed JWT with a claim vc or vp. Nobody has verified it.
type token struct {
	*jws.Token
	chain  [][]byte
	claims envelope.Claims
	held   string           // "vc" or "vp"
	value  strictjson.Value // of that claim: an object
}

func parseToken(b []byte) (*token, error) {
	signed, err := jws.Parse(b, &jws.Options{MaxSize: MaxSize})
	if err != nil {
		return nil, jwsFault(err)
	}
	t := &token{Token: signed}
	if t.chain, err = t.Header.Chain(); err != nil {
		return nil, jwsFault(err)
	}
	if typ := t.Header.Type; typ != "JWT" && t.Header.Has("typ") {
		return nil, vc.Invalid("jwtvc.header.typ", "typ is there and not JWT")
	}
	payload, err := strictjson.Parse(t.Payload, limits)
	if err != nil {
		return nil, codes.JSONFault(err)
	}
	if payload.Kind() != strictjson.Object {
		return nil, vc.Invalid("jwtvc.payload", "the payload is not an object")
	}
	if hasDigests(payload) {
		return nil, errDigests()
	}
	registered := make([]strictjson.Member, 0, len(payload.Members()))
	for _, m := range payload.Members() {
		if m.Name != "vc" && m.Name != "vp" {
			registered = append(registered, m)
			continue
		}
		if t.held != "" || m.Value.Kind() != strictjson.Object {
			return nil, errHeld()
		}
		t.held, t.value = m.Name, m.Value
	}
	if t.held == "" {
		return nil, errHeld()
	}
	t.claims, err = envelope.ReadClaims(payload.WithMembers(registered), &codes.Codes)
	return t, err
}

func errHeld() error {
	return vc.Invalid("jwtvc.claim.missing", "the payload has not exactly one claim vc or vp that is an object")
}

// hasDigests tells whether v has, at any depth, a member that only SD-JWTs have (RFC 9901, section 4). Without its disclosures an SD-JWT has
// the form of the tokens here, and what its holder withholds, an end or a status among it, would not be missed.
func hasDigests(v strictjson.Value) bool {
	for _, m := range v.Members() {
		switch m.Name {
		case "_sd", "_sd_alg", "...":
			return true
		}
		if hasDigests(m.Value) {
			return true
		}
	}
	return slices.ContainsFunc(v.Elems(), hasDigests)
}

func errDigests() error {
	return vc.Invalid("jwtvc.claim.forbidden", "the payload has _sd, _sd_alg or ..., as SD-JWTs have")
}
