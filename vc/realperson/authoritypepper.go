package realperson

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// Pepper keys the de-duplication of persons: without it a registry that leaked cannot be searched for a document number, of which there
// are few enough to try them all. It is kept apart from the registry, best in a hardware module, and never changes: with another one
// everybody could enrol again.
type Pepper interface {
	// MAC returns HMAC-SHA-256 (RFC 2104) of message, 32 bytes.
	MAC(ctx context.Context, message []byte) ([]byte, error)
}

const minPepper, minSalt, maxSalt = 32, 16, 64

// NewPepper returns a Pepper in memory of a secret of at least 32 bytes, of which it keeps a copy. It prints nothing.
func NewPepper(secret []byte) (Pepper, error) {
	if len(secret) < minPepper {
		return nil, fmt.Errorf("realperson: pepper: fewer than %d bytes", minPepper)
	}
	kept := append([]byte(nil), secret...)
	return pepper(func(message []byte) []byte {
		m := hmac.New(sha256.New, kept)
		m.Write(message)
		return m.Sum(nil)
	}), nil
}

// pepper is a function because nothing prints what a function holds.
type pepper func(message []byte) []byte

func (p pepper) MAC(_ context.Context, message []byte) ([]byte, error) { return p(message), nil }

// Evidence is what the authority knows of the person who asks, after its officer or an electronic identity document has made sure who
// that is, and that the request which it goes with is the same person's. Country, Document and Number together name one person, in one
// way: a number of the person, not of a card that is replaced. The caller normalises; two spellings are two persons.
type Evidence struct {
	Country  string         // who issues the number: 2 or 3 letters A-Z
	Document string         // what kind of number it is: 1 to 32 of a-z, 0-9 and "-"
	Number   string         // 1 to 64 of A-Z, 0-9, "+" and "-"
	Claims   map[string]any // a value for each of Parameters.Claims and no other: a bool, or 1 to 64 of A-Z, a-z, 0-9 and "-"
}

// Format writes the type's name and nothing else, whatever the verb.
func (e Evidence) Format(f fmt.State, _ rune) { fmt.Fprint(f, "realperson.Evidence") }

// MarshalJSON always fails: what is known of a person is not written down by accident.
func (e Evidence) MarshalJSON() ([]byte, error) {
	return nil, errors.New("realperson: evidence: not encoded as JSON")
}

// ErrEvidence says that the evidence is not within its limits. It tells no value.
var ErrEvidence = errors.New("realperson: evidence")

func (e *Evidence) check() error {
	switch {
	case e == nil:
		return refuse(ErrEvidence, "there is none")
	case len(e.Country) < 2 || !written(e.Country, 3, upper):
		return refuse(ErrEvidence, "the country is not 2 or 3 letters A-Z")
	case !written(e.Document, 32, lower+digits+"-"):
		return refuse(ErrEvidence, "the kind of document is not 1 to 32 of a-z, 0-9 and -")
	case !written(e.Number, 64, upper+digits+"+-"):
		return refuse(ErrEvidence, "the number is not 1 to 64 of A-Z, 0-9, + and -")
	}
	return nil
}

const (
	upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	lower  = "abcdefghijklmnopqrstuvwxyz"
	digits = "0123456789"
)

// written tells a text of 1 to limit characters of an alphabet.
func written(s string, limit int, alphabet string) bool {
	return s != "" && len(s) <= limit && strings.Trim(s, alphabet) == ""
}

// personKey returns by what a registry finds a person again: 64 hexadecimal digits.
func personKey(ctx context.Context, p Pepper, salt []byte, e *Evidence) (string, error) {
	if err := e.check(); err != nil {
		return "", err
	}
	message := appendPart(nil, []byte("realperson/person/v1"))
	for _, part := range [][]byte{salt, []byte(e.Country), []byte(e.Document), []byte(e.Number)} {
		message = appendPart(message, part)
	}
	defer clear(message)
	mac, err := p.MAC(ctx, message)
	if err != nil {
		return "", fmt.Errorf("realperson: pepper: %w", err)
	}
	if len(mac) != sha256.Size {
		return "", errors.New("realperson: pepper: not 32 bytes")
	}
	return hex.EncodeToString(mac), nil
}

// isPersonKey tells what personKey returns.
func isPersonKey(s string) bool {
	return len(s) == 2*sha256.Size && written(s, 2*sha256.Size, digits+"abcdef")
}
