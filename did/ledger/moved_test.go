package ledger_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
)

// shared is a store that several sequencers write to.
type shared struct {
	mu      sync.Mutex
	entries []ledger.Entry
	states  map[string][]byte
	lost    error // of a commit that stands nevertheless, once
	grown   func(next uint64, last time.Time)
}

func newShared() *shared { return &shared{states: make(map[string][]byte)} }

func (s *shared) of(key string) (out []ledger.Entry) {
	for _, e := range s.entries {
		if e.Key == key {
			out = append(out, e)
		}
	}
	return out
}

func (s *shared) Head(key string) (ledger.Head, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return ledger.Head{Length: uint64(len(s.of(key))), State: s.states[key]}, nil
}

func (s *shared) Read(key string, seq uint64) (ledger.Entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.of(key)[seq]
	e.Op = bytes.Clone(e.Op)
	return e, nil
}

func (s *shared) end() (next uint64, last time.Time) {
	if n := len(s.entries); n > 0 {
		return uint64(n), s.entries[n-1].Anchor.Time
	}
	return 0, time.Time{}
}

func (s *shared) Commit(batch []ledger.Admitted) error {
	s.mu.Lock()
	next, last := s.end()
	if batch[0].Entry.Anchor.Index != next {
		s.mu.Unlock()
		return &ledger.MovedError{Next: next, Last: last}
	}
	for _, a := range batch {
		if n := len(s.of(a.Entry.Key)); a.Entry.Seq != uint64(n) {
			s.mu.Unlock()
			return fmt.Errorf("an entry %d after %d of its key", a.Entry.Seq, n)
		}
		s.entries, s.states[a.Entry.Key] = append(s.entries, a.Entry), a.State
	}
	err := s.lost
	s.lost = nil
	next, last = s.end()
	s.mu.Unlock()
	if s.grown != nil {
		s.grown(next, last)
	}
	return err
}

func (s *shared) sequencer() *ledger.Sequencer {
	s.mu.Lock()
	defer s.mu.Unlock()
	next, last := s.end()
	return ledger.NewSequencer(s, ledgertest.Reducer{}, nil, next, last)
}

// Several writers of one store: each operation that was acknowledged stands once, where its answer says, and everything
// stands that the reducer admits there.
func TestMovedWriters(t *testing.T) {
	for name, told := range map[string]bool{"found out": false, "told": true} {
		t.Run(name, func(t *testing.T) {
			store := newShared()
			var writers []*ledger.Sequencer
			for range 4 {
				writers = append(writers, store.sequencer())
			}
			if told {
				store.grown = func(next uint64, last time.Time) {
					for _, w := range writers {
						w.Moved(next, last)
					}
				}
			}
			var wg sync.WaitGroup
			var mu sync.Mutex
			acknowledged := map[uint64]ledger.Entry{}
			for i := range 32 {
				wg.Go(func() {
					for round := range 8 {
						key := fmt.Sprint("key-", (i+round)%6)
						for {
							head, _ := store.Head(key)
							op := ledgertest.Op(head.State, fmt.Sprint(i, " ", round))
							e, err := writers[i%4].Append(t.Context(), key, head.Length, op)
							if errors.Is(err, ledger.ErrConflict) {
								continue
							}
							if err != nil {
								t.Errorf("Append: %v", err)
								return
							}
							mu.Lock()
							if was, twice := acknowledged[e.Anchor.Index]; twice {
								t.Errorf("index %d for %s and %s", e.Anchor.Index, was.Op, e.Op)
							}
							acknowledged[e.Anchor.Index] = e
							mu.Unlock()
							break
						}
					}
				})
			}
			wg.Wait()
			if got := len(store.entries); got != 32*8 || len(acknowledged) != got {
				t.Fatalf("%d entries, %d acknowledged, want %d of both", got, len(acknowledged), 32*8)
			}
			states := map[string][]byte{}
			for i, e := range store.entries {
				if a := acknowledged[uint64(i)]; e.Anchor.Index != uint64(i) || a.Key != e.Key || a.Seq != e.Seq || !bytes.Equal(a.Op, e.Op) {
					t.Fatalf("entry %d is %s %d %s; acknowledged was %s %d %s", i, e.Key, e.Seq, e.Op, a.Key, a.Seq, a.Op)
				}
				r, err := ledgertest.Reducer{}.Reduce(e.Key, states[e.Key], e.Op, e.Anchor)
				if err != nil {
					t.Fatalf("entry %d: %v", i, err)
				}
				states[e.Key] = r.State
			}
			for key, state := range store.states {
				if !bytes.Equal(state, states[key]) {
					t.Errorf("the state of %s was made at another anchor: %s, want %s", key, state, states[key])
				}
			}
		})
	}
}

// An append that loses the race is answered from what stands there.
func TestMovedAnswers(t *testing.T) {
	store := newShared()
	a, b := store.sequencer(), store.sequencer()
	op, other := ledgertest.Op(nil, "x"), ledgertest.Op(nil, "y")
	first, err := a.Append(t.Context(), "key", 0, op)
	if err != nil {
		t.Fatal(err)
	}
	// b knows nothing of it: what it reads of the key is new, and what it believes of the end is old.
	if e, err := b.Append(t.Context(), "other", 0, op); err != nil || e.Anchor.Index != 1 {
		t.Errorf("behind another's entry: index %d, %v; want 1", e.Anchor.Index, err)
	}
	if last, ok := a.Last(); !ok || last.Index != 0 {
		t.Errorf("Last() = %v, %v before anybody told, want index 0", last, ok)
	}
	a.Moved(2, first.Anchor.Time)
	if last, ok := a.Last(); !ok || last.Index != 1 {
		t.Errorf("Last() = %v, %v after Moved(2), want index 1", last, ok)
	}
	a.Moved(1, first.Anchor.Time)
	if last, _ := a.Last(); last.Index != 1 {
		t.Errorf("Last() = %v after Moved to a place that was passed", last)
	}

	// The head is read, and then somebody else takes the place, before the commit.
	for _, test := range []struct {
		name     string
		theirs   []byte
		conflict bool
	}{{"same", op, false}, {"other", other, true}} {
		store := newShared()
		ours := ledger.NewSequencer(&overtaken{shared: store, key: test.name, op: test.theirs}, ledgertest.Reducer{}, nil, 0, time.Time{})
		e, err := ours.Append(t.Context(), test.name, 0, op)
		var conflict *ledger.ConflictError
		switch {
		case !test.conflict && (err != nil || e.Anchor.Index != 0):
			t.Errorf("%s operation: index %d, %v; want the entry that stands", test.name, e.Anchor.Index, err)
		case test.conflict && (!errors.As(err, &conflict) || !bytes.Equal(conflict.Entry.Op, other) || conflict.Length != 1):
			t.Errorf("%s operation: %v; want a conflict with what stands", test.name, err)
		}
		if len(store.entries) != 1 {
			t.Errorf("%s operation: %d entries, want 1", test.name, len(store.entries))
		}
		if _, err := ours.Append(t.Context(), test.name, 1, ledgertest.Op(store.states[test.name], "next")); err != nil {
			t.Errorf("%s operation: the key stays locked or old: %v", test.name, err)
		}
	}
}

// overtaken lets somebody else append an operation right before the first commit.
type overtaken struct {
	*shared
	key  string
	op   []byte
	done bool
}

func (o *overtaken) Commit(batch []ledger.Admitted) error {
	if !o.done {
		o.done = true
		if _, err := o.sequencer().Append(context.Background(), o.key, 0, o.op); err != nil {
			return err
		}
	}
	return o.shared.Commit(batch)
}

// A commit whose outcome is not known fails those who wait, and nobody after them.
func TestMovedLostAnswer(t *testing.T) {
	store := newShared()
	s := store.sequencer()
	store.lost = errors.New("connection lost")
	op := ledgertest.Op(nil, "x")
	if _, err := s.Append(t.Context(), "key", 0, op); err == nil || errors.Is(err, ledger.ErrConflict) || errors.Is(err, ledger.ErrInvalid) {
		t.Fatalf("got error %v, want one that is not final", err)
	}
	if e, err := s.Append(t.Context(), "other", 0, op); err != nil || e.Anchor.Index != 1 {
		t.Errorf("the next append: index %d, %v; want 1", e.Anchor.Index, err)
	}
	if e, err := s.Append(t.Context(), "key", 0, op); err != nil || e.Anchor.Index != 0 {
		t.Errorf("the same append again: index %d, %v; want 0", e.Anchor.Index, err)
	}
}

// A store that has fewer entries than it acknowledged is damaged.
func TestMovedBack(t *testing.T) {
	store := newShared()
	s := store.sequencer()
	op := ledgertest.Op(nil, "x")
	for _, key := range []string{"a", "b"} {
		if _, err := s.Append(t.Context(), key, 0, op); err != nil {
			t.Fatal(err)
		}
	}
	store.entries = store.entries[:1]
	if _, err := s.Append(t.Context(), "c", 0, op); !errors.Is(err, ledger.ErrCorrupt) {
		t.Errorf("got error %v, want %v", err, ledger.ErrCorrupt)
	}
}

// An import does not go around what others have appended.
func TestMovedImport(t *testing.T) {
	store := newShared()
	a, b := store.sequencer(), store.sequencer()
	op := ledgertest.Op(nil, "x")
	first, err := a.Append(t.Context(), "key", 0, op)
	if err != nil {
		t.Fatal(err)
	}
	entry := ledger.Entry{Key: "other", Op: op, Anchor: first.Anchor}
	if err := b.Import(t.Context(), []ledger.Entry{entry}); !errors.Is(err, ledger.ErrInvalid) {
		t.Errorf("an index that others took: got error %v, want %v", err, ledger.ErrInvalid)
	}
	entry.Anchor.Index = 1
	if err := b.Import(t.Context(), []ledger.Entry{entry}); err != nil {
		t.Errorf("the index behind it: %v", err)
	}
	if !errors.Is(&ledger.MovedError{Next: 1}, ledger.ErrUnavailable) {
		t.Error("a MovedError is not ErrUnavailable")
	}
}
