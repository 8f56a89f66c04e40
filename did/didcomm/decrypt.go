package didcomm

import (
	"context"
	"errors"
	"fmt"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
)

// opened is the content of an envelope with the keys that it was opened with.
type opened struct {
	content   []byte
	recipient did.URL
	retired   bool
}

// own is a key of this side that an envelope is for.
type own struct {
	*recipient
	key     *keys.PrivateKey
	retired bool
}

// open decrypts e for a key of this side. Whose keys those are is asked before the sender's document is looked at.
func (a *Agent) open(ctx context.Context, e *envelope, expect *Expect) (*opened, error) {
	const what = "unpack"
	mine, pending, err := a.ownKeys(ctx, e, expect)
	if err != nil {
		return nil, err
	}
	var from keys.PublicKey
	if e.alg == algAuthcrypt {
		m, _, err := a.keyOf(ctx, e.sender, did.KeyAgreement, false)
		if err != nil {
			return nil, lookupFault(what, "the sender's key", err)
		}
		if from = m.Key; from.Algorithm() != e.ephemeral.Algorithm() {
			return nil, invalid(what, "the sender's key and epk are not on one curve")
		}
	}
	for _, k := range mine {
		z, err := sharedSecrets(k.key, e.ephemeral, from)
		if err != nil {
			continue // the key was wiped meanwhile
		}
		contentKey, err := e.unwrap(z, k.encryptedKey)
		if err != nil {
			continue
		}
		content, err := e.cipher.open(contentKey, e.iv, e.ciphertext, e.tag, e.protected)
		clear(contentKey)
		if err != nil {
			// The ciphertext is gone. Who knows a content key that others do not share wanted this to fail.
			return nil, invalidBecause(what, "", errUnwrap)
		}
		return &opened{content, k.kid, k.retired}, nil
	}
	if pending != nil {
		return nil, pending
	}
	return nil, invalidBecause(what, "", errUnwrap)
}

// ownKeys returns the keys of this side that e is for: those whose secret is held here under exactly this kid, that stand for key
// agreement in the document of the kid's DID as the same key, and lie on the curve of epk. pending is why others of them could not be
// told, err why there is none.
func (a *Agent) ownKeys(ctx context.Context, e *envelope, expect *Expect) (mine []own, pending, err error) {
	const what = "unpack"
	var refused error
	for i := range e.recipients {
		r := &e.recipients[i]
		if !expect.To.IsZero() && r.kid.DID() != expect.To {
			continue
		}
		k, err := a.secret(ctx, r.kid)
		if errors.Is(err, ErrNoSecret) {
			continue
		}
		if err != nil {
			pending = unknownBecause(what, "secrets", err)
			continue
		}
		m, retired, err := a.keyOf(ctx, r.kid, did.KeyAgreement, expect.RetiredRecipientKeys)
		switch {
		case err != nil && did.AsError(err).Temporary():
			pending = unknownBecause(what, "the recipient's key", err)
		case err != nil:
			refused = invalidBecause(what, "the recipient's key", fmt.Errorf("%w: %w", ErrNotRecipient, err))
		case !k.Public().Equal(m.Key):
			refused = invalidBecause(what, "the secret held here is not of the key in its document", ErrNotRecipient)
		case m.Key.Algorithm() != e.ephemeral.Algorithm():
			refused = invalid(what, "the recipient's key and epk are not on one curve")
		default:
			mine = append(mine, own{r, k, retired})
		}
	}
	switch {
	case len(mine) > 0:
		return mine, pending, nil
	case pending != nil:
		return nil, nil, pending
	case refused != nil:
		return nil, nil, refused
	}
	return nil, nil, invalidBecause(what, "", ErrNotRecipient)
}
