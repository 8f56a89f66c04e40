package mirror

import (
	"errors"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/ledger/witness"
)

// Times can be noticed by auditors alone. The evidence is the signed checkpoint with the auditor's own word for what its clock said, except
// where the log contradicts itself.

// TestClockAhead: the operator puts its clock 72 hours ahead, so that the delay of a recovery seems to be over.
//
// Who notices: every auditor, at the first entry, and nothing is imported. Readers notice by themselves that the epoch is from the future.
func TestClockAhead(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, 4, 2, both)
	n.grow(20)
	n.honest()
	real := n.clock.read()
	n.op.entryAt("key-1", "the delay is over", real.Add(72*time.Hour))
	epoch := n.op.epoch()
	epoch.Time = real.Add(72 * time.Hour).Unix()
	n.op.leaf(epoch.Append(nil))
	note := n.collect(n.op)
	for _, a := range n.auditors {
		wantFault(t, a.Name(), n.faults[a.Name()], Time)
		if last, _ := a.Last(); last.Index != 19 {
			t.Errorf("%s: imported up to entry %d", a.Name(), last.Index)
		}
	}
	p := n.op.latest(note, epoch, n.op.heads, "key-1")
	if v, err := p.Verify(n.trust, "key-1", real); err == nil {
		t.Errorf("a reader: got %+v", v)
	}
	careless := *n.trust
	careless.Quorum = proof.Quorum{Witnesses: 3}
	if v, err := p.Verify(&careless, "key-1", real); !errors.Is(err, proof.ErrInvalid) {
		t.Errorf("a reader who wants witnesses alone: got %+v, %v, want ErrInvalid", v, err)
	}
	n.clock.add(72 * time.Hour) // it is no lie any more
	n.collect(n.op)
	if len(n.faults) > 0 {
		t.Errorf("72 hours later: %v", n.faults)
	}
}

// TestClockAheadWithinSkew: a clock that is a little off is nobody's fault.
func TestClockAheadWithinSkew(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		off  time.Duration
		want FaultKind
	}{{DefaultMaxSkew, ""}, {DefaultMaxSkew + time.Second, Time}, {-DefaultMaxSkew, ""}, {-DefaultMaxSkew - time.Second, Time}} {
		n := newNetwork(t, 0, 1, proof.Quorum{Auditors: 1})
		n.clock.add(test.off)
		n.op.entry("key", "op")
		n.op.seal()
		n.clock.add(-test.off)
		n.collect(n.op)
		if err := n.faults["auditor-0"]; test.want == "" {
			if err != nil {
				t.Errorf("%s off: %v", test.off, err)
			}
		} else {
			wantFault(t, test.off.String(), err, test.want)
		}
	}
}

// TestClockSlow: the operator's clock goes slower and slower, so that its epochs are of the past.
//
// Who notices: every auditor, when the epoch is more than the skew behind. It keeps what it audited and cosigns the next epoch that is fresh.
func TestClockSlow(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, 1, 1, proof.Quorum{Witnesses: 1, Auditors: 1})
	n.grow(5)
	n.honest()
	n.op.entry("key-1", "op")
	n.op.seal()
	n.clock.add(DefaultMaxSkew + time.Second)
	n.collect(n.op)
	wantFault(t, "a stale epoch", n.faults["auditor-0"], Time)
	n.op.seal() // behind it
	n.collect(n.op)
	if len(n.faults) > 0 {
		t.Errorf("a fresh epoch behind the stale one: %v", n.faults)
	}
}

// TestBackdate: the operator dates an entry back: before the entry before, before the last epoch, or after its own.
//
// Who notices: every auditor. Evidence: the log contradicts itself, in the leaves that the checkpoint commits to.
func TestBackdate(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string]func(n *network){
		"before the entry before": func(n *network) {
			n.op.entry("key-1", "now")
			n.op.entryAt("key-2", "earlier", n.clock.read().Add(-time.Second))
			n.op.seal()
		},
		"before the last epoch": func(n *network) {
			n.op.entryAt("key-2", "last week", n.clock.read().Add(-time.Hour))
			n.op.seal()
		},
		"after its epoch": func(n *network) {
			n.op.entryAt("key-2", "in a minute", n.clock.read().Add(time.Minute))
			n.op.seal()
		},
		"epoch before the last epoch": func(n *network) {
			epoch := n.op.epoch()
			epoch.Time -= 1
			n.op.leaf(epoch.Append(nil))
		},
	} {
		n := newNetwork(t, 1, 1, proof.Quorum{Witnesses: 1, Auditors: 1})
		n.grow(5)
		n.clock.add(2 * time.Hour)
		n.honest()
		bad(n)
		n.clock.add(time.Minute)
		n.collect(n.op)
		wantFault(t, name, n.faults["auditor-0"], Time)
		if _, blamed := n.faults["witness-0"]; blamed {
			t.Errorf("%s: the witness looked at times: %v", name, n.faults)
		}
	}
}

// TestGap: where nothing was sealed for long, whether by an outage or on purpose, what is dated in between is the operator's word. The
// auditor says so, and cosigns.
func TestGap(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, 1, 1, proof.Quorum{Witnesses: 1, Auditors: 1})
	var gaps []time.Duration
	n.auditors[0].opt.OnGap = func(from, to time.Time) { gaps = append(gaps, to.Sub(from)) }
	n.grow(5)
	n.honest()
	n.clock.add(DefaultMaxSkew)
	n.honest()
	if len(gaps) != 0 {
		t.Errorf("gaps %v after five minutes", gaps)
	}
	then := n.clock.read().Add(10 * time.Minute)
	n.clock.add(time.Hour)
	n.op.entryAt("key-1", "said to be fifty minutes old", then)
	n.honest()
	if len(gaps) != 1 || gaps[0] != time.Hour {
		t.Errorf("gaps %v, want one hour", gaps)
	}
}

// TestOutage: an auditor that was away audits every epoch that it missed, and cosigns the newest.
func TestOutage(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, 1, 2, proof.Quorum{Witnesses: 1, Auditors: 1})
	away := n.auditors[1]
	n.cosigners = n.cosigners[:2]
	for range 70 {
		n.grow(2)
		n.clock.add(time.Minute)
		n.honest()
	}
	n.cosigners = append(n.cosigners, away)
	n.grow(1)
	n.honest()
	if got, want := away.size(), n.op.frontier.Size(); got != want {
		t.Errorf("holds %d leaves, want %d", got, want)
	}
	if _, err := away.Cosign(t.Context(), away.size(), nil, n.op.note()); err != nil {
		t.Error(err)
	}
	if size := (*witness.SizeError)(nil); errors.As(n.faults[away.Name()], &size) {
		t.Error(size)
	}
}
