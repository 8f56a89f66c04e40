package jsonld

import "errors"

// Why a document or context was refused. Every error of this package is an [*Error] that is one of these (errors.Is).
var (
	ErrSyntax         = errors.New("not valid JSON-LD")
	ErrUnknownContext = errors.New("unknown context")
	ErrUndefinedTerm  = errors.New("undefined term")
	ErrRelativeIRI    = errors.New("relative IRI")
	ErrLimit          = errors.New("over a limit")
)

// Error says why a document or context was refused, and where.
type Error struct {
	Kind   error  // one of the Err… values of this package
	Detail string // what is wrong
	Path   string // JSON Pointer (RFC 6901) to the value of the document at fault; "" if that is the whole document
}

// Error names the kind, the place and the detail.
func (e *Error) Error() string {
	s := "jsonld: " + e.Kind.Error()
	if e.Path != "" {
		s += " at " + e.Path
	}
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	return s
}

// Unwrap returns the kind.
func (e *Error) Unwrap() error { return e.Kind }
