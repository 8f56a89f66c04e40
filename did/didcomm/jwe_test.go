package didcomm

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/hex"
	"math/rand/v2"
	"testing"

	josecipher "github.com/go-jose/go-jose/v4/cipher"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
)

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestCBCExample is RFC 7518, appendix B.3.
func TestCBCExample(t *testing.T) {
	key := make([]byte, 64)
	for i := range key {
		key[i] = byte(i)
	}
	iv := unhex(t, "1af38c2dc2b96ffdd86694092341bc04")
	text := "A cipher system must not be required to be secret, and it must be able to fall into the hands of the enemy without inconvenience"
	additional := []byte("The second principle of Auguste Kerckhoffs")
	ciphertext, tag, err := sealCBC(key, iv, []byte(text), additional)
	if err != nil {
		t.Fatal(err)
	}
	want := unhex(t, "4affaaadb78c31c5da4b1b590d10ffbd3dd8d5d302423526912da037ecbcc7bd"+
		"822c301dd67c373bccb584ad3e9279c2e6d12a1374b77f077553df829410446b"+
		"36ebd97066296ae6427ea75c2e0846a11a09ccf5370dc80bfecbad28c73f09b3"+
		"a3b75e662a2594410ae496b2e2e6609e31e6e02cc837f053d21f37ff4f51950b"+
		"be2638d09dd7a4930930806d0703b1f6")
	if !bytes.Equal(ciphertext, want) {
		t.Errorf("ciphertext: got %x, want %x", ciphertext, want)
	}
	if want := unhex(t, "4dd3b4c088a7f45c216839645b2012bf2e6269a8c56a816dbc1b267761955bc5"); !bytes.Equal(tag, want) {
		t.Errorf("tag: got %x, want %x", tag, want)
	}
	content, err := openCBC(key, iv, ciphertext, tag, additional)
	if err != nil || string(content) != text {
		t.Errorf("got %q, %v", content, err)
	}
}

// TestCBCAgainstGoJose compares with another implementation, for contents around the lengths at which something changes.
func TestCBCAgainstGoJose(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	random := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		return b
	}
	for _, n := range []int{0, 1, 15, 16, 17, 31, 32, 33, 1000, cbcPiece - 17, cbcPiece - 16, cbcPiece - 1, cbcPiece, cbcPiece + 1, 3*cbcPiece + 5} {
		for _, spare := range []int{0, 7, grow} {
			key, iv, content, additional := random(64), random(16), random(n), random(rng.IntN(50))
			other, err := josecipher.NewCBCHMAC(key, aes.NewCipher)
			if err != nil {
				t.Fatal(err)
			}
			want := other.Seal(nil, iv, content, additional)
			ciphertext, tag, err := sealCBC(key, iv, append(make([]byte, 0, n+spare), content...), additional)
			if err != nil {
				t.Fatal(err)
			}
			if got := append(bytes.Clone(ciphertext), tag...); !bytes.Equal(got, want) {
				t.Fatalf("%d bytes: got another ciphertext", n)
			}
			got, err := openCBC(key, iv, ciphertext, tag, additional)
			if err != nil || !bytes.Equal(got, content) {
				t.Fatalf("%d bytes: %v", n, err)
			}
		}
	}
}

// FuzzCBC opens whatever there is, under a right tag or a wrong one, as another implementation does.
func FuzzCBC(f *testing.F) {
	f.Add([]byte("0123456789abcdef"), []byte("x"), true)
	f.Add(make([]byte, 48), []byte{}, true)
	f.Add([]byte{}, []byte{}, true)
	f.Add([]byte("0123456789abcde"), []byte("x"), false)
	f.Add([]byte("0123456789abcde"), []byte("x"), true)
	key, iv := bytes.Repeat([]byte{3}, 64), bytes.Repeat([]byte{5}, 16)
	other, err := josecipher.NewCBCHMAC(key, aes.NewCipher)
	if err != nil {
		f.Fatal(err)
	}
	block, err := aes.NewCipher(key[32:])
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, padded, additional []byte, right bool) {
		// The content is what the fuzzer chooses, padding included.
		ciphertext := bytes.Clone(padded)
		if len(padded)%16 == 0 {
			cipher.NewCBCEncrypter(block, iv).CryptBlocks(ciphertext, padded)
		}
		tag := make([]byte, 32)
		if right {
			tag = tagOf(key, iv, ciphertext, additional)
		}
		want, wantErr := other.Open(nil, iv, append(bytes.Clone(ciphertext), tag...), additional)
		got, err := openCBC(key, iv, ciphertext, tag, additional)
		if (err == nil) != (wantErr == nil) || !bytes.Equal(got, want) {
			t.Errorf("got %x, %v, want %x, %v", got, err, want, wantErr)
		}
	})
}

// tagOf is the tag under which go-jose opens ciphertext, which need not be well padded.
func tagOf(key, iv, ciphertext, additional []byte) []byte {
	mac := newTag(key, iv, additional)
	mac.Write(ciphertext)
	return finishTag(mac, additional)
}

// TestSecretsAreWiped: a shared secret is gone when the wrapping key is derived from it.
func TestSecretsAreWiped(t *testing.T) {
	g := &agreement{alg: algAuthcrypt, apu: []byte("u"), apv: []byte("v"), tag: make([]byte, 32)}
	z := bytes.Repeat([]byte{9}, 64)
	if _, err := g.wrap(z, make([]byte, 64)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(z, make([]byte, 64)) {
		t.Error("the shared secret is still there")
	}
	z = bytes.Repeat([]byte{9}, 64)
	if _, err := g.unwrap(z, make([]byte, 72)); err == nil {
		t.Fatal("got a key")
	}
	if !bytes.Equal(z, make([]byte, 64)) {
		t.Error("the shared secret is still there")
	}
	k, err := keys.Generate(keys.X25519)
	if err != nil {
		t.Fatal(err)
	}
	z = bytes.Repeat([]byte{9}, 32)
	if _, err := appendSecret(z, k, k.Public()); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(z, make([]byte, 32)) {
		t.Error("the first shared secret is still there")
	}
}

// TestContentKeysAreFresh: no two envelopes have one content key, and none is guessed.
func TestContentKeysAreFresh(t *testing.T) {
	k, err := keys.Generate(keys.X25519)
	if err != nil {
		t.Fatal(err)
	}
	kid, err := did.ParseURL("did:example:a#k")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for i := range contentCiphers {
		c := &contentCiphers[i]
		for range 10 {
			b, err := sealEnvelope(c, nil, []target{{kid, k.Public()}}, []byte("x"))
			if err != nil {
				t.Fatal(err)
			}
			v, err := parseLayer(b)
			if err != nil {
				t.Fatal(err)
			}
			e, err := parseEnvelope(v)
			if err != nil {
				t.Fatal(err)
			}
			z, err := sharedSecrets(k, e.ephemeral, keys.PublicKey{})
			if err != nil {
				t.Fatal(err)
			}
			contentKey, err := e.unwrap(z, e.recipients[0].encryptedKey)
			if err != nil {
				t.Fatal(err)
			}
			// Either half may be the one that encrypts.
			for _, part := range [][]byte{contentKey[:len(contentKey)/2], contentKey[len(contentKey)/2:]} {
				if seen[string(part)] || bytes.Equal(part, make([]byte, len(part))) {
					t.Fatalf("%s: a content key that was seen before, or is zero", c.name)
				}
				seen[string(part)] = true
			}
		}
	}
}
