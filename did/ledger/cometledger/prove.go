package cometledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"

	cmtjson "github.com/cometbft/cometbft/libs/json"
	"github.com/cometbft/cometbft/light"
	ctypes "github.com/cometbft/cometbft/rpc/core/types"
	"github.com/cometbft/cometbft/types"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
)

// Prove implements [ledger.Prover]. The proof is for [LightTrust.VerifyHead]: light_wire.go has its format, and its limit is
// [MaxLightProofSize]. The hash of what a block made is in the header of the next block, so a proof of what the last block made waits for
// another one, which comes by itself; while nothing is appended, proofs are made at once and are as of the newest header.
//
// Errors: [ledger.ErrUnavailable], also when a block that a proof under the policy has to lead over is not kept by the nodes any more;
// [proof.ErrTrust] if the policy of the client has expired.
func (c *Client) Prove(ctx context.Context, key string, entries uint64) ([]byte, error) {
	if err := ledger.CheckKey(key); err != nil {
		return nil, err
	}
	if err := c.ready(ctx, "prove"); err != nil {
		return nil, err
	}
	told, forget := c.blocksTold()
	defer forget()
	var a proofAnswer
	query := mustEncode(&proofQuery{Key: key, Entries: entries})
	if err := c.query(ctx, "prove", pathProof, query, &a, func() int64 { return a.Height }); err != nil {
		return nil, err
	}
	latest, err := proof.ParseLatest(a.Latest)
	if err != nil {
		return nil, fmt.Errorf("cometledger: prove: the node made no proof: %v", err)
	}
	// Every header from that of block Changed+1 to that of the next block has the hash. The next block may be yet to come.
	height := max(a.Height, a.Changed+1)
	var blocks []*types.LightBlock
	others := make(map[string]bool) // nodes whose chain is another one than is pinned
	err = c.try(ctx, "prove", func(ctx context.Context, base string) error {
		if height > a.Height && c.heights.floor() < height {
			c.nextBlock(ctx, told)
		}
		blocks, err = c.lead(ctx, base, height)
		if errors.Is(err, errOtherChain) {
			if others[base] = true; c.all(others) {
				return &finalError{err}
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return (&lightProof{latest, blocks}).encode()
}

// errOtherChain says that a node has another block than the policy pins.
var errOtherChain = errors.New("not the block that the policy pins")

// all reports whether nodes are all that there are.
func (c *Client) all(nodes map[string]bool) bool {
	for _, base := range c.endpoints {
		if !nodes[base] {
			return false
		}
	}
	return true
}

// lead returns the blocks of a proof that ends with the block at height. If there is a policy they satisfy it.
func (c *Client) lead(ctx context.Context, base string, height int64) ([]*types.LightBlock, error) {
	blocks, err := c.leadOver(ctx, base, height)
	if err != nil || c.opt.Trust == nil || c.blocks.have(blocks) {
		return blocks, err
	}
	if err := c.opt.Trust.verifyBlocks(blocks, c.opt.Clock()); err != nil {
		return nil, err
	}
	for _, b := range blocks {
		c.blocks.put("", b)
	}
	return blocks, nil
}

func (c *Client) leadOver(ctx context.Context, base string, height int64) ([]*types.LightBlock, error) {
	last, err := c.lightBlock(ctx, base, height)
	if err != nil {
		return nil, err
	}
	if c.opt.Trust == nil {
		return []*types.LightBlock{last}, nil
	}
	t, now := c.opt.Trust, c.opt.Clock()
	if err := t.begins(last, now); err == nil {
		return []*types.LightBlock{last}, nil
	}
	var from *types.LightBlock
	for i := range t.Pins { // the newest that can be had
		p := &t.Pins[i]
		if p.Height == height && !t.expired(p.Time, now) { // begins would have found it
			return nil, fmt.Errorf("cometledger: prove: block %d: %w", height, errOtherChain)
		}
		if t.expired(p.Time, now) || p.Height >= height || from != nil && p.Height <= from.Height {
			continue
		}
		b, berr := c.lightBlock(ctx, base, p.Height)
		switch {
		case berr != nil:
			err = berr
		case !p.holds(b):
			return nil, fmt.Errorf("cometledger: prove: block %d: %w", p.Height, errOtherChain)
		default:
			from = b
		}
	}
	if from == nil {
		if err == nil {
			err = &finalError{distrust("the trusting period of the pins has ended, or they are of blocks to come")}
		}
		return nil, err
	}
	return c.bisect(ctx, base, from, last)
}

// bisect returns the blocks that lead from one that is trusted to another, as few as it takes: where too little of the old set signed, the block half way is
// put between.
func (c *Client) bisect(ctx context.Context, base string, from, to *types.LightBlock) ([]*types.LightBlock, error) {
	path, ahead := []*types.LightBlock{from}, []*types.LightBlock{to}
	for len(ahead) > 0 {
		last, next := path[len(path)-1], ahead[len(ahead)-1]
		err := c.opt.Trust.step(last, next, c.opt.Clock())
		if _, far := errors.AsType[light.ErrNewValSetCantBeTrusted](err); far && len(path)+len(ahead) < maxProofBlocks {
			half, err := c.lightBlock(ctx, base, last.Height+(next.Height-last.Height)/2)
			if err != nil {
				return nil, err
			}
			ahead = append(ahead, half)
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("from block %d to %d: %w", last.Height, next.Height, err)
		}
		path, ahead = append(path, next), ahead[:len(ahead)-1]
	}
	return path, nil
}

// A lightCache keeps the blocks of the greatest heights that were asked for: those that satisfied the policy, for all nodes, and without a policy
// what each node said, for that node.
type lightCache struct {
	mu   sync.Mutex
	most int
	held map[lightKey]*types.LightBlock
}

type lightKey struct {
	base   string // URL of the node; empty: all
	height int64
}

func (l *lightCache) get(base string, height int64) *types.LightBlock {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.held[lightKey{base, height}]
}

// have reports whether all of blocks are such as are kept for all nodes.
func (l *lightCache) have(blocks []*types.LightBlock) bool {
	for _, b := range blocks {
		if l.get("", b.Height) != b {
			return false
		}
	}
	return true
}

func (l *lightCache) put(base string, b *types.LightBlock) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.held) >= l.most {
		least := lightKey{base, b.Height}
		for k := range l.held {
			if k.height < least.height {
				least = k
			}
		}
		delete(l.held, least)
	}
	l.held[lightKey{base, b.Height}] = b
}

// lightBlock returns the header of a block, with the votes for it and its validators.
func (c *Client) lightBlock(ctx context.Context, base string, height int64) (*types.LightBlock, error) {
	of := "" // of whom it is known
	if c.opt.Trust == nil {
		of = base
	}
	if b := c.blocks.get(of, height); b != nil {
		return b, nil
	}
	at := strconv.FormatInt(height, 10)
	var commit ctypes.ResultCommit
	if err := c.typed(ctx, base, "commit", map[string]any{"height": at}, &commit); err != nil {
		return nil, err
	}
	var vals []*types.Validator
	for page := 1; ; page++ {
		var v ctypes.ResultValidators
		params := map[string]any{"height": at, "page": strconv.Itoa(page), "per_page": "100"}
		if err := c.typed(ctx, base, "validators", params, &v); err != nil {
			return nil, err
		}
		if vals = append(vals, v.Validators...); len(v.Validators) == 0 || len(vals) >= v.Total || len(vals) > maxProofValidators {
			break
		}
	}
	if len(vals) == 0 || commit.Header == nil || commit.Commit == nil || commit.Height != height {
		return nil, fmt.Errorf("the node has no whole block %d", height)
	}
	for _, v := range vals {
		if v == nil || v.PubKey == nil || v.VotingPower <= 0 || v.VotingPower > types.MaxTotalVotingPower/maxProofValidators {
			return nil, fmt.Errorf("the node has no good validators of block %d", height)
		}
	}
	b := &types.LightBlock{SignedHeader: &commit.SignedHeader, ValidatorSet: &types.ValidatorSet{Validators: vals, Proposer: vals[0]}}
	if err := b.ValidateBasic(commit.ChainID); err != nil {
		return nil, fmt.Errorf("block %d of the node: %w", height, err)
	}
	if c.opt.Trust == nil {
		c.blocks.put(of, b)
	}
	return b, nil
}

// typed makes a request whose result is in CometBFT's own JSON.
func (c *Client) typed(ctx context.Context, base, method string, params, result any) error {
	var raw json.RawMessage
	if err := c.request(ctx, base, method, params, &raw); err != nil {
		return err
	}
	if err := cmtjson.Unmarshal(raw, result); err != nil {
		return fmt.Errorf("%s: malformed result: %w", method, err)
	}
	return nil
}
