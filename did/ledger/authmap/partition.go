package authmap

import (
	"errors"
	"fmt"
	"math/bits"

	"github.com/realdid/realdid/did/ledger/proof"
)

// A partition holds leaves on disk in 256 buckets by one byte of their paths, while a Build sorts.
type partition struct {
	d       directory
	name    string
	level   int // of the byte, from 0
	buckets [256]bucket
}

type bucket struct {
	file    file
	written int64
	buf     []byte // not written yet
}

const bucketBuffer = 32 << 10

func newPartition(d directory, name string, level int) *partition {
	return &partition{d: d, name: name, level: level}
}

func (p *partition) bucketName(i int) string { return fmt.Sprintf("%s%02x", p.name, i) }

func (p *partition) add(path proof.Hash, head []byte) error {
	i := int(path[p.level])
	b := &p.buckets[i]
	if len(b.buf)+leafHeader+len(head) > bucketBuffer {
		if err := p.write(i); err != nil {
			return err
		}
	}
	b.buf = appendChange(b.buf, path, head)
	return nil
}

func (p *partition) write(i int) (err error) {
	b := &p.buckets[i]
	if b.file == nil {
		if b.file, err = p.d.Create(p.bucketName(i)); err != nil {
			return err
		}
	}
	if _, err = b.file.WriteAt(b.buf, b.written); err != nil {
		return err
	}
	b.written += int64(len(b.buf))
	b.buf = b.buf[:0]
	return nil
}

// flush writes what is in memory and gives that back.
func (p *partition) flush() error {
	for i := range p.buckets {
		if len(p.buckets[i].buf) > 0 {
			if err := p.write(i); err != nil {
				return err
			}
		}
		p.buckets[i].buf = nil
	}
	return nil
}

// size returns how many bytes the leaves of the buckets from to to take.
func (p *partition) size(from, to int) int64 {
	var n int64
	for i := from; i < to; i++ {
		n += p.buckets[i].written
	}
	return n
}

// fits reports whether the leaves of the buckets from to to fit into one page.
func (p *partition) fits(from, to int) bool { return pageHeader+p.size(from, to) <= PageSize }

// depth returns at which depth of the trie the node stands that has the leaves of so many buckets, a power of two.
func (p *partition) depth(buckets int) int { return 8*(p.level+1) - bits.TrailingZeros(uint(buckets)) }

// load appends the leaves of the buckets from to to, as they were added, to dst.
func (p *partition) load(dst []byte, from, to int) ([]byte, error) {
	for i := from; i < to; i++ {
		b := &p.buckets[i]
		if b.written == 0 {
			continue
		}
		n := len(dst)
		if need := n + int(b.written); need > cap(dst) {
			dst = append(make([]byte, 0, need), dst...)
		}
		dst = dst[:n+int(b.written)]
		if err := readFull(b.file, dst[n:], 0); err != nil {
			return dst, err
		}
	}
	return dst, nil
}

// refine returns a partition of the leaves of one bucket by the byte that follows.
func (p *partition) refine(i int) (_ *partition, err error) {
	finer := newPartition(p.d, p.bucketName(i)+"-", p.level+1)
	defer func() {
		if err != nil {
			err = errors.Join(err, finer.close())
		}
	}()
	b := &p.buckets[i]
	buf := make([]byte, 0, 1<<20)
	for at := int64(0); at < b.written; {
		n := len(buf)
		buf = buf[:min(int64(cap(buf)), int64(n)+b.written-at)]
		if err := readFull(b.file, buf[n:], at); err != nil {
			return nil, err
		}
		at += int64(len(buf) - n)
		rest := buf
		for {
			path, head, after, ok := cutChange(rest)
			if !ok {
				break
			}
			if err := finer.add(path, head); err != nil {
				return nil, err
			}
			rest = after
		}
		buf = buf[:copy(buf, rest)]
	}
	if len(buf) > 0 {
		return nil, p.fault(i)
	}
	return finer, finer.flush()
}

func (p *partition) fault(i int) error {
	return corrupt("%s: a leaf is not as it was written", p.bucketName(i))
}

// remove takes away the file of a bucket.
func (p *partition) remove(i int) error {
	b := &p.buckets[i]
	if b.file == nil {
		return nil
	}
	err := b.file.Close()
	b.file, b.buf = nil, nil
	return errors.Join(err, p.d.Remove(p.bucketName(i)))
}

func (p *partition) close() error {
	var err error
	for i := range p.buckets {
		err = errors.Join(err, p.remove(i))
	}
	return err
}
