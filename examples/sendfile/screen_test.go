package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

// TestBar draws what a terminal shows: one line that is wiped before every other.
func TestBar(t *testing.T) {
	var out bytes.Buffer
	s := newScreen(&out)
	if s.terminal != nil {
		t.Fatal("a buffer is no terminal")
	}
	s.terminal = os.Stdout // whose width is asked for
	s.begin(100 << 20)
	s.say("before")
	s.drawn = s.begun.Add(-1e9)
	s.progress(75<<20, 50<<20)
	s.say("in between")
	if !strings.Contains(out.String(), "\r\x1b[Kin between\n") {
		t.Errorf("got %q, want the bar wiped before a line", out.String())
	}
	s.end()
	s.progress(80<<20, 80<<20) // too late
	lines := strings.Split(strings.ReplaceAll(out.String(), "\r\x1b[K", "\n"), "\n")
	var last string
	for _, l := range lines {
		if strings.ContainsAny(l, "█▒░") {
			last = l
		}
	}
	disk, sent, rest := strings.Count(last, "█"), strings.Count(last, "▒"), strings.Count(last, "░")
	if disk == 0 || disk < sent+rest-1 || disk > sent+rest+1 || !strings.Contains(last, " 50%    50 MiB") {
		t.Errorf("got %q: want half of it on disk, a quarter on its way", last)
	}
	if !strings.HasSuffix(out.String(), "\r\x1b[K") {
		t.Errorf("got %q, want the bar wiped at the end", out.String()[out.Len()-20:])
	}
}

// TestTenths writes a line for each tenth where there is no terminal.
func TestTenths(t *testing.T) {
	var out bytes.Buffer
	s := newScreen(&out)
	s.begin(100)
	for n := int64(0); n <= 100; n++ {
		s.progress(n, n)
	}
	if got := strings.Count(out.String(), "\n"); got != 10 || strings.ContainsAny(out.String(), "\r\x1b") {
		t.Errorf("got %d lines, want 10 plain ones: %q", got, out.String())
	}
}
