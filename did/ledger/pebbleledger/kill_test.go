package pebbleledger

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
)

func line(e ledger.Entry) string {
	return fmt.Sprintf("%s %d %d %x", e.Key, e.Seq, e.Anchor.Index, sha256.Sum256(e.Op))
}

// small makes few entries fill what many do otherwise.
func small() *Options { return &Options{memTable: 64 << 10, tableAt: 20} }

var kept = ledgertest.Directory{
	Open: func(dir string, wait time.Duration) (ledgertest.Kept, error) {
		opt := small()
		opt.Wait = wait
		l, err := Open(dir, ledgertest.Reducer{}, opt)
		if err != nil {
			return nil, err
		}
		return l, nil
	},
	More:  imports,
	Kills: 30, Early: 100 * time.Millisecond, Late: 400 * time.Millisecond,
}

func imports(l ledgertest.Kept, acknowledged func(ledger.Entry)) error {
	for range 3 {
		last, _ := l.(*Ledger).Last()
		entries := make([]ledger.Entry, 1+rand.IntN(60))
		for i := range entries {
			entries[i] = ledger.Entry{
				Key: fmt.Sprintf("imported-%x", rand.Uint64()), Op: ledgertest.Op(nil, strings.Repeat("y", rand.IntN(600))),
				Anchor: ledger.Anchor{Index: last.Index + 1 + uint64(i), Time: last.Time},
			}
		}
		if err := l.(*Ledger).Import(context.Background(), entries); err != nil {
			return err
		}
		for _, e := range entries {
			acknowledged(e)
		}
	}
	return nil
}

func TestMain(m *testing.M) { kept.Main(m) }

func TestKill(t *testing.T) { kept.TestKill(t) }

func TestSecondProcess(t *testing.T) { kept.TestSecondProcess(t, nil) }
