package ariesvdr

import (
	"context"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
)

// ErrNoControl says that a keyring does not hold the control keys of the identifier.
var ErrNoControl = errors.New("ariesvdr: the control keys are not held here")

// A Keyring is Signers of did:realdid with one control key and one next key for each identifier, new ones each time, so that
// no key links two of them. It is safe for concurrent use, and forgets everything with the process: Held and Hold are the way to
// a store of the caller's.
type Keyring struct {
	opt KeyringOptions

	mu   sync.Mutex
	held map[did.DID]control
}

// KeyringOptions say where keys come from.
type KeyringOptions struct {
	// Control makes a key that signs updates; nil: an Ed25519 key in memory.
	Control func(ctx context.Context) (keys.Signer, error)
	// Next makes a key, to be kept apart from the agent, that only a rotation or a deactivation reveals: its Sign is called
	// then and not before. nil: an Ed25519 key in memory as well, which the identifier records as a single secret, because whoever
	// breaks into the agent has both.
	Next func(ctx context.Context) (keys.Signer, error)
}

// control is who controls an identifier.
type control struct{ now, next keys.Signer }

// NewKeyring returns an empty keyring. opt may be nil.
func NewKeyring(opt *KeyringOptions) *Keyring {
	r := &Keyring{held: map[did.DID]control{}}
	if opt != nil {
		r.opt = *opt
	}
	return r
}

// Held returns the keys of an identifier.
func (r *Keyring) Held(id did.DID) (control, next keys.Signer, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c, ok := r.held[id]
	if !ok {
		return nil, nil, false
	}
	return c.now, c.next, true
}

// Hold takes over an identifier that was made elsewhere, or earlier.
func (r *Keyring) Hold(id did.DID, now, next keys.Signer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held[id] = control{now: now, next: next}
}

func generate(context.Context) (keys.Signer, error) { return keys.Generate(keys.Ed25519) }

// plan makes a pair of keys.
func (r *Keyring) plan(ctx context.Context) (control, error) {
	newControl, newNext := r.opt.Control, r.opt.Next
	if newControl == nil {
		newControl = generate
	}
	if newNext == nil {
		newNext = generate
	}
	now, err := newControl(ctx)
	if err != nil {
		return control{}, fmt.Errorf("ariesvdr: control key: %w", err)
	}
	next, err := newNext(ctx)
	if err != nil {
		return control{}, fmt.Errorf("ariesvdr: next key: %w", err)
	}
	return control{now: now, next: next}, nil
}

// Begin implements Signers.
func (r *Keyring) Begin(ctx context.Context, c *did.Change) (Signing, error) {
	s := &signing{ring: r, operation: c.Operation}
	if c.Operation != operationCreate {
		r.mu.Lock()
		held, ok := r.held[c.DID]
		r.mu.Unlock()
		if !ok {
			return nil, &did.Error{Code: did.InvalidOptions, Err: ErrNoControl}
		}
		s.before = held
	}
	add := map[string]any{}
	if c.Operation == operationCreate || c.Operation == operationRotate {
		var err error
		if s.after, err = r.plan(ctx); err != nil {
			return nil, err
		}
		add = r.committing(s.after)
	}
	if c.Operation == operationRotate || c.Operation == operationDeactivate {
		add["reveal"] = []string{s.before.next.Public().Multikey()}
	}
	var err error
	s.options, err = merge(c.Options, add)
	return s, err
}

// committing are the options that put plan in control.
func (r *Keyring) committing(plan control) map[string]any {
	digest := realdid.SHA256.CommitKey(plan.next.Public())
	text := strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(digest[:]))
	options := map[string]any{
		"control": map[string]any{"threshold": 1, "keys": []string{plan.now.Public().Multikey()}},
		"next":    map[string]any{"threshold": 1, "digests": []string{text}},
	}
	if r.opt.Next == nil {
		options["singleSecret"] = true
	}
	return options
}

// merge adds members to an object that has none of them.
func merge(object []byte, add map[string]any) ([]byte, error) {
	if len(add) == 0 {
		return object, nil
	}
	all := map[string]json.RawMessage{}
	if object != nil {
		if err := json.Unmarshal(object, &all); err != nil || all == nil {
			return nil, badOption(OptionRegistrar, "not a JSON object")
		}
	}
	for name, v := range add {
		if _, taken := all[name]; taken {
			return nil, badOption(OptionRegistrar, name+" is for the keyring to say")
		}
		b, err := json.Marshal(v)
		if err != nil {
			return nil, fmt.Errorf("ariesvdr: options: %w", err)
		}
		all[name] = b
	}
	return json.Marshal(all)
}

// signing is one change: who is in control before it, and after it.
type signing struct {
	ring          *Keyring
	operation     string
	options       []byte
	before, after control
}

func (s *signing) Options() []byte { return s.options }

// Sign implements Signing. From here on the keys of a create are held under the identifier to be.
func (s *signing) Sign(ctx context.Context, p *did.Preparation) (map[string][]byte, error) {
	var signers []keys.Signer
	switch s.operation {
	case operationCreate:
		signers = []keys.Signer{s.after.now}
		s.ring.Hold(p.DID, s.after.now, s.after.next)
	case operationUpdate:
		signers = []keys.Signer{s.before.now}
	case operationRotate:
		signers = []keys.Signer{s.before.next, s.after.now}
	default:
		signers = []keys.Signer{s.before.next}
	}
	signatures := map[string][]byte{}
	for _, req := range p.Requests {
		for _, k := range signers {
			if !k.Public().Equal(req.Key) {
				continue
			}
			sig, err := k.Sign(ctx, req.Payload)
			if err != nil {
				return nil, fmt.Errorf("ariesvdr: sign: %w", err)
			}
			signatures[req.ID] = sig
		}
	}
	return signatures, nil
}

// Registered implements Signing: after a rotation its new keys are in place of those that it spent, and of no others.
func (s *signing) Registered(_ context.Context, done *did.Registered) error {
	if s.operation != operationRotate {
		return nil
	}
	s.ring.mu.Lock()
	defer s.ring.mu.Unlock()
	if held, ok := s.ring.held[done.DID]; ok && held.next.Public().Equal(s.before.next.Public()) {
		s.ring.held[done.DID] = s.after
	}
	return nil
}
