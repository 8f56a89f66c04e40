package ariesvdr

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	diddoc "github.com/hyperledger/aries-framework-go/pkg/doc/did"
	vdrapi "github.com/hyperledger/aries-framework-go/pkg/framework/aries/api/vdr"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/realdid"
)

// DefaultTimeout is how long one call may take that Aries makes: its interface has no context.
const DefaultTimeout = 30 * time.Second

// ErrReadOnly says that the VDR was given no registrar, or no signers.
var ErrReadOnly = errors.New("ariesvdr: read only")

var errClosed = errors.New("the registry is closed")

// coded gives an error the code by which callers tell what is final: what has none was not an answer.
func coded(err error) error {
	switch {
	case errors.As(err, new(*did.Error)):
		return err
	case errors.Is(err, errClosed):
		return &did.Error{Code: did.InvalidOptions, Err: err}
	}
	return did.AsError(err)
}

// A VDR is a verifiable data registry of Aries on a resolver and a registrar of this library. It is safe for concurrent use.
// Each agent has its own: Aries closes it with the agent.
type VDR struct {
	resolver  did.Resolver
	registrar did.Registrar
	signers   Signers
	methods   []string
	policy    Policy
	timeout   time.Duration
	clock     func() time.Time
	leftOut   func(did.DID, []LeftOut)

	ctx    context.Context
	cancel context.CancelCauseFunc

	mu         sync.Mutex
	busy       map[did.DID]chan struct{} // identifiers that are being changed, closed when it is done
	unfinished map[did.DID]*submission   // what was signed and may or may not have been registered
}

var _ vdrapi.VDR = (*VDR)(nil)

// Options of New. The zero value is did:realdid under a policy that wants histories replayed.
type Options struct {
	Methods []string // those that the resolver and registrar serve; nil: realdid
	Policy  Policy
	Timeout time.Duration    // of one call; 0: DefaultTimeout
	Clock   func() time.Time // when keys expire is judged by it; nil: time.Now

	// LeftOut is told what Read did not show to Aries, if it left out anything. It is called by the reading goroutine.
	LeftOut func(id did.DID, what []LeftOut)
}

// New returns a VDR that reads by r and writes by w with the control keys that s holds. Without w and s (both nil) it only
// reads. opt may be nil.
func New(r did.Resolver, w did.Registrar, s Signers, opt *Options) (*VDR, error) {
	if r == nil {
		return nil, errors.New("ariesvdr: no resolver")
	}
	if (w == nil) != (s == nil) {
		return nil, errors.New("ariesvdr: a registrar and signers go together")
	}
	v := &VDR{
		resolver: r, registrar: w, signers: s, methods: []string{realdid.MethodName}, timeout: DefaultTimeout, clock: time.Now,
		leftOut: func(did.DID, []LeftOut) {}, busy: map[did.DID]chan struct{}{}, unfinished: map[did.DID]*submission{},
	}
	if opt != nil {
		if opt.Methods != nil {
			v.methods = slices.Clone(opt.Methods)
		}
		if opt.Timeout > 0 {
			v.timeout = opt.Timeout
		}
		if opt.Clock != nil {
			v.clock = opt.Clock
		}
		if opt.LeftOut != nil {
			v.leftOut = opt.LeftOut
		}
		v.policy = opt.Policy
	}
	v.ctx, v.cancel = context.WithCancelCause(context.Background())
	return v, nil
}

// Accept implements vdr.VDR.
func (v *VDR) Accept(method string, _ ...vdrapi.DIDMethodOption) bool {
	return slices.Contains(v.methods, method)
}

// Close implements vdr.VDR: it ends the calls that are under way and refuses others. Resolver and registrar stay open.
func (v *VDR) Close() error {
	v.cancel(errClosed)
	return nil
}

func (v *VDR) call() (context.Context, context.CancelFunc) {
	return context.WithTimeout(v.ctx, v.timeout)
}

// Read implements vdr.VDR. Options are OptionVersionID, OptionVersionTime and OptionNoCache; any other is refused. An error is
// vdr.ErrNotFound if there is no such identifier or version, and wraps the *did.Error, which tells what is final from what may
// be tried again (Temporary).
func (v *VDR) Read(id string, opts ...vdrapi.DIDMethodOption) (*diddoc.DocResolution, error) {
	opt, at, err := readOptions(opts)
	if err != nil {
		return nil, fmt.Errorf("ariesvdr: read: %w", coded(err))
	}
	d, err := v.identifier(id)
	if err != nil {
		return nil, fmt.Errorf("ariesvdr: read: %w", coded(err))
	}
	ctx, done := v.call()
	defer done()
	if at.IsZero() {
		at = v.clock()
	}
	out, err := v.read(ctx, d, opt, at)
	if err != nil {
		return nil, fmt.Errorf("ariesvdr: read: %w", coded(err))
	}
	return out, nil
}

func (v *VDR) read(ctx context.Context, d did.DID, opt *did.ResolveOptions, at time.Time) (*diddoc.DocResolution, error) {
	res, err := v.resolve(ctx, d, opt)
	if err != nil {
		return nil, err
	}
	now := res
	if !opt.Newest() { // what became of a key since is not told with an old version
		if now, err = v.resolve(ctx, d, &did.ResolveOptions{NoCache: opt.NoCache}); err != nil {
			return nil, err
		}
	}
	usable, lost := withoutLost(res.Document, now)
	doc, left, err := Document(usable, at)
	if err != nil {
		return nil, err
	}
	left = append(lost, left...)
	if len(left) > 0 {
		v.leftOut(d, left)
	}
	return resolution(doc, &res.Metadata, !res.Evidence.GenesisOnly), nil
}

// withoutLost returns the document of a version without the keys that now count for nothing: those declared compromised since,
// and every key of an identifier that is deactivated.
func withoutLost(version *did.Document, now *did.Resolution) (*did.Document, []LeftOut) {
	doc := *version
	var left []LeftOut
	doc.VerificationMethod = nil
	for _, m := range version.VerificationMethod {
		compromised := slices.ContainsFunc(now.Removed, func(r did.RemovedMethod) bool { return r.Compromised && (r.ID == m.ID || r.Key.Equal(m.Key)) })
		switch {
		case now.Metadata.Deactivated:
			left = append(left, LeftOut{m.ID.String(), "the identifier is deactivated"})
		case compromised:
			left = append(left, LeftOut{m.ID.String(), "declared compromised"})
		default:
			doc.VerificationMethod = append(doc.VerificationMethod, m)
		}
	}
	return &doc, left
}

// resolve asks the resolver under the policy, and again past its cache if a newer answer could be what the policy wants.
func (v *VDR) resolve(ctx context.Context, d did.DID, opt *did.ResolveOptions) (*did.Resolution, error) {
	res, err := v.ask(ctx, d, opt)
	if err != nil {
		return nil, err
	}
	err = v.policy.check(res.Evidence, v.clock())
	if err != nil && did.AsError(err).Temporary() && (opt == nil || !opt.NoCache) {
		again := did.ResolveOptions{}
		if opt != nil {
			again = *opt
		}
		again.NoCache = true
		if fresh, askErr := v.ask(ctx, d, &again); askErr == nil {
			res, err = fresh, v.policy.check(fresh.Evidence, v.clock())
		}
	}
	if err != nil {
		return nil, err
	}
	return res, nil
}

func (v *VDR) ask(ctx context.Context, d did.DID, opt *did.ResolveOptions) (*did.Resolution, error) {
	if cause := context.Cause(ctx); cause != nil {
		return nil, cause
	}
	res, err := v.resolver.Resolve(ctx, d, opt)
	if err != nil {
		e := did.AsError(err)
		if e.Code == did.NotFound {
			return nil, fmt.Errorf("%w: %w", vdrapi.ErrNotFound, e)
		}
		return nil, e
	}
	if res == nil || res.Document == nil || res.Document.ID != d {
		return nil, &did.Error{Code: did.InternalError, Detail: "the resolver answered with another document"}
	}
	return res, nil
}

func (v *VDR) identifier(id string) (did.DID, error) {
	d, err := did.Parse(id)
	if err != nil {
		return did.DID{}, err
	}
	if !slices.Contains(v.methods, d.Method()) {
		return did.DID{}, &did.Error{Code: did.MethodNotSupported, Detail: "not a method of this registry"}
	}
	return d, nil
}

// resolutionContext is that of a DID resolution result, as Aries writes it.
const resolutionContext = "https://w3id.org/did-resolution/v1"

func resolution(doc *diddoc.Doc, meta *did.DocumentMetadata, published bool) *diddoc.DocResolution {
	return &diddoc.DocResolution{
		Context: []string{resolutionContext}, DIDDocument: doc,
		DocumentMetadata: &diddoc.DocumentMetadata{
			VersionID: meta.VersionID, Deactivated: meta.Deactivated, CanonicalID: meta.CanonicalID,
			EquivalentID: slices.Clone(meta.EquivalentID), Method: &diddoc.MethodMetadata{Published: published},
		},
	}
}
