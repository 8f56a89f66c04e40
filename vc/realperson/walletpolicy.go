package realperson

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/realdid/realdid/did"
)

// Policy is what a person lets a wallet show. Its zero value shows nobody anything but what every response shows: a pseudonym, the
// authority, the epoch and the mode.
type Policy struct {
	// Reveal are the pointers that one platform may see ("/credentialSubject/ageOver18"), by its DID as [VerifierRequest.Platform]
	// returns it.
	Reveal map[did.DID][]string
	// RevealToAll are the pointers that every platform may see.
	RevealToAll []string
}

// ErrRefused says that a request asks for more than the policy allows.
var ErrRefused = errors.New("realperson: policy: the platform asks for more than may be shown")

// RefusedError names what may not be shown. It is ErrRefused.
type RefusedError struct{ Pointers []string }

func (e *RefusedError) Error() string {
	return fmt.Sprintf("%v: %s", ErrRefused, strings.Join(e.Pointers, ", "))
}

// Is implements errors.Is.
func (e *RefusedError) Is(target error) bool { return target == ErrRefused }

// check refuses pointers that may not be shown to a platform. Pointers are compared exactly: one that is allowed allows nothing below
// it.
func (p Policy) check(platform did.DID, reveal []string) error {
	var refused []string
	for _, r := range reveal {
		if !slices.Contains(p.Reveal[platform], r) && !slices.Contains(p.RevealToAll, r) {
			refused = append(refused, r)
		}
	}
	if refused != nil {
		return &RefusedError{Pointers: refused}
	}
	return nil
}
