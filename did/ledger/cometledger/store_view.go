package cometledger

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/syndtr/goleveldb/leveldb"
	"github.com/syndtr/goleveldb/leveldb/util"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
)

// A view is the ledger after one block. It can be read until a few blocks later, when its methods return ledger.ErrClosed.
type view struct {
	tip
	snap       *leveldb.Snapshot
	frontier   *proof.Frontier
	checkpoint []byte // text
	appHash    proof.Hash
}

// head returns what stands at key; the zero Head for a new key.
func (v *view) head(key string) (ledger.Head, error) {
	b, err := v.snap.Get(headKey(key), nil)
	switch {
	case errors.Is(err, leveldb.ErrNotFound):
		return ledger.Head{}, nil
	case err != nil:
		return ledger.Head{}, storeError("head", err)
	case len(b) < 16:
		return ledger.Head{}, corrupt("head of %d bytes", len(b))
	}
	return ledger.Head{Length: binary.BigEndian.Uint64(b), State: b[16:]}, nil
}

// entry returns the entry with an index below v.Entries.
func (v *view) entry(index uint64) (ledger.Entry, error) {
	b, err := v.snap.Get(numbered(entryRecord, index), nil)
	if err != nil {
		return ledger.Entry{}, storeError(fmt.Sprintf("entry %d", index), err)
	}
	return parseEntry(index, b)
}

// at returns entry seq of key, which must be below its length.
func (v *view) at(key string, seq uint64) (ledger.Entry, error) {
	b, err := v.snap.Get(seqKey(key, seq), nil)
	if err != nil {
		return ledger.Entry{}, storeError("place", err)
	}
	return v.follow(key, seq, b)
}

// follow reads the entry that the record of a place names.
func (v *view) follow(key string, seq uint64, index []byte) (ledger.Entry, error) {
	if len(index) != 8 {
		return ledger.Entry{}, corrupt("place of %d bytes", len(index))
	}
	e, err := v.entry(binary.BigEndian.Uint64(index))
	if err == nil && (e.Key != key || e.Seq != seq) {
		err = corrupt("entry %d is not the one that its place names", e.Anchor.Index)
	}
	return e, err
}

// history calls f for the entries of key from from on until it returns false.
func (v *view) history(key string, from uint64, f func(ledger.Entry) bool) error {
	end := append(append([]byte{seqRecord}, key...), 1)
	it := v.snap.NewIterator(&util.Range{Start: seqKey(key, from), Limit: end}, nil)
	defer it.Release()
	for seq := from; it.Next(); seq++ {
		if k := it.Key(); len(k) != len(key)+10 || binary.BigEndian.Uint64(k[len(k)-8:]) != seq {
			return corrupt("a place is missing, or malformed")
		}
		e, err := v.follow(key, seq, it.Value())
		if err != nil {
			return err
		}
		if !f(e) {
			return nil
		}
	}
	if err := it.Error(); err != nil {
		return storeError("history", err)
	}
	return nil
}

// feed calls f for the entries from index from on until it returns false.
func (v *view) feed(from uint64, f func(ledger.Entry) bool) error {
	it := v.snap.NewIterator(&util.Range{Start: numbered(entryRecord, from), Limit: []byte{entryRecord + 1}}, nil)
	defer it.Release()
	index := from
	for ; it.Next() && index < v.Entries; index++ {
		if k := it.Key(); len(k) != 9 || binary.BigEndian.Uint64(k[1:]) != index {
			return corrupt("entry %d is missing", index)
		}
		e, err := parseEntry(index, append([]byte(nil), it.Value()...))
		if err != nil {
			return err
		}
		if !f(e) {
			return nil
		}
	}
	if err := it.Error(); err != nil {
		return storeError("feed", err)
	}
	if index < v.Entries {
		return corrupt("entry %d is missing", index)
	}
	return nil
}

// epoch returns an epoch by its number.
func (v *view) epoch(number uint64) (epoch, error) {
	b, err := v.snap.Get(numbered(epochRecord, number), nil)
	if err != nil {
		return epoch{}, storeError(fmt.Sprintf("epoch %d", number), err)
	}
	return parseEpoch(b)
}

// lastEpoch returns the leaf with which the log ends.
func (v *view) lastEpoch() proof.EpochLeaf {
	return proof.EpochLeaf{MapRoot: proof.Hash(v.MapRoot), Size: v.size() - 1, Entries: v.Entries, Time: v.EpochTime}
}

// keys calls f for every key with its length, the index of its last entry and its state.
func (v *view) keys(f func(key string, length, last uint64, state []byte) error) error {
	it := v.snap.NewIterator(util.BytesPrefix([]byte{headRecord}), nil)
	defer it.Release()
	for it.Next() {
		b := it.Value()
		if len(b) < 16 {
			return corrupt("head of %d bytes", len(b))
		}
		if err := f(string(it.Key()[1:]), binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:]), b[16:]); err != nil {
			return err
		}
	}
	if err := it.Error(); err != nil {
		return storeError("keys", err)
	}
	return nil
}
