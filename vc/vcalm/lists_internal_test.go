package vcalm

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/resolver/didkey"
	"github.com/realdid/realdid/vc/dataintegrity"
	"github.com/realdid/realdid/vc/dataintegrity/jsonld"
	"github.com/realdid/realdid/vc/status"
)

// TestListsFillUp: a list takes entries until three quarters are used, and there is an end to lists.
func TestListsFillUp(t *testing.T) {
	k, err := keys.Generate(keys.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	issuer := &Issuer{Signer: k, Method: didkey.URL(k.Public()), Cryptosuite: dataintegrity.EdDSARDFC2022{}}
	l := newLists("https://a.example", jsonld.Embedded(), time.Now)
	reserve := func(id string, purposes ...string) error {
		_, _, err := l.reserve(issuer, id, purposes)
		return err
	}
	for i := range maxLists {
		if err := reserve(fmt.Sprint(i), status.Revocation); err != nil || len(l.byID) != i+1 {
			t.Fatalf("list %d: got %d lists and %v", i, len(l.byID), err)
		}
		open := l.open[issuer.Path()+" "+status.Revocation]
		open.taken = listFull - 1
		if err := reserve(fmt.Sprint(i, "-last"), status.Revocation); err != nil || len(l.byID) != i+1 || open.taken != listFull {
			t.Fatalf("list %d: got %d lists and %v", i, len(l.byID), err)
		}
	}
	for _, purposes := range [][]string{{status.Revocation}, {status.Suspension}} {
		if f, ok := errors.AsType[*failure](reserve("more", purposes...)); !ok || f.status != 503 {
			t.Errorf("got %v", f)
		}
	}
}

// TestRelease: what was not used is free again, and an index is given out once.
func TestRelease(t *testing.T) {
	k, err := keys.Generate(keys.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	issuer := &Issuer{Signer: k, Method: didkey.URL(k.Public()), Cryptosuite: dataintegrity.EdDSARDFC2022{}}
	l := newLists("https://a.example", jsonld.Embedded(), time.Now)
	_, release, err := l.reserve(issuer, "a", []string{status.Revocation, status.Suspension})
	if err != nil || len(l.entries["a"]) != 2 {
		t.Fatalf("got %v", err)
	}
	first := l.entries["a"][0]
	release()
	if used, _ := first.list.used.Get(first.index); used != 0 || first.list.taken != 0 || len(l.entries) != 0 {
		t.Errorf("got %d, %d, %v", used, first.list.taken, l.entries)
	}
	seen := map[uint64]bool{}
	for range 2000 { // of which fifteen would meet another by chance
		seen[first.list.take()] = true
	}
	if len(seen) != 2000 {
		t.Errorf("got %d places for 2000 entries", len(seen))
	}
}
