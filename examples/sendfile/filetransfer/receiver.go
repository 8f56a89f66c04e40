package filetransfer

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/realdid/realdid/did"
)

// Policy says what a Receiver takes. The zero value takes nothing.
type Policy struct {
	From    []did.DID // who may send
	MaxSize int64     // bytes of a file
}

// ReceiverOptions are the bounds of a Receiver; zero fields mean the defaults.
type ReceiverOptions struct {
	Chunk   int64         // bytes of the file in one message, at most; default 1 MiB, from 4 KiB to MaxChunk
	Flush   int64         // bytes that come before they are brought to disk and acknowledged; default 8 MiB
	MaxOpen int           // transfers of one sender that are not complete, whether or not anything comes; default 8
	KeepFor time.Duration // how long one that does not go on, or is complete, is kept; default 7 days, at least 2 hours

	// Observe is told of what happens, while it happens: the transfer waits for it. It may call Close at ChunkCame, and at nothing else.
	// nil: nobody is told.
	Observe func(Event)

	disk disk
}

// Receiver takes files. It keeps what it needs to go on after it stopped, at whatever moment, in a folder. It is safe for concurrent use;
// one process at a time may use a folder.
type Receiver struct {
	peer   *Peer
	state  string // folder of folders, one for each transfer
	files  string // folder of complete files
	policy Policy
	opt    ReceiverOptions
	ctx    context.Context
	cancel context.CancelFunc

	mu   sync.Mutex // held while a transfer is opened: one at a time
	open map[string]*incoming
}

// OpenReceiver gives p the role of a receiver, with complete files in the folder files and everything else in the folder state, which lie on
// one file system and not one in the other. opt may be nil.
func OpenReceiver(p *Peer, state, files string, policy Policy, opt *ReceiverOptions) (*Receiver, error) {
	r := &Receiver{peer: p, state: state, files: files, policy: policy, open: map[string]*incoming{}}
	r.policy.From = slices.Clone(policy.From)
	if opt != nil {
		r.opt = *opt
	}
	if r.opt.Chunk <= 0 || r.opt.Chunk > MaxChunk {
		r.opt.Chunk = min(1<<20, MaxChunk)
	}
	r.opt.Chunk = max(r.opt.Chunk, minChunk)
	if r.opt.Flush <= 0 || 2*r.opt.Flush+r.opt.Chunk > maxWindow {
		r.opt.Flush = 8 << 20
	}
	if r.opt.MaxOpen <= 0 {
		r.opt.MaxOpen = 8
	}
	if r.opt.KeepFor <= 0 {
		r.opt.KeepFor = 7 * 24 * time.Hour
	}
	r.opt.KeepFor = max(r.opt.KeepFor, 2*maxOfferLife)
	if r.opt.disk.file == nil {
		r.opt.disk = realDisk
	}
	if r.opt.Observe == nil {
		r.opt.Observe = func(Event) {}
	}
	for _, dir := range []string{state, files} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("filetransfer: receiver: %w", err)
		}
	}
	if err := apart(state, files); err != nil {
		return nil, fmt.Errorf("filetransfer: receiver: %w", err)
	}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	p.mu.Lock()
	defer p.mu.Unlock()
	p.receiver = r
	return r, nil
}

// window is how many bytes may come beyond what is on disk: one part that is being brought there, one that comes meanwhile.
func (r *Receiver) window() int64 { return 2*r.opt.Flush + r.opt.Chunk }

// Close takes the role away and stops at once: what is not on disk yet comes again when the transfer goes on.
func (r *Receiver) Close() {
	r.peer.mu.Lock()
	if r.peer.receiver == r {
		r.peer.receiver = nil
	}
	r.peer.mu.Unlock()
	r.cancel()
	r.mu.Lock()
	defer r.mu.Unlock()
	for key, t := range r.open {
		r.end(key, t)
	}
}

func (r *Receiver) mayFrom(id did.DID) bool { return slices.Contains(r.policy.From, id) }
