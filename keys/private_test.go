package keys

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
)

// TestPrintsNothingSecret prints a key in every way that a program does by accident.
func TestPrintsNothingSecret(t *testing.T) {
	for _, a := range Algorithms() {
		k := generate(t, a)
		secret := k.Secret()
		type holder struct {
			Pointer *PrivateKey
			Value   PrivateKey
			hidden  PrivateKey
			ptr     *PrivateKey
		}
		h := holder{k, *k, *k, k}
		var out []string
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%b", "%o", "%c", "%U", "%p", "%e", "%t"} {
			out = append(out, fmt.Sprintf(verb, k), fmt.Sprintf(verb, *k), fmt.Sprintf(verb, h), fmt.Sprintf(verb, &h), fmt.Sprintf(verb, []any{k, *k}))
		}
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "key", k, "value", *k, "holder", h)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "key", k, "value", *k, "holder", h)
		out = append(out, log.String(), fmt.Sprint(k), k.String(), k.GoString())
		for _, v := range []any{k, *k, h, &h, []any{k}} {
			b, err := json.Marshal(v)
			if err == nil {
				t.Errorf("%v: json.Marshal(%T): got %s, want an error", a, v, b)
			}
			out = append(out, string(b), fmt.Sprint(err))
		}
		for _, s := range out {
			for _, form := range secretForms(secret) {
				if strings.Contains(strings.ToLower(s), form) {
					t.Errorf("%v: the secret is in %q", a, s)
				}
			}
		}
		if want := "keys.PrivateKey(" + a.String() + " " + k.Public().Multikey() + ")"; fmt.Sprintf("%+v", k) != want || fmt.Sprintf("%#v", *k) != want {
			t.Errorf("got %+v and %#v, want %s", k, *k, want)
		}
	}
}

// secretForms returns a part of the secret as fmt and the encodings could write it, in lower case.
func secretForms(secret []byte) []string {
	part := secret[8:16]
	list := strings.Trim(fmt.Sprint(part), "[]")
	hexList := strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%#v", part), "[]byte{"), "}")
	b := b64.EncodeToString(secret[6:24])
	return []string{hex.EncodeToString(part), list, strings.ReplaceAll(list, " ", ","), hexList, strings.ToLower(b)}
}

func TestErrorsHoldNothingSecret(t *testing.T) {
	for _, a := range Algorithms() {
		secret := bytes.Repeat([]byte{0xff}, a.SecretSize())
		for _, s := range [][]byte{secret, secret[1:], append(secret, 0xff), make([]byte, a.SecretSize())} {
			k, err := NewPrivateKey(a, s)
			if err == nil {
				if a != Ed25519 && a != X25519 {
					t.Errorf("%v: NewPrivateKey(%x): got %v, want an error", a, s, k)
				}
				continue
			}
			if strings.Contains(strings.ToLower(err.Error()), "ffffff") || strings.Contains(err.Error(), "255 255") {
				t.Errorf("%v: the error holds the secret: %v", a, err)
			}
		}
	}
}

// TestScalarRange checks both ends of the range of scalars.
func TestScalarRange(t *testing.T) {
	for _, a := range []Algorithm{P256, P384, Secp256k1, SM2} {
		n := a.order().n
		last := bytes.Clone(n)
		last[len(last)-1]-- // n-1; every n here ends in an odd digit above 1
		if a == SM2 {
			last[len(last)-1]--
			tooBig := bytes.Clone(n)
			tooBig[len(n)-1]--
			if _, err := NewPrivateKey(a, tooBig); err == nil {
				t.Error("SM2: n-1 was accepted; 1+d has no inverse")
			}
		}
		one := make([]byte, len(n))
		one[len(n)-1] = 1
		for _, good := range [][]byte{one, last} {
			k, err := NewPrivateKey(a, good)
			if err != nil {
				t.Errorf("%v: %x: %v", a, good, err)
				continue
			}
			if sig := sign(t, k, []byte("m")); k.Public().Verify([]byte("m"), sig) != nil {
				t.Errorf("%v: %x: signature does not verify", a, good)
			}
		}
		for _, bad := range [][]byte{make([]byte, len(n)), n, bytes.Repeat([]byte{0xff}, len(n))} {
			if _, err := NewPrivateKey(a, bad); !errors.Is(err, errRange) {
				t.Errorf("%v: %x: got %v, want errRange", a, bad, err)
			}
		}
	}
}

func TestWipe(t *testing.T) {
	ctx := context.Background()
	for _, a := range Algorithms() {
		k := generate(t, a)
		pub, state := k.Public(), k.get().secret
		k.Wipe()
		k.Wipe()
		if !bytes.Equal(state, make([]byte, len(state))) {
			t.Errorf("%v: the secret is still in memory", a)
		}
		if k.Secret() != nil || !k.Public().Equal(pub) {
			t.Errorf("%v: after Wipe: secret %v, public key %v, want none and %v", a, k.Secret() != nil, k.Public(), pub)
		}
		if _, err := k.Sign(ctx, nil); err == nil {
			t.Errorf("%v: a wiped key signed", a)
		}
		if _, err := k.ECDH(pub); err == nil {
			t.Errorf("%v: a wiped key agreed", a)
		}
		if _, err := k.PrivateJWK(); err == nil {
			t.Errorf("%v: a wiped key gave a JWK", a)
		}
		if _, err := k.MarshalPEM(); err == nil {
			t.Errorf("%v: a wiped key gave PEM", a)
		}
	}
}

// TestConcurrentUse lets the race detector look at Sign beside Wipe.
func TestConcurrentUse(t *testing.T) {
	for _, a := range signing() {
		k := generate(t, a)
		msg := []byte("m")
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for range 5 {
					sig, err := k.Sign(context.Background(), msg)
					if err == nil && k.Public().Verify(msg, sig) != nil {
						t.Errorf("%v: a signature made beside Wipe does not verify", a)
					}
				}
			})
		}
		wg.Go(k.Wipe)
		wg.Wait()
	}
}

func TestSignContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if sig, err := generate(t, Ed25519).Sign(ctx, nil); !errors.Is(err, context.Canceled) || sig != nil {
		t.Errorf("got %x, %v, want context.Canceled", sig, err)
	}
}

// TestZeroValues calls everything on values that hold no key: nothing panics and nothing succeeds.
func TestZeroValues(t *testing.T) {
	var k PublicKey
	if !k.IsZero() || k.Algorithm() != 0 || k.Bytes() != nil || k.Multicodec() != nil || k.JWK() != nil {
		t.Error("the zero public key has bytes")
	}
	if k.Multikey() != "" || k.DIDKey() != "" || k.DIDKeyURL() != "" || k.Thumbprint() != "" || k.String() != "" {
		t.Error("the zero public key has a text form")
	}
	if got := k.AppendMulticodec([]byte("x")); string(got) != "x" {
		t.Errorf("AppendMulticodec: got %q, want x", got)
	}
	if !k.Equal(PublicKey{}) || k.Equal(generate(t, Ed25519).Public()) {
		t.Error("Equal of the zero public key")
	}
	for _, err := range []error{k.Verify(nil, nil), k.VerifyLowS(nil, make([]byte, 64))} {
		if !errors.Is(err, ErrSignature) {
			t.Errorf("Verify: got %v, want ErrSignature", err)
		}
	}
	if _, err := k.MarshalPublicPEM(); err == nil {
		t.Error("MarshalPublicPEM succeeded")
	}
	if _, err := k.ToX25519(); err == nil {
		t.Error("ToX25519 succeeded")
	}
	for name, p := range map[string]*PrivateKey{"nil": nil, "zero": {}} {
		if !p.Public().IsZero() || p.Secret() != nil || p.Algorithm() != 0 {
			t.Errorf("%s private key has a key", name)
		}
		p.Wipe()
		_, e1 := p.Sign(context.Background(), nil)
		_, e2 := p.ECDH(PublicKey{})
		_, e3 := p.PrivateJWK()
		_, e4 := p.MarshalPEM()
		_, e5 := p.ToX25519()
		for i, err := range []error{e1, e2, e3, e4, e5} {
			if err == nil {
				t.Errorf("%s private key: call %d succeeded", name, i)
			}
		}
	}
	if got, want := fmt.Sprint(PrivateKey{}), "keys.PrivateKey(none)"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, a := range []Algorithm{0, 8, 255} {
		if _, err := Generate(a); !errors.Is(err, ErrUnsupported) {
			t.Errorf("Generate(%d): got %v, want ErrUnsupported", a, err)
		}
		if _, err := NewPrivateKey(a, nil); !errors.Is(err, ErrUnsupported) {
			t.Errorf("NewPrivateKey(%d): got %v, want ErrUnsupported", a, err)
		}
		if _, err := NewPublicKey(a, nil); !errors.Is(err, ErrUnsupported) {
			t.Errorf("NewPublicKey(%d): got %v, want ErrUnsupported", a, err)
		}
		if a.String() != "invalid" || a.CanSign() || a.KeySize() != 0 || a.SecretSize() != 0 || a.SignatureSize() != 0 || a.Codec() != 0 {
			t.Errorf("algorithm %d has facts", a)
		}
	}
}
