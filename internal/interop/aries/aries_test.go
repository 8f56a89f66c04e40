// Package aries exchanges credentials with Aries Framework Go: those of the data model 1.1 as JWTs, SD-JWTs of an early draft, and proofs of
// the type Ed25519Signature2020. Both sides resolve did:key themselves.
package aries

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/hyperledger/aries-framework-go/pkg/doc/util/signature"
	theirs "github.com/hyperledger/aries-framework-go/pkg/doc/verifiable"
	kmsapi "github.com/hyperledger/aries-framework-go/pkg/kms"
	"github.com/hyperledger/aries-framework-go/pkg/vdr"
	"github.com/hyperledger/aries-framework-go/pkg/vdr/key"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/matrix"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/resolver/didkey"
	"github.com/realdid/realdid/vc"
)

func TestMain(m *testing.M) { matrix.Main(m) }

const module = "github.com/hyperledger/aries-framework-go"

// exchanged is how many credentials go each way.
const exchanged = 60

// repeated is how often what is refused is looked at.
const repeated = 24

func row(t *testing.T, what string, d matrix.Direction) matrix.Row {
	t.Helper()
	return matrix.Row{Peer: "Aries Framework Go", Version: matrix.ModuleVersion(t, module), What: what, Direction: d}
}

// refused is a row of what is not read, with the reason.
func refused(t *testing.T, what string, d matrix.Direction, why, right string) *matrix.Recording {
	t.Helper()
	r := row(t, what, d)
	r.Differ, r.Right = why, right
	return matrix.Record(t, r)
}

const (
	issued   = "2024-03-01T10:00:00Z"
	audience = "https://verifier.example"
	nonce    = "n-0S6_WzA2Mj"
)

var (
	issuedAt = time.Date(2024, 3, 1, 10, 0, 0, 0, time.UTC)
	now      = time.Date(2024, 4, 1, 10, 0, 0, 0, time.UTC)
	clock    = func() time.Time { return now }
	verifier = vc.NewVerifier(resolver.Keys{Resolver: didkey.Resolver{Now: clock}, Now: clock}, clock)
	fetcher  = theirs.NewVDRKeyResolver(vdr.New(vdr.WithVDR(key.New()))).PublicKeyFetcher()
)

var algorithms = []struct {
	ours   keys.Algorithm
	theirs kmsapi.KeyType
	jws    theirs.JWSAlgorithm
}{
	{keys.Ed25519, kmsapi.ED25519Type, theirs.EdDSA},
	{keys.P256, kmsapi.ECDSAP256TypeIEEEP1363, theirs.ECDSASecp256r1},
	{keys.P384, kmsapi.ECDSAP384TypeIEEEP1363, theirs.ECDSASecp384r1},
}

// ourKey makes a key here.
func ourKey(t *testing.T, i int) *keys.PrivateKey {
	t.Helper()
	k, err := keys.Generate(algorithms[i%len(algorithms)].ours)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// theirKey makes a key there, and returns its public half as ours.
func theirKey(t *testing.T, i int) (signature.Signer, keys.PublicKey) {
	t.Helper()
	s, err := signature.NewSigner(algorithms[i%len(algorithms)].theirs)
	if err != nil {
		t.Fatal(err)
	}
	k, err := keys.FromStandard(s.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	return s, k
}

// verify verifies here as somebody who asks for no holder.
func verify(t *testing.T, p vc.Presentation, issuer keys.PublicKey, mediaType string) (*vc.Verified, error) {
	t.Helper()
	got, _, err := verifier.Verify(t.Context(), p, &vc.Expect{
		Issuers: []did.DID{didkey.Of(issuer)}, InsecureAnyType: true, InsecureNoHolderBinding: true, MediaTypes: []string{mediaType},
	})
	return got, err
}

// text is a text that is the same in every run.
func text(r *rand.Rand) string {
	return []string{"Wert", "\"quoted\" \\ text", "数量 ☃", "a~b.c", "</script>\u2028"}[r.IntN(5)] + fmt.Sprint(" ", r.IntN(1_000_000))
}

// changed flips a character in the middle of the payload of a JWT.
func changed(token string) string {
	parts := strings.SplitN(token, ".", 3)
	b := []byte(parts[1])
	i := len(b) / 2 / 4 * 4
	if b[i]++; b[i] == 'z'+1 || b[i] == 'Z'+1 || b[i] == '9'+1 || b[i] == '_'+1 || b[i] == '.' {
		b[i] = 'A'
	}
	return parts[0] + "." + string(b) + "." + parts[2]
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// token signs a JWT of texts.
func token(t *testing.T, k *keys.PrivateKey, header, payload string) string {
	t.Helper()
	input := b64([]byte(header)) + "." + b64([]byte(payload))
	sig, err := k.Sign(t.Context(), []byte(input))
	if err != nil {
		t.Fatal(err)
	}
	return input + "." + b64(sig)
}
