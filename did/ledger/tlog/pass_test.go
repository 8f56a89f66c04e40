package tlog

import (
	"errors"
	"testing"
)

// TestPassAs: epochs that are passed come to the log with the one that is sealed behind them, and not without it.
func TestPassAs(t *testing.T) {
	from := openStore(t, t.TempDir())
	var chain []Sealed
	for range 4 {
		b := begin(t, from)
		add(t, b, 300)
		chain = append(chain, publish(t, b))
	}
	dir := t.TempDir()
	s := openStore(t, dir)
	b := begin(t, s)
	add(t, b, 300)
	wrong := chain[0]
	wrong.Epoch.MapRoot[0] ^= 1
	var m *MismatchError
	if err := b.PassAs(wrong); !errors.As(err, &m) || m.What != "map root" {
		t.Errorf("another map root: %v", err)
	}
	b.Discard()

	b = begin(t, s)
	for i, c := range chain {
		add(t, b, 300)
		if i == 3 {
			if err := b.SealAs(c); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := b.PassAs(c); err != nil {
			t.Fatal(err)
		}
		if b.Publish(note(t, c.Checkpoint)) == nil || b.Settle() == nil {
			t.Fatalf("epoch %d was published or settled without being written", i)
		}
		if len(s.Pending()) > 0 {
			t.Fatalf("epoch %d is pending", i)
		}
	}
	if len(s.Pending()) != 4 {
		t.Errorf("%d epochs are pending, want 4", len(s.Pending()))
	}
	if err := b.Publish(from.Checkpoint()); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openStore(t, dir)
	if err := s.Fsck(t.Context(), func(f Fault) { t.Error(f) }); err != nil {
		t.Fatal(err)
	}
	if e, ok := s.Epoch(); !ok || e != chain[3].Epoch {
		t.Errorf("Epoch: %+v, %v", e, ok)
	}
}
