package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestStory runs the command as the README says, with a smaller file, and wants to be told of everything in its order.
func TestStory(t *testing.T) {
	temp := t.TempDir()
	var out bytes.Buffer
	if err := run(t.Context(), &out, []string{"--size", "8MiB", "--off", "0", "--temp", temp}); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	text := out.String()
	for _, want := range []string{
		`Alice sends Bob a file of 8 MiB`, `Alice +did:realdid:q\w{52}\n`, `Bob +did:realdid:q\w{52}\n`,
		`Alice looks Bob up by his DID\n +key +#agreement-1, X25519\n +inbox +http://127\.0\.0\.1:\d+/didcomm\n`,
		`POWER CUT`, `comes back as garbage`, `Bob is back`, `Alice goes on after [23](\.\d)? MiB`,
		`ROTATION  Alice .* #agreement-2 takes the place of #agreement-1`, `finds #agreement-2`,
		`ROTATION  Bob .* #agreement-2 takes the place of #agreement-1`, `Alice hears: e\.m\.trust\.crypto\.unknown-key`, `with his key #agreement-2`,
		`100%`, `Bob has the file`, `sha256 +[0-9a-f]{64}`, `sent +8 MiB in`, `memory`,
	} {
		at := regexp.MustCompile(want).FindStringIndex(text)
		if at == nil {
			t.Fatalf("got no %s in what follows:\n%s\nin all of:\n%s", want, text, &out)
		}
		text = text[at[1]:]
	}
	if strings.Contains(out.String(), "\x1b") || strings.Contains(out.String(), "\r") {
		t.Error("got codes for a terminal where there is none")
	}
	sums := regexp.MustCompile(`[0-9a-f]{64}`).FindAllString(out.String(), -1)
	if len(sums) != 2 || sums[0] != sums[1] {
		t.Errorf("digests: got %v, want two that are equal", sums)
	}
	empty(t, temp)
}

func empty(t *testing.T, dir string) {
	t.Helper()
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left behind: got %v, %v", left, err)
	}
}

// TestInterrupted: whoever has seen enough leaves nothing behind.
func TestInterrupted(t *testing.T) {
	temp := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	out := writerFunc(func(b []byte) {
		if bytes.Contains(b, []byte("POWER CUT")) {
			cancel()
		}
	})
	if err := run(ctx, out, []string{"--size", "2MiB", "--off", "1h", "--temp", temp}); err == nil {
		t.Error("got no error")
	}
	empty(t, temp)
}

type writerFunc func([]byte)

func (f writerFunc) Write(b []byte) (int, error) {
	f(b)
	return len(b), nil
}

// TestOwnFile sends a file that somebody has.
func TestOwnFile(t *testing.T) {
	temp, path := t.TempDir(), filepath.Join(t.TempDir(), "thesis.pdf")
	if err := os.WriteFile(path, bytes.Repeat([]byte("x"), minSize+1), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := run(t.Context(), &out, []string{"--file", path, "--off", "0", "--temp", temp}); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	if !strings.Contains(out.String(), "thesis.pdf") {
		t.Errorf("got:\n%s", &out)
	}
	empty(t, temp)
}

// TestHiddenFile: what cannot be sent is not copied first, and the reason is told.
func TestHiddenFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), ".hidden")
	if err := os.WriteFile(path, make([]byte, minSize), 0o600); err != nil {
		t.Fatal(err)
	}
	err := run(t.Context(), writerFunc(func(b []byte) { t.Errorf("got %q, and nothing to tell", b) }), []string{"--file", path, "--temp", t.TempDir()})
	if err == nil || !strings.Contains(err.Error(), `".hidden" is hidden`) {
		t.Errorf("got %v", err)
	}
}

func TestFlags(t *testing.T) {
	for _, args := range [][]string{
		{"--size", "much"},
		{"--size", "-1"},
		{"--size", "1KiB"},
		{"--size", "9999999GiB"},
		{"--file", "no-such-file"},
		{"more"},
		{"--none"},
		{"--size", "2MiB", "--temp", "no-such-folder"},
	} {
		if err := run(t.Context(), io.Discard, args); err == nil {
			t.Errorf("%q: got no error", args)
		}
	}
}

func TestByteSize(t *testing.T) {
	for text, want := range map[string]int64{"7": 7, "7B": 7, "3KiB": 3 << 10, "8MiB": 8 << 20, "1GiB": 1 << 30, "2 GiB": 2 << 30} {
		var b byteSize
		if err := b.Set(text); err != nil || int64(b) != want {
			t.Errorf("%s: got %d, %v; want %d", text, b, err, want)
		}
	}
	for n, want := range map[byteSize]string{0: "0 B", 1023: "1023 B", 1 << 10: "1 KiB", 1536: "1.5 KiB", 12<<20 + 1: "12 MiB", 1 << 30: "1 GiB"} {
		if got := n.text(); got != want {
			t.Errorf("%d: got %s, want %s", int64(n), got, want)
		}
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
