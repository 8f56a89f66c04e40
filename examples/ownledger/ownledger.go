// Package ownledger shows how to make a ledger of one's own: a text file with one JSON line for each entry, which it also keeps in
// memory. A [ledger.Sequencer] does the checks, the order, the anchors and the group commit; what is left is to store a
// batch, to find a key's end, and to read. The conformance kit is in the test.
package ownledger

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"os"
	"sync"

	"github.com/realdid/realdid/did/ledger"
)

// A Ledger is an open file. It is a ledger.Ledger, Follower, Stater and Importer.
type Ledger struct {
	*ledger.Sequencer // Append, Import, Last
	file              *os.File

	mu      sync.RWMutex
	size    int64 // of the lines that count
	entries []ledger.Entry
	places  map[string][]int  // of a key's entries; at "", which is no key, of all
	states  map[string][]byte // by the reducer
}

// Open reads the file at path, which it makes if there is none. A last line that a crash has cut off was never acknowledged.
func Open(path string, reducer ledger.Reducer, clock ledger.Clock) (*Ledger, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	l := &Ledger{file: file, places: map[string][]int{}, states: map[string][]byte{}}
	var e ledger.Entry
	stored, err := io.ReadAll(file)
	for n := bytes.IndexByte(stored, '\n') + 1; err == nil && n > 0; n = bytes.IndexByte(stored, '\n') + 1 {
		if json.Unmarshal(stored[:n], &e) != nil || e.Anchor.Index != uint64(len(l.entries)) {
			return nil, fmt.Errorf("%w: %s: line %d", ledger.ErrCorrupt, path, len(l.entries))
		}
		var r ledger.Reduced
		r, err = reducer.Reduce(e.Key, l.states[e.Key], e.Op, e.Anchor)
		l.keep(e, r.State)
		l.size, stored = l.size+int64(n), stored[n:]
	}
	if err != nil {
		return nil, err
	}
	l.Sequencer = ledger.NewSequencer(l, reducer, clock, uint64(len(l.entries)), e.Anchor.Time)
	return l, nil
}

func (l *Ledger) keep(e ledger.Entry, state []byte) {
	l.places[e.Key] = append(l.places[e.Key], len(l.entries))
	l.places[""] = append(l.places[""], len(l.entries))
	l.states[e.Key] = append([]byte{}, state...) // nil would mean a new key
	l.entries = append(l.entries, e)
}

// Commit implements ledger.Store.
func (l *Ledger) Commit(batch []ledger.Admitted) error {
	var lines bytes.Buffer
	for _, a := range batch {
		if err := json.NewEncoder(&lines).Encode(a.Entry); err != nil {
			return err
		}
	}
	if err := l.file.Truncate(l.size); err != nil { // what a commit that failed has left
		return err
	}
	if _, err := l.file.WriteAt(lines.Bytes(), l.size); err != nil {
		return err
	}
	if err := l.file.Sync(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.size += int64(lines.Len())
	for _, a := range batch {
		a.Entry.Op = bytes.Clone(a.Entry.Op)
		l.keep(a.Entry, a.State)
	}
	return nil
}

// Head implements ledger.Store.
func (l *Ledger) Head(key string) (ledger.Head, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return ledger.Head{Length: uint64(len(l.places[key])), State: bytes.Clone(l.states[key])}, nil
}

// Read implements ledger.Store.
func (l *Ledger) Read(key string, seq uint64) (ledger.Entry, error) {
	e, _ := l.at(key, seq)
	return e, nil
}

func (l *Ledger) at(key string, seq uint64) (e ledger.Entry, ok bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if ok = seq < uint64(len(l.places[key])); ok {
		e = l.entries[l.places[key][seq]]
		e.Op = bytes.Clone(e.Op)
	}
	return e, ok
}

// State implements ledger.Stater.
func (l *Ledger) State(_ context.Context, key string) ([]byte, uint64, error) {
	h, _ := l.Head(key)
	return h.State, h.Length, ledger.CheckKey(key)
}

// History implements ledger.Ledger.
func (l *Ledger) History(ctx context.Context, key string, from uint64) iter.Seq2[ledger.Entry, error] {
	return l.each(ctx, key, from, ledger.CheckKey(key))
}

// Follow implements ledger.Follower.
func (l *Ledger) Follow(ctx context.Context, from uint64) iter.Seq2[ledger.Entry, error] {
	return l.each(ctx, "", from, nil)
}

func (l *Ledger) each(ctx context.Context, key string, from uint64, bad error) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		err := cmp.Or(bad, ctx.Err())
		for i := from; err == nil; i++ {
			if e, ok := l.at(key, i); !ok || !yield(e, nil) {
				return
			}
			err = ctx.Err()
		}
		yield(ledger.Entry{}, err)
	}
}
