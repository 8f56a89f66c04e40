//go:build linux

package pgtest

import (
	"os"
	"testing"
)

func TestKilledServerComesBack(t *testing.T) {
	s := Start(t, nil)
	s.Query("CREATE TABLE kept (n int)")
	s.Query("INSERT INTO kept VALUES (7)")
	s.Kill()
	if s.Running() {
		t.Error("running after a kill")
	}
	s.Start()
	if got := s.Query("SELECT n FROM kept"); got != "7" {
		t.Errorf("got %q, want 7", got)
	}
	s.Stop()
	s.Start()
	if got := s.Query("SELECT n FROM kept"); got != "7" {
		t.Errorf("got %q, want 7", got)
	}
}

func TestStandby(t *testing.T) {
	s := Start(t, nil)
	b := s.Standby()
	s.Synchronous()
	s.Query("CREATE TABLE kept (n int)")
	s.Kill()
	took := b.Promote()
	t.Logf("promoted in %v", took)
	b.Query("INSERT INTO kept VALUES (7)")
}

func TestFullDisk(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("not root, so nothing can be mounted")
	}
	s := Start(t, &Options{DiskSize: 160 << 20, WALSegment: 1})
	s.Query("CREATE TABLE kept (n text)")
	s.FillDisk(0)
	cmd := s.command(t.Context(), "psql", "-X", s.URL(""), "-c", "INSERT INTO kept SELECT repeat('x', 1000) FROM generate_series(1, 50000)")
	if out, err := cmd.CombinedOutput(); err == nil {
		t.Errorf("50 MB went into a full disk: %s", out)
	}
	s.FreeDisk()
	if !s.Running() {
		s.Start()
	}
	s.Until("SELECT true")
	s.Query("INSERT INTO kept SELECT repeat('x', 1000) FROM generate_series(1, 5000)")
}

func TestPooler(t *testing.T) {
	s := Start(t, nil)
	by := s.Pooler(2)
	cmd := s.command(t.Context(), "psql", "-X", "-A", "-t", by(""), "-c", "SELECT 7")
	if out, err := cmd.CombinedOutput(); err != nil || string(out) != "7\n" {
		t.Errorf("got %q, %v", out, err)
	}
}

func TestProxy(t *testing.T) {
	s := Start(t, nil)
	s.Query("CREATE TABLE kept (n int)")
	p := NewProxy(t, s.Addr())
	through := func(sql string) (string, error) {
		out, err := s.command(t.Context(), "psql", "-X", "-A", "-t", "-q", s.Through(p.Addr(), ""), "-c", sql).CombinedOutput()
		return string(out), err
	}
	insert := func(sql string) bool { return sql == "INSERT INTO kept VALUES (1)" }
	for i, c := range []struct {
		at   Moment
		want string
	}{{BeforeSent, "0"}, {AfterDone, "1"}, {AfterSent, ""}} {
		p.Cut(1, c.at, insert)
		if out, err := through("INSERT INTO kept VALUES (1)"); err == nil {
			t.Errorf("moment %d: got %q, want a lost connection", c.at, out)
		}
		if p.Cuts() != i+1 {
			t.Errorf("moment %d: got %d cuts, want %d", c.at, p.Cuts(), i+1)
		}
		if c.want == "" {
			continue
		}
		if got, err := through("SELECT count(*) FROM kept"); err != nil || got != c.want+"\n" {
			t.Errorf("moment %d: got %q, %v, want %s", c.at, got, err, c.want)
		}
	}
}
