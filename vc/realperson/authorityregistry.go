package realperson

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/internal/strictjson"
)

// registry is the store of persons: one sequence of entries for each, under the key "person:" and the person's key. Every entry is
// appended by compare-and-swap, so that of two that race one wins.
type registry struct{ ledger ledger.Ledger }

const registryPrefix = "person:"

// The types of entries (SPEC.md, "The registry").
const (
	entryGeneration = "generation" // new secrets; the first of a person, or anew
	entryLogged     = "logged"     // the public log has what the entry before says
	entryActivated  = "activated"  // the wallet showed the authority its pseudonym
	entryRefused    = "refused"    // no more renewals
	entryReinstated = "reinstated" // renewals again
)

// entry is one entry of a person.
type entry struct {
	typ  string
	time time.Time

	// of entryGeneration
	generation int
	citizen    did.DID
	commitment []byte // with its proof: it hides the secrets perfectly
	entropy    []byte

	// of acts: entryGeneration but for the first, entryRefused and entryReinstated
	act    []byte // by which the public log's entry is known again
	reason Reason
	from   uint64 // how long the public log was before the act

	number    uint64 // of entryLogged: in the public log
	pseudonym []byte // of entryActivated: at this authority, and nowhere else
}

const (
	entropySize   = 32
	actSize       = 16
	pseudonymSize = 48
)

var entryLimits = strictjson.Limits{Bytes: ledger.MaxOpSize, Depth: 2, Nodes: 32}

func (e *entry) encode() ([]byte, error) {
	m := map[string]any{"v": 1, "type": e.typ, "time": formatTime(e.time)}
	switch e.typ {
	case entryGeneration:
		m["generation"], m["citizen"] = e.generation, e.citizen.String()
		m["commitment"], m["entropy"] = encode(e.commitment), encode(e.entropy)
		if e.generation > 0 {
			m["act"], m["reason"], m["from"] = encode(e.act), string(e.reason), e.from
		}
	case entryRefused, entryReinstated:
		m["act"], m["reason"], m["from"] = encode(e.act), string(e.reason), e.from
	case entryLogged:
		m["number"] = e.number
	case entryActivated:
		m["pseudonym"] = encode(e.pseudonym)
	}
	return strictjson.Canonical(m)
}

func parseEntry(b []byte) (*entry, error) {
	v, err := strictjson.Parse(b, entryLimits)
	if err != nil {
		return nil, err
	}
	t, _ := v.Get("type")
	e := &entry{}
	e.typ, _ = t.Str()
	names := []string{"v", "type", "time"}
	switch e.typ {
	case entryGeneration:
		names = append(names, "generation", "citizen", "commitment", "entropy", "act?", "reason?", "from?")
	case entryRefused, entryReinstated:
		names = append(names, "act", "reason", "from")
	case entryLogged:
		names = append(names, "number")
	case entryActivated:
		names = append(names, "pseudonym")
	default:
		return nil, errors.New("a type that is not known")
	}
	o, err := readObject(v, names...)
	if err != nil {
		return nil, err
	}
	o.integer("v", 1, 1)
	e.time = o.time("time")
	e.read(o)
	if o.err != nil {
		return nil, o.err
	}
	return e, nil
}

func (e *entry) read(o *object) {
	isAct := e.typ == entryRefused || e.typ == entryReinstated
	switch e.typ {
	case entryGeneration:
		e.generation, e.citizen = int(o.integer("generation", 0, MaxGeneration)), o.did("citizen")
		e.commitment, e.entropy = o.octets("commitment", 1, maxCommitment), o.octets("entropy", entropySize, entropySize)
		if isAct = e.generation > 0; isAct != o.has("act") || isAct != o.has("reason") || isAct != o.has("from") {
			o.fail("act", "stands with the first generation, or not with another")
		}
	case entryLogged:
		e.number = uint64(o.integer("number", 0, maxNumber))
	case entryActivated:
		e.pseudonym = o.octets("pseudonym", pseudonymSize, pseudonymSize)
	}
	if isAct {
		e.act, e.reason = o.octets("act", actSize, actSize), Reason(o.text("reason", maxReason))
		e.from = uint64(o.integer("from", 0, maxNumber))
		if !e.reason.fits(e.typ) {
			o.fail("reason", "not one of this act")
		}
	}
}

// person is what a registry says of one person now.
type person struct {
	key     string
	length  uint64 // how many entries there are
	current *entry // the newest generation; nil if there is none
	// pending is an act that the public log may not have yet; nil if it has every one.
	pending   *entry
	logged    uint64 // the number in the public log of the newest act
	number    uint64 // that of the newest generation; 0 for the first, which has none
	pseudonym []byte // at this authority; nil until the generation is activated
	refused   *entry // nil if renewals are not refused
}

// apply is all that entries mean.
func (p *person) apply(e *entry) error {
	if p.pending != nil && e.typ != entryLogged {
		return errors.New("an entry before the public log had the act before")
	}
	switch e.typ {
	case entryGeneration:
		next := 0
		if p.current != nil {
			next = p.current.generation + 1
		}
		if e.generation != next || p.refused != nil {
			return errors.New("a generation does not follow the one before, or a refusal stands")
		}
		p.current, p.pseudonym = e, nil
		if e.generation > 0 {
			p.pending = e
		}
	case entryLogged:
		if p.pending == nil {
			return errors.New("an act is logged that there is none of")
		}
		if p.pending == p.current {
			p.number = e.number
		}
		p.pending, p.logged = nil, e.number
	case entryActivated:
		if p.current == nil || p.pseudonym != nil {
			return errors.New("an activation without a generation, or after another")
		}
		p.pseudonym = e.pseudonym
	case entryRefused:
		if p.current == nil || p.refused != nil {
			return errors.New("a refusal of nobody, or after another")
		}
		p.refused, p.pending = e, e
	case entryReinstated:
		if p.refused == nil {
			return errors.New("a reinstatement without a refusal")
		}
		p.refused, p.pending = nil, e
	}
	p.length++
	return nil
}

// read returns what stands of a person, whose key has the right form.
func (r registry) read(ctx context.Context, key string) (*person, error) {
	p := &person{key: key}
	for le, err := range r.ledger.History(ctx, registryPrefix+key, 0) {
		if err != nil {
			return nil, fmt.Errorf("realperson: registry: %w", err)
		}
		e, err := parseEntry(le.Op)
		if err == nil {
			err = p.apply(e)
		}
		if err != nil {
			return nil, fmt.Errorf("realperson: registry: damaged: %w", err)
		}
	}
	return p, nil
}

// append adds an entry to what was read, if it may follow. It is ledger.ErrConflict if somebody else was faster.
func (r registry) append(ctx context.Context, p *person, e *entry) error {
	next := *p
	if err := next.apply(e); err != nil {
		return fmt.Errorf("realperson: registry: %w", err)
	}
	b, err := e.encode()
	if err != nil {
		return fmt.Errorf("realperson: registry: %w", err)
	}
	if _, err := r.ledger.Append(ctx, registryPrefix+p.key, p.length, b); err != nil {
		return fmt.Errorf("realperson: registry: %w", err)
	}
	*p = next
	return nil
}
