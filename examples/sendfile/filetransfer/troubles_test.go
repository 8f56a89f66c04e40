package filetransfer

import (
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"
)

// TestTroubles: messages are lost before they arrive or seem lost though they arrived, come twice, or late; the receiver stops, damages what
// was not durable, and starts again; both change keys. In the end there is one file, and it is the one that was sent.
func TestTroubles(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			w, alice, bob := two(t)
			s, se := alice.sends()
			s.opt.Wait = 200 * time.Millisecond // a receiver that has just stopped says nothing
			bob.receive(alice.did())
			path, content := alice.newFile("f", testSize)
			dice := rand.New(rand.NewPCG(seed, 7))
			type letter struct {
				to     string
				packed []byte
			}
			var late []letter
			troubles := 0
			roll := func() int {
				w.wire.Lock()
				defer w.wire.Unlock()
				n := dice.IntN(40)
				if n < 4 {
					troubles++
				}
				return n
			}
			deliver := func(l letter) {
				w.mu.Lock()
				inbox := w.inboxes[l.to]
				w.mu.Unlock()
				_ = inbox(t.Context(), l.packed)
			}
			w.intercept(func(to string, b []byte) ([]byte, error) {
				switch roll() {
				case 0: // lost
					return nil, errLost
				case 1: // comes twice
					deliver(letter{to, b})
				case 2: // arrives, and the answer does not
					deliver(letter{to, b})
					return nil, errLost
				case 3: // comes late
					w.wire.Lock()
					late = append(late, letter{to, b})
					w.wire.Unlock()
					return nil, errLost
				case 4:
					w.wire.Lock()
					now := late
					late = nil
					w.wire.Unlock()
					for _, l := range now {
						deliver(l)
					}
				}
				return b, nil
			})
			var restarts, rotations atomic.Int32
			se.also = func(e Event) { // between two messages of the sender
				if e.Kind != Delivered {
					return
				}
				switch roll() {
				case 0:
					restarts.Add(1)
					bob.receiving().Close()
					bob.Peer = bob.newPeer()
					bob.online()
					bob.receive(alice.did())
				case 1:
					rotations.Add(1)
					bob.newKey()
				}
			}
			id, _, err := s.Send(t.Context(), bob.did(), path)
			for tries := 0; err != nil && !final(err) && tries < 50; tries++ {
				_, err = s.Resume(t.Context(), id)
			}
			if err != nil {
				t.Fatalf("after %d troubles, %d restarts, %d rotations: %v", troubles, restarts.Load(), rotations.Load(), err)
			}
			bob.has("f", content)
			bob.hasFiles(1)
		})
	}
}
