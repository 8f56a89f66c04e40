package didcomm_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/didcomm"
)

// TestEveryByteMatters: whichever byte of an envelope is changed or left out, it is refused, or says the same as before.
func TestEveryByteMatters(t *testing.T) {
	s := newStage(t)
	ctx := context.Background()
	tried := 0
	for _, v := range s.good() {
		if !slices.Contains([]string{"authcrypt, X25519", "authcrypt, X25519, signed", "anoncrypt, X25519, A256CBC-HS512", "signed"}, v.Name) {
			continue
		}
		tried++
		want, err := s.bob.Unpack(ctx, []byte(v.Packed), all)
		if err != nil {
			t.Fatal(err)
		}
		refusals := 0
		for i := range v.Packed {
			for _, b := range [][]byte{changed(v.Packed, i), slices.Delete([]byte(v.Packed), i, i+1)} {
				got, err := s.bob.Unpack(ctx, b, all)
				if err != nil {
					refusals++
					continue
				}
				sameText(t, got.Message, want.Message)
				if got.Protection != want.Protection || got.SenderKey != want.SenderKey || got.SignedBy != want.SignedBy {
					t.Errorf("%s: byte %d: got %+v, want %+v", v.Name, i, got, want)
				}
			}
		}
		if n := 2 * len(v.Packed); refusals < n*9/10 {
			t.Errorf("%s: %d of %d changes were refused", v.Name, refusals, n)
		}
	}
	if tried != 4 {
		t.Errorf("%d envelopes were tried, want 4", tried)
	}
}

func changed(s string, i int) []byte {
	b := []byte(s)
	b[i] ^= 1
	return b
}

// TestRandomMessagesGoThere: what one packs, with whatever options, the others read as it was.
func TestRandomMessagesGoThere(t *testing.T) {
	town := newTown()
	alice := town.person(t, "alice", "x-1", "p-1", "q-1", "ed-1", "es-1", "k-1")
	people := []*person{town.person(t, "bob", "x-1", "x-2", "p-1"), town.person(t, "carol", "p-1", "q-1"), town.person(t, "dave", "x-1", "q-1", "p-2")}
	ctx := context.Background()
	rng := rand.New(rand.NewPCG(7, 7))
	encs := []didcomm.ContentEncryption{"", didcomm.A256CBCHS512, didcomm.A256GCM, didcomm.XC20P}
	for range 300 {
		to := slices.Clone(people[:1+rng.IntN(3)])
		m := letter(alice, to...)
		m.ID = didcomm.NewID()
		m.Body = json.RawMessage(fmt.Sprintf(`{"n":%d,"text":%q}`, rng.IntN(1000), bytes.Repeat([]byte("ä\""), rng.IntN(40))))
		for range rng.IntN(3) {
			data := make([]byte, rng.IntN(100))
			for i := range data {
				data[i] = byte(rng.Uint32())
			}
			m.Attachments = append(m.Attachments, didcomm.Attachment{Base64: data})
		}
		if rng.IntN(2) == 0 {
			m.Expires = town.now.Add(time.Duration(1+rng.IntN(100)) * time.Second)
		}
		opt := &didcomm.EncryptOptions{NoCache: rng.IntN(2) == 0}
		if rng.IntN(3) == 0 {
			opt.SignBy = alice.url([]string{"ed-1", "es-1", "k-1"}[rng.IntN(3)])
		}
		var b []byte
		var err error
		switch rng.IntN(3) {
		case 0:
			b, err = alice.Authcrypt(ctx, m, opt)
		case 1:
			opt.HideSender, opt.ContentEncryption = true, encs[rng.IntN(4)]
			b, err = alice.Authcrypt(ctx, m, opt)
		default:
			opt.ContentEncryption = encs[rng.IntN(4)]
			b, err = alice.Anoncrypt(ctx, m, opt)
		}
		if err != nil {
			t.Fatalf("%v %+v", err, opt)
		}
		if !json.Valid(b) || bytes.Contains(b, []byte("lunch")) {
			t.Fatalf("not an envelope: %s", b)
		}
		for _, p := range to {
			r, err := p.Unpack(ctx, b, all)
			if err != nil {
				t.Fatal(err)
			}
			sameText(t, r.Message, m)
			if r.RecipientKey.DID() != p.id || r.Signed != !opt.SignBy.IsZero() || r.SenderHidden != opt.HideSender {
				t.Errorf("got %+v for %+v", r, opt)
			}
		}
		if _, err := alice.Unpack(ctx, b, all); !errors.Is(err, didcomm.ErrNotRecipient) {
			t.Errorf("the sender reads it: %v", err)
		}
	}
}

// TestContentsOfEveryLength: padding and tags fit whatever the length is.
func TestContentsOfEveryLength(t *testing.T) {
	alice, bob := everybody(t)
	ctx := context.Background()
	for n := range 100 {
		m := letter(alice, bob)
		m.Lang = string(bytes.Repeat([]byte("x"), n+1))
		for _, enc := range []didcomm.ContentEncryption{didcomm.A256CBCHS512, didcomm.A256GCM, didcomm.XC20P} {
			r, err := bob.Unpack(ctx, ok(t)(alice.Anoncrypt(ctx, m, &didcomm.EncryptOptions{ContentEncryption: enc})), all)
			if err != nil {
				t.Fatalf("%d: %v", n, err)
			}
			sameText(t, r.Message, m)
		}
	}
}

func TestLargeContent(t *testing.T) {
	alice, bob := everybody(t)
	ctx := context.Background()
	m := letter(alice, bob)
	data := make([]byte, 5<<20+1)
	for i := range data {
		data[i] = byte(i * i >> 3)
	}
	m.Attachments = []didcomm.Attachment{{Base64: data}}
	for _, opt := range []*didcomm.EncryptOptions{nil, {SignBy: alice.url("ed-1"), HideSender: true}} {
		r, err := bob.Unpack(ctx, ok(t)(alice.Authcrypt(ctx, m, opt)), all)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(r.Message.Attachments[0].Base64, data) {
			t.Error("the attachment came out otherwise")
		}
	}
	m.Attachments[0].Base64 = make([]byte, 19<<20)
	for name, pack := range map[string]func() ([]byte, error){
		"authcrypt": func() ([]byte, error) { return alice.Authcrypt(ctx, m, nil) },
		"anoncrypt": func() ([]byte, error) { return alice.Anoncrypt(ctx, m, nil) },
		"signed":    func() ([]byte, error) { return alice.Sign(ctx, m, alice.url("ed-1")) },
	} {
		if _, err := pack(); err == nil || !errors.Is(err, didcomm.ErrInvalid) {
			t.Errorf("%s: larger than MaxMessage: got %v", name, err)
		}
	}
}

// TestAgentIsSafeForConcurrentUse is for the race detector.
func TestAgentIsSafeForConcurrentUse(t *testing.T) {
	alice, bob := everybody(t)
	ctx := context.Background()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 5 {
				m := letter(alice, bob)
				m.Thread = fmt.Sprintf("t-%d", i)
				b, err := alice.Authcrypt(ctx, m, &didcomm.EncryptOptions{SignBy: alice.url("ed-1")})
				if err != nil {
					t.Error(err)
					return
				}
				bob.secrets.Add(bob.url("x-2"), bob.keys["x-2"])
				if _, err := bob.Unpack(ctx, b, &didcomm.Expect{Accept: didcomm.Authcrypt, From: alice.id, Thread: m.Thread}); err != nil {
					t.Error(err)
				}
				bob.secrets.Remove(bob.url("x-2"))
			}
		})
	}
	wg.Wait()
}

// TestMessageIsKept: packing changes neither the message nor the options.
func TestMessageIsKept(t *testing.T) {
	alice, bob := everybody(t)
	ctx := context.Background()
	m := letter(alice, bob)
	m.Attachments = []didcomm.Attachment{{Base64: []byte("0123456789")}}
	before := ok(t)(m.JSON())
	opt := &didcomm.EncryptOptions{For: []did.DID{bob.id}, RecipientKeys: []did.URL{bob.url("x-2"), bob.url("x-1")}, SignBy: alice.url("ed-1")}
	for range 2 {
		ok(t)(alice.Authcrypt(ctx, m, opt))
		ok(t)(alice.Anoncrypt(ctx, m, opt))
	}
	if !bytes.Equal(before, ok(t)(m.JSON())) || opt.RecipientKeys[0] != bob.url("x-2") {
		t.Error("the message or the options were changed")
	}
}
