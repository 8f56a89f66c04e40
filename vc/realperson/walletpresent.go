package realperson

import (
	"context"
	"slices"

	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys/bbs"
	"github.com/realdid/realdid/vc/dataintegrity"
	"github.com/realdid/realdid/vc/dataintegrity/bbs2023"
)

// SignUp answers a request to open an account: with the pseudonym at this platform, the pairwise DID, and what the policy allows to
// show. Errors: ErrRefused; ErrMessage if the request wants another action or is over; ErrNotEnrolled, ErrNoCredential.
func (w *Wallet) SignUp(ctx context.Context, r *VerifierRequest, p Policy) ([]byte, error) {
	return w.answer(ctx, r, ActionSignUp, &p, w.signUp)
}

// LogIn answers a request to log in, by a signature of the pairwise key alone.
func (w *Wallet) LogIn(ctx context.Context, r *VerifierRequest) ([]byte, error) {
	return w.answer(ctx, r, ActionLogIn, nil, w.logIn)
}

// UseScope answers a request to use a scope once, with the next index in the person's secret order, and a DID made for this one
// response. Whatever the platform says to it, call [Wallet.ScopeUsed], unless the index stays free. Errors: those of SignUp, and
// ErrScopeExhausted.
func (w *Wallet) UseScope(ctx context.Context, r *VerifierRequest, p Policy) ([]byte, error) {
	return w.answer(ctx, r, ActionUseScope, &p, w.useScope)
}

// Rebind answers a request to bind the account to the wallet's next pairwise key, with the consent of the present one. Once the
// platform has accepted, call [Wallet.Rebound].
func (w *Wallet) Rebind(ctx context.Context, r *VerifierRequest) ([]byte, error) {
	return w.answer(ctx, r, ActionRebind, nil, w.rebind)
}

// ReportTheft answers a request to report that the present pairwise key is lost, for the wallet's next one to take its place.
func (w *Wallet) ReportTheft(ctx context.Context, r *VerifierRequest) ([]byte, error) {
	return w.answer(ctx, r, ActionReportTheft, nil, w.replaceHolder)
}

// CompleteRebind answers a request to complete what ReportTheft began, with a credential of a batch that was renewed since. Once the
// platform has accepted, call [Wallet.Rebound].
func (w *Wallet) CompleteRebind(ctx context.Context, r *VerifierRequest) ([]byte, error) {
	return w.answer(ctx, r, ActionCompleteRebind, nil, w.replaceHolder)
}

// Veto answers a request to strike out theft reports of others.
func (w *Wallet) Veto(ctx context.Context, r *VerifierRequest) ([]byte, error) {
	return w.answer(ctx, r, ActionVeto, nil, w.signUp)
}

// answer checks what holds for every request and has a response made. policy is nil for the actions that show nothing by choice.
func (w *Wallet) answer(
	ctx context.Context, r *VerifierRequest, action Action, policy *Policy, respond func(context.Context, *VerifierRequest, *response) ([]byte, error),
) ([]byte, error) {
	fail := func(err error) ([]byte, error) { return nil, during(action, err) }
	if r == nil || r.parsed == nil || r.parsed.action != action {
		return fail(refuse(ErrMessage, "the request wants another action"))
	}
	now := w.now()
	if err := checkLife(r.parsed, now); err != nil {
		return fail(err)
	}
	if err := checkReveal(r, policy); err != nil {
		return fail(err)
	}
	b, err := respond(ctx, r, &response{ // the time is that of the request: how far this clock is off would be the same at all platforms
		platform: r.parsed.platform, nonce: r.parsed.nonce, issued: r.parsed.issued, action: action, session: r.parsed.session, scope: r.parsed.scope,
	})
	if err != nil {
		return fail(err)
	}
	return b, nil
}

// checkReveal asks the policy. What proves when a credential was issued is part of the actions about a theft, and nothing more is.
func checkReveal(r *VerifierRequest, policy *Policy) error {
	reveal := r.parsed.reveal
	switch {
	case policy != nil:
		return policy.check(r.platform, reveal)
	case r.parsed.action.showsIssuedEpoch() && slices.Equal(reveal, []string{PointerIssuedEpoch}):
		return nil
	}
	return Policy{RevealToAll: []string{PointerIssuedEpoch}}.check(r.platform, reveal)
}

// signUp answers with the present key.
func (w *Wallet) signUp(ctx context.Context, r *VerifierRequest, resp *response) ([]byte, error) {
	h, err := w.holder(ctx, r.platform, 0)
	if err != nil {
		return nil, err
	}
	return w.prove(ctx, r, resp, h)
}

func (w *Wallet) logIn(ctx context.Context, r *VerifierRequest, resp *response) ([]byte, error) {
	h, err := w.holder(ctx, r.platform, 0)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	nyms := w.nyms
	w.mu.Unlock()
	if nyms == nil {
		return nil, ErrNotEnrolled
	}
	authority, err := canonicalDID(w.authority.Authority)
	if err != nil {
		return nil, err
	}
	pseudonym, err := bbs.SHA256.Pseudonym(accountContext(authority, r.platform), nyms)
	if err != nil {
		return nil, err
	}
	resp.account, resp.holder = accountID(authority, pseudonym), h.DID
	return resp.sign(ctx, nil, h.Authentication, h.DID.WithFragment(realdid.PairwiseFragment))
}

func (w *Wallet) useScope(ctx context.Context, r *VerifierRequest, resp *response) ([]byte, error) {
	h, err := pairwise(ctx, realdid.NewSeed(), "scope", r.platform)
	if err != nil {
		return nil, err
	}
	if _, err := w.present(w.now()); err != nil {
		return nil, err
	}
	if resp.index, err = w.nextIndex(r); err != nil {
		return nil, err
	}
	return w.prove(ctx, r, resp, h)
}

func (w *Wallet) rebind(ctx context.Context, r *VerifierRequest, resp *response) ([]byte, error) {
	present, err := w.holder(ctx, r.platform, 0)
	if err != nil {
		return nil, err
	}
	next, err := w.holder(ctx, r.platform, 1)
	if err != nil {
		return nil, err
	}
	c := &consent{holder: present.DID, platform: resp.platform, nonce: resp.nonce, next: next.DID}
	resp.consent, err = signMessage(ctx, c.members(), consentType, present.Authentication, present.DID.WithFragment(realdid.PairwiseFragment))
	if err != nil {
		return nil, err
	}
	return w.prove(ctx, r, resp, next)
}

// replaceHolder answers with the key that is to be the account's.
func (w *Wallet) replaceHolder(ctx context.Context, r *VerifierRequest, resp *response) ([]byte, error) {
	h, err := w.holder(ctx, r.platform, 1)
	if err != nil {
		return nil, err
	}
	return w.prove(ctx, r, resp, h)
}

// prove completes a response with a credential that shows what the request asks for, and the pseudonym of its context.
func (w *Wallet) prove(ctx context.Context, r *VerifierRequest, resp *response, h *realdid.Pairwise) ([]byte, error) {
	s, err := w.present(w.now())
	if err != nil {
		return nil, err
	}
	authority, err := canonicalDID(w.authority.Authority)
	if err != nil {
		return nil, err
	}
	about := accountContext(authority, r.platform)
	if resp.scope != nil {
		about = scopeContext(authority, r.platform, resp.scope, resp.index)
	}
	resp.holder = h.DID
	suite := bbs2023.Suite{
		Holder:             &bbs2023.Holder{Nyms: s.nyms, Blind: s.credential.blind, ContextID: about},
		PresentationHeader: resp.presentationHeader(r.platform),
	}
	derived, err := derive(ctx, s.credential.base, suite, r.parsed.reveal)
	if err != nil {
		return nil, err
	}
	return resp.sign(ctx, derived, h.Authentication, h.DID.WithFragment(realdid.PairwiseFragment))
}

// derive shows a part of a base credential, in canonical form, and makes sure that it says nothing else: what an issuer put into one
// person's credential alone would tell who it is.
func derive(ctx context.Context, base []byte, suite bbs2023.Suite, reveal []string) ([]byte, error) {
	c, err := dataintegrity.ParseCredential(base, suiteOptions(suite))
	if err != nil {
		return nil, err
	}
	d, err := c.Derive(ctx, reveal, &dataintegrity.DeriveOptions{Cryptosuite: suite})
	if err != nil {
		return nil, err
	}
	v, err := strictjson.Parse(d.Bytes(), messageLimits)
	if err != nil {
		return nil, err
	}
	b := strictjson.AppendCanonical(nil, v)
	shown, err := readShown(b)
	if err != nil {
		return nil, err
	}
	if !shown.shows(reveal) {
		return nil, refuse(ErrMessage, "the credential would show other claims than were asked for")
	}
	return b, nil
}
