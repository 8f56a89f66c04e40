package ledger

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// fakeStore keeps entries in memory and lets a test look at commits and fail them.
type fakeStore struct {
	mu      sync.Mutex
	entries []Entry
	byKey   map[string][]int
	commits int
	before  func(batch []Admitted) error // called by Commit; or nil
}

func (s *fakeStore) Head(key string) (Head, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Head{Length: uint64(len(s.byKey[key]))}, nil
}

func (s *fakeStore) Read(key string, seq uint64) (Entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.entries[s.byKey[key][seq]], nil
}

func (s *fakeStore) Commit(batch []Admitted) error {
	if s.before != nil {
		if err := s.before(batch); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.commits++
	if s.byKey == nil {
		s.byKey = make(map[string][]int)
	}
	for _, a := range batch {
		if a.Entry.Anchor.Index != uint64(len(s.entries)) {
			return fmt.Errorf("index %d after %d entries", a.Entry.Anchor.Index, len(s.entries))
		}
		s.byKey[a.Entry.Key] = append(s.byKey[a.Entry.Key], len(s.entries))
		s.entries = append(s.entries, a.Entry)
	}
	return nil
}

type reduceFunc func(key string, state, op []byte, at Anchor) (Reduced, error)

func (f reduceFunc) Reduce(key string, state, op []byte, at Anchor) (Reduced, error) {
	return f(key, state, op, at)
}

func noon() time.Time { return time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC) }

// TestGroups: appends that wait for a commit share the next one.
func TestGroups(t *testing.T) {
	const writers = 64
	hold := make(chan struct{})
	var held atomic.Int64
	store := &fakeStore{before: func(batch []Admitted) error {
		held.Add(int64(len(batch)))
		<-hold
		return nil
	}}
	s := NewSequencer(store, nil, noon, 0, time.Time{})
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			if _, err := s.Append(t.Context(), fmt.Sprint("key-", i), 0, []byte("op")); err != nil {
				t.Error(err)
			}
		})
	}
	for ready := 0; ready+int(held.Load()) < writers; runtime.Gosched() {
		s.mu.Lock()
		ready = len(s.ready)
		s.mu.Unlock()
	}
	close(hold)
	wg.Wait()
	if len(store.entries) != writers || store.commits > 2 {
		t.Errorf("%d entries in %d commits, want %d in at most 2", len(store.entries), store.commits, writers)
	}
}

// TestReduceInParallel: the reducer runs for several keys of a group at once.
func TestReduceInParallel(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	var meeting sync.WaitGroup
	meeting.Add(2)
	s := NewSequencer(&fakeStore{}, reduceFunc(func(string, []byte, []byte, Anchor) (Reduced, error) {
		meeting.Done() // both get here, or neither gets on
		meeting.Wait()
		return Reduced{}, nil
	}), noon, 0, time.Time{})
	s.decide([]*admission{{ctx: t.Context()}, {ctx: t.Context()}}, 0, 0, noon(), time.Time{})
}

// TestFailedCommit: a commit that fails fails those in it and nobody else; what had been reduced behind it gets the
// anchors that have become free.
func TestFailedCommit(t *testing.T) {
	broken := errors.New("broken")
	committing, release := make(chan struct{}), make(chan struct{})
	store := &fakeStore{before: func(batch []Admitted) error {
		if batch[0].Entry.Key == "fails" {
			close(committing)
			<-release
			return broken
		}
		return nil
	}}
	var mu sync.Mutex
	reduced := make(map[string][]Anchor)
	s := NewSequencer(store, reduceFunc(func(key string, _, _ []byte, at Anchor) (Reduced, error) {
		mu.Lock()
		defer mu.Unlock()
		reduced[key] = append(reduced[key], at)
		return Reduced{}, nil
	}), noon, 0, time.Time{})
	seen := func(key string) int {
		mu.Lock()
		defer mu.Unlock()
		return len(reduced[key])
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := s.Append(t.Context(), "fails", 0, []byte("op")); !errors.Is(err, broken) {
			t.Errorf("got error %v, want %v", err, broken)
		}
	})
	<-committing
	wg.Go(func() {
		e, err := s.Append(t.Context(), "behind", 0, []byte("op"))
		if err != nil || e.Anchor.Index != 0 {
			t.Errorf("entry behind the failure: index %d, %v; want 0", e.Anchor.Index, err)
		}
	})
	for seen("behind") == 0 {
		runtime.Gosched()
	}
	if _, ok := s.Last(); ok {
		t.Error("Last before anything is durable")
	}
	close(release)
	wg.Wait()
	if at := reduced["behind"]; len(at) != 2 || at[0].Index != 1 || at[1].Index != 0 {
		t.Errorf("reduced with the anchors %v, want index 1 and then 0", at)
	}
	if last, ok := s.Last(); !ok || last.Index != 0 {
		t.Errorf("Last = %v, %v", last, ok)
	}
}

// TestRefusalMovesTheLast: the last of a group takes the place of one that is refused, reduced for it.
func TestRefusalMovesTheLast(t *testing.T) {
	s := NewSequencer(&fakeStore{}, reduceFunc(func(key string, _, _ []byte, at Anchor) (Reduced, error) {
		if key == "refused" {
			return Reduced{}, errors.New("no")
		}
		return Reduced{State: fmt.Append(nil, at.Index)}, nil
	}), noon, 0, time.Time{})
	var batch []*admission
	for _, key := range []string{"a", "refused", "b", "refused", "refused", "c", "refused"} {
		a := &admission{ctx: t.Context()}
		a.Entry.Key = key
		batch = append(batch, a)
	}
	accepted, refused := s.decide(batch, 0, 10, noon(), time.Time{})
	if len(accepted) != 3 || len(refused) != 4 {
		t.Fatalf("%d accepted, %d refused; want 3, 4", len(accepted), len(refused))
	}
	for i, a := range accepted {
		if want := uint64(10 + i); a.Entry.Anchor.Index != want || string(a.State) != fmt.Sprint(want) {
			t.Errorf("%s: index %d, reduced at %s, want %d", a.Entry.Key, a.Entry.Anchor.Index, a.State, want)
		}
	}
}

// TestPanic: a reducer that panics loses only the operation that made it.
func TestPanic(t *testing.T) {
	s := NewSequencer(&fakeStore{}, reduceFunc(func(key string, _, _ []byte, _ Anchor) (Reduced, error) {
		if key == "bad" {
			panic("at the operation")
		}
		return Reduced{}, nil
	}), noon, 0, time.Time{})
	if _, err := s.Append(t.Context(), "bad", 0, []byte("op")); err == nil || errors.Is(err, ErrInvalid) {
		t.Errorf("got error %v, want one that is not final", err)
	}
	if _, err := s.Append(t.Context(), "good", 0, []byte("op")); err != nil {
		t.Error(err)
	}
}

// TestCancelWhileCommitting: the caller gets away, the key stays locked until the commit is over, and asking again
// tells what became of it.
func TestCancelWhileCommitting(t *testing.T) {
	committing, release := make(chan struct{}), make(chan struct{})
	once := sync.OnceFunc(func() { close(committing); <-release })
	s := NewSequencer(&fakeStore{before: func([]Admitted) error { once(); return nil }}, nil, noon, 0, time.Time{})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-committing
		cancel()
	}()
	op := []byte("op")
	if _, err := s.Append(ctx, "key", 0, op); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want context.Canceled", err)
	}
	clear(op) // it is the caller's again, although the commit is not over
	waiting, stop := context.WithCancel(t.Context())
	stop()
	if err := s.keys.lock(waiting, "key"); err == nil {
		t.Error("the key is not locked while its entry is being stored")
	}
	close(release)
	e, err := s.Append(t.Context(), "key", 0, []byte("op"))
	if err != nil || e.Anchor.Index != 0 {
		t.Errorf("again: index %d, %v", e.Anchor.Index, err)
	}
}

// TestCancelWhileQueued: an append whose context ends before it is admitted is not stored.
func TestCancelWhileQueued(t *testing.T) {
	s := NewSequencer(&fakeStore{}, nil, noon, 0, time.Time{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	a := &admission{ctx: ctx}
	accepted, refused := s.decide([]*admission{a}, 0, 0, noon(), time.Time{})
	if len(accepted) != 0 || len(refused) != 1 || !errors.Is(a.err, context.Canceled) {
		t.Errorf("%d accepted, %d refused, error %v", len(accepted), len(refused), a.err)
	}
}

func TestClose(t *testing.T) {
	committing, release := make(chan struct{}), make(chan struct{})
	s := NewSequencer(&fakeStore{before: func([]Admitted) error { close(committing); <-release; return nil }}, nil, noon, 0, time.Time{})
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := s.Append(t.Context(), "key", 0, []byte("op")); err != nil {
			t.Errorf("append under way: %v", err)
		}
	})
	<-committing
	closed := make(chan struct{})
	go func() {
		s.Close()
		close(closed)
	}()
	select {
	case <-closed:
		t.Error("Close did not wait for the commit")
	default:
	}
	close(release)
	wg.Wait()
	<-closed
	if _, err := s.Append(t.Context(), "other", 0, []byte("op")); !errors.Is(err, ErrClosed) {
		t.Errorf("got error %v, want ErrClosed", err)
	}
}

// TestKeyLocks: the lock goes to those who wait, in order, past one who has given up.
func TestKeyLocks(t *testing.T) {
	var l keyLocks
	if err := l.lock(t.Context(), "key"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	order := make(chan int, 3)
	var wg sync.WaitGroup
	waiting := func(n int) {
		for {
			l.mu.Lock()
			got := len(l.held["key"])
			l.mu.Unlock()
			if got == n {
				return
			}
			runtime.Gosched()
		}
	}
	for i := range 3 {
		c := t.Context()
		if i == 1 {
			c = ctx
		}
		wg.Go(func() {
			if err := l.lock(c, "key"); err != nil {
				if i != 1 {
					t.Error(err)
				}
				return
			}
			order <- i
			l.unlock("key")
		})
		waiting(i + 1)
	}
	cancel()
	waiting(2)
	l.unlock("key")
	wg.Wait()
	if a, b := <-order, <-order; a != 0 || b != 2 || len(order) != 0 {
		t.Errorf("got the lock: %d, %d and %d more; want 0, 2", a, b, len(order))
	}
	if len(l.held) != 0 {
		t.Errorf("%d keys are still held", len(l.held))
	}
}
