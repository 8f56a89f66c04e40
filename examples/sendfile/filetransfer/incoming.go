package filetransfer

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/realdid/realdid/did/didcomm"
)

const (
	stateFile   = "state.json"
	partialFile = "partial"
)

// incoming is a transfer that was offered since this receiver was opened. Its partial file and its hash are at next; a goroutine of its own brings
// bytes to disk, remembers that, and acknowledges.
type incoming struct {
	disk
	dir   string
	files string        // folder of complete files
	wake  chan struct{} // capacity 1: there is something to bring to disk
	ended chan struct{} // closed when the goroutine has returned

	mu      sync.Mutex
	state   incomingState // as it is on disk
	file    *os.File
	sum     hash.Hash
	next    int64
	want    mark // to be on disk; its offset is at most next
	origin  *didcomm.Message
	answers bool // an accept is due
	stopped bool
	used    time.Time       // when bytes came or it was offered
	told    map[string]bool // keys of this side whose end the sender was told of
}

// mark is a point in a file and the digest of all before it.
type mark struct {
	offset int64
	digest Digest
}

func sumOf(h hash.Hash) (d Digest) {
	h.Sum(d[:0])
	return d
}

// openIncoming makes a transfer's folder, or goes on with what is in it: with as many bytes as the state file says are on disk, if they have the
// digest that it says. Whatever else there is, is not trusted and is written again.
func openIncoming(d disk, dir, files string, begin incomingState) (*incoming, error) {
	t := &incoming{
		disk: d, dir: dir, files: files, wake: make(chan struct{}, 1), ended: make(chan struct{}), sum: sha256.New(), told: map[string]bool{},
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	t.state = begin
	var kept incomingState
	err := readState(filepath.Join(dir, stateFile), &kept)
	switch {
	case err == nil:
		t.state = kept
	case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errDamaged):
		return nil, err
	}
	if !t.state.Done && t.placed() {
		if err := t.finishPlacing(); err != nil {
			return nil, err
		}
	}
	if t.state.Done {
		t.next, t.want = t.state.Size, mark{offset: t.state.Size}
		return t, nil
	}
	if t.file, err = os.OpenFile(filepath.Join(dir, partialFile), os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return nil, err
	}
	if err := t.rewind(); err != nil {
		return nil, errors.Join(err, t.file.Close())
	}
	return t, nil
}

// rewind reads what is on disk and cuts off what is not known to be.
func (t *incoming) rewind() error {
	n, err := io.Copy(t.sum, io.LimitReader(t.file, t.state.Offset))
	if err != nil {
		return err
	}
	if n < t.state.Offset || sumOf(t.sum).String() != t.state.Prefix { // the disk lost or changed it: from the beginning
		t.sum.Reset()
		t.state.Offset, t.state.Prefix = 0, sumOf(t.sum).String()
	}
	t.next = t.state.Offset
	t.want = mark{t.next, sumOf(t.sum)}
	if err := errors.Join(t.file.Truncate(t.next), t.disk.file(t.file), t.writeState(filepath.Join(t.dir, stateFile), &t.state)); err != nil {
		return err
	}
	if _, err := t.file.Seek(t.next, io.SeekStart); err != nil {
		return err
	}
	return t.disk.folder(filepath.Dir(t.dir))
}

// errOffset is the fault of a chunk that is not the next one.
type errOffset struct{ at, next int64 }

func (e *errOffset) Error() string {
	return fmt.Sprintf("filetransfer: chunk: at offset %d where %d is the next", e.at, e.next)
}

func (*errOffset) Is(target error) bool { return target == ErrRefused }

// write takes the next bytes of the file, and asks for them to be brought to disk when there are enough.
func (t *incoming) write(at int64, data []byte, now time.Time, chunk, flush, window int64) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch n := int64(len(data)); {
	case at+n <= t.next: // it came twice
		return nil
	case t.stopped:
		return errStopped
	case at != t.next:
		return &errOffset{at, t.next}
	case n > chunk, n > t.state.Size-t.next:
		return fmt.Errorf("filetransfer: chunk: %w: %d bytes where %d are the most", ErrMessage, n, min(chunk, t.state.Size-t.next))
	case t.next+n-t.state.Offset > window:
		return fmt.Errorf("filetransfer: chunk: %w: beyond the window", ErrRefused)
	}
	if _, err := t.file.Write(data); err != nil {
		// Some of it may stand in the file. Only another offer finds out what is there.
		t.stop()
		return fmt.Errorf("filetransfer: chunk: %w", err)
	}
	t.sum.Write(data)
	t.next += int64(len(data))
	t.used = now
	if t.next-t.want.offset >= flush || t.next == t.state.Size {
		t.ask()
	}
	return nil
}

// ask wakes the goroutine to bring to disk what there is. The caller holds the lock.
func (t *incoming) ask() {
	t.want = mark{t.next, sumOf(t.sum)}
	select {
	case t.wake <- struct{}{}:
	default: // it is awake, and will look again
	}
}

// stop ends the transfer without bringing anything to disk: it can be offered again. The caller holds the lock.
func (t *incoming) stop() {
	if !t.stopped {
		t.stopped = true
		close(t.wake)
	}
}

var errStopped = errors.New("filetransfer: the transfer has stopped on this side")

// flush brings everything up to the last call of ask to disk, then says so on disk, in this order. It also returns the offer that waits for an
// answer, or nil.
func (t *incoming) flush() (to mark, offer *didcomm.Message, err error) {
	t.mu.Lock()
	to, state := t.want, t.state
	if t.answers {
		offer, t.answers = t.origin, false
	}
	t.mu.Unlock()
	if to.offset == state.Offset {
		return to, offer, nil
	}
	if err := t.disk.file(t.file); err != nil {
		return to, nil, err
	}
	state.Offset, state.Prefix = to.offset, to.digest.String()
	return to, offer, t.save(state)
}

// save writes the state; only the transfer's goroutine, or nobody else, calls it.
func (t *incoming) save(state incomingState) error {
	if err := t.writeState(filepath.Join(t.dir, stateFile), &state); err != nil {
		return err
	}
	t.mu.Lock()
	t.state = state
	t.mu.Unlock()
	return nil
}
