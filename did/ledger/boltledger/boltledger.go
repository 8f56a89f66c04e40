// Package boltledger is the embedded, durable ledger: one directory, one writer process, bbolt underneath.
//
// The directory holds
//
//	FORMAT      a text that names the version of the format
//	LOCK        empty; whoever has the ledger open holds a lock on it
//	journal-*   the newest records (journal.go)
//	ledger.db   the database: the buckets "entries", all other records in the order of the index (record.go), "heads",
//	            the key index (heads.go), and "tip", the ledger's length and what proves the rest to be fresh (tip.go)
//
// An append is durable when [Ledger.Append] returns: it has been written to the journal and synced, together with all
// that waited with it. The process may be killed at any instant. Everything that is read is checked: each record has a
// checksum that binds it to its place and key and to the records before, and the database's pages are read with every
// offset checked. Damage is an error that is [ledger.ErrCorrupt] and says which entry, block or page; it is never an
// answer. These checks are against accidents; whoever can write to the directory can also write checksums, and only a
// replay notices that.
//
// bbolt does not build for js/wasm, nor does this package.
package boltledger

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/realdid/realdid/did/ledger"
)

// Options of [Open]; nil means the defaults.
type Options struct {
	Clock ledger.Clock // for anchors; default time.Now

	// Wait is how long Open waits for another process to let go of the directory before it returns ErrLocked.
	// Default: not at all.
	Wait time.Duration

	// MaxSize is the size in bytes beyond which the database must not grow; once the journal has some MiB that do not
	// fit any more, appends fail. 0 is no limit.
	MaxSize int64

	// InsecureNoReducer allows a nil reducer, which accepts every operation: only where nobody else can append.
	InsecureNoReducer bool

	// InsecureDamagedMeta opens a database of whose two meta pages one is damaged. If it was the newer one, the entries
	// that last came to the database are taken from the journal, which keeps them for this; if its files are gone,
	// acknowledged entries are missing and nobody can tell.
	InsecureDamagedMeta bool

	noSync bool // while a backup is restored, and in tests
}

// A Ledger is an open directory. It is a [ledger.Ledger], [ledger.Follower], [ledger.Stater] and [ledger.Importer], and
// safe for concurrent use.
type Ledger struct {
	sequencer *ledger.Sequencer
	store     *store
}

var (
	_ ledger.Ledger   = (*Ledger)(nil)
	_ ledger.Follower = (*Ledger)(nil)
	_ ledger.Stater   = (*Ledger)(nil)
	_ ledger.Importer = (*Ledger)(nil)
)

// Open opens the ledger in directory dir, which it makes if there is none. Only one process, and in it only one
// Ledger, can have a directory open; the others get [ledger.ErrLocked]. Errors: ErrLocked and those of the file system,
// which may pass; [ErrFormat]; [ledger.ErrCorrupt].
func Open(dir string, reducer ledger.Reducer, opt *Options) (*Ledger, error) {
	if opt == nil {
		opt = &Options{}
	}
	if reducer == nil && !opt.InsecureNoReducer {
		return nil, errors.New("boltledger: open: no reducer: everything would be accepted")
	}
	s, err := openStore(dir, opt)
	if err != nil {
		return nil, err
	}
	next, last, err := s.end()
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return &Ledger{ledger.NewSequencer(s, reducer, opt.Clock, next, last), s}, nil
}

// Close waits for the appends under way and lets go of the directory. What is called afterwards returns
// [ledger.ErrClosed].
func (l *Ledger) Close() error {
	l.sequencer.Close()
	return l.store.close()
}

// Append implements [ledger.Ledger].
func (l *Ledger) Append(ctx context.Context, key string, seq uint64, op []byte) (ledger.Entry, error) {
	return l.sequencer.Append(ctx, key, seq, op)
}

// Import implements [ledger.Importer].
func (l *Ledger) Import(ctx context.Context, entries []ledger.Entry) error {
	return l.sequencer.Import(ctx, entries)
}

// History implements [ledger.Ledger].
func (l *Ledger) History(ctx context.Context, key string, from uint64) iter.Seq2[ledger.Entry, error] {
	return l.store.history(ctx, key, from)
}

// Follow implements [ledger.Follower].
func (l *Ledger) Follow(ctx context.Context, from uint64) iter.Seq2[ledger.Entry, error] {
	return l.store.follow(ctx, from)
}

// State implements [ledger.Stater].
func (l *Ledger) State(ctx context.Context, key string) (state []byte, seq uint64, err error) {
	if err := ledger.CheckKey(key); err != nil {
		return nil, 0, err
	}
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	h, err := l.store.Head(key)
	return h.State, h.Length, err
}

// Last returns the anchor of the last entry; ok is false while there is none.
func (l *Ledger) Last() (last ledger.Anchor, ok bool) { return l.sequencer.Last() }
