package realperson

import (
	"slices"
	"strings"
	"testing"

	"github.com/realdid/realdid/did/realdid"
)

// TestStolenSeed: all pairwise keys derive from the seed of a wallet, also those of later numbers. A thief of a backup logs in with the keys
// that the owner's wallet goes on to, so that a theft report helps an owner only with another seed.
func TestStolenSeed(t *testing.T) {
	restore := func(t *testing.T, c *citizen, backup []byte, seed *realdid.Seed) *citizen {
		w, err := RestoreWallet(backup, &WalletOptions{Now: c.wallet.now, PairwiseSeed: seed})
		fatal(t, err)
		w.entropy = c.wallet.entropy
		return &citizen{wallet: w, claims: c.claims}
	}
	for _, test := range []struct {
		name string
		seed *realdid.Seed // of the owner's wallet after the theft
		in   bool          // the thief gets in
	}{{"the same seed", nil, true}, {"another seed", realdid.NewSeed(), false}} {
		t.Run(test.name, func(t *testing.T) {
			city := newTown(t)
			p, alice := city.platform(t), city.wallet(t)
			alice.wallet.record = strings.Repeat("0", 64)
			r, before, err := city.send(t, alice, p, ActionSignUp)
			fatal(t, err)
			rebound, _, err := city.send(t, alice, p, ActionRebind)
			fatal(t, err)
			alice.wallet.Rebound(rebound)
			backup, err := alice.wallet.Backup()
			fatal(t, err)
			thief := restore(t, alice, backup, nil)
			owner := restore(t, alice, backup, test.seed)
			if n, err := owner.wallet.KeyNumber(r.Platform()); err != nil || (n == 0) == test.in {
				t.Errorf("got key number %d and %v: numbers are those of one seed", n, err)
			}

			city.nextEpoch()
			city.renew(t, owner)
			_, _, err = city.send(t, owner, p, ActionReportTheft)
			fatal(t, err)
			_, _, err = city.send(t, thief, p, ActionVeto)
			wantError(t, err, ErrStaleCredential)
			city.nextEpoch()
			city.renew(t, owner)
			completed, after, err := city.send(t, owner, p, ActionCompleteRebind)
			fatal(t, err)
			owner.wallet.Rebound(completed)
			if after.ID != before.ID {
				t.Error("the owner has another account")
			}
			if _, _, err := city.send(t, owner, p, ActionLogIn); err != nil {
				t.Errorf("the owner logs in: %v", err)
			}
			var tried []error
			for n := range uint32(4) {
				fatal(t, thief.wallet.UseKey(r.Platform(), n))
				_, _, err := city.send(t, thief, p, ActionLogIn)
				tried = append(tried, err)
			}
			if got := slices.Contains(tried, nil); got != test.in {
				t.Errorf("the thief logs in: got %v, want %v", got, test.in)
			}
			// Nor are accounts that are opened now the thief's.
			other := city.platform(t)
			city.signUp(t, owner, other)
			if _, _, err := city.send(t, thief, other, ActionLogIn); (err == nil) != test.in {
				t.Errorf("a new account: got error %v, want the thief in: %v", err, test.in)
			}
		})
	}
}
