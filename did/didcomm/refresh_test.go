package didcomm_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/didcomm"
)

// behind makes the cache hold a document with these keys, as of an age, and the source the one so far.
func (p *person) behind(t *testing.T, age time.Duration, fragments ...string) *did.Resolution {
	t.Helper()
	fresh := p.resolution()
	p.publish(t, fragments...)
	stale := p.resolution()
	stale.Evidence.AsOf = p.town.now.Add(-age)
	p.town.docs[p.id], p.town.cached[p.id] = fresh, stale
	return fresh
}

// TestFreshKeysAreFound: a cached document that lacks a key is asked for again, however young it is said to be.
func TestFreshKeysAreFound(t *testing.T) {
	for _, age := range []time.Duration{-time.Hour, 0, 3 * time.Second, time.Hour} {
		for _, who := range []string{"sender", "recipient", "signer"} {
			s := newStage(t)
			text, p := s.auth("x").make(t), s.alice
			switch who {
			case "recipient":
				p = s.bob
			case "signer":
				text = s.signed().make(t)
			}
			p.behind(t, age, "p-1")
			if _, err := s.bob.Unpack(t.Context(), []byte(text), all); err != nil {
				t.Errorf("%s, %v: %v", who, age, err)
			}
		}
	}
	s := newStage(t)
	s.alice.behind(t, 0, "p-1")
	s.bob.town.cached[s.alice.id].Evidence.AsOf = time.Time{}
	_, err := s.bob.Unpack(t.Context(), []byte(s.auth("x").make(t)), all)
	refused(t, err, true, nil) // nothing says that the resolver has a source
	if len(s.bob.town.past) > 0 {
		t.Errorf("asked with NoCache: %v", s.bob.town.past)
	}
}

// TestUnknownKeysAreAskedForSeldom: however many messages name keys that a DID does not have, and however old the newest proof is,
// its source is asked once in five seconds, and between that nobody says that there is no such key.
func TestUnknownKeysAreAskedForSeldom(t *testing.T) {
	s := newStage(t)
	town := s.bob.town
	auth := []byte(s.auth("x").make(t))
	s.alice.publish(t, "p-1")
	s.alice.resolution().Evidence.AsOf = town.now.Add(-time.Minute)
	start := town.now
	for second := range 11 {
		town.now = start.Add(time.Duration(second) * time.Second)
		for i := range 3 {
			_, err := s.bob.Unpack(t.Context(), auth, all)
			refused(t, err, second%5 == 0 && i == 0, nil)
		}
	}
	if len(town.past) != 3 {
		t.Errorf("asked with NoCache %d times, want 3", len(town.past))
	}
	town.now = start // set back: those who asked in times to come are not waited for
	_, err := s.bob.Unpack(t.Context(), auth, all)
	refused(t, err, true, nil)

	// What the source says a moment later is found when it may be asked again, and other DIDs do not wait.
	s.alice.publish(t, "x-1")
	s.alice.behind(t, 0, "p-1")
	_, err = s.bob.Unpack(t.Context(), auth, all)
	refused(t, err, false, nil)
	other := must[[]byte](t)(s.mallory.Authcrypt(t.Context(), letter(s.mallory, s.bob), nil))
	s.mallory.behind(t, 0, "ed-1")
	if _, err = s.bob.Unpack(t.Context(), other, all); err != nil {
		t.Errorf("another DID: %v", err)
	}
	town.now = town.now.Add(5 * time.Second)
	if _, err = s.bob.Unpack(t.Context(), auth, all); err != nil {
		t.Errorf("five seconds later: %v", err)
	}
}

// TestSourceThatDoesNotAnswer: only a source that has no use for NoCache leaves an answer from memory final.
func TestSourceThatDoesNotAnswer(t *testing.T) {
	s := newStage(t)
	town := s.bob.town
	auth := []byte(s.auth("x").make(t))
	s.alice.behind(t, time.Minute, "p-1")
	town.ill = true
	for range 2 {
		_, err := s.bob.Unpack(t.Context(), auth, all)
		refused(t, err, false, nil)
	}
	if len(town.past) != 1 {
		t.Errorf("asked %d times with NoCache, want once", len(town.past))
	}
	town.ill, town.deaf, town.now = false, true, town.now.Add(time.Minute)
	for range 2 {
		_, err := s.bob.Unpack(t.Context(), auth, all)
		refused(t, err, true, did.ErrKeyNotFound)
	}
}

// TestOwnKeysBehind: this side's document may lag as well, and what it says of a key that was removed stays said.
func TestOwnKeysBehind(t *testing.T) {
	town := newTown()
	alice, bob := town.person(t, "alice", "x-1"), town.person(t, "bob", "x-1", "x-2")
	b := must[[]byte](t)(alice.Authcrypt(t.Context(), letter(alice, bob), &didcomm.EncryptOptions{RecipientKeys: []did.URL{bob.url("x-2")}}))
	k, _ := bob.resolution().Document.Method(bob.url("x-2"))
	bob.publish(t, "x-1")
	bob.resolution().Evidence.AsOf = town.now
	_, err := bob.Unpack(t.Context(), b, all)
	refused(t, err, true, didcomm.ErrNotRecipient)
	_, err = bob.Unpack(t.Context(), b, all)
	refused(t, err, false, nil)
	bob.resolution().Removed = []did.RemovedMethod{{VerificationMethod: *k, Removed: town.now}}
	for range 2 {
		_, err = bob.Unpack(t.Context(), b, all)
		refused(t, err, true, didcomm.ErrNotRecipient)
	}
	town.now = town.now.Add(time.Minute)
	town.ill = true
	_, err = bob.Unpack(t.Context(), b, all)
	refused(t, err, false, nil) // it may be back
}

// TestRetiredSinceTheAnswer: a key that came and went since the answer from memory is a retired one.
func TestRetiredSinceTheAnswer(t *testing.T) {
	town := newTown()
	alice, bob := town.person(t, "alice", "x-1"), town.person(t, "bob", "x-1", "x-2")
	b := must[[]byte](t)(alice.Authcrypt(t.Context(), letter(alice, bob), &didcomm.EncryptOptions{RecipientKeys: []did.URL{bob.url("x-2")}}))
	k, _ := bob.resolution().Document.Method(bob.url("x-2"))
	bob.publish(t, "x-1")
	bob.behind(t, time.Hour, "x-1").Removed = []did.RemovedMethod{{VerificationMethod: *k, Removed: town.now}}
	retired := *all
	retired.RetiredRecipientKeys = true
	r, err := bob.Unpack(t.Context(), b, &retired)
	if err != nil || !r.Retired || r.RecipientKey != bob.url("x-2") {
		t.Errorf("got %+v, %v", r, err)
	}
	_, err = bob.Unpack(t.Context(), b, all)
	refused(t, err, false, nil) // the cache has kept the old answer, and the source was asked a moment ago
}

// TestWritingWithFreshKeys: keys that are named, and keys where there are none, are looked for at the source.
func TestWritingWithFreshKeys(t *testing.T) {
	for _, c := range []struct {
		name, who string // of whom the document in memory is behind
		opt       didcomm.EncryptOptions
		none      bool // it has no key for agreement at all
	}{
		{"SenderKey", "alice", didcomm.EncryptOptions{SenderKey: did.MustParse("did:example:alice").WithFragment("x-1")}, false},
		{"RecipientKeys", "bob", didcomm.EncryptOptions{RecipientKeys: []did.URL{did.MustParse("did:example:bob").WithFragment("x-1")}}, false},
		{"sender without keys", "alice", didcomm.EncryptOptions{}, true},
		{"recipient without keys", "bob", didcomm.EncryptOptions{}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			town := newTown()
			people := map[string]*person{"alice": town.person(t, "alice", "x-1", "x-2", "ed-1"), "bob": town.person(t, "bob", "x-1", "x-2", "ed-1")}
			alice, bob := people["alice"], people["bob"]
			left, asks := "x-2", map[string]int{"alice": 2, "bob": 1}[c.who]
			if c.none {
				left = "ed-1"
			}
			people[c.who].behind(t, 0, left)
			if _, err := alice.Authcrypt(t.Context(), letter(alice, bob), &c.opt); err != nil {
				t.Error(err)
			}
			_, err := alice.Authcrypt(t.Context(), letter(alice, bob), &c.opt)
			refused(t, err, false, nil) // asked a moment ago
			fresh := c.opt
			fresh.NoCache = true
			if _, err = alice.Authcrypt(t.Context(), letter(alice, bob), &fresh); err != nil {
				t.Error(err)
			}
			n := len(town.past)
			people[c.who].publish(t, left)
			_, err = alice.Authcrypt(t.Context(), letter(alice, bob), &fresh)
			refused(t, err, true, nil) // the source itself was asked
			if got := len(town.past) - n; got != asks {
				t.Errorf("NoCache: asked %d times, want %d: once for each side, and the recipient first", got, asks)
			}
		})
	}
}

// TestDeactivatedIsFinal: whose DID is deactivated has no keys, and none are looked for.
func TestDeactivatedIsFinal(t *testing.T) {
	s := newStage(t)
	text := []byte(s.auth("x").make(t))
	s.alice.publish(t)
	s.alice.resolution().Metadata.Deactivated, s.alice.resolution().Evidence.AsOf = true, s.bob.town.now
	for range 2 {
		_, err := s.bob.Unpack(t.Context(), text, all)
		refused(t, err, true, nil)
		_, err = s.bob.Anoncrypt(t.Context(), letter(nil, s.alice), nil)
		refused(t, err, true, nil)
	}
	if len(s.bob.town.past) > 0 {
		t.Errorf("asked with NoCache: %v", s.bob.town.past)
	}
}

// TestAccountIsBounded: the account of when sources were asked does not grow with the DIDs that strangers name.
func TestAccountIsBounded(t *testing.T) {
	town := newTown()
	town.now = town.now.Add(time.Second)
	alice := town.person(t, "alice", "x-1", "ed-1")
	const held = 4096
	ask := func(i int) {
		id := did.MustParse(fmt.Sprintf("did:example:n%d", i))
		town.docs[id] = &did.Resolution{Document: &did.Document{ID: id}, Evidence: did.Evidence{AsOf: town.now}}
		m := &didcomm.Message{ID: "1", Type: "https://example.com/a/1.0/b", From: alice.id, To: []did.DID{id}}
		_, err := alice.Authcrypt(t.Context(), m, nil)
		refused(t, err, true, nil)
	}
	for i := range held + 1 {
		ask(i)
	}
	if got := alice.AccountSize(); got != 1 {
		t.Errorf("full of young entries, and one more: got %d, want 1", got)
	}
	for i := range held - 1 {
		ask(held + 1 + i)
		if i == 10 {
			town.now = town.now.Add(5 * time.Second)
		}
	}
	ask(3 * held)
	if got := alice.AccountSize(); got != held-11 {
		t.Errorf("full of young and old entries, and one more: got %d, want %d", got, held-11)
	}
}
