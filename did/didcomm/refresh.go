package didcomm

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/realdid/realdid/did"
)

// refreshAfter is how long after an agent asked the source of a DID, past caches, it does not do so again for want of a key: a key
// is found soon after it was added, and a stranger who names unknown keys makes the source be asked only this often. The agent keeps
// its own account of that, of the last maxAsked DIDs: Evidence.AsOf of a proof is older than the question.
const (
	refreshAfter = 5 * time.Second
	maxAsked     = 4096
)

// errAskedLately is temporary: what is missing may have been added after the source was asked.
var errAskedLately = &did.Error{Code: did.InternalError, Detail: "the key is unknown, and the source was asked a moment ago: ask again later"}

// refreshes is the account of when sources were asked, by DID. The zero value is ready to use.
type refreshes struct {
	mu    sync.Mutex
	asked map[string]time.Time
}

// begin tells whether the source of id may be asked, and notes that it is.
func (r *refreshes) begin(id did.DID, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if at, ok := r.asked[id.String()]; ok && recent(at, now) {
		return false
	}
	if len(r.asked) >= maxAsked {
		for k, at := range r.asked {
			if !recent(at, now) {
				delete(r.asked, k)
			}
		}
		if len(r.asked) >= maxAsked {
			clear(r.asked) // whoever filled it has made the resolver look up as many DIDs
		}
	}
	if r.asked == nil {
		r.asked = make(map[string]time.Time)
	}
	r.asked[strings.Clone(id.String())] = now
	return true
}

// recent is false for times to come, so that a clock that is set back does not lengthen the pause.
func recent(at, now time.Time) bool { return !at.After(now) && now.Sub(at) < refreshAfter }

// forget takes back what begin noted.
func (r *refreshes) forget(id did.DID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.asked, id.String())
}

// answer is what a resolver said of a DID.
type answer struct {
	*did.Resolution
	fresh bool // the source was asked just now
}

// renew replaces an answer in which something is missing by one of the source. It returns false if there is nothing newer to be had:
// the source was asked just now or cannot be asked past caches, or the resolver does not say how old its answers are. An
// error that is Temporary means that it could not be told.
func (a *Agent) renew(ctx context.Context, have *answer) (bool, error) {
	id := have.Document.ID
	if have.fresh || have.Evidence.AsOf.IsZero() {
		return false, nil
	}
	if !a.refreshes.begin(id, a.clock()) {
		return false, errAskedLately
	}
	res, err := a.resolve(ctx, id, true)
	switch {
	case err == nil:
		*have = answer{res, true}
		return true, nil
	case did.AsError(err).Code == did.FeatureNotSupported:
		a.refreshes.forget(id)
		return false, nil
	}
	return false, err
}
