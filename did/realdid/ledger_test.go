package realdid_test

import (
	"context"
	"iter"

	"github.com/realdid/realdid/did/ledger"
)

// listLedger is a ledger that a test writes by hand and that checks nothing: what a hostile operator can show.
type listLedger struct {
	entries []ledger.Entry
	err     error // after the entries
}

func (l *listLedger) Append(context.Context, string, uint64, []byte) (ledger.Entry, error) {
	return ledger.Entry{}, ledger.ErrClosed
}

func (l *listLedger) History(_ context.Context, key string, from uint64) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		for _, e := range l.entries {
			if e.Key == key && e.Seq >= from && !yield(e, nil) {
				return
			}
		}
		if l.err != nil {
			yield(ledger.Entry{}, l.err)
		}
	}
}

func (l *listLedger) Follow(_ context.Context, from uint64) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		for i, e := range l.entries {
			if uint64(i) >= from && !yield(e, nil) {
				return
			}
		}
		if l.err != nil {
			yield(ledger.Entry{}, l.err)
		}
	}
}
