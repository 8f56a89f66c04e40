package realperson

import (
	"context"
	"errors"

	"github.com/realdid/realdid/did"
)

var errUnwritten = errors.New("realperson: wallet: not written yet")

// SignUp answers a request to open an account: with the pseudonym at this platform, the pairwise DID, and what the policy allows to
// show. Errors: ErrRefused; ErrMessage if the request wants another action or is over; ErrNotEnrolled, ErrNoCredential.
func (w *Wallet) SignUp(ctx context.Context, r *VerifierRequest, p Policy) ([]byte, error) {
	return nil, errUnwritten
}

// LogIn answers a request to log in, by a signature of the pairwise key alone.
func (w *Wallet) LogIn(ctx context.Context, r *VerifierRequest) ([]byte, error) {
	return nil, errUnwritten
}

// UseScope answers a request to use a scope once, with the next index in the person's secret order, and a DID made for this one
// response. If the platform says ErrScopeUsed, the next call goes on to the next index. Errors: those of SignUp, and ErrScopeExhausted.
func (w *Wallet) UseScope(ctx context.Context, r *VerifierRequest, p Policy) ([]byte, error) {
	return nil, errUnwritten
}

// Rebind answers a request to bind the account to the wallet's next pairwise key, with the consent of the present one. Once the
// platform has accepted, call [Wallet.Rebound].
func (w *Wallet) Rebind(ctx context.Context, r *VerifierRequest) ([]byte, error) {
	return nil, errUnwritten
}

// ReportTheft answers a request to report that the present pairwise key is lost, for the wallet's next one to take its place.
func (w *Wallet) ReportTheft(ctx context.Context, r *VerifierRequest) ([]byte, error) {
	return nil, errUnwritten
}

// CompleteRebind answers a request to complete what ReportTheft began, with a credential of a batch that was renewed since. Once the
// platform has accepted, call [Wallet.Rebound].
func (w *Wallet) CompleteRebind(ctx context.Context, r *VerifierRequest) ([]byte, error) {
	return nil, errUnwritten
}

// Veto answers a request to strike out theft reports of others.
func (w *Wallet) Veto(ctx context.Context, r *VerifierRequest) ([]byte, error) {
	return nil, errUnwritten
}

// Rebound says that a platform has bound the account to the wallet's next pairwise key, so that the wallet uses that from now on.
func (w *Wallet) Rebound(platform did.DID) {}
