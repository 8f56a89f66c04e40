package tlog

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
)

const (
	maxEpochBytes = 32 << 20    // of leaves in an epoch, about
	firstBackOff  = time.Second // after a failure, doubled with each
	maxBackOff    = 30 * time.Second
)

// run seals epochs until Close.
func (l *Log) run() {
	backOff := time.Duration(0)
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-l.ctx.Done():
			return
		case <-pause.C:
		}
		sealed := false
		if l.due() {
			err := l.epoch(l.ctx)
			switch {
			case l.closed.Load():
				return
			case err != nil:
				l.opt.OnError(err)
				backOff = min(max(2*backOff, firstBackOff), maxBackOff)
				pause.Reset(backOff)
				continue
			}
			sealed = true
		}
		backOff = 0
		if sealed && l.store.Entries()+uint64(l.opt.MaxEntries) <= l.length() {
			pause.Reset(0) // far behind
			continue
		}
		l.rest(pause, sealed)
	}
}

// rest sets pause to the time at which to look again: an interval after an epoch, and at once when something is appended
// after a longer silence.
func (l *Log) rest(pause *time.Timer, sealed bool) {
	if sealed {
		select {
		case <-l.wake: // from before the epoch, or covered by the next
		default:
		}
		pause.Reset(l.opt.Interval)
		return
	}
	wait := time.NewTimer(l.opt.Interval)
	defer wait.Stop()
	select {
	case <-l.wake:
	case <-wait.C:
	case <-l.ctx.Done():
	}
	pause.Reset(0)
}

// due reports whether an epoch is to be sealed, or one that is pending to be published.
func (l *Log) due() bool {
	last, ok := l.store.Published()
	s := l.store
	return !ok || last.Size+1 < s.Size() || len(s.Pending()) > 0 || s.Entries() < l.length() ||
		!l.opt.Clock().Before(time.Unix(last.Time, 0).Add(l.opt.Heartbeat))
}

// Seal publishes an epoch now that covers every entry that is durable when it is called. It returns when it is published;
// if it fails, sealing goes on in the background.
func (l *Log) Seal(ctx context.Context) error {
	for end := l.length(); ; {
		if err := l.epoch(ctx); err != nil {
			return err
		}
		if l.store.Entries() >= end {
			return nil
		}
	}
}

// epoch seals an epoch, or takes the one that is sealed already, and publishes it.
func (l *Log) epoch(ctx context.Context) error {
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return fmt.Errorf("tlog: seal: %w", ctx.Err())
	}
	if l.closed.Load() {
		return ledger.ErrClosed
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(l.ctx, cancel)()
	if err := l.seal(ctx); err != nil {
		if l.batch != nil {
			l.batch.Discard()
			l.batch = nil
		}
		return fmt.Errorf("tlog: seal: %w", err)
	}
	chain := l.batch.chain
	note, err := l.collect(ctx, chain[len(chain)-1])
	if err != nil {
		return err
	}
	if err := l.batch.Publish(note); err != nil {
		if l.batch.err != nil {
			l.batch.Discard()
			l.batch = nil
		}
		return err
	}
	l.batch = nil
	l.announce()
	return nil
}

// seal makes l.batch end in an epoch that can be published.
func (l *Log) seal(ctx context.Context) (err error) {
	if err := l.store.usable(); err != nil {
		return err
	}
	if b := l.batch; b != nil {
		// Auditors refuse an epoch that is too old: then another is sealed behind it.
		if b.committed || l.opt.Clock().Before(time.Unix(b.after, 0).Add(l.opt.Heartbeat)) {
			return nil
		}
		return l.extend(ctx, b)
	}
	if l.batch, err = l.store.Begin(); err != nil {
		return err
	}
	b := l.batch
	if len(b.onDisk) == 0 {
		return l.extend(ctx, b)
	}
	for _, p := range b.onDisk {
		if err := l.cut.fill(ctx, b, p.Epoch.Entries, maxInt); err != nil {
			return err
		}
		if err := b.SealAs(p); err != nil {
			var m *MismatchError
			if errors.As(err, &m) {
				return corrupt("the epoch of %d leaves that is pending cannot be made of the ledger again: %v", p.Checkpoint.Size, err)
			}
			return err
		}
	}
	return nil
}

// extend adds what the ledger has to b, as far as the limits of an epoch go, and seals it.
func (l *Log) extend(ctx context.Context, b *Batch) error {
	// The clock is read first: the epoch says nothing about entries that came after that.
	now := l.opt.Clock()
	if end := min(l.length(), b.baseEntries+uint64(l.opt.MaxEntries)); end > b.entries {
		if err := l.cut.fill(ctx, b, end, maxEpochBytes); err != nil {
			return err
		}
	}
	_, _, err := b.Seal(now)
	return err
}

// announce wakes those who wait for a publication.
func (l *Log) announce() {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.changed)
	l.changed = make(chan struct{})
}

// Prove implements [ledger.Prover]. entries of more than the ledger has are waited for as well, until ctx ends.
func (l *Log) Prove(ctx context.Context, key string, entries uint64) ([]byte, error) {
	if err := ledger.CheckKey(key); err != nil {
		return nil, err
	}
	for {
		l.mu.Lock()
		changed := l.changed
		l.mu.Unlock()
		if l.closed.Load() {
			return nil, ledger.ErrClosed
		}
		if last, ok := l.store.Published(); ok && last.Entries >= entries {
			p, err := l.store.Prove(key)
			if err == nil {
				return l.encode(p)
			}
			if !errors.Is(err, ErrUnproven) {
				return nil, err
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: %w", ErrUnproven, ctx.Err())
		}
	}
}

// selected is a published checkpoint with the signatures that a proof should carry.
type selected struct{ published, note []byte }

// encode encodes p with no more signatures than verifiers want.
func (l *Log) encode(p *proof.Latest) ([]byte, error) {
	l.mu.Lock()
	sel := l.proving
	l.mu.Unlock()
	if len(sel.published) == 0 || &sel.published[0] != &p.Checkpoint[0] {
		note, err := l.trust.Select(p.Checkpoint, l.opt.Clock())
		if err != nil {
			return nil, fmt.Errorf("tlog: prove: %w", err)
		}
		sel = selected{p.Checkpoint, note}
		l.mu.Lock()
		l.proving = sel
		l.mu.Unlock()
	}
	p.Checkpoint = sel.note
	return p.Bytes()
}
