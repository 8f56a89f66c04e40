package dataintegrity

import (
	"errors"
	"fmt"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity/sd"
)

// The two kinds of proof value of ecdsa-sd-2023.
var (
	ecdsaSDBaseHeader    = sd.Header{0xd9, 0x5d, 0x00}
	ecdsaSDDerivedHeader = sd.Header{0xd9, 0x5d, 0x01}
)

const (
	ecdsaSDKeySize       = 2 + 33 // multicodec of a compressed P-256 point
	ecdsaSDSignatureSize = 64
	ecdsaSDLabelSize     = 32
)

// ecdsaSDBase is a base proof value (serializeBaseProofValue).
type ecdsaSDBase struct {
	baseSignature     []byte
	publicKey         []byte // of the proof
	hmacKey           []byte
	signatures        [][]byte // of the statements that are not mandatory, in their order
	mandatoryPointers []string
}

func (b *ecdsaSDBase) encode() string {
	size := 200 + (ecdsaSDSignatureSize+2)*len(b.signatures)
	for _, p := range b.mandatoryPointers {
		size += len(p) + 3
	}
	return sd.NewProofValue(ecdsaSDBaseHeader, 5, size).
		Bytes(b.baseSignature).Bytes(b.publicKey).Bytes(b.hmacKey).ByteStrings(b.signatures).Texts(b.mandatoryPointers).String()
}

// parseECDSASDBase reads a base proof value (parseBaseProofValue).
func parseECDSASDBase(s string) (*ecdsaSDBase, error) {
	c := sd.OpenProofValue(s, ecdsaSDBaseHeader, 5)
	b := &ecdsaSDBase{
		baseSignature: c.Bytes(ecdsaSDSignatureSize), publicKey: c.Bytes(ecdsaSDKeySize), hmacKey: c.Bytes(hmacKeySize),
		signatures: c.ByteStrings(ecdsaSDSignatureSize), mandatoryPointers: c.Texts(),
	}
	if err := c.Close(); err != nil {
		if errors.Is(err, sd.ErrHeader) && hasHeader(s, ecdsaSDDerivedHeader) {
			return nil, vc.Invalid("dataintegrity.sd.derived", "a derived proof, from which nothing more can be derived")
		}
		return nil, vc.InvalidBecause("dataintegrity.proof.value", err)
	}
	if _, err := proofScopedKey(b.publicKey); err != nil {
		return nil, err
	}
	return b, nil
}

// ecdsaSDDerived is a derived proof value (serializeDerivedProofValue).
type ecdsaSDDerived struct {
	baseSignature []byte
	publicKey     []byte
	signatures    [][]byte // of the statements that are not mandatory and were chosen, in their order
	labels        sd.LabelMap
	mandatory     []int // the mandatory statements among all that are disclosed
}

func (d *ecdsaSDDerived) encode() (string, error) {
	size := 200 + (ecdsaSDSignatureSize+2)*len(d.signatures) + (ecdsaSDLabelSize+5)*len(d.labels) + 3*len(d.mandatory)
	p, err := sd.NewProofValue(ecdsaSDDerivedHeader, 5, size).
		Bytes(d.baseSignature).Bytes(d.publicKey).ByteStrings(d.signatures).DigestLabels(d.labels)
	if err != nil {
		return "", err
	}
	return p.Indexes(d.mandatory).String(), nil
}

// parseECDSASDDerived reads a derived proof value (parseDerivedProofValue) and its key.
func parseECDSASDDerived(s string) (*ecdsaSDDerived, keys.PublicKey, error) {
	c := sd.OpenProofValue(s, ecdsaSDDerivedHeader, 5)
	d := &ecdsaSDDerived{
		baseSignature: c.Bytes(ecdsaSDSignatureSize), publicKey: c.Bytes(ecdsaSDKeySize), signatures: c.ByteStrings(ecdsaSDSignatureSize),
		labels: c.DigestLabels(ecdsaSDLabelSize), mandatory: c.Indexes(),
	}
	if err := c.Close(); err != nil {
		if errors.Is(err, sd.ErrHeader) && hasHeader(s, ecdsaSDBaseHeader) {
			return nil, keys.PublicKey{}, vc.Invalid("dataintegrity.proof.base", "a base proof, which is for the holder alone, where a derived proof is expected")
		}
		return nil, keys.PublicKey{}, vc.InvalidBecause("dataintegrity.proof.value", err)
	}
	key, err := proofScopedKey(d.publicKey)
	return d, key, err
}

// proofScopedKey reads the key that signed the statements.
func proofScopedKey(multicodec []byte) (keys.PublicKey, error) {
	k, err := keys.ParseMulticodec(multicodec)
	if err != nil {
		return keys.PublicKey{}, vc.InvalidBecause("dataintegrity.sd.key", err)
	}
	if k.Algorithm() != keys.P256 {
		return keys.PublicKey{}, vc.Invalid("dataintegrity.sd.key", fmt.Sprintf("the proof's key is of %v, want P-256", k.Algorithm()))
	}
	return k, nil
}

func hasHeader(proofValue string, h sd.Header) bool {
	got, err := sd.ProofHeader(proofValue)
	return err == nil && got == h
}

// IsBase tells a base proof from a derived one by the header of the proof value.
func (ECDSASD2023) IsBase(proofValue string) (bool, error) {
	h, err := sd.ProofHeader(proofValue)
	if err != nil {
		return false, vc.InvalidBecause("dataintegrity.proof.value", err)
	}
	if h != ecdsaSDBaseHeader && h != ecdsaSDDerivedHeader {
		return false, vc.Invalid("dataintegrity.proof.value", "the proof value has a header of another suite")
	}
	return h == ecdsaSDBaseHeader, nil
}
