package realdid_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/realdid"
)

// checkpoint signs a checkpoint of this size whose root is filled with a byte, and verifies it.
func (p *provingLedger) checkpoint(size uint64, root byte) *proof.VerifiedCheckpoint {
	p.t.Helper()
	cp := proof.Checkpoint{Origin: testOrigin, Size: size}
	for i := range cp.Root {
		cp.Root[i] = root
	}
	p.sign(cp)
	v, err := p.trust.VerifyCheckpoint(p.note, p.clock())
	ok(p.t, "verify", err)
	return v
}

// memories runs a test with a memory of each kind; reopen gives what the next program sees.
func memories(t *testing.T, f func(t *testing.T, m *realdid.Memory, reopen func() *realdid.Memory)) {
	t.Run("memory", func(t *testing.T) {
		m := realdid.NewMemory()
		f(t, m, func() *realdid.Memory { return m })
	})
	t.Run("file", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "checkpoints")
		open := func() *realdid.Memory { return must(realdid.OpenMemory(path))(t) }
		f(t, open(), open)
	})
}

func TestMemory(t *testing.T) {
	memories(t, func(t *testing.T, m *realdid.Memory, reopen func() *realdid.Memory) {
		now := start
		p := newProving(t, realdid.Network{}, func() time.Time { return now })
		if _, _, known := m.Highest(testOrigin, p.log.Verifier()); known {
			t.Error("an empty memory knows something")
		}
		at := func(d time.Duration) time.Time { return start.Add(d) }
		ok(t, "first", m.See(p.checkpoint(100, 1), at(0), 0))
		ok(t, "again", m.See(p.checkpoint(100, 1), at(0), 0))
		ok(t, "cosigned again", m.See(p.checkpoint(100, 1), at(time.Minute), 0))
		ok(t, "greater", m.See(p.checkpoint(200, 2), at(time.Hour), 0))
		m = reopen()
		note, size, known := m.Highest(testOrigin, p.log.Verifier())
		if cp := must(p.trust.VerifyCheckpoint(note, now))(t); !known || size != 200 || cp.Size != 200 {
			t.Errorf("highest: got %d %d", size, cp.Size)
		}
		err := m.See(p.checkpoint(150, 3), at(0), 0)
		back, is := errors.AsType[*realdid.RollbackError](err)
		if !is || back.Seen != 200 || back.Shown != 150 || back.Origin != testOrigin || !back.SeenAsOf.Equal(at(time.Hour)) || !strings.Contains(err.Error(), "size 150") {
			t.Errorf("rollback: got %v", err)
		}
		if err := m.See(p.checkpoint(100, 1), at(0), 0); !errors.As(err, &back) {
			t.Errorf("rollback to one that was seen: got %v", err)
		}
		if err := m.See(p.checkpoint(150, 3), at(0), time.Hour-time.Second); !errors.As(err, &back) {
			t.Errorf("rollback beyond the lag: got %v", err)
		}
		ok(t, "within the lag", m.See(p.checkpoint(150, 3), at(0), time.Hour))
		if len(m.Accusations()) != 0 {
			t.Error("what is old is not guilty")
		}
		// Two histories of one size, not the largest that was seen.
		m = reopen()
		err = m.See(p.checkpoint(150, 4), at(2*time.Hour), day)
		guilty, is := errors.AsType[*realdid.EquivocationError](err)
		if !is || guilty.Size != 150 || !strings.Contains(err.Error(), "two different histories of size 150") {
			t.Fatalf("equivocation: got %v", err)
		}
		a := must(proof.ParseAccusation(guilty.Accusation))(t)
		ok(t, "the accusation, to anybody", a.Verify(p.log.Verifier()))
		m = reopen()
		if err := m.See(p.checkpoint(300, 5), at(3*time.Hour), 0); !errors.As(err, &guilty) {
			t.Errorf("a log that was caught is believed again: got %v", err)
		}
		if kept := m.Accusations(); len(kept) != 1 || string(kept[0]) != string(guilty.Accusation) {
			t.Errorf("accusations: got %d", len(kept))
		}
	})
}

func TestMemoryKeepsTheLargest(t *testing.T) {
	memories(t, func(t *testing.T, m *realdid.Memory, reopen func() *realdid.Memory) {
		p := newProving(t, realdid.Network{}, func() time.Time { return start })
		for size := uint64(1); size <= 40; size++ {
			ok(t, "see", m.See(p.checkpoint(size, 1), start.Add(time.Duration(size)*time.Second), 0))
		}
		m = reopen()
		ok(t, "too long ago to be compared", m.See(p.checkpoint(10, 2), start, day))
		if err := m.See(p.checkpoint(30, 2), start, day); err == nil {
			t.Error("another history of size 30 is not noticed")
		}
	})
}

func TestMemoryFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "checkpoints")
	p := newProving(t, realdid.Network{}, func() time.Time { return start })
	one, other := must(realdid.OpenMemory(path))(t), must(realdid.OpenMemory(path))(t)
	ok(t, "one", one.See(p.checkpoint(10, 1), start, 0))
	if err := other.See(p.checkpoint(5, 1), start, 0); err == nil {
		t.Error("a program does not see what another has seen")
	}
	ok(t, "other", other.See(p.checkpoint(20, 1), start, 0))
	good, err := os.ReadFile(path)
	ok(t, "read", err)
	for name, b := range map[string][]byte{"empty": {}, "cut": good[:len(good)-1], "longer": append(good[:len(good):len(good)], 0), "another version": append([]byte{good[0], 1}, good[2:]...)} {
		ok(t, "write", os.WriteFile(path, b, 0o600))
		if _, err := realdid.OpenMemory(path); !errors.Is(err, realdid.ErrMemory) {
			t.Errorf("%s: got %v, want ErrMemory", name, err)
		}
		if err := one.See(p.checkpoint(30, 1), start, 0); !errors.Is(err, realdid.ErrMemory) {
			t.Errorf("%s: a damaged file is written over: got %v", name, err)
		}
	}
	if _, err := realdid.OpenMemory(filepath.Dir(path)); !errors.Is(err, realdid.ErrMemory) {
		t.Errorf("a folder: got %v, want ErrMemory", err)
	}
	lost := must(realdid.OpenMemory(filepath.Join(t.TempDir(), "no", "such", "folder")))(t)
	if err := lost.See(p.checkpoint(1, 1), start, 0); !errors.Is(err, realdid.ErrMemory) {
		t.Errorf("what cannot be kept: got %v, want ErrMemory", err)
	}
}

// TestForkBetweenTwoBundles: a verifier that is shown two histories of one size refuses the second and can prove why.
func TestForkBetweenTwoBundles(t *testing.T) {
	w := newProvingWorld(t)
	id := fixedLife(t, w.world)
	first := w.bundle(id, false)
	w.lg.leaves, w.lg.entries = nil, 0
	w.lg.skew = func(leaf *proof.EpochLeaf, _ uint64) { leaf.Time++ }
	w.lg.seal()
	second := w.bundle(id, false)
	v := must(realdid.NewVerifier([]realdid.TrustedLedger{{Trust: w.lg.trust}}, &realdid.VerifierOptions{Clock: w.lg.clock, Memory: realdid.NewMemory()}))(t)
	if _, err := v.Verify(t.Context(), id, first, nil); err != nil {
		t.Fatal(err)
	}
	_, err := v.Verify(t.Context(), id, second, nil)
	guilty, is := errors.AsType[*realdid.EquivocationError](err)
	if !is || did.AsError(err).Code != did.InternalError {
		t.Fatalf("got %v, want an EquivocationError", err)
	}
	ok(t, "accusation", must(proof.ParseAccusation(guilty.Accusation))(t).Verify(w.lg.log.Verifier()))
	_, err = v.Verify(t.Context(), id, first, nil)
	if !errors.As(err, &guilty) {
		t.Errorf("the log is believed again: got %v", err)
	}
}

// TestRollback: an older bundle is refused by a client that saw a newer checkpoint, unless it may lag; a ledger that goes back gives no
// answer.
func TestRollback(t *testing.T) {
	w := newProvingWorld(t)
	id := fixedLife(t, w.world)
	old := w.bundle(id, false)
	note, epoch, leaves := w.lg.note, w.lg.epoch, len(w.lg.leaves)
	w.wait(time.Hour)
	w.lg.seal()
	fresh := w.bundle(id, false)
	for lag, want := range map[time.Duration]bool{0: false, time.Minute: false, time.Hour: true} {
		v := must(realdid.NewVerifier([]realdid.TrustedLedger{{Trust: w.lg.trust}}, &realdid.VerifierOptions{Clock: w.lg.clock, Memory: realdid.NewMemory(), Lag: lag}))(t)
		_, err := v.Verify(t.Context(), id, fresh, nil)
		ok(t, "fresh", err)
		_, err = v.Verify(t.Context(), id, old, nil)
		if back, is := errors.AsType[*realdid.RollbackError](err); is == want || is && (did.AsError(err).Code != did.InternalError || back.Shown >= back.Seen) {
			t.Errorf("lag %v: got %v", lag, err)
		}
	}
	m := must(realdid.New(w.lg, &realdid.Options{Clock: w.lg.clock, Trust: w.lg.trust, Memory: realdid.NewMemory()}))(t)
	if r := must(m.Resolve(t.Context(), id, nil))(t); !r.Evidence.Latest {
		t.Errorf("got %+v", r.Evidence)
	}
	w.lg.note, w.lg.epoch, w.lg.leaves = note, epoch, w.lg.leaves[:leaves]
	_, err := m.Resolve(t.Context(), id, nil)
	if _, is := errors.AsType[*realdid.RollbackError](err); !is || did.AsError(err).Code != did.InternalError {
		t.Errorf("a ledger that goes back: got %v, want a RollbackError", err)
	}
}

// TestResolveWhileAnotherSeesMore: a proof that was overtaken, because somebody else saw the next epoch first, is no rollback.
func TestResolveWhileAnotherSeesMore(t *testing.T) {
	w := newProvingWorld(t)
	id := fixedLife(t, w.world)
	memory := realdid.NewMemory()
	n := 0
	w.lg.answer = func(string, *proof.Latest) {
		if n++; n == 1 {
			w.lg.seal()
			ok(t, "another", memory.See(must(w.lg.trust.VerifyCheckpoint(w.lg.note, w.now))(t), w.now, 0))
		}
	}
	m := must(realdid.New(w.lg, &realdid.Options{Clock: w.lg.clock, Trust: w.lg.trust, Memory: memory}))(t)
	if r := must(m.Resolve(t.Context(), id, nil))(t); !r.Evidence.Latest || n != 2 {
		t.Errorf("got %+v after %d proofs", r.Evidence, n)
	}
}

// TestMemorySmallerCosignedAgain: a checkpoint that is allowed to lag, and comes back with later cosignatures, is still one.
func TestMemorySmallerCosignedAgain(t *testing.T) {
	memories(t, func(t *testing.T, m *realdid.Memory, reopen func() *realdid.Memory) {
		p := newProving(t, realdid.Network{}, func() time.Time { return start })
		ok(t, "first", m.See(p.checkpoint(10, 1), start, time.Hour))
		ok(t, "greater", m.See(p.checkpoint(20, 2), start.Add(time.Minute), time.Hour))
		ok(t, "the first, cosigned again", m.See(p.checkpoint(10, 1), start.Add(2*time.Minute), time.Hour))
		m = reopen()
		if _, size, _ := m.Highest(testOrigin, p.log.Verifier()); size != 20 {
			t.Errorf("highest: got %d, want 20", size)
		}
	})
}

// TestMemoryOfTwoPrograms: what one program remembers, another does not undo with what it read before.
func TestMemoryOfTwoPrograms(t *testing.T) {
	path := filepath.Join(t.TempDir(), "checkpoints")
	p := newProving(t, realdid.Network{}, func() time.Time { return start })
	one := must(realdid.OpenMemory(path))(t)
	ok(t, "first", one.See(p.checkpoint(10, 1), start, 0))
	two := must(realdid.OpenMemory(path))(t)
	ok(t, "greater", two.See(p.checkpoint(20, 2), start.Add(time.Minute), 0))
	if _, is := errors.AsType[*realdid.RollbackError](one.See(p.checkpoint(10, 1), start.Add(time.Minute), 0)); !is {
		t.Error("a checkpoint that the other program saw a greater one than is accepted")
	}
	if _, size, _ := must(realdid.OpenMemory(path))(t).Highest(testOrigin, p.log.Verifier()); size != 20 {
		t.Errorf("highest: got %d, want 20", size)
	}
}

// TestMemoryOfLogsOfOneOrigin: whoever runs another log under the same name cannot make this one look guilty, or old.
func TestMemoryOfLogsOfOneOrigin(t *testing.T) {
	memories(t, func(t *testing.T, m *realdid.Memory, _ func() *realdid.Memory) {
		p := newProving(t, realdid.Network{}, func() time.Time { return start })
		ok(t, "good", m.See(p.checkpoint(10, 1), start, 0))
		bad := newProving(t, realdid.Network{}, func() time.Time { return start })
		bad.log = must(proof.NewNoteSigner("bad.example", proof.LogEd25519, bytes.Repeat([]byte{77}, proof.SeedSize)))(t)
		bad.trust.Log = bad.log.Verifier()
		ok(t, "another root of that size", m.See(bad.checkpoint(10, 2), start, 0))
		ok(t, "a greater one", m.See(bad.checkpoint(1<<40, 2), start.Add(time.Minute), 0))
		ok(t, "good, again", m.See(p.checkpoint(11, 3), start.Add(time.Minute), 0))
		if len(m.Accusations()) != 0 {
			t.Error("two logs are accused of being one")
		}
	})
}
