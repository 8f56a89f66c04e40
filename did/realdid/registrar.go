package realdid

import (
	"context"
	"errors"
	"strconv"

	"github.com/realdid/realdid/did"
)

// A Registrar prepares operations for holders whose keys it never sees, and submits them once they are signed. It keeps nothing
// in between: the state that it hands out is the operation itself, which the signatures cover, so that nothing can be changed in
// it. It is safe for concurrent use and implements did.Registrar.
type Registrar struct{ method *Method }

// NewRegistrar returns a registrar that writes by m.
func NewRegistrar(m *Method) *Registrar { return &Registrar{m} }

// The operations of a did.Change besides create, update and deactivate.
const (
	changeCreate     = "create"
	changeUpdate     = "update"
	changeDeactivate = "deactivate"
	changeRotate     = "rotate"
	changeRecover    = "recover"
	changeCancel     = "cancel"
	changeAnchor     = "anchor"
	changeMigrate    = "migrate"
	changeImport     = "import"
)

const tokenVersion = 1

// registration is the state between Prepare and Submit.
type registration struct {
	_         struct{} `cbor:",toarray"`
	Version   uint64
	Operation string
	Payload   []byte // of the operation, unsigned
}

// Prepare implements did.Registrar. Operations are create, update, rotate, recover, cancel, deactivate, anchor, migrate and import; SPEC.md
// section 7.6 has their options. Document is a DID document of which only verificationMethod, the relationships, service and alsoKnownAs
// count, with fragments for IDs ("#key-1", or the DID and that); update needs it, rotate keeps the present one without it. For
// each key whose signature can count there is one request; as many are needed as the thresholds say, and of an import none.
//
// Errors are *did.Error: INVALID_OPTIONS for options, and for an operation that the method refuses; INVALID_DID_DOCUMENT;
// FEATURE_NOT_SUPPORTED for another operation; those of Resolve.
func (r *Registrar) Prepare(ctx context.Context, c *did.Change) (*did.Preparation, error) {
	opt, err := parseChangeOptions(c)
	if err != nil {
		return nil, err
	}
	d, err := r.draft(ctx, c, opt)
	if err != nil {
		return nil, registrationError(err)
	}
	state, err := encode(&registration{Version: tokenVersion, Operation: c.Operation, Payload: d.op.payload})
	if err != nil {
		return nil, registrationError(err)
	}
	p := &did.Preparation{DID: d.Identifier().Short(), State: state}
	for i, k := range d.signers {
		p.Requests = append(p.Requests, did.SigningRequest{ID: requestID(i), Key: k, Payload: d.SigningInput()})
	}
	return p, nil
}

func requestID(signer int) string { return "signer-" + strconv.Itoa(signer) }

func (r *Registrar) draft(ctx context.Context, c *did.Change, opt *changeOptions) (*Draft, error) {
	if c.Operation == changeCreate {
		if !c.DID.IsZero() {
			return nil, &did.Error{Code: did.InvalidOptions, Detail: "a create has no DID yet"}
		}
		doc, err := wantedContent(c.Document, did.DID{})
		if err != nil {
			return nil, err
		}
		req := &CreateRequest{
			Network: r.method.net, Suite: opt.suite, Control: opt.control, Next: opt.next, Recovery: opt.recovery, Document: doc,
			SingleSecret: opt.single,
		}
		return DraftCreate(req)
	}
	if id, err := ParseIdentifier(c.DID); err == nil && id.Genesis != nil {
		return nil, &did.Error{Code: did.InvalidOptions, Detail: "a change names the DID in its short form"}
	}
	if c.Operation == changeImport {
		return draftImport(c.DID, r.method.net, opt)
	}
	s, err := r.method.State(ctx, c.DID)
	if err != nil {
		return nil, err
	}
	var doc Content
	if c.Document != nil {
		if doc, err = wantedContent(c.Document, c.DID); err != nil {
			return nil, err
		}
	}
	switch c.Operation {
	case changeUpdate:
		if c.Document == nil {
			return nil, &did.Error{Code: did.InvalidOptions, Detail: "an update needs a document"}
		}
		return s.DraftUpdate(doc)
	case changeAnchor:
		return s.DraftAnchor(opt.root)
	case changeRotate:
		req := &RotateRequest{
			Reveal: opt.reveal, Control: opt.control, Next: opt.next, Recovery: opt.recovery, Compromised: opt.compromised,
			SingleSecret: opt.single, Overtake: opt.overtake,
		}
		if c.Document != nil {
			req.Document = &doc
		}
		return s.DraftRotate(req)
	case changeRecover:
		return s.DraftRecover(&RecoverRequest{
			Reveal: opt.revealRecovery, Control: opt.control, Next: opt.next, Recovery: opt.recovery, Document: doc,
			Compromised: opt.compromised, Cleared: opt.cleared, SingleSecret: opt.single, Overtake: opt.overtake,
		})
	case changeCancel:
		if len(opt.revealRecovery) > 0 {
			return s.DraftCancelByTier(opt.revealRecovery)
		}
		return s.DraftCancelByNext(opt.reveal, opt.next, opt.single)
	case changeMigrate:
		if opt.reveal == nil {
			return s.DraftDepart(opt.to)
		}
		return s.DraftMigrate(opt.to, opt.reveal, opt.next, opt.single)
	}
	return s.DraftDeactivate(opt.reveal) // parseChangeOptions knows no other
}

// Submit implements did.Registrar. State is the operation without its signatures; what was changed in it, the signatures do not
// cover. Submitting it again succeeds. Errors are *did.Error: INVALID_OPTIONS for state or signatures that are none, that do not
// suffice, and for an operation that is not valid any more, so that another must be prepared; INTERNAL_ERROR for what may be
// tried again. VersionID is that of the operation; a recovery is a version only when it takes effect, and Document is the one that
// stands until then.
func (r *Registrar) Submit(ctx context.Context, state []byte, signatures map[string][]byte) (*did.Registered, error) {
	var reg registration
	if len(state) > MaxImport {
		return nil, &did.Error{Code: did.InvalidOptions, Detail: "state: too large"}
	}
	if err := decode(state, &reg); err != nil || reg.Version != tokenVersion {
		return nil, &did.Error{Code: did.InvalidOptions, Detail: "state: not one that was handed out", Err: err}
	}
	op, err := reg.signed(signatures)
	if err != nil {
		return nil, registrationError(err)
	}
	done, err := r.method.Submit(ctx, op)
	if err != nil {
		return nil, registrationError(err)
	}
	doc, err := done.State.document(done.DID)
	if err != nil {
		return nil, registrationError(err)
	}
	version := op.VersionID()
	if op.Type() == Import { // makes no version
		version = versionID(done.State.version().id)
	}
	return &did.Registered{DID: done.DID, Operation: reg.Operation, VersionID: version, Document: doc}, nil
}

// signed makes the operation.
func (reg *registration) signed(signatures map[string][]byte) (*Operation, error) {
	op, err := parsePayload(reg.Payload)
	if err != nil {
		return nil, err
	}
	if op.Type().String() != reg.Operation {
		return nil, refuse("state: not a %v", op.Type())
	}
	env := wireOperation{Payload: reg.Payload, Signatures: []wireSignature{}}
	for i := range 2 * MaxKeys {
		if sig, ok := signatures[requestID(i)]; ok {
			env.Signatures = append(env.Signatures, wireSignature{Signer: uint64(i), Signature: sig})
		}
	}
	if len(env.Signatures) != len(signatures) {
		return nil, refuse("signatures: one that was not asked for")
	}
	b, err := encode(env)
	if err != nil {
		return nil, err
	}
	return ParseOperation(b)
}

// registrationError gives an error of this package the code of the one that a client can act on.
func registrationError(err error) error {
	switch {
	case errors.As(err, new(*did.Error)):
		return err
	case errors.Is(err, ErrIdentifier):
		return &did.Error{Code: did.InvalidDID, Err: err}
	case errors.Is(err, ErrNotFound):
		return &did.Error{Code: did.NotFound, Err: err}
	case errors.As(err, new(*MovedError)):
		return &did.Error{Code: did.InvalidOptions, Detail: "the identifier has moved to another ledger", Err: err}
	case errors.Is(err, ErrConflict):
		return &did.Error{Code: did.InvalidOptions, Detail: "another operation came first; prepare again", Err: err}
	case errors.Is(err, ErrOperation):
		return &did.Error{Code: did.InvalidOptions, Err: err}
	}
	return &did.Error{Code: did.InternalError, Err: err}
}
