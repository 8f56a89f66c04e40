package jose

import (
	"errors"
	"io"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys/jws"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/internal/envelope"
)

// The limits of what is read and written.
const (
	MaxSize  = 1 << 20 // bytes of a token
	MaxDepth = 32      // nested objects and arrays of the payload
)

// The media types, without "application/".
const (
	MediaType             = "vc+jwt"
	PresentationMediaType = "vp+jwt"
)

// limits bound the payload.
var limits = strictjson.Limits{Bytes: MaxSize, Depth: MaxDepth}

var codes = envelope.FormatCodes{
	PresentationCodes: envelope.PresentationCodes{
		Codes: envelope.Codes{
			Forbidden:    "jose.claim.forbidden",
			Text:         "jose.claim.text",
			Date:         "jose.claim.date",
			Audience:     "jose.claim.aud",
			Confirmation: "jose.claim.cnf",
			Conflict:     "jose.claim.conflict",
			Version:      "jose.version",
		},
		Count:    "jose.vp.count",
		Envelope: "jose.vp.envelope",
		Format:   "jose.vp.format",
		Holder:   "jose.vp.holder",
		Binding:  "jose.vp.binding",
	},
	Size:          "jose.size",
	Syntax:        "jose.syntax",
	Signature:     "jose.vp.signature",
	JSONSyntax:    "jose.json.syntax",
	JSONDuplicate: "jose.json.duplicate",
	JSONLimit:     "jose.json.limit",
}

var format = &envelope.Format{
	MediaType: MediaType, PresentationMediaType: PresentationMediaType,
	Limits: limits, ErrSize: jws.ErrSize, Codes: &codes, Parse: parseToken,
}

// jwsFault gives an error of package jws its code.
func jwsFault(err error) error {
	code := "jose.syntax"
	switch {
	case errors.Is(err, jws.ErrSize):
		code = "jose.size"
	case errors.Is(err, jws.ErrBase64):
		code = "jose.base64"
	case errors.Is(err, jws.ErrJSON):
		return codes.JSONFault(err)
	case errors.Is(err, jws.ErrHeader):
		code = "jose.header.object"
	case errors.Is(err, jws.ErrAlgorithm):
		code = "jose.header.alg"
	case errors.Is(err, jws.ErrType):
		code = "jose.header.typ"
	case errors.Is(err, jws.ErrCritical):
		code = "jose.header.crit"
	case errors.Is(err, jws.ErrChain):
		code = "jose.header.x5c"
	}
	return vc.InvalidBecause(code, err)
}

// ReadAll reads everything from r, at most MaxSize bytes; a source that has more, or never ends, is a *vc.Fault with code
// jose.size. Other errors are those of r.
func ReadAll(r io.Reader) ([]byte, error) { return format.ReadAll(r) }
