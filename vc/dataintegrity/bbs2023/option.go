package bbs2023

import (
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity/sd"
)

// option is a feature option: what a proof proves beside the statements.
type option uint8

const (
	baseline      option = iota
	holderBinding        // W3C's anonymous_holder_binding: whoever shows it knows a secret that the issuer never saw
	pseudonym            // ours: a pseudonym of CFRG's draft on per-verifier linkability
)

// kinds are the proof values that are understood. W3C's text numbers its feature options from 0xd95d02 upwards, two for each, and has come
// to 0xd95d09; 0xd95d40 and 0xd95d41 are far from there, and a reader that knows W3C's alone refuses them, as it must.
var kinds = [...]struct {
	base, derived                     sd.Header
	baseComponents, derivedComponents int
}{
	baseline:      {sd.Header{0xd9, 0x5d, 0x02}, sd.Header{0xd9, 0x5d, 0x03}, 5, 5},
	holderBinding: {sd.Header{0xd9, 0x5d, 0x04}, sd.Header{0xd9, 0x5d, 0x05}, 5, 6},
	pseudonym:     {sd.Header{0xd9, 0x5d, 0x40}, sd.Header{0xd9, 0x5d, 0x41}, 7, 7},
}

// kindOf reads the header of a proof value.
func kindOf(proofValue string) (o option, base bool, err error) {
	h, err := sd.ProofHeader(proofValue)
	if err != nil {
		return 0, false, vc.InvalidBecause("dataintegrity.proof.value", err)
	}
	for i, k := range kinds {
		if h == k.base || h == k.derived {
			return option(i), h == k.base, nil
		}
	}
	if h[0] == 0xd9 && h[1] == 0x5d && h[2] >= 0x06 && h[2] <= 0x09 {
		return 0, false, vc.Invalid("bbs2023.feature", "a proof with a pseudonym of W3C's text, which follows an older draft than the one here")
	}
	return 0, false, vc.Invalid("dataintegrity.proof.value", "a header of another suite")
}

// expect refuses a proof of another feature option than the one that there are parameters for.
func (o option) expect(want option) error {
	switch {
	case o == want:
		return nil
	case o == pseudonym:
		return vc.Invalid("bbs2023.pseudonym.unexpected", "a proof for pseudonyms, and the suite has no parameters for them")
	case want == pseudonym:
		return errNoPseudonym()
	case o == holderBinding:
		return vc.Invalid("bbs2023.binding.unexpected", "a base proof that is bound to a holder's secret, and the suite has none")
	}
	return vc.Invalid("bbs2023.binding.missing", "a proof that is not bound to a holder's secret where one is expected")
}

func errNoPseudonym() *vc.Fault {
	return vc.Invalid("bbs2023.pseudonym.missing", "a proof without a pseudonym where one is expected")
}

// issuing is the feature option that the parameters for issuing ask for.
func (s Suite) issuing() option {
	switch {
	case s.Commitment != nil:
		return pseudonym
	case s.HolderBinding != nil:
		return holderBinding
	}
	return baseline
}

// holding is the one that the parameters for deriving ask for.
func (s Suite) holding() option {
	switch {
	case s.Holder != nil:
		return pseudonym
	case s.HolderBinding != nil:
		return holderBinding
	}
	return baseline
}

// accepts tells whether the parameters for verifying allow the feature option. A proof with holder binding proves more than one
// of the baseline, and is accepted where that is.
func (s Suite) accepts(o option) error {
	switch {
	case s.Verifier != nil:
		return o.expect(pseudonym)
	case s.HolderBinding == nil && o == holderBinding:
		return nil
	case s.HolderBinding != nil:
		return o.expect(holderBinding)
	}
	return o.expect(baseline)
}
