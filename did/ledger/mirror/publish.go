package mirror

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/ledger/tlog"
	"github.com/realdid/realdid/did/ledger/witness"
)

// publish makes note, a checkpoint that is held, the one that everybody sees here, if enough have cosigned it.
func (m *Mirror) publish(c proof.Checkpoint, note []byte) error {
	if bytes.Equal(note, m.latest) {
		return nil
	}
	if _, err := m.trust.VerifyCheckpoint(note, m.opt.Clock()); err != nil {
		return unavailable(err)
	}
	full := m.withOwn(c, note)
	var err error
	last, ok := m.store.Published()
	switch {
	case m.batch != nil && m.batch.Size() == c.Size:
		if err = m.batch.Publish(full); err == nil {
			m.batch = nil
		}
	case ok && last.Size+1 == c.Size:
		err = m.store.Amend(full)
	default: // it was settled: the next epoch will be published
		return nil
	}
	if err != nil {
		return err
	}
	m.latest = bytes.Clone(note)
	m.announce()
	return nil
}

// withOwn adds the cosignature that was made here to a note that lacks it.
func (m *Mirror) withOwn(c proof.Checkpoint, note []byte) []byte {
	m.mu.Lock()
	own := m.own
	m.mu.Unlock()
	if own.size != c.Size || m.cosigner == nil {
		return note
	}
	n, err := proof.ParseNote(note)
	if err != nil {
		return note
	}
	sigs, err := proof.ParseSignatures(own.lines)
	if err != nil {
		return note
	}
	for _, sig := range sigs {
		has := false
		for _, other := range n.Signatures {
			has = has || other.Name == sig.Name && other.KeyID == sig.KeyID
		}
		if !has && len(n.Signatures) < proof.MaxSignatures {
			n.Signatures = append(n.Signatures, sig)
		}
	}
	return n.Append(nil)
}

// Cosign implements [witness.Cosigner]: it cosigns when it holds what the checkpoint is of.
func (m *Mirror) Cosign(ctx context.Context, oldSize uint64, consistency []proof.Hash, note []byte) ([]byte, error) {
	if m.cosigner == nil {
		return nil, fmt.Errorf("%w: mirror: it has no key", witness.ErrUnavailable)
	}
	lines, err := m.cosigner.Cosign(ctx, oldSize, consistency, note)
	if err != nil {
		return nil, err
	}
	if n, err := proof.ParseNote(note); err == nil {
		if c, err := proof.ParseCheckpoint(n.Text); err == nil {
			m.mu.Lock()
			m.own = cosigned{c.Size, lines}
			m.mu.Unlock()
		}
	}
	return lines, nil
}

// announce wakes those who wait for a publication.
func (m *Mirror) announce() {
	m.mu.Lock()
	defer m.mu.Unlock()
	close(m.changed)
	m.changed = make(chan struct{})
}

// Prove implements [ledger.Prover], under the checkpoint that is published here. For entries beyond it, it waits until Run has
// brought them, or ctx ends.
func (m *Mirror) Prove(ctx context.Context, key string, entries uint64) ([]byte, error) {
	if err := ledger.CheckKey(key); err != nil {
		return nil, err
	}
	for {
		m.mu.Lock()
		changed := m.changed
		m.mu.Unlock()
		if m.closed.Load() {
			return nil, ledger.ErrClosed
		}
		if last, ok := m.store.Published(); ok && last.Entries >= entries {
			p, err := m.store.Prove(key)
			if err == nil {
				return m.encode(p)
			}
			if !errors.Is(err, tlog.ErrUnproven) {
				return nil, err
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: %w", tlog.ErrUnproven, ctx.Err())
		}
	}
}

// selected is a published checkpoint with the signatures that a proof should carry.
type selected struct{ published, note []byte }

func (m *Mirror) encode(p *proof.Latest) ([]byte, error) {
	m.mu.Lock()
	sel := m.proving
	m.mu.Unlock()
	if len(sel.published) == 0 || &sel.published[0] != &p.Checkpoint[0] {
		note, err := m.trust.Select(p.Checkpoint, m.opt.Clock())
		if err != nil {
			return nil, fmt.Errorf("mirror: prove: %w", err)
		}
		sel = selected{p.Checkpoint, note}
		m.mu.Lock()
		m.proving = sel
		m.mu.Unlock()
	}
	p.Checkpoint = sel.note
	return p.Bytes()
}
