package status_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/status"
)

// childEnv makes the test binary a child that works on the list that it names.
const childEnv = "REALDID_STATUS_CHILD"

func TestMain(m *testing.M) {
	if path := os.Getenv(childEnv); path != "" {
		if err := child(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child takes and revokes entries until it is killed, and writes a line for each that it was given ("t") and revoked ("r").
func child(path string) error {
	l, err := status.OpenList(path)
	if err != nil {
		return err
	}
	fmt.Println("open")
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
				fmt.Printf("%s\n", line)
				mu.Unlock()
				if g == 0 {
					if err := l.Set(status.Invalid, got[0]); err != nil {
						fmt.Fprintln(os.Stderr, err)
						os.Exit(1)
					}
					mu.Lock()
					fmt.Printf("r %d\n", got[0])
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
	kills := 12
	if n, err := strconv.Atoi(os.Getenv("REALDID_KILLS")); err == nil {
		kills = n
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "list")
	l, err := status.CreateList(path, status.ListOptions{Mechanism: vc.TokenStatusList, Entries: 1 << 22})
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	taken, revoked := map[uint64]bool{}, map[uint64]bool{}
	for range kills {
		for _, line := range killed(t, self, path) {
			words := bytes.Fields(line)
			for _, w := range words[1:] {
				i, err := strconv.ParseUint(string(w), 10, 64)
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

// killed runs a child and kills it after some lines, and returns the lines that were whole.
func killed(t *testing.T, self, path string) (lines [][]byte) {
	t.Helper()
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childEnv+"="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	after := 1 + rand.IntN(40)
	r := bufio.NewReader(out)
	for n := 0; ; n++ {
		line, err := r.ReadBytes('\n')
		if err != nil {
			break
		}
		if n > 0 { // "open"
			lines = append(lines, line)
		}
		if n == after {
			cmd.Process.Kill()
		}
	}
	cmd.Wait()
	return lines
}
