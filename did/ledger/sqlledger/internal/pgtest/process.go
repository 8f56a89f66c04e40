//go:build linux

package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A process is a postmaster that was started.
type process struct {
	pid  int
	done chan struct{} // closed when it has ended
}

// Start starts a server that has ended, on the port that it had, and returns when it answers.
func (s *Server) Start() {
	s.t.Helper()
	if err := s.start(); err != nil {
		s.t.Fatalf("pgtest: %v; the log ends: %s", err, s.Log())
	}
}

func (s *Server) start() error {
	log, err := os.OpenFile(filepath.Join(s.top, "log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := s.command(context.Background(), "postgres", "-D", s.data, "-c", "port="+strconv.Itoa(s.port))
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr.Setpgid = true
	cmd.SysProcAttr.Pdeathsig = syscall.SIGQUIT // an immediate stop, should the test be killed
	p := &process{done: make(chan struct{})}
	begun := make(chan error)
	go func() {
		// The signal comes when the thread that started the server ends, so that thread must stay.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		if err == nil {
			p.pid = cmd.Process.Pid
		}
		begun <- err
		if err == nil {
			_ = cmd.Wait()
			close(p.done)
		}
	}()
	if err := <-begun; err != nil {
		return err
	}
	s.proc = p
	return s.await()
}

// await waits until the server answers.
func (s *Server) await() error {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		err := s.command(ctx, "pg_isready", "-q", "-h", "127.0.0.1", "-p", strconv.Itoa(s.port)).Run()
		cancel()
		if err == nil {
			return nil
		}
		select {
		case <-s.proc.done:
			return errors.New("the server ended at its start")
		case <-time.After(20 * time.Millisecond):
		}
	}
	return errors.New("the server does not answer")
}

// Running says whether the server's first process is there.
func (s *Server) Running() bool {
	if s.proc == nil {
		return false
	}
	select {
	case <-s.proc.done:
		return false
	default:
		return true
	}
}

// Stop ends the server in order, with a checkpoint; open connections are cut.
func (s *Server) Stop() {
	s.t.Helper()
	s.end(syscall.SIGINT)
}

// Kill ends every process of the server with SIGKILL, as a crash of its machine would but for what the kernel had not yet
// written to the disk. It returns when they are gone.
func (s *Server) Kill() {
	s.t.Helper()
	if !s.Running() {
		return
	}
	// The postmaster is stopped first, so that it starts nobody new.
	_ = syscall.Kill(s.proc.pid, syscall.SIGSTOP)
	family := children(s.proc.pid)
	for _, pid := range append(family, s.proc.pid) {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	<-s.proc.done
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		if !slices.ContainsFunc(family, alive) {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatal("pgtest: a killed server still has processes")
		}
	}
}

// alive says whether a process still holds memory; one that has ended and whose parent has not asked does not.
func alive(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, state, _ := bytes.Cut(b, []byte(") ")) // behind the name, which is in brackets
	return len(state) > 0 && state[0] != 'Z' && state[0] != 'X'
}

// children returns the processes that pid started and that are there.
func children(pid int) (found []int) {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, task := range tasks {
		b, _ := os.ReadFile(task)
		for field := range strings.FieldsSeq(string(b)) {
			if n, err := strconv.Atoi(field); err == nil {
				found = append(found, n)
			}
		}
	}
	return found
}

func (s *Server) end(signal syscall.Signal) {
	s.t.Helper()
	if !s.Running() {
		return
	}
	_ = syscall.Kill(s.proc.pid, signal)
	select {
	case <-s.proc.done:
	case <-time.After(patience):
		s.t.Errorf("pgtest: the server does not end; the log ends: %s", s.Log())
		_ = syscall.Kill(s.proc.pid, syscall.SIGKILL)
		<-s.proc.done
	}
}

// Revive waits until the server answers again, and starts it if it has given up.
func (s *Server) Revive() {
	s.t.Helper()
	for range 3 {
		if s.Running() && s.await() == nil {
			return
		}
		if !s.Running() {
			s.Start()
			return
		}
	}
	s.t.Fatalf("pgtest: the server does not come back; the log ends: %s", s.Log())
}
