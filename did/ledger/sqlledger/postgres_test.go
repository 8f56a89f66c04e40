package sqlledger

import (
	"database/sql"
	"fmt"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/realdid/realdid/did/ledger/ledgertest"
	"github.com/realdid/realdid/did/ledger/sqlledger/internal/pgtest"
)

// pgDB opens the database at url.
func pgDB(tb testing.TB, url string) *sql.DB {
	tb.Helper()
	db, err := sql.Open("pgx", url)
	if err != nil {
		tb.Fatal(err)
	}
	db.SetMaxIdleConns(8)
	return db
}

func TestConformancePostgreSQL(t *testing.T) {
	url := pgtest.Start(t, nil).URL("")
	ledgers := 0
	ledgertest.Run(t, func(tb testing.TB) ledgertest.Harness {
		ledgers++
		opt := Options{Prefix: fmt.Sprintf("kit_%d_", ledgers), Poll: 20 * time.Millisecond, OnError: func(err error) { tb.Log(err) }}
		return &harness{connect: func(tb testing.TB) *sql.DB { return pgDB(tb, url) }, opt: opt}
	})
}
