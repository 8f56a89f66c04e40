package sdjwt

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/keys/jws"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/internal/envelope"
)

// PresentOptions say what to reveal, and to whom.
type PresentOptions struct {
	// Reveal are the claims to reveal, each a JSON Pointer ("/address/locality") or a DCQL path (["degrees",null,"type"]); see
	// vc.ParsePath. A path reveals the whole value that it selects, and of the values around it no more than that they are there. A
	// path that selects nothing is an error. Claims in the clear are always visible.
	Reveal []string
	// Audience and Nonce are the verifier's; both are required with a holder's key, and must be empty without.
	Audience string
	Nonce    string
	// Method is the DID URL of the holder's key; it becomes the kid of the key binding JWT. It is required if the credential is
	// bound to a DID, must be the bound key if it is bound to that, and is not needed then.
	Method did.URL
	// IssuedAt is when the holder signs; zero means now.
	IssuedAt time.Time
	// Serialization of the presentation.
	Serialization Serialization
}

// Errors of Present that a caller may act on.
var (
	// ErrNoSuchClaim says that a path selects nothing in the credential.
	ErrNoSuchClaim = errors.New("sdjwt: no such claim")
	// ErrHolder says that the credential is not bound to the key that should sign, or to any.
	ErrHolder = errors.New("sdjwt: not the holder's key")
)

// Present makes a presentation with the chosen disclosures and, if holder is not nil, a key binding JWT signed by it.
func (c *Credential) Present(ctx context.Context, holder keys.Signer, opt *PresentOptions) (*Presentation, error) {
	if opt == nil {
		opt = &PresentOptions{}
	}
	if holder == nil && (opt.Audience != "" || opt.Nonce != "") {
		return nil, errors.New("sdjwt: present: an audience or a nonce without a holder's key to sign them")
	}
	if holder != nil && (opt.Audience == "" || opt.Nonce == "") {
		return nil, errors.New("sdjwt: present: a holder's key signs for one audience and one nonce")
	}
	root, err := c.tree()
	if err != nil {
		return nil, fmt.Errorf("sdjwt: present: %w", err)
	}
	chosen := make([]bool, len(root.p.disclosures))
	for _, path := range opt.Reveal {
		if err := root.reveal(path, chosen); err != nil {
			return nil, err
		}
	}
	if holder != nil {
		c.opened.revealHolder(root, chosen)
	}
	t := c.opened.selectDisclosures(chosen, opt.Serialization)
	if holder != nil {
		if err := c.checkHolder(holder, opt.Method); err != nil {
			return nil, err
		}
		if t.kb, err = signBinding(ctx, holder, t, c.opened.hash, opt); err != nil {
			return nil, fmt.Errorf("sdjwt: present: %w", err)
		}
	}
	return &Presentation{document{raw: t.appendForm(nil)}}, nil
}

// reveal marks the disclosures that path needs: those of the selected values, of everything around them and of everything in
// them.
func (n *node) reveal(path string, chosen []bool) error {
	p, err := vc.ParsePath(path)
	if err != nil {
		return fmt.Errorf("sdjwt: reveal: %w", err)
	}
	selected := []*node{n}
	for _, step := range p.Steps() {
		var next []*node
		for _, v := range selected {
			if next, err = v.step(step, next); err != nil {
				return fmt.Errorf("sdjwt: reveal: %w", err)
			}
		}
		selected = next
	}
	if len(selected) == 0 {
		return ErrNoSuchClaim
	}
	for _, v := range selected {
		for up := v; up != nil; up = up.parent {
			if up.disclosure >= 0 {
				chosen[up.disclosure] = true
			}
		}
		v.revealAll(chosen)
	}
	return nil
}

// step appends what one step selects in n (OpenID4VP 1.0, section 7.1.1).
func (n *node) step(s vc.Step, out []*node) ([]*node, error) {
	switch n.value.Kind() {
	case strictjson.Object:
		if s.Kind != vc.StepName && s.Kind != vc.StepToken {
			return nil, vc.ErrPathMismatch
		}
		for name, c := range n.members {
			if name == s.Name {
				return append(out, c), nil
			}
		}
		return out, nil
	case strictjson.Array:
		if s.Kind == vc.StepName || s.Kind == vc.StepToken && s.Index < 0 {
			return nil, vc.ErrPathMismatch
		}
		for i, c := range n.elements {
			if s.Kind == vc.StepEvery || i == s.Index {
				out = append(out, c)
			}
		}
		return out, nil
	}
	return nil, vc.ErrPathMismatch
}

func (n *node) revealAll(chosen []bool) {
	if n.disclosure >= 0 {
		chosen[n.disclosure] = true
	}
	switch n.value.Kind() {
	case strictjson.Object:
		for _, c := range n.members {
			c.revealAll(chosen)
		}
	case strictjson.Array:
		for _, c := range n.elements {
			c.revealAll(chosen)
		}
	}
}

// pointers collects the JSON Pointers of what is selectively disclosable below n.
func (n *node) pointers(at string, out *[]string) {
	if n.disclosure >= 0 {
		*out = append(*out, at)
	}
	switch n.value.Kind() {
	case strictjson.Object:
		for name, c := range n.members {
			c.pointers(at+"/"+pointerEscaper.Replace(name), out)
		}
	case strictjson.Array:
		for i, c := range n.elements {
			c.pointers(at+"/"+strconv.Itoa(i), out)
		}
	}
}

var pointerEscaper = strings.NewReplacer("~", "~0", "/", "~1")

// selectDisclosures returns the token with the chosen disclosures only.
func (o *opened) selectDisclosures(chosen []bool, form Serialization) *token {
	t := &token{form: form, protected: o.protected, payload: o.payload, signature: o.signature}
	if form == GeneralJSON {
		t.others = o.others
	}
	for i, text := range o.disclosures {
		if chosen[i] {
			t.disclosures = append(t.disclosures, text)
		}
	}
	t.join()
	return t
}

// checkHolder refuses to sign what no verifier would accept.
func (c *Credential) checkHolder(holder keys.Signer, method did.URL) error {
	keyID, key, err := c.Holder()
	if err != nil {
		return fmt.Errorf("sdjwt: present: %w", err)
	}
	if detail := envelope.CheckHolder(keyID, key, holder.Public(), method); detail != "" {
		return fmt.Errorf("%w: %s", ErrHolder, detail)
	}
	return nil
}

// revealHolder marks the disclosures that name the subject of a credential of the W3C data model, if it is bound to the subject.
func (o *opened) revealHolder(root *node, chosen []bool) {
	if o.kind != w3c || o.w3c.HolderKeyID != "" || !o.w3c.HolderKey.IsZero() {
		return
	}
	for _, path := range [...]string{"/credentialSubject/id", "/credentialSubject/0/id"} {
		if root.reveal(path, chosen) == nil {
			return
		}
	}
}

// signBinding makes the key binding JWT of RFC 9901, section 4.3.
func signBinding(ctx context.Context, holder keys.Signer, t *token, hash hashAlgorithm, opt *PresentOptions) ([]byte, error) {
	at := opt.IssuedAt
	if at.IsZero() {
		at = time.Now()
	}
	payload := make([]byte, 0, 192)
	payload = strictjson.AppendString(append(payload, `{"aud":`...), opt.Audience)
	payload = strconv.AppendInt(append(payload, `,"iat":`...), at.Unix(), 10)
	payload = strictjson.AppendString(append(payload, `,"nonce":`...), opt.Nonce)
	payload = hash.appendDigest(append(payload, `,"sd_hash":"`...), t.hashed)
	payload = append(payload, `"}`...)
	p := jws.Parameters{Type: typKB}
	if !opt.Method.IsZero() {
		p.KeyID = opt.Method.String()
	}
	header, err := jws.AppendHeader(make([]byte, 0, 128), holder, &p)
	if err != nil {
		return nil, err
	}
	return jws.Append(ctx, make([]byte, 0, 512), holder, header, payload)
}
