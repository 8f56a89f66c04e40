package proof

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of signed notes.
const (
	MaxNoteSize   = 256 << 10 // bytes
	MaxSignatures = 64
)

const sigPrefix = "— "

// A Note is a C2SP signed-note: a text and signatures. Nothing about it is verified.
type Note struct {
	Text       []byte // with its final newline, without the blank line after it
	Signatures []NoteSignature
}

// A NoteSignature is one signature line of a note.
type NoteSignature struct {
	Name  string // of the key
	KeyID uint32
	Bytes []byte // without the key ID; timestamp and signature in a cosignature
}

// ParseNote reads a signed note. Text aliases b. It is strict: UTF-8 without control characters other than newline, at
// least one signature line and at most [MaxSignatures], base64 with one spelling, at most [MaxNoteSize] bytes.
func ParseNote(b []byte) (*Note, error) {
	if len(b) > MaxNoteSize {
		return nil, invalid("note: %d bytes, over %d", len(b), MaxNoteSize)
	}
	if err := checkText(b); err != nil {
		return nil, err
	}
	split := bytes.LastIndex(b, []byte("\n\n"))
	if split < 0 {
		return nil, invalid("note: no blank line before the signatures")
	}
	sigs, err := parseSignatures(b[split+2:])
	if err != nil {
		return nil, err
	}
	return &Note{b[: split+1 : split+1], sigs}, nil
}

func checkText(b []byte) error {
	for _, c := range b {
		if c < 0x20 && c != '\n' {
			return invalid("note: control character")
		}
	}
	if !utf8.Valid(b) {
		return invalid("note: not UTF-8")
	}
	return nil
}

// ParseSignatures reads signature lines alone, 1 to [MaxSignatures] of them, as a witness answers them.
func ParseSignatures(b []byte) ([]NoteSignature, error) {
	if len(b) > MaxNoteSize {
		return nil, invalid("signatures: %d bytes, over %d", len(b), MaxNoteSize)
	}
	if err := checkText(b); err != nil {
		return nil, err
	}
	return parseSignatures(b)
}

func parseSignatures(b []byte) ([]NoteSignature, error) {
	if len(b) == 0 || b[len(b)-1] != '\n' {
		return nil, invalid("note: does not end in a signature line")
	}
	n := bytes.Count(b, []byte("\n"))
	if n > MaxSignatures {
		return nil, invalid("note: %d signatures, over %d", n, MaxSignatures)
	}
	sigs := make([]NoteSignature, 0, n)
	for line := range strings.Lines(string(b)) {
		rest, ok := strings.CutPrefix(line[:len(line)-1], sigPrefix)
		name, text, ok2 := strings.Cut(rest, " ")
		if !ok || !ok2 || !validName(name) {
			return nil, invalid("note: malformed signature line %d", len(sigs)+1)
		}
		raw, err := decodeBase64(text)
		if err != nil || len(raw) < 5 {
			return nil, invalid("note: malformed base64 in signature line %d", len(sigs)+1)
		}
		sigs = append(sigs, NoteSignature{name, binary.BigEndian.Uint32(raw), raw[4:]})
	}
	return sigs, nil
}

// validName reports whether name may be the name of a key: not empty, no Unicode space, no plus.
func validName(name string) bool {
	return name != "" && utf8.ValidString(name) && !strings.Contains(name, "+") &&
		strings.IndexFunc(name, func(r rune) bool { return unicode.IsSpace(r) || r < 0x20 }) < 0
}

// Append appends the note: Text, a blank line, the signature lines.
func (n *Note) Append(dst []byte) []byte {
	dst = append(dst, n.Text...)
	dst = append(dst, '\n')
	for _, s := range n.Signatures {
		dst = s.Append(dst)
	}
	return dst
}

// Append appends the signature line, with its newline.
func (s NoteSignature) Append(dst []byte) []byte {
	dst = append(dst, sigPrefix...)
	dst = append(dst, s.Name...)
	dst = append(dst, ' ')
	raw := make([]byte, 4, 4+len(s.Bytes))
	binary.BigEndian.PutUint32(raw, s.KeyID)
	dst = base64.StdEncoding.AppendEncode(dst, append(raw, s.Bytes...))
	return append(dst, '\n')
}
