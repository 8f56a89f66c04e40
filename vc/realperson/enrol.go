package realperson

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/keys/bbs"
	"github.com/realdid/realdid/vc/dataintegrity/bbs2023"
)

// The errors of enrolment.
var (
	// ErrEnrolled says that this person is enrolled already, with these secrets or others.
	ErrEnrolled = errors.New("realperson: enrolment: this person is enrolled")
	// ErrNoRecord says that the authority knows nobody like this.
	ErrNoRecord = errors.New("realperson: no such person is enrolled")
	// ErrCommitment says that what the wallet committed to cannot be signed.
	ErrCommitment = errors.New("realperson: commitment")
)

// Issued is what an authority gives a wallet.
type Issued struct {
	// Response is for the wallet: FinishEnrolment, or FinishRenewal.
	Response []byte
	// Record is by what the authority finds this person: 64 hexadecimal digits that tell nothing without the pepper.
	Record     string
	Generation int
	// Logged is the number of the public log's entry about this generation; there is none about the first.
	Logged uint64
}

// Enrol signs the first credentials of a person: evidence says who that is, and is the caller's word. The same request for the same
// secrets is answered again until they are activated, so that a wallet that did not hear the answer can repeat it with a new challenge.
// Two requests that race for one person: one wins. Errors, all final for this request: ErrMessage, ErrSignature, ErrNonce, ErrReplayed,
// ErrCitizen, ErrEvidence, ErrEnrolled, ErrCommitment; and those that may pass: ErrBusy, a *vc.Fault that is vc.ErrUnknown if the DID could
// not be looked up, those of the ledgers, the pepper and the signer.
func (a *Authority) Enrol(ctx context.Context, request []byte, evidence *Evidence) (*Issued, error) {
	return a.enrol(ctx, request, evidence, enrolFirst)
}

func (a *Authority) enrol(ctx context.Context, request []byte, evidence *Evidence, kind string) (*Issued, error) {
	r, err := parseEnrolment(request)
	if err != nil {
		return nil, err
	}
	if r.kind != kind {
		return nil, refuse(ErrMessage, "another kind of enrolment than the wallet asks for")
	}
	now := a.now()
	expires, err := a.receive(ctx, r.message, now)
	if err != nil {
		return nil, err
	}
	if evidence == nil {
		return nil, refuse(ErrEvidence, "there is none")
	}
	claims, err := a.public.checkClaims(evidence.Claims)
	if err != nil {
		return nil, err
	}
	key, err := personKey(ctx, a.config.Pepper, a.config.Salt, evidence)
	if err != nil {
		return nil, err
	}
	for spent := false; ; spent = true {
		issued, err := a.tryEnrol(ctx, r, key, claims, now, func() error {
			if spent {
				return nil
			}
			return a.nonces.spend(ctx, r.nonce, expires)
		})
		if !errors.Is(err, ledger.ErrConflict) {
			return issued, err
		}
		// Somebody changed the record meanwhile: what it says now decides.
	}
}

// tryEnrol signs, then takes the record, then logs, and only then lets go of what it signed.
func (a *Authority) tryEnrol(ctx context.Context, r *enrolmentRequest, key string, claims map[string]any, now time.Time, spend func() error) (*Issued, error) {
	p, err := a.open(ctx, key)
	if err != nil {
		return nil, err
	}
	e, err := a.admit(p, r, now)
	if err != nil {
		return nil, err
	}
	batch, err := a.sign(ctx, &bbs2023.Commitment{WithProof: r.commitment, N: NymCount, Entropy: e.entropy}, e.generation, claims, now)
	if err != nil {
		return nil, commitmentFault(err)
	}
	if err := spend(); err != nil {
		return nil, err
	}
	if e != p.current {
		if err := a.registry.append(ctx, p, e); err != nil {
			return nil, err
		}
	}
	if err := a.settle(ctx, p); err != nil {
		return nil, err
	}
	if p.current.generation != e.generation {
		return nil, ErrEnrolled // meanwhile, anew
	}
	return a.issue(p, batch)
}

// commitmentFault tells a commitment whose proof does not hold from a signer that fails.
func commitmentFault(err error) error {
	if errors.Is(err, bbs.ErrInvalid) {
		return refuse(ErrCommitment, "its proof does not hold")
	}
	return fmt.Errorf("realperson: authority: sign: %w", err)
}

// open reads a person, and makes sure that the public log has what it must.
func (a *Authority) open(ctx context.Context, key string) (*person, error) {
	p, err := a.registry.read(ctx, key)
	if err != nil {
		return nil, err
	}
	return p, a.settle(ctx, p)
}

// admit decides about an enrolment: it returns the entry that stands already if this is the same request again, else a new one.
func (a *Authority) admit(p *person, r *enrolmentRequest, now time.Time) (*entry, error) {
	if c := p.current; c != nil && p.refused == nil && p.pseudonym == nil && (c.generation > 0) == (r.kind == enrolAnew) &&
		c.citizen == r.person && bytes.Equal(c.commitment, r.commitment) {
		return c, nil
	}
	e := &entry{typ: entryGeneration, time: now, citizen: r.person, commitment: r.commitment, entropy: bbs.NewNymEntropy()}
	if r.kind == enrolAnew {
		return e, a.admitAnew(p, r, e)
	}
	if p.current != nil {
		return nil, ErrEnrolled
	}
	return e, nil
}

// issue writes the response.
func (a *Authority) issue(p *person, batch [][]byte) (*Issued, error) {
	b := &batchResponse{record: p.key, generation: p.current.generation, credentials: batch}
	issued := &Issued{Record: p.key, Generation: p.current.generation}
	if p.current.generation > 0 {
		b.act, b.number = p.current.act, p.number
		issued.Logged = p.number
	}
	var err error
	issued.Response, err = b.encode()
	return issued, err
}
