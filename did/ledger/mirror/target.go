package mirror

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/ledger/witness"
	"github.com/realdid/realdid/internal/syncdir"
)

// A target is the greatest checkpoint of the log that was ever begun to be taken over, in the file of that name. It is durable before
// anything of it is, so that what is held is always of one history. A file that is lost is noticed by what is held.
type target struct {
	dir    string
	key    proof.VerifierKey
	origin string

	c      proof.Checkpoint // Size 0 if there is none
	signed []byte
}

const targetFile = "target"

// openTarget reads the file.
func openTarget(dir string, key proof.VerifierKey, origin string) (*target, error) {
	t := &target{dir: dir, key: key, origin: origin}
	b, err := os.ReadFile(filepath.Join(dir, targetFile))
	if errors.Is(err, fs.ErrNotExist) {
		return t, nil
	}
	if err != nil {
		return nil, fmt.Errorf("mirror: open: %w", err)
	}
	if t.c, t.signed, err = witness.VerifySigned(key, origin, b); err != nil {
		return nil, fmt.Errorf("%w: mirror: %s: %w", ledger.ErrCorrupt, targetFile, err)
	}
	return t, nil
}

// check refuses a checkpoint of another history, if it is not greater than the target. src shows the target's tree.
func (t *target) check(ctx context.Context, src witness.Source, c proof.Checkpoint, signed []byte) error {
	switch {
	case t.c.Size == 0 || c.Size > t.c.Size:
		return nil
	case c.Size < t.c.Size:
		return t.contains(ctx, src, c, signed)
	case c.Root != t.c.Root:
		return t.fork(&proof.Accusation{A: t.signed, B: signed})
	}
	return nil
}

// pin makes the checkpoint of tree, as the log signed it, the target if it is greater, and refuses one of another history.
func (t *target) pin(ctx context.Context, tree *tree, signed []byte) error {
	c := tree.c
	if c.Size <= t.c.Size {
		return t.check(ctx, tree.src, c, signed)
	}
	if t.c.Size > 0 {
		root, err := tree.rootAt(ctx, t.c.Size)
		if err != nil {
			return err
		}
		if root != t.c.Root {
			path, err := proof.ConsistencyPath(tree.hashes(ctx), t.c.Size, c.Size)
			if err != nil {
				return err
			}
			return t.fork(&proof.Accusation{A: t.signed, B: signed, OldRoot: root, Path: path})
		}
	}
	if err := writeFile(t.dir, targetFile, signed); err != nil {
		return unavailable(err)
	}
	t.c, t.signed = c, signed
	return nil
}

// contains returns nil if the checkpoint is of the target's beginning. src shows the target's tree.
func (t *target) contains(ctx context.Context, src witness.Source, c proof.Checkpoint, signed []byte) error {
	if c.Size == 0 {
		return nil
	}
	whole, err := openTree(ctx, src, t.c)
	if err != nil {
		return err
	}
	root, err := whole.rootAt(ctx, c.Size)
	if err != nil || root == c.Root {
		return err
	}
	path, err := proof.ConsistencyPath(whole.hashes(ctx), c.Size, t.c.Size)
	if err != nil {
		return err
	}
	return t.fork(&proof.Accusation{A: signed, B: t.signed, OldRoot: root, Path: path})
}

// fork stores the evidence and returns the fault.
func (t *target) fork(a *proof.Accusation) error {
	f := &Fault{Kind: Fork, Text: "the log signed a checkpoint of another history than the one that is held", Checkpoint: a.B, Accusation: a}
	if err := a.Verify(t.key); err != nil {
		return unavailable(err)
	}
	if err := witness.WriteAccusation(t.dir, a); err != nil {
		return errors.Join(f, err)
	}
	return f
}

// writeFile makes b the content of a file, durably and at once.
func writeFile(dir, name string, b []byte) error {
	if err := syncdir.Replace(filepath.Join(dir, name), b, 0o644); err != nil {
		return fmt.Errorf("mirror: write: %w", err)
	}
	return nil
}
