package sqlledger

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"fmt"
)

// channelPrefix and the ledger's id are the name of its channel of notifications. Whoever cannot read the tables does not know
// it.
const channelPrefix = "realdid_"

// migrate brings the tables to the newest format, all of it or nothing, and returns the ledger's id: 32 hexadecimal digits
// drawn when the tables were made. Steps are only ever added. Where the tables are new enough it only reads.
func (s *store) migrate(ctx context.Context, steps [][]string) (id string, err error) {
	err = s.try(ctx, "open", true, func(ctx context.Context) error {
		version, known, err := s.version(ctx, s.db, len(steps))
		if err == nil && version < len(steps) {
			return s.upgrade(ctx, steps, &id)
		}
		id = known
		return err
	})
	return id, err
}

// upgrade makes the steps that are missing.
func (s *store) upgrade(ctx context.Context, steps [][]string, id *string) error {
	in, err := s.engine.exclusive(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = in.Rollback() }()                  // without effect after Commit
	version, known, err := s.version(ctx, in, len(steps)) // again: another may have been faster
	if err != nil {
		return err
	}
	*id = known
	for ; version < len(steps); version++ {
		if version == 0 {
			drawn := make([]byte, 16)
			_, _ = rand.Read(drawn) // never fails
			*id = hex.EncodeToString(drawn)
		}
		for _, statement := range steps[version] {
			if _, err := in.ExecContext(ctx, statement); err != nil {
				return fmt.Errorf("migration %d: %w", version+1, err)
			}
		}
		if version == 0 {
			_, err = in.ExecContext(ctx, "insert into "+s.engine.table("meta")+" (version, ledger) values (1, '"+*id+"')")
		} else {
			_, err = in.ExecContext(ctx, fmt.Sprintf("update %s set version = %d", s.engine.table("meta"), version+1))
		}
		if err != nil {
			return fmt.Errorf("migration %d: %w", version+1, err)
		}
	}
	return in.Commit()
}

// version reads the table meta; 0 is that there is none.
func (s *store) version(ctx context.Context, q querier, newest int) (version int, id string, err error) {
	ok, err := s.engine.exists(ctx, q, "meta")
	if err != nil || !ok {
		return 0, "", err
	}
	rows, err := s.engine.meta(ctx, q)
	if err != nil {
		return 0, "", err
	}
	defer rows.Close()
	n := 0
	for ; rows.Next(); n++ {
		if err := rows.Scan(&version, &id); err != nil {
			return 0, "", err
		}
	}
	if err := rows.Err(); err != nil {
		return 0, "", err
	}
	raw, err := hex.DecodeString(id)
	switch {
	case n != 1 || err != nil || len(raw) != 16 || version < 1:
		return 0, "", fmt.Errorf("%w: %s does not have one row with a version and an id", ErrFormat, s.engine.table("meta"))
	case version > newest:
		return 0, "", fmt.Errorf("%w: they are of version %d, and this package knows those up to %d", ErrFormat, version, newest)
	}
	return version, id, nil
}

const metaText = "select version, ledger from {meta}"

func (p *postgres) meta(ctx context.Context, q querier) (*sql.Rows, error) {
	return q.QueryContext(ctx, p.text(metaText), mode)
}

func (l *sqlite) meta(ctx context.Context, q querier) (*sql.Rows, error) {
	return q.QueryContext(ctx, l.text(metaText))
}
