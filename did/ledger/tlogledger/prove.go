package tlogledger

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/ledger/tlog"
)

// Prove implements [ledger.Prover]: it returns a proof that proof.ParseLatest reads, with exactly the signatures that the quorum
// needs. entries of more than the ledger has are waited for as well, until ctx ends. Errors: tlog.ErrUnproven.
func (l *Ledger) Prove(ctx context.Context, key string, entries uint64) ([]byte, error) {
	if err := ledger.CheckKey(key); err != nil {
		return nil, err
	}
	for {
		l.mu.Lock()
		p, changed := l.published, l.changed
		l.mu.Unlock()
		if l.closed.Load() {
			return nil, ledger.ErrClosed
		}
		if p != nil && p.epoch.Entries >= entries {
			b, ok, err := l.proveUnder(p, key)
			if ok || err != nil {
				return b, err
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: %w", tlog.ErrUnproven, ctx.Err())
		}
	}
}

// proveUnder proves what stands at key under p; ok is false if the map has gone on.
func (l *Ledger) proveUnder(p *published, key string) (b []byte, ok bool, err error) {
	head, m, err := l.store.m.Prove(proof.MapPath(key))
	if err != nil {
		return nil, false, mapError(err)
	}
	if l.store.m.Version() != p.checkpoint.Size {
		return nil, false, nil
	}
	note, err := l.recent.Select(&l.trust, p.note, l.opt.Clock())
	if err != nil {
		return nil, false, fmt.Errorf("tlogledger: prove: %w", err)
	}
	latest := &proof.Latest{Checkpoint: note, Epoch: p.epoch, EpochPath: p.path, Map: m, Head: head}
	b, err = latest.Bytes()
	return b, err == nil, err
}

// ReadFile returns a file as a tile server serves it, so that mirrors and auditors follow the log: "checkpoint", which is that of
// [Ledger.Checkpoint], or a tile or bundle of entries by its path in C2SP tlog-tiles. Errors: proof.ErrInvalid for any other
// path; fs.ErrNotExist; ledger.ErrUnavailable; ledger.ErrCorrupt.
func (l *Ledger) ReadFile(ctx context.Context, path string) ([]byte, error) {
	if l.closed.Load() {
		return nil, ledger.ErrClosed
	}
	if path == checkpointFile {
		if note := l.Checkpoint(); note != nil {
			return note, nil
		}
		return nil, fmt.Errorf("tlogledger: checkpoint: %w", fs.ErrNotExist)
	}
	t, err := proof.ParseTilePath(path)
	if err != nil {
		return nil, err
	}
	var b []byte
	width := uint8(t.Width % proof.TileWidth)
	if t.Entries {
		b, err = l.store.log.ReadEntryBundle(ctx, t.Index, width)
	} else {
		b, err = l.store.log.ReadTile(ctx, uint64(t.Level), t.Index, width)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("tlogledger: %s: %w", path, fs.ErrNotExist)
	}
	if err != nil {
		return nil, unavailable(path, err)
	}
	return narrow(t, b)
}

// narrow cuts what Tessera has given for a tile: once a tile is full, it shows that in place of the partial ones.
func narrow(t proof.Tile, b []byte) ([]byte, error) {
	if !t.Entries {
		if len(b) < t.Width*proof.HashSize {
			return nil, corrupt("%s has %d bytes", t.Path(), len(b))
		}
		return b[:t.Width*proof.HashSize], nil
	}
	n := 0
	for range t.Width {
		if len(b)-n < 2 {
			return nil, corrupt("%s is cut off", t.Path())
		}
		if n += 2 + int(binary.BigEndian.Uint16(b[n:])); n > len(b) {
			return nil, corrupt("%s is cut off", t.Path())
		}
	}
	return b[:n], nil
}
