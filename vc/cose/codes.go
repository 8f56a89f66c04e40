package cose

import (
	"errors"
	"io"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc/internal/envelope"
)

// The limits of what is read and written.
const (
	MaxSize  = 1 << 20 // bytes of a message
	MaxDepth = 32      // nested objects and arrays of the payload
)

// The media types, without "application/".
const (
	MediaType             = "vc+cose"
	PresentationMediaType = "vp+cose"
)

var (
	errSize = errors.New("larger than 1 MiB")
	limits  = strictjson.Limits{Bytes: MaxSize, Depth: MaxDepth}
)

var codes = envelope.FormatCodes{
	PresentationCodes: envelope.PresentationCodes{
		Codes: envelope.Codes{
			Text:         "cose.claim.text",
			Date:         "cose.claim.date",
			Audience:     "cose.claim.aud",
			Confirmation: "cose.claim.cnf",
			Conflict:     "cose.claim.conflict",
			Version:      "cose.version",
		},
		Count:    "cose.vp.count",
		Envelope: "cose.vp.envelope",
		Format:   "cose.vp.format",
		Holder:   "cose.vp.holder",
		Binding:  "cose.vp.binding",
	},
	Size:          "cose.size",
	Syntax:        "cose.syntax",
	Signature:     "cose.vp.signature",
	JSONSyntax:    "cose.json.syntax",
	JSONDuplicate: "cose.json.duplicate",
	JSONLimit:     "cose.json.limit",
}

var format = &envelope.Format{
	MediaType: MediaType, PresentationMediaType: PresentationMediaType,
	Limits: limits, ErrSize: errSize, Codes: &codes, Parse: parseMessage,
}

// ReadAll reads everything from r, at most MaxSize bytes; a source that has more, or never ends, is a *vc.Fault with code
// cose.size. Other errors are those of r.
func ReadAll(r io.Reader) ([]byte, error) { return format.ReadAll(r) }
