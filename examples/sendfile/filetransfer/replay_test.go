package filetransfer

import (
	"context"
	"crypto/sha256"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/didcomm"
)

// TestTwice: every message arrives twice, and nothing is interrupted by that.
func TestTwice(t *testing.T) {
	w, alice, bob := two(t)
	s, se := alice.sends()
	bob.receive(alice.did())
	path, content := alice.newFile("f", testSize)
	w.intercept(func(to string, b []byte) ([]byte, error) {
		w.mu.Lock()
		inbox := w.inboxes[to]
		w.mu.Unlock()
		_ = inbox(t.Context(), b)
		return b, nil
	})
	_, sent, err := s.Send(t.Context(), bob.did(), path)
	if err != nil || sent.Offers != 1 || se.count(Interrupted) != 0 {
		t.Errorf("got %+v, %v, %d interruptions; want none", sent, err, se.count(Interrupted))
	}
	bob.has("f", content)
	bob.hasFiles(1)
}

// TestReplayedChunk: somebody who recorded a chunk sends it over and over, and nobody is bothered with it.
func TestReplayedChunk(t *testing.T) {
	w, alice, bob := two(t)
	s, se := alice.sends()
	bob.receive(alice.did())
	path, content := alice.newFile("f", testSize)
	var chunks [][]byte
	w.intercept(func(to string, b []byte) ([]byte, error) {
		if to == bob.endpoint {
			chunks = append(chunks, b)
		}
		return b, nil
	})
	se.also = func(e Event) {
		if e.Kind == Delivered {
			if err := bob.Handle(t.Context(), chunks[1]); err != nil { // the first is the offer
				t.Errorf("got %v, want it passed over", err)
			}
		}
	}
	_, sent, err := s.Send(t.Context(), bob.did(), path)
	if err != nil || sent.Offers != 1 || se.count(Reported) != 0 {
		t.Errorf("got %+v, %v, %d reports", sent, err, se.count(Reported))
	}
	bob.has("f", content)
}

// TestReplayedOffers: offers count for a time that is shorter than the receiver's memory, so that who recorded them cannot begin anything anew.
func TestReplayedOffers(t *testing.T) {
	w, alice, bob := two(t)
	now := time.Now()
	clock := func() time.Time { return now }
	bob.Peer = NewPeer(PeerConfig{DID: bob.did(), Resolver: w, Secrets: &bob.secrets, Post: w, Clock: clock})
	bob.online()
	s, _ := alice.sends()
	r, _ := bob.receive(alice.did())
	if r.opt.KeepFor < 2*maxOfferLife {
		t.Errorf("got a memory of %v, want more than the life of offers", r.opt.KeepFor)
	}
	var recorded [][]byte
	w.intercept(func(to string, b []byte) ([]byte, error) {
		if to == bob.endpoint {
			recorded = append(recorded, b)
		}
		return b, nil
	})
	path, _ := alice.newFile("f", testSize)
	if _, _, err := s.Send(t.Context(), bob.did(), path); err != nil {
		t.Fatal(err)
	}
	w.intercept(nil)
	now = now.Add(r.opt.KeepFor + time.Hour)
	bob.restarts(alice)
	if err := alice.tellUntil(bob, now.Add(time.Minute)); err != nil { // and the other is forgotten
		t.Fatal(err)
	}
	for _, b := range recorded {
		if err := bob.Handle(t.Context(), b); !errors.Is(err, didcomm.ErrInvalid) && !errors.Is(err, ErrRefused) {
			t.Errorf("got %v", err)
		}
	}
	bob.settle()
	bob.hasFiles(1)
	for name, until := range map[string]time.Time{"for ever": {}, "for longer": now.Add(maxOfferLife + time.Minute)} {
		if err := alice.tellUntil(bob, until); !errors.Is(err, ErrMessage) {
			t.Errorf("an offer that counts %s: got %v, want ErrMessage", name, err)
		}
	}
}

// tellUntil offers a file until some time.
func (p *person) tellUntil(to *person, until time.Time) error {
	m := &didcomm.Message{
		ID: didcomm.NewID(), Type: typeOffer, From: p.did(), To: []did.DID{to.did()}, Thread: didcomm.NewID(), Expires: until.Truncate(time.Second),
		Body: (&offer{Name: "g", Size: 1, Digest: Digest(sha256.Sum256([]byte("x")))}).body(),
	}
	packed, err := p.agent.Authcrypt(p.w.t.Context(), m, nil)
	if err != nil {
		p.w.t.Fatal(err)
	}
	return to.Handle(p.w.t.Context(), packed)
}

// TestTarpit: somebody who takes reports and never answers does not hold what comes in, nor collects connections.
func TestTarpit(t *testing.T) {
	w, alice, bob := two(t)
	carol := w.person("carol")
	bob.receive(alice.did(), carol.did())
	var mu sync.Mutex
	open := 0
	release := make(chan struct{})
	defer close(release)
	w.mu.Lock()
	w.inboxes[alice.endpoint] = func(context.Context, []byte) error {
		mu.Lock()
		open++
		mu.Unlock()
		<-release
		return nil
	}
	heard := make(chan struct{}, 1)
	w.inboxes[carol.endpoint] = func(context.Context, []byte) error { heard <- struct{}{}; return nil }
	w.mu.Unlock()
	for range 20 {
		if err := alice.tell(bob, typeChunk, "nothing", chunkBody(0), []byte("x")); !errors.Is(err, ErrRefused) { // and returns
			t.Fatalf("got %v, want ErrRefused", err)
		}
	}
	mu.Lock()
	if open != 1 {
		t.Errorf("got %d reports at once, want 1", open)
	}
	mu.Unlock()
	if err := carol.tell(bob, typeChunk, "nothing", chunkBody(0), []byte("x")); !errors.Is(err, ErrRefused) {
		t.Errorf("got %v, want ErrRefused", err)
	}
	<-heard
}

// TestStrangersLookup: who is not agreed to makes nobody look a DID up, on either side.
func TestStrangersLookup(t *testing.T) {
	w, alice, bob := two(t)
	mallory := w.person("mallory")
	bob.receive(alice.did())
	alice.sends()
	for _, err := range []error{
		mallory.offers(bob, "t", "f", []byte("x")), mallory.tell(alice, typeAck, "t", (&ack{}).body()),
	} {
		if !errors.Is(err, ErrRefused) {
			t.Errorf("got %v, want ErrRefused", err)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := w.lookups[mallory.did()]; n > 1 { // mallory's own
		t.Errorf("got %d look-ups", n-1)
	}
}
