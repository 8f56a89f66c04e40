//go:build linux

package sqlledger_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
	"github.com/realdid/realdid/did/ledger/sqlledger"
)

// patience is how long a call may be repeated before a test fails.
const patience = 2 * time.Minute

// The kinds of an error that a caller distinguishes.
const (
	conflict    = "conflict"
	invalid     = "invalid"
	unavailable = "unavailable"
)

// kind says which one of the kinds err is.
func kind(err error) string {
	var kinds []string
	for _, k := range []struct {
		name   string
		target error
	}{{conflict, ledger.ErrConflict}, {invalid, ledger.ErrInvalid}, {unavailable, ledger.ErrUnavailable}} {
		if errors.Is(err, k.target) {
			kinds = append(kinds, k.name)
		}
	}
	return strings.Join(kinds, " and ")
}

// open opens the ledger in the database at url with a pool of its own.
func open(tb testing.TB, url string, opt *sqlledger.Options) *sqlledger.Ledger {
	tb.Helper()
	return openAs(tb, url, ledgertest.Reducer{}, opt)
}

func openAs(tb testing.TB, url string, reducer ledger.Reducer, opt *sqlledger.Options) *sqlledger.Ledger {
	tb.Helper()
	l, db, err := openPool(tb.Context(), url, reducer, opt)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_ = l.Close()
		_ = db.Close()
	})
	return l
}

func openPool(ctx context.Context, url string, reducer ledger.Reducer, opt *sqlledger.Options) (*sqlledger.Ledger, *sql.DB, error) {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return nil, nil, err
	}
	db.SetMaxOpenConns(16)
	db.SetMaxIdleConns(16)
	l, err := sqlledger.Open(ctx, db, reducer, opt)
	if err != nil {
		_ = db.Close()
		return nil, nil, err
	}
	return l, db, nil
}

// A load is writers at work, and the memory of what they were told.
type load struct {
	fail  func(format string, arguments ...any) // of the test
	acked atomic.Int64

	mu         sync.Mutex
	stood      map[string]bool // entries that were acknowledged, as by line
	refused    map[string]bool // operations that were refused for good, as by attempt
	errs       map[string]int  // how often each kind of error came
	lastText   string          // of an error that was to be retried
	stop       chan struct{}
	stopOnce   sync.Once
	background sync.WaitGroup
}

func newLoad(tb testing.TB) *load {
	return &load{
		fail: tb.Errorf, stop: make(chan struct{}),
		stood: make(map[string]bool), refused: make(map[string]bool), errs: make(map[string]int),
	}
}

// line is what identifies an entry.
func line(e ledger.Entry) string {
	return fmt.Sprintf("%s %d %d %d %x", e.Key, e.Seq, e.Anchor.Index, e.Anchor.Time.Unix(), sha256.Sum256(e.Op))
}

func attempt(key string, seq uint64, op []byte) string {
	return fmt.Sprintf("%s %d %x", key, seq, sha256.Sum256(op))
}

// write starts n writers. Each has a key of its own, on which it must never meet anybody, and every second time it uses one
// of shared keys instead, unless that is 0.
func (w *load) write(l *sqlledger.Ledger, name string, n, shared int) {
	for i := range n {
		w.background.Go(func() {
			for round := 0; !w.stopped(); round++ {
				key := fmt.Sprintf("%s-%d", name, i)
				if shared > 0 && round%2 == 1 {
					key = fmt.Sprintf("shared-%d", rand.IntN(shared))
				}
				if !w.appendOne(l, key, fmt.Sprintf("%s %d %d ", name, i, round)) {
					return
				}
			}
		})
	}
}

func (w *load) stopped() bool {
	select {
	case <-w.stop:
		return true
	default:
		return false
	}
}

// appendOne appends one operation to key and repeats the call until it is settled.
func (w *load) appendOne(l *sqlledger.Ledger, key, payload string) bool {
	var state []byte
	var seq uint64
	read := func() (err error) {
		state, seq, err = l.State(context.Background(), key)
		return err
	}
	if !w.retry("State of "+key, read) {
		return false
	}
	op := ledgertest.Op(state, payload+strings.Repeat("x", rand.IntN(500)))
	own := !strings.HasPrefix(key, "shared-")
	var e ledger.Entry
	return w.retry("Append to "+key, func() (err error) {
		e, err = l.Append(context.Background(), key, seq, op)
		w.mu.Lock()
		defer w.mu.Unlock()
		switch k := kind(err); {
		case err == nil:
			w.stood[line(e)] = true
			w.acked.Add(1)
		case k == conflict && !own:
			w.errs[k]++
			w.refused[attempt(key, seq, op)] = true
			return nil
		case k == conflict || k == invalid:
			w.fail("nobody else writes to %s, and seq %d is answered by %v", key, seq, err)
		}
		return err
	})
}

// retry calls f until it succeeds or fails for good, and returns whether it did succeed.
func (w *load) retry(what string, f func() error) bool {
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		err := f()
		if err == nil {
			return true
		}
		k := kind(err)
		w.mu.Lock()
		w.errs[k]++
		w.lastText = err.Error()
		w.mu.Unlock()
		if k != unavailable {
			w.fail("%s: got %v, which is %q, want %q", what, err, k, unavailable)
			return false
		}
		if time.Now().After(deadline) {
			w.fail("%s: still unavailable after %v: %v", what, patience, err)
			return false
		}
	}
}

// await waits until n more entries were acknowledged, or until ready says so.
func (w *load) await(tb testing.TB, n int64, ready func() bool) {
	tb.Helper()
	want := w.acked.Load() + n
	for deadline := time.Now().Add(patience); w.acked.Load() < want && (ready == nil || !ready()); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) || tb.Failed() {
			tb.Fatalf("%d entries of %d were acknowledged in %v; the last error was %q", w.acked.Load()-want+n, n, patience, w.lastError())
		}
	}
}

// end stops the writers, each of which settles what it has begun.
func (w *load) end() {
	w.stopOnce.Do(func() { close(w.stop) })
	w.background.Wait()
}

// count returns how often an error of a kind came.
func (w *load) count(kind string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.errs[kind]
}

// lastError is the text of the last error that was to be retried.
func (w *load) lastError() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lastText
}

// verify checks that everything that was acknowledged stands, that nothing stands that was refused, and that the ledger is
// what its entries make it. The writers must have ended.
func (w *load) verify(tb testing.TB, l *sqlledger.Ledger) {
	tb.Helper()
	stands, ops := make(map[string]bool), make(map[string]bool)
	states, lengths := make(map[string][]byte), make(map[string]uint64)
	var next uint64
	var last time.Time
	for e, err := range l.Follow(tb.Context(), 0) {
		if err != nil {
			tb.Fatalf("Follow: %v", err)
		}
		if e.Anchor.Index != next || e.Anchor.Time.Before(last) || e.Seq != lengths[e.Key] {
			tb.Fatalf("entry %s, want index %d, a time from %v on and seq %d", line(e), next, last, lengths[e.Key])
		}
		r, err := ledgertest.Reducer{}.Reduce(e.Key, states[e.Key], e.Op, e.Anchor)
		if err != nil {
			tb.Fatalf("entry %s must not have been accepted: %v", line(e), err)
		}
		states[e.Key], lengths[e.Key] = r.State, e.Seq+1
		next, last = next+1, e.Anchor.Time
		stands[line(e)], ops[attempt(e.Key, e.Seq, e.Op)] = true, true
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for entry := range w.stood {
		if !stands[entry] {
			tb.Errorf("acknowledged and lost: %s", entry)
		}
	}
	for op := range w.refused {
		if ops[op] {
			tb.Errorf("refused and stored: %s", op)
		}
	}
	if len(w.stood) != len(stands) {
		tb.Errorf("%d entries stand, %d were acknowledged, and every call was settled", len(stands), len(w.stood))
	}
	for key, want := range states {
		got, seq, err := l.State(tb.Context(), key)
		if err != nil || string(got) != string(want) || seq != lengths[key] {
			tb.Errorf("State(%s): got %q, %d, %v, want %q, %d", key, got, seq, err, want, lengths[key])
		}
	}
	if at, ok := l.Last(); next > 0 && (!ok || at.Index+1 != next) {
		tb.Errorf("Last: got %v, %v, want index %d", at, ok, next-1)
	}
	tb.Logf("%d entries acknowledged, all there; errors met: %v; the last: %s", len(w.stood), w.errs, w.lastText)
}

// writerEnv makes the test binary a process that writes to the ledger at the URL that it names.
const writerEnv = "REALDID_SQLLEDGER_WRITER"

func TestMain(m *testing.M) {
	if url := os.Getenv(writerEnv); url != "" {
		if err := writer(url); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// writer is a writing process: 32 writers until its input ends. Then it prints what it was told.
func writer(url string) error {
	l, _, err := openPool(context.Background(), url, ledgertest.Reducer{}, nil)
	if err != nil {
		return err
	}
	w := &load{
		stop: make(chan struct{}), stood: make(map[string]bool), refused: make(map[string]bool), errs: make(map[string]int),
		fail: func(format string, arguments ...any) { fmt.Fprintf(os.Stderr, format+"\n", arguments...) },
	}
	fmt.Println("open")
	w.write(l, fmt.Sprintf("process-%d", os.Getpid()), 32, 8)
	_, _ = io.Copy(io.Discard, os.Stdin)
	w.end()
	out := bufio.NewWriter(os.Stdout)
	for entry := range w.stood {
		_, _ = fmt.Fprintln(out, "stood", entry)
	}
	for op := range w.refused {
		_, _ = fmt.Fprintln(out, "refused", op)
	}
	for k, n := range w.errs {
		_, _ = fmt.Fprintln(out, "errors", k, n)
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return l.Close()
}

// process starts a writing process and returns when it is at work. The function that it returns ends it and takes over what
// it was told.
func (w *load) process(t *testing.T, url string) (end func()) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), writerEnv+"="+url)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	in, err := cmd.StdinPipe() // it ends when this process does
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	said := bufio.NewReader(out)
	if first, err := said.ReadString('\n'); err != nil || first != "open\n" {
		_ = cmd.Wait()
		t.Fatalf("the other process says %q, %v: %s", first, err, &stderr)
	}
	return func() {
		t.Helper()
		_ = in.Close()
		w.takeOver(t, said)
		if err := cmd.Wait(); err != nil || stderr.Len() > 0 {
			t.Fatalf("the other process: %v: %s", err, &stderr)
		}
	}
}

func (w *load) takeOver(t *testing.T, said io.Reader) {
	w.mu.Lock()
	defer w.mu.Unlock()
	lines := bufio.NewScanner(said)
	for lines.Scan() {
		what, rest, _ := strings.Cut(lines.Text(), " ")
		switch what {
		case "stood":
			w.stood[rest] = true
		case "refused":
			w.refused[rest] = true
		default:
			t.Logf("the other process met %s", lines.Text())
		}
	}
	if err := lines.Err(); err != nil {
		t.Error(err)
	}
}
