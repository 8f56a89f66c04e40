package bbs2023

import (
	"context"
	"fmt"
	"slices"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys/bbs"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
	"github.com/realdid/realdid/vc/dataintegrity/sd"
)

// Derive makes a derived proof and the document that it is for (section 3.4.6, Add Derived Proof): what reveal points at and what the
// base proof says is mandatory. With neither it refuses. It checks no signature: a base proof that does not fit its document gives a derived
// proof that does not verify. The parameters of its feature option must be there, and no others.
func (s Suite) Derive(ctx context.Context, in *dataintegrity.Input, reveal []string) (*dataintegrity.Derived, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("bbs2023: derive: %w", err)
	}
	b, err := parseBase(in.Proof.Value)
	if err != nil {
		return nil, err
	}
	defer clear(b.hmacKey)
	if err := b.option.expect(s.holding()); err != nil {
		return nil, err
	}
	d, err := b.disclose(in, reveal)
	if err != nil {
		return nil, err
	}
	d.presentationHeader = s.PresentationHeader
	if err := s.prove(b, d); err != nil {
		return nil, err
	}
	value, err := d.encode()
	if err != nil {
		return nil, err
	}
	return &dataintegrity.Derived{Document: d.document, ProofValue: value}, nil
}

// disclosure is a derived proof in the making.
type disclosure struct {
	derived
	document strictjson.Value
	all      [][]byte // the messages: statements that are not mandatory
}

// disclose is createDisclosureData but for the proof.
func (b *base) disclose(in *dataintegrity.Input, reveal []string) (*disclosure, error) {
	if err := in.RefuseChain(); err != nil {
		return nil, err
	}
	combined := slices.Concat(b.mandatoryPointers, reveal)
	if len(combined) == 0 {
		return nil, vc.Invalid("dataintegrity.sd.nothing", "nothing is mandatory and nothing was chosen")
	}
	doc, err := sd.Canonicalize(in.Contexts, in.Document, b.newLabels())
	if err != nil {
		return nil, dataintegrity.SelectiveFault(err)
	}
	mandatory, err := doc.Select(b.mandatoryPointers)
	if err != nil {
		return nil, dataintegrity.SelectiveFault(err)
	}
	disclosed, err := doc.Select(combined)
	if err != nil {
		return nil, dataintegrity.SelectiveFault(err)
	}
	optional := sd.Without(mandatory.Indexes, len(doc.Lines))
	d := &disclosure{document: disclosed.Value, all: pick(doc, optional)}
	if d.option = b.option; d.option != baseline {
		d.messages = len(d.all)
	}
	d.mandatory = sd.Relative(mandatory.Indexes, disclosed.Indexes)
	d.selective = sd.Relative(disclosed.Indexes, optional)
	if d.labels, err = disclosed.LabelMap(); err != nil {
		return nil, dataintegrity.SelectiveFault(err)
	}
	return d, nil
}

// prove adds the proof, and the pseudonym.
func (s Suite) prove(b *base, d *disclosure) error {
	pk, err := bbs.ParsePublicKey(b.publicKey)
	if err != nil {
		return vc.InvalidBecause("bbs2023.base", err)
	}
	switch b.option {
	case holderBinding:
		return s.HolderBinding.prove(pk, b, d)
	case pseudonym:
		return s.Holder.prove(pk, b, d)
	}
	d.proof, err = ciphersuite.ProofGen(pk, b.signature, b.header, d.presentationHeader, d.all, d.selective)
	if err != nil {
		return vc.InvalidBecause("bbs2023.base", err)
	}
	return nil
}
