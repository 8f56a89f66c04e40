package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// guardEnv makes a process of this program end when its standard input does: so no server outlives the test that started it, not
// even one that is killed.
const guardEnv = "REALDID_TEST_GUARD"

func endWithParent() {
	if os.Getenv(guardEnv) == "" {
		return
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(99)
	}()
}

// patience is for what happens in milliseconds on a machine that is idle.
const patience = 2 * time.Minute

// A station is a home folder from which processes of the program are started.
type station struct {
	t   *testing.T
	dir string
	env []string
}

func newStation(t *testing.T) *station {
	dir := t.TempDir()
	return &station{t, dir, append(os.Environ(), "REALDID_HOME="+filepath.Join(dir, "home"), "REALDID_PASSPHRASE=correct horse")}
}

func (s *station) path(name string) string { return filepath.Join(s.dir, name) }

// at is the same station with another home.
func (s *station) at(home string) *station {
	o := *s
	o.env = append(o.env[:len(o.env):len(o.env)], "REALDID_HOME="+s.path(home))
	return &o
}

// run runs a command to its end and returns its exit status and output.
func (s *station) run(args ...string) (status int, stdout, stderr string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c := exec.CommandContext(ctx, "realdid", args...)
	var out, errs bytes.Buffer
	c.Env, c.Dir, c.Stdout, c.Stderr = s.env, s.dir, &out, &errs
	if err := c.Run(); err != nil && c.ProcessState == nil || ctx.Err() != nil {
		s.t.Fatalf("realdid %s: %v (%v)\n%s", strings.Join(args, " "), err, ctx.Err(), errs.String())
	}
	return c.ProcessState.ExitCode(), out.String(), errs.String()
}

// must is run for what has to succeed.
func (s *station) must(args ...string) string {
	s.t.Helper()
	status, out, errs := s.run(args...)
	if status != statusDone {
		s.t.Fatalf("realdid %s: exit status %d\n%s%s", strings.Join(args, " "), status, out, errs)
	}
	return out
}

// json decodes what a command prints that has to succeed.
func (s *station) json(v any, args ...string) {
	s.t.Helper()
	out := s.must(append(args, "--json")...)
	if err := json.Unmarshal([]byte(out), v); err != nil {
		s.t.Fatalf("realdid %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// A process is a server that was started.
type process struct {
	t      *testing.T
	name   string
	ready  serviceJSON
	cmd    *exec.Cmd
	ended  chan struct{}
	stderr lockedBuffer
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// start starts a server and waits until it answers. A place where a server was before can be taken for a moment, by one end of
// somebody's connection.
func (s *station) start(args ...string) *process {
	s.t.Helper()
	p := s.tryStart(args...)
	for end := time.Now().Add(patience); p.ready.URL == "" && strings.Contains(p.stderr.String(), "is in use") && time.Now().Before(end); {
		<-time.After(200 * time.Millisecond)
		p = s.tryStart(args...)
	}
	if p.ready.URL == "" {
		s.t.Fatalf("realdid %s: ended with %v\n%s", p.name, p.cmd.ProcessState, p.stderr.String())
	}
	return p
}

// tryStart returns a process without a URL if it ended instead.
func (s *station) tryStart(args ...string) *process {
	s.t.Helper()
	p := &process{t: s.t, name: strings.Join(args, " "), ended: make(chan struct{})}
	p.cmd = exec.Command("realdid", append(args, "--json")...)
	p.cmd.Env, p.cmd.Dir, p.cmd.Stderr = append(s.env[:len(s.env):len(s.env)], guardEnv+"=1"), s.dir, &p.stderr
	guard, err := p.cmd.StdinPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	ready := make(chan serviceJSON, 1)
	go func() {
		d := json.NewDecoder(out)
		var r serviceJSON
		_ = d.Decode(&r) // of a server that ends instead, r stays empty or is an error's object
		ready <- r
		_, _ = io.Copy(io.Discard, out)
		_ = p.cmd.Wait()
		close(p.ended)
	}()
	s.t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.ended
		guard.Close()
	})
	select {
	case p.ready = <-ready:
	case <-time.After(patience):
		s.t.Fatalf("realdid %s: does not answer\n%s", p.name, p.stderr.String())
	}
	if p.ready.URL == "" {
		p.wait()
	}
	return p
}

func (p *process) wait() {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.t.Fatalf("realdid %s: does not end\n%s", p.name, p.stderr.String())
	}
}

// stop asks the server to end and wants exit status 0.
func (p *process) stop() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	p.wait()
	if got := p.cmd.ProcessState.ExitCode(); got != statusDone {
		p.t.Errorf("realdid %s: after SIGTERM: got exit status %d, want 0\n%s", p.name, got, p.stderr.String())
	}
}

// kill ends the server without warning.
func (p *process) kill() {
	p.t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		p.t.Fatal(err)
	}
	p.wait()
}

// get reads a URL.
func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

// freeAddr is an address at which nobody listens just now.
func freeAddr(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// eventually waits for something that others do in their own time.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !is(); {
		if time.Now().After(end) {
			t.Fatalf("%s: never", what)
		}
		<-time.After(50 * time.Millisecond)
	}
}
