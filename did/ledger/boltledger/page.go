package boltledger

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
	"sort"
	"sync"

	"github.com/realdid/realdid/did/ledger"
)

// This file reads bbolt's file format (version 2) with every offset checked. bbolt itself follows the offsets and page
// numbers of a damaged file wherever they lead: into other pages, into a fault, or round in circles until the stack is
// used up, which no Go program survives. All reading therefore goes through here, by ReadAt and not by a memory map,
// and bbolt only writes, along pages that were walked here first.
//
// The file is an array of pages. Pages 0 and 1 are meta pages, written in turn. A page begins with
// id uint64, flags uint16, count uint16, overflow uint32, in the machine's byte order, followed by count elements:
// pos uint32, ksize uint32, child uint64 in a branch; flags, pos, ksize, vsize uint32 in a leaf. pos counts from the
// element's own beginning to its key; a leaf's value follows the key.
const (
	pageHeader  = 16
	elementSize = 16
	bucketSize  = 16 // root page uint64, sequence uint64, in front of an inline page
	metaSize    = 64

	branchFlag   = 0x01
	leafFlag     = 0x02
	metaFlag     = 0x04
	freelistFlag = 0x10

	boltMagic   = 0xED0CDAED
	boltVersion = 2
	noFreelist  = ^uint64(0)

	maxDepth    = 24 // of a tree: at least two children a branch, so more than 2^24 pages
	maxOverflow = 1 << 16
)

var order = binary.NativeEndian

// corrupt returns an error that is ErrCorrupt and says where.
func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ledger.ErrCorrupt, fmt.Sprintf(format, args...))
}

// A pager reads the pages of one file.
type pager struct {
	file io.ReaderAt
	size int // of a page, bytes
}

// A page is a branch or a leaf, all of whose elements have been checked to lie inside it.
type page struct {
	id       uint64
	leaf     bool
	count    int
	overflow uint64
	data     []byte
}

// A buffer is room for a page that is being read.
type buffer struct{ b []byte }

var buffers = sync.Pool{New: func() any { return new(buffer) }}

func (b *buffer) take(n int) []byte {
	if cap(b.b) < n {
		b.b = make([]byte, n)
	}
	return b.b[:n]
}

// raw reads page id and its overflow into buf; the page must lie below limit.
func (p pager) raw(id, limit uint64, buf *buffer) ([]byte, error) {
	if id < 2 || id >= limit {
		return nil, corrupt("page %d is referred to, of %d", id, limit)
	}
	data := buf.take(p.size)
	if err := p.readAt(data, id); err != nil {
		return nil, err
	}
	if got := order.Uint64(data); got != id {
		return nil, corrupt("page %d says that it is page %d", id, got)
	}
	overflow := uint64(order.Uint32(data[12:]))
	if overflow == 0 {
		return data, nil
	}
	if overflow > maxOverflow || id+overflow >= limit {
		return nil, corrupt("page %d says that it goes on for %d pages", id, overflow)
	}
	data = buf.take(p.size * int(1+overflow))
	return data, p.readAt(data, id)
}

func (p pager) readAt(data []byte, id uint64) error {
	_, err := p.file.ReadAt(data, int64(id)*int64(p.size))
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return corrupt("page %d is beyond the end of the file", id)
	}
	if err != nil {
		return fmt.Errorf("boltledger: read page %d: %w", id, err)
	}
	return nil
}

// page reads a branch or leaf.
func (p pager) page(id, limit uint64, buf *buffer) (page, error) {
	data, err := p.raw(id, limit, buf)
	if err != nil {
		return page{}, err
	}
	return parsePage(id, data)
}

func parsePage(id uint64, data []byte) (page, error) {
	if len(data) < pageHeader {
		return page{}, corrupt("page %d is cut off", id)
	}
	flags := order.Uint16(data[8:])
	pg := page{
		id: id, leaf: flags == leafFlag, count: int(order.Uint16(data[10:])),
		overflow: uint64(order.Uint32(data[12:])), data: data,
	}
	if flags != leafFlag && flags != branchFlag {
		return page{}, corrupt("page %d has type %#x, not branch or leaf", id, flags)
	}
	if pageHeader+pg.count*elementSize > len(data) || !pg.leaf && pg.count == 0 {
		return page{}, corrupt("page %d says that it has %d elements", id, pg.count)
	}
	for i := range pg.count {
		at, pos, size := pg.element(i)
		if uint64(at)+uint64(pos)+size > uint64(len(data)) || pos < elementSize {
			return page{}, corrupt("page %d: element %d lies outside", id, i)
		}
	}
	return pg, nil
}

// element returns where element i begins, where its key begins from there, and the size of key and value.
func (pg *page) element(i int) (at int, pos uint32, size uint64) {
	at = pageHeader + i*elementSize
	e := pg.data[at:]
	if pg.leaf {
		return at, order.Uint32(e[4:]), uint64(order.Uint32(e[8:])) + uint64(order.Uint32(e[12:]))
	}
	return at, order.Uint32(e), uint64(order.Uint32(e[4:]))
}

func (pg *page) key(i int) []byte {
	at := pageHeader + i*elementSize
	e := pg.data[at:]
	pos, n := order.Uint32(e), order.Uint32(e[4:])
	if pg.leaf {
		pos, n = order.Uint32(e[4:]), order.Uint32(e[8:])
	}
	return e[pos : pos+n]
}

func (pg *page) child(i int) uint64 { return order.Uint64(pg.data[pageHeader+i*elementSize+8:]) }

// value returns the value and the flags of element i of a leaf.
func (pg *page) value(i int) (value []byte, flags uint32) {
	e := pg.data[pageHeader+i*elementSize:]
	from := order.Uint32(e[4:]) + order.Uint32(e[8:])
	return e[from : from+order.Uint32(e[12:])], order.Uint32(e)
}

// find returns the first element whose key is not less than key.
func (pg *page) find(key []byte) (i int, exact bool) {
	i = sort.Search(pg.count, func(i int) bool { return bytes.Compare(pg.key(i), key) >= 0 })
	return i, i < pg.count && bytes.Equal(pg.key(i), key)
}

// ascending checks the order of the keys.
func (pg *page) ascending() error {
	for i := 1; i < pg.count; i++ {
		if bytes.Compare(pg.key(i-1), pg.key(i)) >= 0 {
			return corrupt("page %d: element %d is out of order", pg.id, i)
		}
	}
	return nil
}

// A bucket is a tree of pages. Its root page is kept at hand: with few keys that is a leaf inside the root bucket's
// value, otherwise a page.
type bucket struct {
	root uint64 // 0 if inside
	top  page
}

func (p pager) bucket(v []byte, limit uint64) (b bucket, err error) {
	if len(v) < bucketSize {
		return b, corrupt("a bucket is cut off")
	}
	if b.root = order.Uint64(v); b.root == 0 {
		b.top, err = parsePage(0, bytes.Clone(v[bucketSize:]))
		if err == nil && !b.top.leaf {
			err = corrupt("the inside of a bucket is no leaf")
		}
		return b, err
	}
	b.top, err = p.page(b.root, limit, new(buffer))
	return b, err
}

// A meta is one of the two meta pages.
type meta struct {
	pageSize int
	root     uint64
	freelist uint64
	limit    uint64 // pages in use are below
	txid     uint64
}

// parseMeta checks the checksum that bbolt puts over a meta page.
func parseMeta(b []byte) (meta, bool) {
	b = b[pageHeader : pageHeader+metaSize]
	sum := fnv.New64a()
	sum.Write(b[:metaSize-8])
	m := meta{
		pageSize: int(order.Uint32(b[8:])), root: order.Uint64(b[16:]), freelist: order.Uint64(b[32:]),
		limit: order.Uint64(b[40:]), txid: order.Uint64(b[48:]),
	}
	ok := order.Uint32(b) == boltMagic && order.Uint32(b[4:]) == boltVersion && order.Uint64(b[56:]) == sum.Sum64()
	return m, ok
}

// newest returns the newer of the two meta pages. Both must be valid and of successive transactions: a damaged newest
// page would otherwise pass for the crash of a commit, and take the last acknowledged entries with it. Its contents lie
// in one sector, which is written as a whole. With damaged set, one valid page is enough.
func (p pager) newest(damaged bool) (meta, error) {
	var metas []meta
	var fault error
	for id := range uint64(2) {
		buf := make([]byte, pageHeader+metaSize)
		if err := p.readAt(buf, id); err != nil {
			return meta{}, err
		}
		m, ok := parseMeta(buf)
		if !ok || m.pageSize != p.size || m.txid%2 != id {
			fault = corrupt("meta page %d", id)
			continue
		}
		metas = append(metas, m)
	}
	switch {
	case len(metas) == 0 || fault != nil && !damaged:
		return meta{}, fault
	case len(metas) == 1:
		return metas[0], nil
	case metas[0].txid == metas[1].txid+1:
		return metas[0], nil
	case metas[1].txid == metas[0].txid+1:
		return metas[1], nil
	}
	return meta{}, corrupt("meta pages are of transactions %d and %d", metas[0].txid, metas[1].txid)
}
