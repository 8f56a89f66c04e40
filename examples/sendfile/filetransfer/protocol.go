package filetransfer

import (
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/realdid/realdid/did/didcomm"
	"github.com/realdid/realdid/internal/strictjson"
)

// Protocol identifies the protocol, which PROTOCOL.md beside this package's folder describes.
const Protocol = "https://realdid.example/sendfile/1.0"

// The messages of the protocol.
const (
	typeOffer    = Protocol + "/offer"
	typeAccept   = Protocol + "/accept"
	typeChunk    = Protocol + "/chunk"
	typeAck      = Protocol + "/ack"
	typeComplete = Protocol + "/complete"
)

// Codes of problem reports. Those with the scope m undo one message, those with the scope p the transfer.
const (
	codeUnknownKey = didcomm.CodeTrustCrypto + ".unknown-key" // encrypted to a key that is no more: look the receiver up
	codeNoOffer    = didcomm.CodeRequirement + ".offer"       // a chunk of a transfer that was not offered since the receiver started
	codeOffset     = didcomm.CodeRequirement + ".offset"      // a chunk that is not the next one
	codeOffer      = didcomm.CodeMessage + ".offer"           // an offer that is none
	codeChunk      = didcomm.CodeMessage + ".chunk"           // a chunk that is none
	codeTooMany    = "e.m.me.res.too-many"                    // of this sender's transfers are open: later
	codeStorage    = "e.m.me.res.storage"                     // what came cannot be brought to disk
	codeOther      = "e.p.msg.other-file"                     // an offer that is not what was offered before under its thread
	codeName       = "e.p.msg.name"
	codeTooLarge   = "e.p.me.res.storage.too-large"
	codeDigest     = "e.p.msg.digest" // all is here, and is not what was announced
)

// Limits of the protocol.
const (
	minChunk  = 4 << 10  // unless the file ends
	MaxChunk  = 4 << 20  // bytes of the file in one message
	maxWindow = 64 << 20 // bytes that a receiver may let come beyond what it acknowledged
	maxSize   = 1 << 50
	maxName   = 200 // bytes

	offerLife    = 30 * time.Minute // how long an offer counts
	maxOfferLife = time.Hour        // by the receiver's clock
)

// ErrMessage is in the error of a message whose body is not as the protocol says. It is final.
var ErrMessage = errors.New("not a message of the protocol")

// offer is the body of an offer: what would be sent.
type offer struct {
	Name   string
	Size   int64
	Digest Digest
}

// accept is the body of an accept: from where on, and how.
type accept struct {
	Offer  string // the id of the message that it answers
	Offset int64  // so much is there, on disk
	Digest Digest // of that much
	Chunk  int64  // at most so many bytes in a message
	Window int64  // at most so many bytes beyond what was acknowledged
}

// ack is the body of an ack: so much is on disk.
type ack struct {
	Offset int64
	Digest Digest
}

// Digest is a SHA-256.
type Digest [32]byte

// String returns 64 hexadecimal digits.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

func (o *offer) body() []byte {
	b := append([]byte(`{"name":`), quoted(o.Name)...)
	return fmt.Appendf(b, `,"size":%d,"sha256":"%v"}`, o.Size, o.Digest)
}

func (a *accept) body() []byte {
	b := append([]byte(`{"offer":`), quoted(a.Offer)...)
	return fmt.Appendf(b, `,"offset":%d,"sha256":"%v","chunk":%d,"window":%d}`, a.Offset, a.Digest, a.Chunk, a.Window)
}

func (a *ack) body() []byte {
	return fmt.Appendf(nil, `{"offset":%d,"sha256":"%v"}`, a.Offset, a.Digest)
}

func quoted(s string) []byte { return strictjson.AppendString(nil, s) }

// fields reads the members of a body, which may have others. The first fault stays.
type fields struct {
	v   strictjson.Value
	err error
}

func read(m *didcomm.Message) *fields {
	v, err := strictjson.Parse(m.Body, strictjson.Limits{Bytes: 4096, Depth: 8, Nodes: 256})
	if err == nil && v.Kind() != strictjson.Object {
		err = errors.New("no object")
	}
	return &fields{v: v, err: err}
}

func (f *fields) fail(name, why string) {
	if f.err == nil {
		f.err = errors.New(name + ": " + why)
	}
}

func (f *fields) text(name string, most int) string {
	v, _ := f.v.Get(name)
	s, ok := v.Str()
	if !ok || s == "" || len(s) > most {
		f.fail(name, fmt.Sprintf("not a text of 1 to %d bytes", most))
	}
	return s
}

func (f *fields) number(name string, least, most int64) int64 {
	v, _ := f.v.Get(name)
	n, ok := v.Int64()
	if !ok || n < least || n > most {
		f.fail(name, fmt.Sprintf("not a number from %d to %d", least, most))
	}
	return n
}

func (f *fields) digest(name string) (d Digest) {
	s := f.text(name, 2*len(d))
	if b, err := hex.DecodeString(s); err != nil || len(b) != len(d) || strings.ToLower(s) != s {
		f.fail(name, "not 64 lower-case hexadecimal digits")
	} else {
		d = Digest(b)
	}
	return d
}

func (f *fields) done() error {
	if f.err != nil {
		return fmt.Errorf("filetransfer: %w: %w", ErrMessage, f.err)
	}
	return nil
}

func readOffer(m *didcomm.Message) (*offer, error) {
	f := read(m)
	o := &offer{Name: f.text("name", maxName), Size: f.number("size", 0, maxSize), Digest: f.digest("sha256")}
	return o, f.done()
}

func readAccept(m *didcomm.Message) (*accept, error) {
	f := read(m)
	a := &accept{
		Offer: f.text("offer", didcomm.MaxID), Offset: f.number("offset", 0, maxSize), Digest: f.digest("sha256"),
		Chunk: f.number("chunk", minChunk, MaxChunk), Window: f.number("window", minChunk, maxWindow),
	}
	if a.Window < a.Chunk {
		f.fail("window", "smaller than a chunk")
	}
	return a, f.done()
}

func readAck(m *didcomm.Message) (*ack, error) {
	f := read(m)
	a := &ack{Offset: f.number("offset", 0, maxSize), Digest: f.digest("sha256")}
	return a, f.done()
}

func readComplete(m *didcomm.Message) (Digest, error) {
	f := read(m)
	d := f.digest("sha256")
	return d, f.done()
}

// readChunk returns the offset and the bytes of a chunk: one attachment, with the bytes in it.
func readChunk(m *didcomm.Message) (int64, []byte, error) {
	f := read(m)
	at := f.number("offset", 0, maxSize)
	if len(m.Attachments) != 1 {
		f.fail("attachments", "not one")
		return 0, nil, f.done()
	}
	data := m.Attachments[0].Base64
	if len(data) == 0 || len(data) > MaxChunk {
		f.fail("attachments", fmt.Sprintf("not 1 to %d bytes", MaxChunk))
	}
	return at, data, f.done()
}

// CheckName refuses names that are not taken: those that would be more than the name of a new file in one folder, anywhere.
func CheckName(name string) error { return checkLength(name, maxName) }

func checkLength(name string, most int) error {
	reserved := strings.ToUpper(strings.TrimSpace(strings.SplitN(name, ".", 2)[0])) // devices of Windows
	device := reserved == "CON" || reserved == "PRN" || reserved == "AUX" || reserved == "NUL" ||
		len(reserved) == 4 && (strings.HasPrefix(reserved, "COM") || strings.HasPrefix(reserved, "LPT"))
	switch {
	case name == "", len(name) > most, !utf8.ValidString(name):
	case strings.ContainsAny(name, `/\:*?"<>|`), path.Base(name) != name:
	case strings.HasPrefix(name, "."), strings.HasSuffix(name, "."), strings.TrimSpace(name) != name, device:
	case strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }):
	default:
		return nil
	}
	return fmt.Errorf("filetransfer: name: %q is hidden, too long, or not that of a file on every system", name)
}
