package tlog

import (
	"errors"
	"fmt"

	"github.com/realdid/realdid/did/ledger"
)

// Errors that a caller acts on. Damage is [ledger.ErrCorrupt], a closed store or log [ledger.ErrClosed], a directory that
// somebody else has open [ledger.ErrLocked].
var (
	// ErrFormat means that a directory is of a version of the format that this package does not know.
	ErrFormat = errors.New("tlog: unknown format")
	// ErrUnproven means that no published checkpoint covers what is asked for; one that does may come.
	ErrUnproven = errors.New("tlog: not covered by a published checkpoint")
	// ErrBusy means that another Batch is under way.
	ErrBusy = errors.New("tlog: another batch is under way")
	// ErrPending means that another epoch than the one asked for was sealed before and has to be published first.
	ErrPending = errors.New("tlog: another epoch is pending")
)

// A MismatchError says that an epoch that was recomputed is not the one that it should be. It is final for these entries.
type MismatchError struct {
	What      string // "size", "entries", "time", "map root", "log root" or "origin"
	Got, Want string // Got is what was computed
}

func (e *MismatchError) Error() string {
	return fmt.Sprintf("tlog: epoch: %s is %s, want %s", e.What, e.Got, e.Want)
}

// An OldSizeError is a cosigner's answer that it holds another size of the log than the one that it was given a proof from.
type OldSizeError struct{ Size uint64 }

func (e *OldSizeError) Error() string {
	return fmt.Sprintf("tlog: cosigner holds a log of %d leaves", e.Size)
}

// OldSize returns Size. Any error with this method tells the same.
func (e *OldSizeError) OldSize() uint64 { return e.Size }

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: tlog: %s", ledger.ErrCorrupt, fmt.Sprintf(format, args...))
}
