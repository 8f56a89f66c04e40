package main

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestKill kills rotations at random instants. Whatever was under way, afterwards the identity answers, its daily keys sign, and the next
// rotation succeeds: keys are on disk before the ledger hears of them, and are deleted only after it has answered.
func TestKill(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	dir := t.TempDir()
	env := append(os.Environ(), "REALDID_HOME="+filepath.Join(dir, "home"), "REALDID_PASSPHRASE=correct horse")
	command := func(args ...string) *exec.Cmd {
		c := exec.CommandContext(context.Background(), "realdid", args...)
		c.Env = env
		return c
	}
	run := func(args ...string) string {
		t.Helper()
		out, err := command(args...).CombinedOutput()
		if err != nil {
			t.Fatalf("realdid %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	run("did", "create", "--as", "alice")
	begun := time.Now()
	run("did", "rotate", "--new-assertion", "--new-authentication")
	whole := time.Since(begun)
	killed, rounds := 0, 12
	for i := range rounds {
		c := command("did", "rotate", "--new-assertion", "--new-authentication")
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(time.Duration(rand.Int64N(int64(whole)*6/5)), func() { _ = c.Process.Kill() })
		if c.Wait() != nil {
			killed++
		}
		timer.Stop()
		run("did", "resolve")
		run("did", "update", "--add-also-known-as", "https://alice.example/"+strings.Repeat("x", i+1))
		issue := command("vc", "issue", "--type", "t", "--claims", "-", "--holder", "alice")
		issue.Stdin = bytes.NewReader([]byte(`{"a":1}`))
		if out, err := issue.Output(); err != nil || len(out) == 0 {
			t.Fatalf("round %d: vc issue: %v", i, err)
		}
	}
	t.Logf("killed %d of %d", killed, rounds)
	run("did", "rotate")
	run("did", "audit")
}
