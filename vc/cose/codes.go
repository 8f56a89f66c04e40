package cose

import (
	"errors"
	"io"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc"
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

var credentialCodes = envelope.Codes{
	Text:         "cose.claim.text",
	Date:         "cose.claim.date",
	Audience:     "cose.claim.aud",
	Confirmation: "cose.claim.cnf",
	Conflict:     "cose.claim.conflict",
	Version:      "cose.version",
}

var presentationCodes = envelope.PresentationCodes{
	Codes:    credentialCodes,
	Count:    "cose.vp.count",
	Envelope: "cose.vp.envelope",
	Format:   "cose.vp.format",
	Holder:   "cose.vp.holder",
	Binding:  "cose.vp.binding",
}

func jsonFault(err error) error {
	code := "cose.json.syntax"
	switch {
	case errors.Is(err, strictjson.ErrDuplicate):
		code = "cose.json.duplicate"
	case errors.Is(err, strictjson.ErrLimit):
		code = "cose.json.limit"
	}
	return vc.InvalidBecause(code, err)
}

// ReadAll reads everything from r, at most MaxSize bytes; a source that has more, or never ends, is a *vc.Fault with code
// cose.size. Other errors are those of r.
func ReadAll(r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	if err != nil {
		return nil, err
	}
	if len(b) > MaxSize {
		return nil, vc.InvalidBecause("cose.size", errSize)
	}
	return b, nil
}
