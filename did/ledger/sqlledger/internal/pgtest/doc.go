// Package pgtest starts real PostgreSQL servers for tests, on loopback ports and in folders that are removed afterwards,
// and does to them what happens to servers: they are killed and promoted, their disks fill up, their connections
// are cut at chosen moments.
//
// It uses the programs of Debian's package postgresql (and, for [Server.Pooler], pgbouncer), and runs them as the account
// postgres where the tests run as root. Where they are missing, tests are skipped by name. A server ends with its test, also
// when the test is killed. Linux only.
package pgtest
