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

	mu      sync.Mutex
	held    map[did.DID]*control
	planned map[string]*control // of creates, by the Multikey of the control key
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

// control is who controls an identifier now, and after the rotation under way.
type control struct {
	now, next keys.Signer
	after     *control
}

// NewKeyring returns an empty keyring. opt may be nil.
func NewKeyring(opt *KeyringOptions) *Keyring {
	r := &Keyring{held: map[did.DID]*control{}, planned: map[string]*control{}}
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
	r.held[id] = &control{now: now, next: next}
}

func generate(context.Context) (keys.Signer, error) { return keys.Generate(keys.Ed25519) }

// plan makes a pair of keys.
func (r *Keyring) plan(ctx context.Context) (*control, error) {
	newControl, newNext := r.opt.Control, r.opt.Next
	if newControl == nil {
		newControl = generate
	}
	if newNext == nil {
		newNext = generate
	}
	now, err := newControl(ctx)
	if err != nil {
		return nil, fmt.Errorf("ariesvdr: control key: %w", err)
	}
	next, err := newNext(ctx)
	if err != nil {
		return nil, fmt.Errorf("ariesvdr: next key: %w", err)
	}
	return &control{now: now, next: next}, nil
}

// Options implements Signers. A rotation that failed is tried again with the same new keys.
func (r *Keyring) Options(ctx context.Context, c *did.Change) ([]byte, error) {
	switch c.Operation {
	case operationCreate:
		plan, err := r.plan(ctx)
		if err != nil {
			return nil, err
		}
		r.mu.Lock()
		r.planned[plan.now.Public().Multikey()] = plan
		r.mu.Unlock()
		return merge(c.Options, r.committing(plan))
	case operationUpdate:
		if _, err := r.of(c.DID); err != nil {
			return nil, err
		}
		return c.Options, nil
	}
	held, err := r.of(c.DID)
	if err != nil {
		return nil, err
	}
	reveal := map[string]any{"reveal": []string{held.next.Public().Multikey()}}
	if c.Operation != operationRotate {
		return merge(c.Options, reveal)
	}
	plan := held.after
	if plan == nil {
		if plan, err = r.plan(ctx); err != nil {
			return nil, err
		}
		r.mu.Lock()
		if now := r.held[c.DID]; now != nil {
			now.after = plan
		}
		r.mu.Unlock()
	}
	add := r.committing(plan)
	add["reveal"] = reveal["reveal"]
	return merge(c.Options, add)
}

// of returns a copy of what is held.
func (r *Keyring) of(id did.DID) (control, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c, ok := r.held[id]
	if !ok {
		return control{}, ErrNoControl
	}
	return *c, nil
}

// committing are the options that put plan in control.
func (r *Keyring) committing(plan *control) map[string]any {
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

// Sign implements Signers. From here on the keys of a create are held under the identifier to be.
func (r *Keyring) Sign(ctx context.Context, c *did.Change, p *did.Preparation) (map[string][]byte, error) {
	r.mu.Lock()
	if c.Operation == operationCreate {
		for _, req := range p.Requests {
			if plan, ok := r.planned[req.Key.Multikey()]; ok {
				delete(r.planned, req.Key.Multikey())
				r.held[p.DID] = plan
			}
		}
	}
	var signers []keys.Signer
	if held, ok := r.held[p.DID]; ok {
		switch c.Operation {
		case operationCreate, operationUpdate:
			signers = []keys.Signer{held.now}
		case operationRotate:
			signers = []keys.Signer{held.next}
			if held.after != nil {
				signers = append(signers, held.after.now)
			}
		default:
			signers = []keys.Signer{held.next}
		}
	}
	r.mu.Unlock()
	if signers == nil {
		return nil, ErrNoControl
	}
	signatures := map[string][]byte{}
	for _, req := range p.Requests {
		for _, s := range signers {
			if !s.Public().Equal(req.Key) {
				continue
			}
			sig, err := s.Sign(ctx, req.Payload)
			if err != nil {
				return nil, fmt.Errorf("ariesvdr: sign: %w", err)
			}
			signatures[req.ID] = sig
		}
	}
	return signatures, nil
}

// Registered implements Signers: after a rotation the new keys are in place of the old.
func (r *Keyring) Registered(_ context.Context, done *did.Registered) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	held, ok := r.held[done.DID]
	if ok && done.Operation == operationRotate && held.after != nil {
		r.held[done.DID] = held.after
	}
	return nil
}
