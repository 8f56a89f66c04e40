package nodepeer_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/realdid/realdid/internal/nodepeer"
)

func TestAsk(t *testing.T) {
	dir := t.TempDir()
	script := `import readline from "node:readline";
readline.createInterface({ input: process.stdin }).on("line", l => console.log(JSON.stringify({ twice: 2 * JSON.parse(l).n })));`
	if err := os.WriteFile(filepath.Join(dir, "peer.mjs"), []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	p := nodepeer.Start(t, dir, "")
	for n := range 3 {
		var got struct{ Twice int }
		if p.Ask(t, map[string]int{"n": n}, &got); got.Twice != 2*n {
			t.Errorf("got %d, want %d", got.Twice, 2*n)
		}
	}
}

// TestMissing: without the package a test is skipped by name, and fails where it is required.
func TestMissing(t *testing.T) {
	for required, skipped := range map[string]bool{"": true, "1": false} {
		t.Setenv("REALDID_INTEROP", required)
		r := &recorder{TB: t}
		func() {
			defer func() { _ = recover() }()
			nodepeer.Start(r, t.TempDir(), "nobody-has-this")
		}()
		if r.skipped != skipped || r.failed == skipped {
			t.Errorf("REALDID_INTEROP=%q: skipped %v, failed %v", required, r.skipped, r.failed)
		}
	}
}

type recorder struct {
	testing.TB
	skipped, failed bool
}

func (r *recorder) Helper() {}

func (r *recorder) Skipf(string, ...any) {
	r.skipped = true
	panic("ended")
}

func (r *recorder) Fatalf(string, ...any) {
	r.failed = true
	panic("ended")
}
