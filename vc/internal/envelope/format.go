package envelope

import (
	"errors"
	"io"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/vcdm"
)

// Format is one of the formats of VC-JOSE-COSE: how it names its things and parses its tokens.
type Format struct {
	MediaType             string // of a credential, without "application/"
	PresentationMediaType string
	Limits                strictjson.Limits // of a payload; Bytes also those of a token
	ErrSize               error             // says that a token is larger
	Codes                 *FormatCodes
	Parse                 func([]byte) (Token, error) // checks the size, and gives errors their codes
}

// FormatCodes are the codes of a format for what [Format] finds.
type FormatCodes struct {
	PresentationCodes
	Size      string // a token over the limit
	Syntax    string // an envelope around something else
	Signature string // the holder's, of a presentation

	JSONSyntax    string
	JSONDuplicate string // a member twice
	JSONLimit     string
}

// JSONFault gives an error of package strictjson its code.
func (c *FormatCodes) JSONFault(err error) error {
	code := c.JSONSyntax
	switch {
	case errors.Is(err, strictjson.ErrDuplicate):
		code = c.JSONDuplicate
	case errors.Is(err, strictjson.ErrLimit):
		code = c.JSONLimit
	}
	return vc.InvalidBecause(code, err)
}

// Token is a signed token or message of either media type with its headers read, and not its payload. Nobody has verified it.
type Token interface {
	// IsPresentation tells which of the two media types it is, or would be.
	IsPresentation() bool
	// Read reads what must be a presentation, or else a credential.
	Read(presentation bool, c *Content) error
	// CheckReplicated compares claims that the headers repeat with who the payload says that the issuer or the holder is.
	CheckReplicated(who string) error
	// Key is what the headers say of the key that signed.
	Key() Key
	// CheckSignature checks the signature with key.
	CheckSignature(key keys.PublicKey) error
	// PayloadBytes returns the payload, as received.
	PayloadBytes() []byte
	// SignedBytes returns what the signature is over.
	SignedBytes() []byte
}

// Content is what a token says.
type Content struct {
	Claims  Claims
	Payload strictjson.Value // an object
}

// Key is what headers say of a key.
type Key struct {
	ID        string // kid
	Algorithm keys.Algorithm
	Chain     [][]byte // certificates in DER, that of the key first
}

// ReadAll reads everything from r, up to the size of a token.
func (f *Format) ReadAll(r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, int64(f.Limits.Bytes)+1))
	if err != nil {
		return nil, err
	}
	if len(b) > f.Limits.Bytes {
		return nil, vc.InvalidBecause(f.Codes.Size, f.ErrSize)
	}
	return b, nil
}

// ParseCredential parses a credential with no presentation and no JSON around it.
func (f *Format) ParseCredential(b []byte) (*Credential, error) {
	t, err := f.Parse(b)
	if err != nil {
		return nil, err
	}
	return f.credential(t)
}

// ParsePresentation parses a presentation of any number of credentials but none.
func (f *Format) ParsePresentation(b []byte) (*Presentation, error) {
	t, err := f.unwrap(b)
	if err != nil {
		return nil, err
	}
	p, err := f.presentation(t)
	if err != nil {
		return nil, err
	}
	if p.Len() == 0 {
		return nil, f.errCount()
	}
	return p, nil
}

// Open parses a credential, or a presentation of one. more opens credentials of other formats in it.
func (f *Format) Open(b []byte, more Formats) (vc.Parsed, error) {
	t, err := f.unwrap(b)
	if err != nil {
		return nil, err
	}
	if !t.IsPresentation() {
		c, err := f.credential(t)
		if err != nil {
			return nil, err
		}
		return c, nil
	}
	p, err := f.presentation(t)
	if err != nil {
		return nil, err
	}
	if p.Len() != 1 {
		return nil, f.errCount()
	}
	return p.Open(0, more)
}

func (f *Format) errCount() error {
	return vc.Invalid(f.Codes.Count, "the presentation does not hold exactly one credential")
}

// InsecureVerifySignature checks nothing but form and signature of a credential or a presentation, and returns the payload and what
// is in it, "vc" or "vp".
func (f *Format) InsecureVerifySignature(b []byte, key keys.PublicKey) (payload []byte, mediaType string, err error) {
	t, err := f.unwrap(b)
	if err != nil {
		return nil, "", err
	}
	if t.IsPresentation() {
		p, err := f.presentation(t)
		if err == nil {
			err = p.checkSignature(key)
		}
		if err != nil {
			return nil, "", err
		}
		return t.PayloadBytes(), "vp", nil
	}
	c, err := f.credential(t)
	if err == nil {
		err = c.CheckSignature(key)
	}
	if err != nil {
		return nil, "", err
	}
	return t.PayloadBytes(), "vc", nil
}

// unwrap parses b, or the token in it if it is an enveloping JSON object.
func (f *Format) unwrap(b []byte) (Token, error) {
	if len(b) > f.Limits.Bytes {
		return nil, vc.InvalidBecause(f.Codes.Size, f.ErrSize)
	}
	if len(b) == 0 || b[0] != '{' {
		return f.Parse(b)
	}
	v, err := strictjson.Parse(b, f.Limits)
	if err != nil {
		return nil, f.Codes.JSONFault(err)
	}
	e, err := vcdm.ParseEnvelopedPresentation(v)
	if err != nil {
		if e, err = vcdm.ParseEnvelopedCredential(v); err != nil {
			return nil, vc.InvalidBecause(f.Codes.Syntax, err)
		}
	}
	t, err := f.Parse(e.Data)
	if err != nil {
		return nil, err
	}
	want := f.MediaType
	if t.IsPresentation() {
		want = f.PresentationMediaType
	}
	if e.MediaType != want {
		return nil, vc.Invalid(f.Codes.Syntax, "an envelope of another media type than what is in it")
	}
	return t, nil
}
