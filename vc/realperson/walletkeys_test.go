package realperson

import (
	"errors"
	"strings"
	"testing"
)

// TestUseKey restores a wallet from before a rebinding, and finds the account's key again.
func TestUseKey(t *testing.T) {
	city := newTown(t)
	p, alice := city.platform(t), city.wallet(t)
	alice.wallet.record = strings.Repeat("0", 64)
	before, err := alice.wallet.Backup()
	if err != nil {
		t.Fatal(err)
	}
	want := city.signUp(t, alice, p)
	r := city.ask(t, alice.wallet, p, ActionRebind, nil)
	response, err := alice.wallet.Rebind(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := p.Rebind(t.Context(), response, nil); err != nil {
		t.Fatal(err)
	}
	restored, err := RestoreWallet(before, &WalletOptions{Now: city.now})
	if err != nil {
		t.Fatal(err)
	}
	again := &citizen{wallet: restored, claims: alice.claims}
	if _, err := p.LogIn(t.Context(), city.answer(t, again, p, ActionLogIn), nil); !errors.Is(err, ErrNotHolder) {
		t.Errorf("got %v, want ErrNotHolder", err)
	}
	n, err := restored.KeyNumber(p.DID())
	if err != nil || n != 0 {
		t.Fatalf("got key %d, %v, want 0", n, err)
	}
	if err := restored.UseKey(p.DID(), n+1); err != nil {
		t.Fatal(err)
	}
	got, err := p.LogIn(t.Context(), city.answer(t, again, p, ActionLogIn), nil)
	if err != nil || got.ID != want.ID {
		t.Errorf("got account %+v, %v, want %s", got, err, want.ID)
	}
	if n, _ := restored.KeyNumber(p.DID()); n != 1 {
		t.Errorf("got key %d, want 1", n)
	}
}
