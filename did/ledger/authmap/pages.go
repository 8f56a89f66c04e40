package authmap

import (
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"math"
	"math/bits"
	"sync"

	"github.com/realdid/realdid/did/ledger/proof"
)

// The first slot of the pages file says what it is, and never changes. The rest of it is zeros.
const pagesMagic = "realdid-authmap pages 1\n"

// maxSlots is the greatest number of slots; a [ref] has as many bits for a page.
const maxSlots = 1<<31 - 1

// pages is the file of pages: slots of PageSize bytes, by number. A slot that the last durable index needs, or the
// committed tree, is not written to.
type pages struct {
	file file

	mu     sync.Mutex
	slots  uint32   // in the file, or about to be
	used   []uint64 // bits: by the committed tree, and by what is staged
	base   []uint64 // bits: by the last durable index
	spare  int      // slots below slots that are in neither
	cursor int      // word at which the next search begins
}

func createPages(d directory) (*pages, error) {
	f, err := d.Create(pagesFile)
	if err != nil {
		return nil, err
	}
	b := make([]byte, PageSize)
	binary.BigEndian.PutUint32(b[copy(b, pagesMagic):], PageSize)
	if _, err := f.WriteAt(b, 0); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	p := &pages{file: f}
	p.start(1)
	p.take(0)
	return p, nil
}

func openPages(d directory) (*pages, error) {
	f, err := d.Open(pagesFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, corrupt("%s is missing", pagesFile)
	}
	if err != nil {
		return nil, err
	}
	p := &pages{file: f}
	size, err := f.Size()
	if err != nil {
		return p, err
	}
	b := make([]byte, PageSize)
	if err := readFull(f, b, 0); errors.Is(err, io.ErrUnexpectedEOF) {
		return p, corrupt("%s has %d bytes", pagesFile, size)
	} else if err != nil {
		return p, err
	}
	want := make([]byte, PageSize)
	binary.BigEndian.PutUint32(want[copy(want, pagesMagic):], PageSize)
	if string(b) != string(want) {
		return p, corrupt("%s: the first %d bytes are not those of such a file", pagesFile, PageSize)
	}
	p.start(uint32(min(size/PageSize, maxSlots)))
	p.take(0)
	return p, nil
}

func (p *pages) start(slots uint32) {
	p.slots, p.spare = slots, int(slots)
	p.used = make([]uint64, (int(slots)+63)/64)
	p.base = make([]uint64, len(p.used))
}

// take marks a slot as used; it is false if it is so already, or beyond the end.
func (p *pages) take(slot uint32) bool {
	if slot >= p.slots || p.used[slot/64]&(1<<(slot%64)) != 0 {
		return false
	}
	p.used[slot/64] |= 1 << (slot % 64)
	p.spare--
	return true
}

// alloc fills slots with numbers of free ones, which are used from now on; neighbours if possible.
func (p *pages) alloc(slots []uint32) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if uint64(p.slots)+uint64(len(slots)) > maxSlots {
		return errors.New("no more pages can be numbered")
	}
	for i := range slots {
		if p.spare > 0 {
			slots[i] = p.find()
		} else {
			if int(p.slots)%64 == 0 {
				p.used, p.base = append(p.used, 0), append(p.base, 0)
			}
			slots[i] = p.slots
			p.slots++
			p.spare++
		}
		p.take(slots[i])
	}
	return nil
}

// find returns a spare slot; there must be one.
func (p *pages) find() uint32 {
	for {
		if p.cursor >= len(p.used) {
			p.cursor = 0
		}
		taken := p.used[p.cursor] | p.base[p.cursor]
		if last := uint32(p.cursor+1) * 64; last > p.slots {
			taken |= math.MaxUint64 << (p.slots % 64)
		}
		if taken != math.MaxUint64 {
			return uint32(p.cursor)*64 + uint32(bits.TrailingZeros64(^taken))
		}
		p.cursor++
	}
}

// release says that nobody uses the slot any more, unless the last durable index does.
func (p *pages) release(slot uint32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.used[slot/64] &^= 1 << (slot % 64)
	if p.base[slot/64]&(1<<(slot%64)) == 0 {
		p.spare++
	}
}

// rebase says that the last durable index needs the slots that are used now, and no others.
func (p *pages) rebase() {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for i, w := range p.used {
		n += bits.OnesCount64(w)
		p.base[i] = w
	}
	p.spare = int(p.slots) - n
}

// A scratch is room for one page and its leaves.
type scratch struct {
	page   [PageSize]byte
	leaves []leaf
	hashes []proof.Hash
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// read reads the page n at depth and returns its leaves, which alias s. Every leaf's hash is known then, and the page's
// has been found right.
func (p *pages) read(n *pageNode, depth int, s *scratch) ([]leaf, error) {
	leaves, err := p.decode(n, depth, s)
	if err != nil {
		return nil, err
	}
	if hashLeaves(leaves, depth) != n.hash {
		return nil, p.wrongHash(n)
	}
	return leaves, nil
}

func (p *pages) decode(n *pageNode, depth int, s *scratch) ([]leaf, error) {
	err := readFull(p.file, s.page[:], int64(n.slot)*PageSize)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, corrupt("%s: page %d is beyond the end of the file", pagesFile, n.slot)
	}
	if err != nil {
		return nil, err
	}
	var fault string
	if s.leaves, fault = decodePage(s.leaves[:0], s.page[:], depth); fault != "" {
		return nil, corrupt("%s: page %d: %s", pagesFile, n.slot, fault)
	}
	return s.leaves, nil
}

func (p *pages) wrongHash(n *pageNode) error {
	return corrupt("%s: page %d: its hash is not the one in the trie", pagesFile, n.slot)
}

// write writes pages, which stand one after the other in b, to the slots, as few writes as neighbours allow.
func (p *pages) write(slots []uint32, b []byte) error {
	for len(slots) > 0 {
		n := 1
		for n < len(slots) && slots[n] == slots[n-1]+1 {
			n++
		}
		if _, err := p.file.WriteAt(b[:n*PageSize], int64(slots[0])*PageSize); err != nil {
			return err
		}
		slots, b = slots[n:], b[n*PageSize:]
	}
	return nil
}

// prove reads the page n at depth and returns the head at path, nil if it is absent, and completes the proof.
func (p *pages) prove(n *pageNode, depth int, path proof.Hash, pr *proof.MapProof) (head []byte, err error) {
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	leaves, err := p.decode(n, depth, s)
	if err != nil {
		return nil, err
	}
	hash, siblings, at := proveLeaves(leaves, depth, path, s.hashes[:0])
	if s.hashes = siblings; hash != n.hash {
		return nil, p.wrongHash(n)
	}
	for i := len(siblings) - 1; i >= 0; i-- {
		pr.Siblings = append(pr.Siblings, siblings[i])
	}
	switch {
	case at == nil:
	case at.path == path:
		head = append(head, at.head...)
	default:
		pr.Other = &proof.MapOther{Path: at.path, HeadHash: proof.MapHeadHash(at.head)}
	}
	return head, nil
}
