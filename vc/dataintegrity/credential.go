package dataintegrity

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/realdid/realdid/internal/strictjson"
)

// Credential is a credential with its proofs: what [Issue] made, or what a wallet received. It is not verified; it is a
// vc.Presentation, so that a wallet can verify what it received, with a policy without holder binding. It is safe for concurrent use.
type Credential struct{ document }

// ParseCredential copies and parses a credential with its proofs. It does not check who signed it. Errors are a *vc.Fault.
func ParseCredential(b []byte, opt *Options) (*Credential, error) {
	c := &Credential{document{raw: bytes.Clone(b), opt: opt}}
	if _, err := c.load(); err != nil {
		return nil, err
	}
	return c, nil
}

// ErrNotSelective says that no proof of a credential allows to disclose a part of it.
var ErrNotSelective = errors.New("dataintegrity: the credential has no proof for selective disclosure")

// DeriveOptions are for [Credential.Derive]. nil is the zero value.
type DeriveOptions struct {
	// Cryptosuite chooses the base proof by its name and has the parameters of the derived one; nil means the first base proof.
	Cryptosuite Cryptosuite
}

// Derive returns a credential that says what reveal selects (JSON Pointers such as "/credentialSubject/name") and what the issuer made
// mandatory, with a proof for just that. Anybody can derive: a holder's signature is a matter of [Credential.Present]. Verifiers
// of credentials want issuer and credentialSubject to be there. Errors: ErrNotSelective.
func (c *Credential) Derive(ctx context.Context, reveal []string, opt *DeriveOptions) (*Credential, error) {
	if opt == nil {
		opt = &DeriveOptions{}
	}
	d, err := c.derive(ctx, reveal, opt.Cryptosuite)
	if err != nil {
		return nil, fmt.Errorf("dataintegrity: derive: %w", err)
	}
	return d, nil
}

func (c *Credential) derive(ctx context.Context, reveal []string, suite Cryptosuite) (*Credential, error) {
	o, err := c.load()
	if err != nil {
		return nil, err
	}
	s := o.credential
	i, selective, err := c.baseProof(s, suite)
	if err != nil {
		return nil, err
	}
	if i < 0 {
		return nil, ErrNotSelective
	}
	if len(s.proofs[i].PreviousProof) > 0 {
		return nil, errors.New("a proof that follows others cannot be derived from: they do not cover what is derived")
	}
	derived, err := selective.Derive(ctx, s.input(i, c.opt.contexts()), reveal)
	if err != nil {
		return nil, err
	}
	return &Credential{document{raw: s.proofs[i].appendWith(derived), opt: c.opt}}, nil
}

// BaseInput returns what suite gets of the base proof that it derives from. Errors: ErrNotSelective; a *vc.Fault. For packages of this
// module.
func (c *Credential) BaseInput(suite Selective) (*Input, error) {
	o, err := c.load()
	if err != nil {
		return nil, err
	}
	i, _, err := c.baseProof(o.credential, suite)
	switch {
	case err != nil:
		return nil, err
	case i < 0:
		return nil, ErrNotSelective
	}
	return o.credential.input(i, c.opt.contexts()), nil
}

// baseProof returns the index of the base proof to derive from and its suite, or -1.
func (c *Credential) baseProof(s *secured, suite Cryptosuite) (int, Selective, error) {
	for i, p := range s.proofs {
		use := suite
		if use == nil {
			var err error
			if use, err = c.opt.suiteOf(p); err != nil {
				return -1, nil, err
			}
		}
		selective, ok := use.(Selective)
		if !ok || use.Name() != p.Cryptosuite {
			continue
		}
		if base, err := selective.IsBase(p.Value); err != nil {
			return -1, nil, err
		} else if base {
			return i, selective, nil
		}
	}
	return -1, nil, nil
}

// appendWith writes a derived document with the derived proof in the place of p.
func (p *Proof) appendWith(d *Derived) []byte {
	b := strictjson.AppendJSON(nil, without(d.Document, memberProof))
	b = append(b[:len(b)-1], `,"proof":`...)
	b = strictjson.AppendJSON(b, p.Options())
	b = append(b[:len(b)-1], `,"proofValue":`...)
	b = strictjson.AppendString(b, d.ProofValue)
	return append(b, '}', '}')
}
