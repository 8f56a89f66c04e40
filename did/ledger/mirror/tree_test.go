package mirror

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/ledger/witness"
)

// hanging answers some requests only when they are given up.
type hanging struct {
	Source
	at func(path string) bool
}

func (h hanging) ReadFile(ctx context.Context, path string) ([]byte, error) {
	if h.at(path) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return h.Source.ReadFile(ctx, path)
}

// TestLeavesEnd: reading ends, with nothing left behind, when the reader has enough, when its context ends, and when a source does
// not answer.
func TestLeavesEnd(t *testing.T) {
	n := newNetwork(t, 0, 0, proof.Quorum{})
	n.grow(2500)
	n.op.seal()
	c := mustCheckpoint(t, n.op.note())
	late := hanging{n.op, func(path string) bool { return strings.HasPrefix(path, "tile/entries/003") }}
	before := runtime.NumGoroutine()
	enough := errors.New("enough")
	for name, test := range map[string]struct {
		src  Source
		stop uint64
		want error
	}{
		"enough":             {n.op, 700, enough},
		"enough at once":     {n.op, 1, enough},
		"enough, and a hang": {late, 700, enough},
		"a hang":             {late, 1 << 62, witness.ErrUnavailable},
		"all":                {n.op, 1 << 62, nil},
	} {
		tree, err := openTree(t.Context(), test.src, c)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		seen := uint64(0)
		err = tree.leaves(ctx, 0, func(index uint64, leaf []byte) error {
			if index != seen {
				t.Fatalf("%s: leaf %d after %d", name, index, seen)
			}
			if seen++; seen == 3*proof.TileWidth && name == "a hang" {
				cancel()
			}
			if seen == test.stop {
				return enough
			}
			return nil
		})
		cancel()
		if !errors.Is(err, test.want) || test.want == nil && seen != c.Size {
			t.Errorf("%s: %d leaves, %v, want %v", name, seen, err, test.want)
		}
	}
	for deadline := time.Now().Add(30 * time.Second); runtime.NumGoroutine() > before && time.Now().Before(deadline); {
		runtime.Gosched()
	}
	if now := runtime.NumGoroutine(); now > before {
		t.Errorf("%d goroutines, %d before", now, before)
	}
}
