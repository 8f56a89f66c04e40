package realdid

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/realdid/realdid/did/ledger/memledger"
	"github.com/realdid/realdid/keys"
)

// TestResume signs a recovery on three devices that exchange nothing but operations.
func TestResume(t *testing.T) {
	ctx := context.Background()
	lg := memledger.New(Reducer(), nil)
	m, err := New(lg, nil)
	if err != nil {
		t.Fatal(err)
	}
	key := func() *keys.PrivateKey {
		k, err := keys.Generate(keys.Ed25519)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	control, next, fresh, one, two, stranger := key(), key(), key(), key(), key(), key()
	tier, cards := SHA256.NewTier(2, one.Public(), two.Public())
	res, err := m.Create(ctx, &CreateRequest{Control: OneKey(control.Public()), Next: SHA256.Commit(next.Public()), Recovery: []Tier{tier}}, control)
	if err != nil {
		t.Fatal(err)
	}
	draft, err := res.State.DraftRecover(&RecoverRequest{
		Reveal: cards, Control: OneKey(fresh.Public()), Next: SHA256.Commit(key().Public()),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := draft.Sign(ctx, fresh); err != nil {
		t.Fatal(err)
	}
	asked, err := draft.Operation()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Submit(ctx, asked); !errors.Is(err, ErrOperation) {
		t.Fatalf("submit without guardians: got %v, want ErrOperation", err)
	}
	approve := func(k *keys.PrivateKey) *Operation { // on the guardian's device, from bytes
		op, err := ParseOperation(bytes.Clone(asked.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		d, err := op.Resume(nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Sign(ctx, k); err != nil {
			t.Fatal(err)
		}
		out, err := d.Operation()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	if d, _ := asked.Resume(nil); d.Sign(ctx, stranger) == nil {
		t.Error("a stranger's signature: got no error")
	}
	all, err := asked.Resume(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []*keys.PrivateKey{one, two} {
		if err := all.Merge(approve(k)); err != nil {
			t.Fatal(err)
		}
	}
	if err := all.Merge(res.Operation); !errors.Is(err, ErrOperation) {
		t.Errorf("merging another operation: got %v, want ErrOperation", err)
	}
	op, err := all.Operation()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Submit(ctx, op); err != nil {
		t.Errorf("submit with all signatures: %v", err)
	}
}

// TestResumeUpdate needs the control keys from outside, and refuses signatures that are not theirs.
func TestResumeUpdate(t *testing.T) {
	ctx := context.Background()
	m, err := New(memledger.New(Reducer(), nil), nil)
	if err != nil {
		t.Fatal(err)
	}
	control, err := keys.Generate(keys.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	other, err := keys.Generate(keys.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	res, err := m.Create(ctx, &CreateRequest{Control: OneKey(control.Public()), Next: SHA256.Commit(other.Public())}, control)
	if err != nil {
		t.Fatal(err)
	}
	res, err = m.Update(ctx, res.DID, Content{AlsoKnownAs: []string{"https://alice.example/"}}, control)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		name    string
		control []keys.PublicKey
		ok      bool
	}{
		{"its control keys", res.State.Control().Keys, true},
		{"no keys", nil, false},
		{"another key", []keys.PublicKey{other.Public()}, false},
	} {
		if _, err := res.Operation.Resume(x.control); (err == nil) != x.ok {
			t.Errorf("%s: got %v, want ok %v", x.name, err, x.ok)
		}
	}
}
