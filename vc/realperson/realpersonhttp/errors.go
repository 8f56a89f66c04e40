package realpersonhttp

import (
	"errors"
	"net/http"

	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/realperson"
)

// The codes that stand for an error of package realperson or vc.
const (
	BadMessage      Code = "message"            // 400: realperson.ErrMessage
	BadScope        Code = "scope"              // 400: realperson.ErrScope
	NoScope         Code = "no-such-scope"      // 404: ErrNoScope
	BadIssuer       Code = "issuer"             // 403: realperson.ErrIssuer
	BadSignature    Code = "signature"          // 403: realperson.ErrSignature
	BadNonce        Code = "nonce"              // 403: realperson.ErrNonce
	Replayed        Code = "replayed"           // 409: realperson.ErrReplayed
	Escrow          Code = "escrow-unavailable" // 422: realperson.ErrEscrowUnavailable
	Overloaded      Code = "overloaded"         // 503: realperson.ErrBusy
	NotVerified     Code = "not-verified"       // 403: a fault that is vc.ErrInvalid
	NotChecked      Code = "not-checked"        // 503: a fault that is vc.ErrUnknown: it may be tried again
	NotIdentified   Code = "not-identified"     // 403: ErrNotIdentified
	BadEvidence     Code = "evidence"           // 422: realperson.ErrEvidence
	BadCitizen      Code = "citizen"            // 403: realperson.ErrCitizen
	AlreadyEnrolled Code = "enrolled"           // 409: realperson.ErrEnrolled
	NoRecord        Code = "no-record"          // 404: realperson.ErrNoRecord
	NotCitizen      Code = "not-citizen"        // 403: realperson.ErrNotCitizen
	OtherSecrets    Code = "other-secrets"      // 403: realperson.ErrOtherSecrets
	NotActivated    Code = "not-activated"      // 409: realperson.ErrNotActivated
	BadCommitment   Code = "commitment"         // 422: realperson.ErrCommitment
	TooSoon         Code = "too-soon"           // 429: realperson.ErrTooSoon
	Decided         Code = "decided"            // 403: realperson.ErrDecided
	AccountExists   Code = "account-exists"     // 409: realperson.ErrAccountExists
	NoAccount       Code = "no-account"         // 404: realperson.ErrNoAccount
	NotHolder       Code = "not-holder"         // 403: realperson.ErrNotHolder
	StaleCredential Code = "stale-credential"   // 403: realperson.ErrStaleCredential
	Vetoed          Code = "vetoed"             // 403: realperson.ErrVetoed
	NoReport        Code = "no-report"          // 409: realperson.ErrNoReport
	TooEarly        Code = "too-early"          // 409: realperson.ErrTooEarly
	IssuedBefore    Code = "issued-before"      // 409: realperson.ErrIssuedBefore
	ManyReports     Code = "many-reports"       // 409: realperson.ErrManyReports
	ScopeUsed       Code = "scope-used"         // 409: realperson.ErrScopeUsed
	PolicyRefused   Code = "policy"             // 403: realperson.ErrPolicy
)

// The errors of this package that a server's caller may act on.
var (
	// ErrNotIdentified says that People does not know who asks.
	ErrNotIdentified = errors.New("realpersonhttp: the evidence identifies nobody")
	// ErrNoScope says that a platform has no scope of a name.
	ErrNoScope = errors.New("realpersonhttp: the platform has no such scope")
)

// errorRows has the special before the general.
var errorRows = []row{
	{Escrow, http.StatusUnprocessableEntity, "credentials that can be opened are not available", realperson.ErrEscrowUnavailable},
	{Replayed, http.StatusConflict, "it was answered before", realperson.ErrReplayed},
	{BadNonce, http.StatusForbidden, "no request that can still be answered, or one for another purpose or session", realperson.ErrNonce},
	{Overloaded, http.StatusServiceUnavailable, "too many requests were just answered", realperson.ErrBusy},
	{NotIdentified, http.StatusForbidden, "the evidence identifies nobody", ErrNotIdentified},
	{BadEvidence, http.StatusUnprocessableEntity, "the evidence does not fit", realperson.ErrEvidence},
	{BadCitizen, http.StatusForbidden, "not signed by a key that the person's DID has now", realperson.ErrCitizen},
	{AlreadyEnrolled, http.StatusConflict, "this person is enrolled", realperson.ErrEnrolled},
	{NoRecord, http.StatusNotFound, "nobody like this is enrolled", realperson.ErrNoRecord},
	{NotCitizen, http.StatusForbidden, "another DID enrolled", realperson.ErrNotCitizen},
	{OtherSecrets, http.StatusForbidden, "not the secrets that were enrolled", realperson.ErrOtherSecrets},
	{NotActivated, http.StatusConflict, "the enrolment was never activated", realperson.ErrNotActivated},
	{BadCommitment, http.StatusUnprocessableEntity, "what the wallet committed to cannot be signed", realperson.ErrCommitment},
	{TooSoon, http.StatusTooManyRequests, "the generation has not lasted long enough", realperson.ErrTooSoon},
	{Decided, http.StatusForbidden, "the authority decided to give this person no credentials", realperson.ErrDecided},
	{AccountExists, http.StatusConflict, "this person has an account", realperson.ErrAccountExists},
	{NoAccount, http.StatusNotFound, "there is no such account", realperson.ErrNoAccount},
	{NotHolder, http.StatusForbidden, "the key is not the account's", realperson.ErrNotHolder},
	{StaleCredential, http.StatusForbidden, "a later credential was shown before", realperson.ErrStaleCredential},
	{Vetoed, http.StatusForbidden, "the account's key vetoed", realperson.ErrVetoed},
	{NoReport, http.StatusConflict, "no theft report of this key stands", realperson.ErrNoReport},
	{TooEarly, http.StatusConflict, "the delay is not over", realperson.ErrTooEarly},
	{IssuedBefore, http.StatusConflict, "the credential may have been issued before the report", realperson.ErrIssuedBefore},
	{ManyReports, http.StatusConflict, "too many theft reports stand", realperson.ErrManyReports},
	{ScopeUsed, http.StatusConflict, "this index of the scope is used up", realperson.ErrScopeUsed},
	{NoScope, http.StatusNotFound, "there is no such scope", ErrNoScope},
	{BadScope, http.StatusBadRequest, "not a scope", realperson.ErrScope},
	{PolicyRefused, http.StatusForbidden, "the claims are not what the platform wants", realperson.ErrPolicy},
	{BadIssuer, http.StatusForbidden, "not a credential of an authority that the platform accepts", realperson.ErrIssuer},
	{BadSignature, http.StatusForbidden, "not signed by the key that is named", realperson.ErrSignature},
	{BadMessage, http.StatusBadRequest, "the message is not one for this", realperson.ErrMessage},
	{NotChecked, http.StatusServiceUnavailable, "it could not be checked now", vc.ErrUnknown},
	{NotVerified, http.StatusForbidden, "the credential does not verify", vc.ErrInvalid},
}
