package authmap

import (
	"context"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/realdid/realdid/internal/killtest"
)

func TestMain(m *testing.M) { killtest.Main(m, killtest.Roles{"worker": child}) }

const killRange = 400 // identities

// versioned returns the changes of a version, the same ones each time.
func versioned(v uint64) []Change {
	changes := make([]Change, 0, 30)
	for i := range uint64(30) {
		changes = append(changes, numbered((v*31+i*13)%killRange, v, 200))
	}
	return changes
}

// child commits one version after the other and writes each one's number once it is durable, until it is killed.
func child(dir string, out io.Writer) error {
	for {
		m, err := Open(dir, &Options{Journal: 40 << 10})
		if err != nil {
			return err
		}
		for range 50 {
			v := m.Version() + 1
			s, err := m.Stage(versioned(v))
			if err == nil {
				err = s.Commit(v)
			}
			if err != nil {
				return err
			}
			fmt.Fprintln(out, v)
		}
		if err := m.Close(); err != nil {
			return err
		}
	}
}

// TestKill kills a process that commits, again and again, at any moment.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	rounds := 10
	if testing.Short() {
		rounds = 2
	}
	want, at := model{}, uint64(0)
	for round := range rounds {
		acked := at
		for _, line := range killtest.Run(t, "worker", dir, 0, 100*time.Millisecond) {
			fmt.Sscan(line, &acked)
		}
		m := mustOpen(t, dir)
		got := m.Version()
		if got < acked || got > acked+1 {
			t.Fatalf("round %d: got version %d, want %d or the one after", round, got, acked)
		}
		for ; at < got; at++ {
			want.put(versioned(at + 1))
		}
		if m.Root() != want.root() {
			t.Fatalf("round %d: got root %s, want that of version %d, %s", round, m.Root(), got, want.root())
		}
		if err := m.Check(context.Background()); err != nil {
			t.Fatal(err)
		}
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if at < uint64(rounds) {
		t.Errorf("got %d versions in all, want at least one for each process", at)
	}
}
