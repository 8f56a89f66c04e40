package realdid

import (
	"bytes"
	"sync"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/keys"
)

// TestGoodSignatures: nothing is good because something like it was, and what was good is, until so many others were that it is
// forgotten.
func TestGoodSignatures(t *testing.T) {
	signer := func() keys.Signer {
		k, err := keys.Generate(keys.Ed25519)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	alice, bob := signer(), signer()
	input := []byte("input")
	sig, err := alice.Sign(t.Context(), input)
	if err != nil {
		t.Fatal(err)
	}
	g := &goodSignatures{most: 3}
	for range 2 {
		if err := g.verify(alice.Public(), input, sig); err != nil {
			t.Fatal(err)
		}
		bad := bytes.Clone(sig)
		bad[3] ^= 1
		if g.verify(alice.Public(), input, bad) == nil || g.verify(alice.Public(), append(input, 'x'), sig) == nil || g.verify(bob.Public(), input, sig) == nil ||
			g.verify(alice.Public(), input, nil) == nil || g.verify(alice.Public(), append(bytes.Clone(input), sig...), nil) == nil ||
			g.verify(alice.Public(), append(bytes.Clone(input), sig[0]), sig[1:]) == nil {
			t.Fatal("what was not signed is good")
		}
	}
	if len(g.young) != 1 || g.old != nil {
		t.Errorf("%d and %d remembered, want 1", len(g.young), len(g.old))
	}
	d := signatureDigest(alice.Public(), input, sig)
	for i := range 6 {
		if i < 4 && !g.has(d) {
			t.Errorf("forgotten after %d others", i)
		}
		g.add([32]byte{byte(i)})
	}
	if g.has(d) || len(g.young)+len(g.old) > 6 {
		t.Errorf("remembered %v, %d in all", g.has(d), len(g.young)+len(g.old))
	}
}

// TestRemembering: a reducer with a memory answers as one without, also about what it has refused and accepted before, and from many goroutines.
func TestRemembering(t *testing.T) {
	plain := Reducer()
	r := Remembering(plain, 10)
	if own, ok := r.(reducer); !ok || own.seen == nil {
		t.Fatalf("%T remembers nothing", r)
	}
	if own := plain.(reducer); own.seen != nil {
		t.Error("the reducer given remembers")
	}
	if Remembering(plain, 0).(reducer).seen != nil {
		t.Error("a memory of nothing")
	}
	other := struct{ ledger.HeadReducer }{plain}
	if _, same := Remembering(other, 10).(struct{ ledger.HeadReducer }); !same {
		t.Error("another reducer is changed")
	}
	control, err := keys.Generate(keys.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	next, err := keys.Generate(keys.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	d, err := DraftCreate(&CreateRequest{Control: OneKey(control.Public()), Next: SHA256.Commit(next.Public())})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Sign(t.Context(), control); err != nil {
		t.Fatal(err)
	}
	op, err := d.Operation()
	if err != nil {
		t.Fatal(err)
	}
	key, good := d.Identifier().Key(), op.Bytes()
	bad := bytes.Clone(good)
	bad[len(bad)-1] ^= 1
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range uint64(8) {
				at := ledger.Anchor{Index: i, Time: time.Unix(1_780_000_000, 0).UTC()}
				want, wantErr := plain.Reduce(key, nil, good, at)
				got, err := r.Reduce(key, nil, good, at)
				if err != nil || wantErr != nil || !bytes.Equal(got.State, want.State) {
					t.Errorf("good: %v, %v", err, wantErr)
				}
				_, err = r.Reduce(key, nil, bad, at)
				if err == nil {
					t.Error("a bad signature is good")
				}
			}
		})
	}
	wg.Wait()
}
