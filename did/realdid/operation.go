package realdid

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/keys"
)

// MaxOperation is the size limit of a signed operation in bytes; MaxImport is that of an import, which carries a state and a proof.
const (
	MaxOperation = 4 << 10
	MaxImport    = ledger.MaxOpSize
)

const (
	signingLabel = "realdid/op/v1"
	idLabel      = "realdid/id/v1"
	scidLabel    = "realdid/scid/v1"
	wireVersion  = 1
)

// ErrOperation says that an operation is malformed or not allowed. It is final.
var ErrOperation = errors.New("realdid: operation")

func refuse(format string, a ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrOperation}, a...)...)
}

// An OperationType is the number of an operation on the wire.
type OperationType uint8

const (
	Create     OperationType = 1
	Update     OperationType = 2
	Anchor     OperationType = 3
	Rotate     OperationType = 4
	Recover    OperationType = 5
	Cancel     OperationType = 6
	Deactivate OperationType = 7
	Migrate    OperationType = 8 // announces that the identifier moves to another ledger or, without revealed keys, departs
	Import     OperationType = 9 // the entry by which it arrives there
)

// String returns the name that SPEC.md uses.
func (t OperationType) String() string {
	names := [...]string{"", "create", "update", "anchor", "rotate", "recover", "cancel", "deactivate", "migrate", "import"}
	if t == 0 || int(t) >= len(names) {
		return fmt.Sprintf("type %d", uint8(t))
	}
	return names[t]
}

// An Operation is a parsed operation. It is well-formed by itself; whether it is allowed is for Apply to say.
type Operation struct {
	raw, payload []byte
	wire         wirePayload
	signatures   []wireSignature
	scid         SCID
	id           Digest
	control      KeySet
	next         Commitments
	tiers        []Tier
	content      Content
	reveal       []revealed
	newSigners   []keys.PublicKey // who signs, where the operation itself says so
	shown        []Digest         // what would have committed to each of them
	seen         *goodSignatures  // of the reducer; nil: every signature is verified
}

type revealed struct {
	index int
	salt  RecoverySalt
	key   keys.PublicKey
}

// Type returns the operation's type.
func (op *Operation) Type() OperationType { return OperationType(op.wire.Type) }

// ID returns the operation's identity: the hash of its payload, without signatures.
func (op *Operation) ID() Digest { return op.id }

// VersionID returns ID as it stands in DID document metadata: 52 base32 characters.
func (op *Operation) VersionID() string { return versionID(op.id) }

func versionID(d Digest) string { return scidEncoding.EncodeToString(d[:]) }

// Seq returns the sequence number that the operation signs: one more than that of the predecessor that it names, 0 for a
// create. It is the operation's place among the valid ones of its DID unless the operation overtook others.
func (op *Operation) Seq() uint64 { return op.wire.Seq }

// Identifier returns the DID that the operation belongs to.
func (op *Operation) Identifier() Identifier {
	return Identifier{Domain: op.wire.Domain, SCID: op.scid}
}

// Bytes returns the operation as received. The caller must not change them.
func (op *Operation) Bytes() []byte { return op.raw }

// Root returns the 32 bytes that an anchor commits to.
func (op *Operation) Root() (Digest, bool) {
	if op.Type() != Anchor {
		return Digest{}, false
	}
	return Digest(op.wire.Root), true
}

// ParseOperation reads an operation strictly: at most MaxOperation bytes of deterministic CBOR (MaxImport, of an import), exactly
// the fields that its type has, keys that are points of their curve. Errors are ErrOperation. SPEC.md section 4.
func ParseOperation(b []byte) (*Operation, error) {
	if len(b) > MaxImport {
		return nil, refuse("%d bytes, limit %d", len(b), MaxImport)
	}
	var env wireOperation
	if err := decode(b, &env); err != nil {
		return nil, refuse("envelope: %v", err)
	}
	if len(b) > MaxOperation && !isImport(env.Payload) { // before anything in it costs more
		return nil, refuse("%d bytes, limit %d", len(b), MaxOperation)
	}
	op, err := parsePayload(env.Payload)
	if err != nil {
		return nil, err
	}
	switch n := len(env.Signatures); {
	case op.Type() == Import && (n > 0 || env.Signatures == nil):
		return nil, refuse("import: it is not signed")
	case op.Type() != Import && (n == 0 || n > 2*MaxKeys):
		return nil, refuse("%d signatures, want 1 to %d", n, 2*MaxKeys)
	}
	for i := 1; i < len(env.Signatures); i++ {
		if env.Signatures[i].Signer <= env.Signatures[i-1].Signer {
			return nil, refuse("signatures: signers do not ascend")
		}
	}
	op.raw, op.signatures = b, env.Signatures
	return op, nil
}

func parsePayload(payload []byte) (*Operation, error) {
	op := &Operation{payload: payload}
	p := &op.wire
	if err := decode(payload, p); err != nil {
		return nil, refuse("payload: %v", err)
	}
	if p.Version != wireVersion {
		return nil, refuse("version %d is not known", p.Version)
	}
	if p.Type > uint64(Import) { // before it is cut down to an OperationType
		return nil, refuse("type %d is not supported", p.Type)
	}
	if err := op.checkFields(); err != nil {
		return nil, err
	}
	if err := op.parseHeader(); err != nil {
		return nil, err
	}
	if err := op.parseBody(); err != nil {
		return nil, err
	}
	op.newSigners = op.ownSigners()
	for _, k := range op.newSigners {
		op.shown = append(op.shown, op.scid.Suite.CommitKey(k))
	}
	return op, nil
}

func (op *Operation) parseHeader() error {
	p := &op.wire
	for _, name := range []string{p.Domain, p.Home, p.To, p.From} {
		if !validHome(name) {
			return refuse("domain or home: not a name (main is never written)")
		}
	}
	if op.Type() == Migrate && p.To == p.Home || op.Type() == Import && p.From == p.Home {
		return refuse("%v: within one ledger", op.Type())
	}
	if op.Type() == Create {
		if len(p.Suite) != 1 || !Suite(p.Suite[0]).valid() {
			return refuse("suite: not q or s")
		}
		if len(p.Salt) != 16 {
			return refuse("salt: want 16 bytes")
		}
		suite := Suite(p.Suite[0])
		op.scid = SCID{suite, suite.hash(scidLabel, op.payload)}
	} else {
		var err error
		if op.scid, err = scidFromBytes(p.SCID); err != nil {
			return refuse("%v", err)
		}
		if len(p.Prev) != 32 && op.Type() != Import {
			return refuse("predecessor: want 32 bytes")
		}
	}
	op.id = op.scid.Suite.hash(idLabel, op.payload)
	return nil
}

func (op *Operation) parseBody() (err error) {
	p := &op.wire
	if err := op.parseReveals(); err != nil {
		return err
	}
	if p.Control != nil {
		if op.control, err = p.Control.keySet(op.revealedKey); err != nil {
			return refuse("control: %v", err)
		}
	}
	if p.Next != nil {
		if op.next, err = p.Next.commitments(); err != nil {
			return refuse("next: %v", err)
		}
	}
	if len(p.Tiers) > MaxTiers {
		return refuse("%d tiers, limit %d", len(p.Tiers), MaxTiers)
	}
	for i := range p.Tiers {
		t, err := p.Tiers[i].tier()
		if err != nil {
			return refuse("tier %d: %v", i, err)
		}
		op.tiers = append(op.tiers, t)
	}
	if p.Document != nil {
		if op.content, err = p.Document.content(); err != nil {
			return refuse("document: %v", err)
		}
	}
	if len(p.Root) != 0 && len(p.Root) != 32 {
		return refuse("root: want 32 bytes")
	}
	if p.Tier != nil && p.Tier.Index >= MaxTiers {
		return refuse("tier: index over %d", MaxTiers-1)
	}
	return nil
}

// revealedKey returns the key with these bytes if the operation reveals it, which spares checking its point again.
func (op *Operation) revealedKey(multicodec []byte) (keys.PublicKey, error) {
	for i, r := range op.wire.Reveal {
		if bytes.Equal(r.Key, multicodec) {
			return op.reveal[i].key, nil
		}
	}
	return parseControlKey(multicodec)
}

func (op *Operation) parseReveals() error {
	p := &op.wire
	add := func(index uint64, salt, key []byte) error {
		if index >= MaxKeys || len(op.reveal) > 0 && int(index) <= op.reveal[len(op.reveal)-1].index {
			return refuse("reveal: indices do not ascend below %d", MaxKeys)
		}
		k, err := parseControlKey(key)
		if err != nil {
			return refuse("reveal: key %d: %v", index, err)
		}
		for _, r := range op.reveal {
			if r.key.Equal(k) {
				return refuse("reveal: one key twice")
			}
		}
		r := revealed{index: int(index), key: k}
		copy(r.salt[:], salt)
		op.reveal = append(op.reveal, r)
		return nil
	}
	for _, r := range p.Reveal {
		if err := add(r.Index, nil, r.Key); err != nil {
			return err
		}
	}
	for _, r := range p.RevealRecovery {
		if len(r.Salt) != len(RecoverySalt{}) {
			return refuse("reveal: salt: want 16 bytes")
		}
		if err := add(r.Index, r.Salt, r.Key); err != nil {
			return err
		}
	}
	return nil
}

// field is a bit per payload member, by its number on the wire.
type field uint32

const (
	fSuite field = 1 << (iota + 4)
	fSCID
	fSeq
	fPrev
	fSalt
	fControl
	fNext
	fTiers
	fDocument
	fCompromised
	fReveal
	fRevealRecovery
	fTier
	fSingle
	fRoot
	fCleared
	fTo
	fFrom
	fState
	fProof
	fLink = fSCID | fSeq | fPrev // what ties an operation to its predecessor
)

func (p *wirePayload) fields() field {
	var f field
	for _, x := range []struct {
		present bool
		bit     field
	}{
		{p.Suite != "", fSuite},
		{len(p.SCID) > 0, fSCID},
		{p.Seq > 0, fSeq},
		{len(p.Prev) > 0, fPrev},
		{len(p.Salt) > 0, fSalt},
		{p.Control != nil, fControl},
		{p.Next != nil, fNext},
		{len(p.Tiers) > 0, fTiers},
		{p.Document != nil, fDocument},
		{len(p.Compromised) > 0, fCompromised},
		{len(p.Reveal) > 0, fReveal},
		{len(p.RevealRecovery) > 0, fRevealRecovery},
		{p.Tier != nil, fTier},
		{p.SingleSecret, fSingle},
		{len(p.Root) > 0, fRoot},
		{len(p.Cleared) > 0, fCleared},
		{p.To != "", fTo},
		{p.From != "", fFrom},
		{len(p.State) > 0, fState},
		{len(p.Proof) > 0, fProof},
	} {
		if x.present {
			f |= x.bit
		}
	}
	return f
}

// checkFields holds every type to exactly its members (SPEC.md section 4.3).
func (op *Operation) checkFields() error {
	have := op.wire.fields()
	var required, optional field
	switch op.Type() {
	case Create:
		required, optional = fSuite|fSalt|fControl|fNext, fTiers|fDocument|fSingle
	case Update:
		required = fLink | fDocument
	case Anchor:
		required = fLink | fRoot
	case Rotate:
		required, optional = fLink|fReveal|fControl|fNext, fTiers|fDocument|fCompromised|fSingle
	case Recover:
		required, optional = fLink|fRevealRecovery|fTier|fControl|fNext|fTiers|fDocument, fCompromised|fCleared|fSingle
	case Cancel:
		required = fLink | fRevealRecovery | fTier
		if have&fReveal != 0 {
			required, optional = fLink|fReveal|fNext, fSingle
		}
	case Deactivate:
		required = fLink | fReveal
	case Migrate:
		required, optional = fLink, fTo
		if have&fReveal != 0 {
			required, optional = fLink|fReveal|fNext, fTo|fSingle
		}
	case Import:
		required, optional = fSCID|fState|fProof, fFrom
	default:
		return refuse("%v is not supported", op.Type())
	}
	if missing := required &^ have; missing != 0 {
		return refuse("%v: not supported: a required member is missing (bits %#x)", op.Type(), uint32(missing))
	}
	if extra := have &^ (required | optional); extra != 0 {
		return refuse("%v: a member of another type (bits %#x)", op.Type(), uint32(extra))
	}
	return op.checkNames()
}

// checkNames refuses declarations about what can be no method.
func (op *Operation) checkNames() error {
	for f := range op.wire.Compromised {
		if !validFragment(f) {
			return refuse("compromised: not a fragment")
		}
	}
	for _, f := range op.wire.Cleared {
		if !validFragment(f) {
			return refuse("cleared: not a fragment")
		}
	}
	return nil
}

// ownSigners lists the signers that the operation itself names, in the order that signature indices count: revealed keys,
// then new control keys that are not among them. A key that plays both parts signs once. For those that byControl tells
// the list is the state's control set.
func (op *Operation) ownSigners() []keys.PublicKey {
	var out []keys.PublicKey
	for _, r := range op.reveal {
		out = append(out, r.key)
	}
	for _, k := range op.control.Keys {
		if _, ok := signerOf(out[:len(op.reveal)], k); !ok {
			out = append(out, k)
		}
	}
	return out
}

// byControl tells whether the state's control keys sign the operation.
func (op *Operation) byControl() bool {
	return op.Type() == Update || op.Type() == Anchor || op.departs()
}

// departs tells whether the operation ends the history on its ledger.
func (op *Operation) departs() bool { return op.Type() == Migrate && len(op.wire.Reveal) == 0 }

func signerOf(signers []keys.PublicKey, k keys.PublicKey) (int, bool) {
	for i, s := range signers {
		if s.Equal(k) {
			return i, true
		}
	}
	return 0, false
}

// signingInput is the message that every signer signs.
func signingInput(payload []byte) []byte {
	b := make([]byte, 0, len(signingLabel)+1+len(payload))
	b = append(append(b, signingLabel...), 0)
	return append(b, payload...)
}
