package pebbleledger

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/realdid/realdid/did/ledger"
)

// TestCheck plants faults whose checksums are right, as only a program can, and looks whether Check, or Open, finds them.
func TestCheck(t *testing.T) {
	disk := vfs.NewCrashableMem()
	keys := sample(t, disk)
	stored := func(r *record) []byte {
		b := make([]byte, r.size())
		r.encode(b)
		return b
	}
	for name, fault := range map[string]func(s *store, b *pebble.Batch, last record) error{
		"head of an older entry": func(_ *store, b *pebble.Batch, last record) error {
			return b.Set(headKey(string(last.key)), head{last.prev, last.seq - 1}.append(nil), nil)
		},
		"head missing": func(_ *store, b *pebble.Batch, last record) error {
			return b.Delete(headKey(string(last.key)), nil)
		},
		"head of nobody": func(_ *store, b *pebble.Batch, last record) error {
			return b.Set(headKey("nobody"), head{last.index, last.seq}.append(nil), nil)
		},
		"head malformed": func(_ *store, b *pebble.Batch, last record) error {
			return b.Set(headKey(string(last.key)), append(head{last.index, last.seq}.append(nil), 0), nil)
		},
		"entry missing":  func(_ *store, b *pebble.Batch, _ record) error { return b.Delete(entryKey(77), nil) },
		"first missing":  func(_ *store, b *pebble.Batch, _ record) error { return b.Delete(entryKey(0), nil) },
		"last missing":   func(_ *store, b *pebble.Batch, last record) error { return b.Delete(entryKey(last.index), nil) },
		"row of nothing": func(_ *store, b *pebble.Batch, _ record) error { return b.Set([]byte("x"), []byte("y"), nil) },
		"long index": func(_ *store, b *pebble.Batch, _ record) error {
			return b.Set(append(entryKey(77), 0), []byte("y"), nil)
		},
		"entry too many": func(_ *store, b *pebble.Batch, last record) error {
			r := record{index: last.index + 1, time: last.time, key: []byte("forged"), op: []byte("op")}
			return errors.Join(b.Set(entryKey(r.index), stored(&r), nil), b.Set(headKey("forged"), head{r.index, 0}.append(nil), nil))
		},
		"entry of another key": func(s *store, b *pebble.Batch, _ record) error {
			r, err := s.record(77, new(buffer))
			r.key = []byte("forged")
			return errors.Join(err, b.Set(entryKey(77), stored(&r), nil))
		},
		"entry of another seq": func(s *store, b *pebble.Batch, last record) error {
			last.seq++
			return b.Set(entryKey(last.index), stored(&last), nil)
		},
		"entry under another index": func(s *store, b *pebble.Batch, _ record) error {
			r, err := s.record(76, new(buffer))
			return errors.Join(err, b.Set(entryKey(77), stored(&r), nil))
		},
		"time that goes back": func(s *store, b *pebble.Batch, _ record) error {
			r, err := s.record(77, new(buffer))
			r.time -= 1000
			return errors.Join(err, b.Set(entryKey(77), stored(&r), nil))
		},
		"last entry replaced": func(_ *store, b *pebble.Batch, last record) error { // END knows it
			last.op = []byte("another operation")
			return b.Set(entryKey(last.index), stored(&last), nil)
		},
		"tip of another time": func(s *store, b *pebble.Batch, _ record) error {
			t := *s.tip.Load()
			t.time++
			return b.Set([]byte{tipRow}, t.encode(), nil)
		},
		"tip too low": func(s *store, b *pebble.Batch, last record) error {
			r, err := s.record(last.index-1, new(buffer))
			return errors.Join(err, b.Set([]byte{tipRow}, tip{next: last.index, time: r.time}.encode(), nil))
		},
		"tip with a wrong sum": func(s *store, b *pebble.Batch, _ record) error {
			v := s.tip.Load().encode()
			v[17] ^= 1
			return b.Set([]byte{tipRow}, v, nil)
		},
		"end cut off cleanly": func(s *store, b *pebble.Batch, last record) error { // END knows it
			r, err := s.record(last.index-1, new(buffer))
			return errors.Join(err, b.Delete(entryKey(last.index), nil),
				b.Set(headKey(string(last.key)), head{last.prev, last.seq - 1}.append(nil), nil),
				b.Set([]byte{tipRow}, tip{next: last.index, time: r.time}.encode(), nil))
		},
		"nothing": func(*store, *pebble.Batch, record) error { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			fs := clone(disk)
			l, err := open(fs)
			if err != nil {
				t.Fatal(err)
			}
			last, err := l.store.record(l.store.tip.Load().next-1, new(buffer))
			if err != nil || last.seq == 0 {
				t.Fatalf("the sample ends with entry %d of its key; %v", last.seq, err)
			}
			b := l.store.db.NewBatch()
			if err := errors.Join(fault(l.store, b, last), l.store.db.Apply(b, pebble.Sync)); err != nil {
				t.Fatal(err)
			}
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			if l, err = open(fs); err == nil {
				err = l.Check(t.Context())
				if _, read := readAll(t.Context(), l, keys); strings.HasPrefix(name, "entry") && name != "entry too many" && !errors.Is(read, ledger.ErrCorrupt) {
					t.Errorf("reading: got error %v", read)
				}
				l.Close()
			}
			if name == "nothing" && err != nil || name != "nothing" && !errors.Is(err, ledger.ErrCorrupt) {
				t.Errorf("got error %v", err)
			}
		})
	}
}

func TestCheckCanceled(t *testing.T) {
	fs := vfs.NewCrashableMem()
	sample(t, fs)
	l, err := open(fs)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Check(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want context.Canceled", err)
	}
}
