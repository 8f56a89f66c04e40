package dataintegrity

import (
	"slices"
	"time"

	"github.com/realdid/realdid/internal/strictjson"
)

// Names of members.
const (
	memberContext = "@context"
	memberProof   = "proof"
	memberValue   = "proofValue"
)

// Proof is a well-formed DataIntegrityProof (Data Integrity 1.0, section 2.1) that nothing was checked of. A zero field is absent.
type Proof struct {
	ID                 string
	Cryptosuite        string
	VerificationMethod string
	Purpose            string
	Created, Expires   time.Time
	Domain             []string
	Challenge          string
	PreviousProof      []string
	Nonce              string
	Value              string // proofValue

	object strictjson.Value
}

// Options returns the proof as received without its proofValue.
func (p *Proof) Options() strictjson.Value {
	members := p.object.Members()
	i := slices.IndexFunc(members, func(m strictjson.Member) bool { return m.Name == memberValue })
	if i < 0 {
		return p.object
	}
	rest := make([]strictjson.Member, 0, len(members)-1)
	rest = append(append(rest, members[:i]...), members[i+1:]...)
	return p.object.WithMembers(rest)
}
