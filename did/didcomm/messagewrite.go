package didcomm

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/realdid/realdid/internal/strictjson"
)

// known are the members of a message that have a field of their own.
var known = []string{
	"typ", "id", "type", "from", "to", "thid", "pthid", "created_time", "expires_time", "body", "attachments", "from_prior",
	"please_ack", "ack", "lang",
}

// attachmentDepth is in how much the data of an attachment lies: the message, attachments, the attachment and data.
const attachmentDepth = 4

// JSON returns the text of the message, which ParseMessage reads back. A message that ParseMessage would refuse, or read as
// another one, is an error with ErrMessage in its chain.
func (m *Message) JSON() ([]byte, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	w := writer{b: make([]byte, 0, m.size()), values: 1}
	w.open()
	w.text("typ", MediaTypePlaintext)
	w.text("id", m.ID)
	w.text("type", m.Type)
	w.optional("from", m.From.String())
	if m.To != nil {
		w.list("to", texts(m.To))
	}
	w.optional("thid", m.Thread)
	w.optional("pthid", m.ParentThread)
	w.time("created_time", m.Created)
	w.time("expires_time", m.Expires)
	body := m.Body
	if body == nil {
		body = json.RawMessage("{}")
	}
	if err := w.raw("body", body, true, 1); err != nil {
		return nil, err
	}
	if len(m.Attachments) > 0 {
		w.name("attachments")
		w.b = append(w.b, '[')
		for i := range m.Attachments {
			if i > 0 {
				w.b = append(w.b, ',')
			}
			w.values++
			if err := w.attachment(&m.Attachments[i]); err != nil {
				return nil, err
			}
		}
		w.b = append(w.b, ']')
	}
	w.optional("from_prior", m.FromPrior)
	if m.PleaseAck != nil {
		w.list("please_ack", m.PleaseAck)
	}
	if m.Ack != nil {
		w.list("ack", m.Ack)
	}
	w.optional("lang", m.Lang)
	for _, name := range slices.Sorted(maps.Keys(m.Headers)) {
		if slices.Contains(known, name) {
			return nil, messageError("headers: %s has a field of its own", name)
		}
		if err := w.raw(name, m.Headers[name], false, 1); err != nil {
			return nil, err
		}
	}
	w.b = append(w.b, '}')
	switch {
	case len(w.b) > MaxPlaintext:
		return nil, messageError("over %d bytes", MaxPlaintext)
	case w.values > MaxValues:
		return nil, messageError("over %d values", MaxValues)
	case w.notUTF8:
		return nil, messageError("a text is not UTF-8")
	}
	return w.b, nil
}

// size is close to the length of the text, so that large attachments are copied once.
func (m *Message) size() int {
	n := 1024 + len(m.Body) + len(m.FromPrior)
	for i := range m.Attachments {
		n += 512 + len(m.Attachments[i].JSON) + base64.RawURLEncoding.EncodedLen(len(m.Attachments[i].Base64))
	}
	return n
}

func (w *writer) attachment(a *Attachment) error {
	w.open()
	w.optional("id", a.ID)
	w.optional("description", a.Description)
	w.optional("filename", a.Filename)
	w.optional("media_type", a.MediaType)
	w.optional("format", a.Format)
	w.time("lastmod_time", a.LastModified)
	if a.ByteCount != 0 {
		w.name("byte_count")
		w.b = strconv.AppendInt(w.b, a.ByteCount, 10)
	}
	w.name("data")
	w.open()
	if a.JSON != nil {
		if err := w.raw("json", a.JSON, false, attachmentDepth); err != nil {
			return err
		}
	}
	if a.Base64 != nil {
		w.name("base64")
		w.b = append(w.b, '"')
		w.b = base64.RawURLEncoding.AppendEncode(w.b, a.Base64)
		w.b = append(w.b, '"')
	}
	if len(a.Links) > 0 {
		w.list("links", a.Links)
	}
	w.optional("hash", a.Hash)
	if a.JWS != nil {
		if err := w.raw("jws", a.JWS, true, attachmentDepth); err != nil {
			return err
		}
	}
	w.b = append(w.b, "}}"...)
	return nil
}

// writer appends members to JSON objects. Its text is valid between calls that end an object.
type writer struct {
	b       []byte
	comma   bool
	values  int  // that were written as members and elements, with all that is in them
	notUTF8 bool // a text is not what was given
}

func (w *writer) open() { w.b, w.comma = append(w.b, '{'), false }

func (w *writer) name(s string) {
	if w.comma {
		w.b = append(w.b, ',')
	}
	w.string(s)
	w.b = append(w.b, ':')
	w.comma = true
	w.values++
}

func (w *writer) string(s string) {
	w.notUTF8 = w.notUTF8 || !utf8.ValidString(s)
	w.b = strictjson.AppendString(w.b, s)
}

func (w *writer) text(name, s string) {
	w.name(name)
	w.string(s)
}

func (w *writer) optional(name, s string) {
	if s != "" {
		w.text(name, s)
	}
}

func (w *writer) time(name string, t time.Time) {
	if !t.IsZero() {
		w.name(name)
		w.b = strconv.AppendInt(w.b, t.Unix(), 10)
	}
}

func (w *writer) list(name string, ss []string) {
	w.name(name)
	w.b = append(w.b, '[')
	w.values += len(ss)
	for i, s := range ss {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.string(s)
	}
	w.b = append(w.b, ']')
}

// raw appends a value that the caller gave as JSON and that lies in so many objects and arrays, after reading it as strictly as
// ParseMessage does.
func (w *writer) raw(name string, b json.RawMessage, object bool, depth int) error {
	limits := messageLimits
	limits.Depth -= depth
	v, err := strictjson.Parse(b, limits)
	if err != nil {
		return messageError("%s: %w", name, err)
	}
	if object && v.Kind() != strictjson.Object {
		return messageError("%s: %w", name, errNoObject)
	}
	w.name(name)
	w.b = append(w.b, v.Raw()...)
	w.values += within(v)
	return nil
}

// within counts the values in v.
func within(v strictjson.Value) int {
	n := 0
	for _, m := range v.Members() {
		n += 1 + within(m.Value)
	}
	for _, e := range v.Elems() {
		n += 1 + within(e)
	}
	return n
}

func texts[T fmt.Stringer](ds []T) []string {
	out := make([]string, len(ds))
	for i, d := range ds {
		out[i] = d.String()
	}
	return out
}
