package didcomm_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/didcomm"
	"github.com/realdid/realdid/keys"
)

func TestZeroExpectRefuses(t *testing.T) {
	alice, bob := everybody(t)
	b := ok(t)(alice.Authcrypt(context.Background(), letter(alice, bob), nil))
	for _, e := range []*didcomm.Expect{nil, {}, {From: alice.id}, {Accept: 0x80}} {
		_, err := bob.Unpack(context.Background(), b, e)
		refused(t, err, true, didcomm.ErrRefused)
	}
	if n := len(bob.town.asked); n != 2 {
		t.Errorf("documents were asked for: %v", bob.town.asked)
	}
}

// TestWhoIsAsked: documents are resolved only as far as a message deserves it.
func TestWhoIsAsked(t *testing.T) {
	s := newStage(t)
	town := s.bob.town
	unpack := func(text string, e *didcomm.Expect) []did.DID {
		town.asked = nil
		s.bob.Unpack(context.Background(), []byte(text), e)
		return town.asked
	}
	webSigned := s.signed()
	webSigned.kid = "did:web:inside.example#k"
	for _, c := range []struct {
		name, text string
		want       []did.DID
	}{
		{"no key of this side", s.toNames("", "", "did:example:carol#x-1").text, nil},
		{"a message of authcrypt", s.auth("x").make(t), []did.DID{s.bob.id, s.bob.id, s.alice.id}},
		{"a sender on another curve is asked for, and no more", s.forged("", "", func(f *forge) {
			f.recipients = s.to(s.bob, "x-1")
			f.skid = s.alice.url("p-1").String()
		}).text, []did.DID{s.bob.id, s.alice.id}},
		{"a recipient on another curve", s.forged("", "", func(f *forge) {
			f.recipients = []forgedRecipient{{s.bob.url("p-1").String(), s.bob.keys["x-1"].Public()}}
		}).text, []did.DID{s.bob.id}},
		{"signed by a kid that is not of from", webSigned.make(t), nil},
		{"signed, and no message", (&forgedJWS{by: s.alice.keys["ed-1"], kid: s.alice.url("ed-1").String(), payload: "{}"}).make(t), nil},
		{"signed", s.signed().make(t), []did.DID{s.alice.id}},
	} {
		if got := unpack(c.text, all); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
	if got := unpack(s.signed().make(t), &didcomm.Expect{Accept: didcomm.Authcrypt}); got != nil {
		t.Errorf("signed, and not accepted: got %v, want nobody", got)
	}
	for name, text := range map[string]string{"encrypted": s.auth("x").make(t), "signed": s.signed().make(t)} {
		if got := unpack(text, &didcomm.Expect{Accept: all.Accept, From: s.mallory.id}); got != nil {
			t.Errorf("%s, and not from whom it should be: got %v, want nobody", name, got)
		}
	}
	if got := unpack(s.auth("x").make(t), &didcomm.Expect{Accept: didcomm.Signed}); got != nil {
		t.Errorf("encrypted, and not accepted: got %v, want nobody", got)
	}
}

func TestUnknownIsNotInvalid(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	auth, signed := []byte(s.auth("x").make(t)), []byte(s.signed().make(t))
	town := s.bob.town
	for _, c := range []struct {
		name string
		down *person
		text []byte
	}{{"sender", s.alice, auth}, {"recipient", s.bob, auth}, {"signer", s.alice, signed}} {
		town.down = map[did.DID]bool{c.down.id: true}
		_, err := s.bob.Unpack(ctx, c.text, all)
		refused(t, err, false, nil)
		town.down = nil
		if _, err := s.bob.Unpack(ctx, c.text, all); err != nil {
			t.Errorf("%s is up again: %v", c.name, err)
		}
	}
	_, err := didcomm.New(nil, s.bob.secrets, town.clock).Unpack(ctx, auth, all)
	refused(t, err, false, nil)
	_, err = didcomm.New(town, failing{}, town.clock).Unpack(ctx, auth, all)
	refused(t, err, false, errVault)
	_, err = didcomm.New(town, nil, town.clock).Unpack(ctx, auth, all)
	refused(t, err, true, didcomm.ErrNotRecipient)
	// What one key cannot tell, another may.
	_, err = didcomm.New(town, failing{s.bob.url("x-2"): s.bob.keys["x-2"]}, town.clock).Unpack(ctx, auth, all)
	if err != nil {
		t.Errorf("the second key opens it: %v", err)
	}
	// A message that the keys at hand do not open could still be for the one that could not be had.
	broken := s.finished("", "", func(e map[string]any) { flip("encrypted_key")(recipientOf(e, 1)) })
	_, err = didcomm.New(town, failing{s.bob.url("x-2"): s.bob.keys["x-2"]}, town.clock).Unpack(ctx, []byte(broken.text), all)
	refused(t, err, false, errVault)
}

var errVault = errors.New("the vault does not answer")

// failing answers for its keys, and for no other can it tell.
type failing map[did.URL]*keys.PrivateKey

func (f failing) Secret(_ context.Context, id did.URL) (*keys.PrivateKey, error) {
	if k := f[id]; k != nil {
		return k, nil
	}
	return nil, errVault
}

// TestRetiredKeys: what a rotation means for messages on their way.
func TestRetiredKeys(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	alice, bob, town := s.alice, s.bob, s.bob.town
	auth := ok(t)(alice.Authcrypt(ctx, letter(alice, bob), &didcomm.EncryptOptions{RecipientKeys: []did.URL{bob.url("x-1")}}))
	signed := ok(t)(alice.Sign(ctx, letter(alice), alice.url("ed-1")))
	old := bob.resolution().Document
	m, _ := old.Method(bob.url("x-1"))
	bob.publish(t, "x-2", "p-1")
	retire := func(p *person, m did.VerificationMethod, compromised bool) {
		p.resolution().Removed = []did.RemovedMethod{{VerificationMethod: m, Removed: town.now, Compromised: compromised}}
	}
	retired := *all
	retired.RetiredRecipientKeys = true

	_, err := bob.Unpack(ctx, auth, all)
	refused(t, err, true, didcomm.ErrNotRecipient)
	_, err = bob.Unpack(ctx, auth, &retired)
	refused(t, err, true, didcomm.ErrNotRecipient) // nothing says that it ever stood there

	other, _ := old.Method(bob.url("x-2"))
	retire(bob, *other, false)
	_, err = bob.Unpack(ctx, auth, &retired)
	refused(t, err, true, didcomm.ErrNotRecipient)
	lent := *m
	lent.Controller = alice.id
	retire(bob, lent, false)
	_, err = bob.Unpack(ctx, auth, &retired)
	refused(t, err, true, didcomm.ErrNotRecipient)
	signing := *m
	signing.Purposes = did.Authentication
	retire(bob, signing, false)
	_, err = bob.Unpack(ctx, auth, &retired)
	refused(t, err, true, didcomm.ErrNotRecipient)
	retire(bob, *m, false)
	_, err = bob.Unpack(ctx, auth, all)
	refused(t, err, true, didcomm.ErrNotRecipient)
	r, err := bob.Unpack(ctx, auth, &retired)
	if err != nil || !r.Retired || r.RecipientKey != bob.url("x-1") {
		t.Errorf("got %+v, %v", r, err)
	}
	retire(bob, *m, true)
	_, err = bob.Unpack(ctx, auth, &retired)
	refused(t, err, true, didcomm.ErrNotRecipient)

	// A sender's key and a signer's have to stand now, whatever is allowed for recipients.
	bob.publish(t, "x-1")
	doc := alice.resolution().Document
	x, _ := doc.Method(alice.url("x-1"))
	ed, _ := doc.Method(alice.url("ed-1"))
	alice.publish(t, "p-1")
	alice.resolution().Removed = []did.RemovedMethod{{VerificationMethod: *x, Removed: town.now}, {VerificationMethod: *ed, Removed: town.now}}
	_, err = bob.Unpack(ctx, auth, &retired)
	refused(t, err, true, nil)
	_, err = bob.Unpack(ctx, signed, &retired)
	refused(t, err, true, nil)

	// A compromise outweighs that a method of this id stands.
	alice.publish(t, "x-1", "ed-1")
	if _, err = bob.Unpack(ctx, auth, all); err != nil {
		t.Error(err)
	}
	alice.resolution().Removed = []did.RemovedMethod{{VerificationMethod: *x, Removed: town.now, Compromised: true}}
	_, err = bob.Unpack(ctx, auth, all)
	refused(t, err, true, nil)
	_, err = alice.Authcrypt(ctx, letter(alice, bob), nil)
	refused(t, err, true, nil)

	alice.publish(t, "x-1", "ed-1")
	alice.resolution().Metadata.Deactivated = true
	_, err = bob.Unpack(ctx, signed, all)
	refused(t, err, true, nil)
	bob.resolution().Metadata.Deactivated = true
	_, err = bob.Unpack(ctx, auth, all)
	refused(t, err, true, didcomm.ErrNotRecipient)
	_, err = alice.Anoncrypt(ctx, letter(nil, bob), nil)
	refused(t, err, true, nil)
}

// TestKeysOfOthersInADocument: a document does not lend the keys of another DID, and a key that expired is none.
func TestKeysOfOthersInADocument(t *testing.T) {
	ctx := context.Background()
	for _, c := range []struct{ name, from, to string }{
		{"another controller", `"controller":"did:example:bob"`, `"controller":"did:example:carol"`},
		{"expired", `"controller":"did:example:bob"`, `"controller":"did:example:bob","expires":"2026-11-22T12:00:00Z"`},
		{"revoked", `"controller":"did:example:bob"`, `"controller":"did:example:bob","revoked":"2026-11-22T12:00:00Z"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			town := newTown()
			alice, bob := town.person(t, "alice", "x-1"), town.person(t, "bob", "x-1", "ed-1")
			auth := ok(t)(alice.Anoncrypt(ctx, letter(nil, bob), nil))
			from := ok(t)(bob.Authcrypt(ctx, letter(bob, alice), nil))
			signed := ok(t)(bob.Sign(ctx, letter(bob), bob.url("ed-1")))
			bob.setDocument(t, strings.ReplaceAll(string(bob.resolution().Document.Canonical()), c.from, c.to))
			_, err := bob.Unpack(ctx, auth, all)
			refused(t, err, true, didcomm.ErrNotRecipient)
			_, err = alice.Unpack(ctx, from, all)
			refused(t, err, true, nil)
			_, err = alice.Unpack(ctx, signed, all)
			refused(t, err, true, nil)
			_, err = alice.Anoncrypt(ctx, letter(nil, bob), nil)
			refused(t, err, true, nil)
			_, err = bob.Authcrypt(ctx, letter(bob, alice), nil)
			refused(t, err, true, nil)
		})
	}
}

// TestAnotherDocument: a resolver that answers with another DID's document finds nothing.
func TestAnotherDocument(t *testing.T) {
	s := newStage(t)
	auth := []byte(s.auth("x").make(t))
	other := *s.alice.resolution().Document // with all of Alice's keys
	other.ID = s.mallory.id
	s.bob.town.docs[s.alice.id] = &did.Resolution{Document: &other}
	_, err := s.bob.Unpack(context.Background(), auth, all)
	refused(t, err, true, nil)
	s.bob.town.docs[s.alice.id] = &did.Resolution{}
	_, err = s.bob.Unpack(context.Background(), auth, all)
	refused(t, err, true, nil)
}

// TestSecretOfAnotherKey: the secret that is held under a kid must be that of the document's key.
func TestSecretOfAnotherKey(t *testing.T) {
	s := newStage(t)
	secrets := &didcomm.MemorySecrets{}
	f := s.auth("x")
	other := newKey(t, keys.X25519, "other")
	f.recipients = []forgedRecipient{{s.bob.url("x-1").String(), other.Public()}}
	secrets.Add(s.bob.url("x-1"), other)
	_, err := didcomm.New(s.bob.town, secrets, s.bob.town.clock).Unpack(context.Background(), []byte(f.make(t)), all)
	refused(t, err, true, didcomm.ErrNotRecipient)
}

// TestHugeInputIsBounded: what a stranger sends costs memory in proportion to its length, and few operations with keys.
func TestHugeInputIsBounded(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	recipients := func(n int) string {
		return s.finished("", "", func(e map[string]any) {
			one := recipientOf(e, 0)["encrypted_key"]
			var rs []any
			for i := range n {
				rs = append(rs, map[string]any{"header": map[string]any{"kid": fmt.Sprintf("did:example:bob#x-%d", i)}, "encrypted_key": one})
			}
			e["recipients"] = rs
		}).text
	}
	big := recipients(50_000)
	allocated := func(f func()) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	for name, b := range map[string][]byte{
		"50,000 recipients":   []byte(big),
		"a deep array":        bytes.Repeat([]byte("["), 1<<20),
		"many members":        []byte("{" + strings.Repeat(`"a":1,`, 1<<18) + `"b":1}`),
		"a ciphertext of 1 M": []byte(s.finished("", "", set("ciphertext", strings.Repeat("A", 1<<20))).text),
	} {
		n := allocated(func() {
			_, err := s.bob.Unpack(ctx, b, all)
			refused(t, err, true, nil)
		})
		if limit := uint64(32*len(b) + 32<<20); n > limit {
			t.Errorf("%s: %d bytes allocated for %d, want at most %d", name, n, len(b), limit)
		}
	}
	_, err := s.bob.Unpack(ctx, make([]byte, didcomm.MaxMessage+1), all)
	refused(t, err, true, nil)
	small := *all
	small.MaxSize = 100
	_, err = s.bob.Unpack(ctx, []byte(s.auth("x").make(t)), &small)
	refused(t, err, true, nil)
	small.MaxSize = didcomm.MaxMessage + 1
	_, err = s.bob.Unpack(ctx, make([]byte, didcomm.MaxMessage+1), &small)
	refused(t, err, true, nil)
}

func TestExpiryIsOfTheClock(t *testing.T) {
	alice, bob := everybody(t)
	ctx := context.Background()
	m := letter(alice, bob)
	m.Expires = alice.town.now
	b := ok(t)(alice.Authcrypt(ctx, m, nil))
	_, err := bob.Unpack(ctx, b, all)
	refused(t, err, true, didcomm.ErrExpired)
	late := *all
	late.InsecureExpired = true
	if _, err := bob.Unpack(ctx, b, &late); err != nil {
		t.Error(err)
	}
	bob.town.now = bob.town.now.Add(-time.Second)
	if _, err := bob.Unpack(ctx, b, all); err != nil {
		t.Error(err)
	}
}

// TestErrorsNameNoSecret: neither content nor keys appear in errors.
func TestErrorsNameNoSecret(t *testing.T) {
	s := newStage(t)
	for _, c := range slices.Concat(s.badForm(), s.badHeader(), s.badParties(), s.badCrypto(), s.badLayers(), s.badSignatures(), s.notAsExpected()) {
		_, err := s.bob.Unpack(context.Background(), []byte(c.text), expectations(c.expect).expect(t))
		text := fmt.Sprintf("%v %+v %#v", err, err, err)
		if strings.Contains(text, "lunch") || strings.Contains(text, "elsewhere") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %s", c.name, text)
		}
	}
}

// TestUnpackKeepsItsInput: what was received is not written to.
func TestUnpackKeepsItsInput(t *testing.T) {
	s := newStage(t)
	for _, v := range s.good() {
		b := []byte(v.Packed)
		r, err := s.bob.Unpack(context.Background(), b, all)
		if err != nil {
			t.Fatal(err)
		}
		if string(b) != v.Packed {
			t.Errorf("%s: the input was changed", v.Name)
		}
		clear(b)
		if bytes.IndexByte(r.SignedMessage, 0) >= 0 {
			t.Errorf("%s: SignedMessage is the caller's memory", v.Name)
		}
		again, err := didcomm.ParseMessage([]byte(v.Message))
		if err != nil {
			t.Fatal(err)
		}
		sameText(t, r.Message, again)
	}
}
