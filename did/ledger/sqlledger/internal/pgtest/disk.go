//go:build linux

package pgtest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// mount puts a file system of size bytes under the data directory.
func (s *Server) mount(size int64) {
	s.t.Helper()
	options := fmt.Sprintf("size=%d,mode=0700", size)
	if s.account != nil {
		options += fmt.Sprintf(",uid=%d,gid=%d", s.account.Uid, s.account.Gid)
	}
	err := syscall.Mount("tmpfs", s.data, "tmpfs", syscall.MS_NOSUID|syscall.MS_NODEV|syscall.MS_NOEXEC, options)
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES) {
		s.t.Skipf("pgtest: a file system in memory cannot be mounted: %v", err)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	s.disk = s.data
	// initdb wants an empty folder, and mounting over it leaves none behind.
	s.data = filepath.Join(s.data, "pg")
	if err := os.Mkdir(s.data, 0o700); err != nil {
		s.t.Fatal(err)
	}
	s.own(s.data)
}

func (s *Server) ballast() string { return filepath.Join(s.disk, "ballast") }

// FillDisk takes all of the disk but about left bytes. The server must have been made with a DiskSize.
func (s *Server) FillDisk(left int64) {
	s.t.Helper()
	if s.disk == "" {
		s.t.Fatal("pgtest: the server has no disk of its own")
	}
	f, err := os.OpenFile(s.ballast(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	defer f.Close()
	block := make([]byte, 64<<10)
	for {
		var stat syscall.Statfs_t
		if err := syscall.Statfs(s.data, &stat); err != nil {
			s.t.Fatal(err)
		}
		free := int64(stat.Bavail) * stat.Bsize
		if free <= left {
			return
		}
		_, err := f.Write(block[:min(int64(len(block)), free-left)])
		if errors.Is(err, syscall.ENOSPC) {
			return
		}
		if err != nil {
			s.t.Fatal(err)
		}
	}
}

// FreeDisk gives back what FillDisk took.
func (s *Server) FreeDisk() {
	s.t.Helper()
	if err := os.Remove(s.ballast()); err != nil {
		s.t.Fatal(err)
	}
}
