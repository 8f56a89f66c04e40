package tlog

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger/proof"
)

// errorsSeen collects what OnError is told.
type errorsSeen struct {
	mu  sync.Mutex
	all []error
}

func (e *errorsSeen) add(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = append(e.all, err)
}

func (e *errorsSeen) text() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return errors.Join(e.all...).Error()
}

// openWitnessed opens a log with n witnesses, of which quorum are needed.
func openWitnessed(t *testing.T, lg Source, clock *testClock, n, quorum int) (*Log, *proof.Trust, []*witness, *errorsSeen) {
	t.Helper()
	signer, trust, all := witnessed(t, clock.read, n, quorum)
	seen := &errorsSeen{}
	opt := manual(clock)
	opt.OnError = seen.add
	for _, w := range all {
		opt.Cosigners = append(opt.Cosigners, w)
	}
	l, err := Open(lg, t.TempDir(), signer, trust, reducer, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l, trust, all, seen
}

// TestQuorum: nothing is published without it, the same checkpoint waits for it, and those who are missing do not matter.
func TestQuorum(t *testing.T) {
	clock := newClock()
	lg := newMem(clock)
	l, trust, all, seen := openWitnessed(t, lg, clock, 3, 2)
	fill(t, lg, 10)
	for _, w := range all[1:] {
		w.set(func(w *witness) { w.fail = errors.New("not at home") })
	}
	for range 2 {
		if err := l.Seal(t.Context()); !errors.Is(err, proof.ErrQuorum) || !strings.Contains(err.Error(), "witness.example/1: not at home") {
			t.Fatalf("Seal without a quorum: %v", err)
		}
		clock.add(time.Second)
		fill(t, lg, 3)
	}
	if c := l.store.Checkpoint(); c != nil {
		t.Fatalf("published without a quorum: %s", c)
	}
	if n := len(all[0].roots); n != 1 {
		t.Errorf("the witness saw %d checkpoints, want the same one twice", n)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := l.Prove(ctx, "key-0", 0); !errors.Is(err, ErrUnproven) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Prove before the first checkpoint: %v", err)
	}
	all[1].set(func(w *witness) { w.fail = nil })
	seal(t, l)
	if n := len(l.store.Pending()); n != 0 {
		t.Errorf("%d epochs pending", n)
	}
	v := wantHead(t, l, trust, clock.read(), "key-1")
	if len(v.Checkpoint.Cosigned) != 2 || v.Epoch.Entries != 16 {
		t.Errorf("proof with %d cosignatures, %d entries; want 2, 16", len(v.Checkpoint.Cosigned), v.Epoch.Entries)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if s := seen.text(); !strings.Contains(s, "cosigner witness.example/2: not at home") {
		t.Errorf("OnError was told %q", s)
	}
}

// TestExtended: an epoch that found no quorum for long is followed by another one, and only that is published.
func TestExtended(t *testing.T) {
	clock := newClock()
	lg := newMem(clock)
	l, trust, all, _ := openWitnessed(t, lg, clock, 1, 1)
	l.opt.MaxEntries = 25
	all[0].set(func(w *witness) { w.fail = errors.New("not at home") })
	for i, want := range []uint64{10, 10, 25, 25, 25} { // entries that the pending epoch covers
		if i != 1 {
			clock.add(2 * time.Minute)
		}
		fill(t, lg, 10)
		if err := l.Seal(t.Context()); err == nil {
			t.Fatal("sealed without a witness")
		}
		p := l.store.Pending()
		if got := p[len(p)-1].Epoch; got.Entries != want || i != 1 && got.Time != clock.read().Unix() {
			t.Fatalf("round %d: pending epoch %+v, want %d entries", i, got, want)
		}
	}
	if n := len(l.store.Pending()); n != 4 {
		t.Errorf("%d epochs are pending, want 4", n)
	}
	all[0].set(func(w *witness) { w.fail = nil })
	seal(t, l)
	if len(all[0].roots) != 2 || l.store.tip.epochs != 5 {
		t.Errorf("the witness signed %d checkpoints, and the log has %d epochs; want 2, 5", len(all[0].roots), l.store.tip.epochs)
	}
	wantHead(t, l, trust, clock.read(), "key-2")
	noFaults(t, l)
	for i := range l.length() {
		if _, at, _, err := l.store.ProveEntry(i); err != nil || at < i {
			t.Fatalf("entry %d: leaf %d, %v", i, at, err)
		}
	}
}

// TestOldSize: a cosigner that holds another size is asked from there, and one that holds more than there is is told of.
func TestOldSize(t *testing.T) {
	clock := newClock()
	lg := newMem(clock)
	l, _, all, seen := openWitnessed(t, lg, clock, 2, 1)
	for range 3 {
		fill(t, lg, 4)
		seal(t, l)
		l.work.Wait()
	}
	all[1].set(func(w *witness) { w.size, w.root, w.roots = 0, proof.Hash{}, nil }) // it has forgotten
	fill(t, lg, 4)
	seal(t, l)
	l.work.Wait()
	if all[1].size != l.store.Size() {
		t.Errorf("the witness that had forgotten holds %d leaves, want %d", all[1].size, l.store.Size())
	}
	if seen.all != nil {
		t.Errorf("OnError was told %q", seen.text())
	}
	all[0].set(func(w *witness) { w.size = 1 << 40 })
	fill(t, lg, 4)
	seal(t, l)
	l.work.Wait()
	if s := seen.text(); !strings.Contains(s, "witness.example/0: it holds a log of 1099511627776 leaves") {
		t.Errorf("OnError was told %q", s)
	}
}

// TestLateCosigner: who comes after the quorum is added to the published checkpoint.
func TestLateCosigner(t *testing.T) {
	clock := newClock()
	lg := newMem(clock)
	l, trust, all, seen := openWitnessed(t, lg, clock, 2, 1)
	hold := make(chan struct{})
	all[1].set(func(w *witness) { w.hold = hold })
	seal(t, l)
	count := func() int {
		v, err := trust.VerifyCheckpoint(l.store.Checkpoint(), clock.read())
		if err != nil {
			t.Fatal(err)
		}
		return len(v.Cosigned)
	}
	if n := count(); n != 1 {
		t.Errorf("%d cosignatures at first, want 1", n)
	}
	wantHead(t, l, trust, clock.read(), "nobody")
	close(hold)
	l.work.Wait()
	if n := count(); n != 2 {
		t.Errorf("%d cosignatures in the end, want 2", n)
	}
	onDisk, err := l.store.loadCheckpoint("log/checkpoint")
	if err != nil || string(onDisk.note) != string(l.store.Checkpoint()) {
		t.Errorf("on disk: %v, %v", onDisk, err)
	}
	if v := wantHead(t, l, trust, clock.read(), "nobody"); len(v.Checkpoint.Cosigned) != 1 {
		t.Errorf("the proof carries %d cosignatures, and the quorum is 1", len(v.Checkpoint.Cosigned))
	}
	if seen.all != nil {
		t.Errorf("OnError was told %q", seen.text())
	}
}

// fixed is a cosigner that always answers the same.
type fixed struct {
	lines []byte
	err   error
}

func (fixed) Name() string { return "fixed" }

func (f fixed) Cosign(context.Context, uint64, []proof.Hash, []byte) ([]byte, error) {
	return f.lines, f.err
}

// TestBadCosigner: an answer that is no cosignature by a key of the policy over this checkpoint does not count, and is told of.
func TestBadCosigner(t *testing.T) {
	clock := newClock()
	signer, trust, all := witnessed(t, clock.read, 1, 1)
	other := proof.Checkpoint{Origin: origin, Size: 77, Root: proof.EmptyRoot()}
	elsewhere, err := all[0].signer.Cosign(other.Append(nil), clock.read())
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := newSigner(t, "stranger", proof.CosignatureEd25519).Cosign(other.Append(nil), clock.read())
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		fixed
		want string
	}{
		"garbage":     {fixed{lines: []byte("hello\n")}, "proof: invalid"},
		"nothing":     {fixed{}, "proof: invalid"},
		"of another":  {fixed{lines: elsewhere.Append(nil)}, "proof: invalid"},
		"stranger":    {fixed{lines: stranger.Append(nil)}, "no signature by a cosigner of the policy"},
		"same size":   {fixed{err: &OldSizeError{0}}, "holds a log of 0 leaves"},
		"other error": {fixed{err: context.Canceled}, "canceled"},
	} {
		t.Run(name, func(t *testing.T) {
			opt := manual(clock)
			opt.Cosigners = []Cosigner{c}
			l, err := Open(newMem(clock), t.TempDir(), signer, trust, reducer, opt)
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			if err := l.Seal(t.Context()); !errors.Is(err, proof.ErrQuorum) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Seal: %v, want an error with %q", err, c.want)
			}
		})
	}
}

// TestSealCanceled: who does not want to wait for cosigners any more does not have to.
func TestSealCanceled(t *testing.T) {
	clock := newClock()
	l, _, all, _ := openWitnessed(t, newMem(clock), clock, 1, 1)
	hold := make(chan struct{})
	all[0].set(func(w *witness) { w.hold = hold })
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(time.Millisecond, cancel)
	if err := l.Seal(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Seal: %v, want Canceled", err)
	}
	if err := l.Close(); err != nil { // does not wait for the witness either
		t.Error(err)
	}
}

// TestOlderCosignature: whoever hands in an earlier signature of another cosigner does not make what is known of it older.
func TestOlderCosignature(t *testing.T) {
	clock := newClock()
	signer, trust, all := witnessed(t, clock.read, 1, 1)
	l, err := Open(newMem(clock), t.TempDir(), signer, trust, reducer, manual(clock))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	text := (&proof.Checkpoint{Origin: origin, Size: 77, Root: proof.EmptyRoot()}).Append(nil)
	at := func(minutes int) answer {
		sig, err := all[0].signer.Cosign(text, clock.read().Add(time.Duration(minutes)*time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		return answer{name: "peer", lines: sig.Append(nil)}
	}
	r := &round{l: l, note: &proof.Note{Text: text}}
	for _, c := range []struct{ given, want int }{{3, 3}, {1, 3}, {3, 3}, {4, 4}} {
		if err := r.add(at(c.given)); err != nil {
			t.Fatal(err)
		}
		got, err := all[0].signer.Verifier().VerifyCosignature(text, r.cosigs[0])
		if want := clock.read().Add(time.Duration(c.want) * time.Minute); err != nil || len(r.cosigs) != 1 || !got.Equal(want) {
			t.Errorf("after one of minute %d: %d signatures, of %v, %v; want one of %v", c.given, len(r.cosigs), got, err, want)
		}
	}
}
