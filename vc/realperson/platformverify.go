package realperson

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/keys/jws"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
	"github.com/realdid/realdid/vc/dataintegrity/bbs2023"
)

// checkHolder checks a signature by a key of a pairwise DID in its long form, which must be the one that its genesis gives: no ledger is
// asked, and a short form, or the DID of another method, is refused.
func (p *Platform) checkHolder(ctx context.Context, t *jws.Token, holder did.DID, method did.URL) (keys.PublicKey, error) {
	key, err := p.holderKey(ctx, holder, method)
	if err != nil {
		return key, err
	}
	return key, checkToken(t, key)
}

// checkAccountHolder is checkHolder for the holder of an account, who will come back: the key is kept.
func (p *Platform) checkAccountHolder(ctx context.Context, t *jws.Token, holder did.DID, method did.URL) error {
	if key, ok := p.holderKeys.get(method); ok {
		return checkToken(t, key)
	}
	key, err := p.checkHolder(ctx, t, holder, method)
	if err == nil {
		p.holderKeys.put(method, key)
	}
	return err
}

func checkToken(t *jws.Token, key keys.PublicKey) error {
	if err := t.Verify(key); err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return nil
}

func (p *Platform) holderKey(ctx context.Context, holder did.DID, method did.URL) (keys.PublicKey, error) {
	if method.Fragment() != realdid.PairwiseFragment {
		return keys.PublicKey{}, refuse(ErrMessage, "signed by another key than the one of pairwise DIDs")
	}
	res, err := p.pairwise.Resolve(ctx, holder, nil)
	if err != nil {
		return keys.PublicKey{}, fmt.Errorf("%w: %w", ErrMessage, err)
	}
	m, ok := res.Document.Method(method)
	if !ok || !m.Allows(did.Authentication) {
		return keys.PublicKey{}, refuse(ErrMessage, "the pairwise DID has no such key for authentication")
	}
	return m.Key, nil
}

// proven is a person whose credential passed every check.
type proven struct {
	authority did.DID // as the credential names it
	id        string  // of what belongs to the pseudonym
	pseudonym []byte
	claims    map[string]any // of the subject
	issued    time.Time      // issuedEpoch; zero if it was not asked for
}

// prove verifies the credential of a response: its shape, then everything that package vc checks, then the platform's policy.
func (p *Platform) prove(ctx context.Context, r *received) (*proven, *vc.Report, error) {
	c, err := readShown(r.credential)
	if err != nil {
		return nil, nil, err
	}
	params, ok := p.authorities[c.issuer.String()]
	if !ok {
		return nil, nil, refuse(ErrIssuer, "the platform does not accept the credential's authority")
	}
	if err := p.checkShown(c, &params, r.action); err != nil {
		return nil, nil, err
	}
	about, authority, err := p.contextOf(r, &params)
	if err != nil {
		return nil, nil, err
	}
	verified, report, err := p.verify(ctx, r, &params, about)
	if err != nil {
		return nil, report, err
	}
	pseudonym, err := bbs2023.PseudonymOf(c.proofValue)
	if err != nil {
		return nil, report, err
	}
	who := &proven{
		authority: params.Authority, id: accountID(authority, pseudonym), pseudonym: pseudonym, claims: subjectOf(verified.Claims()),
	}
	if err := p.policy.check(r.action, who.claims); err != nil {
		return nil, report, err
	}
	if r.action.showsIssuedEpoch() {
		if who.issued, err = issuedEpoch(who.claims, c, &params); err != nil {
			return nil, report, err
		}
	}
	return who, report, nil
}

// ErrIssuer says that a credential is not one of an authority that the platform accepts, or not of the key that its parameters name.
var ErrIssuer = errors.New("realperson: issuer")

// checkShown refuses, before anything is computed, what a credential must not be.
func (p *Platform) checkShown(c *shown, params *Parameters, a Action) error {
	switch {
	case c.method != params.Method.String():
		return refuse(ErrIssuer, "another verification method than the authority's parameters name")
	case !c.inEpoch(params.Epochs):
		return refuse(ErrMessage, "the credential is not valid for just one epoch of the authority")
	case !c.shows(p.policy.reveal(a)):
		return refuse(ErrMessage, "the credential does not show just the claims that were asked for")
	}
	return c.mode.Check() // of the policy's mode, of which there is one
}

// contextOf computes what the pseudonym of a response is for: of the platform itself, and the scope that the caller named.
func (p *Platform) contextOf(r *received, params *Parameters) (about []byte, authority did.DID, err error) {
	if authority, err = canonicalDID(params.Authority); err != nil {
		return nil, authority, err
	}
	if r.scope != nil {
		return scopeContext(authority, p.id, r.scope, r.index), authority, nil
	}
	return accountContext(authority, p.id), authority, nil
}

// verify runs the pipeline of package vc over the credential.
func (p *Platform) verify(ctx context.Context, r *received, params *Parameters, about []byte) (*vc.Verified, *vc.Report, error) {
	suite := bbs2023.Suite{
		Verifier:           &bbs2023.Verifier{ContextID: about, N: params.NymCount},
		PresentationHeader: r.presentationHeader(p.id),
	}
	verified, report, err := vc.NewVerifier(p.keys, p.clock).Verify(ctx, dataintegrity.Received(r.credential, suiteOptions(suite)), &vc.Expect{
		Issuers: []did.DID{params.Authority}, Types: []string{CredentialType}, MediaTypes: []string{dataintegrity.MediaType},
		InsecureNoHolderBinding: true, // the proof itself binds the holder, by the presentation header
		IssuerEvidence:          p.policy.IssuerEvidence, InsecureGenesisOnly: p.policy.InsecureGenesisOnly,
	})
	if err != nil {
		return nil, report, err
	}
	if !slices.Equal(verified.IssuerKey.Key.Bytes(), params.Key) {
		return nil, report, refuse(ErrIssuer, "the authority's key is another than its parameters name")
	}
	return verified, report, nil
}

// issuedEpoch reads when a credential was really issued: at the start of an epoch that is not after its own.
func issuedEpoch(claims map[string]any, c *shown, params *Parameters) (time.Time, error) {
	s, _ := claims[memberIssuedEpoch].(string)
	t, ok := parseTime(s)
	if !ok || !params.Epochs.IsBoundary(t) || t.After(c.from) {
		return time.Time{}, refuse(ErrMessage, "the credential was not issued at the start of an epoch before its own")
	}
	return t, nil
}
