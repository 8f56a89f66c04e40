package bbs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/realdid/realdid/keys"
)

// TestEverySubset discloses every subset of up to five messages.
func TestEverySubset(t *testing.T) {
	for _, s := range []Ciphersuite{SHA256, SHAKE256} {
		f := newFaults(t, s)
		for n := range 6 {
			var messages [][]byte
			for i := range n {
				messages = append(messages, fmt.Appendf(nil, "message %d", i))
			}
			sig := f.sign(t, f.header, messages)
			for set := range uint(1) << n {
				disclosed, shown := subset(messages, set)
				proof, err := s.ProofGen(f.public, sig, f.header, []byte("ph"), messages, disclosed)
				if err != nil {
					t.Fatal(err)
				}
				if want := ProofSize(n - bits.OnesCount(set)); len(proof) != want {
					t.Errorf("%v: %d of %d: got %d bytes, want %d", s, len(disclosed), n, len(proof), want)
				}
				if err := s.ProofVerify(f.public, proof, f.header, []byte("ph"), disclosed, shown); err != nil {
					t.Errorf("%v: %v of %d: %v", s, disclosed, n, err)
				}
			}
		}
	}
}

func subset(messages [][]byte, set uint) (disclosed []int, shown [][]byte) {
	for i := range messages {
		if set>>i&1 == 1 {
			disclosed, shown = append(disclosed, i), append(shown, messages[i])
		}
	}
	return disclosed, shown
}

// TestAnyChangeIsNoticed signs and proves anything, and changes one thing.
func TestAnyChangeIsNoticed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.SampledFrom([]Ciphersuite{SHA256, SHAKE256}).Draw(t, "suite")
		short := rapid.SliceOfN(rapid.Byte(), 0, 6)
		f := newFaults(t, s)
		header, ph := short.Draw(t, "header"), short.Draw(t, "ph")
		messages := rapid.SliceOfN(short, 1, 5).Draw(t, "messages")
		set := rapid.UintRange(0, 1<<len(messages)-1).Draw(t, "disclosed")
		sig := f.sign(t, header, messages)
		if err := s.Verify(f.public, sig, header, messages); err != nil {
			t.Fatal(err)
		}
		disclosed, shown := subset(messages, set)
		proof, err := s.ProofGen(f.public, sig, header, ph, messages, disclosed)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.ProofVerify(f.public, proof, header, ph, disclosed, shown); err != nil {
			t.Fatal(err)
		}
		change := func(b []byte) []byte {
			if len(b) == 0 {
				return []byte{0}
			}
			i := rapid.IntRange(0, len(b)-1).Draw(t, "byte")
			return replace(b, i, []byte{b[i] ^ 1<<rapid.IntRange(0, 7).Draw(t, "bit")})
		}
		refused := func(what string, err error) {
			if !errors.Is(err, ErrInvalid) {
				t.Fatalf("%s: got %v, want ErrInvalid", what, err)
			}
		}
		refused("signature", s.Verify(f.public, change(sig), header, messages))
		refused("header", s.Verify(f.public, sig, change(header), messages))
		i := rapid.IntRange(0, len(messages)-1).Draw(t, "message")
		other := slices.Clone(messages)
		other[i] = change(messages[i])
		refused("message", s.Verify(f.public, sig, header, other))
		refused("proof", s.ProofVerify(f.public, change(proof), header, ph, disclosed, shown))
		refused("proof, header", s.ProofVerify(f.public, proof, change(header), ph, disclosed, shown))
		refused("proof, presentation header", s.ProofVerify(f.public, proof, header, change(ph), disclosed, shown))
		if len(shown) > 0 {
			other = slices.Clone(shown)
			other[0] = change(shown[0])
			refused("proof, message", s.ProofVerify(f.public, proof, header, ph, disclosed, other))
		}
	})
}

// TestProofsAreNew makes proofs of one signature: no part of one occurs in another.
func TestProofsAreNew(t *testing.T) {
	f := newFaults(t, SHA256)
	seen := map[string]bool{}
	for range 20 {
		p := f.prove(t, []int{1})
		for at := 0; at+8 <= len(p); at++ {
			part := string(p[at : at+8])
			if seen[part] {
				t.Fatalf("bytes %x occur twice", part)
			}
		}
		for at := 0; at+8 <= len(p); at++ {
			seen[string(p[at:at+8])] = true
		}
	}
}

// TestArguments gives what no caller should: every one an error that is final, and none a panic.
func TestArguments(t *testing.T) {
	f := newFaults(t, SHA256)
	ctx := t.Context()
	sig := f.sign(t, f.header, f.messages)
	proof := f.prove(t, []int{0})
	tooMany, tooLong := make([][]byte, MaxMessages+1), make([]byte, MaxHeaderSize+1)
	ended, cancel := context.WithCancel(ctx)
	cancel()
	signer := func(ctx context.Context, k *PrivateKey, s Ciphersuite, header []byte, messages [][]byte) error {
		out, err := k.SignMessages(ctx, s, header, messages)
		if err != nil && out != nil {
			t.Error("a signature beside an error")
		}
		return err
	}
	prover := func(k *PublicKey, s Ciphersuite, sig, header, ph []byte, messages [][]byte, disclosed ...int) error {
		out, err := s.ProofGen(k, sig, header, ph, messages, disclosed)
		if err != nil && out != nil {
			t.Error("a proof beside an error")
		}
		return err
	}
	shown := f.messages[:1]
	for _, c := range []struct {
		name string
		err  error
		is   error
	}{
		{"sign: context has ended", signer(ended, f.key, SHA256, nil, nil), context.Canceled},
		{"sign: no ciphersuite", signer(ctx, f.key, 0, nil, nil), errSuite},
		{"sign: unknown ciphersuite", signer(ctx, f.key, 3, nil, nil), errSuite},
		{"sign: no key", signer(ctx, nil, SHA256, nil, nil), errNoKey},
		{"sign: zero key", signer(ctx, &PrivateKey{}, SHA256, nil, nil), errNoKey},
		{"sign: too many messages", signer(ctx, f.key, SHA256, nil, tooMany), ErrInvalid},
		{"sign: message too long", signer(ctx, f.key, SHA256, nil, [][]byte{tooLong}), ErrInvalid},
		{"sign: header too long", signer(ctx, f.key, SHA256, tooLong, nil), ErrInvalid},
		{"verify: no ciphersuite", Ciphersuite(0).Verify(f.public, sig, f.header, f.messages), errSuite},
		{"verify: no key", SHA256.Verify(nil, sig, f.header, f.messages), errNoKey},
		{"verify: zero key", SHA256.Verify(&PublicKey{}, sig, f.header, f.messages), errNoKey},
		{"verify: too many messages", SHA256.Verify(f.public, sig, f.header, tooMany), ErrInvalid},
		{"verify: message too long", SHA256.Verify(f.public, sig, f.header, [][]byte{tooLong}), ErrInvalid},
		{"verify: header too long", SHA256.Verify(f.public, sig, tooLong, f.messages), ErrInvalid},
		{"prove: no ciphersuite", prover(f.public, 0, sig, f.header, nil, f.messages), errSuite},
		{"prove: no key", prover(nil, SHA256, sig, f.header, nil, f.messages), errNoKey},
		{"prove: too many messages", prover(f.public, SHA256, sig, f.header, nil, tooMany), ErrInvalid},
		{"prove: header too long", prover(f.public, SHA256, sig, tooLong, nil, f.messages), ErrInvalid},
		{"prove: presentation header too long", prover(f.public, SHA256, sig, f.header, tooLong, f.messages), ErrInvalid},
		{"prove: index twice", prover(f.public, SHA256, sig, f.header, nil, f.messages, 1, 1), ErrInvalid},
		{"prove: indexes descend", prover(f.public, SHA256, sig, f.header, nil, f.messages, 1, 0), ErrInvalid},
		{"prove: negative index", prover(f.public, SHA256, sig, f.header, nil, f.messages, -1), ErrInvalid},
		{"prove: index beyond the messages", prover(f.public, SHA256, sig, f.header, nil, f.messages, 4), ErrInvalid},
		{"prove: short signature", prover(f.public, SHA256, sig[1:], f.header, nil, f.messages), ErrInvalid},
		{"prove: long signature", prover(f.public, SHA256, append(bytes.Clone(sig), 0), f.header, nil, f.messages), ErrInvalid},
		{"prove: no signature", prover(f.public, SHA256, nil, f.header, nil, f.messages), ErrInvalid},
		{"check: no ciphersuite", Ciphersuite(0).ProofVerify(f.public, proof, f.header, []byte("nonce"), []int{0}, shown), errSuite},
		{"check: no key", SHA256.ProofVerify(nil, proof, f.header, []byte("nonce"), []int{0}, shown), errNoKey},
		{"check: header too long", SHA256.ProofVerify(f.public, proof, tooLong, []byte("nonce"), []int{0}, shown), ErrInvalid},
		{"check: presentation header too long", SHA256.ProofVerify(f.public, proof, f.header, tooLong, []int{0}, shown), ErrInvalid},
		{"check: message too long", SHA256.ProofVerify(f.public, proof, f.header, []byte("nonce"), []int{0}, [][]byte{tooLong}), ErrInvalid},
	} {
		if !errors.Is(c.err, c.is) {
			t.Errorf("%s: got %v, want %v", c.name, c.err, c.is)
		} else if !strings.HasPrefix(c.err.Error(), "bbs: ") || strings.Contains(c.name, " too ") && !strings.Contains(c.err.Error(), "at most") {
			t.Errorf("%s: got the text %q", c.name, c.err)
		}
	}
}

// TestProofInitRefuses gives random scalars that would show A or B, and numbers that do not match.
func TestProofInitRefuses(t *testing.T) {
	f := newFaults(t, SHA256)
	ms := f.a.messageScalars(f.messages)
	gens := f.a.generators(len(ms) + 1)
	domain := f.a.domain(f.public, gens, f.header)
	sig, err := parseSignature(f.sign(t, f.header, f.messages))
	if err != nil {
		t.Fatal(err)
	}
	hidden := []int{1, 2}
	for _, c := range []struct {
		name   string
		gens   []*generator
		random int
		zero   int
		ok     bool
	}{
		{"valid", gens, 7, 2, true},
		{"r1 is zero", gens, 7, 0, false},
		{"r2 is zero", gens, 7, 1, false},
		{"a generator too few", gens[:4], 7, 2, false},
		{"a random scalar too few", gens, 6, 2, false},
		{"a random scalar too many", gens, 8, 2, false},
	} {
		random := randomScalars(c.random)
		random[c.zero] = scalar{}
		if _, err := f.a.proofInit(&sig, c.gens, &domain, ms, hidden, random); (err == nil) != c.ok {
			t.Errorf("%s: got %v, want accepted %v", c.name, err, c.ok)
		}
	}
}

// TestLimitsComeFirst gives a proof of the greatest size and one of more, whose content is nothing: lengths are looked at before it.
func TestLimitsComeFirst(t *testing.T) {
	f := newFaults(t, SHA256)
	for _, c := range []struct {
		size, disclosed int
		text            string
	}{
		{maxProofSize + scalarSize, 0, "bytes"},
		{maxProofSize, 1, "messages, at most"},
		{maxProofSize, 0, "canonical"},
		{proofFixedSize - scalarSize, 0, "bytes"},
	} {
		indexes, messages := []int{}, [][]byte{}
		for i := range c.disclosed {
			indexes, messages = append(indexes, i), append(messages, nil)
		}
		b := bytes.Repeat([]byte{0xff}, c.size)
		err := SHA256.ProofVerify(f.public, b, nil, nil, indexes, messages)
		if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%d bytes: got %v, want an error with %q", c.size, err, c.text)
		}
	}
	err := SHA256.Verify(f.public, make([]byte, SignatureSize-1), nil, make([][]byte, MaxMessages+1))
	if err == nil || !strings.Contains(err.Error(), "79 bytes") {
		t.Errorf("a short signature of too many messages: got %v, want an error with its length", err)
	}
}

// TestSharedKey verifies with one key in many goroutines; run it with -race. Nothing that verifying is given changes.
func TestSharedKey(t *testing.T) {
	f := newFaults(t, SHA256)
	sig, proof := f.sign(t, f.header, f.messages), f.prove(t, []int{0, 2})
	ph, shown, indexes := []byte("nonce"), [][]byte{f.messages[0], f.messages[2]}, []int{0, 2}
	before := *f.public
	lines := *f.public.lines
	inputs := func() string {
		return fmt.Sprintf("%x %x %x %x %x %x %v", sig, proof, f.header, ph, f.messages, shown, indexes)
	}
	was := inputs()
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			for range 3 {
				if err := SHA256.Verify(f.public, sig, f.header, f.messages); err != nil {
					t.Error(err)
				}
				if err := SHA256.ProofVerify(f.public, proof, f.header, ph, indexes, shown); err != nil {
					t.Error(err)
				}
				if err := SHA256.Verify(f.public, sig, nil, f.messages); err == nil {
					t.Error("a wrong header: got no error")
				}
			}
			// Others make generators and tables meanwhile.
			gens := api{SHA256, "shared"}.generators(4 + i%3)
			secretSum(gens, randomScalars(len(gens)))
			publicSum(gens, randomScalars(len(gens)))
			p, err := SHA256.ProofGen(f.public, sig, f.header, ph, f.messages, indexes)
			if err != nil {
				t.Error(err)
			} else if err := SHA256.ProofVerify(f.public, p, f.header, ph, indexes, shown); err != nil {
				t.Error(err)
			}
			if _, err := f.key.SignMessages(t.Context(), SHA256, f.header, f.messages); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := inputs(); got != was {
		t.Errorf("inputs changed: got %s, want %s", got, was)
	}
	if f.public.encoded != before.encoded || *f.public.lines != lines {
		t.Error("the public key changed")
	}
}

func TestKeys(t *testing.T) {
	material := []byte("32 bytes of key material, or more")
	a, err := KeyGen(SHA256, material, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := KeyGen(SHA256, material, []byte("info"), nil); err != nil || a.PublicKey().Equal(b.PublicKey()) {
		t.Errorf("other info: got the same key, %v", err)
	}
	if b, err := KeyGen(SHA256, material, nil, []byte("dst")); err != nil || a.PublicKey().Equal(b.PublicKey()) {
		t.Errorf("other tag: got the same key, %v", err)
	}
	for name, err := range map[string]error{
		"no ciphersuite":  second(KeyGen(0, material, nil, nil)),
		"short material":  second(KeyGen(SHA256, material[:31], nil, nil)),
		"long material":   second(KeyGen(SHA256, make([]byte, MaxMessageSize+1), nil, nil)),
		"long info":       second(KeyGen(SHA256, material, make([]byte, 65_536), nil)),
		"long tag":        second(KeyGen(SHA256, material, nil, make([]byte, 256))),
		"short secret":    second(NewPrivateKey(make([]byte, 31))),
		"zero secret":     second(NewPrivateKey(make([]byte, 32))),
		"secret of order": second(NewPrivateKey(bigOrder().Bytes())),
		"other algorithm": second(PublicKeyOf(keys.PublicKey{})),
	} {
		if err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
	if _, err := KeyGen(SHA256, material[:32], make([]byte, 65_535), make([]byte, 255)); err != nil {
		t.Errorf("at the limits: %v", err)
	}

	secret := a.Secret()
	again, err := NewPrivateKey(secret)
	if err != nil || !again.PublicKey().Equal(a.PublicKey()) || !bytes.Equal(again.Secret(), secret) {
		t.Errorf("by its secret: got %v, %v, want %v", again, err, a)
	}
	clear(secret)
	if bytes.Equal(again.Secret(), secret) {
		t.Error("the key shares its secret with the caller")
	}
	if got := a.Public(); got.Algorithm() != keys.BLS12381G2 || !bytes.Equal(got.Bytes(), a.PublicKey().Bytes()) {
		t.Errorf("got %v, want %v", got, a.PublicKey())
	}
	if _, err := a.Sign(t.Context(), []byte("bytes")); err == nil || !strings.Contains(err.Error(), "SignMessages") {
		t.Errorf("Sign: got %v, want an error that names SignMessages", err)
	}
	b := a.PublicKey().Bytes()
	clear(b)
	if bytes.Equal(a.PublicKey().Bytes(), b) {
		t.Error("the public key shares its bytes with the caller")
	}

	a.Wipe()
	if a.Secret() != nil || a.PublicKey() == nil || a.get().secret.IsZero() != 1 {
		t.Error("a wiped key: got a secret, or no public key")
	}
	if _, err := a.SignMessages(t.Context(), SHA256, nil, nil); !errors.Is(err, errNoKey) {
		t.Errorf("a wiped key: got %v, want that there is none", err)
	}
	a.Wipe()

	var none *PublicKey
	if none.Bytes() != nil || !none.Key().IsZero() || none.String() != "" || !none.Equal(&PublicKey{}) || none.Equal(again.PublicKey()) || again.PublicKey().Equal(none) {
		t.Error("no public key: got something of it")
	}
	var nobody *PrivateKey
	if nobody.Secret() != nil || nobody.PublicKey() != nil || !nobody.Public().IsZero() || (PrivateKey{}).String() != "bbs.PrivateKey(none)" {
		t.Error("no private key: got something of it")
	}
	nobody.Wipe()
}

func second[T any](_ T, err error) error { return err }
