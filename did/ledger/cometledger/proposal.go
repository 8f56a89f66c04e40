package cometledger

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
)

// maxBlockOps bounds the operations of a proposal, and with them the time that a validator needs to execute one.
const maxBlockOps = 4096

// maxBlockUnits bounds what a proposal may cost. A proposer stays well below.
const (
	maxBlockUnits    = 2 * maxBlockOps
	maxProposerUnits = maxBlockUnits - maxTxUnits
)

// A proposer takes no more units, which mostly are operations, than it executes in executeTime, so that on slow or busy machines blocks become smaller and not
// the rounds in vain that it takes to agree on one.
const (
	executeTime = 400 * time.Millisecond
	minBlockOps = MaxTxOps
)

// A pace is how fast blocks are executed here: a smoothed number of units in executeTime.
type pace struct{ ops float64 }

// note takes the execution of so many units into account.
func (p *pace) note(ops int, took time.Duration) {
	if ops < 64 || took <= 0 {
		return // too few to tell
	}
	if n := float64(ops) * float64(executeTime) / float64(took); p.ops == 0 {
		p.ops = n
	} else {
		p.ops += (n - p.ops) / 4
	}
}

// limit is how many units a proposal may cost.
func (p *pace) limit() int {
	if p.ops == 0 {
		return maxBlockOps / 4
	}
	return int(min(max(p.ops, minBlockOps), maxBlockOps))
}

// A cached is a proposal that was executed: the block that is decided is nearly always one of these.
type cached struct {
	of    proof.Hash
	block *block
}

// keptProposals is how many of them are kept: there is one for each round, and there are few rounds.
const keptProposals = 4

// proposalHash names a proposal for a height at a time.
func proposalHash(txs [][]byte, height int64, at time.Time) proof.Hash {
	h := sha256.New()
	b := binary.BigEndian.AppendUint64(nil, uint64(height))
	b = binary.BigEndian.AppendUint64(b, uint64(at.Unix()))
	h.Write(b)
	for _, tx := range txs {
		sum := sha256.Sum256(tx)
		h.Write(sum[:])
	}
	return proof.Hash(h.Sum(nil))
}

// execute executes a proposal on top of v, or remembers that it did. The caller holds a.consensus.
func (a *app) execute(v *view, txs [][]byte, height int64, at time.Time, limit int64) (*block, error) {
	of := proposalHash(txs, height, at)
	for i := range a.executed {
		if a.executed[i].of == of {
			return a.executed[i].block, nil
		}
	}
	b, err := a.executeNow(v, txs, at, limit)
	if err != nil || b.over() {
		return b, err
	}
	a.remember(of, b)
	return b, nil
}

func (a *app) executeNow(v *view, txs [][]byte, at time.Time, limit int64) (*block, error) {
	begun := time.Now()
	b, err := executeBlock(a.reducer, v, txs, at, limit)
	if err == nil && !b.over() {
		a.pace.note(int(b.units.Load()), time.Since(begun))
	}
	return b, err
}

func (a *app) remember(of proof.Hash, b *block) {
	a.executed = append(a.executed, cached{of, b})
	if n := len(a.executed) - keptProposals; n > 0 {
		a.executed = append([]cached(nil), a.executed[n:]...)
	}
}

// PrepareProposal makes a proposal of what the mempool has: operations that do not stand are left out, and transactions of which some
// do not are written anew without them.
func (a *app) PrepareProposal(_ context.Context, req *abci.RequestPrepareProposal) (*abci.ResponsePrepareProposal, error) {
	a.consensus.Lock()
	defer a.consensus.Unlock()
	v := a.store.view()
	if v == nil {
		return nil, ledger.ErrClosed
	}
	if err := a.err(); err != nil || req.Height != v.Height+1 {
		return &abci.ResponsePrepareProposal{}, nil // an empty block harms nobody
	}
	txs := withinLimits(req.Txs, req.MaxTxBytes, int64(a.pace.limit()), a.pool.cost)
	b, err := a.executeNow(v, txs, req.Time, maxProposerUnits)
	for err == nil && b.over() { // some of it was not checked here, or costs more by now
		if len(txs) == 1 {
			return &abci.ResponsePrepareProposal{}, nil
		}
		txs = txs[:len(txs)/2]
		b, err = a.executeNow(v, txs, req.Time, maxProposerUnits)
	}
	if err != nil {
		_ = a.fail(err)
		return &abci.ResponsePrepareProposal{}, nil
	}
	if !b.stands() {
		if txs, err = b.rewrite(txs); err != nil {
			return &abci.ResponsePrepareProposal{}, nil
		}
	}
	a.remember(proposalHash(txs, req.Height, req.Time), b)
	return &abci.ResponsePrepareProposal{Txs: txs}, nil
}

// withinLimits returns the first of txs that fit, and always the first that is short enough, since every one has to have its turn.
func withinLimits(txs [][]byte, bytes, limit int64, cost func(tx []byte) int64) [][]byte {
	for i, tx := range txs {
		bytes -= int64(len(tx)) + 16
		if limit -= cost(tx); bytes < 0 || limit < 0 && i > 0 {
			return txs[:i]
		}
	}
	return txs
}

// countOps returns how many operations the head of a transaction says that it has.
func countOps(tx []byte) (int, error) {
	if len(tx) < 2 || tx[0] != txVersion {
		return 0, errWire
	}
	switch b := tx[1:]; {
	case b[0]>>5 != 4:
	case b[0]&31 < 24:
		return int(b[0] & 31), nil
	case b[0]&31 == 24 && len(b) > 1:
		return int(b[1]), nil
	case b[0]&31 == 25 && len(b) > 2:
		return int(binary.BigEndian.Uint16(b[1:])), nil
	}
	return 0, errWire
}

// rewrite returns the transactions without what does not stand, and makes b what executing them gives.
func (b *block) rewrite(txs [][]byte) ([][]byte, error) {
	var out [][]byte
	var steps []step
	place := make([]int, len(b.steps)) // of each step among those that stay
	i := 0
	for tx := range txs {
		var ops []operation
		for ; i < len(b.steps) && b.steps[i].tx == tx; i++ {
			if s := &b.steps[i]; s.code == codeOK {
				place[i] = len(steps)
				kept := *s
				kept.tx = len(out)
				steps, ops = append(steps, kept), append(ops, s.operation)
			}
		}
		switch {
		case len(ops) == 0:
			continue
		case len(ops) < b.ops[tx]:
			shorter, err := appendTx(nil, ops)
			if err != nil {
				return nil, err
			}
			out = append(out, shorter)
		default:
			out = append(out, txs[tx])
		}
	}
	for k := range b.keys {
		var kept []int
		for _, i := range b.keys[k].steps {
			if b.steps[i].code == codeOK {
				kept = append(kept, place[i])
			}
		}
		b.keys[k].steps = kept
	}
	b.steps = steps
	b.txs, b.bad, b.ops = make([]executed, len(out)), make([]bool, len(out)), make([]int, len(out))
	for i := range steps {
		b.ops[steps[i].tx]++
	}
	b.results()
	return out, nil
}

// ProcessProposal votes against a proposal with anything in it that does not stand.
func (a *app) ProcessProposal(_ context.Context, req *abci.RequestProcessProposal) (*abci.ResponseProcessProposal, error) {
	a.consensus.Lock()
	defer a.consensus.Unlock()
	reject := &abci.ResponseProcessProposal{Status: abci.ResponseProcessProposal_REJECT}
	v := a.store.view()
	if v == nil || a.err() != nil || req.Height != v.Height+1 || req.Time.Unix() > proof.MaxTime {
		return reject, nil
	}
	ops := 0
	for _, tx := range req.Txs {
		n, err := countOps(tx)
		if ops += n; err != nil || ops > maxBlockOps {
			return reject, nil
		}
	}
	b, err := a.execute(v, req.Txs, req.Height, req.Time, maxBlockUnits)
	if err != nil {
		_ = a.fail(err)
		return reject, nil
	}
	if b.over() || !b.stands() {
		return reject, nil
	}
	return &abci.ResponseProcessProposal{Status: abci.ResponseProcessProposal_ACCEPT}, nil
}
