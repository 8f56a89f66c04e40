package realdid_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/memledger"
	"github.com/realdid/realdid/did/realdid"
)

// twoPeople is a ledger with the histories of two identifiers: a create, then five updates of each in turn, a minute apart.
func twoPeople(t *testing.T) *listLedger {
	t.Helper()
	lg := &listLedger{}
	var people []*hist
	for i := range 2 {
		p := rawCreate('q')
		p[memberSalt] = append(make([]byte, 15), byte(i))
		h := &hist{t: t, now: start}
		people = append(people, h)
		lg.add(t, h, seal(t, p, ed(0)))
	}
	for range 5 {
		for _, h := range people {
			h.wait(time.Minute)
			d, err := h.at().DraftUpdate(authKey("a", 3))
			lg.add(t, h, draftOf(t, d, err, ed(0)).Bytes())
		}
	}
	return lg
}

func (l *listLedger) add(t *testing.T, h *hist, raw []byte) {
	t.Helper()
	op := mustParse(t, raw)
	ok(t, "add", h.apply(op))
	key, seq := op.Identifier().Key(), uint64(0)
	for _, e := range l.entries {
		if e.Key == key {
			seq++
		}
	}
	l.entries = append(l.entries, ledger.Entry{Key: key, Seq: seq, Op: raw, Anchor: ledger.Anchor{Index: uint64(len(l.entries)), Time: h.now}})
}

// insert puts an entry in place i, and moves indexes and numbers of those behind it, as a ledger that does not admit would.
func (l *listLedger) insert(i int, e ledger.Entry) {
	l.entries = append(l.entries[:i:i], append([]ledger.Entry{e}, l.entries[i:]...)...)
	seqs := map[string]uint64{}
	for i := range l.entries {
		x := &l.entries[i]
		x.Anchor.Index, x.Seq = uint64(i), seqs[x.Key]
		seqs[x.Key]++
	}
}

func TestAuditNamesEachPlantedFault(t *testing.T) {
	now := start.Add(time.Hour)
	for fault, c := range map[string]struct {
		plant func(l *listLedger)
		at    []int  // indexes in the ledger of the entries that must be named
		text  string // in the first
	}{
		"none": {func(*listLedger) {}, nil, ""},
		"garbage": {func(l *listLedger) {
			l.insert(5, ledger.Entry{Key: l.entries[0].Key, Op: []byte("x"), Anchor: l.entries[5].Anchor})
		}, []int{5}, "not deterministic CBOR"},
		"garbage first": {func(l *listLedger) {
			l.insert(0, ledger.Entry{Key: l.entries[0].Key, Op: []byte("x"), Anchor: l.entries[0].Anchor})
		}, []int{0}, "not deterministic CBOR"},
		"replay": {func(l *listLedger) { l.insert(8, at(l.entries[2], l.entries[8].Anchor.Time)) }, []int{8}, "predecessor"},
		"foreign operation": {func(l *listLedger) {
			e := at(l.entries[3], l.entries[4].Anchor.Time)
			e.Key = l.entries[0].Key
			l.insert(4, e)
		}, []int{4}, "another identifier"},
		"changed byte":                    {func(l *listLedger) { e := l.entries[11]; e.Op = flip(e.Op); l.entries[11] = e }, []int{11}, "signature"},
		"index skipped":                   {func(l *listLedger) { l.shift(4, 1) }, []int{4}, "index: 5, want 4"},
		"index repeated":                  {func(l *listLedger) { l.entries[4].Anchor.Index = 3 }, []int{4, 5}, "index: 3, want 4"},
		"number skipped":                  {func(l *listLedger) { l.entries[10].Seq++ }, []int{10}, "entry: number 6 of its key, want 5"},
		"time goes back":                  {func(l *listLedger) { l.entries[3].Anchor.Time = start.Add(30 * time.Second) }, []int{3}, "earlier"},
		"time goes back within a history": {func(l *listLedger) { l.entries[4].Anchor.Time = start }, []int{4, 6, 8, 10}, "earlier"},
		"time of a fraction":              {func(l *listLedger) { l.entries[11].Anchor.Time = l.entries[11].Anchor.Time.Add(time.Millisecond) }, []int{11}, "whole seconds"},
		"time in the future":              {func(l *listLedger) { l.entries[11].Anchor.Time = now.Add(5*time.Minute + time.Second) }, []int{11}, "in the future"},
		"early future":                    {func(l *listLedger) { l.entries[10].Anchor.Time = now.Add(time.Hour) }, []int{10}, "in the future"},
		"removed":                         {func(l *listLedger) { l.entries = append(l.entries[:4:4], l.entries[5:]...) }, []int{4, 5, 7, 9}, "index: 5, want 4"},
	} {
		t.Run(fault, func(t *testing.T) {
			lg := twoPeople(t)
			c.plant(lg)
			report, err := realdid.Audit(t.Context(), lg, realdid.Network{}, now)
			if err != nil {
				t.Fatal(err)
			}
			if report.Identifiers != 2 || report.Entries != uint64(len(lg.entries)) {
				t.Errorf("got %d identifiers and %d entries", report.Identifiers, report.Entries)
			}
			if len(report.Faults) != len(c.at) {
				t.Fatalf("faults: got %v, want those at %v", report.Faults, c.at)
			}
			for i, f := range report.Faults {
				if string(f.Entry.Op) != string(lg.entries[c.at[i]].Op) || f.Err == nil {
					t.Errorf("fault %d is not of entry %d: %v", i, c.at[i], f.Err)
				}
			}
			if len(c.at) > 0 && !strings.Contains(report.Faults[0].Err.Error(), c.text) {
				t.Errorf("got %v, want %q", report.Faults[0].Err, c.text)
			}
		})
	}
}

func at(e ledger.Entry, t time.Time) ledger.Entry { e.Anchor.Time = t; return e }

// flip changes a bit of the first signature's end.
func flip(op []byte) []byte {
	out := append([]byte{}, op...)
	out[len(out)-1] ^= 1
	return out
}

// shift raises the indexes from i on.
func (l *listLedger) shift(i int, by uint64) {
	for ; i < len(l.entries); i++ {
		l.entries[i].Anchor.Index += by
	}
}

func TestAuditToleratesFiveMinutes(t *testing.T) {
	lg := twoPeople(t)
	last := lg.entries[11].Anchor.Time
	report := must(realdid.Audit(t.Context(), lg, realdid.Network{}, last.Add(-5*time.Minute)))(t)
	if len(report.Faults) != 0 {
		t.Errorf("five minutes ahead: got %v", report.Faults)
	}
	report = must(realdid.Audit(t.Context(), lg, realdid.Network{}, last.Add(-5*time.Minute-time.Second)))(t)
	if len(report.Faults) == 0 {
		t.Error("more than five minutes ahead is no fault")
	}
}

func TestAuditOfAnotherNetworkNamesEverything(t *testing.T) {
	lg := twoPeople(t)
	report := must(realdid.Audit(t.Context(), lg, realdid.Network{Home: "other"}, start.Add(time.Hour)))(t)
	if len(report.Faults) != len(lg.entries) || report.Identifiers != 0 {
		t.Errorf("got %d faults of %d entries", len(report.Faults), len(lg.entries))
	}
	if _, err := realdid.Audit(t.Context(), lg, realdid.Network{Home: "No Name"}, start); !errors.Is(err, realdid.ErrIdentifier) {
		t.Errorf("a network without a name: got %v", err)
	}
	lg.err = ledger.ErrCorrupt
	if _, err := realdid.Audit(t.Context(), lg, realdid.Network{}, start); !errors.Is(err, ledger.ErrCorrupt) {
		t.Errorf("a ledger that fails: got %v", err)
	}
}

// TestGarbageCannotEndAHistory: on a ledger that does not admit, strangers write entries between the holder's; resolution passes
// over them, places count valid operations, and the holder can go on.
func TestGarbageCannotEndAHistory(t *testing.T) {
	now := start
	clock := func() time.Time { return now }
	lg := memledger.New(nil, &memledger.Options{Clock: clock})
	m := must(realdid.New(lg, &realdid.Options{Clock: clock}))(t)
	p := rawCreate('q')
	create := mustParse(t, seal(t, p, ed(0)))
	key := create.Identifier().Key()
	garbage := func(n int) {
		for i := range n {
			e := must(lg.Append(t.Context(), key, count(t, lg, key), []byte{byte(i), 1, 2}))(t)
			_ = e
		}
	}
	garbage(3)
	if _, err := m.Resolve(t.Context(), create.Identifier().Short(), nil); did.AsError(err).Code != did.NotFound {
		t.Errorf("garbage alone: got %v, want NOT_FOUND", err)
	}
	if _, err := m.Submit(t.Context(), create); err != nil {
		t.Fatal(err)
	}
	garbage(2)
	p[memberSalt] = append(make([]byte, 15), 1)
	if _, err := lg.Append(t.Context(), key, count(t, lg, key), seal(t, p, ed(0))); err != nil { // somebody else's genesis
		t.Fatal(err)
	}
	r, err := m.Update(t.Context(), create.Identifier().Short(), authKey("a", 3), ed(0))
	ok(t, "update after garbage", err)
	if got := r.State.Seq(); got != 1 {
		t.Errorf("place: got %d, want 1: garbage takes none", got)
	}
	res := must(m.Resolve(t.Context(), create.Identifier().Short(), nil))(t)
	if len(res.Document.VerificationMethod) != 1 {
		t.Error("the update is not seen")
	}
	h := must(m.History(t.Context(), create.Identifier().Short()))(t)
	valid := 0
	for _, e := range h {
		if e.Err == nil {
			valid++
			if e.Effective.IsZero() || e.Operation == nil {
				t.Errorf("a valid entry without operation or time: %+v", e)
			}
		}
	}
	if valid != 2 || len(h) != 8 {
		t.Errorf("history: got %d valid of %d, want 2 of 8", valid, len(h))
	}
	report := must(realdid.Audit(t.Context(), lg, realdid.Network{}, now))(t)
	if len(report.Faults) != 6 || report.Identifiers != 1 {
		t.Errorf("audit: got %d faults, want the six", len(report.Faults))
	}
}

func count(t *testing.T, lg ledger.Ledger, key string) (n uint64) {
	t.Helper()
	for _, err := range lg.History(t.Context(), key, 0) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}
