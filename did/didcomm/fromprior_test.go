package didcomm_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/didcomm"
	"github.com/realdid/realdid/vc/jwtvc"
)

// wantInvalid checks that an error is final and speaks of what is expected.
func wantInvalid(tb testing.TB, err error, about string) {
	tb.Helper()
	if !errors.Is(err, didcomm.ErrInvalid) || errors.Is(err, didcomm.ErrUnknown) || !strings.Contains(fmt.Sprint(err), about) {
		tb.Errorf("got %v, want ErrInvalid that says %q", err, about)
	}
}

func must[T any](tb testing.TB) func(T, error) T {
	return func(v T, err error) T {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
		return v
	}
}

// rotation is alice, who becomes alice2, and bob.
func rotation(t *testing.T) (alice, alice2, bob *person) {
	town := newTown()
	return town.person(t, "alice", "x-1", "ed-1", "es-1"), town.person(t, "alice2", "x-1", "ed-1"), town.person(t, "bob", "x-1")
}

// deliver packs a message that alice2 wrote, or nobody, and unpacks it at bob's.
func deliver(t *testing.T, alice2, bob *person, m *didcomm.Message) (*didcomm.Received, error) {
	t.Helper()
	pack := alice2.Authcrypt
	if m.From.IsZero() {
		pack = alice2.Anoncrypt
	}
	b := must[[]byte](t)(pack(t.Context(), m, nil))
	return bob.Unpack(t.Context(), b, &didcomm.Expect{Accept: didcomm.Authcrypt | didcomm.Anoncrypt})
}

func TestFromPrior(t *testing.T) {
	alice, alice2, bob := rotation(t)
	at := alice.town.now.Add(-time.Hour)
	for _, key := range []string{"ed-1", "es-1"} {
		m := letter(alice2, bob)
		m.FromPrior = must[string](t)(alice.FromPrior(t.Context(), alice.url(key), alice2.id, at))
		r := must[*didcomm.Received](t)(deliver(t, alice2, bob, m))
		if want := (didcomm.Prior{From: alice.id, To: alice2.id, IssuedAt: at, SignedBy: alice.url(key)}); r.Prior == nil || *r.Prior != want {
			t.Errorf("got %+v, want %+v", r.Prior, want)
		}
	}
	m := letter(nil, bob)
	m.FromPrior = must[string](t)(alice.FromPrior(t.Context(), alice.url("ed-1"), did.DID{}, at))
	r := must[*didcomm.Received](t)(deliver(t, alice2, bob, m))
	if r.Prior == nil || r.Prior.From != alice.id || !r.Prior.To.IsZero() {
		t.Errorf("end of the relationship: got %+v", r.Prior)
	}
}

// forgeToken signs any header and claims.
func forgeToken(t *testing.T, p *person, fragment, header, claims string) string {
	t.Helper()
	e := base64.RawURLEncoding
	s := e.EncodeToString([]byte(header)) + "." + e.EncodeToString([]byte(claims))
	return s + "." + e.EncodeToString(must[[]byte](t)(p.keys[fragment].Sign(t.Context(), []byte(s))))
}

func TestFromPriorCircumstances(t *testing.T) {
	alice, alice2, bob := rotation(t)
	good := must[string](t)(alice.FromPrior(t.Context(), alice.url("ed-1"), alice2.id, alice.town.now))

	m := letter(alice2, bob)
	m.FromPrior = good[:len(good)-4] + "AAAA"
	_, err := deliver(t, alice2, bob, m)
	wantInvalid(t, err, "signature")

	m.FromPrior = good
	alice.town.down[alice.id] = true
	_, err = deliver(t, alice2, bob, m)
	refused(t, err, false, nil)
	alice.town.down[alice.id] = false

	anonymous := letter(nil, bob)
	anonymous.FromPrior = good
	_, err = deliver(t, alice2, bob, anonymous)
	wantInvalid(t, err, "sub")

	b := must[[]byte](t)(alice2.Sign(t.Context(), m, alice2.url("ed-1")))
	_, err = bob.Unpack(t.Context(), b, &didcomm.Expect{Accept: didcomm.Signed})
	wantInvalid(t, err, "not encrypted")

	// The key is taken out of the old DID's document: what it signed is no longer proof of anything, but may be passed over.
	alice.publish(t, "es-1")
	_, err = deliver(t, alice2, bob, m)
	wantInvalid(t, err, "NOT_FOUND")
	b = must[[]byte](t)(alice2.Authcrypt(t.Context(), m, nil))
	r, err := bob.Unpack(t.Context(), b, &didcomm.Expect{Accept: didcomm.Authcrypt, IgnorePrior: true})
	if err != nil || r.Prior != nil {
		t.Errorf("IgnorePrior: got %+v, %v", r, err)
	}
}

// TestFromPriorNeedsItsSender: who was shown a rotation cannot tell others of it in the name of the new DID.
func TestFromPriorNeedsItsSender(t *testing.T) {
	alice, alice2, bob := rotation(t)
	mallory := alice.town.person(t, "mallory", "x-1")
	m := letter(alice2, bob)
	m.FromPrior = must[string](t)(alice.FromPrior(t.Context(), alice.url("ed-1"), alice2.id, alice.town.now))
	b := must[[]byte](t)(mallory.Anoncrypt(t.Context(), m, nil))
	_, err := bob.Unpack(t.Context(), b, all)
	wantInvalid(t, err, "nothing proves the sender")
	ignoring := *all
	ignoring.IgnorePrior = true
	if r, err := bob.Unpack(t.Context(), b, &ignoring); err != nil || r.Prior != nil {
		t.Errorf("IgnorePrior: got %+v, %v", r, err)
	}
	b = must[[]byte](t)(alice2.Anoncrypt(t.Context(), m, &didcomm.EncryptOptions{SignBy: alice2.url("ed-1")}))
	if r, err := bob.Unpack(t.Context(), b, all); err != nil || r.Prior == nil {
		t.Errorf("signed and anoncrypted: got %+v, %v", r, err)
	}
}

func TestFromPriorWriting(t *testing.T) {
	alice, alice2, _ := rotation(t)
	now := alice.town.now
	_, err := alice.FromPrior(t.Context(), alice.url("ed-1"), alice.id, now)
	wantInvalid(t, err, "the old one")
	_, err = alice.FromPrior(t.Context(), alice.url("x-1"), alice2.id, now)
	wantInvalid(t, err, "authentication")
	_, err = alice.FromPrior(t.Context(), alice.url("ed-1"), alice2.id, time.Unix(-1, 0))
	wantInvalid(t, err, "time")
	_, err = alice2.FromPrior(t.Context(), alice.url("ed-1"), alice2.id, now)
	refused(t, err, true, didcomm.ErrNoSecret)
	alice.town.down[alice.id] = true
	_, err = alice.FromPrior(t.Context(), alice.url("ed-1"), alice2.id, now)
	refused(t, err, false, nil)
}

// TestOtherTokensAreNoRotation: what the old DID signed for somebody else says nothing of a rotation, be it the credential that it
// gave the sender, or the presentation that it showed to the sender.
func TestOtherTokensAreNoRotation(t *testing.T) {
	alice, mallory, bob := rotation(t)
	now := alice.town.now
	credential := func(issuer, subject *person) *jwtvc.Credential {
		return must[*jwtvc.Credential](t)(jwtvc.Issue(t.Context(), jwtvc.Issuer{Signer: issuer.keys["ed-1"], Method: issuer.url("ed-1")}, map[string]any{
			"@context": []string{"https://www.w3.org/2018/credentials/v1"}, "type": []string{"VerifiableCredential"}, "issuer": issuer.id.String(),
			"issuanceDate": "2026-11-22T11:00:00Z", "credentialSubject": map[string]any{"id": subject.id.String()},
		}, &jwtvc.IssueOptions{IssuedAt: now.Add(-time.Hour)}))
	}
	m := letter(mallory, bob)
	m.FromPrior = string(credential(alice, mallory).Bytes())
	_, err := deliver(t, mallory, bob, m)
	wantInvalid(t, err, "another claim")

	shown := must[*jwtvc.Presentation](t)(credential(mallory, alice).Present(t.Context(), alice.keys["ed-1"], &jwtvc.PresentOptions{
		Audience: "https://verifier.example", Nonce: "n", Method: alice.url("ed-1"), IssuedAt: now,
	}))
	m = letter(nil, bob)
	m.FromPrior = string(shown.Bytes())
	_, err = deliver(t, mallory, bob, m)
	wantInvalid(t, err, "another claim")
}
