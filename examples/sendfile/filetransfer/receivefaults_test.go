package filetransfer

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/didcomm"
)

// craft packs any message of a thread, by no rules.
func (p *person) craft(to *person, kind, thread string, body []byte, data ...[]byte) []byte {
	p.w.t.Helper()
	m := &didcomm.Message{ID: didcomm.NewID(), Type: kind, From: p.did(), To: []did.DID{to.did()}, Thread: thread, Body: body}
	if kind == typeOffer {
		m.Expires = time.Now().Add(time.Minute).Truncate(time.Second)
	}
	for i, d := range data {
		m.Attachments = append(m.Attachments, didcomm.Attachment{ID: fmt.Sprint(i), Base64: d})
	}
	packed, err := p.agent.Authcrypt(p.w.t.Context(), m, nil)
	if err != nil {
		p.w.t.Fatal(err)
	}
	return packed
}

func (p *person) tell(to *person, kind, thread string, body []byte, data ...[]byte) error {
	p.w.t.Helper()
	return to.Handle(p.w.t.Context(), p.craft(to, kind, thread, body, data...))
}

func (p *person) offers(to *person, thread, name string, content []byte) error {
	p.w.t.Helper()
	return p.tell(to, typeOffer, thread, (&offer{Name: name, Size: int64(len(content)), Digest: Digest(sha256.Sum256(content))}).body())
}

func chunkBody(at int64) []byte { return fmt.Appendf(nil, `{"offset":%d}`, at) }

func (p *person) sendsChunk(to *person, thread string, content []byte, from, end int) error {
	p.w.t.Helper()
	return p.tell(to, typeChunk, thread, chunkBody(int64(from)), content[from:end])
}

// TestChunkFaults: one bad chunk after another comes in the middle of a transfer, is refused, and harms nothing.
func TestChunkFaults(t *testing.T) {
	w, alice, bob := two(t)
	carol, mallory := w.person("carol"), w.person("mallory")
	_, re := bob.receive(alice.did(), carol.did()) // mallory is a stranger
	_, content := alice.newFile("f", 8*testChunk)
	if err := alice.offers(bob, "t-1", "f", content); err != nil {
		t.Fatal(err)
	}
	if err := alice.offers(bob, "t-2", "g", content); err != nil {
		t.Fatal(err)
	}
	first := alice.craft(bob, typeChunk, "t-1", chunkBody(0), content[:testChunk])
	if err := bob.Handle(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	second := content[testChunk : 2*testChunk]
	at := func(n int64) []byte { return chunkBody(n) }
	altered := alice.craft(bob, typeChunk, "t-1", at(testChunk), second)
	i := bytes.Index(altered, []byte(`"ciphertext":"`)) + 40
	altered[i] ^= 1
	anoncrypted, err := alice.agent.Anoncrypt(t.Context(), &didcomm.Message{
		ID: "1", Type: typeChunk, From: alice.did(), To: []did.DID{bob.did()}, Thread: "t-1", Body: at(testChunk),
		Attachments: []didcomm.Attachment{{ID: "1", Base64: second}},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		packed []byte
		want   error
	}{
		{"replayed", first, nil},
		{"replayed with a fresh id", alice.craft(bob, typeChunk, "t-1", at(0), content[:testChunk]), nil},
		{"repeated in part", alice.craft(bob, typeChunk, "t-1", at(1), content[1:testChunk+1]), ErrRefused},
		{"out of order", alice.craft(bob, typeChunk, "t-1", at(2*testChunk), second), ErrRefused},
		{"an offset between", alice.craft(bob, typeChunk, "t-1", at(testChunk-1), second), ErrRefused},
		{"an offset beyond the file", alice.craft(bob, typeChunk, "t-1", at(1<<40), second), ErrRefused},
		{"the offset of the end", alice.craft(bob, typeChunk, "t-1", at(int64(len(content))), second), ErrRefused},
		{"a negative offset", alice.craft(bob, typeChunk, "t-1", at(-1), second), ErrMessage},
		{"an offset beyond all files", alice.craft(bob, typeChunk, "t-1", at(1<<60), second), ErrMessage},
		{"an offset with a fraction", alice.craft(bob, typeChunk, "t-1", []byte(`{"offset":1024.5}`), second), ErrMessage},
		{"an offset that is text", alice.craft(bob, typeChunk, "t-1", []byte(`{"offset":"1024"}`), second), ErrMessage},
		{"an offset in other case", alice.craft(bob, typeChunk, "t-1", []byte(`{"Offset":1024}`), second), ErrMessage},
		{"no offset", alice.craft(bob, typeChunk, "t-1", nil, second), ErrMessage},
		{"no bytes", alice.craft(bob, typeChunk, "t-1", at(testChunk), []byte{}), ErrMessage},
		{"no attachment", alice.craft(bob, typeChunk, "t-1", at(testChunk)), ErrMessage},
		{"two attachments", alice.craft(bob, typeChunk, "t-1", at(testChunk), second, second), ErrMessage},
		{"longer than agreed", alice.craft(bob, typeChunk, "t-1", at(testChunk), content[:testChunk+1]), ErrMessage},
		{"altered on the way", altered, didcomm.ErrInvalid},
		{"cut", first[:len(first)/2], didcomm.ErrInvalid},
		{"not encrypted", []byte(`{"id":"1","type":"` + typeChunk + `","body":{}}`), didcomm.ErrInvalid},
		{"by nobody in particular", anoncrypted, didcomm.ErrInvalid},
		{"for somebody else", alice.craft(carol, typeChunk, "t-1", at(testChunk), second), didcomm.ErrInvalid},
		{"of no thread", alice.craft(bob, typeChunk, "", at(testChunk), second), ErrRefused},
		{"of a thread that was not offered", alice.craft(bob, typeChunk, "t-3", at(testChunk), second), ErrRefused},
		{"of another thread", alice.craft(bob, typeChunk, "t-2", at(testChunk), second), ErrRefused},
		{"by another sender who is agreed to", carol.craft(bob, typeChunk, "t-1", at(testChunk), second), ErrRefused},
		{"by a stranger", mallory.craft(bob, typeChunk, "t-1", at(testChunk), second), ErrRefused},
		{"of a type that is not the protocol's", alice.craft(bob, Protocol+"/file", "t-1", at(testChunk), second), ErrRefused},
		{"of a type for senders", alice.craft(bob, typeAck, "t-1", (&ack{Offset: 1}).body()), ErrRefused},
	} {
		if err := bob.Handle(t.Context(), c.packed); !errors.Is(err, c.want) || c.want == nil && err != nil {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
	for at := testChunk; at < len(content); at += testChunk {
		if err := alice.sendsChunk(bob, "t-1", content, at, at+testChunk); err != nil {
			t.Fatalf("at %d: %v", at, err)
		}
	}
	bob.settle()
	bob.has("f", content)
	bob.hasFiles(1)
	if re.count(Complete) != 1 || re.count(Failed) != 0 {
		t.Errorf("got %d complete, %d failed", re.count(Complete), re.count(Failed))
	}
}

// settle waits until everything that a receiver has begun is done, and stops it.
func (p *person) settle() {
	r := p.receiving()
	r.mu.Lock()
	open := make([]*incoming, 0, len(r.open))
	for _, t := range r.open {
		open = append(open, t)
	}
	r.mu.Unlock()
	for _, t := range open {
		t.mu.Lock()
		all := t.next == t.state.Size
		t.mu.Unlock()
		if all {
			<-t.ended
		}
	}
}

// TestLastChunkTooLong: a sender cannot write beyond the size that was agreed to.
func TestLastChunkTooLong(t *testing.T) {
	_, alice, bob := two(t)
	bob.receive(alice.did())
	_, content := alice.newFile("f", 100)
	if err := alice.offers(bob, "t", "f", content[:50]); err != nil {
		t.Fatal(err)
	}
	if err := alice.sendsChunk(bob, "t", content, 0, 51); !errors.Is(err, ErrMessage) {
		t.Errorf("got %v, want ErrMessage", err)
	}
	if err := alice.sendsChunk(bob, "t", content, 0, 50); err != nil {
		t.Fatal(err)
	}
	bob.settle()
	bob.has("f", content[:50])
}

// TestWindow: what a receiver has to hold that is not on disk is bounded, though nothing gets to disk.
func TestWindow(t *testing.T) {
	_, alice, bob := two(t)
	r, re := bob.receive(alice.did())
	stuck := make(chan struct{})
	blocked := false
	re.also = func(e Event) { // after the first flush, which is that of the offer, the disk takes no more
		if e.Kind == OnDisk && !blocked {
			blocked = true
			<-stuck
		}
	}
	defer close(stuck)
	_, content := alice.newFile("f", 64*testChunk)
	if err := alice.offers(bob, "t", "f", content); err != nil {
		t.Fatal(err)
	}
	re.await(OnDisk, 0)
	taken := 0
	var err error
	for at := 0; at < len(content) && err == nil; at += testChunk {
		if err = alice.sendsChunk(bob, "t", content, at, at+testChunk); err == nil {
			taken += testChunk
		}
	}
	if !errors.Is(err, ErrRefused) || int64(taken) != r.window() {
		t.Errorf("got %d bytes taken, then %v; want %d, then ErrRefused", taken, err, r.window())
	}
}

func TestOfferFaults(t *testing.T) {
	_, alice, bob := two(t)
	r, _ := bob.receive(alice.did())
	const digest = `"sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"`
	for name, c := range map[string]struct {
		body string
		want error
	}{
		"too large":                {`{"name":"f","size":1048577,` + digest + `}`, ErrRefused},
		"larger than all files":    {`{"name":"f","size":1152921504606846976,` + digest + `}`, ErrMessage},
		"of negative size":         {`{"name":"f","size":-1,` + digest + `}`, ErrMessage},
		"of no size":               {`{"name":"f",` + digest + `}`, ErrMessage},
		"of no digest":             {`{"name":"f","size":1}`, ErrMessage},
		"of a short digest":        {`{"name":"f","size":1,"sha256":"e3b0"}`, ErrMessage},
		"of an upper-case digest":  {`{"name":"f","size":1,` + strings.Replace(digest, "e3b0", "E3B0", 1) + `}`, ErrMessage},
		"of no name":               {`{"size":1,` + digest + `}`, ErrMessage},
		"of an empty name":         {`{"name":"","size":1,` + digest + `}`, ErrMessage},
		"of a long name":           {`{"name":"` + strings.Repeat("n", maxName+1) + `","size":1,` + digest + `}`, ErrMessage},
		"named as a path":          {`{"name":"../../etc/cron.d/x","size":1,` + digest + `}`, ErrRefused},
		"named as a path upwards":  {`{"name":"..","size":1,` + digest + `}`, ErrRefused},
		"named as a rooted path":   {`{"name":"/tmp/x","size":1,` + digest + `}`, ErrRefused},
		"named as a Windows path":  {`{"name":"C:\\x","size":1,` + digest + `}`, ErrRefused},
		"named as a hidden file":   {`{"name":".profile","size":1,` + digest + `}`, ErrRefused},
		"named as a device":        {`{"name":"nul.txt","size":1,` + digest + `}`, ErrRefused},
		"named with a stream":      {`{"name":"a:b","size":1,` + digest + `}`, ErrRefused},
		"named with a newline":     {`{"name":"a\nb","size":1,` + digest + `}`, ErrRefused},
		"named to read backwards":  {`{"name":"a\u202egpj.exe","size":1,` + digest + `}`, ErrRefused},
		"named with a blank after": {`{"name":"a ","size":1,` + digest + `}`, ErrRefused},
		"with a body that is none": {`{}`, ErrMessage},
	} {
		if err := alice.tell(bob, typeOffer, "t", []byte(c.body)); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	if got, err := os.ReadDir(r.state); err != nil || len(got) != 0 {
		t.Errorf("kept of what was refused: got %d transfers, %v", len(got), err)
	}
}

// TestStrangers hear nothing and leave nothing, and a policy that was not made takes nothing.
func TestStrangers(t *testing.T) {
	w, alice, bob := two(t)
	mallory := w.person("mallory")
	r, _ := bob.receive(alice.did())
	sent := 0
	w.intercept(func(_ string, b []byte) ([]byte, error) { sent++; return b, nil })
	if err := mallory.offers(bob, "t", "f", nil); !errors.Is(err, ErrRefused) {
		t.Errorf("got %v, want ErrRefused", err)
	}
	_, err := OpenReceiver(bob.Peer, filepath.Join(bob.dir, "state"), filepath.Join(bob.dir, "files"), Policy{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := alice.offers(bob, "t", "f", nil); !errors.Is(err, ErrRefused) {
		t.Errorf("no policy: got %v, want ErrRefused", err)
	}
	if got, err := os.ReadDir(r.state); err != nil || len(got) != 0 || sent != 0 {
		t.Errorf("got %d transfers (%v), %d answers; want none", len(got), err, sent)
	}
}

func TestTooManyTransfers(t *testing.T) {
	_, alice, bob := two(t)
	r, _ := bob.receive(alice.did())
	for i := range r.opt.MaxOpen {
		if err := alice.offers(bob, fmt.Sprint("t-", i), "f", []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	if err := alice.offers(bob, "one-more", "f", []byte("x")); !errors.Is(err, ErrRefused) {
		t.Errorf("one more: got %v, want ErrRefused", err)
	}
	if err := alice.offers(bob, "t-0", "f", []byte("x")); err != nil {
		t.Errorf("one of them again: got %v", err)
	}
	r.Close()
	bob.receive(alice.did())
	if err := alice.offers(bob, "one-more", "f", []byte("x")); !errors.Is(err, ErrRefused) {
		t.Errorf("one more, after a restart: got %v, want ErrRefused", err)
	}
	if err := alice.offers(bob, "t-0", "f", []byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := alice.tell(bob, typeChunk, "t-0", chunkBody(0), []byte("x")); err != nil {
		t.Fatal(err)
	}
	bob.settle()
	if err := alice.offers(bob, "one-more", "f", []byte("x")); err != nil {
		t.Errorf("one more, after one was complete: got %v", err)
	}
}

// TestTooOld: what does not go on is not kept forever, and makes room.
func TestTooOld(t *testing.T) {
	_, alice, bob := two(t)
	r, _ := bob.receive(alice.did())
	for i := range r.opt.MaxOpen {
		if err := alice.offers(bob, fmt.Sprint("t-", i), "f", []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	r.Close()
	old := time.Now().Add(-r.opt.KeepFor - time.Hour)
	for i, at := range []time.Time{old, old, old.Add(2 * time.Hour)} {
		if err := os.Chtimes(filepath.Join(r.state, transferFolder(alice.did(), fmt.Sprint("t-", i)), stateFile), at, at); err != nil {
			t.Fatal(err)
		}
	}
	r, _ = bob.receive(alice.did())
	if err := alice.offers(bob, "one-more", "f", []byte("x")); err != nil {
		t.Errorf("got %v", err)
	}
	if left, err := os.ReadDir(r.state); err != nil || len(left) != r.opt.MaxOpen-2+1 {
		t.Errorf("got %d transfers (%v), want %d: two are too old, one is new", len(left), err, r.opt.MaxOpen-1)
	}
}

// TestOtherFile: under one thread there is one file.
func TestOtherFile(t *testing.T) {
	_, alice, bob := two(t)
	bob.receive(alice.did())
	for i, o := range []struct{ name, content string }{{"f", "abc"}, {"g", "abc"}, {"f", "abcd"}, {"f", "abd"}} {
		if err := alice.offers(bob, "t", o.name, []byte(o.content)); errors.Is(err, ErrRefused) != (i > 0) {
			t.Errorf("%d: got %v", i, err)
		}
	}
}

// TestOtherFileAgain: what is offered under a thread of before a restart is not that file, and opens nothing.
func TestOtherFileAgain(t *testing.T) {
	_, alice, bob := two(t)
	bob.receive(alice.did())
	if err := alice.offers(bob, "t", "f", []byte("abc")); err != nil {
		t.Fatal(err)
	}
	bob.restarts(alice)
	if err := alice.offers(bob, "t", "g", []byte("abc")); !errors.Is(err, ErrRefused) {
		t.Errorf("got %v, want ErrRefused", err)
	}
	if err := alice.tell(bob, typeChunk, "t", chunkBody(0), []byte("abc")); err == nil {
		t.Error("a chunk after it: got no error")
	}
	bob.restarts(alice)
	alice.comes(bob, "t", "f", []byte("abc"))
	bob.has("f", []byte("abc"))
}

// TestOtherContent: what has come is not what was announced, and nothing of it stays.
func TestOtherContent(t *testing.T) {
	_, alice, bob := two(t)
	r, re := bob.receive(alice.did())
	if err := alice.offers(bob, "t", "f", []byte("what was announced")); err != nil {
		t.Fatal(err)
	}
	if err := alice.tell(bob, typeChunk, "t", chunkBody(0), []byte("what was not, then")); err != nil {
		t.Fatal(err)
	}
	bob.settle()
	bob.hasFiles(0)
	if got, err := os.ReadDir(r.state); err != nil || len(got) != 0 {
		t.Errorf("got %d transfers kept, %v", len(got), err)
	}
	if re.count(Failed) != 1 || re.count(Complete) != 0 {
		t.Errorf("got %d failed, %d complete", re.count(Failed), re.count(Complete))
	}
}

// TestDiskFaults: what is on disk is not as it was left; the transfer goes on from what can be proven, and ends well.
func TestDiskFaults(t *testing.T) {
	const half = 3 * testFlush
	for name, c := range map[string]struct {
		damage func(dir string) error
		want   int64
	}{
		"nothing":                    {func(string) error { return nil }, half},
		"bytes that were not synced": {func(dir string) error { return appendTo(dir, []byte("rubbish")) }, half},
		"a byte changed": {func(dir string) error {
			f, err := os.OpenFile(filepath.Join(dir, partialFile), os.O_RDWR, 0)
			if err != nil {
				return err
			}
			_, err = f.WriteAt([]byte{0}, 77)
			return errors.Join(err, f.Close())
		}, 0},
		"bytes missing":   {func(dir string) error { return os.Truncate(filepath.Join(dir, partialFile), half-1) }, 0},
		"the file gone":   {func(dir string) error { return os.Remove(filepath.Join(dir, partialFile)) }, 0},
		"the state gone":  {func(dir string) error { return os.Remove(filepath.Join(dir, stateFile)) }, 0},
		"the state empty": {func(dir string) error { return os.Truncate(filepath.Join(dir, stateFile), 0) }, 0},
		"the state ahead of the file": {func(dir string) error {
			return changeState(dir, func(s *incomingState) { s.Offset += testFlush })
		}, 0},
		"the state beyond the size": {func(dir string) error {
			return changeState(dir, func(s *incomingState) { s.Offset = s.Size + 1 })
		}, 0},
		"the state of another version": {func(dir string) error {
			return changeState(dir, func(s *incomingState) { s.Version++ })
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			_, alice, bob := two(t)
			_, content := alice.newFile("f", testSize)
			r, re := bob.receive(alice.did())
			if err := alice.offers(bob, "t", "f", content); err != nil {
				t.Fatal(err)
			}
			for at := 0; at < half; at += testChunk {
				if err := alice.sendsChunk(bob, "t", content, at, at+testChunk); err != nil {
					t.Fatal(err)
				}
				if (at+testChunk)%testFlush == 0 { // one by one, so that a part is on disk before the next comes
					re.await(OnDisk, int64(at+testChunk))
				}
			}
			r.Close()
			if err := c.damage(filepath.Join(bob.dir, "state", transferFolder(alice.did(), "t"))); err != nil {
				t.Fatal(err)
			}
			_, re = bob.receive(alice.did())
			at := int64(-1)
			re.also = func(e Event) {
				if e.Kind == Opened {
					at = e.Offset
				}
			}
			if err := alice.offers(bob, "t", "f", content); err != nil {
				t.Fatal(err)
			}
			if at != c.want {
				t.Fatalf("got on at %d, want %d", at, c.want)
			}
			for ; at < testSize; at = min(at+testChunk, testSize) {
				if err := alice.sendsChunk(bob, "t", content, int(at), int(min(at+testChunk, testSize))); err != nil {
					t.Fatal(err)
				}
				if (at+testChunk)%testFlush == 0 {
					re.await(OnDisk, at+testChunk)
				}
			}
			bob.settle()
			bob.has("f", content)
		})
	}
}

func appendTo(dir string, b []byte) error {
	f, err := os.OpenFile(filepath.Join(dir, partialFile), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Close())
}

func changeState(dir string, change func(*incomingState)) error {
	path := filepath.Join(dir, stateFile)
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var s incomingState
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	change(&s)
	if b, err = json.Marshal(&s); err != nil {
		return err
	}
	return os.WriteFile(path, b, 0o600)
}
