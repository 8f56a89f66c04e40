package cometledger

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
)

// childEnv makes the test binary a child: it names a role of children, and the arguments are of that role.
const childEnv = "REALDID_COMET_CHILD"

func TestMain(m *testing.M) {
	role := os.Getenv(childEnv)
	if role == "" {
		os.Exit(m.Run())
	}
	run, ok := children()[role]
	if !ok {
		fmt.Fprintln(os.Stderr, "no such role:", role)
		os.Exit(2)
	}
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// children are what the test binary can be started as.
func children() map[string]func(args []string) error {
	return map[string]func(args []string) error{"validator": validatorChild}
}

// A childConfig is what a validator in a process of its own is started with.
type childConfig struct {
	Home, P2P, RPC    string
	Peers             []string
	Retain, Snapshots int64
	StateSync         *StateSync
	Check             bool
	EmptyBlocks       time.Duration

	Reducer  string // of reducers
	Log      string // a file; empty: none
	Behavior string // of behave; empty: honest
}

// reducers by name, because a child is told which by its command line.
func reducerOf(name string) (ledger.HeadReducer, error) {
	if r, ok := reducers()[name]; ok {
		return r, nil
	}
	return nil, fmt.Errorf("no reducer %q", name)
}

// validatorChild runs a validator until its standard input ends, and writes its RPC address to its standard output.
func validatorChild(args []string) error {
	var c childConfig
	if err := json.Unmarshal([]byte(args[0]), &c); err != nil {
		return err
	}
	r, err := reducerOf(c.Reducer)
	if err != nil {
		return err
	}
	node := NodeConfig{
		Home: c.Home, P2P: c.P2P, RPC: c.RPC, Peers: c.Peers, Retain: c.Retain, Snapshots: c.Snapshots, StateSync: c.StateSync, Check: c.Check,
		EmptyBlocks: c.EmptyBlocks, Reducer: r,
	}
	if c.Log != "" {
		f, err := os.OpenFile(c.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		node.Logger = slog.New(slog.NewTextHandler(f, &slog.HandlerOptions{Level: slog.LevelInfo}))
	}
	if err := behave(&node, c.Behavior); err != nil {
		return err
	}
	n, err := StartNode(context.Background(), node)
	if err != nil {
		return err
	}
	fmt.Println("ready", n.RPC())
	ended := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(ended)
	}()
	select {
	case <-ended:
		return n.Close()
	case <-n.Done():
		return errors.Join(errors.New("the node ended"), n.Err())
	}
}

// A process is a child that runs.
type process struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stderr *tail
	exited chan struct{} // closed when it has ended; err is set then
	err    error
}

// startChild starts the test binary in a role. Its standard output goes to line by line. It dies with the test, however that ends.
func startChild(tb testing.TB, role string, line func(string), args ...string) *process {
	tb.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), childEnv+"="+role)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	p := &process{cmd: cmd, stderr: &tail{}, exited: make(chan struct{})}
	cmd.Stderr = p.stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	p.stdin = stdin
	started := make(chan error)
	go func() {
		// The child dies with the thread that started it, so that thread must live: this goroutine keeps it.
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		for s := bufio.NewScanner(stdout); s.Scan(); {
			line(s.Text())
		}
		p.err = cmd.Wait()
		close(p.exited)
	}()
	if err := <-started; err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(p.kill)
	return p
}

// kill is kill -9.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.exited
}

// A tail keeps the end of what is written to it.
type tail struct {
	mu sync.Mutex
	b  []byte
}

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, b...)
	if over := len(t.b) - 16<<10; over > 0 {
		t.b = t.b[over:]
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.b)
}

// freePorts returns addresses on loopback on which nobody listens, below the ports that the system gives to connections: a node
// that is started again must find its own free.
func freePorts(tb testing.TB, n int) []string {
	tb.Helper()
	var list []string
	for range 1000 {
		l, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", 10_000+rand.IntN(20_000)))
		if err != nil {
			continue
		}
		defer l.Close()
		if list = append(list, l.Addr().String()); len(list) == n {
			return list
		}
	}
	tb.Fatal("no ports are free")
	return nil
}

// A validatorProcess is a validator of a network, which may run or not.
type validatorProcess struct {
	config childConfig
	rpc    string
	proc   *process
}

// start starts the validator and waits until it has executed what it has stored. The error is what it said when it ended instead.
func (v *validatorProcess) start(tb testing.TB) error {
	tb.Helper()
	b, err := json.Marshal(&v.config)
	if err != nil {
		tb.Fatal(err)
	}
	ready := make(chan string, 1)
	v.proc = startChild(tb, "validator", func(line string) {
		if rpc, ok := strings.CutPrefix(line, "ready "); ok {
			ready <- rpc
		}
	}, string(b))
	select {
	case v.rpc = <-ready:
		return nil
	case <-v.proc.exited:
		return fmt.Errorf("%w: %s", v.proc.err, v.proc.stderr)
	case <-time.After(2 * time.Minute):
		tb.Fatalf("the validator does not start: %s", v.proc.stderr)
		return nil
	}
}

func (v *validatorProcess) mustStart(tb testing.TB) {
	tb.Helper()
	if err := v.start(tb); err != nil {
		tb.Fatal(err)
	}
}

// A network is a chain of validators in processes of their own, with a link between each two that the test can cut.
type network struct {
	validators []*validatorProcess
	links      map[[2]int]*link // from, to
}

// newNetwork makes n validators, none of which runs yet.
func newNetwork(tb testing.TB, n int, reducer string, change func(i int, c *childConfig)) *network {
	tb.Helper()
	dir := quickDir(tb)
	ports := freePorts(tb, 2*n)
	vs := make([]Validator, n)
	for i := range vs {
		vs[i] = Validator{Home: filepath.Join(dir, fmt.Sprint("validator", i)), P2P: ports[2*i], RPC: ports[2*i+1]}
	}
	if err := InitFiles("test-chain", time.Time{}, vs); err != nil {
		tb.Fatal(err)
	}
	net := &network{links: make(map[[2]int]*link)}
	for i := range vs {
		file, err := readNodeFile(vs[i].Home)
		if err != nil {
			tb.Fatal(err)
		}
		c := childConfig{Reducer: reducer, Home: vs[i].Home, P2P: vs[i].P2P, RPC: vs[i].RPC, Peers: []string{}, EmptyBlocks: time.Second}
		if dir := os.Getenv("REALDID_COMET_LOGS"); dir != "" {
			c.Log = filepath.Join(dir, fmt.Sprintf("%s-%d.log", strings.ReplaceAll(tb.Name(), "/", "-"), i))
		}
		for _, peer := range file.Peers {
			id, address, _ := strings.Cut(peer, "@")
			for j := range vs {
				if vs[j].P2P == address {
					l := newLink(tb, address)
					net.links[[2]int{i, j}] = l
					c.Peers = append(c.Peers, id+"@"+l.address())
				}
			}
		}
		if change != nil {
			change(i, &c)
		}
		net.validators = append(net.validators, &validatorProcess{config: c})
	}
	return net
}

// startAll starts all validators.
func (n *network) startAll(tb testing.TB) {
	tb.Helper()
	var wg sync.WaitGroup
	errs := make([]error, len(n.validators))
	for i, v := range n.validators {
		wg.Go(func() { errs[i] = v.start(tb) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		tb.Fatal(err)
	}
}

// rpcs returns the addresses of validators for clients, in the order of their numbers.
func (n *network) rpcs(numbers ...int) []string {
	var list []string
	for _, i := range numbers {
		list = append(list, n.validators[i].rpc)
	}
	return list
}

// split cuts every link between a validator of the given ones and another. heal ends all cuts.
func (n *network) split(numbers ...int) {
	in := make(map[int]bool)
	for _, i := range numbers {
		in[i] = true
	}
	for ij, l := range n.links {
		if in[ij[0]] != in[ij[1]] {
			l.cut(true)
		}
	}
}

func (n *network) heal() {
	for _, l := range n.links {
		l.cut(false)
	}
}

// A link passes connections on to an address, unless it is cut.
type link struct {
	to       string
	listener net.Listener
	mu       sync.Mutex
	broken   bool
	conns    map[net.Conn]struct{}
}

func newLink(tb testing.TB, to string) *link {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	k := &link{to: to, listener: l, conns: make(map[net.Conn]struct{})}
	tb.Cleanup(func() {
		l.Close()
		k.cut(true)
	})
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go k.pass(c)
		}
	}()
	return k
}

func (k *link) address() string { return k.listener.Addr().String() }

// hold notes a connection, or closes it if the link is cut.
func (k *link) hold(c net.Conn) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.broken {
		c.Close()
		return false
	}
	k.conns[c] = struct{}{}
	return true
}

func (k *link) drop(c net.Conn) {
	c.Close()
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.conns, c)
}

func (k *link) pass(in net.Conn) {
	if !k.hold(in) {
		return
	}
	defer k.drop(in)
	out, err := net.Dial("tcp", k.to)
	if err != nil || !k.hold(out) {
		return
	}
	defer k.drop(out)
	done := make(chan struct{}, 2)
	for _, pair := range [][2]net.Conn{{in, out}, {out, in}} {
		go func() {
			_, _ = io.Copy(pair[0], pair[1])
			done <- struct{}{}
		}()
	}
	<-done
}

func (k *link) cut(broken bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.broken = broken
	if broken {
		for c := range k.conns {
			c.Close()
		}
	}
}

// eventually waits for a condition, for as long as a loaded machine may take.
func eventually(tb testing.TB, what string, ok func() bool) {
	tb.Helper()
	for end := time.Now().Add(2 * time.Minute); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			tb.Fatalf("%s: not within two minutes", what)
		}
	}
}

// quickDir returns a directory that is fast to sync, where there is one: what is lost with the power is not tested here.
func quickDir(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "cometledger")
	if err != nil {
		return tb.TempDir()
	}
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// engines skips a test that starts processes, unless the environment asks for it.
func engines(tb testing.TB) {
	tb.Helper()
	if os.Getenv("REALDID_ENGINES") != "1" {
		tb.Skip("starts validators in processes of their own: REALDID_ENGINES=1 runs it")
	}
}
