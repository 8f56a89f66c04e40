package realperson_test

import (
	"context"
	"fmt"
	"log"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger/memledger"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/keys/bbs"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/resolver/didkey"
	"github.com/realdid/realdid/vc/realperson"
)

// city is a ledger of DIDs, an authority, and a resolver that knows both kinds of DIDs in it.
type city struct {
	ids       *realdid.Method
	keys      resolver.Keys
	authority *realperson.Authority
}

func newCity() *city {
	c := &city{ids: check(realdid.New(memledger.New(realdid.Reducer(), nil), nil))}
	c.keys = resolver.Keys{Resolver: resolver.Mux{"key": didkey.Resolver{}, "realdid": c.ids}}
	signer := check(bbs.Generate())
	c.authority = check(realperson.NewAuthority(&realperson.AuthorityConfig{
		Method: didkey.URL(signer.Public()), Signer: signer, Claims: []string{"ageOver18", "residentOf"},
		Registry: memledger.New(realperson.RegistryReducer(), nil), Log: memledger.New(realperson.LogReducer(), nil),
		Pepper: check(realperson.NewPepper(make([]byte, 32))), Salt: make([]byte, 16), Keys: c.keys,
	}))
	return c
}

// wallet enrols a citizen.
func (c *city) wallet() *realperson.Wallet {
	ctx := context.Background()
	control, paper, login := check(keys.Generate(keys.Ed25519)), check(keys.Generate(keys.Ed25519)), check(keys.Generate(keys.Ed25519))
	me := check(c.ids.Create(ctx, &realdid.CreateRequest{
		Control: realdid.OneKey(control.Public()), Next: realdid.SHA256.Commit(paper.Public()),
		Document: realdid.Content{VerificationMethods: []realdid.VerificationMethod{{
			Fragment: "phone", Key: login.Public(), Purposes: did.Authentication,
		}}},
	}, control))
	wallet := check(realperson.NewWallet(c.authority.Parameters(), nil))
	request := check(wallet.EnrolmentRequest(ctx, &realperson.Citizen{Method: me.DID.WithFragment("phone"), Signer: login}, c.authority.Challenge()))
	issued := check(c.authority.Enrol(ctx, request, &realperson.Evidence{
		Country: "FR", Document: "register", Number: "190013175", Claims: map[string]any{"ageOver18": true, "residentOf": "FR"},
	}))
	must(wallet.FinishEnrolment(ctx, issued.Response))
	return wallet
}

// platform makes one that accepts the authority.
func (c *city) platform(policy realperson.PlatformPolicy) *realperson.Platform {
	key := check(keys.Generate(keys.Ed25519))
	return check(realperson.NewPlatform(&realperson.PlatformConfig{
		Method: didkey.URL(key.Public()), Signer: key, Endpoint: "https://forum.example/responses", Keys: c.keys,
		Authorities: []realperson.Parameters{c.authority.Parameters()}, Accounts: memledger.New(nil, nil), Policy: policy,
	}))
}

// A person opens an account, logs in, and cannot open another.
func ExampleWallet_SignUp() {
	ctx := context.Background()
	city := newCity() // an authority, a resolver of keys
	platform, wallet := city.platform(realperson.PlatformPolicy{Mode: realperson.Strict}), city.wallet()

	request, err := platform.Request(ctx, realperson.ActionSignUp, &realperson.RequestOptions{Session: []byte("value of a cookie")})
	if err != nil {
		log.Fatal(err)
	}

	asked, err := wallet.Authenticate(ctx, request, city.keys) // who asks is who signed
	if err != nil {
		log.Fatal(err)
	}
	response, err := wallet.SignUp(ctx, asked, realperson.Policy{}) // goes to asked.Endpoint()
	if err != nil {
		log.Fatal(err)
	}

	account, report, err := platform.SignUp(ctx, response, []byte("value of a cookie"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(report.Result, len(account.ID))

	// Log-in: one signature, no proof.
	if request, err = platform.Request(ctx, realperson.ActionLogIn, nil); err != nil {
		log.Fatal(err)
	}
	if asked, err = wallet.Authenticate(ctx, request, city.keys); err != nil {
		log.Fatal(err)
	}
	if response, err = wallet.LogIn(ctx, asked); err != nil {
		log.Fatal(err)
	}
	same, err := platform.LogIn(ctx, response, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(same.ID == account.ID)

	// Another account: no.
	if request, err = platform.Request(ctx, realperson.ActionSignUp, nil); err != nil {
		log.Fatal(err)
	}
	if asked, err = wallet.Authenticate(ctx, request, city.keys); err != nil {
		log.Fatal(err)
	}
	if response, err = wallet.SignUp(ctx, asked, realperson.Policy{}); err != nil {
		log.Fatal(err)
	}
	_, _, err = platform.SignUp(ctx, response, nil)
	fmt.Println(err)
	// Output:
	// pass 52
	// true
	// realperson: account: this person has one already
}

// A wallet refuses what its policy does not allow, and names it.
func ExamplePolicy() {
	ctx := context.Background()
	city := newCity()
	platform, wallet := city.platform(realperson.PlatformPolicy{
		Mode:   realperson.Strict,
		Claims: []realperson.Requirement{{Claim: "ageOver18", OneOf: []any{true}}, {Claim: "residentOf"}},
	}), city.wallet()
	request, err := platform.Request(ctx, realperson.ActionSignUp, nil)
	if err != nil {
		log.Fatal(err)
	}
	asked, err := wallet.Authenticate(ctx, request, city.keys)
	if err != nil {
		log.Fatal(err)
	}
	for _, a := range asked.Asks() {
		if !a.Always {
			fmt.Println("asks for", a.Pointer)
		}
	}
	_, err = wallet.SignUp(ctx, asked, realperson.Policy{RevealToAll: []string{"/credentialSubject/ageOver18"}})
	fmt.Println(err)
	// Output:
	// asks for /credentialSubject/ageOver18
	// asks for /credentialSubject/residentOf
	// realperson: policy: the platform asks for more than may be shown: /credentialSubject/residentOf
}

// Something that a person may do twice, under names that link to nothing.
func ExampleWallet_UseScope() {
	ctx := context.Background()
	city := newCity()
	platform, wallet := city.platform(realperson.PlatformPolicy{Mode: realperson.Strict}), city.wallet()
	vote := realperson.Scope{Name: "review", Period: "2026", Limit: 2}
	for range 3 {
		request, err := platform.Request(ctx, realperson.ActionUseScope, &realperson.RequestOptions{Scope: &vote})
		if err != nil {
			log.Fatal(err)
		}
		asked, err := wallet.Authenticate(ctx, request, city.keys)
		if err != nil {
			log.Fatal(err)
		}
		response, err := wallet.UseScope(ctx, asked, realperson.Policy{})
		if err != nil {
			fmt.Println(err)
			return
		}
		if _, _, err := platform.UseScope(ctx, response, vote, nil); err != nil {
			log.Fatal(err)
		}
		wallet.ScopeUsed(asked)
		fmt.Println("accepted")
	}
	// Output:
	// accepted
	// accepted
	// realperson: scope: the wallet has used every index
}
