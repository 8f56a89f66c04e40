package main

import (
	"bytes"
	"testing"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc/sdjwt"
)

// FuzzParseKeyFile wants no panic, and every private key that is read to be written and read again as the same.
func FuzzParseKeyFile(f *testing.F) {
	for _, a := range keys.Algorithms() {
		k, err := keys.Generate(a)
		if err != nil {
			f.Fatal(err)
		}
		s, err := secretMultikey(k)
		if err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(s))
		f.Add([]byte(k.Public().Multikey()))
		f.Add([]byte(k.Public().DIDKey()))
		f.Add(k.Public().JWK())
	}
	f.Add([]byte("-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v_VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n"))
	f.Add([]byte("z"))
	f.Fuzz(func(t *testing.T, b []byte) {
		private, public, err := parseKeyFile(b)
		if err != nil {
			return
		}
		if (private == nil) == public.IsZero() {
			t.Fatal("neither a private nor a public key, or both")
		}
		if private == nil {
			return
		}
		s, err := secretMultikey(private)
		if err != nil {
			t.Fatal(err)
		}
		again, err := parseSecretMultikey(s)
		if err != nil || !again.Public().Equal(private.Public()) {
			t.Fatalf("written and read again: another key, or %v", err)
		}
	})
}

// FuzzParseSeedText wants every text that is read to be that of the seed, but for spaces and case.
func FuzzParseSeedText(f *testing.F) {
	f.Add([]byte(seedTextPrefix + " aaaa aaaa aaaa aaaa aaaa aaaa aaaa aaaa aaaa aaaa aaaa aaaa aaaa aaaa aa"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := parseSeedText(b)
		if err != nil {
			return
		}
		squeeze := func(b []byte) []byte { return bytes.Join(bytes.Fields(bytes.ToLower(b)), nil) }
		prefix := squeeze([]byte(seedTextPrefix))
		if got, want := bytes.TrimPrefix(squeeze(b), prefix), bytes.TrimPrefix(squeeze([]byte(seedText(s))), prefix); !bytes.Equal(got, want) {
			t.Fatalf("got %q, want %q", got, want)
		}
	})
}

// FuzzTakeApart wants what package sdjwt reads to come apart in the same way here.
func FuzzTakeApart(f *testing.F) {
	f.Add([]byte("eyJhbGciOiJFUzI1NiIsInR5cCI6InNkLWp3dCJ9.e30.AA~"))
	f.Add([]byte(`{"payload":"e30","protected":"eyJhbGciOiJFUzI1NiIsInR5cCI6InNkLWp3dCJ9","signature":"AA"}`))
	f.Add([]byte(`{"payload":"e30","signatures":[{"protected":"eyJhbGciOiJFUzI1NiIsInR5cCI6InNkLWp3dCJ9","signature":"AA","header":{"disclosures":[]}}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		pres, err := sdjwt.Parse(b)
		if err != nil {
			return
		}
		if _, err := pres.UnverifiedClaims(); err != nil {
			return
		}
		p, err := takeApart(b)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.disclosed(); err != nil {
			t.Fatal(err)
		}
		if n, err := p.hidden(); err != nil || n < 0 {
			t.Fatalf("hidden: %d, %v", n, err)
		}
	})
}
