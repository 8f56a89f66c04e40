package boltledger

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/realdid/realdid/did/ledger"
)

func exampleRecord() record {
	return record{
		index: 70000, before: 0xdeadbeef, seq: 3, time: 1777636800, prev: head{index: 69000, sum: 0xcafe, seq: 2},
		key: []byte("did:realdid:qabc"), op: []byte("operation"), state: []byte("state"),
	}
}

func TestRecord(t *testing.T) {
	for name, change := range map[string]func(*record){
		"update":      func(*record) {},
		"genesis":     func(r *record) { r.seq, r.prev = 0, head{} },
		"first":       func(r *record) { r.index, r.seq, r.before, r.prev = 0, 0, 0, head{} },
		"no state":    func(r *record) { r.state = nil },
		"before 1970": func(r *record) { r.time = -5 },
		"largest": func(r *record) {
			r.key = bytes.Repeat([]byte("k"), ledger.MaxKeyLen)
			r.op, r.state = make([]byte, ledger.MaxOpSize), make([]byte, ledger.MaxStateSize)
		},
	} {
		r := exampleRecord()
		change(&r)
		b := r.encode()
		got, err := decodeRecord(r.index, b)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got.head() != r.head() || got.prev != r.prev || got.before != r.before || got.time != r.time ||
			!bytes.Equal(got.key, r.key) || !bytes.Equal(got.op, r.op) || !bytes.Equal(got.state, r.state) {
			t.Errorf("%s: got %+v, want %+v", name, got, r)
		}
		if _, err := decodeRecord(r.index+1, b); !errors.Is(err, ledger.ErrCorrupt) {
			t.Errorf("%s: under another index: got error %v, want ErrCorrupt", name, err)
		}
	}
}

// TestRecordMalformed: records with the right checksum that cannot have been written here.
func TestRecordMalformed(t *testing.T) {
	for name, change := range map[string]func(*record){
		"back to itself":             func(r *record) { r.prev.index = r.index },
		"back beyond the first":      func(r *record) { r.prev.index = r.index + 5 },
		"empty key":                  func(r *record) { r.key = nil },
		"key with another character": func(r *record) { r.key = []byte("Key") },
		"long key":                   func(r *record) { r.key = bytes.Repeat([]byte("k"), ledger.MaxKeyLen+1) },
		"empty operation":            func(r *record) { r.op = nil },
		"long operation":             func(r *record) { r.op = make([]byte, ledger.MaxOpSize+1) },
		"long state":                 func(r *record) { r.state = make([]byte, ledger.MaxStateSize+1) },
	} {
		r := exampleRecord()
		change(&r)
		if _, err := decodeRecord(r.index, r.encode()); !errors.Is(err, ledger.ErrCorrupt) {
			t.Errorf("%s: got error %v, want ErrCorrupt", name, err)
		}
	}
	r := exampleRecord()
	whole := r.encode()
	for n := range whole[:len(whole)-len(r.state)] {
		b := bytes.Clone(whole[:n])
		if n >= 4 {
			binary.LittleEndian.PutUint32(b, recordSum(r.index, b[4:]))
		}
		if _, err := decodeRecord(r.index, b); !errors.Is(err, ledger.ErrCorrupt) {
			t.Errorf("%d bytes of %d: got error %v, want ErrCorrupt", n, len(whole), err)
		}
	}
}

// FuzzRecord: whatever has the right checksum is refused, or means the same when it is written again.
func FuzzRecord(f *testing.F) {
	r := exampleRecord()
	f.Add(r.index, r.encode()[4:])
	r.seq = 0
	f.Add(r.index, r.encode()[4:])
	f.Add(uint64(0), []byte{})
	f.Fuzz(func(t *testing.T, index uint64, body []byte) {
		b := append(binary.LittleEndian.AppendUint32(nil, recordSum(index, body)), body...)
		r, err := decodeRecord(index, b)
		if err != nil {
			if !errors.Is(err, ledger.ErrCorrupt) {
				t.Fatalf("got error %v, want ErrCorrupt", err)
			}
			return
		}
		again := r
		got, err := decodeRecord(index, again.encode())
		if err != nil {
			t.Fatalf("written again: %v", err)
		}
		if got.seq != r.seq || got.time != r.time || got.prev != r.prev || got.before != r.before ||
			!bytes.Equal(got.key, r.key) || !bytes.Equal(got.op, r.op) || !bytes.Equal(got.state, r.state) {
			t.Fatalf("written again: %+v, want %+v", got, r)
		}
	})
}

// FuzzPage: a page of any contents is refused, or can be searched.
func FuzzPage(f *testing.F) {
	leaf := make([]byte, 128)
	order.PutUint64(leaf, 5)
	order.PutUint16(leaf[8:], leafFlag)
	order.PutUint16(leaf[10:], 2)
	for i, e := range []struct{ pos, key, value uint32 }{{32, 4, 8}, {28, 4, 20}} {
		at := leaf[pageHeader+i*elementSize:]
		order.PutUint32(at[4:], e.pos)
		order.PutUint32(at[8:], e.key)
		order.PutUint32(at[12:], e.value)
	}
	branch := bytes.Clone(leaf)
	order.PutUint16(branch[8:], branchFlag)
	f.Add(leaf, []byte("key"))
	f.Add(branch, []byte("key"))
	f.Add([]byte{}, []byte{})
	f.Fuzz(func(t *testing.T, data, key []byte) {
		pg, err := parsePage(5, data)
		if err != nil {
			if !errors.Is(err, ledger.ErrCorrupt) {
				t.Fatalf("got error %v, want ErrCorrupt", err)
			}
			return
		}
		pg.find(key)
		for i := range pg.count {
			pg.key(i)
			if pg.leaf {
				pg.value(i)
			} else {
				pg.child(i)
			}
		}
	})
}

// TestBlocks: as the table grows block by block, a key's head is always in the block where it is looked for, whether
// it was put there or moved by splits.
func TestBlocks(t *testing.T) {
	var s salt
	fps := make([]fingerprint, 500)
	at := make([]uint32, len(fps))
	for i := range fps {
		fps[i] = s.fingerprint(indexKey(uint64(i)))
	}
	for n := uint64(1); n < 100; n++ {
		from := splitFrom(n)
		if uint64(from) >= n {
			t.Fatalf("block %d is split off from block %d", n, from)
		}
		used := make(map[uint32]int)
		for i, fp := range fps {
			switch got := fp.block(n + 1); {
			case got == at[i]:
			case got == uint32(n) && at[i] == from:
				at[i] = got
			default:
				t.Fatalf("with block %d, which is split off from %d, a key moves from block %d to %d", n, from, at[i], got)
			}
			used[at[i]]++
		}
		if n < 20 && len(used) != int(n+1) {
			t.Errorf("of %d blocks %d are used", n+1, len(used))
		}
	}
}

func TestFindHead(t *testing.T) {
	var s salt
	var b block
	for n := range uint64(60) {
		fp := s.fingerprint(indexKey(n))
		stored, sum := b.encode(7)
		body, got, err := checkBlock(7, stored)
		if err != nil || got != sum {
			t.Fatalf("%d heads: %v", n, err)
		}
		if _, _, err := checkBlock(8, stored); !errors.Is(err, ledger.ErrCorrupt) {
			t.Errorf("as another block: got error %v, want ErrCorrupt", err)
		}
		if _, ok := findHead(body, fp); ok {
			t.Errorf("%d heads: found one that is not there", n)
		}
		for i := range n {
			h, ok := findHead(body, s.fingerprint(indexKey(i)))
			if want := (head{index: i, sum: uint32(i) * 3, seq: 9}); !ok || h != want {
				t.Fatalf("%d heads: head %d is %v, %v; want %v", n, i, h, ok, want)
			}
		}
		i, found := b.find(fp)
		if found {
			t.Fatal("found before it was put in")
		}
		b = append(b[:i:i], append(block{{fp, head{index: n, sum: uint32(n) * 3, seq: 9}}}, b[i:]...)...)
	}
}

func TestTip(t *testing.T) {
	want := tip{txid: 1, next: 20, time: 3, last: 4, indexed: 5, blocks: 6, keys: 7, total: 8, salt: salt{9}}
	b := want.encode()
	if got, err := decodeTip(b); err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	for i := range b {
		b[i] ^= 0x40
		if _, err := decodeTip(b); !errors.Is(err, ledger.ErrCorrupt) {
			t.Errorf("byte %d changed: got error %v, want ErrCorrupt", i, err)
		}
		b[i] ^= 0x40
	}
	for name, bad := range map[string]tip{
		"indexed beyond the end": {next: 1, indexed: 2, blocks: 1}, "no block": {next: 1}, "more keys than entries": {next: 1, keys: 2, blocks: 1},
	} {
		if _, err := decodeTip(bad.encode()); !errors.Is(err, ledger.ErrCorrupt) {
			t.Errorf("%s: got error %v, want ErrCorrupt", name, err)
		}
	}
}
