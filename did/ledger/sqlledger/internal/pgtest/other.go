//go:build !linux

package pgtest

import "testing"

// Options are as on Linux, as far as tests name them that are built everywhere.
type Options struct{ Config map[string]string }

// A Server is never there on this system.
type Server struct{ server }

// server is what tests that are built everywhere call. It is always nil.
type server interface {
	URL(database string) string
	Query(sql string) string
	Configure(settings map[string]string)
	Reload()
	Until(sql string)
}

// Start skips the test.
func Start(t testing.TB, _ *Options) *Server {
	t.Helper()
	t.Skip("pgtest: PostgreSQL servers are started on Linux only")
	return nil
}
