package filetransfer

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/didcomm"
)

// outgoing is a transfer that goes on.
type outgoing struct {
	*Sender
	state  *outgoingState
	digest Digest
	file   *os.File
	inbox  chan reply
	sent   Sent
	acked  int64
	tried  int64   // the end of the last chunk that perhaps arrived
	marks  []point // ends of chunks that were sent, from the last that was acknowledged on
}

// point is a point in a file, and the hash of all before it, which can go on from there.
type point struct {
	offset int64
	sum    hash.Hash
}

func (p point) clone() hash.Hash {
	c, err := p.sum.(hash.Cloner).Clone()
	if err != nil {
		panic("filetransfer: SHA-256 cannot be cloned") // it can
	}
	return c
}

func (o *outgoing) message(kind string, body []byte) *didcomm.Message {
	return &didcomm.Message{ID: didcomm.NewID(), Type: kind, From: o.peer.id, To: []did.DID{o.state.To}, Thread: o.state.ID, Body: body}
}

// attempt offers the file, and sends from where the receiver says on.
func (o *outgoing) attempt(ctx context.Context) error {
	m := o.message(typeOffer, (&offer{Name: o.state.Name, Size: o.state.Size, Digest: o.digest}).body())
	m.Expires = o.peer.clock().Add(offerLife).Truncate(time.Second)
	if err := o.peer.send(ctx, m); err != nil {
		return o.why(err)
	}
	o.sent.Offers++
	o.opt.Observe(Event{Kind: Offered, Transfer: o.state.ID, Size: o.state.Size})
	for {
		r, err := o.hear(ctx)
		switch {
		case err != nil:
			return err
		case r.complete != nil:
			return o.finished(r)
		case r.problem != nil:
			return o.problem(r)
		case r.accept != nil && r.accept.Offer == m.ID: // one of an earlier offer says nothing any more
			from, err := o.resume(ctx, r.accept)
			if err != nil {
				return err
			}
			o.opt.Observe(Event{Kind: Accepted, Transfer: o.state.ID, Offset: from.offset, Size: o.state.Size, PeerKey: r.peerKey})
			return o.stream(ctx, from, r.accept)
		}
	}
}

// hear waits for the next thing that the receiver says.
func (o *outgoing) hear(ctx context.Context) (reply, error) {
	timer := time.NewTimer(o.opt.Wait)
	defer timer.Stop()
	select {
	case r := <-o.inbox:
		return r, nil
	case <-timer.C:
		return reply{}, errSilence
	case <-ctx.Done():
		return reply{}, ctx.Err()
	}
}

var errSilence = errors.New("filetransfer: send: no answer from the receiver")

func (o *outgoing) finished(r reply) error {
	if *r.complete != o.digest {
		return fmt.Errorf("filetransfer: send: %w: it has another file", ErrReceiver)
	}
	if o.tried < o.state.Size {
		return fmt.Errorf("filetransfer: send: %w: complete after %d bytes of %d", ErrReceiver, o.tried, o.state.Size)
	}
	o.acked = o.state.Size
	o.opt.Observe(Event{Kind: Finished, Transfer: o.state.ID, Offset: o.state.Size, Size: o.state.Size, PeerKey: r.peerKey})
	return nil
}

// problem tells what undoes a message from what undoes the transfer.
func (o *outgoing) problem(r reply) error {
	o.opt.Observe(Event{Kind: Reported, Transfer: o.state.ID, Offset: o.acked, Size: o.state.Size, PeerKey: r.peerKey, Detail: fmt.Sprintf("%s: %q", r.problem.Code, r.problem.Text())})
	if r.problem.IsWarning() || len(r.problem.Code) > 4 && r.problem.Code[:4] == "e.m." {
		return fmt.Errorf("filetransfer: send: the receiver reports %s", r.problem.Code)
	}
	return &ProblemError{r.problem}
}

// resume checks that what the receiver has is the beginning of this file.
func (o *outgoing) resume(ctx context.Context, a *accept) (point, error) {
	if a.Offset > o.state.Size {
		return point{}, fmt.Errorf("filetransfer: send: %w: it has %d bytes of %d", ErrReceiver, a.Offset, o.state.Size)
	}
	p, ok := o.mark(a.Offset)
	if !ok {
		p = point{a.Offset, sha256.New()}
		n, err := io.CopyBuffer(p.sum, contextReader{ctx, io.NewSectionReader(o.file, 0, a.Offset)}, make([]byte, 1<<20))
		if err != nil {
			return point{}, fmt.Errorf("filetransfer: send: %w", err)
		}
		if n < a.Offset {
			return point{}, fmt.Errorf("filetransfer: send: %w: it is shorter", ErrChanged)
		}
	}
	if sumOf(p.sum) != a.Digest {
		return point{}, fmt.Errorf("filetransfer: send: %w: what it has is not the beginning of this file", ErrReceiver)
	}
	o.acked = max(o.acked, a.Offset)
	o.marks = []point{p}
	return p, nil
}

func (o *outgoing) mark(offset int64) (point, bool) {
	for _, p := range o.marks {
		if p.offset == offset {
			return p, true
		}
	}
	return point{}, false
}

// heard takes what the receiver says while chunks are on their way; done tells that it has everything.
func (o *outgoing) heard(r reply, sent int64) (done bool, err error) {
	switch {
	case r.problem != nil:
		return false, o.problem(r)
	case r.complete != nil:
		if sent != o.state.Size {
			return false, fmt.Errorf("filetransfer: send: %w: complete after %d bytes of %d", ErrReceiver, sent, o.state.Size)
		}
		return true, o.finished(r)
	case r.ack == nil || r.ack.Offset <= o.marks[0].offset:
		return false, nil // an old one
	}
	p, ok := o.mark(r.ack.Offset)
	if !ok || sumOf(p.sum) != r.ack.Digest {
		return false, fmt.Errorf("filetransfer: send: %w: it acknowledges what was not sent", ErrReceiver)
	}
	for o.marks[0].offset < p.offset {
		o.marks = o.marks[1:]
	}
	o.acked = max(o.acked, p.offset)
	o.opt.Observe(Event{Kind: Acked, Transfer: o.state.ID, Offset: p.offset, Size: o.state.Size, PeerKey: r.peerKey})
	return false, nil
}

// parcel is a chunk that is packed, or why there is none.
type parcel struct {
	packed []byte
	end    point
	size   int64
	err    error
}

// stream sends chunks, one after the other; while one is on its way, the next is packed.
func (o *outgoing) stream(ctx context.Context, from point, a *accept) error {
	packing, stop := context.WithCancel(ctx)
	parcels := make(chan parcel)
	packed := make(chan struct{})
	go func() {
		defer close(packed)
		o.pack(packing, from, min(a.Chunk, o.opt.Chunk), parcels)
	}()
	defer func() { stop(); <-packed }()
	sent := from.offset
	var waiting *parcel
	for {
		if waiting != nil && waiting.end.offset-o.marks[0].offset <= a.Window {
			if err := o.deliver(ctx, waiting); err != nil {
				return err
			}
			sent, waiting = waiting.end.offset, nil
		}
		more := parcels
		if waiting != nil || sent == o.state.Size {
			more = nil
		}
		if more == nil {
			r, err := o.hear(ctx)
			if err == nil {
				var done bool
				if done, err = o.heard(r, sent); done {
					return err
				}
			}
			if err != nil {
				return err
			}
			continue
		}
		select {
		case p := <-more:
			if p.err != nil {
				return p.err
			}
			waiting = &p
		case r := <-o.inbox:
			if done, err := o.heard(r, sent); done || err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (o *outgoing) deliver(ctx context.Context, p *parcel) error {
	o.tried = max(o.tried, p.end.offset)
	err := o.peer.deliver(ctx, o.state.To, p.packed)
	if err == nil {
		o.marks = append(o.marks, p.end)
		o.sent.Bytes += p.size
		o.opt.Observe(Event{Kind: Delivered, Transfer: o.state.ID, Offset: p.end.offset, Size: o.state.Size})
		return nil
	}
	return o.why(err)
}

// why returns the problem that the receiver reported, if it did, in the place of the error of a message that did not get through.
func (o *outgoing) why(err error) error {
	for {
		select {
		case r := <-o.inbox:
			if r.problem != nil {
				return o.problem(r)
			}
		default:
			return err
		}
	}
}

// pack reads the file from a point on, and packs it chunk by chunk.
func (o *outgoing) pack(ctx context.Context, from point, chunk int64, out chan<- parcel) {
	sum := from.clone()
	buf := make([]byte, chunk)
	for at := from.offset; at < o.state.Size; {
		o.opt.Observe(Event{Kind: ChunkGoes, Transfer: o.state.ID, Offset: at, Size: o.state.Size})
		p := o.packOne(ctx, at, buf[:min(chunk, o.state.Size-at)], sum)
		select {
		case out <- p:
		case <-ctx.Done():
			return
		}
		if p.err != nil {
			return
		}
		at = p.end.offset
	}
}

func (o *outgoing) packOne(ctx context.Context, at int64, buf []byte, sum hash.Hash) parcel {
	if _, err := o.file.ReadAt(buf, at); err != nil {
		if errors.Is(err, io.EOF) {
			err = fmt.Errorf("%w: it is shorter", ErrChanged)
		}
		return parcel{err: fmt.Errorf("filetransfer: send: %w", err)}
	}
	sum.Write(buf)
	end := point{offset: at + int64(len(buf)), sum: sum}
	end.sum = end.clone()
	if end.offset == o.state.Size && sumOf(sum) != o.digest {
		return parcel{err: fmt.Errorf("filetransfer: send: %w", ErrChanged)}
	}
	m := o.message(typeChunk, fmt.Appendf(nil, `{"offset":%d}`, at))
	m.Attachments = []didcomm.Attachment{{ID: "data", Base64: buf}}
	packed, err := o.peer.agent.Authcrypt(ctx, m, nil)
	return parcel{packed: packed, end: end, size: int64(len(buf)), err: err}
}
