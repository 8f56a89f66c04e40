package realperson

import (
	"errors"
	"testing"

	"github.com/realdid/realdid/vc"
)

func TestSignUpAndLogIn(t *testing.T) {
	city := newTown(t)
	p, alice, bob := city.platform(t), city.wallet(t), city.wallet(t)
	a := city.signUp(t, alice, p)
	if a.ID == "" || a.Authority != city.public.Authority || len(a.Claims) != 0 || !a.Created.Equal(city.clock) {
		t.Errorf("got account %+v", *a)
	}
	b := city.signUp(t, bob, p)
	if a.ID == b.ID || a.Holder == b.Holder {
		t.Error("two people have one account")
	}
	_, report, err := p.SignUp(t.Context(), city.answer(t, alice, p, ActionSignUp), nil)
	if !errors.Is(err, ErrAccountExists) || report.Result != vc.Pass {
		t.Errorf("got %v for a second account, want ErrAccountExists", err)
	}
	for _, want := range []*Account{a, b, a} {
		who := alice
		if want == b {
			who = bob
		}
		got, err := p.LogIn(t.Context(), city.answer(t, who, p, ActionLogIn), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got.ID != want.ID || got.Holder != want.Holder {
			t.Error("logged in to another account")
		}
	}
	other := city.platform(t)
	if _, err := other.LogIn(t.Context(), city.answer(t, alice, other, ActionLogIn), nil); !errors.Is(err, ErrNoAccount) {
		t.Errorf("got %v where there is no account, want ErrNoAccount", err)
	}
	if c := city.signUp(t, alice, other); c.ID == a.ID || c.Holder == a.Holder {
		t.Error("two platforms see one name")
	}
}
