package realperson

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/realdid"
)

// OpeningMode says who can find out which person stands behind a credential. There is no mode between the two, and the zero value is
// neither.
type OpeningMode string

// The modes.
const (
	Strict   OpeningMode = "strict"   // nobody can
	Escrowed OpeningMode = "escrowed" // trustees together could; not available: see ErrEscrowUnavailable
)

// ErrEscrowUnavailable says that credentials which trustees can open do not exist yet: they are not issued, not asked for, not shown and
// not accepted, and nothing pretends otherwise.
var ErrEscrowUnavailable = errors.New("realperson: mode: escrowed credentials are not available")

// Check returns nil for Strict, ErrEscrowUnavailable for Escrowed, and another error for everything else.
func (m OpeningMode) Check() error {
	switch m {
	case Strict:
		return nil
	case Escrowed:
		return ErrEscrowUnavailable
	}
	return errors.New("realperson: mode: neither strict nor escrowed")
}

// The errors that callers of both sides act on. All are final for the message that they are about.
var (
	// ErrMessage says that a message is not well-formed, or was made for another place, time, session or action.
	ErrMessage = errors.New("realperson: message")
	// ErrSignature says that a message is not signed by the key that it names.
	ErrSignature = errors.New("realperson: signature")
)

func refuse(kind error, detail string) error { return fmt.Errorf("%w: %s", kind, detail) }

// during says what was being done when an error came from below; what begins with this package's name says it itself.
func during(a Action, err error) error {
	if strings.HasPrefix(err.Error(), "realperson: ") {
		return err
	}
	return fmt.Errorf("realperson: %s: %w", a, err)
}

// hashOf returns SHA-256 over label and parts, each with its length before it as 8 bytes, big endian, so that no two lists of parts
// give one text.
func hashOf(label string, parts ...[]byte) [sha256.Size]byte {
	buf := make([]byte, 0, 256)
	buf = appendPart(buf, []byte(label))
	for _, p := range parts {
		buf = appendPart(buf, p)
	}
	return sha256.Sum256(buf)
}

func appendPart(dst, part []byte) []byte {
	dst = binary.BigEndian.AppendUint64(dst, uint64(len(part)))
	return append(dst, part...)
}

func uint64Bytes(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// canonicalDID returns the one name of an identity: the short form of a did:realdid, and every other DID as it is written. Without it
// one platform would have as many pseudonyms of a person as its DID has spellings.
func canonicalDID(d did.DID) (did.DID, error) {
	if d.Method() != realdid.MethodName {
		return d, nil
	}
	id, err := realdid.ParseIdentifier(d)
	if err != nil {
		return did.DID{}, err
	}
	return id.Short(), nil
}
