package realdid

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
)

// A Draft is an operation whose payload is fixed and whose signatures are being collected, here or on other devices.
type Draft struct {
	op         *Operation
	signers    []keys.PublicKey
	signatures map[int][]byte
}

func newDraft(p *wirePayload, signers []keys.PublicKey) (*Draft, error) {
	p.Version = wireVersion
	payload, err := encode(p)
	if err != nil {
		return nil, refuse("payload: %v", err)
	}
	op, err := parsePayload(payload)
	if err != nil {
		return nil, err
	}
	if signers == nil {
		signers = op.newSigners
	}
	return &Draft{op: op, signers: signers, signatures: map[int][]byte{}}, nil
}

// Identifier returns the DID that the draft is for; of a create, the DID to be.
func (d *Draft) Identifier() Identifier { return d.op.Identifier() }

// ID returns what the operation's ID will be, whoever signs.
func (d *Draft) ID() Digest { return d.op.id }

// Signers returns everybody whose signature can count, in the operation's order.
func (d *Draft) Signers() []keys.PublicKey { return slices.Clone(d.signers) }

// SigningInput returns the message that each signer signs.
func (d *Draft) SigningInput() []byte { return signingInput(d.op.payload) }

// AddSignature takes the signature that k made over SigningInput elsewhere. A key that is no signer, or a signature that
// does not verify, is ErrOperation.
func (d *Draft) AddSignature(k keys.PublicKey, signature []byte) error {
	i, ok := signerOf(d.signers, k)
	if !ok {
		return refuse("%v: not a key that can sign this operation", d.op.Type())
	}
	if err := k.VerifyLowS(d.SigningInput(), signature); err != nil {
		return refuse("%v: signature: %v", d.op.Type(), err)
	}
	d.signatures[i] = slices.Clone(signature)
	return nil
}

// Sign signs with every given signer.
func (d *Draft) Sign(ctx context.Context, signers ...keys.Signer) error {
	for _, s := range signers {
		sig, err := s.Sign(ctx, d.SigningInput())
		if err != nil {
			return fmt.Errorf("realdid: %v: signer: %w", d.op.Type(), err)
		}
		if err := d.AddSignature(s.Public(), sig); err != nil {
			return err
		}
	}
	return nil
}

// Operation returns the operation with the signatures so far. Whether they suffice is for Apply to say.
func (d *Draft) Operation() (*Operation, error) {
	env := wireOperation{Payload: d.op.payload, Signatures: []wireSignature{}}
	for i := range d.signers {
		if sig, ok := d.signatures[i]; ok {
			env.Signatures = append(env.Signatures, wireSignature{Signer: uint64(i), Signature: sig})
		}
	}
	b, err := encode(env)
	if err != nil {
		return nil, refuse("envelope: %v", err)
	}
	return ParseOperation(b)
}

// A CreateRequest describes a new identifier.
type CreateRequest struct {
	Network      Network     // zero: that of the Method
	Suite        Suite       // zero: SHA256
	Control      KeySet      // who signs updates and anchors
	Next         Commitments // who may rotate and deactivate: Suite.Commit of keys kept apart from the daily device
	Recovery     []Tier      // at most three, the most trusted first
	Document     Content
	SingleSecret bool // set it if next or recovery keys derive from what the daily device holds; it is recorded and shown
}

// DraftCreate makes the genesis. A random salt makes the identifier independent of everything in it.
func DraftCreate(req *CreateRequest) (*Draft, error) {
	salt := make([]byte, 16)
	rand.Read(salt) // never fails (crypto/rand)
	return draftCreate(req, salt)
}

func draftCreate(req *CreateRequest, salt []byte) (*Draft, error) {
	net, err := req.Network.canonical()
	if err != nil {
		return nil, err
	}
	suite := req.Suite
	if suite == 0 {
		suite = SHA256
	}
	p := &wirePayload{
		Type: uint64(Create), Domain: net.Domain, Home: net.Home, Suite: string(rune(suite)), Salt: salt,
		SingleSecret: req.SingleSecret,
	}
	if p.Control, err = req.Control.wire(); err != nil {
		return nil, refuse("control: %v", err)
	}
	if p.Next, err = req.Next.wire(); err != nil {
		return nil, refuse("next: %v", err)
	}
	if p.Tiers, err = wireTiers(req.Recovery); err != nil {
		return nil, err
	}
	if p.Document, err = req.Document.wire(); err != nil {
		return nil, err
	}
	return newDraft(p, nil)
}

func wireTiers(ts []Tier) ([]wireTier, error) {
	var out []wireTier
	for i, t := range ts {
		w, err := t.wire()
		if err != nil {
			return nil, refuse("tier %d: %v", i, err)
		}
		out = append(out, w)
	}
	return out, nil
}

// linked starts a payload that follows s or, if it is to overtake, the last operation that changed keys.
func (s *State) linked(t OperationType, overtake bool) *wirePayload {
	after := link{s.seq, s.head}
	if overtake {
		after = s.turns[len(s.turns)-1]
	}
	return &wirePayload{
		Type: uint64(t), Domain: s.net.Domain, Home: s.net.Home, SCID: s.scid.bytes(), Seq: after.seq + 1, Prev: slices.Clone(after.id[:]),
	}
}

// DraftUpdate puts doc in place of the present document; methods that it lacks are retired.
func (s *State) DraftUpdate(doc Content) (*Draft, error) {
	p := s.linked(Update, false)
	var err error
	if p.Document, err = doc.wire(); err != nil {
		return nil, err
	}
	return newDraft(p, s.control.Keys)
}

// DraftAnchor commits to a 32-byte root and leaves the document as it is.
func (s *State) DraftAnchor(root Digest) (*Draft, error) {
	p := s.linked(Anchor, false)
	p.Root = root[:]
	return newDraft(p, s.control.Keys)
}

// A RotateRequest describes a change of keys.
type RotateRequest struct {
	Reveal       []keys.PublicKey  // of the keys committed to, enough to reach their threshold
	Control      KeySet            // zero: the revealed keys, all of them needed
	Next         Commitments       // to keys never shown before
	Recovery     []Tier            // nil: unchanged; else in place of all tiers
	Document     *Content          // nil: unchanged
	Compromised  map[string]uint64 // removed fragment: the sequence from which its signatures do not count
	SingleSecret bool
	Overtake     bool // stay valid whatever updates and anchors come first; the rotation then vouches for none since the last rotation
}

// DraftRotate makes a rotation, to be signed by the revealed keys and the new control keys.
func (s *State) DraftRotate(req *RotateRequest) (*Draft, error) {
	p := s.linked(Rotate, req.Overtake)
	p.SingleSecret, p.Compromised = req.SingleSecret, req.Compromised
	control := req.Control
	if len(control.Keys) == 0 {
		control = KeySet{Threshold: len(req.Reveal), Keys: req.Reveal}
	}
	var err error
	if p.Reveal, err = s.revealNext(req.Reveal); err != nil {
		return nil, err
	}
	if p.Control, err = control.wire(); err != nil {
		return nil, refuse("control: %v", err)
	}
	if p.Next, err = req.Next.wire(); err != nil {
		return nil, refuse("next: %v", err)
	}
	if p.Tiers, err = wireTiers(req.Recovery); err != nil {
		return nil, err
	}
	if req.Document != nil {
		if p.Document, err = req.Document.wire(); err != nil {
			return nil, err
		}
	}
	return newDraft(p, nil)
}

func (s *State) revealNext(ks []keys.PublicKey) ([]wireReveal, error) {
	var out []wireReveal
	for _, k := range ks {
		i := slices.Index(s.next.Digests, s.scid.Suite.CommitKey(k))
		if i < 0 {
			return nil, refuse("reveal: not a key that the last operation committed to")
		}
		out = append(out, wireReveal{Index: uint64(i), Key: k.Multicodec()})
	}
	slices.SortFunc(out, func(a, b wireReveal) int { return int(a.Index) - int(b.Index) })
	return out, nil
}

// A RecoveryKey is a key of a recovery tier with the salt that its commitment hides behind.
type RecoveryKey struct {
	Salt RecoverySalt
	Key  keys.PublicKey
}

// findRecovery finds the tier that the keys belong to, and their places in it. If several have the same keys it takes the
// highest, which a thief who repeated them on worse terms has not set; want chooses another.
func (s *State) findRecovery(ks []RecoveryKey, want *TierID) (standingTier, []wireRecovery, error) {
	for _, t := range s.standing() {
		if want != nil && t.ID != *want {
			continue
		}
		var out []wireRecovery
		for _, k := range ks {
			i := slices.Index(t.Keys.Digests, s.scid.Suite.CommitRecovery(k.Salt, k.Key))
			if i < 0 {
				break
			}
			out = append(out, wireRecovery{Index: uint64(i), Salt: slices.Clone(k.Salt[:]), Key: k.Key.Multicodec()})
		}
		if len(out) == len(ks) && len(ks) > 0 {
			slices.SortFunc(out, func(a, b wireRecovery) int { return int(a.Index) - int(b.Index) })
			return t, out, nil
		}
	}
	return standingTier{}, nil, refuse("recover: the keys do not belong to one usable tier")
}

// A RecoverRequest describes a recovery, to be signed by the tier's keys and the new control keys.
type RecoverRequest struct {
	Reveal       []RecoveryKey // of one tier, enough to reach its threshold
	Tier         *TierID       // nil: the highest tier that has these keys
	Control      KeySet
	Next         Commitments
	Recovery     []Tier // from the recovering rank on; nil: those again that were set together with the recovering tier
	Document     Content
	Compromised  map[string]uint64
	Cleared      []string // removed fragments whose declaration as compromised was wrong
	SingleSecret bool
	Overtake     bool // stay valid whatever updates, anchors and rotations come first, for signers who need time
}

// DraftRecover files a recovery; it takes effect when the tier's delay is over and nobody entitled has cancelled it.
func (s *State) DraftRecover(req *RecoverRequest) (*Draft, error) {
	p := s.linked(Recover, req.Overtake)
	p.SingleSecret, p.Compromised, p.Cleared = req.SingleSecret, req.Compromised, req.Cleared
	tier, reveal, err := s.findRecovery(req.Reveal, req.Tier)
	if err != nil {
		return nil, err
	}
	p.RevealRecovery, p.Tier = reveal, &wireTierID{Seq: tier.ID.Seq, Index: uint64(tier.ID.Index)}
	tiers := req.Recovery
	if tiers == nil {
		for _, t := range s.standing() { // what was set later may be what a thief set
			if t.ID.Seq == tier.ID.Seq && t.ID.Index >= tier.ID.Index {
				tiers = append(tiers, t.Tier)
			}
		}
	}
	if p.Tiers, err = wireTiers(tiers); err != nil {
		return nil, err
	}
	if p.Control, err = req.Control.wire(); err != nil {
		return nil, refuse("control: %v", err)
	}
	if p.Next, err = req.Next.wire(); err != nil {
		return nil, refuse("next: %v", err)
	}
	if p.Document, err = req.Document.wire(); err != nil {
		return nil, err
	}
	return newDraft(p, nil)
}

// DraftCancelByNext cancels a vetoable recovery with the committed next keys, which are spent by it: next commits to new ones.
func (s *State) DraftCancelByNext(reveal []keys.PublicKey, next Commitments, singleSecret bool) (*Draft, error) {
	p := s.linked(Cancel, false)
	p.SingleSecret = singleSecret
	var err error
	if p.Reveal, err = s.revealNext(reveal); err != nil {
		return nil, err
	}
	if p.Next, err = next.wire(); err != nil {
		return nil, refuse("next: %v", err)
	}
	return newDraft(p, nil)
}

// DraftCancelByTier cancels the pending recovery with a tier that stands above the one that filed it.
func (s *State) DraftCancelByTier(reveal []RecoveryKey) (*Draft, error) {
	p := s.linked(Cancel, false)
	tier, rs, err := s.findRecovery(reveal, nil)
	if err != nil {
		return nil, err
	}
	p.RevealRecovery, p.Tier = rs, &wireTierID{Seq: tier.ID.Seq, Index: uint64(tier.ID.Index)}
	return newDraft(p, nil)
}

// DraftDeactivate ends the identifier; within the grace a recovery tier can revive it.
func (s *State) DraftDeactivate(reveal []keys.PublicKey) (*Draft, error) {
	p := s.linked(Deactivate, false)
	var err error
	if p.Reveal, err = s.revealNext(reveal); err != nil {
		return nil, err
	}
	return newDraft(p, nil)
}

// LongForm returns the DID that carries this genesis in itself and resolves without a ledger. It keeps the signatures of
// the first control keys that reach the threshold and no others, so that the signatures' choice adds no second spelling.
// Errors are ErrOperation for anything but such a genesis and ErrIdentifier if the DID were over MaxLongForm.
func (op *Operation) LongForm() (did.DID, error) {
	n, err := op.longFormSigners()
	if err != nil {
		return did.DID{}, err
	}
	b, err := encode(wireOperation{Payload: op.payload, Signatures: op.signatures[:n]})
	if err != nil {
		return did.DID{}, refuse("envelope: %v", err)
	}
	return op.Identifier().long(b)
}

// longFormSigners returns how many signatures a long form has, all from signer 0 on.
func (op *Operation) longFormSigners() (int, error) {
	if op.Type() != Create {
		return 0, refuse("long form: %v is not a genesis", op.Type())
	}
	sum := 0
	for i, sig := range op.signatures {
		if sig.Signer != uint64(i) || i >= len(op.control.Keys) {
			break
		}
		if sum += weightAt(op.control.Weights, i); sum >= op.control.Threshold {
			return i + 1, nil
		}
	}
	return 0, refuse("long form: needs the signatures of the first control keys up to the threshold")
}
