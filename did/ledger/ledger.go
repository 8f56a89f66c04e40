// Package ledger is the contract between a method that writes operations and a store that orders and keeps them.
//
// A ledger is a set of append-only sequences of opaque bytes, one sequence per key. It gives every accepted entry an
// [Anchor]: its place in the one order of the whole ledger, and a time. It knows nothing of identifiers, documents or
// signatures; what may be appended is decided by the [Reducer] that it is opened with.
//
// The contract is two methods, [Ledger]. Everything else is an optional interface, found by type assertion:
// [Follower], [Stater], [Importer] and [Prover]. Package ledgertest is the conformance kit for implementations, and
// [Sequencer] does for them what all of them need: checks, one order, group commit.
package ledger

import (
	"context"
	"iter"
	"time"
)

// Limits of every ledger, in bytes.
const (
	MaxKeyLen    = 96        // the longest key
	MaxOpSize    = 16 << 10  // the largest operation
	MaxStateSize = 256 << 10 // the largest state of a Reducer
)

// An Anchor says where and when a ledger accepted an entry.
type Anchor struct {
	// Index is the entry's place in the ledger, counted from 0 without gaps.
	Index uint64
	// Time is the ledger's clock at that moment: UTC, whole seconds, never decreasing as Index grows.
	Time time.Time
}

// An Entry is one accepted operation.
type Entry struct {
	Key    string
	Seq    uint64 // place among the entries of Key, from 0
	Op     []byte // the bytes as given to Append
	Anchor Anchor
}

// A Ledger keeps sequences of operations. It is safe for concurrent use.
type Ledger interface {
	// Append adds op as entry seq of key; seq must be the number of entries that key has now (0 for a new key).
	// It returns once the entry is durable by the backend's own rule. The same bytes at the same seq again return the
	// existing entry, so that a caller who did not hear the answer may repeat the call. Append keeps no reference to op.
	//
	// Final errors: [*ConflictError] (is [ErrConflict]) if seq is not the length; [ErrTooLarge] if op is empty or over
	// [MaxOpSize]; [ErrInvalid] if key is not 1 to [MaxKeyLen] of [a-z0-9:-], or if the [Reducer] refused, whose error
	// it wraps. Errors to retry: [*ClockError], the context's error, and a failure to store. After these the entry may
	// or may not stand; repeating the call with the same bytes settles it.
	Append(ctx context.Context, key string, seq uint64, op []byte) (Entry, error)

	// History yields the entries of key from seq from on, in order: all that were durable when the iteration began, and
	// perhaps some that came later; nothing for a key that has no such entry. It does not hold up appends, and however
	// long it is, it holds no more than one page of entries in memory. After an error it ends. The entries are the
	// caller's to keep and change.
	History(ctx context.Context, key string, from uint64) iter.Seq2[Entry, error]
}

// A Follower can list every entry of every key: the feed for replicas, monitors and auditors.
type Follower interface {
	// Follow yields every entry with Anchor.Index >= from, each once, in the order of the index: all that were durable
	// when the iteration began, and perhaps some that came later; then it ends. After an error it ends.
	Follow(ctx context.Context, from uint64) iter.Seq2[Entry, error]
}

// A Stater tells what the [Reducer] made of a key's entries, so that a method can draft the next operation without
// replaying them. It is the ledger's word and no evidence.
type Stater interface {
	// State returns the reducer's state of key, and seq, the number of its entries, which is the seq that the next
	// Append needs. A new key has nil and 0.
	State(ctx context.Context, key string) (state []byte, seq uint64, err error)
}

// A Reducer decides what may be appended. It must be pure: the same arguments always give the same answer.
// A ledger calls it for many keys at once, and for one key in the order of its entries.
type Reducer interface {
	// Reduce returns what state becomes by op at the anchor that op will have, or an error if op must not be appended.
	// state is what the previous entry of key was reduced to, nil for a new key. Reduce must not change its arguments
	// or keep them. A refusal is final for this op in this place: a Reducer does no I/O that could fail.
	Reduce(key string, state, op []byte, at Anchor) (Reduced, error)
}

// Reduced is what a [Reducer] accepted.
type Reduced struct {
	State []byte // handed to the next Reduce of the key; empty to MaxStateSize bytes
}

// A Clock gives the time for anchors.
type Clock = func() time.Time

// MaxHeadSize is the size limit of a head record in bytes.
const MaxHeadSize = 512

// A HeadReducer is a [Reducer] whose states have a head record: the short text by which an authenticated map proves what a
// key's newest state is.
type HeadReducer interface {
	Reducer
	// Head returns the record of a state that Reduce returned for key, 1 to [MaxHeadSize] bytes. It is pure.
	Head(key string, state []byte) ([]byte, error)
}

// A Prover can prove what stands at a key, or that nothing does, to somebody who does not trust the ledger.
type Prover interface {
	// Prove returns a proof that package proof reads (proof.Latest). It covers at least the first entries entries of the
	// ledger, and Prove waits for that if it must; 0 asks for whatever was proven last.
	Prove(ctx context.Context, key string, entries uint64) ([]byte, error)
}

// An Importer takes over entries with the anchors that another ledger gave them, so as to be its replica.
type Importer interface {
	// Import appends entries whose indexes follow the ledger's last one without a gap, checked by the Reducer like any other.
	// It returns once they are durable, and stores all of them or those before the first that is refused; after an error
	// the caller has to look how far it came. The ledger's clock does not matter: times must be in whole seconds and not
	// before the last one. Errors are those of Append; an index or time that does not follow is [ErrInvalid].
	Import(ctx context.Context, entries []Entry) error
}
