package filetransfer

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestFolders: the folder of states and that of files are two, and neither is in the other.
func TestFolders(t *testing.T) {
	w := newWorld(t)
	bob := w.person("bob")
	in := func(names ...string) string { return filepath.Join(append([]string{bob.dir}, names...)...) }
	if err := errors.Join(os.MkdirAll(in("inbox"), 0o700), os.Symlink(in("inbox"), in("link"))); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		state, files string
		want         bool
	}{
		{in("inbox"), in("inbox"), false},
		{in("inbox"), in("inbox", "files"), false},
		{in("inbox", "state"), in("inbox"), false},
		{in("inbox"), in("inbox", "deep", "files"), false},
		{in("inbox"), in("link"), false},
		{in("link"), in("inbox", "files"), false},
		{in("inbox", "state"), in("inbox", "files"), true},
		{in("inbox"), in("inbox-files"), true},
	} {
		r, err := OpenReceiver(bob.Peer, c.state, c.files, Policy{}, nil)
		if (err == nil) != c.want {
			t.Errorf("%s and %s: got %v, want taken: %v", c.state, c.files, err, c.want)
		}
		if err == nil {
			r.Close()
		}
	}
}

// TestStray: what is not a receiver's in the folder of states stays, and disturbs nobody.
func TestStray(t *testing.T) {
	_, alice, bob := two(t)
	r, _ := bob.receive(alice.did())
	folder := filepath.Join(r.state, "photos")
	strays := []string{".DS_Store", "notes.txt", "0123456789abcdef0123456789abcdef", filepath.Join("photos", "a.jpg"), filepath.Join("photos", stateFile)}
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range strays {
		if err := os.WriteFile(filepath.Join(r.state, name), []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	left := filepath.Join(r.state, transferFolder(alice.did(), "never begun"))
	if err := os.Mkdir(left, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := alice.offers(bob, "t", "f", []byte("x")); err != nil {
		t.Errorf("got %v", err)
	}
	for _, name := range strays {
		if _, err := os.Stat(filepath.Join(r.state, name)); err != nil {
			t.Errorf("%s: got %v, want it there", name, err)
		}
	}
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a transfer's folder with nothing in it: got %v, want it gone", err)
	}
}

// TestOpenTooOld: a transfer with which nothing happens is given up by a receiver that does not stop, too.
func TestOpenTooOld(t *testing.T) {
	_, alice, bob := two(t)
	now := time.Now()
	bob.clock = func() time.Time { return now }
	r, _ := bob.receive(alice.did())
	_, content := alice.newFile("f", 2*testChunk)
	for i := range r.opt.MaxOpen {
		if err := alice.offers(bob, fmt.Sprint("t-", i), "f", content); err != nil {
			t.Fatal(err)
		}
	}
	now = now.Add(r.opt.KeepFor - time.Hour)
	if err := alice.sendsChunk(bob, "t-0", content, 0, testChunk); err != nil {
		t.Fatal(err)
	}
	if err := alice.offers(bob, "t-1", "f", content); err != nil {
		t.Fatal(err)
	}
	if err := alice.offers(bob, "one-more", "f", content); !errors.Is(err, ErrRefused) {
		t.Errorf("before they are too old: got %v, want ErrRefused", err)
	}
	now = now.Add(2 * time.Hour)
	if err := alice.offers(bob, "one-more", "f", content); err != nil {
		t.Errorf("after: got %v", err)
	}
	if err := alice.sendsChunk(bob, "t-0", content, testChunk, 2*testChunk); err != nil {
		t.Errorf("one that went on: got %v", err)
	}
	if err := alice.sendsChunk(bob, "t-1", content, 0, testChunk); err != nil {
		t.Errorf("one that was offered again: got %v", err)
	}
	if got, err := os.ReadDir(r.state); err != nil || len(got) != 3 {
		t.Errorf("got %d transfers (%v), want two that went on and a new one", len(got), err)
	}
}

// TestOthersLimit: one sender's open transfers are no limit for another's, nor for one of which the receiver has everything.
func TestOthersLimit(t *testing.T) {
	w, alice, bob := two(t)
	mallory := w.person("mallory")
	s, se := alice.sends()
	r, _ := bob.receive(alice.did(), mallory.did())
	path, content := alice.newFile("f", testSize)
	if err := alice.offers(bob, "done", "done", []byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := alice.tell(bob, typeChunk, "done", chunkBody(0), []byte("x")); err != nil {
		t.Fatal(err)
	}
	bob.settle()
	for _, p := range []*person{mallory, alice} {
		for i := range r.opt.MaxOpen {
			if err := p.offers(bob, fmt.Sprint("t-", i), "f", []byte("x")); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.offers(bob, "one-more", "f", []byte("x")); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: one more: got %v, want ErrRefused", p.name, err)
		}
		if p == mallory {
			if _, _, err := s.Send(t.Context(), bob.did(), path); err != nil {
				t.Fatalf("another sender: got %v", err)
			}
			bob.has("f", content)
		}
	}
	if err := alice.offers(bob, "done", "done", []byte("x")); err != nil {
		t.Errorf("what is complete, again: got %v", err)
	}
	id, _, err := s.Send(t.Context(), bob.did(), path)
	if err == nil || final(err) || se.count(Interrupted) != s.opt.Attempts-1 {
		t.Errorf("one more: got %v after %d interruptions, want one to be resumed later", err, se.count(Interrupted))
	}
	if err := alice.tell(bob, typeChunk, "t-0", chunkBody(0), []byte("x")); err != nil {
		t.Fatal(err)
	}
	bob.settle()
	if _, err := s.Resume(t.Context(), id); err != nil {
		t.Errorf("later: got %v", err)
	}
}
