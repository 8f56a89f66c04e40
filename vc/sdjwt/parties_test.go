package sdjwt_test

import (
	"context"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc/sdjwt"
)

// parties are an issuer, a holder and what a resolver knows of them.
type parties struct {
	issuer       sdjwt.Issuer
	issuerKey    *keys.PrivateKey
	issuerMethod did.URL
	holder       *keys.PrivateKey
	holderMethod did.URL
	keys         keyTable
	now          time.Time
}

func (p *parties) clock() time.Time { return p.now }

func newParties(tb testing.TB, issuer, holder keys.Algorithm) *parties {
	tb.Helper()
	p := &parties{
		issuerMethod: did.MustParse("did:example:authority").WithFragment("key-1"),
		holderMethod: did.MustParse("did:example:citizen").WithFragment("phone"),
		now:          time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC),
	}
	var err error
	if p.issuerKey, err = keys.Generate(issuer); err != nil {
		tb.Fatal(err)
	}
	if p.holder, err = keys.Generate(holder); err != nil {
		tb.Fatal(err)
	}
	p.issuer = sdjwt.Issuer{Signer: p.issuerKey, Method: p.issuerMethod}
	p.keys = keyTable{
		p.issuerMethod: entry(p.issuerMethod, p.issuerKey.Public(), did.AssertionMethod, p.now),
		p.holderMethod: entry(p.holderMethod, p.holder.Public(), did.Authentication, p.now),
	}
	return p
}

func entry(u did.URL, k keys.PublicKey, p did.Purpose, asOf time.Time) *did.ResolvedKey {
	return &did.ResolvedKey{
		Method:   did.VerificationMethod{ID: u, Controller: u.DID(), Type: "Multikey", Key: k, Purposes: p},
		Status:   did.KeyActive,
		Evidence: did.Evidence{Replayed: true, AsOf: asOf},
	}
}

// keyTable is a vc.Keys of fixed answers.
type keyTable map[did.URL]*did.ResolvedKey

func (t keyTable) Key(_ context.Context, u did.URL, p did.Purpose, at time.Time) (*did.ResolvedKey, error) {
	k, ok := t[u]
	switch {
	case ok && k == nil:
		return nil, &did.Error{Code: did.InternalError, Detail: "no answer"}
	case !ok:
		return nil, &did.Error{Code: did.InvalidVerificationMethod, Err: did.ErrKeyNotFound}
	case !k.Method.Purposes.Has(p):
		return nil, &did.Error{Code: did.InvalidRelationship, Err: did.ErrKeyPurpose}
	case at.IsZero() && k.Status != did.KeyActive:
		return nil, &did.Error{Code: did.InvalidVerificationMethod, Err: did.ErrKeyTime}
	case !at.IsZero() && (at.Before(k.Added) || k.Status == did.KeyRetired && !at.Before(k.Removed)):
		return nil, &did.Error{Code: did.InvalidVerificationMethod, Err: did.ErrKeyTime}
	}
	return k, nil
}
