package main

import (
	"path/filepath"
	"slices"

	"github.com/realdid/realdid/did/realdid"
)

// guardianRecovery brings the guardians' keys. Who signs becomes public, so the card's salts are no secret any more and all get new ones.
func (c *change) guardianRecovery(f *recoverFlags) (*recovery, error) {
	if len(f.guardianKeys) == 0 && f.requestOut == "" {
		return nil, usage("--request-out FILE asks the guardians; --guardian-key NAME or FILE uses keys that are at hand", "no guardian's key")
	}
	old, tier, err := c.findCard(f.card)
	if err != nil {
		return nil, err
	}
	r := &recovery{tier: tier}
	if r.reveal, err = old.keys(); err != nil {
		return nil, err
	}
	if err := c.guardianSigners(r, f); err != nil {
		return nil, err
	}
	if f.requestOut == "" && len(r.signers) < old.Threshold {
		return nil, usage("--guardian-key for each", "%d of the guardians must sign, %d did", old.Threshold, len(r.signers))
	}
	if err := c.seedToCome(r, f); err != nil {
		return nil, err
	}
	all, err := old.publicKeys()
	if err != nil {
		return nil, err
	}
	r.card = newCard(c.suite(), all, old.Threshold, tierOptions{tier.Delay, tier.Vetoable})
	fresh, err := r.card.tier()
	r.rest = append([]realdid.Tier{fresh}, c.tiersBelow(tier)...)
	return r, err
}

// guardianSigners opens the keys that are at hand. With all the signatures here, nobody else on the card is revealed.
func (c *change) guardianSigners(r *recovery, f *recoverFlags) error {
	var here []realdid.RecoveryKey
	for _, name := range f.guardianKeys {
		k, err := c.app.guardianKey(name)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(r.reveal, func(g realdid.RecoveryKey) bool { return g.Key.Equal(k.Public()) })
		if i < 0 {
			return invalid("the card lists the guardians' public keys", "%s is not a guardian on this card", name)
		}
		here, r.signers = append(here, r.reveal[i]), append(r.signers, k)
	}
	if f.requestOut == "" {
		r.reveal = here
	}
	return nil
}

// seedToCome takes the seed of --seed, or makes one.
func (c *change) seedToCome(r *recovery, f *recoverFlags) (err error) {
	if f.seed != "" {
		r.seed, err = c.app.openSeed(f.seed)
		return err
	}
	path := f.seedOut
	if path == "" {
		path = c.app.home.seed(c.id.Name)
	}
	if c.app.home.exists(path) {
		return invalid("--seed "+path+" goes on with it; --seed-out FILE makes another", "%s exists", path)
	}
	r.seed, r.fresh = realdid.NewSeed(), true
	return nil
}

// findCard reads the card of --card, or the one in this home that a usable tier belongs to: a card that a recovery wrote counts only once
// that has taken effect.
func (c *change) findCard(path string) (*card, realdid.StandingTier, error) {
	none := realdid.StandingTier{}
	paths := []string{path}
	if path == "" {
		base := c.app.home.card(c.id.Name)
		older, _ := filepath.Glob(base + ".old*") // the pattern is not malformed
		paths = append([]string{base}, older...)
	}
	for _, p := range paths {
		found, err := c.app.readCard(c.id.Name, p)
		if err != nil {
			return nil, none, err
		}
		if found.DID != c.id.DID {
			return nil, none, usage("", "%s is the card of %s", p, found.DID)
		}
		t, err := found.tier()
		if err != nil {
			return nil, none, err
		}
		for _, standing := range c.state.Tiers() {
			if slices.Equal(standing.Keys.Digests, t.Keys.Digests) {
				return found, standing, nil
			}
		}
	}
	return nil, none, invalid("each change of the guardians writes a new card, and one that a recovery wrote counts once that has taken effect: another --card?",
		"the guardians on this card cannot recover %s", c.id.DID)
}

// guardianKey opens a guardian's key: a name in this home, or a sealed key file.
func (a *app) guardianKey(s string) (privateKey, error) {
	if checkName(s) == nil && a.home.exists(a.home.record(s)) {
		return a.namedKey(s)
	}
	r, err := a.openRing(s)
	if err != nil {
		return nil, err
	}
	if len(r.entries) != 1 {
		return nil, usage("a file that key new or key import wrote", "%s holds %s, not one", s, plural(len(r.entries), "key"))
	}
	return r.entries[0].key, nil
}
