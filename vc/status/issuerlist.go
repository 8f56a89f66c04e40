package status

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	mrand "math/rand/v2"
	"os"
	"sync"

	"github.com/realdid/realdid/internal/filelock"
	"github.com/realdid/realdid/vc"
)

// Errors of an IssuerList.
var (
	ErrFull        = errors.New("the list has not so many free entries")
	ErrUnallocated = errors.New("the entry was never given to a credential")
	ErrRevoked     = errors.New("the entry is revoked, which is for good")
	ErrInUse       = errors.New("another program has the list open")
	ErrDamaged     = errors.New("the file is damaged")
)

// MaxIssuerEntries is the largest IssuerList.
const MaxIssuerEntries = 1 << 28

// IssuerList is one list on the issuer's disk: which entries are given to credentials, and what their values are. Nothing that it
// returned without an error is forgotten when the program or the machine stops, and no entry is ever given twice. It is safe for
// concurrent use, and no other program can open the same file meanwhile.
//
// The file has one size for its whole life, 17 KiB for 131,072 entries and twice that with their values of one bit. A copy that is put
// back does not know what was given and revoked since: begin a new list then, and publish the revocations from another source.
type IssuerList struct {
	file disk
	head header

	mu     sync.Mutex
	taken  *Bits
	values *Bits
	free   uint64
	areas  [2]area // of taken and values
	change uint64  // counts what was changed in memory
	broken error   // a write failed: what stands on the disk is not known

	syncing sync.Mutex
	synced  uint64 // the changes that are on the disk
}

// disk is an *os.File, or in tests a disk that loses what was not synced.
type disk interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Sync() error
}

// ListOptions describe a new IssuerList.
type ListOptions struct {
	Mechanism vc.StatusMechanism
	Entries   uint64 // at most MaxIssuerEntries; at least MinEntries for a Bitstring Status List; rounded up to whole bytes
	Size      int    // bits of an entry; 0 means 1
	Purpose   string // Bitstring only
}

// CreateList makes a new list in a file that must not exist. If the program stops before it is done, OpenList refuses the file, and it
// can be deleted: nothing was given away yet.
func CreateList(path string, opt ListOptions) (*IssuerList, error) {
	l, err := createList(path, opt)
	if err != nil {
		return nil, fmt.Errorf("status: create list: %w", err)
	}
	return l, nil
}

func createList(path string, opt ListOptions) (*IssuerList, error) {
	h := header{mechanism: opt.Mechanism, size: max(opt.Size, 1), entries: opt.Entries, purpose: opt.Purpose}
	if err := h.check(); err != nil {
		return nil, err
	}
	l := &IssuerList{head: h}
	if err := l.allocate(); err != nil {
		return nil, err
	}
	l.areas[0].dirtyAll()
	l.areas[1].dirtyAll()
	if err := writeNew(path, l.head.encode(), l.areas[:]); err != nil {
		return nil, err
	}
	return openList(path)
}

// OpenList opens a list that CreateList made.
func OpenList(path string) (*IssuerList, error) {
	l, err := openList(path)
	if err != nil {
		return nil, fmt.Errorf("status: open list: %w", err)
	}
	return l, nil
}

func openList(path string) (l *IssuerList, err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	if ok, err := filelock.Try(f); err != nil {
		return nil, err
	} else if !ok {
		return nil, ErrInUse
	}
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return load(f, st.Size())
}

// load reads a file of so many bytes.
func load(f disk, size int64) (l *IssuerList, err error) {
	l = &IssuerList{file: f}
	if l.head, err = readHeader(f); err != nil {
		return nil, err
	}
	if want := l.head.fileSize(); size != want {
		return nil, fmt.Errorf("%w: %d bytes, want %d", ErrDamaged, size, want)
	}
	if err := l.allocate(); err != nil {
		return nil, err
	}
	for i := range l.areas {
		if err := l.areas[i].read(f); err != nil {
			return nil, err
		}
	}
	for _, b := range l.taken.data {
		l.free -= uint64(bits.OnesCount8(b))
	}
	return l, nil
}

// allocate makes the empty arrays.
func (l *IssuerList) allocate() (err error) {
	if l.values, err = NewBits(l.head.order(), l.head.size, l.head.entries); err != nil {
		return err
	}
	l.free = l.values.Len()
	if l.taken, err = NewBits(LeastSignificantFirst, 1, l.free); err != nil {
		return err
	}
	l.areas[0] = newArea(sectorSize, l.taken.data)
	l.areas[1] = newArea(l.areas[0].end(), l.values.data)
	return nil
}

// Close closes the file.
func (l *IssuerList) Close() error {
	l.syncing.Lock()
	defer l.syncing.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken == nil {
		l.broken = os.ErrClosed
	}
	return l.file.Close()
}

// Options returns what the list was made with.
func (l *IssuerList) Options() ListOptions {
	return ListOptions{Mechanism: l.head.mechanism, Entries: l.values.Len(), Size: l.head.size, Purpose: l.head.purpose}
}

// Free returns how many entries are left to allocate.
func (l *IssuerList) Free() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.free
}

// Allocate gives n entries away that no credential has, each with the same probability, by crypto/rand. It returns when that is on the
// disk; many callers at once share a disk write. Errors: ErrFull, if there are not n left, and then none is given; those of the disk, after
// which the list has to be opened again.
func (l *IssuerList) Allocate(n int) ([]uint64, error) {
	indexes, err := l.reserve(n, 0)
	if err != nil { // some may be given away all the same, to nobody
		return nil, fmt.Errorf("status: allocate: %w", err)
	}
	return indexes, nil
}

// AddDecoys gives n entries the value and no credential, so that the number of revoked credentials cannot be read from the list. Who
// adds some whenever something is revoked hides the times as well. Errors are those of Allocate.
func (l *IssuerList) AddDecoys(n int, value uint64) error {
	if value > uint64(l.values.mask) {
		return fmt.Errorf("status: add decoys: value %d in %d bits: %w", value, l.head.size, ErrRange)
	}
	if _, err := l.reserve(n, value); err != nil {
		return fmt.Errorf("status: add decoys: %w", err)
	}
	return nil
}

func (l *IssuerList) reserve(n int, value uint64) ([]uint64, error) {
	if n < 0 {
		return nil, ErrRange
	}
	l.mu.Lock()
	switch {
	case l.broken != nil:
		defer l.mu.Unlock()
		return nil, l.broken
	case uint64(n) > l.free:
		defer l.mu.Unlock()
		return nil, fmt.Errorf("%w: %d asked for, %d free", ErrFull, n, l.free)
	}
	indexes := make([]uint64, n)
	for i := range indexes {
		at := l.pick()
		indexes[i] = at
		l.taken.Set(at, 1)
		l.areas[0].touch(at / 8)
		l.free--
		if value != 0 {
			l.setValue(at, value)
		}
	}
	l.change++
	upTo := l.change
	l.mu.Unlock()
	return indexes, l.flush(upTo)
}

// pick returns a free entry, each with the same probability.
func (l *IssuerList) pick() uint64 {
	r := mrand.New(secure{})
	for range 64 { // a few tries find one, unless the list is nearly full
		if at := r.Uint64N(l.values.Len()); l.isFree(at) {
			return at
		}
	}
	nth := r.Uint64N(l.free)
	for at := uint64(0); ; at++ {
		if at&7 == 0 && l.taken.data[at/8] == 0xff {
			at += 7
			continue
		}
		if !l.isFree(at) {
			continue
		}
		if nth == 0 {
			return at
		}
		nth--
	}
}

func (l *IssuerList) isFree(at uint64) bool {
	v, _ := l.taken.Get(at)
	return v == 0
}

// secure makes math/rand/v2 draw from crypto/rand.
type secure struct{}

func (secure) Uint64() uint64 {
	var b [8]byte
	rand.Read(b[:]) // never returns an error
	return binary.LittleEndian.Uint64(b[:])
}

// Set gives entries a value, all or none, and returns when that is on the disk. What is revoked stays revoked: value 1 of a Token Status
// List, and every value other than 0 of a Bitstring Status List with the purpose revocation. Errors: ErrRange, ErrUnallocated,
// ErrRevoked; those of the disk, after which the list has to be opened again.
func (l *IssuerList) Set(value uint64, indexes ...uint64) error {
	if err := l.set(value, indexes); err != nil {
		return fmt.Errorf("status: set: %w", err)
	}
	return nil
}

func (l *IssuerList) set(value uint64, indexes []uint64) error {
	l.mu.Lock()
	if err := l.checkSet(value, indexes); err != nil {
		defer l.mu.Unlock()
		return err
	}
	for _, i := range indexes {
		l.setValue(i, value)
	}
	l.change++
	upTo := l.change
	l.mu.Unlock()
	return l.flush(upTo)
}

func (l *IssuerList) checkSet(value uint64, indexes []uint64) error {
	if l.broken != nil {
		return l.broken
	}
	if value > uint64(l.values.mask) {
		return fmt.Errorf("value %d in %d bits: %w", value, l.head.size, ErrRange)
	}
	for _, i := range indexes {
		old, ok := l.values.Get(i)
		switch {
		case !ok:
			return fmt.Errorf("entry %d of %d: %w", i, l.values.Len(), ErrRange)
		case l.isFree(i):
			return fmt.Errorf("entry %d: %w", i, ErrUnallocated)
		case old != value && l.head.final(old):
			return fmt.Errorf("entry %d: %w", i, ErrRevoked)
		}
	}
	return nil
}

func (l *IssuerList) setValue(i, value uint64) {
	l.values.Set(i, value)
	l.areas[1].touch(i << l.values.shift >> 3)
}

// Value returns the value of an entry; ok is false if there is none, or if it was never given to a credential.
func (l *IssuerList) Value(i uint64) (v uint64, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if i >= l.values.Len() || l.isFree(i) {
		return 0, false
	}
	return l.values.Get(i)
}

// Bits returns a copy of the values as they stand on the disk.
func (l *IssuerList) Bits() (*Bits, error) {
	l.mu.Lock()
	b, upTo, err := l.values.Clone(), l.change, l.broken
	l.mu.Unlock()
	if err == nil {
		err = l.flush(upTo) // what is published must not be forgotten
	}
	if err != nil {
		return nil, fmt.Errorf("status: bits: %w", err)
	}
	return b, nil
}

// flush returns when the changes up to a number are on the disk.
func (l *IssuerList) flush(upTo uint64) error {
	l.syncing.Lock()
	defer l.syncing.Unlock()
	if l.synced >= upTo {
		return nil
	}
	l.mu.Lock()
	if err := l.broken; err != nil {
		l.mu.Unlock()
		return err
	}
	upTo = l.change
	writes := append(l.areas[0].sectors(), l.areas[1].sectors()...)
	l.mu.Unlock()
	err := writeSectors(l.file, writes)
	if err != nil {
		l.mu.Lock()
		l.broken = err
		l.mu.Unlock()
		return err
	}
	l.synced = upTo
	return nil
}
