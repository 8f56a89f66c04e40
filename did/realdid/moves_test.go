package realdid_test

import (
	"bytes"
	"cmp"
	"errors"
	"slices"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/realdid"
)

// This file lets the driver of the property test move from ledger to ledger.

// word is a HeadVerifier that believes: a proof is the head record, and the size of the checkpoint in one byte.
type word struct{ epoch time.Time }

func (w word) VerifyHead(_ string, b []byte, _ time.Time) (*proof.VerifiedHead, error) {
	return &proof.VerifiedHead{
		Head: b[1:], Latest: true, Epoch: proof.EpochLeaf{Time: w.epoch.Unix()},
		Checkpoint: &proof.VerifiedCheckpoint{Checkpoint: proof.Checkpoint{Size: uint64(b[0])}},
	}, nil
}

var homes = []string{"", "second", "third"}

// moves is what the ledgers other than the present home have, and what was imported.
type moves struct {
	home     string
	departed map[string][]byte // states
	imports  [][]byte          // operations
}

func setName(p object, member uint64, name string) {
	if name != "" {
		p[member] = name
	}
}

func (d *driver) reducer() ledger.HeadReducer { return realdid.Network{Home: d.moves.home}.Reducer() }

func (d *driver) migration(p object, m *mState) {
	to := pick(d, homes)
	if m.migration != nil && d.chance(90) {
		to = m.migration.to
	}
	setName(p, memberTo, to)
	if m.migration != nil && d.chance(90) {
		return
	}
	p[memberReveal], p[memberNext] = d.reveals(m.next, false), d.nextSet()
}

// arrive imports the identifier at another ledger, mostly at the one that it departed to; or, because the present one is said to have
// ended, at any.
func (d *driver) arrive(ended bool) {
	was := d.model
	to := pick(d, homes)
	if was.migration != nil && d.chance(95) {
		to = was.migration.to
	}
	size, epoch := byte(7), time.Unix(d.now-int64(d.between(0, 90000)), 0)
	if d.chance(10) {
		size = byte(d.between(6, 8))
	}
	op := object{
		memberVersion: 1, memberType: 9, memberSCID: was.ops[0].scid, memberState: d.bytes,
		memberProof: append([]byte{size}, was.head(d.fails, d.bytes)...),
	}
	setName(op, memberHome, to)
	setName(op, memberFrom, was.home)
	raw := cborBytes(d.fails, []any{cborBytes(d.fails, op), []any{}})
	if len(d.moves.imports) > 0 && d.chance(10) {
		raw = pick(d, d.moves.imports)
	}
	preds := realdid.Predecessors{{Home: "elsewhere", Heads: word{}}, {Home: was.home, Heads: word{epoch}}}
	if ended || d.chance(20) {
		preds[1].Final = &realdid.Final{Size: 7, Successor: cmp.Or(to, "main")}
	}
	if d.chance(3) {
		preds = preds[:1]
	}
	if d.chance(5) {
		preds[0].Until = time.Unix(d.now-1, 0)
		preds[len(preds)-1].Until = time.Unix(d.now-int64(d.between(0, 1)), 0)
	}
	d.moved(raw, preds, was, epoch.Unix())
}

// moved compares one import.
func (d *driver) moved(raw []byte, preds realdid.Predecessors, was *mState, epoch int64) {
	mop, merr := modelParse(raw)
	op, err := realdid.ParseOperation(raw)
	if (merr == nil) != (err == nil) {
		d.Fatalf("parse: model %v, package %v", merr, err)
	}
	if err != nil {
		return
	}
	here := d.moves.departed[mop.home]
	if mop.home == d.moves.home {
		here = d.bytes
	}
	if here != nil && len(here) == 0 {
		return // nobody asks a ledger that has ended
	}
	final, sound, sure := d.mayArrive(mop, preds, was, epoch)
	var s *realdid.State
	if here != nil {
		if s, err = realdid.ParseState(here); err != nil {
			d.Fatal(err)
		}
	}
	at := ledger.Anchor{Index: d.index, Time: time.Unix(d.now, 0).UTC()}
	got, err := preds.Apply(s, op, at)
	key := op.Identifier().Key()
	reduced, rerr := realdid.Network{Home: mop.home}.ReducerFrom(preds).Reduce(key, here, raw, at)
	if (err == nil) != (sound && sure) || (rerr == nil) != (err == nil) {
		d.Fatalf("import: model %v %v, package %v, Reducer %v", sound, sure, err, rerr)
	}
	if err != nil {
		if errors.Is(err, realdid.ErrPredecessor) == errors.Is(err, realdid.ErrOperation) || sound && !errors.Is(err, realdid.ErrPredecessor) {
			d.Fatalf("import refused with %v, sound is %v", err, sound)
		}
		return
	}
	next := modelArrive(was, mop, d.index, d.now, final)
	b := stateBytes(d.fails, got)
	if want := next.bytes(d.fails); !bytes.Equal(b, want) || !bytes.Equal(reduced.State, b) {
		d.Fatalf("state after import: got %x, want %x", b, want)
	}
	head, err := realdid.Network{Home: mop.home}.Reducer().Head(key, b)
	if want := next.head(d.fails, b); err != nil || !bytes.Equal(head, want) {
		d.Fatalf("head after import: got %x, want %x (%v)", head, want, err)
	}
	if d.moves.departed == nil {
		d.moves.departed = map[string][]byte{}
	}
	if was.migration != nil && was.migration.departed {
		d.moves.departed[was.home] = d.bytes
	} else {
		d.moves.departed[was.home] = []byte{} // ended: nobody asks it
	}
	d.moves.home, d.moves.imports = mop.home, append(d.moves.imports, raw)
	d.state, d.model, d.bytes, d.index = got, next, b, d.index+1
	d.later()
}

// mayArrive is 6.10: sound is what anybody can see, sure what depends on whom one trusts. final is that of modelArrive.
func (d *driver) mayArrive(op *mOp, preds realdid.Predecessors, was *mState, epoch int64) (final int64, sound, sure bool) {
	departed := was.migration != nil && was.migration.departed
	current := bytes.Equal(op.state, d.bytes) && op.from == was.home
	sound = current && op.home != d.moves.home && d.now >= was.last && (!departed || was.migration.to == op.home)
	sound = sound && epoch >= was.last
	i := slices.IndexFunc(preds, func(p realdid.Predecessor) bool {
		return p.Home == op.from && (p.Until.IsZero() || !time.Unix(d.now, 0).After(p.Until))
	})
	if i < 0 {
		return 0, sound, false
	}
	f, size := preds[i].Final, op.proof[0]
	switch {
	case f != nil && size > 7:
		return 0, sound, false
	case departed:
		return -1, sound, true
	case f == nil || size != 7 || f.Successor != cmp.Or(op.home, "main"):
		return 0, sound, false
	}
	return epoch, sound && d.now >= epoch, true
}
