package evmledger

import (
	"bytes"
	"errors"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/rlp"

	"github.com/realdid/realdid/did/ledger/proof"
)

var headerTime = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// testHeader is a header as Ethereum has them since Prague.
func testHeader() *types.Header {
	zero, hash := uint64(0), common.Hash{9}
	return &types.Header{
		ParentHash: common.Hash{1}, UncleHash: types.EmptyUncleHash, Coinbase: common.Address{2}, Root: common.Hash{3},
		TxHash: types.EmptyTxsHash, ReceiptHash: types.EmptyReceiptsHash, Difficulty: new(big.Int), Number: big.NewInt(4711),
		GasLimit: 36_000_000, GasUsed: 21_000, Time: uint64(headerTime.Unix()), Extra: []byte("extra"), BaseFee: big.NewInt(7),
		WithdrawalsHash: &types.EmptyWithdrawalsHash, BlobGasUsed: &zero, ExcessBlobGas: &zero, ParentBeaconRoot: &hash, RequestsHash: &hash,
	}
}

func TestParseHeader(t *testing.T) {
	old := testHeader()
	old.BaseFee, old.WithdrawalsHash, old.BlobGasUsed, old.ExcessBlobGas, old.ParentBeaconRoot, old.RequestsHash = nil, nil, nil, nil, nil, nil
	london := testHeader()
	london.WithdrawalsHash, london.BlobGasUsed, london.ExcessBlobGas, london.ParentBeaconRoot, london.RequestsHash = nil, nil, nil, nil, nil
	for name, h := range map[string]*types.Header{"Prague": testHeader(), "London": london, "Frontier": old} {
		got, err := ParseHeader(mustRLP(h))
		want := Header{Hash: h.Hash(), Parent: h.ParentHash, StateRoot: h.Root, Number: 4711, Time: headerTime}
		if err != nil || *got != want {
			t.Errorf("%s: got %+v, %v, want %+v", name, got, err, want)
		}
	}
}

// fieldsOf returns the fields of a good header, encoded.
func fieldsOf(tb testing.TB) [][]byte {
	tb.Helper()
	fields, err := rlp.SplitListValues(mustRLP(testHeader()))
	if err != nil {
		tb.Fatal(err)
	}
	return fields
}

func TestParseHeaderRefuses(t *testing.T) {
	with := func(n int, field []byte) []byte {
		fields := fieldsOf(t)
		fields[n] = field
		return joined(fields)
	}
	good := mustRLP(testHeader())
	for name, b := range map[string][]byte{
		"nothing":              nil,
		"a string":             mustRLP("header"),
		"bytes behind it":      append(bytes.Clone(good), 0),
		"cut short":            good[:len(good)-1],
		"fourteen fields":      joined(fieldsOf(t)[:14]),
		"too many fields":      joined(append(fieldsOf(t), slices.Repeat([][]byte{{1}}, 20)...)),
		"a list for a field":   with(15, []byte{0xc0}),
		"a short hash":         with(3, mustRLP(make([]byte, 31))),
		"a long field":         with(20, mustRLP(make([]byte, 33))),
		"a number with a zero": with(8, mustRLP([]byte{0, 1})),
		"a long number":        with(8, mustRLP(bytes.Repeat([]byte{1}, 9))),
		"a number over limit":  with(8, mustRLP(uint64(1<<63-1))),
		"a long form":          with(8, []byte{0x81, 0x05}),
		"a large header":       with(12, mustRLP(make([]byte, MaxHeaderSize))),
	} {
		if h, err := ParseHeader(b); !errors.Is(err, proof.ErrInvalid) {
			t.Errorf("%s: got %+v, %v, want ErrInvalid", name, h, err)
		}
	}
	if _, err := ParseHeader(joined(append(fieldsOf(t), mustRLP(make([]byte, 32))))); err != nil {
		t.Errorf("a field of a later fork: %v", err)
	}
}

// joined encodes a list of encoded fields.
func joined(fields [][]byte) []byte {
	raw := make([]rlp.RawValue, len(fields))
	for i := range fields {
		raw[i] = fields[i]
	}
	return mustRLP(raw)
}

func FuzzParseHeader(f *testing.F) {
	f.Add(mustRLP(testHeader()))
	f.Add(joined(fieldsOf(f)[:15]))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := ParseHeader(b)
		if err != nil {
			if !errors.Is(err, proof.ErrInvalid) {
				t.Fatal(err)
			}
			return
		}
		var want types.Header
		if err := rlp.DecodeBytes(b, &want); err != nil {
			return // a field that go-ethereum does not know
		}
		if again := mustRLP(&want); !bytes.Equal(again, b) {
			t.Fatalf("two encodings of one header:\n%x\n%x", b, again)
		}
		if h.Hash != want.Hash() || h.StateRoot != want.Root || h.Parent != want.ParentHash || h.Number != want.Number.Uint64() || !h.Time.Equal(blockTime(want.Time)) {
			t.Errorf("got %+v, want %+v", h, want)
		}
	})
}
