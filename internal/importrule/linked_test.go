package importrule

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What a program may cost that embeds the method, the durable ledger, the resolver and SD-JWT credentials.
const (
	maxLinkedModules = 14 // 12 and what proofs need: post-quantum cosignatures
	maxStrippedBytes = 8_000_000
)

// TestLinkedModules counts the third-party modules that such a program links.
func TestLinkedModules(t *testing.T) {
	touchSources(t)
	args := []string{
		"list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}",
		module + "/did/realdid", module + "/did/ledger/boltledger", module + "/resolver", module + "/resolver/didkey",
		module + "/resolver/didjwk", module + "/vc/sdjwt", module + "/examples/embed",
	}
	for _, system := range []string{"linux/amd64", "darwin/arm64", "windows/amd64"} {
		cmd := exec.Command("go", args...)
		goos, goarch, _ := strings.Cut(system, "/")
		cmd.Dir, cmd.Env = root(t), append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch, "CGO_ENABLED=0")
		out, err := cmd.Output() // fails if one of the packages is missing
		if err != nil {
			t.Fatalf("go list: %v", err)
		}
		modules := strings.Fields(string(out))
		slices.Sort(modules)
		modules = slices.DeleteFunc(slices.Compact(modules), func(m string) bool { return m == module })
		if len(modules) > maxLinkedModules {
			t.Errorf("%s: got %d modules, want at most %d: %s", system, len(modules), maxLinkedModules, strings.Join(modules, ", "))
		}
		t.Logf("%s: %d modules: %s", system, len(modules), strings.Join(modules, ", "))
	}
}

// TestStrippedSize builds examples/embed without symbols, runs it once, and looks at its size.
func TestStrippedSize(t *testing.T) {
	touchSources(t)
	program := filepath.Join(t.TempDir(), "embed.exe")
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", program, "./examples/embed")
	build.Dir, build.Env = root(t), append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	out, err := exec.Command(program).CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "true" {
		t.Errorf("the program printed %q and ended with %v, want true and no error", out, err)
	}
	st, err := os.Stat(program)
	if err != nil {
		t.Fatal(err)
	}
	if st.Size() >= maxStrippedBytes {
		t.Errorf("got %d bytes, want under %d", st.Size(), maxStrippedBytes)
	}
	t.Logf("%d bytes", st.Size())
}
