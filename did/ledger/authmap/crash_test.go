package authmap

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/realdid/realdid/did/ledger/proof"
)

// A story is a fixed sequence of versions of a map, and what each one holds.
type story struct {
	changes [][]Change // of version i+1
	models  []model    // of version i
	roots   []proof.Hash
}

func newStory(versions int) *story {
	s := &story{models: []model{{}}, roots: []proof.Hash{{}}}
	for v := range uint64(versions) {
		var changes []Change
		for i := range 9 * (v % 3) { // none now and then
			changes = append(changes, numbered((v*17+i*i)%5*1000+i, v, 512-int(i*37+v)%200)) // seven to a page
		}
		m := maps.Clone(s.models[v])
		m.put(changes)
		s.changes = append(s.changes, changes)
		s.models = append(s.models, m)
		s.roots = append(s.roots, m.root())
	}
	return s
}

// tell goes on with the story on d until its end or an error, with a Discard before every Commit and closing the map once
// in a while. It returns the last version whose Commit returned, and the last one that was tried.
func (s *story) tell(d *disk) (acked, tried uint64, err error) {
	for {
		m, err := open(d, &Options{Journal: 12 << 10})
		if err != nil {
			return acked, tried, err
		}
		m.workers = 1 // so that the operations come in the same order every time
		acked, tried = m.Version(), m.Version()
		for {
			if acked == uint64(len(s.changes)) {
				return acked, tried, nil // not closed
			}
			if acked%5 == 4 && m.log.records > 0 {
				break
			}
			other, err := m.Stage(s.changes[(acked+3)%uint64(len(s.changes))])
			if err != nil {
				return acked, tried, err
			}
			other.Discard()
			staged, err := m.Stage(s.changes[acked])
			if err != nil {
				return acked, tried, err
			}
			tried = acked + 1
			if err := staged.Commit(tried); err != nil {
				return acked, tried, err
			}
			acked = tried
		}
		if err := m.Close(); err != nil {
			return acked, tried, err
		}
	}
}

// check opens d and returns its version, or a fault.
func (s *story) check(d *disk) (uint64, error) {
	m, err := open(d, nil)
	if err != nil {
		return 0, err
	}
	v := m.Version()
	if v >= uint64(len(s.models)) {
		return v, fmt.Errorf("got version %d, which nobody committed", v)
	}
	if err := m.Check(context.Background()); err != nil {
		return v, err
	}
	return v, s.same(m)
}

// same compares everything that m answers with the story.
func (s *story) same(m *Map) error {
	v := m.Version()
	want := s.models[v]
	if m.Root() != s.roots[v] || m.Len() != uint64(len(want)) {
		return fmt.Errorf("version %d: got root %s of %d heads, want %s of %d", v, m.Root(), m.Len(), s.roots[v], len(want))
	}
	for path := range s.models[len(s.models)-1] {
		head, p, err := m.Prove(path)
		if err != nil {
			return err
		}
		if string(head) != string(want[path]) {
			return fmt.Errorf("version %d: got head %x, want %x", v, head, want[path])
		}
		if head == nil {
			err = p.VerifyAbsent(m.Root(), path)
		} else {
			err = p.VerifyPresent(m.Root(), path, head)
		}
		if err != nil {
			return fmt.Errorf("version %d: %w", v, err)
		}
	}
	return nil
}

const storyLength = 18

// exhaustiveEnv makes the tests of crashes and of damage try every place; without it they try some, others each time.
const exhaustiveEnv = "REALDID_EXHAUSTIVE"

// some returns an n-th of the numbers from 1 to last, or all.
func some(last, n int) iter.Seq[int] {
	if os.Getenv(exhaustiveEnv) != "" {
		n = 1
	}
	return func(yield func(int) bool) {
		for i := 1 + rand.IntN(n); i <= last && yield(i); i += n {
		}
	}
}

// TestCrashAnywhere lets the disk die at every operation, half done, and once more while the map recovers. What an Open has
// shown does not go away when the machine fails afterwards.
func TestCrashAnywhere(t *testing.T) {
	s := newStory(storyLength)
	whole := newDisk(0)
	if acked, _, err := s.tell(whole); err != nil || acked != storyLength {
		t.Fatal(acked, err)
	}
	if whole.ops < 120 {
		t.Fatalf("got %d operations, want a longer story", whole.ops)
	}
	for at := range some(whole.ops, 9) {
		for _, l := range []loss{loseNothing, loseAll, loseSome, loseSome} {
			d := newDisk(uint64(at))
			d.failAt, d.dies = at, true
			low, high, err := s.tell(d)
			if err != nil && !errors.Is(err, errDisk) {
				t.Fatalf("operation %d: got %v, want the disk's error", at, err)
			}
			found := d.after(l)
			again := found.copy()
			again.failAt, again.dies = 1+again.rnd.IntN(25), true
			low2, high2, err := s.tell(again)
			if err != nil && !errors.Is(err, errDisk) {
				t.Fatalf("operation %d, loss %d, again: %v", at, l, err)
			}
			low2, high2 = max(low, low2), max(high, high2)
			if v, err := s.check(again.after(l)); err != nil || v < low2 || v > high2 {
				t.Fatalf("operation %d, loss %d, twice: got version %d, %v; want %d to %d", at, l, v, err, low2, high2)
			}
			for _, then := range []loss{loss(at % 3), loseAll} {
				v, err := s.check(found)
				if err != nil || v < low || v > high {
					t.Fatalf("operation %d, loss %d, then %d: got version %d, %v; want %d to %d", at, l, then, v, err, low, high)
				}
				low, found = v, found.after(then)
			}
			if end, _, err := s.tell(found); err != nil || end != storyLength {
				t.Fatalf("operation %d, loss %d: afterwards: got version %d, %v", at, l, end, err)
			}
		}
	}
}

// TestErrorAnywhere lets every single operation fail and the next ones succeed: nothing is written after a failure of
// which nobody knows what it left behind, and opening the map again is enough.
func TestErrorAnywhere(t *testing.T) {
	s := newStory(storyLength)
	whole := newDisk(0)
	if _, _, err := s.tell(whole); err != nil {
		t.Fatal(err)
	}
	silent := 0
	for at := range some(whole.ops, 9) {
		d := newDisk(uint64(at))
		d.failAt = at
		acked, tried, err := s.tell(d)
		if err == nil {
			silent++ // a file that could not be removed
		} else if !errors.Is(err, errDisk) {
			t.Fatalf("operation %d: got %v, want the disk's error", at, err)
		}
		for _, l := range []loss{loseNothing, loseAll} {
			found := d.after(l)
			if v, err := s.check(found); err != nil || v < acked || v > tried {
				t.Fatalf("operation %d: got version %d, %v; want %d to %d", at, v, err, acked, tried)
			}
			if end, _, err := s.tell(found); err != nil || end != storyLength {
				t.Fatalf("operation %d: afterwards: got version %d, %v", at, end, err)
			}
		}
	}
	if silent > 0 && silent == whole.ops {
		t.Error("got no error from any operation")
	}
}

// TestFailedMapStops shows that after a sync that failed nothing more is staged, while the committed map still answers.
func TestFailedMapStops(t *testing.T) {
	s := newStory(3)
	d := newDisk(1)
	m, err := open(d, nil)
	if err != nil {
		t.Fatal(err)
	}
	m.workers = 1
	for i := range 2 {
		st, err := m.Stage(s.changes[i])
		if err != nil {
			t.Fatal(err)
		}
		if err := st.Commit(uint64(i) + 1); err != nil {
			t.Fatal(err)
		}
	}
	st, err := m.Stage(s.changes[2])
	if err != nil {
		t.Fatal(err)
	}
	d.failAt = d.ops + 2 // the sync of the journal
	if err := st.Commit(3); !errors.Is(err, errDisk) {
		t.Fatalf("got %v, want the disk's error", err)
	}
	if _, err := m.Stage(s.changes[2]); !errors.Is(err, errDisk) {
		t.Errorf("stage: got %v, want the disk's error again", err)
	}
	if err := s.same(m); err != nil {
		t.Error(err)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	if v, err := s.check(d.after(loseNothing)); err != nil || v != 3 {
		t.Errorf("got version %d, %v; want 3, of which nobody was told", v, err)
	}
}

// TestFailedCheckpointStops is the same for the sync of the pages.
func TestFailedCheckpointStops(t *testing.T) {
	m, d := inMemory(t)
	mustCommit(t, m, numbered(1, 0, 500))
	m.journal = 1
	st := mustStage(t, m, numbered(2, 0, 500))
	d.failAt = d.ops + 1
	if err := st.Commit(2); !errors.Is(err, errDisk) {
		t.Fatalf("got %v, want the disk's error", err)
	}
	if _, err := m.Stage(nil); !errors.Is(err, errDisk) {
		t.Errorf("stage: got %v, want the disk's error again", err)
	}
	if m := reopened(t, d); m.Version() != 1 {
		t.Errorf("got version %d, want 1", m.Version())
	}
}

// TestTornThenShort commits less than what was torn before, in the same place.
func TestTornThenShort(t *testing.T) {
	m, d := inMemory(t)
	var changes []Change
	for i := range uint64(20) {
		changes = append(changes, numbered(i, 0, 500))
	}
	mustCommit(t, m, changes...)
	torn := d.copy()
	f := torn.names[m.log.name]
	clear(f.live[2*sector : 3*sector])
	m, err := open(torn, nil)
	if err != nil || m.Version() != 0 {
		t.Fatalf("got version %d, %v, want 0", m.Version(), err)
	}
	mustCommit(t, m, changes[:1]...)
	if m = reopened(t, torn); m.Version() != 1 || m.Len() != 1 {
		t.Errorf("got version %d with %d heads, want 1 and 1", m.Version(), m.Len())
	}
}
