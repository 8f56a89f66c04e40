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
