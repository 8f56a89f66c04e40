package cometledger

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/syndtr/goleveldb/leveldb"
	"github.com/syndtr/goleveldb/leveldb/opt"

	"github.com/realdid/realdid/did/ledger/proof"
)

// A restore is a snapshot that is being taken over. Each chunk is executed when it comes, and at the end the log must have the app hash that
// CometBFT's light client verified. Until then the store is marked, and one that is opened with the mark is wiped.
type restore struct {
	height   int64
	appHash  []byte
	metadata *metadata
	next     uint32
	frontier *proof.Frontier
}

// OfferSnapshot begins to take over a snapshot, if the node has no blocks.
func (a *app) OfferSnapshot(ctx context.Context, req *abci.RequestOfferSnapshot) (*abci.ResponseOfferSnapshot, error) {
	a.consensus.Lock()
	defer a.consensus.Unlock()
	answer := func(r abci.ResponseOfferSnapshot_Result) (*abci.ResponseOfferSnapshot, error) {
		return &abci.ResponseOfferSnapshot{Result: r}, nil
	}
	if v := a.store.view(); v == nil || v.Height > 0 && a.restore == nil || a.err() != nil {
		return answer(abci.ResponseOfferSnapshot_ABORT)
	}
	s := req.Snapshot
	if s == nil || s.Format != snapshotFormat {
		return answer(abci.ResponseOfferSnapshot_REJECT_FORMAT)
	}
	m, err := parseMetadata(s.Metadata)
	sum := sha256.Sum256(s.Metadata)
	if err != nil || !bytes.Equal(sum[:], s.Hash) || int(s.Chunks) != len(m.Chunks)/sha256.Size || s.Height == 0 || s.Height >= 1<<62 {
		return answer(abci.ResponseOfferSnapshot_REJECT)
	}
	if err := a.clear(ctx); err != nil {
		return nil, a.fail(err)
	}
	t := newTip()
	t.Restoring = true
	if err := a.store.db.Put([]byte{tipRecord}, t.bytes(), &opt.WriteOptions{Sync: true}); err != nil {
		return nil, a.fail(storeError("restore", err))
	}
	a.restore = &restore{height: int64(s.Height), appHash: req.AppHash, metadata: m, frontier: new(proof.Frontier)}
	return answer(abci.ResponseOfferSnapshot_ACCEPT)
}

// clear makes the store that of a new node.
func (a *app) clear(ctx context.Context) error {
	a.restore = nil
	return a.store.renew(ctx)
}

// ApplySnapshotChunk executes a chunk.
func (a *app) ApplySnapshotChunk(ctx context.Context, req *abci.RequestApplySnapshotChunk) (*abci.ResponseApplySnapshotChunk, error) {
	a.consensus.Lock()
	defer a.consensus.Unlock()
	r := a.restore
	switch {
	case r == nil || a.err() != nil:
		return &abci.ResponseApplySnapshotChunk{Result: abci.ResponseApplySnapshotChunk_ABORT}, nil
	case req.Index != r.next:
		return &abci.ResponseApplySnapshotChunk{Result: abci.ResponseApplySnapshotChunk_RETRY_SNAPSHOT}, nil
	}
	if sum := sha256.Sum256(req.Chunk); !bytes.Equal(sum[:], r.metadata.chunk(req.Index)) { // the sender's fault, not the snapshot's
		again := &abci.ResponseApplySnapshotChunk{Result: abci.ResponseApplySnapshotChunk_RETRY, RefetchChunks: []uint32{req.Index}}
		if req.Sender != "" {
			again.RejectSenders = []string{req.Sender}
		}
		return again, nil
	}
	wrong, err := a.restoreChunk(ctx, req.Chunk)
	if err != nil {
		return nil, a.fail(err)
	}
	if wrong != nil {
		if err := a.clear(ctx); err != nil {
			return nil, a.fail(err)
		}
		return &abci.ResponseApplySnapshotChunk{Result: abci.ResponseApplySnapshotChunk_REJECT_SNAPSHOT}, nil
	}
	return &abci.ResponseApplySnapshotChunk{Result: abci.ResponseApplySnapshotChunk_ACCEPT}, nil
}

// restoreChunk adds a chunk to the store, and ends the restore with the last. wrong says what the snapshot says that is not so.
func (a *app) restoreChunk(ctx context.Context, b []byte) (wrong, err error) {
	r, s := a.restore, a.store
	v := s.view()
	steps, epochs, err := parseChunk(b, v.Entries)
	if err != nil {
		return err, nil
	}
	if len(steps) > 0 && steps[0].at.Time.Unix() < v.Time {
		return malformed("snapshot: time goes back"), nil
	}
	x, err := newExecution(a.reducer, steps, 0, v.head)
	if err != nil {
		return nil, err
	}
	x.run()
	if i := x.refused(); i >= 0 {
		return malformed("snapshot: entry %d does not stand: %s", steps[i].at.Index, x.steps[i].text), nil
	}
	c := &change{s: s, tip: v.tip, batch: new(leveldb.Batch)}
	c.add(x, r.frontier, epochs)
	r.next++
	c.tip.Restoring = true
	last := int(r.next) == len(r.metadata.Chunks)/sha256.Size
	if last {
		if wrong := r.check(&c.tip); wrong != nil {
			return wrong, nil
		}
	}
	// The mark stays in the database until all is there; what is published is what the next chunk is executed on.
	c.batch.Put([]byte{tipRecord}, c.tip.bytes())
	if err := s.db.Write(c.batch, nil); err != nil {
		return nil, storeError("restore", err)
	}
	if err := s.publish(&c.tip); err != nil || !last {
		return nil, err
	}
	return a.finishRestore(ctx)
}

// check compares the end of the log with what the snapshot was to be.
func (r *restore) check(t *tip) error {
	m := r.metadata
	if t.Entries != m.Entries || t.size() != m.Size {
		return malformed("snapshot: %d entries of %d leaves, and %d of %d were announced", t.Entries, t.size(), m.Entries, m.Size)
	}
	cp := proof.Checkpoint{Origin: m.ChainID, Size: m.Size, Root: r.frontier.Root()}
	if digest := cp.Digest(); !bytes.Equal(digest[:], r.appHash) {
		return malformed("snapshot: app hash %x, and the chain has %x", digest, r.appHash)
	}
	return nil
}

// finishRestore makes the map, which must have the root that the log ends in, and takes away the mark.
func (a *app) finishRestore(ctx context.Context) (wrong, err error) {
	s, v := a.store, a.store.view()
	if err := s.rebuild(ctx, v); err != nil {
		return nil, err
	}
	if s.m.Load().Root() != proof.Hash(v.MapRoot) {
		return malformed("snapshot: the states of the keys do not make the map root"), nil
	}
	t := v.tip
	t.ChainID, t.Height, t.Changed, t.BlockTime, t.Restoring = a.restore.metadata.ChainID, a.restore.height, a.restore.height, t.EpochTime, false
	if err := s.db.Put([]byte{tipRecord}, t.bytes(), &opt.WriteOptions{Sync: true}); err != nil {
		return nil, storeError("restore", err)
	}
	if err := s.publish(&t); err != nil {
		return nil, err
	}
	if hash := s.view().appHash; !bytes.Equal(hash[:], a.restore.appHash) {
		return nil, fmt.Errorf("cometledger: restore: app hash %x, and the chain has %x", hash, a.restore.appHash)
	}
	a.restore = nil
	a.pool.clear(s.view())
	return nil, nil
}
