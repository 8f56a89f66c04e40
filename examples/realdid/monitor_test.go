package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// TestMonitorGoesOn watches a ledger in a folder until it is told to end, while a thief has a copy of the keys.
func TestMonitorGoesOn(t *testing.T) {
	dir := t.TempDir()
	holder := &world{dir: filepath.Join(dir, "holder"), pass: filepath.Join(dir, "pass")}
	thief := &world{dir: filepath.Join(dir, "thief"), pass: holder.pass}
	if err := os.WriteFile(holder.pass, []byte("correct horse\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ledger := filepath.Join(dir, "ledger")
	must := func(w *world, args ...string) {
		t.Helper()
		if out, status := w.do(t.Context(), append(args, "--ledger", ledger)...); status != 0 {
			t.Fatalf("%v: exit status %d\n%s", args, status, out)
		}
	}
	must(holder, "did", "create", "--as", "alice")
	for _, name := range []string{"alice.key", "alice.json"} {
		b, err := os.ReadFile(filepath.Join(home(holder.dir+".servers").keys(), name))
		if err == nil {
			keys := home(thief.dir + ".servers").keys()
			err = os.MkdirAll(keys, 0o700)
			if err == nil {
				err = os.WriteFile(filepath.Join(keys, name), b, 0o600)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	r, wr := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan int, 1)
	go func() {
		status := holder.app(wr, &serverErrors{}).run(ctx, holder.args([]string{"log", "monitor", "alice", "--json", "--interval", "20ms", "--ledger", ledger}))
		wr.Close()
		ended <- status
	}()
	must(holder, "did", "update", "--as", "alice", "--add-also-known-as", "https://alice.example/")
	must(thief, "did", "update", "--as", "alice", "--add-also-known-as", "https://thief.example/")
	lines := bufio.NewScanner(r)
	for {
		if !lines.Scan() {
			t.Fatalf("the thief's change was not told: exit status %d", <-ended)
		}
		var e monitorEventJSON
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		if e.Event == "unchecked" { // the ledger was in use for longer than it waits
			continue
		}
		if e.Event != "change" || e.Name != "alice" || *e.Sequence != 2 {
			t.Errorf("got %s, want the change of number 2", lines.Bytes())
		}
		break
	}
	go func() { _, _ = io.Copy(io.Discard, r) }()
	cancel()
	if status := <-ended; status != 0 {
		t.Errorf("exit status: got %d, want 0", status)
	}
}
