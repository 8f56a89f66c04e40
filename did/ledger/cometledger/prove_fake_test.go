package cometledger

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/cometbft/cometbft/types"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
)

// changing makes a fake chain of which every block has other validators: of six, one is replaced at each block.
func changing(t *testing.T, last int64) (*fakeChain, *world) {
	t.Helper()
	w := newWorld(t, testChainID)
	chain := newFakeChain()
	chain.height = last
	at := func(height int64) (ms []member) {
		for i := range int64(6) {
			ms = append(ms, members(fmt.Sprint("generation ", height+i), 10)...)
		}
		return ms
	}
	for h := int64(1); h <= last; h++ {
		chain.blocks[h] = recipe{height: h, members: at(h), next: at(h + 1), appHash: w.digest}.block(t)
	}
	chain.latest = func(key string) (*proof.Latest, int64) { return w.latest(t, key), last - 5 }
	return chain, w
}

// TestProveOverChanges: a client puts in the blocks that a verifier with an old pin needs, as few as it takes.
func TestProveOverChanges(t *testing.T) {
	const last = 40
	chain, _ := changing(t, last)
	n := newFakeNode(t, chain)
	now := blockTime(last + 2)
	pinned := func(heights ...int64) *LightTrust {
		trust := &LightTrust{ChainID: testChainID, TrustingPeriod: period}
		for _, h := range heights {
			trust.Pins = append(trust.Pins, pinOf(chain.blocks[h]))
		}
		return trust
	}
	header := pinned(3)
	header.Pins[0].Validators = proof.Hash{}
	validators := pinned(3)
	validators.Pins[0].Header = proof.Hash{}
	for name, test := range map[string]struct {
		trust    *LightTrust
		min, max int // blocks
	}{
		"from the first block":   {pinned(1), 10, 30},
		"by header":              {header, 10, 30},
		"by validators":          {validators, 10, 30},
		"the newer of two":       {pinned(1, 38), 2, 3},
		"the newer, named first": {pinned(38, 1), 2, 3},
		"the last itself":        {pinned(last), 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			c := fakeClient(t, &ClientOptions{Trust: test.trust, Clock: func() time.Time { return now }}, n)
			b, err := c.Prove(t.Context(), "alice", 0)
			if err != nil {
				t.Fatal(err)
			}
			p, err := parseLightProof(b)
			if err != nil || len(p.blocks) < test.min || len(p.blocks) > test.max {
				t.Fatalf("%d blocks, want %d to %d; %v", len(p.blocks), test.min, test.max, err)
			}
			v, err := test.trust.VerifyHead("alice", b, now)
			if err != nil || !v.Latest || !v.AsOf.Equal(blockTime(last).Truncate(time.Second)) {
				t.Fatalf("VerifyHead: %+v, %v", v, err)
			}
			renewed, err := test.trust.Renew(b, now)
			if err != nil {
				t.Fatal(err)
			}
			short := fakeClient(t, &ClientOptions{Trust: renewed, Clock: func() time.Time { return now }}, n)
			if b := mustProve(t, short, "bob"); len(b) > 4000 {
				t.Errorf("with a pin at the newest block a proof still has %d bytes", len(b))
			}
		})
	}
}

// TestProveCannot: where no proof under the policy can be had, the error says so and why.
func TestProveCannot(t *testing.T) {
	const last = 40
	chain, _ := changing(t, last)
	n := newFakeNode(t, chain)
	now, third := blockTime(last+2), pinOf(chain.blocks[3])
	prove := func(change func(t *LightTrust)) error {
		trust := &LightTrust{ChainID: testChainID, TrustingPeriod: period, Pins: []Pin{third}}
		if change != nil {
			change(trust)
		}
		c := fakeClient(t, &ClientOptions{Trust: trust, Patience: 200 * time.Millisecond, Clock: func() time.Time { return now }}, n)
		_, err := c.Prove(t.Context(), "alice", 0)
		return err
	}
	if err := prove(nil); err != nil {
		t.Fatal(err)
	}
	if err := prove(func(l *LightTrust) { l.TrustingPeriod = time.Second }); !errors.Is(err, proof.ErrTrust) {
		t.Errorf("all pins expired: %v", err)
	}
	if err := prove(func(l *LightTrust) { l.Pins[0].Height = last + 5 }); !errors.Is(err, proof.ErrTrust) {
		t.Errorf("pin of a block to come: %v", err)
	}
	if err := prove(func(l *LightTrust) { l.Pins[0].Height = 4 }); err == nil || errors.Is(err, ledger.ErrUnavailable) {
		t.Errorf("pin of another chain: %v", err)
	}
	kept := chain.blocks[3]
	delete(chain.blocks, 3)
	if err := prove(nil); !errors.Is(err, ledger.ErrUnavailable) {
		t.Errorf("the pinned block is not kept any more: %v", err)
	}
	chain.blocks[3] = kept
	for h := int64(15); h < 25; h++ {
		delete(chain.blocks, h)
	}
	if err := prove(nil); !errors.Is(err, ledger.ErrUnavailable) {
		t.Errorf("blocks on the way are not kept any more: %v", err)
	}
	forged := recipe{height: last, members: members("strangers", 1, 1, 1), appHash: chain.blocks[last].AppHash}.block(t)
	chain.blocks[last] = forged
	if err := prove(nil); err == nil {
		t.Error("the newest block is of nobody that the chain leads to")
	}
	for name, spoil := range map[string]func(b *types.LightBlock){
		"other validators": func(b *types.LightBlock) { b.ValidatorSet = setOf(members("strangers", 1, 1)) },
		"other height":     func(b *types.LightBlock) { b.Header.Height-- },
		"no commit":        func(b *types.LightBlock) { b.Commit = nil },
		"negative power":   func(b *types.LightBlock) { b.ValidatorSet.Validators[0].VotingPower = -1 },
		"immense power":    func(b *types.LightBlock) { b.ValidatorSet.Validators[0].VotingPower = 1 << 62 },
	} {
		b := recipe{height: last, members: members("four", 1, 1, 1, 1), appHash: forged.AppHash}.block(t)
		spoil(b)
		chain.blocks[last] = b
		c := fakeClient(t, &ClientOptions{Patience: 100 * time.Millisecond}, n)
		if _, err := c.Prove(t.Context(), "alice", 0); !errors.Is(err, ledger.ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestProveBesideLiar: a node that has other blocks than the policy leads to is left for another, and its blocks with it.
func TestProveBesideLiar(t *testing.T) {
	const last = 40
	chain, _ := changing(t, last)
	now, third := blockTime(last+2), pinOf(chain.blocks[3])
	forged := func(height int64, ms []member) *types.LightBlock {
		return recipe{height: height, members: ms, appHash: chain.blocks[last].AppHash}.block(t)
	}
	for name, spoil := range map[string]func(b map[int64]*types.LightBlock){
		"the pinned block": func(b map[int64]*types.LightBlock) { b[3] = forged(3, members("strangers", 1, 1, 1)) },
		"the newest block": func(b map[int64]*types.LightBlock) { b[last] = forged(last, members("strangers", 1, 1, 1)) },
		"a signature": func(b map[int64]*types.LightBlock) {
			spoilt := *b[last].Commit
			spoilt.Signatures = slices.Clone(spoilt.Signatures)
			spoilt.Signatures[0].Signature = slices.Clone(spoilt.Signatures[0].Signature)
			spoilt.Signatures[0].Signature[3] ^= 1
			header := *b[last].SignedHeader
			header.Commit = &spoilt
			b[last] = &types.LightBlock{SignedHeader: &header, ValidatorSet: b[last].ValidatorSet}
		},
	} {
		other := newFakeChain()
		other.height, other.latest, other.blocks = chain.height, chain.latest, maps.Clone(chain.blocks)
		spoil(other.blocks)
		liar, good := newFakeNode(t, other), newFakeNode(t, chain)
		for _, pin := range []Pin{third, pinOf(chain.blocks[last])} {
			trust := &LightTrust{ChainID: testChainID, TrustingPeriod: period, Pins: []Pin{pin}}
			c := fakeClient(t, &ClientOptions{Trust: trust, Patience: 20 * time.Second, Clock: func() time.Time { return now }}, liar, good)
			for range 2 {
				b, err := c.Prove(t.Context(), "alice", 0)
				if err != nil {
					t.Errorf("%s: %v", name, err)
					continue
				}
				if _, err := trust.VerifyHead("alice", b, now); err != nil {
					t.Errorf("%s: the proof: %v", name, err)
				}
				c.at.Store(0)
			}
		}
	}
}
