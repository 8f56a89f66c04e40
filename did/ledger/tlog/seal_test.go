package tlog

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
)

// racing is a ledger to which something is appended whenever the log looks at a state: the state is then beyond the cut.
type racing struct {
	Source
	t      *testing.T
	mu     sync.Mutex
	on     bool
	replay int // entries that were read to replay
}

func (r *racing) State(ctx context.Context, key string) ([]byte, uint64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.on {
		for i := range 2 {
			appendTo(r.t, r.Source, key, fmt.Sprint("racing ", i))
		}
	}
	return r.Source.State(ctx, key)
}

func (r *racing) History(ctx context.Context, key string, from uint64) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		for e, err := range r.Source.History(ctx, key, from) {
			r.mu.Lock()
			r.replay++
			r.mu.Unlock()
			if !yield(e, err) {
				return
			}
		}
	}
}

// TestCut: the head of a key is that of the entries that the epoch covers, however fast the ledger grows, and a key with a
// long history is replayed from the beginning once.
func TestCut(t *testing.T) {
	clock := newClock()
	lg := newMem(clock)
	r := &racing{Source: lg, t: t}
	l := openLog(t, r, t.TempDir(), manual(clock))
	for i := range 50 {
		appendTo(t, lg, "long", fmt.Sprint(i))
	}
	seal(t, l)
	appendTo(t, lg, "long", "x")
	r.on = true
	for round := range 5 {
		if err := l.epoch(t.Context()); err != nil {
			t.Fatal(err)
		}
		p, err := l.store.Prove("long")
		if err != nil {
			t.Fatal(err)
		}
		var state []byte
		n := 0
		for e, err := range lg.History(t.Context(), "long", 0) {
			if err != nil {
				t.Fatal(err)
			}
			if e.Anchor.Index >= p.Epoch.Entries {
				break
			}
			reduced, err := reducer.Reduce("long", state, e.Op, e.Anchor)
			if err != nil {
				t.Fatal(err)
			}
			state = reduced.State
			n++
		}
		if want, _ := reducer.Head("long", state); string(p.Head) != string(want) || uint64(n) >= l.length() {
			t.Fatalf("round %d, %d entries of %d: head %q, want %q", round, n, l.length(), p.Head, want)
		}
	}
	if r.replay > 60 {
		t.Errorf("%d entries were read for the replay of a history of 60: it is not continued", r.replay)
	}
	r.on = false
	seal(t, l)
	if len(l.cut.kept) != 0 || l.cut.size != 0 {
		t.Errorf("%d states of %d bytes are kept for nothing", len(l.cut.kept), l.cut.size)
	}
	noFaults(t, l)
}

// TestMaxEntries: an epoch takes no more than it may, and Seal makes as many as are needed.
func TestMaxEntries(t *testing.T) {
	clock := newClock()
	lg := newMem(clock)
	opt := manual(clock)
	opt.MaxEntries = 30
	l := openLog(t, lg, t.TempDir(), opt)
	fill(t, lg, 100)
	seal(t, l)
	if n := l.store.tip.epochs; n != 4 {
		t.Errorf("%d epochs, want 4", n)
	}
	noFaults(t, l)
}

// TestClockBehind: epochs do not go back in time, nor behind the entries that they cover.
func TestClockBehind(t *testing.T) {
	clock := newClock()
	lg := newMem(clock)
	behind := newClock()
	l := openLog(t, lg, t.TempDir(), manual(behind))
	seal(t, l)
	behind.add(-time.Hour)
	seal(t, l)
	if e, _ := l.store.Epoch(); e.Time != epochTime.Unix() {
		t.Errorf("epoch of %d, want %d", e.Time, epochTime.Unix())
	}
	clock.add(time.Minute)
	fill(t, lg, 1)
	seal(t, l)
	if e, _ := l.store.Epoch(); e.Time != clock.read().Unix() {
		t.Errorf("epoch of %d, want %d", e.Time, clock.read().Unix())
	}
	noFaults(t, l)
}

// eventually polls until f is true.
func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !f(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: it did not happen", what)
		}
	}
}

// TestBackground: without anybody asking, the first epoch is sealed at once, another one after an append, and one
// without entries when the last has grown old.
func TestBackground(t *testing.T) {
	clock := newClock()
	lg := newMem(clock)
	l := openLog(t, lg, t.TempDir(), &Options{Clock: clock.read, Interval: time.Millisecond, OnError: func(err error) { t.Error(err) }})
	epochs := func(n uint64) func() bool {
		return func() bool {
			l.store.mu.RLock()
			defer l.store.mu.RUnlock()
			return l.store.published != nil && l.store.tip.epochs >= n
		}
	}
	eventually(t, "the first epoch", epochs(1))
	appendTo(t, l, "key", "x")
	if _, err := l.Prove(t.Context(), "key", 1); err != nil {
		t.Error(err)
	}
	n := l.store.epochs.n.Load()
	clock.add(DefaultHeartbeat)
	eventually(t, "the heartbeat", epochs(n+1))
	if e, _ := l.store.Epoch(); e.Entries != 1 || e.Time != clock.read().Unix() {
		t.Errorf("heartbeat %+v", e)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	noMore := l.store.Size()
	if got, want := noMore, uint64(1)+n+1; got != want {
		t.Errorf("%d leaves, want %d", got, want)
	}
}

// TestProveWaits: a proof that is to cover an entry waits for the epoch that does.
func TestProveWaits(t *testing.T) {
	clock := newClock()
	lg := newMem(clock)
	l := openLog(t, lg, t.TempDir(), manual(clock))
	seal(t, l)
	appendTo(t, l, "key", "x")
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := l.Prove(ctx, "key", 1); !errors.Is(err, ErrUnproven) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Prove of an entry that is not covered: %v", err)
	}
	if _, err := l.Prove(t.Context(), "key", 0); err != nil {
		t.Errorf("Prove of whatever there is: %v", err)
	}
	done := make(chan error)
	go func() {
		b, err := l.Prove(t.Context(), "key", 1)
		if err == nil {
			var p *proof.Latest
			if p, err = proof.ParseLatest(b); err == nil && (p.Epoch.Entries != 1 || p.Head == nil) {
				err = fmt.Errorf("epoch of %d entries", p.Epoch.Entries)
			}
		}
		done <- err
	}()
	seal(t, l)
	if err := <-done; err != nil {
		t.Error(err)
	}
	go func() {
		_, err := l.Prove(t.Context(), "key", 2)
		done <- err
	}()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, ledger.ErrClosed) {
		t.Errorf("Prove while the log is closed: %v, want ErrClosed", err)
	}
}

// TestProveWhileAppending: proofs verify at every moment.
func TestProveWhileAppending(t *testing.T) {
	lg := newMem(newClock())
	_, trust := alone(t)
	l := openLog(t, lg, t.TempDir(), &Options{Interval: time.Millisecond, OnError: func(err error) { t.Error(err) }})
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			appendTo(t, l, fmt.Sprintf("key-%d", i%10), "x")
		}
	})
	for i := range 300 {
		key := fmt.Sprintf("key-%d", i%12)
		b, err := l.Prove(t.Context(), key, 0)
		if err != nil {
			t.Fatal(err)
		}
		p, err := proof.ParseLatest(b)
		if err == nil {
			_, err = p.Verify(trust, key, time.Now())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestAppendsWhileBroken: a log that cannot be written to holds up no append, and catches up.
func TestAppendsWhileBroken(t *testing.T) {
	clock := newClock()
	lg := newMem(clock)
	var broken error
	opt := manual(clock)
	opt.fault = func(string) error { return broken }
	l := openLog(t, lg, t.TempDir(), opt)
	seal(t, l)
	for _, step := range steps {
		broken = nil
		opt := step
		l.store.fault = func(s string) error {
			if s == opt {
				return errCrash
			}
			return nil
		}
		appendTo(t, l, "key", step)
		if err := l.Seal(t.Context()); !errors.Is(err, errCrash) {
			t.Errorf("%s: %v", step, err)
		}
		clock.add(time.Second)
		appendTo(t, l, "key", step+" again")
		l.store.fault = nil
		seal(t, l)
		noFaults(t, l)
	}
}

func TestOpenErrors(t *testing.T) {
	clock := newClock()
	lg := newMem(clock)
	signer, trust := alone(t)
	dir := t.TempDir()
	l := openLog(t, lg, dir, manual(clock))
	fill(t, lg, 5)
	seal(t, l)
	open := func(lg Source, signer *proof.NoteSigner, trust *proof.Trust) error {
		l, err := Open(lg, dir, signer, trust, reducer, manual(clock))
		if err == nil {
			l.Close()
		}
		return err
	}
	if err := open(lg, signer, trust); !errors.Is(err, ledger.ErrLocked) {
		t.Errorf("opened twice: %v, want ErrLocked", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := open(lg, signer, nil); !errors.Is(err, proof.ErrTrust) {
		t.Errorf("no policy: %v, want ErrTrust", err)
	}
	if err := open(lg, newSigner(t, "other", proof.LogEd25519), trust); !errors.Is(err, proof.ErrTrust) {
		t.Errorf("another key: %v, want ErrTrust", err)
	}
	elsewhere := *trust
	elsewhere.Origin = "elsewhere.example"
	if err := open(lg, signer, &elsewhere); err == nil || !strings.Contains(err.Error(), origin) {
		t.Errorf("another origin: %v", err)
	}
	shorter := newMem(clock)
	fill(t, shorter, 4)
	if err := open(shorter, signer, trust); !errors.Is(err, ledger.ErrCorrupt) || !strings.Contains(err.Error(), "published 5") {
		t.Errorf("a ledger that has lost an entry: %v, want ErrCorrupt", err)
	}
	appendTo(t, shorter, "other", "x")
	if err := open(shorter, signer, trust); !errors.Is(err, ledger.ErrCorrupt) || !strings.Contains(err.Error(), "entry 4") {
		t.Errorf("another ledger: %v, want ErrCorrupt", err)
	}
	if err := open(lg, signer, trust); err != nil {
		t.Errorf("in the end: %v", err)
	}
}

// bare hides that a ledger can import.
type bare struct{ Source }

func TestImport(t *testing.T) {
	clock := newClock()
	from := newMem(clock)
	e := appendTo(t, from, "key", "x")
	l := openLog(t, bare{newMem(clock)}, t.TempDir(), manual(clock))
	if err := l.Import(t.Context(), []ledger.Entry{e}); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("a ledger that cannot import: %v, want ErrUnsupported", err)
	}
	l = openLog(t, newMem(clock), t.TempDir(), manual(clock))
	if err := l.Import(t.Context(), []ledger.Entry{e}); err != nil {
		t.Error(err)
	}
	seal(t, l)
	_, trust := alone(t)
	wantHead(t, l, trust, clock.read(), "key")
}

// TestPendingOfAnotherLedger: an epoch that is pending and that the ledger does not make again is not replaced by another.
func TestPendingOfAnotherLedger(t *testing.T) {
	w := newWorld(t)
	dir := t.TempDir()
	l := w.open(dir, nil)
	seal(t, l)
	w.witness.set(func(s *witness) { s.fail = errors.New("not at home") })
	appendTo(t, w.lg, "key", "x")
	if err := l.Seal(t.Context()); err == nil {
		t.Fatal("sealed without a witness")
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	w.witness.set(func(s *witness) { s.fail = nil })
	w.lg = newMem(w.clock)
	for _, name := range []string{"shorter", "other"} {
		if name == "other" {
			appendTo(t, w.lg, "other", "y")
		}
		l = w.open(dir, nil)
		if err := l.Seal(t.Context()); !errors.Is(err, ledger.ErrCorrupt) {
			t.Errorf("%s: Seal: %v, want ErrCorrupt", name, err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if len(w.witness.roots) != 1 {
			t.Errorf("%s: the witness has seen %d checkpoints", name, len(w.witness.roots))
		}
	}
}
