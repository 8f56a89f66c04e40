package main

import (
	"os"
	"strconv"

	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
)

// renewTiers makes the tiers anew. Guardians that the flags do not name stay those of the card, behind new salts.
func (c *change) renewTiers(seed *realdid.Seed, a keys.Algorithm, g generations, f *rotateFlags) ([]realdid.Tier, *card, error) {
	var tiers []realdid.Tier
	if !f.noOwnBackup {
		o, err := f.ownOptions()
		if err != nil {
			return nil, nil, err
		}
		t, err := ownTier(seed, c.suite(), a, g.recovery, o)
		if err != nil {
			return nil, nil, err
		}
		tiers = append(tiers, t)
	}
	fresh, err := c.app.guardianCard(&f.recoveryFlags, c.suite())
	if err != nil {
		return nil, nil, err
	}
	if fresh == nil && c.app.home.exists(c.app.home.card(c.id.Name)) {
		if fresh, err = c.resalt(); err != nil {
			return nil, nil, err
		}
	}
	if fresh == nil {
		if len(tiers) == 0 {
			return nil, nil, usage("name guardians with --guardian KEY, or keep the own backup", "a rotation cannot leave an identity without any recovery tier")
		}
		return tiers, nil, nil
	}
	t, err := fresh.tier()
	return append(tiers, t), fresh, err
}

// resalt hides the guardians of the card anew.
func (c *change) resalt() (*card, error) {
	old, err := c.app.readCard(c.id.Name, "")
	if err != nil {
		return nil, err
	}
	ks, err := old.publicKeys()
	if err != nil {
		return nil, err
	}
	delay, err := parseDelay(old.Delay, "card")
	if err != nil {
		return nil, err
	}
	return newCard(c.suite(), ks, old.Threshold, tierOptions{delay, old.Vetoable}), nil
}

// writeCard writes a new card before the operation that needs it. The old one stays beside it, because its tier is usable for some time yet.
func (c *change) writeCard(n *card, out string) (string, error) {
	if n == nil {
		return "", nil
	}
	n.DID = c.id.DID
	b, err := n.encode()
	if err != nil {
		return "", err
	}
	path := out
	if path == "" {
		path = c.app.home.card(c.id.Name)
		if c.app.home.exists(path) {
			old := freePath(path + ".old")
			if err := os.Rename(path, old); err != nil {
				return "", unknown("", "%s", err)
			}
			c.undo = append(c.undo, func() error { return os.Rename(old, path) })
			c.app.note("the card so far is kept as %s: its tier can still recover for a while", old)
		}
	}
	if err := createFile(path, b); err != nil {
		return "", err
	}
	c.undo = append(c.undo, func() error { return os.Remove(path) })
	return path, nil
}

// freePath returns path, or path with a number behind it, such that nothing is there.
func freePath(path string) string {
	free := path
	for n := 2; ; n++ {
		if _, err := os.Lstat(free); err != nil {
			return free
		}
		free = path + strconv.Itoa(n)
	}
}
