package vectors

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// Version is the version of the form of this repository's own vectors, the files in testdata.
const Version = 1

// File is a file in testdata. testdata/README.md describes the form for other implementations, testdata/schema.json each kind.
type File[S, V any] struct {
	Version int    `json:"version"`
	Kind    string `json:"kind"`
	Setting S      `json:"setting,omitzero"` // what all vectors of the file share
	Vectors []V    `json:"vectors"`
}

// None is the setting of a file whose vectors share nothing.
type None struct{}

// Root returns the folder testdata of the repository.
func Root(tb testing.TB) string {
	tb.Helper()
	_, source, _, ok := runtime.Caller(0)
	if !ok {
		tb.Fatal("vectors: the source path of this package is unknown")
	}
	return filepath.Join(filepath.Dir(source), "..", "..", "testdata")
}

// Names returns the names of the files in a folder of testdata, for Read.
func Names(tb testing.TB, topic string) []string {
	tb.Helper()
	paths, err := filepath.Glob(filepath.Join(Root(tb), topic, "*.json"))
	if err != nil || len(paths) == 0 {
		tb.Fatalf("vectors: no files in testdata/%s: %v", topic, err)
	}
	for i, p := range paths {
		paths[i] = topic + "/" + strings.TrimSuffix(filepath.Base(p), ".json")
	}
	return paths
}

// Read returns the file testdata/NAME.json. Members that S and V do not have are an error.
func Read[S, V any](tb testing.TB, name string) File[S, V] {
	tb.Helper()
	b, err := os.ReadFile(path(tb, name))
	if err != nil {
		tb.Fatal(err)
	}
	f, err := decode[S, V](b)
	if err != nil {
		tb.Fatalf("vectors: %s: %v", name, err)
	}
	return f
}

func decode[S, V any](b []byte) (f File[S, V], err error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	d.UseNumber()
	if err := d.Decode(&f); err != nil {
		return f, err
	}
	if _, err := d.Token(); err != io.EOF {
		return f, errors.New("something after the end")
	}
	if f.Version != Version || len(f.Vectors) == 0 {
		return f, fmt.Errorf("got version %d with %d vectors, want version %d with some", f.Version, len(f.Vectors), Version)
	}
	return f, nil
}

// Compare compares made with the file testdata/NAME.json, byte for byte; with update it writes the file first.
func Compare[S, V any](tb testing.TB, update bool, name string, made File[S, V]) {
	tb.Helper()
	if update {
		Write(tb, name, made)
	}
	file, err := os.ReadFile(path(tb, name))
	if err != nil {
		tb.Fatal(err)
	}
	if !bytes.Equal(file, encode(tb, made)) {
		tb.Errorf("testdata/%s.json is not what the generator makes; after a change of the format, run the tests with -update", name)
	}
}

// Write writes the file testdata/NAME.json. It is for files that cannot be compared, because each time they are made of other
// random numbers.
func Write[S, V any](tb testing.TB, name string, made File[S, V]) {
	tb.Helper()
	b, p := encode(tb, made), path(tb, name)
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(p, b, 0o644); err != nil {
		tb.Fatal(err)
	}
}

func encode[S, V any](tb testing.TB, made File[S, V]) []byte {
	tb.Helper()
	made.Version = Version
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(made); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func path(tb testing.TB, name string) string {
	tb.Helper()
	return filepath.Join(Root(tb), filepath.FromSlash(name)+".json")
}
