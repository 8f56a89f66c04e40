package tlog

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger/memledger"
	"github.com/realdid/realdid/did/ledger/proof"
)

// steps are the places at which a process can end, in the order in which an epoch comes through them.
var steps = []string{"pending", "bound", "tiles", "sealed", "sign", "checkpoint", "map", "epochs", "publishing", "finish"}

var errCrash = errors.New("crashed")

// crasher ends everything at the nth time that a step is reached, after it has copied the directory as it is then.
type crasher struct {
	step  string
	after int
	copy  func()

	mu   sync.Mutex
	dead bool
}

func (c *crasher) fault(step string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.dead && step == c.step {
		if c.after--; c.after < 0 {
			c.copy()
			c.dead = true
		}
	}
	if c.dead {
		return errCrash
	}
	return nil
}

// world is a ledger, and a witness who remembers, that outlive crashes of the log.
type world struct {
	*testing.T
	clock   *testClock
	lg      *memledger.Ledger
	signer  *proof.NoteSigner
	trust   *proof.Trust
	witness *witness
	notes   []proof.Checkpoint // published
}

func newWorld(t *testing.T) *world {
	w := &world{T: t, clock: newClock()}
	w.lg = newMem(w.clock)
	var all []*witness
	w.signer, w.trust, all = witnessed(t, w.clock.read, 1, 1)
	w.witness = all[0]
	return w
}

func (w *world) open(dir string, fault func(string) error) *Log {
	w.Helper()
	opt := manual(w.clock)
	opt.Cosigners, opt.fault = []Cosigner{w.witness}, fault
	l, err := Open(w.lg, dir, w.signer, w.trust, reducer, opt)
	if err != nil {
		w.Fatalf("Open: %v", err)
	}
	return l
}

// sound checks what is published: it ends in an epoch, and is consistent with all that was before.
func (w *world) sound(l *Log) {
	w.Helper()
	b, err := l.store.ReadFile(checkpointFile)
	if err != nil {
		w.Fatal(err)
	}
	onDisk, err := os.ReadFile(filepath.Join(l.store.dir, logDir, checkpointFile))
	if err != nil || string(onDisk) != string(b) {
		w.Fatalf("checkpoint on disk: %q, %v; want %q", onDisk, err, b)
	}
	v, err := w.trust.VerifyCheckpoint(b, w.clock.read())
	if err != nil {
		w.Fatal(err)
	}
	leaf, err := l.store.readLeaf(v.Size-1, l.store.Size())
	if err != nil {
		w.Fatal(err)
	}
	if e, err := proof.ParseEpochLeaf(leaf); err != nil || e.Size != v.Size-1 {
		w.Fatalf("the published log of %d leaves does not end in its epoch: %+v, %v", v.Size, e, err)
	}
	for _, old := range w.notes {
		path, err := l.store.Consistency(old.Size, v.Size)
		if err == nil {
			err = proof.VerifyConsistency(old.Size, v.Size, old.Root, v.Root, path)
		}
		if err != nil {
			w.Fatalf("from %d to %d leaves: %v", old.Size, v.Size, err)
		}
	}
	w.notes = append(w.notes, v.Checkpoint)
}

// TestCrash ends the process at every step of an epoch: the first, a later one, one that fills tiles, and one that was
// sealed behind another that found no quorum. Then the clock goes on and more is appended, so that an epoch
// that is not bound would be another one.
func TestCrash(t *testing.T) {
	for _, step := range steps {
		for _, epochs := range []int{0, 2} {
			t.Run(fmt.Sprintf("%s/%d", step, epochs), func(t *testing.T) {
				t.Parallel()
				crash(newWorld(t), step, epochs)
			})
		}
		t.Run(step+"/extended", func(t *testing.T) {
			t.Parallel()
			crashExtended(newWorld(t), step)
		})
	}
}

// crash seals some epochs, crashes in the next, and goes on from what is left.
func crash(w *world, step string, epochs int) {
	dir, left := w.TempDir(), w.TempDir()
	c := &crasher{step: step, after: epochs, copy: func() { copyDir(w, left, dir) }}
	l := w.open(dir, c.fault)
	for i := range epochs + 1 {
		err := l.Seal(w.Context())
		if (err != nil) != c.dead && err != nil {
			w.Fatal(err)
		}
		if c.dead {
			break
		}
		w.sound(l)
		w.clock.add(time.Second)
		fill(w, w.lg, []int{3, 600, 30}[min(i, 2)])
	}
	if !c.dead {
		w.Fatalf("%s was not reached", step)
	}
	proven := l.store.Checkpoint()
	if err := l.Close(); err != nil {
		w.Fatal(err)
	}
	w.goOn(left, step, proven)
}

// crashExtended crashes while an epoch is sealed behind one that the witness did not sign in time.
func crashExtended(w *world, step string) {
	dir, left := w.TempDir(), w.TempDir()
	l := w.open(dir, nil)
	seal(w, l)
	w.sound(l)
	if err := l.Close(); err != nil {
		w.Fatal(err)
	}
	w.witness.set(func(s *witness) { s.fail = errors.New("not at home") })
	c := &crasher{step: step, after: 1, copy: func() { copyDir(w, left, dir) }}
	if step == "checkpoint" || step == "map" || step == "epochs" || step == "publishing" || step == "finish" {
		c.after = 0 // the first epoch does not come so far
	}
	fill(w, w.lg, 20)
	l = w.open(dir, c.fault)
	for range 2 {
		if err := l.Seal(w.Context()); err == nil {
			w.Fatal("sealed without a witness")
		}
		w.clock.add(2 * time.Minute)
		fill(w, w.lg, 300)
	}
	w.witness.set(func(s *witness) { s.fail = nil })
	if err := l.Seal(w.Context()); err == nil && !c.dead {
		w.Fatalf("%s was not reached", step)
	}
	proven := l.store.Checkpoint()
	if err := l.Close(); err != nil {
		w.Fatal(err)
	}
	w.goOn(left, step, proven)
}

// goOn opens what a crash has left. proven is the checkpoint that proofs were made under last.
func (w *world) goOn(left, step string, proven []byte) {
	w.clock.add(7 * time.Second)
	fill(w, w.lg, 5)
	var now FsckOptions
	now.Clock, now.Ledger, now.Reducer = w.clock.read, w.lg, reducer
	if err := Fsck(w.Context(), left, &now, func(f Fault) { w.Errorf("fsck of what is left: %v", f) }); err != nil {
		w.Fatal(err)
	}
	l := w.open(left, nil)
	if _, err := os.Stat(filepath.Join(left, nextFile)); !errors.Is(err, fs.ErrNotExist) {
		w.Errorf("%s is still there: %v", nextFile, err)
	}
	if step == "epochs" || step == "publishing" || step == "finish" { // the map was committed: it is published at once
		if p, ok := l.store.Published(); !ok || p.Size+1 != l.store.Size() {
			w.Errorf("published is %+v, and the log has %d leaves", p, l.store.Size())
		}
		if _, err := l.store.Prove("key-1"); err != nil {
			w.Error(err)
		}
	}
	for range 2 {
		if err := l.Seal(w.Context()); err != nil {
			w.Fatalf("Seal after the crash: %v", err)
		}
		w.sound(l)
		wantHead(w, l, w.trust, w.clock.read(), "key-1")
		w.clock.add(time.Second)
		fill(w, w.lg, 30)
	}
	if proven != nil {
		v, err := w.trust.VerifyCheckpoint(proven, w.clock.read())
		if err != nil {
			w.Fatal(err)
		}
		w.notes = append(w.notes, v.Checkpoint)
		w.sound(l)
	}
	noFaults(w, l)
	if err := l.Close(); err != nil {
		w.Fatal(err)
	}
}

// TestPowerFailure takes away what had not been synced: any of the tiles while they were being written, the end of a record of epochs,
// a checkpoint that was not finished.
func TestPowerFailure(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 12 {
		w := newWorld(t)
		dir, before, left := t.TempDir(), t.TempDir(), t.TempDir()
		copying := true
		step := []string{"sealed", "epochs", "map"}[round%3]
		l := w.open(dir, func(s string) error {
			switch {
			case !copying || w.lg == nil || l0(w.lg) < 300:
			case s == "tiles":
				copyDir(t, before, dir)
			case s == step:
				copyDir(t, left, dir)
				copying = false
				return errCrash
			}
			return nil
		})
		seal(t, l)
		w.sound(l)
		fill(t, w.lg, 600)
		if err := l.Seal(t.Context()); !errors.Is(err, errCrash) {
			t.Fatalf("Seal: %v", err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		switch step {
		case "sealed":
			err := filepath.WalkDir(filepath.Join(left, logDir, "tile"), func(path string, d os.DirEntry, err error) error {
				rel, _ := filepath.Rel(left, path)
				if err != nil || d.IsDir() || random.IntN(2) == 0 {
					return err
				}
				if _, err := os.Stat(filepath.Join(before, rel)); err == nil {
					return nil
				}
				if random.IntN(2) == 0 {
					return os.Truncate(path, 10)
				}
				return os.Remove(path)
			})
			if err != nil {
				t.Fatal(err)
			}
		case "epochs":
			f, err := os.OpenFile(filepath.Join(left, epochsFile), os.O_WRONLY|os.O_APPEND, 0)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.Write(make([]byte, 1+random.IntN(epochRecord-1))); err != nil {
				t.Fatal(err)
			}
			f.Close()
		case "map":
			if err := os.Truncate(filepath.Join(left, nextFile), int64(random.IntN(60))); err != nil {
				t.Fatal(err)
			}
		}
		w.clock.add(time.Second)
		fill(t, w.lg, 5)
		l = w.open(left, nil)
		seal(t, l)
		w.sound(l)
		noFaults(t, l)
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func l0(lg *memledger.Ledger) uint64 {
	last, ok := lg.Last()
	if !ok {
		return 0
	}
	return last.Index + 1
}
