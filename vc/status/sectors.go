package status

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"

	"github.com/realdid/realdid/internal/syncdir"
	"github.com/realdid/realdid/vc"
)

// The file of an IssuerList: a header, the bits that tell which entries are given away, the values. Each sector of 512 bytes, which a
// disk writes whole or not at all, ends with a checksum over its number and its 508 bytes of content. So there is no moment at which the file
// is not whole, nothing has to be replayed when it is opened, and damage is noticed. A sector that was written and
// not acknowledged leaves an entry that no credential has, which does no harm.
const (
	sectorSize = 512
	payload    = sectorSize - 4
	magic      = "realdid status list 1\n" // the format's version
	maxPurpose = 255
)

// header is the first sector: magic, mechanism, bits of an entry, entries, length of the purpose and the purpose.
type header struct {
	mechanism vc.StatusMechanism
	size      int
	entries   uint64
	purpose   string
}

func (h *header) check() error {
	switch {
	case h.entries == 0 || h.entries > MaxIssuerEntries:
		return fmt.Errorf("%d entries: %w", h.entries, ErrRange)
	case h.mechanism == vc.TokenStatusList && h.purpose != "":
		return errors.New("a Token Status List has no purpose")
	case h.mechanism == vc.TokenStatusList && !tokenSize(int64(h.size)):
		return fmt.Errorf("entries of %d bits: %w", h.size, ErrRange)
	case h.mechanism == vc.TokenStatusList:
		return nil
	case h.mechanism != vc.BitstringStatusList:
		return errors.New("no kind of list that is known")
	case h.purpose == "" || len(h.purpose) > maxPurpose:
		return errors.New("a Bitstring Status List has a purpose of at most 255 bytes")
	case !tokenSize(int64(h.size)):
		return fmt.Errorf("entries of %d bits: %w", h.size, ErrRange)
	case h.entries < MinEntries:
		return errShort
	}
	return nil
}

// fileSize returns how long a file with this header is.
func (h *header) fileSize() int64 {
	values := (h.entries*uint64(h.size) + 7) / 8
	taken := (values*8/uint64(h.size) + 7) / 8
	return sectorSize * (1 + sectorsFor(taken) + sectorsFor(values))
}

func sectorsFor(n uint64) int64 { return int64((n + payload - 1) / payload) }

func (h *header) order() Order {
	if h.mechanism == vc.TokenStatusList {
		return LeastSignificantFirst
	}
	return MostSignificantFirst
}

// final reports whether a value is for good.
func (h *header) final(v uint64) bool {
	return Meaning(vc.StatusReference{Mechanism: h.mechanism, Purpose: h.purpose}, v) == vc.StatusRevoked
}

func (h *header) encode() []byte {
	b := make([]byte, 0, sectorSize)
	b = append(b, magic...)
	b = append(b, byte(h.mechanism), byte(h.size))
	b = binary.BigEndian.AppendUint64(b, h.entries)
	b = append(append(b, byte(len(h.purpose))), h.purpose...)
	return seal(0, b[:payload])
}

func readHeader(f io.ReaderAt) (h header, err error) {
	b := make([]byte, sectorSize)
	if _, err := f.ReadAt(b, 0); err != nil && err != io.EOF {
		return h, err
	}
	rest, ok := bytes.CutPrefix(b, []byte(magic))
	if !ok {
		return h, errors.New("not the file of a status list, or one of a later version")
	}
	if !intact(0, b) {
		return h, fmt.Errorf("%w: its first sector", ErrDamaged)
	}
	h = header{mechanism: vc.StatusMechanism(rest[0]), size: int(rest[1]), entries: binary.BigEndian.Uint64(rest[2:])}
	h.purpose = string(rest[11 : 11+int(rest[10])])
	return h, h.check()
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(number uint64, content []byte) uint32 {
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], number)
	return crc32.Update(crc32.Checksum(n[:], castagnoli), castagnoli, content)
}

// seal appends its checksum to the content of a sector.
func seal(number uint64, content []byte) []byte {
	return binary.BigEndian.AppendUint32(content, checksum(number, content))
}

func intact(number uint64, sector []byte) bool {
	return binary.BigEndian.Uint32(sector[payload:]) == checksum(number, sector[:payload])
}

// area is an array in the file.
type area struct {
	at    int64 // where its first sector begins
	data  []byte
	dirty map[int]struct{} // sectors that are not on the disk
}

func newArea(at int64, data []byte) area { return area{at: at, data: data, dirty: map[int]struct{}{}} }

func (a *area) count() int { return int(sectorsFor(uint64(len(a.data)))) }

func (a *area) end() int64 { return a.at + int64(a.count())*sectorSize }

func (a *area) touch(at uint64) { a.dirty[int(at/payload)] = struct{}{} }

func (a *area) dirtyAll() {
	for i := range a.count() {
		a.dirty[i] = struct{}{}
	}
}

// write is a sector that goes to the disk.
type write struct {
	at int64
	b  []byte
}

// sectors returns the dirty ones, which then are no longer dirty.
func (a *area) sectors() []write {
	out := make([]write, 0, len(a.dirty))
	for i := range a.dirty {
		b := make([]byte, payload, sectorSize)
		copy(b, a.data[i*payload:])
		at := a.at + int64(i)*sectorSize
		out = append(out, write{at, seal(uint64(at/sectorSize), b)})
	}
	clear(a.dirty)
	return out
}

func (a *area) read(f io.ReaderAt) error {
	b := make([]byte, a.end()-a.at)
	if _, err := f.ReadAt(b, a.at); err != nil {
		return err
	}
	for i := range a.count() {
		sector := b[i*sectorSize : (i+1)*sectorSize]
		number := uint64(a.at)/sectorSize + uint64(i)
		if !intact(number, sector) {
			return fmt.Errorf("%w: sector %d", ErrDamaged, number)
		}
		copy(a.data[i*payload:], sector[:payload])
	}
	return nil
}

func writeSectors(f disk, writes []write) error {
	for _, w := range writes {
		if _, err := f.WriteAt(w.b, w.at); err != nil {
			return err
		}
	}
	return f.Sync()
}

// writeNew writes a whole file that must not exist, the header last: without it, it is no list.
func writeNew(path string, head []byte, areas []area) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			os.Remove(path)
		}
	}()
	var writes []write
	for i := range areas {
		writes = append(writes, areas[i].sectors()...)
	}
	if err := writeSectors(f, writes); err != nil {
		return err
	}
	if err := writeSectors(f, []write{{0, head}}); err != nil {
		return err
	}
	return syncdir.Sync(filepath.Dir(path))
}
