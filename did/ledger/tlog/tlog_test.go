package tlog

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
	"github.com/realdid/realdid/did/ledger/memledger"
	"github.com/realdid/realdid/did/ledger/proof"
)

const origin = "ledger.example/log"

var epochTime = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// headReducer is the kit's reducer with a head record: a digest of the state, and how long it is.
type headReducer struct{ ledger.Reducer }

func (headReducer) Head(key string, state []byte) ([]byte, error) {
	return fmt.Appendf(nil, "%s %d %x", key, len(state), sha256.Sum256(state)), nil
}

var reducer = headReducer{ledgertest.Reducer{}}

// testClock moves only when told.
type testClock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *testClock { return &testClock{now: epochTime} }

func (c *testClock) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *testClock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// seed makes a key that is the same in every process.
func seed(name string) []byte {
	s := sha256.Sum256([]byte(name))
	return s[:]
}

func newSigner(tb testing.TB, name string, t proof.KeyType) *proof.NoteSigner {
	tb.Helper()
	s, err := proof.NewNoteSigner(name, t, seed(name))
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// alone is a policy that asks for no cosigner.
func alone(tb testing.TB) (*proof.NoteSigner, *proof.Trust) {
	tb.Helper()
	s := newSigner(tb, origin, proof.LogEd25519)
	return s, &proof.Trust{Origin: origin, Log: s.Verifier(), InsecureNoQuorum: true}
}

// witness is a cosigner in memory that cosigns only what is consistent with what it saw, and remembers the roots.
type witness struct {
	signer *proof.NoteSigner
	clock  ledger.Clock
	log    proof.VerifierKey

	mu    sync.Mutex
	size  uint64
	root  proof.Hash
	roots map[uint64]proof.Hash
	fail  error
	calls int
	hold  chan struct{} // if not nil, answers wait for it
}

var errInconsistent = errors.New("inconsistent")

func (w *witness) Name() string { return w.signer.Verifier().Name() }

func (w *witness) Cosign(ctx context.Context, old uint64, path []proof.Hash, note []byte) ([]byte, error) {
	w.mu.Lock()
	hold := w.hold
	w.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls++
	if w.fail != nil {
		return nil, w.fail
	}
	n, err := proof.ParseNote(note)
	if err != nil {
		return nil, err
	}
	if err := w.log.VerifyNote(n.Text, n.Signatures[0]); err != nil {
		return nil, err
	}
	c, err := proof.ParseCheckpoint(n.Text)
	if err != nil {
		return nil, err
	}
	if was, ok := w.roots[c.Size]; ok && was != c.Root {
		return nil, fmt.Errorf("two roots of %d leaves: %w", c.Size, errInconsistent)
	}
	if old != w.size {
		return nil, fmt.Errorf("wrapped: %w", &OldSizeError{w.size})
	}
	if err := proof.VerifyConsistency(old, c.Size, w.root, c.Root, path); err != nil {
		return nil, fmt.Errorf("%w: %w", errInconsistent, err)
	}
	sig, err := w.signer.Cosign(n.Text, w.clock())
	if err != nil {
		return nil, err
	}
	w.size, w.root = c.Size, c.Root
	if w.roots == nil {
		w.roots = make(map[uint64]proof.Hash)
	}
	w.roots[c.Size] = c.Root
	return sig.Append(nil), nil
}

func (w *witness) set(f func(w *witness)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f(w)
}

// witnessed is a policy with n witnesses, of which quorum are needed.
func witnessed(tb testing.TB, clock ledger.Clock, n, quorum int) (*proof.NoteSigner, *proof.Trust, []*witness) {
	tb.Helper()
	s, trust := alone(tb)
	trust.InsecureNoQuorum = quorum == 0
	var all []*witness
	for i := range n {
		w := &witness{signer: newSigner(tb, fmt.Sprintf("witness.example/%d", i), proof.CosignatureEd25519), clock: clock, log: s.Verifier()}
		all = append(all, w)
		trust.Cosigners = append(trust.Cosigners, proof.Cosigner{Key: w.signer.Verifier(), Role: proof.Witness})
	}
	trust.Quorum.Witnesses = quorum
	return s, trust, all
}

// manual are options with which nothing is sealed but by Seal.
func manual(clock *testClock) *Options {
	return &Options{Clock: clock.read, manual: true, noSync: true}
}

func openLog(tb testing.TB, lg Source, dir string, opt *Options) *Log {
	tb.Helper()
	s, trust := alone(tb)
	l, err := Open(lg, dir, s, trust, reducer, opt)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := l.Close(); err != nil {
			tb.Errorf("Close: %v", err)
		}
	})
	return l
}

func newMem(clock *testClock) *memledger.Ledger {
	return memledger.New(reducer, &memledger.Options{Clock: clock.read})
}

// appendTo appends payload as the next entry of key.
func appendTo(tb testing.TB, lg Source, key, payload string) ledger.Entry {
	tb.Helper()
	state, seq, err := lg.State(context.Background(), key)
	if err != nil {
		tb.Fatal(err)
	}
	e, err := lg.Append(context.Background(), key, seq, ledgertest.Op(state, payload))
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

// fill appends n entries to a third as many keys.
func fill(tb testing.TB, lg Source, n int) {
	tb.Helper()
	for i := range n {
		appendTo(tb, lg, fmt.Sprintf("key-%d", i%(n/3+1)), fmt.Sprint("payload ", i))
	}
}

func seal(tb testing.TB, l *Log) {
	tb.Helper()
	if err := l.Seal(tb.Context()); err != nil {
		tb.Fatalf("Seal: %v", err)
	}
}

// wantHead proves key under trust and compares with the ledger's state.
func wantHead(tb testing.TB, l *Log, trust *proof.Trust, now time.Time, key string) *proof.VerifiedHead {
	tb.Helper()
	b, err := l.Prove(tb.Context(), key, l.length())
	if err != nil {
		tb.Fatalf("Prove(%s): %v", key, err)
	}
	p, err := proof.ParseLatest(b)
	if err != nil {
		tb.Fatalf("Prove(%s): %v", key, err)
	}
	v, err := p.Verify(trust, key, now)
	if err != nil {
		tb.Fatalf("Prove(%s): %v", key, err)
	}
	state, n, err := l.State(tb.Context(), key)
	if err != nil {
		tb.Fatal(err)
	}
	var want []byte
	if n > 0 {
		want, _ = reducer.Head(key, state)
	}
	if !bytes.Equal(v.Head, want) {
		tb.Fatalf("Prove(%s): got head %q, want %q", key, v.Head, want)
	}
	return v
}

// noFaults checks the directory of a log.
func noFaults(tb testing.TB, l *Log) {
	tb.Helper()
	if err := l.Fsck(tb.Context(), func(f Fault) { tb.Errorf("fsck: %v", f) }); err != nil {
		tb.Fatalf("Fsck: %v", err)
	}
}

func copyDir(tb testing.TB, to, from string) {
	tb.Helper()
	err := filepath.WalkDir(from, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(from, path)
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), 0o755)
		}
		if d.Name() == lockFile {
			return nil
		}
		in, err := os.Open(path)
		if err != nil {
			return err
		}
		defer in.Close()
		out, err := os.Create(filepath.Join(to, rel))
		if err != nil {
			return err
		}
		_, err = io.Copy(out, in)
		return errors.Join(err, out.Close())
	})
	if err != nil {
		tb.Fatal(err)
	}
}
