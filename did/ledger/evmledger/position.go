package evmledger

import (
	"context"
	"errors"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/ethereum/go-ethereum/common"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/boltledger"
	"github.com/realdid/realdid/did/ledger/memledger"
)

// index keeps the entries that count, and answers reads.
type index interface {
	History(ctx context.Context, key string, from uint64) iter.Seq2[ledger.Entry, error]
	Follow(ctx context.Context, from uint64) iter.Seq2[ledger.Entry, error]
	State(ctx context.Context, key string) (state []byte, seq uint64, err error)
	Import(ctx context.Context, entries []ledger.Entry) error
	Last() (last ledger.Anchor, ok bool)
}

// A cursor says how far the chain has been read.
type cursor struct {
	block   uint64
	hash    common.Hash // of the block; zero before the first
	entries uint64      // of the index, when it had been read so far
}

// A chainHead is the end of a key's chain in the contract, at the cursor. The steps of the chain count everything, also
// what the index does not.
type chainHead struct {
	head    common.Hash
	name    string
	size    uint64 // by stepSize, of all steps
	checked bool   // found equal to the slot
}

// positions keeps the cursor and the chain heads.
type positions interface {
	cursor() cursor
	// head returns the zero chainHead for a key that has no steps.
	head(key common.Hash) (chainHead, error)
	// unchecked returns the keys whose head is not checked.
	unchecked() ([]common.Hash, error)
	// kept returns the steps of a key that are kept, in their order.
	kept(key common.Hash) ([]keptStep, error)
	// commit stores changed heads, steps of their keys, and the cursor, together. It forgets the steps of a key that are
	// too much for a proof.
	commit(to cursor, changed map[common.Hash]chainHead, keep []keptStep) error
	close() error
}

// memPositions are positions in memory.
type memPositions struct {
	mu    sync.Mutex
	at    cursor
	heads map[common.Hash]chainHead
	open  map[common.Hash]struct{} // unchecked
	steps map[common.Hash][]keptStep
}

func (p *memPositions) cursor() cursor {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.at
}

func (p *memPositions) head(key common.Hash) (chainHead, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.heads[key], nil
}

func (p *memPositions) unchecked() ([]common.Hash, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Collect(maps.Keys(p.open)), nil
}

func (p *memPositions) kept(key common.Hash) ([]keptStep, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.steps[key]), nil
}

func (p *memPositions) commit(to cursor, changed map[common.Hash]chainHead, keep []keptStep) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at = to
	for _, s := range keep {
		p.steps[s.key] = append(p.steps[s.key], s)
	}
	for key, h := range changed {
		p.heads[key] = h
		if h.size > MaxProofSize {
			delete(p.steps, key)
		}
		if h.checked {
			delete(p.open, key)
		} else {
			p.open[key] = struct{}{}
		}
	}
	return nil
}

func (p *memPositions) close() error { return nil }

// openIndex opens the index and the positions of the contract at address: in a directory, or in memory if dir is empty.
func openIndex(dir string, c *Chain, at Deployment, reducer ledger.Reducer) (index, positions, error) {
	start := cursor{}
	if at.Block > 0 {
		start.block = at.Block - 1
	}
	if dir == "" {
		p := &memPositions{
			at: start, heads: make(map[common.Hash]chainHead), open: make(map[common.Hash]struct{}), steps: make(map[common.Hash][]keptStep),
		}
		return memledger.New(reducer, nil), p, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, err
	}
	entries, err := boltledger.Open(filepath.Join(dir, "entries"), reducer, &boltledger.Options{InsecureNoReducer: true})
	if err != nil {
		return nil, nil, err
	}
	p, err := openPositions(filepath.Join(dir, "chain.db"), Origin(c.id, at.Address), start)
	if err != nil {
		return nil, nil, errors.Join(err, entries.Close())
	}
	return entries, p, nil
}

func closeIndex(x index, p positions) error {
	err := p.close()
	if c, ok := x.(interface{ Close() error }); ok {
		err = errors.Join(err, c.Close())
	}
	return err
}
