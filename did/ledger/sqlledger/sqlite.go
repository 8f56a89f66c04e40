package sqlledger

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/realdid/realdid/did/ledger"
)

// sqlite is the engine for SQLite. A commit is a transaction in this process instead of a single statement: the lock for
// writing is taken before the comparison.
type sqlite struct {
	names
	db    *sql.DB
	async bool

	swapText, insertText, confirmText, tipText, headsText, historyText, feedText string
}

func newSQLite(db *sql.DB, n names, async bool) *sqlite {
	l := &sqlite{names: n, db: db, async: async}
	l.swapText = l.text("update {tip} set next = next + ?, time = ? where next = ?")
	l.insertText = l.text("insert into {entries} (idx, key, seq, time, op, state) values (?, ?, ?, ?, ?, ?)")
	l.confirmText = l.text("update {tip} set confirmed = confirmed + 1")
	l.tipText = l.text("select next, time from {tip}")
	l.headsText = l.text(`select e.key, e.seq, e.idx, e.state from json_each(?) as k
		join {entries} as e on e.key = k.value and e.seq = (select max(seq) from {entries} where key = k.value)`)
	l.historyText = l.text("select key, seq, idx, time, op from {entries} where key = ? and seq >= ? order by seq limit ?")
	l.feedText = l.text("select key, seq, idx, time, op from {entries} where idx >= ? order by idx limit ?")
	return l
}

func (l *sqlite) migrations() [][]string {
	return [][]string{{
		l.text(`create table {meta} (version integer not null, ledger text not null)`),
		l.text(`create table {tip} (one integer primary key check (one = 1),
			next integer not null, time integer not null, confirmed integer not null)`),
		l.text(`insert into {tip} (one, next, time, confirmed) values (1, 0, 0, 0)`),
		l.text(`create table {entries} (idx integer primary key, key text not null, seq integer not null,
			time integer not null, op blob not null, state blob not null, unique (key, seq))`),
	}}
}

func (l *sqlite) exists(ctx context.Context, q querier, name string) (ok bool, err error) {
	err = q.QueryRowContext(ctx, "select count(*) > 0 from "+l.schema+"sqlite_master where type = 'table' and name = ?", l.prefix+name).Scan(&ok)
	return ok, err
}

// A liteSession is a transaction that has the lock for writing.
type liteSession struct {
	*sql.Conn
	over bool
}

func (l *sqlite) exclusive(ctx context.Context) (session, error) {
	conn, err := l.db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := conn.ExecContext(ctx, "begin immediate"); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	s := &liteSession{Conn: conn}
	if !l.async {
		if err := l.safe(ctx, conn); err != nil {
			return nil, errors.Join(err, s.Rollback())
		}
	}
	return s, nil
}

func (s *liteSession) Commit() error {
	if s.over {
		return sql.ErrTxDone
	}
	if _, err := s.ExecContext(context.Background(), "commit"); err != nil {
		return errors.Join(err, s.Rollback())
	}
	s.over = true
	return s.Close()
}

// Rollback ends the transaction, and with the connection if it has to. After Commit it does nothing.
func (s *liteSession) Rollback() error {
	if s.over {
		return nil
	}
	s.over = true
	if _, err := s.ExecContext(context.Background(), "rollback"); err != nil {
		_ = s.Raw(func(any) error { return driver.ErrBadConn })
	}
	return s.Close()
}

func (l *sqlite) durable(ctx context.Context) error {
	conn, err := l.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	return l.safe(ctx, conn)
}

// safe says why a commit on this connection might not outlive a crash of the machine: each connection has settings of its own.
func (l *sqlite) safe(ctx context.Context, q querier) error {
	var journal string
	var synchronous int
	if err := q.QueryRowContext(ctx, "pragma "+l.schema+"journal_mode").Scan(&journal); err != nil {
		return err
	}
	if err := q.QueryRowContext(ctx, "pragma "+l.schema+"synchronous").Scan(&synchronous); err != nil {
		return err
	}
	switch journal {
	case "wal", "delete", "truncate", "persist":
	default:
		return fmt.Errorf("%w: journal_mode is %s", ErrNotDurable, journal)
	}
	if synchronous < 2 {
		return fmt.Errorf("%w: synchronous is %d, and must be 2 (full) or 3 (extra) on every connection", ErrNotDurable, synchronous)
	}
	return nil
}

func (l *sqlite) swap(ctx context.Context, batch []ledger.Admitted) (stored bool, err error) {
	in, err := l.exclusive(ctx)
	if err != nil {
		return false, err
	}
	return l.reserved(ctx, in, batch)
}

func (l *sqlite) reserved(ctx context.Context, in session, batch []ledger.Admitted) (stored bool, err error) {
	stored, err = l.swapIn(ctx, in, batch)
	if err != nil || !stored {
		return false, errors.Join(err, in.Rollback())
	}
	return true, in.Commit()
}

func (l *sqlite) swapIn(ctx context.Context, in session, batch []ledger.Admitted) (stored bool, err error) {
	n := len(batch)
	result, err := in.ExecContext(ctx, l.swapText,
		int64(n), batch[n-1].Entry.Anchor.Time.Unix(), int64(batch[0].Entry.Anchor.Index))
	if err != nil {
		return false, err
	}
	if swapped, err := result.RowsAffected(); err != nil || swapped != 1 {
		return false, err
	}
	insert, err := in.(*liteSession).PrepareContext(ctx, l.insertText)
	if err != nil {
		return false, err
	}
	defer insert.Close()
	for i := range batch {
		e, state := &batch[i].Entry, batch[i].State
		if state == nil {
			state = []byte{} // nil is null
		}
		if _, err := insert.ExecContext(ctx, int64(e.Anchor.Index), e.Key, int64(e.Seq), e.Anchor.Time.Unix(), e.Op, state); err != nil {
			return false, err
		}
	}
	return true, nil
}

func (l *sqlite) reserve(ctx context.Context) (session, tip, error) {
	in, err := l.exclusive(ctx)
	if err != nil {
		return nil, tip{}, err
	}
	end, err := oneTip(in.QueryContext(ctx, l.tipText))
	if err != nil {
		return nil, tip{}, errors.Join(err, in.Rollback())
	}
	return in, end, nil
}

func (l *sqlite) confirm(ctx context.Context) (tip, error) {
	in, err := l.exclusive(ctx)
	if err != nil {
		return tip{}, err
	}
	defer func() { _ = in.Rollback() }() // without effect after Commit
	// A count, because SQLite writes nothing where nothing changes.
	if _, err := in.ExecContext(ctx, l.confirmText); err != nil {
		return tip{}, err
	}
	end, err := oneTip(in.QueryContext(ctx, l.tipText))
	if err != nil {
		return tip{}, err
	}
	return end, in.Commit()
}

func (l *sqlite) tip(ctx context.Context) (tip, error) {
	return oneTip(l.db.QueryContext(ctx, l.tipText))
}

func (l *sqlite) heads(ctx context.Context, keys []string) (map[string]head, error) {
	list, err := json.Marshal(keys)
	if err != nil {
		return nil, err
	}
	heads := make(map[string]head, len(keys))
	return heads, scanHeads(heads)(l.db.QueryContext(ctx, l.headsText, string(list)))
}

func (l *sqlite) history(ctx context.Context, key string, from uint64, limit int) ([]ledger.Entry, error) {
	return scanEntries(l.db.QueryContext(ctx, l.historyText, key, int64(from), limit))
}

func (l *sqlite) feed(ctx context.Context, from uint64, limit int) ([]ledger.Entry, error) {
	return scanEntries(l.db.QueryContext(ctx, l.feedText, int64(from), limit))
}
