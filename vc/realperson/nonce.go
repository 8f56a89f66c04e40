package realperson

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"sync"
	"time"
)

// DefaultMaxSpent is how many nonces a platform's own memory of used ones holds: each until its request is over.
const DefaultMaxSpent = 1 << 18

// The errors of nonces.
var (
	// ErrNonce says that a response answers no request of this platform that can still be answered, or one for another action, scope or
	// session.
	ErrNonce = errors.New("realperson: nonce: not for this request, or over")
	// ErrReplayed says that the request was answered before.
	ErrReplayed = errors.New("realperson: nonce: answered before")
	// ErrBusy says that so many requests were just answered that no more can be remembered. It passes.
	ErrBusy = errors.New("realperson: nonce: too many at once")
)

// SpentNonces remembers which nonces were used. Implementations are safe for concurrent use.
type SpentNonces interface {
	// Spend returns nil to exactly one caller for each id, and ErrReplayed to all others until expires. Other errors mean that it
	// cannot tell, and then the response is not accepted.
	Spend(ctx context.Context, id [32]byte, expires time.Time) error
}

// A nonce is random || end of life || HMAC, so that a platform need not remember the requests that it made, only those that were
// answered.
const (
	nonceSecretSize = 32
	nonceRandom     = 16
	nonceSize       = nonceRandom + 8 + sha256.Size
)

// nonces makes and checks nonces.
type nonces struct {
	secret [nonceSecretSize]byte
	spent  SpentNonces
}

func newNonces(secret []byte, spent SpentNonces) *nonces {
	return &nonces{secret: [nonceSecretSize]byte(secret), spent: spent}
}

// make returns a nonce for what a request asks, which lives until expires.
func (n *nonces) make(about [32]byte, expires time.Time) string {
	b := make([]byte, nonceRandom, nonceSize)
	rand.Read(b)
	b = binary.BigEndian.AppendUint64(b, uint64(expires.Unix()))
	return base64.RawURLEncoding.EncodeToString(n.seal(b, about))
}

// seal appends the code over head and about.
func (n *nonces) seal(head []byte, about [32]byte) []byte {
	h := hmac.New(sha256.New, n.secret[:])
	h.Write([]byte("realperson/nonce/v1\x00"))
	h.Write(head)
	h.Write(about[:])
	return h.Sum(head)
}

// check returns the end of life of a nonce that make made for this, and that is not over.
func (n *nonces) check(nonce string, about [32]byte, now time.Time) (time.Time, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(nonce)
	if err != nil || len(b) != nonceSize || len(nonce) != base64.RawURLEncoding.EncodedLen(nonceSize) {
		return time.Time{}, ErrNonce
	}
	head := b[: nonceRandom+8 : nonceRandom+8]
	if !hmac.Equal(b, n.seal(head, about)) {
		return time.Time{}, ErrNonce
	}
	expires := time.Unix(int64(binary.BigEndian.Uint64(head[nonceRandom:])), 0).UTC()
	if !now.Before(expires) {
		return time.Time{}, ErrNonce
	}
	return expires, nil
}

// spend uses a nonce up.
func (n *nonces) spend(ctx context.Context, nonce string, expires time.Time) error {
	return n.spent.Spend(ctx, nonceID(nonce), expires)
}

// nonceID is what is remembered of a nonce.
func nonceID(nonce string) [32]byte { return hashOf("realperson/spent/v1", []byte(nonce)) }

// spentSet is a SpentNonces in memory. It forgets a nonce only once its request is over: rather than to forget one that could still be
// used again, it is busy.
type spentSet struct {
	now   func() time.Time
	limit int

	mu   sync.Mutex
	old  map[[32]byte]time.Time // until its last one ends
	new  map[[32]byte]time.Time
	ends time.Time // of old
}

// newSpentSet returns a memory for up to limit nonces. now is the platform's clock.
func newSpentSet(limit int, now func() time.Time) *spentSet {
	return &spentSet{now: now, limit: limit, old: map[[32]byte]time.Time{}, new: map[[32]byte]time.Time{}}
}

// Spend implements SpentNonces.
func (s *spentSet) Spend(_ context.Context, id [32]byte, expires time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, inOld := s.old[id]
	_, inNew := s.new[id]
	if inOld || inNew {
		return ErrReplayed
	}
	if now := s.now(); !now.Before(s.ends) {
		s.old, s.new, s.ends = s.new, map[[32]byte]time.Time{}, time.Time{}
		for _, t := range s.old {
			if t.After(s.ends) {
				s.ends = t
			}
		}
	}
	if len(s.old)+len(s.new) >= s.limit {
		return ErrBusy
	}
	s.new[id] = expires
	return nil
}
