package vectors_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/realdid/realdid/internal/nodepeer"
	"github.com/realdid/realdid/internal/vectors"
)

// TestRunner runs the implementation for Node in testdata/runner, which was written from the specifications alone, on all vectors of the
// method. What it prints must be the counts of the index.
func TestRunner(t *testing.T) {
	root := vectors.Root(t)
	out, code := runRunner(t, root)
	if code != 0 {
		t.Fatalf("the runner ends with %d:\n%s", code, out)
	}
	want := listed(t, root)
	var got int
	for _, m := range regexp.MustCompile(`(?m)^(\S+\.json): (.*)$`).FindAllStringSubmatch(out, -1) {
		f, text := m[1], m[2]
		if n, err := strconv.Atoi(text); err != nil && text != "not checked" || err == nil && (n == 0 || n != want[f]) {
			t.Errorf("%s: got %s, want %d", f, text, want[f])
		} else if err == nil {
			got += n
		}
		delete(want, f)
	}
	if len(want) > 0 || got < 1000 {
		t.Errorf("%d vectors checked; not mentioned: %v", got, want)
	}
}

// TestRunnerFails shows that the runner reports what it has to: each case alters a copy of the vectors.
func TestRunnerFails(t *testing.T) {
	for _, c := range []struct{ name, file, old, new, want string }{
		{"another head record", "realdid/histories.json", `"head": "a7`, `"head": "a8`, "life: head record after step 0"},
		{"another scid", "realdid/identifiers.json", `"scid": "71`, `"scid": "72`, "identifiers.json: "},
		{"a refusal that is due to nothing", "realdid/malformed.json", "", "", "33-signatures: accepted"},
		{"another class of error", "realdid/bad-imports.json", `"kind": "invalid"`, `"kind": "unchecked"`, "a-new-state-under-an-old-proof"},
		{"another code", "realdid/bad-bundles.json", `"code": "INTERNAL_ERROR"`, `"code": "NOT_FOUND"`, "no trust in the ledger"},
		{"another root of the map", "proof/map.json", `"root": "00`, `"root": "01`, "empty map"},
		{"another time of a proof", "proof/latest.json", `"asOf": "2026-03-01T11:59:30Z"`, `"asOf": "2026-03-01T11:59:31Z"`, "empty ledger"},
		{"a vector twice", "proof/bad-map.json", "twice", "", "present-in-the-place-of-another: the same as present-with-another-head"},
		{"a member that nothing reads", "did/dids.json", `"method": "example"`, `"method": "example", "scheme": "did"`, "did/dids.json: nothing here reads scheme"},
		{"another seed", "proof/cosignatures.json", `"seed": "28`, `"seed": "29`, "cosignatures.json: "},
		{"a URL that is said to name no key", "did/urls.json", `"key": true`, `"key": false`, "urls.json: "},
		{"an error that is said to be an answer", "realdid/moved-bundles.json", `"valid": false`, `"valid": true`, "moved-bundles.json: "},
		{"a vector less", "proof/bad-map.json", "cut", "", "19 of kind proof.bad-map; the index has 20"},
		{"a file that is gone", "did/dids.json", "gone", "", "did/dids.json"},
		{"a file that nobody checks", "index.json", `"did/dids.json"`, `"did/others.json"`, "did/others.json: nothing here checks it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := copyVectors(t)
			alter(t, dir, c.file, c.old, c.new)
			files := []string{c.file}
			if c.file == "index.json" {
				files = []string{"did/others.json"}
			}
			out, code := runRunner(t, dir, files...)
			if code != 1 || !strings.Contains(out, "DIFFERS ") || !strings.Contains(out, c.want) {
				t.Errorf("got %d and %s, want 1 and %q", code, out, c.want)
			}
		})
	}
}

// runRunner returns what the runner prints for a folder of vectors, and its exit status.
func runRunner(t *testing.T, dir string, files ...string) (string, int) {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		if nodepeer.Required() || os.Getenv("CI") == "true" {
			t.Fatal("node is not installed")
		}
		t.Skip("node is not installed: testdata/runner does not run")
	}
	cmd := exec.Command(node, append([]string{filepath.Join(vectors.Root(t), "runner", "run.mjs"), dir}, files...)...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), cmd.ProcessState.ExitCode()
}

// listed returns the counts of the index for the topics that the runner knows.
func listed(t *testing.T, root string) map[string]int {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, "index.json"))
	if err != nil {
		t.Fatal(err)
	}
	var index struct {
		Files []struct {
			File  string
			Count int
		}
	}
	if err := json.Unmarshal(b, &index); err != nil {
		t.Fatal(err)
	}
	out := map[string]int{}
	for _, f := range index.Files {
		if topic, _, _ := strings.Cut(f.File, "/"); topic == "did" || topic == "realdid" || topic == "proof" {
			out[f.File] = f.Count
		}
	}
	return out
}

func copyVectors(t *testing.T) string {
	t.Helper()
	dir, root := t.TempDir(), vectors.Root(t)
	for _, topic := range []string{"did", "realdid", "proof"} {
		if err := os.CopyFS(filepath.Join(dir, topic), os.DirFS(filepath.Join(root, topic))); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(filepath.Join(root, "index.json"))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "index.json"), b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// alter replaces the first occurrence of old in a file; "gone" removes the file, "cut" its first vector, "twice" puts the second in the
// place of the first, under its name, and no old makes that a valid operation.
func alter(t *testing.T, dir, file, old, replacement string) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(file))
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var altered []byte
	switch old {
	case "gone":
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		return
	case "", "cut", "twice":
		var f struct {
			Version int              `json:"version"`
			Kind    string           `json:"kind"`
			Vectors []map[string]any `json:"vectors"`
		}
		if err := json.Unmarshal(b, &f); err != nil {
			t.Fatal(err)
		}
		switch old {
		case "cut":
			f.Vectors = f.Vectors[1:]
		case "twice":
			name := f.Vectors[0]["name"]
			f.Vectors[0] = maps.Clone(f.Vectors[1])
			f.Vectors[0]["name"] = name
		default:
			f.Vectors[0]["operation"] = aCreate(t, dir)
		}
		if altered, err = json.Marshal(f); err != nil {
			t.Fatal(err)
		}
	default:
		altered = bytes.Replace(b, []byte(old), []byte(replacement), 1)
	}
	if bytes.Equal(altered, b) {
		t.Fatalf("%s has no %s", file, old)
	}
	if err := os.WriteFile(path, altered, 0o600); err != nil {
		t.Fatal(err)
	}
}

// aCreate returns a valid create operation, in hexadecimal.
func aCreate(t *testing.T, dir string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "realdid", "histories.json"))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`"operation": "([0-9a-f]+)"`).FindSubmatch(b)
	if m == nil {
		t.Fatal("histories.json has no operation")
	}
	return string(m[1])
}
