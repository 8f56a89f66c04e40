package didcomm

import (
	"context"
	"errors"
	"slices"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
)

// recipientGroup is one recipient with its keys.
type recipientGroup struct {
	id   did.DID
	keys []target
}

type recipientGroups []recipientGroup

// on returns all keys on one curve, in the order of recipients and documents; nil if a recipient has none there.
func (g recipientGroups) on(curve keys.Algorithm) []target {
	var ts []target
	for _, r := range g {
		n := len(ts)
		for _, t := range r.keys {
			if t.key.Algorithm() == curve {
				ts = append(ts, t)
			}
		}
		if len(ts) == n {
			return nil
		}
	}
	return ts
}

// recipientKeys looks up the keys to encrypt to: those that were named, or all of each recipient.
func (a *Agent) recipientKeys(ctx context.Context, what string, m *Message, opt *EncryptOptions) (recipientGroups, error) {
	to := m.To
	if opt.For != nil {
		to = opt.For
		for _, id := range to {
			if !slices.Contains(m.To, id) {
				return nil, invalid(what, "For names somebody to whom the message is not addressed")
			}
		}
	}
	var groups recipientGroups
	add := func(id did.DID) *recipientGroup {
		if i := slices.IndexFunc(groups, func(g recipientGroup) bool { return g.id == id }); i >= 0 {
			return &groups[i]
		}
		groups = append(groups, recipientGroup{id: id})
		return &groups[len(groups)-1]
	}
	for _, id := range to {
		add(id)
	}
	for _, u := range opt.RecipientKeys {
		if len(m.To) > 0 && !slices.Contains(to, u.DID()) {
			return nil, invalid(what, "a key of RecipientKeys is of nobody to whom the message is addressed")
		}
		g := add(u.DID())
		if slices.ContainsFunc(g.keys, func(t target) bool { return t.kid == u }) {
			return nil, invalid(what, "a key stands in RecipientKeys twice")
		}
		g.keys = append(g.keys, target{kid: u})
	}
	if len(groups) == 0 {
		return nil, invalid(what, "the message has no recipient")
	}
	n := 0
	for i := range groups {
		if err := a.fillKeys(ctx, what, &groups[i], opt); err != nil {
			return nil, err
		}
		if n += len(groups[i].keys); n > maxRecipients {
			return nil, invalid(what, "more than %d keys", maxRecipients)
		}
	}
	return groups, nil
}

// fillKeys finds the keys of g that are named, or if RecipientKeys is empty, all that can be used.
func (a *Agent) fillKeys(ctx context.Context, what string, g *recipientGroup, opt *EncryptOptions) error {
	res, err := a.resolve(ctx, g.id, opt.NoCache)
	if err != nil {
		return lookupFault(what, "recipient "+g.id.String(), err)
	}
	have := &answer{res, opt.NoCache}
	if len(opt.RecipientKeys) > 0 {
		if len(g.keys) == 0 {
			return invalid(what, "recipient %s: no key of RecipientKeys is its", g.id)
		}
		for i := range g.keys {
			t := &g.keys[i]
			m, _, err := a.keyIn(ctx, have, t.kid, did.KeyAgreement, false)
			if err != nil {
				return lookupFault(what, "recipient key "+t.kid.String(), err)
			}
			if !isAgreementCurve(m.Key.Algorithm()) {
				return invalid(what, "recipient key %s: %v is not supported", t.kid, m.Key.Algorithm())
			}
			t.key = m.Key
		}
		return nil
	}
	methods, err := a.agreementMethods(ctx, have)
	if err != nil {
		return lookupFault(what, "recipient "+g.id.String(), err)
	}
	for _, m := range methods {
		g.keys = append(g.keys, target{m.ID, m.Key})
	}
	if len(g.keys) == 0 {
		return invalid(what, "recipient %s: its document has no keyAgreement key of X25519, P-384 or P-256", g.id)
	}
	return nil
}

// agreementMethods returns the keyAgreement methods of an answer that can be used, in the order of the document. An answer that has none
// is renewed.
func (a *Agent) agreementMethods(ctx context.Context, have *answer) ([]*did.VerificationMethod, error) {
	for {
		var out []*did.VerificationMethod
		for i := range have.Document.VerificationMethod {
			m := &have.Document.VerificationMethod[i]
			if _, err := standing(have.Resolution, m.ID, did.KeyAgreement, a.clock()); err == nil && isAgreementCurve(m.Key.Algorithm()) {
				out = append(out, m)
			}
		}
		if len(out) > 0 || have.Metadata.Deactivated {
			return out, nil
		}
		if renewed, err := a.renew(ctx, have); !renewed {
			return nil, err
		}
	}
}

// senderKey finds the key to prove the sender with: the one that is named, or the first of the sender's document whose secret is
// held here and on whose curve every recipient has a key.
func (a *Agent) senderKey(ctx context.Context, what string, from did.DID, opt *EncryptOptions, groups recipientGroups) (*sender, error) {
	res, err := a.resolve(ctx, from, opt.NoCache)
	if err != nil {
		return nil, lookupFault(what, "sender", err)
	}
	have := &answer{res, opt.NoCache}
	if u := opt.SenderKey; !u.IsZero() {
		if u.DID() != from {
			return nil, invalid(what, "SenderKey is not of the message's sender")
		}
		m, _, err := a.keyIn(ctx, have, u, did.KeyAgreement, false)
		if err != nil {
			return nil, lookupFault(what, "SenderKey", err)
		}
		if groups.on(m.Key.Algorithm()) == nil {
			return nil, invalidBecause(what, "SenderKey", ErrCurves)
		}
		return a.secretOf(ctx, what, m)
	}
	methods, err := a.agreementMethods(ctx, have)
	if err != nil {
		return nil, lookupFault(what, "sender", err)
	}
	secretless := false
	for _, m := range methods {
		if groups.on(m.Key.Algorithm()) == nil {
			continue
		}
		s, err := a.secretOf(ctx, what, m)
		if err == nil {
			return s, nil
		}
		if !errors.Is(err, ErrNoSecret) {
			return nil, err
		}
		secretless = true
	}
	switch {
	case len(methods) == 0:
		return nil, invalid(what, "sender %s: its document has no keyAgreement key of X25519, P-384 or P-256", from)
	case secretless:
		return nil, invalidBecause(what, "sender", ErrNoSecret)
	}
	return nil, invalidBecause(what, "", ErrCurves)
}

// secretOf returns the secret of a method of this side's own document. It must be the method's.
func (a *Agent) secretOf(ctx context.Context, what string, m *did.VerificationMethod) (*sender, error) {
	k, err := a.secret(ctx, m.ID)
	switch {
	case errors.Is(err, ErrNoSecret):
		return nil, invalidBecause(what, "key "+m.ID.String(), ErrNoSecret)
	case err != nil:
		return nil, unknownBecause(what, "secrets", err)
	case !k.Public().Equal(m.Key):
		return nil, invalid(what, "the secret held for %s is not of the key in its document", m.ID)
	}
	return &sender{m.ID, k}, nil
}

// secret asks Secrets. The error is ErrNoSecret, or that the answer could not be had.
func (a *Agent) secret(ctx context.Context, id did.URL) (*keys.PrivateKey, error) {
	if a.secrets == nil {
		return nil, ErrNoSecret
	}
	k, err := a.secrets.Secret(ctx, id)
	if err == nil && k == nil {
		err = ErrNoSecret
	}
	return k, err
}
