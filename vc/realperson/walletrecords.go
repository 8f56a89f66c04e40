package realperson

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/realdid"
)

// records are what a wallet remembers of platforms. Nothing is lost with them but convenience: the keys derive from the seed, and
// platforms say which index of a scope is used. The zero value remembers nothing.
type records struct {
	holders map[did.DID]holderRecord
	scopes  map[scopeName]*scopeRecord
}

// holderRecord says which of the wallet's keys for a platform is in use: 0 for the first, one more with each rebinding.
type holderRecord struct {
	number uint32
	last   string // nonce of the request by which number was reached
}

// scopeName is a scope without its limit.
type scopeName struct {
	platform     did.DID
	name, period string
}

// scopeRecord says which indexes of a scope are used up, and which one was shown last.
type scopeRecord struct {
	limit int // the highest that a platform named
	used  []int
	shown int
	nonce string // of the request that shown answered; "" if none waits
}

// maxScopeRecords bounds what is remembered; a wallet that forgets is told by platforms.
const maxScopeRecords = 1024

func (r *records) scope(n scopeName) *scopeRecord {
	if r.scopes == nil {
		r.scopes = make(map[scopeName]*scopeRecord)
	}
	if r.scopes[n] == nil && len(r.scopes) >= maxScopeRecords {
		r.forgetMost()
	}
	s := r.scopes[n]
	if s == nil {
		s = &scopeRecord{}
		r.scopes[n] = s
	}
	return s
}

// forgetMost forgets the scopes of the platform that has the most, so that none makes a wallet forget what it knows of another.
func (r *records) forgetMost() {
	counts := make(map[did.DID]int)
	var most did.DID
	for n := range r.scopes {
		counts[n.platform]++
		if counts[n.platform] > counts[most] {
			most = n.platform
		}
	}
	maps.DeleteFunc(r.scopes, func(n scopeName, _ *scopeRecord) bool { return n.platform == most })
}

// nextIndex picks the first index of the secret order that is not used up. With a lower limit than before a platform would choose which
// indexes it sees, and so know a use again that was made under the higher one.
func (w *Wallet) nextIndex(r *VerifierRequest) (int, error) {
	s := r.parsed.scope
	order := s.permutation(&w.scopeSecret, r.platform)
	w.mu.Lock()
	defer w.mu.Unlock()
	rec := w.records.scope(scopeName{r.platform, s.Name, s.Period})
	if s.Limit < rec.limit {
		return 0, refuse(ErrScope, "the platform lowered the limit")
	}
	rec.limit = s.Limit
	for _, i := range order {
		if !slices.Contains(rec.used, i) {
			rec.shown, rec.nonce = i, r.parsed.nonce
			return i, nil
		}
	}
	return 0, ErrScopeExhausted
}

// ScopeUsed says what a platform answered to the response to r: that it took the index, or that the index had been used before
// (ErrScopeUsed). The wallet does not show it again. Without a call the next response shows the same index. A wallet that has not lost its
// records is told ErrScopeUsed by a platform that lies: whoever then answers again and again shows it all indexes at once, which links
// all uses. So ask the user first, and answer later, from another session.
func (w *Wallet) ScopeUsed(r *VerifierRequest) {
	s := r.said().scope
	if s == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	rec := w.records.scope(scopeName{r.platform, s.Name, s.Period})
	if rec.nonce != r.parsed.nonce {
		return
	}
	rec.nonce = ""
	if !slices.Contains(rec.used, rec.shown) {
		rec.used = append(rec.used, rec.shown)
	}
}

// Rebound says that a platform accepted the wallet's response to r, a Rebind or CompleteRebind: the wallet uses the new pairwise key from
// now on. Calling it again for the same r changes nothing.
func (w *Wallet) Rebound(r *VerifierRequest) {
	if a := r.Action(); a != ActionRebind && a != ActionCompleteRebind {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.records.holders == nil {
		w.records.holders = make(map[did.DID]holderRecord)
	}
	if rec := w.records.holders[r.platform]; rec.last != r.parsed.nonce {
		w.records.holders[r.platform] = holderRecord{number: rec.number + 1, last: r.parsed.nonce}
	}
}

// Holder returns the pairwise DID that the wallet uses at a platform.
func (w *Wallet) Holder(ctx context.Context, platform did.DID) (did.DID, error) {
	platform, err := canonicalDID(platform)
	if err != nil {
		return did.DID{}, fmt.Errorf("realperson: wallet: %w", err)
	}
	h, err := w.holder(ctx, platform, 0)
	if err != nil {
		return did.DID{}, fmt.Errorf("realperson: wallet: %w", err)
	}
	return h.DID, nil
}

// holder derives the wallet's identity at a platform: the present one, or the one that is ahead of it by a number.
func (w *Wallet) holder(ctx context.Context, platform did.DID, ahead uint32) (*realdid.Pairwise, error) {
	w.mu.Lock()
	number := w.records.holders[platform].number + ahead
	seed := w.seed
	w.mu.Unlock()
	return pairwise(ctx, seed, "platform/"+strconv.FormatUint(uint64(number), 10), platform)
}

// pairwise derives an identity. The platform's name goes in by its hash, because a DID may be longer than what may be derived for.
func pairwise(ctx context.Context, seed *realdid.Seed, use string, platform did.DID) (*realdid.Pairwise, error) {
	name := hashOf("realperson/pairwise/v1", []byte(use), []byte(platform.String()))
	return seed.Pairwise(ctx, realdid.Network{}, encode(name[:]))
}
