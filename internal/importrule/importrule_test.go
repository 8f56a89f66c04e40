// Package importrule holds the rule of which package may import which, and the tests that enforce it.
package importrule

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/realdid/realdid"

type listed struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

// matches reports whether a path relative to the module is matched by a pattern of the table.
func matches(pattern, path string) bool {
	if pattern == "..." || pattern == path {
		return true
	}
	prefix, below := strings.CutSuffix(pattern, "/...")
	return below && (path == prefix || strings.HasPrefix(path, prefix+"/"))
}

func ownFolder(pattern, path string) string {
	prefix := strings.TrimSuffix(pattern, "/...")
	first, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(path, prefix), "/"), "/")
	return prefix + "/" + first
}

// faults returns one line for each import that the tables do not allow. path is relative to the module, imports are full.
func faults(path string, imports []string) []string {
	i := slices.IndexFunc(table, func(r row) bool { return matches(r.pattern, path) })
	if i < 0 {
		return []string{path + " has no row in the import table: add one, with its reason"}
	}
	rule := table[i]
	var out []string
	for _, imp := range imports {
		if of, ours := strings.CutPrefix(imp, module+"/"); ours {
			allowed := matches("internal/...", of) || slices.ContainsFunc(rule.may, func(p string) bool {
				if p == own {
					p = ownFolder(rule.pattern, path) + "/..."
				}
				return matches(p, of)
			})
			if !allowed {
				out = append(out, fmt.Sprintf("%s imports %s: %s", path, of, rule.why))
			}
			continue
		}
		for _, t := range thirdParty {
			if matches(t.pattern+"/...", imp) && !slices.ContainsFunc(t.may, func(p string) bool { return matches(p, path) }) {
				out = append(out, fmt.Sprintf("%s imports %s: %s", path, imp, t.why))
			}
		}
	}
	return out
}

func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// list runs go list for one system over the packages, without their tests, which may import anything.
func list(t *testing.T, system string, packages ...string) []listed {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-e", "-json=ImportPath,Imports,Deps"}, packages...)...)
	cmd.Dir = root(t)
	if goos, goarch, ok := strings.Cut(system, "/"); ok {
		cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch, "CGO_ENABLED=0")
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var all []listed
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// touchSources looks at every source file, so that go test never answers from its cache after one of them changed.
func touchSources(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir(root(t), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == ".git" || d.Name() == "node_modules") {
			return fs.SkipDir
		}
		if filepath.Ext(path) == ".go" {
			_, err = os.Stat(path)
			if errors.Is(err, fs.ErrNotExist) { // removed since the folder was read
				return nil
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestImportTable(t *testing.T) {
	touchSources(t)
	for _, system := range []string{"", "windows/amd64", "js/wasm"} {
		packages := list(t, system, "./...")
		if len(packages) == 0 {
			t.Fatal("go list found no package")
		}
		for _, p := range packages {
			path, ok := strings.CutPrefix(p.ImportPath, module+"/")
			if !ok {
				t.Errorf("%s: the root of the module holds no package", p.ImportPath)
				continue
			}
			for _, f := range faults(path, p.Imports) {
				t.Errorf("%s %s", f, system)
			}
		}
	}
}

func TestOfflinePackagesLinkNoHTTP(t *testing.T) {
	touchSources(t)
	for _, p := range list(t, "", "./...") {
		path := strings.TrimPrefix(p.ImportPath, module+"/")
		if slices.ContainsFunc(offline, func(o string) bool { return matches(o, path) }) && slices.Contains(p.Deps, "net/http") {
			t.Errorf("%s links net/http, and what it does must need no network", path)
		}
	}
}

// TestFaults shows that the table refuses what it is there to refuse.
func TestFaults(t *testing.T) {
	for _, c := range []struct {
		path, imp string
		allowed   bool
	}{
		{"keys", "did", false},
		{"keys", "internal/strictjson", true},
		{"keys/keyfile", "keys", true},
		{"keys/keyfile", "did", false},
		{"keys/bbs", "keys", true},
		{"keys/bbs/blind", "keys/bbs", true},
		{"keys/keyfile", "keys/bbs", false},
		{"did", "keys", true},
		{"did", "did/ledger", false},
		{"did", "did/realdid", false},
		{"did/ledger", "did", false},
		{"did/ledger", "keys", false},
		{"did/ledger/proof", "did/ledger", false},
		{"did/ledger/boltledger", "did/ledger", true},
		{"did/ledger/boltledger", "did/realdid", false},
		{"did/ledger/boltledger", "did/ledger/memledger", false},
		{"did/ledger/boltledger/page", "did/ledger/boltledger", true},
		{"did/realdid", "did/ledger", true},
		{"did/realdid", "did/ledger/boltledger", false},
		{"did/realdid", "resolver", false},
		{"resolver", "did", true},
		{"resolver/didkey", "resolver", true},
		{"resolver/didkey", "did/realdid", false},
		{"resolver", "vc", false},
		{"vc", "did", true},
		{"vc", "resolver", false},
		{"vc", "vc/sdjwt", false},
		{"vc/sdjwt", "vc", true},
		{"vc/sdjwt", "vc/dataintegrity", false},
		{"vc/sdjwt", "resolver", false},
		{"vc/sdjwt/metadata", "vc/sdjwt", true},
		{"vc/bbs", "vc/dataintegrity/sd", true},
		{"vc/realperson", "did/realdid", true},
		{"examples/quickstart", "did/ledger/boltledger", true},
		{"did", "examples/quickstart", false},
		{"internal/strictjson", "keys", false},
		{"internal/strictjson", "internal/vectors", true},
		{"elsewhere", "keys", false},
	} {
		if got := faults(c.path, []string{"fmt", module + "/" + c.imp}); (len(got) == 0) != c.allowed {
			t.Errorf("%s importing %s: got %q, want allowed %v", c.path, c.imp, got, c.allowed)
		}
	}
	for _, c := range []struct {
		path, imp string
		allowed   bool
	}{
		{"did/ledger/boltledger", "go.etcd.io/bbolt", true},
		{"did/realdid", "go.etcd.io/bbolt", false},
		{"vc", "github.com/spf13/cobra", false},
		{"examples/realdid", "github.com/spf13/cobra", true},
		{"keys", "github.com/consensys/gnark-crypto/ecc/bls12-381", false},
		{"keys/bbs", "github.com/cloudflare/circl/ecc/bls12381", true},
	} {
		if got := faults(c.path, []string{c.imp}); (len(got) == 0) != c.allowed {
			t.Errorf("%s importing %s: got %q, want allowed %v", c.path, c.imp, got, c.allowed)
		}
	}
}
