package boltledger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/realdid/realdid/internal/syncdir"
)

// The journal makes appends durable: the records of a group are written behind one another and synced once. bbolt,
// which syncs twice and writes many pages for a commit, gets them later, thousands at a time (fold), and then the files
// are removed, one fold later. Each file is called "journal-" and the index of its first record in 16 hexadecimal digits; what is
// before the tip's next is in the database already. For each record, in the order of the index:
//
//	length uint32  of the record
//	check  uint32  CRC-32C of index (8 bytes, big endian) and length
//	record [length]byte, each byte XOR 0xA5, so that no part of it is a run of zeros
//
// Integers are little endian. A write that was cut short, by a kill or by a power failure, was not acknowledged, and
// is to be told from damage. It leaves the last file ending within a record, or parts of it unwritten, which read as
// zeros. Everything else that does not match is damage.
const (
	journalPrefix = "journal-"
	frameHeader   = 8
	frameMask     = 0xA5
	sector        = 512 // what a disk writes as a whole
	leastZeros    = 16  // bytes, in the part of a sector that belongs to a journal, that do not occur by chance
)

type journal struct {
	dir    string
	noSync bool
	files  []string // all, oldest first; the last is open unless sealed
	last   *os.File // nil if sealed
	size   int64    // of last
	spare  int      // how many of files are in the database
}

func journalName(first uint64) string { return fmt.Sprintf("%s%016x", journalPrefix, first) }

func frameCheck(index uint64, length uint32) uint32 {
	b := binary.LittleEndian.AppendUint32(indexKey(index), length)
	return crc32.Checksum(b, castagnoli)
}

func appendFrame(b []byte, index uint64, stored []byte) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(len(stored)))
	b = binary.LittleEndian.AppendUint32(b, frameCheck(index, uint32(len(stored))))
	b = append(b, stored...)
	mask(b[len(b)-len(stored):])
	return b
}

func mask(b []byte) {
	for i := range b {
		b[i] ^= frameMask
	}
}

// errUnknown marks an error after which it is not known what the next open will find.
var errUnknown = errors.New("boltledger: append: it is not known whether the entries are stored")

// append writes and syncs frames, the first of which is of the record first. If it fails and the error is not
// errUnknown, the journal is as before.
func (j *journal) append(first uint64, frames []byte) error {
	if j.last == nil {
		if err := j.create(first); err != nil {
			return err
		}
	}
	if _, err := j.last.WriteAt(frames, j.size); err != nil {
		err = fmt.Errorf("boltledger: append: %w", err)
		if undone := j.last.Truncate(j.size); undone != nil {
			err = fmt.Errorf("%w: %w", errUnknown, err)
		}
		return err
	}
	if !j.noSync {
		if err := j.last.Sync(); err != nil {
			return fmt.Errorf("%w: %w", errUnknown, err)
		}
	}
	j.size += int64(len(frames))
	return nil
}

func (j *journal) create(first uint64) error {
	path := filepath.Join(j.dir, journalName(first))
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("boltledger: append: %w", err)
	}
	if !j.noSync {
		if err := syncdir.Sync(j.dir); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	j.last, j.size = f, 0
	if !slices.Contains(j.files, path) {
		j.files = append(j.files, path)
	}
	return nil
}

// seal ends the last file and returns the names of all.
func (j *journal) seal() ([]string, error) {
	var err error
	if j.last != nil {
		err = j.last.Close()
		j.last = nil
	}
	return slices.Clone(j.files), err
}

// folded is told that what is in files, which seal returned, is in the database. It removes those that were so before:
// should the newest meta page be damaged, the others make up for it (InsecureDamagedMeta).
func (j *journal) folded(files []string) error {
	var errs []error
	for _, path := range j.files[:j.spare] {
		errs = append(errs, os.Remove(path))
	}
	j.files = j.files[j.spare:]
	j.spare = len(files) - j.spare
	return errors.Join(errs...)
}

// open reads the journal and returns the records that are not in the database, as they are stored. next and last are
// the database's length and the sum of its last record. With resume it cuts off a write that was cut short, and gets
// ready to append to the last file.
func (j *journal) open(next uint64, last uint32, resume bool) ([][]byte, error) {
	names, err := os.ReadDir(j.dir)
	if err != nil {
		return nil, fmt.Errorf("boltledger: open: %w", err)
	}
	j.files = nil
	for _, entry := range names { // in alphabetical order
		if strings.HasPrefix(entry.Name(), journalPrefix) {
			j.files = append(j.files, filepath.Join(j.dir, entry.Name()))
		}
	}
	r := journalReader{next: next, last: last}
	for i, path := range j.files {
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("boltledger: open: %w", err)
		}
		whole, err := r.read(filepath.Base(path), b)
		if err != nil {
			return nil, err
		}
		last := i == len(j.files)-1
		if whole < len(b) && !(last && torn(r.index, b, whole)) {
			return nil, corrupt("%s: entry %d, at byte %d, is damaged", filepath.Base(path), r.index, whole)
		}
		if last && resume && r.index == r.next {
			if err := j.resume(path, int64(whole), whole < len(b)); err != nil {
				return nil, fmt.Errorf("boltledger: open: %w", err)
			}
		}
	}
	return r.records, nil
}

// resume opens the last file, of which size bytes count.
func (j *journal) resume(path string, size int64, cut bool) (err error) {
	if j.last, err = os.OpenFile(path, os.O_RDWR, 0); err != nil {
		return err
	}
	j.size = size
	if cut {
		err = errors.Join(j.last.Truncate(size), j.last.Sync())
	}
	return err
}

type journalReader struct {
	next    uint64   // index of the next record that is not in the database
	last    uint32   // sum of the one before
	records [][]byte // that are not in the database
	index   uint64   // of the next record in the file
}

// read takes in the records of the file b, up to one that does not match, and returns how many bytes they are.
func (r *journalReader) read(name string, b []byte) (whole int, err error) {
	if _, err := fmt.Sscanf(name, journalPrefix+"%x", &r.index); err != nil || name != journalName(r.index) {
		return 0, corrupt("%s is no name of a journal", name)
	}
	if r.index > r.next {
		return 0, corrupt("%s: the entries from %d on are missing", name, r.next)
	}
	for {
		stored, n := frame(r.index, b[whole:])
		if n == 0 {
			return whole, nil
		}
		rec, err := decodeRecord(r.index, stored)
		if err != nil {
			return whole, nil
		}
		if r.index == r.next {
			if rec.before != r.last {
				return whole, corrupt("%s: entry %d does not follow the one before", name, r.index)
			}
			r.records = append(r.records, stored)
			r.next, r.last = r.next+1, rec.sum
		}
		whole += n
		r.index++
	}
}

// frame returns a copy of the record at the beginning of b, and the length of its frame; 0 if it is not whole.
func frame(index uint64, b []byte) (stored []byte, n int) {
	if len(b) < frameHeader {
		return nil, 0
	}
	length := binary.LittleEndian.Uint32(b)
	if binary.LittleEndian.Uint32(b[4:]) != frameCheck(index, length) || uint64(length) > uint64(len(b)-frameHeader) {
		return nil, 0
	}
	n = frameHeader + int(length)
	stored = slices.Clone(b[frameHeader:n])
	mask(stored)
	return stored, n
}

// torn reports whether the frame of record index, which begins at byte at of the last file b and does not match, was
// not written in full.
func torn(index uint64, b []byte, at int) bool {
	rest := b[at:]
	if len(rest) < frameHeader {
		return true
	}
	length := binary.LittleEndian.Uint32(rest)
	if binary.LittleEndian.Uint32(rest[4:]) == frameCheck(index, length) && uint64(length) > uint64(len(rest)-frameHeader) {
		return true
	}
	for at < len(b) {
		end := min(len(b), at-at%sector+sector)
		if part := b[at:end]; len(part) >= leastZeros && !slices.ContainsFunc(part, func(c byte) bool { return c != 0 }) {
			return true
		}
		at = end
	}
	return false
}
