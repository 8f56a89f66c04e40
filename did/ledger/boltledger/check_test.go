package boltledger

import (
	"context"
	"errors"
	"testing"

	bolt "go.etcd.io/bbolt"

	"github.com/realdid/realdid/did/ledger"
)

// TestCheck plants faults whose checksums are right, as only a program can, and looks whether Check finds them.
func TestCheck(t *testing.T) {
	edit := func(t *testing.T, s *store, f func(snap *snapshot, blocks, entries *bolt.Bucket, tip *tip) error) {
		t.Helper()
		snap := s.view.snap
		next := snap.tip
		next.txid++
		err := s.update(next.txid, func(tx *bolt.Tx) error {
			if err := f(snap, tx.Bucket(headsBucket), tx.Bucket(entriesBucket), &next); err != nil {
				return err
			}
			return tx.Bucket(tipBucket).Put(tipKey, next.encode())
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	// editBlock changes the block that has the head of the last entry.
	editBlock := func(change func(snap *snapshot, b block, i int, tip *tip) block) func(*snapshot, *bolt.Bucket, *bolt.Bucket, *tip) error {
		return func(snap *snapshot, blocks, _ *bolt.Bucket, tip *tip) error {
			r, err := snap.record(snap.next-1, new(buffer))
			if err != nil {
				return err
			}
			fp := snap.salt.fingerprint(r.key)
			number := fp.block(snap.blocks)
			body, old, err := snap.block(number, new(buffer))
			if err != nil {
				return err
			}
			b := decodeBlock(body)
			i, _ := b.find(fp)
			stored, sum := change(snap, b, i, tip).encode(number)
			tip.total += uint64(sum) - uint64(old)
			return blocks.Put(blockKey(number), stored)
		}
	}
	for name, fault := range map[string]func(*snapshot, *bolt.Bucket, *bolt.Bucket, *tip) error{
		"head of an older entry": editBlock(func(snap *snapshot, b block, i int, _ *tip) block {
			r, _ := snap.record(snap.next-1, new(buffer))
			b[i].head = r.prev
			return b
		}),
		"head missing": editBlock(func(_ *snapshot, b block, i int, t *tip) block {
			t.keys--
			return append(b[:i:i], b[i+1:]...)
		}),
		"head of nobody": editBlock(func(_ *snapshot, b block, i int, t *tip) block {
			t.keys++
			extra := b[i]
			extra.fp[15] ^= 1
			return append(b[:i+1:i+1], append(block{extra}, b[i+1:]...)...)
		}),
		"entry missing": func(_ *snapshot, _, entries *bolt.Bucket, _ *tip) error { return entries.Delete(indexKey(77)) },
		"entry too many": func(snap *snapshot, _, entries *bolt.Bucket, t *tip) error {
			r := record{index: snap.next, before: snap.last, time: snap.time, key: []byte("forged"), op: []byte("op")}
			t.next++
			t.indexed = t.next // otherwise it would be an entry like any other
			stored := r.encode()
			t.last = r.sum
			return entries.Put(indexKey(r.index), stored)
		},
		"entry replaced": func(snap *snapshot, _, entries *bolt.Bucket, _ *tip) error {
			r, err := snap.record(77, new(buffer))
			if err != nil {
				return err
			}
			r.op = []byte("another operation")
			return entries.Put(indexKey(77), r.encode())
		},
		"nothing": func(*snapshot, *bolt.Bucket, *bolt.Bucket, *tip) error { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			sample(t, dir)
			s, err := openStore(dir, &Options{})
			if err != nil {
				t.Fatal(err)
			}
			if err := s.finish(); err != nil {
				t.Fatal(err)
			}
			edit(t, s, fault)
			s.close()
			l, err := Open(dir, nil, &Options{InsecureNoReducer: true})
			if err == nil {
				err = l.Check(t.Context())
				l.Close()
			}
			if name == "nothing" && err != nil || name != "nothing" && !errors.Is(err, ledger.ErrCorrupt) {
				t.Errorf("got error %v", err)
			}
		})
	}
}

func TestCheckCanceled(t *testing.T) {
	dir := t.TempDir()
	sample(t, dir)
	l, err := Open(dir, nil, &Options{InsecureNoReducer: true})
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
