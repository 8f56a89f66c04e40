package tlogledger

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/ledger/tlog"
)

const (
	firstBackOff = time.Second // after a failure, doubled with each
	maxBackOff   = 30 * time.Second
	sizeTries    = 4 // how often a cosigner may name another size
)

// published is a checkpoint that a quorum has cosigned, with what a proof under it needs.
type published struct {
	note       []byte
	checkpoint proof.Checkpoint
	epoch      proof.EpochLeaf
	path       []proof.Hash
}

// run seals epochs until Close.
func (l *Ledger) run() {
	backOff, timer := time.Duration(0), time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-l.ctx.Done():
			return
		case <-timer.C:
		}
		wait := l.opt.Interval
		if !l.due() {
			select { // a first entry after a silence is sealed at once
			case <-l.wake:
			case <-time.After(min(wait, l.opt.Heartbeat)):
			case <-l.ctx.Done():
				return
			}
			wait = 0
		} else if err := l.round(l.ctx); err != nil && l.ctx.Err() == nil {
			l.opt.OnError(err)
			backOff = min(max(2*backOff, firstBackOff), maxBackOff)
			wait = backOff
		} else {
			backOff = 0
		}
		timer.Reset(wait)
	}
}

// due reports whether there is something to seal or to publish.
func (l *Ledger) due() bool {
	l.mu.Lock()
	p, pending := l.published, l.pending != nil
	l.mu.Unlock()
	return p == nil || pending || p.epoch.Entries < l.store.end().entries ||
		!l.opt.Clock().Before(time.Unix(p.epoch.Time, 0).Add(l.opt.Heartbeat))
}

// Seal publishes an epoch now that covers every entry that is durable when it is called. It returns when it is published; if it
// fails, sealing goes on in the background.
func (l *Ledger) Seal(ctx context.Context) error {
	for entries := l.store.end().entries; ; {
		if err := l.round(ctx); err != nil {
			return err
		}
		l.mu.Lock()
		p := l.published
		l.mu.Unlock()
		if p != nil && p.epoch.Entries >= entries {
			return nil
		}
	}
}

// round seals an epoch, or takes the one that is sealed already, and publishes it.
func (l *Ledger) round(ctx context.Context) error {
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return fmt.Errorf("tlogledger: seal: %w", ctx.Err())
	}
	if l.closed.Load() {
		return ledger.ErrClosed
	}
	ctx, cancel := context.WithTimeout(ctx, l.opt.Timeout)
	defer cancel()
	defer context.AfterFunc(l.ctx, cancel)()
	p := l.pending
	if p != nil && !l.opt.Clock().Before(time.Unix(p.epoch.Time, 0).Add(l.opt.Heartbeat)) {
		// Auditors refuse an epoch that is too old. It stays in the log, and another is sealed behind it.
		l.store.unseal(p)
		p = nil
		l.setPending(nil)
	}
	if p == nil {
		var err error
		if p, err = l.store.seal(l.opt.Clock()); err != nil {
			return err
		}
		l.setPending(p)
	}
	if err := l.store.compare(ctx, p); err != nil {
		return err
	}
	note, err := l.collect(ctx, p.checkpoint)
	if err != nil {
		return err
	}
	path, err := proof.InclusionPath(l.store.log.hashes(ctx, p.checkpoint.Size), p.epoch.Size, p.checkpoint.Size)
	if err != nil {
		return err
	}
	l.setPending(nil)
	if err := p.staged.Commit(p.checkpoint.Size); err != nil {
		return l.store.fail(mapError(err))
	}
	l.announce(&published{note: note, checkpoint: p.checkpoint, epoch: p.epoch, path: path})
	return l.store.dir.write(checkpointFile, note)
}

func (l *Ledger) setPending(p *sealed) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pending = p
}

// announce makes p the published checkpoint, unless it is nil, and wakes those who wait for one.
func (l *Ledger) announce(p *published) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p != nil {
		l.published = p
	}
	close(l.changed)
	l.changed = make(chan struct{})
}

// collect signs the checkpoint and asks all cosigners at once, until the quorum has signed.
func (l *Ledger) collect(ctx context.Context, cp proof.Checkpoint) ([]byte, error) {
	note := &proof.Note{Text: cp.Append(nil)}
	sig, err := l.signer.SignNote(note.Text)
	if err != nil {
		return nil, err
	}
	note.Signatures = []proof.NoteSignature{sig}
	signed := note.Append(nil)
	enough := func() ([]byte, error) {
		b := note.Append(nil)
		_, err := l.trust.VerifyCheckpoint(b, l.opt.Clock())
		return b, err
	}
	whole, err := enough()
	if err == nil {
		return whole, nil
	}
	ctx, cancel := context.WithCancel(ctx)
	var asking sync.WaitGroup
	defer func() {
		cancel()
		asking.Wait()
	}()
	type answer struct {
		lines []byte
		err   error
	}
	answers := make(chan answer, len(l.opt.Cosigners))
	for _, c := range l.opt.Cosigners {
		asking.Go(func() {
			lines, err := l.ask(ctx, c, cp.Size, signed)
			answers <- answer{lines, err}
		})
	}
	var failed error
	for range l.opt.Cosigners {
		select {
		case a := <-answers:
			if a.err == nil {
				a.err = l.add(note, a.lines)
			}
			failed = errors.Join(failed, a.err)
		case <-ctx.Done():
			return nil, fmt.Errorf("tlogledger: cosigners: %w", errors.Join(ctx.Err(), failed))
		}
		if whole, err = enough(); err == nil {
			if failed != nil {
				l.opt.OnError(failed)
			}
			return whole, nil
		}
	}
	return nil, fmt.Errorf("tlogledger: checkpoint of %d leaves: %w", cp.Size, errors.Join(err, failed))
}

// ask asks a cosigner for its signature, from the size that it holds on.
func (l *Ledger) ask(ctx context.Context, c tlog.Cosigner, size uint64, signed []byte) ([]byte, error) {
	l.mu.Lock()
	old := uint64(0)
	if l.published != nil {
		old = l.published.checkpoint.Size // most likely
	}
	l.mu.Unlock()
	for range sizeTries {
		path, err := proof.ConsistencyPath(l.store.log.hashes(ctx, size), old, size)
		if err != nil {
			return nil, err
		}
		lines, err := c.Cosign(ctx, old, path, signed)
		if err == nil {
			return lines, nil
		}
		var other interface{ OldSize() uint64 }
		if !errors.As(err, &other) || other.OldSize() == old {
			return nil, fmt.Errorf("cosigner %s: %w", c.Name(), err)
		}
		if old = other.OldSize(); old > size {
			return nil, fmt.Errorf("cosigner %s holds a log of %d leaves, and this one has %d: it has lost its newest part: %w", c.Name(), old, size, err)
		}
	}
	return nil, fmt.Errorf("cosigner %s names another size each time", c.Name())
}

// add takes over the lines that are by cosigners of the policy and verify.
func (l *Ledger) add(note *proof.Note, lines []byte) error {
	sigs, err := proof.ParseSignatures(lines)
	if err != nil {
		return fmt.Errorf("cosigner: %w", err)
	}
	for _, sig := range sigs {
		for _, c := range l.trust.Cosigners {
			if !c.Key.Made(sig) {
				continue
			}
			if _, err := c.Key.VerifyCosignature(note.Text, sig); err != nil {
				return fmt.Errorf("cosigner %s: %w", c.Key.Name(), err)
			}
			note.Signatures = append(note.Signatures, sig)
		}
	}
	return nil
}
