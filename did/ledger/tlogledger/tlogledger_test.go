package tlogledger

import (
	"context"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
	"github.com/realdid/realdid/did/ledger/proof"
)

const origin = "log.example/tessera"

// heads makes the toy's states their own head records.
type heads struct{ ledgertest.Reducer }

func (heads) Head(_ string, state []byte) ([]byte, error) {
	if len(state) == 0 {
		return []byte("empty"), nil
	}
	return state, nil
}

type fixed struct{ ledger.Reducer }

func (fixed) Head(key string, state []byte) ([]byte, error) { return heads{}.Head(key, state) }

func newSigner(tb testing.TB, name string, typ proof.KeyType) *proof.NoteSigner {
	tb.Helper()
	s, err := proof.GenerateNoteSigner(name, typ)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// alone is the policy of a log that nobody cosigns.
func alone(signer *proof.NoteSigner) *proof.Trust {
	return &proof.Trust{Origin: origin, Log: signer.Verifier(), InsecureNoQuorum: true}
}

func openPOSIX(tb testing.TB, dir string, signer *proof.NoteSigner, trust *proof.Trust, red ledger.HeadReducer, opt *Options) *Ledger {
	tb.Helper()
	l, err := OpenPOSIX(context.Background(), filepath.Join(dir, "log"), filepath.Join(dir, "ledger"), signer, trust, red, opt)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := l.Close(); err != nil {
			tb.Error(err)
		}
	})
	return l
}

// harness restarts a ledger from a copy of its folders, taken while it is open.
type harness struct {
	dir     string
	signer  *proof.NoteSigner
	reducer ledger.Reducer
	clock   ledger.Clock
	last    *Ledger
	forget  bool // restart without what was derived from the log
	failing atomic.Pointer[error]
}

func (h *harness) Open(tb testing.TB, reducer ledger.Reducer, clock ledger.Clock) ledgertest.Ledger {
	h.reducer, h.clock = reducer, clock
	h.last = openPOSIX(tb, h.dir, h.signer, alone(h.signer), fixed{reducer}, &Options{
		Clock: clock, often: 100 * time.Millisecond, OnError: func(err error) { tb.Log(err) },
		fault: func(string) error {
			if err := h.failing.Load(); err != nil {
				return *err
			}
			return nil
		},
	})
	return h.last
}

func (h *harness) Restart(tb testing.TB) ledgertest.Ledger {
	old := h.dir
	h.dir = tempDir(tb)
	h.last.turn <- struct{}{} // no copy of folders that are being written to
	h.last.store.writing.Lock()
	folders := []string{"log", "ledger"}
	if h.forget {
		folders = folders[:1]
	}
	for _, f := range folders {
		if err := os.CopyFS(filepath.Join(h.dir, f), os.DirFS(filepath.Join(old, f))); err != nil {
			tb.Fatal(err)
		}
	}
	h.last.store.writing.Unlock()
	<-h.last.turn
	return h.Open(tb, h.reducer, h.clock)
}

// Slow says that an append waits for a batch of the log.
func (h *harness) Slow() bool { return true }

func (h *harness) Fail(err error) {
	if err == nil {
		h.failing.Store(nil)
		return
	}
	h.failing.Store(&err)
}

func TestConformance(t *testing.T) {
	signer := newSigner(t, origin, proof.LogEd25519)
	for name, forget := range map[string]bool{"kept": false, "from the log alone": true} {
		t.Run(name, func(t *testing.T) {
			ledgertest.Run(t, func(tb testing.TB) ledgertest.Harness {
				return &harness{dir: tempDir(tb), signer: signer, forget: forget}
			})
		})
	}
}
