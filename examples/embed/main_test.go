package main

import (
	"os"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	claims, err := run(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := claims["age_over_18"], true; got != want {
		t.Errorf("age_over_18: got %v, want %v", got, want)
	}
}

func TestREADMEShowsThisProgram(t *testing.T) {
	src, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, body, _ := strings.Cut(string(src), "(map[string]any, error) {\n")
	body, _, _ = strings.Cut(body, "\treturn ")
	var want strings.Builder
	for line := range strings.Lines(body) {
		want.WriteString(strings.TrimPrefix(line, "\t"))
	}
	if body == "" || !strings.Contains(string(readme), "```go\n"+want.String()+"```\n") {
		t.Errorf("README.md does not hold these lines as its program:\n%s", want.String())
	}
}
