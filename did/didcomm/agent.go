package didcomm

import (
	"time"

	"github.com/realdid/realdid/did"
)

// Agent packs and unpacks messages. It finds the keys of all sides by DID, and those of its own side in Secrets. It is safe for
// concurrent use.
type Agent struct {
	resolver did.Resolver
	secrets  Secrets
	clock    func() time.Time

	refreshes refreshes
}

// New returns an agent. r is asked for the documents of senders, recipients and signers, those of this side included, at every
// call: give it one that caches, and that remembers what a question with NoCache brings. A document that lacks a key which a
// message names is asked for with NoCache, if its Evidence says as of when it is: that of each DID at most once in 5 seconds, between
// which it cannot be told whether there is such a key (ErrUnknown). clock may be nil: time.Now.
func New(r did.Resolver, s Secrets, clock func() time.Time) *Agent {
	if clock == nil {
		clock = time.Now
	}
	return &Agent{resolver: r, secrets: s, clock: clock}
}
