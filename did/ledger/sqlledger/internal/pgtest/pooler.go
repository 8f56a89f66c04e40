//go:build linux

package pgtest

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	mathrand "math/rand/v2"
)

// Pooler starts pgbouncer before s, in transaction mode: a connection of a client has another session of the server from one
// transaction to the next, connections being at most sessions. It returns a function that gives the URL of a database by
// that way. Where pgbouncer is missing the test is skipped.
func (s *Server) Pooler(sessions int) func(database string) string {
	s.t.Helper()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		program = "/usr/sbin/pgbouncer"
		if _, err := os.Stat(program); err != nil {
			s.t.Skip("pgtest: no pgbouncer; Debian's package is pgbouncer")
		}
	}
	dir := filepath.Join(s.top, "pooler")
	if err := os.Mkdir(dir, 0o700); err != nil {
		s.t.Fatal(err)
	}
	s.own(dir)
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			s.t.Fatal(err)
		}
		s.own(path)
		return path
	}
	users := write("users", fmt.Sprintf("%q %q\n", Superuser, s.password))
	for range 20 {
		port := 15_000 + mathrand.IntN(15_000)
		config := write("pgbouncer.ini", strings.Join([]string{
			"[databases]",
			fmt.Sprintf("* = host=127.0.0.1 port=%d", s.port),
			"[pgbouncer]",
			"listen_addr = 127.0.0.1",
			fmt.Sprintf("listen_port = %d", port),
			"unix_socket_dir =",
			"auth_type = scram-sha-256",
			"auth_file = " + users,
			"pool_mode = transaction",
			fmt.Sprintf("default_pool_size = %d", sessions),
			"max_client_conn = 500",
			"server_round_robin = 1", // so that one session twice in a row is chance and not the rule
			"",
		}, "\n"))
		addr := net.JoinHostPort("127.0.0.1", fmt.Sprint(port))
		if s.startPooler(program, config, addr) {
			return func(database string) string {
				u, err := url.Parse(s.URL(database))
				if err != nil {
					s.t.Fatal(err)
				}
				u.Host = addr
				return u.String()
			}
		}
	}
	s.t.Fatal("pgtest: no free port for pgbouncer")
	return nil
}

// startPooler returns whether pgbouncer answers at addr.
func (s *Server) startPooler(program, config, addr string) bool {
	s.t.Helper()
	if l, err := net.Listen("tcp", addr); err != nil {
		return false
	} else if err := l.Close(); err != nil {
		s.t.Fatal(err)
	}
	cmd := exec.Command(program, "-q", config)
	cmd.Dir = filepath.Dir(config)
	cmd.Env = []string{"LC_ALL=C", "PATH=/usr/bin:/bin"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.account, Pdeathsig: syscall.SIGKILL}
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	begun, ended := make(chan error), make(chan struct{})
	go func() {
		runtime.LockOSThread() // see Server.start
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		begun <- err
		if err == nil {
			_ = cmd.Wait()
		}
		close(ended)
	}()
	if err := <-begun; err != nil {
		s.t.Fatal(err)
	}
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			_ = c.Close()
			s.t.Cleanup(func() {
				_ = cmd.Process.Kill()
				<-ended
			})
			return true
		}
		select {
		case <-ended:
			if strings.Contains(said.String(), "ddress already in use") {
				return false
			}
			s.t.Fatalf("pgtest: pgbouncer ended: %s", said.String())
		case <-time.After(20 * time.Millisecond):
		}
	}
	_ = cmd.Process.Kill()
	<-ended
	s.t.Fatalf("pgtest: pgbouncer does not answer: %s", said.String())
	return false
}
