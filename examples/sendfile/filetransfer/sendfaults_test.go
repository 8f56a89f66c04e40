package filetransfer

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/realdid/realdid/did/didcomm"
)

// impostor puts a program that answers as the test says in the place of somebody's receiver. say sends an answer in the thread.
func (p *person) impostor(answer func(m *didcomm.Message, say func(kind string, body []byte))) {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	p.w.inboxes[p.endpoint] = func(ctx context.Context, packed []byte) error {
		got, err := p.agent.Unpack(ctx, packed, &expected)
		if err != nil {
			return err
		}
		answer(got.Message, func(kind string, body []byte) {
			if err := p.send(ctx, got.Message.Reply(p.did(), kind, body)); err != nil {
				p.w.t.Errorf("%s: %v", kind, err)
			}
		})
		return nil
	}
}

// accepts is an accept of an offer, with the digest of what it says is there.
func accepts(m *didcomm.Message, offset int64, prefix []byte) []byte {
	return (&accept{Offer: m.ID, Offset: offset, Digest: Digest(sha256.Sum256(prefix)), Chunk: testChunk, Window: 2 * testChunk}).body()
}

func acks(offset int64, prefix []byte) []byte {
	return (&ack{Offset: offset, Digest: Digest(sha256.Sum256(prefix))}).body()
}

// TestReceiverLies: what a receiver says is compared with the file, and a sender does not go on with one that says what cannot be.
func TestReceiverLies(t *testing.T) {
	type say = func(kind string, body []byte)
	for name, c := range map[string]struct {
		offered func(m *didcomm.Message, content []byte, say say)
		chunk   func(at int64, content []byte, say say)
	}{
		"accepts beyond the end": {offered: func(m *didcomm.Message, content []byte, say say) {
			say(typeAccept, accepts(m, testSize+1, content))
		}},
		"accepts after what it does not have": {offered: func(m *didcomm.Message, content []byte, say say) {
			say(typeAccept, accepts(m, testChunk, content[1:testChunk+1]))
		}},
		"has another file already": {offered: func(m *didcomm.Message, content []byte, say say) {
			say(typeComplete, fmt.Appendf(nil, `{"sha256":"%v"}`, Digest(sha256.Sum256(content[1:]))))
		}},
		"acknowledges what was not sent yet": {chunk: func(at int64, content []byte, say say) {
			say(typeAck, acks(at+2*testChunk, content[:at+2*testChunk]))
		}},
		"acknowledges the end of nothing": {chunk: func(at int64, content []byte, say say) {
			say(typeAck, acks(at+testChunk-1, content[:at+testChunk-1]))
		}},
		"acknowledges something else": {chunk: func(at int64, content []byte, say say) {
			if at > 0 {
				say(typeAck, acks(testChunk, content[1:testChunk+1]))
			}
		}},
		"is complete too early": {chunk: func(at int64, content []byte, say say) {
			say(typeComplete, fmt.Appendf(nil, `{"sha256":"%v"}`, Digest(sha256.Sum256(content))))
		}},
		"completes something else": {chunk: func(at int64, content []byte, say say) {
			if end := min(at+testChunk, testSize); end < testSize {
				say(typeAck, acks(at, content[:at]))
			} else {
				say(typeComplete, fmt.Appendf(nil, `{"sha256":"%v"}`, Digest(sha256.Sum256(content[1:]))))
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			_, alice, bob := two(t)
			s, se := alice.sends()
			path, content := alice.newFile("f", testSize)
			bob.impostor(func(m *didcomm.Message, say func(string, []byte)) {
				switch {
				case m.Type == typeOffer && c.offered != nil:
					c.offered(m, content, say)
				case m.Type == typeOffer:
					say(typeAccept, accepts(m, 0, nil))
				case m.Type == typeChunk:
					at, _, err := readChunk(m)
					if err != nil {
						t.Error(err)
					}
					c.chunk(at, content, say)
				}
			})
			_, _, err := s.Send(t.Context(), bob.did(), path)
			if !errors.Is(err, ErrReceiver) || se.count(Finished) != 0 {
				t.Errorf("got %v, want ErrReceiver", err)
			}
			if left, err := os.ReadDir(s.state); err != nil || len(left) != 0 {
				t.Errorf("kept of what is over: got %d, %v", len(left), err)
			}
		})
	}
}

// TestSenderKeepsTheWindow: no more is on its way than the receiver wants.
func TestSenderKeepsTheWindow(t *testing.T) {
	_, alice, bob := two(t)
	s, _ := alice.sends()
	path, content := alice.newFile("f", testSize)
	acked := int64(0)
	bob.impostor(func(m *didcomm.Message, say func(string, []byte)) {
		if m.Type == typeOffer {
			say(typeAccept, accepts(m, 0, nil))
			return
		}
		at, data, err := readChunk(m)
		end := at + int64(len(data))
		if err != nil || end-acked > 2*testChunk || len(data) > testChunk {
			t.Errorf("at %d: %d bytes after %d were acknowledged (%v)", at, len(data), acked, err)
		}
		switch {
		case end == testSize:
			say(typeComplete, fmt.Appendf(nil, `{"sha256":"%v"}`, Digest(sha256.Sum256(content))))
		case end-acked == 2*testChunk:
			acked += testChunk
			say(typeAck, acks(acked, content[:acked]))
		}
	})
	if _, _, err := s.Send(t.Context(), bob.did(), path); err != nil {
		t.Fatal(err)
	}
}

// TestOldAccept: an accept of an offer of before the interruption does not decide where to go on.
func TestOldAccept(t *testing.T) {
	_, alice, bob := two(t)
	s, _ := alice.sends()
	path, content := alice.newFile("f", testChunk+1)
	var first *didcomm.Message
	var at []int64
	bob.impostor(func(m *didcomm.Message, say func(string, []byte)) {
		switch {
		case m.Type == typeOffer && first == nil:
			first = m
			bob.report(t.Context(), m, didcomm.Problem{Code: codeNoOffer}) // again, please
		case m.Type == typeOffer:
			say(typeAccept, accepts(first, testChunk, content[:testChunk]))
			say(typeAccept, accepts(m, 0, nil))
		case m.Type == typeChunk:
			n, data, err := readChunk(m)
			if err != nil {
				t.Error(err)
			}
			if at = append(at, n); n+int64(len(data)) == int64(len(content)) {
				say(typeComplete, fmt.Appendf(nil, `{"sha256":"%v"}`, Digest(sha256.Sum256(content))))
			}
		}
	})
	if _, _, err := s.Send(t.Context(), bob.did(), path); err != nil || len(at) != 2 || at[0] != 0 {
		t.Errorf("got chunks at %v, %v; want at 0 and %d", at, err, testChunk)
	}
}

// TestReplies: what others than the receiver say, or what is no reply, changes nothing.
func TestReplies(t *testing.T) {
	w, alice, bob := two(t)
	mallory := w.person("mallory")
	s, se := alice.sends()
	bob.receive(alice.did())
	path, content := alice.newFile("f", testSize)
	said := false
	se.also = func(e Event) {
		if e.Kind != Acked || said {
			return
		}
		said = true
		wrong := Digest{1}
		report := func(p *person, code string) error {
			m, err := didcomm.NewProblem(&didcomm.Message{ID: "1", Thread: e.Transfer, From: alice.did()}, p.did(), didcomm.Problem{Code: code})
			if err != nil {
				t.Fatal(err)
			}
			packed, err := p.agent.Authcrypt(t.Context(), m, nil)
			if err != nil {
				t.Fatal(err)
			}
			return alice.Handle(t.Context(), packed)
		}
		for name, c := range map[string]struct{ got, want error }{
			"a stranger's accept":        {mallory.tell(alice, typeAccept, e.Transfer, (&accept{Offer: "1", Digest: wrong, Chunk: 1, Window: 1}).body()), ErrRefused},
			"a stranger's ack":           {mallory.tell(alice, typeAck, e.Transfer, (&ack{testSize, wrong}).body()), ErrRefused},
			"a stranger's complete":      {mallory.tell(alice, typeComplete, e.Transfer, fmt.Appendf(nil, `{"sha256":"%v"}`, wrong)), ErrRefused},
			"a stranger's report":        {report(mallory, codeDigest), ErrRefused},
			"an ack of another thread":   {bob.tell(alice, typeAck, "other", (&ack{testSize, wrong}).body()), ErrRefused},
			"an ack that is none":        {bob.tell(alice, typeAck, e.Transfer, []byte(`{"offset":1}`)), ErrMessage},
			"an accept that is none":     {bob.tell(alice, typeAccept, e.Transfer, []byte(`{"offer":"1","offset":0}`)), ErrMessage},
			"a window below a chunk":     {bob.tell(alice, typeAccept, e.Transfer, (&accept{Offer: "1", Chunk: minChunk + 1, Window: minChunk}).body()), ErrMessage},
			"a chunk beyond the limit":   {bob.tell(alice, typeAccept, e.Transfer, (&accept{Offer: "1", Chunk: MaxChunk + 1, Window: maxWindow}).body()), ErrMessage},
			"a complete that is none":    {bob.tell(alice, typeComplete, e.Transfer, nil), ErrMessage},
			"an offer to who takes none": {bob.offers(alice, "t", "f", nil), ErrRefused},
			"an old accept":              {bob.tell(alice, typeAccept, e.Transfer, (&accept{Offer: "1", Offset: 1, Digest: wrong, Chunk: minChunk, Window: minChunk}).body()), nil},
			"an old ack":                 {bob.tell(alice, typeAck, e.Transfer, (&ack{0, wrong}).body()), nil},
		} {
			if !errors.Is(c.got, c.want) || c.want == nil && c.got != nil {
				t.Errorf("%s: got %v, want %v", name, c.got, c.want)
			}
		}
	}
	_, sent, err := s.Send(t.Context(), bob.did(), path)
	if err != nil || sent.Offers != 1 || !said {
		t.Errorf("got %+v, %v; want no interruption", sent, err)
	}
	bob.has("f", content)
}

// TestReports: problems of one message are overcome, those of the transfer end it with what the receiver wrote.
func TestReports(t *testing.T) {
	_, alice, bob := two(t)
	s, _ := alice.sends()
	bob.receive(alice.did())
	big, _ := alice.newFile("big", 1<<20+1)
	_, _, err := s.Send(t.Context(), bob.did(), big)
	var p *ProblemError
	if !errors.As(err, &p) || p.Problem.Code != codeTooLarge || p.Problem.Text() != "At most 1048576 bytes are taken." {
		t.Errorf("too large: got %v", err)
	}
	path, content := alice.newFile("f", testSize)
	lost, chunks := 0, 0
	bob.w.intercept(func(to string, b []byte) ([]byte, error) { // every tenth message to bob does not arrive, though it seems so
		bob.w.wire.Lock()
		defer bob.w.wire.Unlock()
		if to == bob.endpoint {
			if chunks++; chunks%10 == 0 && lost < 3 {
				lost++
				return []byte(`{}`), nil
			}
		}
		return b, nil
	})
	if _, _, err := s.Send(t.Context(), bob.did(), path); err != nil {
		t.Fatal(err)
	}
	bob.has("f", content)
}

// TestAltered: somebody on the way changes one message in five, in either direction.
func TestAltered(t *testing.T) {
	_, alice, bob := two(t)
	s, _ := alice.sends()
	bob.receive(alice.did())
	path, content := alice.newFile("f", testSize)
	n := 0
	alice.w.intercept(func(_ string, b []byte) ([]byte, error) {
		alice.w.wire.Lock()
		defer alice.w.wire.Unlock()
		if n++; n%5 == 0 {
			b = append([]byte(nil), b...)
			b[strings.Index(string(b), `"ciphertext":"`)+50] ^= 2
		}
		return b, nil
	})
	if _, _, err := s.Send(t.Context(), bob.did(), path); err != nil {
		t.Fatal(err)
	}
	bob.has("f", content)
	bob.hasFiles(1)
}

// TestGivesUp: nobody is there, and the transfer can be resumed when somebody is.
func TestGivesUp(t *testing.T) {
	_, alice, bob := two(t)
	s, se := alice.sends()
	path, content := alice.newFile("f", testSize)
	alice.w.intercept(func(string, []byte) ([]byte, error) { return nil, errLost })
	id, _, err := s.Send(t.Context(), bob.did(), path)
	if !errors.Is(err, errLost) || final(err) || se.count(Interrupted) != s.opt.Attempts-1 {
		t.Errorf("got %v after %d interruptions", err, se.count(Interrupted))
	}
	alice.w.intercept(nil)
	bob.receive(alice.did())
	if _, err := s.Resume(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	bob.has("f", content)
}

// TestFileChanges: what is sent is what was offered, or nothing.
func TestFileChanges(t *testing.T) {
	for name, change := range map[string]func(path string) error{
		"a byte of the beginning": func(path string) error { return writeAt(path, 1) },
		"a byte of the end":       func(path string) error { return writeAt(path, testSize-1) },
		"shorter":                 func(path string) error { return os.Truncate(path, testSize-100) },
	} {
		for _, when := range []string{"on the way", "before it is resumed"} {
			t.Run(name+", "+when, func(t *testing.T) {
				_, alice, bob := two(t)
				s, se := alice.sends()
				bob.receive(alice.did())
				path, _ := alice.newFile("f", testSize)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				changed := false
				se.also = func(e Event) {
					if e.Kind == ChunkGoes && e.Offset >= testSize/2 && !changed {
						changed = true
						if err := change(path); err != nil {
							t.Error(err)
						}
						if when != "on the way" {
							cancel()
						}
					}
				}
				id, _, err := s.Send(ctx, bob.did(), path)
				if when != "on the way" {
					_, err = s.Resume(t.Context(), id)
				}
				beginning := name == "a byte of the beginning"
				if beginning && when == "on the way" { // it was sent before it changed
					if err != nil {
						t.Errorf("got %v, want what was offered", err)
					}
					return
				}
				if !errors.Is(err, ErrChanged) && !(beginning && errors.Is(err, ErrReceiver)) {
					t.Errorf("got %v, want ErrChanged", err)
				}
				bob.hasFiles(0)
			})
		}
	}
}

func writeAt(path string, at int64) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	b := make([]byte, 1)
	_, rerr := f.ReadAt(b, at)
	b[0] ^= 1
	_, werr := f.WriteAt(b, at)
	return errors.Join(rerr, werr, f.Close())
}

// TestOnDiskFirst: bytes are made durable, then the state that speaks of them, then the sender hears of it.
func TestOnDiskFirst(t *testing.T) {
	_, alice, bob := two(t)
	var partial, state atomic.Int64 // durable
	bob.disk.file = func(f *os.File) error {
		if filepath.Base(f.Name()) == partialFile {
			info, err := f.Stat()
			partial.Store(info.Size())
			return err
		}
		var st incomingState
		b, err := os.ReadFile(f.Name())
		if err = errors.Join(err, json.Unmarshal(b, &st)); err != nil {
			return err
		}
		if st.Offset > partial.Load() {
			t.Errorf("the state speaks of %d bytes, of which %d are durable", st.Offset, partial.Load())
		}
		state.Store(st.Offset)
		return nil
	}
	s, se := alice.sends()
	bob.receive(alice.did())
	se.also = func(e Event) {
		if e.Kind != Acked {
			return
		}
		dir := filepath.Join(bob.dir, "state", transferFolder(alice.did(), e.Transfer))
		var st incomingState
		err := readState(filepath.Join(dir, stateFile), &st)
		info, serr := os.Stat(filepath.Join(dir, partialFile))
		if err != nil || st.Offset < e.Offset || state.Load() < e.Offset || partial.Load() < e.Offset || st.Offset < testSize && (serr != nil || info.Size() < e.Offset) { // a whole file is on its way to its name
			t.Errorf("acknowledged %d: the state has %d (%v)", e.Offset, st.Offset, err)
		}
	}
	path, _ := alice.newFile("f", testSize)
	if _, _, err := s.Send(t.Context(), bob.did(), path); err != nil {
		t.Fatal(err)
	}
	if se.count(Acked) < 5 {
		t.Errorf("got %d acks", se.count(Acked))
	}
}

// TestOldKeys: after a rotation that the other side has seen, what a thief of the old key writes is refused, and what is for it is not read.
func TestOldKeys(t *testing.T) {
	_, alice, bob := two(t)
	bob.receive(alice.did())
	_, content := alice.newFile("f", 4*testChunk)
	if err := alice.offers(bob, "t", "f", content); err != nil {
		t.Fatal(err)
	}
	stolen := alice.craft(bob, typeChunk, "t", chunkBody(testChunk), content[testChunk:2*testChunk])
	toOld := alice.craft(bob, typeChunk, "t", chunkBody(testChunk), content[testChunk:2*testChunk])
	alice.newKey()
	if err := alice.sendsChunk(bob, "t", content, 0, testChunk); err != nil {
		t.Fatalf("the new key: %v", err)
	}
	if err := bob.Handle(t.Context(), stolen); !errors.Is(err, didcomm.ErrInvalid) {
		t.Errorf("the old key: got %v, want ErrInvalid", err)
	}
	bob.newKey()
	if err := bob.Handle(t.Context(), toOld); !errors.Is(err, didcomm.ErrInvalid) {
		t.Errorf("for the old key: got %v, want ErrInvalid", err)
	}
}

// TestUnknownKeys: strangers who name keys that are no more, or that never were, make nobody look anything up, and nobody write, more than a
// few times.
func TestUnknownKeys(t *testing.T) {
	w, alice, bob := two(t)
	mallory := w.person("mallory")
	_, re := bob.receive(alice.did())
	if err := alice.offers(bob, "t", "f", []byte("x")); err != nil {
		t.Fatal(err)
	}
	var sent atomic.Int64
	w.intercept(func(_ string, b []byte) ([]byte, error) { sent.Add(1); return b, nil })
	bobs := mallory.craft(bob, typeChunk, "t", chunkBody(0), []byte("x"))
	for i := range 50 {
		forged := forge(t, bobs, alice.did().WithFragment("key-1").String(), fmt.Sprintf("%v#gone-%d", bob.did(), i))
		if err := bob.Handle(t.Context(), forged); !errors.Is(err, didcomm.ErrInvalid) {
			t.Fatalf("got %v, want ErrInvalid", err)
		}
	}
	if re.count(KeyGone) > maxTold || sent.Load() > 2*maxTold+2 { // each is tried twice, and an accept may be among them
		t.Errorf("keys that are no more: got %d reports, %d messages; want at most %d and twice that", re.count(KeyGone), sent.Load(), maxTold)
	}
	w.mu.Lock()
	before := w.lookups[alice.did()]
	w.mu.Unlock()
	for i := range 50 {
		forged := forge(t, bobs, fmt.Sprintf("%v#new-%d", alice.did(), i), bob.keyName().String())
		if err := bob.Handle(t.Context(), forged); !errors.Is(err, didcomm.ErrInvalid) {
			t.Fatalf("got %v, want ErrInvalid", err)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := w.lookups[alice.did()] - before; n > 25 { // once in a second, and this takes none
		t.Errorf("keys that are not known: got %d look-ups of their DID", n)
	}
}
