package pebbleledger

import (
	"encoding/binary"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/realdid/realdid/did/ledger"
)

// rowOverhead is what Pebble's log and batch need beside a row's key and value, at most.
const rowOverhead = 16

// Commit implements ledger.Store: it writes batch, with its heads and the tip, as one batch of Pebble's, and syncs.
func (s *store) Commit(batch []ledger.Admitted) error {
	s.using.RLock()
	defer s.using.RUnlock()
	if s.closed.Load() {
		return ledger.ErrClosed
	}
	s.committing.Lock()
	defer s.committing.Unlock()
	if err := s.broken(); err != nil {
		return err
	}
	if err := s.inject("begun"); err != nil {
		return err
	}
	records, err := s.records(batch)
	if err != nil {
		return err
	}
	return s.putBatch(records)
}

// putBatch stores records, which go on from the tip, by way of the log.
func (s *store) putBatch(records []record) error {
	size := tipSize + 2*rowOverhead
	for i := range records {
		r := &records[i]
		size += r.size() + entryKeySize + 1 + len(r.key) + maxHead + 2*rowOverhead
	}
	b := s.db.NewBatchWithSize(size)
	last := &records[len(records)-1]
	err := s.guard("append", func() error {
		if err := fill(b, records); err != nil {
			return err
		}
		return b.Set([]byte{tipRow}, tip{next: last.index + 1, time: last.time}.encode(), nil)
	})
	if err != nil {
		return err
	}
	err = s.finish(&tip{next: last.index + 1, time: last.time, sum: last.sum}, func() error { return s.db.Apply(b, pebble.Sync) })
	if err != nil {
		return err // Pebble may still have the batch
	}
	return b.Close()
}

// finish calls store, which makes the ledger end at t, and shows it. If that fails, nobody knows what is on the disk.
func (s *store) finish(t *tip, store func() error) error {
	_, err := run(&s.failed, func() (struct{}, error) { return struct{}{}, s.guard("write", store) })
	if err == nil {
		if err = s.inject("synced"); err != nil {
			err = wrap("write", err)
		}
	}
	if err != nil {
		s.failed.set(err)
		return s.broken()
	}
	s.tip.Store(t)
	s.noteEnd()
	return nil
}

func (s *store) inject(stage string) error {
	if s.fault == nil {
		return nil
	}
	return s.fault(stage)
}

// records makes the records for batch. An import may have come first, and then it does not go on from the tip any more.
func (s *store) records(batch []ledger.Admitted) ([]record, error) {
	t := s.tip.Load()
	records := make([]record, len(batch))
	buf := new(buffer)
	for i, a := range batch {
		e := &a.Entry
		r := &records[i]
		*r = record{index: e.Anchor.Index, seq: e.Seq, time: e.Anchor.Time.Unix(), key: []byte(e.Key), op: e.Op, state: a.State}
		if r.index != t.next+uint64(i) {
			return nil, &ledger.MovedError{Next: t.next, Last: t.when()}
		}
		if e.Seq > 0 {
			h, ok, err := s.head(e.Key, buf)
			if err == nil && (!ok || h.seq != e.Seq-1 || h.index >= t.next) {
				err = corrupt("the head of %s does not lead to entry %d", e.Key, e.Seq-1)
			}
			if err != nil {
				return nil, err
			}
			r.prev = h.index
		}
	}
	return records, nil
}

// fill puts records and heads into b.
func fill(b *pebble.Batch, records []record) error {
	for i := range records {
		r := &records[i]
		row := b.SetDeferred(entryKeySize, r.size())
		row.Key[0] = entryRow
		binary.BigEndian.PutUint64(row.Key[1:], r.index)
		r.encode(row.Value)
		if err := row.Finish(); err != nil {
			return err
		}
	}
	var value [maxHead]byte
	for i := range records {
		r := &records[i]
		v := head{r.index, r.seq}.append(value[:0])
		row := b.SetDeferred(1+len(r.key), len(v))
		row.Key[0] = headRow
		copy(row.Key[1:], r.key)
		copy(row.Value, v)
		if err := row.Finish(); err != nil {
			return err
		}
	}
	return nil
}

// broken is the error after a failure that leaves open what is on the disk.
func (s *store) broken() error {
	if err := s.failed.get(); err != nil {
		return fmt.Errorf("pebbleledger: append: the ledger has to be opened anew after a failure: %w", err)
	}
	return nil
}
