package sqlledger

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/realdid/realdid/did/ledger"
)

// numbered is an error as SQLite's driver has them.
type numbered int

func (n numbered) Error() string { return "sqlite" }
func (n numbered) Code() int     { return int(n) }

// What a database says, and what becomes of it.
func TestErrors(t *testing.T) {
	pg := func(code string) error { return fmt.Errorf("wrapped: %w", &pgconn.PgError{Code: code}) }
	for _, test := range []struct {
		name        string
		err         error
		again, lost bool
		want        error
	}{
		{"serialization failure", pg("40001"), true, false, ledger.ErrUnavailable},
		{"deadlock", pg("40P01"), true, false, ledger.ErrUnavailable},
		{"lock timeout", pg("55P03"), true, false, ledger.ErrUnavailable},
		{"unique violation", pg("23505"), false, false, ledger.ErrCorrupt},
		{"data corrupted", pg("XX001"), false, false, ledger.ErrCorrupt},
		{"index corrupted", pg("XX002"), false, false, ledger.ErrCorrupt},
		{"disk full", pg("53100"), false, false, ledger.ErrUnavailable},
		{"canceled", pg("57014"), false, false, ledger.ErrUnavailable},
		{"shutdown", pg("57P01"), false, true, ledger.ErrUnavailable},
		{"starting up", pg("57P03"), false, true, ledger.ErrUnavailable},
		{"connection failure", pg("08006"), false, true, ledger.ErrUnavailable},
		{"read-only", pg("25006"), false, false, ledger.ErrUnavailable},
		{"busy", numbered(5), true, false, ledger.ErrUnavailable},
		{"busy snapshot", numbered(5 | 2<<8), true, false, ledger.ErrUnavailable},
		{"locked", numbered(6), true, false, ledger.ErrUnavailable},
		{"unique constraint", numbered(19 | 8<<8), false, false, ledger.ErrCorrupt},
		{"malformed file", numbered(11), false, false, ledger.ErrCorrupt},
		{"no database", numbered(26), false, false, ledger.ErrCorrupt},
		{"full", numbered(13), false, false, ledger.ErrUnavailable},
		{"locked, by another driver", errors.New("database is locked"), true, false, ledger.ErrUnavailable},
		{"not sent", driver.ErrBadConn, true, false, ledger.ErrUnavailable},
		{"cut", io.ErrUnexpectedEOF, false, true, ledger.ErrUnavailable},
		{"end", io.EOF, false, true, ledger.ErrUnavailable},
		{"own deadline", context.DeadlineExceeded, false, true, ledger.ErrUnavailable},
		{"not durable", ErrNotDurable, false, false, ErrNotDurable},
		{"format", ErrFormat, false, false, ErrFormat},
		{"corrupt", corrupt("x"), false, false, ledger.ErrCorrupt},
	} {
		if got := again(test.err); got != test.again {
			t.Errorf("%s: again = %v, want %v", test.name, got, test.again)
		}
		if got := lost(test.err); got != test.lost {
			t.Errorf("%s: lost = %v, want %v", test.name, got, test.lost)
		}
		err := failure(t.Context(), "x", test.err)
		for _, kind := range []error{ledger.ErrUnavailable, ledger.ErrCorrupt, ErrNotDurable, ErrFormat, ledger.ErrConflict, ledger.ErrInvalid, context.DeadlineExceeded} {
			if errors.Is(err, kind) != errors.Is(kind, test.want) {
				t.Errorf("%s: got error %v, want only %v", test.name, err, test.want)
			}
		}
		if again := failure(t.Context(), "y", err); again.Error() != err.Error() {
			t.Errorf("%s: wrapped twice: %v", test.name, again)
		}
	}
	if failure(t.Context(), "x", nil) != nil || unavailable("x", nil) != nil {
		t.Error("an error of nothing")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := failure(ctx, "x", pg("57014")); !errors.Is(err, context.Canceled) || errors.Is(err, ledger.ErrUnavailable) {
		t.Errorf("after the caller's context: got error %v", err)
	}
}

// What is tried again, and how often.
func TestTry(t *testing.T) {
	s := &store{timeout: 1e12}
	busy, cut, other := error(numbered(5)), error(io.ErrUnexpectedEOF), errors.New("other")
	for _, test := range []struct {
		name     string
		fails    []error // one after the other, the last for ever
		harmless bool
		calls    int
		ok       bool
	}{
		{"busy twice", []error{busy, busy, nil}, false, 3, true},
		{"always busy", []error{busy}, false, attempts, false},
		{"cut", []error{cut, nil}, false, 1, false},
		{"cut, harmless", []error{cut, nil}, true, 2, true},
		{"cut twice, harmless", []error{cut}, true, 2, false},
		{"other", []error{other}, true, 1, false},
	} {
		calls := 0
		err := s.try(t.Context(), "x", test.harmless, func(context.Context) error {
			calls++
			return test.fails[min(calls, len(test.fails))-1]
		})
		if calls != test.calls || (err == nil) != test.ok {
			t.Errorf("%s: %d calls, error %v; want %d", test.name, calls, err, test.calls)
		}
	}
	s.timeout = 1
	calls := 0
	err := s.try(t.Context(), "x", true, func(ctx context.Context) error {
		calls++
		<-ctx.Done()
		return ctx.Err()
	})
	if calls != 1 || !errors.Is(err, ledger.ErrUnavailable) {
		t.Errorf("a call that takes too long: %d calls, %v; want one, %v", calls, err, ledger.ErrUnavailable)
	}
}

// What is covered stays so, whatever is learned late.
func TestCover(t *testing.T) {
	s := &store{changed: make(chan struct{})}
	at := time.Unix(1e9, 0)
	for _, next := range []uint64{3, 5, 4, 5} {
		_, changed := s.watch()
		before := s.end().next
		s.cover(tip{next: next, last: at})
		select {
		case <-changed:
			if next <= before {
				t.Errorf("%d after %d is told as news", next, before)
			}
		default:
			if next > before {
				t.Errorf("%d after %d is not told", next, before)
			}
		}
	}
	if got := s.end(); got.next != 5 || !got.last.Equal(at) {
		t.Errorf("covered %v, want 5", got)
	}
}
