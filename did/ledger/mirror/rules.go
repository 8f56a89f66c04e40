package mirror

import (
	"fmt"
	"time"

	"github.com/realdid/realdid/did/ledger/proof"
)

// An audit is how far a log was read, and what must hold for the next leaf. Times are seconds since 1970.
type audit struct {
	size    uint64 // leaves
	entries uint64 // among them
	entry   int64  // time of the last entry; 0 before the first
	epoch   int64  // time of the last epoch; 0 before the first
	epochs  bool   // there was one

	now, skew int64 // the auditor's clock, and how far times may be off it
}

func fault(kind FaultKind, leaf uint64, format string, args ...any) *Fault {
	return &Fault{Kind: kind, Leaf: leaf, Text: fmt.Sprintf(format, args...)}
}

func stamp(t int64) string { return time.Unix(t, 0).UTC().Format(time.RFC3339) }

// next takes an entry over.
func (a *audit) next(e *proof.EntryLeaf) *Fault {
	switch {
	case e.Index != a.entries:
		return fault(Order, a.size, "entry %d where entry %d belongs", e.Index, a.entries)
	case e.Time < a.entry:
		return fault(Time, a.size, "entry of %s after one of %s", stamp(e.Time), stamp(a.entry))
	case a.epochs && e.Time < a.epoch-a.skew:
		return fault(Time, a.size, "entry of %s behind the epoch of %s", stamp(e.Time), stamp(a.epoch))
	case e.Time > a.now+a.skew:
		return fault(Time, a.size, "entry of %s, and it is %s", stamp(e.Time), stamp(a.now))
	}
	a.entries, a.entry, a.size = a.entries+1, e.Time, a.size+1
	return nil
}

// seal takes an epoch over.
func (a *audit) seal(l *proof.EpochLeaf) *Fault {
	switch {
	case l.Size != a.size:
		return fault(Order, a.size, "epoch that counts %d leaves", l.Size)
	case l.Entries != a.entries:
		return fault(Order, a.size, "epoch that counts %d entries, and there are %d", l.Entries, a.entries)
	case l.Time < a.entry:
		return fault(Time, a.size, "epoch of %s with an entry of %s", stamp(l.Time), stamp(a.entry))
	case a.epochs && l.Time < a.epoch:
		return fault(Time, a.size, "epoch of %s after one of %s", stamp(l.Time), stamp(a.epoch))
	case l.Time > a.now+a.skew:
		return fault(Time, a.size, "epoch of %s, and it is %s", stamp(l.Time), stamp(a.now))
	}
	a.epoch, a.epochs, a.size = l.Time, true, a.size+1
	return nil
}

// fresh reports whether the epoch that was sealed last may be cosigned now.
func (a *audit) fresh() *Fault {
	if a.epoch < a.now-a.skew {
		return fault(Time, a.size-1, "epoch of %s, and it is %s: a fresh one may be sealed behind it", stamp(a.epoch), stamp(a.now))
	}
	return nil
}
