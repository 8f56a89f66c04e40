package didcomm_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/didcomm"
)

// everybody has a key of every kind; bob has two of X25519.
func everybody(tb testing.TB) (alice, bob *person) {
	t := newTown()
	alice = t.person(tb, "alice", "x-1", "p-1", "q-1", "ed-1", "es-1", "k-1", "es384-1")
	bob = t.person(tb, "bob", "x-1", "x-2", "p-1", "q-1", "ed-1")
	return alice, bob
}

func TestEveryCombinationIsRead(t *testing.T) {
	alice, bob := everybody(t)
	ctx := context.Background()
	for _, curve := range []string{"x", "p", "q"} {
		for _, enc := range []didcomm.ContentEncryption{"", didcomm.A256CBCHS512, didcomm.A256GCM, didcomm.XC20P} {
			for _, signer := range []string{"", "ed-1", "es-1", "k-1", "es384-1"} {
				for _, mode := range []string{"auth", "anon", "hidden"} {
					if mode == "auth" && enc != "" && enc != didcomm.A256CBCHS512 {
						continue
					}
					t.Run(fmt.Sprintf("%s/%s/%s/%s", curve, enc, signer, mode), func(t *testing.T) {
						opt := &didcomm.EncryptOptions{ContentEncryption: enc, HideSender: mode == "hidden"}
						if signer != "" {
							opt.SignBy = alice.url(signer)
						}
						m := letter(alice, bob)
						var b []byte
						var err error
						want := &didcomm.Received{Encrypted: true, Protection: didcomm.Anoncrypt, ContentEncryption: enc}
						if mode == "anon" {
							opt.RecipientKeys = []did.URL{bob.url(curve + "-1")}
							b, err = alice.Anoncrypt(ctx, m, opt)
						} else {
							opt.SenderKey = alice.url(curve + "-1")
							b, err = alice.Authcrypt(ctx, m, opt)
							want.Protection, want.Authenticated, want.SenderKey = didcomm.Authcrypt, true, opt.SenderKey
							want.SenderHidden = mode == "hidden"
							want.ContentEncryption = didcomm.A256CBCHS512
						}
						if err != nil {
							t.Fatal(err)
						}
						if signer != "" {
							want.Signed, want.Authenticated, want.SignedBy = true, true, opt.SignBy
							if mode == "anon" {
								want.Protection = didcomm.SignedAnoncrypt
							}
						}
						if want.ContentEncryption == "" {
							want.ContentEncryption = didcomm.A256CBCHS512
						}
						got, err := bob.Unpack(ctx, b, &didcomm.Expect{Accept: want.Protection, Signature: signer != ""})
						if err != nil {
							t.Fatal(err)
						}
						want.RecipientKey, want.RecipientKeys = bob.url(curve+"-1"), []did.URL{bob.url(curve + "-1")}
						if curve == "x" && mode != "anon" {
							want.RecipientKeys = append(want.RecipientKeys, bob.url("x-2"))
						}
						if (got.SignedMessage != nil) != (signer != "") {
							t.Error("SignedMessage: there, or not there")
						}
						got.SignedMessage, want.Message = nil, got.Message
						if !reflect.DeepEqual(got, want) {
							t.Errorf("got  %+v\nwant %+v", got, want)
						}
						sameText(t, got.Message, m)
					})
				}
			}
		}
	}
}

func sameText(t *testing.T, got, want *didcomm.Message) {
	t.Helper()
	a, b := ok(t)(got.JSON()), ok(t)(want.JSON())
	if string(a) != string(b) {
		t.Errorf("got  %s\nwant %s", a, b)
	}
}

func TestSignedIsReadByAll(t *testing.T) {
	alice, bob := everybody(t)
	ctx := context.Background()
	for _, f := range []string{"ed-1", "es-1", "k-1", "es384-1"} {
		b := ok(t)(alice.Sign(ctx, letter(alice), alice.url(f)))
		got, err := bob.Unpack(ctx, b, &didcomm.Expect{Accept: didcomm.Signed, From: alice.id})
		if err != nil {
			t.Fatal(err)
		}
		if !got.Signed || !got.Authenticated || got.Encrypted || got.SignedBy != alice.url(f) || got.Protection != didcomm.Signed {
			t.Errorf("%s: got %+v", f, got)
		}
		if string(got.SignedMessage) != string(b) {
			t.Errorf("%s: SignedMessage is not what was received", f)
		}
		if _, err := didcomm.New(bob.town, nil, bob.town.clock).Unpack(ctx, got.SignedMessage, all); err != nil {
			t.Errorf("%s: shown to others: %v", f, err)
		}
	}
}

func TestPlaintextIsReadByName(t *testing.T) {
	alice, bob := everybody(t)
	b := ok(t)(letter(alice, bob).JSON())
	got, err := bob.Unpack(context.Background(), b, &didcomm.Expect{Accept: didcomm.InsecurePlaintext})
	if err != nil {
		t.Fatal(err)
	}
	if got.Authenticated || got.Encrypted || got.Signed || got.Protection != didcomm.InsecurePlaintext {
		t.Errorf("got %+v", got)
	}
}

func TestChoiceOfKeys(t *testing.T) {
	town := newTown()
	alice := town.person(t, "alice", "p-1", "x-1", "ed-1")
	bob := town.person(t, "bob", "x-1", "p-1", "p-2")
	carol := town.person(t, "carol", "p-1", "q-1")
	dave := town.person(t, "dave", "q-1")
	erin := town.person(t, "erin", "ed-1")
	ctx := context.Background()
	for _, c := range []struct {
		name  string
		to    []*person
		opt   didcomm.EncryptOptions
		auth  []string // kids, sender's first; nil: an error
		anon  []string
		cause error
	}{
		{name: "first of the sender's document", to: []*person{bob}, auth: []string{"alice#p-1", "bob#p-1", "bob#p-2"}, anon: []string{"bob#x-1"}},
		{name: "common to all", to: []*person{bob, carol}, auth: []string{"alice#p-1", "bob#p-1", "bob#p-2", "carol#p-1"}, anon: []string{"bob#p-1", "bob#p-2", "carol#p-1"}},
		{name: "a sender's key that is named", to: []*person{bob}, opt: didcomm.EncryptOptions{SenderKey: alice.url("x-1")}, auth: []string{"alice#x-1", "bob#x-1"}},
		{name: "a sender's key that does not serve", to: []*person{carol}, opt: didcomm.EncryptOptions{SenderKey: alice.url("x-1")}, cause: didcomm.ErrCurves},
		{name: "no common curve for the sender", to: []*person{dave}, anon: []string{"dave#q-1"}, cause: didcomm.ErrCurves},
		{name: "no common curve at all", to: []*person{bob, dave}, cause: didcomm.ErrCurves},
		{name: "one group at a time", to: []*person{bob, dave}, opt: didcomm.EncryptOptions{For: []did.DID{bob.id}}, auth: []string{"alice#p-1", "bob#p-1", "bob#p-2"}, anon: []string{"bob#x-1"}},
		{name: "keys by name", to: []*person{bob}, opt: didcomm.EncryptOptions{RecipientKeys: []did.URL{bob.url("p-2")}}, auth: []string{"alice#p-1", "bob#p-2"}, anon: []string{"bob#p-2"}},
		{name: "keys by name, of a message that names nobody", opt: didcomm.EncryptOptions{RecipientKeys: []did.URL{bob.url("p-2"), carol.url("p-1")}}, auth: []string{"alice#p-1", "bob#p-2", "carol#p-1"}, anon: []string{"bob#p-2", "carol#p-1"}},
		{name: "no key at all", to: []*person{erin}},
		{name: "nobody", to: nil},
		{name: "an unknown key", to: []*person{bob}, opt: didcomm.EncryptOptions{RecipientKeys: []did.URL{bob.url("x-9")}}},
		{name: "the start of a key's name", to: []*person{bob}, opt: didcomm.EncryptOptions{RecipientKeys: []did.URL{bob.url("x-")}}},
		{name: "a signing key", to: []*person{erin}, opt: didcomm.EncryptOptions{RecipientKeys: []did.URL{erin.url("ed-1")}}},
		{name: "another party's key", to: []*person{bob}, opt: didcomm.EncryptOptions{RecipientKeys: []did.URL{carol.url("p-1")}}},
		{name: "keys of the recipient and of another party", to: []*person{bob}, opt: didcomm.EncryptOptions{RecipientKeys: []did.URL{bob.url("p-2"), carol.url("p-1")}}},
		{name: "keys of one recipient of two", to: []*person{bob, carol}, opt: didcomm.EncryptOptions{RecipientKeys: []did.URL{carol.url("p-1")}}},
		{name: "keys of one recipient, for whom it is", to: []*person{bob, carol}, opt: didcomm.EncryptOptions{For: []did.DID{carol.id}, RecipientKeys: []did.URL{carol.url("p-1")}}, auth: []string{"alice#p-1", "carol#p-1"}, anon: []string{"carol#p-1"}},
		{name: "a key twice", to: []*person{bob}, opt: didcomm.EncryptOptions{RecipientKeys: []did.URL{bob.url("x-1"), bob.url("x-1")}}},
		{name: "for a stranger", to: []*person{bob}, opt: didcomm.EncryptOptions{For: []did.DID{carol.id}}},
		{name: "by another's key", to: []*person{bob}, opt: didcomm.EncryptOptions{SenderKey: carol.url("p-1")}},
		{name: "by a signing key", to: []*person{bob}, opt: didcomm.EncryptOptions{SenderKey: alice.url("ed-1")}},
		{name: "signed to nobody by name", opt: didcomm.EncryptOptions{RecipientKeys: []did.URL{bob.url("p-2")}, SignBy: alice.url("ed-1")}},
		{name: "signed by another", to: []*person{bob}, opt: didcomm.EncryptOptions{SignBy: erin.url("ed-1")}},
		{name: "signed by an agreement key", to: []*person{bob}, opt: didcomm.EncryptOptions{SignBy: alice.url("p-1")}},
		{name: "an unknown content encryption", to: []*person{bob}, opt: didcomm.EncryptOptions{ContentEncryption: "A128GCM"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, err := alice.Authcrypt(ctx, letter(alice, c.to...), &c.opt)
			checkParties(t, "authcrypt", b, err, c.auth, c.cause, true)
			if c.opt.SenderKey.IsZero() {
				b, err = alice.Anoncrypt(ctx, letter(alice, c.to...), &c.opt)
				cause := c.cause
				if c.anon != nil {
					cause = nil
				}
				checkParties(t, "anoncrypt", b, err, c.anon, cause, false)
			}
		})
	}
}

func checkParties(t *testing.T, what string, b []byte, err error, want []string, cause error, auth bool) {
	t.Helper()
	if want == nil {
		if err == nil {
			t.Fatalf("%s: got an envelope", what)
		}
		refused(t, err, true, cause)
		return
	}
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	var e struct {
		Protected  string
		Recipients []struct{ Header struct{ Kid string } }
	}
	if err := json.Unmarshal(b, &e); err != nil {
		t.Fatal(err)
	}
	var h struct{ Skid string }
	raw := ok(t)(base64.RawURLEncoding.DecodeString(e.Protected))
	if err := json.Unmarshal(raw, &h); err != nil {
		t.Fatal(err)
	}
	var got []string
	if auth {
		got = append(got, strings.TrimPrefix(h.Skid, "did:example:"))
	}
	for _, r := range e.Recipients {
		got = append(got, strings.TrimPrefix(r.Header.Kid, "did:example:"))
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

func TestEveryRecipientReads(t *testing.T) {
	town := newTown()
	alice := town.person(t, "alice", "x-1", "ed-1")
	var to []*person
	for i := range 8 {
		to = append(to, town.person(t, fmt.Sprintf("r%d", i), "x-1", "x-2"))
	}
	ctx := context.Background()
	for _, opt := range []*didcomm.EncryptOptions{nil, {HideSender: true, ContentEncryption: didcomm.XC20P}, {SignBy: alice.url("ed-1")}} {
		b := ok(t)(alice.Authcrypt(ctx, letter(alice, to...), opt))
		for _, p := range to {
			for _, drop := range []string{"", "x-1"} {
				if drop != "" {
					p.secrets.Remove(p.url(drop))
				}
				got, err := p.Unpack(ctx, b, &didcomm.Expect{Accept: didcomm.Authcrypt, From: alice.id, To: p.id})
				if err != nil {
					t.Fatalf("%v: %v", p.id, err)
				}
				if want := map[string]string{"": "x-1", "x-1": "x-2"}[drop]; got.RecipientKey != p.url(want) {
					t.Errorf("got %v, want %v", got.RecipientKey, p.url(want))
				}
			}
			p.secrets.Add(p.url("x-1"), p.keys["x-1"])
		}
	}
}

func TestPackingNeedsItsOwnSecrets(t *testing.T) {
	alice, bob := everybody(t)
	ctx := context.Background()
	alice.secrets.Remove(alice.url("x-1"))
	alice.secrets.Remove(alice.url("p-1"))
	b, err := alice.Authcrypt(ctx, letter(alice, bob), nil)
	checkParties(t, "the key that is held", b, err, []string{"alice#q-1", "bob#q-1"}, nil, true)
	alice.secrets.Remove(alice.url("q-1"))
	_, err = alice.Authcrypt(ctx, letter(alice, bob), nil)
	refused(t, err, true, didcomm.ErrNoSecret)
	_, err = alice.Authcrypt(ctx, letter(alice, bob), &didcomm.EncryptOptions{SenderKey: alice.url("x-1")})
	refused(t, err, true, didcomm.ErrNoSecret)
	alice.secrets.Add(alice.url("x-1"), bob.keys["x-1"])
	_, err = alice.Authcrypt(ctx, letter(alice, bob), &didcomm.EncryptOptions{SenderKey: alice.url("x-1")})
	refused(t, err, true, nil)
	alice.secrets.Add(alice.url("ed-1"), bob.keys["ed-1"])
	_, err = alice.Sign(ctx, letter(alice), alice.url("ed-1"))
	refused(t, err, true, nil)
	alice.secrets.Remove(alice.url("ed-1"))
	_, err = alice.Sign(ctx, letter(alice), alice.url("ed-1"))
	refused(t, err, true, didcomm.ErrNoSecret)
	alice.secrets.Add(bob.url("ed-1"), bob.keys["ed-1"])
	_, err = alice.Sign(ctx, letter(alice), bob.url("ed-1"))
	refused(t, err, true, nil)
	_, err = alice.Sign(ctx, letter(nil), did.URL{})
	refused(t, err, true, nil)
	_, err = alice.Sign(ctx, letter(nil), alice.url("ed-1"))
	refused(t, err, true, nil)
	_, err = alice.Authcrypt(ctx, letter(nil, bob), nil)
	refused(t, err, true, nil)
	_, err = alice.Anoncrypt(ctx, letter(nil, bob), &didcomm.EncryptOptions{HideSender: true})
	refused(t, err, true, nil)
	_, err = alice.Anoncrypt(ctx, letter(nil, bob), &didcomm.EncryptOptions{SenderKey: alice.url("x-1")})
	refused(t, err, true, nil)
	_, err = bob.Authcrypt(ctx, letter(bob, alice), &didcomm.EncryptOptions{ContentEncryption: didcomm.A256GCM})
	refused(t, err, true, nil)
	_, err = bob.Anoncrypt(ctx, &didcomm.Message{To: []did.DID{alice.id}}, nil)
	refused(t, err, true, didcomm.ErrMessage)
}

func TestPackingIsUnknownWhenASourceIsDown(t *testing.T) {
	alice, bob := everybody(t)
	ctx := context.Background()
	alice.town.down[bob.id] = true
	_, err := alice.Anoncrypt(ctx, letter(nil, bob), nil)
	refused(t, err, false, nil)
	alice.town.down = map[did.DID]bool{alice.id: true}
	_, err = alice.Authcrypt(ctx, letter(alice, bob), nil)
	refused(t, err, false, nil)
	_, err = alice.Sign(ctx, letter(alice), alice.url("ed-1"))
	refused(t, err, false, nil)
	delete(alice.town.docs, bob.id)
	_, err = alice.Anoncrypt(ctx, letter(nil, bob), nil)
	refused(t, err, true, nil)
}

func TestTooManyKeys(t *testing.T) {
	town := newTown()
	alice := town.person(t, "alice", "x-1")
	var fragments []string
	for i := range 65 {
		fragments = append(fragments, fmt.Sprintf("x-%d", i))
	}
	bob := town.person(t, "bob", fragments...)
	ctx := context.Background()
	_, err := alice.Anoncrypt(ctx, letter(nil, bob), nil)
	refused(t, err, true, nil)
	bob.publish(t, fragments[:64]...)
	b := ok(t)(alice.Anoncrypt(ctx, letter(nil, bob), nil))
	if _, err := bob.Unpack(ctx, b, all); err != nil {
		t.Error(err)
	}
}

// TestFreshness: nothing random is used twice.
func TestFreshness(t *testing.T) {
	alice, bob := everybody(t)
	seen := map[string]bool{}
	for range 20 {
		b := ok(t)(alice.Authcrypt(context.Background(), letter(alice, bob), nil))
		var e struct{ Protected, IV, Ciphertext, Tag string }
		if err := json.Unmarshal(b, &e); err != nil {
			t.Fatal(err)
		}
		for _, s := range []string{e.Protected, e.IV, e.Ciphertext, e.Tag} {
			if seen[s] {
				t.Fatal("a value came twice")
			}
			seen[s] = true
		}
	}
}
