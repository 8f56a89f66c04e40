package mirror

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/ledger/witness"
)

// An Archive holds the files of a log, durably and proven to be of the tree that the log signed. It executes nothing. It is a
// [witness.Cosigner], and an http.Handler that serves both the files and add-checkpoint. It is safe for concurrent use.
type Archive struct {
	dir    string
	src    Source
	key    proof.VerifierKey
	origin string
	opt    Options

	target   *target
	cosigner *witness.Server
	handler  http.Handler

	turn   chan struct{} // one token; whoever has it may change files and use what follows
	held   proof.Checkpoint
	closed context.Context
	stop   context.CancelFunc
	once   sync.Once

	seen atomic.Uint64 // size of the greatest checkpoint that was published
}

var _ witness.Cosigner = (*Archive)(nil)

// The directory of an Archive has the files of a Mirror's that are about the cosigner and the target, the folder log as any static file
// server may publish it, and heldFile: the checkpoint, as the log signed it, whose files are all there.
const (
	heldFile = "held"
	logDir   = "log"
)

// OpenArchive opens the archive in directory dir, which it makes if there is none, of the log with the given key and origin, published
// at src. signer is of a cosignature type. Errors: those of [witness.NewServer]; [ledger.ErrCorrupt].
func OpenArchive(dir string, src Source, key proof.VerifierKey, origin string, signer *proof.NoteSigner, opt *Options) (_ *Archive, err error) {
	if src == nil || signer == nil {
		return nil, errors.New("mirror: open: no source, or no signer")
	}
	a := &Archive{dir: dir, src: src, key: key, origin: origin, opt: opt.filled(), turn: make(chan struct{}, 1)}
	a.turn <- struct{}{}
	a.closed, a.stop = context.WithCancel(context.Background())
	if err := os.MkdirAll(filepath.Join(dir, logDir), 0o755); err != nil {
		return nil, fmt.Errorf("mirror: open: %w", err)
	}
	l := witness.Log{Key: key, Origin: origin, Source: src, Hold: a.hold}
	if a.cosigner, err = witness.NewServer(filepath.Join(dir, "cosigner"), signer, []witness.Log{l}, a.opt.Cosigner); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close())
		}
	}()
	if a.target, err = openTarget(dir, key, origin); err != nil {
		return nil, err
	}
	b, err := os.ReadFile(filepath.Join(dir, heldFile))
	if err == nil {
		if a.held, _, err = witness.VerifySigned(key, origin, b); err != nil {
			return nil, fmt.Errorf("%w: mirror: %s: %w", ledger.ErrCorrupt, heldFile, err)
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("mirror: open: %w", err)
	}
	if a.target.c.Size < a.held.Size {
		return nil, fmt.Errorf("%w: mirror: %s is missing or old", ledger.ErrCorrupt, targetFile)
	}
	if a.held.Size > 0 {
		if _, err := openTree(a.closed, a.files(), a.held); err != nil {
			return nil, fmt.Errorf("%w: mirror: %w", ledger.ErrCorrupt, err)
		}
	}
	a.handler = serve(origin, a.OpenFile, a, a.opt.Cosigner.Handler)
	return a, nil
}

// Close ends what is under way and lets go of the directory.
func (a *Archive) Close() (err error) {
	a.once.Do(func() {
		a.stop()
		err = a.cosigner.Close()
		<-a.turn // and nobody gets it again
	})
	return err
}

// Name returns the name of the key.
func (a *Archive) Name() string { return a.cosigner.Name() }

// Size returns how many leaves are held.
func (a *Archive) Size(ctx context.Context) (uint64, error) {
	if err := a.take(ctx); err != nil {
		return 0, err
	}
	defer a.release()
	return a.held.Size, nil
}

// files reads what is held.
func (a *Archive) files() Source { return witness.NewDirSource(filepath.Join(a.dir, logDir)) }

// OpenFile opens a file of the log, as [NewFileHandler] wants it.
func (a *Archive) OpenFile(path string) (io.ReadSeekCloser, error) {
	if path != checkpointFile {
		if _, err := proof.ParseTilePath(path); err != nil {
			return nil, err
		}
	}
	f, err := os.Open(filepath.Join(a.dir, logDir, filepath.FromSlash(path)))
	if err != nil {
		return nil, fmt.Errorf("mirror: %w", err)
	}
	return f, nil
}

// ServeHTTP serves the log's files and POST /add-checkpoint.
func (a *Archive) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.handler.ServeHTTP(w, r) }

// Run follows the log until ctx ends or the archive is closed, and returns why.
func (a *Archive) Run(ctx context.Context) error { return poll(ctx, a.closed, &a.opt, a.Sync) }

func (a *Archive) take(ctx context.Context) error {
	if a.closed.Err() != nil {
		return unavailable(ledger.ErrClosed)
	}
	select {
	case <-a.turn:
		return nil
	case <-ctx.Done():
		return unavailable(ctx.Err())
	case <-a.closed.Done():
		return unavailable(ledger.ErrClosed)
	}
}

func (a *Archive) release() { a.turn <- struct{}{} }

// Sync looks at what the log publishes, takes it over, cosigns it, and publishes it here with that cosignature. Errors are as in
// [Mirror.Sync].
func (a *Archive) Sync(ctx context.Context) error {
	note, err := a.src.ReadFile(ctx, checkpointFile)
	if err != nil {
		return unavailable(err)
	}
	c, signed, err := witness.VerifySigned(a.key, a.origin, note)
	if err != nil {
		return unavailable(err)
	}
	if seen := a.seen.Load(); c.Size < seen {
		return &Fault{
			Kind: Truncated, Checkpoint: signed,
			Text: fmt.Sprintf("the source shows a checkpoint of %d leaves, and showed one of %d before", c.Size, seen),
		}
	}
	a.seen.Store(c.Size)
	old := proof.Checkpoint{}
	last, err := a.cosigner.Last(ctx, a.origin)
	if err != nil {
		return err
	}
	if last != nil {
		if old, _, err = witness.VerifySigned(a.key, a.origin, last); err != nil {
			return err
		}
	}
	if c.Size < old.Size {
		return a.advance(ctx, c, signed) // it was cosigned already: if it is of the same history, the log is about to publish more
	}
	var path []proof.Hash
	if old.Size > 0 {
		if path, err = proof.ConsistencyPath(witness.NewHashReader(ctx, a.src, c.Size), old.Size, c.Size); err != nil {
			return unavailable(err)
		}
	}
	_, err = a.Cosign(ctx, old.Size, path, note)
	return err
}

// Cosign implements [witness.Cosigner]: it cosigns when it holds what the checkpoint is of, and publishes it here.
func (a *Archive) Cosign(ctx context.Context, oldSize uint64, consistency []proof.Hash, note []byte) ([]byte, error) {
	lines, err := a.cosigner.Cosign(ctx, oldSize, consistency, note)
	if err != nil {
		return nil, err
	}
	if err := a.take(ctx); err != nil {
		return nil, err
	}
	defer a.release()
	c, _, err := witness.VerifySigned(a.key, a.origin, note)
	if err != nil || c.Size != a.held.Size {
		return lines, err // a later one was faster
	}
	full, err := join(note, lines)
	if err != nil {
		return nil, err
	}
	if err := writeFile(filepath.Join(a.dir, logDir), checkpointFile, full); err != nil {
		return nil, unavailable(err)
	}
	return lines, nil
}

// join adds signature lines to a note, in place of others by the same keys.
func join(note, lines []byte) ([]byte, error) {
	n, err := proof.ParseNote(note)
	if err != nil {
		return nil, err
	}
	sigs, err := proof.ParseSignatures(lines)
	if err != nil {
		return nil, err
	}
	all := sigs
	for _, sig := range n.Signatures {
		again := false
		for _, own := range sigs {
			again = again || own.Name == sig.Name && own.KeyID == sig.KeyID
		}
		if !again {
			all = append(all, sig)
		}
	}
	n.Signatures = all[:min(len(all), proof.MaxSignatures)]
	return n.Append(nil), nil
}

// hold is what the cosigner calls for a checkpoint that it is about to cosign.
func (a *Archive) hold(ctx context.Context, c proof.Checkpoint, signed []byte) error {
	err := a.advance(ctx, c, signed)
	if err != nil {
		a.opt.OnError(err)
	}
	return err
}
