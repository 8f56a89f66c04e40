package cometledger

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/syndtr/goleveldb/leveldb"
	"github.com/syndtr/goleveldb/leveldb/opt"
	"github.com/syndtr/goleveldb/leveldb/util"

	"github.com/realdid/realdid/did/ledger/proof"
)

// A snapshot is all entries with their anchors, and the epochs between them: what a validator needs to execute everything again. Entries
// never change, so a snapshot takes no room: chunk n of every snapshot is the same, but for the last one of each, and is read from the
// entries when it is asked for. A chunk ends with the entry that makes it chunkSize large or the chunkEntries-th of it.
const (
	chunkSize    = 4 << 20
	chunkEntries = 8192

	snapshotFormat = 1
	keptSnapshots  = 2
)

// A snapshotRecord is a snapshot that is offered.
type snapshotInfo struct {
	_       struct{} `cbor:",toarray"`
	Height  int64
	Entries uint64
	Size    uint64 // leaves of the log
	Last    []byte // SHA-256 of the last chunk, if that is not one that later snapshots have too
}

// A metadata describes a snapshot to those who want it. Its SHA-256 is the snapshot's hash.
type metadata struct {
	_       struct{} `cbor:",toarray"`
	ChainID string
	Entries uint64
	Size    uint64
	Chunks  []byte // SHA-256 of each
}

const maxMetadata = 4 << 20

func parseMetadata(b []byte) (*metadata, error) {
	m := new(metadata)
	if err := decode("snapshot", maxMetadata, b, m); err != nil {
		return nil, err
	}
	if len(m.Chunks) == 0 || len(m.Chunks)%sha256.Size != 0 || m.Entries >= m.Size || checkOrigin(m.ChainID) != nil {
		return nil, malformed("snapshot: %d entries of %d leaves in chunks of %d bytes of hashes", m.Entries, m.Size, len(m.Chunks))
	}
	return m, nil
}

// chunk returns the hash of a chunk.
func (m *metadata) chunk(n uint32) []byte { return m.Chunks[int(n)*sha256.Size:][:sha256.Size] }

// A chunk is a part of a snapshot. Epochs are those after its first entry, and of the first chunk those before it as well.
type chunk struct {
	_       struct{} `cbor:",toarray"`
	Entries []wireEntry
	Epochs  []wireEpoch
}

type wireEpoch struct {
	_       struct{} `cbor:",toarray"`
	Entries uint64
	Time    int64
	MapRoot []byte
}

const maxChunk = 12 << 20 // bytes

// parseChunk reads a chunk whose first entry has the index first.
func parseChunk(b []byte, first uint64) ([]step, []epoch, error) {
	c := new(chunk)
	if err := decode("chunk", maxChunk, b, c); err != nil {
		return nil, nil, err
	}
	steps, last := make([]step, len(c.Entries)), int64(0)
	for i := range c.Entries {
		e := &c.Entries[i]
		if err := e.check(); err != nil {
			return nil, nil, err
		}
		if e.Index != first+uint64(i) || e.Time < last {
			return nil, nil, malformed("chunk: entry %d does not follow", e.Index)
		}
		last = e.Time
		steps[i] = step{operation: operation{Key: e.Key, Seq: e.Seq, Op: e.Op}, at: e.entry().Anchor}
	}
	epochs, end, after := make([]epoch, len(c.Epochs)), first+uint64(len(steps)), first
	for i, e := range c.Epochs {
		if e.Entries < after || e.Entries > end || e.Time < 0 || e.Time > proof.MaxTime || len(e.MapRoot) != proof.HashSize {
			return nil, nil, malformed("chunk: epoch after %d entries", e.Entries)
		}
		after = e.Entries
		epochs[i] = epoch{entries: e.Entries, time: e.Time, mapRoot: proof.Hash(e.MapRoot)}
	}
	return steps, epochs, nil
}

// taking is the making of snapshots, of which there is one at a time.
type taking struct {
	running sync.WaitGroup
	busy    atomic.Bool
	oldest  atomic.Int64 // height of the oldest that is kept; 0: none
}

// snapshot begins a snapshot of v if it is time for one.
func (a *app) snapshot(v *view) {
	if a.opt.Snapshots <= 0 || v.Height%a.opt.Snapshots != 0 || a.taking.busy.Swap(true) {
		return
	}
	snap, err := a.store.db.GetSnapshot()
	if err != nil {
		a.taking.busy.Store(false)
		return
	}
	at := *v
	at.snap = snap
	a.taking.running.Go(func() {
		defer a.taking.busy.Store(false)
		defer snap.Release()
		if err := a.store.takeSnapshot(&at); err == nil {
			_ = a.countSnapshots()
		}
	})
}

// countSnapshots sets the height of the oldest snapshot.
func (a *app) countSnapshots() error {
	list, err := a.store.snapshots()
	if err == nil && len(list) > 0 {
		a.taking.oldest.Store(list[0].Height)
	}
	return err
}

// retain returns the height below which CometBFT may forget blocks; 0: none.
func (a *app) retain(v *view) int64 {
	if a.opt.Retain <= 0 {
		return 0
	}
	height := v.Height - a.opt.Retain + 1
	if oldest := a.taking.oldest.Load(); oldest > 0 {
		height = min(height, oldest) // who restores it needs the blocks after it
	}
	return max(0, height)
}

// snapshots returns those that are offered, the oldest first.
func (s *store) snapshots() ([]snapshotInfo, error) {
	it := s.db.NewIterator(util.BytesPrefix([]byte{snapshotRecord}), nil)
	defer it.Release()
	var list []snapshotInfo
	for it.Next() {
		var i snapshotInfo
		if err := decode("snapshot", 1<<10, it.Value(), &i); err != nil {
			return nil, corrupt("%v", err)
		}
		list = append(list, i)
	}
	return list, storeError("snapshots", it.Error())
}

// takeSnapshot notes the chunks of v that are new, and v as a snapshot.
func (s *store) takeSnapshot(v *view) error {
	closed, start, err := s.closedChunks()
	if err != nil {
		return err
	}
	info := snapshotInfo{Height: v.Height, Entries: v.Entries, Size: v.size(), Last: []byte{}}
	for start < v.Entries || closed == 0 {
		b, end, full, err := v.chunk(start, v.Entries)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(b)
		if !full {
			info.Last = sum[:]
			break
		}
		record := append(binary.BigEndian.AppendUint64(nil, end), sum[:]...)
		if err := s.db.Put(numbered(chunkRecord, closed), record, nil); err != nil {
			return storeError("snapshot", err)
		}
		closed, start = closed+1, end
	}
	list, err := s.snapshots()
	if err != nil {
		return err
	}
	b := new(leveldb.Batch)
	b.Put(numbered(snapshotRecord, uint64(v.Height)), mustEncode(&info))
	for i := 0; i <= len(list)-keptSnapshots; i++ {
		b.Delete(numbered(snapshotRecord, uint64(list[i].Height)))
	}
	return storeError("snapshot", s.db.Write(b, &opt.WriteOptions{Sync: true}))
}

// closedChunks returns how many chunks are noted, and the index after the last entry of them.
func (s *store) closedChunks() (n, end uint64, err error) {
	it := s.db.NewIterator(util.BytesPrefix([]byte{chunkRecord}), nil)
	defer it.Release()
	if !it.Last() {
		return 0, 0, storeError("chunks", it.Error())
	}
	if len(it.Key()) != 9 || len(it.Value()) != 8+sha256.Size {
		return 0, 0, corrupt("chunk: malformed")
	}
	return binary.BigEndian.Uint64(it.Key()[1:]) + 1, binary.BigEndian.Uint64(it.Value()), nil
}

// chunk returns the chunk of v that begins with entry start. It is full if it will be the same in every later snapshot.
func (v *view) chunk(start, limit uint64) (b []byte, end uint64, full bool, err error) {
	c := chunk{Entries: []wireEntry{}, Epochs: []wireEpoch{}}
	it := v.snap.NewIterator(&util.Range{Start: numbered(entryRecord, start), Limit: numbered(entryRecord, limit)}, nil)
	defer it.Release()
	size := 0
	for end = start; !full && it.Next(); end++ {
		if k := it.Key(); len(k) != 9 || binary.BigEndian.Uint64(k[1:]) != end {
			return nil, 0, false, corrupt("entry %d is missing", end)
		}
		e, err := parseEntry(end, append([]byte(nil), it.Value()...))
		if err != nil {
			return nil, 0, false, err
		}
		c.Entries = append(c.Entries, toWire(e))
		size += len(e.Op) + len(e.Key) + 32
		full = size >= chunkSize || len(c.Entries) == chunkEntries
	}
	if err := it.Error(); err != nil {
		return nil, 0, false, storeError("chunk", err)
	}
	if !full && end != limit {
		return nil, 0, false, corrupt("entry %d is missing", end)
	}
	number, err := v.epochAfter(start)
	if err != nil {
		return nil, 0, false, err
	}
	for ; number < v.epochs(); number++ {
		e, err := v.epoch(number)
		if err != nil {
			return nil, 0, false, err
		}
		if e.entries > end {
			break
		}
		c.Epochs = append(c.Epochs, wireEpoch{Entries: e.entries, Time: e.time, MapRoot: e.mapRoot[:]})
	}
	return mustEncode(&c), end, full, nil
}

// epochAfter returns the number of the first epoch that has more than start entries before it; the first of all if start is 0.
func (v *view) epochAfter(start uint64) (uint64, error) {
	if start == 0 {
		return 0, nil
	}
	low, high := uint64(0), v.epochs()
	for low < high {
		middle := (low + high) / 2
		e, err := v.epoch(middle)
		if err != nil {
			return 0, err
		}
		if e.entries > start {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return low, nil
}

// metadata describes a snapshot.
func (s *store) metadata(chainID string, i *snapshotInfo) (*metadata, error) {
	m := &metadata{ChainID: chainID, Entries: i.Entries, Size: i.Size, Chunks: []byte{}}
	it := s.db.NewIterator(util.BytesPrefix([]byte{chunkRecord}), nil)
	defer it.Release()
	for it.Next() {
		b := it.Value()
		if len(b) != 8+sha256.Size {
			return nil, corrupt("chunk: malformed")
		}
		if binary.BigEndian.Uint64(b) > i.Entries {
			break
		}
		m.Chunks = append(m.Chunks, b[8:]...)
	}
	m.Chunks = append(m.Chunks, i.Last...)
	return m, storeError("chunks", it.Error())
}

// ListSnapshots tells which snapshots there are.
func (a *app) ListSnapshots(context.Context, *abci.RequestListSnapshots) (*abci.ResponseListSnapshots, error) {
	r := new(abci.ResponseListSnapshots)
	v := a.store.view()
	if v == nil || v.ChainID == "" {
		return r, nil
	}
	list, err := a.store.snapshots()
	if err != nil {
		return nil, err
	}
	for i := range list {
		m, err := a.store.metadata(v.ChainID, &list[i])
		if err != nil {
			return nil, err
		}
		b := mustEncode(m)
		sum := sha256.Sum256(b)
		r.Snapshots = append(r.Snapshots, &abci.Snapshot{
			Height: uint64(list[i].Height), Format: snapshotFormat, Chunks: uint32(len(m.Chunks) / sha256.Size), Hash: sum[:], Metadata: b,
		})
	}
	return r, nil
}

// LoadSnapshotChunk returns a chunk; nothing if the snapshot is not there any more.
func (a *app) LoadSnapshotChunk(_ context.Context, req *abci.RequestLoadSnapshotChunk) (*abci.ResponseLoadSnapshotChunk, error) {
	r := new(abci.ResponseLoadSnapshotChunk)
	v := a.store.view()
	if v == nil || v.ChainID == "" || req.Format != snapshotFormat {
		return r, nil
	}
	snap, err := a.store.db.GetSnapshot()
	if err != nil {
		return nil, storeError("chunk", err)
	}
	defer snap.Release()
	at := *v
	at.snap = snap
	r.Chunk, err = at.snapshotChunk(req.Height, req.Chunk)
	if errors.Is(err, leveldb.ErrNotFound) {
		return r, nil
	}
	return r, err
}

func (v *view) snapshotChunk(height uint64, n uint32) ([]byte, error) {
	b, err := v.snap.Get(numbered(snapshotRecord, height), nil)
	if err != nil {
		return nil, err
	}
	var info snapshotInfo
	if err := decode("snapshot", 1<<10, b, &info); err != nil {
		return nil, corrupt("%v", err)
	}
	var start uint64
	if n > 0 {
		if b, err = v.snap.Get(numbered(chunkRecord, uint64(n)-1), nil); err != nil {
			return nil, err
		}
		if len(b) != 8+sha256.Size {
			return nil, corrupt("chunk: malformed")
		}
		start = binary.BigEndian.Uint64(b)
	}
	if start > info.Entries || start == info.Entries && n > 0 {
		return nil, fmt.Errorf("%w: chunk %d", leveldb.ErrNotFound, n)
	}
	c, err := v.chunkOf(start, &info)
	return c, err
}

// chunkOf returns the chunk of a snapshot that begins with entry start.
func (v *view) chunkOf(start uint64, info *snapshotInfo) ([]byte, error) {
	at := *v
	f := binary.BigEndian.AppendUint64(nil, info.Size)
	at.Entries, at.Frontier = info.Entries, f // for the number of its epochs
	b, _, _, err := at.chunk(start, info.Entries)
	return b, err
}
