package cometledger

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"sync"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"

	"github.com/realdid/realdid/did/ledger"
)

// A pool is what stands and, on top of that, what waits in the mempool: the state against which transactions are checked. It is this
// node's alone.
type pool struct {
	mu      sync.Mutex
	v       *view
	heads   map[string]ledger.Head // of keys for which operations wait
	waiting uint64                 // operations
	units   int64                  // that they cost
	checked map[[sha256.Size]byte]*execution
	before  map[[sha256.Size]byte]*execution // checked, before the last block
	changed map[string]int                   // keys of the last block
}

// clear makes v what stands, and nothing waits.
func (p *pool) clear(v *view) {
	p.reset(v, nil)
	p.reset(v, nil)
}

// reset makes v what stands, which x made of what stood before, nil if that is the same. What waits has to be checked again, for which
// the results of before are kept.
func (p *pool) reset(v *view, x *execution) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.v, p.heads, p.waiting, p.units, p.changed = v, make(map[string]ledger.Head), 0, 0, nil
	if x != nil {
		p.changed = x.index
	}
	p.before, p.checked = p.checked, make(map[[sha256.Size]byte]*execution)
}

// head returns the head of key with what waits. The caller holds p.mu, or knows that nobody else does.
func (p *pool) head(key string) (ledger.Head, error) {
	if h, ok := p.heads[key]; ok {
		return h, nil
	}
	return p.v.head(key)
}

// Limits of what a transaction and all that waits may cost, in units. Where states are of less than a unit, every transaction is within
// the former, and what the mempool has within the latter.
const (
	maxTxUnits      = 2*MaxTxOps + MaxTxSize/unit
	maxWaitingUnits = 1 << 16
)

// CheckTx lets a transaction into the mempool if all of its operations would stand now. The data of a refusal tells which do not.
// One that is in the mempool stays there as long as one of them does.
func (a *app) CheckTx(_ context.Context, req *abci.RequestCheckTx) (*abci.ResponseCheckTx, error) {
	p := &a.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	if a.err() != nil {
		return p.refuse(codeUnavailable, nil, "this node has failed"), nil
	}
	sum := sha256.Sum256(req.Tx)
	if req.Type == abci.CheckTxType_Recheck {
		if x := p.before[sum]; x != nil && p.unchanged(x) {
			return p.stay(sum, x), nil
		}
	}
	ops, err := parseTx(req.Tx)
	if err != nil {
		return p.refuse(codeMalformed, nil, err.Error()), nil
	}
	if p.units >= maxWaitingUnits && req.Type != abci.CheckTxType_Recheck {
		return p.refuse(codeUnavailable, nil, "there is too much in the mempool"), nil
	}
	x, err := p.execute(a.reducer, ops)
	if err == nil && req.Type == abci.CheckTxType_Recheck {
		if len(x.steps) < len(ops) {
			return p.refuse(codeUnavailable, nil, "it costs too much by now"), nil
		}
		return p.stay(sum, x), nil
	}
	if err == nil {
		var refusals []refusal
		if refusals, err = p.refusals(x, ops); err == nil && len(refusals) > 0 {
			return p.refuse(refusals[0].Code, refusals, ""), nil
		}
	}
	if err != nil {
		return p.refuse(codeUnavailable, nil, err.Error()), nil
	}
	p.take(sum, x)
	return &abci.ResponseCheckTx{}, nil
}

// execute executes ops, of a key each, on top of what stands and waits, at the time of the last block: the first of them that together cost
// no more than a transaction may.
func (p *pool) execute(reducer ledger.HeadReducer, ops []operation) (*execution, error) {
	at := ledger.Anchor{Index: p.v.Entries + p.waiting, Time: time.Unix(max(p.v.BlockTime, p.v.EpochTime), 0).UTC()}
	steps := make([]step, len(ops))
	for i := range ops {
		steps[i] = step{operation: ops[i], at: at}
		at.Index++
	}
	x, err := newExecution(reducer, steps, 0, p.head)
	if err != nil {
		return nil, err
	}
	cost := int64(0)
	for i := range x.steps {
		u := units(x.keys[x.steps[i].key].base.State, x.steps[i].Op)
		if cost+u > maxTxUnits {
			clear(x.keys[i:])
			x.steps, x.keys = x.steps[:i], x.keys[:i]
			x.units.Store(cost)
			break
		}
		cost += u
	}
	for k := range x.keys {
		_, x.keys[k].waited = p.heads[x.keys[k].name]
	}
	x.headless = true
	x.run()
	x.trim()
	return x, nil
}

// refusals says which of ops, of which x has executed the first, do not stand.
func (p *pool) refusals(x *execution, ops []operation) ([]refusal, error) {
	var list []refusal
	room := maxRefusals
	for i := range x.steps {
		s := &x.steps[i]
		if s.code == codeOK {
			continue
		}
		r := refusal{Op: uint64(i), Code: s.code}
		if s.code == codeInvalid {
			r.Text = shorten(s.text, min(room, maxText))
			room -= len(r.Text)
		} else {
			stands, err := p.v.head(s.Key)
			if err != nil {
				return nil, err
			}
			r.Length = stands.Length
			switch {
			case s.Seq < stands.Length:
				e, err := p.v.at(s.Key, s.Seq)
				if err != nil {
					return nil, err
				}
				if bytes.Equal(e.Op, s.Op) {
					r.Code = codeStands
				}
			case s.Seq < x.keys[s.key].base.Length:
				r.Code = codeWaiting
			}
		}
		list = append(list, r)
	}
	for i := len(x.steps); i < len(ops); i++ {
		list = append(list, refusal{Op: uint64(i), Code: codeCrowded})
	}
	return list, nil
}

// maxRefusals bounds the texts of the refusals of a transaction, in bytes.
const maxRefusals = 16 << 10

// shorten makes text valid and no longer than limit.
func shorten(text string, limit int) string {
	text = strings.ToValidUTF8(text, "?")
	if len(text) > limit {
		text = strings.ToValidUTF8(text[:limit], "")
	}
	return text
}

// take lets what stands of x wait.
func (p *pool) take(sum [sha256.Size]byte, x *execution) {
	for k := range x.keys {
		h := x.keys[k].base
		for _, i := range x.keys[k].steps {
			if s := &x.steps[i]; s.code == codeOK {
				h = ledger.Head{Length: s.Seq + 1, State: s.state}
				p.waiting++
			}
		}
		if h.Length > x.keys[k].base.Length {
			p.heads[x.keys[k].name] = h
		}
	}
	p.units += x.units.Load()
	p.checked[sum] = x
}

// cost returns what a transaction that waits costs, and at least what it has of operations.
func (p *pool) cost(tx []byte) int64 {
	n, _ := countOps(tx) // one that is malformed has none, and is left out later
	p.mu.Lock()
	defer p.mu.Unlock()
	if x := p.checked[sha256.Sum256(tx)]; x != nil {
		return max(x.units.Load(), int64(n))
	}
	return int64(n)
}

// stay keeps a transaction in the mempool if anything of it stands.
func (p *pool) stay(sum [sha256.Size]byte, x *execution) *abci.ResponseCheckTx {
	for i := range x.steps {
		if x.steps[i].code == codeOK {
			p.take(sum, x)
			return &abci.ResponseCheckTx{}
		}
	}
	return p.refuse(codeConflict, nil, "nothing of it stands any more")
}

// unchanged reports whether the keys of x, which was checked before the last block, have the heads that it was executed on. Then the reducer need
// not be asked again.
func (p *pool) unchanged(x *execution) bool {
	for k := range x.keys {
		key := &x.keys[k]
		h, waits := p.heads[key.name]
		if !waits {
			if _, changed := p.changed[key.name]; !changed && !key.waited {
				continue
			}
			var err error
			if h, err = p.v.head(key.name); err != nil {
				return false
			}
		}
		if h.Length != key.base.Length || !bytes.Equal(h.State, key.base.State) {
			return false
		}
	}
	return true
}

// refuse is an answer with a code.
func (p *pool) refuse(code uint32, refusals []refusal, text string) *abci.ResponseCheckTx {
	if refusals == nil {
		refusals = []refusal{}
	}
	if text == "" {
		text = fmt.Sprintf("%d operations refused; the first is number %d: code %d %s",
			len(refusals), refusals[0].Op, refusals[0].Code, refusals[0].Text)
	}
	c := &checked{Height: p.v.Height, Refusals: refusals}
	return &abci.ResponseCheckTx{Code: code, Data: c.bytes(), Log: shorten(text, 2*maxText), Codespace: codespace}
}

// codespace is the name space of the codes of this application.
const codespace = "realdid"
