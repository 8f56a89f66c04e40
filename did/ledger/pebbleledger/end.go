package pebbleledger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"time"
)

// Pebble takes a damaged end of its write-ahead log or of its manifest for one that a crash cut short, and goes on without
// it. So the file END says how far the ledger had come: at Close, and at most endEvery after an entry. A ledger that has fewer
// entries, or another one there, is damaged.
//
//	next  uint64  number of entries
//	sum   uint32  of the record of the last one; 0 if there is none
//	check uint32  CRC-32C of all before
//
// Integers are little endian.
const (
	endSize  = 16
	endEvery = time.Second
)

func encodeEnd(t tip) []byte {
	b := binary.LittleEndian.AppendUint64(make([]byte, 0, endSize), t.next)
	b = binary.LittleEndian.AppendUint32(b, t.sum)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// readEnd returns what END says.
func (d directory) readEnd() (next uint64, sum uint32, err error) {
	b, err := d.read(endFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return 0, 0, corrupt("%s is missing", endFile)
	case err != nil:
		return 0, 0, fmt.Errorf("pebbleledger: open: %w", err)
	case len(b) != endSize || binary.LittleEndian.Uint32(b[12:]) != crc32.Checksum(b[:12], castagnoli):
		return 0, 0, corrupt("%s does not match its checksum", endFile)
	}
	return binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint32(b[8:]), nil
}

// checkEnd compares what was opened with END.
func (s *store) checkEnd() error {
	next, sum, err := s.dir.readEnd()
	if err != nil {
		return err
	}
	t := s.tip.Load()
	if t.next < next {
		return corrupt("there are %d entries, and there were %d", t.next, next)
	}
	if next == 0 {
		return nil
	}
	r, err := s.record(next-1, new(buffer))
	if err == nil && r.sum != sum {
		err = corrupt("entry %d is not the one that %s names", next-1, endFile)
	}
	return err
}

// noteEnd writes END after a while, unless that is to happen already.
func (s *store) noteEnd() {
	if !s.endWanted.CompareAndSwap(false, true) {
		return
	}
	s.endTimer = time.AfterFunc(endEvery, func() {
		s.using.RLock()
		defer s.using.RUnlock()
		s.endWanted.Store(false)
		if s.closed.Load() {
			return
		}
		if err := s.writeEnd(); err != nil {
			s.failed.set(err)
		}
	})
}

// writeEnd writes END.
func (s *store) writeEnd() error {
	s.ending.Lock()
	defer s.ending.Unlock()
	if err := s.dir.write(endFile, encodeEnd(*s.tip.Load())); err != nil {
		return wrap("write "+endFile, err)
	}
	return nil
}
