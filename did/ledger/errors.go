package ledger

import (
	"errors"
	"fmt"
	"time"
)

// Errors that a caller acts on. Those marked final will be the same for the same call on the same entries.
var (
	ErrConflict = errors.New("ledger: conflict")                                            // final; see ConflictError
	ErrInvalid  = errors.New("ledger: invalid")                                             // final: the key, the operation, or what the Reducer says
	ErrTooLarge = fmt.Errorf("%w: operation empty or over %d bytes", ErrInvalid, MaxOpSize) // final
	ErrCorrupt  = errors.New("ledger: corrupt")                                             // stored data is damaged; the text names where
	ErrLocked   = errors.New("ledger: in use")                                              // somebody else has the ledger open
	ErrClosed   = errors.New("ledger: closed")
	ErrClock    = errors.New("ledger: clock behind") // retry once the clock has caught up; see ClockError

	// ErrUnavailable means that an engine could not be reached or did not confirm. Whether the entry stands is not known;
	// repeating the same call settles it. A failure to store that is none of these errors means the same.
	ErrUnavailable = errors.New("ledger: unavailable")
)

// A ConflictError reports an append at a seq that is not the length of the key's sequence.
// It is [ErrConflict].
type ConflictError struct {
	Seq    uint64 // as asked for
	Entry  Entry  // what stands at Seq; the zero Entry if Seq is beyond the end
	Length uint64 // number of entries that the key has
}

func (e *ConflictError) Error() string {
	if e.Seq < e.Length {
		return fmt.Sprintf("ledger: append: conflict: another entry stands at seq %d of %d", e.Seq, e.Length)
	}
	return fmt.Sprintf("ledger: append: conflict: seq %d is beyond the end, %d", e.Seq, e.Length)
}

func (e *ConflictError) Is(target error) bool { return target == ErrConflict }

// A ClockError reports that the ledger's clock is earlier than its last anchor, so that nothing can be appended until
// it has caught up. It is [ErrClock].
type ClockError struct {
	Now  time.Time // what the clock says
	Last time.Time // time of the last anchor
}

func (e *ClockError) Error() string {
	return fmt.Sprintf("ledger: append: the clock says %s, earlier than the last anchor, %s",
		e.Now.UTC().Format(time.RFC3339), e.Last.UTC().Format(time.RFC3339))
}

func (e *ClockError) Is(target error) bool { return target == ErrClock }

// CheckKey returns [ErrInvalid] unless key is 1 to [MaxKeyLen] characters of [a-z0-9:-].
func CheckKey(key string) error {
	if key == "" || len(key) > MaxKeyLen {
		return fmt.Errorf("%w: key of %d characters, not 1 to %d", ErrInvalid, len(key), MaxKeyLen)
	}
	for i := range len(key) {
		switch c := key[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == ':', c == '-':
		default:
			return fmt.Errorf("%w: key has a character outside a-z 0-9 : - at %d", ErrInvalid, i)
		}
	}
	return nil
}

// CheckOp returns [ErrTooLarge] unless op is 1 to [MaxOpSize] bytes.
func CheckOp(op []byte) error {
	if len(op) == 0 || len(op) > MaxOpSize {
		return fmt.Errorf("%w: %d bytes", ErrTooLarge, len(op))
	}
	return nil
}
