package realperson

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger/memledger"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys/bbs"
	"github.com/realdid/realdid/vc"
)

// TestReplay: a response counts once, at one platform, for one request, session and action, and for a short time.
func TestReplay(t *testing.T) {
	city := newTown(t)
	p, other, alice := city.platform(t), city.platform(t), city.wallet(t)
	session := []byte("cookie")
	make := func() []byte {
		r := city.ask(t, alice.wallet, p, ActionSignUp, &RequestOptions{Session: session})
		b, err := alice.wallet.SignUp(t.Context(), r, Policy{})
		fatal(t, err)
		return b
	}
	b := make()
	for name, c := range map[string]struct {
		do   func() error
		want error
	}{
		"another platform": {func() error { _, _, err := other.SignUp(t.Context(), b, session); return err }, ErrMessage},
		"another session":  {func() error { _, _, err := p.SignUp(t.Context(), b, []byte("cooky")); return err }, ErrNonce},
		"no session":       {func() error { _, _, err := p.SignUp(t.Context(), b, nil); return err }, ErrNonce},
		"as a rebinding":   {func() error { _, _, err := p.Rebind(t.Context(), b, session); return err }, ErrMessage},
		"as a report":      {func() error { _, _, err := p.ReportTheft(t.Context(), b, session); return err }, ErrMessage},
		"as a completion":  {func() error { _, _, err := p.CompleteRebind(t.Context(), b, session); return err }, ErrMessage},
		"as a veto":        {func() error { _, _, err := p.Veto(t.Context(), b, session); return err }, ErrMessage},
		"as a log-in":      {func() error { _, err := p.LogIn(t.Context(), b, session); return err }, ErrMessage},
		"as a use": {func() error {
			_, _, err := p.UseScope(t.Context(), b, Scope{Name: "a", Limit: 1}, session)
			return err
		}, ErrMessage},
	} {
		if err := c.do(); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	if _, _, err := p.SignUp(t.Context(), b, session); err != nil {
		t.Fatal(err)
	}
	_, _, err := p.SignUp(t.Context(), b, session)
	wantError(t, err, ErrReplayed)
	late := make()
	city.later(DefaultRequestAge)
	_, _, err = p.SignUp(t.Context(), late, session)
	wantError(t, err, ErrNonce)

	r := city.ask(t, alice.wallet, p, ActionLogIn, nil)
	login, err := alice.wallet.LogIn(t.Context(), r)
	fatal(t, err)
	_, err = p.LogIn(t.Context(), login, nil)
	fatal(t, err)
	_, err = p.LogIn(t.Context(), login, nil)
	wantError(t, err, ErrReplayed)
}

// TestResponseTime: a response has the time of its request, so that no two platforms know a wallet by how far its clock is off; one with
// another time, such as that of a proof from a store, is refused.
func TestResponseTime(t *testing.T) {
	city := newTown(t)
	p := city.platform(t, func(c *PlatformConfig) { c.RequestAge = DefaultRequestAge - time.Second/2 })
	alice := city.wallet(t)
	start := city.clock
	for _, action := range []Action{ActionSignUp, ActionLogIn} {
		r := city.ask(t, alice.wallet, p, action, nil)
		city.later(37 * time.Second) // the wallet's clock, or how long its user thinks
		b, err := respond(t.Context(), alice.wallet, r, Policy{})
		fatal(t, err)
		city.clock = start
		m := payload(t, b)
		if got, want := m["iat"], fmt.Sprint(start.Unix()); fmt.Sprint(got) != want {
			t.Errorf("%s: got the time %v, want that of the request, %d", action, got, start.Unix())
		}
		if _, err := p.take(t.Context(), action, b); err != nil {
			t.Errorf("%s: %v", action, err)
		}
		for _, by := range []int64{-1, 1} {
			m := payload(t, city.answer(t, alice, p, action))
			m["iat"] = start.Unix() + by
			_, err := p.take(t.Context(), action, forgeAs(t, stranger(t), m))
			if !errors.Is(err, ErrMessage) || !strings.Contains(err.Error(), "another time") {
				t.Errorf("%s: got %v for a response of %d seconds beside the request", action, err, by)
			}
		}
	}
}

// TestRelay: somebody who gets a response - another platform, a thief on the way - signs another with the proof in it. Whatever they change that
// the proof is bound to, the proof does not hold.
func TestRelay(t *testing.T) {
	city := newTown(t)
	p, other, alice := city.platform(t), city.platform(t), city.wallet(t)
	mallory := stranger(t)
	got := func(from *Platform, a Action) map[string]any {
		return credentialOf(payload(t, city.answer(t, alice, from, a)))
	}
	own := func(to *Platform, a Action) map[string]any {
		b, err := to.Request(t.Context(), a, nil)
		fatal(t, err)
		m := payload(t, b)
		return map[string]any{"aud": m["iss"], "nonce": m["nonce"], "iat": city.clock.Unix(), "action": string(a)}
	}
	// refused wants a response to be refused as it is, and also with the header put into the proof that it should have.
	refused := func(name string, r *received) {
		t.Helper()
		if _, _, err := p.prove(t.Context(), r); vc.Code(err) != "bbs2023.presentation" {
			t.Errorf("%s: got %v, want a refused presentation header", name, err)
		}
		c := decodeJSON(t, r.credential)
		proof := openProof(t, proofOf(c)["proofValue"].(string))
		proof.setHeader(t, r.presentationHeader(p.id))
		proofOf(c)["proofValue"] = proof.value(t)
		changed := *r.response
		changed.credential = encodeJSON(t, c)
		if _, _, err := p.prove(t.Context(), &received{response: &changed, now: r.now, expires: r.expires}); vc.Code(err) != "vc.signature.invalid" {
			t.Errorf("%s, with the right header: got %v, want an invalid signature", name, err)
		}
	}
	for name, from := range map[string]*Platform{"from another platform": other, "in answer to another request": p} {
		m := own(p, ActionSignUp)
		m["credential"] = got(from, ActionSignUp)
		b := forgeAs(t, mallory, m)
		if _, _, err := p.SignUp(t.Context(), b, nil); !errors.Is(err, vc.ErrInvalid) {
			t.Errorf("%s: got %v, want ErrInvalid", name, err)
		}
		r, err := p.receive(b, ActionSignUp, nil, nil)
		fatal(t, err)
		refused(name, r)
	}

	// Everything is as in the genuine response but for one thing.
	report := city.answer(t, alice, p, ActionReportTheft)
	genuine, err := p.receive(report, ActionReportTheft, nil, nil)
	fatal(t, err)
	if _, _, err := p.prove(t.Context(), genuine); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(r *response){
		"nonce":   func(r *response) { r.nonce += "n" },
		"time":    func(r *response) { r.issued = r.issued.Add(time.Second) },
		"action":  func(r *response) { r.action = ActionCompleteRebind },
		"holder":  func(r *response) { r.holder = mallory.DID },
		"session": func(r *response) { r.session = sessionHash([]byte("cookie")) },
	} {
		changed := *genuine.response
		change(&changed)
		refused(name, &received{response: &changed, now: genuine.now, expires: genuine.expires})
	}
	// The scope, its limit and index.
	s := Scope{Name: "vote", Limit: 2}
	r := city.ask(t, alice.wallet, p, ActionUseScope, &RequestOptions{Scope: &s})
	b, err := alice.wallet.UseScope(t.Context(), r, Policy{})
	fatal(t, err)
	genuine, err = p.receive(b, ActionUseScope, &s, nil)
	fatal(t, err)
	if _, _, err := p.prove(t.Context(), genuine); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(r *response){
		"index":  func(r *response) { r.index = 1 - r.index },
		"limit":  func(r *response) { r.scope = &Scope{Name: "vote", Limit: 3} },
		"name":   func(r *response) { r.scope = &Scope{Name: "veto", Limit: 2} },
		"period": func(r *response) { r.scope = &Scope{Name: "vote", Period: "1", Limit: 2} },
	} {
		changed := *genuine.response
		change(&changed)
		refused(name, &received{response: &changed, now: genuine.now, expires: genuine.expires})
	}
}

// TestSessionOfResponse: the proof is bound to the session that the platform knows, not to one that the response names.
func TestSessionOfResponse(t *testing.T) {
	city := newTown(t)
	p, alice := city.platform(t), city.wallet(t)
	session := []byte("cookie")
	r := city.ask(t, alice.wallet, p, ActionSignUp, &RequestOptions{Session: session})
	h, err := alice.wallet.holder(t.Context(), r.platform, 0)
	fatal(t, err)
	for name, hash := range map[string][]byte{"none": nil, "another": sessionHash([]byte("cooky")), "the right one": sessionHash(session)} {
		b, err := alice.wallet.prove(t.Context(), r, &response{
			platform: r.parsed.platform, nonce: r.parsed.nonce, issued: r.parsed.issued, action: ActionSignUp, session: hash,
		}, h)
		fatal(t, err)
		_, _, err = p.SignUp(t.Context(), b, session)
		if want := name == "the right one"; (err == nil) != want || !want && !errors.Is(err, vc.ErrInvalid) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestMixedProofs: a pseudonym of one credential with the claims of another, in every way to put them together.
func TestMixedProofs(t *testing.T) {
	city := newTown(t)
	adult := func(c *PlatformConfig) {
		c.Policy.Claims = []Requirement{{Claim: "ageOver18", OneOf: []any{true}}}
	}
	p := city.platform(t, adult)
	child, parent := city.wallet(t), city.wallet(t)
	child.claims = map[string]any{"ageOver18": false, "citizenOf": "FR", "residentOf": "FR"}
	city.renew(t, child)
	// Child and parent work together: the parent proves for the child's key and request.
	r := city.ask(t, child.wallet, p, ActionSignUp, nil)
	h, err := child.wallet.holder(t.Context(), r.platform, 0)
	fatal(t, err)
	prove := func(c *citizen) map[string]any {
		b, err := c.wallet.prove(t.Context(), r, &response{
			platform: r.parsed.platform, nonce: r.parsed.nonce, issued: city.clock, action: ActionSignUp,
		}, h)
		fatal(t, err)
		return payload(t, b)
	}
	send := func(m map[string]any) error {
		_, _, err := p.SignUp(t.Context(), forgeAs(t, h, m), nil)
		return err
	}
	young, old := prove(child), prove(parent)
	if err := send(young); !errors.Is(err, ErrPolicy) {
		t.Errorf("got %v for a child, want ErrPolicy", err)
	}
	for name, change := range map[string]func(m map[string]any){
		"the child's proof over the parent's claims": func(m map[string]any) {
			proofOf(credentialOf(m))["proofValue"] = proofOf(credentialOf(prove(child)))["proofValue"]
		},
		"the child's pseudonym in the parent's proof": func(m map[string]any) {
			parents, childs := openProof(t, proofOf(credentialOf(m))["proofValue"].(string)), openProof(t, proofOf(credentialOf(young))["proofValue"].(string))
			parents.parts[parents.pseudonym(t)] = childs.parts[childs.pseudonym(t)]
			proofOf(credentialOf(m))["proofValue"] = parents.value(t)
		},
		"the parent's proof part in the child's": func(m map[string]any) {
			parents, childs := openProof(t, proofOf(credentialOf(m))["proofValue"].(string)), openProof(t, proofOf(credentialOf(young))["proofValue"].(string))
			childs.parts[0] = parents.parts[0]
			proofOf(credentialOf(m))["proofValue"] = childs.value(t)
		},
		"a claim that was not proven": func(m map[string]any) { subject(credentialOf(m))["ageOver18"] = false },
	} {
		m := prove(parent)
		change(m)
		if err := send(m); vc.Code(err) != "vc.signature.invalid" {
			t.Errorf("%s: got %v, want an invalid signature", name, err)
		}
	}
	if err := send(old); err != nil { // it is the parent's account then, and their only one
		t.Errorf("the parent's own: %v", err)
	}
}

// TestOtherAuthority: credentials of an authority that the platform does not accept, or that say they are of one that it does.
func TestOtherAuthority(t *testing.T) {
	city, abroad := newTown(t), newTown(t)
	p, alice := city.platform(t), abroad.wallet(t)
	b, err := p.Request(t.Context(), ActionSignUp, nil)
	fatal(t, err)
	_, err = alice.wallet.Authenticate(t.Context(), b, city.keys)
	wantError(t, err, ErrAuthority)
	// A wallet that answers all the same.
	answer := func(w *Wallet) map[string]any {
		r, err := w.Authenticate(t.Context(), forgeRequest(t, p, func(m map[string]any) {
			m["authorities"] = []any{w.authority.Authority.String()}
		}), city.keys)
		fatal(t, err)
		out, err := w.SignUp(t.Context(), r, Policy{})
		fatal(t, err)
		return payload(t, out)
	}
	h, err := alice.wallet.holder(t.Context(), p.DID(), 0)
	fatal(t, err)
	for name, c := range map[string]struct {
		change func(m map[string]any)
		want   error
	}{
		"as it is":           {func(map[string]any) {}, ErrIssuer},
		"under another name": {func(m map[string]any) { credentialOf(m)["issuer"] = city.public.Authority.String() }, ErrIssuer},
		"with another's key": {func(m map[string]any) {
			credentialOf(m)["issuer"] = city.public.Authority.String()
			proofOf(credentialOf(m))["verificationMethod"] = city.public.Method.String()
		}, vc.ErrInvalid},
	} {
		m := answer(alice.wallet)
		c.change(m)
		if _, _, err := p.SignUp(t.Context(), forgeAs(t, h, m), nil); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	// The authority's DID has another key now than the parameters that the platform pinned.
	impostor, err := bbs.Generate()
	fatal(t, err)
	bob := city.wallet(t)
	out := city.answer(t, bob, p, ActionSignUp)
	params := p.authorities[city.public.Authority.String()]
	params.Key = impostor.Public().Bytes()
	p.authorities[city.public.Authority.String()] = params
	if _, _, err := p.SignUp(t.Context(), out, nil); !errors.Is(err, ErrIssuer) {
		t.Errorf("got %v for another key than the pinned one, want ErrIssuer", err)
	}
}

// forgeRequest makes a platform sign another request than it would.
func forgeRequest(tb testing.TB, p *Platform, change func(m map[string]any)) []byte {
	tb.Helper()
	b, err := p.Request(tb.Context(), ActionSignUp, nil)
	fatal(tb, err)
	m := payload(tb, b)
	change(m)
	return forge(tb, requestType, p.signer, p.method, m)
}

// TestLogInAsAnother: a log-in is good only by the key of the account that it names.
func TestLogInAsAnother(t *testing.T) {
	city := newTown(t)
	p, alice, bob := city.platform(t), city.wallet(t), city.wallet(t)
	a := city.signUp(t, alice, p)
	city.signUp(t, bob, p)
	bobs, err := bob.wallet.holder(t.Context(), p.DID(), 0)
	fatal(t, err)
	members := func() map[string]any { return payload(t, city.answer(t, bob, p, ActionLogIn)) }
	for name, c := range map[string]struct {
		response func() []byte
		want     error
	}{
		"another's account": {func() []byte {
			m := members()
			m["account"] = a.ID
			return forgeAs(t, bobs, m)
		}, ErrNotHolder},
		"another's account and DID": {func() []byte {
			m := members()
			m["account"], m["iss"] = a.ID, a.Holder.String()
			return forge(t, responseType, bobs.Authentication, a.Holder.WithFragment(realdid.PairwiseFragment), m)
		}, ErrSignature},
		"another key of the DID": {func() []byte {
			m := members()
			m["account"], m["iss"] = a.ID, a.Holder.String()
			return forge(t, responseType, bobs.Authentication, a.Holder.WithFragment("control"), m)
		}, ErrMessage},
		"no account": {func() []byte {
			m := members()
			m["account"] = strings.Repeat("a", accountIDSize)
			return forgeAs(t, bobs, m)
		}, ErrNoAccount},
		"no name of an account": {func() []byte {
			m := members()
			m["account"] = "../" + a.ID[3:]
			return forgeAs(t, bobs, m)
		}, ErrMessage},
		"the account as its holder, by another DID's key": {func() []byte {
			m := members()
			m["account"] = a.ID
			return forge(t, responseType, bobs.Authentication, a.Holder.WithFragment(realdid.PairwiseFragment), m)
		}, ErrMessage},
	} {
		for range 2 { // the second time keys may be kept
			if _, err := p.LogIn(t.Context(), c.response(), nil); !errors.Is(err, c.want) {
				t.Errorf("%s: got %v, want %v", name, err, c.want)
			}
		}
	}
	if got, err := p.LogIn(t.Context(), city.answer(t, alice, p, ActionLogIn), nil); err != nil || got.ID != a.ID {
		t.Errorf("alice herself: %v", err)
	}
}

// TestHolderForms: the pairwise DID is a did:realdid in its one long form, with one key for authentication.
func TestHolderForms(t *testing.T) {
	city := newTown(t)
	p := city.platform(t)
	h := stranger(t)
	id, err := realdid.ParseIdentifier(h.DID)
	fatal(t, err)
	alice := newKey(t)
	sign := func(d string, fragment string) error {
		m := map[string]any{"iss": d}
		method, err := did.ParseURL(d + "#" + fragment)
		if err != nil {
			return ErrMessage
		}
		b := forge(t, responseType, h.Authentication, method, m)
		token, err := parseToken(b, MaxResponseSize, responseType)
		fatal(t, err)
		_, err = p.checkHolder(t.Context(), token, method.DID(), method)
		return err
	}
	if err := sign(h.DID.String(), realdid.PairwiseFragment); err != nil {
		t.Fatal(err)
	}
	long := h.DID.String()
	other := stranger(t)
	otherID, err := realdid.ParseIdentifier(other.DID)
	fatal(t, err)
	cut := long[:strings.LastIndexByte(long, ':')+1]
	for name, d := range map[string]string{
		"short form":               id.Short().String(),
		"another's operation":      cut + encode(otherID.Genesis),
		"another's name":           otherID.Short().String() + ":" + encode(id.Genesis),
		"a domain":                 strings.Replace(long, "did:realdid:", "did:realdid:city:", 1),
		"the main domain, written": strings.Replace(long, "did:realdid:", "did:realdid:main:", 1),
		"upper case":               strings.Replace(long, id.SCID.String(), strings.ToUpper(id.SCID.String()), 1),
		"a byte more":              cut + encode(append(slices.Clone(id.Genesis), 0)),
		"a byte less":              cut + encode(id.Genesis[:len(id.Genesis)-1]),
		"no operation":             cut + "AA",
		"did:key":                  methodOfKey(alice.Public()).DID().String(),
		"too long":                 long + strings.Repeat("A", realdid.MaxLongForm),
	} {
		if err := sign(d, realdid.PairwiseFragment); !errors.Is(err, ErrMessage) {
			t.Errorf("%s: got %v, want ErrMessage", name, err)
		}
	}
	for i := range id.Genesis { // every byte of the operation counts
		changed := slices.Clone(id.Genesis)
		changed[i] ^= 1
		if err := sign(cut+encode(changed), realdid.PairwiseFragment); !errors.Is(err, ErrMessage) {
			t.Fatalf("byte %d of %d changed: got %v, want ErrMessage", i, len(changed), err)
		}
	}
	// A DID that the wallet made up, with keys of other names and purposes.
	dids, err := realdid.New(memledger.New(realdid.Reducer(), nil), nil)
	fatal(t, err)
	created, err := dids.Create(t.Context(), &realdid.CreateRequest{
		Control: realdid.OneKey(h.Control.Public()), Next: realdid.SHA256.Commit(h.Next.Public()), SingleSecret: true,
		Document: realdid.Content{VerificationMethods: []realdid.VerificationMethod{
			{Fragment: realdid.PairwiseFragment, Key: h.Authentication.Public(), Purposes: did.AssertionMethod},
			{Fragment: "other", Key: alice.Public(), Purposes: did.Authentication},
		}},
	}, h.Control)
	fatal(t, err)
	made, err := created.Operation.LongForm()
	fatal(t, err)
	if err := sign(made.String(), realdid.PairwiseFragment); !errors.Is(err, ErrMessage) {
		t.Errorf("a key for assertions: got %v, want ErrMessage", err)
	}
	h.Authentication = alice
	if err := sign(made.String(), "other"); !errors.Is(err, ErrMessage) {
		t.Errorf("a key of another name: got %v, want ErrMessage", err)
	}
	for _, fragment := range []string{"control", "other", "Auth"} {
		if err := sign(long, fragment); !errors.Is(err, ErrMessage) {
			t.Errorf("key %s: got %v, want ErrMessage", fragment, err)
		}
	}
}
