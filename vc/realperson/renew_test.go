package realperson

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys/bbs"
	"github.com/realdid/realdid/vc/dataintegrity/bbs2023"
)

// The thief has the whole old phone: the wallet and its DID key. Once the DID is rotated, the thief gets no more credentials.
func TestRenewalWithOldKeyRefused(t *testing.T) {
	o := newOffice(t)
	s := o.somebody(t, "1")
	o.enrol(t, s)
	backup, err := s.wallet.Backup()
	fatal(t, err)
	thief, old := s.wallet, s.Citizen
	fresh := o.rotate(t, s)
	o.nextEpoch()
	_, err = o.renew(t, thief, old, s.claims)
	wantError(t, err, ErrCitizen)

	// An answer from before the rotation is too old to count.
	frozen := o.config
	frozen.Keys = staleKeys{o, o.now.Add(-DefaultCitizenAge - time.Second)}
	a, err := NewAuthority(&frozen)
	fatal(t, err)
	b, err := thief.RenewalRequest(t.Context(), fresh, a.Challenge())
	fatal(t, err)
	_, err = a.Renew(t.Context(), b, s.claims)
	wantUnknown(t, err)

	// The owner goes on with the backup and the new key.
	restored, err := RestoreWallet(backup, &WalletOptions{Now: o.clock})
	fatal(t, err)
	issued, err := o.renew(t, restored, fresh, s.claims)
	fatal(t, err)
	fatal(t, restored.FinishRenewal(t.Context(), issued.Response))
}

// Another wallet's secrets are not renewed on a person's record.
func TestRenewalOfOtherSecretsRefused(t *testing.T) {
	o := newOffice(t)
	s, other := o.somebody(t, "1"), o.somebody(t, "2")
	o.enrol(t, s)
	o.enrol(t, other)
	o.nextEpoch()

	// The other person's wallet on this person's record, under this person's DID.
	other.wallet.record = s.wallet.record
	_, err := o.renew(t, other.wallet, s.Citizen, s.claims)
	wantError(t, err, ErrOtherSecrets)

	// This person's credential, to show the right pseudonym, and a commitment to new secrets.
	w := s.wallet
	right, prover, commitment, blind := w.nyms, w.prover, w.commitment, w.blind
	w.prover, err = bbs.NewNymSecrets(NymCount)
	fatal(t, err)
	w.commitment, w.blind, err = bbs.SHA256.NymCommit(nil, w.prover)
	fatal(t, err)
	_, err = o.renew(t, w, s.Citizen, s.claims)
	wantError(t, err, ErrOtherSecrets)
	w.commitment, w.blind = commitment, blind // the proof is made for the stored commitment, and cannot be true
	_, err = o.renew(t, w, s.Citizen, s.claims)
	wantError(t, err, ErrOtherSecrets)

	w.prover, w.nyms = prover, right
	credentials := w.credentials
	w.nyms, w.credentials = other.wallet.nyms, other.wallet.credentials // another person's pseudonym, and the right commitment
	_, err = o.renew(t, w, s.Citizen, s.claims)
	wantError(t, err, ErrOtherSecrets)

	w.nyms, w.credentials = right, credentials
	_, err = o.renew(t, w, s.Citizen, s.claims)
	fatal(t, err)
}

// What a wallet shows the authority is a credential of its own, of one epoch and with its key, and nothing more.
func TestHeldCredential(t *testing.T) {
	o := newOffice(t)
	s := o.somebody(t, "1")
	o.enrol(t, s)
	b, err := s.wallet.ActivationRequest(t.Context(), s.Citizen, o.authority.Challenge())
	fatal(t, err)
	r, err := parseHeld(b, activationType)
	fatal(t, err)
	h := s.wallet.credentials[0]
	talkative, err := derive(t.Context(), h.base, bbs2023.Suite{
		Holder:             &bbs2023.Holder{Nyms: s.wallet.nyms, Blind: h.blind, ContextID: authorityContext(s.wallet.authority.Authority)},
		PresentationHeader: r.header(),
	}, []string{PointerGeneration})
	fatal(t, err)
	v, err := strictjson.Parse(talkative, messageLimits)
	fatal(t, err)
	wantError(t, o.authority.Activate(t.Context(), resign(t, s.Citizen, b, activationType, func(m map[string]any) { m["credential"] = v })), ErrMessage)

	config := o.config
	o.config.Epochs.Length = 24 * time.Hour
	o.authority = o.open(t)
	wantError(t, o.activate(t, s.wallet, s.Citizen), ErrMessage)
	o.config = config
	o.config.Method = o.config.Method.DID().WithFragment("bbs-2") // the same key, and not known by this name
	o.authority = o.open(t)
	wantInvalid(t, o.activate(t, s.wallet, s.Citizen))
	o.config = config
	o.authority = o.open(t)
	fatal(t, o.activate(t, s.wallet, s.Citizen))
}

// What is no commitment or proof is refused before anything is computed.
func TestHeldForms(t *testing.T) {
	o := newOffice(t)
	s := o.somebody(t, "1")
	o.enrol(t, s)
	b, err := s.wallet.RenewalRequest(t.Context(), s.Citizen, o.authority.Challenge())
	fatal(t, err)
	fewer, err := bbs.NewNymSecrets(NymCount - 1)
	fatal(t, err)
	small, _, err := bbs.SHA256.NymCommit(nil, fewer)
	fatal(t, err)
	for name, change := range map[string]func(m map[string]any){
		"fewer secrets":     func(m map[string]any) { m["commitment"] = encode(small) },
		"part of one":       func(m map[string]any) { m["commitment"] = encode(small[:len(small)-1]) },
		"no base64":         func(m map[string]any) { m["same"] = "!" },
		"no proof":          func(m map[string]any) { m["same"] = "" },
		"no record":         func(m map[string]any) { m["record"] = 7 },
		"another member":    func(m map[string]any) { m["x"] = 1 },
		"credential a text": func(m map[string]any) { m["credential"] = "x" },
	} {
		_, err := o.authority.Renew(t.Context(), resign(t, s.Citizen, b, renewalType, change), s.claims)
		if !errors.Is(err, ErrMessage) {
			t.Errorf("%s: got %v, want ErrMessage", name, err)
		}
	}
}

// The proof that secrets are the same is for one request only.
func TestSameProofOfAnotherRequest(t *testing.T) {
	o := newOffice(t)
	s := o.somebody(t, "1")
	o.enrol(t, s)
	request := func(change func(m map[string]any)) []byte {
		b, err := s.wallet.RenewalRequest(t.Context(), s.Citizen, o.authority.Challenge())
		fatal(t, err)
		return resign(t, s.Citizen, b, renewalType, change)
	}
	first := payloadOf(t, request(func(map[string]any) {}))
	_, err := o.authority.Renew(t.Context(), request(func(m map[string]any) { m["same"] = first["same"] }), s.claims)
	wantError(t, err, ErrOtherSecrets)
	_, err = o.authority.Renew(t.Context(), request(func(m map[string]any) { m["commitment"], m["same"] = first["commitment"], first["same"] }), s.claims)
	wantInvalid(t, err) // the credential's proof is for the other commitment
	_, err = o.authority.Renew(t.Context(), request(func(m map[string]any) { m["credential"] = first["credential"] }), s.claims)
	wantInvalid(t, err)
	_, err = o.authority.Renew(t.Context(), request(func(m map[string]any) { m["commitment"] = encode(s.wallet.commitment) }), s.claims)
	wantInvalid(t, err)
	_, err = o.authority.Renew(t.Context(), request(func(map[string]any) {}), s.claims)
	fatal(t, err)
}

// An activation is no renewal, and a renewal needs one.
func TestRenewalNeedsActivation(t *testing.T) {
	o := newOffice(t)
	s := o.somebody(t, "1")
	issued, err := o.authority.Enrol(t.Context(), o.request(t, s), s.evidence)
	fatal(t, err)
	fatal(t, s.wallet.FinishEnrolment(t.Context(), issued.Response))
	_, err = o.renew(t, s.wallet, s.Citizen, s.claims)
	wantError(t, err, ErrNotActivated)
	o.now = o.now.Add(100 * 24 * time.Hour) // long after the batch has ended
	fatal(t, o.activate(t, s.wallet, s.Citizen))
	_, err = o.renew(t, s.wallet, s.Citizen, s.claims)
	fatal(t, err)

	b, err := s.wallet.ActivationRequest(t.Context(), s.Citizen, o.authority.Challenge())
	fatal(t, err)
	_, err = o.authority.Renew(t.Context(), b, s.claims)
	wantError(t, err, ErrMessage)
	b, err = s.wallet.RenewalRequest(t.Context(), s.Citizen, o.authority.Challenge())
	fatal(t, err)
	wantError(t, o.authority.Activate(t.Context(), b), ErrMessage)
}

// Nobody can put another pseudonym on a record that has one, or activate a record with another person's secrets.
func TestActivationOfOtherSecretsRefused(t *testing.T) {
	o := newOffice(t)
	s, other := o.somebody(t, "1"), o.somebody(t, "2")
	o.enrol(t, s)
	o.enrol(t, other)
	other.wallet.record = s.wallet.record
	wantError(t, o.activate(t, other.wallet, s.Citizen), ErrOtherSecrets)
	wantError(t, o.activate(t, s.wallet, other.Citizen), ErrNotCitizen)
	s.wallet.nyms, s.wallet.credentials = other.wallet.nyms, other.wallet.credentials // another person's pseudonym, and the right commitment
	wantError(t, o.activate(t, s.wallet, s.Citizen), ErrOtherSecrets)
}

func TestRenewalOfNobody(t *testing.T) {
	o := newOffice(t)
	s := o.somebody(t, "1")
	o.enrol(t, s)
	s.wallet.record = "00" + s.wallet.record[2:]
	_, err := o.renew(t, s.wallet, s.Citizen, s.claims)
	wantError(t, err, ErrNoRecord)
	s.wallet.record = "0" + s.wallet.record[2:]
	_, err = o.renew(t, s.wallet, s.Citizen, s.claims)
	wantError(t, err, ErrMessage)
}

func TestRenewalReplayed(t *testing.T) {
	o := newOffice(t)
	s := o.somebody(t, "1")
	o.enrol(t, s)
	b, err := s.wallet.RenewalRequest(t.Context(), s.Citizen, o.authority.Challenge())
	fatal(t, err)
	_, err = o.authority.Renew(t.Context(), b, s.claims)
	fatal(t, err)
	_, err = o.authority.Renew(t.Context(), b, s.claims)
	wantError(t, err, ErrReplayed)
}

// A credential of another authority proves nothing here, whatever it says of itself.
func TestCredentialOfAnotherAuthority(t *testing.T) {
	o := newOffice(t)
	forger := newOffice(t, func(c *AuthorityConfig) { c.Keys = o.resolver }) // the same names and another key
	s := o.somebody(t, "1")
	o.enrol(t, s)
	forged := *s
	forged.wallet = forger.wallet(t)
	forger.enrol(t, &forged)
	forged.wallet.record = s.wallet.record
	_, err := o.renew(t, forged.wallet, s.Citizen, s.claims)
	wantInvalid(t, err)

	_, err = s.wallet.Backup()
	fatal(t, err)
	wantError(t, o.wallet(t).FinishEnrolment(t.Context(), []byte(`{}`)), ErrBatch)
	w := o.wallet(t)
	_, err = w.EnrolmentRequest(t.Context(), s.Citizen, "x")
	fatal(t, err)
	issued, err := forger.authority.Enrol(t.Context(), forger.request(t, forger.stranger(t, o, w, "3")), s.evidenceOf("3"))
	fatal(t, err)
	wantError(t, w.FinishEnrolment(t.Context(), issued.Response), ErrBatch)
}

// A renewal fails when the claims cannot be looked up, or are not those of everybody.
func TestRenewalClaims(t *testing.T) {
	o := newOffice(t)
	s := o.somebody(t, "1")
	o.enrol(t, s)
	away := errors.New("the register is away")
	b, err := s.wallet.RenewalRequest(t.Context(), s.Citizen, o.authority.Challenge())
	fatal(t, err)
	_, err = o.authority.Renew(t.Context(), b, func(context.Context, string) (map[string]any, error) { return nil, away })
	wantError(t, err, away)
	_, err = o.authority.Renew(t.Context(), b, s.claims) // it was not the request's fault
	fatal(t, err)
	_, err = o.renew(t, s.wallet, s.Citizen, func(context.Context, string) (map[string]any, error) { return map[string]any{}, nil })
	wantError(t, err, ErrEvidence)
	_, err = o.renew(t, s.wallet, s.Citizen, nil)
	wantError(t, err, ErrEvidence)
	var record string
	_, err = o.renew(t, s.wallet, s.Citizen, func(_ context.Context, r string) (map[string]any, error) {
		record = r
		return s.evidence.Claims, nil
	})
	fatal(t, err)
	if record != s.wallet.record {
		t.Errorf("claims were asked for record %q, want %q", record, s.wallet.record)
	}
}

// An authority takes another key. Wallets renew under it, and their pseudonyms stay.
func TestAuthorityChangesKey(t *testing.T) {
	o := newOffice(t)
	s := o.somebody(t, "1")
	o.enrol(t, s)
	before, former := pseudonym(t, s.wallet, somePlatform), o.authority.Parameters()
	second, err := bbs.Generate()
	fatal(t, err)
	o.config.Signer, o.config.Method = second, former.Authority.WithFragment("bbs-2")
	o.authority = o.open(t)
	_, err = o.renew(t, s.wallet, s.Citizen, s.claims)
	wantInvalid(t, err) // the former key is not known

	o.config.Former = []Parameters{former}
	o.authority = o.open(t)
	issued, err := o.renew(t, s.wallet, s.Citizen, s.claims)
	fatal(t, err)
	wantError(t, s.wallet.FinishRenewal(t.Context(), issued.Response), ErrMarked)
	other := o.authority.Parameters()
	other.Method = other.Authority.WithFragment("bbs-3")
	wantError(t, s.wallet.FinishRenewalUnder(t.Context(), issued.Response, other), ErrMarked)
	other.Authority = did.MustParse("did:example:other")
	other.Method = other.Authority.WithFragment("bbs-2")
	wantError(t, s.wallet.FinishRenewalUnder(t.Context(), issued.Response, other), ErrBatch) // before anything in it is looked at
	fatal(t, s.wallet.FinishRenewalUnder(t.Context(), issued.Response, o.authority.Parameters()))
	if pseudonym(t, s.wallet, somePlatform) != before {
		t.Error("the pseudonym has changed with the authority's key")
	}
	if got := s.wallet.Authority(); got.Method != o.config.Method {
		t.Errorf("the wallet has method %v, want %v", got.Method, o.config.Method)
	}
	_, err = o.renew(t, s.wallet, s.Citizen, s.claims)
	fatal(t, err)
}
