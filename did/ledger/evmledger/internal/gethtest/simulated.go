// Package gethtest gives tests a chain: go-ethereum's simulated backend in process, a geth built from the module's own
// source, and a proxy before either that drops, refuses and changes what the node says.
//
// The chains begin with the rules of Osaka. go-ethereum's own simulated and developer chains switch on a fork beyond it, by
// which new state costs several times as much gas as on any chain that is in use.
package gethtest

import (
	"crypto/ecdsa"
	"math/big"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/eth/ethconfig"
	"github.com/ethereum/go-ethereum/ethclient/simulated"
	"github.com/ethereum/go-ethereum/log"
	"github.com/ethereum/go-ethereum/node"
	"github.com/ethereum/go-ethereum/params"
	"github.com/ethereum/go-ethereum/rpc"
)

// ChainID is the identity of the chains of this package.
const ChainID = 1337

// Account returns the key of an account that has plenty of ether on the chains of this package, i from 0 to 9.
func Account(i int) *ecdsa.PrivateKey {
	key, err := crypto.ToECDSA(crypto.Keccak256([]byte("realdid test account"), []byte{byte(i)}))
	if err != nil {
		panic(err) // constant seeds
	}
	return key
}

// alloc gives the accounts their ether.
func alloc() types.GenesisAlloc {
	a := types.GenesisAlloc{}
	for i := range 10 {
		a[crypto.PubkeyToAddress(Account(i).PublicKey)] = types.Account{Balance: new(big.Int).Lsh(big.NewInt(1), 100)}
	}
	return a
}

// config is the developer chain's without the fork beyond Osaka.
func config() *params.ChainConfig {
	c := *params.AllDevChainProtocolChanges
	c.BogotaTime = nil
	return &c
}

// A Simulated is go-ethereum's simulated backend, which makes a block when it is told to.
type Simulated struct {
	*simulated.Backend
	RPC *rpc.Client // everything that a node has, admin and debug calls as well

	mu sync.Mutex
}

// NewSimulated starts a chain that ends with the test. gasLimit is that of its blocks, 0 for the default.
func NewSimulated(tb testing.TB, gasLimit uint64) *Simulated {
	tb.Helper()
	log.SetDefault(log.NewLogger(log.DiscardHandler()))
	dir, err := os.MkdirTemp("", "evm") // short: the path of a socket has at most 107 bytes
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "ipc")
	s := &Simulated{Backend: simulated.NewBackend(alloc(), func(n *node.Config, e *ethconfig.Config) {
		n.IPCPath = socket
		e.Genesis.Config, e.Miner.GasPrice = config(), big.NewInt(1) // any fee will do, as in developer mode
		if gasLimit > 0 {
			e.Genesis.GasLimit, e.Miner.GasCeil = gasLimit, gasLimit
		}
	})}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	if s.RPC, err = rpc.Dial(socket); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.RPC.Close)
	return s
}

// Commit makes a block.
func (s *Simulated) Commit() common.Hash {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Backend.Commit()
}

// Fork goes back to a block, from which the next one follows. It cannot while transactions wait for a block: they get one, which is undone.
func (s *Simulated) Fork(parent common.Hash) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.Backend.Fork(parent)
	for range 100 {
		if err == nil {
			break
		}
		s.Backend.Commit()
		err = s.Backend.Fork(parent)
	}
	return err
}

// CommitPending makes a block whenever transactions wait for one, until the test ends.
func (s *Simulated) CommitPending(tb testing.TB) {
	stop := make(chan struct{})
	var work sync.WaitGroup
	work.Go(func() {
		for pace := newPace(stop); pace.next(); {
			var status struct{ Pending, Queued string }
			if err := s.RPC.Call(&status, "txpool_status"); err == nil && status.Pending != "0x0" {
				s.Commit()
			}
		}
	})
	tb.Cleanup(func() {
		close(stop)
		work.Wait()
	})
}
