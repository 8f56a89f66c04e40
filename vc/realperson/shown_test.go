package realperson

import (
	"errors"
	"maps"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys/bbs"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
	"github.com/realdid/realdid/vc/dataintegrity/bbs2023"
)

// signUpWith gives a wallet one credential that says anything, and signs up with it.
func (t *town) signUpWith(tb testing.TB, p *Platform, policy Policy, change func(credential map[string]any)) error {
	tb.Helper()
	c := t.wallet(tb)
	start := t.public.Epochs.Start(t.clock)
	credential := t.public.credential(&statement{start: start, issued: start, generation: 2, claims: c.claims})
	change(credential)
	c.wallet.credentials = []held{{start: start, base: t.sign(tb, c.wallet, credential).Bytes(), blind: c.wallet.blind}}
	r := t.ask(tb, c.wallet, p, ActionSignUp, nil)
	b, err := c.wallet.SignUp(tb.Context(), r, policy)
	if err != nil {
		return err
	}
	_, _, err = p.SignUp(tb.Context(), b, nil)
	return err
}

// TestIdentifyingMembers: an authority that writes something into one person's credential that tells it from all others: the wallet does not
// show it, or the platform does not take it.
func TestIdentifyingMembers(t *testing.T) {
	city := newTown(t)
	p := city.platform(t)
	start := city.public.Epochs.Start(city.clock)
	for name, c := range map[string]struct {
		change func(m map[string]any)
		want   error
	}{
		"nothing":            {func(map[string]any) {}, nil},
		"an end of its own":  {func(m map[string]any) { m["validUntil"] = formatTime(start.Add(defaultEpoch + time.Second)) }, ErrMessage},
		"two epochs":         {func(m map[string]any) { m["validUntil"] = formatTime(start.Add(2 * defaultEpoch)) }, ErrMessage},
		"a start of its own": {func(m map[string]any) { m["validFrom"] = formatTime(start.Add(time.Second)) }, ErrMessage},
		"an earlier start":   {func(m map[string]any) { m["validFrom"] = formatTime(start.Add(-defaultEpoch)) }, ErrMessage},
		"another spelling of the same date": {func(m map[string]any) {
			m["validUntil"] = start.Add(defaultEpoch).In(time.FixedZone("", 3600)).Format(time.RFC3339)
		}, ErrMessage},
		"fractions of a second": {func(m map[string]any) {
			m["validUntil"] = start.Add(defaultEpoch).Format("2006-01-02T15:04:05.000Z")
		}, ErrMessage},
		"an id of its own":     {func(m map[string]any) { m["id"] = "urn:uuid:7cd5ec98-0dcd-4f2c-b1a5-8a4e7f3a2c11" }, ErrMessage},
		"a subject of its own": {func(m map[string]any) { subject(m)["id"] = "did:example:alice" }, ErrMessage},
		"a type more": {func(m map[string]any) {
			m["type"] = []any{"VerifiableCredential", CredentialType, "VerifiablePresentation"}
		}, ErrMessage},
		"an issuer with more members": {func(m map[string]any) { m["issuer"] = map[string]any{"id": city.public.Authority.String()} }, ErrMessage},
		"a context more": {func(m map[string]any) {
			m["@context"] = []any{credentialsContext, ContextURL, "https://www.w3.org/ns/credentials/examples/v2"}
		}, vc.ErrInvalid},
		"a schema": {func(m map[string]any) {
			m["credentialSchema"] = map[string]any{"id": "https://authority.example/7", "type": "JsonSchema"}
		}, ErrMessage},
		"a status": {func(m map[string]any) {
			m["credentialStatus"] = map[string]any{
				"id": "https://authority.example/status#94567", "type": "BitstringStatusListEntry",
				"statusPurpose": "revocation", "statusListIndex": "94567", "statusListCredential": "https://authority.example/status",
			}
		}, ErrMessage},
		"escrowed": {func(m map[string]any) { subject(m)[memberOpeningMode] = string(Escrowed) }, ErrEscrowUnavailable},
		"no mode":  {func(m map[string]any) { subject(m)[memberOpeningMode] = "open" }, nil},
	} {
		err := city.signUpWith(t, p, Policy{}, c.change)
		if c.want == nil && name != "no mode" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

// TestWalletShowsNoMark: a wallet with a credential that would show more than those of others shows nothing, whoever asks.
func TestWalletShowsNoMark(t *testing.T) {
	city := newTown(t)
	p := city.platform(t)
	start := city.public.Epochs.Start(city.clock)
	for name, c := range map[string]struct {
		mandatory []string
		change    func(m map[string]any)
	}{
		"nothing":            {mandatory(), func(map[string]any) {}},
		"a claim always":     {append(mandatory(), subjectPointer+"residentOf"), func(map[string]any) {}},
		"its generation":     {append(mandatory(), PointerGeneration), func(map[string]any) {}},
		"an id of its own":   {mandatory(), func(m map[string]any) { m["id"] = "urn:uuid:7cd5ec98-0dcd-4f2c-b1a5-8a4e7f3a2c11" }},
		"an issuer's name":   {mandatory(), func(m map[string]any) { m["issuer"] = map[string]any{"id": city.public.Authority.String()} }},
		"a date of its kind": {mandatory(), func(m map[string]any) { m["validUntil"] = start.Add(defaultEpoch).Format("2006-01-02T15:04:05.000Z") }},
	} {
		alice := city.wallet(t)
		w := alice.wallet
		credential := city.public.credential(&statement{start: start, issued: start, claims: alice.claims})
		c.change(credential)
		base, err := dataintegrity.Issue(t.Context(), dataintegrity.Issuer{Signer: city.issuer, Method: city.public.Method}, credential,
			&dataintegrity.IssueOptions{
				Cryptosuite: bbs2023.Suite{Mandatory: c.mandatory, Commitment: &bbs2023.Commitment{WithProof: w.commitment, N: NymCount, Entropy: w.entropy}},
				Undated:     true, Contexts: Contexts(),
			})
		fatal(t, err)
		w.credentials = []held{{start: start, base: base.Bytes(), blind: w.blind}}
		_, err = w.SignUp(t.Context(), city.ask(t, w, p, ActionSignUp, nil), Policy{})
		if want := name == "nothing"; (err == nil) != want || !want && !errors.Is(err, ErrMessage) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestValidity: a credential of another epoch is refused, whoever's clock it is that is wrong.
func TestValidity(t *testing.T) {
	city := newTown(t)
	alice := city.wallet(t)
	p := city.platform(t, func(c *PlatformConfig) { c.RequestAge = time.Hour })
	city.clock = city.public.Epochs.End(city.clock).Add(-30 * time.Second)
	b := city.answer(t, alice, p, ActionSignUp)
	later := city.answer(t, alice, p, ActionSignUp)
	city.later(30 * time.Second) // the boundary itself
	_, _, err := p.SignUp(t.Context(), b, nil)
	if vc.Code(err) != "vc.time.expired" {
		t.Errorf("got %v at the end of the epoch, want expired", err)
	}
	city.later(-time.Second)
	if _, _, err := p.SignUp(t.Context(), later, nil); err != nil {
		t.Errorf("a second before: %v", err)
	}
	// The wallet's clock is an epoch ahead.
	bob := city.wallet(t)
	r := city.ask(t, bob.wallet, p, ActionSignUp, nil)
	bob.wallet.credentials[0].base = bob.wallet.credentials[1].base
	b, err = bob.wallet.SignUp(t.Context(), r, Policy{})
	fatal(t, err)
	city.later(-10 * time.Minute)
	r2 := city.ask(t, bob.wallet, p, ActionSignUp, nil)
	b2, err := bob.wallet.SignUp(t.Context(), r2, Policy{})
	fatal(t, err)
	if _, _, err := p.SignUp(t.Context(), b2, nil); vc.Code(err) != "vc.time.notyet" {
		t.Errorf("got %v before the epoch, want notyet", err)
	}
	_ = b
	bob.wallet.credentials = nil
	_, err = bob.wallet.SignUp(t.Context(), r2, Policy{})
	wantError(t, err, ErrNoCredential)
	fresh, err := NewWallet(city.public, &WalletOptions{Now: city.now})
	fatal(t, err)
	_, err = fresh.SignUp(t.Context(), r2, Policy{})
	wantError(t, err, ErrNotEnrolled)
	_, err = fresh.LogIn(t.Context(), city.ask(t, fresh, p, ActionLogIn, nil))
	wantError(t, err, ErrNotEnrolled)
}

// TestIssuedEpoch: the epoch of issuance that a response about a theft shows is a boundary, and not after the credential's own.
func TestIssuedEpoch(t *testing.T) {
	city := newTown(t)
	p, alice := city.platform(t), city.wallet(t)
	city.signUp(t, alice, p)
	start := city.public.Epochs.Start(city.clock)
	for name, issued := range map[string]string{
		"not a boundary":  formatTime(start.Add(-time.Second)),
		"after its epoch": formatTime(start.Add(defaultEpoch)),
		"other spelling":  start.In(time.FixedZone("", 3600)).Format(time.RFC3339),
	} {
		credential := city.public.credential(&statement{start: start, issued: start, claims: alice.claims})
		subject(credential)[memberIssuedEpoch] = issued
		alice.wallet.credentials = []held{{start: start, base: city.sign(t, alice.wallet, credential).Bytes(), blind: alice.wallet.blind}}
		_, _, err := p.Veto(t.Context(), city.answer(t, alice, p, ActionVeto), nil)
		if !errors.Is(err, ErrMessage) {
			t.Errorf("%s: got %v, want ErrMessage", name, err)
		}
	}
}

// TestNoIssuedEpoch: what is not a date of this profile is none, also with epochs so short that every minute is a boundary.
func TestNoIssuedEpoch(t *testing.T) {
	params := &Parameters{Epochs: Epochs{Length: time.Minute}}
	c := &shown{from: day(2)}
	for name, claims := range map[string]map[string]any{
		"none": {}, "no text": {memberIssuedEpoch: 1}, "no date": {memberIssuedEpoch: "yesterday"}, "year 1": {memberIssuedEpoch: "0001-01-01T00:00:00Z"},
	} {
		if _, err := issuedEpoch(claims, c, params); !errors.Is(err, ErrMessage) {
			t.Errorf("%s: got %v, want ErrMessage", name, err)
		}
	}
	if got, err := issuedEpoch(map[string]any{memberIssuedEpoch: formatTime(day(1))}, c, params); err != nil || !got.Equal(day(1)) {
		t.Errorf("got %v, %v", got, err)
	}
}

// TestSamePerson: whatever credential a person shows, of which epoch, batch or phone, a platform knows them again; and two people never are
// one.
func TestSamePerson(t *testing.T) {
	city := newTown(t)
	p, alice := city.platform(t), city.wallet(t)
	city.signUp(t, alice, p)
	again := func(name string) {
		t.Helper()
		_, _, err := p.SignUp(t.Context(), city.answer(t, alice, p, ActionSignUp), nil)
		if !errors.Is(err, ErrAccountExists) {
			t.Errorf("%s: got %v, want ErrAccountExists", name, err)
		}
	}
	city.nextEpoch()
	again("the next credential of the batch")
	city.renew(t, alice)
	again("a new batch")
	alice.claims["residentOf"] = "BE"
	city.renew(t, alice)
	again("other claims")
	phone, err := NewWallet(city.public, &WalletOptions{Now: city.now}) // with another seed, and another secret of scopes
	fatal(t, err)
	old := alice.wallet
	phone.prover, phone.blind, phone.commitment, phone.entropy, phone.nyms = old.prover, old.blind, old.commitment, old.entropy, old.nyms
	alice.wallet = phone
	city.renew(t, alice)
	again("another phone")
	// A commitment that is made anew for the same secrets, as for every renewal.
	commitment, blind, err := bbs.SHA256.NymCommit(nil, phone.prover)
	fatal(t, err)
	phone.commitment, phone.blind = commitment, blind
	city.renew(t, alice)
	again("another commitment")
}

// TestTwoPhones: a person signs up from two phones at once, and has one account.
func TestTwoPhones(t *testing.T) {
	city := newTown(t)
	p, alice := city.platform(t), city.wallet(t)
	responses := [][]byte{city.answer(t, alice, p, ActionSignUp)}
	alice.wallet.records.holders = map[did.DID]holderRecord{p.DID(): {number: 7}}
	responses = append(responses, city.answer(t, alice, p, ActionSignUp))
	done := make(chan error)
	for _, b := range responses {
		go func() {
			_, _, err := p.SignUp(t.Context(), b, nil)
			done <- err
		}()
	}
	first, second := <-done, <-done
	if (first == nil) == (second == nil) || !errors.Is(errors.Join(first, second), ErrAccountExists) {
		t.Errorf("got %v and %v, want one account and ErrAccountExists", first, second)
	}
}

// TestShownMembers: every member of what is shown is needed, and no other is taken.
func TestShownMembers(t *testing.T) {
	city := newTown(t)
	alice := city.wallet(t)
	good := credentialOf(payload(t, city.answer(t, alice, city.platform(t), ActionSignUp)))
	if _, err := readShown(encodeJSON(t, good)); err != nil {
		t.Fatal(err)
	}
	check := func(name string, change func(m map[string]any)) {
		t.Helper()
		m := decodeJSON(t, encodeJSON(t, good))
		change(m)
		if _, err := readShown(encodeJSON(t, m)); !errors.Is(err, ErrMessage) {
			t.Errorf("%s: got %v, want ErrMessage", name, err)
		}
	}
	for member := range maps.Keys(good) {
		check("without "+member, func(m map[string]any) { delete(m, member) })
		check(member+" null", func(m map[string]any) { m[member] = nil })
		check(member+" twice", func(m map[string]any) { m[member] = []any{m[member], m[member]} })
	}
	for member := range maps.Keys(proofOf(good)) {
		check("without proof "+member, func(m map[string]any) { delete(proofOf(m), member) })
	}
	for name, change := range map[string]func(m map[string]any){
		"a name":           func(m map[string]any) { m["name"] = "x" },
		"a proof more":     func(m map[string]any) { m["proof"] = []any{m["proof"], m["proof"]} },
		"created":          func(m map[string]any) { proofOf(m)["created"] = "2026-11-18T12:00:00Z" },
		"a nonce":          func(m map[string]any) { proofOf(m)["nonce"] = "x" },
		"another suite":    func(m map[string]any) { proofOf(m)["cryptosuite"] = "ecdsa-sd-2023" },
		"another purpose":  func(m map[string]any) { proofOf(m)["proofPurpose"] = "authentication" },
		"another proof":    func(m map[string]any) { proofOf(m)["type"] = "Ed25519Signature2020" },
		"two subjects":     func(m map[string]any) { m["credentialSubject"] = []any{subject(m), subject(m)} },
		"an object":        func(m map[string]any) { subject(m)["residentOf"] = map[string]any{"@value": "FR"} },
		"a list":           func(m map[string]any) { subject(m)["residentOf"] = []any{"FR"} },
		"null":             func(m map[string]any) { subject(m)["residentOf"] = nil },
		"a name with dots": func(m map[string]any) { subject(m)["a.b"] = "FR" },
		"a keyword":        func(m map[string]any) { subject(m)["@id"] = "x" },
		"contexts swapped": func(m map[string]any) { m["@context"] = []any{ContextURL, credentialsContext} },
		"types swapped":    func(m map[string]any) { m["type"] = []any{CredentialType, "VerifiableCredential"} },
		"a subject type":   func(m map[string]any) { subject(m)["type"] = []any{"Person"} },
		"no mode":          func(m map[string]any) { delete(subject(m), memberOpeningMode) },
		"no subject id":    func(m map[string]any) { delete(subject(m), "id") },
	} {
		check(name, change)
	}
}
