// Package witness is C2SP tlog-witness, both ends: a server that cosigns checkpoints of logs that only grow, and a client that
// asks one for its cosignature. With it come the readers of a published log ([Source], C2SP tlog-tiles) that those who
// look deeper need.
//
// A [Server] remembers, for each log, the last checkpoint that it cosigned, durably before the cosignature leaves it, and cosigns
// another one only with a proof that it extends the last. It does not look at what the log says, with one exception: where it
// is told a log's Source, it cosigns only checkpoints whose last leaf is an epoch leaf.
//
// A witness that forgets can be made to cosign two histories. So a Server whose state is lost or damaged does not start
// ([ErrState]) unless [Options.InsecureForget] says so. A state that was brought back from a backup is one that forgot, and looks
// sound: a key whose state was lost is better given up.
package witness

import (
	"context"
	"errors"
	"fmt"

	"github.com/realdid/realdid/did/ledger/proof"
)

// A Cosigner adds its cosignature to checkpoints. [Server] and [Client] are Cosigners, and so is what [NewHandler] serves.
type Cosigner interface {
	// Cosign returns signature lines for the checkpoint in note, which the log signed. consistency proves that the log of oldSize
	// leaves, which must be what the Cosigner cosigned last, is the beginning of it. Errors: those below.
	Cosign(ctx context.Context, oldSize uint64, consistency []proof.Hash, note []byte) ([]byte, error)
	// Name returns the name of its key.
	Name() string
}

// Why a checkpoint was not cosigned. They are the same at both ends. All but ErrUnavailable are final for the same request.
var (
	ErrMalformed   = errors.New("witness: malformed request")                          // 400
	ErrSignature   = errors.New("witness: not signed by the log")                      // 403
	ErrUnknownLog  = errors.New("witness: unknown log")                                // 404
	ErrConflict    = errors.New("witness: another checkpoint of that size")            // 409: the log signed two histories
	ErrRefused     = errors.New("witness: refused")                                    // 422: it does not extend the last, or says what it must not
	ErrUnavailable = errors.New("witness: unavailable")                                // 503 and whatever else: ask again later
	ErrState       = errors.New("witness: the state is lost or damaged")               // of NewServer
	ErrLocked      = errors.New("witness: the state is in use")                        // of NewServer
	errClosed      = fmt.Errorf("%w: closed", ErrUnavailable)                          // after Close
	errBusy        = fmt.Errorf("%w: too many requests are under way", ErrUnavailable) // of the handler
)

// A SizeError says that the request's old size is not that of the checkpoint that was cosigned last, which is Size. Ask again
// with a proof from there.
type SizeError struct{ Size uint64 }

func (e *SizeError) Error() string {
	return fmt.Sprintf("witness: the checkpoint cosigned last has %d leaves", e.Size)
}

// OldSize returns Size; those who do not know this package find it by this method.
func (e *SizeError) OldSize() uint64 { return e.Size }

// because joins one of the errors above with what happened. What a foreign error says stays out of its class.
func because(class error, format string, args ...any) error {
	return fmt.Errorf("%w: %s", class, fmt.Sprintf(format, args...))
}
