package boltledger

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/internal/syncdir"
)

// A backup is all records in the order of the index, as they are stored, so that each names the sum of the one before:
//
//	"realdid-boltledger-backup 1\n"
//	uvarint length > 0, record   for each
//	0                            one byte
//	uint64 number of records, uint32 sum of the last or 0; little endian
//
// It does not depend on bbolt.
const backupText = "realdid-boltledger-backup 1\n"

// Backup writes the ledger as it is now to w. Appends go on meanwhile and are not part of it.
func (l *Ledger) Backup(ctx context.Context, w io.Writer) error {
	s := l.store
	if s.closed.Load() {
		return ledger.ErrClosed
	}
	end := s.current().next
	out := bufio.NewWriterSize(w, 64<<10)
	_, err := out.WriteString(backupText)
	var t trail
	for err == nil && t.next < end {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("boltledger: backup: %w", err)
		}
		var page []byte
		before := t
		err = s.settle(func() error {
			v := s.current()
			t, page = before, page[:0]
			return t.walk(&v, min(pageEntries, end-t.next), func(r *record) {
				stored := r.encode()
				page = append(binary.AppendUvarint(page, uint64(len(stored))), stored...)
			})
		})
		if err == nil {
			_, err = out.Write(page)
		}
	}
	if err == nil {
		trailer := binary.LittleEndian.AppendUint64([]byte{0}, end)
		_, err = out.Write(binary.LittleEndian.AppendUint32(trailer, t.last))
	}
	if err = errors.Join(err, out.Flush()); err != nil {
		return fmt.Errorf("boltledger: backup: %w", err)
	}
	return nil
}

// restoreBatch is how many entries are stored in a transaction.
const restoreBatch = 4096

// Restore makes a ledger in directory dir, which must be empty or not exist, from what [Ledger.Backup] wrote. Everything
// is read back and checked before dir appears. It does not ask a reducer: only a replay shows whether a backup from
// other hands is what it claims to be. Errors: [ErrFormat]; [ledger.ErrCorrupt]; those of r and of the file system.
func Restore(ctx context.Context, dir string, r io.Reader) (err error) {
	if names, err := os.ReadDir(dir); err == nil && len(names) > 0 {
		return fmt.Errorf("boltledger: restore: %s is not empty", dir)
	}
	parent, name := filepath.Split(filepath.Clean(dir))
	parent = filepath.Clean(parent)
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return fmt.Errorf("boltledger: restore: %w", err)
	}
	fresh, err := os.MkdirTemp(parent, name+".restore-*")
	if err != nil {
		return fmt.Errorf("boltledger: restore: %w", err)
	}
	defer func() {
		if err != nil {
			os.RemoveAll(fresh)
			err = fmt.Errorf("boltledger: restore: %w", err)
		}
	}()
	if err := restore(ctx, fresh, r); err != nil {
		return err
	}
	l, err := Open(fresh, nil, &Options{InsecureNoReducer: true})
	if err != nil {
		return err
	}
	if err := errors.Join(l.Check(ctx), l.Close()); err != nil {
		return err
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return errors.Join(os.Rename(fresh, dir), syncdir.Sync(parent))
}

func restore(ctx context.Context, dir string, r io.Reader) error {
	in := bufio.NewReaderSize(r, 64<<10)
	text := make([]byte, len(backupText))
	if _, err := io.ReadFull(in, text); err != nil {
		return cutOff(err)
	}
	if string(text) != backupText {
		return fmt.Errorf("%w: the backup begins with %q; this version reads %q", ErrFormat, text, backupText)
	}
	s, err := openStore(dir, &Options{noSync: true})
	if err != nil {
		return err
	}
	err = s.load(ctx, in)
	if err == nil {
		err = s.db.Sync()
	}
	return errors.Join(err, s.close())
}

// load stores the records from in.
func (s *store) load(ctx context.Context, in *bufio.Reader) error {
	for more := true; more; {
		if err := ctx.Err(); err != nil {
			return err
		}
		v := s.current()
		for len(v.pending) < restoreBatch {
			r, err := nextRecord(in, v.next)
			if err != nil {
				return err
			}
			if more = r != nil; !more {
				break
			}
			if err := s.add(&v, r); err != nil {
				return err
			}
		}
		if err := s.write(&v, foldShare*len(v.pending)); err != nil {
			return err
		}
		s.rotate(&v, false)
	}
	return s.trailer(in)
}

// add puts a record behind the end of v.
func (s *store) add(v *view, r *record) error {
	prev, known, _, err := s.locate(r.key)
	if err != nil {
		return err
	}
	if known != (r.seq > 0) || prev != r.prev || r.before != v.last {
		return corrupt("entry %d does not follow the one before, or the one of its key", r.index)
	}
	stored := r.encode()
	v.pending, v.bytes = append(v.pending, stored), v.bytes+len(stored)
	v.next, v.last = r.index+1, r.sum
	s.mu.Lock()
	defer s.mu.Unlock()
	s.view = *v
	s.heads.recent[s.salt.fingerprint(r.key)] = r.head()
	return nil
}

// nextRecord reads a record, or nil where the records end.
func nextRecord(in *bufio.Reader, index uint64) (*record, error) {
	n, err := binary.ReadUvarint(in)
	if err != nil {
		return nil, cutOff(err)
	}
	if n == 0 {
		return nil, nil
	}
	if n > maxRecord {
		return nil, corrupt("entry %d is %d bytes long", index, n)
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(in, b); err != nil {
		return nil, cutOff(err)
	}
	r, err := decodeRecord(index, b)
	return &r, err
}

// trailer checks that the backup ends where it says.
func (s *store) trailer(in *bufio.Reader) error {
	b := make([]byte, 12)
	if _, err := io.ReadFull(in, b); err != nil {
		return cutOff(err)
	}
	v := s.current()
	if binary.LittleEndian.Uint64(b) != v.next || binary.LittleEndian.Uint32(b[8:]) != v.last {
		return corrupt("the backup does not end with the entry that it names")
	}
	if _, err := in.ReadByte(); err != io.EOF {
		return errors.Join(corrupt("the backup goes on behind its end"), err)
	}
	return nil
}

func cutOff(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return corrupt("the backup is cut off")
	}
	return err
}
