package cometledger

import (
	"context"
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	rpchttp "github.com/cometbft/cometbft/rpc/client/http"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
)

// headed gives the reducer of the conformance kit head records.
type headed struct{ ledgertest.Reducer }

func (headed) Head(key string, state []byte) ([]byte, error) {
	sum := sha256.Sum256(state)
	return fmt.Appendf(nil, "%d %x", len(state), sum[:8]), nil
}

var _ ledger.HeadReducer = headed{}

// startOne starts a chain of one validator in dir, or goes on with it.
func startOne(t testing.TB, home string) *Node {
	t.Helper()
	if _, err := readGenesis(home); err != nil {
		if err := InitFiles("test-chain", time.Time{}, []Validator{{Home: home, P2P: "127.0.0.1:0", RPC: "127.0.0.1:0"}}); err != nil {
			t.Fatal(err)
		}
	}
	n, err := StartNode(t.Context(), NodeConfig{Home: home, Reducer: headed{}, EmptyBlocks: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestNode(t *testing.T) {
	home := filepath.Join(t.TempDir(), "validator")
	n := startOne(t, home)
	c, err := rpchttp.New(n.RPC(), "/websocket")
	if err != nil {
		t.Fatal(err)
	}
	tx, err := appendTx(nil, []operation{{Key: "a", Op: ledgertest.Op(nil, "one")}, {Key: "b", Op: ledgertest.Op(nil, "two")}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r, err := c.BroadcastTxCommit(ctx, tx)
	if err != nil {
		t.Fatal(err)
	}
	if r.CheckTx.Code != codeOK || r.TxResult.Code != codeOK || n.Entries() != 2 {
		t.Fatalf("got codes %d, %d and %d entries: %s", r.CheckTx.Code, r.TxResult.Code, n.Entries(), r.CheckTx.Log)
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	n = startOne(t, home)
	defer n.Close()
	if n.Entries() != 2 {
		t.Errorf("after a restart: got %d entries, want 2", n.Entries())
	}
}
