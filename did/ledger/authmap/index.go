package authmap

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash"
	"io"
	"strconv"
	"strings"

	"github.com/realdid/realdid/did/ledger/proof"
)

// An index is what a checkpoint writes: the trie without the hashes of its inner nodes, and without the leaves. All numbers
// are big endian.
//
//	indexMagic, u64 generation, u64 version, u64 heads, root
//	the nodes from the root down, left before right: 0 for nothing; 1 for an inner node, whose children follow; 2 for a
//	page, its hash and u32 slot
//	SHA-256 of all before
//
// The index of the highest generation counts, with the journal of that generation, which holds what came after.
const indexMagic = "realdid-authmap index 1\n"

const (
	tagNone  = 0
	tagInner = 1
	tagPage  = 2
)

const indexBuffer = 1 << 16

// writeIndex makes the index file of a generation that is durable, except for its name, which has newSuffix.
func writeIndex(d directory, generation uint64, at *snapshot, t *trie, top ref) error {
	f, err := d.Create(generationName(indexFile, generation) + newSuffix)
	if err != nil {
		return err
	}
	out := io.NewOffsetWriter(f, 0)
	sum := sha256.New()
	w := bufio.NewWriterSize(io.MultiWriter(out, sum), indexBuffer)
	_, _ = w.Write(at.append(binary.BigEndian.AppendUint64([]byte(indexMagic), generation))) // w keeps the error
	writeNode(w, t, top)
	err = w.Flush()
	if err == nil {
		_, err = out.Write(sum.Sum(nil))
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func writeNode(w *bufio.Writer, t *trie, r ref) {
	switch {
	case r == 0:
		_ = w.WriteByte(tagNone)
	case r.isPage():
		n := t.pageAt(r)
		_ = w.WriteByte(tagPage)
		_, _ = w.Write(n.hash[:])
		_, _ = w.Write(binary.BigEndian.AppendUint32(w.AvailableBuffer(), n.slot))
	default:
		n := t.innerAt(r)
		_ = w.WriteByte(tagInner)
		writeNode(w, t, n.child[0])
		writeNode(w, t, n.child[1])
	}
}

// indexSize returns what the index of the trie would take, in bytes.
func indexSize(t *trie) int64 {
	return int64(len(indexMagic)) + 8 + snapshotSize + sha256.Size +
		int64(t.page.used())*(1+proof.HashSize+4) + int64(t.inner.used())
}

// An indexReader reads an index into a trie; if that is nil, it only checks.
type indexReader struct {
	in    *bufio.Reader
	sum   hash.Hash
	name  string
	trie  *trie
	store *pages
}

// readIndex reads the index of a generation and marks the slots that it names as used.
func readIndex(d directory, generation uint64, t *trie, store *pages) (at snapshot, top ref, err error) {
	name := generationName(indexFile, generation)
	f, err := d.Open(name)
	if err != nil {
		return at, 0, err
	}
	at, top, err = readIndexFrom(f, name, generation, t, store)
	return at, top, errors.Join(err, f.Close())
}

func readIndexFrom(f file, name string, generation uint64, t *trie, store *pages) (at snapshot, top ref, err error) {
	size, err := f.Size()
	if err != nil {
		return at, 0, err
	}
	if size < int64(len(indexMagic)+8+snapshotSize+1+sha256.Size) {
		return at, 0, corrupt("%s: %d bytes", name, size)
	}
	x := &indexReader{sum: sha256.New(), name: name, trie: t, store: store}
	x.in = bufio.NewReaderSize(io.TeeReader(io.NewSectionReader(f, 0, size-sha256.Size), x.sum), indexBuffer)
	head := make([]byte, len(indexMagic)+8+snapshotSize)
	if err := x.read(head); err != nil {
		return at, 0, err
	}
	if string(head[:len(head)-snapshotSize]) != string(binary.BigEndian.AppendUint64([]byte(indexMagic), generation)) {
		return at, 0, corrupt("%s: the beginning is not that of such a file", name)
	}
	at = parseSnapshot(head[len(head)-snapshotSize:])
	top, root, err := x.node(0)
	if err != nil {
		return at, 0, err
	}
	if _, err := x.in.ReadByte(); err == nil {
		return at, 0, corrupt("%s: bytes after the last node", name)
	} else if !errors.Is(err, io.EOF) {
		return at, 0, err
	}
	var sum [sha256.Size]byte
	if err := readFull(f, sum[:], size-sha256.Size); err != nil {
		return at, 0, err
	}
	if string(x.sum.Sum(nil)) != string(sum[:]) {
		return at, 0, corrupt("%s: wrong checksum", name)
	}
	if root != at.root {
		return at, 0, corrupt("%s: the nodes do not have the root that it states", name)
	}
	return at, top, nil
}

func (x *indexReader) read(b []byte) error {
	_, err := io.ReadFull(x.in, b)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return corrupt("%s: it is cut off", x.name)
	}
	return err
}

// node reads a subtree at depth and returns its hash too.
func (x *indexReader) node(depth int) (ref, proof.Hash, error) {
	var b [proof.HashSize + 4]byte
	if err := x.read(b[:1]); err != nil {
		return 0, proof.Hash{}, err
	}
	switch tag := b[0]; {
	case tag == tagNone:
		return 0, proof.Hash{}, nil
	case tag == tagPage:
		return x.page()
	case tag != tagInner || depth == proof.MapDepth:
		return 0, proof.Hash{}, corrupt("%s: a node of unknown kind, or too deep", x.name)
	}
	left, leftHash, err := x.node(depth + 1)
	if err != nil {
		return 0, leftHash, err
	}
	right, rightHash, err := x.node(depth + 1)
	if err != nil || x.trie == nil {
		return 0, proof.MapNodeHash(leftHash, rightHash), err
	}
	made := x.trie.newInner(left, right)
	return made, x.trie.hash(made), nil
}

func (x *indexReader) page() (ref, proof.Hash, error) {
	var b [proof.HashSize + 4]byte
	if err := x.read(b[:]); err != nil {
		return 0, proof.Hash{}, err
	}
	hash, slot := proof.Hash(b[:]), binary.BigEndian.Uint32(b[proof.HashSize:])
	if !x.store.take(slot) {
		return 0, hash, corrupt("%s: it names page %d, which is taken twice, or not in the file", x.name, slot)
	}
	if x.trie == nil {
		return 0, hash, nil
	}
	return x.trie.newPage(hash, slot), hash, nil
}

// generations returns the generations of which d has an index, and the names of files that do not count.
func generations(d directory) (newest uint64, found bool, old []string, err error) {
	names, err := d.List()
	if err != nil {
		return 0, false, nil, err
	}
	for _, name := range names {
		if digits, ok := strings.CutPrefix(name, indexFile); ok && len(digits) == 16 {
			if g, err := strconv.ParseUint(digits, 16, 64); err == nil {
				newest, found = max(newest, g), true
			}
		}
	}
	for _, name := range names {
		if name == generationName(indexFile, newest) || name == generationName(recordFile, newest) {
			continue
		}
		if strings.HasPrefix(name, indexFile) || strings.HasPrefix(name, recordFile) || strings.HasPrefix(name, spillFile) || name == buildFile || strings.HasSuffix(name, newSuffix) {
			old = append(old, name)
		}
	}
	return newest, found, old, nil
}
