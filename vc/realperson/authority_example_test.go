package realperson_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"log"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger/memledger"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/keys/bbs"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/vc/realperson"
)

func check[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// republic is a ledger of DIDs, an authority, and one citizen of it.
type republic struct {
	now       time.Time
	log       *memledger.Ledger
	authority *realperson.Authority
	citizen   *realperson.Citizen
	evidence  *realperson.Evidence
}

func (r *republic) clock() time.Time { return r.now }

func newRepublic(ctx context.Context) *republic {
	r := &republic{now: time.Date(2026, 11, 18, 12, 0, 0, 0, time.UTC)}
	r.log = memledger.New(realperson.LogReducer(), &memledger.Options{Clock: r.clock})
	ids := check(realdid.New(memledger.New(realdid.Reducer(), &memledger.Options{Clock: r.clock}), &realdid.Options{Clock: r.clock}))
	secret, salt := make([]byte, 32), make([]byte, 16)
	rand.Read(secret)
	rand.Read(salt)
	r.authority = check(realperson.NewAuthority(&realperson.AuthorityConfig{
		Method: did.MustParse("did:example:civil-registry").WithFragment("bbs-1"), Signer: check(bbs.Generate()), Claims: []string{"ageOver18"},
		Registry: memledger.New(realperson.RegistryReducer(), &memledger.Options{Clock: r.clock}), Log: r.log,
		Pepper: check(realperson.NewPepper(secret)), Salt: salt,
		Keys: resolver.Keys{Resolver: resolver.Mux{"realdid": ids}, Now: r.clock}, Clock: r.clock,
	}))

	control, paper, login := check(keys.Generate(keys.Ed25519)), check(keys.Generate(keys.Ed25519)), check(keys.Generate(keys.Ed25519))
	me := check(ids.Create(ctx, &realdid.CreateRequest{
		Control: realdid.OneKey(control.Public()), Next: realdid.SHA256.Commit(paper.Public()),
		Document: realdid.Content{VerificationMethods: []realdid.VerificationMethod{
			{Fragment: "phone-1", Key: login.Public(), Purposes: did.Authentication},
		}},
	}, control))
	r.citizen = &realperson.Citizen{Method: me.DID.WithFragment("phone-1"), Signer: login}
	r.evidence = &realperson.Evidence{
		Country: "FR", Document: "register", Number: "190013175", Claims: map[string]any{"ageOver18": true},
	}
	return r
}

// A person enrols once. The officer has seen the papers, and that it is this person's wallet which asks.
func ExampleAuthority_Enrol() {
	ctx := context.Background()
	r := newRepublic(ctx)
	enrol := func(w *realperson.Wallet) error {
		request := check(w.EnrolmentRequest(ctx, r.citizen, r.authority.Challenge()))
		issued, err := r.authority.Enrol(ctx, request, r.evidence)
		if err != nil {
			return err
		}
		return w.FinishEnrolment(ctx, issued.Response)
	}
	wallet := check(realperson.NewWallet(r.authority.Parameters(), &realperson.WalletOptions{Now: r.clock}))
	must(enrol(wallet))
	must(r.authority.Activate(ctx, check(wallet.ActivationRequest(ctx, r.citizen, r.authority.Challenge()))))
	fmt.Println("credentials until", wallet.Until().Format(time.DateOnly), "state", check(wallet.Statements()))

	second := check(realperson.NewWallet(r.authority.Parameters(), &realperson.WalletOptions{Now: r.clock}))
	fmt.Println(enrol(second))
	// Output:
	// credentials until 2026-12-14 state map[ageOver18:true]
	// realperson: enrolment: this person is enrolled
}

// The phone falls into the sea. A year later, or earlier by policy, there is a new generation, and everybody can see that there is one.
func ExampleAuthority_Reenrol() {
	ctx := context.Background()
	r := newRepublic(ctx)
	lost := check(realperson.NewWallet(r.authority.Parameters(), &realperson.WalletOptions{Now: r.clock}))
	request := check(lost.EnrolmentRequest(ctx, r.citizen, r.authority.Challenge()))
	check(r.authority.Enrol(ctx, request, r.evidence))

	r.now = r.now.AddDate(1, 0, 0)
	wallet := check(realperson.NewWallet(r.authority.Parameters(), &realperson.WalletOptions{Now: r.clock}))
	request = check(wallet.ReenrolmentRequest(ctx, r.citizen, r.authority.Challenge(), realperson.ReasonLoss))
	issued := check(r.authority.Reenrol(ctx, request, r.evidence))
	must(wallet.FinishEnrolment(ctx, issued.Response))
	must(wallet.CheckLog(ctx, r.log))
	for e, err := range realperson.ReadLog(ctx, r.log, r.authority.Parameters().Authority, 0) {
		must(err)
		fmt.Println(e.Number, e.Decision, e.Generation, e.Reason, e.Epoch.Format(time.DateOnly))
	}
	// Output: 0 generation 1 loss 2027-11-15
}

// A backup on another phone is the same person.
func ExampleWallet_Backup() {
	ctx := context.Background()
	r := newRepublic(ctx)
	wallet := check(realperson.NewWallet(r.authority.Parameters(), &realperson.WalletOptions{Now: r.clock}))
	request := check(wallet.EnrolmentRequest(ctx, r.citizen, r.authority.Challenge()))
	issued := check(r.authority.Enrol(ctx, request, r.evidence))
	must(wallet.FinishEnrolment(ctx, issued.Response))

	backup := check(wallet.Backup()) // to be sealed: package keyfile
	second := check(realperson.RestoreWallet(backup, &realperson.WalletOptions{Now: r.clock}))
	platform := did.MustParse("did:example:forum")
	fmt.Println(second.Enrolled(), check(second.Holder(ctx, platform)) == check(wallet.Holder(ctx, platform)))
	// Output: true true
}
