// Threeplatforms runs an authority, two people and three platforms in memory, and then prints everything that each of them knows: that one
// person has one account everywhere, and that nobody can link two of them, though all put together what they have.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/realdid/realdid/vc/realperson"
)

func main() { tell(context.Background(), os.Stdout) }

func tell(ctx context.Context, out io.Writer) {
	n := 0
	say := func(format string, a ...any) {
		n++
		fmt.Fprintf(out, "%2d  %s\n", n, fmt.Sprintf(format, a...))
	}
	t := newTown(ctx)
	over18 := realperson.Requirement{Claim: "ageOver18", OneOf: []any{true}}
	shop, forum, election := t.open(ctx, "shop", over18), t.open(ctx, "forum"), t.open(ctx, "election")
	alice, bob := t.person(ctx, "alice"), t.person(ctx, "bob")
	vote := &realperson.Scope{Name: "vote", Period: "2026", Limit: 1}
	visit := func(p *person, at *platform, a realperson.Action) string { return ok(t.visit(ctx, p, at, a, nil)) }
	refused := func(want error, why string) func(string, error) string { // the words of this program, if it is refused for that
		return func(_ string, err error) string {
			if !errors.Is(err, want) {
				panic(fmt.Sprintf("got %v, want %v", err, want))
			}
			return why
		}
	}
	exists := refused(realperson.ErrAccountExists, "this person has one already")

	for _, p := range []*person{alice, bob} {
		if err := t.enrol(ctx, p); err != nil {
			panic(err)
		}
	}
	say("alice and bob enrol with the authority, each once")
	say("alice tries again, with new secrets          refused: %s", refused(realperson.ErrEnrolled, "this person is enrolled")("", t.enrol(ctx, t.person(ctx, "alice"))))

	atShop, atForum := visit(alice, shop, realperson.ActionSignUp), visit(alice, forum, realperson.ActionSignUp)
	visit(bob, shop, realperson.ActionSignUp)
	visit(bob, forum, realperson.ActionSignUp)
	say("both sign up at the shop, which learns that they are over 18, and at the forum, which learns nothing")
	say("alice logs in at the shop                    the same account: %v", visit(alice, shop, realperson.ActionLogIn) == atShop)
	say("alice wants a second account there           refused: %s", exists(t.visit(ctx, alice, shop, realperson.ActionSignUp, nil)))

	for _, p := range []*person{alice, bob} {
		ok(t.visit(ctx, p, election, realperson.ActionUseScope, vote))
	}
	say("both vote, without an account                alice votes again: %s", refused(realperson.ErrScopeExhausted, "her vote is used up")(t.visit(ctx, alice, election, realperson.ActionUseScope, vote)))

	phone := *alice
	phone.wallet = ok(realperson.RestoreWallet(ok(alice.wallet.Backup()), &realperson.WalletOptions{Now: t.clock}))
	say("alice's second phone, from a backup, logs in the same account: %v", visit(&phone, shop, realperson.ActionLogIn) == atShop)
	say("it wants an account of its own               refused: %s", exists(t.visit(ctx, &phone, shop, realperson.ActionSignUp, nil)))

	t.later(5 * 7 * 24 * time.Hour)
	say("five weeks later the credentials are over    refused: %s", refused(realperson.ErrNoCredential, "no credential for this week")(t.visit(ctx, alice, shop, realperson.ActionSignUp, nil)))
	for _, p := range []*person{alice, bob} {
		if err := t.renew(ctx, p); err != nil {
			panic(err)
		}
	}
	say("both renew; alice still has one account      refused: %s", exists(t.visit(ctx, alice, shop, realperson.ActionSignUp, nil)))

	phish := t.open(ctx, "sh0p")
	r, _, err := t.ask(ctx, alice, ok(shop.Request(ctx, realperson.ActionLogIn, nil))) // sh0p shows her what it got from the shop
	say("a site that looks like the shop passes on the shop's request\n    alice's answer goes to                       %s", ok(r, err).Endpoint())
	got := visit(alice, phish, realperson.ActionSignUp)
	say("it asks in its own name                      the shop's account, or the forum's: %v", got == atShop || got == atForum)

	k := &knowledge{town: t, out: out, people: []string{"alice", "bob"}}
	k.authority()
	k.platform(shop)
	k.platform(forum)
	k.platform(election)
	k.ledgers()
	k.pooled(shop, forum, election)
}
