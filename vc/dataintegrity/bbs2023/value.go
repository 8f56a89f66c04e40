package bbs2023

import (
	"errors"

	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity/sd"
)

// The kinds of proof value. W3C's text numbers its feature options from 0xd95d02 upwards, two for each, and has come to 0xd95d09; tags 0x5d40
// and 0x5d41 are far from there, and a reader that knows W3C's alone refuses them, as it must.
var (
	baselineBase     = sd.Header{0xd9, 0x5d, 0x02}
	baselineDerived  = sd.Header{0xd9, 0x5d, 0x03}
	pseudonymBase    = sd.Header{0xd9, 0x5d, 0x40}
	pseudonymDerived = sd.Header{0xd9, 0x5d, 0x41}
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
	signature         []byte
	header            []byte
	publicKey         []byte
	hmacKey           []byte // of the baseline
	mandatoryPointers []string

	pseudonym bool
	labels    sd.LabelMap // in the place of hmacKey: those that were signed, by canonical label
	entropy   []byte
	n         int
}

func (b *base) encode() (string, error) {
	size := 400
	for _, p := range b.mandatoryPointers {
		size += len(p) + 3
	}
	if !b.pseudonym {
		return sd.NewProofValue(baselineBase, 5, size).
			Bytes(b.signature).Bytes(b.header).Bytes(b.publicKey).Bytes(b.hmacKey).Texts(b.mandatoryPointers).String(), nil
	}
	p, err := sd.NewProofValue(pseudonymBase, 7, size+5*len(b.labels)).
		Bytes(b.signature).Bytes(b.header).Bytes(b.publicKey).NumberLabels(b.labels)
	if err != nil {
		return "", err
	}
	return p.Texts(b.mandatoryPointers).Bytes(b.entropy).Number(b.n).String(), nil
}

// parseBase reads a base proof value of either feature option (parseBaseProofValue).
func parseBase(s string) (*base, error) {
	h, err := header(s)
	if err != nil {
		return nil, err
	}
	if h != baselineBase && h != pseudonymBase {
		return nil, vc.Invalid("dataintegrity.sd.derived", "a derived proof, from which nothing more can be derived")
	}
	b := &base{pseudonym: h == pseudonymBase}
	n := 5
	if b.pseudonym {
		n = 7
	}
	c := sd.OpenProofValue(s, h, n)
	b.signature, b.header, b.publicKey = c.Bytes(signatureSize), c.Bytes(headerSize), c.Bytes(keySize)
	if b.pseudonym {
		b.labels, b.mandatoryPointers, b.entropy, b.n = c.NumberLabels(), c.Texts(), c.Bytes(entropySize), c.Number()
	} else {
		b.hmacKey, b.mandatoryPointers = c.Bytes(hmacKeySize), c.Texts()
	}
	return b, valueFault(c.Close())
}

// newLabels returns the labels that the issuer signed.
func (b *base) newLabels() sd.Labels {
	if b.pseudonym {
		return b.labels.Labels()
	}
	return sd.ShuffledLabels(b.hmacKey)
}

// derived is a derived proof value (serializeDerivedProofValue).
type derived struct {
	proof              []byte
	labels             sd.LabelMap
	mandatory          []int // the mandatory statements among all that are disclosed
	selective          []int // the other statements that are disclosed among all that are not mandatory
	presentationHeader []byte

	pseudonym []byte // nil in the baseline
	messages  int    // statements that are not mandatory, with a pseudonym
}

func (d *derived) encode() (string, error) {
	h, n := baselineDerived, 5
	if d.pseudonym != nil {
		h, n = pseudonymDerived, 7
	}
	size := len(d.proof) + len(d.presentationHeader) + 6*len(d.labels) + 3*len(d.mandatory) + 3*len(d.selective) + 100
	p, err := sd.NewProofValue(h, n, size).Bytes(d.proof).NumberLabels(d.labels)
	if err != nil {
		return "", err
	}
	p = p.Indexes(d.mandatory).Indexes(d.selective).Bytes(d.presentationHeader)
	if d.pseudonym != nil {
		p = p.Bytes(d.pseudonym).Number(d.messages)
	}
	return p.String(), nil
}

// parseDerived reads a derived proof value of either feature option (parseDerivedProofValue).
func parseDerived(s string) (*derived, error) {
	h, err := header(s)
	if err != nil {
		return nil, err
	}
	n := 5
	switch h {
	case baselineDerived:
	case pseudonymDerived:
		n = 7
	default:
		return nil, vc.Invalid("dataintegrity.proof.base", "a base proof, which is for the holder alone, where a derived proof is expected")
	}
	c := sd.OpenProofValue(s, h, n)
	d := &derived{
		proof: c.Bytes(-1), labels: c.NumberLabels(), mandatory: c.Indexes(), selective: c.Indexes(), presentationHeader: c.Bytes(-1),
	}
	if h == pseudonymDerived {
		d.pseudonym, d.messages = c.Bytes(pseudonymSize), c.Number()
	}
	return d, valueFault(c.Close())
}

func valueFault(err error) error {
	if err != nil {
		return vc.InvalidBecause("dataintegrity.proof.value", err)
	}
	return nil
}

// header returns the header of a proof value that is understood here.
func header(s string) (sd.Header, error) {
	h, err := sd.ProofHeader(s)
	switch {
	case err != nil:
		return h, vc.InvalidBecause("dataintegrity.proof.value", err)
	case h == baselineBase, h == baselineDerived, h == pseudonymBase, h == pseudonymDerived:
		return h, nil
	case h[0] == 0xd9 && h[1] == 0x5d && h[2] >= 0x04 && h[2] <= 0x09:
		return h, vc.Invalid("bbs2023.feature", "a proof with holder binding or a pseudonym of W3C's text, which follows older drafts than the ones here")
	}
	return h, vc.InvalidBecause("dataintegrity.proof.value", errors.New("a header of another suite"))
}

// IsBase tells a base proof from a derived one by the header of the proof value.
func (Suite) IsBase(proofValue string) (bool, error) {
	h, err := header(proofValue)
	return err == nil && (h == baselineBase || h == pseudonymBase), err
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
	if d.pseudonym == nil {
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
	if !b.pseudonym {
		clear(b.hmacKey)
		return nil, errNoPseudonym()
	}
	return b.entropy, nil
}

func errNoPseudonym() *vc.Fault {
	return vc.Invalid("bbs2023.pseudonym.missing", "a proof without a pseudonym where one is expected")
}

func errPseudonym() *vc.Fault {
	return vc.Invalid("bbs2023.pseudonym.unexpected", "a proof for pseudonyms, and the suite has no parameters for them")
}
