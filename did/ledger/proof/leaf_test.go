package proof

import (
	"bytes"
	"encoding/hex"
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestLeaves(t *testing.T) {
	entry := EntryLeaf{Index: 1, Time: 2, Seq: 3, Key: "k:1", Op: []byte("op")}
	epoch := EpochLeaf{MapRoot: Hash{7}, Size: 5, Entries: 4, Time: MaxTime}
	for _, c := range []struct {
		leaf any
		b    []byte
		want string
	}{
		{entry, entry.Append(nil), "00 0000000000000001 0000000000000002 0000000000000003 03 6b3a31 6f70"},
		{epoch, epoch.Append(nil), "01 07" + strings.Repeat("00", 31) + " 0000000000000005 0000000000000004 0000003afff4417f"},
	} {
		if want := must(hex.DecodeString(strings.ReplaceAll(c.want, " ", ""))); !bytes.Equal(c.b, want) {
			t.Errorf("Append of %+v: got %x, want %x", c.leaf, c.b, want)
		}
		if got, err := ParseLeaf(c.b); err != nil || !reflect.DeepEqual(got, c.leaf) {
			t.Errorf("ParseLeaf(%x): got %+v, %v, want %+v", c.b, got, err, c.leaf)
		}
	}
}

func TestLeavesRefused(t *testing.T) {
	entry := EntryLeaf{Index: 1, Time: 2, Seq: 3, Key: "k", Op: []byte("op")}.Append(nil)
	epoch := EpochLeaf{Size: 5, Entries: 4}.Append(nil)
	set := func(b []byte, at int, v byte) []byte {
		b = bytes.Clone(b)
		b[at] = v
		return b
	}
	for name, b := range map[string][]byte{
		"empty":                nil,
		"unknown kind":         set(entry, 0, 2),
		"entry too short":      entry[:25],
		"no key":               set(entry, 25, 0),
		"key beyond the end":   set(entry, 25, 4),
		"time too late":        set(entry, 9, 1),
		"entry too long":       append(entry, make([]byte, MaxLeafSize)...),
		"epoch cut off":        epoch[:56],
		"epoch with more":      append(bytes.Clone(epoch), 0),
		"epoch time too late":  set(epoch, 49, 0x80),
		"more entries than in": set(epoch, 48, 6),
	} {
		if l, err := ParseLeaf(b); !errors.Is(err, ErrInvalid) {
			t.Errorf("ParseLeaf, %s: got %+v, %v, want ErrInvalid", name, l, err)
		}
	}
	if _, err := ParseEntryLeaf(epoch); !errors.Is(err, ErrInvalid) {
		t.Errorf("ParseEntryLeaf of an epoch: got %v, want ErrInvalid", err)
	}
	if _, err := ParseEpochLeaf(append(entry, make([]byte, 57-len(entry))...)); !errors.Is(err, ErrInvalid) {
		t.Errorf("ParseEpochLeaf of an entry: got %v, want ErrInvalid", err)
	}
	for name, f := range map[string]func(){
		"no key":        func() { EntryLeaf{}.Append(nil) },
		"long key":      func() { EntryLeaf{Key: strings.Repeat("k", 256)}.Append(nil) },
		"negative time": func() { EntryLeaf{Key: "k", Time: -1}.Append(nil) },
		"late time":     func() { EntryLeaf{Key: "k", Time: MaxTime + 1}.Append(nil) },
		"epoch time":    func() { EpochLeaf{Time: -1}.Append(nil) },
		"epoch entries": func() { EpochLeaf{Entries: 1}.Append(nil) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("Append, %s: no panic", name)
				}
			}()
			f()
		}()
	}
}
