package realperson

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func (t *town) use(tb testing.TB, c *citizen, p *Platform, s Scope) (*VerifierRequest, *Use, error) {
	tb.Helper()
	r := t.ask(tb, c.wallet, p, ActionUseScope, &RequestOptions{Scope: &s})
	b, err := c.wallet.UseScope(tb.Context(), r, Policy{})
	if err != nil {
		return r, nil, err
	}
	u, _, err := p.UseScope(tb.Context(), b, s, nil)
	return r, u, err
}

// TestScope: three uses of three, in the secret order, each under a name of its own; then none.
func TestScope(t *testing.T) {
	city := newTown(t)
	p, alice := city.platform(t), city.wallet(t)
	account := city.signUp(t, alice, p)
	s := Scope{Name: "post", Period: "2026", Limit: 3}
	seen := map[string]bool{account.ID: true}
	var order []int
	for range s.Limit {
		r, u, err := city.use(t, alice, p, s)
		if err != nil {
			t.Fatal(err)
		}
		alice.wallet.ScopeUsed(r)
		alice.wallet.ScopeUsed(r) // once more changes nothing
		order = append(order, u.Index)
		id := accountID(u.Authority, u.Pseudonym)
		if seen[id] {
			t.Error("two uses have one name, or that of the account")
		}
		seen[id] = true
		if u.Scope != s || u.Authority != city.public.Authority {
			t.Errorf("got use %+v", *u)
		}
	}
	if want := s.permutation(&alice.wallet.scopeSecret, p.DID()); !slices.Equal(order, want) {
		t.Errorf("got the order %v, want the secret one %v", order, want)
	}
	if _, _, err := city.use(t, alice, p, s); !errors.Is(err, ErrScopeExhausted) {
		t.Errorf("got %v for a fourth use, want ErrScopeExhausted", err)
	}
	// A higher limit adds indexes, and gives nobody a second set.
	more := Scope{Name: s.Name, Period: s.Period, Limit: 5}
	for i := range 3 {
		r, u, err := city.use(t, alice, p, more)
		if i == 2 {
			if !errors.Is(err, ErrScopeExhausted) {
				t.Errorf("got %v after five uses of five, want ErrScopeExhausted", err)
			}
			break
		}
		if err != nil || u.Index < 3 {
			t.Fatalf("got %v and an index that was used", err)
		}
		alice.wallet.ScopeUsed(r)
	}
	for _, other := range []Scope{{Name: "post", Period: "2027", Limit: 3}, {Name: "vote", Period: "2026", Limit: 3}} {
		if _, _, err := city.use(t, alice, p, other); err != nil {
			t.Errorf("another scope: %v", err)
		}
	}
}

// TestScopeSecondUse: a platform knows an index again, also when it comes from a wallet that forgot; that wallet walks on.
func TestScopeSecondUse(t *testing.T) {
	city := newTown(t)
	p, alice := city.platform(t), city.wallet(t)
	s := Scope{Name: "vote", Limit: 4}
	for range 2 {
		r, _, err := city.use(t, alice, p, s)
		if err != nil {
			t.Fatal(err)
		}
		alice.wallet.ScopeUsed(r)
	}
	alice.wallet.records = records{} // a wallet that lost its record
	var tries []error
	for range s.Limit {
		r, _, err := city.use(t, alice, p, s)
		tries = append(tries, err)
		alice.wallet.ScopeUsed(r)
	}
	for i, err := range tries {
		if want := i < 2; errors.Is(err, ErrScopeUsed) != want || !want && err != nil {
			t.Errorf("try %d: got %v", i, err)
		}
	}
	if _, _, err := city.use(t, alice, p, s); !errors.Is(err, ErrScopeExhausted) {
		t.Errorf("got %v, want ErrScopeExhausted", err)
	}
	// A wallet that cheats and shows one index again, in answer to another request, is refused.
	alice.wallet.records = records{}
	if _, _, err := city.use(t, alice, p, s); !errors.Is(err, ErrScopeUsed) {
		t.Errorf("got %v for a second use, want ErrScopeUsed", err)
	}
	// One that heard no answer shows the same index again.
	first, _ := alice.wallet.nextIndex(city.ask(t, alice.wallet, p, ActionUseScope, &RequestOptions{Scope: &s}))
	if again, _ := alice.wallet.nextIndex(city.ask(t, alice.wallet, p, ActionUseScope, &RequestOptions{Scope: &s})); again != first {
		t.Error("an index was given up that may be free")
	}
}

// TestScopeHolders: every use is signed by a key that signs nothing else.
func TestScopeHolders(t *testing.T) {
	city := newTown(t)
	p, alice := city.platform(t), city.wallet(t)
	seen := map[string]bool{city.signUp(t, alice, p).Holder.String(): true}
	s := Scope{Name: "post", Limit: 3}
	for range s.Limit {
		r := city.ask(t, alice.wallet, p, ActionUseScope, &RequestOptions{Scope: &s})
		b, err := alice.wallet.UseScope(t.Context(), r, Policy{})
		fatal(t, err)
		holder := payload(t, b)["iss"].(string)
		if seen[holder] {
			t.Error("two responses are of one key")
		}
		seen[holder] = true
		alice.wallet.ScopeUsed(r)
	}
}

// TestScopeUsedOnce: what is said of one request uses up no index of another.
func TestScopeUsedOnce(t *testing.T) {
	city := newTown(t)
	p, alice := city.platform(t), city.wallet(t)
	s := Scope{Name: "post", Limit: 3}
	first, _, err := city.use(t, alice, p, s)
	fatal(t, err)
	alice.wallet.ScopeUsed(first)
	second := city.ask(t, alice.wallet, p, ActionUseScope, &RequestOptions{Scope: &s})
	shown, err := alice.wallet.nextIndex(second)
	fatal(t, err)
	alice.wallet.ScopeUsed(first)
	again, err := alice.wallet.nextIndex(city.ask(t, alice.wallet, p, ActionUseScope, &RequestOptions{Scope: &s}))
	if err != nil || again != shown {
		t.Errorf("got index %d (%v), want %d, of which nobody said anything", again, err, shown)
	}
}

// TestScopeLowered: a platform that lowers the limit within a period would choose which index it sees, and know a use again that was
// made under the higher one. The wallet refuses, also after a backup.
func TestScopeLowered(t *testing.T) {
	city := newTown(t)
	p, alice := city.platform(t), city.wallet(t)
	alice.wallet.record = strings.Repeat("0", 64)
	s := Scope{Name: "post", Period: "2026", Limit: 3}
	if _, _, err := city.use(t, alice, p, s); err != nil {
		t.Fatal(err)
	}
	backup, err := alice.wallet.Backup()
	fatal(t, err)
	copied, err := RestoreWallet(backup, &WalletOptions{Now: city.now})
	fatal(t, err)
	for name, w := range map[string]*Wallet{"the wallet": alice.wallet, "its copy": copied} {
		c := &citizen{wallet: w}
		for limit := 1; limit < s.Limit; limit++ {
			if _, _, err := city.use(t, c, p, Scope{Name: s.Name, Period: s.Period, Limit: limit}); !errors.Is(err, ErrScope) {
				t.Errorf("%s: got %v for a limit of %d after %d, want ErrScope", name, err, limit, s.Limit)
			}
		}
		for _, other := range []Scope{{Name: s.Name, Period: "2027", Limit: 1}, {Name: "vote", Period: s.Period, Limit: 1}} {
			r := city.ask(t, w, p, ActionUseScope, &RequestOptions{Scope: &other})
			if _, err := w.UseScope(t.Context(), r, Policy{}); err != nil {
				t.Errorf("%s: another scope with a lower limit: %v", name, err)
			}
		}
	}
}

// TestScopeIndexes: an index that the scope does not have, and a scope that was not asked for, are refused.
func TestScopeIndexes(t *testing.T) {
	city := newTown(t)
	p, alice := city.platform(t), city.wallet(t)
	s := Scope{Name: "vote", Limit: 2}
	r := city.ask(t, alice.wallet, p, ActionUseScope, &RequestOptions{Scope: &s})
	h, err := pairwise(t.Context(), alice.wallet.seed, "test", r.platform)
	if err != nil {
		t.Fatal(err)
	}
	resp := &response{
		platform: r.parsed.platform, nonce: r.parsed.nonce, issued: city.clock, action: ActionUseScope, scope: &Scope{Name: "vote", Limit: 2}, index: 2,
	}
	b, err := alice.wallet.prove(t.Context(), r, resp, h)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := p.UseScope(t.Context(), b, s, nil); !errors.Is(err, ErrMessage) {
		t.Errorf("got %v for index 2 of 0 and 1, want ErrMessage", err)
	}
	// The wallet raises the limit that it was asked for.
	resp.scope = &Scope{Name: "vote", Limit: 3}
	if b, err = alice.wallet.prove(t.Context(), r, resp, h); err != nil {
		t.Fatal(err)
	}
	if _, _, err := p.UseScope(t.Context(), b, s, nil); !errors.Is(err, ErrMessage) {
		t.Errorf("got %v for a limit of its own, want ErrMessage", err)
	}
	if _, _, err := p.UseScope(t.Context(), b, Scope{Name: "vote"}, nil); !errors.Is(err, ErrScope) {
		t.Errorf("got %v for what is no scope, want ErrScope", err)
	}
	if _, _, err := p.UseScope(t.Context(), b, *resp.scope, nil); !errors.Is(err, ErrNonce) {
		t.Errorf("got %v for a scope that the nonce was not made for, want ErrNonce", err)
	}
}

func TestScopeCheck(t *testing.T) {
	for name, s := range map[string]Scope{
		"zero": {}, "no limit": {Name: "a"}, "limit": {Name: "a", Limit: MaxScopeLimit + 1}, "negative": {Name: "a", Limit: -1},
		"name": {Name: "A", Limit: 1}, "space": {Name: "a b", Limit: 1}, "long": {Name: string(make([]byte, 65)), Limit: 1},
		"period": {Name: "a", Period: "2026/1", Limit: 1},
	} {
		if err := s.Check(); !errors.Is(err, ErrScope) {
			t.Errorf("%s: got %v, want ErrScope", name, err)
		}
	}
	if err := (Scope{Name: "poll-7.b", Period: "2026-w47", Limit: MaxScopeLimit}).Check(); err != nil {
		t.Error(err)
	}
}

// TestPermutation: SPEC.md has this vector.
func TestPermutation(t *testing.T) {
	var secret [scopeSecretSize]byte
	for i := range secret {
		secret[i] = byte(i)
	}
	s := Scope{Name: "vote", Period: "2026", Limit: 10}
	got := fmt.Sprint(s.permutation(&secret, keyNamed("platform")))
	if want := permutationVector; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

const permutationVector = "[1 8 6 9 7 4 3 0 5 2]"

// TestPermutationOrder shows PA_28: which use of a person an index is cannot be told, because over many wallets every order of three is as
// likely as the others; it depends on platform, name, period and limit.
func TestPermutationOrder(t *testing.T) {
	const wallets = 6000
	count := map[string]int{}
	first := map[int]int{}
	var secret [scopeSecretSize]byte
	s := Scope{Name: "vote", Period: "2026", Limit: 3}
	for i := range wallets {
		secret[0], secret[1] = byte(i), byte(i>>8)
		order := s.permutation(&secret, keyNamed("platform"))
		count[fmt.Sprint(order)]++
		first[order[0]]++
	}
	// 1,000 of each expected, with a standard deviation of 29: the secrets are fixed, so that the test always gives the same.
	for _, want := range []string{"[0 1 2]", "[0 2 1]", "[1 0 2]", "[1 2 0]", "[2 0 1]", "[2 1 0]"} {
		if n := count[want]; n < 880 || n > 1120 {
			t.Errorf("order %s: got %d of %d", want, n, wallets)
		}
	}
	if len(count) != 6 {
		t.Errorf("got %d orders, want 6", len(count))
	}
	s.Limit = 100
	base := fmt.Sprint(s.permutation(&secret, keyNamed("platform")))
	for name, other := range map[string]string{
		"platform": fmt.Sprint(s.permutation(&secret, keyNamed("platforn"))),
		"name":     fmt.Sprint(Scope{Name: "votf", Period: "2026", Limit: 100}.permutation(&secret, keyNamed("platform"))),
		"period":   fmt.Sprint(Scope{Name: "vote", Period: "2027", Limit: 100}.permutation(&secret, keyNamed("platform"))),
		"border":   fmt.Sprint(Scope{Name: "vote2", Period: "026", Limit: 100}.permutation(&secret, keyNamed("platform"))),
	} {
		if other == base {
			t.Errorf("%s makes no difference", name)
		}
	}
	all := s.permutation(&secret, keyNamed("platform"))
	slices.Sort(all)
	for i, n := range all {
		if i != n {
			t.Fatal("not a permutation")
		}
	}
}

// TestWordStream: words at or above the highest multiple are passed over.
func TestWordStream(t *testing.T) {
	w := &wordStream{block: []byte{0xff, 0xff, 0xff, 0xff, 0, 0, 0, 7}}
	if got := w.below(3); got != 1 { // 2^32-1 is passed over, 7 mod 3
		t.Errorf("got %d, want 1", got)
	}
	w = &wordStream{block: []byte{0xff, 0xff, 0xff, 0xff}}
	if got := w.below(2); got != 1 {
		t.Errorf("got %d, want 1: a power of two leaves nothing over", got)
	}
}
