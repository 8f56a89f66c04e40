package filetransfer

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/didcomm"
)

// Why a transfer ended for good. After every other error of Send it can be resumed.
var (
	ErrChanged  = errors.New("the file is not what was offered")
	ErrReceiver = errors.New("the receiver says what cannot be")
)

// ProblemError is a problem that the receiver reported and that ends the transfer.
type ProblemError struct{ Problem *didcomm.Problem }

// Error returns what the receiver wrote.
func (e *ProblemError) Error() string {
	return fmt.Sprintf("filetransfer: send: the receiver reports %s: %q", e.Problem.Code, e.Problem.Text())
}

// SenderOptions are the bounds of a Sender; zero fields mean the defaults.
type SenderOptions struct {
	Chunk    int64         // bytes of the file in one message, at most; default 1 MiB; the receiver may want less
	Attempts int           // in a row, without the receiver getting further, before Send gives up; default 10
	Pause    time.Duration // before another attempt, doubled each time; default 100 ms
	MaxPause time.Duration // default 5 s
	Wait     time.Duration // for an answer of the receiver; default 30 s

	// Observe is told of what happens, while it happens: the transfer waits for it. nil: nobody is told.
	Observe func(Event)

	disk disk
}

// Sender sends files. It keeps what it needs to go on after it stopped in a folder. It is safe for concurrent use.
type Sender struct {
	peer  *Peer
	state string
	opt   SenderOptions

	mu    sync.Mutex
	going map[string]*outgoing // by thread
}

// OpenSender gives p the role of a sender, with its memory in the folder state. opt may be nil.
func OpenSender(p *Peer, state string, opt *SenderOptions) (*Sender, error) {
	s := &Sender{peer: p, state: state, going: map[string]*outgoing{}}
	if opt != nil {
		s.opt = *opt
	}
	if s.opt.Chunk <= 0 || s.opt.Chunk > MaxChunk {
		s.opt.Chunk = min(1<<20, MaxChunk)
	}
	if s.opt.Attempts <= 0 {
		s.opt.Attempts = 10
	}
	if s.opt.Pause <= 0 {
		s.opt.Pause = 100 * time.Millisecond
	}
	if s.opt.MaxPause <= 0 {
		s.opt.MaxPause = 5 * time.Second
	}
	if s.opt.Wait <= 0 {
		s.opt.Wait = 30 * time.Second
	}
	if s.opt.disk.file == nil {
		s.opt.disk = realDisk
	}
	if s.opt.Observe == nil {
		s.opt.Observe = func(Event) {}
	}
	if err := os.MkdirAll(state, 0o700); err != nil {
		return nil, fmt.Errorf("filetransfer: sender: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sender = s
	return s, nil
}

// Sent is a transfer that is complete.
type Sent struct {
	Transfer string
	Size     int64
	Digest   Digest
	Bytes    int64 // that were sent, some of them perhaps more than once
	Offers   int   // 1 if nothing interrupted it
}

// DigestFile returns the size and the digest of a file.
func DigestFile(ctx context.Context, path string) (int64, Digest, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, Digest{}, err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.CopyBuffer(h, contextReader{ctx, f}, make([]byte, 1<<20))
	return n, sumOf(h), err
}

type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(b)
}

// Send sends a file to somebody and returns when it is complete there. If it returns with another error than ErrChanged,
// ErrReceiver and *ProblemError, Resume goes on with the id, which is "" if nothing began.
func (s *Sender) Send(ctx context.Context, to did.DID, path string) (id string, sent *Sent, err error) {
	path, err = filepath.Abs(path)
	if err != nil {
		return "", nil, err
	}
	if err := CheckName(filepath.Base(path)); err != nil {
		return "", nil, err
	}
	size, digest, err := DigestFile(ctx, path)
	if err != nil {
		return "", nil, fmt.Errorf("filetransfer: send: %w", err)
	}
	o := &outgoingState{
		Version: stateVersion, To: to, ID: didcomm.NewID(), Path: path, Name: filepath.Base(path), Size: size, Digest: digest.String(),
	}
	if err := s.opt.disk.writeState(s.file(o.ID), o); err != nil {
		return "", nil, fmt.Errorf("filetransfer: send: %w", err)
	}
	sent, err = s.run(ctx, o, 0)
	return o.ID, sent, err
}

// Unsent is a transfer that can be resumed.
type Unsent struct {
	Transfer string
	To       did.DID
	Path     string // of the file
	Size     int64
}

// Pending returns the transfers that this or an earlier Sender on the same folder began and that are not over, those that are going on among
// them. What is no transfer in the folder is passed over.
func (s *Sender) Pending() ([]Unsent, error) {
	entries, err := os.ReadDir(s.state)
	if err != nil {
		return nil, fmt.Errorf("filetransfer: pending: %w", err)
	}
	var all []Unsent
	for _, e := range entries {
		var o outgoingState
		if path := filepath.Join(s.state, e.Name()); readState(path, &o) == nil && path == s.file(o.ID) {
			all = append(all, Unsent{o.ID, o.To, o.Path, o.Size})
		}
	}
	return all, nil
}

// Resume goes on with a transfer that this or an earlier Sender on the same folder began.
func (s *Sender) Resume(ctx context.Context, id string) (*Sent, error) {
	if CheckName(id) != nil {
		return nil, fmt.Errorf("filetransfer: resume: %w", os.ErrNotExist)
	}
	o := new(outgoingState)
	if err := readState(s.file(id), o); err != nil {
		return nil, fmt.Errorf("filetransfer: resume: %w", err)
	}
	return s.run(ctx, o, o.Size) // perhaps all was sent before
}

func (s *Sender) file(id string) string { return filepath.Join(s.state, id+".json") }

func (s *Sender) sendsTo(id did.DID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.going {
		if o.state.To == id {
			return true
		}
	}
	return false
}

// run makes attempts until one succeeds, or too many in a row got nowhere. The receiver may have everything before tried.
func (s *Sender) run(ctx context.Context, state *outgoingState, tried int64) (*Sent, error) {
	o, err := s.begin(state)
	if err != nil {
		return nil, err
	}
	o.tried = tried
	defer func() {
		s.mu.Lock()
		delete(s.going, state.ID)
		s.mu.Unlock()
		o.file.Close()
	}()
	pause, tries := s.opt.Pause, 0
	for {
		before := o.acked
		err := o.attempt(ctx)
		if err == nil || final(err) {
			err = errors.Join(err, os.Remove(s.file(state.ID)))
			return &o.sent, err
		}
		if ctx.Err() != nil {
			return nil, err
		}
		if o.acked > before {
			pause, tries = s.opt.Pause, 0
		}
		if tries++; tries >= s.opt.Attempts {
			return nil, fmt.Errorf("filetransfer: send: given up for now: %w", err)
		}
		s.opt.Observe(Event{Kind: Interrupted, Transfer: state.ID, Offset: o.acked, Size: state.Size, Err: err, Pause: pause})
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(pause):
		}
		pause = min(2*pause, s.opt.MaxPause)
		s.peer.cache.Purge(state.To) // keys and endpoint may be others by now
	}
}

func final(err error) bool {
	return errors.Is(err, ErrChanged) || errors.Is(err, ErrReceiver) || errors.As(err, new(*ProblemError))
}

func (s *Sender) begin(state *outgoingState) (*outgoing, error) {
	digest, err := parseDigest(state.Digest)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(state.Path)
	if err != nil {
		return nil, fmt.Errorf("filetransfer: send: %w", err)
	}
	o := &outgoing{
		Sender: s, state: state, digest: digest, file: f, inbox: make(chan reply, 64),
		sent:  Sent{Transfer: state.ID, Size: state.Size, Digest: digest},
		marks: []point{{0, sha256.New()}},
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.going[state.ID] != nil {
		return nil, errors.Join(errors.New("filetransfer: send: this transfer is going on already"), f.Close())
	}
	s.going[state.ID] = o
	return o, nil
}

// reply is what the receiver says. One of the pointers is set.
type reply struct {
	accept   *accept
	ack      *ack
	complete *Digest
	problem  *didcomm.Problem
	peerKey  did.URL
}

// handle takes a message from a receiver.
func (s *Sender) handle(_ context.Context, got *didcomm.Received) error {
	m := got.Message
	thread := m.ThreadID()
	if m.Type == didcomm.TypeProblemReport {
		thread = m.ParentThread
	}
	s.mu.Lock()
	o := s.going[thread]
	s.mu.Unlock()
	if o == nil || o.state.To != m.From {
		return fmt.Errorf("filetransfer: %w: nothing is being sent to this peer under this thread", ErrRefused)
	}
	r := reply{peerKey: got.SenderKey}
	var err error
	switch m.Type {
	case typeAccept:
		r.accept, err = readAccept(m)
	case typeAck:
		r.ack, err = readAck(m)
	case typeComplete:
		var d Digest
		d, err = readComplete(m)
		r.complete = &d
	default:
		r.problem, err = didcomm.ParseProblem(m)
	}
	if err != nil {
		return err
	}
	select {
	case o.inbox <- r:
	default: // nobody reads: the next attempt asks anew
	}
	return nil
}
