package main

import (
	"context"
	"errors"
	"os"
	"slices"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
)

// A change is an operation on an identity of this home that is being prepared. The ledger is open all the while, so that nobody else
// changes the identity or its files in between.
type change struct {
	app    *app
	open   *openLedger
	id     *identity
	chain  *keychain
	state  *realdid.State
	before *did.Resolution

	created   bool           // the identity is new in this home: its files do not exist yet
	undo      []func() error // takes back what was written, if the operation is refused for good
	submitted bool           // the ledger may have the operation, whatever it answered
}

// begin opens what a change needs; end lets go of it.
func (a *app) begin(ctx context.Context) (*change, error) {
	id, err := a.identity()
	if err != nil {
		return nil, err
	}
	o, err := a.openLedger(false)
	if err != nil {
		return nil, err
	}
	c := &change{app: a, open: o, id: id}
	if c.state, err = o.State(ctx, id.id); err == nil {
		c.before, err = o.Resolve(ctx, id.id, nil)
	}
	if err == nil {
		c.chain, err = a.openKeychain(id)
	}
	if errors.Is(err, realdid.ErrNotFound) {
		f := explainLibrary(err)
		f.detail, f.hint = id.Name+" is not on this ledger", "realdid did create --register --as "+id.Name+" puts it there; or --ledger DIR names another ledger"
		err = f
	}
	if err != nil {
		o.Close()
		return nil, err
	}
	return c, nil
}

func (c *change) end() {
	c.open.Close()
	c.chain.wipe()
}

func (c *change) suite() realdid.Suite { return c.state.Identifier().SCID.Suite }

// settled refuses early, with the reason that matters, what the method would refuse because of the identity's status.
func (c *change) settled() error {
	if p, ok := c.state.Pending(); ok {
		return invalid(`"did recover" by a tier above it or "did cancel" settles it, anything else has to wait`,
			"a recovery is pending, which takes effect at %s", when(p.Effective))
	}
	if to, _, departed, _ := c.state.Migration(); departed {
		return invalid(movedHint, "%s has moved to the ledger %s", c.id.Name, to)
	}
	if _, final, ok := c.state.Deactivated(); ok {
		return invalid(`until `+when(final)+` "did recover" revives it`, "%s is deactivated", c.id.Name)
	}
	return nil
}

func (c *change) controlSigners() ([]keys.Signer, error) {
	set := c.state.Control()
	return c.chain.signers(set.Keys, set.Weights, set.Threshold)
}

// commit signs and submits a draft. New keys are on disk before the ledger hears of them, and keys that no longer count are deleted
// only after it has answered, so that a crash at any moment loses nothing.
func (c *change) commit(ctx context.Context, d *realdid.Draft, signers []keys.Signer, fresh *ring) (*realdid.Result, error) {
	res, err := c.submit(ctx, d, signers, fresh)
	if err != nil {
		f := explainLibrary(err)
		if res == nil && (f.status != statusUnknown || !c.submitted) {
			if err := c.takeBack(); err != nil {
				c.app.note("what was written for it could not be taken back: %v", err)
			}
		}
		return nil, f
	}
	if err := c.tidy(ctx, res.State); err != nil {
		c.app.note("the operation stands, but old keys could not be deleted: %v", explainLibrary(err))
	}
	return res, nil
}

func (c *change) submit(ctx context.Context, d *realdid.Draft, signers []keys.Signer, fresh *ring) (*realdid.Result, error) {
	if err := d.Sign(ctx, signers...); err != nil {
		return nil, err
	}
	op, err := d.Operation()
	if err != nil {
		return nil, err
	}
	if err := c.keep(fresh); err != nil {
		return nil, err
	}
	if err := c.app.home.note(op); err != nil {
		return nil, err
	}
	c.submitted = true
	return c.open.Submit(ctx, op)
}

// keep adds the fresh keys to the sealed file and to the record. A key that comes from the seed may stand there already: from a run
// that was killed before the ledger heard of it.
func (c *change) keep(fresh *ring) error {
	if fresh == nil || len(fresh.entries) == 0 {
		return nil
	}
	var added []keys.PublicKey
	for _, e := range fresh.entries {
		if c.id.find(e.key.Public()) == nil {
			c.id.Keys = append(c.id.Keys, e.recorded())
		}
		if c.chain.ring.find(e.key.Public()) == nil {
			c.chain.ring.entries = append(c.chain.ring.entries, e)
			added = append(added, e.key.Public())
		}
	}
	if c.created {
		c.undo = append(c.undo, func() error {
			return errors.Join(os.Remove(c.app.home.record(c.id.Name)), os.Remove(c.chain.ring.path))
		})
	} else {
		c.undo = append(c.undo, func() error { return c.drop(added) })
	}
	return c.save()
}

// takeBack undoes in reverse what was written for an operation that is refused for good.
func (c *change) takeBack() error {
	var all error
	for _, undo := range slices.Backward(c.undo) {
		all = errors.Join(all, undo())
	}
	return all
}

// tidy deletes the secrets of keys that were in force and no longer are: whoever steals them could at best back-date signatures.
func (c *change) tidy(ctx context.Context, after *realdid.State) error {
	if _, pending := after.Pending(); pending {
		return nil
	}
	if _, _, departed, _ := after.Migration(); departed {
		return nil
	}
	now, err := c.open.Resolve(ctx, c.id.id, nil)
	if err != nil {
		return err
	}
	var gone []keys.PublicKey
	for _, m := range now.Removed {
		gone = append(gone, m.Key)
	}
	for _, k := range c.state.Control().Keys {
		if !slices.ContainsFunc(after.Control().Keys, k.Equal) {
			gone = append(gone, k)
		}
	}
	return c.drop(gone)
}

func (c *change) drop(gone []keys.PublicKey) error {
	dropped := c.chain.ring.drop(gone)
	n := len(c.id.Keys)
	c.id.Keys = slices.DeleteFunc(c.id.Keys, func(e recordedKey) bool {
		return slices.ContainsFunc(gone, func(k keys.PublicKey) bool { return k.Multikey() == e.Key })
	})
	if !dropped && len(c.id.Keys) == n {
		return nil
	}
	return c.save()
}

// save writes the sealed file first: the record only tells what is in it.
func (c *change) save() error {
	if c.created {
		if err := c.app.createRing(c.chain.ring); err != nil {
			return err
		}
		if err := c.id.write(c.app.home, true); err != nil {
			return err
		}
		c.created = false
		return c.app.home.preferIdentity(c.id.Name)
	}
	if err := c.app.replaceRing(c.chain.ring); err != nil {
		return err
	}
	return c.id.write(c.app.home, false)
}
