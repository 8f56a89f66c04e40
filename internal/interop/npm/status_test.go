package npm

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/realdid/realdid/internal/matrix"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc/status"
)

type listAnswer struct {
	Encoded string
	Payload json.RawMessage
	Values  []uint64
	Error   string
}

// fill sets about one entry in ten.
func fill(t *testing.T, r *rand.Rand, b *status.Bits) []uint64 {
	t.Helper()
	values := make([]uint64, b.Len())
	for i := range values {
		if r.IntN(10) == 0 {
			values[i] = r.Uint64N(1 << b.Size())
			if err := b.Set(uint64(i), values[i]); err != nil {
				t.Fatal(err)
			}
		}
	}
	return values
}

const listURI = "https://authority.example/lists/1"

// TestBitstring: Bitstring Status Lists of 131,072 entries, every entry compared.
func TestBitstring(t *testing.T) {
	lib := at{"vc/status", "@digitalbazaar/vc-bitstring-status-list"}
	ours := matrix.Record(t, lib.row(t, "Bitstring Status List, every entry", matrix.OursToTheirs))
	theirs := matrix.Record(t, lib.row(t, "Bitstring Status List, every entry", matrix.TheirsToOurs))
	p, r := lib.start(t), rand.New(rand.NewPCG(1, 2))
	for range 24 {
		b, err := status.NewBits(status.MostSignificantFirst, 1, status.MinEntries)
		if err != nil {
			t.Fatal(err)
		}
		values := fill(t, r, b)
		encoded, err := status.EncodeBitstring(b)
		if err != nil {
			t.Fatal(err)
		}
		var a listAnswer
		if p.Ask(t, map[string]any{"decode": "bitstring", "encoded": encoded}, &a); a.Error != "" || !slices.Equal(a.Values, values) {
			t.Fatalf("they read another list: %s", a.Error)
		}
		ours.Case()
		cut := encoded[:len(encoded)/2]
		if p.Ask(t, map[string]any{"decode": "bitstring", "encoded": cut}, &a); a.Error == "" {
			t.Fatal("they read half a list")
		}
		ours.Tampered()
		a = listAnswer{}
		if p.Ask(t, map[string]any{"encode": "bitstring", "values": values, "id": listURI}, &a); a.Error != "" {
			t.Fatal(a.Error)
		}
		got, err := status.DecodeBitstring(a.Encoded, 1, 0)
		if err != nil || !bytes.Equal(got.Bytes(), b.Bytes()) {
			t.Fatalf("we read another list: %v", err)
		}
		theirs.Case()
		if _, err := status.DecodeBitstring(a.Encoded[:len(a.Encoded)/2], 1, 0); err == nil {
			t.Fatal("we read half a list")
		}
		theirs.Tampered()
	}
}

// TestTokenList: Token Status Lists with entries of 1, 2, 4 and 8 bits.
func TestTokenList(t *testing.T) {
	lib := at{"vc/status", "@sd-jwt/jwt-status-list"}
	ours := matrix.Record(t, lib.row(t, "Token Status List (JWT; 1, 2, 4, 8 bits), every entry", matrix.OursToTheirs))
	theirs := matrix.Record(t, lib.row(t, "Token Status List (JWT; 1, 2, 4, 8 bits), every entry", matrix.TheirsToOurs))
	p, r, issuer := lib.start(t), rand.New(rand.NewPCG(3, 4)), newParty(t, keys.P256)
	for i := range 48 {
		size := 1 << (i % 4)
		b, err := status.FromBytes(status.LeastSignificantFirst, size, make([]byte, 1024+i))
		if err != nil {
			t.Fatal(err)
		}
		values := fill(t, r, b)
		token, err := status.IssueToken(t.Context(), status.Issuer{Signer: issuer, Method: issuer.method}, &status.TokenList{URI: listURI, IssuedAt: now, Bits: b})
		if err != nil {
			t.Fatal(err)
		}
		var a listAnswer
		if p.Ask(t, map[string]any{"decode": "token", "jwt": string(token)}, &a); a.Error != "" || !slices.Equal(a.Values, values) {
			t.Fatalf("they read another list: %s", a.Error)
		}
		ours.Case()
		a = listAnswer{}
		if p.Ask(t, map[string]any{"encode": "token", "values": values, "bits": size, "id": listURI}, &a); a.Error != "" {
			t.Fatal(a.Error)
		}
		their := compact(t, issuer, map[string]any{"alg": issuer.alg(), "typ": "statuslist+jwt", "kid": issuer.method.String()}, a.Payload)
		l, err := status.ReceivedToken(their, nil).UnverifiedList()
		if err != nil || l.Bits.Size() != size || !bytes.Equal(l.Bits.Bytes(), b.Bytes()) || l.URI != listURI {
			t.Fatalf("we read another list: %v", err)
		}
		theirs.Case()
	}
}
