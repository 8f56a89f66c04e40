// Package npm exchanges credentials, proofs, lists and messages with packages for JavaScript, by the peers that stand beside the packages
// of ours that do the same. Those packages' own tests go further; these are the rows of the table.
package npm

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/matrix"
	"github.com/realdid/realdid/internal/nodepeer"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/resolver/didjwk"
	"github.com/realdid/realdid/resolver/didkey"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/vcdm"
)

func TestMain(m *testing.M) { matrix.Main(m) }

const (
	audience = "https://verifier.example"
	nonce    = "n-0S6_WzA2Mj"
)

var now = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func clock() time.Time { return now }

// didKeys resolves did:key and did:jwk.
var didKeys = resolver.Keys{Resolver: resolver.Mux{"key": didkey.Resolver{Now: clock}, "jwk": didjwk.Resolver{Now: clock}}}

// folder is where a peer stands.
func folder(t *testing.T, of string) string {
	t.Helper()
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(root, of, "interop")
}

// at is a package in the folder of a peer.
type at struct{ of, name string }

func (p at) row(t *testing.T, what string, direction matrix.Direction) matrix.Row {
	t.Helper()
	return matrix.Row{Peer: p.name + " (npm)", Version: matrix.PackageVersion(t, folder(t, p.of), p.name), What: what, Direction: direction}
}

func (p at) differs(t *testing.T, what string, direction matrix.Direction, differ, right string) matrix.Row {
	t.Helper()
	r := p.row(t, what, direction)
	r.Differ, r.Right = differ, right
	return r
}

func (p at) start(t *testing.T) *nodepeer.Peer {
	t.Helper()
	return nodepeer.Start(t, folder(t, p.of), p.name)
}

// party is an issuer or holder with a did:key.
type party struct {
	*keys.PrivateKey
	id     did.DID
	method did.URL
}

func newParty(t *testing.T, a keys.Algorithm) *party {
	t.Helper()
	k, err := keys.Generate(a)
	if err != nil {
		t.Fatal(err)
	}
	return &party{k, didkey.Of(k.Public()), didkey.URL(k.Public())}
}

func (p *party) alg() string {
	name, _ := p.Algorithm().JOSE()
	return name
}

func (p *party) privateJWK(t *testing.T) json.RawMessage {
	t.Helper()
	b, err := p.PrivateJWK()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (p *party) publicJWK() json.RawMessage { return p.Public().JWK() }

// verify verifies a presentation of an issuer's credential here, bound to a holder.
func verify(t *testing.T, p vc.Presentation, issuer *party, types ...string) (*vc.Verified, error) {
	t.Helper()
	got, _, err := vc.NewVerifier(didKeys, clock).Verify(t.Context(), p, &vc.Expect{
		Issuers: []did.DID{issuer.id}, Types: types, InsecureAnyType: len(types) == 0, Audience: audience, Nonce: nonce, InsecureUnrotatableHolderKey: true,
	})
	return got, err
}

// verifyBare verifies a credential here without a holder.
func verifyBare(t *testing.T, p vc.Presentation, issuer did.DID) (*vc.Verified, error) {
	t.Helper()
	got, _, err := vc.NewVerifier(didKeys, clock).Verify(t.Context(), p, &vc.Expect{
		Issuers: []did.DID{issuer}, InsecureAnyType: true, InsecureNoHolderBinding: true,
	})
	return got, err
}

// credential is one of the W3C data model that differs with i: depth, numbers, text that must be escaped.
func credential(issuer, holder did.DID, i int) map[string]any {
	subject := map[string]any{"id": holder.String(), "name": "Ada", "age": 36 + i}
	for n := range i % 9 {
		subject[fmt.Sprint("claim", n)] = []any{
			fmt.Sprint("wert \"", n, "\" ☃ \u2028"), float64(n) / 8, n%2 == 0, nil, map[string]any{"in": n * 1000003},
		}
	}
	return map[string]any{
		"@context": []any{vcdm.ContextV2}, "type": []any{"VerifiableCredential", "PersonCredential"}, "issuer": issuer.String(),
		"validFrom": "2026-01-01T00:00:00Z", "validUntil": "2030-01-01T00:00:00Z", "credentialSubject": subject,
	}
}

// changed returns b with one character changed in each of its parts, which the separators end.
func changed(b []byte, separators string) [][]byte {
	var out [][]byte
	start := 0
	for i := range len(b) + 1 {
		if i < len(b) && !bytes.ContainsRune([]byte(separators), rune(b[i])) {
			continue
		}
		if i-start > 4 {
			c := bytes.Clone(b)
			at := start + (i-start)/2
			if c[at]++; c[at] == 'Z'+1 || c[at] == 'z'+1 || c[at] == '9'+1 || c[at] == '.' {
				c[at] = 'A'
			}
			out = append(out, c)
		}
		start = i + 1
	}
	return out
}

// compact signs a payload as a JWS.
func compact(t *testing.T, by *party, header map[string]any, payload []byte) []byte {
	t.Helper()
	b64 := base64.RawURLEncoding
	input := b64.EncodeToString(marshal(t, header)) + "." + b64.EncodeToString(payload)
	sig, err := by.Sign(t.Context(), []byte(input))
	if err != nil {
		t.Fatal(err)
	}
	return []byte(input + "." + b64.EncodeToString(sig))
}

func marshal(t *testing.T, v any) json.RawMessage {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
