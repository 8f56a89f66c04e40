package realperson

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/keys/jws"
)

// payload returns the members of a message, for tests to change.
func payload(tb testing.TB, message []byte) map[string]any {
	tb.Helper()
	token, err := jws.Parse(message, nil)
	fatal(tb, err)
	return decodeJSON(tb, token.Payload)
}

func decodeJSON(tb testing.TB, b []byte) map[string]any {
	tb.Helper()
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	m := map[string]any{}
	fatal(tb, d.Decode(&m))
	return m
}

func encodeJSON(tb testing.TB, m map[string]any) []byte {
	tb.Helper()
	b, err := json.Marshal(m)
	fatal(tb, err)
	return b
}

// forge signs any payload.
func forge(tb testing.TB, typ string, k keys.Signer, method did.URL, members map[string]any) []byte {
	tb.Helper()
	b, err := jws.Sign(tb.Context(), k, &jws.Parameters{Type: typ, KeyID: method.String()}, encodeJSON(tb, members))
	fatal(tb, err)
	return b
}

// forgeAs signs a payload as a pairwise identity.
func forgeAs(tb testing.TB, h *realdid.Pairwise, members map[string]any) []byte {
	tb.Helper()
	members["iss"] = h.DID.String()
	return forge(tb, responseType, h.Authentication, h.DID.WithFragment(realdid.PairwiseFragment), members)
}

// stranger is a pairwise identity of nobody's wallet.
func stranger(tb testing.TB) *realdid.Pairwise {
	tb.Helper()
	h, err := pairwise(context.Background(), realdid.NewSeed(), "test", keyNamed("platform"))
	fatal(tb, err)
	return h
}

// proofParts are the parts of a derived proof's value: after a header of three bytes an array, in which the pseudonym is the one string of 48
// bytes.
type proofParts struct {
	header []byte
	parts  []any
}

func openProof(tb testing.TB, value string) *proofParts {
	tb.Helper()
	b, err := base64.RawURLEncoding.DecodeString(value[1:])
	fatal(tb, err)
	p := &proofParts{header: b[:3]}
	fatal(tb, cbor.Unmarshal(b[3:], &p.parts))
	return p
}

func (p *proofParts) value(tb testing.TB) string {
	tb.Helper()
	b, err := cbor.Marshal(p.parts)
	fatal(tb, err)
	return "u" + base64.RawURLEncoding.EncodeToString(append(p.header[:3:3], b...))
}

func (p *proofParts) pseudonym(tb testing.TB) int {
	tb.Helper()
	for i, part := range p.parts {
		if b, ok := part.([]byte); ok && len(b) == 48 {
			return i
		}
	}
	tb.Fatal("the proof has no pseudonym")
	return 0
}

// setHeader replaces the presentation header, the last string of 32 bytes.
func (p *proofParts) setHeader(tb testing.TB, header []byte) {
	tb.Helper()
	for i := len(p.parts) - 1; i >= 0; i-- {
		if b, ok := p.parts[i].([]byte); ok && len(b) == len(header) {
			p.parts[i] = header
			return
		}
	}
	tb.Fatal("the proof has no presentation header")
}

func proofOf(credential map[string]any) map[string]any { return credential["proof"].(map[string]any) }

func subject(credential map[string]any) map[string]any {
	return credential["credentialSubject"].(map[string]any)
}

func credentialOf(message map[string]any) map[string]any {
	return message["credential"].(map[string]any)
}

// fixedKeys answers every question about a key with one answer.
type fixedKeys struct {
	answer did.ResolvedKey
	err    error
}

func (k *fixedKeys) Key(context.Context, did.URL, did.Purpose, time.Time) (*did.ResolvedKey, error) {
	a := k.answer
	return &a, k.err
}

// cborBytes writes a part of a proof in one form.
func cborBytes(part any) ([]byte, error) {
	mode, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		return nil, err
	}
	return mode.Marshal(part)
}
