// Package repository tests what holds for the files of the repository, whatever they contain.
package repository

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// tracked returns the paths that git keeps, with slashes, relative to the root, and the root.
func tracked(t *testing.T) (string, []string) {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("git", "ls-files", "-z")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Skipf("no git work tree: %v", err)
	}
	var files []string
	for f := range strings.SplitSeq(string(out), "\x00") {
		if f == "" {
			continue
		}
		if _, err := os.Lstat(filepath.Join(root, f)); err == nil { // removed, and the removal not committed yet
			files = append(files, f)
		}
	}
	if len(files) == 0 {
		t.Skip("git keeps no file here")
	}
	return root, files
}

func read(t *testing.T, root, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file)))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var topLevel = regexp.MustCompile(`^(did|vc|resolver|keys|examples|testdata|internal|go\.mod|go\.sum|tools\.mod|tools\.sum|LICENSE|README\.md|CONTRIBUTING\.md|SECURITY\.md|CHANGELOG\.md|NEWS\.md|staticcheck\.conf|\..*)$`)

func TestTopLevel(t *testing.T) {
	_, files := tracked(t)
	for _, f := range files {
		if top, _, _ := strings.Cut(f, "/"); !topLevel.MatchString(top) {
			t.Errorf("%s: %s does not belong to the agreed top level", f, top)
		}
	}
}

// TestFileLength keeps every source file to one idea: 500 lines at most, tests aside.
func TestFileLength(t *testing.T) {
	root, files := tracked(t)
	for _, f := range files {
		if !strings.HasSuffix(f, ".go") || strings.HasSuffix(f, "_test.go") {
			continue
		}
		if n := bytes.Count(read(t, root, f), []byte("\n")); n > 500 {
			t.Errorf("%s: got %d lines, want at most 500", f, n)
		}
	}
}

// faultyText finds what must not stand in any text file: a path of one machine, and a registry's address in a lock file.
var faultyText = []struct {
	what string
	re   *regexp.Regexp
}{
	{"a path of one machine", regexp.MustCompile(`(?m)(^|[\x60'" (=])/(home|root|work|Users)/[a-z]`)},
	{"a registry's address", regexp.MustCompile(`"resolved": *"http`)},
}

func TestNoMachinePaths(t *testing.T) {
	root, files := tracked(t)
	for _, f := range files {
		b := read(t, root, f)
		if strings.HasSuffix(f, ".sum") || bytes.IndexByte(b[:min(len(b), 8000)], 0) >= 0 {
			continue
		}
		for _, bad := range faultyText {
			if at := bad.re.FindIndex(b); at != nil {
				t.Errorf("%s:%d: %s", f, 1+bytes.Count(b[:at[1]], []byte("\n")), bad.what)
			}
		}
	}
}

// TestNothingUnfinished refuses the marks of work left for later, in sources.
func TestNothingUnfinished(t *testing.T) {
	mark := regexp.MustCompile(`\b(` + strings.Join([]string{"TO" + "DO", "FIX" + "ME", "XX" + "X"}, "|") + `)\b`)
	root, files := tracked(t)
	for _, f := range files {
		if !strings.HasSuffix(f, ".go") {
			continue
		}
		b := read(t, root, f)
		if at := mark.FindIndex(b); at != nil {
			t.Errorf("%s:%d: got %s, want the thing itself or an entry where open work is kept", f, 1+bytes.Count(b[:at[1]], []byte("\n")), b[at[0]:at[1]])
		}
	}
}

// TestVectorFolders wants a line in testdata/README.md for every folder of vectors.
func TestVectorFolders(t *testing.T) {
	root, files := tracked(t)
	readme := string(read(t, root, "testdata/README.md"))
	missing := map[string]bool{}
	for _, f := range files {
		parts := strings.Split(f, "/")
		if parts[0] == "testdata" && len(parts) > 2 && !strings.Contains(readme, "| `"+parts[1]) && !missing[parts[1]] {
			missing[parts[1]] = true
			t.Errorf("testdata/README.md has no line for the folder %s", parts[1])
		}
	}
}

func TestFaultyText(t *testing.T) {
	for _, c := range []struct {
		text   string
		faulty bool
	}{
		{"see /" + "root/notes", true},
		{"dir := \"/" + "work/main\"", true},
		{"`/" + "home/me`", true},
		{"https://example.com/home/page", false},
		{"$HOME/keys", false},
		{`"resolved": ` + `"https://registry.example/x.tgz"`, true},
	} {
		got := false
		for _, bad := range faultyText {
			got = got || bad.re.MatchString(c.text)
		}
		if got != c.faulty {
			t.Errorf("%q: got faulty %v, want %v", c.text, got, c.faulty)
		}
	}
}
