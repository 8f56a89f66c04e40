package sqlledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/realdid/realdid/did/ledger"
)

// mode is how statements with arguments are sent: parsed, bound and executed in one go and without a name, so that nothing is
// expected of the connection when the next statement or transaction comes to another server process. pgx remembers the types
// of the arguments by itself, and sends them in binary form.
const mode = pgx.QueryExecModeCacheDescribe

// postgres is the engine for PostgreSQL. It keeps no state in sessions: every call is one statement, or one transaction.
type postgres struct {
	names
	db    *sql.DB
	async bool

	swapText, confirmText, reserveText, tipText, headsText, historyText, feedText string
}

// safe is the condition that a commit is acknowledged only when it is on the disk, and on the standby's where there is a
// synchronous one.
const safe = "current_setting('synchronous_commit') in ('on', 'remote_apply') and current_setting('fsync') = 'on'"

// later makes the transaction one that has written, at the end of the log, where there is a synchronous standby: its commit is
// acknowledged when the standby has that end of the log, and with it every commit that this transaction can see. Without such
// a standby whatever can be seen is on the disk already. It touches no row, so that it is in nobody's way.
const later = `case when current_setting('synchronous_standby_names') <> '' then pg_logical_emit_message(true, 'sqlledger', '')::text end`

func newPostgres(db *sql.DB, n names, async bool) *postgres {
	p := &postgres{names: n, db: db, async: async}
	guard := safe
	if async {
		guard = "true"
	}
	// {swap} finds a row only if the ledger has as many entries as is expected. It waits for whoever else is appending, and
	// then looks again. Everything else hangs on that row.
	p.swapText = p.text(`with swap as (
	update {tip} set next = next + $2::bigint, time = $3::bigint where next = $1::bigint and ` + guard + ` returning next
), stored as (
	insert into {entries} (idx, key, seq, time, op, state)
	select $1::bigint + b.n - 1, b.key, b.seq, b.time, b.op, b.state
	from swap, unnest($4::text[], $5::bigint[], $6::bigint[], $7::bytea[], $8::bytea[]) with ordinality as b(key, seq, time, op, state, n)
)
select next from swap`)
	p.confirmText = p.text("select next, time, " + later + " from {tip} where not pg_is_in_recovery() and " + guard)
	p.reserveText = p.text("select next, time, set_config('idle_in_transaction_session_timeout', $1::text, true) from {tip} for update")
	p.tipText = p.text("select next, time from {tip}")
	p.headsText = p.text(`select e.key, e.seq, e.idx, e.state from unnest($1::text[]) as k(key),
	lateral (select key, seq, idx, state from {entries} where key = k.key order by seq desc limit 1) as e`)
	p.historyText = p.text("select key, seq, idx, time, op from {entries} where key = $1::text and seq >= $2::bigint order by seq limit $3::bigint")
	p.feedText = p.text("select key, seq, idx, time, op from {entries} where idx >= $1::bigint order by idx limit $2::bigint")
	return p
}

// text puts the names of tables in the place of {name}.
func (n names) text(statement string) string {
	for _, name := range []string{"meta", "tip", "entries"} {
		statement = strings.ReplaceAll(statement, "{"+name+"}", n.table(name))
	}
	return statement
}

func (p *postgres) migrations() [][]string {
	return [][]string{{
		p.text(`create table {meta} (version bigint not null, ledger text not null)`),
		p.text(`create table {tip} (one boolean primary key default true check (one),
			next bigint not null, time bigint not null) with (fillfactor = 10)`),
		p.text(`insert into {tip} (next, time) values (0, 0)`),
		p.text(`create table {entries} (idx bigint primary key, key text collate "C" not null, seq bigint not null,
			time bigint not null, op bytea not null, state bytea not null, unique (key, seq))`),
	}}
}

func (p *postgres) exists(ctx context.Context, q querier, name string) (ok bool, err error) {
	// Not to_regclass, which may go by what the session knew before it waited for a lock.
	err = q.QueryRowContext(ctx, `select exists (select 1 from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
	where c.relkind in ('r', 'p') and c.relname = $1::text and case when $2::text = '' then pg_catalog.pg_table_is_visible(c.oid)
		else n.nspname = $2::text end)`, mode, p.prefix+name, strings.Trim(p.schema, `".`)).Scan(&ok)
	return ok, err
}

func (p *postgres) exclusive(ctx context.Context) (session, error) {
	tx, err := p.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return nil, err
	}
	if _, err := tx.ExecContext(ctx, "select pg_advisory_xact_lock(hashtextextended($1::text, 0))", mode, p.table("meta")); err != nil {
		return nil, errors.Join(err, tx.Rollback())
	}
	return tx, nil
}

func (p *postgres) durable(ctx context.Context) error {
	var fsync, commit string
	err := p.db.QueryRowContext(ctx, "select current_setting('fsync'), current_setting('synchronous_commit')", mode).Scan(&fsync, &commit)
	switch {
	case err != nil:
		return err
	case fsync != "on":
		return fmt.Errorf("%w: fsync is %s, and must be on", ErrNotDurable, fsync)
	case commit != "on" && commit != "remote_apply":
		return fmt.Errorf("%w: synchronous_commit is %s, and must be on or remote_apply", ErrNotDurable, commit)
	}
	return nil
}

func (p *postgres) swap(ctx context.Context, batch []ledger.Admitted) (stored bool, err error) {
	return p.swapIn(ctx, p.db, batch)
}

func (p *postgres) reserved(ctx context.Context, in session, batch []ledger.Admitted) (stored bool, err error) {
	stored, err = p.swapIn(ctx, in, batch)
	if err != nil || !stored {
		return false, errors.Join(err, in.Rollback())
	}
	return true, in.Commit()
}

func (p *postgres) swapIn(ctx context.Context, q querier, batch []ledger.Admitted) (stored bool, err error) {
	n := len(batch)
	keys, seqs, times := make([]string, n), make([]int64, n), make([]int64, n)
	ops, states := make([][]byte, n), make([][]byte, n)
	for i := range batch {
		e := &batch[i].Entry
		keys[i], seqs[i], times[i], ops[i] = e.Key, int64(e.Seq), e.Anchor.Time.Unix(), e.Op
		if states[i] = batch[i].State; states[i] == nil {
			states[i] = []byte{} // nil is null
		}
	}
	rows, err := q.QueryContext(ctx, p.swapText, mode,
		int64(batch[0].Entry.Anchor.Index), int64(n), times[n-1], keys, seqs, times, ops, states)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	for rows.Next() {
		stored = true
	}
	if err := rows.Err(); err != nil {
		return false, err
	}
	return stored, rows.Close()
}

func (p *postgres) reserve(ctx context.Context) (session, tip, error) {
	tx, err := p.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return nil, tip{}, err
	}
	// Should this process stop where it stands, the server takes the lock away.
	idle := fmt.Sprint((8 * turnTime).Milliseconds())
	end, err := oneTip(tx.QueryContext(ctx, p.reserveText, mode, idle))
	if err != nil {
		return nil, tip{}, errors.Join(err, tx.Rollback())
	}
	return tx, end, nil
}

func (p *postgres) confirm(ctx context.Context) (tip, error) {
	t, err := oneTip(p.db.QueryContext(ctx, p.confirmText, mode))
	if errors.Is(err, ledger.ErrCorrupt) { // no row, which may be because of the guard
		if err := p.primary(ctx); err != nil {
			return tip{}, err
		}
		if p.async {
			return t, err
		}
		if err := p.durable(ctx); err != nil {
			return tip{}, err
		}
	}
	return t, err
}

// primary returns an error while the server is a standby, which takes no writes.
func (p *postgres) primary(ctx context.Context) error {
	var standby bool
	if err := p.db.QueryRowContext(ctx, "select pg_is_in_recovery()", mode).Scan(&standby); err != nil {
		return err
	}
	if standby {
		return errors.New("the server is a standby")
	}
	return nil
}

func (p *postgres) tip(ctx context.Context) (tip, error) {
	return oneTip(p.db.QueryContext(ctx, p.tipText, mode))
}

func (p *postgres) heads(ctx context.Context, keys []string) (map[string]head, error) {
	heads := make(map[string]head, len(keys))
	return heads, scanHeads(heads)(p.db.QueryContext(ctx, p.headsText, mode, keys))
}

func (p *postgres) history(ctx context.Context, key string, from uint64, limit int) ([]ledger.Entry, error) {
	return scanEntries(p.db.QueryContext(ctx, p.historyText, mode, key, int64(from), int64(limit)))
}

func (p *postgres) feed(ctx context.Context, from uint64, limit int) ([]ledger.Entry, error) {
	return scanEntries(p.db.QueryContext(ctx, p.feedText, mode, int64(from), int64(limit)))
}

// announce sends everybody who listens on a channel a number.
func (p *postgres) announce(ctx context.Context, channel string, next uint64) error {
	_, err := p.db.ExecContext(ctx, "select pg_notify($1::text, $2::text)", mode, channel, fmt.Sprint(next))
	return err
}

// oneTip reads the row of the table tip from what begins with next and time.
func oneTip(rows *sql.Rows, err error) (tip, error) {
	if err != nil {
		return tip{}, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return tip{}, err
	}
	var next, last int64
	into := append([]any{&next, &last}, make([]any, len(columns)-2)...)
	for i := range columns[2:] {
		into[2+i] = new(any)
	}
	n := 0
	for ; rows.Next(); n++ {
		if err := rows.Scan(into...); err != nil {
			return tip{}, err
		}
	}
	switch err := rows.Err(); {
	case err != nil:
		return tip{}, err
	case n != 1 || next < 0:
		return tip{}, corrupt("the table tip has %d rows, and %d entries", n, next)
	}
	return tip{next: uint64(next), last: time.Unix(last, 0).UTC()}, rows.Close()
}

// scanHeads returns what reads rows of key, seq, idx and state, of the last entries of keys, into heads.
func scanHeads(heads map[string]head) func(*sql.Rows, error) error {
	return func(rows *sql.Rows, err error) error {
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var key string
			var seq, index int64
			var state []byte
			if err := rows.Scan(&key, &seq, &index, &state); err != nil {
				return err
			}
			if state == nil {
				state = []byte{} // nil is a new key's
			}
			heads[key] = head{Head: ledger.Head{Length: uint64(seq) + 1, State: state}, last: uint64(index)}
		}
		return rows.Err()
	}
}

// scanEntries reads rows of key, seq, idx, time and op.
func scanEntries(rows *sql.Rows, err error) ([]ledger.Entry, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var page []ledger.Entry
	for rows.Next() {
		var e ledger.Entry
		var seq, index, at int64
		if err := rows.Scan(&e.Key, &seq, &index, &at, &e.Op); err != nil {
			return nil, err
		}
		e.Seq, e.Anchor = uint64(seq), ledger.Anchor{Index: uint64(index), Time: time.Unix(at, 0).UTC()}
		page = append(page, e)
	}
	return page, rows.Err()
}
