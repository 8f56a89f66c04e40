package matrix

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/mod/modfile"
)

// ModuleVersion returns the version in which the tests link a module, from the nearest go.mod above the tests' folder: the build
// information of a test says nothing of it.
func ModuleVersion(t testing.TB, module string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	v, err := moduleVersion(dir, module)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func moduleVersion(dir, module string) (string, error) {
	path := filepath.Join(dir, "go.mod")
	b, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		if up := filepath.Dir(dir); up != dir {
			return moduleVersion(up, module)
		}
	}
	if err != nil {
		return "", fmt.Errorf("matrix: no go.mod: %w", err)
	}
	f, err := modfile.Parse("go.mod", b, nil)
	if err != nil {
		return "", fmt.Errorf("matrix: %w", err)
	}
	for _, r := range f.Replace {
		if r.Old.Path == module && r.New.Version != "" {
			return r.New.Version + " of " + r.New.Path, nil
		}
	}
	for _, r := range f.Require {
		if r.Mod.Path == module {
			return r.Mod.Version, nil
		}
	}
	return "", fmt.Errorf("matrix: go.mod does not require %s", module)
}

// PackageVersion returns the version that the package.json in a folder asks for of an npm package. It must be one version, no range.
func PackageVersion(t testing.TB, folder, name string) string {
	t.Helper()
	v, err := packageVersion(folder, name)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func packageVersion(folder, name string) (string, error) {
	b, err := os.ReadFile(filepath.Join(folder, "package.json"))
	if err != nil {
		return "", fmt.Errorf("matrix: %w", err)
	}
	var p struct{ Dependencies map[string]string }
	if err := json.Unmarshal(b, &p); err != nil {
		return "", fmt.Errorf("matrix: package.json: %w", err)
	}
	v := p.Dependencies[name]
	if v == "" || v[0] < '0' || v[0] > '9' {
		return "", fmt.Errorf("matrix: package.json asks for %q of %s, which is not one version", v, name)
	}
	return v, nil
}
