package filetransfer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/didcomm"
	"github.com/realdid/realdid/keys"
)

// world is a directory of DID documents and a network, both in memory.
type world struct {
	t  *testing.T
	mu sync.Mutex

	documents map[did.DID]*did.Document
	inboxes   map[string]func(context.Context, []byte) error
	lookups   map[did.DID]int

	// onWire sees every message, may change it, and may lose it with an error.
	onWire func(to string, packed []byte) ([]byte, error)
	wire   sync.Mutex // for what it changes: several may send at once
}

func newWorld(t *testing.T) *world {
	return &world{t: t, documents: map[did.DID]*did.Document{}, inboxes: map[string]func(context.Context, []byte) error{}, lookups: map[did.DID]int{}}
}

func (w *world) Resolve(_ context.Context, id did.DID, _ *did.ResolveOptions) (*did.Resolution, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lookups[id]++
	if d := w.documents[id]; d != nil {
		return &did.Resolution{Document: d}, nil
	}
	return nil, &did.Error{Code: did.NotFound}
}

var errLost = errors.New("connection lost")

func (w *world) Send(ctx context.Context, endpoint, mediaType string, packed []byte) error {
	w.mu.Lock()
	inbox, onWire := w.inboxes[endpoint], w.onWire
	w.mu.Unlock()
	if mediaType != didcomm.MediaTypeEncrypted {
		w.t.Errorf("got media type %q", mediaType)
	}
	if onWire != nil {
		var err error
		if packed, err = onWire(endpoint, packed); err != nil {
			return err
		}
	}
	if inbox == nil {
		return errLost
	}
	return Final(inbox(ctx, packed))
}

func (w *world) intercept(f func(to string, packed []byte) ([]byte, error)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.onWire = f
}

// fakeDisk makes nothing durable, which takes no time.
var fakeDisk = disk{func(*os.File) error { return nil }, func(string) error { return nil }, os.Link}

// person is somebody with keys, a document and a place to be reached.
type person struct {
	*Peer
	w        *world
	name     string
	secrets  didcomm.MemorySecrets
	keys     int
	endpoint string
	dir      string
	disk     disk
}

func (w *world) person(name string) *person {
	p := &person{w: w, name: name, dir: w.t.TempDir(), disk: fakeDisk}
	p.endpoint = "https://" + name + ".example/"
	p.Peer = p.newPeer()
	p.newKey()
	p.online()
	return p
}

func (p *person) did() did.DID { return did.MustParse("did:example:" + p.name) }

func (p *person) newPeer() *Peer {
	return NewPeer(PeerConfig{DID: p.did(), Resolver: p.w, Secrets: &p.secrets, Post: p.w})
}

func (p *person) keyName() did.URL { return p.did().WithFragment(fmt.Sprint("key-", p.keys)) }

// newKey puts another key in the place of the one in the document, whose secret is forgotten.
func (p *person) newKey() {
	p.secrets.Remove(p.keyName())
	p.keys++
	k, err := keys.Generate(keys.X25519)
	if err != nil {
		p.w.t.Fatal(err)
	}
	p.secrets.Add(p.keyName(), k)
	p.publish(k.Public())
	p.KeysChanged()
}

func (p *person) publish(k keys.PublicKey) {
	s, err := didcomm.NewService(p.did().WithFragment("inbox"), didcomm.Endpoint{URI: p.endpoint})
	if err != nil {
		p.w.t.Fatal(err)
	}
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	p.w.documents[p.did()] = &did.Document{
		Context: []string{did.ContextV11}, ID: p.did(), Service: []did.Service{s},
		VerificationMethod: []did.VerificationMethod{{ID: p.keyName(), Controller: p.did(), Type: did.TypeMultikey, Key: k, Purposes: did.KeyAgreement}},
	}
}

func (p *person) online() {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	p.w.inboxes[p.endpoint] = p.Handle
}

// events keeps what an observer was told.
type events struct {
	mu   sync.Mutex
	list []Event
	news *sync.Cond
	also func(Event)
}

// await returns when something has happened at, or beyond, an offset.
func (e *events) await(k EventKind, offset int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.news = sync.NewCond(&e.mu)
	for !slices.ContainsFunc(e.list, func(ev Event) bool { return ev.Kind == k && ev.Offset >= offset }) {
		e.news.Wait()
	}
}

func (e *events) observe(ev Event) {
	e.mu.Lock()
	e.list = append(e.list, ev)
	if e.news != nil {
		e.news.Broadcast()
	}
	e.mu.Unlock()
	if e.also != nil {
		e.also(ev)
	}
}

func (e *events) count(k EventKind) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := 0
	for _, ev := range e.list {
		if ev.Kind == k {
			n++
		}
	}
	return n
}

// Small numbers, so that a small file is a long transfer.
const (
	testChunk = minChunk
	testFlush = 4 * testChunk
	testSize  = 64*testChunk + 17
)

func (p *person) receive(from ...did.DID) (*Receiver, *events) {
	p.w.t.Helper()
	e := &events{}
	r, err := OpenReceiver(p.Peer, filepath.Join(p.dir, "state"), filepath.Join(p.dir, "files"), Policy{From: from, MaxSize: 1 << 20},
		&ReceiverOptions{Chunk: testChunk, Flush: testFlush, Observe: e.observe, disk: p.disk})
	if err != nil {
		p.w.t.Fatal(err)
	}
	p.w.t.Cleanup(r.Close)
	return r, e
}

func (p *person) sends() (*Sender, *events) {
	p.w.t.Helper()
	e := &events{}
	s, err := OpenSender(p.Peer, filepath.Join(p.dir, "outgoing"), &SenderOptions{Attempts: 4, Pause: time.Microsecond, Wait: 5 * time.Second, Observe: e.observe, disk: p.disk})
	if err != nil {
		p.w.t.Fatal(err)
	}
	return s, e
}

// newFile writes a file of random bytes.
func (p *person) newFile(name string, size int) (string, []byte) {
	p.w.t.Helper()
	content := make([]byte, size)
	_, _ = rand.NewChaCha8(sha256.Sum256([]byte(name))).Read(content)
	path := filepath.Join(p.dir, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		p.w.t.Fatal(err)
	}
	return path, content
}

// has wants a file to have arrived, and no other with it.
func (p *person) has(name string, content []byte) {
	p.w.t.Helper()
	got, err := os.ReadFile(filepath.Join(p.dir, "files", name))
	if err != nil || !bytes.Equal(got, content) {
		p.w.t.Errorf("%s: got %d bytes (%v), want the %d that were sent", name, len(got), err, len(content))
	}
}

func (p *person) hasFiles(want int) {
	p.w.t.Helper()
	if got, err := os.ReadDir(filepath.Join(p.dir, "files")); err != nil || len(got) != want {
		p.w.t.Errorf("got %d files (%v), want %d", len(got), err, want)
	}
}

// two are a sender and a receiver who agreed.
func two(t *testing.T) (w *world, alice, bob *person) {
	w = newWorld(t)
	return w, w.person("alice"), w.person("bob")
}

// forge changes what the outside of a message says about its keys.
func forge(t *testing.T, packed []byte, sender, recipient string) []byte {
	t.Helper()
	var outer map[string]json.RawMessage
	var header map[string]any
	var text string
	if err := errors.Join(json.Unmarshal(packed, &outer), json.Unmarshal(outer["protected"], &text)); err != nil {
		t.Fatal(err)
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &header); err != nil {
		t.Fatal(err)
	}
	hash := sha256.Sum256([]byte(recipient))
	header["skid"], header["apu"] = sender, base64.RawURLEncoding.EncodeToString([]byte(sender))
	header["apv"] = base64.RawURLEncoding.EncodeToString(hash[:])
	b, err = json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	protected, err := json.Marshal(base64.RawURLEncoding.EncodeToString(b))
	if err != nil {
		t.Fatal(err)
	}
	outer["protected"] = protected
	var recipients []map[string]any
	if err := json.Unmarshal(outer["recipients"], &recipients); err != nil {
		t.Fatal(err)
	}
	recipients[0]["header"] = map[string]any{"kid": recipient}
	if outer["recipients"], err = json.Marshal(recipients); err != nil {
		t.Fatal(err)
	}
	b, err = json.Marshal(outer)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
