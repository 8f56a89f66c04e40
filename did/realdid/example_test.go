package realdid_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger/memledger"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
)

func check[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}

func generate() *keys.PrivateKey { return check(keys.Generate(keys.Ed25519)) }

// on opens a method on a new ledger in memory, with a clock that the example sets.
func on(now *time.Time) *realdid.Method {
	clock := func() time.Time { return *now }
	lg := memledger.New(realdid.Reducer(), &memledger.Options{Clock: clock})
	return check(realdid.New(lg, &realdid.Options{Clock: clock}))
}

func authentication(fragment string, k *keys.PrivateKey) realdid.Content {
	return realdid.Content{VerificationMethods: []realdid.VerificationMethod{
		{Fragment: fragment, Key: k.Public(), Purposes: did.Authentication},
	}}
}

func ExampleMethod_Create() {
	ctx, now := context.Background(), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	m := on(&now)
	phone, paper, login := generate(), generate(), generate()

	me := check(m.Create(ctx, &realdid.CreateRequest{
		Control: realdid.OneKey(phone.Public()), Next: realdid.SHA256.Commit(paper.Public()), Document: authentication("phone-1", login),
	}, phone))

	r := check(m.Resolve(ctx, me.DID, nil))
	fmt.Println(r.Document.ID == me.DID, len(r.Document.VerificationMethod), r.Metadata.Created.Format(time.RFC3339))
	// Output: true 1 2026-01-01T00:00:00Z
}

func ExampleMethod_Rotate() {
	ctx, now := context.Background(), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	m := on(&now)
	phone, paper, login := generate(), generate(), generate()
	me := check(m.Create(ctx, &realdid.CreateRequest{
		Control: realdid.OneKey(phone.Public()), Next: realdid.SHA256.Commit(paper.Public()), Document: authentication("phone-1", login),
	}, phone))

	// The phone is stolen. The key on paper replaces the phone's control key, and a new phone its authentication key.
	now = now.Add(time.Hour)
	newPaper, newLogin := generate(), generate()
	doc := authentication("phone-2", newLogin)
	check(m.Rotate(ctx, me.DID, &realdid.RotateRequest{
		Reveal: []keys.PublicKey{paper.Public()}, Next: realdid.SHA256.Commit(newPaper.Public()), Document: &doc,
	}, paper))

	_, err := m.Update(ctx, me.DID, authentication("thief", login), phone)
	fmt.Println("the old phone is out:", err != nil)
	r := check(m.Resolve(ctx, me.DID, nil))
	fmt.Println(r.Document.VerificationMethod[0].ID.Fragment(), "stands,", r.Removed[0].ID.Fragment(), "was removed at", r.Removed[0].Removed.Format(time.TimeOnly))
	// Output:
	// the old phone is out: true
	// phone-2 stands, phone-1 was removed at 01:00:00
}

func ExampleMethod_Recover() {
	ctx, now := context.Background(), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	m := on(&now)
	phone, paper, login := generate(), generate(), generate()
	ann, bob, eve := generate(), generate(), generate()
	guardians, known := realdid.SHA256.NewTier(2, ann.Public(), bob.Public(), eve.Public())
	guardians.Vetoable = true
	me := check(m.Create(ctx, &realdid.CreateRequest{
		Control: realdid.OneKey(phone.Public()), Next: realdid.SHA256.Commit(paper.Public()), Recovery: []realdid.Tier{guardians},
		Document: authentication("phone-1", login),
	}, phone))

	// Phone and paper are lost. Two of three guardians sign for new keys, which are in force after three days.
	newPhone, newPaper, newLogin := generate(), generate(), generate()
	check(m.Recover(ctx, me.DID, &realdid.RecoverRequest{
		Reveal: known[:2], Control: realdid.OneKey(newPhone.Public()), Next: realdid.SHA256.Commit(newPaper.Public()), Document: authentication("phone-2", newLogin),
	}, ann, bob, newPhone))

	for range 2 {
		r := check(m.Resolve(ctx, me.DID, nil))
		fmt.Println(now.Format(time.DateOnly), r.Document.VerificationMethod[0].ID.Fragment())
		now = now.Add(guardians.Delay)
	}
	// Output:
	// 2026-01-01 phone-1
	// 2026-01-04 phone-2
}

func ExampleOperation_LongForm() {
	ctx := context.Background()
	phone, paper, login := generate(), generate(), generate()
	draft := check(realdid.DraftCreate(&realdid.CreateRequest{
		Control: realdid.OneKey(phone.Public()), Next: realdid.SHA256.Commit(paper.Public()), Document: authentication("auth", login),
	}))
	if err := draft.Sign(ctx, phone); err != nil {
		log.Fatal(err)
	}
	long := check(check(draft.Operation()).LongForm())

	offline := check(realdid.New(nil, nil)) // no ledger at all
	r := check(offline.Resolve(ctx, long, nil))
	fmt.Println(r.Document.ID == long, r.Evidence.GenesisOnly, r.Metadata.CanonicalID == draft.Identifier().Short().String())
	// Output: true true true
}
