package tlogledger

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
)

// The index leads from keys to leaves. It is made of the log and can be lost: it is written without syncs, and after a crash it is
// that of an earlier moment, from which on the log is read again. Its records, with numbers of 8 bytes, big endian:
//
//	end                  where the log ended: leaves, entries, time of the last entry, frontier
//	head/ KEY            number of entries, length of the state, state
//	place/ KEY / SEQ     position of the leaf, first half of its hash
//	epoch/ ENTRIES       epoch leaf that covers so many entries; of several, the last
const (
	endRecord   = "end"
	headPrefix  = "head/"
	placePrefix = "place/"
	epochPrefix = "epoch/"

	memory = 32 << 20 // bytes for what was written last, and as many for what is read
)

type index struct {
	db     *pebble.DB
	using  sync.RWMutex // pebble panics when it is asked after its end
	closed bool
}

// use holds up closing until done is called.
func (x *index) use() (done func(), err error) {
	x.using.RLock()
	if x.closed {
		x.using.RUnlock()
		return nil, ledger.ErrClosed
	}
	return x.using.RUnlock, nil
}

// An end is where the log ended when the index was made.
type end struct {
	size     uint64    // leaves
	entries  uint64    // among them
	last     time.Time // of the last entry
	frontier *proof.Frontier
}

func openIndex(dir string) (*index, error) {
	opt := &pebble.Options{DisableWAL: true, Logger: silent{}, MemTableSize: memory, CacheSize: memory}
	for i := range opt.Levels {
		opt.Levels[i].FilterPolicy = bloom.FilterPolicy(10) // most heads that are asked for are of new keys
	}
	db, err := pebble.Open(dir, opt)
	if errno := syscall.Errno(0); err != nil && (!errors.As(err, &errno) || errno == syscall.ENOENT) {
		return nil, corrupt("the index: %v", err) // not what the system refuses, so what it holds
	}
	if err != nil {
		return nil, indexError(err)
	}
	return &index{db: db}, nil
}

// silent is a pebble.Logger: what matters comes back as an error.
type silent struct{}

func (silent) Infof(string, ...any)      {}
func (silent) Errorf(string, ...any)     {}
func (silent) Fatalf(f string, a ...any) { panic(fmt.Sprintf(f, a...)) }

func indexError(err error) error {
	if err == nil {
		return nil
	}
	if pebble.IsCorruptionError(err) {
		return corrupt("the index: %v", err)
	}
	return fmt.Errorf("tlogledger: the index: %w", err)
}

// get returns a record; nil if there is none.
func (x *index) get(key []byte) (value []byte, err error) {
	done, err := x.use()
	if err != nil {
		return nil, err
	}
	defer done()
	v, closer, err := x.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, indexError(err)
	}
	return append([]byte{}, v...), indexError(closer.Close())
}

func headKey(key string) []byte { return append([]byte(headPrefix), key...) }

func placeKey(key string, seq uint64) []byte {
	b := append([]byte(placePrefix), key...)
	return binary.BigEndian.AppendUint64(append(b, '/'), seq)
}

func epochKey(entries uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte(epochPrefix), entries)
}

func (x *index) head(key string) (ledger.Head, error) {
	b, err := x.get(headKey(key))
	if err != nil || b == nil {
		return ledger.Head{}, err
	}
	if len(b) < 8 {
		return ledger.Head{}, corrupt("the index has a head of %d bytes", len(b))
	}
	return ledger.Head{Length: binary.BigEndian.Uint64(b), State: b[8:]}, nil
}

// A place is where the leaf of an entry stands, and what it is.
type place struct {
	pos uint64
	sum [proof.HashSize / 2]byte // of its hash, the first half
}

func (p place) holds(leaf []byte) bool {
	hash := proof.LeafHash(leaf)
	return bytes.Equal(hash[:len(p.sum)], p.sum[:])
}

// place returns where an entry stands; ok is false if there is none.
func (x *index) place(key string, seq uint64) (p place, ok bool, err error) {
	b, err := x.get(placeKey(key, seq))
	if err != nil || b == nil {
		return p, false, err
	}
	if len(b) != 8+len(p.sum) {
		return p, false, corrupt("the index has a place of %d bytes", len(b))
	}
	p.pos = binary.BigEndian.Uint64(b)
	copy(p.sum[:], b[8:])
	return p, true, nil
}

// position returns where the leaf of entry stands, or would stand.
func (x *index) position(entry uint64) (uint64, error) {
	done, err := x.use()
	if err != nil {
		return 0, err
	}
	defer done()
	it, err := x.db.NewIter(&pebble.IterOptions{LowerBound: epochKey(0), UpperBound: []byte(epochPrefix + "\xff\xff\xff\xff\xff\xff\xff\xff\xff")})
	if err != nil {
		return 0, indexError(err)
	}
	defer it.Close()
	// Entries up to the number in its key come before an epoch: those behind the last epoch that covers none of it are meant.
	if !it.SeekLT(epochKey(entry + 1)) {
		return entry, indexError(it.Error())
	}
	leaf, err := proof.ParseEpochLeaf(it.Value())
	if err != nil {
		return 0, corrupt("the index has an epoch that is none")
	}
	return leaf.Size + 1 + entry - leaf.Entries, nil
}

// lastEpoch returns the newest epoch; ok is false if there is none.
func (x *index) lastEpoch() (leaf proof.EpochLeaf, ok bool, err error) {
	it, err := x.db.NewIter(&pebble.IterOptions{LowerBound: epochKey(0), UpperBound: []byte(epochPrefix + "\xff\xff\xff\xff\xff\xff\xff\xff\xff")})
	if err != nil {
		return leaf, false, indexError(err)
	}
	defer it.Close()
	if !it.Last() {
		return leaf, false, indexError(it.Error())
	}
	if leaf, err = proof.ParseEpochLeaf(it.Value()); err != nil {
		return leaf, false, corrupt("the index has an epoch that is none")
	}
	return leaf, true, nil
}

// end reads where the log ended.
func (x *index) end() (end, error) {
	b, err := x.get([]byte(endRecord))
	if err != nil || b == nil {
		return end{frontier: new(proof.Frontier)}, err
	}
	r := bytes.NewReader(b)
	var n [3]uint64
	if err := binary.Read(r, binary.BigEndian, &n); err != nil {
		return end{}, corrupt("the index does not say where it ends")
	}
	rest, _ := io.ReadAll(r) // a bytes.Reader does not fail
	f, err := proof.ParseFrontier(rest)
	if err != nil || f.Size() != n[0] {
		return end{}, corrupt("the index has another frontier than end")
	}
	return end{size: n[0], entries: n[1], last: time.Unix(int64(n[2]), 0).UTC(), frontier: f}, nil
}

// An update is what some leaves add to the index.
type update struct{ *pebble.Batch }

func (x *index) update() update { return update{x.db.NewBatch()} }

func (u update) entry(e *ledger.Entry, state []byte, pos uint64, hash proof.Hash) error {
	head := append(binary.BigEndian.AppendUint64(nil, e.Seq+1), state...)
	if err := u.Set(headKey(e.Key), head, nil); err != nil {
		return indexError(err)
	}
	at := append(binary.BigEndian.AppendUint64(nil, pos), hash[:proof.HashSize/2]...)
	return indexError(u.Set(placeKey(e.Key, e.Seq), at, nil))
}

func (u update) epoch(leaf proof.EpochLeaf) error {
	return indexError(u.Set(epochKey(leaf.Entries), leaf.Append(nil), nil))
}

// commit makes the update visible, all at once, with the end that the log has then.
func (u update) commit(to end) error {
	b := binary.BigEndian.AppendUint64(nil, to.size)
	b = binary.BigEndian.AppendUint64(b, to.entries)
	b = binary.BigEndian.AppendUint64(b, uint64(to.last.Unix()))
	if err := u.Set([]byte(endRecord), append(b, to.frontier.Bytes()...), nil); err != nil {
		return indexError(err)
	}
	return indexError(u.Commit(pebble.NoSync))
}

// close flushes, so that the next open need not read much of the log again.
func (x *index) close() error {
	x.using.Lock()
	defer x.using.Unlock()
	if x.closed {
		return nil
	}
	x.closed = true
	return errors.Join(indexError(x.db.Flush()), indexError(x.db.Close()))
}
