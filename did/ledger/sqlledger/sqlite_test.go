package sqlledger

import (
	"database/sql"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
	_ "modernc.org/sqlite"
)

// harness restarts a ledger by opening the database again, beside the ledger before.
type harness struct {
	connect func(tb testing.TB) *sql.DB
	opt     Options
	reducer ledger.Reducer
	failing atomic.Pointer[error]
}

func (h *harness) Open(tb testing.TB, reducer ledger.Reducer, clock ledger.Clock) ledgertest.Ledger {
	h.reducer, h.opt.Clock = reducer, clock
	return h.Restart(tb)
}

func (h *harness) Restart(tb testing.TB) ledgertest.Ledger {
	tb.Helper()
	db := h.connect(tb)
	l, err := Open(tb.Context(), db, h.reducer, &h.opt)
	if err != nil {
		tb.Fatal(err)
	}
	l.store.fault = func(stage string) error {
		if err := h.failing.Load(); err != nil && stage == "begun" {
			return *err
		}
		return nil
	}
	tb.Cleanup(func() {
		l.Close()
		db.Close()
	})
	return l
}

func (h *harness) Fail(err error) {
	if err == nil {
		h.failing.Store(nil)
		return
	}
	h.failing.Store(&err)
}

// liteDB opens the SQLite database in dir.
func liteDB(tb testing.TB, dir string) *sql.DB {
	tb.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "ledger.db")+"?_pragma=journal_mode(wal)&_pragma=synchronous(2)&_pragma=busy_timeout(10000)")
	if err != nil {
		tb.Fatal(err)
	}
	return db
}

func TestConformanceSQLite(t *testing.T) {
	ledgertest.Run(t, func(tb testing.TB) ledgertest.Harness {
		dir := tb.TempDir()
		return &harness{connect: func(tb testing.TB) *sql.DB { return liteDB(tb, dir) }, opt: Options{Poll: 20 * time.Millisecond, OnError: func(err error) { tb.Log(err) }}}
	})
}
