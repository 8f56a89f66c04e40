package realperson

import (
	"fmt"
	"testing"

	"github.com/realdid/realdid/did"
)

// TestScopesThatCrowdOut: a platform that invents scopes makes a wallet forget its own, and not those of another.
func TestScopesThatCrowdOut(t *testing.T) {
	election, mill := did.MustParse("did:example:election"), did.MustParse("did:example:mill")
	vote := scopeName{election, "vote", "2026"}
	var r records
	r.scope(vote).limit = 3
	for i := range 3 * maxScopeRecords {
		r.scope(scopeName{mill, "scope", fmt.Sprint(i)}).limit = 1
		if len(r.scopes) > maxScopeRecords {
			t.Fatalf("got %d scopes remembered, want at most %d", len(r.scopes), maxScopeRecords)
		}
	}
	if got := r.scope(vote).limit; got != 3 {
		t.Errorf("limit of the election's scope: got %d, want 3", got)
	}
}
