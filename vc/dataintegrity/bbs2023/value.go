package bbs2023

import (
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity/sd"
)

// Sizes in bytes.
const (
	signatureSize = 80
	headerSize    = 64 // two digests of SHA-256
	keySize       = 96
	hmacKeySize   = 32
	entropySize   = 32
	pseudonymSize = 48
)

// base is a base proof value (serializeBaseProofValue). It is for the holder alone.
type base struct {
	option            option
	signature         []byte
	header            []byte
	publicKey         []byte
	hmacKey           []byte // not with pseudonyms
	mandatoryPointers []string

	labels  sd.LabelMap // with pseudonyms, in the place of hmacKey: those that were signed, by canonical label
	entropy []byte      // with pseudonyms
	n       int         // with pseudonyms: number of nym secrets
}

func (b *base) encode() (string, error) {
	size := 400 + 5*len(b.labels)
	for _, p := range b.mandatoryPointers {
		size += len(p) + 3
	}
	k := kinds[b.option]
	p := sd.NewProofValue(k.base, k.baseComponents, size).Bytes(b.signature).Bytes(b.header).Bytes(b.publicKey)
	if b.option != pseudonym {
		return p.Bytes(b.hmacKey).Texts(b.mandatoryPointers).String(), nil
	}
	p, err := p.NumberLabels(b.labels)
	if err != nil {
		return "", err
	}
	return p.Texts(b.mandatoryPointers).Bytes(b.entropy).Number(b.n).String(), nil
}

// parseBase reads a base proof value of any feature option (parseBaseProofValue).
func parseBase(s string) (*base, error) {
	o, isBase, err := kindOf(s)
	if err != nil {
		return nil, err
	}
	if !isBase {
		return nil, vc.Invalid("dataintegrity.sd.derived", "a derived proof, from which nothing more can be derived")
	}
	b := &base{option: o}
	c := sd.OpenProofValue(s, kinds[o].base, kinds[o].baseComponents)
	b.signature, b.header, b.publicKey = c.Bytes(signatureSize), c.Bytes(headerSize), c.Bytes(keySize)
	if o == pseudonym {
		b.labels, b.mandatoryPointers, b.entropy, b.n = c.NumberLabels(), c.Texts(), c.Bytes(entropySize), c.Number()
	} else {
		b.hmacKey, b.mandatoryPointers = c.Bytes(hmacKeySize), c.Texts()
	}
	return b, valueFault(c.Close())
}

// newLabels returns the labels that the issuer signed.
func (b *base) newLabels() sd.Labels {
	if b.option == pseudonym {
		return b.labels.Labels()
	}
	return sd.ShuffledLabels(b.hmacKey)
}

// derived is a derived proof value (serializeDerivedProofValue).
type derived struct {
	option             option
	proof              []byte
	labels             sd.LabelMap
	mandatory          []int // the mandatory statements among all that are disclosed
	selective          []int // the other statements that are disclosed among all that are not mandatory
	presentationHeader []byte

	pseudonym []byte // if there is one
	messages  int    // not in the baseline: statements that are not mandatory
}

func (d *derived) encode() (string, error) {
	k := kinds[d.option]
	size := len(d.proof) + len(d.presentationHeader) + 6*len(d.labels) + 3*len(d.mandatory) + 3*len(d.selective) + 100
	p, err := sd.NewProofValue(k.derived, k.derivedComponents, size).Bytes(d.proof).NumberLabels(d.labels)
	if err != nil {
		return "", err
	}
	p = p.Indexes(d.mandatory).Indexes(d.selective).Bytes(d.presentationHeader)
	if d.option == pseudonym {
		p = p.Bytes(d.pseudonym)
	}
	if d.option != baseline {
		p = p.Number(d.messages)
	}
	return p.String(), nil
}

// parseDerived reads a derived proof value of any feature option (parseDerivedProofValue).
func parseDerived(s string) (*derived, error) {
	o, isBase, err := kindOf(s)
	if err != nil {
		return nil, err
	}
	if isBase {
		return nil, vc.Invalid("dataintegrity.proof.base", "a base proof, which is for the holder alone, where a derived proof is expected")
	}
	c := sd.OpenProofValue(s, kinds[o].derived, kinds[o].derivedComponents)
	d := &derived{
		option: o, proof: c.Bytes(-1), labels: c.NumberLabels(), mandatory: c.Indexes(), selective: c.Indexes(), presentationHeader: c.Bytes(-1),
	}
	if o == pseudonym {
		d.pseudonym = c.Bytes(pseudonymSize)
	}
	if o != baseline {
		d.messages = c.Number()
	}
	return d, valueFault(c.Close())
}

func valueFault(err error) error {
	if err != nil {
		return vc.InvalidBecause("dataintegrity.proof.value", err)
	}
	return nil
}

// IsBase tells a base proof from a derived one by the header of the proof value.
func (Suite) IsBase(proofValue string) (bool, error) {
	_, base, err := kindOf(proofValue)
	return base, err
}

// MandatoryPointers returns the JSON Pointers that a base proof makes mandatory.
func (Suite) MandatoryPointers(proofValue string) ([]string, error) {
	b, err := parseBase(proofValue)
	if err != nil {
		return nil, err
	}
	clear(b.hmacKey)
	return b.mandatoryPointers, nil
}

// PseudonymOf returns the pseudonym (48 bytes) that a derived proof shows: dataintegrity.Proof.Value of a credential that was verified
// by a Suite with a Verifier. Before that it is whatever somebody wrote. A proof without one is an error, a *vc.Fault.
func PseudonymOf(proofValue string) ([]byte, error) {
	d, err := parseDerived(proofValue)
	if err != nil {
		return nil, err
	}
	if d.option != pseudonym {
		return nil, errNoPseudonym()
	}
	return d.pseudonym, nil
}

// EntropyOf returns what the issuer added to the nym secrets, of a base proof for pseudonyms. Errors are a *vc.Fault.
func EntropyOf(proofValue string) ([]byte, error) {
	b, err := parseBase(proofValue)
	if err != nil {
		return nil, err
	}
	if b.option != pseudonym {
		clear(b.hmacKey)
		return nil, errNoPseudonym()
	}
	return b.entropy, nil
}
