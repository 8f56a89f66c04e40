package didcomm

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
)

// maxTime is the last second of the year 9999.
const maxTime = 253402300799

var messageLimits = strictjson.Limits{Bytes: MaxPlaintext, Depth: MaxDepth, Nodes: MaxValues}

// ParseMessage reads a plaintext message. It is strict: duplicate members, members of the wrong kind, a wrong media type
// and what is over the limits of this package are errors with ErrMessage in their chain. A header that is not known is
// kept in Headers. The message is what the text says and nothing more; see Message.
func ParseMessage(b []byte) (*Message, error) {
	v, err := strictjson.Parse(bytes.Clone(b), messageLimits)
	if err != nil {
		return nil, messageError("%w", err)
	}
	return messageOf(v)
}

// messageOf is ParseMessage for JSON that is parsed already, under messageLimits, from memory that stays as it is.
func messageOf(v strictjson.Value) (*Message, error) {
	if v.Kind() != strictjson.Object {
		return nil, messageError("it is no JSON object")
	}
	m := &Message{}
	for _, e := range v.Members() {
		if err := m.member(e.Name, e.Value); err != nil {
			return nil, messageError("%s: %w", e.Name, err)
		}
	}
	if err := m.check(); err != nil {
		return nil, err
	}
	return m, nil
}

func (m *Message) member(name string, v strictjson.Value) (err error) {
	switch name {
	case "typ":
		s, ok := v.Str()
		if !ok || !isMediaType(s, MediaTypePlaintext) {
			return errNotPlaintext
		}
	case "id":
		m.ID, err = text(v)
	case "type":
		m.Type, err = text(v)
	case "from":
		m.From, err = didOf(v)
	case "to":
		m.To, err = list(v, MaxTo, didOf)
	case "thid":
		m.Thread, err = nonEmpty(v)
	case "pthid":
		m.ParentThread, err = nonEmpty(v)
	case "created_time":
		m.Created, err = seconds(v)
	case "expires_time":
		m.Expires, err = seconds(v)
	case "body":
		if v.Kind() != strictjson.Object {
			return errNoObject
		}
		m.Body = v.Raw()
	case "attachments":
		m.Attachments, err = list(v, MaxAttachments, parseAttachment)
	case "from_prior":
		m.FromPrior, err = nonEmpty(v)
	case "please_ack":
		m.PleaseAck, err = list(v, MaxAcks, text)
	case "ack":
		m.Ack, err = list(v, MaxAcks, text)
	case "lang":
		m.Lang, err = nonEmpty(v)
	default:
		if m.Headers == nil {
			m.Headers = map[string]json.RawMessage{}
		}
		m.Headers[name] = v.Raw()
	}
	return err
}

func parseAttachment(v strictjson.Value) (Attachment, error) {
	var a Attachment
	if v.Kind() != strictjson.Object {
		return a, errNoObject
	}
	for _, e := range v.Members() {
		var err error
		switch e.Name {
		case "id":
			a.ID, err = nonEmpty(e.Value)
		case "description":
			a.Description, err = text(e.Value)
		case "filename":
			a.Filename, err = text(e.Value)
		case "media_type":
			a.MediaType, err = text(e.Value)
		case "format":
			a.Format, err = text(e.Value)
		case "lastmod_time":
			a.LastModified, err = seconds(e.Value)
		case "byte_count":
			a.ByteCount, err = count(e.Value)
		case "data":
			err = a.data(e.Value)
		}
		if err != nil {
			return a, wrapName(e.Name, err)
		}
	}
	return a, nil
}

func (a *Attachment) data(v strictjson.Value) error {
	if v.Kind() != strictjson.Object {
		return errNoObject
	}
	for _, e := range v.Members() {
		var err error
		switch e.Name {
		case "json":
			a.JSON = e.Value.Raw()
		case "base64":
			a.Base64, err = decodeBase64(e.Value)
		case "links":
			a.Links, err = list(e.Value, MaxLinks, nonEmpty)
		case "hash":
			a.Hash, err = nonEmpty(e.Value)
		case "jws":
			if e.Value.Kind() != strictjson.Object {
				err = errNoObject
			}
			a.JWS = e.Value.Raw()
		}
		if err != nil {
			return wrapName(e.Name, err)
		}
	}
	return nil
}

// decodeBase64 reads base64url, with or without padding: the specification names the alphabet and not the padding.
func decodeBase64(v strictjson.Value) ([]byte, error) {
	s, ok := v.Str()
	if !ok {
		return nil, errNoString
	}
	enc := base64.RawURLEncoding
	if len(s)%4 == 0 {
		if n := len(s); n > 0 && s[n-1] == '=' {
			enc = base64.URLEncoding
		}
	}
	// The decoder skips line ends.
	if strings.IndexByte(s, '\n') >= 0 || strings.IndexByte(s, '\r') >= 0 {
		return nil, errBase64
	}
	b, err := enc.Strict().DecodeString(s)
	if err != nil {
		return nil, errBase64
	}
	return b, nil
}

// text returns a string in memory of its own: who keeps it, such as an id or a DID, does not keep the text it was read from.
func text(v strictjson.Value) (string, error) {
	s, ok := v.Str()
	if !ok {
		return "", errNoString
	}
	return strings.Clone(s), nil
}

func nonEmpty(v strictjson.Value) (string, error) {
	s, err := text(v)
	if err == nil && s == "" {
		err = errEmpty
	}
	return s, err
}

func didOf(v strictjson.Value) (did.DID, error) {
	s, err := text(v)
	if err != nil {
		return did.DID{}, err
	}
	return did.Parse(s)
}

func seconds(v strictjson.Value) (time.Time, error) {
	n, ok := v.Int64()
	if !ok || n < 0 || n > maxTime {
		return time.Time{}, errNoTime
	}
	return time.Unix(n, 0).UTC(), nil
}

func count(v strictjson.Value) (int64, error) {
	n, ok := v.Int64()
	if !ok || n < 0 {
		return 0, errNoCount
	}
	return n, nil
}

// list reads an array of at most limit elements. An empty array is an empty slice that is not nil.
func list[T any](v strictjson.Value, limit int, read func(strictjson.Value) (T, error)) ([]T, error) {
	if v.Kind() != strictjson.Array {
		return nil, errNoArray
	}
	es := v.Elems()
	if len(es) > limit {
		return nil, errTooMany
	}
	out := slices.Grow([]T{}, len(es))
	for _, e := range es {
		t, err := read(e)
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, nil
}
