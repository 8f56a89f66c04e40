// Package matrix records what tests against the software of others saw, as rows of a table: which peer in which version, what went which
// way, how often, and who is right where the two differ. Each folder of such tests keeps its rows in rows.json, which its own test run
// compares with what it saw, and Markdown makes a table of all folders' rows.
//
//	func TestMain(m *testing.M) { matrix.Main(m) }
//
//	func TestCredentials(t *testing.T) {
//		row := matrix.Record(t, matrix.Row{
//			Peer: "their library", Version: matrix.ModuleVersion(t, "example.org/library"), What: "SD-JWT VC", Direction: matrix.OursToTheirs,
//		})
//		for … {
//			row.Case()     // it was read, and said the same
//			row.Tampered() // changed, it was refused
//		}
//	}
//
// The counts must be the same in every run, with -short too.
package matrix

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/realdid/realdid/internal/nodepeer"
)

// File is the name of the file in which a folder keeps its rows.
const File = "rows.json"

// Direction is who wrote and who read.
type Direction string

// The directions. Those with "refused" are for what must not be read: Why or Right of the row says for which reason.
const (
	OursToTheirs    Direction = "ours → theirs"
	TheirsToOurs    Direction = "theirs → ours"
	OursAndTheirs   Direction = "both, same result" // nobody writes for the other: both do the same with the same input
	RefusedByTheirs Direction = "ours → theirs: refused"
	RefusedByUs     Direction = "theirs → ours: refused"
)

var directions = []Direction{OursToTheirs, TheirsToOurs, OursAndTheirs, RefusedByTheirs, RefusedByUs}

// Row is one line of the table. Peer, What and Direction together are its name.
type Row struct {
	Peer      string    `json:"peer"`
	Version   string    `json:"version"` // by ModuleVersion or PackageVersion
	What      string    `json:"what"`
	Direction Direction `json:"direction"`
	// Cases is how many different inputs went that way, and Tampered how many that somebody had changed were refused by whoever reads. A
	// Record counts them.
	Cases    int `json:"cases"`
	Tampered int `json:"tampered,omitempty"`
	// Differ says in what the two differ, or why something is refused; empty if they agree in everything. Right names who is right, and the
	// specification, version and section that decide it.
	Differ string `json:"differ,omitempty"`
	Right  string `json:"right,omitempty"`
}

func (r *Row) name() string { return r.Peer + ": " + r.What + ", " + string(r.Direction) }

func (r *Row) check() error {
	switch {
	case r.Peer == "" || r.Version == "" || r.What == "":
		return fmt.Errorf("matrix: %s: peer, version or subject is missing", r.name())
	case !slices.Contains(directions, r.Direction):
		return fmt.Errorf("matrix: %s: no such direction", r.name())
	case (r.Differ == "") != (r.Right == ""):
		return fmt.Errorf("matrix: %s: a difference without who is right, or the reverse", r.name())
	case strings.HasSuffix(string(r.Direction), "refused") && r.Differ == "":
		return fmt.Errorf("matrix: %s: refused, and it is not said why", r.name())
	case r.Cases == 0:
		return fmt.Errorf("matrix: %s: no case was counted", r.name())
	}
	return nil
}

// Recording counts the cases of one row.
type Recording struct {
	mu  sync.Mutex
	row Row
}

// Case counts an input that was read as expected (or refused as expected, in a row of what is refused).
func (r *Recording) Case() { r.add(1, 0) }

// Tampered counts a changed input that was refused.
func (r *Recording) Tampered() { r.add(0, 1) }

func (r *Recording) add(cases, tampered int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.row.Cases += cases
	r.row.Tampered += tampered
}

// seen is what the tests of a process recorded. It is global because a TestMain reaches nothing else of its tests.
type seen struct {
	mu      sync.Mutex
	rows    []Row
	skipped []string
	faults  []error
}

var process seen

// Record begins a row, which stands if the test passes. It is called before anything that may skip the test.
func Record(t testing.TB, r Row) *Recording { return process.record(t, r) }

func (s *seen) record(t testing.TB, r Row) *Recording {
	t.Helper()
	rec := &Recording{row: r}
	t.Cleanup(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		switch {
		case t.Skipped():
			s.skipped = append(s.skipped, rec.row.name())
		case !t.Failed():
			if err := rec.row.check(); err != nil {
				s.faults = append(s.faults, err)
			} else if slices.ContainsFunc(s.rows, func(o Row) bool { return o.name() == rec.row.name() }) {
				s.faults = append(s.faults, fmt.Errorf("matrix: %s: recorded twice", rec.row.name()))
			}
			s.rows = append(s.rows, rec.row)
		}
	})
	return rec
}

// merge returns the rows that the file should hold, and what in it is not so. In a whole run a row of the file that no test began is a
// fault, and goes.
func (s *seen) merge(file []Row, whole, required bool) ([]Row, []error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	faults := slices.Clone(s.faults)
	out := slices.Clone(s.rows)
	for _, r := range file {
		i := slices.IndexFunc(s.rows, func(o Row) bool { return o.name() == r.name() })
		skipped := slices.Contains(s.skipped, r.name())
		switch {
		case i >= 0 && s.rows[i] != r:
			faults = append(faults, fmt.Errorf("matrix: %s: the file has %+v, seen was %+v", r.name(), r, s.rows[i]))
		case i >= 0:
		case whole && !skipped:
			faults = append(faults, fmt.Errorf("matrix: %s: stands in the file, and no test recorded it", r.name()))
		case skipped && required:
			faults = append(faults, fmt.Errorf("matrix: %s: was skipped, and is required", r.name()))
		default:
			out = append(out, r)
		}
	}
	for _, r := range s.rows {
		if !slices.ContainsFunc(file, func(o Row) bool { return o.name() == r.name() }) {
			faults = append(faults, fmt.Errorf("matrix: %s: was seen, and does not stand in the file", r.name()))
		}
	}
	slices.SortFunc(out, func(a, b Row) int {
		return cmp.Or(cmp.Compare(a.Peer, b.Peer), cmp.Compare(a.What, b.What), cmp.Compare(slices.Index(directions, a.Direction), slices.Index(directions, b.Direction)))
	})
	return out, faults
}

// Read reads the rows of a file that Main wrote.
func Read(path string) ([]Row, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var rows []Row
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&rows); err != nil {
		return nil, fmt.Errorf("matrix: %s: %w", path, err)
	}
	return rows, nil
}

func encode(rows []Row) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(rows)
	return b.Bytes(), err
}

// settle compares what was seen with the file, and with update brings the file up to date. The faults are those that remain.
func (s *seen) settle(path string, whole, update bool) []error {
	file, err := Read(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return []error{err}
	}
	rows, faults := s.merge(file, whole, nodepeer.Required())
	if !update || len(s.faults) > 0 {
		return faults
	}
	b, err := encode(rows)
	if err == nil {
		err = os.WriteFile(path, b, 0o644)
	}
	if err != nil {
		return []error{err}
	}
	return nil
}
