package killtest_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/internal/killtest"
)

func TestMain(m *testing.M) {
	killtest.Main(m, killtest.Roles{
		"counter": func(dir string, out io.Writer) error {
			if _, err := os.Stat(dir); err != nil {
				return err
			}
			for n := 0; ; n++ {
				fmt.Fprintln(out, n)
			}
		},
		"failing": func(string, io.Writer) error { return errors.New("nothing works") },
	})
}

// TestRun: the lines are those of the child, in order, without gaps.
func TestRun(t *testing.T) {
	if lines := killtest.Run(t, "counter", t.TempDir(), 0, time.Millisecond); len(lines) == 0 {
		t.Error("no line came before the kill")
	} else {
		for i, line := range lines {
			if line != fmt.Sprint(i) {
				t.Fatalf("line %d: got %q", i, line)
			}
		}
	}
}

// TestRunFails: a child that was not killed fails the test.
func TestRunFails(t *testing.T) {
	for role, want := range map[string]string{"failing": "nothing works", "missing": "no role"} {
		r := &recorder{TB: t}
		func() {
			defer func() { _ = recover() }()
			killtest.Run(r, role, t.TempDir(), 0, time.Minute)
		}()
		if !strings.Contains(r.said, want) {
			t.Errorf("%s: got %q, want %q", role, r.said, want)
		}
	}
}

func TestKills(t *testing.T) {
	t.Setenv("REALDID_KILLS", "")
	if got := killtest.Kills(7); got != 7 {
		t.Errorf("got %d, want 7", got)
	}
	t.Setenv("REALDID_KILLS", "3")
	if got := killtest.Kills(7); got != 3 {
		t.Errorf("got %d, want 3", got)
	}
}

type recorder struct {
	testing.TB
	said string
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.said = fmt.Sprintf(format, args...)
	panic("ended")
}
