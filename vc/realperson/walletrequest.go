package realperson

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/vc"
)

// VerifierRequest is a request of a platform that a wallet authenticated. It can be made in no other way than by
// [Wallet.Authenticate], and is all that pseudonyms are computed from. It never changes.
type VerifierRequest struct {
	platform did.DID // canonical; who signed
	parsed   *parsedRequest
}

// Platform returns who asks: the DID in its one canonical spelling.
func (r *VerifierRequest) Platform() did.DID { return r.platform }

// Action returns what the platform wants.
func (r *VerifierRequest) Action() Action { return r.said().action }

// Scope returns the scope of an ActionUseScope.
func (r *VerifierRequest) Scope() (Scope, bool) {
	s := r.said().scope
	if s == nil {
		return Scope{}, false
	}
	return *s, true
}

// Endpoint returns where the response is to be sent: there, and nowhere else. A phishing site can show somebody a request that it had the
// real platform make; what the wallet answers holds the real platform's pseudonym and must not go back to the site.
func (r *VerifierRequest) Endpoint() string { return r.said().endpoint }

// Expires returns until when the request can be answered.
func (r *VerifierRequest) Expires() time.Time { return r.said().expires }

// said is what stands in the request: nothing, if nobody authenticated it.
func (r *VerifierRequest) said() *parsedRequest {
	if r == nil || r.parsed == nil {
		return &parsedRequest{}
	}
	return r.parsed
}

// Ask is one thing that a platform learns from a response.
type Ask struct {
	Pointer string // into the credential; "" for what stands in none
	Says    string // for people, in English
	Always  bool   // it is part of every response of this kind, and no policy is asked
}

// Asks returns all that the platform learns if the wallet answers.
func (r *VerifierRequest) Asks() []Ask {
	always := func(pointer, says string) Ask { return Ask{Pointer: pointer, Says: says, Always: true} }
	p := r.said()
	all := []Ask{always("", "that the answer was made just now, for this request")}
	switch p.action {
	case "":
		return nil
	case ActionLogIn:
		return append(all, always("", "which account of this platform logs in"))
	case ActionUseScope:
		all = append(all, always("", fmt.Sprintf("a name for one of at most %d uses of %q, which links to no account and no other use",
			p.scope.Limit, p.scope.Name)))
	default:
		all = append(all, always("", "a name and a key of yours for this platform alone, the same whenever you come back"))
	}
	all = append(all,
		always("/issuer", "which authority made sure that you are a real person"),
		always("/validUntil", "the epoch of the credential, the same for everybody who holds one now"),
		always(PointerOpeningMode, "that nobody can find out who you are"))
	for _, pointer := range p.reveal {
		says := "the value of this claim"
		switch pointer {
		case PointerGeneration:
			says = "how often you enrolled anew after you had lost everything"
		case PointerIssuedEpoch:
			says = "in which epoch you renewed the credential last"
		}
		all = append(all, Ask{Pointer: pointer, Says: says, Always: p.action.showsIssuedEpoch()})
	}
	return all
}

// The errors of authenticating a request.
var (
	// ErrUnauthenticated says that a request is not signed by whom it names.
	ErrUnauthenticated = errors.New("realperson: request: not from the platform that it names")
	// ErrAuthority says that the platform does not accept the wallet's authority.
	ErrAuthority = errors.New("realperson: request: the platform does not accept the authority")
	// ErrUnavailable says that the platform's key could not be had now.
	ErrUnavailable = errors.New("realperson: request: the platform's key could not be had")
)

// maxPlatformEvidence is how old the knowledge of a platform's DID may be. Who stole a platform's key, which was then rotated, can ask
// in its name for that long.
const maxPlatformEvidence = vc.DefaultMaxIssuerEvidenceAge

// Authenticate finds out who sent a request: the key that signed it is one for authentication of the DID that it names, now, as k
// knows. The platform's DID must be known by its history, or be of a method that has none to be checked. Errors: ErrMessage,
// ErrUnauthenticated, ErrAuthority, ErrEscrowUnavailable; ErrUnavailable, which may pass.
func (w *Wallet) Authenticate(ctx context.Context, request []byte, k vc.Keys) (*VerifierRequest, error) {
	p, err := parseRequest(request)
	if err != nil {
		return nil, err
	}
	now := w.now()
	if err := checkLife(p, now); err != nil {
		return nil, err
	}
	if err := authenticate(ctx, p, k, now); err != nil {
		return nil, err
	}
	platform, err := canonicalDID(p.platform)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnauthenticated, err)
	}
	if err := p.mode.Check(); err != nil {
		return nil, err
	}
	if p.action.provesPerson() && !slices.Contains(p.authorities, w.authority.Authority) {
		return nil, ErrAuthority
	}
	return &VerifierRequest{platform: platform, parsed: p}, nil
}

// checkLife refuses a request that is over, or that lies in the future.
func checkLife(p *parsedRequest, now time.Time) error {
	switch {
	case now.Add(vc.DefaultClockSkew).Before(p.issued):
		return refuse(ErrMessage, "the request lies in the future")
	case !now.Before(p.expires):
		return refuse(ErrMessage, "the request is over")
	}
	return nil
}

// authenticate checks the signature of a request with a key that stands in the platform's DID document now.
func authenticate(ctx context.Context, p *parsedRequest, k vc.Keys, now time.Time) error {
	if k == nil {
		return errors.New("realperson: request: no keys to check it with")
	}
	key, err := k.Key(ctx, p.method, did.Authentication, time.Time{})
	if err != nil {
		if did.AsError(err).Temporary() {
			return fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
		return fmt.Errorf("%w: %w", ErrUnauthenticated, err)
	}
	e := key.Evidence
	switch {
	case key.Method.ID != p.method || key.Method.Controller != p.platform || !key.Method.Allows(did.Authentication):
		return refuse(ErrUnauthenticated, "the look-up returned another key than the one asked for")
	case key.Status != did.KeyActive || key.Deactivated:
		return refuse(ErrUnauthenticated, "the key is no longer in service")
	case e.GenesisOnly && !e.Absent:
		return refuse(ErrUnauthenticated, "only the first state of the platform's DID is known")
	case !e.Replayed && !e.GenesisOnly && !e.Latest:
		return refuse(ErrUnauthenticated, "what is known of the platform's DID rests on nothing that was checked")
	case now.Sub(e.AsOf) > maxPlatformEvidence:
		return refuse(ErrUnavailable, "what is known of the platform's DID is too old")
	}
	if err := p.token.Verify(key.Key()); err != nil {
		return fmt.Errorf("%w: %w", ErrUnauthenticated, err)
	}
	return nil
}
