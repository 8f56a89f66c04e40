package sdjwt

import (
	"bytes"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
)

// Credential is an SD-JWT with the disclosures that its holder has: what [Issue] made, or what a wallet received. It is not
// verified; it is a vc.Presentation, so that a wallet can verify what it received, with a policy without holder binding. It is safe for
// concurrent use.
type Credential struct{ document }

// ParseCredential parses an issued credential in any serialization, copies it, and checks that every disclosure belongs to
// it. It does not check who signed it. A key binding JWT is refused: only a holder makes one. Errors are a *vc.Fault.
func ParseCredential(b []byte) (*Credential, error) {
	c := &Credential{document{raw: bytes.Clone(b)}}
	o, err := c.load()
	if err != nil {
		return nil, err
	}
	if o.binding != nil {
		return nil, vc.Invalid("sdjwt.kb.unexpected", "a credential has no key binding JWT")
	}
	if _, err := o.Disclose(); err != nil {
		return nil, err
	}
	return c, nil
}

// Disclosable returns the claims that the holder chooses to reveal, as JSON Pointers, in no particular order. Indices of
// arrays count all elements that the holder has.
func (c *Credential) Disclosable() ([]string, error) {
	root, err := c.tree()
	if err != nil {
		return nil, err
	}
	var out []string
	root.pointers("", &out)
	return out, nil
}

// Holder returns what the credential is bound to: a DID URL, or a key that stands in it; both are zero if it is bound to
// nobody.
func (c *Credential) Holder() (keyID string, key keys.PublicKey, err error) {
	o, err := c.load()
	if err != nil {
		return "", keys.PublicKey{}, err
	}
	d, err := o.Disclose()
	if err != nil {
		return "", keys.PublicKey{}, err
	}
	return d.HolderKeyID, d.HolderKey, nil
}

// IssuanceDigest returns what an issuance receipt commits to (vc.Issuance), for vc.ReceiptBatch.
func (c *Credential) IssuanceDigest() ([32]byte, error) {
	o, err := c.load()
	if err != nil {
		return [32]byte{}, err
	}
	return o.IssuanceDigest(), nil
}

// node is a value of the processed payload together with how it came there.
type node struct {
	p          *processor
	value      strictjson.Value
	disclosure int // that made it visible; -1 if it stands in the clear
	parent     *node
}

func (c *Credential) tree() (*node, error) {
	o, err := c.load()
	if err != nil {
		return nil, err
	}
	p := newProcessor(o.body, o.list, o.kind)
	if err := p.check(); err != nil {
		return nil, err
	}
	return &node{p: p, value: o.body, disclosure: -1}, nil
}

func (n *node) child(v strictjson.Value, disclosure int) *node {
	return &node{p: n.p, value: v, disclosure: disclosure, parent: n}
}

// members yields the members of an object as the processed payload has them.
func (n *node) members(yield func(string, *node) bool) {
	for _, m := range n.value.Members() {
		if m.Name != "_sd" {
			if n.parent == nil && m.Name == "_sd_alg" {
				continue
			}
			if !yield(m.Name, n.child(m.Value, -1)) {
				return
			}
			continue
		}
		for _, e := range m.Value.Elems() {
			digest, _ := e.Str()
			if i := n.p.find(digest); i >= 0 && !yield(n.p.disclosures[i].name, n.child(n.p.disclosures[i].value, i)) {
				return
			}
		}
	}
}

// elements yields the elements of an array as the processed payload has them.
func (n *node) elements(yield func(int, *node) bool) {
	k := 0
	for _, e := range n.value.Elems() {
		c := n.child(e, -1)
		if digest, ok := e.Get("..."); ok {
			s, _ := digest.Str()
			i := n.p.find(s)
			if i < 0 {
				continue
			}
			c = n.child(n.p.disclosures[i].value, i)
		}
		if !yield(k, c) {
			return
		}
		k++
	}
}
