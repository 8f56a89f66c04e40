//go:build linux

package pgtest

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// EnginesEnv must be "1" in the environment; otherwise tests that need a server are skipped.
const EnginesEnv = "REALDID_ENGINES"

// patience is how long anything may take before a test fails.
const patience = 2 * time.Minute

// Superuser is the role that a server's URL logs in as.
const Superuser = "postgres"

// Options of a server. The zero value is a server with PostgreSQL's defaults: durable, asynchronous replication.
type Options struct {
	// Config has settings of postgresql.conf, written without quotes.
	Config map[string]string
	// DiskSize, unless 0, puts the data directory on a file system of that many bytes, in memory. Mounting needs root:
	// without it the test is skipped.
	DiskSize int64
	// WALSegment is the size of a segment of the write-ahead log in MiB, a power of two; 0 is PostgreSQL's 16.
	WALSegment int
}

// A Server is a PostgreSQL server on a loopback port. Its methods fail the test when they do not succeed.
type Server struct {
	t        testing.TB
	bin      string
	account  *syscall.Credential // nil: as the one who tests
	top      string              // holds everything, removed at the end
	data     string
	port     int
	password string
	proc     *process
	disk     string // where a file system is mounted, if one is
}

// Require skips the test by name unless real servers are asked for and PostgreSQL's programs are here. It returns their
// folder, that of the newest version.
func Require(t testing.TB) string {
	t.Helper()
	if os.Getenv(EnginesEnv) != "1" {
		t.Skipf("pgtest: %s is not 1: no PostgreSQL server is started", EnginesEnv)
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		t.Skip("pgtest: no PostgreSQL server in /usr/lib/postgresql; Debian's package is postgresql")
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
		return n
	}
	return filepath.Dir(slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) }))
}

// Start makes an empty server and starts it. It ends with the test.
func Start(t testing.TB, opt *Options) *Server {
	t.Helper()
	if opt == nil {
		opt = &Options{}
	}
	s := newServer(t)
	if opt.DiskSize > 0 {
		s.mount(opt.DiskSize)
	}
	secret := filepath.Join(s.top, "password")
	if err := os.WriteFile(secret, []byte(s.password), 0o600); err != nil {
		t.Fatal(err)
	}
	s.own(secret)
	arguments := []string{"-D", s.data, "-U", Superuser, "-A", "scram-sha-256", "--pwfile", secret, "-E", "UTF8", "--locale=C", "--no-sync"}
	if opt.WALSegment > 0 {
		arguments = append(arguments, "--wal-segsize", strconv.Itoa(opt.WALSegment))
	}
	s.run("initdb", arguments...)
	s.Configure(map[string]string{
		"listen_addresses":           "127.0.0.1",
		"unix_socket_directories":    "",
		"max_connections":            "300",
		"log_min_messages":           "warning",
		"max_wal_senders":            "4",
		"password_encryption":        "scram-sha-256",
		"default_text_search_config": "pg_catalog.simple",
	})
	s.Configure(opt.Config)
	s.choosePort()
	return s
}

// newServer makes the folders of a server.
func newServer(t testing.TB) *Server {
	t.Helper()
	s := &Server{t: t, bin: Require(t), password: rand.Text()}
	if os.Geteuid() == 0 { // PostgreSQL refuses to run as root
		account, err := user.Lookup("postgres")
		if err != nil {
			t.Skipf("pgtest: root, and there is no account to run PostgreSQL as: %v", err)
		}
		uid, _ := strconv.ParseUint(account.Uid, 10, 32)
		gid, _ := strconv.ParseUint(account.Gid, 10, 32)
		s.account = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	// Not t.TempDir, which other accounts cannot enter.
	var err error
	if s.top, err = os.MkdirTemp("", "pgtest-"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.cleanUp)
	s.data = filepath.Join(s.top, "data")
	if err := os.Mkdir(s.data, 0o700); err != nil {
		t.Fatal(err)
	}
	s.own(s.top)
	s.own(s.data)
	return s
}

func (s *Server) own(path string) {
	s.t.Helper()
	if s.account == nil {
		return
	}
	if err := os.Chown(path, int(s.account.Uid), int(s.account.Gid)); err != nil {
		s.t.Fatal(err)
	}
}

// command is one of PostgreSQL's programs, run by the server's account and told the password.
func (s *Server) command(ctx context.Context, program string, arguments ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(s.bin, program), arguments...)
	cmd.Dir = s.top
	cmd.Env = []string{"PGPASSWORD=" + s.password, "LC_ALL=C", "PATH=/usr/bin:/bin", "TZ=UTC"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.account}
	return cmd
}

// run runs one of PostgreSQL's programs to its end and returns what it printed.
func (s *Server) run(program string, arguments ...string) string {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := s.command(ctx, program, arguments...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		s.t.Fatalf("pgtest: %s: %v: %s", program, err, bytes.TrimSpace(stderr.Bytes()))
	}
	return string(out)
}

// Configure adds settings to postgresql.conf, which the next Start or Reload takes up.
func (s *Server) Configure(settings map[string]string) {
	s.t.Helper()
	f, err := os.OpenFile(filepath.Join(s.data, "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	for name, value := range settings {
		_, _ = fmt.Fprintf(f, "%s = '%s'\n", name, strings.ReplaceAll(value, "'", "''"))
	}
	if err := f.Close(); err != nil {
		s.t.Fatal(err)
	}
}

// Reload makes the server read its configuration again.
func (s *Server) Reload() {
	s.t.Helper()
	s.Query("SELECT pg_reload_conf()")
}

// choosePort starts the server on a port that is free. It lies below those that the system gives to outgoing connections,
// so that it is still free when the server comes again.
func (s *Server) choosePort() {
	s.t.Helper()
	for range 20 {
		s.port = 15_000 + mathrand.IntN(15_000)
		if l, err := net.Listen("tcp", s.Addr()); err != nil {
			continue
		} else if err := l.Close(); err != nil {
			s.t.Fatal(err)
		}
		if err := s.start(); err == nil {
			return
		} else if !strings.Contains(s.Log(), "could not bind") {
			s.t.Fatalf("pgtest: %v; the log ends: %s", err, s.Log())
		}
	}
	s.t.Fatal("pgtest: no free port")
}

func (s *Server) cleanUp() {
	if s.Running() {
		s.end(syscall.SIGQUIT)
	}
	if s.t.Failed() {
		s.t.Logf("pgtest: the server's log ends: %s", s.Log())
	}
	if s.disk != "" {
		if err := syscall.Unmount(s.disk, syscall.MNT_DETACH); err != nil {
			s.t.Errorf("pgtest: unmount: %v", err)
		}
	}
	if err := os.RemoveAll(s.top); err != nil {
		s.t.Errorf("pgtest: %v", err)
	}
}

// Log returns the end of the server's log, at most 4 KiB.
func (s *Server) Log() string {
	b, _ := os.ReadFile(filepath.Join(s.top, "log"))
	return string(b[max(0, len(b)-4096):])
}

// Addr is the server's address, 127.0.0.1 and a port.
func (s *Server) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// URL is the connection string of a database, of [Superuser]; no name is the database postgres.
func (s *Server) URL(database string) string { return s.Through(s.Addr(), database) }

// Through is [Server.URL] with other addresses, divided by commas, behind which the server, or a standby of it, is reached.
func (s *Server) Through(addr, database string) string {
	if database == "" {
		database = "postgres"
	}
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(Superuser, s.password), Host: addr, Path: "/" + database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

// Query runs SQL in the database postgres by another way than the driver under test, psql, and returns the rows, columns
// divided by "|".
func (s *Server) Query(sql string) string {
	s.t.Helper()
	return s.QueryIn("postgres", sql)
}

// QueryIn is [Server.Query] in a database.
func (s *Server) QueryIn(database, sql string) string {
	s.t.Helper()
	return strings.TrimSpace(s.run("psql", "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", strconv.Itoa(s.port),
		"-U", Superuser, "-d", database, "-c", sql))
}

// CreateDatabase makes an empty database and returns its name.
func (s *Server) CreateDatabase() string {
	s.t.Helper()
	name := "ledger_" + strings.ToLower(rand.Text()[:16])
	s.Query("CREATE DATABASE " + name)
	return name
}

// Logged counts the lines of the server's log that contain text.
func (s *Server) Logged(text string) int {
	b, _ := os.ReadFile(filepath.Join(s.top, "log"))
	n := 0
	for line := range bytes.Lines(b) {
		if bytes.Contains(line, []byte(text)) {
			n++
		}
	}
	return n
}
