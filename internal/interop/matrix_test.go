// Package interop exchanges credentials, documents and proofs with software of others. Each folder below holds the tests against one peer
// and the rows that they record; INTEROP.md is made of these rows.
package interop

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/realdid/realdid/internal/matrix"
)

var update = flag.Bool("update", false, "write INTEROP.md")

const head = `# Who else reads what realdid writes, and the reverse

This page is written by the tests beside it from what they saw, and they fail if it is not what they see. A *case* is one credential, list,
document or proof that went from one side to the other and was read there with the same content, or was refused where the row says so.
*Changed, refused* are those that somebody had altered on the way: whoever reads must refuse each of them. In a row *theirs → ours: refused*
stands what the other side writes or accepts and this one does not, in a row *ours → theirs: refused* the reverse. Run it again:

` + "```sh" + `
cd internal/interop && go test ./... && cd vcgo && go test ./...
` + "```" + `

Tests of npm packages are skipped by name where node or the packages are missing; ` + "`.ci/run interop`" + ` installs the packages and runs them all. After a
change, ` + "`-update`" + ` writes the rows of a folder, and in this folder the page.
`

// TestMatrix compares INTEROP.md with the rows of all folders. That the rows are what is seen, each folder's own tests compare.
func TestMatrix(t *testing.T) {
	var files []string
	for _, depth := range []string{"*", "*/*"} {
		found, err := filepath.Glob(filepath.Join(depth, matrix.File))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	if len(files) == 0 {
		t.Fatal("no folder has rows")
	}
	slices.Sort(files)
	var text strings.Builder
	text.WriteString(head)
	for _, f := range files {
		rows, err := matrix.Read(f)
		if err != nil {
			t.Fatal(err)
		}
		text.WriteString(matrix.Markdown(rows))
	}
	if *update {
		if err := os.WriteFile("INTEROP.md", []byte(text.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile("INTEROP.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != text.String() {
		t.Errorf("INTEROP.md is not what the folders' rows make of it: go test . -update writes it")
	}
}
