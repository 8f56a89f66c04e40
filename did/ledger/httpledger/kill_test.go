package httpledger_test

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/boltledger"
	"github.com/realdid/realdid/did/ledger/httpledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
)

// serveIn makes this test program a server: directory and address, separated by a space.
const serveIn = "HTTPLEDGER_TEST_SERVE"

func TestMain(m *testing.M) {
	if place := os.Getenv(serveIn); place != "" {
		dir, address, _ := strings.Cut(place, " ")
		fmt.Println("ended:", serveFor(dir, address))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// serveFor serves the ledger in dir until it is killed.
func serveFor(dir, address string) error {
	lg, err := boltledger.Open(dir, ledgertest.Reducer{}, &boltledger.Options{Wait: 10 * time.Second})
	if err != nil {
		return err
	}
	h, err := httpledger.NewHandler(lg, &wide)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	fmt.Println("serving on", l.Addr())
	return httpledger.NewServer(h, nil).Serve(l)
}

// startServer starts a server process and returns its address and what kills it.
func startServer(t *testing.T, dir, address string) (at string, kill func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), serveIn+"="+dir+" "+address)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill = sync.OnceFunc(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	t.Cleanup(kill)
	line, _ := bufio.NewReader(out).ReadString('\n')
	at, ok := strings.CutPrefix(strings.TrimSpace(line), "serving on ")
	if !ok {
		t.Fatalf("the server says %q", line)
	}
	return at, kill
}

// TestKill kills the server process again and again under appends. The clients notice nothing but a delay, every entry that
// was acknowledged stands where they were told, and nothing stands twice.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	at, kill := startServer(t, dir, "127.0.0.1:0")
	c, err := httpledger.NewClient("http://"+at, &httpledger.ClientOptions{
		RetryTime: 10 * time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 8},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })

	const writers, rounds = 8, 4
	var stop atomic.Bool
	var stored atomic.Int64
	acknowledged := make([][]ledger.Entry, writers)
	var writing sync.WaitGroup
	for w := range writers {
		writing.Go(func() {
			key := fmt.Sprint("writer-", w)
			for seq := uint64(0); !stop.Load(); seq++ {
				state, have, err := c.State(t.Context(), key)
				if err != nil || have != seq {
					t.Errorf("State(%s) has %d entries, want %d: %v", key, have, seq, err)
					return
				}
				e, err := c.Append(t.Context(), key, seq, ledgertest.Op(state, fmt.Sprint(seq)))
				if err != nil {
					t.Errorf("Append(%s, %d): %v", key, seq, err)
					return
				}
				acknowledged[w] = append(acknowledged[w], e)
				stored.Add(1)
			}
		})
	}
	for range rounds {
		for goal := stored.Load() + 100; stored.Load() < goal && !t.Failed(); {
			time.Sleep(time.Millisecond)
		}
		kill()
		_, kill = startServer(t, dir, at)
	}
	for goal := stored.Load() + 100; stored.Load() < goal && !t.Failed(); {
		time.Sleep(time.Millisecond)
	}
	stop.Store(true)
	writing.Wait()
	if t.Failed() {
		return
	}
	total := 0
	for e, err := range c.Follow(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		total++
		var w int
		if _, err := fmt.Sscanf(e.Key, "writer-%d", &w); err != nil {
			t.Fatal(err)
		}
		if mine := acknowledged[w]; e.Seq >= uint64(len(mine)) || mine[e.Seq].Anchor != e.Anchor || string(mine[e.Seq].Op) != string(e.Op) {
			t.Fatalf("entry %d is not what its writer was told", e.Anchor.Index)
		}
	}
	if int64(total) != stored.Load() {
		t.Errorf("%d entries, %d acknowledged", total, stored.Load())
	}
	if _, err := c.Append(t.Context(), "writer-0", 0, []byte("other")); !errors.Is(err, ledger.ErrConflict) {
		t.Errorf("another operation at the first place: %v", err)
	}
}
