package realdid_test

import (
	"errors"
	"testing"

	"github.com/realdid/realdid/did/realdid"
)

func TestBundleOperations(t *testing.T) {
	w := newProvingWorld(t)
	id := fixedLife(t, w.world)
	history := must(w.m.History(t.Context(), id))(t)
	b := must(w.m.Bundle(t.Context(), id, nil))(t)
	ops := must(b.Operations())(t)
	if len(ops) != len(history) {
		t.Fatalf("got %d operations, want %d", len(ops), len(history))
	}
	for i, op := range ops {
		if op.Operation.ID() != history[i].Operation.ID() || op.Anchor != history[i].Entry.Anchor {
			t.Errorf("operation %d: got %s at %v, want %s at %v", i, op.Operation.VersionID(), op.Anchor, history[i].Operation.VersionID(), history[i].Entry.Anchor)
		}
	}
	state := must(w.m.Bundle(t.Context(), id, &realdid.BundleOptions{WithoutOperations: true}))(t)
	if ops, err := state.Operations(); len(ops) > 0 || err != nil {
		t.Errorf("without operations: got %d, %v", len(ops), err)
	}
	damaged := append([]byte(nil), b.Bytes()...)
	raw := ops[1].Operation.Bytes()
	for i := range damaged {
		if i+len(raw) <= len(damaged) && string(damaged[i:i+len(raw)]) == string(raw) {
			damaged[i] ^= 0xff
			break
		}
	}
	if _, err := must(realdid.ParseBundle(damaged))(t).Operations(); !errors.Is(err, realdid.ErrBundle) {
		t.Errorf("a damaged operation: got %v, want ErrBundle", err)
	}
}
