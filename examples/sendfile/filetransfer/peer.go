package filetransfer

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/didcomm"
	"github.com/realdid/realdid/did/didcomm/didcommhttp"
	"github.com/realdid/realdid/resolver"
)

// ErrRefused is in the error of a message that was understood and is not taken. It is final for this message.
var ErrRefused = errors.New("refused")

// Post carries packed messages. *didcommhttp.Client is one.
type Post interface {
	Send(ctx context.Context, endpoint, mediaType string, packed []byte) error
}

// PeerConfig is what a Peer is made of; all but Clock is required.
type PeerConfig struct {
	DID      did.DID
	Resolver did.Resolver // a Cache is put before it
	Secrets  didcomm.Secrets
	Post     Post
	Clock    func() time.Time // nil: time.Now
}

// Peer is one side of transfers. It is safe for concurrent use.
type Peer struct {
	id    did.DID
	cache *resolver.Cache
	agent *didcomm.Agent // packs
	opens *didcomm.Agent // unpacks
	post  Post
	clock func() time.Time

	mu        sync.Mutex
	receiver  *Receiver
	sender    *Sender
	refreshed map[did.DID]time.Time
	reporting map[did.DID]bool // a report to them is on its way
}

// refreshPause is how often, at most, a message that names unknown keys of a peer makes this side look the peer up.
const refreshPause = time.Second

// MaxMessage is the size of a message with the largest chunk: base64 twice, and what stands around it.
const MaxMessage = MaxChunk*16/9 + 64<<10

// NewPeer returns a peer without roles. See Receiver and Sender.
func NewPeer(c PeerConfig) *Peer {
	p := &Peer{id: c.DID, post: c.Post, clock: c.Clock, refreshed: map[did.DID]time.Time{}, reporting: map[did.DID]bool{}}
	if p.clock == nil {
		p.clock = time.Now
	}
	p.cache = resolver.NewCache(c.Resolver, &resolver.CacheOptions{Now: p.clock})
	p.agent = didcomm.New(p.cache, c.Secrets, p.clock)
	p.opens = didcomm.New(acquaintances{p}, c.Secrets, p.clock)
	return p
}

// KeysChanged is to be called after this side has changed its own document.
func (p *Peer) KeysChanged() { p.cache.Purge(p.id) }

// Handle takes a message that was delivered. Errors are didcomm.ErrInvalid, ErrMessage and ErrRefused, which are final for these bytes, and
// others, after which they may be delivered again.
func (p *Peer) Handle(ctx context.Context, packed []byte) error {
	got, err := p.unpack(ctx, packed)
	if err != nil {
		return err
	}
	p.mu.Lock()
	receiver, sender := p.receiver, p.sender
	p.mu.Unlock()
	switch got.Message.Type {
	case typeOffer, typeChunk:
		if receiver != nil {
			return receiver.handle(ctx, got)
		}
	case typeAccept, typeAck, typeComplete, didcomm.TypeProblemReport:
		if sender != nil {
			return sender.handle(ctx, got)
		}
	}
	return fmt.Errorf("filetransfer: %w: a message of a type that is not for this side", ErrRefused)
}

// Final tells whether an error of Handle is final for the bytes that were delivered: for didcommhttp.NewHandler, it adds
// didcommhttp.ErrRefused.
func Final(err error) error {
	if errors.Is(err, ErrRefused) || errors.Is(err, ErrMessage) {
		return errors.Join(err, didcommhttp.ErrRefused)
	}
	return err
}

var expected = didcomm.Expect{Accept: didcomm.Authcrypt, MaxSize: MaxMessage}

// unpack opens a message that somebody proves to have sent. Two faults mean that keys have changed: a key of this side that is no
// more, which the sender has to hear of, and a key of the sender that is not known here yet.
func (p *Peer) unpack(ctx context.Context, packed []byte) (*didcomm.Received, error) {
	expect := expected
	expect.To = p.id
	got, err := p.opens.Unpack(ctx, packed, &expect)
	if err == nil || errors.Is(err, didcomm.ErrUnknown) {
		return got, err
	}
	claim := readClaim(packed)
	switch {
	case errors.Is(err, didcomm.ErrNotRecipient):
		if r := p.receiving(); r != nil {
			r.unknownKey(ctx, claim)
		}
	case errors.Is(err, did.ErrKeyNotFound) && p.knows(claim.sender.DID()) && p.mayRefresh(claim.sender.DID()):
		p.cache.Purge(claim.sender.DID())
		return p.opens.Unpack(ctx, packed, &expect)
	}
	return got, err
}

func (p *Peer) receiving() *Receiver {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.receiver
}

// acquaintances finds those with whom a peer has to do: a stranger's message is no reason to look anybody up.
type acquaintances struct{ *Peer }

func (a acquaintances) Resolve(ctx context.Context, id did.DID, opt *did.ResolveOptions) (*did.Resolution, error) {
	if id != a.id && !a.knows(id) {
		return nil, errStranger
	}
	return a.cache.Resolve(ctx, id, opt)
}

var errStranger = fmt.Errorf("filetransfer: %w: this side has nothing to do with the sender", ErrRefused)

// knows tells whether this side has to do with somebody.
func (p *Peer) knows(id did.DID) bool {
	p.mu.Lock()
	receiver, sender := p.receiver, p.sender
	p.mu.Unlock()
	return receiver != nil && receiver.mayFrom(id) || sender != nil && sender.sendsTo(id)
}

func (p *Peer) mayRefresh(id did.DID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock()
	if at, ok := p.refreshed[id]; ok && now.Sub(at) < refreshPause {
		return false
	}
	p.refreshed[id] = now // those who are known: not many
	return true
}

// claim is what the outside of a message says and nothing proves.
type claim struct {
	sender    did.URL
	recipient did.URL // the first
}

func readClaim(packed []byte) claim {
	var outer struct {
		Protected  string `json:"protected"`
		Recipients []struct {
			Header struct {
				Kid string `json:"kid"`
			} `json:"header"`
		} `json:"recipients"`
	}
	var header struct {
		Skid string `json:"skid"`
	}
	var c claim
	if json.Unmarshal(packed, &outer) != nil || len(outer.Recipients) == 0 {
		return c
	}
	b, err := base64.RawURLEncoding.DecodeString(outer.Protected)
	if err != nil || json.NewDecoder(bytes.NewReader(b)).Decode(&header) != nil {
		return c
	}
	sender, err := did.ParseURL(header.Skid)
	if err != nil {
		return c
	}
	c.sender = sender
	c.recipient, _ = did.ParseURL(outer.Recipients[0].Header.Kid)
	return c
}

// send packs a message for its one addressee and posts it to where the addressee's document says. If that fails for good the
// document may have changed: it is looked up again, once.
func (p *Peer) send(ctx context.Context, m *didcomm.Message) error {
	err := p.sendOnce(ctx, m)
	if err == nil || ctx.Err() != nil {
		return err
	}
	p.cache.Purge(m.To[0])
	return p.sendOnce(ctx, m)
}

func (p *Peer) sendOnce(ctx context.Context, m *didcomm.Message) error {
	packed, err := p.agent.Authcrypt(ctx, m, nil)
	if err != nil {
		return err
	}
	return p.deliver(ctx, m.To[0], packed)
}

// deliver tries the ways to somebody until one is open.
func (p *Peer) deliver(ctx context.Context, to did.DID, packed []byte) error {
	routes, err := p.agent.Routes(ctx, to, nil)
	if err != nil {
		return err
	}
	for _, r := range routes {
		b := packed
		if len(r.Hops) > 0 {
			if b, err = p.agent.Wrap(ctx, packed, to.URL(), r.Hops, nil); err != nil {
				continue
			}
		}
		if err = p.post.Send(ctx, r.URI, didcomm.MediaTypeEncrypted, b); err == nil {
			return nil
		}
	}
	return err
}

// report tells the sender of m of a problem with it. It waits a moment for the report to arrive, so that a sender that listens hears of the
// problem before its message is answered; to one that does not listen, only one report is on its way at a time. That it does not arrive is no
// problem of its own.
func (p *Peer) report(ctx context.Context, m *didcomm.Message, what didcomm.Problem) {
	r, err := didcomm.NewProblem(m, p.id, what)
	if err != nil {
		return
	}
	p.mu.Lock()
	busy := p.reporting[m.From]
	p.reporting[m.From] = true
	p.mu.Unlock()
	if busy {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), reportTimeout)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer cancel()
		_ = p.send(ctx, r)
		p.mu.Lock()
		delete(p.reporting, m.From)
		p.mu.Unlock()
	}()
	select {
	case <-done:
	case <-time.After(reportWait):
	}
}

const (
	reportTimeout = 10 * time.Second
	reportWait    = 250 * time.Millisecond
)
