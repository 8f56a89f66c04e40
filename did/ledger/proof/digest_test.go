package proof

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"testing"
	"time"
)

func bare(w *world, key string) (*Latest, Hash) {
	w.append(5)
	e, cp := w.seal(now.Add(-time.Minute))
	l := w.prove(e, cp.Append(nil), key)
	return l, cp.Digest()
}

func TestVerifyDigest(t *testing.T) {
	for _, key := range []string{"k1", "absent"} {
		l, digest := bare(newWorld(true), key)
		b, err := l.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		back, err := ParseLatest(b)
		if err != nil {
			t.Fatal(err)
		}
		v, err := back.VerifyDigest(digest, key, now, time.Minute)
		if err != nil {
			t.Fatalf("%s: %v", key, err)
		}
		if !bytes.Equal(v.Head, l.Head) || (v.Head == nil) != (key == "absent") || v.Epoch != l.Epoch || v.Checkpoint.Digest() != digest {
			t.Errorf("%s: got %+v", key, v)
		}
		if v.Latest || v.Absent || len(v.Validators)+len(v.Checkpoint.Cosigned) > 0 || !v.Checkpoint.Log.IsZero() {
			t.Errorf("%s: a digest that anybody can give vouches for nothing: got %+v", key, v)
		}
		if want := now.Add(-time.Minute); !v.AsOf.Equal(want) {
			t.Errorf("%s: AsOf: got %v, want the epoch's %v", key, v.AsOf, want)
		}
	}
}

func TestVerifyDigestRefuses(t *testing.T) {
	for name, change := range map[string]func(w *world, l *Latest, digest *Hash, key *string, at *time.Time){
		"other-digest":       func(_ *world, _ *Latest, d *Hash, _ *string, _ *time.Time) { d[0] ^= 1 },
		"zero-digest":        func(_ *world, _ *Latest, d *Hash, _ *string, _ *time.Time) { *d = Hash{} },
		"other-text":         func(_ *world, l *Latest, _ *Hash, _ *string, _ *time.Time) { l.Checkpoint = append(l.Checkpoint, '\n') },
		"other-key":          func(_ *world, _ *Latest, _ *Hash, k *string, _ *time.Time) { *k = "k2" },
		"other-head":         func(_ *world, l *Latest, _ *Hash, _ *string, _ *time.Time) { l.Head = []byte("planted") },
		"epoch-from-future":  func(_ *world, _ *Latest, _ *Hash, _ *string, at *time.Time) { *at = at.Add(-3 * time.Minute) },
		"checkpoint-missing": func(_ *world, l *Latest, _ *Hash, _ *string, _ *time.Time) { l.Checkpoint = nil },
		"signed-note": func(w *world, l *Latest, d *Hash, _ *string, _ *time.Time) {
			cp, _ := ParseCheckpoint(l.Checkpoint)
			l.Checkpoint = w.sign(cp, now, "w1")
			*d = sha256.Sum256(l.Checkpoint)
		},
		"extension-lines": func(_ *world, l *Latest, d *Hash, _ *string, _ *time.Time) {
			cp, _ := ParseCheckpoint(l.Checkpoint)
			cp.Extensions = []string{"more"}
			l.Checkpoint, *d = cp.Append(nil), cp.Digest()
		},
		"text-that-is-no-checkpoint": func(_ *world, l *Latest, d *Hash, _ *string, _ *time.Time) {
			cp := Checkpoint{Origin: "log.example"}
			l.Checkpoint, *d = cp.Append(nil), cp.Digest()
		},
		"epoch-that-is-not-the-last-leaf": func(w *world, l *Latest, d *Hash, _ *string, _ *time.Time) {
			w.append(1)
			_, cp := w.seal(now.Add(-time.Minute))
			l.Checkpoint, *d = cp.Append(nil), cp.Digest()
			l.EpochPath = must(InclusionPath(w.tree, l.Epoch.Size, cp.Size))
		},
	} {
		w := newWorld(true)
		l, digest := bare(w, "k1")
		key, at := "k1", now
		change(w, l, &digest, &key, &at)
		if v, err := l.VerifyDigest(digest, key, at, time.Minute); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: got %+v, %v, want ErrInvalid", name, v, err)
		}
	}
}
