package realdid

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/keys"
)

// Remembering returns r, which is a reducer of this package, with a memory of at least the last n signatures that it found good, and twice as many at most, of about
// 50 bytes each. It answers as r does. It is for those who reduce an operation more than once, as the validators of a chain do when it comes
// and again when it is in a block: most of the work is the signatures. Any other reducer is returned as it is.
func Remembering(r ledger.HeadReducer, n int) ledger.HeadReducer {
	if own, ok := r.(reducer); ok && n > 0 {
		own.seen = &goodSignatures{most: n}
		return own
	}
	return r
}

// goodSignatures are signatures that were verified, as digests of key, input and signature. When young is full it becomes the old
// one. A nil one remembers nothing.
type goodSignatures struct {
	most int

	mu         sync.Mutex
	young, old map[[sha256.Size]byte]struct{}
}

// verify returns nil if the signature over input is good, by VerifyLowS, now or when it was asked before.
func (g *goodSignatures) verify(key keys.PublicKey, input, signature []byte) error {
	if g == nil {
		return key.VerifyLowS(input, signature)
	}
	d := signatureDigest(key, input, signature)
	if g.has(d) {
		return nil
	}
	if err := key.VerifyLowS(input, signature); err != nil {
		return err
	}
	g.add(d)
	return nil
}

// signatureDigest binds the key, the input and the signature, each with its length.
func signatureDigest(key keys.PublicKey, input, signature []byte) [sha256.Size]byte {
	b := make([]byte, 24, 24+64+len(input)+len(signature))
	b = key.AppendMulticodec(b)
	binary.BigEndian.PutUint64(b, uint64(len(b)-24))
	binary.BigEndian.PutUint64(b[8:], uint64(len(input)))
	binary.BigEndian.PutUint64(b[16:], uint64(len(signature)))
	b = append(append(b, input...), signature...)
	return sha256.Sum256(b)
}

func (g *goodSignatures) has(d [sha256.Size]byte) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, ok := g.young[d]; ok {
		return true
	}
	_, ok := g.old[d]
	return ok
}

func (g *goodSignatures) add(d [sha256.Size]byte) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.young) >= g.most {
		g.young, g.old = nil, g.young
	}
	if g.young == nil {
		g.young = make(map[[sha256.Size]byte]struct{})
	}
	g.young[d] = struct{}{}
}
