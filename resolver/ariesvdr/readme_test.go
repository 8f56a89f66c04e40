package ariesvdr_test

import (
	"os"
	"strings"
	"testing"
)

// The five lines of the README stand, in their order, in the example, which is compiled and run.
func TestReadme(t *testing.T) {
	readme, example := string(must(os.ReadFile("README.md"))(t)), string(must(os.ReadFile("example_test.go"))(t))
	_, block, ok := strings.Cut(readme, "```go\n")
	block, _, closed := strings.Cut(block, "```")
	if !ok || !closed {
		t.Fatal("README.md has no Go code")
	}
	lines := strings.Split(strings.TrimSpace(block), "\n")
	if len(lines) != 5 {
		t.Errorf("got %d lines, want five", len(lines))
	}
	for _, line := range lines {
		_, rest, ok := strings.Cut(example, "\t"+line+"\n")
		if !ok {
			t.Errorf("not in the example, or not in this order: %s", line)
			continue
		}
		example = rest
	}
}
