package gethtest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/core"
	"github.com/ethereum/go-ethereum/rpc"
)

const (
	gethPackage = "github.com/ethereum/go-ethereum/cmd/geth"
	patience    = 2 * time.Minute // for geth to start or to stop
)

// Options of [Start]; nil means the defaults.
type Options struct {
	Period   int    // seconds between blocks; default 1
	Instant  bool   // in place of that, a block as soon as a transaction comes
	GasLimit uint64 // of a block; default 36 million
}

// A Geth is a running geth with a chain of its own, on loopback.
type Geth struct {
	URL string      // of JSON-RPC over HTTP
	RPC *rpc.Client // connected to URL

	tb   testing.TB
	opt  Options
	dir  string
	bin  string
	cmd  *exec.Cmd
	done chan struct{}
}

// Start builds geth if need be and starts it in developer mode. Tests that run without REALDID_ENGINES=1 are skipped. It is stopped when the
// test ends.
func Start(tb testing.TB, opt *Options) *Geth {
	tb.Helper()
	if os.Getenv("REALDID_ENGINES") != "1" {
		tb.Skip("geth: only with REALDID_ENGINES=1")
	}
	g := &Geth{tb: tb, dir: tb.TempDir(), bin: build(tb)}
	if opt != nil {
		g.opt = *opt
	}
	switch {
	case g.opt.Instant:
		g.opt.Period = 0
	case g.opt.Period == 0:
		g.opt.Period = 1
	}
	if g.opt.GasLimit == 0 {
		g.opt.GasLimit = 36_000_000
	}
	genesis := core.DeveloperGenesisBlock(g.opt.GasLimit, nil)
	genesis.Config = config()
	for address, a := range alloc() {
		genesis.Alloc[address] = a
	}
	b, err := json.Marshal(genesis)
	if err != nil {
		tb.Fatal(err)
	}
	file := filepath.Join(g.dir, "genesis.json")
	if err := os.WriteFile(file, b, 0o600); err != nil {
		tb.Fatal(err)
	}
	if out, err := exec.Command(g.bin, "--datadir", g.dir, "init", file).CombinedOutput(); err != nil {
		tb.Fatalf("geth init: %v\n%s", err, out)
	}
	g.Restart()
	tb.Cleanup(func() {
		g.Stop()
	})
	return g
}

// build compiles geth, which takes minutes the first time, and seconds from then on.
func build(tb testing.TB) string {
	tb.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		tb.Fatal(err)
	}
	dir := filepath.Join(cache, "realdid-gethtest")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		tb.Fatal(err)
	}
	lock, err := os.Create(filepath.Join(dir, "lock"))
	if err != nil {
		tb.Fatal(err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		tb.Fatal(err)
	}
	bin := filepath.Join(dir, "geth")
	if out, err := exec.Command("go", "build", "-o", bin, gethPackage).CombinedOutput(); err != nil {
		tb.Fatalf("go build %s: %v\n%s", gethPackage, err, out)
	}
	return bin
}

var started = regexp.MustCompile(`HTTP server started\s+endpoint=(\S+)`)

// Restart starts geth again with the chain that it has, at another address, after Stop or Kill.
func (g *Geth) Restart() {
	g.tb.Helper()
	g.cmd = exec.Command(g.bin,
		"--datadir", g.dir, "--dev", "--dev.period", strconv.Itoa(g.opt.Period), "--miner.gaslimit", strconv.FormatUint(g.opt.GasLimit, 10),
		"--http", "--http.addr", "127.0.0.1", "--http.port", "0", "--http.api", "eth,net,txpool,debug", "--authrpc.port", "0",
		"--ipcdisable", "--nodiscover", "--maxpeers", "0", "--port", "0", "--nat", "none",
	)
	g.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	r, w := io.Pipe()
	g.cmd.Stdout, g.cmd.Stderr = w, w
	if err := g.cmd.Start(); err != nil {
		g.tb.Fatal(err)
	}
	g.done = make(chan struct{})
	cmd, done := g.cmd, g.done
	go func() {
		defer close(done)
		err := cmd.Wait()
		w.CloseWithError(fmt.Errorf("geth ended: %w", errOf(err)))
	}()
	url := make(chan string, 1)
	said := &tail{}
	go func() {
		for lines := bufio.NewScanner(r); lines.Scan(); {
			said.add(lines.Text())
			if m := started.FindStringSubmatch(lines.Text()); m != nil {
				select {
				case url <- "http://" + m[1]:
				default:
				}
			}
		}
		_, _ = io.Copy(io.Discard, r)
	}()
	select {
	case g.URL = <-url:
	case <-done:
		g.tb.Fatalf("geth ended:\n%s", said)
	case <-time.After(patience):
		g.Kill()
		g.tb.Fatalf("geth does not start:\n%s", said)
	}
	client, err := rpc.Dial(g.URL)
	if err != nil {
		g.tb.Fatal(err)
	}
	g.RPC = client
	g.tb.Cleanup(client.Close)
}

func errOf(err error) error {
	if err == nil {
		return io.EOF
	}
	return err
}

// Stop ends geth as an operator would.
func (g *Geth) Stop() { g.end(syscall.SIGTERM) }

// Kill ends geth without giving it a chance to write anything down.
func (g *Geth) Kill() { g.end(syscall.SIGKILL) }

func (g *Geth) end(sig syscall.Signal) {
	if g.cmd == nil || g.cmd.Process == nil {
		return
	}
	_ = g.cmd.Process.Signal(sig)
	select {
	case <-g.done:
	case <-time.After(patience):
		_ = g.cmd.Process.Kill()
		<-g.done
	}
}

// tail keeps the last lines that geth wrote.
type tail struct {
	mu    sync.Mutex
	lines []string
}

func (t *tail) add(line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.lines = append(t.lines, line); len(t.lines) > 40 {
		t.lines = t.lines[1:]
	}
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := ""
	for _, l := range t.lines {
		out += l + "\n"
	}
	return out
}
