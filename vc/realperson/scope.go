package realperson

import (
	"errors"

	"github.com/realdid/realdid/did"
)

// MaxScopeLimit bounds Scope.Limit.
const MaxScopeLimit = 4096

// Scope says how often one person may do something at one platform: "vote in poll-7, once", "post without an account, three times in
// 2026". Each use is a pseudonym of its own, which links to no account and to no other use; the person chooses among Limit of them, in
// an order that is the person's secret, so that the platform does not learn which use it is. The zero Scope is no scope.
type Scope struct {
	Name   string // 1 to 64 characters of a-z, 0-9, "-" and "."
	Period string // 0 to 32 of the same: "2026", "2026-W47"
	Limit  int    // 1 to MaxScopeLimit
}

// Use is one use of a Scope that a platform accepted.
type Use struct {
	Scope     Scope
	Index     int // 0 to Limit-1; says nothing about which use of the person it is
	Authority did.DID
	Pseudonym []byte
	Claims    map[string]any // what the platform's policy asked for
}

// The errors of scopes.
var (
	ErrScope          = errors.New("realperson: scope")
	ErrScopeUsed      = errors.New("realperson: scope: this index is used up: the wallet may try its next one")
	ErrScopeExhausted = errors.New("realperson: scope: the wallet has used every index")
)

// Check returns an ErrScope unless s is a scope.
func (s Scope) Check() error {
	if !scopeText(s.Name, 1, 64) || !scopeText(s.Period, 0, 32) {
		return refuse(ErrScope, "a name has 1 to 64 and a period 0 to 32 characters of a-z, 0-9, - and .")
	}
	if s.Limit < 1 || s.Limit > MaxScopeLimit {
		return refuse(ErrScope, "the limit is not between 1 and 4096")
	}
	return nil
}

func scopeText(s string, least, most int) bool {
	if len(s) < least || len(s) > most {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '.' {
			return false
		}
	}
	return true
}
