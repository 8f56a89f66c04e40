package cometledger

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
)

// appVersion is the version of the rules by which blocks are executed. A chain whose genesis names another is refused.
const appVersion = 1

// appOptions are what the node's configuration says about the application.
type appOptions struct {
	Retain    int64 // blocks to keep; 0: all
	Snapshots int64 // blocks between two snapshots; 0: none

	Peers map[string]bool // IDs of those who may connect, where CometBFT asks
}

// An app is the application that CometBFT drives: one of consensus, mempool, queries and snapshots each calls it, all four at once.
type app struct {
	abci.BaseApplication
	store   *store
	reducer ledger.HeadReducer
	opt     appOptions
	pool    pool
	taking  taking

	consensus sync.Mutex // for what follows
	executed  []cached   // proposals, the newest last
	pace      pace
	pending   *change  // finalized, not committed
	restore   *restore // a snapshot that is being taken over; nil: none

	mu     sync.Mutex
	failed error // after which no block is executed
}

// newApp opens the application with its store in dir.
func newApp(ctx context.Context, dir string, reducer ledger.HeadReducer, opt appOptions) (*app, error) {
	s, err := openStore(ctx, dir, reducer)
	if err != nil {
		return nil, err
	}
	a := &app{store: s, reducer: reducer, opt: opt}
	if err := a.countSnapshots(); err != nil {
		return nil, errors.Join(err, s.close())
	}
	a.pool.clear(s.view())
	return a, nil
}

// close lets go of the store. CometBFT must not call the application any more.
func (a *app) close() error {
	a.consensus.Lock()
	defer a.consensus.Unlock()
	a.taking.running.Wait()
	a.pending.discard()
	a.pending = nil
	return a.store.close()
}

// fail remembers an error after which this node must not go on, and returns it.
func (a *app) fail(err error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.failed == nil {
		a.failed = err
	}
	return err
}

// err returns what ended the application, if anything did.
func (a *app) err() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.failed
}

// Info tells CometBFT where the store stands.
func (a *app) Info(context.Context, *abci.RequestInfo) (*abci.ResponseInfo, error) {
	v := a.store.view()
	if v == nil {
		return nil, ledger.ErrClosed
	}
	r := &abci.ResponseInfo{Version: formatText[:len(formatText)-1], AppVersion: appVersion, LastBlockHeight: v.Height}
	if v.ChainID != "" {
		r.LastBlockAppHash = v.appHash[:]
	}
	return r, nil
}

// A genesisState is the app_state of a genesis: what the ledger has before the first block. Every validator must have the same.
type genesisState struct {
	Entries uint64     `json:"entries"`  // imported before the first block
	AppHash proof.Hash `json:"app_hash"` // of the genesis, epoch included
}

// parseGenesis reads the app_state of a genesis; none is that of an empty ledger.
func parseGenesis(b []byte) (*genesisState, error) {
	if len(b) == 0 {
		return nil, nil
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	g := new(genesisState)
	if err := d.Decode(g); err != nil || d.More() {
		return nil, fmt.Errorf("%w: cometledger: genesis: malformed app_state", ledger.ErrInvalid)
	}
	return g, nil
}

// InitChain makes the first epoch, of what was imported before, and refuses a genesis that says something else.
func (a *app) InitChain(ctx context.Context, req *abci.RequestInitChain) (*abci.ResponseInitChain, error) {
	a.consensus.Lock()
	defer a.consensus.Unlock()
	g, err := parseGenesis(req.AppStateBytes)
	if err != nil {
		return nil, err
	}
	if req.InitialHeight > 1 {
		return nil, fmt.Errorf("%w: cometledger: genesis: initial height %d, not 1", ledger.ErrInvalid, req.InitialHeight)
	}
	if err := checkOrigin(req.ChainId); err != nil {
		return nil, err
	}
	if err := a.store.begin(ctx, req.ChainId, req.Time); err != nil {
		return nil, err
	}
	v := a.store.view()
	if g == nil {
		g = &genesisState{AppHash: v.appHash}
	}
	if g.Entries != v.Entries || g.AppHash != v.appHash {
		return nil, fmt.Errorf("%w: cometledger: genesis: it is of %d entries with app hash %v, and this node has imported %d with %v",
			ledger.ErrInvalid, g.Entries, g.AppHash, v.Entries, v.appHash)
	}
	a.pool.clear(v)
	return &abci.ResponseInitChain{AppHash: v.appHash[:]}, nil
}

// checkOrigin makes sure that checkpoints can name the chain.
func checkOrigin(chainID string) error {
	cp := proof.Checkpoint{Origin: chainID, Root: proof.EmptyRoot()}
	if _, err := proof.ParseCheckpoint(cp.Append(nil)); err != nil {
		return fmt.Errorf("%w: cometledger: genesis: chain ID: %w", ledger.ErrInvalid, err)
	}
	return nil
}

// begin turns a store that has at most imported entries into that of a chain before its first block. Again it does nothing.
func (s *store) begin(ctx context.Context, chainID string, genesis time.Time) error {
	v := s.view()
	at := genesis.Unix()
	switch {
	case at < 0 || at > proof.MaxTime || at < v.Time:
		return fmt.Errorf("%w: cometledger: genesis: its time %d is out of range, or before that of the last imported entry, %d",
			ledger.ErrInvalid, at, v.Time)
	case v.ChainID != "" && (v.ChainID != chainID || v.Height > 0 || v.EpochTime != at):
		return fmt.Errorf("%w: cometledger: genesis: the store is of the chain %q at height %d", ledger.ErrInvalid, v.ChainID, v.Height)
	case v.ChainID != "":
		return nil
	}
	if m := s.m.Load(); m == nil || m.Version() != v.size() {
		if err := s.rebuild(ctx, v); err != nil {
			return err
		}
	}
	c, err := s.prepare(nil, 0, at)
	if err != nil {
		return err
	}
	c.tip.ChainID = chainID
	if err := c.seal(nil, v.frontier.Clone(), at); err != nil {
		return err
	}
	c.batch.Put([]byte{tipRecord}, c.tip.bytes())
	return c.commit()
}

// FinalizeBlock executes a block that is decided. It is the same on every node: what does not stand in it, which no honest proposer puts
// there, is passed over.
func (a *app) FinalizeBlock(_ context.Context, req *abci.RequestFinalizeBlock) (*abci.ResponseFinalizeBlock, error) {
	a.consensus.Lock()
	defer a.consensus.Unlock()
	if err := a.err(); err != nil {
		return nil, err
	}
	v := a.store.view()
	if v == nil {
		return nil, ledger.ErrClosed
	}
	if req.Height != v.Height+1 {
		return nil, a.fail(fmt.Errorf("cometledger: block %d after block %d", req.Height, v.Height))
	}
	a.pending.discard()
	a.pending = nil
	b, err := a.execute(v, req.Txs, req.Height, req.Time, 0)
	if err != nil {
		return nil, a.fail(err)
	}
	c, err := a.store.prepare(b, req.Height, req.Time.Unix())
	if err != nil {
		return nil, a.fail(err)
	}
	a.pending = c
	r := &abci.ResponseFinalizeBlock{AppHash: c.hash[:], TxResults: make([]*abci.ExecTxResult, len(req.Txs))}
	for i := range req.Txs {
		r.TxResults[i] = &abci.ExecTxResult{Code: b.code(i), Data: b.txs[i].bytes()}
	}
	return r, nil
}

// Commit makes the block that was finalized durable.
func (a *app) Commit(context.Context, *abci.RequestCommit) (*abci.ResponseCommit, error) {
	a.consensus.Lock()
	defer a.consensus.Unlock()
	if err := a.err(); err != nil {
		return nil, err
	}
	c := a.pending
	if c == nil {
		return nil, a.fail(errors.New("cometledger: commit without a block"))
	}
	a.pending, a.executed = nil, nil
	if err := c.commit(); err != nil {
		return nil, a.fail(err)
	}
	v := a.store.view()
	a.pool.reset(v, c.x)
	a.snapshot(v)
	return &abci.ResponseCommit{RetainHeight: a.retain(v)}, nil
}
