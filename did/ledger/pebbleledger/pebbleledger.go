// Package pebbleledger is a durable ledger for volume: one directory, one writer process, Pebble (an LSM tree) underneath.
// It loads in bulk faster than the embedded default, boltledger, and takes less than half of its disk, at the price of a
// larger dependency.
//
// # Guarantees
//
// Durability: when [Ledger.Append] returns, the entry is in Pebble's write-ahead log and the log has been synced, together
// with all that waited for the same sync. The process may be killed at any instant. What is not yet synced is shown to
// nobody. After a write that failed in the middle, or a failed flush or compaction, nobody knows what is on the disk: the
// ledger then refuses to append, with an error that is [ledger.ErrUnavailable], until it is opened anew; reading goes on.
//
// Order: one writer, so indexes have no gaps and an entry that was acknowledged has its place for good. Evidence: none of
// its own; a log over it (package tlog) gives proofs. Finality: with the acknowledgement.
//
// Damage is an error that is [ledger.ErrCorrupt] and never an answer. Pebble has a checksum over each block, each record of
// its log and each table's footer; over that, each entry has one that binds it to its index, key and seq, and the file END tells
// how far the ledger had come, so that an end that is missing is noticed: always after Close, and after a crash if it
// is older than about a second. These checks are against accidents. The operator, who can write to the directory, can
// also write checksums: he can withhold entries, and end the ledger earlier. He cannot make an operation that the
// reducer of whoever replays would refuse.
//
// # Layout
//
// The directory holds
//
//	FORMAT   a text that names the version of the format
//	LOCK     empty; whoever has the ledger open holds a lock on it
//	END      how far the ledger had come when END was written (end.go)
//	pebble/  Pebble's files, with the rows
//	import/  only during an import: tables on their way there
//
// All rows of an entry are written at once, with the tip, be it by way of the log or as tables:
//
//	"e" index       entry: seq, time, place of the key's previous entry, key, operation, state (record.go)
//	"k" key         head: index and seq of the key's last entry
//	"t"             tip: number of entries, time of the last
//
// An index is 8 bytes, big endian, so that entries stand in the order of the ledger. They are written once and, because
// what is new lies behind what is old, compaction moves their tables rather than rewriting them; only heads are merged.
package pebbleledger

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/realdid/realdid/did/ledger"
)

// Options of [Open]; nil means the defaults.
type Options struct {
	Clock ledger.Clock // for anchors; default time.Now

	// Wait is how long Open waits for another process to let go of the directory before it returns ErrLocked.
	// Default: not at all.
	Wait time.Duration

	// Cache is how many bytes of decompressed blocks are kept in memory. Default: 64 MiB.
	Cache int64

	// InsecureNoReducer allows a nil reducer, which accepts every operation: only where nobody else can append.
	InsecureNoReducer bool

	fs       vfs.FS // in tests; default the system's, with the directory locked
	memTable uint64 // bytes, in tests; default memTableSize
	tableAt  int    // entries, in tests; default tableEntries
}

// A Ledger is an open directory. It is a [ledger.Ledger], [ledger.Follower], [ledger.Stater] and [ledger.Importer], and
// safe for concurrent use.
type Ledger struct {
	sequencer *ledger.Sequencer
	store     *store
	reducer   ledger.Reducer
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
		return nil, errors.New("pebbleledger: open: no reducer: everything would be accepted")
	}
	s, err := openStore(dir, opt)
	if err != nil {
		return nil, err
	}
	t := s.tip.Load()
	return &Ledger{ledger.NewSequencer(s, reducer, opt.Clock, t.next, t.when()), s, reducer}, nil
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
