package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/realdid/realdid/internal/strictjson"
)

// maxInput bounds every file and stream that a verb reads whole.
const maxInput = 1 << 20

// readInput reads a FILE argument; "-" is standard input, which only one argument can be.
func (a *app) readInput(path, what string) ([]byte, error) {
	return a.readInputUpTo(path, what, maxInput)
}

// readInputUpTo is readInput for what may be longer than others.
func (a *app) readInputUpTo(path, what string, most int64) ([]byte, error) {
	var r io.Reader
	if path == "-" {
		if a.stdinUse != "" {
			return nil, usage("give a file for one of them", "standard input is asked for twice: for %s and for %s", a.stdinUse, what)
		}
		a.stdinUse = what
		r = a.stdin
	} else {
		f, err := os.Open(path)
		if err != nil {
			return nil, readFailure(what, err)
		}
		defer f.Close()
		r = f
	}
	b, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil {
		return nil, readFailure(what, err)
	}
	if int64(len(b)) > most {
		return nil, invalid("", "%s: over %d bytes", what, most)
	}
	return b, nil
}

func readFailure(what string, err error) error {
	hint := "check the path; \"-\" reads standard input"
	return unknown(hint, "%s: %s", what, pathless(err))
}

// pathless says what went wrong with which file, without the system call.
func pathless(err error) string {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Path + ": " + p.Err.Error()
	}
	return err.Error()
}

// createFile writes a file that must not exist yet, readable by its owner alone: nothing is ever overwritten by it, and a crash leaves
// either nothing or the whole.
func createFile(path string, b []byte) error { return createFileMode(path, b, 0o600) }

// createFileMode is createFile for what others may read.
func createFileMode(path string, b []byte, mode fs.FileMode) error {
	temp, err := writeTemp(path, b, mode)
	if err != nil {
		return err
	}
	defer os.Remove(temp)
	return placeFile(temp, path)
}

// placeFile gives a complete file the name path, which must be free. A link fails if the name is taken, in one step; where the file
// system has no links, the name is taken first.
func placeFile(temp, path string) error {
	err := os.Link(temp, path)
	if err == nil {
		return syncFolder(path)
	}
	if errors.Is(err, fs.ErrExist) {
		return existsFailure(path)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return existsFailure(path)
	}
	if err != nil {
		return unknown("", "%s", pathless(err))
	}
	f.Close()
	if err := os.Rename(temp, path); err != nil {
		return unknown("", "%s", err)
	}
	return syncFolder(path)
}

func existsFailure(path string) error {
	return invalid("nothing is overwritten: move it away, or choose another name", "%s exists", path)
}

// replaceFile puts b in place of a file in one step.
func replaceFile(path string, b []byte, mode fs.FileMode) error {
	temp, err := writeTemp(path, b, mode)
	if err != nil {
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		os.Remove(temp)
		return unknown("", "%s", err)
	}
	return syncFolder(path)
}

// writeTemp writes b durably to a new file beside path.
func writeTemp(path string, b []byte, mode fs.FileMode) (string, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", unknown("", "%s", pathless(err))
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return "", unknown("", "%s", pathless(err))
	}
	_, err = f.Write(b)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err != nil {
		os.Remove(f.Name())
		return "", unknown("is the disk full?", "%s", pathless(err))
	}
	return f.Name(), nil
}

// syncFolder makes a new name durable. Some systems cannot sync a folder, and then a rename is as durable as it gets.
func syncFolder(path string) error {
	if d, err := os.Open(filepath.Dir(path)); err == nil {
		_ = d.Sync()
		d.Close()
	}
	return nil
}

// writeOutput writes what a verb made to a new file, or to standard output for "" and "-".
func (a *app) writeOutput(path string, b []byte) error {
	if path == "" || path == "-" {
		_, err := a.stdout.Write(b)
		return err
	}
	return createFile(path, b)
}

// readJSONFile reads one of our own files, strictly: unknown and duplicate members, and anything after the object, are errors.
func readJSONFile(path string, v any) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := decodeStrict(b, v); err != nil {
		return unknown("it was changed by hand, or by a newer realdid", "%s: %v", path, err)
	}
	return nil
}

func decodeStrict(b []byte, v any) error {
	if _, err := strictjson.Parse(b, strictjson.Limits{}); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("not of the expected form: %w", err)
	}
	return nil
}

// printJSON prints the one object of --json.
func (a *app) printJSON(v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	_, err = a.stdout.Write(append(escapeControls(b), '\n'))
	return err
}
