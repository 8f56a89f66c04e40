package realperson

import (
	"errors"
	"fmt"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys/bbs"
	"github.com/realdid/realdid/keys/jws"
)

// The types of the requests of a person to an authority (SPEC.md, "Requests of a person"). All are compact JWS by a key of the person's
// DID.
const (
	enrolmentType  = "realperson-enrolment+jwt"
	activationType = "realperson-activation+jwt"
	renewalType    = "realperson-renewal+jwt"
)

// Limits of these requests.
const (
	MaxCitizenRequestSize = 128 << 10 // bytes of a request

	citizenRequestAge = 10 * time.Minute // from iat to now
	maxCommitment     = 4 << 10
	maxSameProof      = 4 << 10
	maxReason         = 32
)

var citizenLimits = strictjson.Limits{Bytes: MaxCitizenRequestSize, Depth: 16, Nodes: 4096}

// message is what all these requests have. It is parsed and not verified.
type message struct {
	token    *jws.Token
	object   *object
	method   did.URL
	citizen  did.DID // as the message writes it
	person   did.DID // the one name of it
	audience did.DID
	nonce    string
	issued   time.Time
}

// parseMessage reads a request of one type that has further members beside those of all. Errors are ErrMessage.
func parseMessage(b []byte, typ string, more ...string) (*message, error) {
	t, err := parseToken(b, MaxCitizenRequestSize, typ)
	if err != nil {
		return nil, err
	}
	o, err := parseObject(t.Payload, citizenLimits, append([]string{"iss", "aud", "nonce", "iat"}, more...)...)
	if err != nil {
		return nil, messageFault(err)
	}
	m := &message{
		token: t, object: o, citizen: o.did("iss"), audience: o.did("aud"), nonce: o.text("nonce", maxNonce), issued: o.seconds("iat"),
	}
	if o.err != nil {
		return nil, messageFault(o.err)
	}
	if m.method, err = methodOf(t, m.citizen); err != nil {
		return nil, err
	}
	if m.person, err = canonicalDID(m.citizen); err != nil {
		return nil, messageFault(err)
	}
	return m, nil
}

// checkTime refuses what was signed long ago, or will be.
func (m *message) checkTime(now time.Time) error {
	switch {
	case m.issued.After(now.Add(clockSkew)):
		return refuse(ErrMessage, "signed in the future")
	case now.Sub(m.issued) > citizenRequestAge:
		return refuse(ErrMessage, "signed too long ago")
	}
	return nil
}

// clockSkew is by how much clocks may differ.
const clockSkew = time.Minute

func (c *Citizen) check() error {
	if c == nil || c.Signer == nil || !c.Method.IsKeyReference() {
		return errors.New("realperson: citizen: no key, or not one that a DID names")
	}
	return nil
}

// members returns what every request says.
func (w *Wallet) members(c *Citizen, challenge string) map[string]any {
	return map[string]any{
		"iss": c.Method.DID().String(), "aud": w.authority.Authority.String(), "nonce": challenge, "iat": w.now().Unix(),
	}
}

// The kinds of enrolment.
const (
	enrolFirst = "first" // nobody knows this person yet
	enrolAnew  = "anew"  // all secrets of the person are lost: a new generation
)

// enrolmentRequest is a request for the first credentials of a generation.
type enrolmentRequest struct {
	*message
	kind       string
	reason     Reason // with enrolAnew
	commitment []byte // with its proof
}

// parseEnrolment reads an enrolment request strictly. Errors are ErrMessage, or ErrEscrowUnavailable.
func parseEnrolment(b []byte) (*enrolmentRequest, error) {
	m, err := parseMessage(b, enrolmentType, "kind", "reason?", "mode", "nyms", "commitment")
	if err != nil {
		return nil, err
	}
	o := m.object
	r := &enrolmentRequest{message: m, kind: o.text("kind", 8), commitment: o.octets("commitment", 1, maxCommitment)}
	mode, nyms := OpeningMode(o.text("mode", 16)), o.integer("nyms", 1, 1<<20)
	if o.has("reason") {
		r.reason = Reason(o.text("reason", maxReason))
	}
	switch {
	case o.err != nil:
		return nil, messageFault(o.err)
	case mode.Check() != nil:
		return nil, errors.Join(refuse(ErrMessage, "the opening mode is not strict"), mode.Check())
	case nyms != NymCount:
		return nil, refuse(ErrMessage, fmt.Sprintf("the number of nym secrets is not %d", NymCount))
	case r.kind != enrolFirst && r.kind != enrolAnew:
		return nil, refuse(ErrMessage, "neither a first enrolment nor one anew")
	case r.kind == enrolFirst && o.has("reason"), r.kind == enrolAnew && !r.reason.fits(entryGeneration):
		return nil, refuse(ErrMessage, "an enrolment anew has a reason, and a first one has none")
	}
	if n, err := bbs.CommitmentCount(r.commitment); err != nil || n != NymCount {
		return nil, refuse(ErrMessage, "not a commitment to the nym secrets alone")
	}
	return r, nil
}
