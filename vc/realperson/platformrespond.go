package realperson

import (
	"context"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/vc"
)

// SignUp verifies a response to a sign-up and opens the account. session is that of the request. Errors: ErrAccountExists; ErrMessage and
// ErrSignature; ErrNonce, ErrReplayed, ErrBusy; ErrIssuer; ErrPolicy; a *vc.Fault that is vc.ErrInvalid, or vc.ErrUnknown if the authority's
// key could not be had; those of the ledger. The report, if not nil, says how the credential was verified.
func (p *Platform) SignUp(ctx context.Context, response, session []byte) (*Account, *vc.Report, error) {
	return p.event(ctx, ActionSignUp, response, session)
}

// Rebind gives an account another pairwise key, at once: the present key consents. Errors: those of SignUp; ErrNoAccount, ErrNotHolder,
// ErrStaleCredential.
func (p *Platform) Rebind(ctx context.Context, response, session []byte) (*Account, *vc.Report, error) {
	return p.event(ctx, ActionRebind, response, session)
}

// ReportTheft records that a person calls the account's key lost and wants another one to take its place. The platform should tell the
// present key's holder, who can [Platform.Veto]. Errors: those of SignUp; ErrNoAccount, ErrStaleCredential, ErrVetoed, ErrManyReports.
func (p *Platform) ReportTheft(ctx context.Context, response, session []byte) (*Account, *vc.Report, error) {
	return p.event(ctx, ActionReportTheft, response, session)
}

// CompleteRebind binds the account to the key that reported, after the delay. Errors: those of SignUp; ErrNoAccount, ErrNoReport,
// ErrTooEarly, ErrIssuedBefore, ErrVetoed, ErrStaleCredential.
func (p *Platform) CompleteRebind(ctx context.Context, response, session []byte) (*Account, *vc.Report, error) {
	return p.event(ctx, ActionCompleteRebind, response, session)
}

// Veto strikes out theft reports, by the account's key and a credential that is not older than theirs. Errors: those of SignUp;
// ErrNoAccount, ErrNotHolder, ErrStaleCredential.
func (p *Platform) Veto(ctx context.Context, response, session []byte) (*Account, *vc.Report, error) {
	return p.event(ctx, ActionVeto, response, session)
}

// event verifies a response that proves a person and makes happen to the account what it says.
func (p *Platform) event(ctx context.Context, action Action, response, session []byte) (*Account, *vc.Report, error) {
	r, who, report, err := p.person(ctx, action, response, nil, session)
	if err != nil {
		return nil, report, during(action, err)
	}
	e := &accountEvent{action: action, holder: r.holder, issued: who.issued}
	if action == ActionRebind {
		if e.consent, err = p.checkConsent(ctx, r); err != nil {
			return nil, report, during(action, err)
		}
	}
	if err := p.nonces.spend(ctx, r.nonce, r.expires); err != nil {
		return nil, report, during(action, err)
	}
	state, err := p.accounts.apply(ctx, who.id, e, r.nonce, r.now, p.rules)
	if err != nil {
		return nil, report, during(action, err)
	}
	a := state.view(who.id)
	if action == ActionSignUp {
		a.Authority, a.Claims = who.authority, who.claims
	}
	return a, report, nil
}

// person checks everything about a response that shows a credential: the cheap things first.
func (p *Platform) person(ctx context.Context, a Action, b []byte, scope *Scope, session []byte) (*received, *proven, *vc.Report, error) {
	r, err := p.receive(b, a, scope, session)
	if err != nil {
		return nil, nil, nil, err
	}
	if _, err := p.checkHolder(ctx, r.token, r.holder, r.method); err != nil {
		return nil, nil, nil, err
	}
	who, report, err := p.prove(ctx, r)
	return r, who, report, err
}

// checkConsent returns who consents to a rebinding: in answer to the same request, to the key that signed the response.
func (p *Platform) checkConsent(ctx context.Context, r *received) (did.DID, error) {
	c, err := parseConsent(r.consent)
	if err != nil {
		return did.DID{}, err
	}
	if c.platform != r.platform || c.nonce != r.nonce || c.next != r.holder {
		return did.DID{}, refuse(ErrMessage, "the consent is to something else")
	}
	_, err = p.checkHolder(ctx, c.token, c.holder, c.method)
	return c.holder, err
}

// UseScope verifies a response for scope s and records the use. Errors: those of SignUp, and ErrScopeUsed.
func (p *Platform) UseScope(ctx context.Context, response []byte, s Scope, session []byte) (*Use, *vc.Report, error) {
	u, report, err := p.useScope(ctx, response, &s, session)
	if err != nil {
		return nil, report, during(ActionUseScope, err)
	}
	return u, report, nil
}

func (p *Platform) useScope(ctx context.Context, response []byte, s *Scope, session []byte) (*Use, *vc.Report, error) {
	if err := s.Check(); err != nil {
		return nil, nil, err
	}
	r, who, report, err := p.person(ctx, ActionUseScope, response, s, session)
	if err != nil {
		return nil, report, err
	}
	if err := p.nonces.spend(ctx, r.nonce, r.expires); err != nil {
		return nil, report, err
	}
	u := &Use{Scope: *s, Index: r.index, Authority: who.authority, Pseudonym: who.pseudonym, Claims: who.claims}
	return u, report, p.accounts.use(ctx, who.id, u, r.nonce, r.now)
}

// LogIn verifies a response to a log-in: a plain signature by the account's pairwise key. Errors: ErrNoAccount, ErrNotHolder; ErrMessage and
// ErrSignature; ErrNonce, ErrReplayed, ErrBusy; those of the ledger.
func (p *Platform) LogIn(ctx context.Context, response, session []byte) (*Account, error) {
	a, err := p.logIn(ctx, response, session)
	if err != nil {
		return nil, during(ActionLogIn, err)
	}
	return a, nil
}

func (p *Platform) logIn(ctx context.Context, response, session []byte) (*Account, error) {
	r, err := p.receive(response, ActionLogIn, nil, session)
	if err != nil {
		return nil, err
	}
	if !isAccountID(r.account) {
		return nil, refuse(ErrMessage, "no name of an account")
	}
	state, _, err := p.accounts.load(ctx, r.account)
	if err != nil {
		return nil, err
	}
	// Before the signature is checked, so that only keys of accounts are kept.
	if state, err = state.after(&accountEvent{action: ActionLogIn, holder: r.holder}, r.now, p.rules); err != nil {
		return nil, err
	}
	if err := p.checkAccountHolder(ctx, r.token, r.holder, r.method); err != nil {
		return nil, err
	}
	if err := p.nonces.spend(ctx, r.nonce, r.expires); err != nil {
		return nil, err
	}
	return state.view(r.account), nil
}
