package didcomm

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/realdid/realdid/did"
)

// Media types of DIDComm Messaging v2.1, section "Media Types".
const (
	MediaTypePlaintext = "application/didcomm-plain+json"
	MediaTypeSigned    = "application/didcomm-signed+json"
	MediaTypeEncrypted = "application/didcomm-encrypted+json"
)

// Limits of ParseMessage and of Message.JSON.
const (
	MaxPlaintext   = 32 << 20 // bytes
	MaxDepth       = 64       // objects and arrays in one another, the message itself included
	MaxValues      = 1 << 18  // JSON values in all
	MaxTo          = 64       // addressees
	MaxAttachments = 256
	MaxLinks       = 16   // of one attachment
	MaxAcks        = 256  // ids in each of please_ack and ack
	MaxID          = 255  // bytes of a message's, a thread's and an attachment's id
	MaxType        = 2048 // bytes of a Message Type URI
)

// ErrMessage is in the chain of every error that says that a plaintext message is not well-formed.
var ErrMessage = errors.New("not a well-formed message")

// Message is a plaintext message (DIDComm Messaging v2.1, section "Plaintext Message Structure"). A Message says nothing
// of who wrote it: From is what the text states. Only Agent.Unpack compares it with the keys that protected the message.
//
// Of a message that was read, Body, Headers and the JSON and JWS of attachments are parts of one text: who keeps one of them keeps
// all of it in memory. Strings and DIDs, such as an id that is remembered against replays, are not.
type Message struct {
	ID           string // of 1 to MaxID unreserved characters of URIs; unique among the messages of the sender
	Type         string // Message Type URI; see ParseType
	From         did.DID
	To           []did.DID
	Thread       string    // thid: the id of the message that began the thread; empty if this one does
	ParentThread string    // pthid
	Created      time.Time // created_time: whole seconds, UTC; zero if absent
	Expires      time.Time // expires_time: likewise
	Body         json.RawMessage
	Attachments  []Attachment
	FromPrior    string   // compact JSON Web Token; see FromPrior
	PleaseAck    []string // ids of the messages whose receipt is to be acknowledged; "" stands for this one
	Ack          []string // ids of the messages whose receipt this one acknowledges
	Lang         string   // language of what is written for people (BCP 47)

	// Headers are all other members of the message, by name. Software that does not know a header ignores it.
	Headers map[string]json.RawMessage
}

// NewID returns 128 random bits as 32 hexadecimal digits, for the id of a message.
func NewID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// ThreadID returns the thread that the message belongs to: Thread, or else the message's own id.
func (m *Message) ThreadID() string {
	if m.Thread != "" {
		return m.Thread
	}
	return m.ID
}

// Reply returns a new message from one of m's addressees to its sender, in the same thread. Its id is fresh; Created and
// Body are for the caller to set. If m was received and Received.Authenticated is false, its sender is whoever the text names, who
// may know nothing of it: an answer to anybody's wish would make this side send messages to third parties.
func (m *Message) Reply(from did.DID, messageType string, body json.RawMessage) *Message {
	r := &Message{ID: NewID(), Type: messageType, From: from, Thread: m.ThreadID(), ParentThread: m.ParentThread, Body: body}
	if !m.From.IsZero() {
		r.To = []did.DID{m.From}
	}
	return r
}

// SameID tells whether two ids of messages, threads or attachments are the same: they are compared without regard to
// letter case (section "Message IDs").
func SameID(a, b string) bool { return len(a) == len(b) && strings.EqualFold(a, b) }

// messageError says what is wrong with a plaintext message. It is final, and ErrMessage.
func messageError(format string, a ...any) error {
	return &fault{what: "message", kind: ErrInvalid, cause: &notWellFormed{fmt.Errorf(format, a...)}}
}

type notWellFormed struct{ why error }

func (e *notWellFormed) Error() string        { return e.why.Error() }
func (e *notWellFormed) Is(target error) bool { return target == ErrMessage }
func (e *notWellFormed) Unwrap() error        { return e.why }
