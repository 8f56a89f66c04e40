package filetransfer

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// comes brings a whole file in chunks, from where the receiver is on.
func (p *person) comes(to *person, thread, name string, content []byte) {
	p.w.t.Helper()
	if err := p.offers(to, thread, name, content); err != nil {
		p.w.t.Fatal(err)
	}
	r := to.receiving()
	r.mu.Lock()
	tr := r.open[transferFolder(p.did(), thread)]
	r.mu.Unlock()
	tr.mu.Lock()
	at := int(tr.next)
	tr.mu.Unlock()
	for ; at < len(content); at += testChunk {
		if err := p.sendsChunk(to, thread, content, at, min(at+testChunk, len(content))); err != nil {
			p.w.t.Fatal(err)
		}
	}
	to.settle()
}

func (p *person) restarts(from *person) *events {
	p.receiving().Close()
	_, e := p.receive(from.did())
	return e
}

// stateOf reads what a receiver keeps of a transfer.
func (p *person) stateOf(from *person, thread string) (s incomingState, dir string) {
	p.w.t.Helper()
	dir = filepath.Join(p.dir, "state", transferFolder(from.did(), thread))
	if err := readState(filepath.Join(dir, stateFile), &s); err != nil {
		p.w.t.Fatal(err)
	}
	return s, dir
}

// TestNotReplaced: a receiver that stopped before a complete file had its name finds another file of that name.
func TestNotReplaced(t *testing.T) {
	_, alice, bob := two(t)
	bob.receive(alice.did())
	_, content := alice.newFile("f", 3*testChunk)
	if err := alice.offers(bob, "t", "f", content); err != nil {
		t.Fatal(err)
	}
	bob.receiving().Close()
	_, dir := bob.stateOf(alice, "t")
	own := []byte("Bob's own")
	err := errors.Join(changeState(dir, func(s *incomingState) { s.File = "f" }), os.WriteFile(filepath.Join(bob.dir, "files", "f"), own, 0o600))
	if err != nil {
		t.Fatal(err)
	}
	bob.receive(alice.did())
	alice.comes(bob, "t", "f", content)
	bob.has("f", own)
	bob.has("f (1)", content)
	bob.hasFiles(2)
}

// TestCrashAtTheEnd: a receiver stops after the file has its name, and before that is durable. It makes it so before it says that all is there,
// and writes no second copy.
func TestCrashAtTheEnd(t *testing.T) {
	for name, links := range map[string]bool{"with links": true, "without links": false} {
		t.Run(name, func(t *testing.T) {
			w, alice, bob := two(t)
			files := filepath.Join(bob.dir, "files")
			broken, synced := true, false
			bob.disk.folder = func(dir string) error {
				if dir == files && broken {
					return syscall.EIO
				}
				synced = synced || dir == files
				return nil
			}
			if !links {
				bob.disk.link = func(string, string) error { return errors.ErrUnsupported }
			}
			_, re := bob.receive(alice.did())
			_, content := alice.newFile("f", 3*testChunk)
			alice.comes(bob, "t", "f", content)
			if re.count(Failed) != 1 || re.count(Complete) != 0 {
				t.Fatalf("got %d failed, %d complete", re.count(Failed), re.count(Complete))
			}
			broken = false
			told := false
			w.intercept(func(to string, b []byte) ([]byte, error) {
				if s, _ := bob.stateOf(alice, "t"); to == alice.endpoint && (!synced || !s.Done) {
					t.Errorf("told the sender before: folder synced %v, state done %v", synced, s.Done)
				}
				told = told || to == alice.endpoint
				return b, nil
			})
			re = bob.restarts(alice)
			alice.comes(bob, "t", "f", content)
			bob.has("f", content)
			bob.hasFiles(1)
			_, dir := bob.stateOf(alice, "t")
			if _, err := os.Lstat(filepath.Join(dir, partialFile)); !told || re.count(Complete) != 1 || !errors.Is(err, os.ErrNotExist) {
				t.Errorf("got %d complete, told %v, partial file %v", re.count(Complete), told, err)
			}
		})
	}
}

// TestCrashThenEdited: what a receiver has named is its owner's, although the receiver stopped before it could know.
func TestCrashThenEdited(t *testing.T) {
	_, alice, bob := two(t)
	files := filepath.Join(bob.dir, "files")
	broken := true
	bob.disk.folder = func(dir string) error {
		if dir == files && broken {
			return syscall.EIO
		}
		return nil
	}
	bob.receive(alice.did())
	_, content := alice.newFile("f", 3*testChunk)
	alice.comes(bob, "t", "f", content)
	broken = false
	if err := writeAt(filepath.Join(files, "f"), 1); err != nil {
		t.Fatal(err)
	}
	content[1] ^= 1
	edited := append([]byte(nil), content...)
	content[1] ^= 1
	bob.restarts(alice)
	if err := alice.offers(bob, "t", "f", content); err != nil {
		t.Fatal(err)
	}
	bob.settle()
	bob.has("f", edited)
	bob.hasFiles(1)
}

// TestNoLinks: a file system without links gives files their names too, and a name that cannot be given leaves nothing.
func TestNoLinks(t *testing.T) {
	_, alice, bob := two(t)
	gone := false
	bob.disk.link = func(from, _ string) error {
		if gone {
			return errors.Join(errors.ErrUnsupported, os.Remove(from))
		}
		return errors.ErrUnsupported
	}
	_, re := bob.receive(alice.did())
	_, content := alice.newFile("f", testChunk)
	alice.comes(bob, "t-1", "f", content)
	alice.comes(bob, "t-2", "f", content)
	gone = true
	alice.comes(bob, "t-3", "f", content)
	bob.has("f", content)
	bob.has("f (1)", content)
	bob.hasFiles(2)
	if re.count(Complete) != 2 || re.count(Failed) != 1 {
		t.Errorf("got %d complete, %d failed", re.count(Complete), re.count(Failed))
	}
}

// TestTakenMeanwhile: somebody saves a file of the name in the moment in which the one that came gets it.
func TestTakenMeanwhile(t *testing.T) {
	for name, link := range map[string]func(from, to string) error{
		"with links": os.Link, "without links": func(string, string) error { return errors.ErrUnsupported },
	} {
		t.Run(name, func(t *testing.T) {
			_, alice, bob := two(t)
			own, once := []byte("Bob's own"), false
			bob.disk.link = func(from, to string) error {
				if !once {
					once = true
					if err := os.WriteFile(to, own, 0o600); err != nil {
						t.Error(err)
					}
				}
				return link(from, to)
			}
			bob.receive(alice.did())
			_, content := alice.newFile("f", testChunk)
			alice.comes(bob, "t", "f", content)
			bob.has("f", own)
			bob.has("f (1)", content)
			bob.hasFiles(2)
		})
	}
}

// TestDiskFull: a receiver that cannot write says so, leaves no empty files, and goes on when it can.
func TestDiskFull(t *testing.T) {
	_, alice, bob := two(t)
	full := true
	bob.disk.file = func(f *os.File) error {
		if s, err := os.ReadFile(f.Name()); full && err == nil && strings.Contains(string(s), `"file":`) {
			return syscall.ENOSPC
		}
		return nil
	}
	s, se := alice.sends()
	bob.receive(alice.did())
	path, content := alice.newFile("f", testSize)
	id, _, err := s.Send(t.Context(), bob.did(), path)
	if err == nil || final(err) {
		t.Errorf("got %v, want one to be resumed later", err)
	}
	bob.hasFiles(0)
	told := 0
	for _, e := range se.list {
		if e.Kind == Reported && strings.HasPrefix(e.Detail, codeStorage+":") {
			told++
		}
	}
	if told == 0 {
		t.Error("the sender was not told")
	}
	bob.settle()
	full = false
	if _, err := s.Resume(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	bob.has("f", content)
	bob.hasFiles(1)
}

// TestLongName: a name of the greatest length gets a number, too, and what is said about that on disk is read again.
func TestLongName(t *testing.T) {
	_, alice, bob := two(t)
	bob.receive(alice.did())
	name := strings.Repeat("n", maxName-4) + ".txt"
	for _, thread := range []string{"t-1", "t-2"} {
		alice.comes(bob, thread, name, []byte("x"))
	}
	if s, _ := bob.stateOf(alice, "t-2"); !s.Done || s.File != strings.TrimSuffix(name, ".txt")+" (1).txt" {
		t.Errorf("got %+v", s)
	}
	re := bob.restarts(alice)
	alice.comes(bob, "t-2", name, []byte("x"))
	bob.hasFiles(2)
	if re.count(Complete) != 1 {
		t.Errorf("again: got %d complete", re.count(Complete))
	}
}
