package tlogledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
)

// What is asked of Tessera: a group of appends, which a Sequencer makes no larger, goes into one batch, which is written as soon as
// nothing more comes.
const (
	batchSize     = 1024
	batchAge      = 2 * time.Millisecond
	posixInterval = time.Second // between Tessera's own checkpoints
)

// OpenPOSIX opens a ledger whose log is in the folder log, by Tessera's POSIX driver, and what is derived from it in the folder dir.
// Both are made if they are missing. It is NewAppender and [Open] in one call; errors are those of both.
func OpenPOSIX(ctx context.Context, log, dir string, signer *proof.NoteSigner, trust *proof.Trust, red ledger.HeadReducer, opt *Options) (*Ledger, error) {
	if err := check(signer, trust, red); err != nil {
		return nil, err
	}
	d, err := openDirectory(dir, trust.Origin) // the lock comes first: Tessera lets several programs write to one log
	if err != nil {
		return nil, err
	}
	background, cancel := context.WithCancel(context.WithoutCancel(ctx))
	driver, err := posix.New(background, posix.Config{Path: log})
	if err != nil {
		cancel()
		return nil, errors.Join(err, d.close())
	}
	appender, shutdown, reader, err := tessera.NewAppender(background, driver, AppendOptions(signer).WithCheckpointInterval(interval(opt)))
	if err != nil {
		cancel()
		return nil, errors.Join(fmt.Errorf("tlogledger: open: %w", err), d.close())
	}
	end := func(ctx context.Context) error {
		defer cancel()
		return shutdown(ctx)
	}
	l, err := open(ctx, appender, reader, d, signer, trust, red, opt)
	if err != nil {
		cancel()
		return nil, err
	}
	l.end = end
	return l, nil
}

func interval(opt *Options) time.Duration {
	if opt != nil && opt.often > 0 {
		return opt.often
	}
	return posixInterval
}

// AppendOptions returns options for tessera.NewAppender under which Tessera signs its own checkpoints with the log's key, and makes
// one batch of what a ledger adds at once. What else there is to say, on how often checkpoints are made and who witnesses
// those, is up to the caller and the driver. Pushback below the size of a batch would tear it.
func AppendOptions(signer *proof.NoteSigner) *tessera.AppendOptions {
	return tessera.NewAppendOptions().WithCheckpointSigner(noteSigner{signer}).WithBatching(batchSize, batchAge)
}

// noteSigner is a NoteSigner as golang.org/x/mod/sumdb/note wants it.
type noteSigner struct{ *proof.NoteSigner }

func (s noteSigner) Name() string    { return s.Verifier().Name() }
func (s noteSigner) KeyHash() uint32 { return s.Verifier().ID() }

func (s noteSigner) Sign(text []byte) ([]byte, error) {
	sig, err := s.SignNote(text)
	return sig.Bytes, err
}

// Open opens a ledger on a log of Tessera's, by any driver. appender and reader are what tessera.NewAppender returned, without
// antispam; nobody else may add to the log. dir is a folder for what is derived from it. signer is the log's key, which Tessera
// signs with as well ([AppendOptions]), and trust names it, the origin, who cosigns, and the quorum without which nothing is
// published. What the log has is read, checked and reduced as far as the folder does not know it yet.
//
// The caller shuts Tessera down after Close, not before. Errors: [proof.ErrTrust]; [ErrFormat]; [ledger.ErrLocked];
// [ledger.ErrCorrupt] for a log that holds what the reducer refuses or what is no leaf of a ledger, or that has lost leaves;
// [ledger.ErrUnavailable] if it cannot be read now.
func Open(ctx context.Context, appender *tessera.Appender, reader tessera.LogReader, dir string, signer *proof.NoteSigner, trust *proof.Trust, red ledger.HeadReducer, opt *Options) (*Ledger, error) {
	if err := check(signer, trust, red); err != nil {
		return nil, err
	}
	d, err := openDirectory(dir, trust.Origin)
	if err != nil {
		return nil, err
	}
	return open(ctx, appender, reader, d, signer, trust, red, opt)
}

func check(signer *proof.NoteSigner, trust *proof.Trust, red ledger.HeadReducer) error {
	if red == nil {
		return errors.New("tlogledger: open: no reducer")
	}
	if err := trust.Check(); err != nil {
		return err
	}
	if !signer.Verifier().Equal(trust.Log) || trust.Log.Type() != proof.LogEd25519 || trust.Log.Name() != trust.Origin {
		return fmt.Errorf("%w: tlogledger: Tessera signs with the log's Ed25519 key, whose name is the origin", proof.ErrTrust)
	}
	return nil
}

func open(ctx context.Context, appender *tessera.Appender, reader tessera.LogReader, d *directory, signer *proof.NoteSigner, trust *proof.Trust, red ledger.HeadReducer, opt *Options) (_ *Ledger, err error) {
	l := &Ledger{
		opt: opt.filled(), signer: signer, trust: *trust,
		turn: make(chan struct{}, 1), wake: make(chan struct{}, 1), changed: make(chan struct{}),
	}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	s := &store{
		log: log{reader}, add: appender.Add, red: red, origin: trust.Origin, dir: d, changed: make(map[string][]byte),
		fault: l.opt.fault, bulk: l.opt.bulk, chunk: l.opt.chunk, patience: l.opt.patience, pause: l.opt.pause,
	}
	// Closing ends sealing first; who appends is waited for, and Tessera has to answer.
	var cancel context.CancelFunc
	s.ctx, cancel = context.WithCancel(context.Background())
	if err = s.load(ctx); err == nil {
		l.store = s
		err = l.loadPublished(ctx)
	}
	if err != nil {
		cancel()
		l.cancel()
		return nil, errors.Join(err, s.abandon())
	}
	l.pending = s.resumed
	now := s.end()
	l.Sequencer = ledger.NewSequencer(s, red, l.opt.Clock, now.entries, now.last)
	s.moved = l.Sequencer.Moved
	l.stop = cancel
	if !l.opt.quiet {
		l.work.Go(l.run)
	}
	return l, nil
}

// abandon closes what load has opened.
func (s *store) abandon() error {
	var errs []error
	if s.index != nil {
		errs = append(errs, s.index.close())
	}
	if s.m != nil {
		errs = append(errs, s.m.Close())
	}
	return errors.Join(append(errs, s.dir.close())...)
}

// loadPublished takes the checkpoint that was published last, if the map is still that of it. What the log's key has signed binds:
// a log that does not begin with it has been cut off or altered.
func (l *Ledger) loadPublished(ctx context.Context) error {
	note, err := os.ReadFile(l.store.dir.file(checkpointFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	ours := proof.Trust{Origin: l.trust.Origin, Log: l.trust.Log, InsecureNoQuorum: true}
	cp, err := ours.VerifyCheckpoint(note, l.opt.Clock())
	if err != nil || cp.Size == 0 {
		return nil // of another key: the next epoch makes a new one
	}
	size := l.store.end().size
	if cp.Size > size {
		return corrupt("the log has %d leaves, and a checkpoint of %d was published", size, cp.Size)
	}
	root, err := proof.Root(l.store.log.hashes(ctx, cp.Size), cp.Size)
	if err != nil {
		return err
	}
	if root != cp.Root {
		return corrupt("the log is not the one whose checkpoint was published")
	}
	if _, err := l.trust.VerifyCheckpoint(note, l.opt.Clock()); err != nil || cp.Size != l.store.m.Version() {
		return nil // another policy, or a crash after the map was committed
	}
	leaf, err := l.store.log.leaf(ctx, cp.Size-1)
	if err != nil {
		return err
	}
	epoch, err := proof.ParseEpochLeaf(leaf)
	if err != nil {
		return corrupt("the published checkpoint does not end in an epoch")
	}
	path, err := proof.InclusionPath(l.store.log.hashes(ctx, cp.Size), cp.Size-1, cp.Size)
	if err != nil {
		return err
	}
	if proof.VerifyInclusion(cp.Size-1, cp.Size, proof.LeafHash(leaf), path, cp.Root) != nil {
		return corrupt("the epoch of the published checkpoint is another one")
	}
	l.published = &published{note: note, checkpoint: cp.Checkpoint, epoch: epoch, path: path}
	return nil
}
