package tlogledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/transparency-dev/tessera"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
	"github.com/realdid/realdid/did/ledger/proof"
)

// tempDir is a folder in memory where the system has one: Tessera syncs each file that it writes, and most tests are not about that.
func tempDir(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "tlogledger-*")
	if err != nil {
		return tb.TempDir()
	}
	tb.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// testClock moves when it is told to.
type testClock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *testClock { return &testClock{now: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)} }

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

// A fake is a log of Tessera's in memory that fails as it is told to.
type fake struct {
	mu      sync.Mutex
	leaves  [][]byte
	late    [][]byte // of failed appends; they are stored when somebody looks next
	hidden  int      // looks before the last leaf is integrated
	unread  error    // of all reading
	torn    bool     // tiles are not those of the leaves
	silent  chan struct{}
	offered int
	reading func(bundle uint64) error

	// fate decides what becomes of a leaf: it is stored or not, and its future returns err or its place, moved by off.
	fate func(leaf []byte) fate
}

type fate struct {
	lost bool // not stored
	late bool // stored when somebody looks next
	err  error
	off  int
	dup  bool
}

func (f *fake) set(change func(*fake)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
}

func (f *fake) appender() *tessera.Appender { return &tessera.Appender{Add: f.add} }

func (f *fake) add(_ context.Context, e *tessera.Entry) tessera.IndexFuture {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.offered++
	if silent := f.silent; silent != nil {
		return func() (tessera.Index, error) {
			<-silent
			return tessera.Index{}, errors.New("silent")
		}
	}
	var is fate
	if f.fate != nil {
		is = f.fate(e.Data())
	}
	at := tessera.Index{Index: uint64(len(f.leaves) + is.off), IsDup: is.dup}
	switch {
	case is.late:
		f.late = append(f.late, e.Data())
	case !is.lost:
		f.leaves = append(f.leaves, e.Data())
	}
	return func() (tessera.Index, error) { return at, is.err }
}

func (f *fake) NextIndex(context.Context) (uint64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.leaves, f.late = append(f.leaves, f.late...), nil
	return uint64(len(f.leaves)), f.unread
}

func (f *fake) IntegratedSize(context.Context) (uint64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.integrated()
	f.hidden = max(f.hidden-1, 0)
	return n, f.unread
}

// integrated runs with f.mu held.
func (f *fake) integrated() uint64 {
	if f.hidden > 0 {
		return uint64(len(f.leaves) - 1)
	}
	return uint64(len(f.leaves))
}

func (*fake) ReadCheckpoint(context.Context) ([]byte, error) { return nil, fs.ErrNotExist }

func (f *fake) ReadEntryBundle(_ context.Context, index uint64, p uint8) (b []byte, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.reading != nil {
		if err := f.reading(index); err != nil {
			return nil, err
		}
	}
	end := min(f.integrated(), (index+1)*proof.TileWidth)
	if index*proof.TileWidth >= end || f.unread != nil {
		return nil, errors.Join(f.unread, fs.ErrNotExist)
	}
	if p > 0 && index < uint64(len(f.leaves))/proof.TileWidth {
		p = 0 // collected as garbage: there is the whole one
	}
	for _, leaf := range f.leaves[index*proof.TileWidth : end] {
		if b, err = proof.AppendEntry(b, leaf); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func (f *fake) ReadTile(_ context.Context, level, index uint64, _ uint8) (b []byte, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.unread != nil {
		return nil, f.unread
	}
	width := proof.WidthAt(uint8(level), index, uint64(len(f.leaves)))
	if width == 0 {
		return nil, fs.ErrNotExist
	}
	for i := range uint64(width) {
		span := uint64(1) << (8 * level)
		at := (index*proof.TileWidth + i) * span
		b = append(b, rootOf(f.leaves[at:at+span])...)
	}
	if f.torn {
		b[0] ^= 1
	}
	return b, nil
}

// rootOf is the hash of a tree of leaves.
func rootOf(leaves [][]byte) []byte {
	var f proof.Frontier
	for _, leaf := range leaves {
		f.Append(proof.LeafHash(leaf), nil)
	}
	root := f.Root()
	return root[:]
}

// A bench is a fake log with a folder for what is derived from it.
type bench struct {
	*testing.T
	*fake
	dir    string
	clock  *testClock
	signer *proof.NoteSigner
	trust  *proof.Trust
	red    ledger.HeadReducer
	opt    Options
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{T: t, fake: new(fake), dir: filepath.Join(tempDir(t), "ledger"), clock: newClock(), signer: newSigner(t, origin, proof.LogEd25519), red: heads{}}
	b.trust = alone(b.signer)
	b.opt = Options{Clock: b.clock.read, quiet: true, pause: time.Microsecond, patience: 10 * time.Second}
	return b
}

// try opens the ledger.
func (b *bench) try() (*Ledger, error) {
	opt := b.opt
	return Open(b.Context(), b.appender(), b.fake, b.dir, b.signer, b.trust, b.red, &opt)
}

func (b *bench) open() *Ledger {
	b.Helper()
	l, err := b.try()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	return l
}

func (b *bench) close(l *Ledger) {
	b.Helper()
	if err := l.Close(); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) seal(l *Ledger) {
	b.Helper()
	if err := l.Seal(b.Context()); err != nil {
		b.Fatal(err)
	}
}

// next is the operation that adds payload to key.
func (b *bench) next(l *Ledger, key, payload string) (seq uint64, op []byte) {
	b.Helper()
	state, seq, err := l.State(b.Context(), key)
	if err != nil {
		b.Fatal(err)
	}
	if seq == 0 {
		state = nil
	}
	return seq, ledgertest.Op(state, payload)
}

// put appends payload as the next entry of key.
func (b *bench) put(l *Ledger, key, payload string) ledger.Entry {
	b.Helper()
	seq, op := b.next(l, key, payload)
	e, err := l.Append(b.Context(), key, seq, op)
	if err != nil {
		b.Fatal(err)
	}
	return e
}

// fill puts n entries at n/2+1 keys.
func (b *bench) fill(l *Ledger, n int) {
	b.Helper()
	for i := range n {
		b.put(l, fmt.Sprintf("key-%d", i%(n/2+1)), fmt.Sprint("payload ", i))
	}
}

// many are n entries of keys of their own that can be imported next: one batch.
func (b *bench) many(l *Ledger, n int) (entries []ledger.Entry) {
	from := uint64(0)
	if last, ok := l.Last(); ok {
		from = last.Index + 1
	}
	for i := range uint64(n) {
		entries = append(entries, ledger.Entry{
			Key: fmt.Sprintf("many-%d", from+i), Op: ledgertest.Op(nil, "x"),
			Anchor: ledger.Anchor{Index: from + i, Time: b.clock.read()},
		})
	}
	return entries
}

// entries reads everything, by Follow and by History, which have to agree.
func (b *bench) entries(l *Ledger) (all []ledger.Entry) {
	b.Helper()
	keys := make(map[string][]ledger.Entry)
	for e, err := range l.Follow(b.Context(), 0) {
		if err != nil {
			b.Fatal(err)
		}
		all, keys[e.Key] = append(all, e), append(keys[e.Key], e)
	}
	for key, want := range keys {
		var got []ledger.Entry
		for e, err := range l.History(b.Context(), key, 0) {
			if err != nil {
				b.Fatal(err)
			}
			got = append(got, e)
		}
		if !slices.EqualFunc(got, want, equal) {
			b.Fatalf("%s: History has %v, Follow %v", key, got, want)
		}
	}
	return all
}

func equal(x, y ledger.Entry) bool {
	return x.Key == y.Key && x.Seq == y.Seq && string(x.Op) == string(y.Op) && x.Anchor == y.Anchor
}

// wantProof proves key and compares with the state.
func (b *bench) wantProof(l *Ledger, key string, entries uint64) *proof.VerifiedHead {
	b.Helper()
	raw, err := l.Prove(b.Context(), key, entries)
	if err != nil {
		b.Fatal(err)
	}
	p, err := proof.ParseLatest(raw)
	if err != nil {
		b.Fatal(err)
	}
	v, err := p.Verify(b.trust, key, b.clock.read())
	if err != nil {
		b.Fatalf("the proof of %s: %v", key, err)
	}
	return v
}

// same fails the test unless the ledger has these entries, can be sealed, proves the state of each key, and can be made of the log alone.
func (b *bench) same(l *Ledger, want []ledger.Entry) {
	b.Helper()
	b.seal(l)
	for range 2 {
		if got := b.entries(l); !slices.EqualFunc(got, want, equal) {
			b.Fatalf("there are %d entries, want %d: %v", len(got), len(want), got)
		}
		for _, e := range want {
			state, _, err := l.State(b.Context(), e.Key)
			if err != nil {
				b.Fatal(err)
			}
			if v := b.wantProof(l, e.Key, uint64(len(want))); string(v.Head) != string(state) {
				b.Fatalf("%s is proven to be %q, want %q", e.Key, v.Head, state)
			}
		}
		b.close(l)
		if err := os.RemoveAll(b.dir); err != nil {
			b.Fatal(err)
		}
		l = b.open()
		b.seal(l)
	}
	b.close(l)
}

// only fails the test unless err is of that class, and of no other.
func (b *bench) only(what string, err error, want error) {
	b.Helper()
	for _, class := range []error{ledger.ErrConflict, ledger.ErrInvalid, ledger.ErrUnavailable, ledger.ErrCorrupt, ledger.ErrClosed} {
		if errors.Is(err, class) != (class == want) {
			b.Fatalf("%s: got %v, want %v alone", what, err, want)
		}
	}
}
