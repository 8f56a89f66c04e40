// Package killtest runs a test binary once more as a child that works on a directory, and kills it at random instants: for tests of what is
// left then.
package killtest

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	roleEnv = "REALDID_CHILD_ROLE"
	dirEnv  = "REALDID_CHILD_DIR"
)

// Roles are what a child may be, by name. A role works on dir, and writes a line to out for what has to be there after a kill.
// It returns nothing but errors: whoever started it waits for its end by killing.
type Roles map[string]func(dir string, out io.Writer) error

// Main is TestMain of a package whose tests start children: it runs the role that the process was started for, or the tests.
func Main(m *testing.M, roles Roles) {
	name := os.Getenv(roleEnv)
	if name == "" {
		os.Exit(m.Run())
	}
	role, ok := roles[name]
	err := fmt.Errorf("no role %q", name)
	if ok {
		err = role(os.Getenv(dirEnv), os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "child:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// Kills is how often a test kills: REALDID_KILLS, or n.
func Kills(n int) int {
	if k, err := strconv.Atoi(os.Getenv("REALDID_KILLS")); err == nil {
		return k
	}
	return n
}

// Command returns a child that is not started.
func Command(t testing.TB, role, dir string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), roleEnv+"="+role, dirEnv+"="+dir)
	return cmd
}

// Run starts a child, kills it, and returns the lines that it wrote in full. A third of the kills, if early is not 0, comes within that time of the
// start, the others within late of the first line. A child that ends otherwise fails the test.
func Run(t testing.TB, role, dir string, early, late time.Duration) (lines []string) {
	t.Helper()
	cmd := Command(t, role, dir)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill := func() { _ = cmd.Process.Kill() }
	soon := early > 0 && rand.IntN(3) == 0
	if soon {
		time.AfterFunc(rand.N(early), kill)
	}
	for in := bufio.NewReader(out); ; {
		line, err := in.ReadString('\n')
		if err != nil {
			break // a line without its end was not written in full
		}
		if len(lines) == 0 && !soon {
			time.AfterFunc(rand.N(late), kill)
		}
		lines = append(lines, strings.TrimSpace(line))
	}
	if err := cmd.Wait(); err == nil || cmd.ProcessState.Exited() && stderr.Len() > 0 {
		t.Fatalf("the child was not killed: %v; it says %q", err, &stderr)
	}
	return lines
}
