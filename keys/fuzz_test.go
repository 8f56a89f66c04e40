package keys

import (
	"bytes"
	"testing"
)

func FuzzMultikey(f *testing.F) {
	for _, c := range readOwn[encodingVector](f, "multikey") {
		f.Add(c.Input)
	}
	f.Fuzz(func(t *testing.T, s string) {
		k, err := ParseMultikey(s)
		if err != nil {
			if !k.IsZero() {
				t.Fatalf("a key beside the error %v", err)
			}
			return
		}
		if got := k.Multikey(); got != s {
			t.Fatalf("read %q, written %q", s, got)
		}
		if got, err := ParseMulticodec(k.Multicodec()); err != nil || !got.Equal(k) {
			t.Fatalf("multicodec: got %v, %v, want %v", got, err, k)
		}
	})
}

func FuzzJWK(f *testing.F) {
	for _, c := range readOwn[encodingVector](f, "jwk") {
		f.Add([]byte(c.Input))
	}
	for _, a := range Algorithms() {
		if b, err := generate(f, a).PrivateJWK(); err == nil {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if k, err := ParsePrivateJWK(b); err == nil {
			again, err := k.PrivateJWK()
			if err != nil {
				t.Fatal(err)
			}
			if k2, err := ParsePrivateJWK(again); err != nil || !bytes.Equal(k2.Secret(), k.Secret()) {
				t.Fatalf("private: read again: got %v, %v, want %v", k2, err, k)
			}
		}
		k, use, err := ParseJWKUse(b)
		if err != nil {
			if !k.IsZero() || use != 0 {
				t.Fatalf("a key beside the error %v", err)
			}
			return
		}
		jwk := k.JWK()
		k2, err := ParseJWK(jwk)
		if err != nil || !k2.Equal(k) || !bytes.Equal(k2.JWK(), jwk) {
			t.Fatalf("read again: got %v, %v, want %v", k2, err, k)
		}
		if use == 0 || use&^k.Algorithm().uses() != 0 {
			t.Fatalf("%v: use %b", k.Algorithm(), use)
		}
	})
}

func FuzzPEM(f *testing.F) {
	for _, a := range pemAlgorithms {
		k := generate(f, a)
		private, err := k.MarshalPEM()
		if err != nil {
			f.Fatal(err)
		}
		public, err := k.Public().MarshalPublicPEM()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(private)
		f.Add(public)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if k, err := ParsePEM(b); err == nil {
			again, err := k.MarshalPEM()
			if err != nil {
				t.Fatal(err)
			}
			if k2, err := ParsePEM(again); err != nil || !bytes.Equal(k2.Secret(), k.Secret()) {
				t.Fatalf("read again: got %v, %v, want %v", k2, err, k)
			}
		}
		if k, err := ParsePublicPEM(b); err == nil {
			again, err := k.MarshalPublicPEM()
			if err != nil {
				t.Fatal(err)
			}
			if k2, err := ParsePublicPEM(again); err != nil || !k2.Equal(k) {
				t.Fatalf("read again: got %v, %v, want %v", k2, err, k)
			}
		}
	})
}
