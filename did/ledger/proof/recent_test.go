package proof

import (
	"bytes"
	"errors"
	"reflect"
	"testing"
	"time"
)

// TestRecent: what is remembered changes no answer, neither for other proofs under the checkpoint, nor for other notes, nor for
// another clock.
func TestRecent(t *testing.T) {
	w := newWorld(false)
	l := w.latest(20, "k1", "w1", "w3", "a1")
	other := *l
	head, m := w.prove(l.Epoch, l.Checkpoint, "k2").Head, w.prove(l.Epoch, l.Checkpoint, "k2").Map
	other.Head, other.Map = head, m
	var r Recent
	for range 2 {
		for key, l := range map[string]*Latest{"k1": l, "k2": &other} {
			want, err := l.Verify(w.trust, key, now)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := r.Verify(l, w.trust, key, now); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s: got %+v, %v, want %+v", key, got, err, want)
			}
		}
	}
	remembered := r.last.Load()
	if _, err := r.Verify(l, w.trust, "k1", now); err != nil || r.last.Load() != remembered {
		t.Errorf("verified again: %v", err)
	}
	if _, err := r.Verify(l, w.trust, "k2", now); !errors.Is(err, ErrInvalid) {
		t.Errorf("a proof for another key: got %v, want ErrInvalid", err)
	}
	if _, err := r.Verify(l, w.trust, "k1", now.Add(-time.Hour)); !errors.Is(err, ErrInvalid) {
		t.Errorf("a clock that has gone back: got %v, want ErrInvalid", err)
	}
	for i := range l.Checkpoint {
		bad := *l
		bad.Checkpoint = bytes.Clone(l.Checkpoint)
		bad.Checkpoint[i] ^= 1
		if _, err := r.Verify(&bad, w.trust, "k1", now); err == nil {
			t.Errorf("byte %d of the note changed: no error", i)
		}
	}
	if _, err := r.Verify(l, nil, "k1", now); !errors.Is(err, ErrTrust) {
		t.Errorf("no policy: got %v, want ErrTrust", err)
	}
}

// TestRecentSelect: it selects what Trust.Select does, whether or not there is something to leave out.
func TestRecentSelect(t *testing.T) {
	w := newWorld(false)
	w.append(3)
	_, cp := w.seal(now)
	var r Recent
	for _, names := range [][]string{{"w1", "w2", "a1"}, {"w1", "w2", "w3", "a1"}, {"w1", "w2", "a1"}} {
		note := w.sign(cp, now, names...)
		for range 2 {
			want, err := w.trust.Select(note, now)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := r.Select(w.trust, note, now); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%v: got %q, %v, want %q", names, got, err, want)
			}
		}
	}
	if _, err := r.Select(w.trust, w.sign(cp, now, "w1"), now); !errors.Is(err, ErrQuorum) {
		t.Errorf("without a quorum: got %v, want ErrQuorum", err)
	}
	if _, err := r.Select(&Trust{}, nil, now); !errors.Is(err, ErrTrust) {
		t.Errorf("no policy: got %v, want ErrTrust", err)
	}
}
