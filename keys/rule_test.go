package keys

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"

	"filippo.io/edwards25519"
	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	secpecdsa "github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
	"pgregory.net/rapid"
)

// TestEd25519Rule makes signatures whose key has a component of order 8: they verify by the equation without the cofactor exactly when
// the challenge is a multiple of 8, and always by the one with it. We follow the former, as the standard library does.
func TestEd25519Rule(t *testing.T) {
	torsion, err := new(edwards25519.Point).SetBytes(unhex(t, "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"))
	if err != nil {
		t.Fatal(err)
	}
	a, err := edwards25519.NewScalar().SetUniformBytes(bytes.Repeat([]byte{7}, 64))
	if err != nil {
		t.Fatal(err)
	}
	r, err := edwards25519.NewScalar().SetUniformBytes(bytes.Repeat([]byte{9}, 64))
	if err != nil {
		t.Fatal(err)
	}
	pub := new(edwards25519.Point).ScalarBaseMult(a)
	pub.Add(pub, torsion)
	k, err := NewPublicKey(Ed25519, pub.Bytes())
	if err != nil {
		t.Fatalf("a key of full order with a small component: %v", err)
	}
	accepted, refused := 0, 0
	for i := 0; accepted == 0 || refused == 0; i++ {
		msg := []byte("message " + strconv.Itoa(i))
		R := new(edwards25519.Point).ScalarBaseMult(r).Bytes()
		h := sha512.Sum512(append(append(bytes.Clone(R), pub.Bytes()...), msg...))
		c, err := edwards25519.NewScalar().SetUniformBytes(h[:])
		if err != nil {
			t.Fatal(err)
		}
		sig := append(R, edwards25519.NewScalar().MultiplyAdd(c, a, r).Bytes()...)
		want := c.Bytes()[0]%8 == 0
		if got := k.Verify(msg, sig) == nil; got != want || got != ed25519.Verify(k.Bytes(), msg, sig) {
			t.Fatalf("challenge mod 8 is %d: got accepted %v, want %v", c.Bytes()[0]%8, got, want)
		}
		if want {
			accepted++
		} else {
			refused++
		}
	}
}

// TestLowS makes many signatures: one in two of a signer that does not choose the lower s would fail.
func TestLowS(t *testing.T) {
	for _, a := range []Algorithm{P256, P384, Secp256k1} {
		k := generate(t, a)
		for i := range 40 {
			msg := []byte{byte(i)}
			sig := sign(t, k, msg)
			if err := k.Public().VerifyLowS(msg, sig); err != nil {
				t.Fatalf("%v: signature %d: %v", a, i, err)
			}
			high := bytes.Clone(sig)
			negate(high, a.order().n)
			if err := k.Public().Verify(msg, high); err != nil {
				t.Fatalf("%v: Verify with n-s: got %v, want nil", a, err)
			}
			if err := k.Public().VerifyLowS(msg, high); !errors.Is(err, ErrSignature) {
				t.Fatalf("%v: VerifyLowS with n-s: got %v, want ErrSignature", a, err)
			}
			a.order().makeLowS(high)
			if !bytes.Equal(high, sig) {
				t.Fatalf("%v: makeLowS(n-s): got %x, want %x", a, high, sig)
			}
		}
	}
}

// negate replaces s by n-s, digit by digit.
func negate(sig, n []byte) {
	s, borrow := sig[len(sig)/2:], 0
	for i := len(s) - 1; i >= 0; i-- {
		d := int(n[i]) - int(s[i]) - borrow
		borrow = 0
		if d < 0 {
			d, borrow = d+256, 1
		}
		s[i] = byte(d)
	}
}

// TestRange checks the bounds of r and s by themselves; the libraries check them too.
func TestRange(t *testing.T) {
	for _, a := range []Algorithm{P256, P384, Secp256k1, SM2} {
		o := a.order()
		zero, one, last := make([]byte, len(o.n)), make([]byte, len(o.n)), bytes.Clone(o.n)
		one[len(one)-1] = 1
		last[len(last)-1]--
		for _, tt := range []struct {
			name string
			r, s []byte
			want bool
		}{
			{"1, 1", one, one, true},
			{"n-1, n-1", last, last, true},
			{"0, 1", zero, one, false},
			{"1, 0", one, zero, false},
			{"n, 1", o.n, one, false},
			{"1, n", one, o.n, false},
		} {
			if err := o.check(slices.Concat(tt.r, tt.s), false); (err == nil) != tt.want {
				t.Errorf("%v: r, s = %s: got %v, want in range %v", a, tt.name, err, tt.want)
			}
		}
	}
}

// TestEqual wants the same bytes under another algorithm to be another key.
func TestEqual(t *testing.T) {
	for {
		ed := generate(t, Ed25519).Public()
		x, err := NewPublicKey(X25519, ed.Bytes())
		if err != nil {
			continue // half of the keys have the highest bit set
		}
		if ed.Equal(x) || x.Equal(ed) {
			t.Error("an Ed25519 and an X25519 key are equal")
		}
		again, err := ParseMultikey(ed.Multikey())
		if err != nil || !ed.Equal(again) {
			t.Errorf("a key and its copy: got %v, %v, want equal", again, err)
		}
		return
	}
}

func TestVerifyWithoutSignatures(t *testing.T) {
	err := generate(t, X25519).Public().Verify(nil, nil)
	if !errors.Is(err, ErrSignature) || !strings.Contains(err.Error(), "no signature algorithm") {
		t.Errorf("got %v, want ErrSignature that names the reason", err)
	}
}

// TestHalfOrder checks the edge of the rule: floor(n/2) is low, one more is high.
func TestHalfOrder(t *testing.T) {
	for _, a := range []Algorithm{P256, P384, Secp256k1} {
		o := a.order()
		sig := append(bytes.Clone(o.half), o.half...)
		if err := o.check(sig, true); err != nil {
			t.Errorf("%v: s = (n-1)/2: got %v, want nil", a, err)
		}
		sig[len(sig)-1]++ // no carry: the last byte of each half is below ff
		if err := o.check(sig, true); err == nil {
			t.Errorf("%v: s = (n+1)/2: got nil, want an error", a)
		}
		twice := 0
		for i := len(o.n) - 1; i >= 0; i-- {
			v := int(o.half[i])<<1 | twice
			if i == len(o.n)-1 {
				v |= 1
			}
			if byte(v) != o.n[i] {
				t.Fatalf("%v: 2·half+1: byte %d: got %x, want %x", a, i, byte(v), o.n[i])
			}
			twice = v >> 8
		}
	}
}

// TestSecp256k1Library compares the blinded arithmetic with the library's own, which is deterministic too.
func TestSecp256k1Library(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "secret")
		msg := rapid.SliceOf(rapid.Byte()).Draw(t, "msg")
		k, err := NewPrivateKey(Secp256k1, secret)
		var d secp256k1.ModNScalar
		if overflow := d.SetByteSlice(secret); overflow || d.IsZero() {
			if err == nil {
				t.Fatalf("a scalar out of range was accepted")
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		lib := secp256k1.NewPrivateKey(&d)
		if got, want := k.Public().Bytes(), lib.PubKey().SerializeCompressed(); !bytes.Equal(got, want) {
			t.Fatalf("public key: got %x, want %x", got, want)
		}
		digest := sha256.Sum256(msg)
		sig := secpecdsa.Sign(lib, digest[:])
		r, s := sig.R(), sig.S()
		rb, sb := r.Bytes(), s.Bytes()
		got, err := k.Sign(context.Background(), msg)
		if want := append(rb[:], sb[:]...); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("signature: got %x, %v, want %x", got, err, want)
		}
	})
}

// TestDER compares the ECDSA-Sig-Value that we write with what the standard library reads and writes.
func TestDER(t *testing.T) {
	k := generate(t, P256)
	digest := sha256.Sum256([]byte("message"))
	for range 300 { // one in 128 has a short r or s
		der, err := ecdsa.SignASN1(nil, k.get().ec, digest[:])
		if err != nil {
			t.Fatal(err)
		}
		raw, err := rawFromDER(der, 64)
		if err != nil {
			t.Fatalf("rawFromDER(%x): %v", der, err)
		}
		if got := appendDER(nil, raw); !bytes.Equal(got, der) {
			t.Fatalf("appendDER: got %x, want %x", got, der)
		}
	}
	for _, bad := range []string{"", "30", "3000", "300602010102010100", "3006020101020101ff", "3106020101020101", "3006020001020101", "300602010102017f00", "30070201010202"} {
		if raw, err := rawFromDER(unhex(t, bad), 64); err == nil {
			t.Errorf("rawFromDER(%s): got %x, want an error", bad, raw)
		}
	}
}

// TestProperty signs, verifies and tampers with random messages.
func TestProperty(t *testing.T) {
	for _, a := range signing() {
		k := generate(t, a)
		rapid.Check(t, func(t *rapid.T) {
			msg := rapid.SliceOf(rapid.Byte()).Draw(t, "msg")
			sig, err := k.Sign(context.Background(), msg)
			if err != nil {
				t.Fatal(err)
			}
			if err := k.Public().VerifyLowS(msg, sig); err != nil {
				t.Fatal(err)
			}
			bad := flip(sig, rapid.IntRange(0, 8*len(sig)-1).Draw(t, "bit"))
			if err := k.Public().Verify(msg, bad); !errors.Is(err, ErrSignature) {
				t.Fatalf("tampered signature: got %v, want ErrSignature", err)
			}
			if err := k.Public().Verify(append(msg, 0), sig); !errors.Is(err, ErrSignature) {
				t.Fatalf("tampered message: got %v, want ErrSignature", err)
			}
		})
	}
}
