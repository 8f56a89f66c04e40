package pebbleledger

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"runtime"
	"sync"
	"time"

	"github.com/realdid/realdid/did/ledger"
)

// Import implements [ledger.Importer]. While a chunk of up to importEntries is being stored, the next one is reduced, on all
// processors. Chunks of tableEntries and more do not go through the log: they become tables at once, which is what makes a bulk load
// fast, so give it many entries in a call. Appends that come meanwhile wait, and get the anchors after it.
func (l *Ledger) Import(ctx context.Context, entries []ledger.Entry) error {
	s := l.store
	return s.use(func() error {
		s.committing.Lock()
		err := s.takeOver(ctx, l.reducer, entries)
		t := s.tip.Load()
		s.committing.Unlock()
		if t.next > 0 {
			l.sequencer.Moved(t.next, t.when())
		}
		return err
	})
}

// Limits of what is stored at once.
const (
	importEntries = 64 << 10
	importBytes   = 32 << 20 // of operations and states, and what comes of one piece
	importPiece   = 1 << 10  // entries that are reduced before the bytes are counted
)

// An intake is an import under way.
type intake struct {
	store   *store
	reducer ledger.Reducer
	next    uint64 // index after what was reduced
	last    time.Time
	seed    maphash.Seed
	workers []worker
}

// A worker reduces the entries of its share of the keys.
type worker struct {
	now, before map[string]*record // last of each key, in the chunk that is being reduced and in the one that is being stored
	buf         buffer
	refused     error
	at          int // the entry that was refused
}

// takeOver imports entries. s.committing is held.
func (s *store) takeOver(ctx context.Context, reducer ledger.Reducer, entries []ledger.Entry) error {
	t := s.tip.Load()
	in := &intake{store: s, reducer: reducer, next: t.next, last: t.when(), seed: maphash.MakeSeed()}
	in.workers = make([]worker, runtime.GOMAXPROCS(0))
	stored := make(chan error, 1)
	stored <- nil // as if there were a chunk before the first
	for len(entries) > 0 {
		chunk, refused := in.chunk(ctx, entries)
		entries = entries[len(chunk):]
		if err := <-stored; err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("pebbleledger: import: %w", err)
		}
		go func() { stored <- s.put(chunk) }()
		if refused != nil {
			if err := <-stored; err != nil {
				return err
			}
			return s.tell(entries[0].Key, refused)
		}
	}
	return <-stored
}

// chunk reduces entries from the front, until there are enough for one chunk or one is refused.
func (in *intake) chunk(ctx context.Context, entries []ledger.Entry) (chunk []record, refused error) {
	for i := range in.workers {
		w := &in.workers[i]
		w.before, w.now = w.now, make(map[string]*record)
	}
	chunk = make([]record, 0, min(len(entries), importEntries)) // is never moved: workers have pointers into it
	for size := 0; len(chunk) < cap(chunk) && size < importBytes && refused == nil && ctx.Err() == nil; {
		rest := entries[len(chunk):]
		from := len(chunk)
		chunk = chunk[:from+min(len(rest), importPiece, cap(chunk)-from)]
		n, err := in.piece(rest, chunk[from:])
		chunk, refused = chunk[:from+n], err
		for i := range chunk[from:] {
			size += len(chunk[from+i].op) + len(chunk[from+i].state)
		}
	}
	return chunk, refused
}

// piece reduces entries into records. It returns how many can stand, and why the next one cannot.
func (in *intake) piece(entries []ledger.Entry, records []record) (n int, refused error) {
	shares := make([]uint8, len(records))
	n = len(records)
	for i := range records {
		e := &entries[i]
		if refused = successor(e, in.next+uint64(i), in.last); refused != nil {
			n = i
			break
		}
		in.last = e.Anchor.Time
		records[i] = record{index: e.Anchor.Index, seq: e.Seq, time: e.Anchor.Time.Unix(), key: []byte(e.Key), op: e.Op}
		shares[i] = uint8(maphash.String(in.seed, e.Key) % uint64(len(in.workers)))
	}
	var wg sync.WaitGroup
	for share := range in.workers {
		wg.Go(func() {
			w := &in.workers[share]
			w.refused = nil
			for i := range n {
				if shares[i] != uint8(share) {
					continue
				}
				if w.refused = in.reduce(w, &entries[i], &records[i]); w.refused != nil {
					w.at = i
					return
				}
			}
		})
	}
	wg.Wait()
	for i := range in.workers {
		if w := &in.workers[i]; w.refused != nil && w.at < n {
			n, refused = w.at, w.refused
		}
	}
	in.next += uint64(n)
	return n, refused
}

// reduce reduces e into r, which has everything but the key's previous entry and the state.
func (in *intake) reduce(w *worker, e *ledger.Entry, r *record) error {
	prev, ok := w.now[e.Key]
	if !ok {
		prev, ok = w.before[e.Key]
	}
	if !ok {
		stands, found, err := in.store.latest(e.Key, in.next, &w.buf)
		if err != nil {
			return err
		}
		prev, ok = &stands, found
	}
	var state []byte
	length := uint64(0)
	if ok {
		r.prev, length, state = prev.index, prev.seq+1, append([]byte{}, prev.state...)
	}
	if e.Seq != length {
		return &ledger.ConflictError{Seq: e.Seq, Length: length}
	}
	if err := in.ask(e, state, r); err != nil {
		return err
	}
	w.now[e.Key] = r
	return nil
}

// ask asks the reducer.
func (in *intake) ask(e *ledger.Entry, state []byte, r *record) (err error) {
	if in.reducer == nil {
		return nil
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("pebbleledger: import: the reducer panicked: %v", p)
		}
	}()
	reduced, err := in.reducer.Reduce(e.Key, state, e.Op, ledger.Anchor{Index: r.index, Time: time.Unix(r.time, 0).UTC()})
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ledger.ErrInvalid, err)
	case len(reduced.State) > ledger.MaxStateSize:
		return fmt.Errorf("%w: state of %d bytes, over %d", ledger.ErrInvalid, len(reduced.State), ledger.MaxStateSize)
	}
	r.state = reduced.State
	return nil
}

// successor says why e cannot stand at index next after an entry of time last.
func successor(e *ledger.Entry, next uint64, last time.Time) error {
	if err := ledger.CheckKey(e.Key); err != nil {
		return err
	}
	if err := ledger.CheckOp(e.Op); err != nil {
		return err
	}
	if e.Anchor.Index != next {
		return fmt.Errorf("%w: import: index %d, and the next one is %d", ledger.ErrInvalid, e.Anchor.Index, next)
	}
	if at := e.Anchor.Time; at.Nanosecond() != 0 || at.Before(last) {
		return fmt.Errorf("%w: import: entry %d has the time %s, not in whole seconds or before the last one, %s",
			ledger.ErrInvalid, next, at.UTC().Format(time.RFC3339Nano), last.UTC().Format(time.RFC3339))
	}
	return nil
}

// tell adds to a conflict of key what stands in the place, once all before it is stored.
func (s *store) tell(key string, refused error) error {
	var conflict *ledger.ConflictError
	if !errors.As(refused, &conflict) || conflict.Seq >= conflict.Length {
		return refused
	}
	var c chain
	if err := s.chain(context.Background(), key, conflict.Seq, &c); err != nil {
		return err
	}
	if len(c.page) == 0 {
		return corrupt("%s has no entry %d", key, conflict.Seq)
	}
	conflict.Entry = c.page[0]
	return conflict
}
