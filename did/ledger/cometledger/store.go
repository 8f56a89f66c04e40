package cometledger

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/syndtr/goleveldb/leveldb"
	lerrors "github.com/syndtr/goleveldb/leveldb/errors"
	"github.com/syndtr/goleveldb/leveldb/filter"
	"github.com/syndtr/goleveldb/leveldb/opt"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/authmap"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/internal/filelock"
)

// The store of a node is a goleveldb database, which says what stands, and the authenticated map of package authmap, which
// follows it: what a block adds is one batch of the database, synced, and then one commit of the map. The records of the
// database, integers big endian:
//
//	"f"                      formatText
//	"t"                      tip, in CBOR
//	"e" index                seq (8 bytes), time (8), length of the key (1), key, operation
//	"h" key                  number of entries (8), index of the last (8), state
//	"s" key 0x00 seq         index
//	"b" number               epoch: entries before it (8), time (8), map root (32)
//	"p" height               a snapshot that is offered, in CBOR (snapshot.go)
//	"c" number               a chunk of all snapshots: end (8), SHA-256 (32)
const formatText = "realdid-cometledger 1\n"

const (
	formatRecord   = 'f'
	tipRecord      = 't'
	entryRecord    = 'e'
	headRecord     = 'h'
	seqRecord      = 's'
	epochRecord    = 'b'
	snapshotRecord = 'p'
	chunkRecord    = 'c'
)

const (
	databaseDir = "db"
	mapDir      = "map"
	lockFile    = "LOCK"

	writeBuffer = 8 << 20 // bytes that the database keeps in its journal before it makes a table of them
)

// A store keeps what the blocks added. It has one writer; views are read by anybody.
type store struct {
	dir     string
	reducer ledger.HeadReducer
	lock    *os.File
	db      *leveldb.DB
	m       atomic.Pointer[authmap.Map]
	now     atomic.Pointer[view]
}

// openStore opens the store in dir, makes an empty one if there is none, and brings the map up to the database.
func openStore(ctx context.Context, dir string, reducer ledger.HeadReducer) (*store, error) {
	if reducer == nil {
		return nil, fmt.Errorf("%w: cometledger: no reducer", ledger.ErrInvalid)
	}
	s := &store{dir: dir, reducer: reducer}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *store) open(ctx context.Context) error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return fmt.Errorf("cometledger: open: %w", err)
	}
	if err := s.takeLock(); err != nil {
		return err
	}
	db, err := leveldb.OpenFile(filepath.Join(s.dir, databaseDir), &opt.Options{
		Filter: filter.NewBloomFilter(10), WriteBuffer: writeBuffer, BlockCacheCapacity: 32 << 20,
	})
	if err != nil {
		return storeError("open", err)
	}
	s.db = db
	t, err := s.readTip()
	if err != nil {
		return err
	}
	if t.Restoring { // a state sync that did not end
		return s.renew(ctx)
	}
	m, err := authmap.Open(s.mapPath(), nil)
	if err != nil && !errors.Is(err, authmap.ErrCorrupt) {
		return mapError(err)
	}
	s.m.Store(m)
	if err := s.publish(t); err != nil {
		return err
	}
	if err := s.checkTail(); err != nil {
		return err
	}
	return s.reconcile(ctx)
}

// takeLock makes this the only store that is open on the directory.
func (s *store) takeLock() (err error) {
	if s.lock, err = filelock.Open(filepath.Join(s.dir, lockFile), 0, ledger.ErrLocked); err != nil {
		return fmt.Errorf("cometledger: open: %w", err)
	}
	return nil
}

func (s *store) mapPath() string { return filepath.Join(s.dir, mapDir) }

// readTip returns the tip of the database, and the zero tip of one that is new, which gets its format record.
func (s *store) readTip() (*tip, error) {
	format, err := s.db.Get([]byte{formatRecord}, nil)
	switch {
	case errors.Is(err, leveldb.ErrNotFound):
		it := s.db.NewIterator(nil, nil)
		defer it.Release()
		if it.Next() {
			return nil, corrupt("the database has records and no format")
		}
		t := newTip()
		b := new(leveldb.Batch)
		b.Put([]byte{formatRecord}, []byte(formatText))
		b.Put([]byte{tipRecord}, t.bytes())
		return t, storeError("create", errors.Join(it.Error(), s.db.Write(b, &opt.WriteOptions{Sync: true})))
	case err != nil:
		return nil, storeError("open", err)
	case string(format) != formatText:
		return nil, fmt.Errorf("cometledger: open: the format is %.40q, and this version reads %q", format, formatText)
	}
	b, err := s.db.Get([]byte{tipRecord}, nil)
	if err != nil {
		return nil, storeError("open: tip", err)
	}
	return parseTip(b)
}

// publish makes t and all that is in the database now what readers see.
func (s *store) publish(t *tip) error {
	snap, err := s.db.GetSnapshot()
	if err != nil {
		return storeError("snapshot", err)
	}
	frontier, err := proof.ParseFrontier(t.Frontier)
	if err != nil {
		return corrupt("tip: %v", err)
	}
	v := &view{tip: *t, snap: snap, frontier: frontier}
	cp := proof.Checkpoint{Origin: t.ChainID, Size: frontier.Size(), Root: frontier.Root()}
	v.checkpoint = cp.Append(nil)
	v.appHash = cp.Digest()
	if old := s.now.Swap(v); old != nil {
		old.snap.Release()
	}
	return nil
}

func (s *store) view() *view { return s.now.Load() }

func (s *store) close() error {
	var err error
	if v := s.now.Swap(nil); v != nil {
		v.snap.Release()
	}
	if s.db != nil {
		err = storeError("close", s.db.Close())
		s.db = nil
	}
	if m := s.m.Swap(nil); m != nil {
		err = errors.Join(err, mapError(m.Close()))
	}
	if s.lock != nil {
		err = errors.Join(err, s.lock.Close())
		s.lock = nil
	}
	return err
}

// wipe removes everything and leaves the store closed.
func (s *store) wipe() error {
	if err := s.close(); err != nil {
		return err
	}
	for _, d := range []string{databaseDir, mapDir} {
		if err := os.RemoveAll(filepath.Join(s.dir, d)); err != nil {
			return fmt.Errorf("cometledger: wipe: %w", err)
		}
	}
	return nil
}

// renew removes everything and opens the store again.
func (s *store) renew(ctx context.Context) error {
	if err := s.wipe(); err != nil {
		return err
	}
	return s.open(ctx)
}

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: cometledger: %s", ledger.ErrCorrupt, fmt.Sprintf(format, args...))
}

// storeError gives an error of the database its class.
func storeError(what string, err error) error {
	switch {
	case err == nil:
		return nil
	case lerrors.IsCorrupted(err), errors.Is(err, leveldb.ErrNotFound): // what is asked for must be there
		return corrupt("%s: %v", what, err)
	case errors.Is(err, leveldb.ErrClosed), errors.Is(err, leveldb.ErrSnapshotReleased):
		return fmt.Errorf("%w: cometledger: %s", ledger.ErrClosed, what)
	}
	return fmt.Errorf("cometledger: %s: %w", what, err)
}

func mapError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, authmap.ErrCorrupt):
		return fmt.Errorf("%w: cometledger: %w", ledger.ErrCorrupt, err)
	case errors.Is(err, authmap.ErrClosed):
		return fmt.Errorf("%w: cometledger: %w", ledger.ErrClosed, err)
	case errors.Is(err, authmap.ErrLocked):
		return fmt.Errorf("%w: cometledger: %w", ledger.ErrLocked, err)
	}
	return fmt.Errorf("cometledger: %w", err)
}

// A tip is where the ledger stands after a block.
type tip struct {
	_         struct{} `cbor:",toarray"`
	ChainID   string   // empty before InitChain
	Height    int64    // of the last block executed
	BlockTime int64    // of it, in whole seconds
	Changed   int64    // height of the last block that added entries; 0 for the genesis
	Entries   uint64
	Time      int64  // of the last entry
	EpochTime int64  // of the last epoch
	MapRoot   []byte // of the map
	Frontier  []byte // of the log, which ends in an epoch once there is a chain
	EpochPath []byte // hashes that prove the epoch to be the last leaf
	Restoring bool   // the rest does not count: a snapshot is being restored
}

func newTip() *tip {
	return &tip{MapRoot: make([]byte, proof.HashSize), Frontier: new(proof.Frontier).Bytes(), EpochPath: []byte{}}
}

func (t *tip) bytes() []byte { return mustEncode(t) }

func parseTip(b []byte) (*tip, error) {
	t := new(tip)
	if err := decode("tip", 16<<10, b, t); err != nil {
		return nil, corrupt("%v", err)
	}
	f, err := proof.ParseFrontier(t.Frontier)
	if err != nil || len(t.MapRoot) != proof.HashSize || len(t.EpochPath)%proof.HashSize != 0 || t.Entries > f.Size() ||
		t.Height < 0 || t.Changed < 0 || t.Changed > t.Height {
		return nil, corrupt("tip: out of its limits")
	}
	return t, nil
}

// size returns the number of leaves of the log.
func (t *tip) size() uint64 { return binary.BigEndian.Uint64(t.Frontier) }

// epochs returns how many of them are epochs.
func (t *tip) epochs() uint64 { return t.size() - t.Entries }

// An epoch is the record of an epoch leaf.
type epoch struct {
	entries uint64
	time    int64
	mapRoot proof.Hash
}

func (e *epoch) bytes() []byte {
	b := binary.BigEndian.AppendUint64(nil, e.entries)
	b = binary.BigEndian.AppendUint64(b, uint64(e.time))
	return append(b, e.mapRoot[:]...)
}

func parseEpoch(b []byte) (e epoch, err error) {
	if len(b) != 16+proof.HashSize {
		return e, corrupt("epoch of %d bytes", len(b))
	}
	e.entries, e.time, e.mapRoot = binary.BigEndian.Uint64(b), int64(binary.BigEndian.Uint64(b[8:])), proof.Hash(b[16:])
	if e.time < 0 || e.time > proof.MaxTime {
		return e, corrupt("epoch with time %d", e.time)
	}
	return e, nil
}

// leaf returns the leaf of an epoch that has so many before it.
func (e *epoch) leaf(number uint64) proof.EpochLeaf {
	return proof.EpochLeaf{MapRoot: e.mapRoot, Size: e.entries + number, Entries: e.entries, Time: e.time}
}

func numbered(kind byte, n uint64) []byte { return binary.BigEndian.AppendUint64([]byte{kind}, n) }

func headKey(key string) []byte { return append([]byte{headRecord}, key...) }

func seqKey(key string, seq uint64) []byte {
	b := append(append(make([]byte, 0, len(key)+10), seqRecord), key...)
	return binary.BigEndian.AppendUint64(append(b, 0), seq)
}

func encodeEntry(e *ledger.Entry) []byte {
	b := make([]byte, 0, 17+len(e.Key)+len(e.Op))
	b = binary.BigEndian.AppendUint64(b, e.Seq)
	b = binary.BigEndian.AppendUint64(b, uint64(e.Anchor.Time.Unix()))
	b = append(append(b, byte(len(e.Key))), e.Key...)
	return append(b, e.Op...)
}

// parseEntry reads the record of an entry; Op aliases b.
func parseEntry(index uint64, b []byte) (ledger.Entry, error) {
	if len(b) < 18 || len(b) <= 17+int(b[16]) {
		return ledger.Entry{}, corrupt("entry %d: %d bytes", index, len(b))
	}
	at := int64(binary.BigEndian.Uint64(b[8:]))
	if at < 0 || at > proof.MaxTime {
		return ledger.Entry{}, corrupt("entry %d: time %d", index, at)
	}
	n := 17 + int(b[16])
	return ledger.Entry{
		Key: string(b[17:n]), Seq: binary.BigEndian.Uint64(b), Op: b[n:],
		Anchor: ledger.Anchor{Index: index, Time: time.Unix(at, 0).UTC()},
	}, nil
}

// leaf returns the hash of the leaf of an entry.
func leaf(e *ledger.Entry) proof.Hash {
	return proof.LeafHash(proof.EntryLeaf{Index: e.Anchor.Index, Time: e.Anchor.Time.Unix(), Seq: e.Seq, Key: e.Key, Op: e.Op}.Append(nil))
}
