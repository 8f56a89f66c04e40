package importrule

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestNestedModules holds the packages of nested modules to the same table. It reads their sources, because asking go for them would
// fetch all that they need.
func TestNestedModules(t *testing.T) {
	top := root(t)
	modules := 0
	err := filepath.WalkDir(top, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if n := d.Name(); n == ".git" || n == "node_modules" || n == "testdata" {
				return fs.SkipDir
			}
			return nil
		}
		rel, err := filepath.Rel(top, file)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if path.Base(rel) == "go.mod" && rel != "go.mod" {
			modules++
		}
		if !strings.HasSuffix(rel, ".go") || strings.HasSuffix(rel, "_test.go") || !nested(top, path.Dir(rel)) {
			return nil
		}
		src, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		var imports []string
		for _, i := range src.Imports {
			name, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			imports = append(imports, name)
		}
		for _, f := range faults(path.Dir(rel), imports) {
			t.Errorf("%s: %s", path.Base(rel), f)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if modules == 0 {
		t.Error("found no nested module")
	}
}

// nested tells whether the folder belongs to a module below the root's.
func nested(top, dir string) bool {
	for ; dir != "."; dir = path.Dir(dir) {
		if _, err := os.Stat(filepath.Join(top, filepath.FromSlash(dir), "go.mod")); err == nil {
			return true
		}
	}
	return false
}
