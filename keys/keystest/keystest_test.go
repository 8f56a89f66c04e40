package keystest

import (
	"context"
	"crypto/rand"
	"math/big"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/realdid/realdid/keys"
)

func generate(tb testing.TB, a keys.Algorithm) *keys.PrivateKey {
	tb.Helper()
	k, err := keys.Generate(a)
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

func TestPrivateKey(t *testing.T) {
	for _, a := range keys.Algorithms() {
		if a.CanSign() {
			t.Run(a.String(), func(t *testing.T) {
				k := generate(t, a)
				Run(t, func() keys.Signer { return k })
			})
		}
	}
}

// faulty is a signer of k with one fault.
type faulty struct {
	k      *keys.PrivateKey
	public func() keys.PublicKey
	sign   func(ctx context.Context, msg []byte) ([]byte, error)
}

func (f *faulty) Public() keys.PublicKey {
	if f.public != nil {
		return f.public()
	}
	return f.k.Public()
}

func (f *faulty) Sign(ctx context.Context, msg []byte) ([]byte, error) {
	if f.sign != nil {
		return f.sign(ctx, msg)
	}
	return f.k.Sign(ctx, msg)
}

// TestFindsFaults runs every check over signers that have one fault each: the check that is named must find it.
func TestFindsFaults(t *testing.T) {
	k := generate(t, keys.P256)
	var buf [64]byte
	var kept []byte
	var busy sync.Mutex
	var refused atomic.Bool
	for _, tt := range []struct {
		fault, check string
		signer       *faulty
	}{
		{"no public key", "public key", &faulty{public: func() keys.PublicKey { return keys.PublicKey{} }}},
		{"key that does not sign", "public key", &faulty{public: generate(t, keys.X25519).Public}},
		{"another key each time", "public key", &faulty{public: func() keys.PublicKey { return generate(t, keys.P256).Public() }}},
		{"key that is not its own", "messages", &faulty{public: generate(t, keys.P256).Public}},
		{"empty message refused", "messages", &faulty{sign: func(ctx context.Context, msg []byte) ([]byte, error) {
			if len(msg) == 0 {
				return nil, context.DeadlineExceeded
			}
			return k.Sign(ctx, msg)
		}}},
		{"message cut at 1 KiB", "messages", &faulty{sign: func(ctx context.Context, msg []byte) ([]byte, error) {
			return k.Sign(ctx, msg[:min(len(msg), 1024)])
		}}},
		{"signature too long", "messages", &faulty{sign: func(ctx context.Context, msg []byte) ([]byte, error) {
			sig, err := k.Sign(ctx, msg)
			return append(sig, 0), err
		}}},
		{"either s", "low s", &faulty{sign: func(ctx context.Context, msg []byte) ([]byte, error) {
			sig, err := k.Sign(ctx, msg)
			if err == nil {
				eitherS(sig)
			}
			return sig, err
		}}},
		{"message overwritten", "memory of the caller", &faulty{sign: func(ctx context.Context, msg []byte) ([]byte, error) {
			sig, err := k.Sign(ctx, msg)
			clear(msg)
			return sig, err
		}}},
		{"one buffer for all signatures", "memory of the caller", &faulty{sign: func(ctx context.Context, msg []byte) ([]byte, error) {
			sig, err := k.Sign(ctx, msg)
			copy(buf[:], sig)
			return buf[:], err
		}}},
		{"first signature kept and given again", "memory of the caller", &faulty{sign: func(ctx context.Context, msg []byte) (sig []byte, err error) {
			if kept == nil {
				kept, err = k.Sign(ctx, msg)
			}
			return kept, err
		}}},
		{"one at a time", "concurrent use", &faulty{sign: func(ctx context.Context, msg []byte) ([]byte, error) {
			if !busy.TryLock() {
				refused.Store(true)
				return nil, context.DeadlineExceeded
			}
			defer busy.Unlock()
			for i := 0; i < 1_000_000 && !refused.Load(); i++ {
				runtime.Gosched() // until another goroutine has come
			}
			return k.Sign(ctx, msg)
		}}},
		{"context ignored", "context", &faulty{sign: func(_ context.Context, msg []byte) ([]byte, error) {
			return k.Sign(context.Background(), msg)
		}}},
		{"signature beside the error", "context", &faulty{sign: func(ctx context.Context, msg []byte) ([]byte, error) {
			sig, err := k.Sign(context.Background(), msg)
			if err != nil {
				return nil, err
			}
			return sig, ctx.Err()
		}}},
	} {
		t.Run(tt.fault, func(t *testing.T) {
			tt.signer.k = k
			found := false
			for _, c := range checks {
				if c.name == tt.check {
					found = true
					if err := c.check(tt.signer); err == nil {
						t.Errorf("%s: got nil, want an error", c.name)
					}
				}
			}
			if !found {
				t.Errorf("no check %q", tt.check)
			}
		})
	}
}

// eitherS replaces s by n-s in one of two signatures, as a signer without the rule gives it.
func eitherS(sig []byte) {
	var coin [1]byte
	rand.Read(coin[:])
	if coin[0]&1 == 0 {
		return
	}
	n, _ := new(big.Int).SetString("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", 16)
	n.Sub(n, new(big.Int).SetBytes(sig[32:])).FillBytes(sig[32:])
}
