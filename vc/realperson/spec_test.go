package realperson

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestSpecNamesTests compares the tests that SPEC.md names with those that there are.
func TestSpecNamesTests(t *testing.T) {
	spec, err := os.ReadFile("SPEC.md")
	fatal(t, err)
	files, err := filepath.Glob("*_test.go")
	fatal(t, err)
	var code strings.Builder
	for _, f := range files {
		b, err := os.ReadFile(f)
		fatal(t, err)
		code.Write(b)
	}
	named := regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9]+)`").FindAllStringSubmatch(string(spec), -1)
	if len(named) == 0 {
		t.Fatal("SPEC.md names no test")
	}
	for _, m := range named {
		if !strings.Contains(code.String(), "\nfunc "+m[1]+"(") {
			t.Errorf("SPEC.md names %s, which does not exist", m[1])
		}
	}
	for _, requirement := range []string{"PA_12", "PA_13", "PA_14", "PA_15", "PA_16", "PA_17", "PA_18", "PA_19", "PA_20", "PA_21", "PA_22", "PA_23", "PA_24", "PA_25", "PA_26", "PA_27", "PA_28", "PA_29", "PA_30", "PA_31"} {
		if !strings.Contains(string(spec), requirement) {
			t.Errorf("SPEC.md says nothing of %s", requirement)
		}
	}
}
