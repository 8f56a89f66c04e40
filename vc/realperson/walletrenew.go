package realperson

import (
	"context"
	"fmt"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys/bbs"
	"github.com/realdid/realdid/vc/dataintegrity/bbs2023"
)

// ActivationRequest shows the authority the pseudonym that the wallet has there, and nowhere else. It is needed once after enrolment,
// before the first renewal, and may be repeated.
func (w *Wallet) ActivationRequest(ctx context.Context, c *Citizen, challenge string) ([]byte, error) {
	b, _, err := w.heldRequest(ctx, c, challenge, activationType)
	return b, err
}

// RenewalRequest asks for the next batch, for the same secrets under a fresh commitment. The answer to an earlier request is of no use
// after it.
func (w *Wallet) RenewalRequest(ctx context.Context, c *Citizen, challenge string) ([]byte, error) {
	b, blind, err := w.heldRequest(ctx, c, challenge, renewalType)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.renewal = &renewal{blind: blind}
	return b, nil
}

// heldRequest makes a request that shows a credential to the authority, and a fresh commitment to the same secrets, whose blind it
// returns.
func (w *Wallet) heldRequest(ctx context.Context, c *Citizen, challenge, typ string) ([]byte, *bbs.Blind, error) {
	fail := func(err error) ([]byte, *bbs.Blind, error) {
		return nil, nil, fmt.Errorf("realperson: renewal: %w", err)
	}
	if err := c.check(); err != nil {
		return nil, nil, err
	}
	w.mu.Lock()
	old, oldBlind, prover, nyms, record := w.commitment, w.blind, w.prover, w.nyms, w.record
	var h held
	if nyms != nil {
		h = w.credentials[0]
	}
	w.mu.Unlock()
	if nyms == nil {
		return nil, nil, ErrNotEnrolled
	}
	commitment, blind, err := bbs.SHA256.NymCommit(nil, prover)
	if err != nil {
		return fail(err)
	}
	issued := w.now().UTC().Truncate(time.Second)
	header := heldHeader(typ, w.authority.Authority, c.Method.DID(), challenge, issued, record, commitment)
	same, err := bbs.SHA256.ProveSameNyms(old, commitment, oldBlind, blind, header)
	if err != nil {
		return fail(err)
	}
	credential, err := derive(ctx, h.base, bbs2023.Suite{
		Holder:             &bbs2023.Holder{Nyms: nyms, Blind: h.blind, ContextID: authorityContext(w.authority.Authority)},
		PresentationHeader: header,
	}, nil)
	if err != nil {
		return fail(err)
	}
	v, err := strictjson.Parse(credential, messageLimits)
	if err != nil {
		return fail(err)
	}
	m := w.members(c, challenge)
	m["iat"], m["record"], m["credential"], m["commitment"], m["same"] = issued.Unix(), record, v, encode(commitment), encode(same)
	b, err := signMessage(ctx, m, typ, c.Signer, c.Method)
	if err != nil {
		return fail(err)
	}
	return b, blind, nil
}

// FinishRenewal takes what the authority answered to the newest RenewalRequest, as FinishEnrolment does; generation, record and secrets
// must be those that the wallet has. The new batch takes the place of the old one. Errors: ErrBatch, ErrMarked; the wallet is unchanged
// then.
func (w *Wallet) FinishRenewal(ctx context.Context, response []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.finishRenewal(ctx, response, &w.authority)
}

// FinishRenewalUnder is FinishRenewal for an authority that has new parameters, for instance another key, which the caller knows to be
// its own. Pseudonyms stay the same. The authority must be the same DID.
func (w *Wallet) FinishRenewalUnder(ctx context.Context, response []byte, next Parameters) error {
	if err := next.Check(); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if next.Authority != w.authority.Authority {
		return refuse(ErrBatch, "the parameters are another authority's")
	}
	p := next.clone()
	err := w.finishRenewal(ctx, response, &p)
	if err == nil { // the authority itself stays, which is read without the lock
		w.authority.Method, w.authority.Key, w.authority.Epochs, w.authority.Claims = p.Method, p.Key, p.Epochs, p.Claims
	}
	return err
}

func (w *Wallet) finishRenewal(ctx context.Context, response []byte, p *Parameters) error {
	r, err := parseBatch(response)
	switch {
	case err != nil:
		return err
	case w.nyms == nil:
		return ErrNotEnrolled
	case w.renewal == nil:
		return refuse(ErrBatch, "nothing was asked for")
	case r.record != w.record || r.generation != w.generation || string(r.act) != string(w.act) || r.number != w.number:
		return refuse(ErrMarked, "another record or generation than the wallet's")
	}
	batch, nyms, err := w.check(ctx, r, p, w.renewal.blind)
	if err != nil {
		return err
	}
	if !sameSecrets(w.nyms, nyms) {
		return refuse(ErrMarked, "the authority signed other secrets, whose pseudonyms would be others")
	}
	w.credentials, w.renewal = batch, nil
	return nil
}

// Statements returns what the credentials state of their holder, for the holder to look at: a wrong or strange value is how an authority
// could make one person recognisable to platforms that are shown it.
func (w *Wallet) Statements() (map[string]any, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.nyms == nil {
		return nil, ErrNotEnrolled
	}
	v, err := strictjson.Parse(w.credentials[0].base, batchLimits)
	if err != nil {
		return nil, fmt.Errorf("realperson: wallet: %w", err)
	}
	return w.authority.readClaims(v)
}

// CheckLog makes sure that the authority's public log has the act by which this wallet's generation began. There is none about a first
// one. Errors: ErrLog if it does not stand there.
func (w *Wallet) CheckLog(ctx context.Context, lg ledger.Ledger) error {
	w.mu.Lock()
	act, number, generation, enrolled := w.act, w.number, w.generation, w.nyms != nil
	w.mu.Unlock()
	switch {
	case !enrolled:
		return ErrNotEnrolled
	case generation == 0:
		return nil
	}
	for e, err := range ReadLog(ctx, lg, w.authority.Authority, number) {
		if err != nil {
			return err
		}
		if e.Decision != NewGeneration || e.Generation != generation || string(e.Act) != string(act) {
			break
		}
		return nil
	}
	return refuse(ErrLog, "the authority did not log this wallet's generation where it says")
}
