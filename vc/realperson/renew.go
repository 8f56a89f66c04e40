package realperson

import (
	"context"
	"crypto/subtle"
	"errors"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/keys/bbs"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
	"github.com/realdid/realdid/vc/dataintegrity/bbs2023"
)

// The errors of renewal.
var (
	// ErrNotCitizen says that the request is signed by another DID than the one that enrolled.
	ErrNotCitizen = errors.New("realperson: renewal: another DID than the one that enrolled")
	// ErrOtherSecrets says that the secrets are not those of the person's present generation.
	ErrOtherSecrets = errors.New("realperson: renewal: not the secrets of the person's generation")
	// ErrNotActivated says that the wallet never showed the authority its pseudonym.
	ErrNotActivated = errors.New("realperson: renewal: not activated")
)

// heldRequest is a request of who holds a credential: an activation or a renewal.
type heldRequest struct {
	*message
	typ        string
	record     string
	credential []byte // derived, with the pseudonym at the authority
	commitment []byte // a fresh one to the same secrets, with its proof
	same       []byte // the proof that they are the same

	// what was found out about it
	expires   time.Time // of the nonce
	pseudonym []byte
}

// parseHeld reads an activation or a renewal strictly. Errors are ErrMessage.
func parseHeld(b []byte, typ string) (*heldRequest, error) {
	m, err := parseMessage(b, typ, "record", "credential", "commitment", "same")
	if err != nil {
		return nil, err
	}
	r := &heldRequest{
		message: m, typ: typ, record: m.object.text("record", 64), credential: m.object.get("credential").Raw(),
		commitment: m.object.octets("commitment", 1, maxCommitment), same: m.object.octets("same", 1, maxSameProof),
	}
	if m.object.err != nil {
		return nil, messageFault(m.object.err)
	}
	if !isPersonKey(r.record) {
		return nil, refuse(ErrMessage, "the record is not 64 hexadecimal digits")
	}
	if n, err := bbs.CommitmentCount(r.commitment); err != nil || n != NymCount {
		return nil, refuse(ErrMessage, "not a commitment to the nym secrets alone")
	}
	return r, nil
}

// authorityContext is what the pseudonym that a person has at the authority itself is for. No platform has it: the purpose is another.
func authorityContext(authority did.DID) []byte { return contextID(authority, authority, "authority") }

// heldHeader is the presentation header of such a request: it binds the proof to the request, as the request's signature binds the
// request to the proof. It is also the context of the proof that secrets are the same.
func heldHeader(typ string, authority, citizen did.DID, nonce string, issued time.Time, record string, commitment []byte) []byte {
	h := hashOf("realperson/authority/v1", []byte(typ), []byte(authority.String()), []byte(citizen.String()), []byte(nonce),
		uint64Bytes(uint64(issued.Unix())), []byte(record), commitment)
	return h[:]
}

func (r *heldRequest) header() []byte {
	return heldHeader(r.typ, r.audience, r.citizen, r.nonce, r.issued, r.record, r.commitment)
}

// Activate takes the pseudonym that a wallet has at the authority, once for each generation: every renewal must show the same. The wallet
// proves that it knows the secrets of the stored commitment, so that nobody else can put a pseudonym there. The same again is no error. Errors: those of Renew but for ErrNotActivated; ledger.ErrConflict if something else happened to the record at the
// same moment, and the wallet should ask again.
func (a *Authority) Activate(ctx context.Context, request []byte) error {
	r, p, err := a.receiveHeld(ctx, request, activationType)
	if err != nil {
		return err
	}
	if p.pseudonym != nil {
		if err := r.samePseudonym(p); err != nil {
			return err
		}
	}
	if err := a.nonces.spend(ctx, r.nonce, r.expires); err != nil || p.pseudonym != nil {
		return err
	}
	return a.registry.append(ctx, p, &entry{typ: entryActivated, time: a.now(), pseudonym: r.pseudonym})
}

func (r *heldRequest) samePseudonym(p *person) error {
	if subtle.ConstantTimeCompare(p.pseudonym, r.pseudonym) != 1 {
		return ErrOtherSecrets
	}
	return nil
}

// ClaimsOf returns the claims that a person has now, a value for each of Parameters.Claims. The authority keeps none; whoever runs it
// looks them up by the record that Issued named.
type ClaimsOf func(ctx context.Context, record string) (map[string]any, error)

// Renew signs the next batch for secrets that the authority signed before, and no others: the wallet shows the pseudonym of its
// activation, and proves that its new commitment is to the secrets of the stored one. The request is signed by a key that the person's
// DID has now. Errors, all final for this request: ErrMessage, ErrSignature, ErrNonce, ErrReplayed, ErrCitizen, ErrNoRecord, ErrNotCitizen,
// ErrOtherSecrets, ErrNotActivated, ErrDecided, ErrCommitment, a *vc.Fault for the credential; and those that may pass, as for Enrol.
func (a *Authority) Renew(ctx context.Context, request []byte, claims ClaimsOf) (*Issued, error) {
	if claims == nil {
		return nil, refuse(ErrEvidence, "nothing to look claims up with")
	}
	r, p, err := a.receiveHeld(ctx, request, renewalType)
	if err != nil {
		return nil, err
	}
	if p.pseudonym == nil {
		return nil, ErrNotActivated
	}
	if err := r.samePseudonym(p); err != nil {
		return nil, err
	}
	values, err := claims(ctx, p.key)
	if err != nil {
		return nil, err
	}
	if values, err = a.public.checkClaims(values); err != nil {
		return nil, err
	}
	batch, err := a.sign(ctx, &bbs2023.Commitment{WithProof: r.commitment, N: NymCount, Entropy: p.current.entropy}, p.current.generation, values, a.now())
	if err != nil {
		return nil, commitmentFault(err)
	}
	if err := a.nonces.spend(ctx, r.nonce, r.expires); err != nil {
		return nil, err
	}
	return a.issue(p, batch)
}

// receiveHeld checks all that an activation and a renewal have in common. The nonce is not spent.
func (a *Authority) receiveHeld(ctx context.Context, request []byte, typ string) (*heldRequest, *person, error) {
	r, err := parseHeld(request, typ)
	if err != nil {
		return nil, nil, err
	}
	if r.expires, err = a.receive(ctx, r.message, a.now()); err != nil {
		return nil, nil, err
	}
	p, err := a.open(ctx, r.record)
	switch {
	case err != nil:
		return nil, nil, err
	case p.current == nil:
		return nil, nil, ErrNoRecord
	case p.current.citizen != r.person:
		return nil, nil, ErrNotCitizen
	}
	if err := p.check(); err != nil {
		return nil, nil, err
	}
	if r.pseudonym, err = a.verifyHeld(ctx, r.credential, r.header()); err != nil {
		return nil, nil, err
	}
	if bbs.SHA256.VerifySameNyms(p.current.commitment, r.commitment, r.same, r.header()) != nil {
		return nil, nil, ErrOtherSecrets
	}
	return r, p, nil
}

// verifyHeld checks that somebody holds a credential of this authority, of any epoch and with any of its keys, and returns the pseudonym.
func (a *Authority) verifyHeld(ctx context.Context, credential, header []byte) ([]byte, error) {
	c, err := readShown(credential)
	if err != nil {
		return nil, err
	}
	p := &a.public
	for i := range a.former {
		if c.method == a.former[i].Method.String() {
			p = &a.former[i]
		}
	}
	if !c.inEpoch(p.Epochs) || !c.shows(nil) {
		return nil, refuse(ErrMessage, "the credential is not of one epoch, or shows claims that nobody asked for")
	}
	suite := bbs2023.Suite{
		PresentationHeader: header, Verifier: &bbs2023.Verifier{ContextID: authorityContext(p.Authority), N: NymCount},
	}
	if err := p.verify(ctx, dataintegrity.Received(credential, suiteOptions(suite)), c.from); err != nil {
		return nil, err
	}
	return bbs2023.PseudonymOf(c.proofValue)
}

// verify checks a credential of this authority as of a time, with the key of the parameters. Who holds it is for its proof to say.
func (p *Parameters) verify(ctx context.Context, c vc.Presentation, at time.Time) error {
	key, err := keys.NewPublicKey(keys.BLS12381G2, p.Key)
	if err != nil {
		return err
	}
	v := vc.NewVerifier(pinnedKey{p.Method, key, at}, func() time.Time { return at })
	_, _, err = v.Verify(ctx, c, &vc.Expect{
		Issuers: []did.DID{p.Authority}, Types: []string{CredentialType}, InsecureNoHolderBinding: true,
	})
	return err
}

// pinnedKey finds one key, which its user knows from elsewhere.
type pinnedKey struct {
	method did.URL
	key    keys.PublicKey
	at     time.Time
}

// Key implements vc.Keys.
func (k pinnedKey) Key(_ context.Context, u did.URL, p did.Purpose, _ time.Time) (*did.ResolvedKey, error) {
	switch {
	case u != k.method:
		return nil, &did.Error{Code: did.NotFound, Err: did.ErrKeyNotFound}
	case p != did.AssertionMethod:
		return nil, &did.Error{Code: did.InvalidRelationship, Err: did.ErrKeyPurpose}
	}
	return &did.ResolvedKey{
		Method: did.VerificationMethod{ID: u, Controller: u.DID(), Type: did.TypeMultikey, Key: k.key, Purposes: p},
		Status: did.KeyActive, Evidence: did.Evidence{Replayed: true, AsOf: k.at},
	}, nil
}
