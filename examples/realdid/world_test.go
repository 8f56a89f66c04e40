package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/realdid/realdid/keys/keyfile"
)

// A world is a trust domain whose servers run inside the test: a ledger, two witnesses and an auditor. Each has a front whose
// address is known before the server is there, as the descriptor needs it.
type world struct {
	dir, pass string
	fronts    map[string]*front
	cancel    context.CancelFunc
	servers   sync.WaitGroup
}

// A front passes requests on to a server, if there is one.
type front struct {
	*httptest.Server
	to atomic.Pointer[httputil.ReverseProxy]
}

// ServeHTTP implements http.Handler.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if p := f.to.Load(); p != nil {
		p.ServeHTTP(w, r)
		return
	}
	http.Error(w, "switched off", http.StatusServiceUnavailable)
}

var worldServers = []string{"witness-1", "witness-2", "auditor-1", logKeyName}

func newTestWorld(dir string, cleanup func(func())) (*world, error) {
	w := &world{dir: dir, pass: dir + ".pass", fronts: map[string]*front{}}
	for _, name := range worldServers {
		f := &front{}
		f.Server = httptest.NewServer(f)
		cleanup(f.Close)
		w.fronts[name] = f
	}
	cleanup(w.down)
	if err := os.WriteFile(w.pass, []byte("correct horse\n"), 0o600); err != nil {
		return nil, err
	}
	out, status := w.do(context.Background(), "domain", "new", "--dir", dir, "--ledger", w.fronts[logKeyName].URL,
		"--witness", w.fronts["witness-1"].URL, "--witness", w.fronts["witness-2"].URL, "--auditor", w.fronts["auditor-1"].URL)
	if status != 0 {
		return nil, fmt.Errorf("domain new: exit status %d: %s", status, out)
	}
	return w, nil
}

// app is the program with what it prints.
func (w *world) app(out, errs io.Writer) *app {
	a := newApp(nil, out, errs)
	a.cost = keyfile.Cost{Passes: 2, MemoryKiB: 19 << 10, Lanes: 1}
	return a
}

func (w *world) args(args []string) []string {
	return append(args, "--home", w.dir+".servers", "--passphrase-file", w.pass)
}

// do runs a verb to its end.
func (w *world) do(ctx context.Context, args ...string) (string, int) {
	r, wr := io.Pipe()
	var text []byte
	done := make(chan struct{})
	go func() { text, _ = io.ReadAll(r); close(done) }()
	status := w.app(wr, wr).run(ctx, w.args(args))
	wr.Close()
	<-done
	return string(text), status
}

// up starts the servers and returns when they answer.
func (w *world) up() error {
	ctx, cancel := context.WithCancel(context.Background())
	w.cancel = cancel
	for _, name := range worldServers {
		args := []string{"serve", "witness", "--as", name}
		switch name {
		case "auditor-1":
			args = []string{"serve", "mirror", "--as", name, "--audit", "--interval", "50ms"}
		case logKeyName:
			args = []string{"serve", "ledger", "--interval", "50ms", "--heartbeat", "1s", "--insecure-no-limits"}
		}
		url, err := w.start(ctx, append(args, "--domain", w.dir, "--addr", "127.0.0.1:0", "--json"))
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		w.fronts[name].to.Store(httputil.NewSingleHostReverseProxy(url))
	}
	return nil
}

func (w *world) start(ctx context.Context, args []string) (*url.URL, error) {
	r, wr := io.Pipe()
	var errs serverErrors
	w.servers.Go(func() {
		status := w.app(wr, &errs).run(ctx, w.args(args))
		wr.CloseWithError(fmt.Errorf("exit status %d: %s", status, errs.String()))
	})
	line, err := bufio.NewReader(r).ReadBytes('\n')
	if err != nil {
		return nil, err
	}
	var ready serviceJSON
	if err := json.Unmarshal(line, &ready); err != nil {
		return nil, err
	}
	return url.Parse(ready.URL)
}

// down switches everything off.
func (w *world) down() {
	if w.cancel == nil {
		return
	}
	for _, f := range w.fronts {
		f.to.Store(nil)
	}
	w.cancel()
	w.servers.Wait()
	w.cancel = nil
}

// A serverErrors is what a server says about itself.
type serverErrors struct {
	mu sync.Mutex
	b  []byte
}

// Write implements io.Writer.
func (l *serverErrors) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.b = append(l.b, p...)
	return len(p), nil
}

func (l *serverErrors) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.b)
}

// worlds are those of the scripts that run, by folder.
var worlds sync.Map

// TestWorld runs what a user would type in a trust domain whose servers run, and after they have been switched off. Beside the
// commands of TestScript there are:
//
//	world up|down DIR      starts the servers of a trust domain in DIR, which is made, or switches them off; sets LEDGER to the URL
//	flip FILE N            changes the Nth byte of a file, from the end if N is negative
//	fork DIR HOME FILE     everybody in the trust domain signs two histories, which the home sees; the evidence goes to FILE
func TestWorld(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/world", RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("REALDID_HOME", filepath.Join(env.WorkDir, "home"))
			env.Setenv("REALDID_PASSPHRASE", "correct horse")
			env.Setenv("NOBODY", "did:realdid:q"+strings.Repeat("a", 52))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status": scriptStatus, "json": scriptJSON, "setjson": scriptSetJSON, "mode": scriptMode, "nosecret": scriptNoSecret,
			"hold": scriptHold, "append": scriptAppend, "world": scriptWorld, "flip": scriptFlip, "fork": scriptFork,
		},
	})
}

// scriptWorld is the command "world".
func scriptWorld(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: world up|down dir")
	}
	dir := ts.MkAbs(args[1])
	found, ok := worlds.Load(dir)
	switch {
	case args[0] == "down" && ok:
		found.(*world).down()
		return
	case args[0] != "up":
		ts.Fatalf("world %s: not up", args[1])
	case !ok:
		w, err := newTestWorld(dir, ts.Defer)
		ts.Check(err)
		worlds.Store(dir, w)
		found = w
	}
	ts.Check(found.(*world).up())
	ts.Setenv("LEDGER", found.(*world).fronts[logKeyName].URL)
}

// scriptFlip is the command "flip".
func scriptFlip(ts *testscript.TestScript, neg bool, args []string) {
	var at int
	if neg || len(args) != 2 {
		ts.Fatalf("usage: flip file n")
	}
	_, err := fmt.Sscan(args[1], &at)
	ts.Check(err)
	b := []byte(ts.ReadFile(args[0]))
	if at < 0 {
		at += len(b)
	}
	b[at] ^= 1
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b, 0o600))
}
