package status_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/realdid/realdid/internal/nodepeer"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/status"
)

// peer is the npm packages @digitalbazaar/vc-bitstring-status-list and @sd-jwt/jwt-status-list in one node process.
type peer struct {
	t *testing.T
	*nodepeer.Peer
}

func newPeer(t *testing.T) *peer {
	t.Helper()
	return &peer{t, nodepeer.Start(t, "interop", "@sd-jwt/jwt-status-list")}
}

type peerAnswer struct {
	Encoded    string          `json:"encoded"`
	Credential json.RawMessage `json:"credential"`
	Payload    json.RawMessage `json:"payload"`
	Values     []uint64        `json:"values"`
	Error      string          `json:"error"`
}

func (p *peer) ask(request map[string]any) (a peerAnswer) {
	p.t.Helper()
	if p.Ask(p.t, request, &a); a.Error != "" {
		p.t.Fatal(a.Error)
	}
	return a
}

// random sets about one entry in ten.
func random(t *testing.T, r *rand.Rand, b *status.Bits) (values []uint64) {
	t.Helper()
	values = make([]uint64, b.Len())
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

// TestBitstringInterop exchanges lists with @digitalbazaar/vc-bitstring-status-list, in both directions.
func TestBitstringInterop(t *testing.T) {
	p, r := newPeer(t), rand.New(rand.NewPCG(5, 6))
	for range 5 {
		ours := minimal(t, 1)
		values := random(t, r, ours)
		encoded, err := status.EncodeBitstring(ours)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.ask(map[string]any{"decode": "bitstring", "encoded": encoded}); !slices.Equal(got.Values, values) {
			t.Error("they read another list than we wrote")
		}
		theirs := p.ask(map[string]any{"encode": "bitstring", "values": values, "id": listURI})
		b, err := status.DecodeBitstring(theirs.Encoded, 1, 0)
		if err != nil || !bytes.Equal(b.Bytes(), ours.Bytes()) {
			t.Errorf("we read another list than they wrote: %v", err)
		}
		// Their credential, signed here, is one that a verifier reads.
		var m map[string]any
		if err := json.Unmarshal(theirs.Credential, &m); err != nil {
			t.Fatal(err)
		}
		m["issuer"] = authority.String()
		s := newScene(t)
		s.docs[listURI] = status.Document{MediaType: "vc+jwt", Bytes: s.sign(m)}
		for i := range uint64(200) {
			e, err := s.askBitstring(i, status.Revocation)
			if err != nil || e.Value != values[i] {
				t.Fatalf("entry %d: got %d, %v, want %d", i, e.Value, err, values[i])
			}
		}
	}
}

// TestTokenInterop exchanges lists with @sd-jwt/jwt-status-list, in both directions.
func TestTokenInterop(t *testing.T) {
	p, r, k := newPeer(t), rand.New(rand.NewPCG(7, 8)), generate(t, keys.P256)
	for _, size := range []int{1, 2, 4, 8} {
		for range 3 {
			ours := bits(t, lsb, size, make([]byte, 4096)...)
			values := random(t, r, ours)
			jwt, err := status.IssueToken(t.Context(), status.Issuer{Signer: k, Method: authority.WithFragment("lists")}, &status.TokenList{URI: listURI, IssuedAt: now, Bits: ours})
			if err != nil {
				t.Fatal(err)
			}
			if got := p.ask(map[string]any{"decode": "token", "jwt": string(jwt)}); !slices.Equal(got.Values, values) {
				t.Errorf("%d bits: they read another list than we wrote", size)
			}
			theirs := p.ask(map[string]any{"encode": "token", "values": values, "bits": size, "id": listURI})
			l, err := status.ReceivedToken(signToken(t, k, "", string(theirs.Payload)), nil).UnverifiedList()
			if err != nil || l.Bits.Size() != size || !bytes.Equal(l.Bits.Bytes(), ours.Bytes()) || l.URI != listURI {
				t.Errorf("%d bits: we read another list than they wrote: %v", size, err)
			}
		}
	}
}

var _ vc.StatusLists = (*status.Lists)(nil)
