package sdjwt

import (
	"errors"
	"io"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys/jws"
	"github.com/realdid/realdid/vc"
)

// The limits of what is read and written.
const (
	MaxSize        = 1 << 20           // bytes of the whole, in any serialization
	MaxHeaderSize  = jws.MaxHeaderSize // bytes of an encoded protected header, certificates included
	MaxDisclosures = 1024
	MaxDepth       = 32 // nested objects and arrays of the processed payload
	maxSignatures  = 8  // of a general JSON serialization
)

// Drafts and RFCs that this package follows.
const (
	// MediaType is that of an SD-JWT VC; the typ header parameter holds it.
	MediaType = "dc+sd-jwt"
	// W3CMediaType is that of a credential of the W3C data model 2.0 in an SD-JWT (VC-JOSE-COSE, section 3.2).
	W3CMediaType = "vc+sd-jwt"
	// JWTMediaType is that of an SD-JWT whose typ is "JWT", as software writes that is older than RFC 9901. Nothing but its digests tells it
	// from other tokens of the same issuer (RFC 8725, section 3.11), and it is no SD-JWT VC: a policy has to name this media type. One that
	// has neither a digest nor _sd_alg, or has a claim vc or vp, is refused; so is an SD-JWT without typ of which that is true.
	JWTMediaType = "jwt"
	// Draft is the version of SD-JWT VC that is implemented.
	Draft = "draft-ietf-oauth-sd-jwt-vc-18"

	typPlain = "sd-jwt" // an SD-JWT without typ
	typJWT   = "JWT"
	typKB    = "kb+jwt" // RFC 9901, section 4.3
)

var (
	errSize = errors.New("larger than 1 MiB")
	// A disclosure's array and an element's digest object are not part of the processed payload.
	jsonSize = strictjson.Limits{Bytes: MaxSize, Depth: MaxDepth + 2}
)

// ReadAll reads everything from r, at most MaxSize bytes; a source that has more, or never ends, is a *vc.Fault with code
// sdjwt.size. Other errors are those of r.
func ReadAll(r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	if err != nil {
		return nil, err
	}
	if len(b) > MaxSize {
		return nil, vc.InvalidBecause("sdjwt.size", errSize)
	}
	return b, nil
}
