package dataintegrity

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc/dataintegrity/jsonld"
	"github.com/realdid/realdid/vc/vcdm"
)

// PresentOptions say what to reveal, and to whom. nil is the zero value.
type PresentOptions struct {
	// Reveal are the claims to reveal of a credential for selective disclosure, each a JSON Pointer into the credential
	// ("/credentialSubject/birthDate"), beside those that the issuer made mandatory. It must be empty for a credential that can only be
	// shown as a whole.
	Reveal []string
	// Audience and Nonce are the verifier's, and become domain and challenge; both are required with a holder's key, and must be empty
	// without.
	Audience string
	Nonce    string
	// Method is the DID URL of the holder's key. It is not needed if the credential's subject is the did:key of the holder's key.
	Method did.URL
	// Created is when the holder signs; zero means now. Expires is when that ends to count; zero leaves it out.
	Created time.Time
	Expires time.Time
	// Derive has the parameters of the derived proof; see [DeriveOptions].
	Derive *DeriveOptions
	// Cryptosuite of the holder's proof; nil means eddsa-rdfc-2022 for keys of Ed25519 and ecdsa-rdfc-2019 for P-256 and P-384.
	Cryptosuite Cryptosuite
	// ID of the presentation, a URL; "" leaves it out.
	ID string
}

// ErrHolder says that the credential is not bound to the key that should sign, or to any.
var ErrHolder = errors.New("dataintegrity: not the holder's key")

// Present makes a presentation of a credential. With a holder's key it is a verifiable presentation, which the key signs for one
// verifier and one request; the credential must have exactly one subject, whose id is the DID of Method. Without, it is the
// credential alone. A credential for selective disclosure is derived from first, and with a holder's key the subject's id is always revealed.
func (c *Credential) Present(ctx context.Context, holder keys.Signer, opt *PresentOptions) (*Presentation, error) {
	p, err := c.present(ctx, holder, opt)
	if err != nil {
		return nil, fmt.Errorf("dataintegrity: present: %w", err)
	}
	return p, nil
}

func (c *Credential) present(ctx context.Context, holder keys.Signer, opt *PresentOptions) (*Presentation, error) {
	if opt == nil {
		opt = &PresentOptions{}
	}
	o, err := c.load()
	if err != nil {
		return nil, err
	}
	derive := opt.Derive
	if derive == nil {
		derive = &DeriveOptions{}
	}
	i, _, err := c.baseProof(o.credential, derive.Cryptosuite)
	if err != nil {
		return nil, err
	}
	shown := c
	switch {
	case i >= 0:
		reveal := opt.Reveal
		if holder != nil {
			reveal = withSubject(o.credential.bare, reveal)
		}
		if shown, err = c.derive(ctx, reveal, derive.Cryptosuite); err != nil {
			return nil, err
		}
	case len(opt.Reveal) > 0:
		return nil, ErrNotSelective
	}
	if holder == nil {
		if opt.Audience != "" || opt.Nonce != "" {
			return nil, errors.New("an audience or a nonce without a holder's key to sign them")
		}
		return &Presentation{document{raw: shown.raw, opt: shown.opt, presented: true, index: only}}, nil
	}
	whole := *opt
	whole.Reveal = nil
	return presentAll(ctx, holder, []*Credential{shown}, &whole)
}

// withSubject adds the id of the one subject to what is revealed.
func withSubject(credential strictjson.Value, reveal []string) []string {
	v, _ := credential.Get("credentialSubject")
	pointer := "/credentialSubject"
	if v.Kind() == strictjson.Array && len(v.Elems()) > 0 {
		v, pointer = v.Elems()[0], pointer+"/"+strconv.Itoa(0)
	}
	if _, ok := v.Get("id"); !ok {
		return reveal
	}
	return append(slices.Clone(reveal), pointer+"/id")
}

// PresentAll makes one verifiable presentation of several credentials, in their order, that holder signs. Those for selective
// disclosure must have been derived from ([Credential.Derive]), with the id of their subject; Reveal and Derive must be empty.
// [Split] takes it apart again.
func PresentAll(ctx context.Context, holder keys.Signer, credentials []*Credential, opt *PresentOptions) (*Presentation, error) {
	p, err := presentAll(ctx, holder, credentials, opt)
	if err != nil {
		return nil, fmt.Errorf("dataintegrity: present: %w", err)
	}
	return p, nil
}

func presentAll(ctx context.Context, holder keys.Signer, credentials []*Credential, opt *PresentOptions) (*Presentation, error) {
	switch {
	case holder == nil || opt == nil || opt.Audience == "" || opt.Nonce == "":
		return nil, errors.New("a holder's key signs for one audience and one nonce")
	case len(credentials) == 0:
		return nil, errors.New("no credential")
	case len(opt.Reveal) > 0:
		return nil, errors.New("several credentials are derived from before they are presented")
	}
	method := opt.Method
	if method.IsZero() {
		method, _ = did.ParseURL(holder.Public().DIDKeyURL())
	}
	version := vcdm.V2
	contexts := credentials[0].opt.contexts()
	for _, c := range credentials {
		model, err := c.showable()
		if err != nil {
			return nil, err
		}
		if bound := model.Disclosed().HolderKeyID; bound == "" || bound != method.DID().String() {
			return nil, ErrHolder
		}
		if model.Version == vcdm.V1 {
			version = vcdm.V1
		}
	}
	b := appendPresentation(nil, version, opt.ID, method.DID(), credentials)
	b, err := addProof(ctx, holder, b, &ProofOptions{
		Method: method, Purpose: did.Authentication, Cryptosuite: opt.Cryptosuite, Created: opt.Created, Expires: opt.Expires,
		Domain: []string{opt.Audience}, Challenge: opt.Nonce, Contexts: contexts,
	})
	if err != nil {
		return nil, err
	}
	index := only
	if len(credentials) > 1 {
		index = 0
	}
	return &Presentation{document{raw: b, opt: presentedOptions(contexts, opt, credentials), presented: true, index: index}}, nil
}

// showable returns what the data model says of a credential that a verifier may see.
func (c *Credential) showable() (*vcdm.Credential, error) {
	o, err := c.load()
	if err != nil {
		return nil, err
	}
	if i, _, err := c.baseProof(o.credential, nil); err != nil {
		return nil, err
	} else if i >= 0 {
		return nil, errors.New("a base proof is not for verifiers: derive from it")
	}
	return vcdm.ParseCredential(o.credential.bare)
}

// presentedOptions understand what the holder and the issuers signed with.
func presentedOptions(c *jsonld.Contexts, opt *PresentOptions, credentials []*Credential) *Options {
	out := optionsWith(c, opt.Cryptosuite)
	for _, c := range credentials {
		if c.opt != nil {
			out.Cryptosuites = append(out.Cryptosuites, c.opt.Cryptosuites...)
		}
	}
	return out
}

// appendPresentation writes a presentation without a proof.
func appendPresentation(dst []byte, version vcdm.Version, id string, holder did.DID, credentials []*Credential) []byte {
	dst = append(dst, `{"@context":["`...)
	if version == vcdm.V1 {
		dst = append(dst, vcdm.ContextV1+`","`+ContextV2...)
	} else {
		dst = append(dst, vcdm.ContextV2...)
	}
	dst = append(dst, `"],"type":["VerifiablePresentation"]`...)
	dst = appendText(dst, "id", id)
	dst = appendText(dst, "holder", holder.String())
	dst = append(dst, `,"verifiableCredential":[`...)
	for i, c := range credentials {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, strings.TrimSpace(string(c.raw))...)
	}
	return append(dst, `]}`...)
}
