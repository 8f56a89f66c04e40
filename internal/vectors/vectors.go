// Package vectors finds the official test vectors that tests read, and reads and writes this repository's own. The official ones
// are kept outside the repository, because they belong to their publishers.
package vectors

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Dir returns the folder of one topic ("wycheproof", "sd-jwt", …) below $REALDID_VECTORS, or below shared/vectors beside
// the repository. Without that folder the test is skipped under the topic's name; with REALDID_VECTORS_REQUIRED=1 it fails.
func Dir(tb testing.TB, topic string) string {
	tb.Helper()
	root := os.Getenv("REALDID_VECTORS")
	if root == "" {
		_, file, _, ok := runtime.Caller(0)
		if !ok {
			tb.Fatal("vectors: the source path of this package is unknown; set REALDID_VECTORS")
		}
		root = filepath.Join(filepath.Dir(file), "..", "..", "..", "shared", "vectors")
	}
	dir := filepath.Join(root, topic)
	if st, err := os.Stat(dir); err != nil || !st.IsDir() {
		if os.Getenv("REALDID_VECTORS_REQUIRED") == "1" {
			tb.Fatalf("vectors: no folder for %s, and REALDID_VECTORS_REQUIRED is set", topic)
		}
		tb.Skipf("vectors: no folder for %s (set REALDID_VECTORS)", topic)
	}
	return dir
}
