package pebbleledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/cockroachdb/pebble/v2"
)

// Backup makes a copy of the ledger as it is now in directory dir, which must not exist and has to be on the same file
// system: tables are shared by hard links, so that it takes little time and room. Appends go on meanwhile; those that
// end during the copy may be part of it. The copy is a ledger like any other. Whoever wants it elsewhere copies dir, and
// runs [Ledger.Check] on the copy.
func (l *Ledger) Backup(ctx context.Context, dir string) error {
	s := l.store
	return s.use(func() error {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("pebbleledger: backup: %w", err)
		}
		to := directory{fs: s.dir.fs, path: dir}
		switch _, err := to.fs.Stat(dir); {
		case err == nil:
			return fmt.Errorf("pebbleledger: backup: %s is there already", dir)
		case !errors.Is(err, fs.ErrNotExist):
			return wrap("backup", err)
		}
		if err := s.broken(); err != nil { // what it did not acknowledge may stand
			return err
		}
		if err := to.fs.MkdirAll(dir, 0o700); err != nil {
			return wrap("backup", err)
		}
		t := *s.tip.Load()
		err := s.guard("backup", func() error {
			return s.db.Checkpoint(to.join(pebbleDir), pebble.WithFlushedWAL())
		})
		if err == nil {
			err = to.write(endFile, encodeEnd(t))
		}
		if err == nil { // last, as when a ledger is made: without it the copy is none
			err = to.write(formatFile, []byte(formatText))
		}
		if err == nil {
			err = to.make(dir)
		}
		if err != nil {
			return errors.Join(err, to.fs.RemoveAll(dir))
		}
		return nil
	})
}
