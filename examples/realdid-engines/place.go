package main

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/boltledger"
	"github.com/realdid/realdid/did/ledger/cometledger"
	"github.com/realdid/realdid/did/ledger/httpledger"
	"github.com/realdid/realdid/did/ledger/memledger"
	"github.com/realdid/realdid/did/ledger/pebbleledger"
	"github.com/realdid/realdid/did/ledger/sqlledger"
)

const placeHelp = `A LEDGER is one of
  mem:                                 in memory, gone at the end
  bolt:FOLDER                          the embedded ledger
  pebble:FOLDER                        Pebble
  sqlite:FILE                          a database in a file
  postgres://USER@HOST/DB              PostgreSQL, as pgx takes its address
  comet:URL[,URL]                      validators by their RPC addresses, http://host:port
  evm:URL,ID,ADDRESS,FINALITY[,FOLDER] a contract on an Ethereum chain: node, chain id, address, finality; index in FOLDER
  tessera:FOLDER                       a log by Tessera in FOLDER/log, with what is made of it and its key in FOLDER
  https://HOST                         a ledger that "realdid serve ledger" or "realdid-engines serve ledger" serves`

// An opened ledger is one of any engine.
type opened struct {
	ledger.Readable
	close func() error
}

// replica returns the ledger as one that a copy can be written to.
func (o *opened) replica() (ledger.Replica, bool) {
	r, ok := o.Readable.(ledger.Replica)
	return r, ok
}

// open opens the ledger at a place.
func open(ctx context.Context, place string, red ledger.HeadReducer) (*opened, error) {
	kind, rest, ok := strings.Cut(place, ":")
	if !ok {
		return nil, usage("%q names no ledger\n%s", place, placeHelp)
	}
	if rest == "" && kind != "mem" {
		return nil, usage("%s: names no place", kind)
	}
	switch kind {
	case "mem":
		return &opened{memledger.New(red, nil), func() error { return nil }}, nil
	case "bolt":
		l, err := boltledger.Open(rest, red, nil)
		return closing(l, err)
	case "pebble":
		l, err := pebbleledger.Open(rest, red, nil)
		return closing(l, err)
	case "sqlite":
		return openSQL(ctx, "sqlite", "file:"+rest+"?_txlock=immediate&_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)", red, nil)
	case "postgres", "postgresql":
		return openSQL(ctx, "pgx", place, red, &sqlledger.Options{
			Listen: func(ctx context.Context) (*pgx.Conn, error) { return pgx.Connect(ctx, place) },
		})
	case "comet":
		l, err := cometledger.Dial(ctx, strings.Split(rest, ","), &cometledger.ClientOptions{Reducer: red})
		return closing(l, err)
	case "evm":
		return openEVM(ctx, rest, red)
	case "tessera":
		return openTessera(ctx, rest, red)
	case "http", "https":
		l, err := httpledger.NewClient(place, nil)
		return closing(l, err)
	}
	return nil, usage("%s: is no kind of ledger\n%s", kind, placeHelp)
}

// A closer is a ledger that is to be closed.
type closer interface {
	ledger.Readable
	Close() error
}

func closing[L closer](l L, err error) (*opened, error) {
	if err != nil {
		return nil, err
	}
	return &opened{l, l.Close}, nil
}

func openSQL(ctx context.Context, driver, source string, red ledger.Reducer, opt *sqlledger.Options) (*opened, error) {
	db, err := sql.Open(driver, source)
	if err != nil {
		return nil, err
	}
	l, err := sqlledger.Open(ctx, db, red, opt)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &opened{l, func() error { return errors.Join(l.Close(), db.Close()) }}, nil
}
