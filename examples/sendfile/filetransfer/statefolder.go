package filetransfer

import (
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/realdid/realdid/did"
)

// apart refuses folders of which one is, or is in, the other: a receiver removes what is too old from one of them, and nothing from the other.
func apart(state, files string) error {
	for _, pair := range [2][2]string{{state, files}, {files, state}} {
		outer, err := os.Stat(pair[1])
		if err != nil {
			return err
		}
		inner, err := filepath.Abs(pair[0])
		if err != nil {
			return err
		}
		if inner, err = filepath.EvalSymlinks(inner); err != nil {
			return err
		}
		for last := ""; inner != last; last, inner = inner, filepath.Dir(inner) { // as a file system sees it: names may differ in case
			info, err := os.Stat(inner)
			if err != nil {
				return err
			}
			if os.SameFile(info, outer) {
				return errors.New("the folders of states and of files are one, or one is in the other")
			}
		}
	}
	return nil
}

// isTransferFolder tells names that transferFolder makes from others, which are somebody else's.
func isTransferFolder(name string) bool {
	b, err := hex.DecodeString(name)
	return err == nil && len(b) == transferFolderSize
}

// reap forgets what has ended. The caller holds the lock.
func (r *Receiver) reap() {
	for key, t := range r.open {
		select {
		case <-t.ended:
			delete(r.open, key)
		default:
		}
	}
}

// end stops a transfer and forgets it; what is on disk stays. The caller holds the lock.
func (r *Receiver) end(key string, t *incoming) {
	t.mu.Lock()
	t.stop()
	t.mu.Unlock()
	<-t.ended
	delete(r.open, key)
}

// room tells whether a transfer of a sender may be opened: one that is on disk already, or one of not too many. The caller holds the lock.
func (r *Receiver) room(key string, from did.DID) (bool, error) {
	if readState(filepath.Join(r.state, key, stateFile), new(incomingState)) == nil {
		return true, nil
	}
	n, err := r.unfinished(from)
	return n < r.opt.MaxOpen, err
}

// unfinished counts the transfers of a sender that are not complete, and removes everybody's that are too old. The caller holds the lock.
func (r *Receiver) unfinished(from did.DID) (n int, err error) {
	entries, err := os.ReadDir(r.state)
	if err != nil {
		return 0, err
	}
	oldest := r.peer.clock().Add(-r.opt.KeepFor)
	for _, e := range entries {
		key, dir := e.Name(), filepath.Join(r.state, e.Name())
		if !e.IsDir() || !isTransferFolder(key) {
			continue
		}
		var s incomingState
		var old bool
		if t := r.open[key]; t != nil {
			t.mu.Lock()
			s, old = t.state, t.used.Before(oldest)
			t.mu.Unlock()
			if old {
				r.end(key, t)
			}
		} else {
			err := readState(filepath.Join(dir, stateFile), &s)
			info, statErr := os.Stat(filepath.Join(dir, stateFile))
			old = errors.Is(err, fs.ErrNotExist) || errors.Is(err, errDamaged) || statErr == nil && info.ModTime().Before(oldest)
		}
		switch {
		case old:
			_ = os.RemoveAll(dir) // or another time
		case s.From == from && !s.Done:
			n++
		}
	}
	return n, nil
}
