package matrix

import (
	"flag"
	"fmt"
	"os"
	"testing"
)

// Main is the TestMain of a folder that records rows: it runs the tests, and then fails if the folder's rows.json is not what they saw.
// With -update it writes the file instead. Rows of tests that were skipped, or not asked for by -run, are left as they stand; with
// REALDID_INTEROP=1 a skipped one is a failure.
func Main(m *testing.M) {
	update := flag.Bool("update", false, "write what was seen to "+File)
	flag.Parse()
	code := m.Run()
	if code == 0 {
		for _, err := range process.settle(File, whole(), *update) {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
		if code != 0 {
			fmt.Fprintln(os.Stderr, "matrix: if what was seen is right, go test . -update writes it")
		}
	}
	os.Exit(code)
}

// whole tells whether all tests were asked for.
func whole() bool {
	for _, name := range []string{"test.run", "test.skip", "test.list", "test.fuzz"} {
		if f := flag.Lookup(name); f != nil && f.Value.String() != "" {
			return false
		}
	}
	return true
}
