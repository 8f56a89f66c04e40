package boltledger

import (
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger/ledgertest"
)

var kept = ledgertest.Directory{
	Open: func(dir string, wait time.Duration) (ledgertest.Kept, error) {
		l, err := Open(dir, ledgertest.Reducer{}, &Options{Wait: wait})
		if err != nil {
			return nil, err
		}
		l.store.heads.min, l.store.foldAt = 100, 40_000 // so that few entries bring about what many do
		return l, nil
	},
	Kills: 50, Early: 40 * time.Millisecond, Late: 150 * time.Millisecond,
}

func TestMain(m *testing.M) { kept.Main(m) }

func TestKill(t *testing.T) { kept.TestKill(t) }

func TestSecondProcess(t *testing.T) {
	kept.TestSecondProcess(t, func(dir string) {
		if err := Restore(t.Context(), dir, strings.NewReader("")); err == nil {
			t.Error("Restore into a directory that is in use")
		}
	})
}
