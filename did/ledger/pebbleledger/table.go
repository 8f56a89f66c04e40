package pebbleledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/objstorage/objstorageprovider"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// tableEntries is how many entries are worth tables of their own: one with the entries, and one with heads and tip.
const tableEntries = 4 << 10

// The tables are made in the directory "import", and Pebble then takes both or none.
const (
	importDir    = "import"
	entriesTable = "entries.sst"
	headsTable   = "heads.sst"
)

// put stores records, which go on from the tip, all or none of them. s.committing is held.
func (s *store) put(records []record) error {
	if len(records) == 0 {
		return nil
	}
	if err := s.broken(); err != nil {
		return err
	}
	if err := s.inject("begun"); err != nil {
		return err
	}
	if len(records) < s.tableAt {
		return s.putBatch(records)
	}
	return s.putTables(records)
}

// putTables stores records as tables.
func (s *store) putTables(records []record) error {
	if err := s.clearImport(); err != nil {
		return wrap("import", err)
	}
	dir := s.dir.join(importDir)
	if err := s.dir.fs.MkdirAll(dir, 0o700); err != nil {
		return wrap("import", err)
	}
	paths := []string{s.dir.fs.PathJoin(dir, entriesTable), s.dir.fs.PathJoin(dir, headsTable)}
	heads := make(chan error, 1)
	last := &records[len(records)-1]
	go func() {
		heads <- s.guard("import", func() error {
			return s.table(paths[1], true, func(w *sstable.Writer) error { return fillHeads(w, records) })
		})
	}()
	err := s.guard("import", func() error {
		return s.table(paths[0], false, func(w *sstable.Writer) error { return fillEntries(w, records) })
	})
	if err = errors.Join(err, <-heads); err != nil {
		return err // nothing has come to the database
	}
	return s.finish(&tip{next: last.index + 1, time: last.time, sum: last.sum}, func() error {
		return s.db.Ingest(context.Background(), paths)
	})
}

// clearImport removes the tables of an import that did not come to its end.
func (s *store) clearImport() error {
	return s.dir.fs.RemoveAll(s.dir.join(importDir))
}

// table makes a table, durably. filter is for those in which keys are looked up that are not there.
func (s *store) table(path string, filter bool, fill func(w *sstable.Writer) error) error {
	f, err := s.dir.fs.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	options := s.pebble.MakeWriterOptions(len(s.pebble.Levels)-1, s.db.TableFormat())
	if !filter {
		options.FilterPolicy = pebble.NoFilterPolicy
	}
	w := sstable.NewWriter(objstorageprovider.NewFileWritable(f), options)
	err = fill(w)
	return errors.Join(err, w.Close())
}

func fillEntries(w *sstable.Writer, records []record) error {
	var row []byte
	for i := range records {
		r := &records[i]
		row = slices.Grow(row[:0], r.size())[:r.size()]
		r.encode(row)
		if err := w.Set(entryKey(r.index), row); err != nil {
			return fmt.Errorf("entry %d: %w", r.index, err)
		}
	}
	return nil
}

// fillHeads writes the heads of the last entries of all keys, and the tip.
func fillHeads(w *sstable.Writer, records []record) error {
	sorted := make([]*record, len(records))
	for i := range records {
		sorted[i] = &records[i]
	}
	slices.SortFunc(sorted, func(a, b *record) int {
		return cmp.Or(cmp.Compare(string(a.key), string(b.key)), cmp.Compare(a.index, b.index))
	})
	var row, value []byte
	for i, r := range sorted {
		if i+1 < len(sorted) && string(sorted[i+1].key) == string(r.key) {
			continue
		}
		row = append(append(row[:0], headRow), r.key...)
		value = head{r.index, r.seq}.append(value[:0])
		if err := w.Set(row, value); err != nil {
			return fmt.Errorf("head: %w", err)
		}
	}
	last := &records[len(records)-1]
	return w.Set([]byte{tipRow}, tip{next: last.index + 1, time: last.time}.encode())
}
