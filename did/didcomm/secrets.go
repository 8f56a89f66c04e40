package didcomm

import (
	"context"
	"sync"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
)

// Secrets holds the secret keys of this side, each under the DID URL by which documents name it. Implementations are safe for
// concurrent use.
type Secrets interface {
	// Secret returns the key with exactly this id. The error is ErrNoSecret (errors.Is) if there is none; every other error
	// means that it could not be told.
	Secret(ctx context.Context, id did.URL) (*keys.PrivateKey, error)
}

// MemorySecrets is a Secrets in memory. The zero value is empty and ready to use.
type MemorySecrets struct {
	mu   sync.RWMutex
	keys map[did.URL]*keys.PrivateKey
}

// Add puts k under id, in the place of what was there.
func (s *MemorySecrets) Add(id did.URL, k *keys.PrivateKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keys == nil {
		s.keys = make(map[did.URL]*keys.PrivateKey)
	}
	s.keys[id] = k
}

// Remove forgets the key of id, if there is one. It does not wipe it.
func (s *MemorySecrets) Remove(id did.URL) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.keys, id)
}

// Secret returns the key that was added under exactly this id, or ErrNoSecret.
func (s *MemorySecrets) Secret(_ context.Context, id did.URL) (*keys.PrivateKey, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if k := s.keys[id]; k != nil {
		return k, nil
	}
	return nil, ErrNoSecret
}
