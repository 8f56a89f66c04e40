package vcdm

import (
	"encoding/base64"
	"slices"
	"strings"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc"
)

const (
	envelopedCredential   = "EnvelopedVerifiableCredential"
	envelopedPresentation = "EnvelopedVerifiablePresentation"
)

// Envelope is what an EnvelopedVerifiableCredential or EnvelopedVerifiablePresentation holds: a token in a data: URL (RFC 2397). The
// token is not looked at.
type Envelope struct {
	MediaType string // without "application/": "vc+jwt", "vc+sd-jwt", "vc+cose", "vp+jwt"
	Data      []byte // the token
}

// ParseEnvelopedCredential reads an EnvelopedVerifiableCredential (VCDM 2.0, section 4.13.2). For packages of this module.
func ParseEnvelopedCredential(v strictjson.Value) (*Envelope, error) {
	return parseEnvelope(&v, envelopedCredential)
}

// ParseEnvelopedPresentation reads an EnvelopedVerifiablePresentation (VCDM 2.0, section 4.13.3). For packages of this module.
func ParseEnvelopedPresentation(v strictjson.Value) (*Envelope, error) {
	return parseEnvelope(&v, envelopedPresentation)
}

// ParseEnvelopedCredentialJSON is ParseEnvelopedCredential for bytes.
func ParseEnvelopedCredentialJSON(b []byte) (*Envelope, error) {
	v, err := parseJSON(b)
	if err != nil {
		return nil, err
	}
	return ParseEnvelopedCredential(v)
}

// ParseEnvelopedPresentationJSON is ParseEnvelopedPresentation for bytes.
func ParseEnvelopedPresentationJSON(b []byte) (*Envelope, error) {
	v, err := parseJSON(b)
	if err != nil {
		return nil, err
	}
	return ParseEnvelopedPresentation(v)
}

func parseEnvelope(v *strictjson.Value, want string) (*Envelope, error) {
	if v.Kind() != strictjson.Object {
		return nil, vc.Invalid("vcdm.object", "an envelope is not an object")
	}
	d, err := readDocument(v)
	if err != nil {
		return nil, err
	}
	version, _, err := readContext(d)
	switch {
	case err != nil:
		return nil, err
	case version != V2:
		return nil, vc.Invalid("vcdm.context.base", "an envelope has not the base context of version 2.0")
	}
	types, err := typesOf(&d[propType], "the envelope")
	if err != nil {
		return nil, err
	}
	if !slices.Equal(types, []string{want}) {
		return nil, vc.Invalid("vcdm.type.missing", want+" is not the type")
	}
	s, _ := d[propID].Str()
	return parseDataURL(s)
}

// parseDataURL reads data:application/TYPE,TOKEN and data:application/TYPE;base64,TOKEN. The parameter base64url, which W3C's
// suite has beside tokens that are text already, changes nothing; others are refused. Base64 may lack its padding and have white space
// at its end, as in the examples of VC-JOSE-COSE.
func parseDataURL(s string) (*Envelope, error) {
	rest, ok := strings.CutPrefix(s, "data:application/")
	if !ok {
		return nil, vc.Invalid("vcdm.envelope", "the id of an envelope is not a data: URL of an application type")
	}
	head, data, ok := strings.Cut(rest, ",")
	subtype, parameter, has := strings.Cut(head, ";")
	if !ok || subtype == "" || strings.Trim(subtype, lowerAlphanumeric+"+-.") != "" {
		return nil, vc.Invalid("vcdm.envelope", "the data: URL of an envelope has no media type or no data")
	}
	e := &Envelope{MediaType: subtype}
	switch {
	case has && parameter == "base64":
		data = strings.TrimRight(strings.TrimRight(data, " \t\r\n"), "=")
		b, err := base64.RawStdEncoding.Strict().DecodeString(data)
		if err != nil || strings.ContainsAny(data, "\r\n") {
			return nil, vc.Invalid("vcdm.envelope", "the data: URL of an envelope is not in base64")
		}
		e.Data = b
	case !has || parameter == "base64url":
		if !isURLText(data) || strings.Contains(data, "#") {
			return nil, vc.Invalid("vcdm.envelope", "the data: URL of an envelope is not a URL")
		}
		e.Data = percentDecode(data)
	default:
		return nil, vc.Invalid("vcdm.envelope", "the data: URL of an envelope has a parameter that is not known")
	}
	if len(e.Data) == 0 {
		return nil, vc.Invalid("vcdm.envelope", "an envelope is empty")
	}
	return e, nil
}

// percentDecode decodes what isURLText accepted.
func percentDecode(s string) []byte {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '%' {
			c = unhex(s[i+1])<<4 | unhex(s[i+2])
			i += 2
		}
		b = append(b, c)
	}
	return b
}

func unhex(c byte) byte {
	if isDigit(c) {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}

// Credential returns e as an EnvelopedVerifiableCredential.
func (e *Envelope) Credential() map[string]any { return e.object(envelopedCredential) }

// Presentation returns e as an EnvelopedVerifiablePresentation.
func (e *Envelope) Presentation() map[string]any { return e.object(envelopedPresentation) }

// object writes a token that is text as it is, as VC-JOSE-COSE does, and any other in base64.
func (e *Envelope) object(kind string) map[string]any {
	id := "data:application/" + e.MediaType
	if text := string(e.Data); isToken(text) {
		id += "," + text
	} else {
		id += ";base64," + base64.StdEncoding.EncodeToString(e.Data)
	}
	return map[string]any{"@context": ContextV2, "type": kind, "id": id}
}

// isToken tells whether s is of the characters of compact JWTs and SD-JWTs.
func isToken(s string) bool { return strings.Trim(s, base64Alphabet+".~") == "" }
