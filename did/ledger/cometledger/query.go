package cometledger

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"runtime"
	"strings"

	abci "github.com/cometbft/cometbft/abci/types"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
)

// errBehind says that a proof is asked for of what the node does not have yet.
var errBehind = errors.New("cometledger: not so many entries yet")

// Query answers for the last block; querywire.go says what.
func (a *app) Query(ctx context.Context, req *abci.RequestQuery) (*abci.ResponseQuery, error) {
	if who, ok := strings.CutPrefix(req.Path, pathFilter); ok {
		return a.filter(who), nil
	}
	for {
		v := a.store.view()
		if v == nil {
			return refuseQuery(codeUnavailable, ledger.ErrClosed), nil
		}
		value, err := a.answer(ctx, v, req)
		switch {
		case err == nil:
			return &abci.ResponseQuery{Value: value, Height: v.Height, Codespace: codespace}, nil
		case errors.Is(err, ledger.ErrClosed) && a.store.view() != v:
			continue // blocks were faster than this query
		case errors.Is(err, errWire):
			return refuseQuery(codeMalformed, err), nil
		}
		return refuseQuery(codeUnavailable, err), nil
	}
}

// pathFilter begins the paths of the queries by which CometBFT asks whether a peer may connect: what follows is addr/ and its address, before
// it has said who it is, or id/ and its ID.
const pathFilter = "/p2p/filter/"

// filter lets in who is named.
func (a *app) filter(who string) *abci.ResponseQuery {
	if id, ok := strings.CutPrefix(who, "id/"); ok && !a.opt.Peers[id] {
		return refuseQuery(codeInvalid, errors.New("cometledger: this peer is not named"))
	}
	return &abci.ResponseQuery{Codespace: codespace}
}

func refuseQuery(code uint32, err error) *abci.ResponseQuery {
	return &abci.ResponseQuery{Code: code, Log: shorten(err.Error(), 2*maxText), Codespace: codespace}
}

func (a *app) answer(ctx context.Context, v *view, req *abci.RequestQuery) ([]byte, error) {
	if req.Height != 0 {
		return nil, malformed("query: height %d, and only 0 is answered", req.Height)
	}
	if v.ChainID == "" {
		return nil, fmt.Errorf("cometledger: no chain yet")
	}
	switch req.Path {
	case pathLast:
		if len(req.Data) > 0 {
			return nil, malformed("query: data where there is none")
		}
		return mustEncode(&lastAnswer{Height: v.Height, Changed: v.Changed, Entries: v.Entries, Time: v.Time, AppHash: v.appHash[:]}), nil
	case pathState:
		return answerState(v, req.Data)
	case pathEntries:
		return answerEntries(v, req.Data)
	case pathFeed:
		return answerFeed(v, req.Data)
	case pathStands:
		return answerStands(v, req.Data)
	case pathProof:
		return a.answerProof(ctx, v, req.Data)
	}
	return nil, malformed("query: unknown path")
}

func answerState(v *view, data []byte) ([]byte, error) {
	var key string
	if err := parseQuery(data, &key); err != nil {
		return nil, err
	}
	h, err := v.head(key)
	if err != nil {
		return nil, err
	}
	return mustEncode(&stateAnswer{Height: v.Height, Length: h.Length, State: h.State}), nil
}

// A page is a pageAnswer that is being filled.
type page struct {
	answer pageAnswer
	limit  uint64
	size   int
}

// add reports whether the page goes on.
func (p *page) add(e ledger.Entry) bool {
	if uint64(len(p.answer.Entries)) == p.limit || p.size >= maxPageSize {
		p.answer.More = true
		return false
	}
	p.answer.Entries = append(p.answer.Entries, toWire(e))
	p.size += len(e.Op) + len(e.Key)
	return true
}

func newPage(v *view, limit uint64) *page {
	return &page{answer: pageAnswer{Height: v.Height, Entries: []wireEntry{}}, limit: limit}
}

func answerEntries(v *view, data []byte) ([]byte, error) {
	var q entriesQuery
	if err := parseQuery(data, &q); err != nil {
		return nil, err
	}
	p := newPage(v, q.Limit)
	if err := v.history(q.Key, q.From, p.add); err != nil {
		return nil, err
	}
	return mustEncode(&p.answer), nil
}

func answerFeed(v *view, data []byte) ([]byte, error) {
	var q feedQuery
	if err := parseQuery(data, &q); err != nil {
		return nil, err
	}
	p := newPage(v, q.Limit)
	if q.From < v.Entries {
		if err := v.feed(q.From, p.add); err != nil {
			return nil, err
		}
	}
	return mustEncode(&p.answer), nil
}

func answerStands(v *view, data []byte) ([]byte, error) {
	var places []place
	if err := parseQuery(data, &places); err != nil {
		return nil, err
	}
	a := &standsAnswer{Height: v.Height, Places: make([]standing, len(places))}
	for i, p := range places {
		h, err := v.head(p.Key)
		if err != nil {
			return nil, err
		}
		s := standing{Length: h.Length, Sum: []byte{}}
		if p.Seq < h.Length {
			e, err := v.at(p.Key, p.Seq)
			if err != nil {
				return nil, err
			}
			sum := sha256.Sum256(e.Op)
			s.Index, s.Time, s.Sum = e.Anchor.Index, e.Anchor.Time.Unix(), sum[:]
		}
		a.Places[i] = s
	}
	return mustEncode(a), nil
}

// answerProof proves what stands at a key, or that nothing does, under the app hash of v.
func (a *app) answerProof(ctx context.Context, v *view, data []byte) ([]byte, error) {
	var q proofQuery
	if err := parseQuery(data, &q); err != nil {
		return nil, err
	}
	path, m := proof.MapPath(q.Key), a.store.m.Load()
	if m == nil {
		return nil, ledger.ErrClosed
	}
	for {
		if v.Entries < q.Entries {
			return nil, fmt.Errorf("%w: %d, and %d are asked for", errBehind, v.Entries, q.Entries)
		}
		head, mp, err := m.Prove(path)
		if err != nil {
			return nil, mapError(err)
		}
		// The map goes ahead of the view for an instant, and is never behind.
		if m.Version() == v.size() {
			l := &proof.Latest{Checkpoint: v.checkpoint, Epoch: v.lastEpoch(), EpochPath: v.epochPath(), Map: mp, Head: head}
			b, err := l.Bytes()
			if err != nil {
				return nil, corrupt("proof: %v", err)
			}
			return mustEncode(&proofAnswer{Height: v.Height, Changed: v.Changed, Latest: b}), nil
		}
		if err := errors.Join(ctx.Err(), a.err()); err != nil {
			return nil, err
		}
		runtime.Gosched()
		if v = a.store.view(); v == nil {
			return nil, ledger.ErrClosed
		}
	}
}

// epochPath returns the proof that the last epoch is the last leaf.
func (v *view) epochPath() []proof.Hash {
	var path []proof.Hash
	for b := v.EpochPath; len(b) > 0; b = b[proof.HashSize:] {
		path = append(path, proof.Hash(b))
	}
	return path
}
