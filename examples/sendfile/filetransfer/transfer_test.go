package filetransfer

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestSend(t *testing.T) {
	for name, size := range map[string]int{"empty": 0, "one byte": 1, "one chunk": testChunk, "chunks": testSize, "a whole number of flushes": 8 * testFlush} {
		t.Run(name, func(t *testing.T) {
			_, alice, bob := two(t)
			s, se := alice.sends()
			_, re := bob.receive(alice.did())
			path, content := alice.newFile("holiday.tar", size)
			id, sent, err := s.Send(t.Context(), bob.did(), path)
			if err != nil {
				t.Fatal(err)
			}
			bob.has("holiday.tar", content)
			bob.hasFiles(1)
			if sent.Bytes != int64(size) || sent.Offers != 1 || sent.Transfer != id {
				t.Errorf("got %+v, want each byte sent once", sent)
			}
			if se.count(Finished) != 1 || re.count(Complete) != 1 || se.count(Interrupted) != 0 {
				t.Errorf("got %d finished, %d complete, %d interrupted", se.count(Finished), re.count(Complete), se.count(Interrupted))
			}
			if _, err := os.Stat(filepath.Join(alice.dir, "outgoing", id+".json")); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the sender's memory of it: got %v, want it gone", err)
			}
		})
	}
}

// TestSameName: a file that is there already is not replaced.
func TestSameName(t *testing.T) {
	_, alice, bob := two(t)
	s, _ := alice.sends()
	bob.receive(alice.did())
	path, content := alice.newFile("photo.tar.gz", testChunk)
	for range 3 {
		if _, _, err := s.Send(t.Context(), bob.did(), path); err != nil {
			t.Fatal(err)
		}
	}
	bob.hasFiles(3)
	for _, name := range []string{"photo.tar.gz", "photo.tar (1).gz", "photo.tar (2).gz"} {
		bob.has(name, content)
	}
}

// TestReceiverRestarts: the receiver stops at once, over and over, and what it had not brought to disk is damaged. It goes on with what it had.
func TestReceiverRestarts(t *testing.T) {
	_, alice, bob := two(t)
	s, _ := alice.sends()
	r, re := bob.receive(alice.did())
	restarts := 0
	var resumed []int64
	var observe func(Event)
	observe = func(e Event) {
		switch {
		case e.Kind == Opened:
			resumed = append(resumed, e.Offset)
		case e.Kind == ChunkCame && e.Offset >= int64(restarts+1)*4*testFlush && restarts < 3:
			restarts++
			r.Close()
			partial, _ := filepath.Glob(filepath.Join(bob.dir, "state", "*", partialFile))
			f, err := os.OpenFile(partial[0], os.O_WRONLY|os.O_APPEND, 0)
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = f.Write(make([]byte, 100)) // what a file system may show of bytes that were not synced
			f.Close()
			bob.Peer = bob.newPeer()
			bob.online()
			r, re = bob.receive(alice.did())
			re.also = observe
		}
	}
	re.also = observe
	path, content := alice.newFile("f", testSize)
	_, sent, err := s.Send(t.Context(), bob.did(), path)
	if err != nil {
		t.Fatal(err)
	}
	bob.has("f", content)
	bob.hasFiles(1)
	if restarts != 3 || len(resumed) != 4 || sent.Offers != 4 {
		t.Fatalf("got %d restarts, offers at %v, %d offers", restarts, resumed, sent.Offers)
	}
	for i, at := range resumed[1:] {
		if at <= resumed[i] || at%testFlush != 0 {
			t.Errorf("offers at %v: want each further, and where bytes were brought to disk", resumed)
		}
	}
	if want := int64(testSize) + 3*(2*testFlush+2*testChunk); sent.Bytes > want {
		t.Errorf("got %d bytes sent, want at most %d", sent.Bytes, want)
	}
}

// TestSenderRestarts: the sender stops, and another goes on where the receiver is.
func TestSenderRestarts(t *testing.T) {
	_, alice, bob := two(t)
	s, se := alice.sends()
	bob.receive(alice.did())
	ctx, cancel := context.WithCancel(t.Context())
	se.also = func(e Event) {
		if e.Kind == Acked && e.Offset >= testSize/2 {
			cancel()
		}
	}
	path, content := alice.newFile("f", testSize)
	id, _, err := s.Send(ctx, bob.did(), path)
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want context.Canceled", err)
	}
	alice.Peer = alice.newPeer()
	alice.online()
	s, _ = alice.sends()
	sent, err := s.Resume(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	bob.has("f", content)
	if sent.Bytes == 0 || sent.Bytes > testSize*2/3 || sent.Offers != 1 {
		t.Errorf("got %d bytes of %d sent in %d offers, want the rest in one", sent.Bytes, testSize, sent.Offers)
	}
	if _, err := s.Resume(t.Context(), id); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("again: got %v, want ErrNotExist", err)
	}
}

// TestMissedTheEnd: the receiver has everything, and the sender did not hear of it.
func TestMissedTheEnd(t *testing.T) {
	for _, restarted := range []bool{false, true} {
		w, alice, bob := two(t)
		s, _ := alice.sends()
		r, re := bob.receive(alice.did())
		complete := make(chan struct{}, 2)
		re.also = func(e Event) {
			if e.Kind == Complete {
				w.intercept(func(to string, b []byte) ([]byte, error) { return b, errLost })
				complete <- struct{}{}
			}
		}
		path, content := alice.newFile("f", testSize)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { <-complete; cancel() }()
		id, _, err := s.Send(ctx, bob.did(), path)
		if err == nil {
			t.Fatal("got no error")
		}
		w.intercept(nil)
		re.also = nil
		if restarted {
			r.Close()
			bob.Peer = bob.newPeer()
			bob.online()
			bob.receive(alice.did())
		}
		sent, err := s.Resume(t.Context(), id)
		if err != nil || sent.Bytes != 0 {
			t.Errorf("got %+v, %v; want nothing sent again", sent, err)
		}
		bob.has("f", content)
		bob.hasFiles(1)
	}
}

// TestRotations: both change their keys while the file is on its way, and the secrets of the old ones are gone.
func TestRotations(t *testing.T) {
	_, alice, bob := two(t)
	s, se := alice.sends()
	_, re := bob.receive(alice.did())
	var aliceKeys, bobKeys []string
	aliceOnce, bobOnce := false, false
	se.also = func(e Event) {
		if e.Kind == ChunkGoes && e.Offset >= testSize/3 && !aliceOnce {
			aliceOnce = true
			alice.newKey()
		}
	}
	re.also = func(e Event) {
		if e.Kind != ChunkCame {
			return
		}
		if k := e.PeerKey.Fragment(); len(aliceKeys) == 0 || aliceKeys[len(aliceKeys)-1] != k {
			aliceKeys = append(aliceKeys, k)
		}
		if k := e.OwnKey.Fragment(); len(bobKeys) == 0 || bobKeys[len(bobKeys)-1] != k {
			bobKeys = append(bobKeys, k)
		}
		if e.Offset >= testSize*2/3 && !bobOnce {
			bobOnce = true
			bob.newKey()
		}
	}
	path, content := alice.newFile("f", testSize)
	_, sent, err := s.Send(t.Context(), bob.did(), path)
	if err != nil {
		t.Fatal(err)
	}
	bob.has("f", content)
	if len(aliceKeys) != 2 || len(bobKeys) != 2 || aliceKeys[1] != "key-2" || bobKeys[1] != "key-2" {
		t.Errorf("keys: got alice's %v, bob's %v; want two of each", aliceKeys, bobKeys)
	}
	if re.count(KeyGone) != 1 || se.count(Reported) != 1 {
		t.Errorf("got %d keys gone, %d reports; want one of each", re.count(KeyGone), se.count(Reported))
	}
	if sent.Offers < 2 {
		t.Errorf("got %d offers", sent.Offers)
	}
}
