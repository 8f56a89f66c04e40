package boltledger

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"

	"github.com/realdid/realdid/did/ledger"
)

// chained returns a view of a few records that are all pending, changed before they are linked.
func chained(change func(i int, r *record)) *view {
	v := &view{snap: &snapshot{}}
	var prev head
	for i := range 5 {
		r := record{index: uint64(i), seq: uint64(i), before: v.last, time: 100, prev: prev, key: []byte("key"), op: []byte("op")}
		change(i, &r)
		v.pending = append(v.pending, r.encode())
		v.next, v.last, prev = uint64(i+1), r.sum, r.head()
	}
	return v
}

func TestTrail(t *testing.T) {
	for name, test := range map[string]struct {
		change func(i int, r *record)
		last   uint32
		fault  string
	}{
		"whole":                {fault: ""},
		"first has one before": {change: func(i int, r *record) { r.before += uint32(1 - min(i, 1)) }, fault: "entry 0 does not follow"},
		"not linked":           {change: func(i int, r *record) { r.before += uint32(i / 4) }, fault: "entry 4 does not follow"},
		"time goes back":       {change: func(i int, r *record) { r.time -= int64(i / 3) }, fault: "entry 3 does not follow"},
		"other last one":       {last: 1, fault: "entry 4 is not the last one"},
		"time stays and grows": {change: func(i int, r *record) { r.time += int64(i / 2) }, fault: ""},
	} {
		if test.change == nil {
			test.change = func(int, *record) {}
		}
		v := chained(test.change)
		v.last += test.last
		for _, step := range []uint64{1, 2, 5, 100} {
			var err error
			for tr := (trail{}); err == nil && tr.next < v.next; {
				err = tr.walk(v, step, func(*record) {})
			}
			if test.fault == "" && err != nil || test.fault != "" && (!errors.Is(err, ledger.ErrCorrupt) || !strings.Contains(err.Error(), test.fault)) {
				t.Errorf("%s, %d at a time: got error %v, want %q", name, step, err, test.fault)
			}
		}
	}
}

// TestPointed: a record is accepted only by a head that tells its sum and number, and for its key.
func TestPointed(t *testing.T) {
	v := chained(func(int, *record) {})
	r, err := v.record(2, nil)
	if err != nil {
		t.Fatal(err)
	}
	good := r.head()
	for name, test := range map[string]struct {
		head head
		key  string
		ok   bool
	}{
		"right":          {good, "key", true},
		"other sum":      {head{good.index, good.sum + 1, good.seq}, "key", false},
		"other number":   {head{good.index, good.sum, good.seq + 1}, "key", false},
		"other record":   {head{good.index + 1, good.sum, good.seq}, "key", false},
		"other key":      {good, "key2", false},
		"behind the end": {head{v.next, good.sum, good.seq}, "key", false},
	} {
		_, err := v.pointed(test.head, test.key, nil)
		if test.ok && err != nil || !test.ok && !errors.Is(err, ledger.ErrCorrupt) {
			t.Errorf("%s: got error %v", name, err)
		}
	}
}

// TestPagerRaw: a page must be where it says that it is, and end where the pages in use end.
func TestPagerRaw(t *testing.T) {
	file := make([]byte, 8*pageSize)
	for id := range uint64(8) {
		order.PutUint64(file[id*pageSize:], id)
	}
	order.PutUint32(file[3*pageSize+12:], 2)
	order.PutUint32(file[5*pageSize+12:], 3)
	order.PutUint64(file[4*pageSize:], 5)
	p := pager{file: bytes.NewReader(file), size: pageSize}
	for id, want := range []int{0, 0, 1, 3, 0, 0, 1, 0, 0} { // pages that are read; 0 for damage
		data, err := p.raw(uint64(id), 7, new(buffer))
		if want > 0 && (err != nil || len(data) != want*pageSize) || want == 0 && !errors.Is(err, ledger.ErrCorrupt) {
			t.Errorf("page %d: %d bytes, %v; want %d pages", id, len(data), err, want)
		}
	}
}

// TestAccount plants faults in what bbolt would trust, each with the right checksums where there are any.
func TestAccount(t *testing.T) {
	dir := t.TempDir()
	sample(t, dir)
	s, err := openStore(dir, &Options{noSync: true})
	if err != nil {
		t.Fatal(err)
	}
	snap := s.current().snap
	leaf, _, _, err := snap.leaf(&snap.entries, indexKey(snap.next-1), new(buffer))
	if err != nil {
		t.Fatal(err)
	}
	free := snap.freelist * pageSize
	file := make([]byte, snap.limit*pageSize)
	if _, err := s.file.ReadAt(file, 0); err != nil {
		t.Fatal(err)
	}
	count := order.Uint16(file[free+10:])
	if count < 3 {
		t.Fatalf("only %d free pages", count)
	}
	for name, test := range map[string]struct {
		plant func(file []byte)
		fault string
	}{
		"free page in use": {func(b []byte) { order.PutUint64(b[free+pageHeader:], leaf.id) }, "is in use twice"},
		"free page beyond": {func(b []byte) { order.PutUint64(b[free+pageHeader:], snap.limit) }, "is referred to"},
		"free page twice":  {func(b []byte) { copy(b[free+pageHeader+8:], b[free+pageHeader:free+pageHeader+8]) }, "is in use twice"},
		// Which page the fault is seen at depends on what lies before the forgotten one.
		"free page forgotten": {func(b []byte) { order.PutUint16(b[free+10:], count-1) }, ""},
		"free list too long":  {func(b []byte) { order.PutUint16(b[free+10:], 0xFFFE) }, "is no free list"},
		"no free list":        {func(b []byte) { order.PutUint16(b[free+8:], leafFlag) }, "is no free list"},
		"branch out of order": {func(b []byte) {
			top := snap.entries.root * pageSize
			at := top + pageHeader + elementSize // the second element
			b[at+uint64(order.Uint32(b[at:]))] = 0xFF
		}, "out of order"},
		"last leaf goes on": {func(b []byte) { order.PutUint32(b[leaf.id*pageSize+12:], 1) }, "goes on for 1 pages instead of"},
	} {
		damaged := bytes.Clone(file)
		test.plant(damaged)
		snap, err := pager{file: bytes.NewReader(damaged), size: pageSize}.snapshot(false)
		if err == nil {
			err = snap.account(&heads{})
		}
		if !errors.Is(err, ledger.ErrCorrupt) || !strings.Contains(err.Error(), test.fault) {
			t.Errorf("%s: got error %v, want %q", name, err, test.fault)
		}
	}
	s.close()
}

// TestForgedTip: a tip with the right checksum that does not fit the rest.
func TestForgedTip(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*tip)
		fault  string
	}{
		"other transaction": {func(t *tip) { t.txid-- }, "transaction"},
		"other total":       {func(t *tip) { t.total++ }, "the tip says"},
		"other keys":        {func(t *tip) { t.keys++ }, "the tip says"},
		"other last entry":  {func(t *tip) { t.last++ }, "last one that the tip names"},
		"longer":            {func(t *tip) { t.next++ }, "missing"},
		"shorter":           {func(t *tip) { t.next--; t.indexed = min(t.indexed, t.next) }, "does not follow"},
	} {
		dir := t.TempDir()
		sample(t, dir)
		s, err := openStore(dir, &Options{noSync: true})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.finish(); err != nil {
			t.Fatal(err)
		}
		forged := s.current().snap.tip
		forged.txid++
		txid := forged.txid
		test.change(&forged)
		if err := s.update(txid, func(tx *bolt.Tx) error { return tx.Bucket(tipBucket).Put(tipKey, forged.encode()) }); err != nil {
			t.Fatal(err)
		}
		s.close()
		s, err = openStore(dir, &Options{})
		if err == nil {
			s.close()
		}
		if !errors.Is(err, ledger.ErrCorrupt) || !strings.Contains(err.Error(), test.fault) {
			t.Errorf("%s: got error %v, want %q", name, err, test.fault)
		}
	}
}
