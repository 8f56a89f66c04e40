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
	checked map[[sha256.Size]byte]*execution
	before  map[[sha256.Size]byte]*execution // checked, before the last block
}

// reset makes v what stands. What waits has to be checked again, for which the results of before are kept.
func (p *pool) reset(v *view) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.v, p.heads, p.waiting = v, make(map[string]ledger.Head), 0
	p.before, p.checked = p.checked, make(map[[sha256.Size]byte]*execution)
}

// head returns the head of key with what waits. The caller holds p.mu, or knows that nobody else does.
func (p *pool) head(key string) (ledger.Head, error) {
	if h, ok := p.heads[key]; ok {
		return h, nil
	}
	return p.v.head(key)
}

// CheckTx lets a transaction into the mempool if all of its operations would stand now. The data of a refusal tells which do not.
// One that is in the mempool stays there as long as one of them does.
func (a *app) CheckTx(_ context.Context, req *abci.RequestCheckTx) (*abci.ResponseCheckTx, error) {
	p := &a.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	ops, err := parseTx(req.Tx)
	if err != nil {
		return p.refuse(codeMalformed, nil, err.Error()), nil
	}
	if a.err() != nil {
		return p.refuse(codeUnavailable, nil, "this node has failed"), nil
	}
	sum := sha256.Sum256(req.Tx)
	if req.Type == abci.CheckTxType_Recheck {
		return a.recheck(sum, ops)
	}
	x, err := p.execute(a.reducer, ops)
	if err == nil {
		var refusals []refusal
		if refusals, err = p.refusals(x); err == nil && len(refusals) > 0 {
			return p.refuse(refusals[0].Code, refusals, ""), nil
		}
	}
	if err != nil {
		return p.refuse(codeUnavailable, nil, err.Error()), nil
	}
	p.take(sum, x)
	return &abci.ResponseCheckTx{}, nil
}

// execute executes ops on top of what stands and waits, at the time of the last block.
func (p *pool) execute(reducer ledger.HeadReducer, ops []operation) (*execution, error) {
	at := ledger.Anchor{Index: p.v.Entries + p.waiting, Time: time.Unix(max(p.v.BlockTime, p.v.EpochTime), 0).UTC()}
	steps := make([]step, len(ops))
	for i := range ops {
		steps[i] = step{operation: ops[i], at: at}
		at.Index++
	}
	x, err := newExecution(reducer, steps, p.head)
	if err != nil {
		return nil, err
	}
	x.run()
	return x, nil
}

// refusals says which steps of x do not stand.
func (p *pool) refusals(x *execution) ([]refusal, error) {
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
	p.checked[sum] = x
}

// recheck checks a transaction again that waits in the mempool. The reducer is not asked about operations whose key has not changed.
func (a *app) recheck(sum [sha256.Size]byte, ops []operation) (*abci.ResponseCheckTx, error) {
	p := &a.pool
	x := p.before[sum]
	var err error
	if x == nil || !p.unchanged(x) {
		if x, err = p.execute(a.reducer, ops); err != nil {
			return p.refuse(codeUnavailable, nil, err.Error()), nil
		}
	}
	for i := range x.steps {
		if x.steps[i].code == codeOK {
			p.take(sum, x)
			return &abci.ResponseCheckTx{}, nil
		}
	}
	return p.refuse(codeConflict, nil, "nothing of it stands any more"), nil
}

// unchanged reports whether the keys of x have the heads that x was executed on.
func (p *pool) unchanged(x *execution) bool {
	for k := range x.keys {
		h, err := p.head(x.keys[k].name)
		if base := &x.keys[k].base; err != nil || h.Length != base.Length || !bytes.Equal(h.State, base.State) {
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
