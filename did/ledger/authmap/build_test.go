package authmap

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/realdid/realdid/did/ledger/proof"
)

// changes yields the model's heads in no order.
func (m model) changes() iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		for path, head := range m {
			if !yield(Change{path, head}, nil) {
				return
			}
		}
	}
}

// TestBuild compares with what commits make of the same heads, for numbers around those at which pages and buckets come to
// be, and with buckets so small that they are split again.
func TestBuild(t *testing.T) {
	ctx := context.Background()
	for _, n := range []int{0, 1, 2, 7, 8, 9, 100, 5000} {
		for _, near := range []bool{false, true} {
			t.Run(fmt.Sprint(n, near), func(t *testing.T) {
				want := model{}
				for i := range n {
					c := numbered(uint64(i), 0, 1+(i*131)%512)
					if near { // all below one bucket of one bucket of one bucket
						c.Path[0], c.Path[1], c.Path[2] = 7, 7, 7
					}
					want[c.Path] = c.Head
				}
				d := newDisk(1)
				b := newBuilder(ctx, d, &BuildOptions{Version: 42})
				b.bucket = 4000
				if err := b.run(want.changes()); err != nil {
					t.Fatal(err)
				}
				m := reopened(t, d)
				if m.Root() != want.root() || m.Len() != uint64(n) || m.Version() != 42 {
					t.Fatalf("got root %s of %d heads, version %d, want %s of %d, 42", m.Root(), m.Len(), m.Version(), want.root(), n)
				}
				mustCheck(t, m)
				for name := range d.names {
					if strings.HasPrefix(name, spillFile) || name == buildFile {
						t.Errorf("got %s left", name)
					}
				}
				var more []Change
				for i := range n / 2 {
					more = append(more, numbered(uint64(i*3), 1, 300))
				}
				want.put(more)
				if mustStage(t, m, more...).Root() != want.root() {
					t.Error("staged: got another root")
				}
			})
		}
	}
}

func TestBuildProgress(t *testing.T) {
	var seen []uint64
	opt := &BuildOptions{Progress: func(done uint64) { seen = append(seen, done) }}
	dir := t.TempDir()
	const n = 3 * buildReport
	if err := Build(context.Background(), dir, identities(n), opt); err != nil {
		t.Fatal(err)
	}
	if !slices.IsSorted(seen) || seen[len(seen)-1] != n || len(seen) < 5 {
		t.Errorf("got %d, want it to grow to %d", seen, n)
	}
	if m := mustOpen(t, dir); m.Len() != n || m.Version() != 1 {
		t.Errorf("got %d heads, version %d, want %d, 1", m.Len(), m.Version(), n)
	}
}

func TestBuildRefusals(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	own := errors.New("no more")
	two := func(a, b Change, err error) iter.Seq2[Change, error] {
		return func(yield func(Change, error) bool) { _ = yield(a, nil) && yield(b, err) }
	}
	a, b := numbered(1, 0, 10), numbered(2, 0, 10)
	for _, c := range []struct {
		what    string
		ctx     context.Context
		changes iter.Seq2[Change, error]
		want    error
	}{
		{"a path twice", context.Background(), two(a, a, nil), ErrInvalid},
		{"empty head", context.Background(), two(a, Change{Path: b.Path}, nil), ErrInvalid},
		{"long head", context.Background(), two(a, Change{b.Path, make([]byte, proof.MaxHeadSize+1)}, nil), ErrInvalid},
		{"the caller's error", context.Background(), two(a, b, own), own},
		{"ended while reading", ctx, identities(buildReport), context.Canceled},
		{"ended while placing", ctx, identities(10_000), context.Canceled},
	} {
		dir := t.TempDir()
		if err := Build(c.ctx, dir, c.changes, nil); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.what, err, c.want)
		}
		list, err := os.ReadDir(dir)
		if err != nil || len(list) != 1 || list[0].Name() != lockFile {
			t.Errorf("%s: got %v left, %v, want only %s", c.what, list, err, lockFile)
		}
		if err := Build(context.Background(), dir, two(a, b, nil), nil); err != nil {
			t.Errorf("%s: afterwards: %v", c.what, err)
		}
		if err := Build(context.Background(), dir, two(a, b, nil), nil); !errors.Is(err, ErrInvalid) {
			t.Errorf("over a map: got %v, want ErrInvalid", err)
		}
		if m := mustOpen(t, dir); m.Len() != 2 {
			t.Errorf("got %d heads, want 2", m.Len())
		}
	}
}

// TestBuildCrash lets the disk die at every operation of a Build: either there is the whole map, or Open says that it was
// not finished, and the next Build makes it.
func TestBuildCrash(t *testing.T) {
	want := model{}
	for i := range uint64(60) {
		c := numbered(i, 0, 400)
		c.Path[0] &= 3 // few files
		want[c.Path] = c.Head
	}
	heads := slices.Collect(maps.Keys(want))
	sorted := func(yield func(Change, error) bool) {
		for _, path := range heads {
			if !yield(Change{path, want[path]}, nil) {
				return
			}
		}
	}
	whole := newDisk(1)
	if err := build(context.Background(), whole, sorted, nil); err != nil {
		t.Fatal(err)
	}
	finished := 0
	for at := 1; at <= whole.ops; at++ {
		for _, l := range []loss{loseNothing, loseAll, loseSome} {
			d := newDisk(rand.Uint64())
			d.failAt, d.dies = at, true
			if err := build(context.Background(), d, sorted, nil); !errors.Is(err, errDisk) {
				t.Fatalf("operation %d: got %v, want the disk's error", at, err)
			}
			d = d.after(l)
			m, err := open(d.copy(), nil)
			if err == nil && m.Version() == 0 && d.names[pagesFile] == nil {
				err = ErrCorrupt // an empty map, because nothing was there yet
			}
			switch {
			case errors.Is(err, ErrCorrupt):
				if err := build(context.Background(), d, sorted, nil); err != nil {
					t.Fatalf("operation %d, loss %d: again: %v", at, l, err)
				}
				if m, err = open(d, nil); err != nil {
					t.Fatalf("operation %d, loss %d: again: %v", at, l, err)
				}
			case err != nil:
				t.Fatalf("operation %d, loss %d: %v", at, l, err)
			default:
				finished++
			}
			if m.Root() != want.root() || m.Version() != 1 {
				t.Fatalf("operation %d, loss %d: got root %s, version %d, want %s, 1", at, l, m.Root(), m.Version(), want.root())
			}
		}
	}
	if finished == 0 {
		t.Error("no Build was found finished, not even after its last operation")
	}
}

func TestNoFormat(t *testing.T) {
	m, d := inMemory(t)
	mustCommit(t, m, numbered(1, 0, 100))
	delete(d.names, formatFile)
	if _, err := open(d, nil); !errors.Is(err, ErrCorrupt) {
		t.Errorf("got %v, want ErrCorrupt", err)
	}
	if err := build(context.Background(), d, identities(1), nil); !errors.Is(err, ErrCorrupt) {
		t.Errorf("build: got %v, want ErrCorrupt", err)
	}
	if d.names[pagesFile] == nil || len(d.names[pagesFile].live) < 2*PageSize {
		t.Error("the pages are gone")
	}
}
