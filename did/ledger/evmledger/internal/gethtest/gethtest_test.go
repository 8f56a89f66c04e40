package gethtest

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common/hexutil"
)

func TestSimulated(t *testing.T) {
	s := NewSimulated(t, 0)
	s.Commit()
	p := NewProxy(t, s.RPC)
	var n hexutil.Uint64
	if err := p.RPC.Call(&n, "eth_blockNumber"); err != nil || n != 1 {
		t.Errorf("got %d, %v", n, err)
	}
	p.Do(Without("eth_getProof"))
	if err := p.RPC.Call(new(json.RawMessage), "eth_getProof"); err == nil {
		t.Error("a method that the node lacks: no error")
	}
	p.Do(func(string, []json.RawMessage, func() (json.RawMessage, error)) (json.RawMessage, error) {
		return json.RawMessage(`"0x2a"`), nil
	})
	if err := p.RPC.Call(&n, "eth_blockNumber"); err != nil || n != 42 {
		t.Errorf("a lie: got %d, %v", n, err)
	}
	p.Down(true)
	if err := p.RPC.Call(&n, "eth_blockNumber"); err == nil {
		t.Error("down: no error")
	}
}

func TestGeth(t *testing.T) {
	g := Start(t, nil)
	number := func() (n hexutil.Uint64) {
		if err := g.RPC.Call(&n, "eth_blockNumber"); err != nil {
			t.Fatal(err)
		}
		return n
	}
	deadline := time.Now().Add(patience)
	until := func(want hexutil.Uint64) {
		for p := newPace(nil); number() < want; p.next() {
			if time.Now().After(deadline) {
				t.Fatal("no blocks")
			}
		}
	}
	until(2)
	g.Kill()
	g.Restart()
	until(number() + 1)
}
