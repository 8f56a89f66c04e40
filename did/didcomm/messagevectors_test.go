package didcomm_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/didcomm"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/internal/vectors"
)

// messageVector is a message that is well-formed, with what it says.
type messageVector struct {
	Name        string             `json:"name"`
	Text        string             `json:"text"`
	ID          string             `json:"id"`
	Type        string             `json:"type"`
	From        did.DID            `json:"from,omitzero"`
	To          []did.DID          `json:"to,omitempty"`
	Thread      string             `json:"thread"` // thid, or else the id
	Parent      string             `json:"parent,omitempty"`
	Created     time.Time          `json:"created,omitzero"`
	Expires     time.Time          `json:"expires,omitzero"`
	Body        string             `json:"body"` // canonical JSON
	Attachments []attachmentVector `json:"attachments,omitempty"`
	FromPrior   string             `json:"fromPrior,omitempty"`
	PleaseAck   []string           `json:"pleaseAck,omitempty"`
	Ack         []string           `json:"ack,omitempty"`
	Lang        string             `json:"lang,omitempty"`
	Headers     map[string]string  `json:"headers,omitempty"` // canonical JSON by name
}

type attachmentVector struct {
	ID           string    `json:"id,omitempty"`
	Description  string    `json:"description,omitempty"`
	Filename     string    `json:"filename,omitempty"`
	MediaType    string    `json:"mediaType,omitempty"`
	Format       string    `json:"format,omitempty"`
	LastModified time.Time `json:"lastModified,omitzero"`
	ByteCount    int64     `json:"byteCount,omitempty"`
	JSON         string    `json:"json,omitempty"`  // canonical
	Bytes        *string   `json:"bytes,omitempty"` // hexadecimal
	Links        []string  `json:"links,omitempty"`
	Hash         string    `json:"hash,omitempty"`
	JWS          string    `json:"jws,omitempty"` // canonical JSON
}

// badMessageVector is a text that is no message. Member names the header at fault, if it is one.
type badMessageVector struct {
	Name   string `json:"name"`
	Text   string `json:"text"`
	Member string `json:"member"`
}

// said returns what a message says, in the form of the vectors.
func said(t *testing.T, name, text string, m *didcomm.Message) messageVector {
	v := messageVector{
		Name: name, Text: text, ID: m.ID, Type: m.Type, From: m.From, To: m.To, Thread: m.ThreadID(), Parent: m.ParentThread,
		Created: m.Created, Expires: m.Expires, Body: "{}", FromPrior: m.FromPrior, PleaseAck: m.PleaseAck, Ack: m.Ack,
		Lang: m.Lang,
	}
	if m.Body != nil {
		v.Body = canonical(t, m.Body)
	}
	for _, a := range m.Attachments {
		w := attachmentVector{
			ID: a.ID, Description: a.Description, Filename: a.Filename, MediaType: a.MediaType, Format: a.Format,
			LastModified: a.LastModified, ByteCount: a.ByteCount, Links: a.Links, Hash: a.Hash,
		}
		if a.JSON != nil {
			w.JSON = canonical(t, a.JSON)
		}
		if a.Base64 != nil {
			s := hex.EncodeToString(a.Base64)
			w.Bytes = &s
		}
		if a.JWS != nil {
			w.JWS = canonical(t, a.JWS)
		}
		v.Attachments = append(v.Attachments, w)
	}
	for name, raw := range m.Headers {
		if v.Headers == nil {
			v.Headers = map[string]string{}
		}
		v.Headers[name] = canonical(t, raw)
	}
	return v
}

func canonical(t *testing.T, b json.RawMessage) string {
	t.Helper()
	v, err := strictjson.Parse(b, strictjson.Limits{Depth: 64})
	if err != nil {
		t.Fatal(err)
	}
	return string(strictjson.AppendCanonical(nil, v))
}

func TestMessageVectors(t *testing.T) {
	for _, want := range vectors.Read[vectors.None, messageVector](t, "didcomm/messages").Vectors {
		t.Run(want.Name, func(t *testing.T) {
			m, err := didcomm.ParseMessage([]byte(want.Text))
			if err != nil {
				t.Fatal(err)
			}
			if got := said(t, want.Name, want.Text, m); !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
			b, err := m.JSON()
			if err != nil {
				t.Fatal(err)
			}
			again, err := didcomm.ParseMessage(b)
			if err != nil {
				t.Fatal(err)
			}
			if got := said(t, want.Name, want.Text, again); !reflect.DeepEqual(got, want) {
				t.Errorf("written and read again: got %+v\nwant %+v", got, want)
			}
		})
	}
}

func TestBadMessageVectors(t *testing.T) {
	for _, v := range vectors.Read[vectors.None, badMessageVector](t, "didcomm/bad-messages").Vectors {
		t.Run(v.Name, func(t *testing.T) {
			m, err := didcomm.ParseMessage([]byte(v.Text))
			if err == nil {
				t.Fatalf("got %+v, want an error", m)
			}
			if !errors.Is(err, didcomm.ErrMessage) || !errors.Is(err, didcomm.ErrInvalid) || errors.Is(err, didcomm.ErrUnknown) {
				t.Errorf("got %v, want ErrMessage and ErrInvalid", err)
			}
			if !strings.Contains(err.Error(), v.Member) {
				t.Errorf("got %q, want an error that names %q", err, v.Member)
			}
		})
	}
}
