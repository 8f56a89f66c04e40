package tlog

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/realdid/realdid/did/ledger/proof"
)

// A Cosigner is asked to cosign checkpoints, as the client of a witness does by C2SP tlog-witness.
type Cosigner interface {
	// Name says who it is, in errors.
	Name() string
	// Cosign returns signature lines for note, a checkpoint that the log signed. consistency proves that the log of oldSize
	// leaves is the beginning of it. If the cosigner holds another size, the error has a method OldSize() uint64 that tells
	// it, as [*OldSizeError] has; it is asked again from there. Cosign is not called twice at once.
	Cosign(ctx context.Context, oldSize uint64, consistency []proof.Hash, note []byte) ([]byte, error)
}

// peer is a Cosigner and what is known about it. Who holds turn may ask it.
type peer struct {
	Cosigner
	turn chan struct{}
	size uint64 // of the checkpoint that it cosigned last
}

// sizeTries bounds how often a cosigner may name another size.
const sizeTries = 4

// A round is a checkpoint on its way to enough cosignatures.
type round struct {
	l      *Log
	sealed Sealed
	note   *proof.Note // as the log signed it
	bytes  []byte
	cosigs []proof.NoteSignature
}

// collect signs the checkpoint and asks all cosigners at once. It returns the note as soon as the quorum has signed; those that
// come later are added to the published checkpoint in the background.
func (l *Log) collect(ctx context.Context, sealed Sealed) ([]byte, error) {
	if err := l.store.inject("sign"); err != nil {
		return nil, err
	}
	text := sealed.Checkpoint.Append(nil)
	sig, err := l.signer.SignNote(text)
	if err != nil {
		return nil, err
	}
	r := &round{l: l, sealed: sealed, note: &proof.Note{Text: text, Signatures: []proof.NoteSignature{sig}}}
	r.bytes = r.note.Append(nil)
	note, err := r.verified()
	if err == nil && len(l.peers) == 0 {
		return note, nil
	}
	late, cancel := context.WithTimeout(l.ctx, l.opt.Timeout)
	answers := make(chan answer, len(l.peers))
	for _, p := range l.peers {
		l.work.Go(func() {
			lines, err := p.ask(late, r)
			answers <- answer{p.Name(), lines, err}
		})
	}
	waiting := len(l.peers)
	var failed error
	for ; err != nil && waiting > 0; waiting-- {
		select {
		case a := <-answers:
			if e := r.add(a); e != nil {
				failed = errors.Join(failed, e)
			}
			note, err = r.verified()
		case <-late.Done(): // not every cosigner heeds it
			waiting = 1
			failed = errors.Join(failed, fmt.Errorf("tlog: cosigners: %w", late.Err()))
		case <-ctx.Done():
			cancel()
			return nil, fmt.Errorf("tlog: cosigners: %w", ctx.Err())
		}
	}
	if err != nil {
		cancel()
		return nil, fmt.Errorf("tlog: checkpoint of %d leaves: %w", sealed.Checkpoint.Size, errors.Join(err, failed))
	}
	if failed != nil {
		l.opt.OnError(failed)
	}
	l.work.Go(func() {
		defer cancel()
		r.late(answers, waiting)
	})
	return note, nil
}

// An answer is what a cosigner said.
type answer struct {
	name  string
	lines []byte
	err   error
}

// verified returns the note with all cosignatures so far if they reach the quorum.
func (r *round) verified() ([]byte, error) {
	n := &proof.Note{Text: r.note.Text, Signatures: slices.Concat(r.note.Signatures, r.cosigs)}
	note := n.Append(nil)
	_, err := r.l.trust.VerifyCheckpoint(note, r.l.opt.Clock())
	return note, err
}

// add takes over the signatures of an answer that are by cosigners of the policy and verify.
func (r *round) add(a answer) error {
	if a.err != nil {
		return fmt.Errorf("tlog: cosigner %s: %w", a.name, a.err)
	}
	sigs, err := proof.ParseSignatures(a.lines)
	if err != nil {
		return fmt.Errorf("tlog: cosigner %s: %w", a.name, err)
	}
	found := false
	for _, sig := range sigs {
		i := slices.IndexFunc(r.l.trust.Cosigners, func(c proof.Cosigner) bool { return c.Key.Made(sig) })
		if i < 0 {
			continue
		}
		key := r.l.trust.Cosigners[i].Key
		at, err := key.VerifyCosignature(r.note.Text, sig)
		if err != nil {
			return fmt.Errorf("tlog: cosigner %s: %w", a.name, err)
		}
		found = true
		if have := slices.IndexFunc(r.cosigs, key.Made); have < 0 {
			r.cosigs = append(r.cosigs, sig)
		} else if was, err := key.VerifyCosignature(r.note.Text, r.cosigs[have]); err != nil || at.After(was) {
			r.cosigs[have] = sig // one that somebody else hands in must not make it older
		}
	}
	if !found {
		return fmt.Errorf("tlog: cosigner %s: no signature by a cosigner of the policy", a.name)
	}
	return nil
}

// late adds to the published checkpoint what comes after the quorum, while it is the published one.
func (r *round) late(answers <-chan answer, waiting int) {
	l := r.l
	for ; waiting > 0; waiting-- {
		a := <-answers
		if errors.Is(a.err, errOvertaken) || l.ctx.Err() != nil {
			continue
		}
		err := r.add(a)
		if err == nil {
			var note []byte
			if note, err = r.verified(); err == nil {
				err = l.amend(r.sealed.Checkpoint.Size, note)
			}
		}
		if err != nil {
			l.opt.OnError(err)
		}
	}
}

// amend makes note the published checkpoint if that is of the same size.
func (l *Log) amend(size uint64, note []byte) error {
	select {
	case l.turn <- struct{}{}: // not before it is published
		defer func() { <-l.turn }()
	case <-l.ctx.Done():
		return nil
	}
	if last, ok := l.store.Published(); !ok || last.Size+1 != size {
		return nil
	}
	return l.store.Amend(note)
}

var errOvertaken = errors.New("a newer checkpoint is there")

// ask asks a cosigner, once it is free, to cosign the checkpoint of r.
func (p *peer) ask(ctx context.Context, r *round) ([]byte, error) {
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	size, old := r.sealed.Checkpoint.Size, p.size
	if old > size {
		return nil, errOvertaken
	}
	for range sizeTries {
		path, err := r.l.store.Consistency(old, size)
		if err != nil {
			return nil, err
		}
		lines, err := p.Cosign(ctx, old, path, r.bytes)
		if err == nil {
			p.size = size
			return lines, nil
		}
		var other interface{ OldSize() uint64 }
		if !errors.As(err, &other) || other.OldSize() == old {
			return nil, err
		}
		if old = other.OldSize(); old > size {
			return nil, fmt.Errorf("it holds a log of %d leaves, and this one has %d: "+
				"the log has lost its newest part, or somebody else signs with its key: %w", old, size, err)
		}
	}
	return nil, errors.New("it names another size each time")
}
