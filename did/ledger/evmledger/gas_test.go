package evmledger

import (
	"crypto/rand"
	"fmt"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/params"
)

// chainGas is what a chain with Osaka's rules takes for a transaction, whatever the contract's code does: the transaction
// and its data, each slot (20,000 when it is new, else 2,900, and 2,100 for reading it first), and each event.
func chainGas(data []byte, r *Receipt, created int) uint64 {
	zeros := uint64(0)
	for _, b := range data {
		if b == 0 {
			zeros++
		}
	}
	tokens := zeros + 4*(uint64(len(data))-zeros)
	gas := params.TxGas + 4*tokens
	for i, l := range r.Logs {
		gas += params.LogGas + uint64(len(l.Topics))*params.LogTopicGas + uint64(len(l.Data))*params.LogDataGas + params.ColdSloadCostEIP2929
		if i < created {
			gas += params.SstoreSetGasEIP2200
		} else {
			gas += params.SstoreResetGasEIP2200 - params.ColdSloadCostEIP2929
		}
	}
	return max(gas, params.TxGas+params.TxCostFloorPerToken*tokens)
}

// TestGas measures what the README says, on a chain with the rules of today's Ethereum, and fails where the contract takes
// an eighth more than the chain itself, or a hundredth more than the README says.
func TestGas(t *testing.T) {
	sim := newSimChain(t)
	chain := sim.chain(t, Confirmations(0))
	direct, sender := sim.deploy(t, chain, Direct)
	anchor, _ := sim.deploy(t, chain, Anchor)

	random := func(n int) []byte {
		b := make([]byte, n)
		rand.Read(b)
		return b
	}
	send := func(what string, n, created int, to common.Address, data []byte, most uint64) {
		t.Helper()
		r, err := sender.Send(t.Context(), &to, data)
		if err != nil {
			t.Fatal(err)
		}
		each, floor := r.GasUsed/uint64(n), chainGas(data, r, created)/uint64(n)
		t.Logf("%-40s %6d, the chain alone %6d; in a block of 30M %5d, 36M %5d, 60M %5d", what, each, floor, 30e6/each, 36e6/each, 60e6/each)
		if each > floor+floor/8 || each > most+most/100 || len(r.Logs) != n {
			t.Errorf("%s: %d gas, of which the chain takes %d; the README says %d", what, each, floor, most)
		}
	}
	for epoch, most := range []uint64{46_300, 29_200, 29_200} {
		data := crypto.Keccak256([]byte("anchor(uint32,bytes32)"))[:4]
		data = append(data, common.LeftPadBytes([]byte{byte(epoch)}, 32)...)
		data = append(data, random(32)...)
		send(fmt.Sprint("anchor ", epoch), 1, max(0, 1-epoch), anchor.Address, data, most)
	}
	next := 0
	for _, test := range []struct {
		size, n        int
		create, update uint64
	}{
		{32, 1, 49_900, 31_000},
		{32, 10, 30_200, 11_300},
		{32, 100, 28_200, 9_300},
		{250, 1, 55_200, 36_300},
		{250, 10, 35_500, 16_600},
		{250, 100, 33_500, 14_600},
		{876, 1, 70_600, 58_300},
		{876, 10, 50_800, 38_600},
		{876, 100, 48_800, 36_600},
	} {
		var create, update []byte
		for range test.n {
			name := fmt.Sprintf("did:realdid:%044d", next) // as long as one is; digits cost what letters do
			next++
			create = appendRecord(create, record{name: name, op: random(test.size)})
			update = appendRecord(update, record{name: name, seq: 1, op: random(test.size)})
		}
		send(fmt.Sprintf("create, %d bytes, %d in a transaction", test.size, test.n), test.n, test.n, direct.Address, appendCall(create), test.create)
		send(fmt.Sprintf("update, %d bytes, %d in a transaction", test.size, test.n), test.n, 0, direct.Address, appendCall(update), test.update)
	}
}
