package main

import (
	"context"
	"slices"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc/cose"
	"github.com/realdid/realdid/vc/dataintegrity"
	"github.com/realdid/realdid/vc/jose"
)

var (
	errJOSEHolder = jose.ErrHolder
	errCOSEHolder = cose.ErrHolder
)

// presentW3C makes a verifiable presentation of one credential, in its own format.
func (a *app) presentW3C(ctx context.Context, cred held, f *presentFlags) error {
	if _, whole := cred.(integral); !whole && len(f.reveal) > 0 {
		return usage("leave --reveal out", "nothing can be withheld of a credential of this format")
	}
	signer, method, wipe, err := a.holder(ctx, cred, f)
	if err != nil {
		return err
	}
	defer wipe()
	pres, err := a.signPresentation(ctx, cred, signer, method, f)
	if err != nil {
		return revealFailure(cred, err)
	}
	hidden, err := withheld(cred, pres)
	if err != nil {
		return err
	}
	if !a.flags.json {
		if err := a.writeCredential(f.out, pres.Bytes()); err != nil {
			return err
		}
		a.note("reveals %s to %s; withheld: %s", listOr(f.reveal, "what cannot be withheld"), f.audience, listOr(hidden, "nothing"))
		return nil
	}
	if f.out != "" && f.out != "-" {
		if err := a.writeCredential(f.out, pres.Bytes()); err != nil {
			return err
		}
	}
	return a.printJSON(presentedJSON{jsonOrText(pres.Bytes()), orEmpty(slices.Clone(f.reveal)), hidden, f.audience, f.nonce, method.String(), len(pres.Bytes()), f.out})
}

// presented is a presentation of whatever format.
type presented interface{ Bytes() []byte }

// withheld lists what of a credential its presentation leaves out.
func withheld(cred held, pres presented) ([]string, error) {
	p, ok := pres.(shown)
	if !ok { // a format of which nothing can be
		return []string{}, nil
	}
	claims, err := cred.UnverifiedClaims()
	if err != nil {
		return nil, err
	}
	visible, err := p.UnverifiedClaims()
	return orEmpty(missing(claims, visible, "")), err
}

func (a *app) signPresentation(ctx context.Context, cred held, s keys.Signer, method did.URL, f *presentFlags) (presented, error) {
	switch c := cred.(type) {
	case *jose.Credential:
		return c.Present(ctx, s, &jose.PresentOptions{Audience: f.audience, Nonce: f.nonce, Method: method, IssuedAt: a.now()})
	case *cose.Credential:
		return c.Present(ctx, s, &cose.PresentOptions{Audience: f.audience, Nonce: f.nonce, Method: method, IssuedAt: a.now()})
	}
	return cred.(integral).Present(ctx, s, &dataintegrity.PresentOptions{
		Reveal: f.reveal, Audience: f.audience, Nonce: f.nonce, Method: method, Created: a.now(),
	})
}
