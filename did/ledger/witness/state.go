package witness

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/internal/filelock"
	"github.com/realdid/realdid/internal/syncdir"
)

// The directory of a Server holds
//
//	FORMAT         names the version of the format
//	LOCK           empty; whoever has the directory open holds a lock on it
//	logs           the origins that have a state, as the hexadecimal SHA-256 of each
//	state-<hash>   the last checkpoint that was cosigned of that origin
//	accusation-*   evidence against logs (proof.Accusation), for people to look at
//
// logs and states are texts whose first line is the format, whose second one is the SHA-256 of the rest in base64. A state goes on with
// "time " and the seconds since 1970 of the last cosignature, and then the checkpoint as the log signed it; without one if there was
// none.
const (
	formatFile = "FORMAT"
	formatText = "realdid-witness 1\n"
	lockFile   = "LOCK"
	logsFile   = "logs"
	sumText    = "realdid-witness-file 1\n"
)

// state is what a witness must not forget about a log.
type state struct {
	size uint64
	root proof.Hash
	note []byte // nil if size is 0
	time int64  // of the last cosignature
}

func originHash(origin string) string {
	h := sha256.Sum256([]byte(origin))
	return hex.EncodeToString(h[:])
}

func stateFile(origin string) string { return "state-" + originHash(origin) }

// lost is an error that is ErrState.
func lost(format string, args ...any) error { return because(ErrState, format, args...) }

// lockDirectory makes dir if it may and need be, and locks it.
func lockDirectory(dir string, create bool) (*os.File, error) {
	if create {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("witness: open: %w", err)
		}
	}
	f, err := filelock.Open(filepath.Join(dir, lockFile), 0, ErrLocked)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, lost("%s is missing; only the first start with a new key may create it", dir)
	case err != nil:
		return nil, fmt.Errorf("witness: open: %w", err)
	}
	return f, nil
}

// openDirectory returns the origin hashes that have a state.
func openDirectory(dir string, create bool) ([]string, error) {
	b, err := os.ReadFile(filepath.Join(dir, formatFile))
	if errors.Is(err, fs.ErrNotExist) {
		if !create {
			return nil, lost("%s is missing", formatFile)
		}
		names, err := os.ReadDir(dir)
		if err != nil {
			return nil, fmt.Errorf("witness: open: %w", err)
		}
		for _, n := range names {
			if !slices.Contains([]string{lockFile, logsFile, formatFile + newSuffix, logsFile + newSuffix}, n.Name()) {
				return nil, lost("%s is missing, and the directory is not empty", formatFile)
			}
		}
		if err := writeLogs(dir, nil); err != nil {
			return nil, err
		}
		return nil, writeFile(dir, formatFile, []byte(formatText)) // last, so that nothing was cosigned without it
	}
	if err != nil {
		return nil, fmt.Errorf("witness: open: %w", err)
	}
	if string(b) != formatText {
		return nil, lost("%s says %.40q, this version reads %q", formatFile, b, formatText)
	}
	text, err := readSummed(dir, logsFile)
	if err != nil {
		return nil, err
	}
	return strings.Fields(string(text)), nil
}

func writeLogs(dir string, hashes []string) error {
	var b []byte
	for _, h := range hashes {
		b = append(append(b, h...), '\n')
	}
	return writeSummed(dir, logsFile, b)
}

// readState reads the state of an origin, checked against the log's key.
func readState(dir string, l *Log) (*state, error) {
	name := stateFile(l.origin())
	text, err := readSummed(dir, name)
	if err != nil {
		return nil, err
	}
	line, note, _ := bytes.Cut(text, []byte("\n"))
	digits, ok := bytes.CutPrefix(line, []byte("time "))
	at, err := strconv.ParseInt(string(digits), 10, 64)
	if !ok || err != nil || at < 0 {
		return nil, lost("%s is malformed", name)
	}
	st := &state{time: at}
	if len(note) == 0 {
		return st, nil
	}
	c, signed, err := l.verify(note)
	if err != nil {
		return nil, lost("%s: %v", name, err)
	}
	st.size, st.root, st.note = c.Size, c.Root, signed
	return st, nil
}

func writeState(dir, origin string, st *state) error {
	b := fmt.Appendf(nil, "time %d\n", st.time)
	return writeSummed(dir, stateFile(origin), append(b, st.note...))
}

func readSummed(dir, name string) ([]byte, error) {
	b, err := os.ReadFile(filepath.Join(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, lost("%s is missing", name)
	}
	if err != nil {
		return nil, fmt.Errorf("witness: open: %w", err)
	}
	rest, ok := bytes.CutPrefix(b, []byte(sumText))
	sum, text, ok2 := bytes.Cut(rest, []byte("\n"))
	if !ok || !ok2 || string(sum) != sumOf(text) {
		return nil, lost("%s does not match its checksum", name)
	}
	return text, nil
}

func sumOf(text []byte) string {
	h := sha256.Sum256(text)
	return base64.StdEncoding.EncodeToString(h[:])
}

func writeSummed(dir, name string, text []byte) error {
	b := append([]byte(sumText+sumOf(text)), '\n')
	return writeFile(dir, name, append(b, text...))
}

const newSuffix = syncdir.New

// writeFile makes b the content of a file, durably and at once.
func writeFile(dir, name string, b []byte) error {
	if err := syncdir.Replace(filepath.Join(dir, name), b, 0o600); err != nil {
		return fmt.Errorf("witness: write: %w", err)
	}
	return nil
}
