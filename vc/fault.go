package vc

import "errors"

// The two ways in which a verification does not succeed. A caller may try again after ErrUnknown and must not after ErrInvalid.
var (
	ErrInvalid = errors.New("vc: invalid")
	ErrUnknown = errors.New("vc: could not check")
)

// Fault is one failed check: a code of CODES.md and a detail for people, which holds no claim, salt, disclosure or key. It is
// (errors.Is) ErrInvalid or ErrUnknown.
type Fault struct {
	Code   string
	Detail string
	kind   error
	cause  error
}

// Invalid returns a final fault.
func Invalid(code, detail string) *Fault { return &Fault{Code: code, Detail: detail, kind: ErrInvalid} }

// InvalidBecause is Invalid with the error that led to it, which [Fault.Unwrap] returns. Its text becomes the detail.
func InvalidBecause(code string, cause error) *Fault {
	return &Fault{Code: code, Detail: cause.Error(), kind: ErrInvalid, cause: cause}
}

// UnknownBecause returns a fault that may go away by itself. The text of cause becomes the detail.
func UnknownBecause(code string, cause error) *Fault {
	return &Fault{Code: code, Detail: cause.Error(), kind: ErrUnknown, cause: cause}
}

// Error returns "vc: code: detail".
func (f *Fault) Error() string { return "vc: " + f.Code + ": " + f.Detail }

// Is reports whether target is the kind of f: ErrInvalid or ErrUnknown. A Fault that no function of this package made is
// ErrInvalid.
func (f *Fault) Is(target error) bool {
	if f.kind == nil {
		return target == ErrInvalid
	}
	return target == f.kind
}

// Unwrap returns the error that led to f, or nil.
func (f *Fault) Unwrap() error { return f.cause }

// Code returns the code of the Fault in err, or "" if there is none.
func Code(err error) string {
	if f, ok := errors.AsType[*Fault](err); ok {
		return f.Code
	}
	return ""
}
