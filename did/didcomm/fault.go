package didcomm

import (
	"errors"
	"fmt"

	"github.com/realdid/realdid/did"
)

// The two ways in which reading a message does not succeed. A caller may try again after ErrUnknown, and must not after
// ErrInvalid. A key that no document has is ErrUnknown too if it may have been added since the source was asked, a few seconds ago (New); as
// anybody can name such keys, a caller tries a number of times and no more.
var (
	ErrInvalid = errors.New("didcomm: invalid")
	ErrUnknown = errors.New("didcomm: could not check")
)

// Why a message was not read or not written, where a caller acts differently. When they come from reading, the error is
// ErrInvalid too.
var (
	// ErrNoSecret is what Secrets answer when they hold no key of that id.
	ErrNoSecret = errors.New("no secret key of this id")
	// ErrNotRecipient: the message is encrypted to nobody whose secret key is held here, or only to keys that no longer stand
	// in their document. The sender should look up the recipient's keys again.
	ErrNotRecipient = errors.New("not encrypted to a key held here")
	// ErrRefused: the message is not protected in a way that Expect accepts, or not from, to or of what it names.
	ErrRefused = errors.New("not protected as expected")
	// ErrExpired: the message's expires_time has come.
	ErrExpired = errors.New("expired")
	// ErrCurves: no curve serves the sender and every recipient at once. One message for each group of recipients is needed.
	ErrCurves = errors.New("no curve is common to the sender and all recipients")
)

// fault is an error of this package: what, detail, and whether asking again may help.
type fault struct {
	what   string
	detail string
	kind   error // ErrInvalid or ErrUnknown
	cause  error // may be nil
}

// Error returns "didcomm: what: detail: cause".
func (f *fault) Error() string {
	s := "didcomm: " + f.what
	if f.detail != "" {
		s += ": " + f.detail
	}
	if f.cause != nil {
		s += ": " + f.cause.Error()
	}
	return s
}

// Is reports whether target is the kind of the fault.
func (f *fault) Is(target error) bool { return target == f.kind }

// Unwrap returns the cause, or nil.
func (f *fault) Unwrap() error { return f.cause }

// invalid returns a final fault.
func invalid(what, format string, a ...any) error {
	return &fault{what: what, detail: fmt.Sprintf(format, a...), kind: ErrInvalid}
}

// invalidBecause returns a final fault with its cause.
func invalidBecause(what, detail string, cause error) error {
	return &fault{what: what, detail: detail, kind: ErrInvalid, cause: cause}
}

// unknownBecause returns a fault that may go away by itself.
func unknownBecause(what, detail string, cause error) error {
	return &fault{what: what, detail: detail, kind: ErrUnknown, cause: cause}
}

// lookupFault tells a resolver's final answers from its failures.
func lookupFault(what, detail string, err error) error {
	if did.AsError(err).Temporary() {
		return unknownBecause(what, detail, err)
	}
	return invalidBecause(what, detail, err)
}
