package sqlledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/realdid/realdid/did/ledger"
)

// A Dialect is the kind of database.
type Dialect int

// Dialects.
const (
	Detect     Dialect = iota // from the driver, and from what the database says
	PostgreSQL                // 12 or newer, through the driver of pgx (github.com/jackc/pgx/v5/stdlib)
	SQLite                    // 3.35 or newer, in a file, through any driver
)

func (d Dialect) String() string {
	switch d {
	case Detect:
		return "Detect"
	case PostgreSQL:
		return "PostgreSQL"
	case SQLite:
		return "SQLite"
	}
	return fmt.Sprintf("Dialect(%d)", int(d))
}

// An engine is what differs between dialects. Its methods make one attempt each.
type engine interface {
	// migrations are the steps from nothing to the newest format, each a list of statements.
	migrations() [][]string
	// exists tells whether there is a table of that name.
	exists(ctx context.Context, q querier, name string) (bool, error)
	// meta reads the table meta: version and ledger.
	meta(ctx context.Context, q querier) (*sql.Rows, error)
	// exclusive begins a transaction that no other migration runs beside.
	exclusive(ctx context.Context) (session, error)
	// durable says why what is committed through the pool might not outlive a crash.
	durable(ctx context.Context) error

	// swap stores batch durably if the ledger has as many entries as the first index of it says; stored is false if not.
	swap(ctx context.Context, batch []ledger.Admitted) (stored bool, err error)
	// reserve begins a transaction during which nobody else can append, and reads the end of the ledger.
	reserve(ctx context.Context) (session, tip, error)
	// reserved is swap within what reserve began, which it ends.
	reserved(ctx context.Context, in session, batch []ledger.Admitted) (stored bool, err error)
	// confirm makes durable whatever it can see, and returns where that ends.
	confirm(ctx context.Context) (tip, error)
	// tip reads the end of the ledger.
	tip(ctx context.Context) (tip, error)
	// table returns the name of a table as it stands in statements.
	table(name string) string
	// heads returns what stands at those of keys, which are different, that are not new.
	heads(ctx context.Context, keys []string) (map[string]head, error)
	// history reads at most limit entries of a key, from seq from on, in order.
	history(ctx context.Context, key string, from uint64, limit int) ([]ledger.Entry, error)
	// feed reads at most limit entries, from index from on, in order.
	feed(ctx context.Context, from uint64, limit int) ([]ledger.Entry, error)
}

// A head is the end of a key's sequence.
type head struct {
	ledger.Head
	last uint64 // index of its last entry
}

// A querier is a database, a connection of it or a transaction.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// A session is a transaction under way.
type session interface {
	querier
	Commit() error
	Rollback() error
}

// names are the names of the ledger's tables as they stand in statements.
type names struct {
	schema string // quoted and followed by a point, or empty
	prefix string
}

// word is what a schema or prefix may be, so that no name needs care anywhere.
var word = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,31}$`)

func newNames(schema, prefix string) (names, error) {
	if !word.MatchString(prefix) {
		return names{}, fmt.Errorf("sqlledger: open: the prefix is not 1 to 32 of a-z 0-9 _, beginning with no digit")
	}
	if schema == "" {
		return names{prefix: prefix}, nil
	}
	if !word.MatchString(schema) {
		return names{}, fmt.Errorf("sqlledger: open: the schema is not 1 to 32 of a-z 0-9 _, beginning with no digit")
	}
	return names{schema: `"` + schema + `".`, prefix: prefix}, nil
}

// table returns the quoted name of a table.
func (n names) table(name string) string { return n.schema + `"` + n.prefix + name + `"` }

// detect finds out what db is.
func detect(ctx context.Context, db *sql.DB, d Dialect) (Dialect, error) {
	_, pgx := db.Driver().(*stdlib.Driver)
	switch d {
	case SQLite:
		return d, nil
	case PostgreSQL, Detect:
		if pgx {
			return PostgreSQL, nil
		}
		if d == PostgreSQL {
			return 0, errors.New("sqlledger: open: PostgreSQL needs the driver github.com/jackc/pgx/v5/stdlib")
		}
	default:
		return 0, fmt.Errorf("sqlledger: open: %v is no dialect", d)
	}
	var version string
	if err := db.QueryRowContext(ctx, "select sqlite_version()").Scan(&version); err != nil {
		return 0, failure(ctx, "open: no SQLite, and not the driver of pgx", err)
	}
	return SQLite, nil
}
