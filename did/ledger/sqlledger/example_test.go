package sqlledger_test

import (
	"context"
	"database/sql"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/sqlledger"
	_ "modernc.org/sqlite"
)

// counter counts a key's operations.
type counter struct{}

func (counter) Reduce(_ string, state, _ []byte, _ ledger.Anchor) (ledger.Reduced, error) {
	n := 0
	fmt.Sscan(string(state), &n)
	return ledger.Reduced{State: fmt.Append(nil, n+1)}, nil
}

// Two processes have the same file open. For PostgreSQL, only the line with sql.Open differs.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "ledger")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	noon := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	open := func() *sqlledger.Ledger {
		db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "ledger.db")+"?_pragma=journal_mode(wal)&_pragma=synchronous(full)&_pragma=busy_timeout(5000)")
		if err != nil {
			log.Fatal(err)
		}
		lg, err := sqlledger.Open(ctx, db, counter{}, &sqlledger.Options{Clock: func() time.Time { return noon }})
		if err != nil {
			log.Fatal(err)
		}
		return lg
	}
	one, other := open(), open()
	defer one.Close()
	defer other.Close()

	e, err := one.Append(ctx, "some-key", 0, []byte("first"))
	fmt.Println(e.Anchor.Index, err)
	e, err = other.Append(ctx, "some-key", 1, []byte("second"))
	fmt.Println(e.Anchor.Index, err)
	_, err = one.Append(ctx, "some-key", 1, []byte("third"))
	fmt.Println(err)
	if err := one.Wait(ctx, 2); err != nil { // for what others append
		fmt.Println(err)
	}
	state, seq, err := one.State(ctx, "some-key")
	fmt.Printf("%s %d %v\n", state, seq, err)
	// Output:
	// 0 <nil>
	// 1 <nil>
	// ledger: append: conflict: another entry stands at seq 1 of 2
	// 2 2 <nil>
}
