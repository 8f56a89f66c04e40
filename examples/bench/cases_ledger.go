package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/boltledger"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/resolver"
)

// register puts an identity with the given number of operations, one create and updates, on a ledger.
func (h *holder) register(ctx context.Context, lg ledger.Ledger, operations int) (did.DID, error) {
	m, err := realdid.New(lg, nil)
	if err != nil {
		return did.DID{}, err
	}
	op, err := h.create(ctx)
	if err != nil {
		return did.DID{}, err
	}
	r, err := m.Submit(ctx, op)
	if err != nil {
		return did.DID{}, err
	}
	id := r.DID
	for i := 1; i < operations; i++ {
		if op, err = h.update(ctx, r.State, fmt.Sprint("https://files.example/", i)); err != nil {
			return did.DID{}, err
		}
		if r, err = m.Submit(ctx, op); err != nil {
			return did.DID{}, err
		}
	}
	return id, nil
}

// openLedger opens an embedded ledger in a folder of its own, and returns what removes both.
func openLedger() (*boltledger.Ledger, func() error, error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, nil, err
	}
	lg, err := boltledger.Open(dir, realdid.Reducer(), nil)
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(dir))
	}
	return lg, func() error { return errors.Join(lg.Close(), os.RemoveAll(dir)) }, nil
}

const replayed = 4 // operations of the identity that resolve-ledger replays

func ledgerCases() []benchCase {
	ctx := context.Background()
	return []benchCase{
		{
			name: "resolve-ledger", op: "did:realdid resolve from the embedded ledger, create + 3 operations, full replay", peer: peer, batch: 1,
			setup: onLedger(func(lg *boltledger.Ledger, _ plan) (func() error, error) {
				h, err := newHolder()
				if err != nil {
					return nil, err
				}
				id, err := h.register(ctx, lg, replayed)
				if err != nil {
					return nil, err
				}
				m, err := realdid.New(lg, nil)
				return func() error {
					r, err := m.Resolve(ctx, id, nil)
					if err != nil {
						return err
					}
					return right(r.Document.ID == id && r.Evidence.Replayed)
				}, err
			}),
		},
		{
			name: "resolve-cached", op: "did:realdid resolve, cached", peer: peer, batch: cachedBatch,
			setup: onLedger(func(lg *boltledger.Ledger, _ plan) (func() error, error) {
				h, err := newHolder()
				if err != nil {
					return nil, err
				}
				id, err := h.register(ctx, lg, replayed)
				if err != nil {
					return nil, err
				}
				m, err := realdid.New(lg, nil)
				cache := resolver.NewCache(resolver.Mux{"realdid": m}, nil)
				return func() error {
					for range cachedBatch {
						r, err := cache.Resolve(ctx, id, nil)
						if err != nil {
							return err
						}
						if r.Document.ID != id {
							return errWrong
						}
					}
					return nil
				}, err
			}),
		},
		{
			name: "ledger-append", op: "durable creates on the embedded ledger, threads = writers", peer: peer, batch: 1, waits: true,
			setup: onLedger(func(lg *boltledger.Ledger, p plan) (func() error, error) {
				next, err := creates(ctx, p)
				return func() error {
					op, err := next()
					if err != nil {
						return err
					}
					e, err := lg.Append(ctx, op.key, 0, op.bytes)
					if err != nil {
						return err
					}
					return right(e.Seq == 0)
				}, err
			}),
		},
	}
}

// A signedCreate is a create as it comes from elsewhere: bytes, so that nothing of its making is left in memory.
type signedCreate struct {
	key   string
	bytes []byte
}

func (h *holder) signedCreate(ctx context.Context) (signedCreate, error) {
	op, err := h.create(ctx)
	if err != nil {
		return signedCreate{}, err
	}
	return signedCreate{op.Identifier().Key(), op.Bytes()}, nil
}

// creates returns a function that gives another create each time. They are signed beforehand, since in the field other
// machines sign: as many as one thread of a fast ledger would use up under the plan. Past them they are made on the spot.
func creates(ctx context.Context, p plan) (func() (signedCreate, error), error) {
	const fastest, most = 15_000, 200_000 // creates a second, and in all
	h, err := newHolder()
	if err != nil {
		return nil, err
	}
	total := min(most, int(fastest*p.seconds*(float64(p.rounds)+0.5)))
	made := make([]signedCreate, total/p.threads+1)
	for i := range made {
		if made[i], err = h.signedCreate(ctx); err != nil {
			return nil, err
		}
	}
	n := 0
	return func() (signedCreate, error) {
		if n == len(made) {
			return h.signedCreate(ctx)
		}
		n++
		return made[n-1], nil
	}, nil
}

// onLedger makes a setup in which all threads share one embedded ledger.
func onLedger(one func(*boltledger.Ledger, plan) (func() error, error)) func(plan) ([]func() error, func() error, error) {
	return func(p plan) ([]func() error, func() error, error) {
		lg, cleanUp, err := openLedger()
		if err != nil {
			return nil, nil, err
		}
		fns, _, err := each(func() (func() error, error) { return one(lg, p) })(p)
		return fns, cleanUp, err
	}
}
