package evmledger

import (
	"crypto/rand"
	"fmt"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
)

// TestGas measures what the README says: the gas of each operation on a chain with the rules of today's Ethereum.
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
	send := func(to common.Address, data []byte) uint64 {
		t.Helper()
		r, err := sender.Send(t.Context(), &to, data)
		if err != nil {
			t.Fatal(err)
		}
		return r.GasUsed
	}
	row := func(what string, n int, gas uint64) {
		each := gas / uint64(n)
		t.Logf("%-44s %9d gas, %6d each, %5d in a block of 30M, %5d of 36M, %5d of 60M", what, gas, each, 30e6/each, 36e6/each, 60e6/each)
	}
	for epoch := range uint64(3) {
		data := crypto.Keccak256([]byte("anchor(uint32,bytes32)"))[:4]
		data = append(data, common.LeftPadBytes([]byte{byte(epoch)}, 32)...)
		data = append(data, random(32)...)
		row(fmt.Sprint("anchor ", epoch), 1, send(anchor.Address, data))
	}
	next := 0
	for _, size := range []int{32, 128, 250, 876} {
		for _, n := range []int{1, 10, 100} {
			var create, update []byte
			for range n {
				name := fmt.Sprintf("did:realdid:evm:%044d", next)
				next++
				create = appendRecord(create, record{name: name, op: random(size)})
				update = appendRecord(update, record{name: name, seq: 1, op: random(size)})
			}
			row(fmt.Sprintf("create, %d bytes, %d in a transaction", size, n), n, send(direct.Address, appendCall(create)))
			row(fmt.Sprintf("update, %d bytes, %d in a transaction", size, n), n, send(direct.Address, appendCall(update)))
		}
	}
}
