package realperson

import (
	"context"
	"errors"
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
func (r *VerifierRequest) Action() Action { return r.parsed.action }

// Scope returns the scope of an ActionUseScope.
func (r *VerifierRequest) Scope() (Scope, bool) {
	if r.parsed.scope == nil {
		return Scope{}, false
	}
	return *r.parsed.scope, true
}

// Endpoint returns where the platform wants the response; "" if it did not say. It is the platform's word, signed; pseudonyms do not
// depend on it.
func (r *VerifierRequest) Endpoint() string { return r.parsed.endpoint }

// Expires returns until when the request can be answered.
func (r *VerifierRequest) Expires() time.Time { return r.parsed.expires }

// Ask is one thing that a platform learns from a response.
type Ask struct {
	Pointer string // into the credential; "" for what stands in none
	Says    string // for people, in English
	Always  bool   // it is part of every response of this kind, and no policy is asked
}

// Asks returns all that the platform learns if the wallet answers.
func (r *VerifierRequest) Asks() []Ask { return nil }

// The errors of authenticating a request.
var (
	// ErrUnauthenticated says that a request is not signed by whom it names.
	ErrUnauthenticated = errors.New("realperson: request: not from the platform that it names")
	// ErrAuthority says that the platform does not accept the wallet's authority.
	ErrAuthority = errors.New("realperson: request: the platform does not accept the authority")
)

// Authenticate finds out who sent a request: the key that signed it is one for authentication of the DID that it names, now, as k
// knows. Errors: ErrMessage, ErrUnauthenticated, ErrAuthority, ErrEscrowUnavailable; a *vc.Fault that is vc.ErrUnknown if the key could
// not be had.
func (w *Wallet) Authenticate(ctx context.Context, request []byte, k vc.Keys) (*VerifierRequest, error) {
	return nil, errors.New("realperson: request: not written yet")
}
