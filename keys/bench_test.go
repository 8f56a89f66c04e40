package keys

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"testing"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	secpecdsa "github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
	"github.com/emmansun/gmsm/sm2"
)

var benchMessage = bytes.Repeat([]byte("m"), 256)

// BenchmarkVerify sets Verify beside the library that it calls, which is given its own parsed form of key and signature.
func BenchmarkVerify(b *testing.B) {
	for _, a := range signing() {
		k := generate(b, a)
		sig := sign(b, k, benchMessage)
		pub := k.Public()
		b.Run(a.String()+"/ours", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := pub.Verify(benchMessage, sig); err != nil {
					b.Fatal(err)
				}
			}
		})
		verify := libraryVerify(b, pub, sig)
		b.Run(a.String()+"/library", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if !verify() {
					b.Fatal("not valid")
				}
			}
		})
	}
}

func libraryVerify(b *testing.B, k PublicKey, sig []byte) func() bool {
	raw, der := k.Bytes(), []byte(nil)
	if k.Algorithm() != Ed25519 {
		der = appendDER(nil, sig)
	}
	switch k.Algorithm() {
	case P256:
		return func() bool {
			digest := sha256.Sum256(benchMessage)
			return ecdsa.VerifyASN1(k.p.ec, digest[:], der)
		}
	case P384:
		return func() bool {
			digest := sha512.Sum384(benchMessage)
			return ecdsa.VerifyASN1(k.p.ec, digest[:], der)
		}
	case Secp256k1:
		parsed, err := secpecdsa.ParseDERSignature(der)
		if err != nil {
			b.Fatal(err)
		}
		return func() bool {
			digest := sha256.Sum256(benchMessage)
			return parsed.Verify(digest[:], k.p.secp)
		}
	case SM2:
		return func() bool { return sm2.VerifyASN1WithSM2(k.p.ec, nil, benchMessage, der) }
	}
	return func() bool { return ed25519.Verify(raw, benchMessage, sig) }
}

// BenchmarkSign sets Sign beside the library that it calls. Ours of secp256k1 blinds its secrets, which the library does not.
func BenchmarkSign(b *testing.B) {
	ctx := context.Background()
	for _, a := range signing() {
		k := generate(b, a)
		b.Run(a.String()+"/ours", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := k.Sign(ctx, benchMessage); err != nil {
					b.Fatal(err)
				}
			}
		})
		sign := librarySign(k.get(), a)
		b.Run(a.String()+"/library", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := sign(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func librarySign(s *secretState, a Algorithm) func() error {
	switch a {
	case P256:
		return func() error {
			digest := sha256.Sum256(benchMessage)
			_, err := ecdsa.SignASN1(rand.Reader, s.ec, digest[:])
			return err
		}
	case P384:
		return func() error {
			digest := sha512.Sum384(benchMessage)
			_, err := ecdsa.SignASN1(rand.Reader, s.ec, digest[:])
			return err
		}
	case Secp256k1:
		key := secp256k1.NewPrivateKey(&s.secp.Key)
		return func() error {
			digest := sha256.Sum256(benchMessage)
			secpecdsa.Sign(key, digest[:])
			return nil
		}
	case SM2:
		return func() error {
			_, err := sm2.SignASN1(rand.Reader, s.sm, benchMessage, sm2.DefaultSM2SignerOpts)
			return err
		}
	}
	return func() error {
		ed25519.Sign(s.ed, benchMessage)
		return nil
	}
}

func BenchmarkParse(b *testing.B) {
	for _, a := range Algorithms() {
		k := generate(b, a).Public()
		multikey, jwk := k.Multikey(), k.JWK()
		b.Run(a.String()+"/multikey", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := ParseMultikey(multikey); err != nil {
					b.Fatal(err)
				}
			}
		})
		if jwk == nil {
			continue
		}
		b.Run(a.String()+"/jwk", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := ParseJWK(jwk); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkWrite(b *testing.B) {
	k := generate(b, P256).Public()
	b.Run("multikey", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = k.Multikey()
		}
	})
	b.Run("jwk", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = k.JWK()
		}
	})
	b.Run("thumbprint", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = k.Thumbprint()
		}
	})
}
