package evmledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/realdid/realdid/did/ledger"
)

// maxBatchBytes bounds a transaction's data; nodes take no transaction over 128 KiB.
const maxBatchBytes = 120 << 10

// write sends what is queued, one transaction after the other, each with all that came while the one before was on its
// way into a block.
func (l *Ledger) write() {
	for {
		select {
		case <-l.ctx.Done():
			return
		case <-l.work:
		}
		for {
			batch := l.next()
			if len(batch) == 0 {
				break
			}
			l.send(batch)
		}
	}
}

// next takes a transaction's worth from the queue. No key occurs twice in it, because keys are locked.
func (l *Ledger) next() []*pending {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil
	}
	n, size := 0, 0
	for n < len(l.queued) && n < l.most {
		p := l.queued[n]
		if size += 8 + ledger.MaxKeyLen + len(p.op); n > 0 && size > maxBatchBytes {
			break
		}
		n++
	}
	l.sending = l.queued[:n:n]
	l.queued = l.queued[n:]
	return l.sending
}

// send sends a transaction with batch, and leaves what came of it to be settled.
func (l *Ledger) send(batch []*pending) {
	data, err := l.encode(batch)
	if err != nil {
		l.fail(batch, err)
		return
	}
	ctx, cancel := context.WithTimeout(l.ctx, l.opt.Timeout)
	defer cancel()
	receipt, err := l.sender.Send(ctx, &l.at.Address, data)
	var block uint64
	var reverted *RevertError
	switch {
	case err == nil:
		block = receipt.Block
	case errors.As(err, &reverted):
		// None of the operations fits behind what the newest blocks have. When those are final, the index has that too.
		var newest hexutil.Uint64
		if err := l.chain.call(ctx, &newest, "eth_blockNumber"); err != nil {
			l.fail(batch, err)
			return
		}
		block = uint64(newest)
	case errors.Is(err, errTooMuch) && len(batch) > 1:
		l.mu.Lock()
		defer l.mu.Unlock()
		l.most = (len(batch) + 1) / 2
		l.queued = append(batch, l.queued...)
		return
	default:
		l.fail(batch, err)
		return
	}
	l.mu.Lock()
	for _, p := range batch {
		p.block = block
	}
	l.settling = append(l.settling, batch...)
	l.mu.Unlock()
	signal(l.wake)
}

// encode returns the data of the transaction for batch.
func (l *Ledger) encode(batch []*pending) ([]byte, error) {
	var records []byte
	for _, p := range batch {
		h, err := l.places.head(directKey(p.key))
		if err != nil {
			return nil, err
		}
		r := record{name: p.key, seq: headSteps(h.head), op: p.op}
		if r.seq > 0 && l.opt.Linked {
			r.seq = anySeq
		}
		records = appendRecord(records, r)
	}
	return appendCall(records), nil
}

// fail ends batch with an error that is not final.
func (l *Ledger) fail(batch []*pending, err error) {
	switch {
	case l.ctx.Err() != nil:
		err = ledger.ErrClosed
	case errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, ledger.ErrUnavailable):
		err = unavailable(err, "append: not in a block after %s", l.opt.Timeout)
	}
	for _, p := range batch {
		l.finish(p, ledger.Entry{}, err)
	}
}

// read follows the chain and settles appends.
func (l *Ledger) read() {
	timer := time.NewTimer(l.chain.poll)
	defer timer.Stop()
	for {
		select {
		case <-l.ctx.Done():
			return
		case <-l.wake:
		case <-timer.C:
		}
		err := l.Sync(l.ctx)
		if l.ctx.Err() != nil {
			return
		}
		l.settle(err)
		timer.Reset(l.chain.poll)
	}
}

// settle decides the appends whose block has been read. err is how reading went.
func (l *Ledger) settle(err error) {
	reached, now := l.Read(), time.Now()
	l.mu.Lock()
	var ripe []*pending
	rest := l.settling[:0:0]
	for _, p := range l.settling {
		if err == nil && p.block <= reached || now.After(p.deadline) {
			ripe = append(ripe, p)
		} else {
			rest = append(rest, p)
		}
	}
	l.settling = rest
	l.mu.Unlock()
	for _, p := range ripe {
		if err == nil && p.block <= reached {
			l.decided(p)
			continue
		}
		late := fmt.Errorf("block %d not final after %s", p.block, l.opt.Timeout)
		l.finish(p, ledger.Entry{}, unavailable(errors.Join(late, err), "append"))
	}
}

// decided ends p, for which the index has what there is, or sends it once more: if it is neither there nor is another in
// its place, its block has been reorganised away, or something that does not count came before it.
func (l *Ledger) decided(p *pending) {
	_, length, err := l.index.State(l.ctx, p.key)
	if err != nil {
		l.fail([]*pending{p}, err)
		return
	}
	entry, settled, err := l.occupied(l.ctx, p, length)
	l.mu.Lock()
	refused := p.refused
	l.mu.Unlock()
	switch {
	case settled || err != nil:
		l.finish(p, entry, err)
	case refused != nil:
		l.finish(p, ledger.Entry{}, refused)
	case p.tries+1 == maxTries:
		l.finish(p, ledger.Entry{}, unavailable(fmt.Errorf("sent %d times, and others came before it each time", maxTries), "append"))
	default:
		l.mu.Lock()
		p.tries++
		l.queue(p)
		l.mu.Unlock()
	}
}

// refuse tells the append that s is of, if it is one of ours, that s does not count.
func (l *Ledger) refuse(s step, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range slices.Concat(l.sending, l.settling) {
		if p.key == s.name && bytes.Equal(p.op, s.op) {
			p.refused = err
		}
	}
}
