package vcgo

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	theirstatus "github.com/trustbloc/vc-go/status"
	"github.com/trustbloc/vc-go/status/api"
	"github.com/trustbloc/vc-go/status/validator"
	"github.com/trustbloc/vc-go/verifiable"

	"github.com/realdid/realdid/internal/matrix"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/resolver/didkey"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
	"github.com/realdid/realdid/vc/status"
)

const listURL = "https://lists.example/1"

// published is where both sides get the list.
type published struct {
	peer *peer
	list []byte
}

// Resolve implements their interface: the list's proof is checked as well.
func (s *published) Resolve(url string) (*verifiable.Credential, error) {
	if url != listURL {
		return nil, fmt.Errorf("no list %s", url)
	}
	return s.peer.parse(s.list)
}

// ask returns what the list says of a credential there: nil, revoked or suspended.
func (s *published) ask(t *testing.T, credential []byte) error {
	t.Helper()
	c, err := s.peer.parse(credential)
	if err != nil {
		t.Fatal(err)
	}
	client := theirstatus.Client{ValidatorGetter: func(name string) (api.Validator, error) { return validator.GetValidator(name) }, Resolver: s}
	return client.VerifyStatus(c)
}

// askHere returns what the list says of a credential here.
func (s *published) askHere(t *testing.T, credential []byte, issuer keys.PublicKey) error {
	t.Helper()
	source := status.SourceFunc(func(context.Context, status.Request) (status.Document, error) {
		return status.Document{MediaType: "application/vc", Bytes: bytes.Clone(s.list)}, nil
	})
	lists := status.NewLists(verifier, source, &status.Options{Formats: map[string]func([]byte) vc.Presentation{
		"vc": func(b []byte) vc.Presentation { return dataintegrity.Received(b, nil) },
	}})
	_, err := verify(t, dataintegrity.Received(credential, nil), issuer, func(e *vc.Expect) { e.StatusLists = lists })
	return err
}

// entry makes a credential with an entry of the list.
func entry(t *testing.T, i int, issuer, purpose string, index uint64) map[string]any {
	t.Helper()
	e := status.BitstringEntry{List: listURL, Index: index, Purpose: purpose}
	claim, err := e.Claim()
	if err != nil {
		t.Fatal(err)
	}
	m := graduate(i, issuer)
	m["credentialStatus"] = claim
	return m
}

// sign signs here, by the issuer's one key.
func sign(t *testing.T, k *keys.PrivateKey, m map[string]any) []byte {
	t.Helper()
	c, err := dataintegrity.Issue(t.Context(), dataintegrity.Issuer{Signer: k, Method: didkey.URL(k.Public())}, m, &dataintegrity.IssueOptions{Created: created})
	if err != nil {
		t.Fatal(err)
	}
	return c.Bytes()
}

// list makes a list credential.
func list(t *testing.T, issuer string, b *status.Bits, change func(*status.BitstringList)) map[string]any {
	t.Helper()
	l := &status.BitstringList{URL: listURL, Purposes: []string{status.Revocation}, ValidFrom: created, ValidUntil: now.AddDate(0, 1, 0), Bits: b}
	if change != nil {
		change(l)
	}
	m, err := l.Credential(issuer)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// random fills a list; with whole, all entries in a byte are the same.
func random(t *testing.T, r *rand.Rand, whole bool) *status.Bits {
	t.Helper()
	data := make([]byte, status.MinEntries/8)
	for i := range data {
		if data[i] = byte(r.Uint32()); whole {
			data[i] = byte(int8(data[i]) >> 7)
		}
	}
	b, err := status.FromBytes(status.MostSignificantFirst, 1, data)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// said compares what a side said with a bit.
func said(err error, set uint64) bool {
	if set == 0 {
		return err == nil
	}
	return errors.Is(err, theirstatus.ErrRevoked) || vc.Code(err) == "vc.status.revoked"
}

func TestBitstringOfOurs(t *testing.T) {
	agreed := matrix.Record(t, row(t, "Bitstring Status List whose bytes are all zeros or all ones", matrix.OursToTheirs))
	differ := differing(
		t, "Bitstring Status List: the value of an entry", matrix.OursToTheirs,
		"vc-go takes the least significant bit of a byte for its first entry: of entry 8k+j it reads the value of entry 8k+7-j. It takes revoked credentials for valid, and the reverse.",
		"realdid: Bitstring Status List 1.0, section 2.2: index 0 is the left-most bit.",
	)
	p := newPeer(t)
	for i := range 2 * exchanged {
		whole := i%2 == 0
		r := rand.New(rand.NewPCG(uint64(i), 5))
		k, err := keys.Generate(suites[i%len(suites)].ours)
		if err != nil {
			t.Fatal(err)
		}
		b := random(t, r, whole)
		s := &published{p, sign(t, k, list(t, k.Public().DIDKey(), b, nil))}
		index := uint64(r.IntN(status.MinEntries))
		right, _ := b.Get(index)
		mirrored, _ := b.Get(index ^ 7)
		for i%4 == 1 && right == mirrored { // each second time an entry on which the two differ
			index = (index + 1) % status.MinEntries
			right, _ = b.Get(index)
			mirrored, _ = b.Get(index ^ 7)
		}
		credential := sign(t, k, entry(t, i, k.Public().DIDKey(), status.Revocation, index))
		if here := s.askHere(t, credential, k.Public()); !said(here, right) {
			t.Fatalf("%d: here: %v, want %d", i, here, right)
		}
		if there := s.ask(t, credential); !said(there, mirrored) {
			t.Fatalf("%d: there: %v, want %d", i, there, mirrored)
		}
		if !whole {
			differ.Case()
			continue
		}
		agreed.Case()
		s.list = []byte(strings.Replace(string(s.list), `"statusPurpose":"revocation"`, `"statusPurpose":"suspension"`, 1))
		if there := s.ask(t, credential); there == nil || errors.Is(there, theirstatus.ErrRevoked) {
			t.Fatalf("%d: a changed list was read there", i)
		}
		if code := vc.Code(s.askHere(t, credential, k.Public())); code == "" || code == "vc.status.revoked" {
			t.Fatalf("%d: a changed list was read here: %s", i, code)
		}
		agreed.Tampered()
	}
}

// TestBitstringOfTheirs: lists that vc-go signs. It has nothing that makes the bits.
func TestBitstringOfTheirs(t *testing.T) {
	r := matrix.Record(t, row(t, "Bitstring Status List, signed there", matrix.TheirsToOurs))
	p := newPeer(t)
	for i := range exchanged {
		random := rand.New(rand.NewPCG(uint64(i), 6))
		data := make([]byte, status.MinEntries/8)
		for n := range data {
			data[n] = byte(random.Uint32())
		}
		var zipped bytes.Buffer
		w := gzip.NewWriter(&zipped)
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		j, k := p.newKey(t, i)
		s := &published{p, p.sign(t, i, marshal(t, map[string]any{
			"@context": []any{"https://www.w3.org/ns/credentials/v2"}, "id": listURL, "type": []any{"VerifiableCredential", "BitstringStatusListCredential"},
			"issuer": k.DIDKey(), "validFrom": created.Format(time.RFC3339), "validUntil": now.AddDate(0, 1, 0).Format(time.RFC3339),
			"credentialSubject": map[string]any{
				"id": listURL + "#list", "type": "BitstringStatusList", "statusPurpose": status.Revocation,
				"encodedList": "u" + base64.RawURLEncoding.EncodeToString(zipped.Bytes()),
			},
		}), j, k)}
		index := random.Uint64N(status.MinEntries)
		credential := p.sign(t, i, marshal(t, entry(t, i, k.DIDKey(), status.Revocation, index)), j, k)
		if err := s.askHere(t, credential, k); !said(err, uint64(bits.Reverse8(data[index/8])>>(index%8)&1)) {
			t.Fatalf("%d: got %v", i, err)
		}
		r.Case()
		s.list = []byte(strings.Replace(string(s.list), `"statusPurpose":"revocation"`, `"statusPurpose":"suspension"`, 1))
		if err := s.askHere(t, credential, k); vc.Code(err) == "" || vc.Code(err) == "vc.status.revoked" {
			t.Fatalf("%d: a changed list: got %v", i, err)
		}
		if err := s.ask(t, credential); err == nil || errors.Is(err, theirstatus.ErrRevoked) {
			t.Fatalf("%d: a changed list was read there", i)
		}
		r.Tampered()
	}
}

// TestBitstringRules: lists that give no answer, of which vc-go takes one.
func TestBitstringRules(t *testing.T) {
	const rule = "realdid: Bitstring Status List 1.0, section 3.2"
	for _, c := range []struct {
		what, code, why, right string
		change                 func(*status.BitstringList)
		after                  func(map[string]any)
	}{
		{
			"Bitstring Status List for another purpose than the entry's", "status.purpose", "vc-go does not look at the purpose of a list.",
			rule + ": a purpose that the list does not have is an error.", func(l *status.BitstringList) { l.Purposes = []string{status.Suspension} }, nil,
		},
		{
			"Bitstring Status List after its validUntil", "status.list.expired", "vc-go does not look at the times of a list; unless its caller does where he fetches it, an old one counts forever.",
			"both: Bitstring Status List 1.0, section 2.2, says that validUntil is the latest time at which the list is valid; the steps of section 3.2 check its proofs alone.",
			func(l *status.BitstringList) { l.ValidUntil = now.AddDate(0, 0, -1) }, nil,
		},
		{
			"Bitstring Status List with fewer than 131,072 entries", "status.list.short", "vc-go takes a list of any length.",
			rule + ": STATUS_LIST_LENGTH_ERROR, unless an ecosystem sets another bound.", nil, func(m map[string]any) {
				short, err := status.NewBits(status.MostSignificantFirst, 1, 1024)
				if err != nil {
					panic(err)
				}
				if m["credentialSubject"].(map[string]any)["encodedList"], err = status.EncodeBitstring(short); err != nil {
					panic(err)
				}
			},
		},
	} {
		t.Run(c.what, func(t *testing.T) {
			r := differing(t, c.what, matrix.RefusedByUs, c.why, c.right)
			p := newPeer(t)
			for i := range repeated {
				k, err := keys.Generate(suites[i%len(suites)].ours)
				if err != nil {
					t.Fatal(err)
				}
				b, err := status.NewBits(status.MostSignificantFirst, 1, status.MinEntries)
				if err != nil {
					t.Fatal(err)
				}
				m := list(t, k.Public().DIDKey(), b, c.change)
				if c.after != nil {
					c.after(m)
				}
				s := &published{p, sign(t, k, m)}
				credential := sign(t, k, entry(t, i, k.Public().DIDKey(), status.Revocation, 100))
				if err := s.ask(t, credential); err != nil {
					t.Fatalf("vc-go refuses it as well: %v", err)
				}
				if err := s.askHere(t, credential, k.Public()); vc.Code(err) != c.code {
					t.Fatalf("got %v, want %s", err, c.code)
				}
				r.Case()
			}
		})
	}
}
