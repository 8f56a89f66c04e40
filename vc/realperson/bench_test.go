package realperson

import "testing"

// The accounts of these benchmarks are at one platform; nothing is answered twice.

func BenchmarkWalletSignUp(b *testing.B) {
	city := newTown(b)
	p, alice := city.platform(b), city.wallet(b)
	r := city.ask(b, alice.wallet, p, ActionSignUp, nil)
	for b.Loop() {
		_, err := alice.wallet.SignUp(b.Context(), r, Policy{})
		fatal(b, err)
	}
}

// BenchmarkPlatformVeto is the whole of what a platform does with a proof: another account is not needed for each.
func BenchmarkPlatformVeto(b *testing.B) {
	city := newTown(b)
	p, alice := city.platform(b), city.wallet(b)
	city.signUp(b, alice, p)
	for b.Loop() {
		b.StopTimer()
		response := city.answer(b, alice, p, ActionVeto)
		b.StartTimer()
		_, _, err := p.Veto(b.Context(), response, nil)
		fatal(b, err)
	}
}

func BenchmarkWalletLogIn(b *testing.B) {
	city := newTown(b)
	p, alice := city.platform(b), city.wallet(b)
	r := city.ask(b, alice.wallet, p, ActionLogIn, nil)
	for b.Loop() {
		_, err := alice.wallet.LogIn(b.Context(), r)
		fatal(b, err)
	}
}

func BenchmarkPlatformLogIn(b *testing.B) {
	city := newTown(b)
	p, alice := city.platform(b), city.wallet(b)
	city.signUp(b, alice, p)
	for b.Loop() {
		b.StopTimer()
		response := city.answer(b, alice, p, ActionLogIn)
		b.StartTimer()
		_, err := p.LogIn(b.Context(), response, nil)
		fatal(b, err)
	}
}

func BenchmarkAuthenticate(b *testing.B) {
	city := newTown(b)
	p, alice := city.platform(b), city.wallet(b)
	request, err := p.Request(b.Context(), ActionLogIn, nil)
	fatal(b, err)
	for b.Loop() {
		_, err := alice.wallet.Authenticate(b.Context(), request, city.keys)
		fatal(b, err)
	}
}

func BenchmarkRequest(b *testing.B) {
	p := newTown(b).platform(b)
	for b.Loop() {
		_, err := p.Request(b.Context(), ActionLogIn, nil)
		fatal(b, err)
	}
}
