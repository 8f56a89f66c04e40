package evmledger

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
)

// stepLog writes the event of s, as the contract does.
func stepLog(s step) types.Log {
	word := func(n int) []byte { return common.LeftPadBytes(binary.BigEndian.AppendUint64(nil, uint64(n)), 32) }
	value := func(b []byte) []byte {
		return append(append(word(len(b)), b...), make([]byte, -len(b)&31)...)
	}
	data := common.LeftPadBytes(binary.BigEndian.AppendUint64(nil, s.time), 32)
	topic := appendedTopic()
	if s.first {
		topic = createdTopic()
		data = append(data, word(0x60)...)
		data = append(data, word(0x80+len(value([]byte(s.name)))-32)...)
		data = append(data, value([]byte(s.name))...)
	} else {
		data = append(data, word(0x40)...)
	}
	return types.Log{Topics: []common.Hash{topic, s.key}, Data: append(data, value(s.op)...), BlockNumber: s.block}
}

func TestReadStep(t *testing.T) {
	for _, name := range []string{"", "a", strings.Repeat("b", 32), strings.Repeat("c", 255)} {
		for _, size := range []int{0, 1, 31, 32, 33, 65535} {
			for _, first := range []bool{true, false} {
				want := step{key: directKey(name), first: first, time: 1 << 60, op: bytes.Repeat([]byte{7}, size), block: 9}
				if first {
					want.name = name
				}
				l := stepLog(want)
				got, err := readStep(&l)
				if err != nil || got.key != want.key || got.name != want.name || got.first != first ||
					got.time != want.time || !bytes.Equal(got.op, want.op) || got.block != 9 {
					t.Fatalf("%q, %d bytes, first %v: %v", name, size, first, err)
				}
			}
		}
	}
}

func TestReadStepRefuses(t *testing.T) {
	for _, s := range []step{
		{key: directKey("name"), name: "name", first: true, time: 5, op: []byte("operation")},
		{key: directKey("name"), time: 5, op: []byte("operation")},
	} {
		good := stepLog(s)
		for i := range good.Data { // every bit that is not the time's, the name's or the operation's is fixed
			l := good
			l.Data = bytes.Clone(good.Data)
			l.Data[i] ^= 0x80
			got, err := readStep(&l)
			if err == nil && (bytes.Equal(got.op, s.op) && got.time == s.time) {
				t.Errorf("first %v: byte %d changed: accepted, and nothing is different", s.first, i)
			}
		}
		for n := range good.Data {
			l := good
			l.Data = good.Data[:n]
			if _, err := readStep(&l); err == nil {
				t.Errorf("first %v: the first %d bytes: accepted", s.first, n)
			}
		}
		for name, spoil := range map[string]func(*types.Log){
			"a word more":   func(l *types.Log) { l.Data = append(bytes.Clone(l.Data), make([]byte, 32)...) },
			"no topics":     func(l *types.Log) { l.Topics = nil },
			"three topics":  func(l *types.Log) { l.Topics = append(l.Topics[:2:2], common.Hash{}) },
			"unknown event": func(l *types.Log) { l.Topics = []common.Hash{{1}, s.key} },
		} {
			l := good
			spoil(&l)
			if _, err := readStep(&l); err == nil {
				t.Errorf("first %v: %s: accepted", s.first, name)
			}
		}
	}
	l := stepLog(step{key: directKey("other"), name: "name", first: true, op: []byte("x")})
	if _, err := readStep(&l); err == nil {
		t.Error("a key that is not that of the name: accepted")
	}
}

func FuzzReadStep(f *testing.F) {
	for _, s := range []step{
		{key: directKey("name"), name: "name", first: true, time: 5, op: []byte("operation")},
		{key: directKey("name"), time: 5, op: bytes.Repeat([]byte{1}, 100)},
	} {
		f.Add(s.first, stepLog(s).Data)
	}
	f.Fuzz(func(t *testing.T, first bool, data []byte) {
		l := types.Log{Topics: []common.Hash{appendedTopic(), directKey("name")}, Data: data}
		if first {
			l.Topics[0] = createdTopic()
		}
		s, err := readStep(&l)
		if err != nil {
			return
		}
		if again := stepLog(s); !bytes.Equal(again.Data, data) {
			t.Errorf("accepted %x, which is written %x", data, again.Data)
		}
	})
}

func TestBlockTime(t *testing.T) {
	for in, want := range map[uint64]int64{
		0: 0, 1: 1, 1_800_000_000: 1_800_000_000, 99_999_999_999: 99_999_999_999,
		1_800_000_000_999: 1_800_000_000, 1_800_000_000_999_999: 1_800_000_000, 1_800_000_000_999_999_999: 1_800_000_000,
	} {
		if got := blockTime(in); got.Unix() != want || got.Location() != time.UTC || got.Nanosecond() != 0 {
			t.Errorf("%d: %v, want %d s", in, got, want)
		}
	}
}

func TestParseFinality(t *testing.T) {
	for _, f := range []Finality{Finalized(), Safe(), Confirmations(0), Confirmations(12)} {
		if got, err := ParseFinality(f.String()); err != nil || got != f {
			t.Errorf("%s: %v, %v", f, got, err)
		}
	}
	for _, s := range []string{"", "none", "latest", "latest+", "latest+-1", "latest+012", "latest+1x", "latest+4294967296", "Finalized", "safe ", "pending"} {
		if f, err := ParseFinality(s); err == nil {
			t.Errorf("%q: accepted as %s", s, f)
		}
	}
}

func TestOrigin(t *testing.T) {
	if got := Origin(56, common.HexToAddress("0xABCDEF0000000000000000000000000000000001")); got != "evm:56:0xabcdef0000000000000000000000000000000001" {
		t.Error(got)
	}
}
