package realperson

import (
	"encoding/base64"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"
)

// TestNonce: a nonce is good for what it was made for, until it ends, and nobody else can make one.
func TestNonce(t *testing.T) {
	now := day(1)
	n := newNonces(make([]byte, nonceSecretSize), nil)
	about := asked{action: ActionSignUp, session: sessionHash([]byte("a"))}
	id := keyNamed("platform")
	end := now.Add(time.Minute)
	good := n.make(about.hash(id), end)
	if got, err := n.check(good, about.hash(id), now); err != nil || !got.Equal(end) {
		t.Fatalf("got %v, %v", got, err)
	}
	if good == n.make(about.hash(id), end) {
		t.Error("two nonces are equal")
	}
	if _, err := n.check(good, about.hash(id), end.Add(-time.Second)); err != nil {
		t.Error(err)
	}
	if _, err := n.check(good, about.hash(id), end); !errors.Is(err, ErrNonce) {
		t.Errorf("got %v at its end, want ErrNonce", err)
	}
	s := &Scope{Name: "a", Limit: 1}
	for name, other := range map[string]asked{
		"action": {action: ActionRebind, session: about.session}, "session": {action: ActionSignUp, session: sessionHash([]byte("b"))},
		"no session": {action: ActionSignUp}, "scope": {action: ActionSignUp, session: about.session, scope: s},
	} {
		if _, err := n.check(good, other.hash(id), now); !errors.Is(err, ErrNonce) {
			t.Errorf("%s: got %v, want ErrNonce", name, err)
		}
	}
	if _, err := n.check(good, about.hash(keyNamed("other")), now); !errors.Is(err, ErrNonce) {
		t.Errorf("another platform: got %v, want ErrNonce", err)
	}
	raw, err := base64.RawURLEncoding.DecodeString(good)
	fatal(t, err)
	for i := range raw {
		changed := append([]byte(nil), raw...)
		changed[i] ^= 1
		if _, err := n.check(encode(changed), about.hash(id), now); !errors.Is(err, ErrNonce) {
			t.Fatalf("byte %d changed: got %v, want ErrNonce", i, err)
		}
	}
	other := newNonces(append(make([]byte, nonceSecretSize-1), 1), nil)
	for name, text := range map[string]string{
		"empty": "", "short": encode(raw[:nonceSize-1]), "long": encode(append(raw, 0)), "a line end": good + "\n", "padding": good + "=",
		"no base64": "!" + good[1:], "another secret": other.make(about.hash(id), end),
	} {
		if _, err := n.check(text, about.hash(id), now); !errors.Is(err, ErrNonce) {
			t.Errorf("%s: got %v, want ErrNonce", name, err)
		}
	}
	// Scopes that differ in one thing differ.
	seen := map[[32]byte]bool{}
	for _, s := range []*Scope{nil, {"a", "", 1}, {"a", "", 2}, {"a", "b", 1}, {"ab", "", 1}, {"", "ab", 1}} {
		about.scope = s
		seen[about.hash(id)] = true
	}
	if len(seen) != 6 {
		t.Errorf("got %d hashes of 6 scopes", len(seen))
	}
}

// TestSpentSet: each nonce once, all that live are remembered, and when there are too many none is forgotten.
func TestSpentSet(t *testing.T) {
	now := day(1)
	s := newSpentSet(100, func() time.Time { return now })
	id := func(i int) [32]byte { return nonceID(fmt.Sprint(i)) }
	end := now.Add(time.Minute)
	for i := range 100 {
		fatal(t, s.Spend(t.Context(), id(i), end))
	}
	for i := range 100 {
		wantError(t, s.Spend(t.Context(), id(i), end), ErrReplayed)
	}
	wantError(t, s.Spend(t.Context(), id(100), end), ErrBusy)
	wantError(t, s.Spend(t.Context(), id(7), end), ErrReplayed)
	now = end
	fatal(t, s.Spend(t.Context(), id(100), now.Add(time.Minute)))
	wantError(t, s.Spend(t.Context(), id(100), now.Add(time.Minute)), ErrReplayed)
	// It is remembered to its own end, whatever comes in between.
	for i := range 50 {
		now = now.Add(time.Second)
		fatal(t, s.Spend(t.Context(), id(1000+i), now.Add(time.Minute)))
		for j := range i + 1 {
			wantError(t, s.Spend(t.Context(), id(1000+j), now.Add(time.Minute)), ErrReplayed)
		}
	}
	now = now.Add(time.Hour)
	for i := range 2 {
		fatal(t, s.Spend(t.Context(), id(5000+i), now.Add(time.Minute)))
		now = now.Add(time.Hour)
	}
	if n := len(s.old) + len(s.new); n > 2 {
		t.Errorf("remembers %d that are over", n)
	}
	// Of many who come at once with one nonce, one gets through.
	var wins, tries sync.WaitGroup
	got := make(chan error, 16)
	tries.Add(16)
	wins.Add(1)
	for range 16 {
		go func() {
			defer tries.Done()
			wins.Wait()
			got <- s.Spend(t.Context(), id(9999), now.Add(time.Minute))
		}()
	}
	wins.Done()
	tries.Wait()
	close(got)
	n := 0
	for err := range got {
		if err == nil {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d of 16 got through, want 1", n)
	}
}

// TestBusyPlatform: a platform that can remember no more answers refuses, and says that it passes.
func TestBusyPlatform(t *testing.T) {
	city := newTown(t)
	p, alice := city.platform(t, func(c *PlatformConfig) { c.Spent = newSpentSet(1, city.now) }), city.wallet(t)
	city.signUp(t, alice, p)
	_, _, err := city.send(t, alice, p, ActionLogIn)
	wantError(t, err, ErrBusy)
	_, _, err = city.send(t, alice, p, ActionVeto)
	wantError(t, err, ErrBusy)
	if _, _, err := city.use(t, alice, p, Scope{Name: "a", Limit: 1}); !errors.Is(err, ErrBusy) {
		t.Errorf("got %v, want ErrBusy", err)
	}
	city.later(DefaultRequestAge)
	_, _, err = city.send(t, alice, p, ActionLogIn)
	fatal(t, err)
}

func TestHolderKeys(t *testing.T) {
	var h holderKeys
	k := newKey(t).Public()
	u := methodOfKey(k)
	if _, ok := h.get(u); ok {
		t.Error("found what nobody put")
	}
	h.put(u, k)
	if got, ok := h.get(u); !ok || !got.Equal(k) {
		t.Error("not found")
	}
	for i := range 3 * maxHolderKeys {
		h.put(keyNamed(i).WithFragment("a"), k)
		if len(h.old)+len(h.new) > 2*maxHolderKeys {
			t.Fatal("grows without end")
		}
		if i < maxHolderKeys && i%100 == 0 {
			if _, ok := h.get(u); !ok {
				t.Fatal("forgets what is asked for")
			}
		}
	}
	if _, ok := h.get(u); ok {
		t.Error("keeps what nobody asks for")
	}
}
