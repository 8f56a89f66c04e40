package authmap

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/realdid/realdid/did/ledger/proof"
)

// A journal is a file of sectors: one that says what it is, and records, each of which begins with a sector and is filled
// up with zeros to the end of one. It is written and synced record by record and never written over; all numbers are big
// endian.
//
//	first sector  journalMagic, u64 generation, 16 random bytes (salt), u64 version, u64 heads and root of the map at the
//	              checkpoint, SHA-256 of all that, zeros
//	record        recordMagic, u32 number of changes, u64 bytes that they take, u64 heads and root before, u64 version,
//	              u64 heads and root after, SHA-256 of (salt, u64 place of the record in the file, all that);
//	              each change: 32 bytes path, u16 length of the head, the head; in the order of the paths;
//	              SHA-256 of (the SHA-256 above, the changes)
//
// A record that was being written when the machine failed lacks sectors: the file ends before it does, or they read as
// zeros. It is the last one, and does not count. Any other record that is not as it should be is damage.
const (
	sector       = 512
	journalMagic = "realdid-authmap journal 1\n"
	recordMagic  = "rec\n"
	recordHead   = 4 + 4 + 8 + 8 + 8 + 32 + 32 + 8 + 32
)

type journal struct {
	file    file
	name    string
	salt    [16]byte
	size    int64
	records int
}

// A snapshot is what a checkpoint, or a record, says of the map as a whole.
type snapshot struct {
	version uint64
	count   uint64
	root    proof.Hash
}

func (s *snapshot) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, s.version)
	b = binary.BigEndian.AppendUint64(b, s.count)
	return append(b, s.root[:]...)
}

const snapshotSize = 8 + 8 + 32

func parseSnapshot(b []byte) snapshot {
	return snapshot{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:]), proof.Hash(b[16:])}
}

func generationName(prefix string, generation uint64) string {
	return fmt.Sprintf("%s%016x", prefix, generation)
}

// createJournal makes an empty journal that is durable when it returns, except for its name.
func createJournal(d directory, generation uint64, at *snapshot) (*journal, error) {
	j := &journal{name: generationName(recordFile, generation), size: sector}
	if _, err := rand.Read(j.salt[:]); err != nil {
		return nil, err
	}
	b := binary.BigEndian.AppendUint64([]byte(journalMagic), generation)
	b = at.append(append(b, j.salt[:]...))
	sum := sha256.Sum256(b)
	b = append(b, sum[:]...)
	var err error
	if j.file, err = d.Create(j.name); err != nil {
		return nil, err
	}
	if _, err = j.file.WriteAt(append(b, make([]byte, sector-len(b))...), 0); err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		return nil, errors.Join(err, j.file.Close())
	}
	return j, nil
}

// openJournal opens the journal of a generation whose index says at.
func openJournal(d directory, generation uint64, at *snapshot) (*journal, error) {
	j := &journal{name: generationName(recordFile, generation), size: sector}
	var err error
	if j.file, err = d.Open(j.name); errors.Is(err, fs.ErrNotExist) {
		return nil, corrupt("%s is missing", j.name)
	} else if err != nil {
		return nil, err
	}
	b := make([]byte, sector)
	if err := readFull(j.file, b, 0); errors.Is(err, io.ErrUnexpectedEOF) {
		return j, corrupt("%s: the first sector is cut off", j.name)
	} else if err != nil {
		return j, err
	}
	want := binary.BigEndian.AppendUint64([]byte(journalMagic), generation)
	copy(j.salt[:], b[len(want):])
	want = at.append(append(want, j.salt[:]...))
	sum := sha256.Sum256(want)
	want = append(want, sum[:]...)
	if !bytes.Equal(b, append(want, make([]byte, sector-len(want))...)) {
		return j, corrupt("%s: the first sector is not one that follows the index", j.name)
	}
	return j, nil
}

// newRecord returns room for the head of a record, to which appendChange adds.
func newRecord(room int) []byte { return make([]byte, recordHead, recordHead+room+sha256.Size+sector) }

func appendChange(b []byte, path proof.Hash, head []byte) []byte {
	b = append(b, path[:]...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(head)))
	return append(b, head...)
}

// append writes a record, made by newRecord and appendChange, and syncs it. The journal cannot be used after an error.
func (j *journal) append(record []byte, changes int, before, after *snapshot) error {
	h := append(record[:0], recordMagic...)
	h = binary.BigEndian.AppendUint32(h, uint32(changes))
	h = binary.BigEndian.AppendUint64(h, uint64(len(record)-recordHead))
	h = binary.BigEndian.AppendUint64(h, before.count)
	h = append(h, before.root[:]...)
	h = after.append(h)
	sum := j.headSum(h, j.size)
	copy(record[len(h):], sum[:])
	sum = sha256.Sum256(record[recordHead-sha256.Size:])
	record = append(record, sum[:]...)
	record = append(record, make([]byte, padding(len(record)))...)
	if _, err := j.file.WriteAt(record, j.size); err != nil {
		return err
	}
	if err := j.file.Sync(); err != nil {
		return err
	}
	j.size += int64(len(record))
	j.records++
	return nil
}

func padding(n int) int { return (sector - n%sector) % sector }

func (j *journal) headSum(h []byte, at int64) [sha256.Size]byte {
	b := binary.BigEndian.AppendUint64(append(make([]byte, 0, 256), j.salt[:]...), uint64(at))
	return sha256.Sum256(append(b, h...))
}

// replay calls apply with each record. It stops at one that was never completed.
func (j *journal) replay(apply func(changes []Change, before, after *snapshot) error) error {
	size, err := j.file.Size()
	if err != nil {
		return err
	}
	for j.size < size {
		head := make([]byte, min(sector, size-j.size))
		if err := readFull(j.file, head, j.size); err != nil {
			return err
		}
		if len(head) < sector {
			return nil // cut within the first sector
		}
		const sumAt = recordHead - sha256.Size
		sum := j.headSum(head[:sumAt], j.size)
		if !bytes.Equal(head[sumAt:recordHead], sum[:]) || string(head[:4]) != recordMagic {
			if isZero(head) {
				return j.nothingAfter(j.size+sector, size)
			}
			return corrupt("%s: no record at %d", j.name, j.size)
		}
		body := binary.BigEndian.Uint64(head[8:])
		if body > uint64(size-j.size) {
			return nil // cut
		}
		total := recordHead + int64(body) + sha256.Size
		if total += int64(padding(int(total))); total > size-j.size {
			return nil // cut
		}
		record := make([]byte, total)
		if err := readFull(j.file, record, j.size); err != nil {
			return err
		}
		end := recordHead + int(body)
		sum = sha256.Sum256(record[sumAt:end])
		if !bytes.Equal(record[end:end+sha256.Size], sum[:]) || !isZero(record[end+sha256.Size:]) {
			if total < size-j.size || !lacksSector(record) {
				return corrupt("%s: the record at %d does not have its checksum", j.name, j.size)
			}
			return nil
		}
		changes, ok := parseChanges(record[recordHead:end], binary.BigEndian.Uint32(head[4:]))
		if !ok {
			return corrupt("%s: the record at %d does not have the changes that it announces", j.name, j.size)
		}
		before := snapshot{count: binary.BigEndian.Uint64(head[16:]), root: proof.Hash(head[24:])}
		after := parseSnapshot(head[24+proof.HashSize:])
		if err := apply(changes, &before, &after); err != nil {
			return err
		}
		j.size += total
		j.records++
	}
	return nil
}

// nothingAfter returns an error if there is a record in what follows one whose first sector was never written.
func (j *journal) nothingAfter(from, size int64) error {
	head := make([]byte, sector)
	for ; from+sector <= size; from += sector {
		if err := readFull(j.file, head, from); err != nil {
			return err
		}
		const sumAt = recordHead - sha256.Size
		if sum := j.headSum(head[:sumAt], from); bytes.Equal(head[sumAt:recordHead], sum[:]) {
			return corrupt("%s: no record at %d, but one at %d", j.name, j.size, from)
		}
	}
	return nil
}

// parseChanges reads n changes, which alias b and take all of it.
func parseChanges(b []byte, n uint32) ([]Change, bool) {
	if uint64(n)*(leafHeader+1) > uint64(len(b)) {
		return nil, false
	}
	changes := make([]Change, n)
	for i := range changes {
		var ok bool
		if changes[i].Path, changes[i].Head, b, ok = cutChange(b); !ok {
			return nil, false
		}
	}
	return changes, len(b) == 0
}

// cutChange reads what appendChange wrote; it is false if b does not begin with all of that.
func cutChange(b []byte) (path proof.Hash, head, rest []byte, ok bool) {
	if len(b) < leafHeader {
		return path, nil, b, false
	}
	size := int(binary.BigEndian.Uint16(b[proof.HashSize:]))
	if size == 0 || size > proof.MaxHeadSize || size > len(b)-leafHeader {
		return path, nil, b, false
	}
	end := leafHeader + size
	return proof.Hash(b), b[leafHeader:end:end], b[end:], true
}

func isZero(b []byte) bool { return len(bytes.TrimLeft(b, "\x00")) == 0 }

// lacksSector reports whether a sector of b was never written.
func lacksSector(b []byte) bool {
	for ; len(b) >= sector; b = b[sector:] {
		if isZero(b[:sector]) {
			return true
		}
	}
	return false
}
