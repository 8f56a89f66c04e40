package realperson

import (
	"time"

	"github.com/realdid/realdid/did"
)

// Account is what a platform knows of one person.
type Account struct {
	// ID names the account: 52 characters of a-z and 2-7. It derives from the pseudonym, and says nothing at another platform.
	ID string
	// Holder is the pairwise DID, in its long form, whose key logs in.
	Holder  did.DID
	Created time.Time
	// Reports are when theft reports that stand were made, in their order: the platform may want to ask for more before it lets
	// anybody do much, and should tell the holder.
	Reports []time.Time
	// Authority and Claims are who vouched for the person, and what the policy asked for; both only as the answer of SignUp, for the
	// platform to keep if it needs to.
	Authority did.DID
	Claims    map[string]any
}
