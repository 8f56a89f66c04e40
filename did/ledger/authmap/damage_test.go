package authmap

import (
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"strings"
	"testing"
)

// answers reports whether a damaged disk never gives a wrong answer: either there is an error that is ErrCorrupt (or
// ErrFormat), or everything is as the story says at that version.
func answers(t *testing.T, s *story, d *disk, version uint64, what string) (noticed bool) {
	t.Helper()
	m, err := open(d, nil)
	if err != nil {
		if !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrFormat) {
			t.Fatalf("%s: open: got %v, want ErrCorrupt", what, err)
		}
		return true
	}
	if m.Version() != version {
		t.Fatalf("%s: got version %d, want %d or ErrCorrupt", what, m.Version(), version)
	}
	err = s.same(m)
	if err != nil && !errors.Is(err, ErrCorrupt) {
		t.Fatalf("%s: %v", what, err)
	}
	if checked := m.Check(context.Background()); err != nil && !errors.Is(checked, ErrCorrupt) {
		t.Fatalf("%s: check: got %v, want what Prove said, %v", what, checked, err)
	} else if checked != nil && !errors.Is(checked, ErrCorrupt) {
		t.Fatalf("%s: check: %v", what, checked)
	} else if checked != nil {
		return true
	}
	return false
}

// damaged returns two disks of a story at its end: one whose journal has records, and one that was closed.
func damaged(t *testing.T) (*story, map[string]*disk) {
	t.Helper()
	s := newStory(storyLength)
	d := newDisk(3)
	if _, _, err := s.tell(d); err != nil {
		t.Fatal(err)
	}
	closed := d.copy()
	m, err := open(closed, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	return s, map[string]*disk{"open": d.copy(), "closed": closed}
}

func TestFlippedBytes(t *testing.T) {
	s, disks := damaged(t)
	for state, d := range disks {
		for name, f := range d.names {
			places, missed := 0, 0
			for at := range some(len(f.live), 1+len(f.live)/150) {
				places++
				at--
				bad := d.copy()
				bad.names[name].live[at] ^= byte(1 + rand.IntN(255))
				if !answers(t, s, bad, storyLength, state+" "+name) {
					missed++
				}
			}
			// Pages that nothing leads to may hold anything.
			if missed > 0 && name != pagesFile {
				t.Errorf("%s: %s: got %d of %d flipped bytes unnoticed, want none", state, name, missed, places)
			}
			if missed == places {
				t.Errorf("%s: %s: no flipped byte was noticed", state, name)
			}
		}
	}
}

func TestCutFiles(t *testing.T) {
	s, disks := damaged(t)
	for state, d := range disks {
		for name, f := range d.names {
			for range 25 {
				size := rand.IntN(len(f.live))
				bad := d.copy()
				bad.names[name].live = bad.names[name].live[:size]
				if strings.HasPrefix(name, recordFile) && size >= sector {
					if _, err := s.check(bad); err != nil { // an earlier version: nobody can tell
						t.Fatalf("%s: %s cut to %d of %d bytes: %v", state, name, size, len(f.live), err)
					}
					continue
				}
				// The end of the pages may be one that nothing leads to.
				if !answers(t, s, bad, storyLength, state+" "+name) && name != pagesFile {
					t.Fatalf("%s: %s cut to %d of %d bytes: got no error", state, name, size, len(f.live))
				}
			}
		}
	}
}

func TestMissingFiles(t *testing.T) {
	s, disks := damaged(t)
	for state, d := range disks {
		for name := range d.names {
			bad := d.copy()
			delete(bad.names, name)
			if !answers(t, s, bad, storyLength, state+" without "+name) {
				t.Errorf("%s: got no error without %s", state, name)
			}
		}
	}
}

// TestSwappedPages puts a good page in the place of another.
func TestSwappedPages(t *testing.T) {
	s, disks := damaged(t)
	d := disks["closed"]
	n := len(d.names[pagesFile].live) / PageSize
	noticed := 0
	for range 60 {
		bad := d.copy()
		b := bad.names[pagesFile].live
		from, to := 1+rand.IntN(n-1), 1+rand.IntN(n-1)
		copy(b[to*PageSize:(to+1)*PageSize], b[from*PageSize:(from+1)*PageSize])
		if answers(t, s, bad, storyLength, "swapped") {
			noticed++
		}
	}
	if noticed == 0 {
		t.Error("got no error from any swapped page")
	}
}

// TestForeignGeneration puts an index, or a journal, of another time beside the others.
func TestForeignGeneration(t *testing.T) {
	s, disks := damaged(t)
	d := disks["closed"]
	early := newDisk(9)
	short := &story{s.changes[:7], s.models[:8], s.roots[:8]}
	if _, _, err := short.tell(early); err != nil {
		t.Fatal(err)
	}
	generation, _, _, err := generations(d)
	if err != nil {
		t.Fatal(err)
	}
	was, _, _, err := generations(early)
	if err != nil {
		t.Fatal(err)
	}
	for _, prefix := range []string{indexFile, recordFile} {
		bad := d.copy()
		bad.names[generationName(prefix, generation)] = early.names[generationName(prefix, was)]
		if !answers(t, s, bad, storyLength, "foreign "+prefix) {
			t.Errorf("got no error with another %s", prefix)
		}
	}
}

func TestUnknownFormat(t *testing.T) {
	d := newDisk(1)
	if err := writeFile(d, formatFile, []byte("realdid-authmap 2\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := open(d, nil); !errors.Is(err, ErrFormat) {
		t.Errorf("got %v, want ErrFormat", err)
	}
	if _, err := d.Open(pagesFile); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want nothing written", err)
	}
}
