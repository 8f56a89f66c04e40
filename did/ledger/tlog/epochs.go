package tlog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"sort"
	"sync/atomic"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
)

// The file epochs leads from an entry's index to its leaf: an entry stands behind as many epoch leaves as there were
// epochs before it. It has one record of 28 bytes for each epoch, in their order, and nothing else; big endian:
//
//	size     uint64  leaves before the epoch's
//	entries  uint64  entries among them
//	time     uint64  of the epoch, seconds since 1970
//	sum      uint32  CRC-32C of the record's number (8 bytes) and of the above
//
// The last record is also what says how long the log is. What stands behind the last whole record was not
// finished, and the next epoch is written over it.
const epochRecord = 8 + 8 + 8 + 4

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// An epoch is a record of the file.
type epoch struct {
	size, entries uint64
	time          int64
}

func (e epoch) encode(number uint64) []byte {
	b := make([]byte, 0, epochRecord)
	b = binary.BigEndian.AppendUint64(b, e.size)
	b = binary.BigEndian.AppendUint64(b, e.entries)
	b = binary.BigEndian.AppendUint64(b, uint64(e.time))
	return binary.BigEndian.AppendUint32(b, epochSum(number, b))
}

func epochSum(number uint64, b []byte) uint32 {
	return crc32.Update(crc32.Checksum(binary.BigEndian.AppendUint64(nil, number), castagnoli), castagnoli, b)
}

// epochs is the open file. Records are read by anybody and appended by one at a time.
type epochs struct {
	f    *os.File
	disk disk
	n    atomic.Uint64 // records
}

func openEpochs(path string) (*epochs, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("tlog: open: %w", err)
	}
	e := &epochs{f: f}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("tlog: open: %w", err), f.Close())
	}
	e.n.Store(uint64(info.Size()) / epochRecord)
	return e, nil
}

// read returns a record.
func (e *epochs) read(number uint64) (epoch, error) {
	var b [epochRecord]byte
	if _, err := e.f.ReadAt(b[:], int64(number)*epochRecord); err != nil {
		if errors.Is(err, os.ErrClosed) {
			return epoch{}, ledger.ErrClosed
		}
		return epoch{}, fmt.Errorf("tlog: epochs: record %d: %w", number, err)
	}
	if binary.BigEndian.Uint32(b[24:]) != epochSum(number, b[:24]) {
		return epoch{}, corrupt("epochs: record %d does not match its checksum", number)
	}
	r := epoch{
		size: binary.BigEndian.Uint64(b[:]), entries: binary.BigEndian.Uint64(b[8:]),
		time: int64(binary.BigEndian.Uint64(b[16:])),
	}
	if r.time < 0 || r.time > proof.MaxTime || r.entries+number != r.size {
		return epoch{}, corrupt("epochs: record %d is malformed", number)
	}
	return r, nil
}

// put writes records from number on, which may overwrite what an earlier attempt left, and returns when they are durable.
func (e *epochs) put(number uint64, records []epoch) error {
	var b []byte
	for i, r := range records {
		b = append(b, r.encode(number+uint64(i))...)
	}
	if _, err := e.f.WriteAt(b, int64(number)*epochRecord); err != nil {
		return fmt.Errorf("tlog: epochs: %w", err)
	}
	if err := e.disk.sync(e.f); err != nil {
		return fmt.Errorf("tlog: epochs: %w", err)
	}
	e.n.Store(number + uint64(len(records)))
	return nil
}

// before returns how many of the first n epochs cover no more than entry entries, which is how many epoch leaves stand
// before that entry.
func (e *epochs) before(entry, n uint64) (uint64, error) {
	return e.search(n, func(r epoch) bool { return r.entries > entry })
}

// find returns the number of the epoch whose leaf is at size, of the first n; ok is false if there is none.
func (e *epochs) find(size, n uint64) (number uint64, ok bool, err error) {
	number, err = e.search(n, func(r epoch) bool { return r.size >= size })
	if err != nil || number == n {
		return 0, false, err
	}
	r, err := e.read(number)
	return number, r.size == size, err
}

// search returns the first of n records for which f is true, or n. f is false for those before and true for those after.
func (e *epochs) search(n uint64, f func(epoch) bool) (uint64, error) {
	var failed error
	i := sort.Search(int(n), func(i int) bool {
		r, err := e.read(uint64(i))
		if err != nil {
			failed = err
			return true
		}
		return f(r)
	})
	return uint64(i), failed
}
