package status_test

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/realdid/realdid/internal/killtest"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/status"
)

func TestMain(m *testing.M) { killtest.Main(m, killtest.Roles{"worker": child}) }

// child takes and revokes entries until it is killed, and writes a line for each that it was given ("t") and revoked ("r").
func child(path string, out io.Writer) error {
	l, err := status.OpenList(path)
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	for g := range 3 {
		wg.Go(func() {
			for {
				got, err := l.Allocate(1 + g*rand.IntN(20))
				if errors.Is(err, status.ErrFull) {
					return
				}
				if err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
				line := []byte("t")
				for _, i := range got {
					line = fmt.Appendf(line, " %d", i)
				}
				mu.Lock()
				fmt.Fprintf(out, "%s\n", line)
				mu.Unlock()
				if g == 0 {
					if err := l.Set(status.Invalid, got[0]); err != nil {
						fmt.Fprintln(os.Stderr, err)
						os.Exit(1)
					}
					mu.Lock()
					fmt.Fprintf(out, "r %d\n", got[0])
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	return nil
}

// TestKill kills a child at random instants, REALDID_KILLS times (default 12). Nothing that it was given may be free again or be given
// a second time, and nothing that it revoked may be valid again.
func TestKill(t *testing.T) {
	kills := killtest.Kills(12)
	path := filepath.Join(t.TempDir(), "list")
	l, err := status.CreateList(path, status.ListOptions{Mechanism: vc.TokenStatusList, Entries: 1 << 22})
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	taken, revoked := map[uint64]bool{}, map[uint64]bool{}
	for range kills {
		for _, line := range killtest.Run(t, "worker", path, 0, 100*time.Millisecond) {
			words := strings.Fields(line)
			for _, w := range words[1:] {
				i, err := strconv.ParseUint(w, 10, 64)
				if err != nil {
					t.Fatal(err)
				}
				if words[0][0] == 'r' {
					revoked[i] = true
				} else if taken[i] {
					t.Errorf("entry %d was given twice", i)
				} else {
					taken[i] = true
				}
			}
		}
		l, err := status.OpenList(path)
		if err != nil {
			t.Fatal(err)
		}
		for i := range taken {
			if v, ok := l.Value(i); !ok || revoked[i] && v != status.Invalid {
				t.Errorf("entry %d: got %d, %v; revoked: %v", i, v, ok, revoked[i])
			}
		}
		l.Close()
	}
	t.Logf("%d kills, %d entries given, %d revoked", kills, len(taken), len(revoked))
	if len(taken) < kills || len(revoked) == 0 {
		t.Errorf("only %d entries were given", len(taken))
	}
}
