// Package sqlledger is a ledger in a database that its operators run already: PostgreSQL, or SQLite in a file. Any number of
// processes may have it open and append; a caller brings the *sql.DB.
//
//	db, err := sql.Open("pgx", url)                              // import _ "github.com/jackc/pgx/v5/stdlib"
//	lg, err := sqlledger.Open(ctx, db, realdid.Reducer(), nil)
//
// # Guarantees
//
// Order: a commit is one statement that stores a group of entries only if the ledger is as long as its author thinks, so
// there is one order whoever writes, and who was slower decides anew. It does not matter how far transactions are isolated
// from each other.
//
// Durability: an append returns when the database has said that the commit is durable. [Open] refuses a database that says so
// too early, and so does every commit. On PostgreSQL that is fsync, and synchronous_commit at "on" or "remote_apply"; then a
// kill of the server, or of its machine, loses nothing that was acknowledged. If synchronous_standby_names names a standby, the
// same holds when that one is promoted. On SQLite it is a journal, and synchronous at "full" or "extra" on every connection. What is
// read is held to the same: an entry that a transaction shows, but that nobody was told is durable, as after a kill in the
// middle of a commit, is made so before anybody hears of it.
//
// Finality: at once.
//
// Evidence: none by itself. Whoever can write to the tables can write anything, and a database may be restored from yesterday's
// backup. Package tlog on top makes each entry a leaf of a log that others cosign, and proves the newest state of a key.
//
// Errors: [ledger.ErrConflict], [ledger.ErrInvalid], and [ledger.ErrUnavailable] for a database that could not be reached or
// did not answer: then the entry may stand, and repeating the call settles it. Contradictions in the tables are [ledger.ErrCorrupt].
//
// # What the operator can do
//
// Refuse service; read everything; change or drop entries, which a log on top reveals and a plain ledger does not. Cancel, with
// pg_cancel_backend, a commit that waits for its standby: PostgreSQL then acknowledges it to the client with no more than a
// warning. Give no application that right.
//
// # Poolers
//
// Every call is one statement, or one transaction, and nothing in it depends on the session: no named prepared statement, no
// setting, no lock that outlives it. So a pooler may give each transaction another server connection (PgBouncer's
// pool_mode=transaction). Statements go out in pgx's mode "cache describe" whatever the mode of db. Only Options.Listen needs a
// connection of its own, straight to the server.
//
// # Several writers
//
// They need clocks that agree to within Options.ClockSkew. Each commit excludes the others for its time, so more writers make
// no more appends in a second than one; they are for availability. Where two compete for long, they take turns.
//
// # Tables
//
// All numbers are 64-bit integers, times are seconds since 1970. Names begin with Options.Prefix.
//
//	meta     one row: version of the format, id of the ledger (in the name of its channel of notifications)
//	tip      one row: next (number of entries), time (of the last); in SQLite also how often somebody made sure of a commit
//	entries  idx (primary key), key, seq, time, op, state (what the Reducer made of the key so far); key and seq are unique
//	         together
//
// [Open] makes them, and brings them to a newer format in one transaction; it refuses a format that is newer than itself. An
// account that may not make tables can open a ledger whose tables are there.
package sqlledger
