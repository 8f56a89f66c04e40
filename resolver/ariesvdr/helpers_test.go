package ariesvdr_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/hyperledger/aries-framework-go/pkg/crypto"
	diddoc "github.com/hyperledger/aries-framework-go/pkg/doc/did"
)

// x25519 returns the raw key from what Aries' key manager exports.
func x25519(t testing.TB, exported []byte) []byte {
	t.Helper()
	var k crypto.PublicKey
	if err := json.Unmarshal(exported, &k); err != nil {
		t.Fatal(err)
	}
	return k.X
}

// text is a document as Aries writes it.
func text(t testing.TB, d *diddoc.Doc) string {
	t.Helper()
	return string(must(d.JSONBytes())(t))
}

// protected is the protected header of an envelope.
func protected(t testing.TB, envelope []byte) map[string]any {
	t.Helper()
	first, _, _ := strings.Cut(string(envelope), ".")
	var h map[string]any
	if err := json.Unmarshal(must(base64.RawURLEncoding.DecodeString(first))(t), &h); err != nil {
		t.Fatal(err)
	}
	return h
}
