package realperson

import (
	"fmt"

	"github.com/realdid/realdid/did"
)

// KeyNumber returns which of the wallet's keys for a platform is in use: 0 for the first, one more after each rebinding.
func (w *Wallet) KeyNumber(platform did.DID) (uint32, error) {
	platform, err := canonicalDID(platform)
	if err != nil {
		return 0, fmt.Errorf("realperson: wallet: %w", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.records.holders[platform].number, nil
}

// UseKey says which of the wallet's keys for a platform is used from now on. It is for a wallet from a backup that is older than a
// rebinding, to which the platform says ErrNotHolder: the account's key is one of the next.
func (w *Wallet) UseKey(platform did.DID, number uint32) error {
	platform, err := canonicalDID(platform)
	if err != nil {
		return fmt.Errorf("realperson: wallet: %w", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.records.holders == nil {
		w.records.holders = make(map[did.DID]holderRecord)
	}
	rec := w.records.holders[platform]
	rec.number = number
	w.records.holders[platform] = rec
	return nil
}
