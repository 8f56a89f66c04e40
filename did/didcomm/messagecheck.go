package didcomm

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

var (
	errNotPlaintext = errors.New("not the media type " + MediaTypePlaintext)
	errNoObject     = errors.New("not a JSON object")
	errNoArray      = errors.New("not an array")
	errNoString     = errors.New("not a string")
	errEmpty        = errors.New("empty")
	errNoTime       = errors.New("not a number of whole seconds since 1970 before the year 10000")
	errNoCount      = errors.New("not a number of bytes")
	errTooMany      = errors.New("too many elements")
	errBase64       = errors.New("not base64url")
)

func wrapName(name string, err error) error { return fmt.Errorf("%s: %w", name, err) }

// isMediaType compares as the section "Media Types" says: "application/" may be left out, and letter case does not count
// (RFC 6838, section 4.2).
func isMediaType(s, want string) bool {
	if !strings.Contains(s, "/") {
		s = "application/" + s
	}
	return strings.EqualFold(s, want)
}

// check holds a message to the rules that reading and writing share.
func (m *Message) check() error {
	switch {
	case m.ID == "":
		return messageError("id is missing")
	case !isID(m.ID):
		return messageError("id: not 1 to %d unreserved characters", MaxID)
	case m.Type == "":
		return messageError("type is missing")
	case m.Thread != "" && !isID(m.Thread):
		return messageError("thid: not 1 to %d unreserved characters", MaxID)
	case m.ParentThread != "" && !isID(m.ParentThread):
		return messageError("pthid: not 1 to %d unreserved characters", MaxID)
	case len(m.To) > MaxTo:
		return messageError("to: %w", errTooMany)
	case len(m.PleaseAck) > MaxAcks || len(m.Ack) > MaxAcks:
		return messageError("please_ack or ack: %w", errTooMany)
	}
	if _, err := ParseType(m.Type); err != nil {
		return err
	}
	for _, d := range m.To {
		if d.IsZero() {
			return messageError("to: an addressee is the zero DID")
		}
	}
	if err := checkTime(m.Created); err != nil {
		return messageError("created_time: %w", err)
	}
	if err := checkTime(m.Expires); err != nil {
		return messageError("expires_time: %w", err)
	}
	return m.checkAttachments()
}

func (m *Message) checkAttachments() error {
	if len(m.Attachments) > MaxAttachments {
		return messageError("attachments: %w", errTooMany)
	}
	ids := map[string]bool{}
	for i := range m.Attachments {
		a := &m.Attachments[i]
		switch {
		case a.ID != "" && !isID(a.ID):
			return messageError("attachments: %d: id: not 1 to %d unreserved characters", i, MaxID)
		case a.ID != "" && ids[strings.ToLower(a.ID)]:
			return messageError("attachments: %d: an id that another one has", i)
		case a.JSON == nil && a.Base64 == nil && len(a.Links) == 0:
			return messageError("attachments: %d: data: neither json nor base64 nor links", i)
		case len(a.Links) > 0 && a.Hash == "":
			return messageError("attachments: %d: data: links without hash", i)
		case len(a.Links) > MaxLinks:
			return messageError("attachments: %d: data: links: %w", i, errTooMany)
		case slices.Contains(a.Links, ""):
			return messageError("attachments: %d: data: links: %w", i, errEmpty)
		case a.ByteCount < 0:
			return messageError("attachments: %d: byte_count: %w", i, errNoCount)
		}
		if err := checkTime(a.LastModified); err != nil {
			return messageError("attachments: %d: lastmod_time: %w", i, err)
		}
		ids[strings.ToLower(a.ID)] = true
	}
	return nil
}

func checkTime(t time.Time) error {
	if t.IsZero() {
		return nil
	}
	if s := t.Unix(); s < 0 || s > maxTime || t.Nanosecond() != 0 {
		return errNoTime
	}
	return nil
}

// isID tells whether s is an id by the section "Message IDs": unreserved characters of URIs (RFC 3986, section 2.3). That
// section also calls ids short and recommends UUIDs, which are longer than the length it names; the limit here is ours.
func isID(s string) bool {
	if s == "" || len(s) > MaxID {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !isAlphanumeric(c) && c != '-' && c != '.' && c != '_' && c != '~' {
			return false
		}
	}
	return true
}

func isAlphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
