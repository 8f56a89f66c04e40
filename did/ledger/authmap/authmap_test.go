package authmap

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/realdid/realdid/did/ledger/proof"
)

func mustOpen(t testing.TB, dir string) *Map {
	t.Helper()
	m, err := Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	return m
}

func mustStage(t testing.TB, m *Map, changes ...Change) *Staged {
	t.Helper()
	s, err := m.Stage(changes)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mustCommit(t testing.TB, m *Map, changes ...Change) {
	t.Helper()
	if err := mustStage(t, m, changes...).Commit(m.Version() + 1); err != nil {
		t.Fatal(err)
	}
}

func mustCheck(t testing.TB, m *Map) {
	t.Helper()
	if err := m.Check(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// inMemory returns an empty map on a disk of its own.
func inMemory(t testing.TB) (*Map, *disk) {
	t.Helper()
	d := newDisk(1)
	m, err := open(d, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m, d
}

func TestEmpty(t *testing.T) {
	m := mustOpen(t, t.TempDir())
	if m.Root() != (proof.Hash{}) || m.Len() != 0 || m.Version() != 0 {
		t.Errorf("got root %s, %d heads, version %d, want an empty map", m.Root(), m.Len(), m.Version())
	}
	path := proof.MapPath("nobody")
	head, p, err := m.Prove(path)
	if head != nil || err != nil {
		t.Fatalf("got %x, %v, want nothing", head, err)
	}
	if err := p.VerifyAbsent(m.Root(), path); err != nil {
		t.Error(err)
	}
	if _, ok, err := m.Head(path); ok || err != nil {
		t.Errorf("got %v, %v, want no head", ok, err)
	}
	mustCheck(t, m)
}

func TestCommitAndReopen(t *testing.T) {
	dir := t.TempDir()
	m := mustOpen(t, dir)
	a, b := Change{proof.MapPath("a"), []byte("one")}, Change{proof.MapPath("b"), bytes.Repeat([]byte{0}, proof.MaxHeadSize)}
	mustCommit(t, m, a, b)
	a.Head = []byte("two")
	mustCommit(t, m, a)
	mustCommit(t, m) // nothing but a version
	want := model{a.Path: a.Head, b.Path: b.Head}
	for range 2 {
		if m.Root() != want.root() || m.Len() != 2 || m.Version() != 3 {
			t.Errorf("got root %s of %d heads, version %d, want %s, 2, 3", m.Root(), m.Len(), m.Version(), want.root())
		}
		if head, ok, err := m.Head(a.Path); !ok || string(head) != "two" || err != nil {
			t.Errorf("got %q, %v, %v", head, ok, err)
		}
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
		m = mustOpen(t, dir)
	}
}

func TestRefusals(t *testing.T) {
	m, _ := inMemory(t)
	c := Change{proof.MapPath("a"), []byte("head")}
	for what, changes := range map[string][]Change{
		"empty head":   {{c.Path, nil}},
		"long head":    {{c.Path, make([]byte, proof.MaxHeadSize+1)}},
		"a path twice": {c, {proof.MapPath("b"), []byte("x")}, c},
	} {
		if _, err := m.Stage(changes); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: got %v, want ErrInvalid", what, err)
		}
	}
	mustCommit(t, m, c)
	s := mustStage(t, m, c)
	if _, err := m.Stage(nil); !errors.Is(err, ErrInvalid) {
		t.Errorf("a second Staged: got %v, want ErrInvalid", err)
	}
	for _, version := range []uint64{0, 1} {
		if err := s.Commit(version); !errors.Is(err, ErrInvalid) {
			t.Errorf("version %d after 1: got %v, want ErrInvalid", version, err)
		}
	}
	if err := s.Commit(7); err != nil { // the refusals have not spoilt it
		t.Fatal(err)
	}
	if err := s.Commit(8); !errors.Is(err, ErrInvalid) {
		t.Errorf("commit twice: got %v, want ErrInvalid", err)
	}
	s.Discard()
	old := mustStage(t, m, Change{proof.MapPath("c"), []byte("x")})
	old.Discard()
	if err := old.Commit(9); !errors.Is(err, ErrInvalid) {
		t.Errorf("commit after discard: got %v, want ErrInvalid", err)
	}
	fresh := mustStage(t, m, Change{proof.MapPath("d"), []byte("x")})
	old.Discard() // must not touch the one that is open now
	if err := fresh.Commit(9); err != nil {
		t.Fatal(err)
	}
	mustCheck(t, m)
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := m.Stage(nil)
	_, _, proved := m.Prove(c.Path)
	for what, err := range map[string]error{"stage": err, "prove": proved, "check": m.Check(context.Background())} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("%s after Close: got %v, want ErrClosed", what, err)
		}
	}
	if err := m.Close(); err != nil {
		t.Errorf("close twice: %v", err)
	}
}

// TestCallersBytes changes the caller's slices after Stage, and what Prove returned.
func TestCallersBytes(t *testing.T) {
	m, d := inMemory(t)
	c := Change{proof.MapPath("a"), []byte("head")}
	s := mustStage(t, m, c)
	copy(c.Head, "XXXX")
	if err := s.Commit(1); err != nil {
		t.Fatal(err)
	}
	for _, m := range []*Map{m, reopened(t, d)} {
		head, _, err := m.Head(c.Path)
		if string(head) != "head" || err != nil {
			t.Errorf("got %q, %v, want what was staged", head, err)
		}
		copy(head, "XXXX")
		if head, _, _ := m.Head(c.Path); string(head) != "head" {
			t.Errorf("got %q, want what was staged", head)
		}
	}
}

// reopened opens what is on d, as if the process that has it open had died.
func reopened(t *testing.T, d *disk) *Map {
	t.Helper()
	m, err := open(d.copy(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestLocked(t *testing.T) {
	dir := t.TempDir()
	m := mustOpen(t, dir)
	if _, err := Open(dir, nil); !errors.Is(err, ErrLocked) {
		t.Errorf("got %v, want ErrLocked", err)
	}
	if err := Build(context.Background(), dir, identities(1), nil); !errors.Is(err, ErrLocked) {
		t.Errorf("build: got %v, want ErrLocked", err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	mustOpen(t, dir)
}

// TestSpaceIsReused shows that neither the file nor memory grows while heads are only replaced, or staged and discarded.
func TestSpaceIsReused(t *testing.T) {
	d := newDisk(1)
	m, err := open(d, &Options{Journal: 8 << 10})
	if err != nil {
		t.Fatal(err)
	}
	changes := make([]Change, 300)
	for i := range changes {
		changes[i] = numbered(uint64(i), 0, 400)
	}
	mustCommit(t, m, changes...)
	var slots uint32
	var nodes int
	for round := range 120 {
		for i := range changes {
			changes[i] = numbered(uint64(i), uint64(round), 400)
		}
		rand.Shuffle(len(changes), func(i, j int) { changes[i], changes[j] = changes[j], changes[i] })
		mustStage(t, m, changes...).Discard()
		mustCommit(t, m, changes[:40]...)
		if round == 20 {
			slots, nodes = m.store.slots, m.trie.inner.used()+m.trie.page.used()
		}
	}
	if got := m.trie.inner.used() + m.trie.page.used(); got > nodes+nodes/10 {
		t.Errorf("got %d nodes, want about %d as before", got, nodes)
	}
	if m.store.slots > slots+slots/10 {
		t.Errorf("got %d pages in the file, want about %d as before", m.store.slots, slots)
	}
	mustCheck(t, m)
	spare := 0
	for i := range m.store.slots {
		if (m.store.used[i/64]|m.store.base[i/64])&(1<<(i%64)) == 0 {
			spare++
		}
	}
	if m.store.spare != spare {
		t.Errorf("got %d spare pages counted, want %d", m.store.spare, spare)
	}
}

// TestFailedStageFreesItsPages lets writes fail while pages are written; the map goes on afterwards.
func TestFailedStageFreesItsPages(t *testing.T) {
	m, d := inMemory(t)
	m.workers = 1
	changes := make([]Change, 1000)
	for i := range changes {
		changes[i] = numbered(uint64(i), 0, 400)
	}
	mustCommit(t, m, changes...)
	used := func() (n int) { return int(m.store.slots) - m.store.spare }
	before := used()
	for i := range changes {
		changes[i] = numbered(uint64(i), 1, 400)
	}
	d.failAt = d.ops + 2
	if _, err := m.Stage(changes); !errors.Is(err, errDisk) {
		t.Fatalf("got %v, want the disk's error", err)
	}
	if got := used(); got != before {
		t.Errorf("got %d pages taken, want %d as before", got, before)
	}
	mustCommit(t, m, changes...)
	mustCheck(t, m)
}

// TestProveDuringCommits proves from several goroutines while others commit; every proof leads to the root that was the
// committed one at that moment.
func TestProveDuringCommits(t *testing.T) {
	m := mustOpen(t, t.TempDir())
	m.journal = 64 << 10
	const n = 500
	var first []Change
	for i := range uint64(n) {
		first = append(first, numbered(i, 0, 100))
	}
	mustCommit(t, m, first...)
	var stop atomic.Bool
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for !stop.Load() {
				path := numbered(rand.Uint64N(2*n), 0, 1).Path
				head, p, root, err := m.prove(path)
				if err == nil && head == nil {
					err = p.VerifyAbsent(root, path)
				} else if err == nil {
					err = p.VerifyPresent(root, path, head)
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for round := range uint64(40) {
		var changes []Change
		for i := range uint64(60) {
			changes = append(changes, numbered(round*7+i*11, round, 100))
		}
		if s := mustStage(t, m, changes...); round%3 == 0 {
			s.Discard()
		} else if err := s.Commit(m.Version() + 1); err != nil {
			t.Fatal(err)
		}
		if round%10 == 0 {
			mustCheck(t, m)
		}
	}
	stop.Store(true)
	wg.Wait()
}

func TestCheckEnds(t *testing.T) {
	m, _ := inMemory(t)
	mustCommit(t, m, Change{proof.MapPath("a"), []byte("head")})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := m.Check(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that of the context", err)
	}
}
