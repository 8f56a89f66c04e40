package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"github.com/realdid/realdid/did/realdid"
)

// watchedFile is HOME/monitor.json: how far log monitor has looked.
type watchedFile struct {
	Version int                    `json:"version"`
	Watched map[string]watchedJSON `json:"watched"` // by DID
}

// watchedJSON is the last operation that was seen and, where it had to be, reported.
type watchedJSON struct {
	Sequence  uint64 `json:"sequence"`
	VersionID string `json:"versionId"`
}

func (h home) monitor() string { return filepath.Join(string(h), "monitor.json") }

// made is a list of the operations that this home has made, one versionId a line: what a monitor does not report.
func (h home) made() string { return filepath.Join(h.keys(), "made") }

func (h home) readWatched() (*watchedFile, error) {
	w := &watchedFile{Version: 1}
	err := readJSONFile(h.monitor(), w)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if w.Version != 1 {
		return nil, unknown("a newer realdid wrote it", "%s: version %d is not known", h.relative(h.monitor()), w.Version)
	}
	if w.Watched == nil {
		w.Watched = map[string]watchedJSON{}
	}
	return w, nil
}

func (h home) setWatched(did string, last watchedJSON) error {
	w, err := h.readWatched()
	if err != nil {
		return err
	}
	w.Watched[did] = last
	b, err := json.MarshalIndent(w, "", "  ")
	if err != nil {
		return err
	}
	return replaceFile(h.monitor(), append(b, '\n'), 0o600)
}

// note writes down an operation before the ledger hears of it. One that is refused later does no harm here.
func (h home) note(op *realdid.Operation) error {
	if err := os.MkdirAll(h.keys(), 0o700); err != nil {
		return unknown("", "%s", pathless(err))
	}
	f, err := os.OpenFile(h.made(), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err == nil {
		_, err = f.WriteString(op.VersionID() + "\n")
		err = errors.Join(err, f.Sync(), f.Close())
	}
	if err != nil {
		return unknown("is the disk full?", "%s", pathless(err))
	}
	return nil
}

func (h home) madeHere() (map[string]bool, error) {
	out := map[string]bool{}
	b, err := os.ReadFile(h.made())
	if errors.Is(err, fs.ErrNotExist) {
		return out, nil
	}
	if err != nil {
		return nil, unknown("", "%s", pathless(err))
	}
	for lines := bufio.NewScanner(bytes.NewReader(b)); lines.Scan(); {
		out[lines.Text()] = true
	}
	return out, nil
}

// runCommand runs a command of the shell with an event on its standard input. What it prints goes to standard error, for standard
// output has the events.
func (a *app) runCommand(ctx context.Context, command string, e *monitorEventJSON, line []byte) error {
	shell := []string{"sh", "-c", command}
	if runtime.GOOS == "windows" {
		shell = []string{"cmd", "/C", command}
	}
	c := exec.CommandContext(ctx, shell[0], shell[1:]...)
	c.Stdin, c.Stdout, c.Stderr = bytes.NewReader(append(line, '\n')), a.stderr, a.stderr
	c.Env = append(os.Environ(), "REALDID_EVENT="+e.Event, "REALDID_DID="+e.DID)
	return c.Run()
}
