package main

import (
	"context"
	"slices"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
)

// generations says which generations of a seed's keys a history has used up, so that two different keys of a seed are never used
// for one thing. Creation takes the control keys 0 and 1 (as next), each rotation, cancellation and migration one more, a recovery two; of
// recovery keys creation takes 0, and each rotation and recovery one more.
type generations struct {
	control, recovery uint32 // the first that are free
}

func (o *openLedger) generations(ctx context.Context, id did.DID) (generations, error) {
	entries, err := o.History(ctx, id)
	if err != nil {
		return generations{}, err
	}
	var g generations
	for _, e := range entries {
		if e.Err != nil {
			continue
		}
		switch e.Operation.Type() {
		case realdid.Create:
			g = generations{control: 2, recovery: 1}
		case realdid.Rotate:
			g.control, g.recovery = g.control+1, g.recovery+1
		case realdid.Cancel:
			g.control++
		case realdid.Migrate: // its announcement; a departure takes none, and none is missed
			g.control++
		case realdid.Import: // no operation before it takes more than a recovery
			if s, ok := e.Operation.Carried(); ok {
				n := uint32(s.Seq()) + 1
				g = generations{control: 2 * n, recovery: n}
			}
		case realdid.Recover:
			g.control, g.recovery = g.control+2, g.recovery+1
		}
	}
	return g, nil
}

// signing are the algorithms that a seed's keys may have.
func signing() []keys.Algorithm {
	return slices.DeleteFunc(keys.Algorithms(), func(a keys.Algorithm) bool { return !a.CanSign() })
}

// findNext derives the keys that the state commits to as next, all that are of this seed.
func findNext(seed *realdid.Seed, s *realdid.State, g generations) ([]*keys.PrivateKey, error) {
	suite := s.Identifier().SCID.Suite
	var out []*keys.PrivateKey
	for _, a := range preferred(s) {
		for n := range g.control {
			k, err := seed.Control(a, n)
			if err != nil {
				return nil, err
			}
			if slices.Contains(s.Next().Digests, suite.CommitKey(k.Public())) {
				out = append(out, k)
			}
		}
		if len(out) > 0 {
			return out, nil
		}
	}
	return nil, invalid("another seed: give --seed FILE; without any, guardians or an own backup can recover",
		"this seed has not made the next keys of %s", s.Identifier().Short())
}

// preferred lists the algorithms with that of the present control keys first.
func preferred(s *realdid.State) []keys.Algorithm {
	out := signing()
	slices.SortStableFunc(out, func(a, b keys.Algorithm) int {
		now := s.Control().Keys[0].Algorithm()
		switch {
		case a == now && b != now:
			return -1
		case b == now && a != now:
			return 1
		}
		return 0
	})
	return out
}

// A recoveryHolder is a recovery key that can sign, with its salt.
type recoveryHolder struct {
	realdid.RecoveryKey
	signer keys.Signer
}

// findOwnBackup derives the recovery key of a tier that this seed made, the most trusted tier first.
func findOwnBackup(seed *realdid.Seed, s *realdid.State, g generations) (recoveryHolder, realdid.StandingTier, error) {
	suite := s.Identifier().SCID.Suite
	for _, t := range s.Tiers() {
		for _, a := range preferred(s) {
			for n := range g.recovery {
				k, err := seed.Recovery(a, n)
				if err != nil {
					return recoveryHolder{}, t, err
				}
				salt, err := seed.RecoverySalt(n)
				if err != nil {
					return recoveryHolder{}, t, err
				}
				if slices.Contains(t.Keys.Digests, suite.CommitRecovery(salt, k.Public())) {
					return recoveryHolder{realdid.RecoveryKey{Salt: salt, Key: k.Public()}, k}, t, nil
				}
			}
		}
	}
	return recoveryHolder{}, realdid.StandingTier{}, invalid("another seed: give --seed FILE, or recover through guardians: --tier guardians",
		"no recovery tier of %s is an own backup of this seed", s.Identifier().Short())
}

// ownTier makes the own backup of a generation.
func ownTier(seed *realdid.Seed, suite realdid.Suite, a keys.Algorithm, generation uint32, o tierOptions) (realdid.Tier, error) {
	k, err := seed.Recovery(a, generation)
	if err != nil {
		return realdid.Tier{}, err
	}
	salt, err := seed.RecoverySalt(generation)
	if err != nil {
		return realdid.Tier{}, err
	}
	return realdid.Tier{
		Delay: o.delay, Vetoable: o.vetoable,
		Keys: realdid.Commitments{Threshold: 1, Digests: []realdid.Digest{suite.CommitRecovery(salt, k.Public())}},
	}, nil
}

// loadSeed opens a seed file, by default that of the identity in this home.
func (a *app) loadSeed(id *identity, path string) (*realdid.Seed, error) {
	inHome := path == ""
	if inHome {
		path = a.home.seed(id.Name)
	}
	if inHome && !a.home.exists(path) {
		return nil, usage("give --seed FILE, for example from the drive where it was put", "the seed of %s is not in this home", id.Name)
	}
	s, err := a.openSeed(path)
	if err == nil && inHome && !id.Single {
		a.note("the seed of %s still lies beside the daily keys: whoever copies both has the identity. Move %s off this device.", id.Name, path)
	}
	return s, err
}
