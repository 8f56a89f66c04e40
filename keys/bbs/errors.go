package bbs

import (
	"errors"
	"fmt"
)

// ErrInvalid is what every error of checking is (errors.Is): the key, signature, proof or commitment is wrong, and stays so.
var ErrInvalid = errors.New("invalid")

var (
	errSuite = errors.New("no ciphersuite")
	errNoKey = errors.New("no key, or wiped")
)

// Limits that are looked at before any work is done.
const (
	MaxMessages    = 10_000  // messages of one signature, hidden ones included
	MaxMessageSize = 1 << 20 // bytes of one message
	MaxHeaderSize  = 1 << 20 // bytes of a header or presentation header
)

// fail returns "bbs: what: err", and makes it ErrInvalid.
func fail(what string, err error) error {
	if errors.Is(err, ErrInvalid) {
		return fmt.Errorf("bbs: %s: %w", what, err)
	}
	return fmt.Errorf("bbs: %s: %w: %w", what, ErrInvalid, err)
}

// invalid returns an error that is ErrInvalid, without the name of the package, for fail to wrap.
func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrInvalid}, args...)...)
}

// checkSizes looks at the limits of messages and headers.
func checkSizes(messages [][]byte, headers ...[]byte) error {
	if len(messages) > MaxMessages {
		return invalid("%d messages, at most %d", len(messages), MaxMessages)
	}
	for i, m := range messages {
		if len(m) > MaxMessageSize {
			return invalid("message %d has %d bytes, at most %d", i, len(m), MaxMessageSize)
		}
	}
	for _, h := range headers {
		if len(h) > MaxHeaderSize {
			return invalid("a header of %d bytes, at most %d", len(h), MaxHeaderSize)
		}
	}
	return nil
}
