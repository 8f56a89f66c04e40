package filetransfer

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/didcomm"
)

var emptyDigest = Digest(sha256.Sum256(nil))

// handle takes an offer or a chunk. Who was not agreed to hears nothing.
func (r *Receiver) handle(ctx context.Context, got *didcomm.Received) error {
	m := got.Message
	if !r.mayFrom(m.From) {
		return fmt.Errorf("filetransfer: receive: %w: this sender was not agreed to", ErrRefused)
	}
	var p didcomm.Problem
	var err error
	if m.Type == typeOffer {
		p, err = r.offered(got)
	} else {
		p, err = r.chunk(got)
	}
	if p.Code != "" {
		r.peer.report(ctx, m, p)
	}
	return err
}

// chunk takes the next bytes of a transfer. The problem is what the sender should hear.
func (r *Receiver) chunk(got *didcomm.Received) (didcomm.Problem, error) {
	m := got.Message
	at, data, err := readChunk(m)
	if err != nil {
		return didcomm.Problem{Code: codeChunk, Comment: "The message is no chunk."}, err
	}
	r.mu.Lock()
	t := r.open[transferFolder(m.From, m.ThreadID())]
	r.mu.Unlock()
	if t == nil {
		err := fmt.Errorf("filetransfer: chunk: %w: of a transfer that is not open", ErrRefused)
		return didcomm.Problem{Code: codeNoOffer, Comment: "Nothing is open under this thread. Offer it again."}, err
	}
	r.opt.Observe(Event{Kind: ChunkCame, Transfer: m.ThreadID(), Offset: at, PeerKey: got.SenderKey, OwnKey: got.RecipientKey})
	err = t.write(at, data, r.peer.clock(), r.opt.Chunk, r.opt.Flush, r.window())
	var offset *errOffset
	switch {
	case errors.As(err, &offset):
		return didcomm.Problem{
			Code: codeOffset, Comment: "The chunk at {1} is not the next one, which is at {2}.",
			Args: []string{strconv.FormatInt(offset.at, 10), strconv.FormatInt(offset.next, 10)},
		}, err
	case errors.Is(err, ErrMessage), errors.Is(err, ErrRefused):
		return didcomm.Problem{Code: codeChunk, Comment: "The chunk has more bytes than were agreed."}, err
	}
	return didcomm.Problem{}, err
}

// offered opens a transfer, or goes on with one; the transfer's goroutine then says from where on.
func (r *Receiver) offered(got *didcomm.Received) (didcomm.Problem, error) {
	m := got.Message
	o, err := readOffer(m)
	if err == nil && (m.Expires.IsZero() || m.Expires.After(r.peer.clock().Add(maxOfferLife))) {
		// Otherwise who recorded it could begin the transfer anew when this side has forgotten it.
		err = fmt.Errorf("filetransfer: offer: %w: it counts for longer than %v", ErrMessage, maxOfferLife)
	}
	if err != nil {
		return didcomm.Problem{Code: codeOffer, Comment: "The message is no offer."}, err
	}
	refuse := func(code, comment string, args ...string) (didcomm.Problem, error) {
		return didcomm.Problem{Code: code, Comment: comment, Args: args}, fmt.Errorf("filetransfer: offer: %w: %s", ErrRefused, code)
	}
	if CheckName(o.Name) != nil {
		return refuse(codeName, "The name is not that of a file in a folder.")
	}
	if o.Size > r.policy.MaxSize {
		return refuse(codeTooLarge, "At most {1} bytes are taken.", strconv.FormatInt(r.policy.MaxSize, 10))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reap()
	key := transferFolder(m.From, m.ThreadID())
	t := r.open[key]
	if t == nil {
		if ok, err := r.room(key, m.From); err != nil {
			return didcomm.Problem{}, fmt.Errorf("filetransfer: offer: %w", err)
		} else if !ok {
			return refuse(codeTooMany, "Too many of your transfers are open.")
		}
		if t, err = r.begin(key, m, o); err != nil {
			return didcomm.Problem{}, fmt.Errorf("filetransfer: offer: %w", err)
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if s := &t.state; s.Name != o.Name || s.Size != o.Size || s.Digest != o.Digest.String() || s.From != m.From || s.ID != m.ThreadID() {
		if t.origin == nil { // it was opened only to see this
			t.stop()
		}
		return refuse(codeOther, "Something else was offered under this thread before.")
	}
	if t.stopped {
		return didcomm.Problem{}, errStopped
	}
	t.origin, t.answers, t.used = m, true, r.peer.clock()
	r.opt.Observe(Event{Kind: Opened, Transfer: m.ThreadID(), Offset: t.next, Size: o.Size, PeerKey: got.SenderKey, OwnKey: got.RecipientKey})
	t.ask()
	return didcomm.Problem{}, nil
}

// begin opens a transfer from its folder. The caller holds the lock.
func (r *Receiver) begin(key string, m *didcomm.Message, o *offer) (*incoming, error) {
	if r.ctx.Err() != nil {
		return nil, errStopped
	}
	t, err := openIncoming(r.opt.disk, filepath.Join(r.state, key), r.files, incomingState{
		Version: stateVersion, From: m.From, ID: m.ThreadID(), Name: o.Name, Size: o.Size, Digest: o.Digest.String(),
		Prefix: emptyDigest.String(),
	})
	if err != nil {
		return nil, err
	}
	r.open[key] = t
	go r.keep(t)
	return t, nil
}

// keep brings what comes to disk, and then says so. It ends when the transfer does.
func (r *Receiver) keep(t *incoming) {
	defer close(t.ended)
	if t.file != nil {
		defer t.file.Close()
	}
	var err error
	for range t.wake {
		if t.mu.Lock(); t.stopped {
			t.mu.Unlock()
			return
		}
		t.mu.Unlock()
		if err = r.advance(t); err != nil {
			break
		}
	}
	t.mu.Lock()
	t.stop()
	id, origin := t.state.ID, t.origin
	t.mu.Unlock()
	if err == nil || errors.Is(err, errEnded) {
		return
	}
	r.opt.Observe(Event{Kind: Failed, Transfer: id, Err: err})
	problem := didcomm.Problem{Code: codeStorage, Comment: "What came cannot be brought to disk."}
	if errors.Is(err, errContent) {
		problem = didcomm.Problem{Code: codeDigest, Comment: "All has come, and is not what was announced."}
	}
	r.peer.report(r.ctx, origin, problem)
}

var (
	errEnded   = errors.New("filetransfer: the transfer has ended")
	errContent = errors.New("filetransfer: receive: what came is not what was announced")
)

// advance brings to disk what has come, and answers. Whether the answer arrives changes nothing here: a sender that misses it offers again.
func (r *Receiver) advance(t *incoming) error {
	at, offer, err := t.flush()
	if err != nil {
		return err
	}
	t.mu.Lock()
	state, origin := t.state, t.origin
	t.mu.Unlock()
	if at.offset == state.Size {
		return r.finish(t, at, state, origin)
	}
	r.opt.Observe(Event{Kind: OnDisk, Transfer: state.ID, Offset: at.offset, Size: state.Size})
	m := origin.Reply(r.peer.id, typeAck, (&ack{at.offset, at.digest}).body())
	if offer != nil {
		m.Type = typeAccept
		m.Body = (&accept{Offer: offer.ID, Offset: at.offset, Digest: at.digest, Chunk: r.opt.Chunk, Window: r.window()}).body()
	}
	_ = r.peer.send(r.ctx, m)
	return nil
}

// finish gives the file its name if it is what was announced.
func (r *Receiver) finish(t *incoming, at mark, state incomingState, origin *didcomm.Message) error {
	if !state.Done {
		if at.digest.String() != state.Digest {
			return errors.Join(errContent, os.RemoveAll(t.dir))
		}
		if err := t.place(); err != nil {
			return err
		}
	}
	r.opt.Observe(Event{Kind: Complete, Transfer: state.ID, Offset: state.Size, Size: state.Size, Detail: t.state.File})
	_ = r.peer.send(r.ctx, origin.Reply(r.peer.id, typeComplete, fmt.Appendf(nil, `{"sha256":%q}`, state.Digest)))
	return errEnded
}

// maxTold is how many keys that are no more a sender is told of in one transfer: a stranger can make up their names.
const maxTold = 8

// unknownKey tells senders whose transfers are open that a message for a key that is no more has come: theirs, if it is true what the
// outside of the message says.
func (r *Receiver) unknownKey(ctx context.Context, c claim) {
	if c.recipient.DID() != r.peer.id || !r.mayFrom(c.sender.DID()) {
		return
	}
	var origins []*didcomm.Message
	r.mu.Lock()
	for _, t := range r.open {
		t.mu.Lock()
		if key := c.recipient.String(); !t.stopped && t.origin != nil && t.state.From == c.sender.DID() && !t.told[key] && len(t.told) < maxTold {
			t.told[key] = true
			origins = append(origins, t.origin)
		}
		t.mu.Unlock()
	}
	r.mu.Unlock()
	for _, m := range origins {
		r.opt.Observe(Event{Kind: KeyGone, Transfer: m.ThreadID(), OwnKey: c.recipient})
		r.peer.report(ctx, m, didcomm.Problem{
			Code: codeUnknownKey, Comment: "A message was encrypted to {1}, which is no longer used.", Args: []string{fragment(c.recipient)},
		})
	}
}

func fragment(u did.URL) string { return "#" + u.Fragment() }
