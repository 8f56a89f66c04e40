package cometledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"

	"github.com/cometbft/cometbft/config"
	"github.com/cometbft/cometbft/types"
	"github.com/syndtr/goleveldb/leveldb"
	"github.com/syndtr/goleveldb/leveldb/opt"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
)

// importBatch is how many entries are imported together.
const importBatch = 4096

// ImportGenesis takes over a ledger, with its anchors, before the first block of a chain: home is a directory that [InitFiles] made, and reducer
// what its node will run with. Entries come in the order of the index, from 0 on, and none is of a time after that of the genesis; the
// reducer checks each. What an ImportGenesis that did not end has imported is passed over by the next.
//
// It writes into the genesis of home what the ledger begins with, so that a validator that has imported something else is refused when it
// starts. Where that is in the genesis already, it is compared. So one validator imports and its genesis goes to all the others, who then
// import the same, or join by state sync once there is a snapshot.
//
// Errors: ledger.ErrInvalid for an entry that does not follow or that the reducer refuses, and for a genesis that says something else; what
// entries yields; those of ctx and of the file system.
func ImportGenesis(ctx context.Context, home string, reducer ledger.HeadReducer, entries iter.Seq2[ledger.Entry, error]) (err error) {
	doc, err := readGenesis(home)
	if err != nil {
		return err
	}
	s, err := openStore(ctx, ledgerDir(home), reducer)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if s.view().ChainID == "" {
		if err := s.importAll(ctx, entries); err != nil {
			return err
		}
	}
	if err := s.begin(ctx, doc.ChainID, doc.GenesisTime); err != nil {
		return err
	}
	return sealGenesis(home, doc, s.view())
}

func (s *store) importAll(ctx context.Context, entries iter.Seq2[ledger.Entry, error]) error {
	next, last := s.view().Entries, s.view().Time
	have := next
	steps := make([]step, 0, importBatch)
	for e, err := range entries {
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("cometledger: import: %w", err)
		}
		if e.Anchor.Index < have { // imported before
			continue
		}
		if err := successor(&e, next, last); err != nil {
			return err
		}
		steps = append(steps, step{operation: operation{Key: e.Key, Seq: e.Seq, Op: e.Op}, at: e.Anchor})
		next, last = next+1, e.Anchor.Time.Unix()
		if len(steps) == importBatch {
			if err := s.importSome(steps, false); err != nil {
				return err
			}
			steps = make([]step, 0, importBatch)
		}
	}
	return s.importSome(steps, true)
}

// successor says why e cannot be entry next after one of time last.
func successor(e *ledger.Entry, next uint64, last int64) error {
	o := operation{Key: e.Key, Op: e.Op}
	if err := o.check(); err != nil {
		return err
	}
	at := e.Anchor.Time
	if e.Anchor.Index != next || at.Nanosecond() != 0 || at.Unix() < last || at.Unix() > proof.MaxTime {
		return fmt.Errorf("%w: cometledger: import: entry %d with time %d, and the next is %d, not before %d", ledger.ErrInvalid,
			e.Anchor.Index, at.Unix(), next, last)
	}
	return nil
}

func (s *store) importSome(steps []step, sync bool) error {
	v := s.view()
	x, err := newExecution(s.reducer, steps, 0, v.head)
	if err != nil {
		return err
	}
	x.run()
	if i := x.refused(); i >= 0 {
		return fmt.Errorf("%w: cometledger: import: entry %d: code %d %s", ledger.ErrInvalid, steps[i].at.Index, x.steps[i].code, x.steps[i].text)
	}
	c := &change{s: s, tip: v.tip, batch: new(leveldb.Batch)}
	c.add(x, v.frontier.Clone(), nil)
	c.batch.Put([]byte{tipRecord}, c.tip.bytes())
	if err := s.db.Write(c.batch, &opt.WriteOptions{Sync: sync}); err != nil {
		return storeError("import", err)
	}
	return s.publish(&c.tip)
}

// sealGenesis writes into the genesis of home what v is, or compares.
func sealGenesis(home string, doc *types.GenesisDoc, v *view) error {
	g, err := parseGenesis(doc.AppState)
	if err != nil {
		return err
	}
	is := genesisState{Entries: v.Entries, AppHash: v.appHash}
	if g != nil {
		if *g != is {
			return fmt.Errorf("%w: cometledger: import: %d entries with app hash %v, and the genesis is of %d with %v", ledger.ErrInvalid,
				is.Entries, is.AppHash, g.Entries, g.AppHash)
		}
		return nil
	}
	if doc.AppState, err = json.Marshal(is); err != nil {
		return fmt.Errorf("cometledger: import: %w", err)
	}
	doc.AppHash = v.appHash[:]
	if err := doc.SaveAs(config.DefaultConfig().SetRoot(home).GenesisFile()); err != nil {
		return fmt.Errorf("cometledger: import: %w", err)
	}
	return nil
}

func readGenesis(home string) (*types.GenesisDoc, error) {
	doc, err := types.GenesisDocFromFile(config.DefaultConfig().SetRoot(home).GenesisFile())
	if err != nil {
		return nil, fmt.Errorf("cometledger: %w", err)
	}
	return doc, nil
}
