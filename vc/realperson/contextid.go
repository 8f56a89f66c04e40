package realperson

import (
	"github.com/realdid/realdid/did"
)

// What a pseudonym is for.
const (
	forAccount = "account"
	forScope   = "scope"
)

// contextID names what a pseudonym is for, of an authority's persons: something at one verifier. Both DIDs are canonical. The verifier
// is who was authenticated (a VerifierRequest, or the platform that computes its own), never what a message says.
func contextID(authority, verifier did.DID, purpose string, parts ...[]byte) []byte {
	all := append([][]byte{[]byte(authority.String()), []byte(verifier.String()), []byte(purpose)}, parts...)
	id := hashOf("realperson/context/v1", all...)
	return id[:]
}

// accountContext is that of the one account at a platform.
func accountContext(authority, platform did.DID) []byte {
	return contextID(authority, platform, forAccount)
}

// scopeContext is that of one index of a scope. The limit is no part of it: a platform that raises it gives nobody a second set.
func scopeContext(authority, platform did.DID, s *Scope, index int) []byte {
	return contextID(authority, platform, forScope, []byte(s.Name), []byte(s.Period), uint64Bytes(uint64(index)))
}
