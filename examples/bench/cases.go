package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"slices"

	"github.com/realdid/realdid/keys"
)

// std is who the floors belong to, so that they do not mix with the rows of others who measure the same.
const std = "Go std, by realdid's bench"

// errWrong says that an operation ran and its result is not what it must be.
var errWrong = errors.New("wrong result")

func allCases() []benchCase {
	return slices.Concat(floorCases(), appendFloors(), keyCases(), realdidCases(), didkeyCases(), sdjwtCases(), ledgerCases(), webvhCases(), directoryCases(),
		dataIntegrityCases(), bbsCases(), canonicalCases(), statusCases())
}

// message is what the floors sign: 64 bytes, as in the benches of the peers.
func message() []byte { return bytes.Repeat([]byte{0xa5}, 64) }

// floorCases are the primitives as the standard library has them.
func floorCases() []benchCase {
	floor := func(name, op string, one func() (func() error, error)) benchCase {
		return benchCase{name: "floor-" + name, op: "floor: " + op, peer: std, batch: 1, setup: each(one)}
	}
	msg := message()
	return []benchCase{
		floor("ed25519-verify", "ed25519 verify, 64-byte message", ed25519Check),
		floor("ed25519-verify-4", "four ed25519 verifications, 300-byte messages", func() (func() error, error) {
			pub, priv, err := ed25519.GenerateKey(rand.Reader)
			long := bytes.Repeat([]byte{0xa5}, 300) // about what an operation signs
			sig := ed25519.Sign(priv, long)
			return func() error {
				for range 4 {
					if !ed25519.Verify(pub, long, sig) {
						return errWrong
					}
				}
				return nil
			}, err
		}),
		floor("ed25519-sign", "ed25519 sign", func() (func() error, error) {
			_, priv, err := ed25519.GenerateKey(rand.Reader)
			return func() error { return right(len(ed25519.Sign(priv, msg)) == ed25519.SignatureSize) }, err
		}),
		floor("p256-verify", "P-256 verify, 64-byte message", func() (func() error, error) {
			return p256Verify(msg)
		}),
		floor("p256-verify-2", "two P-256 verifications, 64-byte messages", func() (func() error, error) {
			one, err := p256Verify(msg)
			if err != nil {
				return nil, err
			}
			two, err := p256Verify(msg)
			return func() error { return errors.Join(one(), two()) }, err
		}),
		floor("p256-sign", "P-256 sign", func() (func() error, error) {
			k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
			return func() error {
				h := sha256.Sum256(msg)
				_, err := ecdsa.SignASN1(rand.Reader, k, h[:])
				return err
			}, err
		}),
	}
}

func ed25519Check() (func() error, error) {
	msg := message()
	pub, priv, err := ed25519.GenerateKey(rand.Reader)
	sig := ed25519.Sign(priv, msg)
	return func() error { return right(ed25519.Verify(pub, msg, sig)) }, err
}

func p256Verify(msg []byte) (func() error, error) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	h := sha256.Sum256(msg)
	sig, err := ecdsa.SignASN1(rand.Reader, k, h[:])
	return func() error {
		h := sha256.Sum256(msg)
		return right(ecdsa.VerifyASN1(&k.PublicKey, h[:], sig))
	}, err
}

// keyCases are the same primitives through package keys, under the names that peers' floors have.
func keyCases() []benchCase {
	var cases []benchCase
	for _, c := range []struct {
		name, op string
		alg      keys.Algorithm
	}{
		{"ed25519", "ed25519", keys.Ed25519},
		{"p256", "P-256", keys.P256},
		{"p384", "P-384", keys.P384},
		{"secp256k1", "secp256k1", keys.Secp256k1},
		{"sm2", "SM2", keys.SM2},
	} {
		cases = append(cases,
			benchCase{
				name: c.name + "-verify", op: "floor: " + c.op + " verify, 64-byte message", peer: peer, batch: 1,
				setup: each(func() (func() error, error) {
					msg := message()
					k, err := keys.Generate(c.alg)
					if err != nil {
						return nil, err
					}
					sig, err := k.Sign(context.Background(), msg)
					pub := k.Public()
					return func() error { return pub.Verify(msg, sig) }, err
				}),
			},
			benchCase{
				name: c.name + "-sign", op: "floor: " + c.op + " sign", peer: peer, batch: 1,
				setup: each(func() (func() error, error) {
					msg, ctx := message(), context.Background()
					k, err := keys.Generate(c.alg)
					return func() error {
						_, err := k.Sign(ctx, msg)
						return err
					}, err
				}),
			})
	}
	return cases
}

func right(ok bool) error {
	if !ok {
		return errWrong
	}
	return nil
}
