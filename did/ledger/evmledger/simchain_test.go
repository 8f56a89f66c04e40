package evmledger

import (
	"context"
	"crypto/ecdsa"
	"math/big"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/eth/ethconfig"
	"github.com/ethereum/go-ethereum/ethclient"
	"github.com/ethereum/go-ethereum/ethclient/simulated"
	"github.com/ethereum/go-ethereum/node"
	"github.com/ethereum/go-ethereum/params"
	"github.com/ethereum/go-ethereum/rpc"
)

// A simChain is a simulated chain with one rich account, of chain identity 1337. It has the forks of today's Ethereum, and
// not those that the simulation would switch on because they are planned.
type simChain struct {
	*simulated.Backend
	key    *ecdsa.PrivateKey
	manual atomic.Bool // blocks are not made by themselves when a transaction comes

	sealing sync.Mutex
	mu      sync.Mutex
	client  *rpc.Client
	fault   error // of every eth_sendRawTransaction
	answers func(method string, args []any, result any) (done bool, err error)
}

func newSimChain(tb testing.TB) *simChain {
	tb.Helper()
	key, err := crypto.GenerateKey()
	if err != nil {
		tb.Fatal(err)
	}
	rich := new(big.Int).Exp(big.NewInt(10), big.NewInt(30), nil)
	s := &simChain{key: key}
	s.Backend = simulated.NewBackend(types.GenesisAlloc{crypto.PubkeyToAddress(key.PublicKey): {Balance: rich}},
		func(_ *node.Config, conf *ethconfig.Config) {
			config := *params.AllDevChainProtocolChanges
			config.AmsterdamTime, config.BogotaTime = nil, nil
			conf.Genesis.Config = &config
		})
	tb.Cleanup(func() { s.Close() })
	s.client = reflect.ValueOf(s.Client()).FieldByName("Client").Interface().(*ethclient.Client).Client()
	return s
}

// CallContext implements Node.
func (s *simChain) CallContext(ctx context.Context, result any, method string, args ...any) error {
	s.mu.Lock()
	fault, answers := s.fault, s.answers
	s.mu.Unlock()
	if answers != nil {
		if done, err := answers(method, args, result); done {
			return err
		}
	}
	if method != "eth_sendRawTransaction" {
		return s.client.CallContext(ctx, result, method, args...)
	}
	if fault != nil {
		return fault
	}
	err := s.client.CallContext(ctx, result, method, args...)
	if err == nil && !s.manual.Load() {
		s.Commit()
	}
	return err
}

// Commit makes a block.
func (s *simChain) Commit() common.Hash {
	s.sealing.Lock()
	defer s.sealing.Unlock()
	return s.Backend.Commit()
}

// BatchCallContext implements Node.
func (s *simChain) BatchCallContext(ctx context.Context, batch []rpc.BatchElem) error {
	for i := range batch {
		batch[i].Error = s.CallContext(ctx, batch[i].Result, batch[i].Method, batch[i].Args...)
	}
	return nil
}

// answer has f asked before the chain; nil ends that.
func (s *simChain) answer(f func(method string, args []any, result any) (done bool, err error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers = f
}

// fail makes the sending of transactions fail; nil ends that.
func (s *simChain) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = err
}

// chain returns a connection.
func (s *simChain) chain(tb testing.TB, finality Finality) *Chain {
	tb.Helper()
	c, err := NewChain(tb.Context(), s, 1337, finality, &ChainOptions{Poll: 2 * time.Millisecond})
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// deploy deploys the contract of a mode, whose operator is the rich account.
func (s *simChain) deploy(tb testing.TB, c *Chain, mode Mode) (Deployment, *Sender) {
	tb.Helper()
	sender := NewSender(c, NewKeySigner(s.key), nil)
	at, err := Deploy(tb.Context(), sender, mode, sender.Address())
	if err != nil {
		tb.Fatal(err)
	}
	return at, sender
}
