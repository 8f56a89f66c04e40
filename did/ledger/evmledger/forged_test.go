package evmledger

import (
	"context"
	"errors"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
)

// TestForgedTime: an event that leads to its slot and has another time than its block is none that the contract's code
// wrote; such a contract is not read. One second more is enough.
func TestForgedTime(t *testing.T) {
	w := newContractWorld(t, false)
	extend(t, w.open(t, w.sender(t), nil), "key", "x")
	key := directKey("key")
	for name, test := range map[string]struct {
		by   uint64
		slot bool // the contract's slot has the forged time, too
		want error
	}{
		"as it is":       {0, true, nil},
		"forged":         {1, true, ledger.ErrCorrupt},
		"by a node":      {1, false, ledger.ErrUnavailable},
		"forged by much": {1 << 63, true, ledger.ErrCorrupt},
	} {
		w.answer(func(method string, args []any, result any) (bool, error) {
			if method != "eth_getLogs" && method != "eth_getStorageAt" {
				return false, nil
			}
			if err := w.client.CallContext(context.Background(), result, method, args...); err != nil {
				t.Error(err)
			}
			if logs, ok := result.(*[]types.Log); ok {
				for _, l := range *logs {
					s, err := readStep(&l)
					if err != nil {
						t.Error(err)
					}
					s.time += test.by
					copy(l.Data, stepLog(s).Data)
				}
			}
			if word, ok := result.(*hexutil.Bytes); ok && test.slot {
				b, err := w.chain(t, w.finality).Final(context.Background())
				if err != nil {
					t.Error(err)
				}
				head := directHead(key, common.Hash{}, uint64(b.Time.Unix())+test.by, ledgertest.Op(nil, "x"))
				*word = head[:]
			}
			return true, nil
		})
		l, err := Open(t.Context(), w.chain(t, w.finality), w.at, ledgertest.Reducer{}, nil, nil)
		if !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
			t.Errorf("%s: got error %v, want %v", name, err, test.want)
		}
		if err == nil {
			l.Close()
		}
	}
}

// TestForgedCreation: a contract with the right code whose creation left something in a slot is not opened, if Deployment
// says in which block that was.
func TestForgedCreation(t *testing.T) {
	w := newContractWorld(t, true)
	s := w.sender(t)
	runtime, err := w.chain(t, w.finality).Code(t.Context(), w.at.Address)
	if err != nil {
		t.Fatal(err)
	}
	slot := directSlot(directKey("key"))
	init := append([]byte{0x7f}, slot[:]...)      // PUSH32: what is left there
	init = append(append(init, 0x7f), slot[:]...) // PUSH32
	init = append(init, 0x55)                     // SSTORE
	high, low := byte(len(runtime)>>8), byte(len(runtime))
	init = append(init, 0x61, high, low, 0x61, 0, 82)   // PUSH2, PUSH2
	init = append(init, 0x60, 0, 0x39)                  // PUSH1, CODECOPY
	init = append(init, 0x61, high, low, 0x60, 0, 0xf3) // PUSH2, PUSH1, RETURN
	r, err := s.Send(t.Context(), nil, append(init, runtime...))
	if err != nil {
		t.Fatal(err)
	}
	open := func(at Deployment) error {
		l, err := Open(t.Context(), w.chain(t, w.finality), at, ledgertest.Reducer{}, nil, nil)
		if err == nil {
			l.Close()
		}
		return err
	}
	forged := Deployment{Address: r.Contract, Block: r.Block}
	if words, err := s.chain.Storage(t.Context(), r.Contract, []common.Hash{slot}, r.Block); err != nil || words[0] != slot {
		t.Fatalf("nothing was forged: %v", err)
	}
	if err := open(forged); err == nil || errors.Is(err, ledger.ErrUnavailable) {
		t.Errorf("forged: got error %v, want a final one", err)
	}
	for at, want := range map[Deployment]bool{forged: true, w.at: true, {forged.Address, forged.Block - 1}: false} {
		if found, _ := s.chain.created(t.Context(), Direct, s.Address(), at); found != want {
			t.Errorf("%v: found %v, want %v", at, found, want)
		}
	}
	if err := open(w.at); err != nil {
		t.Error(err)
	}
	if _, err := s.chain.created(t.Context(), Direct, common.Address{1}, w.at); err == nil {
		t.Error("another operator than in the transaction")
	}
	for _, test := range []struct {
		answer error
		want   error
	}{{nodeError{-32000, "pruned"}, nil}, {nil, nil}, {errors.New("gone"), ledger.ErrUnavailable}} {
		w.answer(func(method string, args []any, _ any) (bool, error) {
			return method == "eth_getBlockByNumber" && args[1] == true, test.answer
		})
		if err := open(w.at); !errors.Is(err, test.want) {
			t.Errorf("%v: got error %v, want %v", test.answer, err, test.want)
		}
	}
}
