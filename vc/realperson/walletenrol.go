package realperson

import (
	"bytes"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/keys/bbs"
	"github.com/realdid/realdid/vc/dataintegrity"
	"github.com/realdid/realdid/vc/dataintegrity/bbs2023"
)

var (
	// ErrWalletEnrolled says that the wallet has secrets that an authority signed. Others would have other pseudonyms: they belong into
	// another wallet.
	ErrWalletEnrolled = errors.New("realperson: wallet: enrolled already")
	// ErrMarked says that a batch differs from what every wallet gets. Its holder could be told apart, so it is not used.
	ErrMarked = errors.New("realperson: batch: differs from everybody's")
)

// EnrolmentRequest makes a request for the first credentials of a person whom the authority does not know. challenge is from the
// authority ([Authority.Challenge]). It may be called again with another challenge until there is an answer; the secrets stay the same.
// Keep a [Wallet.Backup] before it is sent.
func (w *Wallet) EnrolmentRequest(ctx context.Context, c *Citizen, challenge string) ([]byte, error) {
	return w.enrolment(ctx, c, challenge, enrolFirst, "")
}

// ReenrolmentRequest is EnrolmentRequest for a person whom the authority knows and whose secrets are all lost, which is what reason
// says: ReasonLoss, ReasonTheft or ReasonError. The wallet's own are new ones, and no platform will know them.
func (w *Wallet) ReenrolmentRequest(ctx context.Context, c *Citizen, challenge string, reason Reason) ([]byte, error) {
	if !reason.fits(entryGeneration) {
		return nil, errors.New("realperson: enrolment: not a reason for a new generation")
	}
	return w.enrolment(ctx, c, challenge, enrolAnew, reason)
}

func (w *Wallet) enrolment(ctx context.Context, c *Citizen, challenge, kind string, reason Reason) ([]byte, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	commitment, err := w.commit(kind)
	if err != nil {
		return nil, err
	}
	m := w.members(c, challenge)
	m["kind"], m["mode"], m["nyms"], m["commitment"] = kind, string(Strict), NymCount, encode(commitment)
	if reason != "" {
		m["reason"] = string(reason)
	}
	b, err := signMessage(ctx, m, enrolmentType, c.Signer, c.Method)
	if err != nil {
		return nil, fmt.Errorf("realperson: enrolment: %w", err)
	}
	return b, nil
}

// commit returns the commitment to the wallet's secrets, which is made once.
func (w *Wallet) commit(kind string) ([]byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.nyms != nil {
		return nil, ErrWalletEnrolled
	}
	if w.commitment == nil {
		commitment, blind, err := bbs.SHA256.NymCommit(nil, w.prover)
		if err != nil {
			return nil, fmt.Errorf("realperson: enrolment: %w", err)
		}
		w.commitment, w.blind = commitment, blind
	}
	w.kind = kind
	return w.commitment, nil
}

// FinishEnrolment takes what the authority answered to the newest request. It believes nothing: every signature must be the
// authority's over this wallet's secrets, and every credential must be what everybody gets but for the claims, which
// [Wallet.Statements] shows. Errors: ErrBatch, ErrMarked; the wallet is unchanged then.
func (w *Wallet) FinishEnrolment(ctx context.Context, response []byte) error {
	r, err := parseBatch(response)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.nyms != nil:
		return ErrWalletEnrolled
	case w.kind == "":
		return refuse(ErrBatch, "nothing was asked for")
	case (w.kind == enrolAnew) != (r.generation > 0):
		return refuse(ErrMarked, "a first generation is 0, and a later one is not")
	}
	batch, nyms, err := w.check(ctx, r, &w.authority, w.blind)
	if err != nil {
		return err
	}
	if w.entropy, err = entropyOf(batch[0].base); err != nil {
		return fmt.Errorf("%w: %w", ErrBatch, err)
	}
	w.nyms, w.credentials = nyms, batch
	w.record, w.generation, w.act, w.number, w.kind = r.record, r.generation, r.act, r.number, ""
	return nil
}

// check verifies a batch that answers the newest request, and returns it with the final secrets. blind is that of the commitment that
// was sent. w.mu is held.
func (w *Wallet) check(ctx context.Context, r *batchResponse, p *Parameters, blind *bbs.Blind) ([]held, *bbs.NymSecrets, error) {
	start, err := r.firstEpoch(p.Epochs, w.now())
	if err != nil {
		return nil, nil, err
	}
	key, err := keys.NewPublicKey(keys.BLS12381G2, p.Key)
	if err != nil {
		return nil, nil, fmt.Errorf("realperson: batch: %w", err)
	}
	s := &statement{start: start, issued: start, generation: r.generation}
	var batch []held
	var nyms *bbs.NymSecrets
	for _, b := range r.credentials {
		if s.claims, err = p.checkTemplate(b, s); err != nil {
			return nil, nil, err
		}
		final, err := p.finalize(b, key, w.prover, blind)
		if err != nil {
			return nil, nil, err
		}
		if nyms != nil && !sameSecrets(nyms, final) {
			return nil, nil, refuse(ErrMarked, "not all of one batch are of the same secrets")
		}
		nyms = final
		batch = append(batch, held{start: s.start, base: b, blind: blind})
		s.start = p.Epochs.End(s.start)
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	return batch, nyms, nil
}

// firstEpoch returns the start of the epoch that a batch begins with: the present one by the wallet's clock, or near a boundary the one
// beside it.
func (r *batchResponse) firstEpoch(e Epochs, now time.Time) (time.Time, error) {
	v, err := strictjson.Parse(r.credentials[0], batchLimits)
	if err != nil {
		return time.Time{}, fmt.Errorf("%w: %w", ErrBatch, err)
	}
	from, _ := v.Get("validFrom")
	s, _ := from.Str()
	start, ok := parseTime(s)
	if ok {
		for _, t := range [...]time.Time{now, now.Add(-batchSlack), now.Add(clockSkew)} {
			if e.Start(t).Equal(start) {
				return start, nil
			}
		}
	}
	return time.Time{}, refuse(ErrMarked, "a batch begins with the present epoch")
}

// batchSlack is how long the answer may have been under way when an epoch ended.
const batchSlack = 10 * time.Minute

// checkTemplate compares a credential with the one that everybody gets, and returns what is this person's: the claims.
// In s, claims are nil for the first credential of a batch; the others must state the same.
func (p *Parameters) checkTemplate(b []byte, s *statement) (map[string]any, error) {
	v, err := strictjson.Parse(b, batchLimits)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBatch, err)
	}
	proof, _ := v.Get("proof")
	value, _ := proof.Get("proofValue")
	proofValue, ok := value.Str()
	if !ok {
		return nil, refuse(ErrMarked, "no proof, or more than one")
	}
	got := *s
	if got.claims, err = p.readClaims(v); err != nil {
		return nil, err
	}
	want := p.credential(&got)
	members := p.proof()
	members["proofValue"] = proofValue
	want["proof"] = members
	text, err := strictjson.Canonical(want)
	if err != nil {
		return nil, fmt.Errorf("realperson: batch: %w", err)
	}
	if !bytes.Equal(text, b) {
		return nil, refuse(ErrMarked, "a member of a credential is another one, or says something else, than in everybody's")
	}
	pointers, err := bbs2023.Suite{}.MandatoryPointers(proofValue)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBatch, err)
	}
	if !slices.Equal(pointers, mandatory()) {
		return nil, refuse(ErrMarked, "other pointers are mandatory than in everybody's")
	}
	if s.claims != nil && !maps.Equal(s.claims, got.claims) {
		return nil, refuse(ErrMarked, "not all of one batch state the same")
	}
	return got.claims, nil
}

// readClaims returns the values of the claims that every credential states.
func (p *Parameters) readClaims(credential strictjson.Value) (map[string]any, error) {
	subject, _ := credential.Get("credentialSubject")
	claims := map[string]any{}
	for _, name := range p.Claims {
		v, _ := subject.Get(name)
		claims[name] = v.Interface()
	}
	if _, err := p.checkClaims(claims); err != nil {
		return nil, refuse(ErrMarked, "a claim is missing, or has a value that no claim has")
	}
	return claims, nil
}

// finalize checks the signature of a credential over the secrets of this wallet, and returns the final ones.
func (p *Parameters) finalize(b []byte, key keys.PublicKey, prover *bbs.NymSecrets, blind *bbs.Blind) (*bbs.NymSecrets, error) {
	c, err := dataintegrity.ParseCredential(b, suiteOptions(bbs2023.Suite{}))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBatch, err)
	}
	final, err := bbs2023.Finalize(c, key, prover, blind)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBatch, err)
	}
	return final, nil
}

// entropyOf returns the authority's part of the secrets that a credential is over.
func entropyOf(base []byte) ([]byte, error) {
	v, err := strictjson.Parse(base, batchLimits)
	if err != nil {
		return nil, err
	}
	proof, _ := v.Get("proof")
	value, _ := proof.Get("proofValue")
	s, _ := value.Str()
	return bbs2023.EntropyOf(s)
}

func sameSecrets(a, b *bbs.NymSecrets) bool {
	x, y := a.Secret(), b.Secret()
	defer clear(x)
	defer clear(y)
	return len(x) > 0 && subtle.ConstantTimeCompare(x, y) == 1
}
