package cometledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"

	"github.com/realdid/realdid/did/ledger/authmap"
	"github.com/realdid/realdid/did/ledger/proof"
)

// tailSize bounds the entries that checkTail reads, in bytes. It is more than the database holds in its journals, of which there are two.
const tailSize = 2*writeBuffer + 4<<20

// checkTail makes sure that nothing is missing from the newest records. The database, when its journal is damaged, passes over what it
// cannot read, and would go on without it; what is in its tables has checksums.
func (s *store) checkTail() error {
	v := s.view()
	if n := v.epochs(); n > 0 && v.ChainID != "" {
		e, err := v.epoch(n - 1)
		if err != nil {
			return err
		}
		if e.leaf(n-1) != v.lastEpoch() {
			return corrupt("the last epoch is not the one of the tip")
		}
	}
	for i, size := v.Entries, 0; i > 0 && size < tailSize; i-- {
		e, err := v.entry(i - 1)
		if err != nil {
			return err
		}
		size += len(e.Op) + 100
		h, err := v.head(e.Key)
		if err != nil {
			return err
		}
		if h.Length <= e.Seq {
			return corrupt("the head of the key of entry %d is older than the entry", i-1)
		}
		at, err := v.at(e.Key, e.Seq)
		if err != nil {
			return err
		}
		if at.Anchor.Index != i-1 {
			return corrupt("entry %d stands in the place of another", i-1)
		}
	}
	return nil
}

// reconcile brings the map up to the database: a block that was committed to the one only is added to the other, and a map that
// cannot be used is built again.
func (s *store) reconcile(ctx context.Context) error {
	v, m := s.view(), s.m.Load()
	if m != nil && m.Version() == v.size() && m.Root() == proof.Hash(v.MapRoot) {
		return nil
	}
	if v.ChainID == "" && v.Entries > 0 { // of what is imported, the map is made when the chain begins
		return s.rebuild(ctx, v)
	}
	if m != nil {
		ok, err := s.catchUp(v, m)
		if ok || err != nil {
			return err
		}
	}
	if err := s.rebuild(ctx, v); err != nil {
		return err
	}
	if s.m.Load().Root() != proof.Hash(v.MapRoot) {
		return corrupt("the states of the keys do not make the map root of the tip")
	}
	return nil
}

// catchUp adds to the map what the database has more than it. ok is false if the map must be built again.
func (s *store) catchUp(v *view, m *authmap.Map) (ok bool, err error) {
	from := m.Version()
	if from >= v.size() || v.epochs() == 0 {
		return false, nil
	}
	var entries uint64
	if from > 0 {
		found := false
		for n := v.epochs(); n > 0 && !found; n-- {
			e, err := v.epoch(n - 1)
			if err != nil {
				return false, err
			}
			if e.entries+n == from {
				if e.mapRoot != m.Root() {
					return false, nil
				}
				entries, found = e.entries, true
			}
			if e.entries+n < from {
				break
			}
		}
		if !found {
			return false, nil
		}
	}
	seen := make(map[string]bool)
	var changes []authmap.Change
	for i := entries; i < v.Entries; i++ {
		e, err := v.entry(i)
		if err != nil {
			return false, err
		}
		if seen[e.Key] {
			continue
		}
		seen[e.Key] = true
		h, err := v.head(e.Key)
		if err != nil {
			return false, err
		}
		record, err := s.reducer.Head(e.Key, h.State)
		if err != nil {
			return false, corrupt("the state of a key has no head record: %v", err)
		}
		changes = append(changes, authmap.Change{Path: proof.MapPath(e.Key), Head: record})
	}
	staged, err := m.Stage(changes)
	if err != nil {
		if errors.Is(err, authmap.ErrCorrupt) {
			return false, nil
		}
		return false, mapError(err)
	}
	if staged.Root() != proof.Hash(v.MapRoot) {
		staged.Discard()
		return false, nil
	}
	return true, mapError(staged.Commit(v.size()))
}

// rebuild makes the map anew from the heads of all keys.
func (s *store) rebuild(ctx context.Context, v *view) error {
	if m := s.m.Swap(nil); m != nil {
		if err := m.Close(); err != nil && !errors.Is(err, authmap.ErrCorrupt) {
			return mapError(err)
		}
	}
	if err := os.RemoveAll(s.mapPath()); err != nil {
		return fmt.Errorf("cometledger: map: %w", err)
	}
	if v.size() > 0 {
		if err := authmap.Build(ctx, s.mapPath(), s.heads(v), &authmap.BuildOptions{Version: v.size()}); err != nil {
			return mapError(err)
		}
	}
	m, err := authmap.Open(s.mapPath(), nil)
	if err != nil {
		return mapError(err)
	}
	s.m.Store(m)
	return nil
}

// heads yields the head record of every key.
func (s *store) heads(v *view) iter.Seq2[authmap.Change, error] {
	return func(yield func(authmap.Change, error) bool) {
		stop := errors.New("stop")
		err := v.keys(func(key string, _, _ uint64, state []byte) error {
			record, err := s.reducer.Head(key, bytes.Clone(state))
			if err != nil {
				return corrupt("the state of a key has no head record: %v", err)
			}
			if !yield(authmap.Change{Path: proof.MapPath(key), Head: record}, nil) {
				return stop
			}
			return nil
		})
		if err != nil && err != stop {
			yield(authmap.Change{}, err)
		}
	}
}

// check reads everything: the entries make the log of the tip, every key's place and head are right, and the heads make the map.
func (s *store) check(ctx context.Context) error {
	v := s.view()
	f, lengths := new(proof.Frontier), make(map[string]uint64)
	var number uint64
	epochs := func(entries uint64) error {
		for ; number < v.epochs(); number++ {
			e, err := v.epoch(number)
			if err != nil {
				return err
			}
			if e.entries > entries {
				return nil
			}
			if e.entries < entries {
				return corrupt("epoch %d is out of order", number)
			}
			f.Append(proof.LeafHash(e.leaf(number).Append(nil)), nil)
		}
		return nil
	}
	for i := range v.Entries {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := epochs(i); err != nil {
			return err
		}
		e, err := v.entry(i)
		if err != nil {
			return err
		}
		if e.Seq != lengths[e.Key] {
			return corrupt("entry %d has seq %d, and its key has %d entries before", i, e.Seq, lengths[e.Key])
		}
		lengths[e.Key]++
		at, err := v.at(e.Key, e.Seq)
		if err != nil {
			return err
		}
		if at.Anchor.Index != i {
			return corrupt("entry %d stands in the place of another", i)
		}
		f.Append(leaf(&e), nil)
	}
	if err := epochs(v.Entries); err != nil {
		return err
	}
	if !bytes.Equal(f.Bytes(), v.Frontier) {
		return corrupt("the entries do not make the log of the tip")
	}
	keys := 0
	err := v.keys(func(key string, length, last uint64, state []byte) error {
		keys++
		if lengths[key] != length {
			return corrupt("a head of %d entries, and there are %d", length, lengths[key])
		}
		record, err := s.reducer.Head(key, bytes.Clone(state))
		if err != nil {
			return corrupt("the state of a key has no head record: %v", err)
		}
		stands, _, err := s.m.Load().Head(proof.MapPath(key))
		if err != nil {
			return mapError(err)
		}
		if !bytes.Equal(stands, record) {
			return corrupt("a head of the map is not that of its key's state")
		}
		if e, err := v.entry(last); err != nil || e.Key != key || e.Seq+1 != length {
			return corrupt("a head does not name the last entry of its key")
		}
		return nil
	})
	if err != nil {
		return err
	}
	if keys != len(lengths) || uint64(keys) != s.m.Load().Len() {
		return corrupt("%d heads of %d keys", keys, len(lengths))
	}
	return mapError(s.m.Load().Check(ctx))
}
