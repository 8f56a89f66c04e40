package did

import (
	"context"

	"github.com/realdid/realdid/keys"
)

// A Registrar prepares changes of DIDs whose keys it never sees: it says what has to be signed, and submits the change once
// the holder has signed (client-managed secret mode of DID Registration). It keeps nothing in between.
type Registrar interface {
	// Prepare returns what has to be signed for a change.
	Prepare(ctx context.Context, c *Change) (*Preparation, error)
	// Submit completes the change that Prepare returned as state. signatures are by SigningRequest.ID, in the form of
	// [keys.Signer]. Submitting twice succeeds twice. State comes back from the outside: it is checked like any input.
	Submit(ctx context.Context, state []byte, signatures map[string][]byte) (*Registered, error)
}

// A Change is what a holder asks for.
type Change struct {
	Operation string // "create", "update", "deactivate", or a name of the method's own such as "rotate"
	DID       DID    // zero for a create
	Document  []byte // the DID document wanted, JSON; nil if the operation needs none
	Options   []byte // the method's options, a JSON object; nil for none
}

// A Preparation is a change that waits for signatures.
type Preparation struct {
	DID      DID
	State    []byte // to be handed back to Submit, opaque and not secret
	Requests []SigningRequest
}

// A SigningRequest asks for one signature.
type SigningRequest struct {
	ID      string         // names it within the Preparation
	Key     keys.PublicKey // whose signature
	Payload []byte         // the exact bytes to sign
}

// Registered is a change that stands.
type Registered struct {
	DID       DID
	Operation string
	VersionID string
	Document  *Document
}
