package vectortest

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Peer is another implementation in a node process: peer.mjs in a folder with its packages.
type Peer struct {
	in  io.Writer
	out *bufio.Scanner
}

// Answer is what a Peer says.
type Answer struct {
	Token   string         `json:"token"`
	Payload map[string]any `json:"payload"`
	Header  map[string]any `json:"header"`
	Error   string         `json:"error"`
}

// NewPeer starts node on peer.mjs in dir, or skips where node or the npm package is missing; with REALDID_INTEROP=1 that is a failure.
func NewPeer(t *testing.T, dir, packageName string) *Peer {
	t.Helper()
	missing := t.Skipf
	if os.Getenv("REALDID_INTEROP") == "1" {
		missing = t.Fatalf
	}
	node, err := exec.LookPath("node")
	if err != nil {
		missing("node is not installed")
	}
	if _, err := os.Stat(filepath.Join(dir, "node_modules", packageName)); err != nil {
		missing("run npm install in %s", dir)
	}
	cmd := exec.Command(node, filepath.Join(dir, "peer.mjs"))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
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
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("node: %v", err)
		}
	})
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 8<<20)
	return &Peer{in, lines}
}

// Try sends a request and returns the answer, which may be an error.
func (p *Peer) Try(t *testing.T, request map[string]any) Answer {
	t.Helper()
	b, err := json.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.in.Write(append(b, '\n')); err != nil {
		t.Fatal(err)
	}
	if !p.out.Scan() {
		t.Fatalf("no answer: %v", p.out.Err())
	}
	var a Answer
	if err := json.Unmarshal(p.out.Bytes(), &a); err != nil {
		t.Fatal(err)
	}
	return a
}

// Ask is Try for a request that must succeed.
func (p *Peer) Ask(t *testing.T, request map[string]any) Answer {
	t.Helper()
	a := p.Try(t, request)
	if a.Error != "" {
		t.Fatalf("%v: %s", request["op"], a.Error)
	}
	return a
}

// SameJSON compares two values by their JSON, whatever their Go types.
func SameJSON(t *testing.T, a, b any) bool {
	t.Helper()
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	if errX != nil || errY != nil {
		t.Fatal(errX, errY)
	}
	var u, v any
	if json.Unmarshal(x, &u) != nil || json.Unmarshal(y, &v) != nil {
		return false
	}
	x, _ = json.Marshal(u) // members in one order, numbers in one form
	y, _ = json.Marshal(v)
	return string(x) == string(y)
}
