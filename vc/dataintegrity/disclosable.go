package dataintegrity

import (
	"strconv"
	"strings"

	"github.com/realdid/realdid/internal/strictjson"
)

// MandatoryPointers returns the JSON Pointers that a base proof of this suite makes mandatory.
func (ECDSASD2023) MandatoryPointers(proofValue string) ([]string, error) {
	b, err := parseECDSASDBase(proofValue)
	if err != nil {
		return nil, err
	}
	clear(b.hmacKey)
	return b.mandatoryPointers, nil
}

// Disclosable returns the values that the holder may reveal or not, as JSON Pointers in the order of the document. id and type of an
// object are not among them: they are revealed with anything else in it. A credential without a base proof has none. Errors are a
// *vc.Fault.
func (c *Credential) Disclosable() ([]string, error) {
	o, err := c.load()
	if err != nil {
		return nil, err
	}
	i, suite, err := c.baseProof(o.credential, nil)
	if i < 0 || err != nil {
		return nil, err
	}
	known, ok := suite.(MandatorySuite)
	if !ok {
		return nil, nil
	}
	mandatory, err := known.MandatoryPointers(o.credential.proofs[i].Value)
	if err != nil {
		return nil, err
	}
	d := disclosable{mandatory: make(map[string]bool, len(mandatory))}
	for _, p := range mandatory {
		d.mandatory[p] = true
	}
	d.walk("", o.credential.bare)
	return d.free, nil
}

type disclosable struct {
	mandatory map[string]bool
	free      []string
}

// walk collects the leaves at and below at; an object of nothing but id and type is one.
func (d *disclosable) walk(at string, v strictjson.Value) {
	if d.mandatory[at] {
		return
	}
	found := false
	switch {
	case v.Kind() == strictjson.Object && !isValueObject(v):
		for _, m := range v.Members() {
			if m.Name == "id" || m.Name == "type" || at == "" && m.Name == memberContext {
				continue
			}
			found = true
			d.walk(at+"/"+tokenEscaper.Replace(m.Name), m.Value)
		}
	case v.Kind() == strictjson.Array:
		for i, e := range v.Elems() {
			found = true
			d.walk(at+"/"+strconv.Itoa(i), e)
		}
	}
	if !found && at != "" {
		d.free = append(d.free, at)
	}
}

var tokenEscaper = strings.NewReplacer("~", "~0", "/", "~1")
