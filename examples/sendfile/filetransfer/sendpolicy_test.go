package filetransfer

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/realdid/realdid/did/didcomm"
)

// TestEscapes: what the receiver wrote cannot make a terminal do anything.
func TestEscapes(t *testing.T) {
	_, alice, bob := two(t)
	s, se := alice.sends()
	bob.impostor(func(m *didcomm.Message, _ func(string, []byte)) {
		bob.report(t.Context(), m, didcomm.Problem{Code: codeName, Comment: "\x1b[2J\r{1}\u202e", Args: []string{"\a\x1b]0;x\a"}})
	})
	path, _ := alice.newFile("f", 1)
	_, _, err := s.Send(t.Context(), bob.did(), path)
	if err == nil || se.count(Reported) == 0 {
		t.Fatalf("got %v", err)
	}
	texts := []string{err.Error()}
	for _, e := range se.list {
		texts = append(texts, e.Detail)
	}
	for _, text := range texts {
		if strings.ContainsAny(text, "\x1b\r\a\u202e") {
			t.Errorf("got %q", text)
		}
	}
}

// TestSmallestChunk: a receiver cannot have a large file in tiny messages, of which each costs the sender as much as a large one.
func TestSmallestChunk(t *testing.T) {
	for chunk, want := range map[int64]bool{1: false, minChunk - 1: false, minChunk: true, MaxChunk: true, MaxChunk + 1: false} {
		_, err := readAccept(&didcomm.Message{Body: (&accept{Offer: "1", Chunk: chunk, Window: maxWindow}).body()})
		if errors.Is(err, ErrMessage) == want {
			t.Errorf("%d: got %v, want taken: %v", chunk, err, want)
		}
	}
	r, err := OpenReceiver(newWorld(t).person("bob").Peer, filepath.Join(t.TempDir(), "state"), filepath.Join(t.TempDir(), "files"), Policy{}, &ReceiverOptions{Chunk: 1})
	if err != nil || r.opt.Chunk != minChunk {
		t.Errorf("a receiver that wants less: got %+v, %v", r.opt, err)
	}
	r.Close()
}

// TestCompleteAtOnce: nobody has a file of which nothing, or not all, was ever sent.
func TestCompleteAtOnce(t *testing.T) {
	for name, after := range map[string]int64{"nothing": 0, "a chunk, and an interruption": testChunk} {
		_, alice, bob := two(t)
		s, se := alice.sends()
		path, content := alice.newFile("f", testSize)
		got := int64(0)
		bob.impostor(func(m *didcomm.Message, say func(string, []byte)) {
			switch {
			case m.Type == typeChunk:
				got += testChunk
				bob.report(t.Context(), m, didcomm.Problem{Code: codeNoOffer})
			case got >= after:
				say(typeComplete, fmt.Appendf(nil, `{"sha256":"%v"}`, Digest(sha256.Sum256(content))))
			default:
				say(typeAccept, accepts(m, 0, nil))
			}
		})
		if _, _, err := s.Send(t.Context(), bob.did(), path); !errors.Is(err, ErrReceiver) || se.count(Finished) != 0 {
			t.Errorf("after %s: got %v, want ErrReceiver", name, err)
		}
	}
}

// TestPending: who has lost the id of a transfer finds it again.
func TestPending(t *testing.T) {
	w, alice, bob := two(t)
	s, se := alice.sends()
	if got, err := s.Pending(); err != nil || len(got) != 0 {
		t.Errorf("before: got %v, %v", got, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	se.also = func(e Event) { cancel() }
	w.intercept(func(string, []byte) ([]byte, error) { cancel(); return nil, errLost })
	path, content := alice.newFile("f", testSize)
	id, _, err := s.Send(ctx, bob.did(), path)
	if err == nil {
		t.Fatal("got no error")
	}
	w.intercept(nil)
	for _, stray := range []string{".state-1", "notes.txt", "damaged.json"} {
		if err := os.WriteFile(filepath.Join(alice.dir, "outgoing", stray), []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	state, err := os.ReadFile(s.file(id))
	if err = errors.Join(err, os.WriteFile(s.file("copy"), state, 0o600)); err != nil {
		t.Fatal(err)
	}
	alice.Peer = alice.newPeer()
	alice.online()
	s, _ = alice.sends()
	bob.receive(alice.did())
	got, err := s.Pending()
	if err != nil || len(got) != 1 || got[0] != (Unsent{Transfer: id, To: bob.did(), Path: path, Size: testSize}) {
		t.Fatalf("got %+v, %v", got, err)
	}
	if _, err := s.Resume(t.Context(), got[0].Transfer); err != nil {
		t.Fatal(err)
	}
	bob.has("f", content)
	if got, err := s.Pending(); err != nil || len(got) != 0 {
		t.Errorf("after: got %v, %v", got, err)
	}
}
