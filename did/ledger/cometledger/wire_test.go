package cometledger

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/realdid/realdid/did/ledger"
)

func someOps(n int) []operation {
	ops := make([]operation, n)
	for i := range ops {
		ops[i] = operation{Key: fmt.Sprintf("key-%d-%s", i, strings.Repeat("x", i%7)), Seq: uint64(i), Op: []byte{byte(i), 1}}
	}
	return ops
}

func TestTx(t *testing.T) {
	for _, n := range []int{1, 2, MaxTxOps} {
		tx, err := appendTx([]byte("before"), someOps(n))
		if err != nil {
			t.Fatal(err)
		}
		got, err := parseTx(tx[6:])
		if err != nil || len(got) != n || got[n-1].Key != someOps(n)[n-1].Key || !bytes.Equal(got[n-1].Op, someOps(n)[n-1].Op) {
			t.Errorf("%d operations: got %d, %v", n, len(got), err)
		}
	}
	for _, n := range []int{0, MaxTxOps + 1} {
		if _, err := appendTx(nil, someOps(n)); err == nil {
			t.Errorf("got a transaction of %d operations, want an error", n)
		}
	}
	big := make([]operation, 65)
	for i := range big {
		big[i] = operation{Key: "k", Op: make([]byte, ledger.MaxOpSize)}
	}
	if _, err := appendTx(nil, big); err == nil {
		t.Error("got a transaction over the size limit, want an error")
	}
	for i := range someOps(8) {
		o := someOps(8)[i]
		tx, _ := appendTx(nil, []operation{o})
		if len(tx) > 4+o.size() {
			t.Errorf("operation %d: got %d bytes, want at most %d", i, len(tx), 4+o.size())
		}
	}
}

func TestTxMalformed(t *testing.T) {
	good, err := appendTx(nil, someOps(1))
	if err != nil {
		t.Fatal(err)
	}
	encode := func(v any) []byte { return append([]byte{txVersion}, mustEncode(v)...) }
	for name, tx := range map[string][]byte{
		"empty":                {},
		"version alone":        {txVersion},
		"another version":      append([]byte{2}, good[1:]...),
		"no operations":        {txVersion, 0x80},
		"null":                 {txVersion, 0xf6},
		"trailing byte":        append(bytes.Clone(good), 0),
		"cut short":            good[:len(good)-1],
		"indefinite length":    append(append([]byte{txVersion, 0x9f}, good[2:]...), 0xff),
		"longer integer":       {txVersion, 0x81, 0x83, 0x61, 'k', 0x18, 0x00, 0x41, 'x'},
		"too many operations":  encode(someOps(MaxTxOps + 1)),
		"empty key":            encode([]operation{{Op: []byte("x")}}),
		"key in upper case":    encode([]operation{{Key: "K", Op: []byte("x")}}),
		"key too long":         encode([]operation{{Key: strings.Repeat("k", ledger.MaxKeyLen+1), Op: []byte("x")}}),
		"no operation":         encode([]operation{{Key: "k"}}),
		"empty operation":      encode([]operation{{Key: "k", Op: []byte{}}}),
		"operation too large":  encode([]operation{{Key: "k", Op: make([]byte, ledger.MaxOpSize+1)}}),
		"map for an operation": encode([]map[string]int{{"k": 1}}),
		"a fourth member":      encode([][]any{{"k", 0, []byte("x"), 1}}),
		"floating seq":         encode([][]any{{"k", 1.0, []byte("x")}}),
		"a key twice":          encode([]operation{{Key: "k", Op: []byte("x")}, {Key: "l", Op: []byte("x")}, {Key: "k", Seq: 1, Op: []byte("y")}}),
		"text for bytes":       encode([][]any{{"k", 0, "x"}}),
	} {
		if _, err := parseTx(tx); !errors.Is(err, errWire) {
			t.Errorf("%s: got %v, want %v", name, err, errWire)
		}
	}
}

func FuzzTx(f *testing.F) {
	for _, n := range []int{1, 3, MaxTxOps} {
		tx, _ := appendTx(nil, someOps(n))
		f.Add(tx)
	}
	f.Add([]byte{txVersion, 0x81, 0x83, 0x61, 'k', 0, 0x41, 'x'})
	f.Fuzz(func(t *testing.T, tx []byte) {
		ops, err := parseTx(tx)
		if err != nil {
			return
		}
		again, err := appendTx(nil, ops)
		if err != nil || !bytes.Equal(again, tx) {
			t.Fatalf("got %x, want %x: %v", again, tx, err)
		}
	})
}

func FuzzResults(f *testing.F) {
	f.Add((&checked{Height: 3, Refusals: []refusal{{Op: 1, Code: codeInvalid, Text: "no"}, {Op: 2, Code: codeConflict, Length: 9}}}).bytes())
	f.Add((&executed{First: 7, Codes: []byte{0, 2, 3}}).bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		if c, err := parseChecked(b, 3); err == nil && !bytes.Equal(c.bytes(), b) {
			t.Fatalf("checked: got %x, want %x", c.bytes(), b)
		}
		if e, err := parseExecuted(b, 3); err == nil && !bytes.Equal(e.bytes(), b) {
			t.Fatalf("executed: got %x, want %x", e.bytes(), b)
		}
	})
}

func FuzzQuery(f *testing.F) {
	for _, q := range []any{"key", entriesQuery{Key: "k", Limit: 1}, feedQuery{Limit: 2}, proofQuery{Key: "k"}, []place{{Key: "k", Seq: 1}}} {
		f.Add(mustEncode(q))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, q := range []any{new(string), new(entriesQuery), new(feedQuery), new(proofQuery), new([]place)} {
			if parseQuery(b, q) == nil && !bytes.Equal(mustEncode(q), b) {
				t.Fatalf("%T: got %x, want %x", q, mustEncode(q), b)
			}
		}
	})
}

func FuzzAnswer(f *testing.F) {
	for _, a := range []any{
		lastAnswer{Height: 2, Changed: 1, AppHash: make([]byte, 32)},
		stateAnswer{Height: 1, Length: 1, State: []byte{}},
		pageAnswer{Entries: []wireEntry{{Key: "k", Op: []byte("x"), Time: 1}}, More: true},
		standsAnswer{Places: []standing{{Length: 1, Sum: make([]byte, 32)}}},
		proofAnswer{Latest: []byte{1}},
	} {
		f.Add(mustEncode(a))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, a := range []any{new(lastAnswer), new(stateAnswer), new(pageAnswer), new(standsAnswer), new(proofAnswer)} {
			if parseAnswer(b, a) == nil && !bytes.Equal(mustEncode(a), b) {
				t.Fatalf("%T: got %x, want %x", a, mustEncode(a), b)
			}
		}
	})
}
