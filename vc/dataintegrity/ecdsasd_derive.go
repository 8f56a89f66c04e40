package dataintegrity

import (
	"context"
	"fmt"
	"slices"

	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity/sd"
)

// Derive makes the derived proof and the document that it is for (section 3.6.6, Add Derived Proof): what reveal points at and
// what the base proof says is mandatory. With neither it refuses. It checks no signature: a base proof that does not fit its
// document gives a derived proof that does not verify.
func (ECDSASD2023) Derive(ctx context.Context, in *Input, reveal []string) (*Derived, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("dataintegrity: derive: %w", err)
	}
	d, view, err := discloseECDSASD(in, reveal)
	if err != nil {
		return nil, err
	}
	value, err := d.encode()
	if err != nil {
		return nil, err
	}
	view.ProofValue = value
	return view, nil
}

// discloseECDSASD is createDisclosureData.
func discloseECDSASD(in *Input, reveal []string) (*ecdsaSDDerived, *Derived, error) {
	base, err := parseECDSASDBase(in.Proof.Value)
	if err != nil {
		return nil, nil, err
	}
	defer clear(base.hmacKey)
	if err := in.RefuseChain(); err != nil {
		return nil, nil, err
	}
	combined := slices.Concat(base.mandatoryPointers, reveal)
	if len(combined) == 0 {
		return nil, nil, vc.Invalid("dataintegrity.sd.nothing", "nothing is mandatory and nothing was chosen")
	}
	doc, err := sd.Canonicalize(in.Contexts, in.Document, sd.HMACLabels(base.hmacKey))
	if err != nil {
		return nil, nil, SelectiveFault(err)
	}
	mandatory, err := doc.Select(base.mandatoryPointers)
	if err != nil {
		return nil, nil, SelectiveFault(err)
	}
	disclosed, err := doc.Select(combined)
	if err != nil {
		return nil, nil, SelectiveFault(err)
	}
	optional := sd.Without(mandatory.Indexes, len(doc.Lines))
	if len(optional) != len(base.signatures) {
		return nil, nil, vc.Invalid("dataintegrity.sd.count",
			fmt.Sprintf("%d signatures for %d statements that are not mandatory", len(base.signatures), len(optional)))
	}
	d := &ecdsaSDDerived{
		baseSignature: base.baseSignature, publicKey: base.publicKey,
		mandatory: sd.Relative(mandatory.Indexes, disclosed.Indexes),
	}
	for _, i := range sd.Relative(disclosed.Indexes, optional) {
		d.signatures = append(d.signatures, base.signatures[i])
	}
	if d.labels, err = disclosed.LabelMap(); err != nil {
		return nil, nil, SelectiveFault(err)
	}
	return d, &Derived{Document: disclosed.Value}, nil
}
