package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/didcomm"
	"github.com/realdid/realdid/did/ledger/boltledger"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/examples/sendfile/filetransfer"
)

// plot is what is to happen.
type plot struct {
	size int64
	file string // "": random bytes
	off  time.Duration
}

// Where in the file things happen, in hundredths.
const (
	powerCut      = 40
	aliceRotation = 50
	bobRotation   = 60
)

// story is what happens, as told to a screen.
type story struct {
	*screen
	plot
	ctx        context.Context
	method     *realdid.Method
	alice, bob *person
	receiver   *filetransfer.Receiver
	cut        sync.Once
	restart    chan error // one value: bob is back, or is not
	rotateA    sync.Once
	rotateB    sync.Once
	aliceKey   did.URL // as bob saw it last
	onDisk     atomic.Int64
	offered    int
	trouble    string // what alice said last
	failed     context.CancelCauseFunc
}

func tell(ctx context.Context, out *screen, dir string, p plot) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s := &story{screen: out, plot: p, ctx: ctx, restart: make(chan error, 1), failed: cancel}
	lg, err := boltledger.Open(filepath.Join(dir, "ledger"), realdid.Reducer(), nil)
	if err != nil {
		return err
	}
	defer lg.Close()
	if s.method, err = realdid.New(lg, nil); err != nil {
		return err
	}
	if s.alice, err = newPerson(ctx, s.method, filepath.Join(dir, "alice")); err != nil {
		return err
	}
	defer func() { s.alice.off() }()
	if s.bob, err = newPerson(ctx, s.method, filepath.Join(dir, "bob")); err != nil {
		return err
	}
	defer func() { s.bob.off() }()
	if err := s.send(); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return err
	}
	return nil
}

// send tells the story from beginning to end.
func (s *story) send() error {
	s.title("Alice sends Bob a file of %s. All that they have of each other is a DID.", byteSize(s.size).text())
	s.say("")
	s.say("  Alice     %v", s.alice.id)
	s.say("  Bob       %v", s.bob.id)
	path, err := s.makeFile()
	if err != nil {
		return err
	}
	s.say("  file      %s", filepath.Base(path))
	if err := s.found("Alice looks Bob up by his DID", s.bob.id); err != nil {
		return err
	}
	if err := s.receive(); err != nil {
		return err
	}
	chunk := max(16<<10, min(1<<20, s.size/64))
	sender, err := filetransfer.OpenSender(s.alice.peer, s.alice.folder("outgoing"), &filetransfer.SenderOptions{
		Chunk: chunk, Pause: 50 * time.Millisecond, Attempts: 30, MaxPause: time.Second, Observe: s.onAlice,
	})
	if err != nil {
		return err
	}
	s.say("")
	s.begin(s.size)
	_, sent, err := sender.Send(s.ctx, s.bob.id, path)
	took := s.end()
	s.cut.Do(func() { s.restart <- nil })
	if back := <-s.restart; err == nil { // of what bob's return does, nothing goes on after this
		err = back
	}
	s.receiver.Close()
	if err != nil {
		return err
	}
	return s.summary(path, sent, took)
}

// makeFile writes the file that is sent. Random bytes are as fast to make as a disk is to write.
func (s *story) makeFile() (string, error) {
	if err := os.MkdirAll(s.alice.dir, 0o700); err != nil {
		return "", err
	}
	name, from := "holiday-video.mp4", io.Reader(nil)
	if s.file != "" {
		f, err := os.Open(s.file)
		if err != nil {
			return "", err
		}
		defer f.Close()
		name, from = filepath.Base(s.file), f
	} else {
		var seed [32]byte
		rand.Read(seed[:])
		from = mathrand.NewChaCha8(seed)
	}
	path := s.alice.folder(name)
	f, err := os.Create(path)
	if err != nil {
		return "", err
	}
	_, err = io.CopyBuffer(struct{ io.Writer }{f}, struct{ io.Reader }{io.LimitReader(from, s.size)}, make([]byte, 1<<20))
	return path, errors.Join(err, f.Close())
}

// found tells what somebody's document says.
func (s *story) found(what string, id did.DID) error {
	r, err := s.method.Resolve(s.ctx, id, nil)
	if err != nil {
		return err
	}
	endpoints, err := didcomm.Endpoints(r.Document)
	if err != nil {
		return err
	}
	s.say("")
	s.say("  %s", what)
	s.say("            key      %s, %v", short(r.Document.VerificationMethod[0].ID), r.Document.VerificationMethod[0].Key.Algorithm())
	s.say("            inbox    %s", endpoints[0].URI)
	return nil
}

func short(u did.URL) string { return "#" + u.Fragment() }

// receive switches the receiving program on.
func (s *story) receive() (err error) {
	s.receiver, err = filetransfer.OpenReceiver(s.bob.peer, s.bob.folder("incoming"), s.bob.folder("files"),
		filetransfer.Policy{From: []did.DID{s.alice.id}, MaxSize: s.size},
		&filetransfer.ReceiverOptions{Flush: max(64<<10, min(8<<20, s.size/32)), Observe: s.onBob})
	return err
}

func (s *story) reached(offset, percent int64) bool { return offset*100 >= s.size*percent }

// onAlice is told what happens on Alice's computer, which waits meanwhile.
func (s *story) onAlice(e filetransfer.Event) {
	switch e.Kind {
	case filetransfer.ChunkGoes:
		if s.reached(e.Offset, aliceRotation) {
			s.rotateA.Do(func() { s.rotate("Alice", s.alice) })
		}
	case filetransfer.Delivered:
		s.progress(e.Offset, -1)
	case filetransfer.Reported:
		s.say("            Alice hears: %s", e.Detail)
	case filetransfer.Interrupted:
		if text := reason(e.Err); text != s.trouble { // and not each time that she tries
			s.trouble = text
			s.say("            Alice notices (%s) and looks Bob up again", text)
		}
	case filetransfer.Accepted:
		s.goOn()
		if s.offered++; s.offered > 1 {
			s.say("            Alice goes on after %s, which Bob proves to have by SHA-256, with his key %s", byteSize(e.Offset).text(), short(e.PeerKey))
		}
	}
}

// reason is the end of an error, which is what an interruption comes down to.
func reason(err error) string {
	text := err.Error()
	if i := strings.LastIndex(text, ": "); i >= 0 && len(text) > 60 {
		text = text[i+2:]
	}
	return text
}

// onBob is told what happens on Bob's computer, which waits meanwhile.
func (s *story) onBob(e filetransfer.Event) {
	switch e.Kind {
	case filetransfer.Opened, filetransfer.ChunkCame:
		if s.aliceKey != e.PeerKey && !s.aliceKey.IsZero() {
			s.say("            Bob meets a key that he does not know, looks Alice up, and finds %s", short(e.PeerKey))
		}
		s.aliceKey = e.PeerKey
		if e.Kind == filetransfer.ChunkCame && s.reached(e.Offset, powerCut) && e.Offset > s.onDisk.Load() { // in the middle of something
			s.cut.Do(s.powerCut)
		}
		if e.Kind == filetransfer.ChunkCame && s.reached(e.Offset, bobRotation) {
			s.rotateB.Do(func() { s.rotate("Bob", s.bob) })
		}
	case filetransfer.OnDisk, filetransfer.Complete:
		s.onDisk.Store(e.Offset)
		s.progress(-1, e.Offset)
	case filetransfer.KeyGone:
		s.say("            Bob cannot read what is for %s, and tells Alice so", short(e.OwnKey))
	case filetransfer.Failed:
		s.failed(e.Err)
	}
}

func (s *story) rotate(name string, p *person) {
	old := p.key()
	if err := p.rotate(s.ctx); err != nil {
		s.failed(err)
		return
	}
	s.title("  ROTATION  %s changes all keys: the one on paper now controls the DID, %s takes the place of %s", name, short(p.key()), short(old))
}

// powerCut stops Bob's computer in the middle of what it does, damages what it had not brought to disk, and starts it again later at another
// address.
func (s *story) powerCut() {
	s.title("  POWER CUT Bob's computer is off; all connections end")
	s.bob.off()
	s.receiver.Close()
	lost, err := s.damage()
	if err != nil {
		s.failed(err)
		s.restart <- err
		return
	}
	s.say("            %s that was not on his disk yet comes back as garbage", byteSize(lost).text())
	go func() { s.restart <- s.bobReturns() }()
}

func (s *story) bobReturns() error {
	select {
	case <-time.After(s.off):
	case <-s.ctx.Done():
		return nil
	}
	err := s.bob.move(s.ctx)
	if err == nil {
		err = s.receive()
	}
	if err == nil {
		s.say("            Bob is back, at another address, and says so in his document: %s", s.bob.endpoint)
	}
	if err != nil {
		s.failed(err)
	}
	return err
}

// damage overwrites what Bob's state does not say to be on disk, and adds to it.
func (s *story) damage() (int64, error) {
	states, err := filepath.Glob(s.bob.folder("incoming/*/state.json"))
	if err != nil || len(states) != 1 {
		return 0, fmt.Errorf("bob's state: %d transfers: %w", len(states), err)
	}
	b, err := os.ReadFile(states[0])
	if err != nil {
		return 0, err
	}
	var state struct {
		Offset int64 `json:"offset"`
	}
	if err := json.Unmarshal(b, &state); err != nil {
		return 0, err
	}
	f, err := os.OpenFile(filepath.Join(filepath.Dir(states[0]), "partial"), os.O_WRONLY, 0)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, err
	}
	garbage := make([]byte, end-state.Offset+4096)
	rand.Read(garbage)
	_, err = f.WriteAt(garbage, state.Offset)
	return end - state.Offset, err
}

// summary reads both files again.
func (s *story) summary(path string, sent *filetransfer.Sent, took time.Duration) error {
	_, there, err := filetransfer.DigestFile(s.ctx, path)
	if err != nil {
		return err
	}
	size, here, err := filetransfer.DigestFile(s.ctx, s.bob.folder("files/"+filepath.Base(path)))
	if err != nil {
		return err
	}
	if here != there || size != s.size {
		return fmt.Errorf("the files differ: %v and %v", there, here)
	}
	s.say("")
	s.title("Bob has the file.")
	s.say("  sha256    %v of Alice's file, read again", there)
	s.say("            %v of Bob's", here)
	rate := float64(size) / (took - s.off).Seconds()
	s.say("  sent      %s in %.1f s, %s/s without the %v that Bob was away, %s of it twice", byteSize(size).text(), took.Seconds(), byteSize(rate).text(), s.off, byteSize(sent.Bytes-size).text())
	s.say("  memory    %s at the most, for both people, their servers and the ledger", peakMemory().text())
	return nil
}
