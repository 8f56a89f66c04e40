package boltledger

// A view is the ledger at one instant: what is in the database, and behind it what is only in the journal. Nothing of
// it ever changes.
type view struct {
	snap    *snapshot
	pending [][]byte // the records from snap.next on, as they are stored
	bytes   int      // in pending
	next    uint64   // entries in the ledger
	last    uint32   // sum of the last record
}

// record reads entry index. It is valid until buf is used again.
func (v *view) record(index uint64, buf *buffer) (record, error) {
	if index < v.snap.next {
		return v.snap.record(index, buf)
	}
	if index >= v.next {
		return record{}, corrupt("entry %d is referred to, of %d", index, v.next)
	}
	return decodeRecord(index, v.pending[index-v.snap.next])
}

// pointed reads the record that h points to, which must be of key. It is valid until buf is used again.
func (v *view) pointed(h head, key string, buf *buffer) (record, error) {
	r, err := v.record(h.index, buf)
	if err == nil && (r.head() != h || string(r.key) != key) {
		err = corrupt("entry %d is not number %d of %s, as is said elsewhere", h.index, h.seq, key)
	}
	return r, err
}

// records calls f for the entries from index from to below end, in order.
func (v *view) records(from, end uint64, f func(*record) error) error {
	if from < v.snap.next {
		if err := v.snap.records(from, min(end, v.snap.next), f); err != nil {
			return err
		}
		from = v.snap.next
	}
	for ; from < end; from++ {
		r, err := v.record(from, nil)
		if err == nil {
			err = f(&r)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// A trail is the way through all records in the order of the index, along the sums by which each names the one before.
type trail struct {
	next  uint64 // index of the next record
	begun bool
	last  uint32 // sum of the record before, if begun
	time  int64  // its time
}

// walk calls f for up to n records.
func (t *trail) walk(v *view, n uint64, f func(*record)) error {
	if t.next >= v.next {
		return nil
	}
	end := t.next + min(n, v.next-t.next)
	err := v.records(t.next, end, func(r *record) error {
		if t.begun && (r.before != t.last || r.time < t.time) || r.index == 0 && r.before != 0 {
			return corrupt("entry %d does not follow the one before", r.index)
		}
		t.next, t.begun, t.last, t.time = r.index+1, true, r.sum, r.time
		f(r)
		return nil
	})
	if err == nil && end == v.next && t.last != v.last {
		err = corrupt("entry %d is not the last one", end-1)
	}
	return err
}
