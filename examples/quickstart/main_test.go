package main

import (
	"bytes"
	"os"
	"regexp"
	"testing"
)

func TestOutput(t *testing.T) {
	var out bytes.Buffer
	tell(t.Context(), &out, t.TempDir())
	got := regexp.MustCompile(`did:realdid:q[a-z2-7]{52}`).ReplaceAll(out.Bytes(), []byte("did:realdid:…"))
	want, err := os.ReadFile("testdata/output.txt")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestMainIsShort(t *testing.T) {
	src, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	if got := bytes.Count(src, []byte("\n")); got >= 150 {
		t.Errorf("main.go: got %d lines, want under 150", got)
	}
}
