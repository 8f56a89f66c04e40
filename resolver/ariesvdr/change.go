package ariesvdr

import (
	"context"
	"errors"
	"fmt"

	diddoc "github.com/hyperledger/aries-framework-go/pkg/doc/did"
	vdrapi "github.com/hyperledger/aries-framework-go/pkg/framework/aries/api/vdr"

	"github.com/realdid/realdid/did"
)

// The operations that a VDR asks of the registrar.
const (
	operationCreate     = "create"
	operationUpdate     = "update"
	operationRotate     = "rotate"
	operationDeactivate = "deactivate"
)

// submitTries is how often a signed change is handed in before the call gives up; submitting twice does no harm.
const submitTries = 3

// submission is a change that was signed.
type submission struct {
	signing    Signing
	state      []byte
	signatures map[string][]byte
	registered *did.Registered // nil as long as nobody knows
}

// Create implements vdr.VDR: it registers an identifier whose document has the public keys and services of doc, as Aries'
// key manager and its client made them. Ids are fragments ("#key-1") or empty; methods that stand in no relationship are for
// authentication and assertion, or for key agreement if they cannot sign. A service without type or endpoint gets those of the
// agent. doc has no id yet: it follows from what is registered.
//
// With the option "store", by which Aries tells of somebody else's document, it reads that identifier and registers nothing.
//
// An error with a *did.Error that is Temporary leaves open whether the identifier was registered.
func (v *VDR) Create(doc *diddoc.Doc, opts ...vdrapi.DIDMethodOption) (*diddoc.DocResolution, error) {
	def, store, options, err := createOptions(opts)
	if err != nil {
		return nil, fmt.Errorf("ariesvdr: create: %w", coded(err))
	}
	if doc == nil {
		return nil, fmt.Errorf("ariesvdr: create: %w", errNoDocument)
	}
	if store {
		return v.Read(doc.ID)
	}
	if v.registrar == nil {
		return nil, fmt.Errorf("ariesvdr: create: %w", readOnly())
	}
	if doc.ID != "" {
		return nil, fmt.Errorf("ariesvdr: create: %w", badDocument("id: an identifier follows from what is registered"))
	}
	w, err := readDocument(doc, did.DID{}, &def, nil)
	if err != nil {
		return nil, fmt.Errorf("ariesvdr: create: %w", coded(err))
	}
	ctx, done := v.call()
	defer done()
	out, err := v.change(ctx, &did.Change{Operation: operationCreate, Document: w.json(), Options: options})
	if err != nil {
		return nil, fmt.Errorf("ariesvdr: create: %w", coded(err))
	}
	written, left, err := Document(out.Document, v.clock())
	if err != nil {
		return nil, fmt.Errorf("ariesvdr: create: %w", coded(err))
	}
	if len(left) > 0 {
		v.leftOut(out.DID, left)
	}
	return resolution(written, &did.DocumentMetadata{VersionID: out.VersionID, CanonicalID: out.DID.String()}, true), nil
}

// Update implements vdr.VDR: it puts doc in place of the document. Keys that doc has no more are retired for good, and what
// Read left out of the document stays as it is. Changes of one identifier are made one after the other. With OptionRotate the control keys change with it, in one operation.
//
// After an error with a *did.Error that is Temporary, the change may or may not stand; the next change of the identifier
// first makes sure that it does.
func (v *VDR) Update(doc *diddoc.Doc, opts ...vdrapi.DIDMethodOption) error {
	rotate, options, err := updateOptions(opts)
	if err != nil {
		return fmt.Errorf("ariesvdr: update: %w", coded(err))
	}
	if doc == nil {
		return fmt.Errorf("ariesvdr: update: %w", errNoDocument)
	}
	operation := operationUpdate
	if rotate {
		operation = operationRotate
	}
	err = v.existing(doc.ID, func(ctx context.Context, d did.DID) (*did.Change, error) {
		current, err := v.current(ctx, d)
		if err != nil {
			return nil, err
		}
		shown, _, err := Document(current, v.clock())
		if err != nil {
			return nil, err
		}
		w, err := readDocument(doc, d, nil, &present{current, shown})
		if err != nil {
			return nil, err
		}
		return &did.Change{Operation: operation, DID: d, Document: w.json(), Options: options}, nil
	})
	if err != nil {
		return fmt.Errorf("ariesvdr: update: %w", coded(err))
	}
	return nil
}

// Deactivate implements vdr.VDR.
func (v *VDR) Deactivate(id string, opts ...vdrapi.DIDMethodOption) error {
	all, err := values(opts, OptionRegistrar)
	if err != nil {
		return fmt.Errorf("ariesvdr: deactivate: %w", coded(err))
	}
	options, err := registrarOptions(all)
	if err != nil {
		return fmt.Errorf("ariesvdr: deactivate: %w", coded(err))
	}
	err = v.existing(id, func(_ context.Context, d did.DID) (*did.Change, error) {
		return &did.Change{Operation: operationDeactivate, DID: d, Options: options}, nil
	})
	if err != nil {
		return fmt.Errorf("ariesvdr: deactivate: %w", coded(err))
	}
	return nil
}

func readOnly() error { return &did.Error{Code: did.FeatureNotSupported, Err: ErrReadOnly} }

// existing makes the change of an identifier that is registered, after what was left unfinished.
func (v *VDR) existing(id string, change func(context.Context, did.DID) (*did.Change, error)) error {
	if v.registrar == nil {
		return readOnly()
	}
	d, err := v.identifier(id)
	if err != nil {
		return err
	}
	ctx, done := v.call()
	defer done()
	leave, err := v.enter(ctx, d)
	if err != nil {
		return err
	}
	defer leave()
	v.mu.Lock()
	before := v.unfinished[d]
	v.mu.Unlock()
	if before != nil {
		if _, err := v.submit(ctx, d, before); err != nil && did.AsError(coded(err)).Temporary() {
			return fmt.Errorf("the change before this one: %w", err)
		}
	}
	c, err := change(ctx, d)
	if err != nil {
		return err
	}
	if _, err := v.change(ctx, c); err != nil {
		return err
	}
	// A cache in front of the resolver learns what stands now. If that fails, it learns it later.
	_, _ = v.resolver.Resolve(ctx, d, &did.ResolveOptions{NoCache: true})
	return nil
}

// enter waits until nobody else changes the identifier: of two changes that are signed for one state only one can stand, and
// what it leaves behind must be clear before the next is signed.
func (v *VDR) enter(ctx context.Context, d did.DID) (leave func(), err error) {
	for {
		v.mu.Lock()
		busy, taken := v.busy[d]
		if !taken {
			free := make(chan struct{})
			v.busy[d] = free
			v.mu.Unlock()
			return func() {
				v.mu.Lock()
				delete(v.busy, d)
				v.mu.Unlock()
				close(free)
			}, nil
		}
		v.mu.Unlock()
		select {
		case <-busy:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// current returns the document as the source has it.
func (v *VDR) current(ctx context.Context, d did.DID) (*did.Document, error) {
	res, err := v.resolve(ctx, d, &did.ResolveOptions{NoCache: true})
	if err != nil {
		if e, ok := errors.AsType[*did.Error](err); !ok || e.Code != did.FeatureNotSupported {
			return nil, err
		}
		if res, err = v.resolve(ctx, d, nil); err != nil {
			return nil, err
		}
	}
	if res.Metadata.Deactivated {
		return nil, &did.Error{Code: did.InvalidOptions, Detail: "the identifier is deactivated"}
	}
	return res.Document, nil
}

// change has a change prepared, signed and registered.
func (v *VDR) change(ctx context.Context, c *did.Change) (*did.Registered, error) {
	if cause := context.Cause(ctx); cause != nil {
		return nil, cause
	}
	signing, err := v.signers.Begin(ctx, c)
	if err != nil {
		return nil, err
	}
	full := *c
	full.Options = signing.Options()
	p, err := v.registrar.Prepare(ctx, &full)
	if err != nil {
		return nil, err
	}
	if c.DID.IsZero() {
		leave, err := v.enter(ctx, p.DID)
		if err != nil {
			return nil, err
		}
		defer leave()
	} else if c.DID != p.DID {
		return nil, &did.Error{Code: did.InternalError, Detail: "the registrar prepared a change of another identifier"}
	}
	signatures, err := signing.Sign(ctx, p)
	if err != nil {
		return nil, err
	}
	return v.submit(ctx, p.DID, &submission{signing: signing, state: p.State, signatures: signatures})
}

// submit hands in what was signed, and remembers it until it is known whether it stands, and the signers know it too. The caller
// has entered the identifier.
func (v *VDR) submit(ctx context.Context, d did.DID, s *submission) (*did.Registered, error) {
	v.mu.Lock()
	v.unfinished[d] = s
	v.mu.Unlock()
	err := s.register(ctx, v.registrar)
	if err == nil {
		if err = s.signing.Registered(ctx, s.registered); err != nil {
			err = &did.Error{Code: did.InternalError, Detail: "registered, but not noted", Err: err}
		}
	}
	if err != nil && did.AsError(err).Temporary() {
		return nil, err
	}
	v.mu.Lock()
	delete(v.unfinished, d)
	v.mu.Unlock()
	return s.registered, err
}

// register hands in the change, unless it is known to stand.
func (s *submission) register(ctx context.Context, r did.Registrar) error {
	if s.registered != nil {
		return nil
	}
	for try := 1; ; try++ {
		out, err := r.Submit(ctx, s.state, s.signatures)
		if err == nil && out != nil {
			s.registered = out
			return nil
		}
		if err == nil {
			err = &did.Error{Code: did.InternalError, Detail: "the registrar answered with nothing"}
		}
		if try == submitTries || !did.AsError(err).Temporary() || ctx.Err() != nil {
			return err
		}
	}
}
