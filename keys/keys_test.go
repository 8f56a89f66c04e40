package keys

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"
)

// signing returns the algorithms that sign.
func signing() []Algorithm {
	return slices.DeleteFunc(Algorithms(), func(a Algorithm) bool { return !a.CanSign() })
}

// generate returns a new key or ends the test.
func generate(tb testing.TB, a Algorithm) *PrivateKey {
	tb.Helper()
	k, err := Generate(a)
	if err != nil {
		tb.Fatalf("Generate(%v): %v", a, err)
	}
	return k
}

// sign returns a signature or ends the test.
func sign(tb testing.TB, k *PrivateKey, msg []byte) []byte {
	tb.Helper()
	sig, err := k.Sign(context.Background(), msg)
	if err != nil {
		tb.Fatalf("Sign with %v: %v", k.Algorithm(), err)
	}
	return sig
}

func TestSignVerify(t *testing.T) {
	for _, a := range signing() {
		t.Run(a.String(), func(t *testing.T) {
			k := generate(t, a)
			for _, msg := range [][]byte{nil, []byte("m"), bytes.Repeat([]byte("message"), 1000)} {
				sig := sign(t, k, msg)
				if got := len(sig); got != a.SignatureSize() {
					t.Errorf("signature length: got %d, want %d", got, a.SignatureSize())
				}
				if err := k.Public().Verify(msg, sig); err != nil {
					t.Errorf("Verify of our own signature: got %v, want nil", err)
				}
				if err := k.Public().VerifyLowS(msg, sig); err != nil {
					t.Errorf("VerifyLowS of our own signature: got %v, want nil", err)
				}
			}
		})
	}
}

// TestTamper flips every bit of signature, message and key in turn: none may verify.
func TestTamper(t *testing.T) {
	for _, a := range signing() {
		t.Run(a.String(), func(t *testing.T) {
			k := generate(t, a)
			msg := []byte("the message that was signed")
			sig := sign(t, k, msg)
			for i := range 8 * len(sig) {
				bad := flip(sig, i)
				if err := k.Public().Verify(msg, bad); !errors.Is(err, ErrSignature) {
					t.Errorf("signature bit %d flipped: got %v, want ErrSignature", i, err)
				}
			}
			for i := range 8 * len(msg) {
				if err := k.Public().Verify(flip(msg, i), sig); !errors.Is(err, ErrSignature) {
					t.Errorf("message bit %d flipped: got %v, want ErrSignature", i, err)
				}
			}
			raw := k.Public().Bytes()
			for i := range 8 * len(raw) {
				other, err := NewPublicKey(a, flip(raw, i))
				if err != nil {
					continue
				}
				if err := other.Verify(msg, sig); !errors.Is(err, ErrSignature) {
					t.Errorf("key bit %d flipped: got %v, want ErrSignature", i, err)
				}
			}
		})
	}
}

func flip(b []byte, bit int) []byte {
	out := bytes.Clone(b)
	out[bit/8] ^= 1 << (bit % 8)
	return out
}

func TestMultikeyRoundTrip(t *testing.T) {
	for _, a := range Algorithms() {
		k := generate(t, a).Public()
		got, err := ParseMultikey(k.Multikey())
		if err != nil || !got.Equal(k) {
			t.Errorf("%v: ParseMultikey(Multikey()): got %v, %v, want the same key", a, got, err)
		}
		if got, err = ParseDIDKey(k.DIDKey()); err != nil || !got.Equal(k) {
			t.Errorf("%v: ParseDIDKey(DIDKey()): got %v, %v, want the same key", a, got, err)
		}
		if got, err = ParseMulticodec(k.Multicodec()); err != nil || !got.Equal(k) {
			t.Errorf("%v: ParseMulticodec(Multicodec()): got %v, %v, want the same key", a, got, err)
		}
	}
}

func TestPrivateKeyRoundTrip(t *testing.T) {
	for _, a := range Algorithms() {
		k := generate(t, a)
		got, err := NewPrivateKey(a, k.Secret())
		if err != nil || !got.Public().Equal(k.Public()) {
			t.Errorf("%v: NewPrivateKey(Secret()): got %v, %v, want the same key", a, got, err)
		}
	}
}
