package evmledger

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/realdid/realdid/did/ledger"
)

// pending is an append under way. Its key is locked until it is finished.
type pending struct {
	key      string
	seq      uint64
	op       []byte
	deadline time.Time
	block    uint64 // when this has been read, the index shows what became of it
	tries    int
	refused  error // by the reducer, where the operation came to stand in the contract

	entry ledger.Entry
	err   error
	done  chan struct{}
}

// maxTries bounds how often an operation is sent, when it does not come to stand although nothing is against it.
const maxTries = 8

// Append implements [ledger.Ledger]. It tries the operation with the Reducer, sends it in a transaction, together with
// those that wait as well, and returns when the transaction is in a final block and the index has read it. That takes as
// long as the chain's Finality does.
//
// A [ledger.ErrInvalid] may come late: when the Reducer refuses the operation at the time of its block. The contract has it
// then, and no reader counts it. Errors to retry are [ledger.ErrUnavailable], [ErrOutOfGas] and [ErrReplaced] among them.
func (l *Ledger) Append(ctx context.Context, key string, seq uint64, op []byte) (ledger.Entry, error) {
	if err := ledger.CheckKey(key); err != nil {
		return ledger.Entry{}, err
	}
	if err := ledger.CheckOp(op); err != nil {
		return ledger.Entry{}, err
	}
	if err := l.usable(); err != nil {
		return ledger.Entry{}, err
	}
	if err := ctx.Err(); err != nil {
		return ledger.Entry{}, fmt.Errorf("evmledger: append: %w", err)
	}
	if err := l.keys.lock(ctx, key); err != nil {
		return ledger.Entry{}, fmt.Errorf("evmledger: append: %w", err)
	}
	p := &pending{key: key, seq: seq, op: bytes.Clone(op), deadline: time.Now().Add(l.opt.Timeout), done: make(chan struct{})}
	if entry, settled, err := l.begin(ctx, p); settled || err != nil {
		l.keys.unlock(key)
		return entry, err
	}
	select {
	case <-p.done:
		return p.entry, p.err
	case <-ctx.Done():
		return ledger.Entry{}, fmt.Errorf("evmledger: append: not waited for the end: %w", ctx.Err())
	}
}

// begin answers p from the index, or tries it and puts it into the queue.
func (l *Ledger) begin(ctx context.Context, p *pending) (entry ledger.Entry, settled bool, err error) {
	state, length, err := l.index.State(ctx, p.key)
	if err != nil {
		return ledger.Entry{}, false, err
	}
	if entry, settled, err = l.occupied(ctx, p, length); settled || err != nil {
		return entry, settled, err
	}
	if l.sender == nil {
		return ledger.Entry{}, false, ErrReadOnly
	}
	at := ledger.Anchor{Time: l.opt.Clock().UTC().Truncate(time.Second)}
	if last, ok := l.index.Last(); ok {
		at.Index = last.Index + 1
		if at.Time.Before(last.Time) {
			at.Time = last.Time
		}
	}
	if _, err := l.reducer.decide(p.key, state, p.op, at); err != nil {
		return ledger.Entry{}, false, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return ledger.Entry{}, false, ledger.ErrClosed
	}
	l.queue(p)
	return ledger.Entry{}, false, nil
}

// occupied tells what stands at p's place in the index, whose sequence of the key has a length: p's operation, which
// settles it, or a conflict, or neither if the place is the next one.
func (l *Ledger) occupied(ctx context.Context, p *pending, length uint64) (entry ledger.Entry, settled bool, err error) {
	conflict := &ledger.ConflictError{Seq: p.seq, Length: length}
	switch {
	case p.seq == length:
		return ledger.Entry{}, false, nil
	case p.seq > length:
		return ledger.Entry{}, false, conflict
	}
	for e, err := range l.index.History(ctx, p.key, p.seq) {
		if err != nil {
			return ledger.Entry{}, false, err
		}
		if bytes.Equal(e.Op, p.op) {
			return e, true, nil
		}
		conflict.Entry = e
		break
	}
	return ledger.Entry{}, false, conflict
}

// queue puts p at the end of the queue; mu is held.
func (l *Ledger) queue(p *pending) {
	l.queued = append(l.queued, p)
	signal(l.work)
}

// signal makes sure that whoever waits for c wakes up once more.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// finish ends p.
func (l *Ledger) finish(p *pending, entry ledger.Entry, err error) {
	p.entry, p.err = entry, err
	l.keys.unlock(p.key)
	close(p.done)
}

// keyLocks is a lock for every key. The zero value is ready.
type keyLocks struct {
	mu   sync.Mutex
	held map[string]chan struct{} // closed when the key is free
}

func (k *keyLocks) lock(ctx context.Context, key string) error {
	for {
		k.mu.Lock()
		free, held := k.held[key]
		if !held {
			if k.held == nil {
				k.held = make(map[string]chan struct{})
			}
			k.held[key] = make(chan struct{})
		}
		k.mu.Unlock()
		if !held {
			return nil
		}
		select {
		case <-free:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (k *keyLocks) unlock(key string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	close(k.held[key])
	delete(k.held, key)
}
