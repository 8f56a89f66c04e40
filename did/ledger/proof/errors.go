package proof

import (
	"errors"
	"fmt"
)

// The errors of this package. Each is final: the same call gives it again.
var (
	ErrInvalid = errors.New("proof: invalid") // malformed, or it does not prove what it should
	ErrTrust   = errors.New("proof: trust")   // the policy itself is unusable: nothing was checked

	// ErrQuorum is [ErrInvalid]: a checkpoint that the log signed, with too few cosignatures for the policy.
	ErrQuorum = fmt.Errorf("%w: quorum", ErrInvalid)
	// ErrUnknownSignature is [ErrInvalid]: a signature by a key outside the policy, where none is allowed.
	ErrUnknownSignature = fmt.Errorf("%w: unknown signature", ErrInvalid)
)

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrInvalid, fmt.Sprintf(format, args...))
}
