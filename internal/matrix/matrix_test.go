package matrix

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// test is a testing.TB that ends when it is told.
type test struct {
	testing.TB
	cleanup         []func()
	skipped, failed bool
}

func (t *test) Helper()          {}
func (t *test) Cleanup(f func()) { t.cleanup = append(t.cleanup, f) }
func (t *test) Skipped() bool    { return t.skipped }
func (t *test) Failed() bool     { return t.failed }

func (t *test) end() {
	for _, f := range t.cleanup {
		f()
	}
}

func row(what string) Row {
	return Row{Peer: "theirs", Version: "v1", What: what, Direction: OursToTheirs}
}

// run records one row with some cases.
func run(s *seen, r Row, cases int) {
	t := &test{}
	rec := s.record(t, r)
	for range cases {
		rec.Case()
		rec.Tampered()
	}
	t.end()
}

func faults(t *testing.T, got []error, want ...string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %q, want %q", got, want)
	}
	for i := range want {
		if !strings.Contains(got[i].Error(), want[i]) {
			t.Errorf("got %q, want %q", got[i], want[i])
		}
	}
}

func TestSettle(t *testing.T) {
	t.Setenv("REALDID_INTEROP", "")
	path := filepath.Join(t.TempDir(), File)
	first := &seen{}
	run(first, row("b"), 2)
	run(first, row("a"), 3)
	faults(t, first.settle(path, true, false), "b, ours → theirs: was seen, and does not stand", "a, ours → theirs: was seen, and does not stand")
	faults(t, first.settle(path, true, true))
	faults(t, first.settle(path, true, false))
	rows, err := Read(path)
	if err != nil || len(rows) != 2 || rows[0].What != "a" || rows[0].Cases != 3 || rows[1].Tampered != 2 {
		t.Fatalf("got %v, %v", rows, err)
	}

	other := &seen{}
	run(other, row("a"), 4)
	faults(t, other.settle(path, false, false), "a, ours → theirs: the file has")
	faults(t, other.settle(path, true, false), "a, ours → theirs: the file has", "b, ours → theirs: stands in the file, and no test recorded it")
	faults(t, other.settle(path, false, true))
	if rows, _ = Read(path); len(rows) != 2 || rows[0].Cases != 4 {
		t.Errorf("after a part was updated: got %v", rows)
	}
	faults(t, other.settle(path, true, true))
	if rows, _ = Read(path); len(rows) != 1 {
		t.Errorf("after the whole was updated: got %v", rows)
	}
}

// TestNotSeen: a row whose test was skipped stays, unless it is required; one whose test failed is not recorded.
func TestNotSeen(t *testing.T) {
	path := filepath.Join(t.TempDir(), File)
	before := &seen{}
	run(before, row("a"), 1)
	faults(t, before.settle(path, true, true))

	s, skipping := &seen{}, &test{skipped: true}
	s.record(skipping, row("a"))
	skipping.end()
	t.Setenv("REALDID_INTEROP", "")
	faults(t, s.settle(path, true, false))
	faults(t, s.settle(path, true, true))
	t.Setenv("REALDID_INTEROP", "1")
	faults(t, s.settle(path, true, false), "was skipped, and is required")

	s, failing := &seen{}, &test{failed: true}
	s.record(failing, row("a")).Case()
	failing.end()
	if len(s.rows) != 0 {
		t.Errorf("got %v of a test that failed", s.rows)
	}
}

func TestRowFaults(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Row)
		cases  int
		want   string
	}{
		"no case":         {func(*Row) {}, 0, "no case was counted"},
		"no version":      {func(r *Row) { r.Version = "" }, 1, "missing"},
		"direction":       {func(r *Row) { r.Direction = "sideways" }, 1, "no such direction"},
		"nobody is right": {func(r *Row) { r.Differ = "they differ" }, 1, "without who is right"},
		"refused":         {func(r *Row) { r.Direction = RefusedByUs }, 1, "not said why"},
	} {
		t.Run(name, func(t *testing.T) {
			s, r := &seen{}, row("a")
			c.change(&r)
			run(s, r, c.cases)
			path := filepath.Join(t.TempDir(), File)
			got := s.settle(path, true, true)
			if len(got) == 0 || !strings.Contains(got[0].Error(), c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if _, err := os.Stat(path); err == nil {
				t.Error("a faulty row was written")
			}
		})
	}
	s := &seen{}
	run(s, row("a"), 1)
	run(s, row("a"), 1)
	if got := s.settle(filepath.Join(t.TempDir(), File), true, true); len(got) == 0 || !strings.Contains(got[0].Error(), "recorded twice") {
		t.Errorf("got %q", got)
	}
}

func TestMarkdown(t *testing.T) {
	rows := []Row{
		{Peer: "one", Version: "v1", What: "a|b", Direction: OursToTheirs, Cases: 12, Tampered: 3},
		{Peer: "one", Version: "v1", What: "c", Direction: RefusedByUs, Cases: 1, Differ: "It is old.", Right: "us, RFC 1, section 2."},
		{Peer: "two", Version: "v2", What: "a", Direction: TheirsToOurs, Cases: 5},
	}
	want := `
## one

| what | version | direction | cases | changed, refused | differ |
|---|---|---|---:|---:|---|
| a\|b | v1 | ours → theirs | 12 | 3 |  |
| c | v1 | theirs → ours: refused | 1 |  | 1 |

1. It is old. *Who is right:* us, RFC 1, section 2.

## two

| what | version | direction | cases | changed, refused | differ |
|---|---|---|---:|---:|---|
| a | v2 | theirs → ours | 5 |  |  |
`
	if got := Markdown(rows); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestVersions(t *testing.T) {
	dir := t.TempDir()
	inner := filepath.Join(dir, "a", "b")
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(inner, 0o700); err != nil {
		t.Fatal(err)
	}
	write("go.mod", "module example.org/m\n\nrequire example.org/x v1.2.3\nrequire example.org/y v1.0.0\nreplace example.org/y => example.org/fork v1.0.1\n")
	write("package.json", `{"dependencies":{"exact":"1.2.3","range":"^1.2.3"}}`)
	for module, want := range map[string]string{"example.org/x": "v1.2.3", "example.org/y": "v1.0.1 of example.org/fork", "example.org/z": ""} {
		if got, err := moduleVersion(inner, module); got != want || (err == nil) != (want != "") {
			t.Errorf("%s: got %q, %v, want %q", module, got, err, want)
		}
	}
	for name, want := range map[string]string{"exact": "1.2.3", "range": "", "absent": ""} {
		if got, err := packageVersion(dir, name); got != want || (err == nil) != (want != "") {
			t.Errorf("%s: got %q, %v, want %q", name, got, err, want)
		}
	}
}
