package sqlledger

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
	"github.com/realdid/realdid/did/ledger/sqlledger/internal/pgtest"
)

// liteWith opens the SQLite database in dir with settings.
func liteWith(tb testing.TB, dir, journal string, synchronous int) *sql.DB {
	tb.Helper()
	db, err := sql.Open("sqlite", fmt.Sprintf("file:%s?_pragma=journal_mode(%s)&_pragma=synchronous(%d)&_pragma=busy_timeout(10000)",
		filepath.Join(dir, "ledger.db"), journal, synchronous))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { db.Close() })
	return db
}

// What SQLite would not make durable is refused, on every connection.
func TestNotDurableSQLite(t *testing.T) {
	for _, test := range []struct {
		journal     string
		synchronous int
		refused     bool
	}{
		{"wal", 0, true},
		{"wal", 1, true},
		{"wal", 2, false},
		{"wal", 3, false},
		{"delete", 1, true},
		{"delete", 2, false},
		{"truncate", 2, false},
		{"persist", 2, false},
		{"memory", 2, true},
		{"off", 2, true},
	} {
		p := &place{T: t, dialect: SQLite, prefix: "test_", dir: t.TempDir()}
		_, err := p.tryOpen(liteWith(t, p.dir, test.journal, test.synchronous), nil)
		switch {
		case test.refused:
			p.only(fmt.Sprint(test.journal, " ", test.synchronous), err, ErrNotDurable)
			l, err := p.tryOpen(liteWith(t, p.dir, test.journal, test.synchronous), &Options{InsecureAsyncCommit: true})
			if err != nil {
				t.Fatalf("%s %d, InsecureAsyncCommit: %v", test.journal, test.synchronous, err)
			}
			p.next(l, "key", "x")
		case err != nil:
			t.Errorf("%s %d: %v", test.journal, test.synchronous, err)
		}
	}

	p := &place{T: t, dialect: SQLite, prefix: "test_", dir: t.TempDir()}
	p.raw = liteWith(t, p.dir, "wal", 2)
	db := liteWith(t, p.dir, "wal", 2)
	db.SetMaxOpenConns(1)
	l, err := p.tryOpen(db, nil)
	if err != nil {
		t.Fatal(err)
	}
	p.next(l, "key", "x")
	if _, err := db.ExecContext(t.Context(), "pragma synchronous = 1"); err != nil {
		t.Fatal(err)
	}
	_, err = l.Append(t.Context(), "other", 0, ledgertest.Op(nil, "x"))
	p.only("Append after the setting has changed", err, ErrNotDurable)
	if n := p.number("select count(*) from {entries}"); n != 1 {
		t.Errorf("%d entries, want 1", n)
	}
}

// What PostgreSQL would not make durable is refused, in every session.
func TestNotDurablePostgreSQL(t *testing.T) {
	server := pgtest.Start(t, nil)
	for setting, refused := range map[string]bool{"off": true, "local": true, "remote_write": true, "on": false, "remote_apply": false} {
		p := &place{T: t, dialect: PostgreSQL, prefix: setting + "_", url: server.URL("") + "&synchronous_commit=" + setting}
		_, err := p.tryOpen(p.connect(), nil)
		switch {
		case refused:
			p.only(setting, err, ErrNotDurable)
			l, err := p.tryOpen(p.connect(), &Options{InsecureAsyncCommit: true})
			if err != nil {
				t.Fatalf("%s, InsecureAsyncCommit: %v", setting, err)
			}
			p.next(l, "key", "x")
		case err != nil:
			t.Errorf("%s: %v", setting, err)
		}
	}

	p := &place{T: t, dialect: PostgreSQL, prefix: "later_", url: server.URL("")}
	p.raw = p.connect()
	db := p.connect()
	db.SetMaxIdleConns(0) // each call is a session of its own
	l, err := p.tryOpen(db, nil)
	if err != nil {
		t.Fatal(err)
	}
	p.next(l, "key", "x")
	server.Query("ALTER ROLE postgres SET synchronous_commit = 'local'")
	other, err := p.tryOpen(p.connect(), nil)
	p.only("Open after the setting has changed", err, ErrNotDurable)
	_, err = l.Append(t.Context(), "other", 0, ledgertest.Op(nil, "x"))
	p.only("Append after the setting has changed", err, ErrNotDurable)
	if n := p.number("select count(*) from {entries}"); n != 1 {
		t.Errorf("%d entries, want 1", n)
	}
	server.Query("ALTER ROLE postgres RESET synchronous_commit")
	p.next(l, "other", "x")
	_ = other

	server.Configure(map[string]string{"fsync": "off"})
	server.Reload()
	server.Until("SELECT current_setting('fsync') = 'off'")
	_, err = p.tryOpen(p.connect(), nil)
	p.only("Open without fsync", err, ErrNotDurable)
	_, err = l.Append(t.Context(), "third", 0, ledgertest.Op(nil, "x"))
	p.only("Append without fsync", err, ErrNotDurable)
}

// An account that may read and write the tables, and not make any, is enough once they are there.
func TestPlainAccount(t *testing.T) {
	server := pgtest.Start(t, nil)
	p := &place{T: t, dialect: PostgreSQL, prefix: "plain_", url: server.URL("")}
	server.Query("CREATE ROLE writer; REVOKE CREATE ON SCHEMA public FROM PUBLIC")
	plain := *p
	plain.url += "&role=writer"
	if _, err := plain.tryOpen(plain.connect(), nil); err == nil {
		t.Error("an account that may not make tables made them")
	} else {
		plain.only("no tables", err, ledger.ErrUnavailable)
	}
	p.next(p.open(nil), "key", "x")
	server.Query("GRANT SELECT ON plain_meta TO writer; GRANT SELECT, UPDATE ON plain_tip TO writer; GRANT SELECT, INSERT ON plain_entries TO writer")
	l := plain.open(nil)
	if e := plain.next(l, "key", "y"); e.Anchor.Index != 1 {
		t.Errorf("index %d, want 1", e.Anchor.Index)
	}
}
