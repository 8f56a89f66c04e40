package pebbleledger

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
)

// These make the test binary a child that works on the ledger in the directory that they name, or only holds it.
const (
	childEnv  = "REALDID_LEDGER_CHILD"
	holderEnv = "REALDID_LEDGER_HOLDER"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childEnv); dir != "" {
		if err := child(dir, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if dir := os.Getenv(holderEnv); dir != "" {
		_, err := Open(dir, ledgertest.Reducer{}, nil)
		fmt.Println("open:", err)
		_, _ = io.Copy(io.Discard, os.Stdin) // until the parent closes it, or kills
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// small makes few entries fill what many do otherwise.
func small() *Options { return &Options{memTable: 64 << 10, tableAt: 20} }

func line(e ledger.Entry) string {
	return fmt.Sprintf("%s %d %d %x", e.Key, e.Seq, e.Anchor.Index, sha256.Sum256(e.Op))
}

// child appends from many goroutines, and imports, until it is killed, and writes a line for each acknowledged entry. Now and then
// it closes the ledger and opens it again, so that it is killed in the middle of that too.
func child(dir string, out io.Writer) error {
	var mu sync.Mutex
	acknowledged := func(e ledger.Entry) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintln(out, line(e))
	}
	for {
		l, err := Open(dir, ledgertest.Reducer{}, small())
		if err != nil {
			return err
		}
		var wg sync.WaitGroup
		for range 12 {
			wg.Go(func() {
				for range 40 {
					key := fmt.Sprintf("key-%d", rand.IntN(1000))
					if rand.IntN(3) == 0 {
						key = fmt.Sprintf("once-%x", rand.Uint64())
					}
					state, seq, err := l.State(context.Background(), key)
					if err == nil {
						var e ledger.Entry
						op := ledgertest.Op(state, strings.Repeat("x", rand.IntN(600)))
						if e, err = l.Append(context.Background(), key, seq, op); err == nil {
							acknowledged(e)
						}
					}
					if err != nil && !errors.Is(err, ledger.ErrConflict) && !errors.Is(err, ledger.ErrClock) {
						fmt.Fprintln(os.Stderr, err)
						os.Exit(1)
					}
				}
			})
		}
		wg.Wait()
		for range 3 {
			last, _ := l.Last()
			entries := make([]ledger.Entry, 1+rand.IntN(60))
			for i := range entries {
				entries[i] = ledger.Entry{
					Key: fmt.Sprintf("imported-%x", rand.Uint64()), Op: ledgertest.Op(nil, strings.Repeat("y", rand.IntN(600))),
					Anchor: ledger.Anchor{Index: last.Index + 1 + uint64(i), Time: last.Time},
				}
			}
			if err := l.Import(context.Background(), entries); err != nil {
				return err
			}
			for _, e := range entries {
				acknowledged(e)
			}
		}
		if err := l.Close(); err != nil {
			return err
		}
	}
}

// TestKill kills a child at random instants, REALDID_KILLS times (default 30). After each kill everything that it
// acknowledged must be there, nothing else may be wrong, and the next child must go on from it.
func TestKill(t *testing.T) {
	kills := 30
	if n, err := strconv.Atoi(os.Getenv("REALDID_KILLS")); err == nil {
		kills = n
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var dir string
	total := 0
	for n := range kills {
		if n%10 == 0 { // so that making a ledger is interrupted too
			dir = filepath.Join(t.TempDir(), "ledger")
		}
		lines := killed(t, self, dir)
		total += len(lines)
		survived(t, dir, lines)
	}
	t.Logf("%d kills, %d acknowledged entries", kills, total)
	if total < kills {
		t.Errorf("only %d entries were acknowledged", total)
	}
}

// killed runs a child on dir, kills it at some instant, and returns what it acknowledged.
func killed(t *testing.T, self, dir string) (lines []string) {
	t.Helper()
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childEnv+"="+dir)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// A third of the kills comes soon after the start, the others after the first entry.
	early := rand.IntN(3) == 0
	kill := func() { _ = cmd.Process.Kill() }
	if early {
		time.AfterFunc(time.Duration(rand.IntN(100))*time.Millisecond, kill)
	}
	in := bufio.NewReader(out)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			break // a line without its end was not written in full
		}
		if len(lines) == 0 && !early {
			time.AfterFunc(time.Duration(rand.IntN(400_000))*time.Microsecond, kill)
		}
		lines = append(lines, strings.TrimSpace(line))
	}
	if err := cmd.Wait(); err == nil || stderr.Len() > 0 {
		t.Fatalf("the child was not killed: %v; it says %q", err, &stderr)
	}
	return lines
}

// survived checks the ledger in dir after a kill.
func survived(t *testing.T, dir string, lines []string) {
	t.Helper()
	l, err := Open(dir, ledgertest.Reducer{}, small())
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
		all[line(e)] = true
		r, err := ledgertest.Reducer{}.Reduce(e.Key, states[e.Key], e.Op, e.Anchor)
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

// TestSecondProcess: while a process has the ledger open, another one is told so, and gets it once the first is gone.
func TestSecondProcess(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), holderEnv+"="+dir)
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
		_, err = Open(dir, ledgertest.Reducer{}, &Options{Wait: wait})
		if !errors.Is(err, ledger.ErrLocked) || !strings.Contains(err.Error(), dir) {
			t.Errorf("waiting %v: got error %v, want ErrLocked with the name of the directory", wait, err)
		}
	}
	go func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	l, err := Open(dir, ledgertest.Reducer{}, &Options{Wait: time.Minute})
	if err != nil {
		t.Fatalf("with the other process gone: %v", err)
	}
	if _, err := Open(dir, ledgertest.Reducer{}, nil); !errors.Is(err, ledger.ErrLocked) {
		t.Errorf("twice in one process: got error %v, want ErrLocked", err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}
