package realdid

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/realdid/realdid/did"
)

// ErrTwoLives says that an identifier lives on two ledgers at once, or that ledgers send it round in a circle. One of them is dishonest, or a
// quorum that vouched for one is, so there is no answer.
var ErrTwoLives = errors.New("realdid: the identifier lives on two ledgers")

// Homes resolves identifiers of one trust domain wherever they live now. It is safe for concurrent use and implements did.Resolver.
type Homes struct{ methods []*Method }

// NewHomes returns a resolver over the methods on several ledgers of a trust domain; each has the others among its Options.Predecessors.
// Ledgers that have ended (Options.Final) may be left out. Errors are ErrIdentifier, for no method, methods of two domains and two of one ledger.
func NewHomes(methods ...*Method) (*Homes, error) {
	if len(methods) == 0 {
		return nil, fmt.Errorf("%w: no ledger", ErrIdentifier)
	}
	for i, m := range methods {
		for _, o := range methods[:i] {
			if m.net.Domain != o.net.Domain || m.net.Home == o.net.Home {
				return nil, fmt.Errorf("%w: two trust domains, or one ledger twice", ErrIdentifier)
			}
		}
	}
	return &Homes{slices.Clone(methods)}, nil
}

// A life is what one ledger has of an identifier.
type life struct {
	m        *Method
	r        *replayed
	evidence did.Evidence
}

// Resolve implements did.Resolver. The answer is that of the ledger on which the identifier lives. Between departure and import it is the
// departed state; it is Latest only if the other ledger proves that it has no import. If ledgers know what came before an import, and it ends in what was imported,
// versions and anchors from before are part of the answer, and it is Replayed. A ledger that cannot be asked is passed over if another one
// has the identifier. Errors are those of Method.Resolve; ErrTwoLives as INTERNAL_ERROR; *MovedError for a ledger that is not among these.
func (h *Homes) Resolve(ctx context.Context, d did.DID, opt *did.ResolveOptions) (*did.Resolution, error) {
	if err := opt.Check(); err != nil {
		return nil, err
	}
	id, err := ParseIdentifier(d)
	if err != nil {
		return nil, &did.Error{Code: did.InvalidDID, Err: err}
	}
	lives, absent, err := h.lives(ctx, id, opt)
	if err != nil {
		return nil, err
	}
	if len(lives) == 0 {
		return absent.r.answer(d, id, opt, absent.evidence)
	}
	last, err := h.last(lives)
	if moved, ok := errors.AsType[*MovedError](err); ok {
		return nil, movedAway(moved)
	}
	if err != nil {
		return nil, &did.Error{Code: did.InternalError, Err: err}
	}
	if err := h.between(ctx, id, last); err != nil {
		return nil, &did.Error{Code: did.InternalError, Err: err}
	}
	r := joined(last.r, lives)
	last.evidence.Replayed = !r.partial()
	return r.show(d, id, opt, last.evidence)
}

// Home returns the method on the ledger where the identifier lives, for writing. Errors are those of Resolve, and *MovedError while it lives on none.
func (h *Homes) Home(ctx context.Context, d did.DID) (*Method, error) {
	id, err := ParseIdentifier(d)
	if err != nil {
		return nil, &did.Error{Code: did.InvalidDID, Err: err}
	}
	lives, _, err := h.lives(ctx, Identifier{Domain: id.Domain, SCID: id.SCID}, nil)
	if err != nil {
		return nil, err
	}
	last, err := h.last(lives)
	if err != nil {
		return nil, &did.Error{Code: did.InternalError, Err: err}
	}
	if moved := last.r.state.moved(); moved != nil {
		return nil, movedAway(moved)
	}
	return last.m, nil
}

// lives asks every ledger. If none has the identifier, absent is a long form's genesis; else that is an error.
func (h *Homes) lives(ctx context.Context, id Identifier, opt *did.ResolveOptions) (lives []*life, absent *life, err error) {
	var genesis *replayed
	if id.Genesis != nil {
		if genesis, err = id.replayGenesis(wanted(opt)); err != nil {
			return nil, nil, &did.Error{Code: did.InvalidDID, Err: err}
		}
		absent = &life{r: genesis, evidence: h.methods[0].evidence(nil, nil)}
	}
	var failed error
	living := false
	for _, m := range h.methods {
		born := genesis
		if born != nil && born.state.net != m.net {
			born = nil
		}
		r, ev, err := m.look(ctx, id, wanted(opt), born, opt != nil && opt.NoCache)
		switch {
		case errors.Is(err, ErrNotFound):
		case err != nil:
			failed = err
		case r == born && born != nil:
			absent.evidence = ev
		default:
			lives = append(lives, &life{m, r, ev})
			living = living || !r.state.departed()
		}
	}
	switch moved, ended := errors.AsType[*MovedError](failed); {
	case living || failed == nil && (len(lives) > 0 || absent != nil):
		return lives, absent, nil
	case failed == nil:
		return nil, nil, &did.Error{Code: did.NotFound, Err: ErrNotFound}
	case ended:
		return nil, nil, movedAway(moved)
	}
	return nil, nil, &did.Error{Code: did.InternalError, Err: failed}
}

// over tells whether another ledger imported the state of l, or a later one, from its ledger, which vouched for that: what l shows is from before. But
// what its ledger proves to be the newest after that import is not.
func (l *life) over(lives []*life) bool {
	for _, o := range lives {
		for _, i := range o.r.imports {
			if o != l && i.from == l.m.net.Home && i.seq >= l.r.state.seq && !(l.evidence.Latest && l.evidence.AsOf.After(i.at)) {
				return true
			}
		}
	}
	return false
}

// last returns the life that counts. Errors are ErrTwoLives and *MovedError.
func (h *Homes) last(lives []*life) (*life, error) {
	var last *life
	lives = slices.DeleteFunc(slices.Clone(lives), func(l *life) bool { return !l.r.state.departed() && l.over(lives) })
	for _, l := range lives {
		if last == nil || !l.r.state.departed() {
			last = l
		}
	}
	if last == nil {
		return nil, ErrTwoLives
	}
	for _, l := range lives {
		switch departed := l.r.state.departed(); {
		case l == last:
		case !departed:
			return nil, ErrTwoLives
		case !last.r.state.departed():
		case l.r.state.seq == last.r.state.seq:
			return nil, fmt.Errorf("%w: in a circle", ErrTwoLives)
		case l.r.state.seq > last.r.state.seq:
			last = l
		}
	}
	moved := last.r.state.moved()
	if moved != nil && !slices.ContainsFunc(h.methods, func(m *Method) bool { return homeName(m.net.Home) == moved.To }) {
		return nil, moved
	}
	return last, nil
}

// Bundle makes a bundle of the ledger where the identifier lives, with what came before its import if another one knows it and there is
// room: so it shows all operations since the genesis. Errors are those of Method.Bundle and of Resolve.
func (h *Homes) Bundle(ctx context.Context, d did.DID, opt *BundleOptions) (*Bundle, error) {
	id, err := ParseIdentifier(d)
	if err != nil {
		return nil, &did.Error{Code: did.InvalidDID, Err: err}
	}
	lives, _, err := h.lives(ctx, id, nil)
	if err != nil {
		return nil, err
	}
	if len(lives) == 0 { // a long form, whose absence its own ledger proves
		i := slices.IndexFunc(h.methods, func(m *Method) bool { return m.net.Home == genesisHome(id) })
		return h.methods[max(i, 0)].Bundle(ctx, d, opt)
	}
	last, err := h.last(lives)
	if err != nil {
		return nil, &did.Error{Code: did.InternalError, Err: err}
	}
	if moved := last.r.state.moved(); moved != nil {
		return nil, movedAway(moved)
	}
	b, err := last.m.Bundle(ctx, d, opt)
	if err != nil || len(b.operations) == 0 {
		return b, err
	}
	for _, l := range lives {
		if last.r.opens && l.r.state.history == last.r.imported {
			again := *b
			again.former = l.r.operations()
			if whole, err := newBundle(&again); err == nil {
				return whole, nil
			}
		}
	}
	return b, nil
}

// Prove implements did.Prover, as Method.Prove does.
func (h *Homes) Prove(ctx context.Context, d did.DID, opt *did.ResolveOptions) ([]byte, error) {
	return prove(ctx, h, d, opt)
}

// operations returns the valid ones.
func (r *replayed) operations() []bundled {
	var out []bundled
	for _, st := range r.steps {
		if st.err == nil {
			out = append(out, bundled{st.entry.Op, st.entry.Anchor})
		}
	}
	return out
}

// between keeps a ledger from making a departed state look like the newest by hiding the import: that there is none, it has to prove.
func (h *Homes) between(ctx context.Context, id Identifier, last *life) error {
	moved := last.r.state.moved()
	if moved == nil || !last.evidence.Latest {
		return nil
	}
	i := slices.IndexFunc(h.methods, func(m *Method) bool { return homeName(m.net.Home) == moved.To })
	vh, err := h.methods[i].proven(ctx, h.methods[i].net, id.Key(), 0)
	switch {
	case err != nil:
		return err
	case vh == nil || !vh.Absent:
		last.evidence.Latest = false
	case vh.AsOf.Before(last.evidence.AsOf):
		last.evidence.AsOf = vh.AsOf
	}
	return nil
}

// joined puts what other ledgers know before what r knows, if r begins with an import of exactly that.
func joined(r *replayed, lives []*life) *replayed {
	if !r.partial() || !r.opens {
		return r
	}
	for _, l := range lives {
		before := l.r
		if before.state.history != r.imported {
			continue
		}
		before = joined(before, lives)
		c := *r
		c.whole = !before.partial()
		c.versions = slices.Concat(before.versions, r.versions[1:]) // the first is the last of before
		c.anchored = slices.Concat(before.anchored, r.anchored)
		shift := len(before.versions) - 1
		c.absences = slices.Clone(before.absences)
		for _, a := range r.absences {
			c.absences = append(c.absences, absence{a.left, a.first + shift})
		}
		switch {
		case r.past != nil:
			c.picked += shift
		default:
			c.past, c.picked = before.past, before.picked
		}
		return &c
	}
	return r
}
