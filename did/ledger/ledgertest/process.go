package ledgertest

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/internal/killtest"
)

// A Directory is a ledger that one process at a time has open, in a directory. Its tests start processes, which are the test binary itself:
//
//	var kept = ledgertest.Directory{Open: …, Kills: 30}
//	func TestMain(m *testing.M)          { kept.Main(m) }
//	func TestKill(t *testing.T)          { kept.TestKill(t) }
//	func TestSecondProcess(t *testing.T) { kept.TestSecondProcess(t, nil) }
type Directory struct {
	// Open opens the ledger in dir, which it makes if need be, with a Reducer. It waits so long for another process to let go of it.
	Open func(dir string, wait time.Duration) (Kept, error)
	// More is what a child does between closing and opening the ledger besides appending; or nil. It calls acknowledged for each entry.
	More func(l Kept, acknowledged func(ledger.Entry)) error
	// Kills is how often TestKill kills if the environment does not say otherwise (REALDID_KILLS).
	Kills int
	// Early and Late are within what time of its start, or of the first entry, a child is killed.
	Early, Late time.Duration
}

// Kept is a ledger in a directory.
type Kept interface {
	ledger.Ledger
	ledger.Follower
	ledger.Stater
	Check(ctx context.Context) error // of everything that is stored
	Close() error
}

const (
	childAppends = 50 // of each of its
	childWriters = 12 // goroutines, before it closes the ledger and opens it again
	worker       = "worker"
	holder       = "holder"
)

// Main is TestMain.
func (d *Directory) Main(m *testing.M) {
	killtest.Main(m, killtest.Roles{worker: d.work, holder: d.hold})
}

// acknowledged is what a child says of an entry.
func acknowledged(e ledger.Entry) string {
	return fmt.Sprintf("%s %d %d %x", e.Key, e.Seq, e.Anchor.Index, sha256.Sum256(e.Op))
}

// work appends from many goroutines until it is killed. Now and then it closes the ledger and opens it again, so that it is killed in
// the middle of that too.
func (d *Directory) work(dir string, out io.Writer) error {
	var mu sync.Mutex
	tell := func(e ledger.Entry) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintln(out, acknowledged(e))
	}
	for {
		l, err := d.Open(dir, 0)
		if err != nil {
			return err
		}
		var wg sync.WaitGroup
		errs := make([]error, childWriters)
		for i := range errs {
			wg.Go(func() {
				for n := 0; n < childAppends && errs[i] == nil; n++ {
					errs[i] = appendAny(l, tell)
				}
			})
		}
		wg.Wait()
		err = errors.Join(errs...)
		if err == nil && d.More != nil {
			err = d.More(l, tell)
		}
		if err = errors.Join(err, l.Close()); err != nil {
			return err
		}
	}
}

// appendAny appends at a key that has a history, or at a new one.
func appendAny(l Kept, tell func(ledger.Entry)) error {
	key := fmt.Sprintf("key-%d", rand.IntN(1000))
	if rand.IntN(3) == 0 {
		key = fmt.Sprintf("once-%x", rand.Uint64())
	}
	state, seq, err := l.State(context.Background(), key)
	if err != nil {
		return err
	}
	e, err := l.Append(context.Background(), key, seq, Op(state, strings.Repeat("x", rand.IntN(600))))
	switch {
	case err == nil:
		tell(e)
	case !errors.Is(err, ledger.ErrConflict) && !errors.Is(err, ledger.ErrClock):
		return err
	}
	return nil
}

// hold only has the ledger open.
func (d *Directory) hold(dir string, out io.Writer) error {
	_, err := d.Open(dir, 0)
	fmt.Fprintln(out, "open:", err)
	_, _ = io.Copy(io.Discard, os.Stdin) // until the parent closes it, or kills
	return nil
}

// TestKill kills a child at random instants. After each kill everything that it acknowledged must be there, nothing else may be
// wrong, and the next child must go on from it.
func (d *Directory) TestKill(t *testing.T) {
	kills, total := killtest.Kills(d.Kills), 0
	var dir string
	for n := range kills {
		if n%10 == 0 { // so that making a ledger is interrupted too
			dir = filepath.Join(t.TempDir(), "ledger")
		}
		lines := killtest.Run(t, worker, dir, d.Early, d.Late)
		total += len(lines)
		d.survived(t, dir, lines)
	}
	t.Logf("%d kills, %d acknowledged entries", kills, total)
	if total < kills {
		t.Errorf("only %d entries were acknowledged", total)
	}
}

// survived checks the ledger in dir after a kill.
func (d *Directory) survived(t *testing.T, dir string, lines []string) {
	t.Helper()
	l, err := d.Open(dir, 0)
	if err != nil {
		t.Fatalf("open after the kill: %v", err)
	}
	defer l.Close()
	if err := l.Check(t.Context()); err != nil {
		t.Fatalf("check after the kill: %v", err)
	}
	all := make(map[string]bool)
	states := make(map[string][]byte)
	for e, err := range l.Follow(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		all[acknowledged(e)] = true
		r, err := Reducer{}.Reduce(e.Key, states[e.Key], e.Op, e.Anchor)
		if err != nil {
			t.Fatalf("entry %d is not one that was accepted: %v", e.Anchor.Index, err)
		}
		states[e.Key] = r.State
	}
	for _, line := range lines {
		if !all[line] {
			t.Fatalf("acknowledged and lost: %s", line)
		}
	}
}

// TestSecondProcess: while a process has the ledger open, another one is told so, and gets it once the first is gone. It calls held meanwhile,
// unless that is nil.
func (d *Directory) TestSecondProcess(t *testing.T, held func(dir string)) {
	dir := t.TempDir()
	cmd := killtest.Command(t, holder, dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill() }()
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "open: <nil>\n" {
		t.Fatalf("the other process says %q, %v", line, err)
	}
	for _, wait := range []time.Duration{0, 20 * time.Millisecond} {
		if _, err = d.Open(dir, wait); !errors.Is(err, ledger.ErrLocked) || !strings.Contains(err.Error(), dir) {
			t.Errorf("waiting %v: got error %v, want ErrLocked with the name of the directory", wait, err)
		}
	}
	if held != nil {
		held(dir)
	}
	go func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	l, err := d.Open(dir, time.Minute)
	if err != nil {
		t.Fatalf("with the other process gone: %v", err)
	}
	if _, err := d.Open(dir, 0); !errors.Is(err, ledger.ErrLocked) {
		t.Errorf("twice in one process: got error %v, want ErrLocked", err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}
