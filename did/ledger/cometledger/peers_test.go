package cometledger

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cometbft/cometbft/config"
	"github.com/cometbft/cometbft/p2p"

	"github.com/realdid/realdid/did/ledger"
)

// A filterWatch takes note of the peers about which CometBFT asks the application.
type filterWatch struct {
	abci.Application
	mu    sync.Mutex
	asked map[string]bool
}

func (f *filterWatch) Query(ctx context.Context, req *abci.RequestQuery) (*abci.ResponseQuery, error) {
	f.mu.Lock()
	f.asked[req.Path] = true
	f.mu.Unlock()
	return f.Application.Query(ctx, req)
}

func (f *filterWatch) about(id p2p.ID) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked[pathFilter+"id/"+string(id)]
}

// TestStrangers: nobody but those who are named takes a place among a validator's peers.
func TestStrangers(t *testing.T) {
	dir := t.TempDir()
	vs := make([]Validator, 3)
	for i, name := range []string{"one", "named", "stranger"} {
		vs[i] = Validator{Home: filepath.Join(dir, name), P2P: "127.0.0.1:0", RPC: "127.0.0.1:0", Power: []int64{100, 1, 1}[i]}
	}
	if err := InitFiles(testChain, time.Time{}, vs); err != nil {
		t.Fatal(err)
	}
	key, err := p2p.LoadNodeKey(config.DefaultConfig().SetRoot(vs[1].Home).NodeKeyFile())
	if err != nil {
		t.Fatal(err)
	}
	id := key.ID()
	if err := (&nodeFile{P2P: "127.0.0.1:0", RPC: "127.0.0.1:0", Peers: []string{string(id) + "@127.0.0.1:1"}}).write(vs[0].Home); err != nil {
		t.Fatal(err)
	}
	start := func(c NodeConfig) *Node {
		c.Reducer, c.EmptyBlocks = headed{}, time.Second
		n, err := StartNode(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { n.Close() })
		return n
	}
	watch := &filterWatch{asked: make(map[string]bool)}
	one := start(NodeConfig{
		Home: vs[0].Home, Peers: []string{}, Adjust: func(c *config.Config) { c.P2P.MaxNumInboundPeers = 1 },
		application: func(a abci.Application) abci.Application { watch.Application = a; return watch },
	})
	stranger := start(NodeConfig{Home: vs[2].Home, Peers: []string{one.Peer()}})
	has := func(id p2p.ID) bool { return one.node.Switch().Peers().Has(id) }
	waitFor(t, "the stranger tries", func() bool { return watch.about(stranger.node.NodeInfo().ID()) || has(stranger.node.NodeInfo().ID()) })
	named := start(NodeConfig{Home: vs[1].Home, Peers: []string{one.Peer()}})
	waitFor(t, "who is named is let in", func() bool { return has(named.node.NodeInfo().ID()) })
	if has(stranger.node.NodeInfo().ID()) {
		t.Error("a stranger is among the peers")
	}
}

func TestPeerConfig(t *testing.T) {
	home := filepath.Join(t.TempDir(), "validator")
	id := strings.Repeat("a1", p2p.IDByteLength)
	for _, peer := range []string{"127.0.0.1:1", "a1@127.0.0.1:1", strings.ToUpper(id) + "@127.0.0.1:1"} {
		c := NodeConfig{Home: home, Reducer: headed{}, Peers: []string{peer}}
		if _, _, err := c.build(); !errors.Is(err, ledger.ErrInvalid) {
			t.Errorf("%s: got %v, want %v", peer, err, ledger.ErrInvalid)
		}
	}
	c := NodeConfig{Home: home, Reducer: headed{}, Peers: []string{id + "@127.0.0.1:1"}}
	cfg, named, err := c.build()
	if err != nil || !cfg.FilterPeers || cfg.P2P.UnconditionalPeerIDs != id || !named[id] {
		t.Errorf("got %v %q %v, %v", cfg.FilterPeers, cfg.P2P.UnconditionalPeerIDs, named, err)
	}
	if cfg.Mempool.MaxTxsBytes > 32<<20 {
		t.Errorf("the mempool takes %d bytes", cfg.Mempool.MaxTxsBytes)
	}
	c.OpenPeers = true
	if cfg, _, err := c.build(); err != nil || cfg.FilterPeers {
		t.Errorf("open: got a filter, or %v", err)
	}
	if _, err := os.Stat(home); err == nil {
		t.Error("building a configuration has made files")
	}
}
