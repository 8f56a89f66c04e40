package jwtvc

import (
	"errors"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys/jws"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/internal/envelope"
)

// The limits of what is read and written.
const (
	MaxSize  = 1 << 20 // bytes of a token
	MaxDepth = 32      // nested objects and arrays of the payload, which is one itself: a credential has one less
)

// MediaType is what a policy names, and vc.Verified has, for credentials of this package: the identifier that OpenID for Verifiable Credential
// Issuance 1.0 gives them (appendix A.1.1), because the data model 1.1 gave them no media type.
const MediaType = "jwt_vc_json"

var limits = strictjson.Limits{Bytes: MaxSize, Depth: MaxDepth}

var codes = envelope.FormatCodes{
	PresentationCodes: envelope.PresentationCodes{
		Codes: envelope.Codes{
			Text:         "jwtvc.claim.text",
			Date:         "jwtvc.claim.date",
			Audience:     "jwtvc.claim.aud",
			Confirmation: "jwtvc.claim.cnf",
			Conflict:     "jwtvc.claim.conflict",
			Version:      "jwtvc.version",
		},
		Count:  "jwtvc.vp.count",
		Format: "jwtvc.vp.format",
		Holder: "jwtvc.vp.holder",
	},
	Size:          "jwtvc.size",
	Syntax:        "jwtvc.syntax",
	Signature:     "jwtvc.vp.signature",
	JSONSyntax:    "jwtvc.json.syntax",
	JSONDuplicate: "jwtvc.json.duplicate",
	JSONLimit:     "jwtvc.json.limit",
}

// jwsFault gives an error of package jws its code.
func jwsFault(err error) error {
	code := codes.Syntax
	switch {
	case errors.Is(err, jws.ErrSize):
		code = codes.Size
	case errors.Is(err, jws.ErrJSON):
		return codes.JSONFault(err)
	case errors.Is(err, jws.ErrHeader), errors.Is(err, jws.ErrType), errors.Is(err, jws.ErrCritical), errors.Is(err, jws.ErrChain):
		code = "jwtvc.header"
	case errors.Is(err, jws.ErrAlgorithm):
		code = "jwtvc.header.alg"
	}
	return vc.InvalidBecause(code, err)
}
