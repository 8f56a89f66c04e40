package ledger

import (
	"context"
	"slices"
	"sync"
)

// keyLocks is a mutex for every key, taken in the order of asking. The zero value is ready; a key costs nothing while
// nobody holds it.
type keyLocks struct {
	mu   sync.Mutex
	held map[string][]chan struct{} // who waits for each key that is held
}

// lock waits for key or for the end of ctx.
func (l *keyLocks) lock(ctx context.Context, key string) error {
	l.mu.Lock()
	waiting, held := l.held[key]
	if !held {
		if l.held == nil {
			l.held = make(map[string][]chan struct{})
		}
		l.held[key] = nil
		l.mu.Unlock()
		return nil
	}
	turn := make(chan struct{})
	l.held[key] = append(waiting, turn)
	l.mu.Unlock()

	select {
	case <-turn:
		return nil
	case <-ctx.Done():
	}
	l.mu.Lock()
	i := slices.Index(l.held[key], turn)
	if i >= 0 {
		l.held[key] = slices.Delete(l.held[key], i, i+1)
	}
	l.mu.Unlock()
	if i < 0 { // the turn came at the same moment: pass it on
		l.unlock(key)
	}
	return ctx.Err()
}

// unlock hands key to the next in line.
func (l *keyLocks) unlock(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	waiting := l.held[key]
	if len(waiting) == 0 {
		delete(l.held, key)
		return
	}
	l.held[key] = waiting[1:]
	close(waiting[0])
}
