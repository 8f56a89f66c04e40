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

func TestBadFromPrior(t *testing.T) {
	const (
		header = `{"typ":"JWT","alg":"EdDSA","kid":"did:example:alice#ed-1"}`
		claims = `{"iss":"did:example:alice","sub":"did:example:alice2","iat":1790000000}`
	)
	replaced := func(s, a, b string) string {
		if !strings.Contains(s, a) {
			t.Fatal(a)
		}
		return strings.Replace(s, a, b, 1)
	}
	for _, v := range []struct {
		name, header, claims, want string
	}{
		{"none", header, claims, ""},
		{"crv as in the specification", replaced(header, `"alg"`, `"crv":"ED25519","alg"`), claims, ""},
		{"exp to come", header, replaced(claims, `}`, `,"exp":1800000000}`), ""},
		{"no typ", replaced(header, `"typ":"JWT",`, ``), claims, "typ"},
		{"typ of another token", replaced(header, `JWT`, `kb+jwt`), claims, "typ"},
		{"no kid", replaced(header, `,"kid":"did:example:alice#ed-1"`, ``), claims, "kid"},
		{"kid relative", replaced(header, `did:example:alice#`, `#`), claims, "kid"},
		{"kid the DID", replaced(header, `#ed-1`, ``), claims, "kid"},
		{"kid with a query", replaced(header, `alice#`, `alice?versionId=1#`), claims, "kid"},
		{"kid the beginning of one", replaced(header, `ed-1`, `ed-`), claims, "NOT_FOUND"},
		{"kid of the new DID", replaced(header, `alice#`, `alice2#`), claims, "kid"},
		{"kid of the key for agreement", replaced(header, `ed-1`, `x-1`), claims, "authentication"},
		{"alg of another key", replaced(header, `EdDSA`, `ES256`), claims, "alg"},
		{"alg none", replaced(header, `EdDSA`, `none`), claims, "alg"},
		{"crit", replaced(header, `{`, `{"crit":["x"],"x":1,`), claims, "crit"},
		{"b64", replaced(header, `{`, `{"crit":["b64"],"b64":false,`), claims, "crit"},
		{"header member twice", replaced(header, `{`, `{"alg":"EdDSA",`), claims, ""},
		{"iss another DID", header, replaced(claims, `"did:example:alice",`, `"did:example:bob",`), "kid"},
		{"no iss", header, replaced(claims, `"iss":"did:example:alice",`, ``), "iss"},
		{"no iat", header, replaced(claims, `,"iat":1790000000`, ``), "iat"},
		{"iat text", header, replaced(claims, `1790000000`, `"1790000000"`), "iat"},
		{"iat in the future", header, replaced(claims, `1790000000`, `1800000000`), "iat"},
		{"exp has come", header, replaced(claims, `}`, `,"exp":1790000001}`), "exp"},
		{"nbf has not come", header, replaced(claims, `}`, `,"nbf":1800000000}`), "nbf"},
		{"sub another DID", header, replaced(claims, `alice2`, `alice3`), "sub"},
		{"sub is iss", header, replaced(claims, `alice2`, `alice`), "sub"},
		{"no sub", header, replaced(claims, `"sub":"did:example:alice2",`, ``), "ends the relationship"},
		{"sub a key", header, replaced(claims, `alice2`, `alice2#ed-1`), "sub"},
		{"claim twice", header, replaced(claims, `{`, `{"iat":1790000000,`), ""},
		{"claims no JSON", header, `x`, ""},
	} {
		t.Run(v.name, func(t *testing.T) {
			alice, alice2, bob := rotation(t)
			m := letter(alice2, bob)
			m.FromPrior = forgeToken(t, alice, "ed-1", v.header, v.claims)
			r, err := deliver(t, alice2, bob, m)
			if strings.HasPrefix(v.name, "none") || strings.HasPrefix(v.name, "crv") || strings.HasPrefix(v.name, "exp to") {
				if err != nil || r.Prior == nil {
					t.Errorf("got %v, %v, want the rotation", r, err)
				}
				return
			}
			wantInvalid(t, err, v.want)
		})
	}
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
