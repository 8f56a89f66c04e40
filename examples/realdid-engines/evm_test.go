package main

import (
	"testing"

	"github.com/ethereum/go-ethereum/common"
)

// TestWriter: a contract is its account's unless somebody asks for something else.
func TestWriter(t *testing.T) {
	account, other := common.HexToAddress("0x01"), common.HexToAddress("0x02")
	for _, test := range []struct {
		operator string
		open     bool
		want     common.Address
	}{{"", false, account}, {other.Hex(), false, other}, {"", true, common.Address{}}} {
		if got := writer(test.operator, test.open, account); got != test.want {
			t.Errorf("operator %q, open %v: got %s, want %s", test.operator, test.open, got, test.want)
		}
	}
	for _, args := range [][]string{
		{"--open", "--operator", other.Hex()}, {"--open", "--mode", "anchor"}, {"--operator", "nobody"}, {"--mode", "both"},
	} {
		do(t, statusUsage, append([]string{"evm", "deploy", "http://127.0.0.1:1", "1", "finalized"}, args...)...)
	}
}
