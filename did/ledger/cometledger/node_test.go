package cometledger

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cometbft/cometbft/config"
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
	for try := 0; try < 5 && err != nil && strings.Contains(err.Error(), syscall.EADDRINUSE.Error()); try++ {
		// A connection took the port between its choice and its use.
		n, err = StartNode(t.Context(), NodeConfig{Home: home, Reducer: headed{}, EmptyBlocks: time.Second})
	}
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

// submit commits one transaction through the RPC of n.
func submit(t testing.TB, n *Node, ops ...operation) {
	t.Helper()
	c, err := rpchttp.New(n.RPC(), "/websocket")
	if err != nil {
		t.Fatal(err)
	}
	tx, err := appendTx(nil, ops)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r, err := c.BroadcastTxCommit(ctx, tx)
	if err != nil || r.CheckTx.Code != codeOK || r.TxResult.Code != codeOK {
		t.Fatalf("got %+v, %v", r, err)
	}
}

// waitFor waits until done, as long as a slow machine might need.
func waitFor(t testing.TB, what string, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for tick := time.NewTicker(20 * time.Millisecond); !done(); {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%s: not in two minutes", what)
		}
	}
}

// TestStateSync: a validator whose store is damaged is refused, and comes back with a snapshot of the others, whose old blocks are gone.
func TestStateSync(t *testing.T) {
	if os.Getenv("REALDID_ENGINES") == "" {
		t.Skip("REALDID_ENGINES is not set")
	}
	dir := t.TempDir()
	big, small := filepath.Join(dir, "big"), filepath.Join(dir, "small")
	err := InitFiles(testChain, time.Time{}, []Validator{
		{Home: big, Power: 10, P2P: "127.0.0.1:0", RPC: "127.0.0.1:0"}, {Home: small, P2P: "127.0.0.1:0", RPC: "127.0.0.1:0"},
	})
	if err != nil {
		t.Fatal(err)
	}
	config := NodeConfig{
		Home: big, Reducer: headed{}, EmptyBlocks: 3 * time.Second, Peers: []string{}, Snapshots: 10, Retain: 10,
	}
	n, err := StartNode(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	for i := range 20 {
		submit(t, n, op(fmt.Sprintf("k-%d", i), 0, nil, "x"), op(fmt.Sprintf("l-%d", i), 0, nil, "x"))
	}
	waitFor(t, "blocks are forgotten", func() bool { return n.node.BlockStore().Base() > 1 })

	// The other one has a store that was damaged.
	if err := os.MkdirAll(filepath.Join(ledgerDir(small), databaseDir), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(ledgerDir(small), databaseDir, "CURRENT"), []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	config.Home, config.Peers = small, []string{n.Peer()}
	if m, err := StartNode(t.Context(), config); !errors.Is(err, ledger.ErrCorrupt) {
		if err == nil {
			m.Close()
		}
		t.Fatalf("a damaged store: got %v, want %v", err, ledger.ErrCorrupt)
	}
	if err := Reset(small); err != nil {
		t.Fatal(err)
	}
	c, err := rpchttp.New(n.RPC(), "/websocket")
	if err != nil {
		t.Fatal(err)
	}
	trusted := n.node.BlockStore().Base()
	commit, err := c.Commit(t.Context(), &trusted)
	if err != nil {
		t.Fatal(err)
	}
	config.StateSync = &StateSync{Servers: []string{n.RPC(), n.RPC()}, Height: trusted, Hash: commit.Hash().String()}
	m, err := StartNode(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	waitFor(t, "it has caught up", func() bool { return m.Entries() == n.Entries() && m.Height() > trusted })
	submit(t, n, op("after", 0, nil, "x"))
	waitFor(t, "it follows", func() bool { return m.Entries() == n.Entries() })
	if err := m.app.store.check(t.Context()); err != nil {
		t.Error(err)
	}
	if base := m.node.BlockStore().Base(); base == 1 {
		t.Error("it has the first block, and was to begin with a snapshot")
	}
}

// TestImportGenesis: a ledger moves to a chain with its anchors.
func TestImportGenesis(t *testing.T) {
	old := newDriver(t, t.TempDir(), appOptions{})
	old.grow(rand.New(rand.NewPCG(61, 62)), 20)
	entries := func(yield func(ledger.Entry, error) bool) {
		err := old.store.view().feed(0, func(e ledger.Entry) bool { return yield(e, nil) })
		if err != nil {
			yield(ledger.Entry{}, err)
		}
	}
	dir := t.TempDir()
	homes := []Validator{
		{Home: filepath.Join(dir, "a"), Power: 10, P2P: "127.0.0.1:0", RPC: "127.0.0.1:0"}, {Home: filepath.Join(dir, "b"), P2P: "127.0.0.1:0", RPC: "127.0.0.1:0"},
	}
	if err := InitFiles("new-chain", time.Time{}, homes); err != nil {
		t.Fatal(err)
	}
	home := homes[0].Home
	// The import ends in the middle, and goes on.
	broken := errors.New("broken")
	some := func(yield func(ledger.Entry, error) bool) {
		for e := range entries {
			if e.Anchor.Index == 7 {
				yield(ledger.Entry{}, broken)
				return
			}
			if !yield(e, nil) {
				return
			}
		}
	}
	if err := ImportGenesis(t.Context(), home, headed{}, some); !errors.Is(err, broken) {
		t.Fatalf("got %v, want %v", err, broken)
	}
	for range 2 { // the second changes nothing
		if err := ImportGenesis(t.Context(), home, headed{}, entries); err != nil {
			t.Fatal(err)
		}
	}
	n, err := StartNode(t.Context(), NodeConfig{Home: home, Reducer: headed{}, Peers: []string{}, Check: true})
	if err != nil {
		t.Fatal(err)
	}
	if n.Entries() != old.store.view().Entries {
		t.Fatalf("got %d entries, want %d", n.Entries(), old.store.view().Entries)
	}
	submit(t, n, op("after", 0, nil, "x"))
	for i, v := range []*view{old.store.view(), n.app.store.view()} {
		e, err := v.entry(5)
		if err != nil || e.Anchor.Index != 5 || !e.Anchor.Time.Before(chainBegin.Add(time.Hour)) {
			t.Errorf("%d: got entry %+v, %v", i, e, err)
		}
	}
	if err := n.app.store.check(t.Context()); err != nil {
		t.Error(err)
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	// Who has the genesis and has imported something else, or nothing, is refused.
	b, err := os.ReadFile(filepath.Join(home, "config", "genesis.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(homes[1].Home, "config", "genesis.json"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	other := func(yield func(ledger.Entry, error) bool) {
		for e := range entries {
			if e.Anchor.Index == 7 || !yield(e, nil) {
				return
			}
		}
	}
	if err := ImportGenesis(t.Context(), homes[1].Home, headed{}, other); !errors.Is(err, ledger.ErrInvalid) {
		t.Errorf("another import: got %v, want %v", err, ledger.ErrInvalid)
	}
	if n, err := StartNode(t.Context(), NodeConfig{Home: homes[1].Home, Reducer: headed{}, Peers: []string{}}); err == nil {
		n.Close()
		t.Error("a validator with another import was started")
	}
}

func TestInitFiles(t *testing.T) {
	home := filepath.Join(t.TempDir(), "v")
	v := []Validator{{Home: home, P2P: "127.0.0.1:0", RPC: "127.0.0.1:0"}}
	for _, chain := range []string{"", strings.Repeat("x", 51), "two\nlines"} {
		if err := InitFiles(chain, time.Time{}, []Validator{{Home: filepath.Join(t.TempDir(), "v")}}); !errors.Is(err, ledger.ErrInvalid) {
			t.Errorf("chain %q: got %v, want %v", chain, err, ledger.ErrInvalid)
		}
	}
	if err := InitFiles(testChain, time.Time{}, v); err != nil {
		t.Fatal(err)
	}
	if err := InitFiles(testChain, time.Time{}, v); !errors.Is(err, ledger.ErrInvalid) {
		t.Errorf("again: got %v, want %v", err, ledger.ErrInvalid)
	}
	for name, c := range map[string]NodeConfig{
		"no home":      {Reducer: headed{}},
		"no reducer":   {Home: home},
		"no address":   {Home: home, Reducer: headed{}, P2P: "nonsense"},
		"not adjusted": {Home: home, Reducer: headed{}, Adjust: func(c *config.Config) { c.Mempool.Size = -1 }},
	} {
		if n, err := StartNode(t.Context(), c); !errors.Is(err, ledger.ErrInvalid) {
			if err == nil {
				n.Close()
			}
			t.Errorf("%s: got %v, want %v", name, err, ledger.ErrInvalid)
		}
	}
	// A record of signatures that cannot be read must stop the validator, which might sign a height twice.
	if err := os.WriteFile(filepath.Join(home, "data", "priv_validator_state.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := StartNode(t.Context(), NodeConfig{Home: home, Reducer: headed{}}); !errors.Is(err, ledger.ErrCorrupt) {
		t.Errorf("a damaged record of signatures: got %v, want %v", err, ledger.ErrCorrupt)
	}
}
