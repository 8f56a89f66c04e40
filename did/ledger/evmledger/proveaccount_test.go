package evmledger

import (
	"errors"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/realdid/realdid/did/ledger/proof"
)

// TestProveAccount checks what stands at the end of a walk: accounts and words that no chain writes are refused, though a root names them.
func TestProveAccount(t *testing.T) {
	address, slot := common.Address{1}, common.Hash{2}
	hash := make([]byte, 32)
	for name, value := range map[string]any{
		"good":          []any{uint64(1), uint64(2), hash, hash},
		"three fields":  []any{uint64(1), uint64(2), hash},
		"five fields":   []any{uint64(1), uint64(2), hash, hash, hash},
		"short root":    []any{uint64(1), uint64(2), hash[1:], hash},
		"long code":     []any{uint64(1), uint64(2), hash, append(hash, 0)},
		"a string":      hash,
		"absent":        nil,
		"list in field": []any{uint64(1), []any{}, hash, hash},
	} {
		tr := newTrie()
		tr.put([]byte("other"), mustRLP([]any{hash, hash}))
		if value != nil {
			tr.put(address[:], mustRLP(value))
		}
		a, err := proveAccount(tr.Hash(), address, tr.prove(t, address[:]))
		if name == "good" && err == nil {
			continue
		}
		if !errors.Is(err, proof.ErrInvalid) {
			t.Errorf("%s: got %+v, %v, want ErrInvalid", name, a, err)
		}
	}
	for name, value := range map[string][]byte{
		"a leading zero": mustRLP([]byte{0, 1}),
		"nothing":        mustRLP([]byte{}),
		"33 bytes":       mustRLP(append([]byte{1}, hash...)),
		"a list":         mustRLP([]any{hash}),
		"bytes behind":   append(mustRLP(uint64(300)), 0),
	} {
		tr := newTrie()
		tr.put(slot[:], value)
		if w, err := proveSlot(tr.Hash(), slot, tr.prove(t, slot[:])); !errors.Is(err, proof.ErrInvalid) {
			t.Errorf("%s: got %x, %v, want ErrInvalid", name, w, err)
		}
	}
	tr := newTrie()
	tr.put(slot[:], mustRLP(uint64(300)))
	if w, err := proveSlot(tr.Hash(), slot, tr.prove(t, slot[:])); err != nil || w != common.BytesToHash([]byte{1, 44}) {
		t.Errorf("got %x, %v", w, err)
	}
	if w, err := proveSlot(tr.Hash(), common.Hash{3}, tr.prove(t, common.Hash{3}.Bytes())); err != nil || w != (common.Hash{}) {
		t.Errorf("never written: got %x, %v", w, err)
	}
}
