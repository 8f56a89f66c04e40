// Package resolver puts did.Resolvers together: Mux chooses one by method, Cache remembers answers for a while, and Keys
// looks up the key that a DID URL names, for a purpose and a time. Its subpackages resolve methods that need no ledger.
package resolver

import (
	"context"
	"time"

	"github.com/realdid/realdid/did"
)

// Mux resolves each DID with the resolver of its method; the keys are method names, such as "key". It is not changed
// after its first use.
type Mux map[string]did.Resolver

// Resolve asks the resolver of id's method. Without one the error is METHOD_NOT_SUPPORTED. An answer whose document has
// another id than was asked for is INVALID_DID_DOCUMENT (DID Resolution 1.0: the two are equal as strings).
func (m Mux) Resolve(ctx context.Context, id did.DID, opt *did.ResolveOptions) (*did.Resolution, error) {
	if id.IsZero() {
		return nil, &did.Error{Code: did.InvalidDID, Detail: "the zero DID"}
	}
	if err := opt.Check(); err != nil {
		return nil, err
	}
	r := m[id.Method()]
	if r == nil {
		return nil, &did.Error{Code: did.MethodNotSupported, Detail: id.Method()}
	}
	res, err := r.Resolve(ctx, id, opt)
	if err != nil {
		return nil, did.AsError(err)
	}
	if err := checkAnswer(id, res); err != nil {
		return nil, err
	}
	return res, nil
}

// age asks the resolver of id's method, if it keeps such an account.
func (m Mux) age(id did.DID) (age time.Duration, unanswered, ok bool) {
	if r, ok := m[id.Method()].(ager); ok {
		return r.age(id)
	}
	return 0, false, false
}

func checkAnswer(id did.DID, res *did.Resolution) error {
	if res == nil || res.Document == nil || res.Document.ID != id {
		return &did.Error{Code: did.InvalidDIDDocument, Detail: "the resolver answered with the document of another DID, or none"}
	}
	return nil
}
