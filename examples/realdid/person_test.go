package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// shiftEnv moves the clock of a process: a duration.
const shiftEnv = "REALDID_TEST_SHIFT"

// shifted is a clock that goes as every clock does, and shows another time.
func shifted() func() time.Time {
	d, err := time.ParseDuration(os.Getenv(shiftEnv))
	if err != nil {
		return time.Now
	}
	return func() time.Time { return time.Now().Add(d) }
}

// town are the servers of one script.
type town struct {
	servers map[string]*townServer
	taps    map[string]*tap
}

type townServer struct {
	cmd   *exec.Cmd
	ended chan struct{}
	errs  lockedBuffer
	guard io.Closer
}

// A tap is a place whose traffic somebody else reads.
type tap struct {
	*httptest.Server
	mu   sync.Mutex
	to   *httputil.ReverseProxy
	seen map[string][]byte // the last body by path
	says map[string]said   // instead of passing on
}

// said is an answer of somebody who is not who people think.
type said struct {
	status int
	body   []byte
}

// ServeHTTP implements http.Handler.
func (p *tap) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(b))
	p.mu.Lock()
	p.seen[r.URL.Path] = b
	to, own := p.to, p.says[r.URL.Path]
	p.mu.Unlock()
	if own.status != 0 {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(own.status)
		_, _ = w.Write(own.body)
		return
	}
	if to == nil {
		http.Error(w, "nobody is there", http.StatusServiceUnavailable)
		return
	}
	to.ServeHTTP(w, r)
}

// TestPerson runs what people, authorities and platforms would type. Beside commands of TestScript there are:
//
//	serve VAR WHAT…         starts "realdid serve WHAT…", and sets VAR to its URL
//	stop VAR                asks a server to end, which it must do with exit status 0
//	servernames VAR TEXT…   the server's log has none of the texts
//	tap VAR [URL]           makes a place that passes everything on to URL, and sets VAR to it; again with another URL, it goes there
//	tapped VAR PATH FILE    writes the last body that came to PATH there to FILE; ! tapped: none came
//	answer VAR PATH STATUS FILE  from now on the place answers so at PATH
//	fetch URL FILE          writes what is at URL to FILE
//	post STATUS URL FILE    sends the JSON in FILE, and wants this status; the answer goes to FILE.answer
//	edit FILE OLD NEW       replaces text
//	posted FILE TEXT        the answer to FILE has the text
//
// The variable REALDID_TEST_SHIFT moves the clock of everything that is started after it is set.
func TestPerson(t *testing.T) {
	if testing.Short() || runtime.GOOS == "windows" {
		t.Skip("takes seconds, and signals")
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/person", RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("REALDID_HOME", filepath.Join(env.WorkDir, "home"))
			env.Setenv("REALDID_PASSPHRASE", "correct horse")
			env.Setenv("GORACE", "atexit_sleep_ms=0")
			env.Values["town"] = &town{servers: map[string]*townServer{}, taps: map[string]*tap{}}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status": scriptStatus, "json": scriptJSON, "setjson": scriptSetJSON, "mode": scriptMode, "nosecret": scriptNoSecret, "flip": scriptFlip,
			"serve": scriptServe, "stop": scriptStop, "servernames": scriptServerNames, "tap": scriptTap, "tapped": scriptTapped,
			"post": scriptPost, "posted": scriptPosted, "answer": scriptAnswer, "fetch": scriptFetch, "edit": scriptEdit, "occupy": scriptOccupy,
		},
	})
}

func townOf(ts *testscript.TestScript) *town { return ts.Value("town").(*town) }

func scriptServe(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: serve var what…")
	}
	s := &townServer{ended: make(chan struct{})}
	s.cmd = exec.Command("realdid", append(append([]string{"serve"}, args[1:]...), "--addr", "127.0.0.1:0", "--json", "--verbose")...)
	s.cmd.Dir, s.cmd.Stderr = ts.MkAbs("."), &s.errs
	s.cmd.Env = append(os.Environ(), guardEnv+"=1")
	for _, name := range []string{"REALDID_HOME", "REALDID_PASSPHRASE", "GORACE", shiftEnv} {
		s.cmd.Env = append(s.cmd.Env, name+"="+ts.Getenv(name))
	}
	guard, err := s.cmd.StdinPipe()
	ts.Check(err)
	s.guard = guard
	out, err := s.cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(s.cmd.Start())
	ready := make(chan serviceJSON, 1)
	go func() {
		var r serviceJSON
		_ = json.NewDecoder(out).Decode(&r)
		ready <- r
		_, _ = io.Copy(io.Discard, out)
		_ = s.cmd.Wait()
		close(s.ended)
	}()
	ts.Defer(func() { s.kill() })
	r := <-ready
	if r.URL == "" {
		<-s.ended
		ts.Fatalf("serve %s: %v\n%s", strings.Join(args[1:], " "), s.cmd.ProcessState, s.errs.String())
	}
	townOf(ts).servers[args[0]] = s
	ts.Setenv(args[0], r.URL)
}

func (s *townServer) kill() {
	_ = s.cmd.Process.Kill()
	<-s.ended
	s.guard.Close()
}

func scriptStop(ts *testscript.TestScript, _ bool, args []string) {
	s := townOf(ts).servers[args[0]]
	ts.Check(s.cmd.Process.Signal(syscall.SIGTERM))
	<-s.ended
	if got := s.cmd.ProcessState.ExitCode(); got != statusDone {
		ts.Fatalf("exit status %d\n%s", got, s.errs.String())
	}
}

func scriptServerNames(ts *testscript.TestScript, _ bool, args []string) {
	log := townOf(ts).servers[args[0]].errs.String()
	if !strings.Contains(log, `"route"`) {
		ts.Fatalf("the log is empty\n%s", log)
	}
	for _, text := range args[1:] {
		if strings.Contains(log, text) {
			ts.Fatalf("the log has %q\n%s", text, log)
		}
	}
}

func scriptTap(ts *testscript.TestScript, _ bool, args []string) {
	all := townOf(ts)
	p := all.taps[args[0]]
	if p == nil {
		p = &tap{seen: map[string][]byte{}, says: map[string]said{}}
		p.Server = httptest.NewServer(p)
		ts.Defer(p.Close)
		all.taps[args[0]] = p
		ts.Setenv(args[0], p.URL)
	}
	if len(args) > 1 {
		u, err := url.Parse(args[1])
		ts.Check(err)
		p.mu.Lock()
		p.to = httputil.NewSingleHostReverseProxy(u)
		p.mu.Unlock()
	}
}

func scriptTapped(ts *testscript.TestScript, neg bool, args []string) {
	p := townOf(ts).taps[args[0]]
	p.mu.Lock()
	b, ok := p.seen[args[1]]
	p.mu.Unlock()
	if ok == neg {
		ts.Fatalf("%s: something came: %v", args[1], ok)
	}
	if ok {
		ts.Check(os.WriteFile(ts.MkAbs(args[2]), b, 0o600))
	}
}

func scriptAnswer(ts *testscript.TestScript, _ bool, args []string) {
	p := townOf(ts).taps[args[0]]
	status, err := strconv.Atoi(args[2])
	ts.Check(err)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.says[args[1]] = said{status, []byte(ts.ReadFile(args[3]))}
}

func scriptFetch(ts *testscript.TestScript, _ bool, args []string) {
	res, err := http.Get(args[0])
	ts.Check(err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), b, 0o600))
}

func scriptPost(ts *testscript.TestScript, _ bool, args []string) {
	res, err := http.Post(args[1], "application/json", strings.NewReader(ts.ReadFile(args[2])))
	ts.Check(err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	ts.Check(err)
	if fmt.Sprint(res.StatusCode) != args[0] {
		ts.Fatalf("got status %d, want %s\n%s", res.StatusCode, args[0], b)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[2]+".answer"), b, 0o600))
}

func scriptPosted(ts *testscript.TestScript, neg bool, args []string) {
	if b := ts.ReadFile(args[0] + ".answer"); strings.Contains(b, args[1]) == neg {
		ts.Fatalf("the answer is\n%s", b)
	}
}

func scriptEdit(ts *testscript.TestScript, _ bool, args []string) {
	b := ts.ReadFile(args[0])
	if !strings.Contains(b, args[1]) {
		ts.Fatalf("%s does not have %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.ReplaceAll(b, args[1], args[2])), 0o600))
}
