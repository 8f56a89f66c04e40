package keys

import (
	"context"
	"errors"
	"testing"
)

// A key of BLS12-381 G2 is a name here: nothing verifies with it, and there is no private one.
func TestBLS12381G2IsOpaque(t *testing.T) {
	k, err := ParseMultikey("zUC7K4ndUaGZgV7Cp2yJy6JtMoUHY6u7tkcSYUvPrEidqBmLCTLmi6d5WvwnUqejscAkERJ3bfjEiSYtdPkRSE8kSa11hFBr4sTgnbZ95SJj19PN2jdvJjyzpSZgxkyyxNnBNnY")
	if err != nil || k.Algorithm() != BLS12381G2 {
		t.Fatalf("got %v, %v, want a key of BLS12-381 G2", k, err)
	}
	if a, err := ParseAlgorithm("BLS12-381-G2"); err != nil || a != BLS12381G2 {
		t.Errorf("ParseAlgorithm: got %v, %v, want %v", a, err, BLS12381G2)
	}
	if BLS12381G2.CanSign() {
		t.Error("CanSign: got true, want false")
	}
	if err := k.Verify([]byte("message"), make([]byte, 80)); err == nil {
		t.Error("Verify: got no error, want one")
	}
	if b := k.JWK(); b != nil {
		t.Errorf("JWK: got %s, want none", b)
	}
	if _, err := Generate(BLS12381G2); !errors.Is(err, ErrUnsupported) {
		t.Errorf("Generate: got %v, want ErrUnsupported", err)
	}
	if _, err := NewPrivateKey(BLS12381G2, make([]byte, 32)); !errors.Is(err, ErrUnsupported) {
		t.Errorf("NewPrivateKey: got %v, want ErrUnsupported", err)
	}
	if _, err := k.MarshalPublicPEM(); err == nil {
		t.Error("MarshalPublicPEM: got no error, want one")
	}
	if _, err := k.ToX25519(); err == nil {
		t.Error("ToX25519: got no error, want one")
	}
	x, err := Generate(X25519)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x.ECDH(k); err == nil {
		t.Error("ECDH with it: got no error, want one")
	}
	ed, err := Generate(Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	sig, err := ed.Sign(context.Background(), []byte("message"))
	if err != nil {
		t.Fatal(err)
	}
	if k.Verify([]byte("message"), sig) == nil {
		t.Error("a signature of another algorithm: got no error, want one")
	}
}
