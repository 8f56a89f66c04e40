package did

import (
	"errors"
	"fmt"
)

// ErrorCode is the name of an error of DID Resolution 1.0, section "Errors", or of the Controlled Identifiers vocabulary.
type ErrorCode string

// The codes.
const (
	InvalidDID                 ErrorCode = "INVALID_DID"
	InvalidDIDURL              ErrorCode = "INVALID_DID_URL"
	InvalidOptions             ErrorCode = "INVALID_OPTIONS"
	NotFound                   ErrorCode = "NOT_FOUND"
	RepresentationNotSupported ErrorCode = "REPRESENTATION_NOT_SUPPORTED"
	MethodNotSupported         ErrorCode = "METHOD_NOT_SUPPORTED"
	FeatureNotSupported        ErrorCode = "FEATURE_NOT_SUPPORTED"
	InvalidDIDDocument         ErrorCode = "INVALID_DID_DOCUMENT"
	InternalError              ErrorCode = "INTERNAL_ERROR"

	InvalidVerificationMethod ErrorCode = "INVALID_VERIFICATION_METHOD"
	InvalidRelationship       ErrorCode = "INVALID_RELATIONSHIP_FOR_VERIFICATION_METHOD"
)

// Error is what resolving, dereferencing and parsing fail with. Detail is for people; it names no key material.
type Error struct {
	Code   ErrorCode
	Detail string
	Err    error // the cause, or a sentinel such as ErrKeyNotFound; may be nil
}

// Why a key that was asked for cannot be had; the Err of an *Error whose code is final.
var (
	ErrKeyNotFound    = errors.New("no such verification method")
	ErrKeyPurpose     = errors.New("the verification method is not for this purpose")
	ErrKeyTime        = errors.New("the verification method did not stand at this time")
	ErrKeyUnsupported = errors.New("the verification method is of a kind that is not supported")
	ErrKeyController  = errors.New("the verification method belongs to another DID")
)

// Error returns "did: CODE: detail: cause".
func (e *Error) Error() string {
	s := "did: " + string(e.Code)
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Type returns the problem type (RFC 9457) of the error, a URL.
func (e *Error) Type() string {
	switch e.Code {
	case InvalidVerificationMethod, InvalidRelationship:
		return "https://w3id.org/security#" + string(e.Code)
	}
	return "https://www.w3.org/ns/did#" + string(e.Code)
}

// Status returns the HTTP status that DID Resolution 1.0, section "HTTP(S) Binding", gives the error.
func (e *Error) Status() int {
	switch e.Code {
	case InvalidDID, InvalidDIDURL, InvalidOptions:
		return 400
	case NotFound:
		return 404
	case RepresentationNotSupported:
		return 406
	case MethodNotSupported, FeatureNotSupported:
		return 501
	}
	return 500
}

// Temporary tells whether the question could not be answered and may be asked again (code INTERNAL_ERROR). Every other
// error is final: the answer is no.
func (e *Error) Temporary() bool { return e.Code == InternalError }

// AsError returns err as an *Error. An error that is none is wrapped as INTERNAL_ERROR, because what has no code was not an
// answer; nil stays nil.
func AsError(err error) *Error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Code: InternalError, Err: err}
}

func refuse(format string, a ...any) error {
	return &Error{Code: InvalidDIDDocument, Detail: fmt.Sprintf(format, a...)}
}
