package main

import (
	"bytes"
	"context"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/realdid"
)

// output is written by a verb and read by the test that waits for it.
type output struct {
	mu    sync.Mutex
	bytes bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.bytes.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.bytes.String()
}

// do runs a command line and returns what it printed. It must end with the status want.
func do(t *testing.T, want int, args ...string) string {
	t.Helper()
	var out, errs output
	if got := run(t.Context(), args, &out, &errs); got != want {
		t.Fatalf("%s: exit status %d, want %d\n%s%s", strings.Join(args, " "), got, want, out.String(), errs.String())
	}
	return out.String() + errs.String()
}

// serve runs a command line that goes on, and returns the first line that it prints. It ends with the test, and must do so well.
func serve(t *testing.T, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var out, errs output
	done := make(chan int, 1)
	go func() { done <- run(ctx, args, &out, &errs) }()
	t.Cleanup(func() {
		cancel()
		if status := <-done; status != statusDone {
			t.Errorf("%s: exit status %d\n%s", strings.Join(args, " "), status, errs.String())
		}
	})
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if line, _, ok := strings.Cut(out.String(), "\n"); ok {
			return line
		}
		select {
		case status := <-done:
			done <- status
			t.Fatalf("%s: exit status %d\n%s", strings.Join(args, " "), status, errs.String())
		default:
		}
	}
	t.Fatalf("%s: says nothing", strings.Join(args, " "))
	return ""
}

// freePorts returns the first of n ports in a row where nobody listens, below those that the system gives to connections.
func freePorts(t *testing.T, n int) int {
	t.Helper()
	for range 1000 {
		first, free := 10_000+rand.IntN(20_000), true
		var held []net.Listener
		for i := 0; i < n && free; i++ {
			l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(first+i))
			if free = err == nil; free {
				held = append(held, l)
			}
		}
		for _, l := range held {
			l.Close()
		}
		if free {
			return first
		}
	}
	t.Fatal("no ports in a row are free")
	return 0
}

// local are places of every engine that needs no server.
func local(dir string) []string {
	return []string{"bolt:" + dir + "/bolt", "pebble:" + dir + "/pebble", "sqlite:" + dir + "/ledger.db", "tessera:" + dir + "/tessera"}
}

// TestLife: moving an identity's life from one engine to another changes the name of the place and nothing else.
func TestLife(t *testing.T) {
	for _, place := range append(local(t.TempDir()), "mem:") {
		got := do(t, statusDone, "life", place)
		if !strings.Contains(got, "entry 1") || !strings.Contains(got, "#phone-2") || strings.Contains(got, "#phone-1") {
			t.Errorf("%s: %s", kindOf(place), got)
		}
	}
}

// TestCopy carries a ledger through every engine and back.
func TestCopy(t *testing.T) {
	places := local(t.TempDir())
	for range 3 {
		do(t, statusDone, "life", places[0])
	}
	places = append(places, "bolt:"+t.TempDir()+"/again")
	for i := range places[1:] {
		got := do(t, statusDone, "ledger", "copy", places[i], places[i+1])
		if !strings.Contains(got, "copied     6 entries, 6 of them now") || !strings.Contains(got, "same       3 identifiers") {
			t.Errorf("from %s to %s: %s", kindOf(places[i]), kindOf(places[i+1]), got)
		}
	}
	do(t, statusDone, "life", places[0])
	got := do(t, statusDone, "ledger", "copy", places[0], places[2])
	if !strings.Contains(got, "copied     8 entries, 2 of them now") {
		t.Errorf("again: %s", got)
	}
	if got := do(t, statusDone, "ledger", "compare", places[0], places[2]); !strings.Contains(got, "same       8 entries") {
		t.Errorf("compare: %s", got)
	}
}

// TestCopyInterrupted: a copy that ends early goes on where it ended.
func TestCopyInterrupted(t *testing.T) {
	src, dst := "bolt:"+t.TempDir()+"/src", "pebble:"+t.TempDir()+"/dst"
	for range 4 {
		do(t, statusDone, "life", src)
	}
	a, err := open(t.Context(), src, realdid.Reducer())
	if err != nil {
		t.Fatal(err)
	}
	b, err := open(t.Context(), dst, realdid.Reducer())
	if err != nil {
		t.Fatal(err)
	}
	to, ok := b.replica()
	if !ok {
		t.Fatal("Pebble takes no copies")
	}
	ctx, cancel := context.WithCancel(t.Context())
	n, err := ledger.Copy(ctx, to, a, &ledger.CopyOptions{Chunk: 3, Progress: func(uint64) { cancel() }})
	if n != 3 || err == nil {
		t.Fatalf("interrupted: %d entries, %v", n, err)
	}
	if err := a.close(); err != nil {
		t.Fatal(err)
	}
	if err := b.close(); err != nil {
		t.Fatal(err)
	}
	if got := do(t, statusDone, "ledger", "copy", src, dst, "--chunk", "2"); !strings.Contains(got, "copied     8 entries, 5 of them now") {
		t.Errorf("resumed: %s", got)
	}
}

func TestRefusals(t *testing.T) {
	dir := t.TempDir()
	a, b := "bolt:"+dir+"/a", "bolt:"+dir+"/b"
	do(t, statusDone, "life", a)
	do(t, statusDone, "life", b)
	if got := do(t, statusInvalid, "ledger", "compare", a, b); !strings.Contains(got, "entry 0 is another one") {
		t.Errorf("two ledgers: %s", got)
	}
	if got := do(t, statusInvalid, "ledger", "copy", a, b); !strings.Contains(got, "entry 0 is another one") { // both have two
		t.Errorf("a copy onto another ledger: %s", got)
	}
	do(t, statusInvalid, "ledger", "copy", a, "pebble:"+dir+"/other", "--home-ledger", "other")
	do(t, statusUsage, "ledger", "copy", a, "comet:http://127.0.0.1:1")
	for _, place := range []string{"nothing", "mongo:x", "pebble:", "evm:http://127.0.0.1:1,1,0x12,latest+0", "evm:x"} {
		do(t, statusUsage, "life", place)
	}
	do(t, statusUsage, "ledger", "copy", a)
	do(t, statusUsage, "life", a, "--none")
	do(t, statusUnknown, "life", "https://127.0.0.1:1")
	do(t, statusUnknown, "ledger", "copy", a, "sqlite:"+dir+"/none/there.db")
}

// TestServe: whatever the engine, a served ledger is one to clients.
func TestServe(t *testing.T) {
	line := serve(t, "serve", "ledger", "pebble:"+t.TempDir()+"/ledger", "--addr", "127.0.0.1:0", "--insecure-no-limits")
	url := regexp.MustCompile(`http://\S+`).FindString(line)
	do(t, statusDone, "life", url)
	if got := do(t, statusDone, "ledger", "copy", url, "mem:"); !strings.Contains(got, "same       2 entries") {
		t.Errorf("copied from %s: %s", url, got)
	}
}

// TestValidators makes a chain that begins with a ledger, and lives on it.
func TestValidators(t *testing.T) {
	dir, before := t.TempDir(), "bolt:"+t.TempDir()+"/before"
	do(t, statusDone, "life", before)
	do(t, statusDone, "validator", "init", dir, "--chain", "test-chain", "--port", strconv.Itoa(freePorts(t, 8)))
	home := func(i int) string { return filepath.Join(dir, strconv.Itoa(i)) }
	do(t, statusDone, "validator", "import", home(0), before)
	genesis, err := os.ReadFile(filepath.Join(home(0), "config", "genesis.json"))
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i < 4; i++ {
		if err := os.WriteFile(filepath.Join(home(i), "config", "genesis.json"), genesis, 0o600); err != nil {
			t.Fatal(err)
		}
		do(t, statusDone, "validator", "import", home(i), before)
	}
	var place string
	for i := range 4 {
		line := serve(t, "serve", "validator", home(i))
		if !strings.Contains(line, "with 2 entries") {
			t.Errorf("validator %d: %s", i, line)
		}
		place = line[strings.Index(line, "comet:"):]
	}
	if got := do(t, statusDone, "ledger", "compare", before, place); !strings.Contains(got, "same       2 entries") {
		t.Errorf("the chain's beginning: %s", got)
	}
	if got := do(t, statusDone, "life", place); !strings.Contains(got, "entry 3") {
		t.Errorf("on the chain: %s", got)
	}
	if got := do(t, statusDone, "ledger", "copy", place, "mem:"); !strings.Contains(got, "copied     4 entries") {
		t.Errorf("from the chain: %s", got)
	}
	do(t, statusUsage, "validator", "init", dir, "--validators", "0")
}
