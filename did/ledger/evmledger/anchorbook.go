package evmledger

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/internal/filelock"
	"github.com/realdid/realdid/internal/syncdir"
)

// An anchorBook is a file of what was sent to a contract, written before it is sent:
//
//	realdid/evm/anchors/1 ORIGIN
//	EPOCH DIGEST
//	…
//
// with the epoch in decimal digits and the digest in hexadecimal. A line that a crash cut short was not sent. Opening it keeps
// the newest lines. Beside it lies LOCK, which is empty; whoever has the book open holds a lock on it.
type anchorBook struct {
	path  string
	lock  *os.File
	file  *os.File // to write at its end
	adopt bool
	lines []bookLine
}

type bookLine struct {
	epoch  uint32
	digest proof.Hash
}

const (
	bookName   = "anchors"
	bookFormat = "realdid/evm/anchors/1 "
	bookLines  = 64
)

// openBook opens the book in a directory, which it makes. Errors: [ledger.ErrLocked], [ledger.ErrCorrupt].
func openBook(dir, origin string, adopt bool) (*anchorBook, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("evmledger: anchors: %w", err)
	}
	lock, err := filelock.Open(filepath.Join(dir, "LOCK"), 0, ledger.ErrLocked)
	if err != nil {
		return nil, fmt.Errorf("evmledger: anchors: %w", err)
	}
	b := &anchorBook{path: filepath.Join(dir, bookName), lock: lock, adopt: adopt}
	if err := b.load(origin); err != nil {
		return nil, errors.Join(fmt.Errorf("evmledger: anchors: %w", err), lock.Close())
	}
	return b, nil
}

func (b *anchorBook) load(origin string) error {
	text, err := os.ReadFile(b.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	head := []byte(bookFormat + origin + "\n")
	if !bytes.HasPrefix(text, head) {
		if len(text) > 0 && !bytes.HasPrefix(head, text) { // else a crash cut short the first line
			return fmt.Errorf("%w: the book is not of %s", ledger.ErrCorrupt, origin)
		}
		return b.rewrite(head)
	}
	lines := strings.SplitAfter(string(text[len(head):]), "\n")
	for i, line := range lines[:len(lines)-1] { // what is behind the last newline was cut short
		l, err := parseBookLine(strings.TrimSuffix(line, "\n"))
		if err != nil {
			return fmt.Errorf("%w: line %d", ledger.ErrCorrupt, i+2)
		}
		b.lines = append(b.lines, l)
	}
	if n := len(b.lines); n > bookLines {
		b.lines = b.lines[n-bookLines:]
	}
	out := head
	for _, l := range b.lines {
		out = append(out, l.String()...)
	}
	return b.rewrite(out)
}

func parseBookLine(s string) (l bookLine, err error) {
	epoch, digest, _ := strings.Cut(s, " ")
	n, err := strconv.ParseUint(epoch, 10, 32)
	if err != nil {
		return l, err
	}
	d, err := hex.DecodeString(digest)
	if err != nil || len(d) != proof.HashSize {
		return l, errors.New("digest")
	}
	return bookLine{uint32(n), proof.Hash(d)}, nil
}

func (l bookLine) String() string { return fmt.Sprintf("%d %x\n", l.epoch, l.digest[:]) }

// rewrite replaces the file by one that says text, and opens that.
func (b *anchorBook) rewrite(text []byte) error {
	if err := syncdir.Replace(b.path, text, 0o600); err != nil {
		return err
	}
	next, err := os.OpenFile(b.path, os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	b.file = next
	return nil
}

// has tells whether a digest was sent as that epoch. With Adopt the first that is asked for was.
func (b *anchorBook) has(epoch uint32, digest proof.Hash) bool {
	for _, l := range b.lines {
		if l.epoch == epoch && l.digest == digest {
			return true
		}
	}
	adopted := b.adopt
	b.adopt = false
	return adopted && b.write(epoch, digest) == nil
}

// write adds a line, durably.
func (b *anchorBook) write(epoch uint32, digest proof.Hash) error {
	l := bookLine{epoch, digest}
	if n := len(b.lines); n > 0 && b.lines[n-1] == l {
		return nil
	}
	_, err := b.file.WriteString(l.String())
	if err == nil {
		err = b.file.Sync()
	}
	if err != nil {
		return unavailable(err, "anchors: book")
	}
	b.lines = append(b.lines, l)
	return nil
}

func (b *anchorBook) close() error { return errors.Join(b.file.Close(), b.lock.Close()) }
