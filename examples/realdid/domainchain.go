package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/realdid/realdid/did/realdid"
)

// chainFile is where a folder has the earliest descriptor that it knows, from which descriptor.steps lead to the present one: so the
// policies of the past are understood, by which identities were imported.
const chainFile = "descriptor.first.json"

func (d *domainFolder) chainStart() string { return filepath.Join(d.dir, chainFile) }

// chain returns the earliest descriptor that the folder knows, and the steps from it to d. Without such, that is d itself. Nobody has to be
// trusted for it but d, which names its predecessors by their hashes.
func (d *domainFolder) chain(now time.Time) (*realdid.Descriptor, []realdid.DescriptorStep, error) {
	b, err := os.ReadFile(d.chainStart())
	if errors.Is(err, fs.ErrNotExist) {
		return d.Descriptor, nil, nil
	}
	if err != nil {
		return nil, nil, unknown("check the path", "%s", pathless(err))
	}
	first, err := realdid.ParseDescriptor(b)
	if err != nil {
		return nil, nil, invalid(chainFile+" is the first descriptor of the domain, unchanged", "%s: %s", d.chainStart(), withoutPackages(err.Error()))
	}
	steps, err := readSteps(d.steps())
	if err != nil {
		return nil, nil, err
	}
	end := slices.IndexFunc(steps, func(s realdid.DescriptorStep) bool {
		file, err := realdid.ParseDescriptor(s.File)
		return err == nil && file.Digest() == d.Digest()
	})
	if end < 0 || first.Sequence >= d.Sequence { // the chain of another descriptor
		return d.Descriptor, nil, nil
	}
	steps = steps[:end+1]
	last, err := first.Follow(steps, now)
	if err == nil && last.Digest() != d.Digest() {
		err = errors.New("the steps do not lead to the descriptor")
	}
	if err != nil {
		return nil, nil, invalid("descriptor.steps is what domain rotate wrote, unchanged", "%s: %s", d.steps(), withoutPackages(err.Error()))
	}
	return first, steps, nil
}

// predecessorsOf are the ledgers from which identities may have come to one of the domain, by the policies of the past as well.
func (d *domainFolder) predecessorsOf(home string, now time.Time) (realdid.Predecessors, error) {
	first, steps, err := d.chain(now)
	if err != nil {
		return nil, err
	}
	preds, err := first.PredecessorsAlong(home, steps, now)
	if err != nil {
		return nil, invalid("descriptor.steps is what domain rotate wrote, unchanged", "%s: %s", d.steps(), withoutPackages(err.Error()))
	}
	return preds, nil
}

// keepChain puts the chain that leads to a pinned descriptor into the folder that pins it: that of from, where it is published, or the one that
// this folder had and the steps that went on from there. old is what was pinned before, and may be nil.
func (d *domainFolder) keepChain(from, old *domainFolder, went []realdid.DescriptorStep, now time.Time) error {
	first, steps, err := from.chain(now)
	if err != nil {
		return err
	}
	if len(steps) == 0 && old != nil && len(went) > 0 {
		if first, _, err = old.chain(now); err != nil {
			return err
		}
		have, err := readSteps(old.steps())
		if err != nil {
			return err
		}
		if first.Digest() != old.Digest() { // what went on may not begin where this folder does
			went = append(have, went...)
		}
		steps = went
	}
	if len(steps) == 0 {
		return nil
	}
	b, err := realdid.EncodeDescriptorSteps(steps)
	if err != nil { // there are too many: what is pinned counts all the same
		return nil
	}
	if err := replaceFile(d.steps(), b, 0o644); err != nil {
		return err
	}
	return replaceFile(d.chainStart(), first.Bytes(), 0o644)
}
