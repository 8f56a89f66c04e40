package main

import (
	"context"
	"fmt"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger/memledger"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/sdjwt"
)

// The credential and the presentation are those that the benches of other libraries use: ten claims, all disclosable, three
// of them shown, bound to a holder's key.
const (
	credentialType = "https://credentials.example/id"
	audience       = "https://verifier.example"
	nonce          = "1234567890abcdef"
)

// sdjwtScene is an issuer and a holder with DIDs, and a verifier that knows both from its cache.
type sdjwtScene struct {
	issuer   sdjwt.Issuer
	options  sdjwt.IssueOptions
	claims   map[string]any
	holder   *keys.PrivateKey
	verifier *vc.Verifier
	expect   *vc.Expect
}

// newSDJWTScene binds credentials to the holder's DID (cnf.kid), or to the bare key (cnf.jwk) as the peers do.
func newSDJWTScene(ctx context.Context, byDID bool) (*sdjwtScene, error) {
	lg := memledger.New(realdid.Reducer(), nil)
	method, err := realdid.New(lg, nil)
	if err != nil {
		return nil, err
	}
	issuer, issuerMethod, err := newIdentity(ctx, method, keys.P256, did.AssertionMethod)
	if err != nil {
		return nil, err
	}
	holder, holderMethod, err := newIdentity(ctx, method, keys.P256, did.Authentication)
	if err != nil {
		return nil, err
	}
	s := &sdjwtScene{
		issuer: sdjwt.Issuer{Signer: issuer, Method: issuerMethod},
		claims: map[string]any{"vct": credentialType},
		holder: holder,
		expect: &vc.Expect{
			Issuers: []did.DID{issuerMethod.DID()}, Types: []string{credentialType}, Audience: audience, Nonce: nonce,
			MaxPresentationAge: 24 * time.Hour, // a run may be long
		},
	}
	for i := range 10 {
		name := fmt.Sprint("claim", i)
		s.claims[name] = fmt.Sprint("value number ", i)
		s.options.Disclosable = append(s.options.Disclosable, "/"+name)
	}
	if byDID {
		s.options.Holder = holderMethod
	} else {
		s.options.HolderKey, s.expect.InsecureUnrotatableHolderKey = holder.Public(), true
	}
	cache := resolver.NewCache(resolver.Mux{"realdid": method}, nil)
	s.verifier = vc.NewVerifier(resolver.Keys{Resolver: cache}, time.Now)
	return s, nil
}

// newIdentity registers an identity with one verification method.
func newIdentity(ctx context.Context, m *realdid.Method, alg keys.Algorithm, purpose did.Purpose) (*keys.PrivateKey, did.URL, error) {
	key, err := keys.Generate(alg)
	if err != nil {
		return nil, did.URL{}, err
	}
	url, err := register(ctx, m, key.Public(), purpose)
	return key, url, err
}

// register registers an identity with one verification method, which is key.
func register(ctx context.Context, m *realdid.Method, key keys.PublicKey, purpose did.Purpose) (did.URL, error) {
	h, err := newHolder()
	if err != nil {
		return did.URL{}, err
	}
	r, err := m.Create(ctx, &realdid.CreateRequest{
		Control: realdid.OneKey(h.control.Public()), Next: h.next,
		Document: realdid.Content{VerificationMethods: []realdid.VerificationMethod{{Fragment: "key-1", Key: key, Purposes: purpose}}},
	}, h.control)
	if err != nil {
		return did.URL{}, err
	}
	return r.DID.WithFragment("key-1"), nil
}

func (s *sdjwtScene) issue(ctx context.Context) (*sdjwt.Credential, error) {
	return sdjwt.Issue(ctx, s.issuer, s.claims, &s.options)
}

func (s *sdjwtScene) present(ctx context.Context, c *sdjwt.Credential) (*sdjwt.Presentation, error) {
	return c.Present(ctx, s.holder, &sdjwt.PresentOptions{
		Reveal: []string{"/claim1", "/claim4", "/claim7"}, Audience: audience, Nonce: nonce,
	})
}

// verify starts at the received bytes and ends at the claims.
func (s *sdjwtScene) verify(ctx context.Context, received []byte) error {
	got, _, err := s.verifier.Verify(ctx, sdjwt.Received(received), s.expect)
	if err != nil {
		return err
	}
	claims := got.Claims()
	_, hidden := claims["claim0"]
	return right(claims["claim4"] == "value number 4" && !hidden)
}

func sdjwtCases() []benchCase {
	ctx := context.Background()
	sdjwtCase := func(name, op string, byDID bool, one func(*sdjwtScene, *sdjwt.Credential) (func() error, error)) benchCase {
		return benchCase{name: name, op: op, peer: peer, batch: 1, setup: each(func() (func() error, error) {
			s, err := newSDJWTScene(ctx, byDID)
			if err != nil {
				return nil, err
			}
			c, err := s.issue(ctx)
			if err != nil {
				return nil, err
			}
			return one(s, c)
		})}
	}
	verify := func(s *sdjwtScene, c *sdjwt.Credential) (func() error, error) {
		p, err := s.present(ctx, c)
		if err != nil {
			return nil, err
		}
		received := p.Bytes()
		return func() error { return s.verify(ctx, received) }, nil
	}
	return []benchCase{
		sdjwtCase("sdjwt-issue", "sd-jwt issue 10 claims", false, func(s *sdjwtScene, _ *sdjwt.Credential) (func() error, error) {
			return func() error {
				_, err := s.issue(ctx)
				return err
			}, nil
		}),
		sdjwtCase("sdjwt-present", "sd-jwt present 3/10 + KB", false, func(s *sdjwtScene, c *sdjwt.Credential) (func() error, error) {
			received := c.Bytes()
			return func() error { // from the bytes that a wallet keeps, as the peers do
				c, err := sdjwt.ParseCredential(received)
				if err != nil {
					return err
				}
				_, err = s.present(ctx, c)
				return err
			}, nil
		}),
		sdjwtCase("sdjwt-verify", "sd-jwt verify 3/10 + KB", false, verify),
		sdjwtCase("sdjwt-verify-kid", "sd-jwt verify 3/10 + KB, holder's key by DID", true, verify),
	}
}
