package main

import (
	"context"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
)

// holder has the keys of one identity: those of the device, and the commitment to one kept apart.
type holder struct {
	control, method *keys.PrivateKey
	next            realdid.Commitments
}

func newHolder() (*holder, error) {
	var three [3]*keys.PrivateKey
	for i := range three {
		var err error
		if three[i], err = keys.Generate(keys.Ed25519); err != nil {
			return nil, err
		}
	}
	return &holder{control: three[0], method: three[1], next: realdid.SHA256.Commit(three[2].Public())}, nil
}

func (h *holder) content(service string) realdid.Content {
	return realdid.Content{
		VerificationMethods: []realdid.VerificationMethod{{
			Fragment: "key-1", Key: h.method.Public(), Purposes: did.Authentication | did.AssertionMethod,
		}},
		Services: []realdid.Service{{
			Fragment: "files", Types: []string{"Files"}, Endpoints: []realdid.Endpoint{{URI: service}},
		}},
	}
}

// create returns a new genesis: the salt makes each another identity.
func (h *holder) create(ctx context.Context) (*realdid.Operation, error) {
	d, err := realdid.DraftCreate(&realdid.CreateRequest{
		Control: realdid.OneKey(h.control.Public()), Next: h.next, Document: h.content("https://files.example/0"),
	})
	if err != nil {
		return nil, err
	}
	return signed(ctx, d, h.control)
}

func (h *holder) update(ctx context.Context, s *realdid.State, service string) (*realdid.Operation, error) {
	d, err := s.DraftUpdate(h.content(service))
	if err != nil {
		return nil, err
	}
	return signed(ctx, d, h.control)
}

func signed(ctx context.Context, d *realdid.Draft, signers ...keys.Signer) (*realdid.Operation, error) {
	if err := d.Sign(ctx, signers...); err != nil {
		return nil, err
	}
	return d.Operation()
}

func realdidCases() []benchCase {
	ctx := context.Background()
	return []benchCase{
		{
			name: "op-apply", op: "one operation parsed, verified and applied (update, Ed25519)", peer: peer, batch: 1,
			setup: each(func() (func() error, error) {
				h, err := newHolder()
				if err != nil {
					return nil, err
				}
				genesis, err := h.create(ctx)
				if err != nil {
					return nil, err
				}
				at := time.Now().UTC().Truncate(time.Second)
				state, err := realdid.Apply(nil, genesis, ledger.Anchor{Time: at})
				if err != nil {
					return nil, err
				}
				op, err := h.update(ctx, state, "https://files.example/1")
				if err != nil {
					return nil, err
				}
				raw := op.Bytes()
				return func() error {
					op, err := realdid.ParseOperation(raw)
					if err != nil {
						return err
					}
					after, err := realdid.Apply(state, op, ledger.Anchor{Index: 1, Time: at})
					if err != nil {
						return err
					}
					return right(after.Seq() == 1)
				}, nil
			}),
		},
	}
}
