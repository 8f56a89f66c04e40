// Package nodepeer talks with implementations of others that run in Node, for tests: a script that reads one JSON value a line and
// answers each with one line.
package nodepeer

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// MaxAnswer is the longest answer in bytes.
const MaxAnswer = 64 << 20

// Peer is a script in a process of its own, for one goroutine at a time.
type Peer struct {
	in  io.Writer
	out *bufio.Scanner
}

// Required tells whether a missing Node or package is a failure rather than a reason to skip: REALDID_INTEROP=1.
func Required() bool { return os.Getenv("REALDID_INTEROP") == "1" }

// Node returns the path of node, if packageName is installed in the folder that has the package.json; "" asks for no package. Otherwise
// the test is skipped, or fails if Node is Required.
func Node(t testing.TB, folder, packageName string) string {
	t.Helper()
	missing := t.Skipf
	if Required() {
		missing = t.Fatalf
	}
	node, err := exec.LookPath("node")
	if err != nil {
		missing("node is not installed")
	}
	if packageName != "" {
		if _, err := os.Stat(filepath.Join(folder, "node_modules", filepath.FromSlash(packageName))); err != nil {
			missing("%s is not there: run npm install in %s", packageName, folder)
		}
	}
	return node
}

// Start runs peer.mjs in a folder whose package.json names packageName, until the test ends. It skips or fails as Node does.
func Start(t testing.TB, folder, packageName string) *Peer {
	t.Helper()
	return Run(t, Node(t, folder, packageName), filepath.Join(folder, "peer.mjs"))
}

// Run runs a script with the Node at that path, until the test ends.
func Run(t testing.TB, node, script string) *Peer {
	t.Helper()
	cmd := exec.Command(node, script)
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
			t.Errorf("%s: %v", script, err)
		}
	})
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, MaxAnswer)
	return &Peer{in, lines}
}

// Ask sends a request and reads the answer into answer, both as JSON.
func (p *Peer) Ask(t testing.TB, request, answer any) {
	t.Helper()
	if err := json.Unmarshal(p.Line(t, request), answer); err != nil {
		t.Fatal(err)
	}
}

// Line sends a request as JSON and returns the answer, which is good until the next.
func (p *Peer) Line(t testing.TB, request any) []byte {
	t.Helper()
	b, err := json.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.in.Write(append(b, '\n')); err != nil {
		t.Fatal(err)
	}
	if !p.out.Scan() {
		t.Fatalf("node ended: %v", p.out.Err())
	}
	return p.out.Bytes()
}
