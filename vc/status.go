package vc

import (
	"context"
	"errors"
	"time"
)

// StatusMechanism is a kind of status list.
type StatusMechanism uint8

// The mechanisms; 0 is one that this library does not know.
const (
	TokenStatusList     StatusMechanism = iota + 1 // draft-ietf-oauth-status-list-20
	BitstringStatusList                            // W3C Bitstring Status List 1.0
)

// String returns "Token Status List", "Bitstring Status List" or "unknown".
func (m StatusMechanism) String() string {
	switch m {
	case TokenStatusList:
		return "Token Status List"
	case BitstringStatusList:
		return "Bitstring Status List"
	}
	return "unknown"
}

// StatusReference is where a credential says its status stands: one entry of one list.
type StatusReference struct {
	Mechanism StatusMechanism
	URI       string            // of the list
	Index     uint64            // of the entry, from 0
	Purpose   string            // Bitstring only: statusPurpose
	Size      int               // Bitstring only: bits of an entry (statusSize), 1 if the credential does not say
	Messages  map[uint64]string // Bitstring only: statusMessage by value
}

// StatusLists looks entries up. vc/status.Lists is one.
type StatusLists interface {
	// Status returns what the list says, after it verified the list. Errors are a *Fault: ErrInvalid if the reference itself is wrong (no
	// such entry, a list for another purpose), ErrUnknown if no list can be had that is verified and fresh enough.
	Status(ctx context.Context, q StatusQuery) (StatusEntry, error)
}

// StatusQuery is one question to [StatusLists].
type StatusQuery struct {
	Reference StatusReference
	Issuer    string        // of the credential, as it is verified
	At        time.Time     // the verifier's clock
	MaxAge    time.Duration // how long ago the list may have been obtained; always positive
}

// StatusMeaning is what an entry means for the credential.
type StatusMeaning uint8

// The meanings. The zero value means nothing that this library knows.
const (
	StatusOther     StatusMeaning = iota
	StatusValid                   // neither revoked nor suspended by this list
	StatusRevoked                 // for good
	StatusSuspended               // for now
	StatusMessage                 // a value that says something and does not take validity away: purposes message and refresh
)

// String returns "valid", "revoked", "suspended", "message" or "other".
func (m StatusMeaning) String() string {
	switch m {
	case StatusValid:
		return "valid"
	case StatusRevoked:
		return "revoked"
	case StatusSuspended:
		return "suspended"
	case StatusMessage:
		return "message"
	}
	return "other"
}

// StatusEntry is what a list says of a credential, and how old the list is.
type StatusEntry struct {
	Reference    StatusReference
	Value        uint64
	Meaning      StatusMeaning
	Message      string    // what the credential or the list calls the value; "" if it does not
	ListIssuedAt time.Time // zero if the list does not say
	Obtained     time.Time // when the verifier got the list
	Expires      time.Time // when the list says that it ends; zero if it does not
}

var (
	errNoStatusLists   = errors.New("the credential refers to a status list, and the policy has no lists")
	errStatusMechanism = errors.New("the credential has a status of a kind that is not known")
)

// checkStatus asks for every entry that the credential refers to, also after one could not be had: a revoked credential is
// revoked whatever the others say.
func (r *run) checkStatus() (string, error) {
	d := &r.disclosed
	switch {
	case !d.HasStatus && len(d.Status) == 0:
		return "the credential has no status", nil
	case r.expect.InsecureIgnoreStatus:
		return "ignored, as the policy says", nil
	case r.expect.StatusLists == nil:
		return "", UnknownBecause("vc.status.unchecked", errNoStatusLists)
	case len(d.Status) == 0:
		return "", UnknownBecause("vc.status.unchecked", errStatusMechanism)
	}
	var unknown error
	for i := range d.Status {
		switch err := r.checkStatusEntry(&d.Status[i]); {
		case err == nil:
		case errors.Is(err, ErrUnknown):
			unknown = err
		default:
			return "", err
		}
	}
	return "", unknown
}

func (r *run) checkStatusEntry(ref *StatusReference) error {
	if ref.Mechanism == 0 {
		return UnknownBecause("vc.status.unchecked", errStatusMechanism)
	}
	maxAge := orDefault(r.expect.MaxStatusAge, DefaultMaxStatusAge)
	e, err := r.expect.StatusLists.Status(r.ctx, StatusQuery{Reference: *ref, Issuer: r.issuer, At: r.now, MaxAge: maxAge})
	if err != nil {
		return err
	}
	r.report.Status = append(r.report.Status, e)
	switch e.Meaning {
	case StatusValid, StatusMessage:
		return nil
	case StatusRevoked:
		return Invalid("vc.status.revoked", "the credential is revoked")
	case StatusSuspended:
		return Invalid("vc.status.suspended", "the credential is suspended")
	}
	return Invalid("vc.status.other", "the credential has a status of which this library does not know what it means")
}
