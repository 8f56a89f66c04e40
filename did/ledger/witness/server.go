package witness

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"github.com/realdid/realdid/did/ledger/proof"
)

// A Log is one that a Server cosigns.
type Log struct {
	Key    proof.VerifierKey // LogEd25519, or CosignatureMLDSA44
	Origin string            // default: the name of Key
	// Source, if it is not nil, is where the log is published. Then only checkpoints that end in an epoch leaf are cosigned; a log
	// that does not show its last leaf gets no cosignature.
	Source Source
	// Hold, if it is not nil, is called instead of looking for the epoch leaf, with a checkpoint that the log signed and that extends
	// the last, before it is cosigned: a mirror returns when it holds the log's bytes durably. An error is one of this package's.
	// Only one call at a time is made for a log.
	Hold func(ctx context.Context, c proof.Checkpoint, signed []byte) error
}

func (l *Log) origin() string {
	if l.Origin == "" {
		return l.Key.Name()
	}
	return l.Origin
}

// verify checks the log's signature on a checkpoint, and returns the checkpoint and a note with that signature alone.
func (l *Log) verify(note []byte) (proof.Checkpoint, []byte, error) {
	return VerifySigned(l.Key, l.origin(), note)
}

// VerifySigned returns the checkpoint of a note that the log of that key and origin signed, and the note with that signature alone.
// Errors: [ErrMalformed], [ErrUnknownLog] for another origin, [ErrSignature].
func VerifySigned(key proof.VerifierKey, origin string, note []byte) (proof.Checkpoint, []byte, error) {
	n, err := proof.ParseNote(note)
	if err != nil {
		return proof.Checkpoint{}, nil, because(ErrMalformed, "%v", err)
	}
	c, err := proof.ParseCheckpoint(n.Text)
	if err != nil {
		return proof.Checkpoint{}, nil, because(ErrMalformed, "%v", err)
	}
	if c.Origin != origin {
		return proof.Checkpoint{}, nil, because(ErrUnknownLog, "%.80q", c.Origin)
	}
	for _, sig := range n.Signatures {
		if key.Made(sig) && key.VerifyNote(n.Text, sig) == nil {
			own := proof.Note{Text: n.Text, Signatures: []proof.NoteSignature{sig}}
			return c, own.Append(nil), nil
		}
	}
	return proof.Checkpoint{}, nil, because(ErrSignature, "no signature by the key of the log verifies")
}

// Options of [NewServer]; nil means the defaults.
type Options struct {
	// Create makes the directory if it is missing or empty: for the first start with a new key. A key that has cosigned before must
	// not be started with it, or a lost directory goes unnoticed.
	Create bool

	// InsecureForget starts a log anew whose state is lost or damaged. The log can then have a second history cosigned.
	InsecureForget bool

	// Also are further keys of the same witness, of another type: each cosignature is made by all of them.
	Also []*proof.NoteSigner

	Clock func() time.Time // for cosignatures; default time.Now

	// OnAccusation is called with evidence that a log signed two histories, after it was stored in the directory.
	OnAccusation func(origin string, a *proof.Accusation)

	// Handler limits what ServeHTTP takes.
	Handler *HandlerOptions
}

// A Server is a witness. It is an http.Handler ([NewHandler]) and a [Cosigner].
type Server struct {
	dir     string
	lock    *os.File
	signers []*proof.NoteSigner
	clock   func() time.Time
	accuse  func(string, *proof.Accusation)
	logs    map[string]*watched
	handler http.Handler
	closed  atomic.Bool
	closing context.Context // ends with Close
	stop    context.CancelFunc

	fault func(step string) error // for tests; or nil
}

// watched is a log with its state. turn holds one token; whoever has it may look at and change the rest.
type watched struct {
	Log
	turn chan struct{}
	state
}

var _ Cosigner = (*Server)(nil)

// NewServer starts a witness whose state is in the directory dir. signer is of a cosignature type. Only one Server can have a directory
// open. Errors: [ErrState], [ErrLocked], and those of the file system.
func NewServer(dir string, signer *proof.NoteSigner, logs []Log, opt *Options) (_ *Server, err error) {
	if opt == nil {
		opt = &Options{}
	}
	s := &Server{
		dir: dir, signers: append([]*proof.NoteSigner{signer}, opt.Also...), clock: opt.Clock, accuse: opt.OnAccusation,
		logs: make(map[string]*watched),
	}
	if s.clock == nil {
		s.clock = time.Now
	}
	s.closing, s.stop = context.WithCancel(context.Background())
	for _, signer := range s.signers {
		if t := signer.Verifier().Type(); t != proof.CosignatureEd25519 && t != proof.CosignatureMLDSA44 {
			return nil, fmt.Errorf("witness: open: %v is no key of a cosigner", t)
		}
	}
	for _, l := range logs {
		if t := l.Key.Type(); t != proof.LogEd25519 && t != proof.CosignatureMLDSA44 {
			return nil, fmt.Errorf("witness: open: %v is no key of a log", t)
		}
		if _, twice := s.logs[l.origin()]; twice {
			return nil, fmt.Errorf("witness: open: log %q is named twice", l.origin())
		}
		w := &watched{Log: l, turn: make(chan struct{}, 1)}
		w.turn <- struct{}{}
		s.logs[l.origin()] = w
	}
	if s.lock, err = lockDirectory(dir, opt.Create || opt.InsecureForget); err != nil {
		return nil, err
	}
	if err := s.load(opt); err != nil {
		return nil, errors.Join(err, s.lock.Close())
	}
	s.handler = NewHandler(s, opt.Handler)
	return s, nil
}

// load reads the state of each log, and makes one for those that are new.
func (s *Server) load(opt *Options) error {
	known, err := openDirectory(s.dir, opt.Create)
	if errors.Is(err, ErrState) && opt.InsecureForget {
		known, err = nil, writeFile(s.dir, formatFile, []byte(formatText))
	}
	if err != nil {
		return err
	}
	changed := false
	for origin, w := range s.logs {
		hash := originHash(origin)
		st, err := readState(s.dir, &w.Log)
		_, statErr := os.Lstat(filepath.Join(s.dir, stateFile(origin)))
		switch {
		case err == nil: // also one that is not in the list, because the list was about to be written
		case !errors.Is(err, ErrState):
			return err
		case errors.Is(statErr, os.ErrNotExist) && !slices.Contains(known, hash), opt.InsecureForget:
			st = &state{}
			if err := writeState(s.dir, origin, st); err != nil {
				return err
			}
		default:
			return err
		}
		w.state = *st
		if !slices.Contains(known, hash) {
			known, changed = append(known, hash), true
		}
	}
	if changed {
		slices.Sort(known)
		return writeLogs(s.dir, known)
	}
	return nil
}

// Close ends the requests under way and lets go of the directory. What is asked afterwards gets [ErrUnavailable].
func (s *Server) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	s.stop()
	for _, w := range s.logs {
		<-w.turn
	}
	return s.lock.Close()
}

// Name returns the name of the key.
func (s *Server) Name() string { return s.signers[0].Verifier().Name() }

// Verifiers returns the keys that check what the server cosigns.
func (s *Server) Verifiers() []proof.VerifierKey {
	var keys []proof.VerifierKey
	for _, signer := range s.signers {
		keys = append(keys, signer.Verifier())
	}
	return keys
}

// Last returns what was cosigned last of a log, as the log signed it; nil if nothing was.
func (s *Server) Last(ctx context.Context, origin string) ([]byte, error) {
	w, err := s.take(ctx, origin)
	if err != nil {
		return nil, err
	}
	defer w.release()
	return w.note, nil
}

// ServeHTTP serves C2SP tlog-witness; see [NewHandler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// take waits for the turn at a log.
func (s *Server) take(ctx context.Context, origin string) (*watched, error) {
	w, ok := s.logs[origin]
	if !ok {
		return nil, because(ErrUnknownLog, "%.80q", origin)
	}
	if s.closed.Load() {
		return nil, errClosed
	}
	select {
	case <-w.turn:
		return w, nil
	case <-s.closing.Done():
		return nil, errClosed
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, ctx.Err())
	}
}

func (w *watched) release() { w.turn <- struct{}{} }

// Cosign implements [Cosigner].
func (s *Server) Cosign(ctx context.Context, oldSize uint64, consistency []proof.Hash, note []byte) ([]byte, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.closing, cancel)()
	c, err := readCheckpoint(note)
	if err != nil {
		return nil, err
	}
	l, ok := s.logs[c.Origin]
	if !ok {
		return nil, because(ErrUnknownLog, "%.80q", c.Origin)
	}
	c, signed, err := l.verify(note)
	if err != nil {
		return nil, err
	}
	if oldSize > c.Size {
		return nil, because(ErrMalformed, "old size %d, and the checkpoint has %d", oldSize, c.Size)
	}
	w, err := s.take(ctx, c.Origin)
	if err != nil {
		return nil, err
	}
	defer w.release()
	if err := s.check(ctx, w, oldSize, consistency, c, signed); err != nil {
		return nil, err
	}
	now := s.clock()
	if now.Unix() < w.time {
		return nil, because(ErrUnavailable, "the clock is behind the last cosignature")
	}
	next := state{size: c.Size, root: c.Root, note: signed, time: now.Unix()}
	if err := s.inject("save"); err != nil {
		return nil, err
	}
	if err := writeState(s.dir, c.Origin, &next); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	w.state = next
	if err := s.inject("sign"); err != nil {
		return nil, err
	}
	return CosignWith(s.signers, note, now)
}

// check decides whether a checkpoint that the log signed extends the last one.
func (s *Server) check(ctx context.Context, w *watched, oldSize uint64, consistency []proof.Hash, c proof.Checkpoint, signed []byte) error {
	if oldSize != w.size {
		return &SizeError{w.size}
	}
	if c.Size == w.size && w.size > 0 && c.Root != w.root {
		s.keep(ctx, w, signed)
		return because(ErrConflict, "size %d", c.Size)
	}
	if err := proof.VerifyConsistency(w.size, c.Size, w.root, c.Root, consistency); err != nil && !(c.Size == 0 && len(consistency) == 0) {
		s.keep(ctx, w, signed)
		return because(ErrRefused, "%v", err)
	}
	switch {
	case w.Hold != nil:
		return w.Hold(ctx, c, signed)
	case w.Source != nil:
		_, err := LastEpoch(ctx, w.Source, c)
		return err
	}
	return nil
}

// keep stores evidence, if there is any, that the log signed two histories.
func (s *Server) keep(ctx context.Context, w *watched, signed []byte) {
	if w.note == nil {
		return
	}
	a, err := Accuse(ctx, w.Source, w.Key, w.note, signed)
	if err != nil || a == nil {
		return
	}
	if err := WriteAccusation(s.dir, a); err == nil && s.accuse != nil {
		s.accuse(w.origin(), a)
	}
}

func (s *Server) inject(step string) error {
	if s.fault == nil {
		return nil
	}
	return s.fault(step)
}

// CosignWith returns the signature lines of all signers for the checkpoint in note, at a time.
func CosignWith(signers []*proof.NoteSigner, note []byte, at time.Time) ([]byte, error) {
	n, err := proof.ParseNote(note)
	if err != nil {
		return nil, because(ErrMalformed, "%v", err)
	}
	var lines []byte
	for _, signer := range signers {
		sig, err := signer.Cosign(n.Text, at)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
		lines = sig.Append(lines)
	}
	return lines, nil
}
