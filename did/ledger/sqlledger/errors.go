package sqlledger

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/realdid/realdid/did/ledger"
)

// Errors of [Open].
var (
	ErrFormat     = errors.New("sqlledger: the tables are not of a format that this package knows")
	ErrNotDurable = errors.New("sqlledger: the database does not make commits durable") // the text says which setting
)

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: sqlledger: %s", ledger.ErrCorrupt, fmt.Sprintf(format, args...))
}

// failure is err of a call to the database as callers get it: damage, the end of their context, or else an error that tells
// nothing about what stands.
func failure(ctx context.Context, what string, err error) error {
	switch {
	case err == nil, errors.Is(err, ledger.ErrCorrupt), errors.Is(err, ledger.ErrUnavailable):
		return err
	case errors.Is(err, ErrNotDurable), errors.Is(err, ErrFormat):
		return err
	case ctx.Err() != nil:
		return fmt.Errorf("sqlledger: %s: %w", what, ctx.Err())
	case damage(err):
		return fmt.Errorf("%w: sqlledger: %s: %w", ledger.ErrCorrupt, what, err)
	}
	return unavailable(what, err)
}

func unavailable(what string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		// It is no context of the caller's that ended.
		return fmt.Errorf("%w: sqlledger: %s: %v", ledger.ErrUnavailable, what, err)
	}
	return fmt.Errorf("%w: sqlledger: %s: %w", ledger.ErrUnavailable, what, err)
}

// code returns what kind of error PostgreSQL (state) or SQLite (number) names.
func code(err error) (state string, number int) {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code, 0
	}
	if lite, ok := errors.AsType[interface {
		error
		Code() int
	}](err); ok {
		return "", lite.Code() & 0xff // without the extension
	}
	return "", 0
}

// Codes of PostgreSQL ("PostgreSQL Error Codes", appendix A of its manual) and of SQLite ("Result and Error Codes").
const (
	pgIntegrity     = "23" // class: the tables do not fit what the tip says
	pgSerialization = "40001"
	pgDeadlock      = "40P01"
	pgLockTimeout   = "55P03"
	pgDataCorrupted = "XX001"
	pgIndexDamaged  = "XX002"

	liteBusy       = 5
	liteLocked     = 6
	liteCorrupt    = 11
	liteConstraint = 19
	liteNotDB      = 26
)

// again tells whether err says that nothing was done because of others who were at work, so that trying again helps.
func again(err error) bool {
	state, number := code(err)
	switch state {
	case pgSerialization, pgDeadlock, pgLockTimeout:
		return true
	}
	if number == liteBusy || number == liteLocked || errors.Is(err, driver.ErrBadConn) || pgconn.SafeToRetry(err) {
		return true
	}
	return state == "" && number == 0 && strings.Contains(err.Error(), "database is locked") // other drivers of SQLite
}

// lost tells whether err says that the connection broke.
func lost(err error) bool {
	state, _ := code(err)
	if strings.HasPrefix(state, "08") || strings.HasPrefix(state, "57P") { // connection exception; shutdown
		return true
	}
	_, network := errors.AsType[net.Error](err)
	return network || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// damage tells whether err says that what is stored contradicts itself.
func damage(err error) bool {
	state, number := code(err)
	switch {
	case strings.HasPrefix(state, pgIntegrity), state == pgDataCorrupted, state == pgIndexDamaged:
		return true
	}
	return number == liteCorrupt || number == liteConstraint || number == liteNotDB
}
