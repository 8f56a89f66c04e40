// Package keystest is the conformance kit of keys.Signer: run it in the tests of an implementation over a hardware module, a
// key management service or a phone's enclave.
//
//	func TestSigner(t *testing.T) {
//		keystest.Run(t, func() keys.Signer { return open(t) })
//	}
package keystest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/realdid/realdid/keys"
)

// Run checks the signers that newSigner returns, one for each subtest; it may return the same one each time. It makes about a
// hundred signatures.
func Run(t *testing.T, newSigner func() keys.Signer) {
	t.Helper()
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			s := newSigner()
			if s == nil {
				t.Fatal("newSigner returned nil")
			}
			if err := c.check(s); err != nil {
				t.Error(err)
			}
		})
	}
}

// checks are functions that return what is wrong, so that the kit's own test can expect them to find it.
var checks = []struct {
	name  string
	check func(s keys.Signer) error
}{
	{"public key", checkPublic},
	{"messages", checkMessages},
	{"low s", checkLowS},
	{"memory of the caller", checkMemory},
	{"context", checkContext},
	{"concurrent use", checkConcurrent},
}

func checkPublic(s keys.Signer) error {
	k := s.Public()
	if k.IsZero() {
		return errors.New("public: got the zero value, want a key")
	}
	if !k.Algorithm().CanSign() {
		return fmt.Errorf("public: got a key of %v, want an algorithm that signs", k.Algorithm())
	}
	if _, err := s.Sign(context.Background(), []byte("first")); err != nil {
		return fmt.Errorf("sign: got %w, want a signature", err)
	}
	if again := s.Public(); !again.Equal(k) {
		return fmt.Errorf("public: got %v, then %v, want one key", k, again)
	}
	return nil
}

// checkMessages signs what an implementation may treat as special: nothing, the length of a digest, more than a buffer.
func checkMessages(s keys.Signer) error {
	for _, n := range []int{0, 1, 20, 32, 48, 64, 4 << 10, 100 << 10} {
		msg := bytes.Repeat([]byte{0xa5}, n)
		sig, err := s.Sign(context.Background(), msg)
		if err != nil {
			return fmt.Errorf("signing %d bytes: got %w, want a signature", n, err)
		}
		if err := verify(s, msg, sig); err != nil {
			return fmt.Errorf("message of %d bytes: %w", n, err)
		}
		if n > 0 {
			msg[n-1]++
			if s.Public().Verify(msg, sig) == nil {
				return fmt.Errorf("message of %d bytes: the signature also verifies another message", n)
			}
		}
	}
	if _, err := s.Sign(context.Background(), nil); err != nil {
		return fmt.Errorf("signing nil: got %w, want a signature", err)
	}
	return nil
}

func verify(s keys.Signer, msg, sig []byte) error {
	k := s.Public()
	if got, want := len(sig), k.Algorithm().SignatureSize(); got != want {
		return fmt.Errorf("got a signature of %d bytes, want %d (r‖s, not DER)", got, want)
	}
	if err := k.Verify(msg, sig); err != nil {
		return fmt.Errorf("signature: got %w, want nil", err)
	}
	return nil
}

// checkLowS makes so many signatures that a signer which leaves s as it comes passes once in 2^32 runs.
func checkLowS(s keys.Signer) error {
	for i := range 32 {
		msg := []byte{byte(i)}
		sig, err := s.Sign(context.Background(), msg)
		if err != nil {
			return fmt.Errorf("sign: got %w, want a signature", err)
		}
		if err := verify(s, msg, sig); err != nil {
			return err
		}
		if err := s.Public().VerifyLowS(msg, sig); err != nil {
			return fmt.Errorf("signature %d: got %w, want the lower of s and n-s", i, err)
		}
	}
	return nil
}

func checkMemory(s keys.Signer) error {
	msg := []byte("a message that must not change")
	kept := bytes.Clone(msg)
	sig, err := s.Sign(context.Background(), msg)
	if err != nil {
		return fmt.Errorf("sign: got %w, want a signature", err)
	}
	if !bytes.Equal(msg, kept) {
		return errors.New("sign changed the message")
	}
	first := bytes.Clone(sig)
	clear(msg)
	if !bytes.Equal(sig, first) {
		return errors.New("the signature changed with the message")
	}
	if _, err := s.Sign(context.Background(), []byte("another")); err != nil {
		return fmt.Errorf("second sign: got %w, want a signature", err)
	}
	if !bytes.Equal(sig, first) {
		return errors.New("the second signature overwrote the first")
	}
	clear(sig)
	sig, err = s.Sign(context.Background(), kept)
	if err != nil {
		return fmt.Errorf("third sign: got %w, want a signature", err)
	}
	return verify(s, kept, sig)
}

func checkContext(s keys.Signer) error {
	canceled, cancel := context.WithCancel(context.Background())
	cancel()
	late, cancel := context.WithDeadline(context.Background(), time.Unix(0, 0))
	defer cancel()
	for _, ctx := range []context.Context{canceled, late} {
		sig, err := s.Sign(ctx, []byte("m"))
		if !errors.Is(err, ctx.Err()) {
			return fmt.Errorf("sign with a context that has ended: got %v, want %w", err, ctx.Err())
		}
		if sig != nil {
			return errors.New("sign returned a signature beside an error")
		}
	}
	return nil
}

func checkConcurrent(s keys.Signer) error {
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wg.Go(func() {
			for j := range 4 {
				msg := bytes.Repeat([]byte{byte(i), byte(j)}, 100)
				sig, err := s.Sign(context.Background(), msg)
				if err == nil {
					err = verify(s, msg, sig)
				}
				if err != nil {
					errs[i] = fmt.Errorf("goroutine %d: %w", i, err)
					return
				}
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}
