//go:build linux

package pgtest

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// StandbyName is the application_name of every standby, to be named in synchronous_standby_names.
const StandbyName = "pgtest_standby"

// Standby makes a standby of s by pg_basebackup, starts it, and returns when it streams. It has s's settings.
func (s *Server) Standby() *Server {
	s.t.Helper()
	return s.StandbyBehind(s.Addr())
}

// StandbyBehind is [Server.Standby] that streams from another address, behind which s is reached.
func (s *Server) StandbyBehind(addr string) *Server {
	s.t.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		s.t.Fatal(err)
	}
	b := newServer(s.t)
	b.password = s.password
	b.run("pg_basebackup", "-h", "127.0.0.1", "-p", strconv.Itoa(s.port), "-U", Superuser, "-D", b.data, "-c", "fast", "-X", "stream", "--no-sync")
	b.Configure(map[string]string{
		"primary_conninfo": fmt.Sprintf("host=%s port=%s user=%s password=%s sslmode=disable gssencmode=disable application_name=%s",
			host, port, Superuser, s.password, StandbyName),
		"wal_retrieve_retry_interval": "200ms", // else a promotion may have to wait for 5 s
		"synchronous_standby_names":   "",      // it has nobody behind it once it is the primary
	})
	signal := filepath.Join(b.data, "standby.signal")
	if err := os.WriteFile(signal, nil, 0o600); err != nil {
		s.t.Fatal(err)
	}
	b.own(signal)
	b.choosePort()
	s.Until("SELECT count(*) > 0 FROM pg_stat_replication WHERE state = 'streaming'")
	return b
}

// Synchronous makes commits on s wait until a standby has them on its disk, and returns when one does.
func (s *Server) Synchronous() {
	s.t.Helper()
	s.Configure(map[string]string{"synchronous_standby_names": StandbyName, "synchronous_commit": "on"})
	s.Reload()
	s.Until("SELECT count(*) > 0 FROM pg_stat_replication WHERE sync_state = 'sync'")
}

// Until waits until a query on s gives true.
func (s *Server) Until(sql string) {
	s.t.Helper()
	s.UntilIn("postgres", sql)
}

// UntilIn is [Server.Until] in a database.
func (s *Server) UntilIn(database, sql string) {
	s.t.Helper()
	for deadline := time.Now().Add(patience); s.QueryIn(database, sql) != "t"; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatalf("pgtest: not true in %v: %s", patience, sql)
		}
	}
}

// Promote makes a standby the primary, and returns how long that took until it accepted writes.
func (s *Server) Promote() time.Duration {
	s.t.Helper()
	begun := time.Now()
	s.run("pg_ctl", "promote", "-D", s.data, "-w", "-t", strconv.Itoa(int(patience.Seconds())))
	return time.Since(begun)
}
